//! What is sent again, when, and on which connection.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::kit::{self, Said, Server, channel, echo, free_port, hearing, pty, saying, serving, text, url};
use super::{CLOSED, Tape, came, out, tape};

#[test]
fn what_was_sent_is_sent_again_in_order() {
    let (server, heard) = hearing();
    let tape = Tape::of(&[
        r#"{"time":"2026-11-21T10:00:00.000000Z","dir":"in","type":"open","url":"ws://elsewhere/"}"#,
        r#"{"time":"2026-11-21T10:00:00.000001Z","dir":"out","type":"text","data":"é\n"}"#,
        r#"{"dir":"out","type":"binary","base64":"AP8="}"#,
        r#"{"dir":"out","type":"ping","data":"mine"}"#,
        r#"{"dir":"in","type":"pong","data":"mine","rtt_ms":1.5}"#,
        r#"{"dir":"out","type":"ping","data":"keepalive 1"}"#,
        r#"{"dir":"in","type":"ping","data":"theirs"}"#,
        r#"{"dir":"out","type":"pong","data":"theirs"}"#,
        r#"{"dir":"out","type":"pong","data":"unasked"}"#,
        r#"{"dir":"out","type":"frame","opcode":1,"data":"x"}"#,
        r#"{"dir":"out","type":"close","code":4000,"reason":"enough","clean":true}"#,
    ]);
    tape.replay(&[], &url(&server)).run().code(0).stdout("").says("closed 4000");
    let said = std::iter::from_fn(|| Some(heard.next()).filter(|said| !matches!(said, Said::Close(..))));
    let expected =
        [text("é\n"), Said::Binary(vec![0, 255]), Said::Ping(b"mine".to_vec()), Said::Pong(b"unasked".to_vec())];
    assert_eq!(said.collect::<Vec<_>>(), expected);
}

#[test]
fn the_recorded_close_has_its_code_and_its_reason() {
    let (server, heard) = hearing();
    let tape = Tape::of(&[r#"{"dir":"out","type":"close","code":4001,"reason":"bye","clean":true}"#]);
    tape.replay(&["-q"], &url(&server)).run().code(0);
    assert_eq!(heard.next(), Said::Close(Some(4001), "bye".to_owned()));
}

#[test]
fn answers_are_printed_as_a_pipe_prints_them() {
    let server = echo();
    let tape = tape(&[">a", "<a", ">b", "<b", CLOSED]);
    tape.replay(&["-q"], &url(&server)).run().code(0).stdout("a\nb\n").stderr("");
    let ran = tape.replay(&["-q", "-j"], &url(&server)).run().code(0);
    assert_eq!(ran.out().lines().count(), 6, "{ran:?}");
}

#[test]
fn the_time_between_two_messages_is_kept_or_scaled() {
    let at = |millis: u32| format!(r#""time":"2026-11-21T10:00:00.{millis:03}Z","#);
    let record = |millis| format!(r#"{{{}"dir":"out","type":"text","data":"x"}}"#, at(millis));
    let hours = r#"{"time":"2026-11-21T23:00:00Z","dir":"out","type":"text","data":"x"}"#.to_owned();
    for (args, records, least) in [
        (&[][..], vec![record(0), record(200), record(400)], 400),
        (&["--speed", "2x"], vec![record(0), record(200), record(400)], 200),
        (&["--speed", "0.5x"], vec![record(0), record(200)], 400),
        (&["--speed", "max"], vec![record(0), hours], 0),
    ] {
        let (tell, times) = channel();
        let server = serving(move |client| {
            let tell = tell.clone();
            async move {
                while let Some(said) = client.next().await {
                    if said == text("x") {
                        let _ = tell.send(Instant::now());
                    }
                }
            }
        });
        let tape = Tape::empty();
        tape.write(&format!("{}\n{CLOSED}\n", records.join("\n")));
        let started = Instant::now();
        tape.replay(args, &url(&server)).run().code(0);
        let times: Vec<_> = records.iter().map(|_| times.recv_timeout(kit::PATIENCE).unwrap()).collect();
        let took = times[times.len() - 1] - started;
        assert!(took >= Duration::from_millis(least), "{args:?}: {took:?}");
    }
}

#[test]
fn what_followed_an_answer_waits_for_it_at_any_speed() {
    let server = serving(|client| async move {
        assert_eq!(client.next().await, Some(text("a")));
        // Nothing comes for as long as nothing is answered.
        let early = tokio::time::timeout(Duration::from_millis(200), client.next()).await;
        client.text(if early.is_ok() { "too early" } else { "1" }).await;
        client.text("2").await;
        let next = client.next().await;
        client.text(if next == Some(text("b")) { "3" } else { "another" }).await;
        while client.next().await.is_some() {}
    });
    let tape = tape(&[">a", "<1", "<2", ">b", "<3", CLOSED]);
    tape.replay(&["-q", "--speed", "max"], &url(&server)).run().code(0).stdout("1\n2\n3\n");
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for_for_ever() {
    let (server, heard) = hearing();
    let tape = tape(&[">a", "<1", "<2", ">b", "<3", ">c", CLOSED]);
    let ran = tape.replay(&["--wait", "50ms"], &url(&server)).run().code(0);
    ran.says("wsprobe: 2 messages of the recording did not come within 50ms (--wait)\n")
        .says("wsprobe: 1 message of the recording did not come within 50ms (--wait)\n");
    assert_eq!(heard.texts(), ["a", "b", "c"]);
}

#[test]
fn a_server_that_closed_is_waited_for_and_then_closed() {
    let closes = r#"{"dir":"in","type":"close","code":1001,"reason":"","clean":true}"#;
    let server = saying(&["x"]);
    tape(&["<x", closes]).replay(&["--wait", "forever"], &url(&server)).run().code(0).says("closed 1000");
    let (server, heard) = hearing();
    tape(&[">a", closes]).replay(&["--wait", "50ms"], &url(&server)).run().code(0).says("closed 1000");
    assert_eq!(heard.next(), text("a"));
    assert_eq!(heard.next(), Said::Close(Some(1000), String::new()));
}

/// A server that reports what it receives and when its client has left; `cut me` makes it cut the connection.
fn telling_who_left() -> (Server, mpsc::Receiver<Said>) {
    let (tell, heard) = channel();
    let server = serving(move |client| {
        let tell = tell.clone();
        async move {
            while let Some(said) = client.next().await {
                if said == text("cut me") {
                    break;
                }
                let _ = tell.send(said);
            }
            let _ = tell.send(text("gone"));
        }
    });
    (server, heard)
}

#[test]
fn each_recorded_connection_is_made_again() {
    let (server, heard) = telling_who_left();
    let open = r#"{"dir":"in","type":"open","url":"ws://h/"}"#;
    let cut = r#"{"dir":"in","type":"close","code":1006,"reason":"","clean":false}"#;
    let tape = tape(&[open, ">a", ">cut me", cut, r#"{"dir":"in","type":"error","data":"x"}"#, open, ">b", CLOSED]);
    tape.replay(&[], &url(&server)).run().code(0).says("cut without a Close");
    let said: Vec<_> = (0..4).map(|_| heard.recv_timeout(kit::PATIENCE).unwrap()).collect();
    assert_eq!(said, [text("a"), text("gone"), text("b"), Said::Close(Some(1000), String::new())]);
}

#[test]
fn a_connection_that_was_dropped_is_dropped_again() {
    let (server, heard) = telling_who_left();
    let dropped = r#"{"dir":"out","type":"close","code":1006,"reason":"","clean":false}"#;
    tape(&[">a", dropped]).replay(&["--compare"], &url(&server)).run().code(0);
    let said = [(); 2].map(|()| heard.recv_timeout(kit::PATIENCE).unwrap());
    assert_eq!(said, [text("a"), text("gone")]);
}

#[test]
fn a_bad_recording_is_refused_before_anything_connects() {
    let nowhere = format!("ws://127.0.0.1:{}/", free_port());
    for (text, why) in [
        (format!("{}\nnonsense\n", out("a")), ":2: not JSON"),
        (format!("{}\n\n{{\"data\":\"x\"}}\n", came("a")), ":3: each line of a recording must have its direction"),
        (String::new(), "contains no recorded connection"),
    ] {
        let tape = Tape::empty();
        tape.write(&text);
        tape.replay(&[], &nowhere).run().code(2).stdout("").says(why);
    }
    Tape::empty().replay(&[], &nowhere).run().code(2).says("cannot read the recording `");
    let ran = kit::tool().args(["replay", "/dev/null", &nowhere]).run().code(2);
    ran.says("it is not a file that can be read twice");
    let tape = tape(&[">a"]);
    tape.replay(&["--client", "#1"], &nowhere).run().code(2).says("has no client #1");
    tape.replay(&["--reconnect"], &nowhere).run().code(2).says("`--reconnect` cannot be used with `replay`");
    tape.replay(&["--vi"], &nowhere).run().code(2).says("`--vi` cannot be used with `replay`");
    tape.replay(&["--ignore", "a"], &nowhere).run().code(2).says("--compare");
    tape.replay(&["--compare", "--ignore", "$["], &nowhere).run().code(2).says("is not a JSONPath");
    for speed in ["0x", "-1", "fast", "infx"] {
        tape.replay(&[&format!("--speed={speed}")], &nowhere).run().code(2).says("expected a speed like");
    }
    tape.replay(&[], &nowhere).run().code(3);
}

#[test]
fn all_options_of_a_connection_hold() {
    let server = serving(|client| async move {
        let tenant = client.header("x-tenant").unwrap_or("none").to_owned();
        client.text(&format!("{tenant} {}", client.subprotocol().unwrap_or("none"))).await;
        while client.next().await.is_some() {}
    });
    let args = ["-q", "-H", "X-Tenant: blue", "-s", "chat", "--fragment", "1K"];
    tape(&[">a", "<x", CLOSED]).replay(&args, &url(&server)).run().code(0).stdout("blue chat\n");
}

#[test]
fn a_recording_of_any_size_needs_little_memory() {
    const MESSAGES: usize = 3000;
    let (server, heard) = hearing();
    let tape = Tape::empty();
    let record = out(&"x".repeat(64 << 10));
    tape.write(&format!("{}\n{}\n", vec![record; MESSAGES].join("\n"), came("never")));
    let running = tape.replay(&["-q", "--wait", "forever", "--compress", "off"], &url(&server)).start();
    for _ in 0..MESSAGES {
        heard.next();
    }
    let memory = running.peak_memory();
    assert!(memory < 48 << 20, "{memory}");
}

#[test]
fn a_replay_can_be_recorded_and_sent_again() {
    let server = echo();
    let first = tape(&[">a", "<a", r#"{"dir":"out","type":"binary","base64":"AP8="}"#, CLOSED]);
    let second = Tape::empty();
    let path = second.path();
    first.replay(&["-q", "--record", path.to_str().unwrap()], &url(&server)).run().code(0);
    second.replay(&["-q", "--compare"], &url(&server)).run().code(0).stdout(b"a\n\0\xff");
}

#[test]
fn a_recording_of_the_prompt_can_be_sent_again() {
    let server = echo();
    let tape = Tape::empty();
    let mut screen = pty::prompt(["--record", tape.path().to_str().unwrap(), &url(&server)]).start();
    screen.prompt();
    screen.keys("hello\r");
    screen.shows("< hello");
    screen.keys("/ping here\r");
    screen.shows("pong here");
    screen.keys("/close 4000 enough\r");
    screen.shows("closed 4000");
    screen.keys("/quit\r");
    screen.leaves_with(0);
    tape.replay(&["-q", "--compare"], &url(&server)).run().code(0).stdout("hello\n");
}

#[test]
fn what_listen_recorded_is_replayed_as_its_client() {
    let tape = Tape::empty();
    let path = tape.path();
    let mut listen = kit::tool().args(["listen", "127.0.0.1:0", "--echo", "--json", "--record"]).arg(&path).start();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(listen.child.stdout.take().unwrap()));
    let listening: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let at = listening["url"].as_str().unwrap();
    for said in ["one", "two"] {
        kit::tool().args(["-q", "-1", "-x", said, at]).run().code(0);
    }
    listen.signal(Signal::SIGTERM);
    assert_eq!(listen.wait_code(), Some(0));

    let (server, heard) = hearing();
    let args = ["-q", "--wait", "50ms"];
    tape.replay(&args, &url(&server)).run().code(2).says("has several clients (#1, #2 …): choose one with --client");
    tape.replay(&[&args[..], &["--client", "3"]].concat(), &url(&server)).run().code(2).says("has no client #3");
    tape.replay(&[&args[..], &["--client", "#2"]].concat(), &url(&server)).run().code(0);
    assert_eq!(heard.texts(), ["two"]);
}
