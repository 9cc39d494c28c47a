//! Servers that break the rules of HTTP/2, or do not speak it.

use super::kit::http2::{SETTINGS, frame, saying_bytes};
use super::kit::{tool, tool_in_shell};

/// What the server says, whether it closes after that, the exit status, and what is said of it.
type Case = (&'static str, Vec<u8>, bool, i32, &'static str);

fn after_settings(frames: &[&[u8]]) -> Vec<u8> {
    [SETTINGS, &frames.concat()].concat()
}

/// Header fields for the first stream.
fn headers(fields: &[(&str, &str)], flags: u8) -> Vec<u8> {
    super::kit::http2::headers(1, fields, flags)
}

const END_HEADERS: u8 = 4;

#[test]
fn no_server_is_more_than_a_sentence() {
    for (name, said, closes, code, expected) in cases() {
        let url = saying_bytes(said, closes);
        let ran = tool().args(["--http2-prior-knowledge", "-r", "--handshake-timeout", "5s", &url]).run();
        assert!(ran.stderr.contains(expected), "{name}: `{expected}` is missing in: {}", ran.stderr);
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.stderr);
    }
}

#[test]
fn a_server_that_never_sends_settings_is_given_up() {
    let url = saying_bytes(Vec::new(), false);
    let ran = tool().args(["--http2-prior-knowledge", "-r", "--handshake-timeout", "100ms", &url]).run().code(7);
    ran.says("timed out after 100ms while waiting for the server's SETTINGS (--handshake-timeout)");
}

fn cases() -> Vec<Case> {
    let broken = "the rules of HTTP/2 were broken";
    vec![
        (
            "nothing",
            Vec::new(),
            true,
            5,
            "the server closed the connection before it sent its SETTINGS (does it speak HTTP/2 on this port?)",
        ),
        (
            "HTTP/1.1",
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec(),
            true,
            3,
            "the server does not speak HTTP/2: its answer begins with `HTTP/1.1 400 Bad Request` (--http1.1 does without)",
        ),
        (
            "HTTP/1.1, open",
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            false,
            3,
            "begins with `HTTP/1.1 400 Bad Request`",
        ),
        (
            "half a frame",
            SETTINGS[..12].to_vec(),
            true,
            3,
            "the server does not speak HTTP/2: its answer begins with `\\x00\\x00\\x06\\x04",
        ),
        (
            "another frame first",
            vec![0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
            false,
            3,
            "the server does not speak HTTP/2: its answer begins with",
        ),
        ("settings alone", after_settings(&[]), true, 5, "the server closed the connection before it answered"),
        (
            "a frame that is too large",
            after_settings(&[&[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]]),
            false,
            5,
            "FRAME_SIZE_ERROR (0x6)",
        ),
        ("data on stream 0", after_settings(&[&[0, 0, 1, 0, 0, 0, 0, 0, 0, 1]]), false, 5, broken),
        ("data on a stream that is not open", after_settings(&[&[0, 0, 1, 0, 0, 0, 0, 0, 9, 1]]), false, 5, broken),
        ("a wrong length of SETTINGS", after_settings(&[&[0, 0, 1, 4, 0, 0, 0, 0, 0, 1]]), false, 5, broken),
        (
            "an illegal setting",
            after_settings(&[&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]]),
            false,
            5,
            broken,
        ),
        (
            "a window that overflows",
            after_settings(&[&[0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]]),
            false,
            5,
            broken,
        ),
        (
            "an acknowledgement too much",
            after_settings(&[&[0, 0, 0, 4, 1, 0, 0, 0, 0], &[0, 0, 0, 4, 1, 0, 0, 0, 0]]),
            false,
            5,
            broken,
        ),
        ("a continuation of nothing", after_settings(&[&[0, 0, 0, 9, 4, 0, 0, 0, 1]]), false, 5, broken),
        ("a push", after_settings(&[&[0, 0, 5, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0x82]]), false, 5, broken),
        (
            "a GOAWAY with words",
            after_settings(&[&[0, 0, 12, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb], b"calm"]),
            false,
            5,
            "(GOAWAY): ENHANCE_YOUR_CALM (0xb): `calm`",
        ),
        (
            "a GOAWAY with controls",
            after_settings(&[&[0, 0, 12, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], b"\x1b[2J"]),
            false,
            5,
            "(GOAWAY): INTERNAL_ERROR (0x2): `\\x1b[2J`",
        ),
    ]
}

/// Answers that can only be read after the request.
#[test]
fn no_answer_is_more_than_a_sentence() {
    let status = (":status", "200");
    for (name, said, code, expected) in [
        ("no status", headers(&[("server", "x")], END_HEADERS), 5, "PROTOCOL_ERROR (0x1)"),
        ("two statuses", headers(&[status, status], END_HEADERS), 5, "PROTOCOL_ERROR (0x1)"),
        ("a status that is no number", headers(&[(":status", "2x0")], END_HEADERS), 5, "PROTOCOL_ERROR (0x1)"),
        (
            "a pseudo-header after the others",
            headers(&[("server", "x"), status], END_HEADERS),
            5,
            "PROTOCOL_ERROR (0x1)",
        ),
        ("a name in upper case", headers(&[status, ("Server", "x")], END_HEADERS), 5, "PROTOCOL_ERROR (0x1)"),
        ("a field of HTTP/1.1", headers(&[status, ("connection", "x")], END_HEADERS), 5, "PROTOCOL_ERROR (0x1)"),
        (
            "a frame between HEADERS and CONTINUATION",
            [headers(&[status], 0), vec![0, 0, 0, 0, 0, 0, 0, 0, 1]].concat(),
            5,
            "PROTOCOL_ERROR (0x1)",
        ),
        (
            "a block that does not inflate",
            [vec![0, 0, 2, 1, 4, 0, 0, 0, 1], vec![0xff, 0xff]].concat(),
            5,
            "PROTOCOL_ERROR (0x1)",
        ),
        (
            "an answer that ends the stream",
            headers(&[status], END_HEADERS | 1),
            5,
            "the connection was cut without a Close",
        ),
    ] {
        let url = asked_then(said);
        let ran = tool().args(["--http2-prior-knowledge", "-r", "--handshake-timeout", "5s", &url]).run();
        assert!(ran.stderr.contains(expected), "{name}: `{expected}` is missing in: {}", ran.stderr);
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.stderr);
    }
}

/// What breaks the rules on a stream that is open.
#[test]
fn no_frame_on_an_open_stream_is_more_than_a_sentence() {
    let open = headers(&[(":status", "200")], END_HEADERS);
    let broken = "the rules of HTTP/2 were broken";
    for (name, said, expected) in [
        ("padding longer than its frame", frame(0, 8, 1, &[9, 0]), "PROTOCOL_ERROR (0x1)"),
        ("a window that grows by nothing", frame(8, 0, 1, &[0; 4]), "PROTOCOL_ERROR (0x1)"),
        ("fields in the middle", headers(&[("server", "x")], END_HEADERS), "PROTOCOL_ERROR (0x1)"),
        (
            "data after the end",
            [frame(0, 1, 1, &[]), frame(0, 0, 1, &[1])].concat(),
            "the connection was cut without a Close",
        ),
        ("a short PING", frame(6, 0, 0, &[0; 7]), broken),
        ("a PING on a stream", frame(6, 0, 1, &[0; 8]), "PROTOCOL_ERROR (0x1)"),
        ("a short RST_STREAM", frame(3, 0, 1, &[0; 3]), broken),
    ] {
        let url = asked_then([open.clone(), said].concat());
        let ran = tool().args(["--http2-prior-knowledge", "-r", "--timeout", "20s", &url]).run();
        assert!(ran.stderr.contains(expected), "{name}: `{expected}` is missing in: {}", ran.stderr);
        assert_eq!(ran.code, Some(5), "{name}: {}", ran.stderr);
    }
}

/// What a server repeats without end; the tool has little memory.
#[test]
fn no_flood_of_a_server_bloats_or_hangs() {
    let status = |code| headers(&[(":status", code)], END_HEADERS);
    let open_headers = super::kit::http2::headers(1, &[("x", "a".repeat(16_000))], 0);
    for (name, said, code, expected) in [
        ("settings", frame(4, 0, 0, &[0, 3, 0, 0, 0, 1]).repeat(100_000), 7, "timed out after 3s"),
        ("pings", frame(6, 0, 0, &[0; 8]).repeat(100_000), 7, "timed out after 3s"),
        ("priorities", frame(2, 0, 3, &[0; 5]).repeat(100_000), 7, "timed out after 3s"),
        ("unknown frames", frame(0xee, 0, 1, &[0; 100]).repeat(50_000), 7, "timed out after 3s"),
        ("continuations", [headers(&[], 0), frame(9, 0, 1, &[]).repeat(20_000)].concat(), 5, "ENHANCE_YOUR_CALM (0xb)"),
        (
            "a header bomb",
            [open_headers, frame(9, 0, 1, &[0xbe; 16_000]).repeat(1000)].concat(),
            5,
            "the rules of HTTP/2 were broken",
        ),
        ("1xx", status("103").repeat(10_000), 5, "there were more than 32 answers 1xx"),
        ("empty data", [status("200"), frame(0, 0, 1, &[]).repeat(50_000)].concat(), 5, "ENHANCE_YOUR_CALM (0xb)"),
    ] {
        let url = asked_then(said);
        let limited = format!("ulimit -v 400000; exec \"$1\" --http2-prior-knowledge -r --handshake-timeout 3s {url}");
        let ran = tool_in_shell(&limited).run();
        assert!(ran.stderr.contains(expected), "{name}: `{expected}` is missing in: {}", ran.stderr);
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.stderr);
    }
}

/// A server that sends its settings, reads up to the request, and then says this.
fn asked_then(said: Vec<u8>) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut preface = [0; 24];
            let _ = stream.read_exact(&mut preface);
            let _ = stream.write_all(SETTINGS);
            loop {
                let mut header = [0; 9];
                if stream.read_exact(&mut header).is_err() {
                    break;
                }
                let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
                let _ = std::io::copy(&mut (&mut stream).take(length.into()), &mut std::io::sink());
                // HEADERS
                if header[3] == 1 {
                    let _ = stream.write_all(&said);
                }
            }
        }
    });
    url
}
