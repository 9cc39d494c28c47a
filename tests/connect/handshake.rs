//! What servers do in the opening handshake, good and bad, and how it ends for the user.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use crate::kit::http::{FAREWELL, Http, welcome, welcome_with};
use crate::kit::{Ran, Raw, dir, path, switching, tls, tool};

/// Answers with these parts, each in its own segment as far as the sender can ensure that. The pauses are not
/// essential: read together or apart, the parts mean the same.
fn in_parts(parts: impl Fn(&str) -> Vec<Vec<u8>> + Send + 'static) -> Raw {
    Raw::start(move |mut stream, head| {
        stream.set_nodelay(true).unwrap();
        for part in parts(&head) {
            // The client may have read enough.
            let _ = stream.write_all(&part);
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = stream.shutdown(Shutdown::Write);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    })
}

/// Answers and keeps the connection open: what is known must be shown without waiting for more.
fn and_stays(answer: &[u8]) -> Raw {
    let answer = answer.to_vec();
    Raw::start(move |mut stream, _| {
        stream.write_all(&answer).unwrap();
        let _ = stream.read(&mut [0]);
    })
}

#[track_caller]
fn run(server: &Raw) -> Ran {
    tool().args(["-w", "0"]).arg(server.url()).run()
}

/// Runs against an answer that is not a handshake.
#[track_caller]
fn run_against(answer: impl Into<Vec<u8>>) -> Ran {
    run(&Raw::answering(answer))
}

/// Runs against a 101 that is valid except for a replacement.
#[track_caller]
fn run_with(line: &'static str, by: &'static str) -> Ran {
    let server = Http::start(move |head| {
        let answer = switching(head);
        assert!(answer.contains(line));
        [answer.replace(line, by).as_bytes(), FAREWELL].concat()
    });
    tool().arg(server.url("/")).run()
}

/// The message about an unusable answer.
fn flaw(port: u16, what: &str) -> String {
    format!("wsprobe: the handshake with ws://127.0.0.1:{port}/ failed: {what}\n")
}

#[test]
fn keep_alive_beside_upgrade_is_fine() {
    run_with("Connection: Upgrade", "Connection: keep-alive, Upgrade").code(0).stdout("hi\n");
    run_with("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade").code(0).stdout("hi\n");
}

#[test]
fn the_case_of_names_and_of_websocket_does_not_matter() {
    run_with("Upgrade: websocket", "UPGRADE: WebSocket").code(0).stdout("hi\n");
    run_with("Sec-WebSocket-Accept", "sec-websocket-accept").code(0).stdout("hi\n");
}

#[test]
fn a_frame_glued_to_the_101_is_not_lost() {
    let server = Http::welcoming();
    tool().arg(server.url("/")).run().code(0).stdout("hi\n").says("closed 1000 by the server (normal closure)");
}

#[test]
fn a_101_may_come_byte_by_byte() {
    let server = in_parts(|head| welcome(head).chunks(1).map(<[u8]>::to_vec).collect());
    run(&server).code(0).stdout("hi\n");
}

#[test]
fn early_hints_and_continue_before_the_101_are_skipped_but_shown() {
    let server = in_parts(|head| {
        let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n".to_vec();
        let glued = [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), welcome(head)].concat();
        vec![hints.clone(), hints, glued]
    });
    let ran = tool().args(["-v", &server.url()]).run().code(0).stdout("hi\n");
    assert_eq!(ran.stderr.matches("< HTTP/1.1 103 Early Hints\n< Link: </a>; rel=preload\n< \n").count(), 2);
    ran.says("< HTTP/1.1 100 Continue\n").says("< HTTP/1.1 101 Switching Protocols\n");
}

#[test]
fn interim_answers_without_end_are_refused() {
    let server = and_stays("HTTP/1.1 100 Continue\r\n\r\n".repeat(5000).as_bytes());
    let said = flaw(server.port(), "the head of the server's answer is longer than 64 KiB");
    run(&server).code(5).stdout("").stderr(&said);
}

#[test]
fn a_hundred_and_fifty_header_fields_are_fine() {
    let server = Http::start(|head| welcome_with(head, &"X-More: 1\r\n".repeat(147)));
    tool().arg(server.url("/")).run().code(0).stdout("hi\n");
}

#[test]
fn too_many_header_fields_and_too_long_ones_are_refused() {
    let server = Http::start(|head| welcome_with(head, &"X-More: 1\r\n".repeat(297)));
    let said = flaw(server.port(), "the server's answer has more than 256 header fields");
    tool().arg(server.url("/")).run().code(5).stderr(&said);
    let server = and_stays(format!("HTTP/1.1 101 x\r\nX-Long: {}", "x".repeat(100_000)).as_bytes());
    let said = flaw(server.port(), "the head of the server's answer is longer than 64 KiB");
    run(&server).code(5).stderr(&said);
}

#[test]
fn a_403_with_a_body_that_comes_later_is_shown_whole() {
    let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n";
    let server =
        in_parts(move |_| [head, "not on ", "this planet\n", "not this"].map(|part| part.as_bytes().to_vec()).to_vec());
    run(&server).code(4).stdout("").stderr(
        "wsprobe: the server answered 403 Forbidden instead of switching to WebSocket \
         (it may require credentials, or an --origin that it accepts)\n  not on this planet\n",
    );
}

#[test]
fn a_chunked_body_is_put_together() {
    let parts = [
        "HTTP/1.1 401 Who\r\nTransfer-Encoding: chunked\r\n\r\n4",
        "\r\nlog ",
        "\r\n6;a=b\r\nin ",
        "fir",
        "\r\n2\r\nst\r",
        "\n0\r\n\r\n",
    ];
    let server = in_parts(move |_| parts.map(|part| part.as_bytes().to_vec()).to_vec());
    run(&server).code(4).stderr(
        "wsprobe: the server answered 401 Who instead of switching to WebSocket (try --user or --bearer)\n  log in first\n",
    );
}

#[test]
fn a_body_without_length_is_read_until_the_close() {
    let server =
        in_parts(|_| ["HTTP/1.1 500 Oops\r\n\r\nstack\n", "  trace\n"].map(|part| part.as_bytes().to_vec()).to_vec());
    run(&server)
        .code(4)
        .stderr("wsprobe: the server answered 500 Oops instead of switching to WebSocket\n  stack\n    trace\n");
}

#[test]
fn a_refusal_in_http_1_0_is_understood() {
    run_against("HTTP/1.0 403 Forbidden\r\n\r\ngo away")
        .code(4)
        .says("the server answered 403 Forbidden")
        .says("\n  go away\n");
}

#[test]
fn a_refusal_without_a_body_does_not_wait_for_one() {
    for status in ["204 No Content", "304 Not Modified", "404 Not Found\r\nContent-Length: 0"] {
        let server = and_stays(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes());
        let ran = tool().args(["--handshake-timeout", "1h"]).arg(server.url()).run().code(4).stdout("");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
}

#[test]
fn what_came_of_a_body_that_stalls_is_shown() {
    let server = and_stays(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\ntry la");
    run(&server).code(4).stderr(
        "wsprobe: the server answered 503 Busy instead of switching to WebSocket\n  try la\nwsprobe: the body is longer than this\n",
    );
}

#[test]
fn a_body_without_end_is_cut() {
    let answer = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &b"x".repeat(1 << 20)].concat();
    let server = Raw::start(move |mut stream, _| {
        let _ = stream.write_all(&answer);
        let _ = stream.read(&mut [0]);
    });
    let ran =
        run(&server).code(4).says("the server answered 200 OK instead of switching to WebSocket (is the path right?)");
    assert!(ran.stderr.ends_with("x\nwsprobe: the body is longer than this\n"));
    assert_eq!(ran.stderr.matches('x').count(), 64 * 1024);
}

#[test]
fn a_body_cannot_drive_the_terminal() {
    let ran = run_against("HTTP/1.1 400 Bad\r\n\r\n\x1b]0;owned\x07\x1b[2J\u{9b}31m").code(4);
    assert!(!ran.stderr.contains(['\x1b', '\x07', '\u{9b}']), "{:?}", ran.stderr);
}

#[test]
fn a_refusal_is_an_error_in_records_too() {
    let dir = dir();
    let record = path(&dir, "record");
    let server = Raw::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n");
    let args = ["-j", "--record", record.to_str().unwrap(), &server.url()];
    let ran = tool().args(args).run().code(4).says("403 Forbidden").says("\n  no\n");
    let records = ran.out();
    assert!(
        records.contains(r#""dir":"in","type":"error","kind":"refused","data":"the server answered 403 Forbidden"#),
        "{records}"
    );
    assert_eq!(records.lines().count(), 1);
    assert_eq!(std::fs::read_to_string(record).unwrap(), records);
}

#[test]
fn quiet_silences_the_talk_but_no_refusal() {
    let ran = tool().args(["-q", &Raw::answering("HTTP/1.1 404 Gone Fishing\r\n\r\nback at 5").url()]).run().code(4);
    ran.stderr(
        "wsprobe: the server answered 404 Gone Fishing instead of switching to WebSocket \
        (is the path right? some servers also answer this way without --origin)\n  back at 5\n",
    );
    tool().args(["-q", &Http::welcoming().url("/")]).run().code(0).stdout("hi\n").stderr("");
}

#[test]
fn verbose_shows_the_head_of_a_refusal() {
    let server = Raw::answering("HTTP/1.1 429 Slow Down\r\nretry-After: 7\r\nX-E: 1\r\nContent-Length: 0\r\n\r\n");
    let ran = tool().args(["-v", &server.url()]).run().code(4);
    ran.says("< HTTP/1.1 429 Slow Down\n< retry-After: 7\n< X-E: 1\n< Content-Length: 0\n< \nwsprobe: the server answered 429 Slow Down");
}

const NO_HANDSHAKE: &str = "the server's 101 is not a WebSocket handshake: ";

#[test]
fn a_wrong_or_missing_accept_is_refused() {
    let wrong = |head: &str| switching(head).replace("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: X").into_bytes();
    let server = Http::start(wrong);
    let ran =
        tool().args(["-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", &server.url("/")]).run().code(5).stdout("");
    let fault = "`Sec-WebSocket-Accept` is `Xs3pPLMBiTxaQ9kYGzzhZRbK+xOo=`, expected `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`";
    ran.stderr(&flaw(server.port(), &format!("{NO_HANDSHAKE}{fault}")));
    run_with("Sec-WebSocket-Accept", "X-Accept")
        .code(5)
        .stdout("")
        .says("`Sec-WebSocket-Accept` is missing, expected `");
}

#[test]
fn a_missing_or_wrong_upgrade_or_connection_is_refused() {
    for (line, by, fault) in [
        ("Upgrade: websocket\r\n", "", "`Upgrade` is missing, expected `websocket`"),
        ("Upgrade: websocket", "Upgrade: h2c", "`Upgrade` is `h2c`, expected `websocket`"),
        ("Connection: Upgrade\r\n", "", "`Connection` is missing, expected `Upgrade`"),
        ("Connection: Upgrade", "Connection: close", "`Connection` is `close`, expected `Upgrade`"),
    ] {
        run_with(line, by).code(5).stdout("").says(&format!("{NO_HANDSHAKE}{fault}\n"));
    }
}

#[test]
fn an_extension_that_was_not_asked_for_is_refused() {
    let server = Http::start(|head| welcome_with(head, "Sec-WebSocket-Extensions: permessage-x; a=1\r\n"));
    let fault = "the server uses the extension `permessage-x`, expected one of `permessage-deflate`";
    let said = flaw(server.port(), &format!("{NO_HANDSHAKE}{fault}"));
    tool().arg(server.url("/")).run().code(5).stdout("").stderr(&said);
}

#[test]
fn two_subprotocols_are_refused() {
    let server = Http::start(|head| welcome_with(head, "Sec-WebSocket-Protocol: a, b\r\n"));
    let ran = tool().args(["-s", "a", "-s", "b", &server.url("/")]).run().code(5).stdout("");
    ran.says("the server chose several subprotocols, `a, b`, expected at most one");
}

#[test]
fn a_bad_101_is_shown_to_who_asks_for_details() {
    let server = Raw::answering("HTTP/1.1 101 Fine\r\nX-Why: because\r\n\r\n");
    tool().args(["-v", &server.url()]).run().code(5).says("< HTTP/1.1 101 Fine\n< X-Why: because\n< \n");
}

#[test]
fn any_other_protocol_is_told_apart_at_once() {
    for (banner, begins) in [
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], "SSH-2.0-OpenSSH_9.6"),
        (b"HTTP/2 400\r\n\r\n", "HTTP/2 400"),
        (b"\x1b[2J\xff", r"\x1b[2J\xff"),
        (b"+OK `ready`\r\n", "+OK `ready`"),
    ] {
        let server = and_stays(banner);
        let said = flaw(server.port(), &format!("the server does not speak HTTP/1: its answer begins with `{begins}`"));
        tool().args(["--handshake-timeout", "1h"]).arg(server.url()).run().code(5).stdout("").stderr(&said);
    }
}

#[test]
fn a_banner_sent_before_the_request_is_told_apart_too() {
    let server = speaking_first("220 mail ready\r\n");
    let ran = tool().args(["--handshake-timeout", "1h"]).arg(format!("127.0.0.1:{server}")).run().code(5);
    ran.says("its answer begins with `220 mail ready`");
}

/// A server that sends this to any client, without reading first; returns its port.
fn speaking_first(text: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(text.as_bytes());
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    port
}

#[test]
fn broken_http_says_what_is_broken() {
    run_against("HTTP/1.1 101 x\r\nno colon\r\n\r\n")
        .code(5)
        .says("the server's answer is not valid HTTP: invalid header name in line 2, `no colon`\n");
}

#[test]
fn a_server_that_hangs_up_exits_5() {
    let server = Raw::answering("");
    let said = flaw(
        server.port(),
        "the server closed the connection before it answered \
         (does it speak TLS here (wss://), or require an --origin that it accepts?)",
    );
    run(&server).code(5).stdout("").stderr(&said);
    let server = Raw::answering("HTTP/1.1 101 Swi");
    let said = flaw(server.port(), "the server closed the connection after 16 bytes of its answer");
    run(&server).code(5).stdout("").stderr(&said);
}

#[test]
fn a_server_that_resets_the_connection_exits_5() {
    let server = Raw::start(|stream, _| reset(stream));
    run(&server).code(5).says("failed: the connection broke during the handshake: Connection reset by peer");
}

/// Ends the connection as a crash does.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

#[test]
fn a_tls_server_at_a_ws_url_hints_at_wss() {
    let server = Http::start_tls(tls::stranger(), welcome);
    let ran = tool().arg(format!("ws://127.0.0.1:{}/", server.port())).run().code(5).stdout("");
    ran.says("the server speaks TLS on this port: its answer is a TLS record (use wss://)\n");
}

#[test]
fn a_plain_server_at_a_wss_url_hints_at_ws() {
    let server = speaking_first("HTTP/1.1 400 Bad Request\r\n\r\n");
    let ran = tool().args(["-k", &format!("wss://127.0.0.1:{server}/")]).run().code(3).stdout("");
    ran.says("TLS with `127.0.0.1` failed: ").says(" (use ws:// for a port without TLS)\n");
}
