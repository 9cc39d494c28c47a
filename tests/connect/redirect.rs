//! Redirects: followed only with `-L`, and never with secrets for another server.

use crate::kit::http::{Http, redirect, resource, welcome};
use crate::kit::tls::{self, Authority};
use crate::kit::{dir, field, tool};

/// Sends every request to `to`, but those for `/end`.
fn leading(status: u16, to: &str) -> Http {
    let to = to.to_owned();
    Http::start(move |head| if resource(head) == "/end" { welcome(head) } else { redirect(status, &to) })
}

#[test]
fn each_redirect_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = leading(status, "/end");
        let ran = tool().args(["-L", &server.url("/")]).run().code(0).stdout("hi\n");
        let end = server.url("/end");
        ran.stderr(&format!(
            "wsprobe: redirected to {end}\nwsprobe: connected to {end}\nwsprobe: closed 1000 by the server (normal closure)\n"
        ));
    }
}

#[test]
fn a_location_may_be_relative_or_of_http() {
    for (from, location) in [
        ("/x/y", "../end"),
        ("/y", "end"),
        ("/x/y/z", "//127.0.0.1:PORT/end"),
        ("/", "http://127.0.0.1:PORT/end"),
        ("/", "/end#top"),
    ] {
        let server = Http::start(move |head| {
            let port = field(head, "Host").unwrap().rsplit(':').next().unwrap().to_owned();
            if resource(head) == "/end" { welcome(head) } else { redirect(302, &location.replace("PORT", &port)) }
        });
        tool().args(["--location", &server.url(from)]).run().code(0).stdout("hi\n");
        assert_eq!(server.heads().len(), 2, "{location}");
    }
}

#[test]
fn without_the_option_the_location_is_named_and_exits_4() {
    let server = leading(307, "wss://elsewhere.example/chat");
    tool().arg(server.url("/")).run().code(4).stdout("").stderr(
        "wsprobe: the server answered 307 Over There and points to `wss://elsewhere.example/chat` (-L follows it)\n",
    );
    assert_eq!(server.heads().len(), 1);
}

#[test]
fn a_status_that_is_no_redirect_is_not_followed() {
    for status in [201, 300, 304, 404] {
        let server = leading(status, "/end");
        tool().args(["-L", &server.url("/")]).run().code(4).stdout("").says(&format!("the server answered {status} "));
        assert_eq!(server.heads().len(), 1);
    }
}

#[test]
fn secrets_stay_behind_at_another_origin() {
    let end = Http::welcoming();
    let server = leading(302, &end.url("/end"));
    for secret in [
        &["-u", "me:pw", "--cookie", "a=1"][..],
        &["--bearer", "abc"],
        &["-H", "AUTHORIZATION: x", "-H", "cookie: a=1", "-H", "Proxy-Authorization: y"],
        &["--host", "virtual.example"],
        &["-H", "host: virtual.example"],
        &[
            "-H",
            "X-Auth-User: sesame",
            "-H",
            "X-Amz-Access-Key: sesame",
            "-H",
            "X-Session: sesame",
            "-H",
            "X-JWT: sesame",
        ],
        &["-H", "Db-Passwd: sesame", "-H", "X-Credential: sesame", "-H", "X-Signature: sesame"],
        &["-H", "Referer: http://h/?token=sesame"],
        &["-s", "base64url.bearer.authorization.k8s.io.sesame"],
        &["-s", "access_token", "-s", "sesame"],
    ] {
        tool()
            .args(secret)
            .args(["-L", "-H", "X-Mine: 1", "-o", "http://o", "-s", "chat", &server.url("/")])
            .run()
            .code(0);
        let (first, last) = (server.head().to_lowercase(), end.head().to_lowercase());
        let kept = |head: &str| {
            ["authorization:", "cookie:", "virtual.example", "sesame"].iter().any(|name| head.contains(name))
        };
        assert!(kept(&first) && !kept(&last), "{last}");
        assert!(last.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", end.port())), "{last}");
        assert!(last.contains("\r\nx-mine: 1\r\n") && last.contains("\r\norigin: http://o\r\n"), "{last}");
        assert!(last.contains("\r\nsec-websocket-protocol: chat\r\n"), "{last}");
    }
}

#[test]
fn secrets_do_not_come_back_from_another_origin() {
    let start = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let home = format!("ws://127.0.0.1:{}/end", start.local_addr().unwrap().port());
    let away = leading(302, &home);
    let away_url = away.url("/");
    let start =
        Http::on(start, move |head| if resource(head) == "/end" { welcome(head) } else { redirect(302, &away_url) });
    tool().args(["-L", "--bearer", "abc", &start.url("/")]).run().code(0).stdout("hi\n");
    assert!(field(&start.head(), "Authorization").is_some());
    assert!(field(&away.head(), "Authorization").is_none() && field(&start.head(), "Authorization").is_none());
}

#[test]
fn secrets_go_along_within_the_origin() {
    let server = leading(302, "/end");
    tool().args(["-L", "-u", "me:pw", "--cookie", "a=1", "--host", "h", &server.url("/")]).run().code(0);
    for head in [server.head(), server.head()] {
        assert_eq!(field(&head, "Authorization"), Some("Basic bWU6cHc="));
        assert_eq!((field(&head, "Cookie"), field(&head, "Host")), (Some("a=1"), Some("h")));
    }
}

#[test]
fn user_and_password_in_a_location_are_not_used() {
    let end = Http::welcoming();
    let server = leading(302, &format!("ws://evil:evil@127.0.0.1:{}/end", end.port()));
    tool().args(["-L", &server.url("/")]).run().code(0);
    assert_eq!(field(&end.head(), "Authorization"), None);
}

#[test]
fn a_circle_is_left_with_exit_4() {
    let server = Http::start(|head| redirect(302, if resource(head) == "/a" { "/b" } else { "/a" }));
    let ran = tool().args(["-L", &server.url("/a")]).run().code(4).stdout("");
    ran.says(&format!("cannot follow the redirect: the server redirects in a loop, back to `{}`\n", server.url("/a")));
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn there_is_a_limit_to_redirects() {
    let next = |head: &str| redirect(302, &format!("/{}", resource(head)[1..].parse::<u32>().unwrap() + 1));
    for (args, followed) in [(&["-L"][..], 10), (&["-L", "--max-redirects", "2"], 2), (&["-L", "--max-redirects=0"], 0)]
    {
        let server = Http::start(next);
        let ran = tool().args(args).arg(server.url("/0")).run().code(4).stdout("");
        let last = server.url(&format!("/{}", followed + 1));
        ran.says(&format!("the server redirected more than {followed} times, last to `{last}`\n"));
        assert_eq!(server.heads().len(), followed + 1);
    }
}

#[test]
fn a_location_that_leads_astray_is_refused_with_exit_4() {
    for (location, reason) in [
        ("ftp://h/", "the server redirects to `ftp://h/`, which is not a WebSocket URL"),
        ("ws+unix:/run/app.sock:/", "the server redirects to `ws+unix:/run/app.sock:/`, which is not a WebSocket URL"),
        ("http://[", "the server redirects to `http://[`, which is not a URL: invalid IPv6 address"),
    ] {
        let server = leading(302, location);
        let ran = tool().args(["-L", &server.url("/")]).run().code(4).stdout("");
        ran.stderr(&format!("wsprobe: cannot follow the redirect: {reason}\n"));
    }
    let server = Http::start(|_| b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".to_vec());
    tool().args(["-L", &server.url("/")]).run().code(4).says("the server answered 302 without a `Location`\n");
}

#[test]
fn a_redirect_to_wss_is_followed_and_one_from_wss_to_ws_is_not() {
    let dir = dir();
    let authority = Authority::new("ours");
    let plain = Http::welcoming();
    let plain_url = plain.url("/end");
    let secure = Http::start_tls(authority.server(&["127.0.0.1"]), move |head| {
        if resource(head) == "/end" { welcome(head) } else { redirect(302, &plain_url) }
    });
    let cacert = authority.file(&dir);
    let tool = || tool().arg("-L").arg("--cacert").arg(&cacert);
    tool().arg(leading(301, &secure.url("/end")).url("/")).run().code(0).stdout("hi\n");
    let ran = tool().arg(secure.url("/")).run().code(4).stdout("");
    ran.says(&format!(
        "the server redirects from wss:// to `{}`, which is not encrypted; --insecure-redirect follows it\n",
        plain.url("/end")
    ));
    assert!(plain.heads().is_empty());
}

#[test]
fn a_server_at_the_end_that_nobody_trusts_exits_3() {
    let end = Http::start_tls(tls::stranger(), welcome);
    let ran = tool().args(["-L", &leading(302, &end.url("/")).url("/")]).env("SSL_CERT_FILE", "/dev/null").run();
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(end.heads().is_empty());
}
