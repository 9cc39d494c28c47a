//! Answers to the client's request.

use std::io::Write as _;

use super::kit::{Ran, Raw, switching, tool};
use super::{Attack, check};

/// An answer.
enum Answer {
    /// As it is; the connection is closed after it.
    Whole(&'static [u8]),
    /// A sound one, with a part of it replaced.
    Replaced(&'static str, &'static str),
    /// A sound one, with one more field.
    Field(&'static str),
    /// A beginning, and then the same so many times.
    Endless(&'static str, &'static str, usize),
}

use Answer::{Endless, Field, Replaced, Whole};

impl Answer {
    fn bytes(&self, head: &str) -> Vec<u8> {
        let sound = switching(head);
        match *self {
            Self::Whole(bytes) => bytes.to_vec(),
            Self::Replaced(part, by) => {
                assert!(sound.contains(part), "{part}");
                sound.replace(part, by).into_bytes()
            }
            Self::Field(field) => sound.replace("\r\n\r\n", &format!("\r\n{field}\r\n\r\n")).into_bytes(),
            Self::Endless(begin, part, count) => [begin, &part.repeat(count)].concat().into_bytes(),
        }
    }
}

#[test]
fn no_answer_to_the_request_is_more_than_a_sentence() {
    check(ATTACKS, run);
}

fn run(answer: &'static Answer) -> Ran {
    let server = Raw::start(|mut stream, head| {
        // The client may have heard enough.
        let _ = stream.write_all(&answer.bytes(&head));
    });
    tool().args(["-w", "0", "--timeout", "20s", "--subprotocol", "chat"]).arg(server.url()).run()
}

const ATTACKS: &[Attack<Answer>] = &[
    (
        "nothing",
        Whole(b""),
        5,
        "the server closed the connection before it answered (does it speak TLS here (wss://), or require an",
    ),
    (
        "a line feed",
        Whole(b"\n"),
        5,
        "the server closed the connection before it answered (does it speak TLS here (wss://), or require an",
    ),
    (
        "an empty line",
        Whole(b"\r\n\r\n"),
        5,
        "the server closed the connection before it answered (does it speak TLS here (wss://), or require an",
    ),
    (
        "zeros",
        Whole(b"\0\0\0\0\0\0\0\0"),
        5,
        "the server does not speak HTTP/1: its answer begins with `\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00",
    ),
    ("half a status line", Whole(b"HTTP/1.1 10"), 5, "the server closed the connection after 11 bytes of its answer"),
    (
        "a status line without the end of the head",
        Whole(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"),
        5,
        "the server closed the connection after 54 bytes of its answer",
    ),
    ("HTTP/1.0 101", Replaced("HTTP/1.1", "HTTP/1.0"), 5, "the version is HTTP/1.0, expected HTTP/1.1"),
    (
        "HTTP/2.0 101",
        Replaced("HTTP/1.1", "HTTP/2.0"),
        5,
        "the server does not speak HTTP/1: its answer begins with `HTTP/2.0 101 Switching Protocols",
    ),
    (
        "HTTP/0.9",
        Whole(b"<html>hello</html>"),
        5,
        "the server does not speak HTTP/1: its answer begins with `<html>hello</html>",
    ),
    (
        "HTTP/1.10 101",
        Replaced("HTTP/1.1", "HTTP/1.10"),
        5,
        "the server's answer is not valid HTTP: invalid HTTP version in line 1, `HTTP/1.10 101 Switching",
    ),
    (
        "http in lower case",
        Replaced("HTTP/1.1", "http/1.1"),
        5,
        "the server does not speak HTTP/1: its answer begins with `http/1.1 101 Switching Protocols",
    ),
    (
        "a banner of SSH",
        Whole(b"SSH-2.0-OpenSSH_9.2\r\n"),
        5,
        "the server does not speak HTTP/1: its answer begins with `SSH-2.0-OpenSSH_9.2",
    ),
    (
        "a banner of SMTP",
        Whole(b"220 mail.example ESMTP\r\n"),
        5,
        "the server does not speak HTTP/1: its answer begins with `220 mail.example ESMTP",
    ),
    (
        "a TLS alert",
        Whole(b"\x15\x03\x01\0\x02\x02\x46"),
        5,
        "the server speaks TLS on this port: its answer is a TLS record (use wss://)",
    ),
    (
        "the preface of HTTP/2",
        Whole(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x10\0\0\0\x06\0\0\x40\0"),
        5,
        "the server speaks HTTP/2: its answer begins with a SETTINGS frame (use --http2-prior-knowledge)",
    ),
    (
        "a frame without a handshake",
        Whole(b"\x81\x02hi"),
        5,
        "the server does not speak HTTP/1: its answer begins with `\\x81\\x02hi",
    ),
    (
        "status 000",
        Whole(b"HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n"),
        4,
        "the server answered 000 None instead of switching to WebSocket",
    ),
    (
        "status 099",
        Whole(b"HTTP/1.1 099 Early\r\nContent-Length: 0\r\n\r\n"),
        4,
        "the server answered 099 Early instead of switching to WebSocket",
    ),
    (
        "status 1011",
        Whole(b"HTTP/1.1 1011 Long\r\nContent-Length: 0\r\n\r\n"),
        5,
        "the server's answer is not valid HTTP: invalid response status in line 1, `HTTP/1.1 1011 Long",
    ),
    (
        "status 999",
        Whole(b"HTTP/1.1 999 Far\r\nContent-Length: 0\r\n\r\n"),
        4,
        "the server answered 999 Far instead of switching to WebSocket",
    ),
    (
        "a status of letters",
        Whole(b"HTTP/1.1 abc What\r\n\r\n"),
        5,
        "the server's answer is not valid HTTP: invalid response status in line 1, `HTTP/1.1 abc What",
    ),
    (
        "a negative status",
        Whole(b"HTTP/1.1 -10 What\r\n\r\n"),
        5,
        "the server's answer is not valid HTTP: invalid response status in line 1, `HTTP/1.1 -10 What",
    ),
    (
        "status 100 and nothing else",
        Whole(b"HTTP/1.1 100 Continue\r\n\r\n"),
        5,
        "the server closed the connection before it answered (does it speak TLS here (wss://), or require an",
    ),
    (
        "status 102 and nothing else",
        Whole(b"HTTP/1.1 102 Processing\r\n\r\n"),
        5,
        "the server closed the connection before it answered (does it speak TLS here (wss://), or require an",
    ),
    (
        "a thousand times 100",
        Endless("", "HTTP/1.1 100 Continue\r\n\r\n", 1_000),
        5,
        "the server closed the connection before it answered (does it speak TLS here (wss://), or require an",
    ),
    (
        "status 200",
        Whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
        4,
        "the server answered 200 OK instead of switching to WebSocket (is the path right?)",
    ),
    (
        "status 204",
        Whole(b"HTTP/1.1 204 No Content\r\n\r\n"),
        4,
        "the server answered 204 No Content instead of switching to WebSocket (is the path right?)",
    ),
    (
        "status 205 with a body",
        Whole(b"HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nhi"),
        4,
        "the server answered 205 Reset Content instead of switching to WebSocket",
    ),
    (
        "status 301 without -L",
        Whole(b"HTTP/1.1 301 Moved\r\nLocation: ws://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"),
        4,
        "the server answered 301 Moved and points to `ws://192.0.2.1/` (-L follows it)",
    ),
    (
        "status 401",
        Whole(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\x1b[31m\"\r\nContent-Length: 0\r\n\r\n"),
        5,
        "the server's answer is not valid HTTP: invalid header value in line 2, `WWW-Authenticate: Basic",
    ),
    (
        "status 401 without a challenge",
        Whole(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
        4,
        "the server answered 401 Unauthorized instead of switching to WebSocket (try --user or --bearer)",
    ),
    (
        "status 407 from a server",
        Whole(b"HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n"),
        4,
        "the server answered 407 Proxy instead of switching to WebSocket (a proxy on the path answered; try",
    ),
    (
        "status 426",
        Whole(b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7\r\nContent-Length: 0\r\n\r\n"),
        4,
        "the server answered 426 Upgrade Required instead of switching to WebSocket (it supports version `8,",
    ),
    (
        "status 500 with a body that drives the terminal",
        Whole(b"HTTP/1.1 500 Oh\r\nContent-Length: 21\r\n\r\n\x1b]0;title\x07\x1b[2J\x9b31mhi"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a reason phrase that drives the terminal",
        Whole(b"HTTP/1.1 500 \x1b]0;owned\x07\r\nContent-Length: 0\r\n\r\n"),
        5,
        "the server's answer is not valid HTTP: invalid response status in line 1, `HTTP/1.1 500",
    ),
    (
        "a reason phrase of two lines",
        Whole(b"HTTP/1.1 500 One\rTwo\r\nContent-Length: 0\r\n\r\n"),
        5,
        "the server's answer is not valid HTTP: invalid response status in line 1, `HTTP/1.1 500 One\\rTwo",
    ),
    (
        "a reason phrase that is not UTF-8",
        Whole(b"HTTP/1.1 500 \xff\xfe\r\nContent-Length: 0\r\n\r\n"),
        4,
        "the server answered 500 �� instead of switching to WebSocket",
    ),
    ("no reason phrase", Replaced("101 Switching Protocols", "101"), 5, "the connection was cut without a Close"),
    (
        "a body longer than its length",
        Whole(b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nhello"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a body shorter than its length",
        Whole(b"HTTP/1.1 500 Oh\r\nContent-Length: 2000\r\n\r\nhello"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a length that is negative",
        Whole(b"HTTP/1.1 500 Oh\r\nContent-Length: -1\r\n\r\nhello"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a length beyond all numbers",
        Whole(b"HTTP/1.1 500 Oh\r\nContent-Length: 99999999999999999999999\r\n\r\nhello"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "two lengths that differ",
        Whole(b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nhello"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "chunks",
        Whole(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a chunk of a size beyond all numbers",
        Whole(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a chunk whose size is no number",
        Whole(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a chunk that is cut off",
        Whole(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a body that claims to be gzip",
        Whole(b"HTTP/1.1 500 Oh\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a body without end",
        Endless("HTTP/1.1 500 Oh\r\n\r\n", "hello ", 1_000_000),
        4,
        "the server answered 500 Oh instead of switching to WebSocket",
    ),
    (
        "a head without end",
        Endless("HTTP/1.1 101 Switching Protocols\r\n", "A: b\r\n", 100_000),
        5,
        "the head of the server's answer is longer than 64 KiB",
    ),
    (
        "a line without end",
        Endless("HTTP/1.1 101 Switching Protocols\r\nA: ", "b", 1_000_000),
        5,
        "the head of the server's answer is longer than 64 KiB",
    ),
    (
        "a status line without end",
        Endless("HTTP/1.1 500 ", "b", 1_000_000),
        5,
        "the head of the server's answer is longer than 64 KiB",
    ),
    (
        "three hundred fields",
        Endless("HTTP/1.1 101 Switching Protocols\r\n", "A: b\r\n", 300),
        5,
        "the server closed the connection after 1834 bytes of its answer",
    ),
    ("no Upgrade", Replaced("Upgrade: websocket\r\n", ""), 5, "`Upgrade` is missing, expected `websocket"),
    ("another Upgrade", Replaced("Upgrade: websocket", "Upgrade: h2c"), 5, "`Upgrade` is `h2c`, expected `websocket"),
    (
        "Upgrade to two",
        Replaced("Upgrade: websocket", "Upgrade: websocket, h2c"),
        5,
        "`Upgrade` is `websocket, h2c`, expected `websocket",
    ),
    ("no Connection", Replaced("Connection: Upgrade\r\n", ""), 5, "`Connection` is missing, expected `Upgrade"),
    (
        "Connection: close",
        Replaced("Connection: Upgrade", "Connection: close"),
        5,
        "`Connection` is `close`, expected `Upgrade",
    ),
    ("no Accept", Replaced("Sec-WebSocket-Accept: ", "X-Accept: "), 5, "`Sec-WebSocket-Accept` is missing, expected"),
    ("another Accept", Replaced("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"), 5, "`Sec-WebSocket-Accept` is"),
    ("two Accepts", Field("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), 5, "`Sec-WebSocket-Accept` is"),
    (
        "a subprotocol that was offered",
        Field("Sec-WebSocket-Protocol: chat"),
        5,
        "the connection was cut without a Close",
    ),
    (
        "a subprotocol that nobody offered",
        Field("Sec-WebSocket-Protocol: soap"),
        5,
        "the server chose the subprotocol `soap`, expected one of `chat` (-s soap requests it)",
    ),
    (
        "a subprotocol that drives the terminal",
        Field("Sec-WebSocket-Protocol: \x1b[31mchat"),
        5,
        "the server's answer is not valid HTTP: invalid header value in line 5, `Sec-WebSocket-Protocol:",
    ),
    (
        "two subprotocols",
        Field("Sec-WebSocket-Protocol: chat, soap"),
        5,
        "the server chose several subprotocols, `chat, soap`, expected at most one",
    ),
    (
        "two fields of subprotocols",
        Field("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat"),
        5,
        "the server chose several subprotocols, `chat`, `chat`, expected at most one",
    ),
    (
        "an empty subprotocol",
        Field("Sec-WebSocket-Protocol:"),
        5,
        "the server chose the subprotocol ``, expected one of `chat",
    ),
    (
        "an extension that nobody offered",
        Field("Sec-WebSocket-Extensions: x-webkit-deflate-frame"),
        5,
        "the server uses the extension `x-webkit-deflate-frame`, expected one of `permessage-deflate",
    ),
    (
        "deflate twice",
        Field("Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate"),
        5,
        "the server's compression parameters are invalid: permessage-deflate is there twice",
    ),
    (
        "deflate with a window of 16",
        Field("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16"),
        5,
        "the server's compression parameters are invalid: `server_max_window_bits` is 16, expected 8 to 15",
    ),
    (
        "deflate with a window of 7",
        Field("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=7"),
        5,
        "the server's compression parameters are invalid: `client_max_window_bits` is 7, expected 8 to 15",
    ),
    (
        "deflate with a parameter that nobody knows",
        Field("Sec-WebSocket-Extensions: permessage-deflate; x=1"),
        5,
        "the server's compression parameters are invalid: `x` is not a parameter of permessage-deflate",
    ),
    (
        "deflate with a parameter twice",
        Field("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; server_no_context_takeover"),
        5,
        "the server's compression parameters are invalid: `server_no_context_takeover` is given twice",
    ),
    (
        "deflate in quotes",
        Field("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"10\""),
        5,
        "the connection was cut without a Close",
    ),
    (
        "an extension field that is no list",
        Field("Sec-WebSocket-Extensions: ;;=,,"),
        5,
        "the server uses the extension ``, expected one of `permessage-deflate",
    ),
    (
        "a field without a name",
        Field(": nothing"),
        5,
        "the server's answer is not valid HTTP: invalid header name in line 5, `: nothing",
    ),
    (
        "a field without a colon",
        Field("nothing"),
        5,
        "the server's answer is not valid HTTP: invalid header name in line 5, `nothing",
    ),
    (
        "a blank before the colon",
        Field("X-A : b"),
        5,
        "the server's answer is not valid HTTP: invalid header name in line 5, `X-A : b",
    ),
    (
        "a folded field",
        Field("X-A: b\r\n  c"),
        5,
        "the server's answer is not valid HTTP: invalid header name in line 6, `  c",
    ),
    (
        "a NUL in a field",
        Field("X-A: b\0c"),
        5,
        "the server's answer is not valid HTTP: invalid header value in line 5, `X-A: b\\x00c",
    ),
    (
        "a bare carriage return in a field",
        Field("X-A: b\rX-B: c"),
        5,
        "the server's answer is not valid HTTP: invalid header value in line 5, `X-A: b\\rX-B: c",
    ),
    ("bare line feeds", Replaced("\r\n", "\n"), 5, "the connection was cut without a Close"),
    ("a length beside 101", Field("Content-Length: 5"), 5, "the connection was cut without a Close"),
    ("chunks beside 101", Field("Transfer-Encoding: chunked"), 5, "the connection was cut without a Close"),
];
