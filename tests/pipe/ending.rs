//! The options under Ending: when a run ends, with which Close, and with which exit status.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::kit::{
    CLOSE, PING, Raw, Said, Server, TEXT, all_well, closed_well, connected, echo, frame, hearing, read_frame, saying,
    serving, switching, tool, url,
};

/// A server that answers after this time, once it has been asked, and says whether it was closed meanwhile.
fn answering_after(time: Duration) -> Server {
    serving(move |client| async move {
        client.next().await;
        let meanwhile = tokio::time::timeout(time, client.next()).await;
        client.text(&format!("closed meanwhile: {}", meanwhile.is_ok())).await;
        client.close(1000, "").await;
    })
}

/// A server that sends these messages and leaves the rest to the client.
fn offering(texts: &'static [&'static str]) -> Server {
    serving(move |client| async move {
        for text in texts {
            client.feed(text).await;
        }
        client.flush().await;
        while client.next().await.is_some() {}
    })
}

/// What stderr holds after a run that ended well, before all that the server said was waited for.
fn all_well_with_late(url: &str, late: &str) -> String {
    format!("{}wsprobe: {late} arrived after the last one that was waited for\n", all_well(url))
}

#[test]
fn without_a_wait_the_close_follows_the_input() {
    let (server, heard) = hearing();
    tool().args(["-w", "0", "-x", "a"]).arg(url(&server)).run().code(0).stdout("").stderr(&all_well(&url(&server)));
    assert_eq!(heard.texts(), ["a"]);
}

#[test]
fn messages_are_sent_though_what_was_waited_for_comes_before_them() {
    for (args, sent) in
        [(&["-1", "-x", "hello"][..], &["hello"][..]), (&["--until", "welcome", "-x", "a", "-x", "b"], &["a", "b"])]
    {
        let server = Raw::start(move |mut stream, head| {
            // In one segment, so that the greeting is there before anything can be sent.
            let greeting = [switching(&head).as_bytes(), &frame(TEXT, b"welcome")].concat();
            stream.write_all(&greeting).expect("the client reads");
            for text in sent {
                assert_eq!(read_frame(&mut stream).expect("a frame"), (TEXT, text.as_bytes().to_vec()));
            }
            let (opcode, payload) = read_frame(&mut stream).expect("a frame");
            assert_eq!(opcode, CLOSE);
            stream.write_all(&frame(CLOSE, &payload)).expect("the client reads");
        });
        tool().arg("-q").args(args).arg(server.url()).run().code(0).stdout("welcome\n");
        server.join();
    }
}

#[test]
fn the_wait_is_a_second_of_silence_unless_told_otherwise() {
    for (args, least) in [
        (&[][..], 1000),
        (&["-w", "300ms"], 300),
        (&["--wait", "1.5"], 1500),
        (&["--wait-idle", "300ms"], 300),
        (&["--wait-idle", "1h", "-w", "200ms"], 200),
        (&["--wait-idle", "200ms", "-w", "1h"], 200),
    ] {
        let (server, _heard) = hearing();
        let start = Instant::now();
        tool().args(args).args(["-x", "a"]).arg(url(&server)).run().code(0).stderr(&all_well(&url(&server)));
        assert!(start.elapsed() >= Duration::from_millis(least), "{args:?}: {:?}", start.elapsed());
    }
}

/// Sends this often, each after such a pause, whatever the client sends; then it reacts to the client.
fn pausing(times: usize, pause: Duration, said: impl Fn(usize) -> Vec<u8> + Send + 'static) -> Raw {
    Raw::open(move |mut stream| {
        for at in 0..times {
            std::thread::sleep(pause);
            stream.write_all(&said(at)).unwrap();
        }
        while read_frame(&mut stream).unwrap().0 != CLOSE {}
        stream.write_all(&frame(CLOSE, &[0x03, 0xe8])).unwrap();
    })
}

#[test]
fn while_answers_come_it_goes_on() {
    // Longer in all than the silence that ends it, a server from an event loop: after a Close it says nothing more.
    let server = pausing(8, Duration::from_millis(250), |at| frame(TEXT, format!("part {at}").as_bytes()));
    let url = server.url();
    let ran = tool().arg(&url).stdin("ask\n").run().code(0).stderr(&all_well(&url));
    assert_eq!(ran.out().lines().count(), 8);
    server.join();
}

#[test]
fn parts_of_a_message_are_no_silence() {
    // A frame of 8 bytes that comes one by one, and is not a message before the last of them is there.
    for args in [&[][..], &["-j"]] {
        let server = pausing(10, Duration::from_millis(200), |at| match at {
            0 => vec![0x81, 9],
            at => vec![b'0' + u8::try_from(at).unwrap()],
        });
        let ran = tool().args(args).arg(server.url()).stdin("ask\n").run().code(0);
        assert!(ran.out().contains("123456789"), "{ran:?}");
        server.join();
    }
}

#[test]
fn pings_are_silence() {
    let server = Raw::open(|mut stream| {
        let mut pinged = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            while pinged.write_all(&frame(PING, b"")).is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        while read_frame(&mut stream).unwrap().0 != CLOSE {}
    });
    let ran = tool().args(["-q", "--wait-idle", "200ms", "--close-timeout", "0"]).arg(server.url()).stdin("a").run();
    ran.code(7).stdout("");
}

#[test]
fn time_in_which_stdout_takes_nothing_is_no_silence() {
    const LINES: usize = 20_000;
    let server = serving(|client| async move {
        client.next().await;
        // Far more than pipes and sockets hold.
        for _ in 0..LINES {
            client.text(&"x".repeat(999)).await;
        }
        while client.next().await.is_some() {}
    });
    let mut running = tool().args(["--wait-idle", "200ms"]).arg(url(&server)).spawn();
    drop(running.child.stdin.take().map(|mut stdin| stdin.write_all(b"ask\n")));
    std::thread::sleep(Duration::from_millis(1500));
    let ran = running.wait().code(0).stderr(&all_well(&url(&server)));
    assert_eq!(ran.stdout.len(), LINES * 1000);
}

#[test]
fn an_explicit_wait_is_the_whole_time_and_ends_an_endless_feed() {
    for args in [&["-w", "300ms"][..], &["-w", "100ms", "--wait-idle", "1h"], &["-1"]] {
        let server = Raw::open(|mut stream| while stream.write_all(&frame(TEXT, b"tick").repeat(100)).is_ok() {});
        let start = Instant::now();
        let args = [args, &["--close-timeout", "500ms"]].concat();
        let ran = tool().args(args).arg(server.url()).stdin("x\n").run().code(0);
        ran.says("wsprobe: the server kept sending and did not answer our Close within 500ms (--close-timeout)\n");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        server.join();
    }
}

#[test]
fn a_wait_ends_a_run_without_input() {
    for args in [&["-w", "0"][..], &["--wait-idle", "100ms"], &["-r", "-w", "100ms"], &["--echo", "-w", "100ms"]] {
        let (server, heard) = hearing();
        tool().args(args).arg(url(&server)).run().code(0).stdout("").stderr(&all_well(&url(&server)));
        assert!(heard.until_close().is_empty());
    }
}

#[test]
fn echoes_go_on_until_the_wait_is_over() {
    let server = serving(|client| async move {
        client.text("late").await;
        assert_eq!(client.next().await, Some(Said::Text("late".to_owned())));
        while client.next().await.is_some() {}
    });
    let ran = tool().args(["--echo", "--wait-idle", "300ms"]).arg(url(&server)).run();
    ran.code(0).stdout("late\n").stderr(&all_well(&url(&server)));
}

#[test]
fn what_comes_after_the_goal_is_counted() {
    for (texts, late) in [(&["a", "b"][..], "1 more message"), (&["a", "b", "c", "d"], "3 more messages")] {
        let server = offering(texts);
        let running = tool().arg("-1").arg(url(&server)).spawn();
        running.wait().code(0).stdout("a\n").stderr(&all_well_with_late(&url(&server), late));
        let running = tool().args(["-j", "-1"]).arg(url(&server)).spawn();
        running.wait().code(0).stderr(&all_well_with_late(&url(&server), late));
        tool().args(["-q", "-1"]).arg(url(&server)).spawn().wait().code(0).stdout("a\n").stderr("");
    }
}

#[test]
fn a_wait_forever_ends_with_the_servers_close() {
    for wait in ["forever", "-1"] {
        let server = answering_after(Duration::from_millis(1500));
        let ran = tool().args(["-w", wait, "-x", "a"]).arg(url(&server)).run();
        ran.code(0).stdout("closed meanwhile: false\n").stderr(&closed_well(&url(&server)));
    }
}

#[test]
fn the_wait_begins_when_all_is_sent() {
    let server = serving(|client| async move {
        // Slower than the wait is long, and far more than the sockets hold.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut lines = 0;
        while let Some(Said::Text(_)) = client.next().await {
            lines += 1;
            if lines == 300 {
                client.text("all heard").await;
            }
        }
        while client.next().await.is_some() {}
    });
    let input = ("x".repeat(65535) + "\n").repeat(300);
    let ran = tool().args(["-w", "100ms"]).arg(url(&server)).stdin(input).run();
    ran.code(0).stdout("all heard\n").stderr(&all_well(&url(&server)));
}

#[test]
fn one_ends_it_after_the_first_message() {
    for option in ["-1", "--one"] {
        let server = offering(&["a", "b"]);
        // Stdin stays open.
        let running = tool().arg(option).arg(url(&server)).spawn();
        running.wait().code(0).stdout("a\n").stderr(&all_well_with_late(&url(&server), "1 more message"));
    }
}

#[test]
fn one_does_not_wait_for_the_rest_of_the_wait() {
    let server = echo();
    let ran = tool().args(["-1", "-w", "forever", "-x", "question"]).arg(url(&server)).run();
    ran.code(0).stdout("question\n").stderr(&all_well(&url(&server)));
}

#[test]
fn a_count_counts_messages_of_any_type() {
    let server = serving(|client| async move {
        client.text("a").await;
        client.ping(b"").await;
        client.binary(b"\0").await;
        client.text("").await;
        client.text("too many").await;
        while client.next().await.is_some() {}
    });
    let running = tool().args(["--count", "3"]).arg(url(&server)).spawn();
    running.wait().code(0).stdout(b"a\n\0\n").stderr(&all_well_with_late(&url(&server), "1 more message"));
}

#[test]
fn a_count_that_is_met_sends_no_more_of_the_input() {
    let (server, heard) = hearing();
    let server_of_one = offering(&["enough"]);
    let mut running = tool().args(["--count", "1"]).arg(url(&server_of_one)).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    assert_eq!(running.wait_code(), Some(0));
    assert!(stdin.write_all(b"late\n").is_err());
    tool().args(["-w", "0", "--count", "1"]).arg(url(&server)).stdin("").run().code(7);
    assert!(heard.until_close().is_empty());
}

#[test]
fn until_ends_it_after_the_message_that_matches() {
    let server = serving(|client| async move {
        for text in ["not done", "undone", "done: 7", "after"] {
            client.binary(b"done: 0\n").await;
            client.text(text).await;
        }
        while client.next().await.is_some() {}
    });
    let running = tool().args(["--until", r"^done: \d$"]).arg(url(&server)).spawn();
    let expected = "done: 0\nnot done\ndone: 0\nundone\ndone: 0\ndone: 7\n";
    running.wait().code(0).stdout(expected).stderr(&all_well_with_late(&url(&server), "2 more messages"));
}

#[test]
fn a_wait_that_ends_before_the_goal_is_7() {
    for (args, short) in [
        (&["--count", "3"][..], "2 of 3 messages came"),
        (&["--until", "^c"], "none of 2 messages matched `^c`"),
        (&["--count", "3", "--until", "^c"], "none of 2 messages matched `^c`"),
    ] {
        let server = echo();
        let ran = tool().args(["-w", "300ms", "-x", "a", "-x", "b"]).args(args).arg(url(&server)).run();
        let error = format!("wsprobe: {short} before the wait ended (--wait)\n");
        ran.code(7).stdout("a\nb\n").stderr(&(all_well(&url(&server)) + &error));
        let ran = tool().args(["--wait-idle", "300ms", "-x", "a", "-x", "b"]).args(args).arg(url(&server)).run();
        let error = format!("wsprobe: {short}, then nothing for 300ms (--wait-idle)\n");
        ran.code(7).stdout("a\nb\n").stderr(&(all_well(&url(&server)) + &error));
    }
    let server = offering(&[]);
    let ran = tool().args(["-q", "-w", "0", "-1", "-x", "a"]).arg(url(&server)).run();
    ran.code(7).stdout("").stderr("wsprobe: 0 of 1 messages came before the wait ended (--wait)\n");
}

#[test]
fn the_timeout_ends_the_whole_run_with_7() {
    let server = offering(&["a"]);
    for args in [&["--timeout", "1s"][..], &["--timeout", "1s", "-w", "forever", "-x", "b"]] {
        let ran = tool().args(args).arg(url(&server)).spawn().wait();
        let error = "wsprobe: timed out after 1s (--timeout)\n";
        ran.code(7).stdout("a\n").stderr(&(connected(&url(&server)) + error));
    }
}

#[test]
fn a_run_that_ends_in_time_does_not_wait_for_the_timeout() {
    let server = echo();
    let ran = tool().args(["--timeout", "1h", "-w", "0", "-x", "a"]).arg(url(&server)).run();
    ran.code(0).stdout("a\n").stderr(&all_well(&url(&server)));
}

#[test]
fn a_server_hears_of_a_timeout() {
    let (server, heard) = hearing();
    tool().args(["--timeout", "1s"]).arg(url(&server)).spawn().wait().code(7);
    assert_eq!(heard.next(), Said::Close(Some(1001), String::new()));
}

#[test]
fn expectations_that_are_met_end_it_at_once() {
    let server = offering(&["second", "nothing", "the first", "not shown"]);
    let running = tool().args(["--expect", "first$", "--expect", "^second"]).arg(url(&server)).spawn();
    let ran = running.wait().code(0).stdout("second\nnothing\nthe first\n");
    ran.stderr(&all_well_with_late(&url(&server), "1 more message"));
}

#[test]
fn an_expectation_that_is_missed_is_1_and_named() {
    let args = ["-w", "0", "-x", "a", "-x", "b", "--expect", "^a", "--expect", "^c", "--expect-json", "op=done"];
    let server = echo();
    let ran = tool().args(args).arg(url(&server)).run().code(1).stdout("a\nb\n");
    ran.stderr(
        &(all_well(&url(&server))
            + "wsprobe: no message met the expectation `^c`\n\
               wsprobe: no message met the expectation `op=done`: no message was JSON\n"),
    );
}

#[test]
fn a_missed_expectation_explains_a_timeout_but_not_what_is_worse() {
    let server = offering(&["a"]);
    let missed = "wsprobe: no message met the expectation `^b`\n";
    let ran = tool().args(["-q", "--timeout", "1s", "--expect", "^b"]).arg(url(&server)).spawn().wait();
    ran.code(1).stdout("a\n").stderr(missed);

    let server = serving(|client| async move { client.close(1011, "oh").await });
    let ran = tool().args(["-q", "--expect", "^b"]).arg(url(&server)).run();
    ran.code(6).stdout("").stderr(&format!("wsprobe: closed 1011 by the server (internal error): oh\n{missed}"));
}

#[test]
fn a_server_that_closes_well_before_the_goal_is_told_of_and_0() {
    let server = serving(|client| async move {
        client.text("a").await;
        client.close(1000, "").await;
    });
    let ran = tool().args(["--count", "2"]).arg(url(&server)).spawn().wait().code(0).stdout("a\n");
    ran.stderr(&(closed_well(&url(&server)) + "wsprobe: 1 of 2 messages came before the server closed\n"));
}

#[test]
fn beside_a_count_or_until_expectations_only_judge() {
    for (args, code, printed) in [
        (&["--count", "3", "--expect", "^a"][..], 0, "a\nb\nc\n"),
        (&["--count", "2", "--expect", "^c"], 1, "a\nb\n"),
        (&["--until", "^b", "--expect", "^a"], 0, "a\nb\n"),
        (&["--until", "^b", "--expect", "^c"], 1, "a\nb\n"),
    ] {
        let server = offering(&["a", "b", "c", "d"]);
        let ran = tool().args(args).arg(url(&server)).spawn().wait().code(code);
        assert_eq!(ran.out(), printed, "{args:?}");
    }
}

#[test]
fn json_is_expected_by_path_and_value() {
    const MESSAGE: &str = r#"{"op":"done","items":[{"id":7}],"n":5,"none":null}"#;
    for (expectation, stood) in [
        ("op", None),
        ("op=done", None),
        ("$.op=\"done\"", None),
        ("$.items[0].id=7", None),
        ("items[?@.id==7]", None),
        ("n=5.0", None),
        ("items=[{\"id\":7.0}]", None),
        ("none=null", None),
        ("op=open", Some("`op` was last `\"done\"`")),
        ("items[1]", Some("there was no `items[1]`")),
        ("n=\"5\"", Some("`n` was last `5`")),
    ] {
        let server = saying(&["no JSON", MESSAGE]);
        let ran = tool().args(["-q", "--expect-json", expectation]).arg(url(&server)).run();
        let error = |stood| format!("wsprobe: no message met the expectation `{expectation}`: {stood}\n");
        let ran = ran.code(i32::from(stood.is_some())).stdout(format!("no JSON\n{MESSAGE}\n"));
        ran.stderr(&stood.map_or_else(String::new, error));
    }
}

#[test]
fn our_close_has_the_code_and_the_reason_that_were_asked_for() {
    for (args, code, reason) in [
        (&[][..], 1000, ""),
        (&["--close-code", "4000"], 4000, ""),
        (&["--close-code", "1001", "--close-reason", "lunch"], 1001, "lunch"),
        (&["--close-reason", "que será"], 1000, "que será"),
    ] {
        let (server, heard) = hearing();
        // The server's answer repeats the code, and so it is a good end.
        let ran = tool().args(args).args(["-w", "0", "-x", "a"]).arg(url(&server)).run().code(0).stdout("");
        ran.says(&format!("wsprobe: closed {code} ("));
        assert_eq!(heard.next(), Said::Text("a".to_owned()));
        assert_eq!(heard.next(), Said::Close(Some(code), reason.to_owned()));
    }
}
