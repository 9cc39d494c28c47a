//! `wsprobe check`: which rules of the RFCs a server keeps.
//!
//! The cases, and what is judged of them, are in `conformance`; here is the order of a run, and all that connects.

mod choice;
mod conversation;
mod nearness;
mod opening;
mod options;
mod probe;
mod results;
mod survey;
mod tree;

use std::rc::Rc;

use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) use self::choice::CaseChoice;
pub(crate) use self::options::CheckOptions;

use self::probe::{GRACE, Prober};
use self::results::{CheckResults, CheckedCase};
use crate::client::connector::{Connector, opening};
use crate::client::output::finish_in_time;
use crate::conformance::case::{Act, CheckCase};
use crate::conformance::judge::{self, Judgement, Verdict};
use crate::conformance::observed::{Outlook, ServerTraits};
use crate::conformance::{list, script};
use crate::error::Error;
use crate::events::Opened;
use crate::handshake::HandshakeError;
use crate::report::Reports;
use crate::runtime::{complain, hold, print, watch_signals};
use crate::target::{Parsed, Target};
use crate::term::Talk;
use crate::term::diagnostics::Diagnostics;
use crate::wire::Socket;

/// Lists the cases that were named, and returns the exit status.
pub(crate) fn list(choice: &CaseChoice) -> u8 {
    match choice.named() {
        Ok(cases) => print(list::page(&cases).as_bytes()),
        Err(error) => complain(&error),
    }
}

/// A case to be shown as a script.
#[derive(Clone, Debug)]
pub(crate) struct ShownCase {
    pub(crate) name: String,
    /// Without it, the URL is a variable.
    pub(crate) target: Option<Target>,
}

/// Prints a case as a script, and returns the exit status.
pub(crate) fn show(shown: &ShownCase) -> u8 {
    let choice = CaseChoice { only: vec![shown.name.clone()], ..CaseChoice::default() };
    match choice.named().as_deref() {
        Ok([case]) => print(script::page(case, shown.target.as_ref()).as_bytes()),
        Ok(_) => complain(&Error::Usage(format!("`{}` is not one case: name one of `--list`", shown.name))),
        Err(error) => complain(error),
    }
}

/// Checks a server, and returns the exit status.
pub(crate) fn run(options: &CheckOptions) -> u8 {
    match options.choice.cases() {
        Ok((cases, others)) => hold(options.plan.diagnostics, async |talk| check(options, &cases, others, talk).await),
        Err(error) => complain(&error),
    }
}

async fn check(
    options: &CheckOptions,
    cases: &[&'static CheckCase],
    others: usize,
    talk: &Rc<Talk>,
) -> Result<u8, Error> {
    let mut signals = watch_signals()?;
    let reports = opening(Reports::open(&options.reports), None, &mut signals).await?;
    let mut prober = Prober::new(options, talk);
    let traits = learn(options, &mut prober, talk, &mut signals).await?;
    let url = prober.connect.target.to_string();
    talk.say(&format!("checking {url}: {}", traits.bad_handshake.clone().unwrap_or_else(|| traits.in_words())));
    let Diagnostics { verbosity, colour } = options.plan.diagnostics;
    let page = Talk::pages_on_stderr(verbosity, colour);
    let mut results = CheckResults::new(url, cases.len(), options.is_strict);
    reports.begin(cases.len());
    let interrupted = {
        let trying = try_all(&mut prober, cases, &traits, &mut results, &reports, &page);
        tokio::select! {
            tried = trying => tried.map(|()| None)?,
            Some(signal) = signals.recv() => Some(signal),
        }
    };
    tree::sum_up(talk, &results, others);
    finish_in_time(reports.finish(&results.finished(), &|| results.json()), interrupted.is_some(), &mut signals)
        .await?;
    match interrupted {
        Some(signal) => Err(Error::Interrupted(signal)),
        None => Ok(results.exit_code(&traits)),
    }
}

/// Learns what the server does by itself.
///
/// # Errors
/// There is no connection, so that nothing can be checked.
async fn learn(
    options: &CheckOptions,
    prober: &mut Prober<'_>,
    talk: &Talk,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<ServerTraits, Error> {
    match connect_and_survey(options, prober, talk, signals).await {
        Err(Error::Handshake { source: HandshakeError::BadAnswer { source, .. }, .. }) => {
            let why = format!("the server's 101 is no WebSocket handshake: {source}");
            Ok(ServerTraits { bad_handshake: Some(why), ..ServerTraits::default() })
        }
        learned => learned,
    }
}

async fn connect_and_survey(
    options: &CheckOptions,
    prober: &mut Prober<'_>,
    talk: &Talk,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<ServerTraits, Error> {
    let (socket, opened) = Connector::new(&options.plan, None).first(&options.plan.connect, talk, signals).await?;
    let opened = leave(socket, opened).await;
    settle_on(prober, &opened);
    tokio::select! {
        traits = survey::survey(prober, opened.deflate.is_some()) => traits.inspect_err(|error| {
            if !matches!(error, Error::Handshake { source: HandshakeError::BadAnswer { .. }, .. }) {
                talk.warn("the server let in the first connection, but not the next one");
            }
        }),
        Some(signal) = signals.recv() => Err(Error::Interrupted(signal)),
    }
}

/// Closes the first connection.
async fn leave<S: crate::transport::Duplex>(socket: Socket<S>, opened: Opened) -> Opened {
    let left = async {
        socket.close(&crate::message::Close::new(1000, "")).await.ok()?;
        while socket.next().await.is_some_and(|came| came.is_ok()) {}
        Some(())
    };
    // It is not this connection that is judged.
    let _ = tokio::time::timeout(GRACE, left).await;
    opened
}

/// From here on it is the server to which redirects have led, and what may be told that one.
fn settle_on(prober: &mut Prober<'_>, opened: &Opened) {
    let Ok(Parsed { target, .. }) = Parsed::from_text(&opened.url) else { return };
    let connect = &mut prober.connect;
    if !connect.target.same_origin(&target) {
        connect.request = connect.request.without_secrets();
    }
    if !connect.target.same_host(&target) {
        connect.route = connect.route.for_another_host();
    }
    connect.target = target;
}

/// Tries the cases, one after the other.
async fn try_all(
    prober: &mut Prober<'_>,
    cases: &[&'static CheckCase],
    traits: &ServerTraits,
    results: &mut CheckResults,
    reports: &Reports,
    page: &Talk,
) -> Result<(), Error> {
    for &case in cases {
        let begun = Instant::now();
        let judgement = match needless(case, traits, prober) {
            Some(judgement) => judgement,
            None => judge::judge(case, traits, &prober.run(case, traits).await?),
        };
        let checked = CheckedCase { case, judgement, took: begun.elapsed() };
        let is_first = results.checked.last().is_none_or(|last| last.case.group() != case.group());
        tree::tell(page, &checked, is_first);
        reports.put(|| checked.point(results.is_strict));
        results.checked.push(checked);
        reports.flush().await;
    }
    Ok(())
}

/// What can be said of a case without trying it.
fn needless(case: &CheckCase, traits: &ServerTraits, prober: &Prober<'_>) -> Option<Judgement> {
    let is_talk = !matches!(case.act, Act::Ask(_));
    if case.needs_tls() && !prober.connect.target.scheme.is_tls() {
        return Some(Judgement::new(Verdict::Skipped, "the URL is that of a server without TLS"));
    }
    if !is_talk {
        return None;
    }
    if let Some(why) = &traits.bad_handshake {
        return Some(Judgement::new(Verdict::Unclear, why.as_str()));
    }
    if case.offer.is_some() && !traits.deflates {
        return Some(Judgement::new(Verdict::Skipped, "the server does not compress"));
    }
    let is_over = matches!(traits.idle, Outlook::Closes(_) | Outlook::Cuts);
    is_over
        .then(|| Judgement::new(Verdict::Unclear, format!("the server closes by itself: {}", traits.idle.in_words())))
}
