//! Which clients are accepted, and what the others get.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use super::kit::tls::Authority;
use super::kit::{self, tool};
use super::{Listening, listen, request, until};

#[test]
fn bad_handshakes_get_the_status_that_says_why() {
    let server = listen(&["--echo"]);
    let good = request("/", "");
    let long = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    for (request, status) in [
        (good.replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400),
        (good.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), 400),
        (good.replace("Version: 13", "Version: 8"), 426),
        (good.replace("GET", "POST"), 405),
        (good.replace("HTTP/1.1", "HTTP/1.0"), 505),
        (good.replace("Host: localhost\r\n", ""), 400),
        (good.replace("Host: localhost", "Host: localhost\r\nHost: localhost"), 400),
        (good.replace("Connection: Upgrade", "Connection: keep-alive"), 426),
        (good.replace("Sec-WebSocket-Version: 13\r\n", ""), 426),
        (good.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ!!"), 400),
        (good.replace("Upgrade: websocket", "Upgrade: h2c"), 426),
        (request("/", &long), 431),
        (request("/", &"A: b\r\n".repeat(300)), 431),
        ("GET / HTTP/1.1\r\nno header\r\n\r\n".to_owned(), 400),
        ("\x16\x03\x01\x02\0".to_owned(), 400),
    ] {
        let answer = server.answer(&request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer} to {}",
            &request[..request.len().min(300)]
        );
    }
    assert!(server.answer(good.replace("Version: 13", "Version: 8")).contains("\r\nSec-WebSocket-Version: 13\r\n"));
    // It is as well as before.
    server.client(&["-1", "-x", "hello"]).run().code(0).stdout("hello\n");
}

#[test]
fn bad_handshakes_leave_nothing_behind() {
    let server = listen(&["--echo"]);
    let good = request("/", "");
    let process = format!("/proc/{}/fd", server.running.child.id());
    let descriptors = || std::fs::read_dir(&process).expect("it runs").count();
    let before = descriptors();
    let bad = [
        good.replace("GET", "POST"),
        good.replace("Version: 13", "Version: 8"),
        request("/", &format!("X-Long: {}\r\n", "x".repeat(100_000))),
        "\0".repeat(100),
        String::new(),
    ];
    for round in 0..400 {
        let mut stream = server.connect();
        let _ = stream.write_all(bad[round % bad.len()].as_bytes());
    }
    until("all connections are closed", || descriptors() < before + 10);
    assert!(server.running.peak_memory() < 64 << 20);
    server.client(&["-1", "-x", "hello"]).run().code(0).stdout("hello\n");
}

#[test]
fn a_client_that_sends_a_byte_now_and_then_is_let_go_in_time() {
    let server = listen(&["--handshake-timeout", "500ms"]);
    let mut stream = server.connect();
    let mut writer = stream.try_clone().expect("a socket");
    let began = Instant::now();
    std::thread::spawn(move || {
        for byte in request("/", "").bytes() {
            if writer.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(began.elapsed() < kit::PATIENCE / 4);
    server.says("did not finish its handshake within 500ms");
}

#[test]
fn a_browser_gets_a_page_with_a_strict_policy() {
    let server = listen(&["--path", "/ws"]);
    let get = |path: &str| server.answer(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let page = get("/ws?x");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert!(page.contains("\r\nContent-Security-Policy: default-src 'none'; script-src 'sha256-"), "{page}");
    assert!(page.ends_with("</html>\n"));
    assert!(get("/").starts_with("HTTP/1.1 404 "));
    let server = listen(&["--no-page"]);
    let answer = server.answer("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 426 ") && answer.contains("\r\nUpgrade: websocket\r\n"), "{answer}");
}

#[test]
fn path_credentials_and_origin_are_asked_for() {
    let server = listen(&["--echo", "--path", "/ws", "--auth", "me:pw", "--origin", "*.example.org"]);
    let ask = |args: &[&str], path: &str| tool().args(["-1", "-x", "hello"]).args(args).arg(server.url_of(path)).run();
    let good = ["-u", "me:pw", "-o", "https://a.example.org"];
    ask(&good, "/ws?x=1").code(0).stdout("hello\n");
    ask(&good, "/").code(4).says("404");
    ask(&good[2..], "/ws").code(4).says("401");
    ask(&["-u", "me:no", "-o", "https://a.example.org"], "/ws").code(4).says("401");
    ask(&good[..2], "/ws").code(4).says("403");
    ask(&["-u", "me:pw", "-o", "https://example.net"], "/ws").code(4).says("403");
    let server = listen(&["--echo", "--bearer", "t0k"]);
    server.client(&["-1", "-x", "a", "--bearer", "t0k"]).run().code(0);
    server.client(&["-1", "-x", "a"]).run().code(4);
    assert!(server.answer(request("/", "")).contains("\r\nWWW-Authenticate: Bearer\r\n"));
}

#[test]
fn subprotocols_are_chosen_in_the_servers_order_and_headers_are_added() {
    let server = listen(&["--echo", "-s", "v2", "-s", "v1", "-H", "X-Server: here"]);
    let ran = server.client(&["-j", "-1", "-x", "a", "-s", "v1", "-s", "v2"]).run().code(0);
    assert!(ran.out().contains(r#""subprotocol":"v2""#) && ran.out().contains(r#""x-server":"here""#), "{}", ran.out());
}

#[test]
fn a_servers_bad_days_can_be_tried_out() {
    let server = listen(&["--refuse", "503:come back later", "-H", "Retry-After: 5"]);
    tool().args(["-v", "-x", "a", &server.url()]).run().code(4).says("503").says("come back later");
    assert!(server.answer(request("/", "")).contains("\r\nRetry-After: 5\r\n"));
    let server = listen(&["--echo", "--delay", "300ms"]);
    let began = Instant::now();
    server.client(&["-1", "-x", "a"]).run().code(0);
    assert!(began.elapsed().as_millis() >= 300);
    server.client(&["-1", "-x", "a", "--handshake-timeout", "10ms"]).run().code(7);
}

#[test]
fn no_more_clients_than_there_may_be() {
    let server = listen(&["--echo", "--max-clients", "1"]);
    let first = server.enter();
    server.client(&["-x", "a"]).run().code(4);
    server.says("rejected with 503");
    drop(first);
    server.says("#1 was cut");
    server.client(&["-1", "-x", "a"]).run().code(0).stdout("a\n");
}

#[test]
fn a_message_that_is_too_large_is_closed_with_1009() {
    let server = listen(&["--echo", "--max-message", "10"]);
    server.client(&["-x", "0123456789a"]).run().code(6);
    server.says("closed with 1009");
}

#[test]
fn tls_with_an_own_certificate_and_clients_with_theirs() {
    let (authority, dir) = (Authority::new("listen"), kit::dir());
    let (certificate, key) = authority.files(&dir, &["localhost"]);
    let ca = authority.file(&dir);
    let files = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let server = listen(&[&files[..], &["--echo"]].concat());
    let url = format!("wss://localhost:{}/", server.port);
    let ask = |args: &[&str]| tool().args(["-1", "-x", "hello", "--cacert"]).arg(&ca).args(args).arg(&url).run();
    ask(&[]).code(0).stdout("hello\n");
    tool().args(["-x", "a", &url]).run().code(3);
    server.says("TLS with the client failed");

    let server = listen(&[&files[..], &["--echo", "--client-ca", ca.to_str().unwrap()]].concat());
    let url = format!("wss://localhost:{}/", server.port);
    let ask = |identity: Option<&(PathBuf, PathBuf)>| {
        let options = identity
            .map(|(certificate, key)| ["--cert".as_ref(), certificate.as_os_str(), "--key".as_ref(), key.as_os_str()]);
        let options = options.into_iter().flatten();
        tool().args(["-1", "-x", "hello", "--cacert"]).arg(&ca).args(options).arg(&url).run()
    };
    let (own, strangers) = (kit::dir(), kit::dir());
    let good = authority.files(&own, &["a client"]);
    let bad = Authority::new("another").files(&strangers, &["a stranger"]);
    for identity in [None, Some(&bad)] {
        assert_ne!(ask(identity).code, Some(0));
        server.says("TLS with the client failed");
    }
    ask(Some(&good)).code(0).stdout("hello\n");
}

#[test]
fn a_certificate_made_at_start_is_good_for_this_machine_and_is_described() {
    let server = Listening::of(tool().args(["listen", "--echo", "--tls-self-signed", ":0"]).start());
    let fingerprint = server.says("self-signed, SHA-256 ");
    assert_eq!(fingerprint.matches(':').count(), 1 + 31);
    let told = server.says("-k --pin sha256//");
    let options: Vec<_> = told.split_once("with ").unwrap().1.split(' ').collect();
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("wss://{host}:{}/", server.port);
        tool().args(["-1", "-x", "hello"]).args(&options).arg(&url).run().code(0).stdout("hello\n");
        tool().args(["-x", "hello", &url]).run().code(3);
    }
    let other = Listening::of(tool().args(["listen", "--echo", "--tls-self-signed", ":0"]).start());
    tool().args(["-x", "hello"]).args(&options).arg(format!("wss://localhost:{}/", other.port)).run().code(3);
}

#[test]
fn compression_is_granted_as_the_options_say() {
    for (options, offer, granted) in [
        (&[][..], "permessage-deflate", Some("permessage-deflate")),
        (&[], "x-other, permessage-deflate; mux", None),
        (&[], "permessage-deflate; server_max_window_bits=10", Some("permessage-deflate; server_max_window_bits=10")),
        (&["--compress", "off"], "permessage-deflate", None),
        (&["--compress", "required"], "permessage-deflate", Some("permessage-deflate")),
        (
            &["--compress-options", "server_no_context_takeover; client_max_window_bits=9"],
            "permessage-deflate; client_max_window_bits",
            Some("permessage-deflate; server_no_context_takeover; client_max_window_bits=9"),
        ),
        (&["--compress-options", "client_max_window_bits=9"], "permessage-deflate", Some("permessage-deflate")),
    ] {
        let server = listen(&[&["--echo"], options].concat());
        assert_eq!(server.enter_offering(offer).1.as_deref(), granted, "{options:?}");
        // Whatever it is, both keep to it.
        let text = "round and round ".repeat(1000);
        server.client(&["-1", "-x", &text]).run().code(0).stdout(text + "\n");
    }
    let server = listen(&["--compress", "required"]);
    let answer = server.answer(request("/", ""));
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("clients must offer permessage-deflate here\n"));
    server.says("the client was rejected with 400");
    server.client(&["--compress", "off"]).run().code(4);
    let refused = tool().args(["listen", "--compress", "off", "--compress-options", "client_max_window_bits=9"]).run();
    refused.code(2).says("cannot be used with");
    tool().args(["listen", "--compress-options", "mux"]).run().code(2).says("`mux` is not a parameter");
}

#[test]
fn what_was_agreed_on_is_told_in_the_record_and_by_v_and_frames_show_whose_they_are() {
    let server = listen(&["--echo", "-v", "--json", "--compress-options", "server_max_window_bits=10"]);
    server.client(&["-1", "-x", &"a".repeat(64)]).run().code(0);
    server.says("#1: messages are compressed; server: window of 10 bits, context takeover; client: window of 15 bits");
    server.says("#1 closed 1000");
    let out = server.stop();
    assert!(out.contains(r#""extensions":"permessage-deflate; server_max_window_bits=10""#), "{out}");
    let server = listen(&["--echo", "--frames"]);
    server.client(&["-1", "-x", &"a".repeat(64)]).run().code(0);
    server.says(" #1 < text FIN RSV1, mask ");
    server.says(" #1 > text FIN RSV1, no mask, ");
}
