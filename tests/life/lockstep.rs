//! `--lockstep`: a line waits for the reply to the one before it.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::kit::net::{Place, welcome};
use super::kit::pty::prompt;
use super::kit::{CLOSE, PING, Raw, TEXT, frame, hearing, read_frame, switching, tool, url};

const PONG: u8 = 10;

fn read(stream: &mut TcpStream) -> (u8, String) {
    let (opcode, payload) = read_frame(stream).expect("a frame comes");
    (opcode, String::from_utf8_lossy(&payload).into_owned())
}

/// The next frame is this message, and the client has read all that was said before without sending another.
#[track_caller]
fn asks(stream: &mut TcpStream, text: &str) {
    assert_eq!(read(stream), (TEXT, text.to_owned()));
    waits(stream);
}

/// The client has read all that was said and sends nothing.
#[track_caller]
fn waits(stream: &mut TcpStream) {
    for data in ["1", "2"] {
        stream.write_all(&frame(PING, data.as_bytes())).unwrap();
        assert_eq!(read(stream), (PONG, data.to_owned()));
    }
}

fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(&frame(TEXT, text.as_bytes())).unwrap();
}

/// Answers the client's Close, which is what comes next.
#[track_caller]
fn part(stream: &mut TcpStream) {
    let (opcode, payload) = read_frame(stream).expect("a frame comes");
    assert_eq!(opcode, CLOSE);
    stream.write_all(&frame(CLOSE, &payload)).unwrap();
}

/// Greets in one segment with the answer, so that the greeting is there before anything can be sent.
fn greeting(serve: impl FnOnce(&mut TcpStream) + Send + 'static) -> Raw {
    Raw::start(move |mut stream, head| {
        stream.write_all(&[switching(&head).as_bytes(), &frame(TEXT, b"welcome")].concat()).unwrap();
        serve(&mut stream);
    })
}

#[test]
fn the_next_line_is_sent_when_a_message_has_come_for_the_last_and_the_last_reply_is_the_end() {
    for args in [&[][..], &["-j"]] {
        let server = greeting(|stream| {
            asks(stream, "login");
            say(stream, "ok");
            asks(stream, "subscribe");
            say(stream, "subscribed");
            part(stream);
        });
        let start = Instant::now();
        let ran = tool().args(args).arg("--lockstep").arg(server.url()).stdin("login\nsubscribe\n").run().code(0);
        // No second of silence is waited for.
        assert!(start.elapsed() < Duration::from_secs(1) || cfg!(debug_assertions), "{:?}", start.elapsed());
        if args.is_empty() {
            assert_eq!(ran.out(), "welcome\nok\nsubscribed\n");
        }
        server.join();
    }
}

#[test]
fn messages_that_came_before_the_line_are_no_reply_to_it() {
    let (goes, go) = super::kit::channel::<()>();
    let server = greeting(move |stream| {
        say(stream, "news");
        asks(stream, "a");
        // Two at once: the second is no reply to what is sent next.
        stream.write_all(&[frame(TEXT, b"A"), frame(TEXT, b"news")].concat()).unwrap();
        waits(stream);
        goes.send(()).unwrap();
        asks(stream, "b");
        stream.write_all(&[frame(TEXT, b"B"), frame(TEXT, b"news")].concat()).unwrap();
        for text in ["c", "d"] {
            asks(stream, text);
            say(stream, text);
        }
        part(stream);
    });
    let mut running = tool().args(["-q", "--lockstep"]).arg(server.url()).spawn();
    let lines = super::kit::net::Lines::of(running.child.stdout.take().unwrap());
    let mut stdin = running.child.stdin.take().unwrap();
    assert_eq!([lines.next(), lines.next()], ["welcome", "news"]);
    stdin.write_all(b"a\n").unwrap();
    go.recv().unwrap();
    stdin.write_all(b"b\nc\nd\n").unwrap();
    drop(stdin);
    running.wait().code(0);
    assert_eq!(lines.rest(), ["A", "news", "B", "news", "c", "d"]);
    server.join();
}

#[test]
fn messages_of_x_are_lines_too_and_come_first() {
    let server = greeting(|stream| {
        for text in ["a", "b", "c"] {
            asks(stream, text);
            say(stream, &text.to_uppercase());
        }
        part(stream);
    });
    let args = ["-q", "--lockstep", "-x", "a", "-x", "b", "-i"];
    tool().args(args).arg(server.url()).stdin("c\n").run().code(0).stdout("welcome\nA\nB\nC\n");
    server.join();
}

#[test]
fn a_reply_has_to_match_if_there_is_an_expression() {
    for (args, opcode) in [(&[][..], TEXT), (&["-b"], 2)] {
        let server = Raw::open(move |mut stream| {
            for text in ["login", "subscribe"] {
                assert_eq!(read(&mut stream), (opcode, text.to_owned()));
                for said in ["tick", "not ok"] {
                    say(&mut stream, said);
                    waits(&mut stream);
                }
                stream.write_all(&frame(opcode, b"ok \xc3\xa9")).unwrap();
            }
            part(&mut stream);
        });
        let ran = tool().args(args).args(["-q", "--lockstep", "--until-each", "^ok .$"]).arg(server.url());
        let ran = ran.stdin("login\nsubscribe\n").run().code(0);
        assert!(ran.out().starts_with("tick\nnot ok\nok é"), "{ran:?}");
        server.join();
    }
}

#[test]
fn what_reply_answers_is_no_reply() {
    let server = Raw::open(|mut stream| {
        assert_eq!(read(&mut stream), (TEXT, "a".to_owned()));
        say(&mut stream, "ping 1");
        asks(&mut stream, "pong 1");
        say(&mut stream, "A");
        asks(&mut stream, "b");
        say(&mut stream, "B");
        part(&mut stream);
    });
    let args = ["-q", "--lockstep", "--reply", "^ping (.*)", "pong $1"];
    tool().args(args).arg(server.url()).stdin("a\nb\n").run().code(0).stdout("ping 1\nA\nB\n");
    server.join();
}

#[test]
fn a_reply_that_takes_too_long_ends_the_run_also_with_reconnect() {
    for (args, words) in [
        (&[][..], "no reply came after message 2 within 300ms (--timeout-each)"),
        (&["--until-each", "^x"], "nothing that matches `^x` came after message 1 within 300ms (--timeout-each)"),
    ] {
        let server = Raw::open(|mut stream| {
            read_frame(&mut stream).unwrap();
            say(&mut stream, "A");
            // It lives: pings do not count.
            while read_frame(&mut stream).is_ok_and(|(opcode, _)| opcode != CLOSE) {
                stream.write_all(&frame(PING, b"")).unwrap();
            }
        });
        let ran = tool().args(["-j", "--lockstep", "--timeout-each", "300ms", "--reconnect"]).args(args);
        let ran = ran.arg(server.url()).stdin("a\nb\nc\n").run().code(7).says(&format!("wsprobe: {words}\n"));
        let last: serde_json::Value = serde_json::from_str(ran.out().lines().last().unwrap()).unwrap();
        assert_eq!((&last["kind"], &last["data"]), (&"timed_out".into(), &words.into()), "{last}");
        server.join();
    }
}

#[test]
fn while_a_reply_is_waited_for_nothing_is_done() {
    let server = Raw::open(|mut stream| {
        assert_eq!(read(&mut stream), (TEXT, "a".to_owned()));
        // The Close comes when the reply has taken too long.
        while read_frame(&mut stream).is_ok() {}
    });
    let mut running = tool().args(["-q", "--lockstep", "--timeout-each", "1s"]).arg(server.url()).spawn();
    running.child.stdin.take().unwrap().write_all(b"a\nb\n").unwrap();
    let stat = format!("/proc/{}/stat", running.child.id());
    let mut ticks = 0;
    while let Ok(line) = std::fs::read_to_string(&stat)
        && running.child.try_wait().unwrap().is_none()
    {
        // utime and stime, after the name in parentheses (proc(5)): a hundred a second.
        let fields = line.rsplit_once(") ").map_or(Vec::new(), |(_, fields)| fields.split(' ').collect());
        ticks = fields[11..13].iter().map(|field| field.parse::<u32>().unwrap()).sum::<u32>().max(ticks);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(ticks < 40, "{ticks} ticks");
    running.wait().code(7);
    server.join();
}

#[test]
fn after_a_lost_connection_the_message_without_a_reply_is_sent_again() {
    let place = Place::new();
    let listener = place.listen();
    let args = ["-q", "--reconnect", "--reconnect-delay", "1ms..20ms", "--lockstep", "-x", "login", "-i"];
    let running = tool().args(args).arg(place.url()).stdin("a\nb\nc\n").start();
    let mut client = welcome(&listener);
    for text in ["login", "a"] {
        asks(&mut client, text);
        say(&mut client, text);
    }
    asks(&mut client, "b");
    drop(client);
    let mut client = welcome(&listener);
    for text in ["login", "b"] {
        asks(&mut client, text);
        say(&mut client, text);
    }
    // The last line, and its reply is in time.
    asks(&mut client, "c");
    drop(client);
    // A connection that is lost between two lines takes none with it.
    let mut client = welcome(&listener);
    asks(&mut client, "login");
    say(&mut client, "login");
    asks(&mut client, "c");
    say(&mut client, "c");
    part(&mut client);
    running.wait().code(0).stdout("login\na\nlogin\nb\nlogin\nc\n");
}

#[test]
fn a_server_that_leaves_without_a_reply_is_told_of() {
    for (code, status) in [(1000_u16, 0), (4000, 6)] {
        let server = Raw::open(move |mut stream| {
            asks(&mut stream, "a");
            stream.write_all(&frame(CLOSE, &code.to_be_bytes())).unwrap();
            while read_frame(&mut stream).is_ok() {}
        });
        let ran = tool().args(["--lockstep", "-x", "a", "-x", "b"]).arg(server.url()).run().code(status);
        ran.says("wsprobe: no reply came after message 1 before the server closed\n");
        server.join();
    }
}

#[test]
fn a_wait_and_a_count_prolong_the_run_after_the_last_reply() {
    for (args, said) in [(&["-w", "300ms"][..], 1), (&["--count", "3"], 2), (&["--until", "2"], 2)] {
        let server = Raw::open(move |mut stream| {
            asks(&mut stream, "a");
            say(&mut stream, "A");
            for number in 1..=said {
                waits(&mut stream);
                say(&mut stream, &number.to_string());
            }
            part(&mut stream);
        });
        let ran = tool().args(["-q", "--lockstep", "-x", "a"]).args(args).arg(server.url()).run().code(0);
        ran.stdout(if said == 1 { "A\n1\n" } else { "A\n1\n2\n" });
        server.join();
    }
}

#[test]
fn what_ends_the_run_after_a_message_does_not_keep_messages_of_x() {
    // The greeting is the one message that was waited for.
    let server = greeting(|stream| {
        asks(stream, "a");
        say(stream, "ok");
        assert_eq!(read(stream), (TEXT, "b".to_owned()));
        part(stream);
    });
    let args = ["-q", "--lockstep", "--until-each", "ok", "-1", "-x", "a", "-x", "b"];
    tool().args(args).arg(server.url()).run().code(0).stdout("welcome\n");
    server.join();
}

#[test]
fn records_wait_too_and_so_does_a_close_among_them() {
    let server = Raw::open(|mut stream| {
        asks(&mut stream, "a");
        say(&mut stream, "A");
        asks(&mut stream, "b");
        say(&mut stream, "B");
        part(&mut stream);
    });
    let records = r#"{"data":"a"}
{"data":"b"}
{"type":"close","code":1000}
"#;
    let ran = tool().args(["-q", "--lockstep", "--json-input"]).arg(server.url()).stdin(records).run();
    ran.code(0).stdout("A\nB\n");
    server.join();
}

#[test]
fn a_line_that_is_sent_while_it_is_read_waits_as_a_whole() {
    let server = super::kit::echo();
    let long = "x".repeat(5 << 20);
    let ran = tool().args(["-q", "--lockstep"]).arg(url(&server)).stdin(format!("a\n{long}\nb\n")).run().code(0);
    assert!(ran.out() == format!("a\n{long}\nb\n"));
}

#[test]
fn signals_and_time_limits_end_it_while_a_reply_is_waited_for() {
    let (server, heard) = hearing();
    let running = tool().args(["-q", "--lockstep", "-x", "a", "-x", "b"]).arg(url(&server)).start();
    assert_eq!(heard.next(), super::kit::text("a"));
    running.signal(nix::sys::signal::Signal::SIGINT);
    running.wait().code(130);
    let ran = tool().args(["--lockstep", "-x", "a", "--timeout", "300ms"]).arg(url(&server)).run().code(7);
    ran.says("timed out after 300ms (--timeout)");
}

#[test]
fn at_the_prompt_it_is_refused() {
    let mut screen = prompt(["--lockstep", "ws://127.0.0.1:1"]).start();
    screen.leaves_with(2);
    screen.shows("`--lockstep` has no effect here: at the prompt, you decide when");
}
