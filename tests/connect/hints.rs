//! What is shown after a response other than WebSocket: hints that depend on the response and on the options, and its body.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::kit::http::{Http, redirect, welcome_with};
use crate::kit::{Ran, Raw, switching, tool};

/// Runs against a server that refuses with this head's rest and this body.
#[track_caller]
fn refused(options: &[&str], head: &str, body: &[u8]) -> Ran {
    let length = format!("\r\nContent-Length: {}\r\n\r\n", body.len());
    let server = Raw::answering([b"HTTP/1.1 ", head.as_bytes(), length.as_bytes(), body].concat());
    tool().args(options).args(["-x", "a", &server.url()]).run().code(4).stdout("")
}

#[test]
fn a_401_names_the_schemes_and_advises_nothing_that_was_given() {
    let digest = "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r, s\", nonce=\"n\", qop=\"auth\"\r\nWWW-Authenticate: NTLM";
    let basic = "401 Unauthorized\r\nWWW-Authenticate: Bearer, Basic realm=\"r\"";
    for (options, head, hint) in [
        (&[][..], digest, "(it offers Digest, NTLM: try --user)"),
        (
            &["-H", "Authorization: Basic x"],
            digest,
            "(it offers Digest, NTLM, not the Basic that was sent: try --user)",
        ),
        (&[], basic, "(it offers Bearer, Basic: try --user or --bearer)"),
        (&["-u", "a:b"], basic, "(it refused the user name or password; --bearer would also work)"),
        (&["-H", "Authorization: bearer x"], basic, "(the credentials were refused; --user would also work)"),
        (&[], "401 Unauthorized", "(try --user or --bearer)"),
        (&["--bearer", "x"], "401 Unauthorized", "(the credentials (Bearer) were refused)"),
    ] {
        let expected =
            format!("wsprobe: the server answered 401 Unauthorized instead of switching to WebSocket {hint}\n");
        refused(options, head, b"").stderr(&expected);
    }
}

#[test]
fn credentials_that_a_redirect_left_behind_are_not_asked_for_again() {
    let server = Http::start(|_| b"HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n".to_vec());
    let to = server.url("/");
    let first = Http::start(move |_| redirect(302, &to));
    let ran = tool().args(["-L", "-u", "a:b", &first.url("/")]).run().code(4);
    ran.says("(it offers Basic; credentials are not sent to another origin after a redirect: connect to its URL)\n");
}

#[test]
fn a_403_a_404_and_a_hang_up_look_at_the_origin() {
    let origin = ["-o", "https://app.example"];
    refused(&[], "403 Forbidden", b"").says("(it may require credentials, or an --origin that it accepts)\n");
    refused(&origin, "403 Forbidden", b"")
        .says("(it may require credentials, or an origin other than `https://app.example`)\n");
    refused(&[], "404 Not Found", b"").says(
        "(is the path right? some servers also answer this way without \
        --origin)\n",
    );
    refused(&origin, "404 Not Found", b"")
        .says("(is the path right, and does the server accept the origin `https://app.example`?)\n");
    let ran = tool().args(origin).arg(Raw::answering("").url()).run().code(5);
    ran.says("(does it speak TLS here (wss://), or reject the origin `https://app.example`?)\n");
    let silent = Http::start_tls(crate::kit::tls::stranger(), |_| Vec::new());
    let ran = tool().args(["-k", &silent.url("/")]).run().code(5);
    ran.says("the server closed the connection before it answered (does it require an --origin that it accepts?)\n");
}

#[test]
fn a_server_of_http_2_is_named() {
    for settings in [&b""[..], &b"\0\x03\0\0\0\x64"[..]] {
        let answer = [&b"\0\0"[..], &[u8::try_from(settings.len()).unwrap()], b"\x04\0\0\0\0\0", settings].concat();
        let ran = tool().arg(Raw::answering(answer).url()).run().code(5);
        ran.says("the server speaks HTTP/2: its answer begins with a SETTINGS frame (use --http2-prior-knowledge");
    }
}

#[test]
fn a_subprotocol_that_was_not_asked_for_can_be_asked_for() {
    let server = Http::start(|head| welcome_with(head, "Sec-WebSocket-Protocol: graphql-ws\r\n"));
    let ran = tool().arg(server.url("/")).run().code(5).stdout("");
    ran.says(
        "the server chose the subprotocol `graphql-ws`, expected none, because none was requested (-s graphql-ws \
        requests it)\n",
    );
    let ran = tool().args(["-s", "chat", &server.url("/")]).run().code(5);
    ran.says("expected one of `chat` (-s graphql-ws requests it)\n");
    tool().args(["-s", "graphql-ws", &server.url("/")]).run().code(0).stdout("hi\n");
}

#[test]
fn what_is_not_followed_is_not_to_be_followed() {
    for options in [&[][..], &["-L"]] {
        for (status, hint) in [
            ("300 Choose", "(this is not a redirect to follow: connect to its URL)\n"),
            ("304 Not Modified", "(this answers a conditional request: leave out If-None-Match and similar headers)\n"),
        ] {
            let ran = refused(options, &format!("{status}\r\nLocation: /x"), b"").says(hint);
            assert!(!ran.stderr.contains("-L"), "{}", ran.stderr);
        }
    }
    refused(&[], "302 Found\r\nLocation: /x", b"").says("points to `/x` (-L follows it)\n");
}

#[test]
fn a_status_is_shown_as_it_came_and_a_101_of_http_1_0_is_refused() {
    refused(&[], "000 Odd", b"").says("the server answered 000 Odd instead");
    refused(&[], "099", b"").says("the server answered 099 instead");
    let server = Http::start(|head| switching(head).replace("HTTP/1.1", "HTTP/1.0").into_bytes());
    let ran = tool().arg(server.url("/")).run().code(5).stdout("");
    ran.says("the server's 101 is not a WebSocket handshake: the version is HTTP/1.0, expected HTTP/1.1\n");
}

#[test]
fn a_broken_answer_is_shown_and_its_line_is_named() {
    let server = Http::start(|head| welcome_with(head, "X-Fine: 1\r\nX-Bad: a\x01b`\x1b[2J\r\n"));
    let what = r"not valid HTTP: invalid header value in line 6, `X-Bad: a\x01b`\x1b[2J`";
    let ran = tool().args(["-1", "-x", "a", &server.url("/")]).run().code(5).stdout("").says(&format!("{what}\n"));
    assert_eq!(ran.stderr.lines().count(), 1);
    let ran = tool().args(["-v", &server.url("/")]).run().code(5).says(what);
    ran.says("< HTTP/1.1 101 Switching Protocols\n").says("< X-Fine: 1\n< X-Bad: a\\x01b`\\e[2J\n< \n");
    let cut = Raw::answering("HTTP/1.1 101 Yes\r\nUpgra");
    tool().args(["-v", &cut.url()]).run().code(5).says("< HTTP/1.1 101 Yes\n< Upgra\n");
    let many = Http::start(|head| welcome_with(head, &"X-More: 1\r\n".repeat(300)));
    tool().args(["-v", &many.url("/")]).run().code(5).says("< X-More: 1\n").says("more than 256 header fields");
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_compressed_body_is_inflated_up_to_a_bound_or_named() {
    let json = b"{\"error\":\"no entry\"}";
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(json).unwrap();
    for (coding, body) in [("gzip", gzip(json)), ("X-Gzip", gzip(json)), ("deflate", zlib.finish().unwrap())] {
        let head = format!("403 Forbidden\r\nContent-Type: application/json\r\nContent-Encoding: {coding}");
        let ran = refused(&[], &head, &body).says(")\n  {\"error\":\"no entry\"}\n");
        assert_eq!(ran.stderr.lines().count(), 2);
    }
    for coding in ["br", "zstd"] {
        refused(&[], &format!("403 No\r\nContent-Encoding: {coding}"), b"\x1b\x07\0\xf8")
            .says(&format!("\n  (4 bytes of {coding}-compressed body)\n"));
    }
    let bomb = gzip(&vec![b'x'; 32 << 20]);
    let ran =
        refused(&[], "500 Boom\r\nContent-Encoding: gzip", &bomb).says("\nwsprobe: the body is longer than this\n");
    assert_eq!(ran.stderr.matches('x').count(), 64 * 1024);
    let image = refused(&["-v"], "404 Not Found\r\nContent-Type: image/png", b"\x89PNG\0\x07")
        .says("\n  (6 bytes of image/png)\n");
    assert!(!image.stderr.contains("PNG\0"));
}

#[test]
fn a_page_is_its_text_up_to_a_screenful_and_with_v_whole() {
    let html = format!("<html><style>p {{}}</style>{}", "<p>not &quot;here&quot;</p>\n".repeat(2000));
    let head = "404 Not Found\r\nContent-Type: text/html; charset=utf-8";
    let ran = refused(&[], head, html.as_bytes()).says("\n  not \"here\"\n");
    ran.says(&format!("{}wsprobe: the page is longer (-v shows all)\n", "  not \"here\"\n".repeat(10)));
    let ran = refused(&[], head, html.as_bytes());
    assert_eq!(ran.stderr.lines().count(), 12, "{}", ran.stderr);
    let ran = refused(&["-v"], head, html.as_bytes()).says("\n  <html><style>p {}</style><p>not");
    assert_eq!(ran.stderr.matches("<p>not &quot;here&quot;</p>\n").count(), 2000);
    let small = refused(&[], head, b"<h1>404</h1><hr><center>nginx</center>").says("\n  404\n  nginx\n");
    assert_eq!(small.stderr.lines().count(), 3);
    let escaped = refused(&[], head, b"<h1>&#27;[2J\x1b</h1>").says("\n  \\e[2J\\e\n");
    assert!(!escaped.stderr.contains('\x1b'));
}
