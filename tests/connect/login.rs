//! User name and password: which scheme is used, how often, and over which connection. The other half is wsprobe's own
//! `listen --auth-digest`, and servers that say what the test wants; real ones are in `tests/interop/auth`.

use crate::kit::http::{redirect, resource, welcome};
use crate::kit::http2::{Http2, Turn};
use crate::kit::listening::listen;
use crate::kit::talking::{Talking, Then, unauthorized};
use crate::kit::tls::Authority;
use crate::kit::{field, tool};

const DIGEST: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n";
const BASIC: &str = "WWW-Authenticate: Basic realm=\"r\"\r\n";

/// The schemes of the requests that came.
fn schemes(server: &Talking) -> Vec<String> {
    let scheme = |head: &str| field(head, "Authorization").map_or("", |it| it.split(' ').next().unwrap()).to_owned();
    server.all().iter().map(|(_, head)| scheme(head)).collect()
}

/// Lets in who answers with this scheme, and asks all others with these fields.
fn asking(fields: &'static str, scheme: &'static str) -> Talking {
    Talking::staying(move |head| match field(head, "Authorization") {
        Some(given) if given.starts_with(scheme) => welcome(head),
        _ => unauthorized(fields),
    })
}

#[test]
fn digest_is_answered_over_both_versions_of_http() {
    let server = listen(&["--echo", "--auth", "m\u{e4}x:p:w", "--auth-digest"]);
    for http in ["--http1.1", "--http2-prior-knowledge"] {
        for scheme in [&[][..], &["--digest"], &["--anyauth"], &["--digest", "--ntlm"]] {
            let tool = || tool().args(["-v", "-1", "-x", "hello", http]).args(scheme);
            let ran = tool().args(["-u", "m\u{e4}x:p:w", &server.url_of("/a?b=\"c\"")]).run().code(0).stdout("hello\n");
            let head = ran.says("* sending user name and password with Digest\n").stderr;
            assert!(!head.contains("p:w") && head.to_lowercase().contains("authorization: digest ***\n"), "{head}");
            let wrong = tool().args(["-u", "m\u{e4}x:pw", &server.url_of("/a?b=\"c\"")]).run().code(4).stdout("");
            wrong.says("(it refused the user name or password)\n  credentials are required here\n");
        }
        let ran = tool().args([http, "--basic", "-u", "m\u{e4}x:p:w", &server.url()]).run().code(4);
        ran.says("(it offers Digest, which the options do not allow)");
    }
    let name = format!("ws://m%C3%A4x:p:w@127.0.0.1:{}/", server.port);
    tool().args(["-1", "-x", "hello", &name]).run().code(0).stdout("hello\n");
}

#[test]
fn an_answer_goes_over_the_connection_that_was_asked_on_if_that_stays_open() {
    let run = |server: &Talking| tool().args(["--digest", "-u", "me:pw", &server.url()]).run().code(0).stdout("hi\n");
    let connections = |server: &Talking| server.all().iter().map(|(number, _)| *number).collect::<Vec<_>>();
    let staying = asking(DIGEST, "Digest");
    run(&staying);
    assert_eq!(connections(&staying), [1, 1]);
    let leaving = asking("WWW-Authenticate: Digest realm=r, nonce=n\r\nConnection: close\r\n", "Digest");
    run(&leaving);
    assert_eq!(connections(&leaving), [1, 2]);
    // It says that it stays, and does not: the request is sent again.
    let fickle = Talking::start(|_, head| match field(head, "Authorization") {
        Some(_) => (welcome(head), Then::Stay),
        None => (unauthorized(DIGEST), Then::Close),
    });
    run(&fickle);
    assert_eq!(connections(&fickle), [1, 2]);
    let chunked = Talking::staying(|head| match field(head, "Authorization") {
        Some(_) => welcome(head),
        None => {
            format!("HTTP/1.1 401 No\r\n{DIGEST}Transfer-Encoding: chunked\r\n\r\n3\r\nno\n\r\n0\r\n\r\n").into_bytes()
        }
    });
    run(&chunked);
    assert_eq!(connections(&chunked), [1, 1]);
    let endless = Talking::start(|_, head| match field(head, "Authorization") {
        Some(_) => (welcome(head), Then::Stay),
        None => (format!("HTTP/1.1 401 No\r\n{DIGEST}\r\nno\n").into_bytes(), Then::Close),
    });
    run(&endless);
    assert_eq!(connections(&endless), [1, 2]);
}

#[test]
fn a_password_is_sent_twice_at_most_and_basic_never_follows_digest() {
    const BOTH: &str = "WWW-Authenticate: Basic realm=x\r\nWWW-Authenticate: Digest realm=r, nonce=n, qop=auth\r\n";
    const STALE: &str = "WWW-Authenticate: Digest realm=r, nonce=m, qop=auth, stale=true\r\n";
    for (args, fields, sent) in [
        (&[][..], BASIC, &["Basic"][..]),
        (&[], BOTH, &["Basic"]),
        (&[], DIGEST, &["Basic", "Digest"]),
        (&["--anyauth"], BOTH, &["", "Digest"]),
        (&["--anyauth"], STALE, &["", "Digest", "Digest"]),
        (&["--digest", "--basic"], BASIC, &["", "Basic"]),
        (&["--basic"], BOTH, &["Basic"]),
    ] {
        let server = Talking::staying(|_| unauthorized(fields));
        let ran = tool().args(args).args(["-u", "me:sesame", &server.url()]).run().code(4).stdout("");
        assert!(!ran.stderr.contains("sesame"));
        ran.says("401 Unauthorized instead of switching to WebSocket (it refused the user name or password)\n  no\n");
        assert_eq!(schemes(&server), sent, "{args:?} {fields}");
    }
}

#[test]
fn a_challenge_that_cannot_be_answered_is_told() {
    const BROKEN: &str = "WWW-Authenticate: Digest realm=x\r\nWWW-Authenticate: Basic realm=x\r\n";
    for (args, fields, words) in [
        (&["--anyauth"][..], BROKEN, "its Digest challenge has no nonce"),
        (&["--digest"], BASIC, "it offers Basic, which the options do not allow"),
        (&["--digest"], "", "it did not ask for the user name and password; --basic sends them unasked"),
        (
            &["--anyauth"],
            "WWW-Authenticate: Negotiate\r\n",
            "it wants Negotiate (Kerberos), which wsprobe does not have",
        ),
        (
            &["--anyauth"],
            "WWW-Authenticate: Digest realm=x, nonce=y, algorithm=\"\u{9b}m\"\r\n",
            "asks for the algorithm `\\x9bm`, wsprobe supports MD5, SHA-256 and SHA-512-256",
        ),
        (&["--ntlm"], "WWW-Authenticate: NTLM abc\r\n", "its NTLM challenge is not base64"),
        (&["--ntlm"], "WWW-Authenticate: NTLM YWJj\r\n", "its NTLM challenge is broken"),
        (&["--ntlm"], "WWW-Authenticate: NTLM\r\n", "it refused the user name or password"),
    ] {
        let server = Talking::staying(|_| unauthorized(fields));
        let ran = tool().args(args).args(["-u", "me:sesame", &server.url()]).run().code(4);
        assert!(!ran.stderr.contains('\u{9b}'), "{}", ran.stderr);
        ran.says(&format!("{words})\n"));
        assert_eq!(server.all().len(), 1, "{args:?} {fields}");
    }
    let silent = Talking::staying(|_| unauthorized("WWW-Authenticate: Negotiate\r\n"));
    tool().arg(silent.url()).run().code(4).says("it wants Negotiate (Kerberos), which wsprobe does not have)");
}

#[test]
fn over_ws_to_elsewhere_the_password_waits_until_it_is_asked_for() {
    let run = |server: &Talking, args: &[&str]| tool().args(args).args(["-u", "me:pw", &server.far_url()]).run();
    for (fields, scheme, sent) in
        [(DIGEST, "Digest", ["", "Digest"]), (BASIC, "Basic", ["", "Basic"]), ("", "Basic", ["", "Basic"])]
    {
        let server = asking(fields, scheme);
        run(&server, &[]).code(0).stdout("hi\n");
        assert_eq!(schemes(&server), sent);
    }
    // Some do not say what they want.
    for refusal in ["HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", ""]
    {
        let server = Talking::start(move |_, head| match field(head, "Authorization") {
            Some("Basic bWU6cHc=") => (welcome(head), Then::Stay),
            _ => (refusal.into(), Then::Close),
        });
        run(&server, &[]).code(0).stdout("hi\n");
        assert_eq!(schemes(&server), ["", "Basic"], "{refusal}");
    }
    let content = Talking::staying(welcome);
    let ran = run(&content, &[]).code(0).stdout("hi\n");
    ran.says("wsprobe: the server did not ask for the user name and password, so they were not sent over ws:// (--basic does)\n");
    assert_eq!(schemes(&content), [""]);
    let ran = run(&content, &["--basic"]).code(0).stdout("hi\n");
    assert!(!ran.stderr.contains("did not ask"));
    assert_eq!(schemes(&content), ["Basic"]);
    assert!(!run(&content, &["--anyauth"]).code(0).stderr.contains("did not ask"));
    let asked = asking("", "Basic");
    run(&asked, &["--anyauth"]).code(4).says("it did not ask for the user name and password");
}

#[test]
fn a_login_follows_a_redirect_within_its_origin_only() {
    let end = Talking::staying(|_| unauthorized(BASIC));
    let away = end.url();
    let server = Talking::staying(move |head| match (resource(head), field(head, "Authorization")) {
        (_, None) => unauthorized(DIGEST),
        ("/x", Some(_)) => redirect(302, "/y"),
        ("/y", Some(_)) => redirect(302, &away),
        _ => unreachable!("no other path"),
    });
    let ran = tool().args(["-L", "--digest", "-u", "me:pw", &server.url()]).run().code(4);
    ran.says("it offers Basic; credentials are not sent to another origin after a redirect: connect to its URL");
    assert_eq!(schemes(&server), ["", "Digest", "Digest"]);
    assert_eq!(schemes(&end), [""]);
}

#[test]
fn a_connection_that_follows_knows_what_the_server_wants() {
    let server = asking(DIGEST, "Digest");
    tool()
        .args(["ping", "-q", "--reconnect-each", "-c", "3", "--interval", "10ms"])
        .args(["--anyauth", "-u", "me:pw"])
        .arg(server.url())
        .run();
    let heads = server.all();
    let counts: Vec<_> =
        heads.iter().filter_map(|(_, head)| field(head, "Authorization")?.split("nc=").nth(1)?.get(..8)).collect();
    assert_eq!((heads.len(), &counts[..]), (4, &["00000001", "00000002", "00000003"][..]));
}

#[test]
fn ntlm_needs_http1_and_returns_to_it_where_that_may_be() {
    const NTLM: &[(&str, &str)] = &[("www-authenticate", "NTLM")];
    let plain = Http2::start(|_| Turn::Answer(401, NTLM, ""));
    let args = ["--http2-prior-knowledge", "--anyauth", "-u", "me:pw"];
    let ran = tool().args(args).arg(plain.url()).run().code(4);
    ran.says("(it asks for NTLM, which works over HTTP/1.1 only: use --http1.1)");
    let authority = Authority::new("ours");
    let secure = Http2::start_tls(&authority.server(&["127.0.0.1"]), |_| Turn::Answer(401, NTLM, ""));
    for (scheme, asks) in [("--anyauth", true), ("--ntlm", false)] {
        let ran = tool().args(["-v", "-k", "--http2", "-u", "me:pw", scheme]).arg(secure.url()).run().code(3);
        let goes_back = "< www-authenticate: NTLM\n< \n* NTLM works over HTTP/1.1 only; trying HTTP/1.1\n";
        assert_eq!(ran.stderr.contains(goes_back), asks, "{}", ran.stderr);
        // It has HTTP/2 alone.
        ran.says("the server supports no protocol that was offered (ALPN `http/1.1`;");
    }
}

#[test]
fn every_way_to_connect_logs_in() {
    let server = listen(&["--echo", "--auth", "me:pw", "--auth-digest"]);
    let relay = listen(&["--forward", &server.url(), "-u", "me:pw", "--digest"]);
    tool().args(["-1", "-x", "hello", &relay.url()]).run().code(0).stdout("hello\n");
    let script = format!("connect {}\n  user me:pw\n  digest\nsend text a\nexpect text a\n", server.url());
    tool().args(["run", "-"]).stdin(script).run().code(0).says("1 passed");
    let load = ["load", "-c", "3", "--duration", "200ms", "-x", "a", "--anyauth", "-u", "me:pw"];
    tool().args(load).arg(server.url()).run().code(0);
    let curl = ["curl", "--digest", "-u", "me:pw", "--one", "--execute", "hello"];
    tool().args(curl).arg(server.url()).run().code(0).stdout("hello\n");
    let named = listen(&["--auth", "me:pw", "--auth-digest", "--exec", "echo $AUTH_TYPE $REMOTE_USER"]);
    tool().args(["-u", "me:pw", &named.url()]).run().code(0).stdout("Digest me\n");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for (args, words) in [
        (&["--anyauth", "--digest", "-u", "a:b"][..], "the argument `--anyauth` cannot be used with `--digest`"),
        (&["--bearer", "x", "--basic"], "cannot be used with"),
        (&["--ntlm", "-u", "a:b", "--http2=required"], "`--ntlm` needs HTTP/1.1"),
        (&["--proxy", "socks5://a:b@h", "--proxy-digest"], "a SOCKS proxy has no scheme to choose"),
    ] {
        tool().args(args).arg(":1").run().code(2).says(words);
    }
    tool().args(["listen", "--auth-digest", "0"]).run().code(2).says("--auth <USER:PASS>");
}
