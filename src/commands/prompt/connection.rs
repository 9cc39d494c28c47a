//! The thread of the connection, and of those that follow it: after `/reconnect` and `/connect`, or by themselves.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::arguments::Repetition;
use super::output::PromptOutput;
use super::repeat_progress::RepeatProgress;
use super::requests::{ClientRequest, RepeatRequest};
use super::state::ConnectionState;
use super::status::{SIGNALLED, UNSENT};
use super::thread::PromptThread;
use crate::client::connector::{Connected, Connector};
use crate::client::options::ClientOptions;
use crate::client::output::open_record_if;
use crate::client::report;
use crate::error::Error;
use crate::events::{Batch, End, EventKind, Input};
use crate::handshake::auth::KnownChallenge;
use crate::request::Credentials;
use crate::runtime::deadline;
use crate::session::{self, Attempt, DynOutlet, Outcome, Progress};
use crate::sys::terminal;
use crate::target::Parsed;
use crate::term::Talk;

pub(crate) struct PromptConnection {
    pub(crate) plan: ClientOptions,
    pub(crate) exit_on_close: bool,
    pub(crate) context: PromptThread,
    /// The other end of `inputs`, for what is repeated.
    pub(crate) lines: mpsc::Sender<Result<Batch, String>>,
    pub(crate) inputs: mpsc::Receiver<Result<Batch, String>>,
    pub(crate) ordered: mpsc::Receiver<ClientRequest>,
    /// Messages were not sent over the last connection, or after it.
    pub(crate) has_unsent: bool,
}

/// What comes next.
enum Next {
    Begin(Box<Connected>),
    /// Connect at once, since the user wants it; the status is for who leaves before.
    Now(u8),
    /// Connect when it is time; the status is for who leaves before.
    Again {
        attempt: Attempt,
        code: u8,
    },
    /// There is no connection, and the prompt stays.
    Stay(u8),
    /// Leave, with this exit status.
    Leave(u8),
}

impl PromptConnection {
    /// Holds it, and those that follow it, to the end; the exit status.
    pub(crate) async fn hold(mut self) -> Result<u8, Error> {
        let diagnostics = self.plan.diagnostics;
        let on_stderr = Talk::on_stderr(diagnostics.verbosity, diagnostics.colour);
        let until = deadline(self.plan.timeout);
        let mut link = Connector::new(&self.plan, until).watched();
        let mut progress = Progress::new(&self.plan.session.ending);
        let record = link.opening(open_record_if(self.plan.record.as_ref()), &mut self.context.signals).await?;
        let output = PromptOutput::new(&self.context, &self.plan.style, record, self.plan.record.as_ref());
        self.context.shared.history().heartbeat =
            self.plan.session.keepalive.heartbeat.as_ref().map(|heartbeat| heartbeat.message.clone());
        self.context.shared.history().replies = self.plan.session.replies.clone();
        let first = tokio::select! {
            connected = link.first(&self.plan.connect, &on_stderr, &mut self.context.signals) => connected,
            // Ctrl-D.
            () = terminal::ended() => return output.finish().await.map(|()| 0),
        };
        let connected = match first {
            Ok(connected) => connected,
            Err(error) => {
                report::not_connected(&on_stderr, &error);
                output.put_now(error.event().into());
                output.finish().await?;
                return Ok(error.exit_code());
            }
        };
        let mut next = self.begin(connected, &on_stderr);
        let talk = self.context.talk(diagnostics);
        self.context.begin();
        let code = loop {
            if !matches!(next, Next::Begin(_) | Next::Again { .. }) {
                let unsent = self.forget(&mut progress, &talk);
                self.has_unsent |= unsent > 0;
            }
            next = match next {
                Next::Begin(connected) => {
                    self.session(*connected, &mut link, &mut progress, &output, &talk, until).await
                }
                Next::Now(code) => self.now(code, &link, &output, &talk).await,
                Next::Again { attempt, code } => self.again(attempt, code, &mut link, &output, &talk).await,
                Next::Stay(code) => self.closed(&output, &talk, code).await,
                Next::Leave(code) => break self.final_code(code),
            };
        };
        output.finish().await?;
        Ok(code)
    }

    /// A connection is there. How it stands is known before it is said: the prompt shows what is so from its first drawing
    /// on, and what is said draws it anew.
    fn begin(&self, connected: Connected, talk: &Talk) -> Next {
        self.context.shared.rpc().forget_all();
        self.context.shared.history().opened(&connected.1);
        self.context.shared.stand(ConnectionState::Open);
        report::opened(talk, &connected.1);
        Next::Begin(Box::new(connected))
    }

    /// The same, if it is there.
    fn begin_if(&self, connected: Result<Connected, Error>, output: &PromptOutput, talk: &Talk) -> Next {
        match connected {
            Ok(connected) => self.begin(connected, talk),
            Err(error) => {
                self.context.shared.stand(ConnectionState::Closed);
                report::not_connected(talk, &error);
                output.put_now(error.event().into());
                let is_final = matches!(error, Error::Interrupted(_)) || self.exit_on_close;
                if is_final { Next::Leave(error.exit_code()) } else { Next::Stay(error.exit_code()) }
            }
        }
    }

    async fn session(
        &mut self,
        (socket, opened): Connected,
        link: &mut Connector,
        progress: &mut Progress,
        output: &PromptOutput,
        talk: &Talk,
        until: Option<Instant>,
    ) -> Next {
        self.has_unsent = false;
        let url = opened.shown_url().to_string();
        output.put_now(EventKind::Open(Box::new(opened)));
        let queued = self.context.shared.take_queued() + progress.backlog.messages();
        report::resuming(talk, queued);
        for input in &self.plan.first {
            if let Input::Message(message) = input {
                output.show_sent(message.clone());
            }
        }
        let mut options = self.plan.session.clone();
        options.ending.deadline = until;
        let (first, outlet): (_, &dyn DynOutlet) = (self.plan.first.clone(), output);
        let mut desk = ClientRequestHandler {
            plan: &mut self.plan,
            link: &*link,
            url,
            lines: &self.lines,
            output,
            talk,
            repeating: None,
            dialing: None,
            wanted: None,
        };
        let opened_at = Instant::now();
        let outcome = tokio::select! {
            outcome = session::pump::run(socket, first, progress, &mut self.inputs, &mut self.context.signals, outlet, &options) => outcome,
            never = desk.take_orders(&mut self.ordered) => match never {},
        };
        let (wanted, unrepeated) = desk.clear();
        self.has_unsent |= unrepeated > 0;
        let next = if wanted.is_none() { link.after(&outcome, opened_at.elapsed()) } else { None };
        if let Some(next) = next {
            self.context.shared.stand(ConnectionState::Reconnecting);
            output.put_all(report::lost(talk, &self.plan, &outcome, &next));
            return Next::Again { attempt: next, code: outcome.exit_code() };
        }
        self.context.shared.stand(ConnectionState::Closed);
        output.put_all(report::ended(talk, &self.plan, &outcome));
        self.after_session(wanted, &outcome, progress, talk)
    }

    /// What follows a session that does not come again by itself.
    fn after_session(
        &mut self,
        wanted: Option<AfterSession>,
        outcome: &Outcome,
        progress: &mut Progress,
        talk: &Talk,
    ) -> Next {
        match wanted {
            Some(AfterSession::Leave) => Next::Leave(outcome.exit_code()),
            Some(AfterSession::Connect) => Next::Now(outcome.exit_code()),
            Some(AfterSession::Switch(connected)) => {
                // What was typed since then is for the new one.
                report::unsent(talk, progress.backlog.messages());
                *progress = Progress::new(&self.plan.session.ending);
                self.begin(*connected, talk)
            }
            None if self.stays(&outcome.end) => Next::Stay(outcome.exit_code()),
            None => Next::Leave(outcome.exit_code()),
        }
    }

    /// Whether a closed connection leaves the prompt as it is: who is typing is not thrown out.
    fn stays(&self, end: &End) -> bool {
        let asked_close = self.context.shared.take_asked_close();
        let is_theirs = matches!(
            end,
            End::Closed { sent: None, .. }
                | End::Cut(_)
                | End::Silent
                | End::Idle
                | End::Broken(_)
                | End::Abandoned
                | End::Left
        );
        !self.exit_on_close && (is_theirs && self.context.shared.has_typed() || asked_close)
    }

    /// Connects at once, unless the user wants something else before that is done.
    async fn now(&mut self, code: u8, link: &Connector, output: &PromptOutput, talk: &Talk) -> Next {
        let options = self.plan.connect.clone();
        let mut connecting = link.now(&options, talk, &mut self.context.signals).boxed_local();
        let connected = loop {
            tokio::select! {
                connected = &mut connecting => break connected,
                order = self.ordered.recv() => match order {
                    Some(ClientRequest::Connect(parsed)) => {
                        redirect(&mut self.plan, *parsed);
                        return Next::Now(code);
                    }
                    Some(ClientRequest::Record(request)) => output.record_to(request, talk).await,
                    Some(ClientRequest::Fragment(size)) => self.plan.connect.connection.fragment = size,
                    Some(ClientRequest::Reconnect | ClientRequest::Repeat(_) | ClientRequest::StopRepeating) => {}
                    Some(ClientRequest::Stay) => return Next::Stay(code),
                    Some(ClientRequest::Leave) | None => return Next::Leave(code),
                },
            }
        };
        drop(connecting);
        self.begin_if(connected, output, talk)
    }

    /// Connects again by itself, unless the user wants something else.
    async fn again(
        &mut self,
        attempt: Attempt,
        code: u8,
        link: &mut Connector,
        output: &PromptOutput,
        talk: &Talk,
    ) -> Next {
        let mut at = Instant::now() + attempt.after;
        loop {
            tokio::select! {
                connected = link.again(at, &self.plan.connect, talk, &mut self.context.signals) => {
                    return self.begin_if(connected, output, talk);
                }
                order = self.ordered.recv() => match order {
                    Some(ClientRequest::Reconnect) => at = Instant::now(),
                    Some(ClientRequest::Connect(parsed)) => {
                        redirect(&mut self.plan, *parsed);
                        return Next::Now(code);
                    }
                    Some(ClientRequest::Record(request)) => output.record_to(request, talk).await,
                    Some(ClientRequest::Fragment(size)) => self.plan.connect.connection.fragment = size,
                    Some(ClientRequest::Repeat(_) | ClientRequest::StopRepeating) => {}
                    Some(ClientRequest::Stay) => return Next::Stay(code),
                    Some(ClientRequest::Leave) | None => return Next::Leave(code),
                },
            }
        }
    }

    /// Begins anew: what was meant for the connections before is not for the next one.
    ///
    /// It is told how many messages were not sent, and returned.
    fn forget(&mut self, progress: &mut Progress, talk: &Talk) -> usize {
        self.context.shared.take_queued();
        let mut unsent = progress.backlog.messages();
        while let Ok(Ok(batch)) = self.inputs.try_recv() {
            unsent += batch.iter().filter(|input| matches!(input, Input::Message(_))).count();
        }
        report::unsent(talk, unsent);
        *progress = Progress::new(&self.plan.session.ending);
        unsent
    }

    /// The exit status of who leaves: what was not sent is not passed over in silence.
    fn final_code(&self, code: u8) -> u8 {
        let has_left = self.context.shared.has_left();
        let says_less = code == 0 || has_left && code < SIGNALLED;
        if self.has_unsent && says_less { UNSENT } else { code }
    }

    /// Waits for what the user wants now that there is no connection.
    async fn closed(&mut self, output: &PromptOutput, talk: &Talk, code: u8) -> Next {
        self.context.shared.stand(ConnectionState::Closed);
        talk.say("Enter or /reconnect connects again, /quit leaves");
        loop {
            tokio::select! {
                order = self.ordered.recv() => match order {
                    Some(ClientRequest::Reconnect) => return Next::Now(code),
                    Some(ClientRequest::Connect(parsed)) => {
                        redirect(&mut self.plan, *parsed);
                        return Next::Now(code);
                    }
                    Some(ClientRequest::Record(request)) => output.record_to(request, talk).await,
                    Some(ClientRequest::Fragment(size)) => self.plan.connect.connection.fragment = size,
                    Some(ClientRequest::Repeat(_) | ClientRequest::StopRepeating | ClientRequest::Stay) => {}
                    Some(ClientRequest::Leave) | None => return Next::Leave(code),
                },
                Some(signal) = self.context.signals.recv() => return Next::Leave(Error::Interrupted(signal).exit_code()),
            }
        }
    }
}

/// Points the plan to another server; secrets stay with the one that they were for.
fn redirect(plan: &mut ClientOptions, parsed: Parsed) {
    if !plan.connect.target.same_origin(&parsed.target) {
        plan.connect.request = plan.connect.request.without_secrets();
    }
    if !plan.connect.target.same_host(&parsed.target) {
        plan.connect.route = plan.connect.route.for_another_host();
    }
    if let Some((user, password)) = parsed.credentials {
        plan.connect.request.credentials = Some(Credentials::Password { user, password });
        plan.connect.known = KnownChallenge::default();
    }
    plan.connect.target = parsed.target;
}

/// Takes orders while a session runs.
struct ClientRequestHandler<'a> {
    plan: &'a mut ClientOptions,
    link: &'a Connector,
    /// Of the session's server.
    url: String,
    lines: &'a mpsc::Sender<Result<Batch, String>>,
    output: &'a PromptOutput,
    talk: &'a Talk,
    repeating: Option<(Arc<RepeatProgress>, AbortHandle)>,
    /// A connection to another server, which is not there yet.
    dialing: Option<Dialing<'a>>,
    wanted: Option<AfterSession>,
}

/// What is being connected to, and the attempt.
type Dialing<'a> = (Parsed, LocalBoxFuture<'a, Result<Connected, Error>>);

/// What is to follow the session.
enum AfterSession {
    Connect,
    /// To this connection.
    Switch(Box<Connected>),
    Leave,
}

impl<'a> ClientRequestHandler<'a> {
    async fn take_orders(&mut self, ordered: &mut mpsc::Receiver<ClientRequest>) -> std::convert::Infallible {
        loop {
            tokio::select! {
                order = ordered.recv() => match order {
                    Some(order) => self.take(order).await,
                    None => std::future::pending().await,
                },
                connected = dialed(&mut self.dialing) => self.switch_if(connected).await,
            }
        }
    }

    async fn take(&mut self, order: ClientRequest) {
        match order {
            ClientRequest::Reconnect => self.close_for(AfterSession::Connect).await,
            ClientRequest::Connect(parsed) => self.dialing = Some(self.dial(*parsed)),
            ClientRequest::Leave => self.wanted = Some(AfterSession::Leave),
            ClientRequest::Fragment(size) => self.plan.connect.connection.fragment = size,
            // The connection was back before it was ordered.
            ClientRequest::Stay => {}
            ClientRequest::Record(request) => self.output.record_to(request, self.talk).await,
            ClientRequest::Repeat(request) => {
                self.stop_repeating();
                let progress = Arc::clone(&request.shown.progress);
                let repeating = tokio::spawn(repeat(self.lines.clone(), request));
                self.repeating = Some((progress, repeating.abort_handle()));
            }
            ClientRequest::StopRepeating => {
                self.stop_repeating();
            }
        }
    }

    /// Connects to another server, while this session goes on.
    fn dial(&self, parsed: Parsed) -> Dialing<'a> {
        let mut plan = self.plan.clone();
        redirect(&mut plan, parsed.clone());
        let (link, talk) = (self.link, self.talk);
        (parsed, async move { link.beside(&plan.connect, talk).await }.boxed_local())
    }

    /// Leaves this session for the new connection, if it is there.
    async fn switch_if(&mut self, connected: Result<Connected, Error>) {
        let Some((parsed, _)) = self.dialing.take() else { return };
        match connected {
            Ok(connected) => {
                redirect(self.plan, parsed);
                self.close_for(AfterSession::Switch(Box::new(connected))).await;
            }
            Err(error) => {
                report::not_connected(self.talk, &error);
                self.output.put_now(error.event().into());
                self.talk.say(&format!("still connected to {}", self.url));
            }
        }
    }

    async fn close_for(&mut self, wanted: AfterSession) {
        self.wanted = Some(wanted);
        // A session that has ended meanwhile needs no Close.
        let _ = self.lines.send(Ok(vec![Input::Close(None)])).await;
    }

    /// What was not sent is told, and returned.
    fn stop_repeating(&mut self) -> u32 {
        let Some((progress, repeating)) = self.repeating.take() else { return 0 };
        repeating.abort();
        let unsent = progress.unsent();
        if unsent > 0 {
            self.talk.say(&format!("stopped repeating {progress}"));
        }
        unsent
    }

    /// What is to follow, now that the session has ended.
    ///
    /// With it comes how many messages were not repeated.
    fn clear(mut self) -> (Option<AfterSession>, u32) {
        let unsent = self.stop_repeating();
        if let Some((parsed, _)) = self.dialing.take().filter(|_| self.wanted.is_none()) {
            // The server has closed first.
            redirect(self.plan, parsed);
            self.wanted = Some(AfterSession::Connect);
        }
        (self.wanted, unsent)
    }
}

/// What has come of connecting to another server, if that is under way.
async fn dialed(dialing: &mut Option<Dialing<'_>>) -> Result<Connected, Error> {
    match dialing {
        Some((_, attempt)) => attempt.await,
        None => std::future::pending().await,
    }
}

async fn repeat(lines: mpsc::Sender<Result<Batch, String>>, request: RepeatRequest) {
    let RepeatRequest { message, repetition: Repetition { times, every }, shown } = request;
    for left in (0..times).rev() {
        if lines.send(Ok(vec![Input::Message(message.clone())])).await.is_err() {
            return;
        }
        shown.progress.note_sent();
        if !every.is_zero() && left > 0 {
            tokio::time::sleep(every).await;
        }
    }
    drop(shown);
}
