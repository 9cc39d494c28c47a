//! Pings at an interval, and the records in which `wsprobe ping --json` tells of their pongs.

use std::fmt::Write as _;
use std::time::Duration;

/// The shortest `--interval` of wsprobe.
pub const INTERVAL: Duration = Duration::from_millis(10);

/// As large as wsprobe's.
pub const PAYLOAD: [u8; 32] = [0; 32];

const KEY: &str = "\"pong_ms\":";

/// Appends a record of a pong.
pub fn put_record(out: &mut String, took: Duration) {
    writeln!(out, "{{\"type\":\"round\",{KEY}{:.3}}}", took.as_secs_f64() * 1e3).expect("it is a string");
}

/// How long each pong of the rounds took, in nanoseconds.
pub fn read_records(text: &str) -> Vec<u64> {
    let rounds = text.lines().filter(|line| line.contains("\"type\":\"round\""));
    rounds
        .filter_map(|round| {
            let (_, value) = round.split_once(KEY)?;
            let value: f64 = value.split([',', '}']).next()?.parse().ok()?;
            Some((value * 1e6).round() as u64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read_and_a_lost_ping_is_not() {
        let mut text = String::from("{\"type\":\"open\",\"total_ms\":1.5}\n");
        put_record(&mut text, Duration::from_nanos(52_000));
        text += "{\"type\":\"round\",\"seq\":2,\"bytes\":32,\"pong_ms\":null}\n";
        text += "{\"type\":\"round\",\"seq\":3,\"bytes\":32,\"pong_ms\":0.071,\"answer_ms\":null}\n";
        text += "{\"type\":\"summary\",\"pong_ms\":{\"min\":0.052}}\n";
        assert_eq!(read_records(&text), [52_000, 71_000]);
    }
}
