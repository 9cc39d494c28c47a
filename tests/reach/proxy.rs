//! Proxies: real ones (tinyproxy, microsocks), and one that reports its requests.

use std::process::Command;

use crate::kit::daemon::{Daemon, has, start};
use crate::kit::http::{Http, welcome};
use crate::kit::proxy::{OK, Proxy};
use crate::kit::tls::Authority;
use crate::kit::{dir, field, free_port, path, tool};

fn tinyproxy(dir: &tempfile::TempDir) -> Daemon {
    start(|port| {
        let config = path(dir, "tinyproxy.conf");
        std::fs::write(&config, format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nBasicAuth me pw\n")).unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(config);
        command
    })
}

fn microsocks(args: &[&str]) -> Daemon {
    start(|port| {
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]).args(args);
        command
    })
}

#[test]
fn tinyproxy_tunnels_to_ws_and_wss() {
    if !has("tinyproxy") {
        return;
    }
    let (dir, authority) = (dir(), Authority::new("ours"));
    let proxy = tinyproxy(&dir);
    let (plain, secure) = (Http::welcoming(), Http::start_tls(authority.server(&["127.0.0.1"]), welcome));
    let via = format!("http://me:pw@127.0.0.1:{}", proxy.port);
    for server in [&plain, &secure] {
        let tool = || tool().arg("--cacert").arg(authority.file(&dir));
        let ran = tool().args(["-v", "--proxy", &via, &server.url("/x")]).run().code(0).stdout("hi\n");
        // Not just `pw`, which a random key may hold.
        assert!(!ran.stderr.contains("me:pw") && !ran.stderr.contains("bWU6cHc="), "{}", ran.stderr);
        ran.says(&format!("* connected to 127.0.0.1:{0}, the proxy http://127.0.0.1:{0}, for ", proxy.port));
        assert!(server.head().starts_with("GET /x HTTP/1.1\r\n"), "the server sees an ordinary request");
        for variable in ["all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] {
            let ran = tool().env(variable, &via).args(["-v", &server.url("/")]).run().code(0).stdout("hi\n");
            let is_meant = match server.url("").split_once(':').unwrap().0 {
                "wss" => !variable.to_lowercase().starts_with("http_"),
                _ => !variable.to_lowercase().starts_with("https_"),
            };
            assert_eq!(ran.stderr.contains("the proxy"), is_meant, "{variable}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_407_is_named_as_such_and_exits_3() {
    if !has("tinyproxy") {
        return;
    }
    let dir = dir();
    let proxy = tinyproxy(&dir);
    let server = Http::welcoming();
    // The latter is what tinyproxy says to a wrong password.
    for (login, answer, hint) in [
        ("", "407 Proxy Authentication Required", "it offers Basic: try --proxy KIND://USER:PASS@HOST:PORT"),
        ("me:sesame@", "401 Unauthorized", "the credentials (Basic) were refused"),
    ] {
        let via = format!("http://{login}127.0.0.1:{}", proxy.port);
        let ran = tool().args(["-vv", "--proxy", &via, &server.url("/")]).run().code(3).stdout("");
        assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
        let (proxy, server) = (proxy.port, server.port());
        ran.says(&format!(
            "wsprobe: the proxy http://127.0.0.1:{proxy} did not open a tunnel to 127.0.0.1:{server}: it answered {answer} "
        ))
        .says(&format!("({hint})\n"));
    }
    assert!(server.heads().is_empty());
}

#[test]
fn verbose_shows_what_a_proxy_is_told_and_says_and_quiet_talk_does_not() {
    let server = Http::welcoming();
    let refusing = Proxy::http(
        1,
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"a, b\"\r\nProxy-Authenticate: Basic realm=x, NTLM\r\n\
         Content-Length: 9\r\n\r\nlog in, \x1b",
    );
    let run = |options: &[&str], proxy: &Proxy, login: &str| {
        let via = format!("http://{login}127.0.0.1:{}", proxy.port);
        tool().args(options).args(["--proxy", &via, &server.url("/")]).run()
    };
    let ran = run(&["-v"], &refusing, "me:sesame@").code(3).stdout("");
    assert!(!ran.stderr.contains("sesame") && !ran.stderr.contains("\x1b"), "{}", ran.stderr);
    ran.says("> Proxy-Authorization: Basic ***\n")
        .says("< HTTP/1.1 407 Who\n< Proxy-Authenticate: Digest realm=\"a, b\"\n< Proxy-Authenticate: Basic realm=x, NTLM\n")
        .says(": it answered 407 Who (it refused the user name or password)\n  log in, \\e\n");
    let ran = run(&[], &refusing, "").code(3);
    assert_eq!(ran.stderr.lines().count(), 1);
    ran.says(": it answered 407 Who (it offers Digest, Basic, NTLM: try --proxy KIND://USER:PASS@HOST:PORT)\n");
    let open = Proxy::http(server.port(), "HTTP/1.1 200 Connection established\r\nVia: us\r\n\r\n");
    let ran = run(&["-v"], &open, "").code(0).stdout("hi\n").says("> CONNECT 127.0.0.1:");
    ran.says("< HTTP/1.1 200 Connection established\n< Via: us\n");
    let broken = Proxy::http(1, "HTTP/1.1 200 OK\r\nX-B\u{1}: 1\r\n\r\n");
    let ran = run(&["-v"], &broken, "").code(3).says("< HTTP/1.1 200 OK\n< X-B\\x01: 1\n");
    ran.says("is not valid HTTP: invalid header name in line 2, `X-B\\x01: 1`\n");
}

/// Asks for Digest, and says that it stays open, or not.
fn wanting_digest(head: &str) -> &'static str {
    match field(head, "Proxy-Authorization") {
        Some(given) if given.starts_with("Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"127.0.0.1:") => OK,
        _ if head.contains("localhost:") => {
            "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=r, nonce=n\r\nConnection: close\r\n\r\n"
        }
        _ => "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=r, nonce=n, qop=auth\r\nContent-Length: 0\r\n\r\n",
    }
}

#[test]
fn a_proxys_challenge_is_answered_and_a_password_is_sent_twice_at_most() {
    let server = Http::welcoming();
    let proxy = Proxy::asking(server.port(), wanting_digest);
    let schemes = || {
        let heads = std::iter::from_fn(|| proxy.asked_by_now()).collect::<Vec<_>>();
        let scheme = |head: &String| {
            field(head, "Proxy-Authorization").map_or("", |it| it.split(' ').next().unwrap()).to_owned()
        };
        heads.iter().map(scheme).collect::<Vec<_>>()
    };
    for (host, args, sent) in [
        ("127.0.0.1", &[][..], &["Basic", "Digest"][..]),
        // By this address, it could be anywhere.
        ("0.0.0.0", &[], &["", "Digest"]),
        ("127.0.0.1", &["--proxy-digest"], &["", "Digest"]),
        ("127.0.0.1", &["--proxy-anyauth"], &["", "Digest"]),
    ] {
        let via = format!("http://me:sesame@{host}:{}", proxy.port);
        let ran = tool().args(["-v", "--proxy", &via]).args(args).arg(server.url("/")).run().code(0).stdout("hi\n");
        assert!(!ran.stderr.contains("sesame"));
        ran.says("> Proxy-Authorization: Digest ***\n");
        assert_eq!(schemes(), sent, "{host} {args:?}");
        assert_eq!(field(&server.head(), "Authorization"), None);
    }
    let via = format!("http://me:sesame@127.0.0.1:{}", proxy.port);
    let elsewhere = format!("ws://localhost:{}/", server.port());
    let ran = tool().args(["--proxy", &via, "--proxy-digest", &elsewhere]).run().code(3);
    ran.says(": it answered 407 Who (it refused the user name or password)\n");
    assert_eq!(schemes(), ["", "Digest"]);
    let ran = tool().args(["--proxy", &via, "--proxy-basic", &elsewhere]).run().code(3);
    ran.says(": it answered 407 Who (it offers Digest, which the options do not allow)\n");
    assert_eq!(schemes(), ["Basic"]);
    // Both at once: each has its own.
    let both = crate::kit::listening::listen(&["--echo", "--auth", "you:other", "--auth-digest"]);
    let proxy = Proxy::asking(both.port, wanting_digest);
    let via = format!("http://me:sesame@127.0.0.1:{}", proxy.port);
    let args = ["-1", "-x", "hello", "--anyauth", "-u", "you:other", "--proxy", &via, &both.url()];
    tool().args(args).run().code(0).stdout("hello\n");
}

#[test]
fn microsocks_tunnels_with_and_without_a_login() {
    if !has("microsocks") {
        return;
    }
    let (dir, authority) = (dir(), Authority::new("ours"));
    let (open, guarded) = (microsocks(&[]), microsocks(&["-u", "me", "-P", "p@w"]));
    let server = Http::start_tls(authority.server(&["localhost"]), welcome);
    let url = format!("wss://localhost:{}/", server.port());
    for kind in ["socks5", "socks5h"] {
        let run = |login: &str, port| {
            let via = format!("{kind}://{login}127.0.0.1:{port}");
            tool().arg("--cacert").arg(authority.file(&dir)).args(["--proxy", &via, &url]).run()
        };
        run("", open.port).code(0).stdout("hi\n");
        run("me:p%40w@", guarded.port).code(0).stdout("hi\n");
        run("", guarded.port).code(3).says(
            ": it accepts none of the login methods that were offered (try --proxy \
                KIND://USER:PASS@HOST:PORT)\n",
        );
        run("me:sesame@", guarded.port)
            .code(3)
            .says(": it refused the user or the password (the credentials were refused)\n");
        let nobody = format!("wss://127.0.0.1:{}/", free_port());
        let via = format!("{kind}://127.0.0.1:{}", open.port);
        tool().args(["--proxy", &via, &nobody]).run().code(3).says(": it answered 5 (connection refused)\n");
    }
}

#[test]
fn a_name_is_resolved_by_the_proxy_where_its_kind_does_so() {
    let server = Http::welcoming();
    let http = Proxy::http(server.port(), OK);
    tool().args(["--proxy", &format!("http://me:pw@127.0.0.1:{}", http.port), "ws://nowhere.invalid/"]).run().code(0);
    let head = http.asked();
    assert!(head.starts_with("CONNECT nowhere.invalid:80 HTTP/1.1\r\nHost: nowhere.invalid:80\r\n"), "{head}");
    assert_eq!(field(&head, "Proxy-Authorization"), Some("Basic bWU6cHc="));
    assert_eq!(field(&server.head(), "Proxy-Authorization"), None);
    let socks = Proxy::socks(server.port());
    let via = |kind: &str| format!("{kind}://127.0.0.1:{}", socks.port);
    tool().args(["--proxy", &via("socks5h"), "ws://nowhere.invalid/"]).run().code(0).stdout("hi\n");
    // Name, 15 bytes, port 80.
    assert_eq!(socks.asked(), "05010003 0f 6e6f77686572652e696e76616c6964 0050".replace(' ', ""));
    tool()
        .args(["--proxy", &via("socks5"), "ws://nowhere.invalid/"])
        .run()
        .code(3)
        .says("cannot resolve `nowhere.invalid`");
    tool().args(["--proxy", &via("socks5"), "-4", "ws://localhost/"]).run().code(0).stdout("hi\n");
    assert_eq!(socks.asked(), "05010001 7f000001 0050".replace(' ', ""));
}

#[test]
fn tls_to_a_proxy_carries_tls_to_the_server() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let server = Http::start_tls(authority.server(&["app.example"]), welcome);
    let proxy = Proxy::https(authority.server(&["127.0.0.1"]), server.port());
    let tool = || tool().arg("--cacert").arg(authority.file(&dir));
    let via = |host: &str| format!("https://{host}:{}", proxy.port);
    tool().args(["-x", "a", "--proxy", &via("127.0.0.1"), "wss://app.example/"]).run().code(0).stdout("hi\n");
    assert!(proxy.asked().starts_with("CONNECT app.example:443 HTTP/1.1\r\n"));
    let ran = tool().args(["--proxy", &via("localhost"), "wss://app.example/"]).run().code(3);
    ran.says(&format!("TLS with `{}` failed: its certificate is for 127.0.0.1, not for `localhost`", via("localhost")));
    let plain = Http::welcoming();
    let proxy = Proxy::https(authority.server(&["127.0.0.1"]), plain.port());
    let via = format!("https://127.0.0.1:{}", proxy.port);
    tool().args(["--proxy", &via, "ws://app.example/"]).run().code(0).stdout("hi\n");
}

#[test]
fn the_systems_authorities_are_asked_about_a_proxy_as_well() {
    let (dir, authority) = (dir(), Authority::new("the system's"));
    let secure = Http::start_tls(authority.server(&["app.example"]), welcome);
    let plain = Http::welcoming();
    for (port, url) in [(secure.port(), "wss://app.example/"), (plain.port(), "ws://app.example/")] {
        let proxy = Proxy::https(authority.server(&["127.0.0.1"]), port);
        let via = format!("https://127.0.0.1:{}", proxy.port);
        let tool = || tool().args(["--proxy", &via, url]);
        tool().env("SSL_CERT_FILE", authority.file(&dir)).run().code(0).stdout("hi\n");
        let ran = tool().env("SSL_CERT_FILE", "/nowhere").run().code(3).stdout("");
        ran.says("cannot read the system's root certificates: ");
    }
}

#[test]
fn no_proxy_goes_around_by_option_or_environment() {
    let server = Http::welcoming();
    let proxy = Proxy::http(server.port(), OK);
    let via = format!("http://127.0.0.1:{}", proxy.port);
    let port = server.port();
    for list in ["*", "127.0.0.1", "127.0.0.0/8", &format!("x.example, 127.0.0.1:{port}")] {
        tool().args(["--proxy", &via, "--no-proxy", list, &server.url("/")]).run().code(0);
        for variable in ["NO_PROXY", "no_proxy"] {
            tool().env("HTTP_PROXY", &via).env(variable, list).arg(server.url("/")).run().code(0);
        }
    }
    tool().env("ALL_PROXY", &via).env("NO_PROXY", ".localhost").arg(format!("ws://a.localhost:{port}/")).run().code(0);
    tool().env("ALL_PROXY", &via).args(["--proxy", "", &server.url("/")]).run().code(0);
    tool().env("ALL_PROXY", &via).args(["demo", "-x", "a", "-1"]).run().code(0).stdout("a\n");
    assert!(proxy.is_unused());
    tool().env("ALL_PROXY", &via).env("NO_PROXY", "*").args(["--no-proxy", "x", &server.url("/")]).run().code(0);
    assert!(proxy.asked().starts_with("CONNECT 127.0.0.1:"));
    tool().env("HTTP_PROXY", &via).env("REQUEST_METHOD", "GET").arg(server.url("/")).run().code(0);
    assert!(proxy.is_unused(), "a CGI program does not take a proxy from its client");
}

#[test]
fn what_a_proxy_does_wrong_is_named_and_exits_3() {
    for (answer, said) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "it answered 403 Forbidden (the proxy may not allow tunnels"),
        ("HTTP/1.1 503 Busy\r\n\r\n", "it answered 503 Busy\n"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "its answer cannot be used: the server does not speak HTTP/1"),
        (
            "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Too Early\r\n\r\n",
            "it sent 26 bytes before anything was sent to the server",
        ),
    ] {
        let proxy = Proxy::http(1, answer);
        let via = format!("127.0.0.1:{}", proxy.port);
        let ran = tool().args(["--proxy", &via, "ws://nowhere.invalid/"]).run().code(3).stdout("");
        ran.says(&format!("wsprobe: the proxy http://{via} did not open a tunnel to nowhere.invalid:80: {said}"));
    }
    let http = Http::welcoming();
    let via = format!("socks5h://127.0.0.1:{}", http.port());
    let ran = tool().args(["--proxy", &via, "--connect-timeout", "1s", "ws://nowhere.invalid/"]).run();
    assert!(matches!(ran.code, Some(3 | 7)), "{ran:?}");
    let nobody = format!("http://127.0.0.1:{}", free_port());
    tool().args(["--proxy", &nobody, ":1"]).run().code(3).says(&format!("cannot connect to the proxy {nobody}: "));
    tool().args(["--proxy", "http://nowhere.invalid:1", ":1"]).run().code(3).says("cannot resolve `nowhere.invalid`");
}

#[test]
fn a_bad_proxy_is_refused_before_a_socket_opens_and_its_password_not_shown() {
    for bad in ["socks4://a:sesame@h", "ftp://a:sesame@h", "http://a:sesame@h/path", "http://a:sesame@h:99999"] {
        let ran = tool().args(["--proxy", bad, ":1"]).run().code(2).stdout("");
        assert!(!ran.stderr.contains("sesame") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
        ran.says("wsprobe: invalid value for `--proxy <URL>`: ");
        tool().env("https_proxy", bad).arg("wss://127.0.0.1:1").run().code(2).says("invalid value for `https_proxy`: ");
    }
    let dir = dir();
    let (server, file) = (Http::welcoming(), path(&dir, "proxy"));
    let proxy = Proxy::http(server.port(), OK);
    std::fs::write(&file, format!("http://me:pw@127.0.0.1:{}\n", proxy.port)).unwrap();
    tool().args(["--proxy", &format!("@{}", file.display()), "ws://nowhere.invalid/"]).run().code(0);
    assert_eq!(field(&proxy.asked(), "Proxy-Authorization"), Some("Basic bWU6cHc="));
    let proxy_url = format!("http://127.0.0.1:{}", proxy.port);
    tool().env("P", proxy_url).args(["--proxy", "env:P", "ws://nowhere.invalid/"]).run().code(0);
    tool().args(["--proxy", "http://h", "--unix-socket", "/s", ":1"]).run().code(2).says("cannot be used with");
}
