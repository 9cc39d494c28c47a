//! Tries cases: one connection each, at the pace that was asked for.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until, timeout};

use super::conversation::Conversation;
use super::options::CheckOptions;
use super::{nearness, opening};
use crate::client::connect;
use crate::client::opening::handshake_failed;
use crate::conformance::case::{Act, CheckCase, FrameStep, OpeningCheck, Reaction, Traffic};
use crate::conformance::frames;
use crate::conformance::observed::{Heard, HeardEnd, HeardFrame, MARKER, Observed, Outlook, Reply, ServerTraits};
use crate::dial::{self, Dialed};
use crate::error::Error;
use crate::handshake::auth::{Login, LoginStep};
use crate::handshake::{self, Answer, HandshakeError, Switched, heads_of};
use crate::masking;
use crate::request::Request;
use crate::session::SendPace;
use crate::term::Talk;

/// The payload of the ping that is sent before anything of a case.
const SETTLED: &[u8] = b"wsprobe ready";

/// How long a reaction to what breaks the rules may take before the ping that follows it.
pub(super) const GRACE: Duration = Duration::from_millis(250);

/// How long a server that answers no pings has for its greetings.
pub(super) const GREETING: Duration = Duration::from_millis(300);

/// Tries cases on a server.
pub(super) struct Prober<'p> {
    options: &'p CheckOptions,
    /// Where redirects have led, and what that server may be told.
    pub(super) connect: connect::Options,
    pace: SendPace,
    /// `--frames`
    shown: Option<&'p Talk>,
}

/// An opening request that was sent.
struct OpeningAttempt {
    request: Request,
    dialed: Dialed,
    /// None if there was no answer in time.
    answer: Option<Result<Answer, HandshakeError>>,
}

impl<'p> Prober<'p> {
    pub(super) fn new(options: &'p CheckOptions, talk: &'p Talk) -> Self {
        let shown = options.frames.then_some(talk);
        Self { options, connect: options.plan.connect.clone(), pace: SendPace::new(options.rate), shown }
    }

    /// How long each reaction is waited for.
    pub(super) fn time_limit(&self) -> Duration {
        self.options.wait
    }

    /// Tries a case.
    ///
    /// # Errors
    /// It would send what is not authorized; all else that goes wrong has been observed.
    pub(super) async fn run(&mut self, case: &CheckCase, traits: &ServerTraits) -> Result<Observed, Error> {
        let check = match case.act {
            Act::Ask(check) => check,
            Act::Talk { .. } | Act::Vanish => OpeningCheck::USUAL,
        };
        let OpeningAttempt { dialed, answer, .. } = match self.ask(&check, case.offer, case.traffic).await {
            Ok(asked) => asked,
            Err(error @ Error::Usage(_)) => return Err(error),
            Err(error) => return Ok(Observed::Unreached(error.chain())),
        };
        let (reply, leftover) = reply(answer, self.time_limit());
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

    /// Opens a connection of the usual kind, says hello, and tells whether the server is ready then.
    ///
    /// # Errors
    /// There is no connection.
    pub(super) async fn open(&mut self) -> Result<(Conversation<'p>, bool), Error> {
        let OpeningAttempt { request, dialed, answer } =
            self.ask(&OpeningCheck::USUAL, None, Traffic::WellFormed).await?;
        let step = "waiting for the answer to the opening request";
        let late = || Error::TimedOut { step, after: self.time_limit(), option: "--wait" };
        let switched = match answer.ok_or_else(late)? {
            Ok(Answer::Switched(switched)) => switched,
            Ok(Answer::Refused(refusal)) => return Err(Error::Refused(Box::new(refusal))),
            Err(source) => {
                let connect::Options { target, route, .. } = &self.connect;
                return Err(handshake_failed(source, target, &request, route));
            }
        };
        let mut open = Conversation::new(dialed.stream, switched.leftover, None);
        let is_settled = self.settle(&mut open, true).await;
        Ok((open, is_settled))
    }

    /// Sends an opening request, and waits for its answer; once more where the server wants another proof of who we are.
    async fn ask(
        &mut self,
        check: &OpeningCheck,
        offer: Option<&str>,
        traffic: Traffic,
    ) -> Result<OpeningAttempt, Error> {
        let options = opening::options(&self.connect, check, offer);
        let mut login = options.login();
        if login.is_some() && options.known.is_ntlm() {
            return Err(Error::Usage(
                "`wsprobe check` cannot log in with NTLM, which takes several requests".to_owned(),
            ));
        }
        loop {
            let attempt = self.ask_once(&options, check, traffic, login.as_mut()).await?;
            let asks_again = match (&attempt.answer, &mut login) {
                (Some(Ok(Answer::Refused(refusal))), Some(login)) => {
                    login.after(&refusal.response) == LoginStep::Again && !login.wants_ntlm()
                }
                (Some(Ok(Answer::Switched(_))), Some(login)) => {
                    login.accepted();
                    false
                }
                _ => false,
            };
            if !asks_again {
                return Ok(attempt);
            }
        }
    }

    async fn ask_once(
        &mut self,
        options: &connect::Options,
        check: &OpeningCheck,
        traffic: Traffic,
        login: Option<&mut Login>,
    ) -> Result<OpeningAttempt, Error> {
        sleep_until(self.pace.next(Instant::now())).await;
        let mut dialed = dial::dial(&options.target, &options.route, &|_| ()).await?;
        if traffic != Traffic::WellFormed && !self.options.is_authorized {
            nearness::check(&dialed, options)?;
        }
        let (resource, is_private) = (&options.target.resource, dialed.is_private());
        let proof = login.and_then(|login| login.authorization(check.method, resource, is_private));
        let request = Request::proving(&options.target, &options.request, proof);
        let pieces = opening::pieces(&request, check);
        if let Some(talk) = self.shown {
            masking::head(&pieces.concat()).lines().for_each(|line| talk.frame(&format!("> {line}")));
        }
        let asking = handshake::open_in_pieces(&mut dialed.stream, &request, &pieces);
        let answer = timeout(self.time_limit(), asking).await.ok();
        if let (Some(talk), Some(answer)) = (self.shown, &answer) {
            let heads = heads_of(answer, Answer::response).concat();
            masking::head(&heads).lines().for_each(|line| talk.frame(&format!("< {line}")));
        }
        Ok(OpeningAttempt { request, dialed, answer })
    }

    /// Says hello, and waits until the server is ready for the case; false when it has left.
    async fn settle(&self, open: &mut Conversation<'_>, answers_pings: bool) -> bool {
        let limit = self.time_limit();
        open.say(&self.options.hello, limit).await;
        if !answers_pings {
            return !open.hears(GREETING, HeardFrame::is_close).await && open.end == HeardEnd::Open;
        }
        open.ping(SETTLED, limit).await;
        open.hears(limit, |frame| frame.is_pong_to(SETTLED) || frame.is_close()).await
            && !open.heard.iter().any(HeardFrame::is_close)
    }

    async fn talk(&self, open: &mut Conversation<'_>, sent: &[FrameStep], expected: Reaction) {
        let limit = self.time_limit();
        open.play(sent, limit).await;
        match expected {
            Reaction::Fails(_) => {
                if !open.hears(GRACE, HeardFrame::is_close).await && open.end == HeardEnd::Open {
                    self.mark(open).await;
                }
            }
            Reaction::StaysOpen | Reaction::Frames(_) | Reaction::TakesOrRefuses => self.mark(open).await,
            Reaction::Pongs => {
                let last = frames::pings(sent).next_back().unwrap_or_default();
                open.hears(limit, |frame| frame.is_pong_to(&last) || frame.is_close()).await;
            }
            Reaction::AnswersClose | Reaction::EchoesCode => {
                open.hears(limit, HeardFrame::is_close).await;
            }
            Reaction::EndsTransport | Reaction::SendsNoMore => {
                open.listen(limit, |_| false).await;
            }
            Reaction::SendsBack | Reaction::SendsBackOrRefuses => {
                let count = frames::messages_in(sent);
                open.listen(limit, |heard| {
                    heard.iter().any(HeardFrame::is_close)
                        || heard.iter().filter(|frame| frame.ends_message()).count() >= count
                })
                .await;
            }
        }
    }

    /// Sends the ping that follows, and waits for what comes of it.
    pub(super) async fn mark(&self, open: &mut Conversation<'_>) {
        open.ping(MARKER, self.time_limit()).await;
        open.hears(self.time_limit(), |frame| frame.is_pong_to(MARKER) || frame.is_close()).await;
    }

    async fn vanish(&self, open: &mut Conversation<'_>) {
        open.answers = false;
        open.hears(self.options.vanish.unwrap_or_default(), HeardFrame::is_close).await;
    }
}

/// The answer as it is judged, and what came after its head.
fn reply(answer: Option<Result<Answer, HandshakeError>>, wait: Duration) -> (Reply, Bytes) {
    let reply = match answer {
        Some(Ok(Answer::Switched(Switched { response, deflate, leftover, .. }))) => {
            return (Reply::Switched { response, deflate }, leftover);
        }
        Some(Ok(Answer::Refused(refusal))) => Reply::Refused(refusal.response),
        Some(Err(HandshakeError::BadAnswer { response, source })) => Reply::BadSwitch { response, source },
        Some(Err(HandshakeError::Io(error))) => Reply::Gone(format!("the connection broke: {error}")),
        Some(Err(error)) => Reply::Gone(error.to_string()),
        None => Reply::Silent(wait),
    };
    (reply, Bytes::new())
}
