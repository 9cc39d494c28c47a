//! `wsprobe listen --replay`: the server's part of a recording.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::kit::{self, Ran, Running, tool};
use super::{Tape, tape};

struct Playing {
    running: Running,
    stderr: BufReader<std::process::ChildStderr>,
    url: String,
}

fn play(tape: &Tape, args: &[&str]) -> Playing {
    let mut running = tool().args(["listen", "127.0.0.1:0", "--replay"]).arg(tape.path()).args(args).start();
    let mut stderr = BufReader::new(running.child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("it says where it listens");
    let url = line.trim().rsplit_once(' ').expect("it says where it listens").1.to_owned();
    Playing { running, stderr, url }
}

impl Playing {
    fn client(&self, args: &[&str]) -> Ran {
        tool().args(["-q", "--timeout", "50s", "-w", "forever"]).args(args).arg(&self.url).run()
    }

    /// Ends it; its exit status, and what it has said.
    fn stop(mut self) -> (Option<i32>, String) {
        self.running.signal(Signal::SIGTERM);
        let code = self.running.wait_code();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.stderr, &mut said).expect("it says text");
        (code, said)
    }
}

const CLOSES: &str = r#"{"dir":"in","type":"close","code":4000,"reason":"enough","clean":true}"#;

#[test]
fn what_the_server_said_is_said_again_and_its_close_too() {
    let server = kit::saying(&["one", "two"]);
    let recorded = Tape::empty();
    let path = recorded.path();
    tool().args(["-q", "-r", "--record"]).arg(&path).arg(kit::url(&server)).run().code(0);
    let playing = play(&recorded, &[]);
    playing.client(&["-r"]).code(0).stdout("one\ntwo\n");
    // For each client anew.
    playing.client(&["-r"]).code(0).stdout("one\ntwo\n");
    let binary = r#"{"dir":"in","type":"binary","base64":"AP8="}"#;
    let ping = r#"{"dir":"in","type":"ping","data":"there?"}"#;
    let other = tape(&[binary, ping, CLOSES]);
    let playing = play(&other, &[]);
    playing.client(&["-r", "-P"]).code(6).stdout(b"\0\xff").says("closed 4000 by the server (private use): enough");
    assert!(playing.client(&["-r", "-j"]).out().contains(r#""type":"ping","data":"there?""#));
}

#[test]
fn it_waits_for_as_many_messages_as_stood_before() {
    let tape = tape(&["<hello", ">a", ">b", "<both", ">c", "<last", CLOSES]);
    let playing = play(&tape, &["--speed", "max"]);
    let mut client = tool().args(["-q", "--timeout", "50s", "-w", "forever", &playing.url]).spawn();
    let mut lines = BufReader::new(client.child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut stdin = client.child.stdin.take().unwrap();
    let mut say = |text: &str| std::io::Write::write_all(&mut stdin, text.as_bytes()).unwrap();
    assert_eq!(lines.next().unwrap(), "hello");
    say("a\n");
    say("what is said does not matter\n");
    assert_eq!(lines.next().unwrap(), "both");
    say("c\n");
    assert_eq!(lines.next().unwrap(), "last");
    assert_eq!(client.wait_code(), Some(6));
}

#[test]
fn the_time_between_what_it_says_is_kept_or_scaled() {
    let at = |second: u32, text: &str| {
        format!(r#"{{"time":"2026-11-21T10:00:{second:02}Z","dir":"in","type":"text","data":"{text}"}}"#)
    };
    let tape = tape(&[&at(0, "a"), &at(2, "b"), CLOSES]);
    for (speed, least) in [("10x", 200), ("4x", 500), ("max", 0)] {
        let playing = play(&tape, &["--speed", speed]);
        let started = Instant::now();
        playing.client(&["-r"]).code(6).stdout("a\nb\n");
        assert!(started.elapsed() >= Duration::from_millis(least), "{speed}");
    }
}

#[test]
fn each_client_gets_the_next_connection_and_then_the_first_again() {
    let open = r#"{"dir":"in","type":"open","url":"ws://h/"}"#;
    let tape = tape(&[open, "<first", CLOSES, open, "<second", CLOSES]);
    let playing = play(&tape, &[]);
    for text in ["first\n", "second\n", "first\n"] {
        playing.client(&["-r"]).code(6).stdout(text);
    }
}

#[test]
fn what_clients_say_is_compared_where_that_is_asked_for() {
    let tape = tape(&[r#">{"op":"a","id":1}"#, "<x", CLOSES]);
    let playing = play(&tape, &["--compare", "--ignore", "id"]);
    playing.client(&["-x", r#"{"id":7,"op":"a"}"#]).code(6);
    let (code, said) = playing.stop();
    assert_eq!(code, Some(0), "{said}");
    let playing = play(&tape, &["--compare", "--ignore", "id"]);
    playing.client(&["-x", r#"{"id":7,"op":"b"}"#]).code(6).stdout("x\n");
    let (code, said) = playing.stop();
    assert_eq!(code, Some(1));
    assert!(said.contains("#1: answer 1 differs from line 1\n"), "{said}");
    assert!(said.contains("-   \"op\": \"a\"") && said.contains("+   \"op\": \"b\""), "{said}");
}

#[test]
fn a_bad_recording_is_refused_before_it_listens() {
    let bad = Tape::empty();
    bad.write("nonsense\n");
    let listen = |tape: &Tape, args: &[&str]| tool().args(["listen", "--replay"]).arg(tape.path()).args(args).run();
    listen(&bad, &[]).code(2).says("tape.jsonl:1: not JSON");
    bad.write("");
    listen(&bad, &[]).code(2).says("contains no recorded connection");
    listen(&tape(&["<x"]), &["--echo"]).code(2).says("--echo");
    tool().args(["listen", "--compare"]).run().code(2).says("--replay");
    tool().args(["listen", "--speed", "2x"]).run().code(2).says("--replay");
}

#[test]
fn a_client_replayed_against_its_server_replayed_differs_in_nothing() {
    let server = kit::echo();
    let recorded = Tape::empty();
    let path = recorded.path();
    tool().args(["-q", "-x", "a", "-x", r#"{"b":1}"#, "--record"]).arg(&path).arg(kit::url(&server)).run().code(0);
    let playing = play(&recorded, &["--compare"]);
    recorded.replay(&["-q", "--compare"], &playing.url).run().code(0).stdout("a\n{\"b\":1}\n").stderr("");
    let (code, said) = playing.stop();
    assert_eq!(code, Some(0), "{said}");
}
