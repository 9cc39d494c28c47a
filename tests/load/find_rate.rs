//! `--find-rate`: the highest rate that holds a limit.

use std::io::Write as _;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::kit::net::Lines;
use super::kit::{CLOSE, echo, frame, free_port, read_frame, url};
use super::{each_open, load, number, records};

/// Takes this long for each message, and answers one after the other.
fn slow(each: Duration) -> String {
    each_open(move |mut stream| {
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            if opcode != CLOSE {
                std::thread::sleep(each);
            }
            if stream.write_all(&frame(opcode, &payload)).is_err() || opcode == CLOSE {
                return;
            }
        }
    })
}

#[test]
fn the_highest_rate_is_found_and_each_step_is_told() {
    // 100 messages a second at most, on each connection: more of them wait longer and longer.
    let server = slow(Duration::from_millis(10));
    let args = ["-c", "2", "--connect-rate", "1000", "--duration", "1s", "--wait", "300ms", "-x", "a", "-j"];
    let ran = load(&args).args(["--rate", "10", "--find-rate", "p99<150ms", &server]).run().code(0);
    let all = records(&ran);
    let (steps, last): (Vec<_>, Vec<_>) = all.iter().partition(|record| record["type"] == "step");
    assert!((4..=16).contains(&steps.len()), "{all:?}");
    assert_eq!((&last[0]["type"], &last[1]["type"], last.len()), (&"highest".into(), &"summary".into(), 2), "{all:?}");
    let highest = number(&last[0]["rate"]);
    assert!((60.0..=125.0).contains(&highest), "{all:?}");
    assert!((number(&last[0]["rate_of_all"]) - highest * 2.0).abs() < 0.01, "{all:?}");
    assert_eq!(last[0]["is_open"], false);
    for step in &steps {
        assert_eq!(step["held"] == true, number(&step["rate"]) <= highest, "{step}");
    }
    let failed = steps.iter().filter(|step| step["held"] == false).map(|step| number(&step["rate"]));
    assert!(failed.fold(f64::MAX, f64::min) <= highest * 1.05 + 0.001, "{all:?}");
    // The summary is that of the run with this rate.
    assert!((number(&last[1]["sent"]) - highest * 2.0).abs() <= 4.0, "{all:?}");
}

#[test]
fn where_no_rate_holds_or_nothing_is_reached_it_ends_and_says_so() {
    let server = slow(Duration::from_millis(20));
    let args = ["-c", "1", "--duration", "30ms", "--wait", "50ms", "-x", "a"];
    let begun = Instant::now();
    let ran = load(&args).args(["--rate", "100", "--find-rate", "p50<1ms", &server]).run().code(1);
    let out = ran.out();
    assert!(out.starts_with("100/s: does not hold p50<1ms: "), "{out}");
    assert!(out.contains("\nno rate holds p50<1ms\n--- "), "{out}");
    assert_eq!(out.matches(": does not hold").count(), 9, "{out}");
    let gone = format!("ws://127.0.0.1:{}/", free_port());
    let out = load(&args).args(["--find-rate", "p50<1ms", &gone]).run().code(3).out();
    assert!(out.starts_with("--- ") && out.contains("refused unreachable: 1"), "{out}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_rate_at_which_connections_break_does_not_hold() {
    let server = each_open(|mut stream| {
        let begun = Instant::now();
        let mut count = 0_u32;
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            count += 1;
            if opcode != CLOSE && f64::from(count) > 10.0 + 60.0 * begun.elapsed().as_secs_f64() {
                return;
            }
            if stream.write_all(&frame(opcode, &payload)).is_err() || opcode == CLOSE {
                return;
            }
        }
    });
    let args = ["-c", "1", "--duration", "500ms", "-x", "a", "--rate", "20", "--find-rate", "p99<10s"];
    let out = load(&args).arg(&server).run().code(0).out();
    assert!(out.contains("does not hold p99<10s: 1 connection refused or broken"), "{out}");
    assert!(out.contains("\nthe highest rate that holds p99<10s: "), "{out}");
}

#[test]
fn ctrl_c_ends_the_search_with_what_it_has_found() {
    let server = echo();
    let args = ["-c", "1", "--duration", "1s", "-x", "a", "--rate", "5", "--find-rate", "p99<1h"];
    let mut running = load(&args).arg(url(&server)).spawn();
    let lines = Lines::of(running.child.stdout.take().expect("it was piped"));
    while !lines.next().starts_with("10/s: holds p99<1h: ") {}
    running.signal(Signal::SIGINT);
    while lines.next() != "the highest rate that holds p99<1h: at least 10/s" {}
    while !lines.next().starts_with("latency ") {}
    assert_eq!(running.wait_code(), Some(0));
}

#[test]
fn what_cannot_be_searched_is_told_before_anything_connects() {
    for (args, why) in [
        (&["--find-rate", "p99<1s"][..], "`--find-rate` has no effect here"),
        (&["-x", "a", "--find-rate", "p99<1s", "--closed"], "--closed"),
        (&["-x", "a", "--find-rate", "p99<1s", "--threshold", "p99<1s"], "--threshold"),
        (&["-x", "a", "--find-rate", "p99<1s", "--hdr", "a"], "--hdr"),
        (&["-x", "a", "--find-rate", "p99<1s", "--match", "none"], "no replies are looked for"),
        (&["-x", "a", "--find-rate", "rate>9"], "expected what more messages make worse"),
        (&["-x", "a", "--find-rate", "p99>1s"], "expected what more messages make worse"),
        (&["-x", "a", "--find-rate", "p99"], "expected a limit like"),
    ] {
        load(args).arg(":1").run().code(2).says(why).stdout("");
    }
}
