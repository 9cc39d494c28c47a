//! `--find-rate`: runs at one rate after another, until the highest is found that holds.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::sync::mpsc;

use super::files::LoadFiles;
use super::output::LoadOutput;
use super::plan::LoadModel;
use super::run::{LoadEnd, LoadRun, LoadStart};
use super::search::RateSearch;
use super::threshold::{Threshold, ThresholdVerdict};
use crate::error::Error;
use crate::render::object::{or_null, record, text};
use crate::session::Rate;
use crate::term::Talk;

/// A rate is kept to a thousandth of a message a second.
const UNIT: Duration = Duration::from_secs(1000);

/// Prints a line for each run, and then the summary of the one with the highest rate.
pub(super) async fn find_rate(
    start: &LoadStart<'_>,
    limit: &Threshold,
    talk: &Talk,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<u8, Error> {
    let options = start.options;
    let Some(LoadModel::Open(first)) = options.model else { unreachable!("the command line sees to a rate") };
    let words = RateWords {
        connections: if options.is_fan_out() { 1 } else { options.openings.connections() },
        is_json: options.output == LoadOutput::Records,
        limit: limit.text(),
    };
    let draws = options.draws && options.output == LoadOutput::Lines;
    let seconds = if draws { LoadOutput::Lines } else { LoadOutput::Summary };
    let mut search = RateSearch::new(f64::from(first.messages.get()) / first.per.as_secs_f64());
    let (mut best, mut beyond) = (None, None);
    while let Some(rate) = search.next() {
        let mut run = LoadRun::start(start, Some(LoadModel::Open(rate_of(rate))), seconds, LoadFiles::default())?;
        let ended = run.watch(signals).await;
        run.close();
        if run.is_interrupted || matches!(ended, LoadEnd::AtOnce(_)) || run.all.opened == 0 {
            // It says nothing about the rate.
            return match best {
                Some(best) => words.conclude(best, true, ended, talk).await,
                None => run.finish(talk, ended).await,
            };
        }
        let verdict = limit.judge_rate(&run.all, run.summary().took);
        run.print(&words.step(rate, &verdict));
        run.flush().await;
        search.judge(verdict.is_met);
        if verdict.is_met {
            best = Some((rate, run));
        } else {
            beyond = run.summary().limit();
            if search.next().is_none() && best.is_none() {
                run.print(&words.none());
                return run.finish(talk, ended).await.map(|code| code.max(1));
            }
        }
    }
    let best = best.expect("a search that ends without one has ended above");
    beyond.iter().for_each(|words: &String| talk.warn(&format!("at the next higher rate, {words}")));
    words.conclude(best, search.is_open(), LoadEnd::Done, talk).await
}

/// How rates are told.
struct RateWords<'l> {
    /// Those that send at the rate.
    connections: u32,
    is_json: bool,
    limit: &'l str,
}

impl RateWords<'_> {
    /// Prints the highest rate that holds, and the summary of its run. `is_open`: no higher one has failed.
    async fn conclude(
        &self,
        (rate, run): (f64, LoadRun<'_>),
        is_open: bool,
        ended: LoadEnd,
        talk: &Talk,
    ) -> Result<u8, Error> {
        run.print(&if self.is_json {
            self.record("highest", Some(rate), &[("is_open", is_open.to_string())])
        } else {
            let least = if is_open { "at least " } else { "" };
            format!("the highest rate that holds {}: {least}{}\n", self.limit, self.rate(rate))
        });
        run.finish(talk, ended).await
    }

    fn step(&self, rate: f64, verdict: &ThresholdVerdict) -> String {
        let ThresholdVerdict { text: limit, is_met, found } = verdict;
        if self.is_json {
            return self.record("step", Some(rate), &[("held", is_met.to_string()), ("found", text(found))]);
        }
        let holds = if *is_met { "holds" } else { "does not hold" };
        format!("{}: {holds} {limit}: {found}\n", self.rate(rate))
    }

    fn none(&self) -> String {
        if self.is_json { self.record("highest", None, &[]) } else { format!("no rate holds {}\n", self.limit) }
    }

    fn record(&self, kind: &str, rate: Option<f64>, more: &[(&'static str, String)]) -> String {
        let [rate, all] = [1, self.connections].map(|count| or_null(rate.map(|rate| told(rate * f64::from(count)))));
        let mut fields = vec![("type", text(kind)), ("limit", text(self.limit)), ("rate", rate), ("rate_of_all", all)];
        fields.extend_from_slice(more);
        let mut out = String::new();
        record(&mut out, &fields);
        out
    }

    /// `2.5/s on each connection, 25/s in all`
    fn rate(&self, rate: f64) -> String {
        match self.connections {
            1 => format!("{}/s", told(rate)),
            many => format!("{}/s on each connection, {}/s in all", told(rate), told(rate * f64::from(many))),
        }
    }
}

/// To a thousandth, where there is one.
fn told(rate: f64) -> String {
    ((rate * 1000.0).round() / 1000.0).to_string()
}

/// As a number of messages in a long time.
fn rate_of(per_second: f64) -> Rate {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is too much becomes the most")]
    let messages = (per_second * UNIT.as_secs_f64()).round() as u32;
    Rate { messages: NonZeroU32::new(messages).unwrap_or(NonZeroU32::MIN), per: UNIT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_for_one_connection_and_for_all() {
        let words = RateWords { connections: 10, is_json: false, limit: "p99<1s" };
        let verdict = ThresholdVerdict { text: "p99<1s".to_owned(), is_met: true, found: "9.000 ms".to_owned() };
        assert_eq!(
            words.step(1.0 / 3.0, &verdict),
            "0.333/s on each connection, 3.333/s in all: holds p99<1s: 9.000 ms\n"
        );
        assert_eq!(RateWords { connections: 1, ..words }.rate(64.0), "64/s");
        assert_eq!(rate_of(2.5).messages.get(), 2500);
        assert_eq!(rate_of(1e12).messages.get(), u32::MAX);
        assert_eq!(rate_of(0.0).messages.get(), 1);
    }
}
