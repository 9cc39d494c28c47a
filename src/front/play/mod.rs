//! Plays a script on its connections, whoever opened them: `run` as the client, `listen --script` as the server.
//!
//! A step at a time; each that waits has a limit. What came is judged by `script::judge`; a [`Failure`] tells the rest.

mod connection;
mod exec;
mod expecting;
mod failure;
mod judging;
mod line;
mod pending;
mod recent;
mod recording;
mod rules;
mod standing;
mod stream;
#[cfg(test)]
mod tests;
mod words;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, join_all, try_join_all};
use tokio::task::yield_now;
use tokio::time::sleep;

pub(super) use self::connection::Connection;
use self::connection::{Inputs, Parting};
pub(super) use self::failure::{Failure, Fault};
use self::judging::taken;
pub(super) use self::line::Line;
pub(super) use self::recording::Recording;
use self::rules::RuleFailure;
use self::standing::{Refused, Standing};
pub(super) use self::words::Words;
use super::link::Link;
use super::{report, scripts};
use crate::cli::values;
use crate::error::Error;
use crate::event::{Close, Event, Input};
use crate::masking;
use crate::plan::{Dial, Given};
use crate::script::judge::{Answer, Extractor, Sources as _};
use crate::script::syntax::{Action, Extract, Place, Script, Setting, Step, Template, Text};
use crate::script::variables::Variables;
use crate::term::Talk;
use crate::wire::handmade::Handmade;

/// The server's answer to our Close, unless something else is said.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// An expectation that names no limit, in a file whose head names none.
const WITHIN: Duration = Duration::from_secs(5);

/// A command that names no limit.
const COMMAND: Duration = Duration::from_secs(30);

/// RFC 6455, section 5.5
const LONGEST_CONTROL: usize = 125;

/// A script that was read.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// As the user wrote it, or found it in a folder that the user wrote.
    pub(crate) name: String,
    /// Where the files are that it names.
    pub(crate) dir: PathBuf,
    pub(crate) source: Arc<str>,
    pub(crate) script: Arc<Script>,
    /// The limit of expectations that name none.
    pub(crate) within: Duration,
}

impl File {
    pub(super) fn new(read: &scripts::File, script: Script) -> Self {
        let within = script.settings.iter().rev().find(|setting| setting.option == "within");
        let within = within.and_then(|setting| values::time(setting.value.as_ref()?.literal()?).ok());
        Self {
            name: read.name.clone(),
            dir: read.dir().to_owned(),
            source: read.source.as_str().into(),
            script: Arc::new(script),
            within: within.unwrap_or(WITHIN),
        }
    }
}

/// What a script is played with.
pub(super) struct Stage<'f> {
    file: &'f File,
    words: Rc<Words>,
    /// How connections are made.
    dial: Dial,
    /// For what the script says, and the details of `-v`.
    talk: Rc<Talk>,
    /// For what is said while a connection is made.
    pub(super) aside: Rc<Talk>,
    pub(super) close_timeout: Duration,
    /// How connections are closed that are open at the end, and when a step failed.
    pub(super) closes: (Close, Close),
    pub(super) record: Option<Rc<Recording>>,
}

/// A script that is being played.
pub(super) struct Player<'s> {
    stage: &'s Stage<'s>,
    // Borrowed between awaits only.
    standing: RefCell<BTreeMap<Option<String>, Rc<Standing>>>,
    /// The step that was begun last.
    at: Cell<Place>,
    rule_failure: Rc<RuleFailure>,
}

type Played = Result<(), Box<Failure>>;

impl<'f> Stage<'f> {
    pub(super) fn new(file: &'f File, variables: &Variables, dial: Dial, talk: Rc<Talk>) -> Self {
        let words = Rc::new(Words::new(variables.clone(), file.dir.clone()));
        let closes = (Close::new(1000, ""), Close::new(1000, ""));
        let aside = Rc::clone(&talk);
        Self { file, words, dial, talk, aside, close_timeout: CLOSE_TIMEOUT, closes, record: None }
    }
}

impl<'s> Player<'s> {
    pub(super) fn new(stage: &'s Stage<'s>) -> Self {
        Self { stage, standing: RefCell::default(), at: Cell::default(), rule_failure: Rc::default() }
    }

    /// With a connection that is there already, and has no name.
    pub(super) fn on(stage: &'s Stage<'s>, connection: Connection) -> Self {
        let player = Self::new(stage);
        player.stand(None, Standing::Open(connection));
        player
    }

    /// Plays it to its end, and closes what is still open; `stopped` ends it before.
    ///
    /// # Errors
    /// The step that failed.
    pub(super) async fn play(&self, stopped: impl Future<Output = Fault>) -> Played {
        let mut was_stopped = false;
        let played = tokio::select! {
            played = self.steps(&self.stage.file.script.steps) => played,
            fault = stopped => {
                was_stopped = true;
                Err(self.failure(self.at.get(), None, fault))
            }
            (name, fault) = self.rule_failure.wait() => {
                let place = fault.place.unwrap_or_default();
                Err(self.failure_of(place, &name, self.written(place).to_owned(), fault))
            }
        };
        let (at_end, at_failure) = &self.stage.closes;
        let ended = match &played {
            Ok(()) => self.end(at_end, Parting::InOrder).await,
            Err(_) if was_stopped => self.end(at_failure, Parting::AtOnce).await,
            Err(_) => self.end(at_failure, Parting::Hasty).await,
        };
        played.and(ended)
    }

    fn steps<'a>(&'a self, steps: &'a [Step]) -> LocalBoxFuture<'a, Played> {
        async move {
            for step in steps {
                // Steps may wait for nothing and yet take long: a signal has its turn before each.
                yield_now().await;
                self.at.set(step.place);
                self.stage.talk.detail(
                    '*',
                    &format!("{}:{}: {}", self.stage.file.name, step.place.line, self.written(step.place)),
                );
                match &step.action {
                    Action::Repeat { times, steps } => {
                        for _ in 0..*times {
                            self.steps(steps).await?;
                            // There may be no steps in it.
                            yield_now().await;
                        }
                    }
                    Action::Parallel(branches) => {
                        try_join_all(branches.iter().map(|branch| self.steps(branch))).await?;
                    }
                    _ => self.step(step).await.map_err(|fault| self.failure(step.place, Some(step), fault))?,
                }
            }
            Ok(())
        }
        .boxed_local()
    }

    async fn step(&self, step: &Step) -> Result<(), Fault> {
        let name = &step.connection;
        match &step.action {
            Action::Connect { url, settings } => self.connect(step, url, settings).await,
            Action::Status(status) => self.status(name, *status),
            Action::Send(payload) => self.send(name, Input::Message(self.stage.words.message(payload)?)).await,
            Action::Frame(template) => {
                let frame = Handmade::from_text(&self.text(template)?)?;
                self.send(name, Input::Frame(frame)).await
            }
            Action::Split(at) => self.split(name, at.as_ref()),
            Action::Fragment(size) => self.send(name, Input::Fragment(*size)).await,
            Action::Ping(text) => self.send(name, Input::Ping(self.control(text)?)).await,
            Action::Pong(text) => self.send(name, Input::Pong(self.control(text)?)).await,
            Action::Expect(expect) => self.expect(name, expect).await,
            Action::Nothing { within } => self.nothing(name, *within).await,
            Action::Skip { until, within, capture } => {
                self.skip(name, until, within.unwrap_or(self.stage.file.within), capture.as_ref()).await
            }
            Action::AnyOrder { within, steps } => {
                self.any_order(name, steps, within.unwrap_or(self.stage.file.within)).await
            }
            Action::Reply { to, capture, with } => self.reply(name, step.place, to, capture.as_ref(), with).await,
            Action::Ignore(what) => self.ignore(name, step.place, what).await,
            Action::Off(kind) => self.end_rules(name, *kind),
            Action::Capture { name: variable, from } => {
                let value = self.capture(name, from).await?;
                self.stage.words.set(variable, value)?;
                Ok(())
            }
            Action::Set { name: variable, value } => {
                let value = self.text(&value.template)?;
                self.stage.words.set(variable, value)?;
                Ok(())
            }
            Action::Exec { within, command, capture } => {
                // The check lets no variable in: a shell would run what it holds.
                let command = command.literal().ok_or_else(|| "a command takes no `{{…}}`".to_owned())?;
                let environment = self.stage.words.environment(command)?;
                let printed = exec::run(command, environment, self.dir(), within.unwrap_or(COMMAND)).await?;
                if let Some(variable) = capture {
                    self.stage.words.set(variable, printed)?;
                }
                Ok(())
            }
            Action::Pause(time) => {
                sleep(*time).await;
                Ok(())
            }
            Action::Log(text) => {
                self.stage.talk.say(&format!("{}: {}", self.stage.file.name, self.text(&text.template)?));
                Ok(())
            }
            Action::Close { code, reason } => {
                // As `/close` at the prompt.
                let close = Close { code: code.or(Some(1000)), reason: self.text(&reason.template)? };
                self.send(name, Input::Close(Some(close))).await
            }
            Action::Drop => self.send(name, Input::Drop).await,
            Action::HalfClose => self.send(name, Input::HalfClose).await,
            Action::Repeat { .. } | Action::Parallel(_) => Ok(()),
        }
    }

    async fn connect(&self, step: &Step, url: &Template, settings: &[Setting]) -> Result<(), Fault> {
        let name = &step.connection;
        self.end_one(name, &Close::new(1000, ""), Parting::InOrder).await?;
        let (head, own) = (self.settings(&self.stage.file.script.settings)?, self.settings(settings)?);
        let (dial, url, dir) = (self.stage.dial.clone(), self.text(url)?, self.dir().to_owned());
        // Aside, since it reads the files that options name.
        let planned = tokio::task::spawn_blocking(move || dial.plan(&url, &head, &own, &dir)).await;
        let mut plan = planned.map_err(|lost| lost.to_string())?.map_err(|error| Fault::from(&error))?;
        plan.session.ending.close_timeout = self.stage.close_timeout;
        let (_held, mut signals) = tokio::sync::mpsc::channel(1);
        let link = Link::new(&plan, None);
        let connected = link.first(&plan.connect, &self.stage.aside, &mut signals).await;
        if let (Some(record), Err(error)) = (&self.stage.record, &connected) {
            record.put(&Event::now(error.event().into()));
        }
        match connected {
            Ok((socket, opened)) => {
                report::opened(&self.stage.aside, &opened);
                let frames = plan.connect.manner.traced.then(|| Rc::clone(&self.stage.talk));
                let line = Line::seen_by(self.stage.record.clone(), frames);
                let connection = Connection::begin(socket, opened, plan.session.clone(), line);
                self.stand(name.clone(), Standing::Open(connection));
                Ok(())
            }
            Err(Error::Refused(refusal)) => {
                let answer = Answer {
                    status: refusal.response.status,
                    headers: refusal.response.fields.clone(),
                    subprotocol: None,
                    body: refusal.body.clone(),
                };
                let error = Error::Refused(refusal);
                let refused = Refused { error, answer, place: step.place, is_looked_at: Cell::new(false) };
                self.stand(name.clone(), Standing::Refused(refused));
                Ok(())
            }
            Err(error) => Err((&error).into()),
        }
    }

    /// Settings with their variables put in; the `within` of the head is none for a connection.
    fn settings(&self, settings: &[Setting]) -> Result<Vec<Given>, Fault> {
        let options = settings.iter().filter(|setting| setting.option != "within");
        options
            .map(|Setting { option, value, .. }| {
                let value = value.as_ref().map(|value| self.text(value)).transpose()?;
                Ok(Given { option: option.clone(), value })
            })
            .collect()
    }

    fn status(&self, name: &Option<String>, expected: u16) -> Result<(), Fault> {
        self.with_answer(name, |answer| {
            if answer.status == expected {
                return Ok(());
            }
            Err(Fault::new(format!("the server answered {}", answer.status), 1))
        })
    }

    /// What a ping or pong is to carry.
    fn control(&self, text: &Text) -> Result<Bytes, Fault> {
        let text = self.text(&text.template)?;
        if text.len() > LONGEST_CONTROL {
            let words =
                format!("a ping or pong holds at most {LONGEST_CONTROL} bytes, and this one has {}", text.len());
            return Err(words.into());
        }
        Ok(text.into())
    }

    fn split(&self, name: &Option<String>, at: Option<&Text>) -> Result<(), Fault> {
        let separator = at.map(|at| self.text(&at.template)).transpose()?;
        if separator.as_ref().is_some_and(String::is_empty) {
            return Err("what stands between the records is empty".to_owned().into());
        }
        self.open(name)?.connection()?.line().split(&separator.unwrap_or_default());
        Ok(())
    }

    async fn send(&self, name: &Option<String>, input: Input) -> Result<(), Fault> {
        let standing = self.open(name)?;
        let connection = standing.connection()?;
        Ok(connection.send(input, self.stage.file.within).await?)
    }

    async fn capture(&self, name: &Option<String>, from: &Extract) -> Result<String, Fault> {
        match from {
            Extract::Status => self.with_answer(name, |answer| Ok(answer.status.to_string())),
            Extract::Header(header) => self.with_answer(name, |answer| {
                let value = answer.values(header).next().map(str::to_owned);
                value.ok_or_else(|| format!("the answer has no header `{header}`").into())
            }),
            Extract::CloseCode | Extract::CloseReason => {
                let standing = self.open(name)?;
                let connection = standing.connection()?;
                let closed = connection.line().closed().ok_or_else(|| "the connection is not closed".to_owned())?;
                connection.saw();
                Ok(match from {
                    Extract::CloseReason => closed.close.reason,
                    _ => closed.close.code.map_or_else(String::new, |code| code.to_string()),
                })
            }
            Extract::Text | Extract::Regexp(_) | Extract::Json(_) | Extract::Binary => {
                let standing = self.open(name)?;
                let last = standing.connection()?.last.borrow().clone();
                let last = last.ok_or_else(|| "no step has expected a message on this connection yet".to_owned())?;
                Ok(taken(Extractor::new(from, &*self.stage.words)?, last).await?)
            }
        }
    }

    fn text(&self, template: &Template) -> Result<String, String> {
        self.stage.words.text(template)
    }

    fn dir(&self) -> &Path {
        &self.stage.words.dir
    }

    fn stand(&self, name: Option<String>, standing: Standing) {
        self.standing.borrow_mut().insert(name, Rc::new(standing));
    }

    fn open(&self, name: &Option<String>) -> Result<Rc<Standing>, Fault> {
        let standing = self.standing.borrow().get(name).map(Rc::clone);
        standing.ok_or_else(|| match name {
            Some(name) => format!("there is no connection `{name}` yet").into(),
            None => "there is no connection yet".to_owned().into(),
        })
    }

    /// Looks at the answer to the opening request, also if it was a refusal.
    fn with_answer<T>(
        &self,
        name: &Option<String>,
        look: impl FnOnce(&Answer) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        match &*self.open(name)? {
            Standing::Open(connection) => look(&connection.answer),
            Standing::Refused(refused) => {
                refused.is_looked_at.set(true);
                look(&refused.answer)
            }
        }
    }

    /// Closes all that is open.
    async fn end(&self, close: &Close, parting: Parting) -> Played {
        let names: Vec<_> = self.standing.borrow().keys().cloned().collect();
        let ending = names.iter().map(|name| async move {
            let ended = self.end_one(name, close, parting).await;
            ended.map_err(|fault| {
                let place = self.stage.file.script.steps.last().map(|step| step.place).unwrap_or_default();
                self.failure_of(place, name, "(the end of the script)".to_owned(), fault)
            })
        });
        join_all(ending).await.into_iter().collect()
    }

    async fn end_one(&self, name: &Option<String>, close: &Close, parting: Parting) -> Result<(), Fault> {
        let standing = self.standing.borrow().get(name).map(Rc::clone);
        match standing.as_deref() {
            Some(Standing::Open(connection)) => {
                let ended = connection.end(close.clone(), parting).await;
                ended.map_err(|(words, code)| Fault::new(format!("{words}; no step has looked at that"), code))
            }
            Some(Standing::Refused(refused)) => refused.judge(),
            None => Ok(()),
        }
    }

    /// The line of the file there, as it may be shown.
    fn written(&self, place: Place) -> String {
        masking::words(self.stage.file.source.lines().nth(place.line.saturating_sub(1)).unwrap_or_default().trim())
    }

    fn failure(&self, place: Place, step: Option<&Step>, fault: Fault) -> Box<Failure> {
        let place = fault.place.unwrap_or(place);
        let name = step.map(|step| step.connection.clone()).unwrap_or_default();
        let mut failure = self.failure_of(place, &name, self.written(place), fault);
        if step.is_some_and(|step| matches!(step.action, Action::Connect { .. })) {
            // Those are of the connection before it.
            failure.recent = None;
        }
        failure
    }

    fn failure_of(&self, place: Place, name: &Option<String>, step: String, fault: Fault) -> Box<Failure> {
        let standing = self.standing.borrow().get(name).map(Rc::clone);
        let recent = match standing.as_deref() {
            Some(Standing::Open(connection)) => Some((name.clone(), connection.line().recent())),
            _ => None,
        };
        Box::new(Failure { place: fault.place.unwrap_or(place), step, fault, recent })
    }
}
