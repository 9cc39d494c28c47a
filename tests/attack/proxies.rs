//! What proxies answer.

use super::kit::{Ran, tool};
use super::{Attack, answering, check};

#[test]
fn no_answer_of_a_proxy_is_taken_for_the_servers() {
    check(HTTP, |answer| run("http", answer));
}

#[test]
fn no_answer_of_a_socks_proxy_is_taken_for_another() {
    check(SOCKS, |answer| run("socks5", answer));
}

fn run(scheme: &str, answer: &'static [u8]) -> Ran {
    let proxy = format!("{scheme}://127.0.0.1:{}", answering(answer));
    tool().args(["-w", "0", "--timeout", "20s", "--proxy", &proxy, "ws://192.0.2.1/"]).run()
}

const HTTP: &[Attack<&[u8]>] = &[
    ("nothing", b"", 3, "its answer cannot be used: the server closed the connection before it answered"),
    ("garbage", b"\0\x01\x02\x03", 3, "its answer cannot be used: the server does not speak HTTP/1: its answer begins with"),
    ("half a status line", b"HTTP/1.1 20", 3, "its answer cannot be used: the server closed the connection after 11 bytes of its answer"),
    ("a head without end", b"HTTP/1.1 200 OK\r\nA: b\r\n", 3, "its answer cannot be used: the server closed the connection after 23 bytes of its answer"),
    ("200, and then nothing", b"HTTP/1.1 200 OK\r\n\r\n", 5, "the server closed the connection before it answered (does it speak TLS here (wss://), or require an"),
    ("200, and then a 101 of its own", b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", 3, "it sent 129 bytes before anything was sent to the server"),
    ("200 with a length", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 3, "it sent 5 bytes before anything was sent to the server"),
    ("204", b"HTTP/1.1 204 No Content\r\n\r\n", 5, "the server closed the connection before it answered (does it speak TLS here (wss://), or require an"),
    ("101", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 3, "it answered 101 Switching Protocols"),
    ("100 and then nothing", b"HTTP/1.1 100 Continue\r\n\r\n", 3, "its answer cannot be used: the server closed the connection before it answered"),
    ("302", b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.2/\r\nContent-Length: 0\r\n\r\n", 3, "it answered 302 Found"),
    ("400", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 3, "it answered 400 Bad Request"),
    ("403 with a page", b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<h1>No!</h1>", 3, "it answered 403 Forbidden (the proxy may not allow tunnels to this host or port; --no-proxy"),
    ("403 that drives the terminal", b"HTTP/1.1 403 \x1b[31m\r\nContent-Length: 4\r\n\r\n\x1b[2J", 3, "its answer cannot be used: the server's answer is not valid HTTP: invalid response status in line"),
    ("405", b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n", 3, "it answered 405 Method Not Allowed (the proxy may not allow tunnels to this host or port;"),
    ("407", b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", 3, "it answered 407 Proxy Authentication Required (it offers Basic: try --proxy"),
    ("407 without a challenge", b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", 3, "it answered 407 Proxy Authentication Required (try --proxy KIND://USER:PASS@HOST:PORT)"),
    ("407 with NTLM", b"HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n", 3, "it answered 407 No (it offers NTLM: try --proxy KIND://USER:PASS@HOST:PORT)"),
    ("502", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", 3, "it answered 502 Bad Gateway"),
    ("HTTP/1.0 200", b"HTTP/1.0 200 OK\r\n\r\n", 5, "the server closed the connection before it answered (does it speak TLS here (wss://), or require an"),
    ("HTTP/2.0 200", b"HTTP/2.0 200 OK\r\n\r\n", 3, "its answer cannot be used: the server does not speak HTTP/1: its answer begins with `HTTP/2.0 200 OK"),
    ("status 000", b"HTTP/1.1 000 X\r\n\r\n", 3, "it answered 000 X"),
    ("a SOCKS answer", b"\x05\xff", 3, "its answer cannot be used: the server does not speak HTTP/1: its answer begins with `\\x05\\xff"),
    ("a banner of SSH", b"SSH-2.0-x\r\n", 3, "its answer cannot be used: the server does not speak HTTP/1: its answer begins with `SSH-2.0-x"),
];

const SOCKS: &[Attack<&[u8]>] = &[
    ("nothing", b"", 3, "the connection to it broke: early eof"),
    ("half an answer", b"\x05", 3, "the connection to it broke: early eof"),
    ("another version", b"\x04\x00", 3, "it does not speak SOCKS 5 (is it an http proxy?)"),
    (
        "no method will do",
        b"\x05\xff",
        3,
        "it accepts none of the login methods that were offered (try --proxy KIND://USER:PASS@HOST:PORT)",
    ),
    (
        "a login that was not offered",
        b"\x05\x02",
        3,
        "it accepts none of the login methods that were offered (try --proxy KIND://USER:PASS@HOST:PORT)",
    ),
    (
        "a method that nobody knows",
        b"\x05\x80",
        3,
        "it accepts none of the login methods that were offered (try --proxy KIND://USER:PASS@HOST:PORT)",
    ),
    ("HTTP", b"HTTP/1.1 200 OK\r\n\r\n", 3, "it does not speak SOCKS 5 (is it an http proxy?)"),
    ("a reply of nothing", b"\x05\x00", 3, "the connection to it broke: early eof"),
    ("a general failure", b"\x05\x00\x05\x01\x00\x01\0\0\0\0\0\0", 3, "it answered 1 (general failure)"),
    (
        "not allowed",
        b"\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0",
        3,
        "it answered 2 (not allowed by its rules) (the proxy may not allow tunnels to this host or port;",
    ),
    ("an unreachable network", b"\x05\x00\x05\x03\x00\x01\0\0\0\0\0\0", 3, "it answered 3 (network unreachable)"),
    ("an unreachable host", b"\x05\x00\x05\x04\x00\x01\0\0\0\0\0\0", 3, "it answered 4 (host unreachable)"),
    ("a refused connection", b"\x05\x00\x05\x05\x00\x01\0\0\0\0\0\0", 3, "it answered 5 (connection refused)"),
    ("an expired time to live", b"\x05\x00\x05\x06\x00\x01\0\0\0\0\0\0", 3, "it answered 6 (TTL expired)"),
    ("a command that is unknown", b"\x05\x00\x05\x07\x00\x01\0\0\0\0\0\0", 3, "it answered 7 (command not supported)"),
    (
        "an address that is unknown",
        b"\x05\x00\x05\x08\x00\x01\0\0\0\0\0\0",
        3,
        "it answered 8 (address type not supported)",
    ),
    ("a failure that is unknown", b"\x05\x00\x05\x63\x00\x01\0\0\0\0\0\0", 3, "it answered 99 (unknown reply)"),
    (
        "an address of a kind that is unknown",
        b"\x05\x00\x05\x00\x00\x09\0\0\0\0\0\0",
        3,
        "it does not speak SOCKS 5 (is it an http proxy?)",
    ),
    (
        "a reply of another version",
        b"\x05\x00\x04\x00\x00\x01\0\0\0\0\0\0",
        3,
        "it does not speak SOCKS 5 (is it an http proxy?)",
    ),
    (
        "a name of no length",
        b"\x05\x00\x05\x00\x00\x03\0\0\0",
        5,
        "the server closed the connection before it answered (does it speak TLS here (wss://), or require an",
    ),
    ("a name that is cut off", b"\x05\x00\x05\x00\x00\x03\xffabc", 3, "the connection to it broke: early eof"),
    (
        "a tunnel that ends at once",
        b"\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0",
        5,
        "the server closed the connection before it answered (does it speak TLS here (wss://), or require an",
    ),
];
