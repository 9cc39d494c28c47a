//! Connecting, at first and again: the pipe and the prompt share it.
//!
//! `session::Backoff` decides when to try; here is the clock that it needs, and what the user is told meanwhile.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::connect::{self, connect};
use super::options::ClientOptions;
use super::report;
use super::trace::Trace;
use crate::dial::{Stream, Trust};
use crate::error::{Error, RUN_LIMIT};
use crate::events::{self, Opened};
use crate::session::{Attempt, Backoff, Outcome, Wait};
use crate::term::Talk;
use crate::wire::Socket;

/// Often enough to connect within 100 ms after the server is up.
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// A connection that is made this fast is not announced.
const SOON: Duration = Duration::from_millis(500);

/// A connection, and what was negotiated.
pub(crate) type Connected = (Socket<Stream>, Opened);

/// When a run has to be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunEnd {
    pub(crate) at: Instant,
    /// How long the run was to be, and which option says so.
    pub(crate) after: Duration,
    pub(crate) option: &'static str,
}

/// Makes the connections of a run.
pub(crate) struct Connector {
    wait_for_server: Option<Wait>,
    backoff: Option<Backoff>,
    /// Whoever waits for a connection is told so.
    tells: bool,
    limit: Option<RunEnd>,
}

impl Connector {
    pub(crate) fn new(plan: &ClientOptions, until: Option<Instant>) -> Self {
        Self {
            wait_for_server: plan.retry.wait_for_server,
            backoff: plan.retry.reconnect.clone().map(Backoff::new),
            tells: false,
            limit: until.zip(plan.timeout).map(|(at, after)| RunEnd { at, after, option: RUN_LIMIT }),
        }
    }

    /// For a run that another option than `--timeout` limits.
    pub(crate) fn ending(self, limit: Option<RunEnd>) -> Self {
        Self { limit, ..self }
    }

    /// For someone who looks on, and is told of a connection that takes its time.
    pub(crate) fn watched(self) -> Self {
        Self { tells: true, ..self }
    }

    /// Opens the files that the run writes.
    pub(crate) async fn opening<T>(
        &self,
        opening: impl Future<Output = Result<T, Error>>,
        signals: &mut mpsc::Receiver<i32>,
    ) -> Result<T, Error> {
        self::opening(opening, self.limit, signals).await
    }

    /// Makes the first connection, and waits for the server if that is wanted.
    pub(crate) async fn first(
        &self,
        options: &connect::Options,
        talk: &Talk,
        signals: &mut mpsc::Receiver<i32>,
    ) -> Result<Connected, Error> {
        if options.target.scheme.is_tls() && matches!(options.route.tls.trust, Trust::Anyone) {
            talk.warn("the server's certificate is not checked (--insecure)");
        }
        let connecting = async {
            match self.wait_for_server {
                None => self.attempt(options, talk).await,
                Some(Wait::Forever) => retry_until_up(options, talk).await,
                Some(Wait::For(time)) => {
                    timeout(time, retry_until_up(options, talk)).await.unwrap_or(Err(Error::TimedOut {
                        step: "waiting for the server",
                        after: time,
                        option: "--wait-for-server",
                    }))
                }
            }
        };
        limited(connecting, self.limit, signals).await
    }

    /// Makes a connection that the user asked for just now.
    pub(crate) async fn now(
        &self,
        options: &connect::Options,
        talk: &Talk,
        signals: &mut mpsc::Receiver<i32>,
    ) -> Result<Connected, Error> {
        limited(self.attempt(options, talk), self.limit, signals).await
    }

    /// Makes a connection at that time.
    pub(crate) async fn at(
        &self,
        at: Instant,
        options: &connect::Options,
        talk: &Talk,
        signals: &mut mpsc::Receiver<i32>,
    ) -> Result<Connected, Error> {
        let connecting = async {
            sleep_until(at).await;
            self.attempt(options, talk).await
        };
        limited(connecting, self.limit, signals).await
    }

    /// The same while another connection is open, whose end the signals are for.
    pub(crate) async fn beside(&self, options: &connect::Options, talk: &Talk) -> Result<Connected, Error> {
        self.attempt(options, talk).await
    }

    async fn attempt(&self, options: &connect::Options, talk: &Talk) -> Result<Connected, Error> {
        attempt(options, talk, self.tells).await
    }

    /// Whether to connect again after a session that ended so, and when.
    pub(crate) fn after(&mut self, outcome: &Outcome, lived: Duration) -> Option<Attempt> {
        let backoff = self.backoff.as_mut()?;
        backoff.was_open(lived);
        if outcome.wanted || !backoff.follows(&outcome.end) { None } else { backoff.next(fastrand::f64()) }
    }

    /// Connects at that time, and retries for as long as that may help.
    ///
    /// Cancel-safe, but for an attempt under way.
    pub(crate) async fn again(
        &mut self,
        at: Instant,
        options: &connect::Options,
        talk: &Talk,
        signals: &mut mpsc::Receiver<i32>,
    ) -> Result<Connected, Error> {
        let Self { backoff, limit, tells, .. } = self;
        let connecting = async {
            sleep_until(at).await;
            loop {
                let error = match attempt(options, talk, *tells).await {
                    Ok(connected) => return Ok(connected),
                    Err(error) => error,
                };
                let next = backoff.as_mut().filter(|_| error.may_pass()).and_then(|it| it.next(fastrand::f64()));
                let Some(next) = next else { return Err(error) };
                let next = next.no_sooner(error.retry_after(events::now()));
                talk.progress(&[&error.chain(), &next.to_string()]);
                sleep(next.after).await;
            }
        };
        limited(connecting, *limit, signals).await
    }
}

/// Opens the files that a run writes, unless a signal or the end of its time comes first.
pub(crate) async fn opening<T>(
    opening: impl Future<Output = Result<T, Error>>,
    limit: Option<RunEnd>,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<T, Error> {
    within("opening files", opening, limit, signals).await
}

/// Connects, unless a signal or the end of the run's time comes first.
async fn limited(
    connecting: impl Future<Output = Result<Connected, Error>>,
    limit: Option<RunEnd>,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<Connected, Error> {
    within("connecting", connecting, limit, signals).await
}

/// Takes a step of a run, unless a signal or the end of the run's time comes first.
async fn within<T>(
    step: &'static str,
    taking: impl Future<Output = Result<T, Error>>,
    limit: Option<RunEnd>,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<T, Error> {
    let run_out = async {
        let Some(RunEnd { at, after, option }) = limit else { return std::future::pending().await };
        sleep_until(at).await;
        Error::TimedOut { step, after, option }
    };
    tokio::select! {
        taken = taking => taken,
        late = run_out => Err(late),
        Some(signal) = signals.recv() => Err(Error::Interrupted(signal)),
    }
}

/// Tries until the server is up, or fails in a way that waiting does not fix.
async fn retry_until_up(options: &connect::Options, talk: &Talk) -> Result<Connected, Error> {
    let mut is_told = false;
    loop {
        let mut next = Instant::now() + RETRY_EVERY;
        match attempt(options, talk, false).await {
            Err(error) if error.may_pass() => {
                if !is_told {
                    talk.say(&format!("waiting for the server: {}", error.chain()));
                }
                is_told = true;
                next = next.max(Instant::now() + error.retry_after(events::now()).unwrap_or_default());
            }
            done => return done,
        }
        sleep_until(next).await;
    }
}

/// `tells`: that it takes a while is said.
async fn attempt(options: &connect::Options, talk: &Talk, tells: bool) -> Result<Connected, Error> {
    let trace = |trace: Trace<'_>| report::trace(talk, &trace);
    let mut connecting = pin!(connect(options, &trace));
    if tells {
        match timeout(SOON, &mut connecting).await {
            Ok(done) => return done,
            Err(_) => report::connecting(talk, &options.target),
        }
    }
    connecting.await
}
