//! The result of a run: its figure, what arrived, and its errors.

use compare::load::{Load, Tally};
use compare::usage::Usage;

use crate::job::Does;
use crate::server::Served;
use crate::talk::Heard;

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Nanoseconds; bytes for `Idle` and `Size`. None when it came to no end.
    pub value: Option<u64>,
    /// Nanoseconds.
    pub cpu: u64,
    /// Bytes.
    pub peak: u64,
    /// Messages that came whole, where they can be counted.
    pub arrived: Option<u64>,
    /// What was wrong with it.
    pub trouble: Option<String>,
}

impl Ran {
    pub fn failed(trouble: impl Into<String>) -> Self {
        Self { trouble: Some(trouble.into()), ..Self::default() }
    }

    /// Of a client that has ended.
    pub fn judged(does: Does, usage: Usage, heard: Heard, served: Served) -> Self {
        let mut ran = Self { cpu: usage.cpu, peak: usage.peak * 1024, ..Self::default() };
        ran.value = Some(usage.ended - usage.started);
        match (does, heard) {
            (Does::Send(load, _), _) => {
                ran.value = (served.last > 0).then(|| served.last - usage.started);
                ran.arrived = Some(served.tally.whole / load.blocks_per_message());
                ran.trouble = losses(load, served.tally).or_else(|| borders(load, served.messages));
            }
            (Does::Receive(load, _), Heard::Messages(tally)) => {
                ran.arrived = Some(tally.whole / load.blocks_per_message());
                let ends = tally.newlines >= load.count;
                ran.trouble = losses(load, tally).or_else(|| (!ends).then(|| "no newlines".to_owned()));
            }
            (Does::RoundTrips(count, _) | Does::Pings(count, _), Heard::Trips(mut trips)) => {
                ran.arrived = Some(trips.len() as u64);
                ran.trouble = (trips.len() < count).then(|| format!("stopped after {}", trips.len()));
                ran.value = (trips.len() == count).then(|| median(&mut trips));
            }
            (Does::Start, Heard::Text(text)) => {
                let is_answered = text.contains("hello");
                ran.arrived = Some(is_answered.into());
                ran.trouble = (!is_answered).then(|| "no reply".to_owned());
            }
            _ => {}
        }
        if usage.status != 0 && ran.trouble.is_none() {
            ran.trouble = Some(format!("exit status {}", usage.status));
        }
        ran
    }
}

fn losses(load: Load, tally: Tally) -> Option<String> {
    let all = load.count * load.blocks_per_message();
    if tally.whole < all {
        let lost = 100.0 * (all - tally.whole) as f64 / all as f64;
        return Some(if lost < 0.1 { "lost a few".to_owned() } else { format!("lost {lost:.1} %") });
    }
    (tally.astray > 0 || tally.whole > all).then(|| "out of order".to_owned())
}

/// Whether the server got the messages as they were cut by stdin.
fn borders(load: Load, messages: u64) -> Option<String> {
    match messages {
        more if more > load.count => Some(format!("cut into {more}")),
        less if less < load.count => Some(format!("joined into {less}")),
        _ => None,
    }
}

fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use compare::load::LONGEST_BLOCK;

    use super::*;
    use crate::job::{Cpus, From, To};

    const LOAD: Load = Load { count: 100, size: 32 };
    const USAGE: Usage = Usage { started: 1000, ended: 5000, status: 0, peak: 2, cpu: 7 };

    fn tally(whole: u64, astray: u64) -> Tally {
        Tally { whole, astray, newlines: whole, other_bytes: 0 }
    }

    fn received(tally: Tally) -> Ran {
        Ran::judged(Does::Receive(LOAD, To::Pipe), USAGE, Heard::Messages(tally), Served::default())
    }

    #[test]
    fn a_run_in_which_all_arrived_is_one_without_trouble() {
        let ran = received(tally(100, 0));
        assert_eq!(ran, Ran { value: Some(4000), cpu: 7, peak: 2048, arrived: Some(100), trouble: None });
    }

    #[test]
    fn what_is_lost_out_of_order_or_without_its_end_is_said() {
        assert_eq!(received(tally(98, 1)).trouble.unwrap(), "lost 2.0 %");
        assert_eq!(received(tally(100, 2)).trouble.unwrap(), "out of order");
        assert_eq!(received(Tally { newlines: 0, ..tally(100, 0) }).trouble.unwrap(), "no newlines");
        let failed = Usage { status: 1, ..USAGE };
        let heard = Heard::Messages(tally(100, 0));
        let ran = Ran::judged(Does::Receive(LOAD, To::Pipe), failed, heard, Served::default());
        assert_eq!(ran.trouble.unwrap(), "exit status 1");
    }

    #[test]
    fn sending_ends_when_the_server_has_the_last_message() {
        let load = Load { count: 2, size: 2 * LONGEST_BLOCK };
        let sent = |messages| {
            let served = Served { messages, tally: tally(4, 0), last: 3000 };
            Ran::judged(Does::Send(load, From::Pipe), USAGE, Heard::Nothing, served)
        };
        assert_eq!((sent(2).value, sent(2).arrived, sent(2).trouble), (Some(2000), Some(2), None));
        assert_eq!(sent(8).trouble.unwrap(), "cut into 8");
    }

    #[test]
    fn round_trips_count_when_all_were_made() {
        let made = |trips| Ran::judged(Does::RoundTrips(3, Cpus::Any), USAGE, Heard::Trips(trips), Served::default());
        assert_eq!(made(vec![30, 10, 20]).value, Some(20));
        assert_eq!(made(vec![30, 10]).trouble.unwrap(), "stopped after 2");
    }
}
