//! Tries cases: one connection each, at the pace that was asked for.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until, timeout};

use super::conversation::Conversation;
use super::opening;
use crate::client::connect;
use crate::client::nearness::is_near;
use crate::conformance::case::{Act, CheckCase, FrameStep, OpeningCheck, Reaction, Traffic};
use crate::conformance::frames;
use crate::conformance::observed::{Heard, HeardEnd, HeardFrame, MARKER, Observed, Outlook, Reply, ServerTraits};
use crate::dial::{self, Dialed};
use crate::error::Error;
use crate::handshake::{self, Answer, HandshakeError, heads_of};
use crate::masking;
use crate::request::Request;
use crate::session::SendPace;
use crate::target::Target;
use crate::term::Talk;
use crate::wire::frame::{CLOSE, PONG};

/// The payload of the ping that is sent before anything of a case.
const SETTLED: &[u8] = b"wsprobe ready";

/// How long a reaction to what breaks the rules may take before the ping that follows it.
pub(super) const GRACE: Duration = Duration::from_millis(250);

/// How long a server that answers no pings has for its greetings.
pub(super) const GREETING: Duration = Duration::from_millis(300);

/// Tries cases on a server.
pub(super) struct Prober<'p> {
    pub(super) connect: connect::Options,
    /// `-x`: what each connection says first.
    pub(super) hello: &'p [String],
    /// `--wait`
    pub(super) patience: Duration,
    /// `--vanish`
    pub(super) vanish: Option<Duration>,
    pub(super) pace: SendPace,
    /// Whether a server far away may be sent what breaks rules.
    pub(super) is_authorized: bool,
    /// `--frames`
    pub(super) shown: Option<&'p Talk>,
}

impl<'p> Prober<'p> {
    /// Tries a case.
    ///
    /// # Errors
    /// It would send what is not authorized; all else that goes wrong has been observed.
    pub(super) async fn run(&mut self, case: &CheckCase, traits: &ServerTraits) -> Result<Observed, Error> {
        let check = match case.act {
            Act::Ask(check) => check,
            Act::Talk { .. } | Act::Vanish => OpeningCheck::USUAL,
        };
        let (reply, dialed, leftover) = match self.ask(case, &check).await {
            Ok(asked) => asked,
            Err(error @ Error::Usage(_)) => return Err(error),
            Err(error) => return Ok(Observed::Unreached(error.chain())),
        };
        if let Act::Ask(_) = case.act {
            if let Reply::Switched { .. } = reply {
                Conversation::new(dialed.stream, leftover, None).leave(GRACE).await;
            }
            return Ok(Observed::Answered(reply));
        }
        let Reply::Switched { deflate, .. } = reply else { return Ok(Observed::Answered(reply)) };
        let mut open = Conversation::new(dialed.stream, leftover, self.shown);
        let is_spoilt = !self.settle(&mut open, traits.idle == Outlook::Stays).await;
        let before = open.take_heard();
        let begun = Instant::now();
        match case.act {
            _ if is_spoilt => {}
            Act::Talk { sent, expected } => self.talk(&mut open, sent, expected).await,
            _ => self.vanish(&mut open).await,
        }
        let heard = Heard { before, after: open.take_heard(), end: open.end, is_spoilt, deflate };
        open.leave(GRACE).await;
        Ok(match case.act {
            Act::Vanish => Observed::Watched(heard, begun.elapsed()),
            _ => Observed::Heard(heard),
        })
    }

    /// Opens a connection of the usual kind, says hello, and waits until the server has answered.
    pub(super) async fn open(&mut self, answers_pings: bool) -> Result<(Conversation<'p>, bool), Error> {
        let case = CheckCase::must("", "", "");
        let (reply, dialed, leftover) = self.ask(&case, &OpeningCheck::USUAL).await?;
        let is_open = matches!(reply, Reply::Switched { .. });
        let mut open = Conversation::new(dialed.stream, leftover, None);
        let is_settled = is_open && self.settle(&mut open, answers_pings).await;
        Ok((open, is_settled))
    }

    /// Sends the request of a case; what came after the head of the answer is returned too.
    async fn ask(&mut self, case: &CheckCase, check: &OpeningCheck) -> Result<(Reply, Dialed, Bytes), Error> {
        sleep_until(self.pace.next(Instant::now())).await;
        let options = opening::options(&self.connect, check, case.offer);
        let mut dialed = dial::dial(&options.target, &options.route, &|_| ()).await?;
        if case.traffic != Traffic::WellFormed && !self.is_authorized {
            check_nearness(&dialed, &options.target)?;
        }
        let request = Request::new(&options.target, &options.wishes);
        let pieces = opening::pieces(&request, check);
        if let Some(talk) = self.shown {
            masking::head(&pieces.concat()).lines().for_each(|line| talk.frame(&format!("> {line}")));
        }
        let asked = timeout(self.patience, handshake::open_in_pieces(&mut dialed.stream, &request, &pieces)).await;
        if let (Some(talk), Ok(answer)) = (self.shown, &asked) {
            let heads = heads_of(answer, Answer::response).concat();
            masking::head(&heads).lines().for_each(|line| talk.frame(&format!("< {line}")));
        }
        let (reply, leftover) = match asked {
            Ok(answer) => reply(answer),
            Err(_) => (Reply::Silent(self.patience), Bytes::new()),
        };
        Ok((reply, dialed, leftover))
    }

    /// Says hello, and waits until the server is ready for the case; false when it has left.
    async fn settle(&self, open: &mut Conversation<'_>, answers_pings: bool) -> bool {
        open.say(self.hello, self.patience).await;
        if !answers_pings {
            open.listen(GREETING, |heard| heard.iter().any(is_close)).await;
            return open.end == HeardEnd::Open && !open.heard.iter().any(is_close);
        }
        open.ping(SETTLED, self.patience).await;
        let is_answered = |frame: &HeardFrame| frame.header.opcode == PONG && frame.payload == SETTLED;
        open.listen(self.patience, |heard| heard.iter().any(|frame| is_answered(frame) || is_close(frame))).await
            && open.heard.iter().any(is_answered)
            && !open.heard.iter().any(is_close)
    }

    async fn talk(&self, open: &mut Conversation<'_>, sent: &[FrameStep], expected: Reaction) {
        open.play(sent, self.patience).await;
        let patience = self.patience;
        match expected {
            Reaction::Fails(_) => {
                if !open.listen(GRACE, |heard| heard.iter().any(is_close)).await && open.end == HeardEnd::Open {
                    self.mark(open).await;
                }
            }
            Reaction::StaysOpen | Reaction::Frames(_) | Reaction::TakesOrRefuses => self.mark(open).await,
            Reaction::Pongs => {
                let last = frames::last_ping(sent).unwrap_or_default();
                let is_it = |frame: &HeardFrame| frame.header.opcode == PONG && frame.payload == last;
                open.listen(patience, |heard| heard.iter().any(|frame| is_it(frame) || is_close(frame))).await;
            }
            Reaction::AnswersClose | Reaction::EchoesCode => {
                open.listen(patience, |heard| heard.iter().any(is_close)).await;
            }
            Reaction::EndsTransport | Reaction::SendsNoMore => {
                open.listen(patience, |_| false).await;
            }
            Reaction::SendsBack | Reaction::SendsBackOrRefuses => {
                let count = frames::messages_in(sent);
                let is_last = |frame: &&HeardFrame| frame.header.fin && !frame.header.is_control();
                open.listen(patience, |heard| {
                    heard.iter().any(is_close) || heard.iter().filter(is_last).count() >= count
                })
                .await;
            }
        }
    }

    /// Sends the ping that follows, and waits for what comes of it.
    async fn mark(&self, open: &mut Conversation<'_>) {
        open.ping(MARKER, self.patience).await;
        let is_told = |frame: &HeardFrame| frame.header.opcode == PONG && frame.payload == MARKER || is_close(frame);
        open.listen(self.patience, |heard| heard.iter().any(is_told)).await;
    }

    async fn vanish(&self, open: &mut Conversation<'_>) {
        open.answers = false;
        open.listen(self.vanish.unwrap_or_default(), |heard| heard.iter().any(is_close)).await;
    }
}

pub(super) fn is_close(frame: &HeardFrame) -> bool {
    frame.header.opcode == CLOSE
}

fn reply(answer: Result<Answer, HandshakeError>) -> (Reply, Bytes) {
    let none = Bytes::new;
    match answer {
        Ok(Answer::Switched(switched)) => {
            (Reply::Switched { response: switched.response, deflate: switched.deflate }, switched.leftover)
        }
        Ok(Answer::Refused(refusal)) => (Reply::Refused(refusal.response), none()),
        Err(HandshakeError::BadAnswer { response, source }) => (Reply::BadSwitch { response, source }, none()),
        Err(HandshakeError::Io(error)) => (Reply::Gone(format!("the connection broke: {error}")), none()),
        Err(error) => (Reply::Gone(error.to_string()), none()),
    }
}

/// Refuses a server that anybody may reach.
fn check_nearness(dialed: &Dialed, target: &Target) -> Result<(), Error> {
    if is_near(&dialed.peer, target, dialed.proxy.is_some()) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{target} is at {}, neither on this machine nor in a private network: `--malformed` and `--limits` need \
         `--authorized` there, which says that its owner agrees",
        dialed.peer
    )))
}
