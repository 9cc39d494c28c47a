//! Plays a script on its connections, whoever opened them: `run` as the client, `listen --script` as the server.
//!
//! A step at a time; each that waits has a limit. What came is judged by `script::judge`; a [`StepFailure`] tells the rest.

pub(crate) mod comparison;
mod connection;
mod exec;
mod expecting;
mod failure;
pub(crate) mod files;
mod inbox;
pub(crate) mod inputs;
mod judging;
mod loop_end;
mod looping;
mod pending;
pub(crate) mod planner;
mod recent;
pub(crate) mod recorded_part;
mod recording;
pub(crate) mod rule_steps;
mod rules;
mod scope;
pub(crate) mod sifter;
mod standing;
mod stream;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, join_all, try_join_all};
use tokio::task::yield_now;

use self::connection::Parting;
pub(crate) use self::connection::ScriptConnection;
pub(crate) use self::failure::{StepFailure, StepFault};
pub(crate) use self::inbox::Inbox;
use self::judging::taken;
use self::loop_end::LoopEnd;
use self::planner::{ConnectOption, ConnectionPlanner};
pub(crate) use self::recording::SharedRecording;
use self::rules::RuleFailure;
pub(crate) use self::scope::ScriptScope;
use self::standing::{ConnectionStatus, Refused};
use crate::client::connector::Connector;
use crate::client::report;
use crate::error::Error;
use crate::events::{Event, Input};
use crate::masking;
use crate::message::Close;
use crate::script::judge::sources::Sources as _;
use crate::script::judge::{Extractor, OpeningAnswer};
use crate::script::syntax::{Action, Extract, Position, Script, ScriptText, Setting, Step, Template};
use crate::script::variables::Variables;
use crate::term::Talk;

/// The server's answer to our Close, unless something else is said.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// An expectation that names no limit, in a file whose head names none.
const WITHIN: Duration = Duration::from_secs(5);

/// A script that was read.
#[derive(Clone, Debug)]
pub(crate) struct LoadedScript {
    /// As the user wrote it, or found it in a folder that the user wrote.
    pub(crate) name: String,
    /// Where the files are that it names.
    pub(crate) dir: PathBuf,
    pub(crate) source: Arc<str>,
    pub(crate) script: Arc<Script>,
    /// The limit of expectations that name none.
    pub(crate) within: Duration,
}

impl LoadedScript {
    pub(crate) fn new(read: &files::ScriptSource, script: Script) -> Self {
        let within = script.settings.iter().rev().find(|setting| setting.option == "within");
        let within = within.and_then(|setting| crate::text::units::time(setting.value.as_ref()?.literal()?).ok());
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
pub(crate) struct PlayContext<'f> {
    file: &'f LoadedScript,
    scope: Rc<ScriptScope>,
    /// How connections are made.
    dial: ConnectionPlanner,
    /// For what the script says, and the details of `-v`.
    talk: Rc<Talk>,
    /// For what is said while a connection is made.
    pub(crate) aside: Rc<Talk>,
    pub(crate) close_timeout: Duration,
    /// How connections are closed that are open at the end, and when a step failed.
    pub(crate) closes: (Close, Close),
    pub(crate) record: Option<Rc<SharedRecording>>,
}

/// A script that is being played.
pub(crate) struct Player<'s> {
    context: &'s PlayContext<'s>,
    // Borrowed between awaits only.
    standing: RefCell<BTreeMap<Option<String>, Rc<ConnectionStatus>>>,
    /// The step that was begun last.
    at: Cell<Position>,
    rule_failure: Rc<RuleFailure>,
}

pub(crate) type Played = Result<(), Box<StepFailure>>;

impl<'f> PlayContext<'f> {
    pub(crate) fn new(file: &'f LoadedScript, variables: &Variables, dial: ConnectionPlanner, talk: Rc<Talk>) -> Self {
        let scope = Rc::new(ScriptScope::new(variables.clone(), file.dir.clone()));
        let closes = (Close::new(1000, ""), Close::new(1000, ""));
        let aside = Rc::clone(&talk);
        Self { file, scope, dial, talk, aside, close_timeout: CLOSE_TIMEOUT, closes, record: None }
    }

    /// Gives a variable a value.
    pub(crate) fn set(&self, name: &str, value: String) {
        // Whoever does so gives short ones.
        let _ = self.scope.set(name, value);
    }
}

impl<'s> Player<'s> {
    pub(crate) fn new(context: &'s PlayContext<'s>) -> Self {
        Self { context, standing: RefCell::default(), at: Cell::default(), rule_failure: Rc::default() }
    }

    /// With a connection that is there already, and has no name.
    pub(crate) fn on(context: &'s PlayContext<'s>, connection: ScriptConnection) -> Self {
        let player = Self::new(context);
        player.stand(None, ConnectionStatus::Open(connection));
        player
    }

    /// Plays it to its end, and closes what is still open; `stopped` ends it before.
    ///
    /// # Errors
    /// The step that failed.
    pub(crate) async fn play(&self, stopped: impl Future<Output = StepFault>) -> Played {
        let was_stopped = Cell::new(false);
        let stopped = async {
            let fault = stopped.await;
            was_stopped.set(true);
            fault
        };
        let played = self.once(stopped).await;
        self.finish(played, was_stopped.get()).await
    }

    /// Plays it to its end, and leaves open what is open; `stopped` ends it before.
    ///
    /// # Errors
    /// The step that failed.
    async fn once(&self, stopped: impl Future<Output = StepFault>) -> Played {
        self.unless(stopped, self.steps(&self.context.file.script.steps, None)).await
    }

    /// The same for a script that was played on its connections before, and may have changed how they fragment.
    ///
    /// # Errors
    /// The step that failed.
    pub(crate) async fn again(&self, fragment: Option<usize>, stopped: impl Future<Output = StepFault>) -> Played {
        let playing = async {
            let standing: Vec<_> = self.standing.borrow().values().map(Rc::clone).collect();
            for connection in standing.iter().flat_map(|standing| standing.connection()) {
                connection.fragment_again(fragment).await;
            }
            self.steps(&self.context.file.script.steps, None).await
        };
        self.unless(stopped, playing).await
    }

    async fn unless(&self, stopped: impl Future<Output = StepFault>, playing: impl Future<Output = Played>) -> Played {
        tokio::select! {
            // A rule that has failed is told, also where the steps end just then.
            biased;
            (name, fault) = self.rule_failure.wait() => {
                let place = fault.place.unwrap_or_default();
                Err(self.failure_of(place, &name, self.written(place).to_owned(), fault))
            }
            played = playing => played,
            fault = stopped => Err(self.failure(self.at.get(), None, fault)),
        }
    }

    /// Waits until the connection without a name has ended: how, and the exit status of that.
    pub(crate) async fn lost(&self) -> (String, u8) {
        let standing = self.standing.borrow().get(&None).map(Rc::clone);
        let Some(ConnectionStatus::Open(connection)) = standing.as_deref() else { return pending().await };
        let code = connection.line().over().await;
        (connection.how_it_ended(), code)
    }

    /// Whether the connection without a name has been closed, or is about to be over.
    pub(crate) fn is_lost(&self) -> bool {
        let standing = self.standing.borrow();
        matches!(standing.get(&None).map(|it| &**it), Some(ConnectionStatus::Open(it)) if it.line().is_over())
    }

    /// The connections and the variables are as they were before it was played: nothing waits, and there are no rules.
    pub(crate) fn start_over(&self, variables: &Variables) {
        self.context.scope.start_over(variables);
        for standing in self.standing.borrow().values() {
            standing.connection().into_iter().for_each(ScriptConnection::start_over);
        }
    }

    /// Closes what is still open, after the script was played or has failed.
    ///
    /// # Errors
    /// The step that failed, or how a connection ended.
    pub(crate) async fn finish(&self, played: Played, was_stopped: bool) -> Played {
        let (at_end, at_failure) = &self.context.closes;
        let ended = match &played {
            Ok(()) => self.end(at_end, Parting::InOrder).await,
            Err(_) if was_stopped => self.end(at_failure, Parting::AtOnce).await,
            Err(_) => self.end(at_failure, Parting::Hasty).await,
        };
        played.and(ended)
    }

    /// `end` is that of the innermost `loop` that they are in.
    fn steps<'a>(&'a self, steps: &'a [Step], end: Option<&'a LoopEnd>) -> LocalBoxFuture<'a, Played> {
        async move {
            for step in steps {
                // Steps may wait for nothing and yet take long: a signal has its turn before each.
                yield_now().await;
                self.at.set(step.place);
                if self.context.talk.is_verbose() {
                    let written = self.written(step.place);
                    self.context
                        .talk
                        .detail('*', &format!("{}:{}: {written}", self.context.file.name, step.place.line));
                }
                match &step.action {
                    Action::Repeat { times, steps } => {
                        for _ in 0..*times {
                            self.steps(steps, end.filter(|end| !end.listens)).await?;
                            // There may be no steps in it.
                            yield_now().await;
                        }
                    }
                    Action::Loop(steps) => self.endless(steps).await?,
                    Action::Parallel(branches) => {
                        try_join_all(branches.iter().map(|branch| self.steps(branch, end.filter(|end| !end.listens))))
                            .await?;
                    }
                    Action::Pause(time) => {
                        let is_last = steps.last().is_some_and(|last| std::ptr::eq(last, step));
                        // In the middle of a loop that takes messages, there is something still to do for the last.
                        let paused = self.pause(*time, end.filter(|end| is_last || !end.listens)).await;
                        paused.map_err(|fault| self.failure(step.place, Some(step), fault))?;
                    }
                    _ => self.step(step).await.map_err(|fault| self.failure(step.place, Some(step), fault))?,
                }
            }
            Ok(())
        }
        .boxed_local()
    }

    async fn step(&self, step: &Step) -> Result<(), StepFault> {
        let (name, scope) = (&step.connection, &self.context.scope);
        let or_usual = |within: &Option<Duration>| within.unwrap_or(self.context.file.within);
        match &step.action {
            Action::Connect { url, settings } => self.connect(step, url, settings).await,
            Action::Status(status) => self.status(name, *status),
            Action::Split(at) => self.split(name, at.as_ref()),
            Action::Decode(how) => self.open(name)?.connection().map(|connection| connection.decode(how.as_ref())),
            Action::Expect(expect) => self.expect(name, expect).await,
            Action::Nothing { within } => self.nothing(name, *within).await,
            Action::Skip { until, within, capture } => self.skip(name, until, or_usual(within), capture.as_ref()).await,
            Action::AnyOrder { within, steps } => self.any_order(name, steps, or_usual(within)).await,
            Action::Reply { to, capture, with } => self.reply(name, step.place, to, capture.as_ref(), with).await,
            Action::Ignore(what) => self.ignore(name, step.place, what).await,
            Action::Off(kind) => self.end_rules(name, *kind),
            Action::Capture { name: variable, from } => Ok(scope.set(variable, self.capture(name, from).await?)?),
            Action::Set { name: variable, value } => Ok(scope.set(variable, self.text(&value.template)?)?),
            Action::Exec { within, command, capture } => self.exec(command, *within, capture.as_ref()).await,
            Action::Log(text) => {
                self.context.talk.say(&format!("{}: {}", self.context.file.name, self.text(&text.template)?));
                Ok(())
            }
            Action::Send(_)
            | Action::Frame(_)
            | Action::Fragment(_)
            | Action::Ping(_)
            | Action::Pong(_)
            | Action::Close { .. }
            | Action::Drop
            | Action::HalfClose => match scope.input(&step.action)? {
                Some(input) => self.send(name, input).await,
                None => Ok(()),
            },
            Action::Repeat { .. } | Action::Loop(_) | Action::Parallel(_) | Action::Pause(_) => Ok(()),
        }
    }

    async fn exec(
        &self,
        command: &Template,
        within: Option<Duration>,
        capture: Option<&String>,
    ) -> Result<(), StepFault> {
        let printed = exec::step(command, &[], within, &self.context.scope).await?;
        if let Some(variable) = capture {
            self.context.scope.set(variable, printed)?;
        }
        Ok(())
    }

    async fn connect(&self, step: &Step, url: &Template, settings: &[Setting]) -> Result<(), StepFault> {
        let name = &step.connection;
        self.end_one(name, &Close::new(1000, ""), Parting::InOrder).await?;
        let (head, own) = (self.settings(&self.context.file.script.settings)?, self.settings(settings)?);
        let (dial, url, dir) = (self.context.dial.clone(), self.text(url)?, self.dir().to_owned());
        // Aside, since it reads the files that options name.
        let planned = tokio::task::spawn_blocking(move || dial.plan(&url, &head, &own, &dir)).await;
        let mut plan = planned.map_err(|lost| lost.to_string())?.map_err(|error| StepFault::from(&error))?;
        plan.session.ending.close_timeout = self.context.close_timeout;
        let (_held, mut signals) = tokio::sync::mpsc::channel(1);
        let link = Connector::new(&plan, None);
        let connected = link.first(&plan.connect, &self.context.aside, &mut signals).await;
        if let (Some(record), Err(error)) = (&self.context.record, &connected) {
            record.put(&Event::now(error.event().into()));
        }
        match connected {
            Ok((socket, opened)) => {
                report::opened(&self.context.aside, &opened);
                let frames = plan.connect.connection.traced.then(|| Rc::clone(&self.context.talk));
                let line = Inbox::seen_by(self.context.record.clone(), frames);
                let connection = ScriptConnection::begin(socket, opened, plan.session.clone(), line);
                self.stand(name.clone(), ConnectionStatus::Open(connection));
                Ok(())
            }
            Err(Error::Refused(refusal)) => {
                let answer = OpeningAnswer {
                    status: refusal.response.status,
                    headers: refusal.response.fields.clone(),
                    subprotocol: None,
                    body: refusal.body.clone(),
                };
                let error = Error::Refused(refusal);
                let refused = Refused { error, answer, place: step.place, is_looked_at: Cell::new(false) };
                self.stand(name.clone(), ConnectionStatus::Refused(refused));
                Ok(())
            }
            Err(error) => Err((&error).into()),
        }
    }

    /// Settings with their variables replaced; the `within` of the head is none for a connection.
    fn settings(&self, settings: &[Setting]) -> Result<Vec<ConnectOption>, StepFault> {
        let options = settings.iter().filter(|setting| setting.option != "within");
        options
            .map(|Setting { option, value, .. }| {
                let value = value.as_ref().map(|value| self.text(value)).transpose()?;
                Ok(ConnectOption { option: option.clone(), value })
            })
            .collect()
    }

    fn status(&self, name: &Option<String>, expected: u16) -> Result<(), StepFault> {
        self.with_answer(name, |answer| {
            if answer.status == expected {
                return Ok(());
            }
            Err(StepFault::new(format!("the server answered {}", answer.status), 1))
        })
    }

    fn split(&self, name: &Option<String>, at: Option<&ScriptText>) -> Result<(), StepFault> {
        let separator = at.map(|at| self.text(&at.template)).transpose()?;
        if separator.as_ref().is_some_and(String::is_empty) {
            return Err("the separator of the records is empty".to_owned().into());
        }
        self.open(name)?.connection()?.line().split(&separator.unwrap_or_default());
        Ok(())
    }

    async fn send(&self, name: &Option<String>, input: Input) -> Result<(), StepFault> {
        let standing = self.open(name)?;
        let connection = standing.connection()?;
        Ok(connection.send(input, self.context.file.within).await?)
    }

    async fn capture(&self, name: &Option<String>, from: &Extract) -> Result<String, StepFault> {
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
                Ok(taken(Extractor::new(from, &*self.context.scope)?, last).await?)
            }
        }
    }

    fn text(&self, template: &Template) -> Result<String, String> {
        self.context.scope.text(template)
    }

    fn dir(&self) -> &Path {
        &self.context.scope.dir
    }

    fn stand(&self, name: Option<String>, standing: ConnectionStatus) {
        self.standing.borrow_mut().insert(name, Rc::new(standing));
    }

    fn open(&self, name: &Option<String>) -> Result<Rc<ConnectionStatus>, StepFault> {
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
        read: impl FnOnce(&OpeningAnswer) -> Result<T, StepFault>,
    ) -> Result<T, StepFault> {
        match &*self.open(name)? {
            ConnectionStatus::Open(connection) => read(&connection.answer),
            ConnectionStatus::Refused(refused) => {
                refused.is_looked_at.set(true);
                read(&refused.answer)
            }
        }
    }

    /// Closes all that is open.
    async fn end(&self, close: &Close, parting: Parting) -> Played {
        let names: Vec<_> = self.standing.borrow().keys().cloned().collect();
        let ending = names.iter().map(|name| async move {
            let ended = self.end_one(name, close, parting).await;
            ended.map_err(|fault| {
                let place = self.context.file.script.steps.last().map(|step| step.place).unwrap_or_default();
                self.failure_of(place, name, "(the end of the script)".to_owned(), fault)
            })
        });
        join_all(ending).await.into_iter().collect()
    }

    async fn end_one(&self, name: &Option<String>, close: &Close, parting: Parting) -> Result<(), StepFault> {
        let standing = self.standing.borrow().get(name).map(Rc::clone);
        match standing.as_deref() {
            Some(ConnectionStatus::Open(connection)) => {
                let ended = connection.end(close.clone(), parting).await;
                ended.map_err(|(words, code)| StepFault::new(format!("{words}; no step has examined it"), code))
            }
            Some(ConnectionStatus::Refused(refused)) => refused.judge(),
            None => Ok(()),
        }
    }

    /// The line of the file there, as it may be shown.
    fn written(&self, place: Position) -> String {
        masking::words(self.context.file.source.lines().nth(place.line.saturating_sub(1)).unwrap_or_default().trim())
    }

    fn failure(&self, place: Position, step: Option<&Step>, fault: StepFault) -> Box<StepFailure> {
        let place = fault.place.unwrap_or(place);
        let name = step.map(|step| step.connection.clone()).unwrap_or_default();
        let mut failure = self.failure_of(place, &name, self.written(place), fault);
        if step.is_some_and(|step| matches!(step.action, Action::Connect { .. })) {
            // Those are of the connection before it.
            failure.recent = None;
        }
        failure
    }

    fn failure_of(&self, place: Position, name: &Option<String>, step: String, fault: StepFault) -> Box<StepFailure> {
        let standing = self.standing.borrow().get(name).map(Rc::clone);
        let recent = match standing.as_deref() {
            Some(ConnectionStatus::Open(connection)) => Some((name.clone(), connection.line().recent())),
            _ => None,
        };
        Box::new(StepFailure { place: fault.place.unwrap_or(place), step, fault, recent })
    }
}
