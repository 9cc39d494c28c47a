//! `--reply`: application-level pings are answered, whatever else happens.
#![allow(clippy::disallowed_methods, reason = "tests own their processes and sockets")]

use std::io::Write as _;
use std::time::Duration;

use super::kit;
use super::kit::net::Place;
use super::kit::pty::prompt;
use super::kit::{Client, TEXT, frame, read_frame, tool, url};
use wsprobe::testing::{Said, Server};

/// Pings five times, each time after the answer to the one before, and closes.
fn pinging() -> Server {
    kit::serving(|client: Client| async move {
        for n in 0..5 {
            client.text(&format!("ping {n}")).await;
            while client.next().await != Some(Said::Text(format!("pong {n}"))) {}
        }
        client.close(1000, "").await;
    })
}

const RULE: [&str; 3] = ["--reply", r"^ping (\d+)", "pong $1"];

#[test]
fn pings_of_the_application_are_answered_during_the_input_and_after_its_end() {
    let all = "ping 0\nping 1\nping 2\nping 3\nping 4\n";
    tool().args(RULE).args(["-w", "30s"]).arg(url(&pinging())).stdin("a\nb\n").run().code(0).stdout(all);
    tool().args(RULE).arg("-r").arg(url(&pinging())).run().code(0).stdout(all);
    tool().args(RULE).args(["-x", "a", "-w", "30s"]).arg(url(&pinging())).run().code(0).stdout(all);
    // Neither a rate nor input that waits for it holds answers up.
    let held_up = tool().args(RULE).args(["--rate", "1/1h"]).arg(url(&pinging())).stdin("a\nb\nc\n").run();
    held_up.code(0).stdout(all);
}

#[test]
fn answers_stand_in_records_as_what_was_sent() {
    let ran = tool().args(RULE).args(["-j", "-r"]).arg(url(&pinging())).run().code(0);
    for n in 0..5 {
        let [ping, pong] = [("in", "ping"), ("out", "pong")]
            .map(|(dir, word)| format!(r#""dir":"{dir}","type":"text","data":"{word} {n}"}}"#));
        let place = |record: &str| ran.out().find(record).unwrap_or_else(|| panic!("{record} in {}", ran.out()));
        assert!(place(&ping) < place(&pong), "{}", ran.out());
    }
}

#[test]
fn with_binary_messages_are_answered_in_kind_and_the_first_rule_wins() {
    let (server, heard) = kit::channel();
    let serving = kit::serving(move |client: Client| {
        let server = server.clone();
        async move {
            client.binary(b"\xffping").await;
            client.text("ping too").await;
            while let Some(said) = client.next().await {
                server.send(said).unwrap();
            }
        }
    });
    let rules = ["--reply", "too$", r"$$1 \u{e9}", "--reply", "ping", "pong", "--reply", "p", "never"];
    let ran = tool().args(["-b", "-r", "--escapes"]).args(rules).arg(url(&serving)).start();
    let said: Vec<_> = std::iter::from_fn(|| heard.recv_timeout(Duration::from_secs(30)).ok())
        .filter(|said| matches!(said, Said::Binary(_)))
        .take(2)
        .collect();
    assert_eq!(said, [Said::Binary(b"pong".to_vec()), Said::Binary("$1 é".into())]);
    ran.signal(nix::sys::signal::Signal::SIGINT);
    ran.wait().code(130);
}

#[test]
fn the_next_connection_answers_too() {
    let place = Place::new();
    let listener = place.listen();
    let mut running =
        tool().args(RULE).args(["-r", "--reconnect", "--reconnect-delay", "1ms..20ms"]).arg(place.url()).spawn();
    for n in 1..3 {
        let mut client = kit::net::welcome(&listener);
        client.write_all(&frame(TEXT, format!("ping {n}").as_bytes())).unwrap();
        assert_eq!(read_frame(&mut client).unwrap(), (TEXT, format!("pong {n}").into_bytes()));
    }
    running.child.kill().unwrap();
}

#[test]
fn at_the_prompt_an_answer_is_nothing_that_was_typed() {
    let server = kit::serving(|client: Client| async move {
        let (mut greetings, mut answers) = (0, 0);
        while let Some(said) = client.next().await {
            match said {
                Said::Text(said) if said == "hello" => greetings += 1,
                Said::Text(_) => answers += 1,
                _ => continue,
            }
            client.text(if answers < greetings { "ping 1" } else { "answered" }).await;
        }
    });
    let url = url(&server);
    let mut screen = prompt([&RULE[..], &[&url]].concat()).start();
    screen.keys("hello\r");
    screen.shows("< answered");
    screen.keys("/repeat 1\r");
    screen.wait("the second ping", |screen| screen.contents().matches("< answered").count() == 2);
    assert_eq!(screen.contents().matches("< ping 1").count(), 2);
    screen.keys("/quit\r");
    screen.leaves_with(0);
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    for (args, error) in [
        (&["--reply", "(", "x"][..], "invalid value `(` for `--reply <REGEX> <TEXT>`"),
        (&["--reply", "x", r"\q", "--escapes"], r"invalid value `\q` for `--reply <REGEX> <TEXT>`"),
        (&["--reply", "x", r"\xff", "--escapes", "-b"], "it is not UTF-8"),
        (&["--reply", "x", "y", "--echo"], "cannot be used with"),
    ] {
        tool().args(args).arg("ws://localhost:1").run().code(2).stdout("").says(error);
    }
}
