//! Where a server sends a client that follows redirects.

use super::kit::{Ran, Raw, tool};
use super::{Attack, check};

#[test]
fn no_redirect_leads_where_a_client_should_not_go() {
    check(ATTACKS, |fields| run(fields));
}

fn run(fields: &str) -> Ran {
    let server = Raw::answering(format!("HTTP/1.1 {fields}\r\nContent-Length: 0\r\n\r\n"));
    let secret = ["-H", "Authorization: Bearer S3CRET", "--cookie", "session=S3CRET"];
    let ran = tool().args(["-L", "-w", "0", "--timeout", "20s"]).args(secret).arg(server.url()).run();
    assert!(!ran.stderr.contains("S3CRET"), "{}", ran.stderr);
    ran
}

const ATTACKS: &[Attack<&str>] = &[
    (
        "to a port of nobody",
        "302 Found\r\nLocation: ws://127.0.0.1:1/\r\nX: y",
        3,
        "cannot connect to ws://127.0.0.1:1/: 127.0.0.1:1: Connection refused",
    ),
    (
        "to two places",
        "302 Found\r\nLocation: ws://127.0.0.1:1/\r\nLocation: ws://127.0.0.1:2/",
        3,
        "cannot connect to ws://127.0.0.1:1/: 127.0.0.1:1: Connection refused",
    ),
    ("without a Location", "302 Found\r\nX: y", 4, "the server answered 302 without a `Location"),
    ("to nothing", "302 Found\r\nLocation:", 4, "the server redirects in a loop, back to `ws://"),
    (
        "to a file",
        "302 Found\r\nLocation: file:///etc/passwd",
        4,
        "the server redirects to `file:///etc/passwd`, which is not a WebSocket URL",
    ),
    (
        "to a script",
        "302 Found\r\nLocation: javascript:alert(1)",
        4,
        "the server redirects to `javascript:alert(1)`, which is not a WebSocket URL",
    ),
    (
        "to data",
        "302 Found\r\nLocation: data:text/plain,hi",
        4,
        "the server redirects to `data:text/plain,hi`, which is not a WebSocket URL",
    ),
    (
        "to FTP",
        "302 Found\r\nLocation: ftp://127.0.0.1/",
        4,
        "the server redirects to `ftp://127.0.0.1/`, which is not a WebSocket URL",
    ),
    (
        "to gopher",
        "302 Found\r\nLocation: gopher://127.0.0.1:25/_x",
        4,
        "the server redirects to `gopher://127.0.0.1:25/_x`, which is not a WebSocket URL",
    ),
    (
        "to mail",
        "302 Found\r\nLocation: mailto:a@b.example",
        4,
        "the server redirects to `mailto:a@b.example`, which is not a WebSocket URL",
    ),
    (
        "to a Unix socket",
        "302 Found\r\nLocation: unix:/run/docker.sock",
        4,
        "the server redirects to `unix:/run/docker.sock`, which is not a WebSocket URL",
    ),
    (
        "to ws+unix",
        "302 Found\r\nLocation: ws+unix:///run/docker.sock:/",
        4,
        "the server redirects to `ws+unix:///run/docker.sock:/`, which is not a WebSocket URL",
    ),
    (
        "to a scheme of nobody",
        "302 Found\r\nLocation: wss2://127.0.0.1/",
        4,
        "the server redirects to `wss2://127.0.0.1/`, which is not a WebSocket URL",
    ),
    (
        "to a port of 0",
        "302 Found\r\nLocation: ws://127.0.0.1:0/",
        3,
        "cannot connect to ws://127.0.0.1:0/: 127.0.0.1:0: Connection refused",
    ),
    ("to a port of 65536", "302 Found\r\nLocation: ws://127.0.0.1:65536/", 4, "the server redirects to `ws://"),
    (
        "to a port of letters",
        "302 Found\r\nLocation: ws://127.0.0.1:http/",
        4,
        "the server redirects to `ws://127.0.0.1:http/`, which is not a URL: invalid port number",
    ),
    (
        "to a host with a blank",
        "302 Found\r\nLocation: ws://exa mple/",
        4,
        "the server redirects to `ws://exa mple/`, which is not a URL: invalid international domain name",
    ),
    (
        "to a bad IPv6 address",
        "302 Found\r\nLocation: ws://[::1/",
        4,
        "the server redirects to `ws://[::1/`, which is not a URL: invalid IPv6 address",
    ),
    (
        "to a name that drives the terminal",
        "302 Found\r\nLocation: ws://\u{1b}[31m/",
        5,
        "the server's answer is not valid HTTP: invalid header value in line 2, `Location: ws://\\x1b[31m/",
    ),
    (
        "to a path that drives the terminal",
        "302 Found\r\nLocation: ftp://h/\u{1b}]0;x\u{7}",
        5,
        "the server's answer is not valid HTTP: invalid header value in line 2, `Location:",
    ),
    ("to a fragment", "302 Found\r\nLocation: #top", 4, "the server redirects in a loop, back to `ws://"),
    (
        "to a line that is no field",
        "302 Found\r\nLocation",
        5,
        "the server's answer is not valid HTTP: invalid header name in line 2, `Location",
    ),
    (
        "with a password",
        "302 Found\r\nLocation: ftp://user:pass@127.0.0.1/",
        4,
        "the server redirects to `ftp://***@127.0.0.1/`, which is not a WebSocket URL",
    ),
    (
        "300",
        "300 Multiple Choices\r\nLocation: /a",
        4,
        "the server answered 300 Multiple Choices and points to `/a` (this is not a redirect to follow:",
    ),
    (
        "304",
        "304 Not Modified\r\nLocation: /a",
        4,
        "the server answered 304 Not Modified and points to `/a` (this answers a conditional request: leave",
    ),
    (
        "305",
        "305 Use Proxy\r\nLocation: http://127.0.0.1:1/",
        4,
        "the server answered 305 Use Proxy and points to `http://127.0.0.1:1/` (this is not a redirect to",
    ),
    (
        "306",
        "306 Switch\r\nLocation: /a",
        4,
        "the server answered 306 Switch and points to `/a` (this is not a redirect to follow: connect to its",
    ),
    (
        "399",
        "399 Odd\r\nLocation: /a",
        4,
        "the server answered 399 Odd and points to `/a` (this is not a redirect to follow: connect to its",
    ),
];
