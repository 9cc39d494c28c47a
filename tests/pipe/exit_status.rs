//! Each exit status that DESIGN.md promises, with what stderr says about it; 0 and 130 have more tests in `pipe`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use super::kit;
use super::kit::listening::listen;
use super::kit::{CLOSE, PATIENCE, Raw, Said, TEXT};
use super::kit::{
    all_well, channel, closed_well, connected, echo, frame, free_port, hearing, read_frame, serving, tool, url,
};

const NORMAL: &[u8] = &[0x03, 0xe8];

#[test]
fn an_expected_status_is_0_and_another_one_1() {
    let answering = |head: &str| Raw::answering(format!("HTTP/1.1 {head}\r\ncontent-length: 7\r\n\r\nnot you"));
    let judge = |server: &Raw, args: &[&str]| tool().args(args).arg(server.url()).run();
    judge(&answering("403 Forbidden"), &["--expect-status", "403"])
        .code(0)
        .stdout("")
        .stderr("wsprobe: the server answered 403, as expected\n");
    judge(&answering("403 Forbidden"), &["-q", "--expect-status", "403"]).code(0).stderr("");
    judge(&answering("404 Not Found"), &["-q", "--expect-status", "403"])
        .code(1)
        .stdout("")
        .stderr("wsprobe: the server answered 404; 403 was expected (--expect-status)\n  not you\n");
    judge(&answering("403 Forbidden"), &["-q", "--expect-status", "101"])
        .code(1)
        .says("answered 403; 101 was expected");
    // What happened is recorded, whatever was expected.
    let ran = judge(&answering("503 Busy"), &["-j", "--expect-status", "503"]).code(0);
    let record: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        (&record["kind"], &record["status"], &record["body"]),
        (&"refused".into(), &503.into(), &"not you".into())
    );
    judge(&answering("403 Forbidden"), &["-v", "--expect-status", "403"]).code(0).says("< HTTP/1.1 403 Forbidden\n");
    // A redirect is an answer, and is followed where that is wanted.
    let redirect = || answering(&format!("302 Found\r\nlocation: {}", answering("403 Forbidden").url()));
    judge(&redirect(), &["--expect-status", "302"]).code(0);
    judge(&redirect(), &["-L", "--expect-status", "403"]).code(0);
    judge(&redirect(), &["-L", "--expect-status", "302"]).code(1).says("answered 403; 302 was expected");
}

#[test]
fn a_server_that_accepts_is_left_at_once() {
    let (server, heard) = hearing();
    let ran = tool().args(["-q", "--expect-status", "403"]).arg(url(&server)).run().code(1).stdout("");
    ran.stderr("wsprobe: the server answered 101 and accepted the connection; 403 was expected (--expect-status)\n");
    assert_eq!(heard.until_close(), []);
    let server = echo();
    // Nothing is read from stdin, and no prompt comes.
    tool()
        .args(["--expect-status", "101"])
        .arg(url(&server))
        .stdin("a\n")
        .run()
        .code(0)
        .stdout("")
        .says("as expected\n");
    let server = listen(&["--echo", "--origin", "https://good.example"]);
    let http2 = |status: &str, origin: &str| {
        tool().args(["--http2-prior-knowledge", "--expect-status", status, "--origin", origin]).arg(server.url()).run()
    };
    http2("403", "https://bad.example").code(0).says("the server answered 403, as expected\n");
    http2("403", "https://good.example").code(1).says("answered 200 and accepted the connection; 403 was expected");
    http2("101", "https://good.example").code(0).says("the server answered 200, as expected\n");
    http2("200", "https://good.example").code(0);
    http2("101", "https://bad.example").code(1).says("answered 403; 101 was expected");
}

#[test]
fn an_expected_status_that_cannot_be_judged_is_no_success() {
    let nobody = format!("ws://127.0.0.1:{}", free_port());
    tool().args(["--expect-status", "403", &nobody]).run().code(3);
    let silent = Raw::start(|mut stream, _| drop(stream.read(&mut [0])));
    tool().args(["--expect-status", "403", "--timeout", "100ms"]).arg(silent.url()).run().code(7);
    for (args, why) in [
        (&["--expect-status", "99"][..], "100..=599"),
        (&["--expect-status", "403", "-x", "a"], "`--execute` has no effect here"),
        (&["--expect-status", "403", "--file", "/dev/null"], "`--file` has no effect here"),
        (&["--expect-status", "403", "--expect", "a"], "`--expect` has no effect here"),
        (&["--expect-status", "403", "--reconnect"], "`--reconnect` has no effect here"),
        (&["--expect-status", "503", "--wait-for-server", "9s"], "it would wait as long as the server answers with"),
    ] {
        tool().args(args).arg(&nobody).run().code(2).says(why);
    }
    tool().args(["--expect-status", "403", "--wait-for-server", "100ms", &nobody]).run().code(7);
}

#[test]
fn a_close_with_1000_or_1001_or_no_code_is_0() {
    for (payload, said) in [
        (NORMAL, "closed 1000 by the server (normal closure)"),
        (b"\x03\xe9bye", "closed 1001 by the server (going away): bye"),
        (b"", "closed by the server (no code)"),
    ] {
        let server = Raw::open(move |mut stream| {
            stream.write_all(&frame(CLOSE, payload)).unwrap();
            // Our answer repeats the code (RFC 6455, section 5.5.1).
            let (opcode, answer) = read_frame(&mut stream).unwrap();
            assert_eq!((opcode, answer.get(..2)), (CLOSE, payload.get(..2)));
        });
        let url = server.url();
        tool().arg(&url).run().code(0).stdout("").stderr(&format!("{}wsprobe: {said}\n", connected(&url)));
        server.join();
    }
}

#[test]
fn any_other_close_is_6_with_code_and_reason_on_stderr_also_when_quiet() {
    for (code, reason, said) in [
        (1008, "not you", "closed 1008 by the server (policy violation): not you"),
        (1011, "", "closed 1011 by the server (internal error)"),
        (3000, "who?", "closed 3000 by the server (unauthorized): who?"),
        (4321, "läuft", "closed 4321 by the server (private use): läuft"),
    ] {
        let server = serving(move |client| async move {
            client.text("before").await;
            client.close(code, reason).await;
        });
        let error = format!("wsprobe: {said}\n");
        tool().arg(url(&server)).run().code(6).stdout("before\n").stderr(&(connected(&url(&server)) + &error));
        tool().arg("-q").arg(url(&server)).run().code(6).stdout("before\n").stderr(&error);
    }
}

#[test]
fn the_reason_of_a_close_cannot_drive_the_terminal() {
    let server = serving(|client| async move { client.close(4000, "\u{1b}[2J\nwsprobe: all is well").await });
    let ran = tool().arg("-q").arg(url(&server)).run().code(6);
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
    assert!(ran.stderr.lines().count() == 1, "{ran:?}");
}

#[test]
fn a_cut_is_5_after_all_that_came_was_printed() {
    for (last, what) in [(&b""[..], "between messages"), (b"\x81\x05hel", "in a message"), (b"\x01\x03hel", "in parts")]
    {
        let server = Raw::open(move |mut stream| {
            stream.write_all(&frame(TEXT, b"before")).unwrap();
            stream.write_all(last).unwrap();
        });
        let url = server.url();
        let error = "wsprobe: the connection was cut without a Close\n";
        let ran = tool().arg(&url).run().code(5).stdout("before\n");
        assert_eq!(ran.stderr, connected(&url) + error, "{what}");
    }
}

#[test]
fn a_reset_is_5_with_its_reason() {
    let server = Raw::open(|stream| {
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    let ran = tool().arg("-q").arg(server.url()).run().code(5).stdout("");
    ran.stderr("wsprobe: the connection was cut without a Close: Connection reset by peer (os error 104)\n");
}

#[test]
fn a_broken_protocol_is_5_and_the_server_is_told_why() {
    let long_ping = [&b"\x89\x7e\x00\x7e"[..], &[b'x'; 126]].concat();
    for (bytes, code) in [
        (&b"\xc1\x01a"[..], 1002_u16),       // a reserved bit
        (b"\x83\x00", 1002),                 // a reserved opcode
        (b"\x81\x81\0\0\0\0a", 1002),        // masked by a server
        (b"\x80\x01a", 1002),                // goes on with nothing
        (b"\x01\x01a\x81\x01b", 1002),       // a message within a message
        (b"\x09\x00", 1002),                 // a ping in parts
        (&long_ping, 1002),                  // a control frame of 126 bytes
        (b"\x88\x01\x03", 1002),             // half a close code
        (b"\x88\x03\x03\xe8\xff", 1007),     // a reason that is not UTF-8
        (b"\x81\x02\xc3\x28", 1007),         // a text that is not UTF-8
        (b"\x01\x01\xc3\x80\x01\x28", 1007), // the same in parts
    ] {
        let sent = bytes.to_vec();
        let server = Raw::open(move |mut stream| {
            stream.write_all(&frame(TEXT, b"fine")).unwrap();
            stream.write_all(&sent).unwrap();
            assert_eq!(read_frame(&mut stream).unwrap(), (CLOSE, code.to_be_bytes().to_vec()), "{sent:?}");
        });
        let url = server.url();
        let ran = tool().arg(&url).run();
        assert_eq!((ran.code, &*ran.out()), (Some(5), "fine\n"), "{bytes:?}");
        let error = ran.stderr.strip_prefix(&connected(&url)).unwrap();
        let shape = ("wsprobe: the server broke the protocol: ", format!("; closed with {code}"));
        assert!(error.starts_with(shape.0) && error.contains(&shape.1) && error.lines().count() == 1, "{error}");
        server.join();
    }
}

#[test]
fn a_broken_protocol_is_5_also_when_the_wait_ends_before_the_server_leaves() {
    for args in [&["-w", "300ms"][..], &["-w", "100ms", "--close-timeout", "200ms"], &["-w", "5s"]] {
        let (left, until) = channel::<()>();
        let server = Raw::open(move |mut stream| {
            stream.write_all(b"\x81\x02\xc3\x28").unwrap();
            let _ = until.recv();
        });
        let ran = tool().args(["-q", "-x", "a"]).args(args).arg(server.url()).run();
        ran.code(5).stderr(
            "wsprobe: the server broke the protocol: a text message is not UTF-8: `\\xc3` at byte 0; closed with 1007\n",
        );
        drop(left);
    }
}

#[test]
fn a_message_that_is_larger_than_the_limit_is_5_and_the_option_is_named() {
    for bytes in [&b"\x81\x05hello"[..], b"\x01\x03hel\x80\x02lo", b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"] {
        let server = Raw::open(move |mut stream| {
            stream.write_all(bytes).unwrap();
            assert_eq!(read_frame(&mut stream).unwrap(), (CLOSE, 1009_u16.to_be_bytes().to_vec()), "{bytes:?}");
        });
        let ran = tool().args(["-q", "--max-message", "4"]).arg(server.url()).run().code(5).stdout("");
        ran.stderr(
            "wsprobe: the server broke the protocol: a message is larger than 4 bytes; closed with 1009 \
             (--max-message raises the limit)\n",
        );
        server.join();
    }
}

#[test]
fn an_answer_that_is_no_handshake_is_5() {
    for (answer, error) in [
        ("", "the server closed the connection before it answered"),
        ("HTTP/1.1 101 Swit", "the server closed the connection after 17 bytes of its answer"),
        ("220 mail ready\r\n", "the server does not speak HTTP/1: its answer begins with `220 mail ready`"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "the server's 101 is not a WebSocket handshake: "),
    ] {
        let server = Raw::answering(answer);
        let ran = tool().arg(server.url()).run().code(5).stdout("");
        ran.says(&format!("wsprobe: the handshake with {} failed: {error}", server.url()));
    }
}

#[test]
fn a_mute_server_is_7_after_the_handshake_timeout() {
    for first in ["", "HTTP/1.1 101 Switching Protocols\r\n"] {
        let server = Raw::start(move |mut stream, _| {
            stream.write_all(first.as_bytes()).unwrap();
            let _ = stream.read(&mut [0]);
        });
        let ran = tool().args(["--handshake-timeout", "300ms"]).arg(server.url()).run();
        ran.code(7).stdout("").stderr(
            "wsprobe: timed out after 300ms while waiting for the answer to the opening request (--handshake-timeout)\n",
        );
    }
}

#[test]
fn a_connection_that_does_not_come_about_in_time_is_7() {
    // The kernel accepts, but no TLS follows.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());
    let ran = tool().args(["-k", "-q", "--connect-timeout", "300ms"]).arg(url).run();
    ran.code(7)
        .stdout("")
        .stderr("wsprobe: timed out after 300ms while securing the connection with TLS (--connect-timeout)\n");
}

#[test]
fn a_host_that_does_not_answer_is_7() {
    // A full backlog: Linux then drops new connections.
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let knock = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300));
    let _knocked: Vec<_> = std::iter::from_fn(|| knock().ok()).take(16).collect();
    let ran = tool().args(["--connect-timeout", "300ms"]).arg(format!("ws://{address}/")).run();
    ran.code(7).stdout("").stderr("wsprobe: timed out after 300ms while connecting (--connect-timeout)\n");
}

#[test]
fn the_time_limit_of_the_run_covers_connecting() {
    let server = Raw::start(|mut stream, _| drop(stream.read(&mut [0])));
    let ran = tool().args(["--timeout", "300ms"]).arg(server.url()).run();
    ran.code(7).stdout("").stderr("wsprobe: timed out after 300ms while connecting (--timeout)\n");
}

#[test]
fn a_port_that_nobody_listens_on_is_3() {
    let port = free_port();
    let error = format!("127.0.0.1:{port}: Connection refused (os error 111)");
    let ran = tool().arg("-q").arg(format!("ws://127.0.0.1:{port}/x")).run().code(3).stdout("");
    ran.stderr(&format!("wsprobe: cannot connect to ws://127.0.0.1:{port}/x: {error}\n"));
}

#[test]
fn a_name_that_does_not_resolve_is_3() {
    let ran = tool().arg("ws://nonexistent.invalid/").run().code(3).stdout("");
    assert!(ran.stderr.starts_with("wsprobe: cannot resolve `nonexistent.invalid`: "), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[test]
fn a_server_that_does_not_speak_tls_is_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let ran = tool().args(["-k", "-q"]).arg(format!("wss://{address}/")).run().code(3).stdout("");
    ran.says("wsprobe: TLS with `127.0.0.1` failed: ").says("(use ws:// for a port without TLS)\n");
    server.join().unwrap();
}

#[test]
fn a_unix_socket_that_is_not_there_is_3() {
    let dir = kit::dir();
    let path = kit::path(&dir, "app.sock");
    let ran = tool().arg(format!("ws+unix:{}:/", path.display())).run().code(3).stdout("");
    let error = "No such file or directory (os error 2)";
    ran.stderr(&format!("wsprobe: cannot connect to the socket `{}`: {error}\n", path.display()));
}

const FORBIDDEN: &str =
    "HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 21\r\n\r\nmembers only\nsorry \u{1b}c";

#[test]
fn a_refusal_is_4_with_status_and_body() {
    let server = Raw::answering(FORBIDDEN);
    let ran = tool().arg(server.url()).run().code(4).stdout("");
    ran.stderr(
        "wsprobe: the server answered 403 Forbidden instead of switching to WebSocket \
         (it may require credentials, or an --origin that it accepts)\n\
         \x20 members only\n\
         \x20 sorry \\ec\n",
    );
}

#[test]
fn a_refusal_says_the_same_when_quiet() {
    let server = Raw::answering(FORBIDDEN);
    tool().arg("-q").arg(server.url()).run().code(4).stdout("").says("403 Forbidden").says("members only\n");
}

#[test]
fn a_refusal_shows_its_headers_to_who_asks() {
    let server = Raw::answering(FORBIDDEN);
    let ran = tool().arg("-v").arg(server.url()).run().code(4).stdout("");
    ran.says("> GET / HTTP/1.1\n").says("< HTTP/1.1 403 Forbidden\n< X-Why: because\n").says("members only\n");
}

#[test]
fn each_other_answer_is_4() {
    for (answer, said) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "answered 200 OK instead of switching"),
        ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "(try --user or --bearer)"),
        ("HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\n\r\n", "points to `ws://elsewhere/` (-L follows it)"),
        ("HTTP/1.0 503 Busy\r\n\r\ncome back later", "come back later"),
    ] {
        let server = Raw::answering(answer);
        tool().arg(server.url()).run().code(4).stdout("").says(said);
    }
}

#[test]
fn a_server_that_never_answers_our_close_is_7_after_the_close_timeout() {
    let server = Raw::open(|mut stream| {
        assert_eq!(read_frame(&mut stream).unwrap().0, CLOSE);
        let _ = stream.read(&mut [0]);
    });
    let ran = tool().args(["-q", "-w", "0", "--close-timeout", "300ms"]).arg(server.url()).stdin("").run();
    ran.code(7).stdout("").stderr("wsprobe: the server did not answer our Close within 300ms (--close-timeout)\n");
    server.join();
}

#[test]
fn what_comes_after_our_close_is_printed_within_the_close_timeout() {
    let server = Raw::open(|mut stream| {
        assert_eq!(read_frame(&mut stream).unwrap().0, CLOSE);
        for _ in 0..6 {
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(&frame(TEXT, b"more")).unwrap();
        }
        stream.write_all(&frame(CLOSE, NORMAL)).unwrap();
    });
    let url = server.url();
    let ran = tool().args(["-w", "0", "--close-timeout", "30s"]).arg(&url).stdin("").run();
    ran.code(0).stdout("more\n".repeat(6)).stderr(&all_well(&url));
    server.join();
}

#[test]
fn what_comes_does_not_extend_the_close_timeout_and_a_server_that_only_sends_is_0() {
    for args in [&["-w", "0"][..], &["--one"]] {
        let server = Raw::open(|mut stream| while stream.write_all(&frame(TEXT, b"more")).is_ok() {});
        let ran = tool().args(["-q", "--close-timeout", "300ms"]).args(args).arg(server.url()).stdin("").run();
        assert!(ran.code(0).stderr("").out().starts_with("more\n"));
        server.join();
    }
}

#[test]
fn a_message_that_the_close_timeout_cuts_is_7() {
    let server = Raw::open(|mut stream| {
        let _ = stream.write_all(&[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]);
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let ran =
        tool().args(["-w", "0", "--max-message", "8G", "--close-timeout", "300ms"]).arg(server.url()).stdin("").run();
    ran.code(7).says("did not answer our Close within 300ms");
    server.join();
}

#[test]
fn time_in_which_stdout_takes_nothing_does_not_count_for_the_close() {
    const LINES: usize = 20_000;
    let server = Raw::open(|mut stream| {
        assert_eq!(read_frame(&mut stream).unwrap().0, CLOSE);
        (0..LINES).for_each(|_| stream.write_all(&frame(TEXT, &[b'x'; 99])).unwrap());
        stream.write_all(&frame(CLOSE, NORMAL)).unwrap();
    });
    let running = tool().args(["-w", "0", "--close-timeout", "1s"]).arg(server.url()).stdin("").start();
    std::thread::sleep(Duration::from_millis(2500));
    let ran = running.wait().code(0);
    assert_eq!(ran.stdout.len(), LINES * 100);
    server.join();
}

#[test]
fn a_server_that_closes_after_its_close_was_awaited_is_0() {
    let (server, heard) = hearing();
    tool().args(["-w", "0"]).arg(url(&server)).stdin("").run().code(0).stderr(&all_well(&url(&server)));
    assert_eq!(heard.next(), Said::Close(Some(1000), String::new()));
}

#[test]
fn an_expectation_that_fails_is_1() {
    let server = echo();
    let ran = tool().args(["-q", "-w", "0", "-x", "ping", "--expect", "pong"]).arg(url(&server)).run();
    ran.code(1).stdout("ping\n").stderr("wsprobe: no message met the expectation `pong`\n");
}

#[test]
fn wrong_usage_is_2() {
    tool().run().code(2).stdout("").says("no URL given");
}

#[test]
fn quiet_silences_all_talk() {
    let server = echo();
    tool().args(["-q", "-w", "0", "-x", "a"]).arg(url(&server)).run().code(0).stdout("a\n").stderr("");
}

#[test]
fn a_server_that_keeps_the_transport_open_after_the_closes_is_not_waited_for_long() {
    let (tell, left) = channel();
    let server = Raw::open(move |mut stream| {
        stream.write_all(&frame(CLOSE, NORMAL)).unwrap();
        assert_eq!(read_frame(&mut stream).unwrap().0, CLOSE);
        // It waits for the client to leave first.
        let _ = stream.read(&mut [0]);
        let _ = tell.send(());
    });
    tool().arg(server.url()).run().code(0).stdout("").stderr(&closed_well(&server.url()));
    left.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn with_binary_expectations_look_into_binary_messages_of_any_size() {
    let server = echo();
    let large = format!("{}done", "x".repeat(3 << 20));
    for expectation in [["--until", "done$"], ["--expect", "done$"]] {
        let run = |args: &[&str]| {
            tool().args(["-q", "--whole", "-w", "30s", "--timeout", "60s"]).args(args).args(expectation)
        };
        run(&["-b"]).arg(url(&server)).stdin(large.as_str()).run().code(0).stdout(&large);
    }
    let json = tool().args(["-q", "-b", "-x", r#"{"op":"x"}"#, "--expect-json", "op=x"]).arg(url(&server)).run();
    json.code(0);
    // Without it, a binary message is none that could match.
    let server = kit::serving(|client: kit::Client| async move {
        client.binary(b"done").await;
        client.close(1000, "").await;
    });
    tool().args(["-q", "-r", "--expect", "done"]).arg(url(&server)).run().code(1);
}

#[test]
fn a_panic_tells_its_frames_where_they_are_asked_for() {
    // No thread has room for such a stack, and looking up a name needs one.
    let panicking = || tool().env("RUST_MIN_STACK", (1_u64 << 62).to_string()).arg("ws://nosuch.invalid");
    let ran = panicking().env("RUST_BACKTRACE", "1").run().says("panicked at ");
    // By name, or in a release as places that `addr2line` turns into names.
    let places = ran.stderr.lines().find_map(|line| line.strip_prefix("places in the program, for addr2line: 0x"));
    let named = ran.stderr.lines().filter(|line| line.contains("wsprobe::")).count();
    assert!(named > 5 || places.is_some_and(|places| places.matches(" 0x").count() > 10), "{}", ran.stderr);
    let ran = panicking().run().says("panicked at ");
    assert!(!ran.stderr.contains("places in the program"), "{}", ran.stderr);
}
