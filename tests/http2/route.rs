//! The ways that lead to a server of HTTP/2: proxies, Unix sockets, redirects, and waiting for it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use super::kit::http2::{Http2, SETTINGS, Turn, choosing, headers, read_frame};
use super::kit::listening::Listening;
use super::kit::net::{Lines, Place};
use super::kit::proxy::{OK, Proxy};
use super::kit::tls::{Authority, stranger};
use super::kit::{Raw, dir, echo, path, tool};
use wsprobe::testing::Server;

const PRIOR: &str = "--http2-prior-knowledge";

#[test]
fn it_leads_through_each_kind_of_proxy() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let port = echo().port();
    let plain = Http2::before(port);
    let secure = Http2::start_tls(&authority.server(&["127.0.0.1"]), move |_| Turn::Forward(port));
    for (server, option) in [(&plain, PRIOR), (&secure, "--http2=required")] {
        for (proxy, scheme) in [
            (Proxy::http(server.port(), OK), "http"),
            (Proxy::https(authority.server(&["127.0.0.1"]), server.port()), "https"),
            (Proxy::socks(server.port()), "socks5"),
            (Proxy::socks(server.port()), "socks5h"),
        ] {
            let via = format!("{scheme}://127.0.0.1:{}", proxy.port);
            let ran =
                tool().arg("--cacert").arg(authority.file(&dir)).args([option, "--json", "--proxy", &via, "-x", "a"]);
            let ran = ran.arg(server.url()).run().code(0);
            assert!(ran.out().contains(r#""http":"2""#), "{scheme}: {}", ran.out());
            assert!(!proxy.is_unused(), "{scheme}");
        }
    }
}

#[test]
fn unix_sockets_carry_it_too() {
    let dir = dir();
    let socket = path(&dir, "own.sock");
    let ours = socket.to_str().unwrap();
    let _server = Listening::of(tool().args(["listen", "--echo", &format!("unix:{ours}")]).start());
    let answered = |args: &[&str]| {
        let ran = tool().args(["--json", "-x", "a"]).args(args).run().code(0);
        assert!(ran.out().contains(r#""http":"2""#), "{args:?}: {}", ran.out());
    };
    answered(&[PRIOR, &format!("ws+unix:{ours}:/")]);
    answered(&[PRIOR, "--unix-socket", ours, "ws://localhost/"]);
    let port = echo().port();
    let front = Http2::start_tls(&stranger(), move |_| Turn::Forward(port));
    let socket = path(&dir, "front.sock");
    relay(UnixListener::bind(&socket).unwrap(), front.port());
    answered(&["-k", "--http2=required", "--unix-socket", socket.to_str().unwrap(), "wss://localhost/"]);
}

/// Without TLS, the server's SETTINGS can come with the proxy's answer (RFC 9113, section 3.4).
#[test]
fn a_server_behind_a_proxy_may_speak_first() {
    for (option, code, expected) in [(PRIOR, 4, "the server answered 403"), ("--http1.1", 3, "it sent 15 bytes before")]
    {
        let proxy = Raw::start(move |mut stream, head| {
            assert!(head.starts_with("CONNECT localhost:80 "), "{head}");
            stream.write_all(&[OK.as_bytes(), SETTINGS].concat()).unwrap();
            if stream.read_exact(&mut [0; 24]).is_ok() {
                while read_frame(&mut stream).unwrap().0 != 1 {}
                stream.write_all(&headers(1, &[(":status", "403")], 5)).unwrap();
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            }
        });
        let via = proxy.url().replace("ws://", "http://");
        tool().args([option, "-x", "a", "--proxy", &via, "ws://localhost/"]).run().code(code).says(expected);
        proxy.join();
    }
}

/// Leads from a Unix socket to a port.
fn relay(listener: UnixListener, port: u16) {
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
            let (mut from, mut to) = (client.try_clone().expect("open"), server.try_clone().expect("open"));
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let (mut from, mut to) = (server, client);
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
    });
}

#[test]
fn redirects_lead_from_one_version_to_the_other() {
    let old = Server::start_tls(choosing(&stranger(), b"http/1.1"), |client| async move {
        client.text("over HTTP/1.1").await;
        client.close(1000, "").await;
    });
    let old = old.expect("there are free ports");
    let location: &'static str = format!("wss://127.0.0.1:{}/", old.port()).leak();
    let fields: &'static [(&str, &str)] = vec![("location", location)].leak();
    let new = Http2::start_tls(&stranger(), move |_| Turn::Answer(307, fields, ""));
    let ran = tool().args(["--http2", "-k", "-L", "-v", "-r", &new.url()]).run().code(0).stdout("over HTTP/1.1\n");
    ran.says("< :status: 307").says("101 Switching Protocols");
    // It is required of each.
    tool().args(["--http2=required", "-k", "-L", "-r", &new.url()]).run().code(3);
    let port = echo().port();
    let there = Http2::start_tls(&stranger(), move |_| Turn::Forward(port));
    let to = there.url();
    let moved = super::kit::http::Http::start_tls(stranger(), move |_| super::kit::http::redirect(308, &to));
    let ran = tool().args(["--http2", "-k", "-L", "--json", "-x", "a", &moved.url("/")]).run().code(0);
    assert!(ran.out().contains(r#""http":"2""#), "{}", ran.out());
}

#[test]
fn it_waits_for_a_server_that_comes_later() {
    let place = Place::new();
    let mut waiting = tool();
    waiting = waiting.args([PRIOR, "-v", "--json", "--wait-for-server", "50s", "-x", "a", &place.url()]);
    let mut waiting = waiting.start();
    let said = Lines::of(waiting.child.stderr.take().unwrap());
    said.find("waiting");
    let address = place.address().to_string();
    let _server = Listening::of(tool().args(["listen", "--echo", &address]).start());
    let ran = waiting.wait().code(0);
    assert!(ran.out().contains(r#""http":"2""#), "{}", ran.out());
}

#[test]
fn it_comes_back_after_the_server_has_gone() {
    let place = Place::new();
    let address = place.address().to_string();
    let serve = || Listening::of(tool().args(["listen", "--send", "hello", &address]).start());
    let first = serve();
    let args =
        [PRIOR, "-q", "-r", "--count", "2", "--reconnect", "--reconnect-delay", "10ms..20ms", "--timeout", "50s"];
    let mut waiting = tool().args(args).arg(place.url()).start();
    let out = Lines::of(waiting.child.stdout.take().unwrap());
    assert_eq!(out.next(), "hello");
    drop(first);
    let _second = serve();
    assert_eq!(out.next(), "hello");
    waiting.wait().code(0);
}
