//! Which web pages are let in: by their Origin, and by the host that they asked for.

use super::kit::tool;
use super::{Listening, listen, request};

/// The status that a handshake gets which asks for this host, from a page of this origin.
fn status(server: &Listening, host: &str, origin: Option<&str>) -> u16 {
    let host = host.replace("PORT", &server.port.to_string());
    let origin = origin
        .map_or_else(String::new, |origin| format!("Origin: {}\r\n", origin.replace("PORT", &server.port.to_string())));
    answered(server, &request("/", &origin).replace("Host: localhost\r\n", &format!("Host: {host}\r\n")))
}

fn answered(server: &Listening, request: &str) -> u16 {
    // What is let in stays open, so only the head is read.
    let mut stream = server.connect();
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("it reads");
    let head = super::kit::read_head(&mut stream);
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{head}"))
}

#[test]
fn by_default_only_pages_of_the_server_itself_are_let_in() {
    let server = listen(&["--echo"]);
    for (host, origin, expected) in [
        ("localhost:PORT", None, 101),
        ("localhost:PORT", Some("http://localhost:PORT"), 101),
        ("LOCALHOST:PORT", Some("http://localhost:PORT"), 101),
        ("127.0.0.1:PORT", Some("http://127.0.0.1:PORT"), 101),
        ("[::1]:PORT", Some("http://[::1]:PORT"), 101),
        // Through a tunnel the port is another, but the same for both.
        ("localhost:9000", Some("http://localhost:9000"), 101),
        // Behind a proxy that ends TLS, at the port that is its scheme's own.
        ("app.localhost", Some("https://app.localhost"), 101),
        ("localhost:443", Some("https://localhost"), 101),
        ("localhost:PORT", Some("https://evil.example"), 403),
        ("localhost:PORT", Some("null"), 403),
        ("localhost:PORT", Some(""), 403),
        ("localhost:PORT", Some("file://"), 403),
        ("localhost:PORT", Some("http://localhost"), 403),
        ("localhost:PORT", Some("http://localhost:1"), 403),
        ("localhost:PORT", Some("http://127.0.0.1:PORT"), 403),
        ("localhost:PORT", Some("http://localhost.evil.example:PORT"), 403),
        ("localhost:PORT", Some("http://localhost:PORT@evil.example"), 403),
        ("localhost:PORT", Some("http://evil.example/http://localhost:PORT"), 403),
        ("localhost:PORT", Some("http://localhost:PORT http://evil.example"), 403),
        ("localhost:PORT", Some("chrome-extension://localhost:PORT"), 403),
        ("localhost", Some("http://localhost:8080"), 403),
    ] {
        assert_eq!(status(&server, host, origin), expected, "{host} {origin:?}");
    }
}

#[test]
fn who_is_turned_away_for_its_origin_is_told_of_with_what_would_let_it_in() {
    let server = listen(&["--exec", "cat"]);
    assert_eq!(status(&server, "localhost:PORT", Some("https://evil.example")), 403);
    server.says("rejected with 403: its origin is `https://evil.example`; `--origin https://evil.example` allows");
    assert_eq!(status(&server, "localhost:PORT", Some("null")), 403);
    server.says("rejected with 403: its origin is `null`; `--origin '*'` allows all pages");
    assert_eq!(status(&server, "localhost:PORT", Some("https://a';reboot'")), 403);
    let told = server.says("rejected with 403: its origin is ");
    assert!(told.ends_with("--origin '*'` allows all pages"), "what it says is not to be pasted: {told}");
}

#[test]
fn a_host_that_is_not_this_machine_is_refused_on_the_loopback_interface() {
    let server = listen(&["--echo"]);
    for (host, expected) in [
        ("localhost", 101),
        ("localhost.:PORT", 101),
        ("app.localhost:PORT", 101),
        ("127.0.0.1", 101),
        ("127.8.9.10:1", 101),
        ("[::1]", 101),
        ("[::ffff:127.0.0.1]:PORT", 101),
        ("evil.example", 403),
        ("evil.example:PORT", 403),
        ("localhost.evil.example:PORT", 403),
        ("notlocalhost:PORT", 403),
        ("192.168.1.5:PORT", 403),
        ("[2001:db8::1]:PORT", 403),
        ("", 400),
        ("a b", 400),
        ("localhost:port", 400),
        ("localhost:99999", 400),
        ("localhost:+80", 400),
        ("evil.example@localhost", 400),
        ("localhost/", 400),
        ("%6cocalhost", 400),
        ("::1", 400),
    ] {
        assert_eq!(status(&server, host, None), expected, "{host}");
    }
    // Rebound by the DNS, a page and its socket have the same name.
    assert_eq!(status(&server, "evil.example:PORT", Some("http://evil.example:PORT")), 403);
    server.says("requested the host `evil.example`; `--host evil.example` allows it, which is needed behind a proxy");
    let page = server.answer("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 403 "), "{page}");
    assert!(server.answer("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

#[test]
fn hosts_that_are_named_are_let_in_and_their_pages_too() {
    let server = listen(&["--echo", "--host", "App.Example", "--host", "2001:db8::1"]);
    for (host, origin, expected) in [
        ("app.example", Some("https://app.example"), 101),
        ("app.example.:8443", Some("https://app.example.:8443"), 101),
        ("[2001:db8::1]:PORT", None, 101),
        ("localhost:PORT", None, 101),
        ("other.example", Some("https://other.example"), 403),
        ("app.example", Some("https://other.example"), 403),
    ] {
        assert_eq!(status(&server, host, origin), expected, "{host} {origin:?}");
    }
    for bad in ["app.example:80", "http://app.example", "", "*", "*.example"] {
        tool().args(["listen", "--host", bad]).run().code(2).says("expected a name or an address");
    }
}

#[test]
fn on_other_addresses_any_host_is_taken_unless_some_are_named() {
    let server = Listening::of(tool().args(["listen", "--echo", "0.0.0.0:0"]).start());
    assert_eq!(status(&server, "machine.lan:PORT", Some("http://machine.lan:PORT")), 101);
    assert_eq!(status(&server, "192.168.1.5:PORT", Some("http://192.168.1.5:PORT")), 101);
    assert_eq!(status(&server, "machine.lan:PORT", Some("http://evil.example")), 403);
    let server = Listening::of(tool().args(["listen", "--echo", "--host", "machine.lan", "0.0.0.0:0"]).start());
    assert_eq!(status(&server, "machine.lan:PORT", Some("http://machine.lan:PORT")), 101);
    assert_eq!(status(&server, "127.0.0.1:PORT", None), 101);
    assert_eq!(status(&server, "evil.example:PORT", Some("http://evil.example:PORT")), 403);
}

#[test]
fn on_a_unix_socket_a_host_is_this_machine_too() {
    let dir = super::kit::dir();
    let path = super::kit::path(&dir, "x.sock");
    let server = Listening::of(tool().args(["listen", "--echo", &format!("unix:{}", path.display())]).start());
    let url = format!("ws+unix:{}:/", path.display());
    let ask = |args: &[&str]| tool().args(["-q", "-1", "-x", "a"]).args(args).arg(&url).run();
    ask(&[]).code(0).stdout("a\n");
    // What a page sends through a proxy that forwards the host that it was reached at.
    ask(&["--host", "localhost:9000", "-o", "http://localhost:9000"]).code(0).stdout("a\n");
    ask(&["--host", "app.example", "-o", "https://app.example"]).code(4);
    server.says("requested the host `app.example`; `--host app.example` allows it");
}

#[test]
fn behind_tls_the_port_of_a_page_is_that_of_https() {
    let server = Listening::of(tool().args(["listen", "--echo", "--tls-self-signed", "127.0.0.1:0"]).start());
    let url = format!("wss://localhost:{}/", server.port);
    let ask = |origin: &str| tool().args(["-q", "-k", "-1", "-x", "a", "-o", origin]).arg(&url).run();
    ask(&format!("https://localhost:{}", server.port)).code(0).stdout("a\n");
    ask("https://localhost").code(4).says("403");
    let ask =
        |origin: &str| tool().args(["-q", "-k", "-1", "-x", "a", "--host", "localhost", "-o", origin]).arg(&url).run();
    ask("https://localhost").code(0);
    ask("http://localhost").code(4).says("403");
}

#[test]
fn a_star_opens_the_server_to_all_pages_with_a_warning_beside_exec() {
    let server = listen(&["--echo", "--origin", "*"]);
    for origin in [None, Some("https://evil.example"), Some("null"), Some("")] {
        assert_eq!(status(&server, "localhost:PORT", origin), 101, "{origin:?}");
    }
    assert_eq!(status(&server, "app.example", Some("https://app.example")), 101);
    assert_eq!(server.has_said("any web page"), None);
    let server = listen(&["--exec", "cat", "--origin", "*"]);
    server.says("any web page in a browser on this machine can talk to the command (--origin '*' with --exec)");
    // Named hosts are accepted all the same.
    let server = listen(&["--origin", "*", "--host", "app.example"]);
    assert_eq!(status(&server, "evil.example", None), 403);
}

#[test]
fn a_pattern_matches_hosts_and_nothing_behind_them() {
    let server = listen(&["--echo", "--origin", "*.good.example"]);
    for (origin, expected) in [
        (Some("https://a.good.example"), 101),
        (Some("http://a.b.good.example:8080"), 101),
        (Some("https://evil.example/.good.example"), 403),
        (Some("https://evil.example/?.good.example"), 403),
        (Some("https://evil.example#.good.example"), 403),
        (Some("https://evil.example:80.good.example"), 403),
        (Some("https://evil.example\\.good.example"), 403),
        (Some("https://x@evil.example:.good.example"), 403),
        (Some("https://good.example"), 403),
        (None, 403),
    ] {
        assert_eq!(status(&server, "localhost:PORT", origin), expected, "{origin:?}");
    }
}

#[test]
fn two_origins_or_hosts_a_body_and_bare_line_feeds_are_refused() {
    let server = listen(&["--echo"]);
    let good = request("/", "");
    for (request, expected) in [
        (request("/", "Origin: http://localhost\r\nOrigin: http://localhost\r\n"), 400),
        (good.replace("Host: localhost", "Host: localhost\r\nHost: evil.example"), 400),
        (request("/", "Content-Length: 5\r\n"), 400),
        (request("/", "Content-Length: 0\r\nContent-Length: 5\r\n"), 400),
        (request("/", "Content-Length: x\r\n"), 400),
        (request("/", "Content-Length: 0\r\n"), 101),
        (request("/", "Transfer-Encoding: chunked\r\n"), 400),
        (good.replace("\r\n", "\n"), 400),
        (good.replacen("\r\n", "\n", 1), 400),
        (good.replace("websocket\r\n", "websocket\n"), 400),
        (good.replace("\r\n\r\n", "\r\n\n"), 400),
        ("GET / HTTP/1.1\nHost: localhost\n\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n".to_owned(), 400),
        (good.clone(), 101),
    ] {
        assert_eq!(answered(&server, &request), expected, "{request}");
    }
}
