//! Requests to `listen`.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use super::kit::net::Lines;
use super::kit::{self, tool};

/// A request as it is sent, and the status of the answer; none is a connection that is closed without one.
type Request = (&'static str, &'static str, Option<u16>);

/// In a request: a handshake that is sound.
const SOUND: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn each_request_gets_its_status_and_the_server_goes_on() {
    let mut listening =
        tool().args(["listen", "127.0.0.1:0", "--echo", "--no-page", "--handshake-timeout", "5s"]).spawn();
    let said = Lines::of(listening.child.stderr.take().expect("it was piped"));
    let listens = said.next();
    let url = listens.rsplit(' ').next().expect("it says where it listens").to_owned();
    let port: u16 = url.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let wrong: Vec<String> = REQUESTS.iter().filter_map(|request| flaw(port, request)).collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), REQUESTS.len(), wrong.join("\n"));
    tool().args(["-1", "-x", "hello"]).arg(&url).run().code(0).stdout("hello\n");
    assert!(listening.peak_memory() < 64 << 20);
}

fn flaw(port: u16, (name, request, status): &Request) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(kit::PATIENCE)).expect("it is a socket");
    // What was heard may be enough for a refusal.
    let _ = stream.write_all(request.replace("{sound}", SOUND).as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let got = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    (got != *status).then(|| format!("{name}\t{got:?}\t{answer:?}"))
}

const REQUESTS: &[Request] = &[
    ("a sound one", "{sound}\r\n", Some(101)),
    ("nothing", "", None),
    ("a line feed", "\n", None),
    ("an empty line", "\r\n\r\n", None),
    ("zeros", "\0\0\0\0", Some(400)),
    ("TLS", "\x16\x03\x01\x02\0", Some(400)),
    ("half the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\n", Some(505)),
    ("HTTP/0.9", "GET /\r\n", None),
    ("HTTP/1.0", "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", Some(426)),
    ("HTTP/1.10", "GET / HTTP/1.10\r\nHost: localhost\r\n\r\n", Some(400)),
    ("HTTP/3", "GET / HTTP/3\r\nHost: localhost\r\n\r\n", Some(505)),
    ("half a request line", "GET / HT", None),
    ("a head without end", "{sound}", None),
    ("no path", "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", Some(400)),
    ("a path with a blank", "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", Some(505)),
    ("a path that climbs", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", Some(426)),
    ("a path with a NUL", "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", Some(400)),
    ("a path that is a URL", "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", Some(426)),
    ("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", Some(405)),
    ("a method that is unknown", "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", Some(405)),
    ("a method of a body", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi", Some(405)),
    ("CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", Some(405)),
    ("HEAD", "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", Some(405)),
    (
        "POST with an upgrade",
        "POST / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(405),
    ),
    (
        "no Host",
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(400),
    ),
    ("two hosts", "{sound}Host: localhost\r\n\r\n", Some(400)),
    ("two hosts that differ", "{sound}Host: evil.example\r\n\r\n", Some(400)),
    (
        "another version",
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 14\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(426),
    ),
    (
        "version 0",
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 0\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(426),
    ),
    (
        "no key",
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
        Some(400),
    ),
    (
        "a key of 15 bytes",
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n",
        Some(400),
    ),
    (
        "a key that is not base64",
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!!!\r\n\r\n",
        Some(400),
    ),
    ("two keys", "{sound}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", Some(400)),
    ("the origin of another host", "{sound}Origin: https://evil.example\r\n\r\n", Some(403)),
    ("the origin null", "{sound}Origin: null\r\n\r\n", Some(403)),
    ("its own origin", "{sound}Origin: http://localhost\r\n\r\n", Some(101)),
    ("its own origin over TLS", "{sound}Origin: https://localhost\r\n\r\n", Some(101)),
    ("an origin that begins with its own", "{sound}Origin: http://localhost.evil.example\r\n\r\n", Some(403)),
    ("an origin that ends with its own", "{sound}Origin: http://evil-localhost\r\n\r\n", Some(403)),
    ("an origin with a user", "{sound}Origin: http://localhost@evil.example\r\n\r\n", Some(403)),
    ("an empty origin", "{sound}Origin:\r\n\r\n", Some(403)),
    ("an origin of a file", "{sound}Origin: file://\r\n\r\n", Some(403)),
    ("two origins", "{sound}Origin: http://localhost\r\nOrigin: https://evil.example\r\n\r\n", Some(400)),
    ("two origins in one field", "{sound}Origin: http://localhost https://evil.example\r\n\r\n", Some(403)),
    (
        "the host of another",
        "GET / HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(403),
    ),
    (
        "a host that begins with localhost",
        "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(403),
    ),
    (
        "a host with a user",
        "GET / HTTP/1.1\r\nHost: localhost@evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(400),
    ),
    (
        "the host 127.1",
        "GET / HTTP/1.1\r\nHost: 127.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(101),
    ),
    (
        "the host 0.0.0.0",
        "GET / HTTP/1.1\r\nHost: 0.0.0.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(403),
    ),
    (
        "the host [::1]",
        "GET / HTTP/1.1\r\nHost: [::1]\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(101),
    ),
    (
        "a host with a path",
        "GET / HTTP/1.1\r\nHost: localhost/x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(400),
    ),
    (
        "a host with a port of 99999",
        "GET / HTTP/1.1\r\nHost: localhost:99999\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        Some(400),
    ),
    (
        "bare line feeds",
        "GET / HTTP/1.1\nHost: localhost\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n",
        Some(400),
    ),
    ("one bare line feed", "{sound}X: y\nOrigin: http://localhost\r\n\r\n", Some(400)),
    ("a bare carriage return", "{sound}X: y\rOrigin: z\r\n\r\n", Some(400)),
    ("a NUL in a field", "{sound}X: y\0z\r\n\r\n", Some(400)),
    ("a folded field", "{sound}X: y\r\n z\r\n\r\n", Some(400)),
    ("a blank before the colon", "{sound}X : y\r\n\r\n", Some(400)),
    ("a field without a name", "{sound}: y\r\n\r\n", Some(400)),
    ("a field without a colon", "{sound}nothing\r\n\r\n", Some(400)),
    ("a body beside the upgrade", "{sound}Content-Length: 5\r\n\r\nhello", Some(400)),
    ("a body of no length beside the upgrade", "{sound}Content-Length: 0\r\n\r\n", Some(101)),
    ("chunks beside the upgrade", "{sound}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Some(400)),
    ("two lengths", "{sound}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", Some(400)),
    ("a length that is negative", "{sound}Content-Length: -1\r\n\r\n", Some(400)),
    ("a subprotocol that is no token", "{sound}Sec-WebSocket-Protocol: a b\r\n\r\n", Some(101)),
    ("a subprotocol twice", "{sound}Sec-WebSocket-Protocol: a, a\r\n\r\n", Some(101)),
    ("an empty subprotocol", "{sound}Sec-WebSocket-Protocol: \r\n\r\n", Some(101)),
    ("an extension that is no list", "{sound}Sec-WebSocket-Extensions: ;;=,,\r\n\r\n", Some(101)),
    (
        "deflate with a window of 99",
        "{sound}Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99\r\n\r\n",
        Some(101),
    ),
    ("an answer in place of a request", "HTTP/1.1 200 OK\r\n\r\n", Some(400)),
];
