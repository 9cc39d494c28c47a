//! Which version of HTTP is used, as the options and the server say.

use super::kit::http2::{Http2, Turn, choosing};
use super::kit::tls::stranger;
use super::kit::{echo, text, tool};
use wsprobe::testing::Server;

/// A server of HTTP/1.1 alone that greets, with this in ALPN.
fn http1(alpn: &[u8]) -> Server {
    Server::start_tls(choosing(&stranger(), alpn), |client| async move {
        client.text("over HTTP/1.1").await;
        client.close(1000, "").await;
    })
    .expect("there are free ports")
}

fn wss(server: &Server) -> String {
    format!("wss://127.0.0.1:{}/", server.port())
}

#[test]
fn a_server_without_http2_is_spoken_to_over_http1_on_the_same_connection() {
    let server = http1(b"http/1.1");
    let ran = tool().args(["--http2", "-k", "-r", "-vv", &wss(&server)]).run().code(0);
    assert_eq!(ran.out(), "over HTTP/1.1\n");
    assert_eq!(ran.stderr.matches("* connected to").count(), 1, "{}", ran.stderr);
}

#[test]
fn where_http2_is_required_nothing_else_will_do() {
    let server = http1(b"http/1.1");
    let ran = tool().args(["--http2=required", "-k", "-r", &wss(&server)]).run().code(3);
    ran.says("the server supports no protocol that was offered (ALPN `h2`; alert no_application_protocol) (it may not speak HTTP/2: --http1.1 does without)");
    let ran = tool().args(["--http2=required", "-r", &super::kit::url(&echo())]).run().code(3);
    ran.says("without TLS, there is nothing to choose HTTP/2 with (use --http2-prior-knowledge for ws://)");
    // One that knows nothing of ALPN.
    let server = Server::start_tls(stranger(), |client| async move { client.close(1000, "").await }).unwrap();
    let ran = tool().args(["--http2=required", "-k", "-r", &wss(&server)]).run().code(3);
    ran.says("the server chose nothing by ALPN, not HTTP/2 (--http1.1 does without)");
}

#[test]
fn without_the_setting_http1_is_tried_or_the_failure_is_clear() {
    let server = Http2::with(Some(choosing(&stranger(), b"h2")), false, |_| Turn::Hang);
    let ran = tool().args(["--http2=required", "-k", "-r", &server.url()]).run().code(4);
    ran.says("the server speaks HTTP/2, but takes no WebSockets over it: SETTINGS_ENABLE_CONNECT_PROTOCOL is not 1");
    // It has HTTP/2 alone.
    let ran = tool().args(["--http2", "-k", "-r", "-v", &server.url()]).run().code(3);
    ran.says("is not 1 (--http1.1 does without; servers have a switch for RFC 8441); trying HTTP/1.1")
        .says("(ALPN `http/1.1`");
    let plain = Http2::with(None, false, |_| Turn::Hang);
    tool().args(["--http2-prior-knowledge", "-r", &plain.url()]).run().code(4).says("ENABLE_CONNECT_PROTOCOL is not 1");
}

#[test]
fn a_server_that_asks_for_http1_gets_it() {
    let server = Http2::start_tls(&stranger(), |_| Turn::Reset(h2::Reason::HTTP_1_1_REQUIRED));
    let ran = tool().args(["--http2", "-k", "-r", "-v", &server.url()]).run().code(3);
    ran.says("HTTP_1_1_REQUIRED (0xd) (use --http1.1); trying HTTP/1.1");
    tool().args(["--http2=required", "-k", "-r", &server.url()]).run().code(5).says("HTTP_1_1_REQUIRED (0xd)");
}

#[test]
fn the_last_of_the_options_counts() {
    let server = http1(b"http/1.1");
    for options in [&["--http1.1"][..], &["--http2=required", "--http1.1"], &["--http2-prior-knowledge", "--http2"]] {
        tool().args(options).args(["-k", "-r", &wss(&server)]).run().code(0);
    }
    tool().args(["--http1.1", "--http2=required", "-k", "-r", &wss(&server)]).run().code(3);
}

#[test]
fn without_tls_only_prior_knowledge_leads_to_http2() {
    let server = echo();
    tool().args(["--http2", "-x", "a", &super::kit::url(&server)]).run().code(0).stdout("a\n");
    let front = Http2::before(server.port());
    let ran = tool().args(["-r", &front.url()]).run().code(5);
    ran.says("the server speaks HTTP/2: its answer begins with a SETTINGS frame (use --http2-prior-knowledge)");
}

#[test]
fn scripts_and_curl_have_the_options_too() {
    let (heard, front) = {
        let (server, heard) = super::kit::hearing();
        (heard, Http2::before(server.port()))
    };
    let dir = tempfile::tempdir().unwrap();
    let script = super::kit::path(&dir, "script");
    for (setting, code) in [("http2-prior-knowledge", 0), ("http2 required", 3), ("http2", 5), ("http1.1", 5)] {
        let text = format!("connect {}\n  {setting}\nsend \"from a script\"\nclose\n", front.url());
        std::fs::write(&script, text).unwrap();
        tool().arg("run").arg(&script).run().code(code);
    }
    assert_eq!(heard.next(), text("from a script"));
    let line = ["curl", "--http2-prior-knowledge", &front.url(), "--execute", "from curl"];
    tool().args(line).run().code(0);
    assert!(std::iter::from_fn(|| Some(heard.next())).any(|said| said == text("from curl")));
}
