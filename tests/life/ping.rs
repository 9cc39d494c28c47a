//! `wsprobe ping`: what it measures, and what its exit status tells.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::kit;
use super::kit::net::Lines;
use super::kit::{CLOSE, PING, Raw, TEXT, Tool, echo, frame, read_frame, serving, tool, url};
use nix::sys::signal::Signal;

const PONG: u8 = 10;

fn ping(args: &[&str]) -> Tool {
    tool().arg("ping").args(args)
}

/// Serves a client that pings: answers the Close, and what `answer` says to all else.
fn answering(answer: impl Fn(u8, Vec<u8>) -> Vec<u8> + Send + 'static) -> Raw {
    Raw::open(move |mut stream| {
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            let answer = if opcode == CLOSE { frame(CLOSE, &payload) } else { answer(opcode, payload) };
            if stream.write_all(&answer).is_err() || opcode == CLOSE {
                return;
            }
        }
    })
}

fn pongs(opcode: u8, payload: Vec<u8>) -> Vec<u8> {
    if opcode == PING { frame(PONG, &payload) } else { Vec::new() }
}

fn records(out: &str) -> Vec<serde_json::Value> {
    kit::schema::records(out)
}

#[test]
fn each_ping_is_a_line_and_all_of_them_are_a_summary() {
    let server = echo();
    let out = ping(&["-c", "3", "--interval", "10ms", &url(&server)]).run().code(0).stderr("").out();
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 7, "{out}");
    assert!(lines[0].starts_with(&format!("{} (127.0.0.1:{}): name ", url(&server), server.port())), "{out}");
    for step in [" ms, TCP ", " ms, handshake ", " ms in all"] {
        assert!(lines[0].contains(step), "{out}");
    }
    for (number, line) in (1..).zip(&lines[1..4]) {
        assert!(line.starts_with(&format!("{number}: pong of 32 bytes after ")), "{out}");
    }
    assert_eq!(lines[4], format!("--- {} ---", url(&server)));
    assert!(lines[5].starts_with("3 pings sent, 3 received, 0 lost (0 %), in 0."), "{out}");
    assert!(lines[6].starts_with("ping    min/avg/max/mdev ") && lines[6].contains("; p50/p95/p99 "), "{out}");
}

#[test]
fn a_ping_has_the_payload_that_was_asked_for() {
    for size in [0, 1, 125] {
        let server = answering(move |opcode, payload| {
            assert_eq!((opcode, payload.len()), (PING, size));
            frame(PONG, &payload)
        });
        let size = size.to_string();
        let ran = ping(&["--count", "2", "--interval", "10ms", "--size", &size, "-q", &server.url()]).run().code(0);
        assert!(ran.out().contains("2 pings sent, 2 received, 0 lost"), "{}", ran.out());
        server.join();
    }
    ping(&["--size", "126", ":1"]).run().code(2).says("from 0 to 125");
    ping(&["--interval", "9ms", ":1"]).run().code(2).says("at least 10ms");
}

#[test]
fn a_message_is_timed_beside_its_ping_and_the_next_message_answers_it() {
    let server = echo();
    let out = ping(&["--count", "2", "--interval", "10ms", "-j", "-x", "hello", &url(&server)]).run().code(0).out();
    let all = records(&out);
    let types: Vec<_> = all.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["open", "round", "round", "summary"]);
    assert!(all[0]["steps_ms"]["handshake"].as_f64().unwrap() > 0.0);
    for round in &all[1..3] {
        let [pong, answer] = ["pong_ms", "answer_ms"].map(|key| round[key].as_f64().unwrap());
        assert!(pong > 0.0 && answer > 0.0, "{out}");
    }
    assert_eq!(all[3]["answers"], 2, "{out}");
    for key in ["min", "avg", "max", "mdev", "p50", "p95", "p99", "jitter"] {
        assert!(all[3]["answer_ms"][key].is_number() && all[3]["pong_ms"][key].is_number(), "{out}");
    }
}

#[test]
fn only_a_message_that_matches_is_the_answer() {
    // Answers a text after as long as it takes to say something else.
    let slow = || {
        serving(|client| async move {
            while client.next().await.is_some() {
                client.feed(r#"{"tick":1}"#).await;
                client.feed(r#"{"id":7,"result":"ok"}"#).await;
            }
        })
    };
    for (pattern, answers) in [("json:$.result", 1), ("result", 1), ("json:$.error", 0), ("nothing", 0)] {
        let (server, args) = (slow(), ["--count", "1", "--interval", "10ms", "-j", "-x", "a", "--match", pattern]);
        let out = ping(&args).args(["--deadline", "1s"]).arg(url(&server)).run().code(0).out();
        assert_eq!(records(&out).last().unwrap()["answers"], answers, "{pattern}: {out}");
    }
    ping(&["--match", "a", ":1"]).run().code(2);
    ping(&["-x", "a", "--match", "json:$[", ":1"]).run().code(2).says("JSONPath");
}

#[test]
fn each_round_can_have_a_connection_of_its_own() {
    let (tell, told) = kit::channel();
    let server = serving(move |client| {
        tell.send(()).unwrap();
        async move { while client.next().await.is_some() {} }
    });
    let args = ["--count", "3", "--interval", "10ms", "--reconnect-each", "-j"];
    let out = ping(&args).arg(url(&server)).run().code(0).out();
    assert_eq!(told.try_iter().count(), 3);
    let all = records(&out);
    assert!(all[1..4].iter().all(|round| round["opening_ms"].as_f64().unwrap() > 0.0), "{out}");
    assert!(all[4]["opening_ms"]["max"].is_number(), "{out}");
}

#[test]
fn a_connection_for_each_round_is_warned_of_once_and_only_the_first_waits_for_the_server() {
    let strange = kit::http::Http::start_tls(kit::tls::stranger(), kit::http::welcome);
    let each = ["--reconnect-each", "--count", "3", "--interval", "10ms"];
    let ran = ping(&each).args(["-k", &strange.url("/")]).run();
    assert_eq!(ran.stderr.matches("certificate is not checked").count(), 1, "{}", ran.stderr);
    let place = kit::net::Place::new();
    let (url, listener) = (place.url(), place.listen());
    std::thread::spawn(move || {
        let mut stream = kit::net::welcome(&listener);
        drop(listener);
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            let _ = stream.write_all(&frame(if opcode == PING { PONG } else { opcode }, &payload));
        }
    });
    let ran = ping(&each).args(["--wait-for-server=1s", &url]).run().code(0);
    assert!(ran.out().contains("3 pings sent, 1 received, 2 lost"), "{}", ran.out());
    assert!(!ran.stderr.contains("waiting for the server"), "{}", ran.stderr);
}

#[test]
fn a_deadline_that_comes_while_a_later_round_connects_loses_nothing() {
    let place = kit::net::Place::new();
    let (url, listener) = (place.url(), place.listen());
    std::thread::spawn(move || {
        let mut stream = kit::net::welcome(&listener);
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            let _ = stream.write_all(&frame(if opcode == PING { PONG } else { opcode }, &payload));
        }
        // The second one gets no answer.
        let _ = listener.accept().map(|(mut stream, _)| std::io::copy(&mut stream, &mut std::io::sink()));
    });
    let args = ["--reconnect-each", "--interval", "10ms", "--deadline", "300ms"];
    let ran = ping(&args).arg(&url).run().code(0).stderr("");
    assert!(ran.out().contains("1 ping sent, 1 received, 0 lost"), "{}", ran.out());
}

#[test]
fn what_is_not_answered_is_lost_and_nothing_answered_is_exit_7() {
    let silent = || answering(|_, _| Vec::new());
    let args = ["--count", "3", "--interval", "10ms", "--deadline", "300ms"];
    let out = ping(&args).arg(silent().url()).run().code(7).out();
    assert!(out.contains("3: no pong\n") && out.contains("3 pings sent, 0 received, 3 lost (100 %)"), "{out}");
    let some = answering(|opcode, payload| if payload[7] == 2 { Vec::new() } else { pongs(opcode, payload) });
    let out = ping(&args).arg(some.url()).run().code(0).out();
    assert!(out.contains("2: no pong\n") && out.contains("3 pings sent, 2 received, 1 lost (33 %)"), "{out}");
}

#[test]
fn however_many_pings_are_under_way_time_alone_makes_them_lost() {
    let server = Raw::open(|mut stream| {
        let pings: Vec<_> = (0..100).filter_map(|_| read_frame(&mut stream).ok()).collect();
        let pongs: Vec<_> = pings.iter().flat_map(|(_, payload)| frame(PONG, payload)).collect();
        stream.write_all(&pongs).expect("the client still waits");
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            if opcode == CLOSE {
                return drop(stream.write_all(&frame(CLOSE, &payload)));
            }
        }
    });
    let ran = ping(&["--count", "100", "--interval", "10ms", "-q", &server.url()]).run().code(0);
    assert!(ran.out().contains("100 pings sent, 100 received, 0 lost"), "{}", ran.out());
}

#[test]
fn a_connection_that_fails_or_ends_has_the_status_of_a_client() {
    ping(&[&format!("ws://127.0.0.1:{}/", kit::free_port())]).run().code(3).stdout("");
    ping(&[&Raw::answering("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").url()]).run().code(4).stdout("");
    let cut = Raw::open(|mut stream| drop(read_frame(&mut stream)));
    let ran = ping(&[&cut.url()]).run().code(5).says("the connection was cut without a Close");
    assert!(ran.out().contains("1 ping sent, 0 received, 1 lost (100 %)"), "{}", ran.out());
    // Who got an answer has measured something.
    let closes = answering(|_, payload| [frame(PONG, &payload), frame(CLOSE, b"\x03\xf3going")].concat());
    ping(&["--interval", "1h", &closes.url()]).run().code(0).says("closed 1011");
    let late = Raw::start(|stream, _| drop(stream.peek(&mut [0])));
    ping(&["--deadline", "200ms", &late.url()]).run().code(7).says("--deadline");
}

#[test]
fn ctrl_c_prints_the_summary() {
    let server = answering(pongs);
    let mut running = ping(&["--interval", "10ms", &server.url()]).spawn();
    let lines = Lines::of(running.child.stdout.take().expect("it was piped"));
    while !lines.next().starts_with("3: pong") {}
    running.signal(Signal::SIGINT);
    while !lines.next().contains(" received, ") {}
    assert_eq!(running.wait_code(), Some(0));
}

#[test]
fn ctrl_c_does_not_wait_for_a_reader_that_does_not_read() {
    let (tell, told) = kit::channel();
    let server = answering(move |opcode, payload| {
        let _ = tell.send(());
        pongs(opcode, payload)
    });
    let (mut stdout, _reader) = UnixStream::pair().expect("there are free sockets");
    stdout.set_nonblocking(true).expect("it is a socket");
    while stdout.write(&[b'x'; 4096]).is_ok() {}
    stdout.set_nonblocking(false).expect("it is a socket");
    let mut running = ping(&["--interval", "10ms", &server.url()]).stdout_to(OwnedFd::from(stdout)).start();
    (0..3).for_each(|_| told.recv_timeout(kit::PATIENCE).expect("it pings"));
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait_code(), Some(0));
}

#[test]
fn a_reader_that_leaves_ends_it() {
    let server = answering(pongs);
    let script = format!("\"$@\" ping --interval 10ms {} | head -n 2", server.url());
    let ran = kit::tool_in_shell(&script).run().code(0);
    assert_eq!(ran.out().lines().count(), 2, "{}", ran.out());
}

#[test]
fn pings_go_out_at_their_interval_whatever_comes() {
    let server = answering(|opcode, payload| [pongs(opcode, payload), frame(TEXT, b"noise")].concat());
    let ran = ping(&["--count", "5", "--interval", "50ms", "-j", &server.url()]).run().code(0);
    let seconds = records(&ran.out()).last().unwrap()["seconds"].as_f64().unwrap();
    assert!(seconds >= Duration::from_millis(200).as_secs_f64(), "{seconds}");
}

#[test]
fn a_terminal_gets_the_steps_as_bars() {
    let server = answering(pongs);
    let mut screen = kit::pty::prompt(["ping", "--count", "1", &server.url()]).start();
    screen.shows("  handshake ");
    screen.shows("1 ping sent, 1 received");
    assert_eq!(screen.code(), 0);
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    for option in [&["--ping-interval", "1s"][..], &["--heartbeat", "a"], &["--reconnect"]] {
        ping(option).arg(":1").run().code(2).says("has no effect here");
    }
}
