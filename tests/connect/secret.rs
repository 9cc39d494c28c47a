//! Where secrets may be instead of in argv, and where they must not appear.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::kit::http::{Http, redirect};
use crate::kit::{PATIENCE, Ran, binary, dir, field, path, tool};

#[track_caller]
fn authorization(args: &[&str]) -> Option<String> {
    let server = Http::welcoming();
    tool().args(args).env("TOKEN", "from-env").env("LOGIN", "me:from:env").arg(server.url("/")).run().code(0);
    field(&server.head(), "Authorization").map(str::to_owned)
}

#[test]
fn a_user_comes_from_argv_a_file_or_the_environment() {
    let dir = dir();
    let file = path(&dir, "login");
    std::fs::write(&file, "me:from-file\r\n").unwrap();
    let at_file = format!("@{}", file.display());
    for (value, expected) in [
        ("me:pw", "Basic bWU6cHc="),
        ("me:", "Basic bWU6"),
        (":", "Basic Og=="),
        ("jürgen:pä", "Basic asO8cmdlbjpww6Q="),
        (&at_file, "Basic bWU6ZnJvbS1maWxl"),
        ("env:LOGIN", "Basic bWU6ZnJvbTplbnY="),
    ] {
        for option in ["-u", "--user", "--auth"] {
            assert_eq!(authorization(&[option, value]).as_deref(), Some(expected), "{option} {value}");
        }
    }
}

#[test]
fn a_token_comes_from_argv_a_file_or_the_environment() {
    let dir = dir();
    let file = path(&dir, "token");
    std::fs::write(&file, "from-file\n").unwrap();
    let at_file = format!("@{}", file.display());
    for (value, expected) in [("abc", "Bearer abc"), (&at_file, "Bearer from-file"), ("env:TOKEN", "Bearer from-env")] {
        assert_eq!(authorization(&["--bearer", value]).as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn options_win_over_the_url_and_a_header_over_both() {
    let server = Http::welcoming();
    let url = format!("ws://url:pw@127.0.0.1:{}/", server.port());
    for (args, expected) in [
        (&["-u", "me:pw"][..], "Basic bWU6cHc="),
        (&["--bearer", "abc"], "Bearer abc"),
        (&["-u", "me:pw", "-H", "authorization: Custom x"], "Custom x"),
    ] {
        tool().args(args).arg(&url).run().code(0);
        assert_eq!(field(&server.head(), "Authorization"), Some(expected));
    }
    tool().args(["-u", "me:pw", "--bearer", "abc", ":1"]).run().code(2).says("cannot be used with");
}

#[test]
fn a_secret_that_cannot_be_had_is_named_and_exits_2() {
    for (args, said) in [
        (["--bearer", "env:NOWHERE"], "invalid value `env:NOWHERE` for `--bearer`: `NOWHERE` is not set"),
        (["-u", "env:NOWHERE"], "invalid value `env:NOWHERE` for `--user`: `NOWHERE` is not set"),
        (["--cookie", "env:NOWHERE"], "invalid value `env:NOWHERE` for `--cookie`: `NOWHERE` is not set"),
        (["--bearer", "@/nowhere"], "invalid value `@/nowhere` for `--bearer`: No such file or directory (os error 2)"),
    ] {
        tool().args(args).arg(":1").run().code(2).stdout("").stderr(&format!("wsprobe: {said}\n"));
    }
}

#[test]
fn a_token_cannot_smuggle_a_header_in() {
    let dir = dir();
    let file = path(&dir, "token");
    std::fs::write(&file, "secret\r\nX-Evil: 1\n").unwrap();
    let ran = tool().args(["--bearer", &format!("@{}", file.display()), ":1"]).run().code(2).stdout("");
    assert!(!ran.stderr.contains("secret"));
    ran.says("the token of `--bearer <TOKEN>` cannot be sent");
}

#[test]
fn a_subprotocol_comes_from_argv_a_file_or_the_environment() {
    let dir = dir();
    let file = path(&dir, "token");
    std::fs::write(&file, "bearer.from-file\n").unwrap();
    let at_file = format!("@{}", file.display());
    for (value, expected) in [("chat", "chat"), (&at_file, "bearer.from-file"), ("env:PROTOCOL", "bearer.from-env")] {
        let server = Http::welcoming();
        tool().args(["-s", value, &server.url("/")]).env("PROTOCOL", "bearer.from-env").run().code(0);
        assert_eq!(field(&server.head(), "Sec-WebSocket-Protocol"), Some(expected), "{value}");
    }
    std::fs::write(&file, "se same").unwrap();
    let ran =
        tool().args(["-s", &at_file, ":1"]).run().code(2).says("the value of `--subprotocol <NAME>` cannot be sent");
    assert!(!ran.stderr.contains("same"), "{}", ran.stderr);
}

/// Every way to give a secret, each with `sesame` in it, plain or in base64 (`c2VzYW1l`).
const SECRETS: [&[&str]; 12] = [
    &["-u", "aa:sesame"],
    &["--bearer", "sesame"],
    &["--cookie", "a=sesame"],
    &["-H", "Authorization: sesame"],
    &["-H", "cookie: sesame; b=sesame"],
    &["-H", "X-Auth-User: sesame"],
    &["-H", "X-Amz-Access-Key: sesame"],
    &["-H", "X-JWT: sesame"],
    &["-H", "Referer: http://me:sesame@h/?sig=sesame"],
    &["-s", "v4.channel.k8s.io", "-s", "base64url.bearer.authorization.k8s.io.sesame"],
    &["-s", "access_token", "-s", "sesame"],
    &["-H", "Sec-WebSocket-Protocol: bearer.sesame"],
];

#[track_caller]
fn assert_secret(ran: &Ran, record: &std::path::Path) {
    let record = std::fs::read_to_string(record).unwrap_or_default();
    for said in [ran.out(), ran.stderr.clone(), record] {
        assert!(!said.contains("sesame") && !said.contains("c2VzYW1l"), "{said}");
    }
}

#[test]
fn secrets_are_sent_but_never_shown() {
    let dir = dir();
    let record = path(&dir, "record");
    let server = Http::start(|head| match crate::kit::http::resource(head) {
        "/in" => crate::kit::http::welcome(head),
        "/401" => b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/away" => redirect(302, "/in"),
        _ => b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec(),
    });
    for secret in SECRETS {
        for (resource, code) in [("/in", 0), ("/401", 4), ("/away", 0), ("/broken", 5)] {
            let args = ["-vv", "-j", "-L", "--force", "--record", record.to_str().unwrap(), &server.url(resource)];
            let ran = tool().args(secret).args(args).run().code(code);
            assert!(server.heads().iter().all(|head| head.contains("sesame") || head.contains("c2VzYW1l")));
            assert_secret(&ran, &record);
            ran.says("***");
        }
        let ran = tool().args(secret).args(["-vv", ":1"]).run().code(3);
        assert_secret(&ran, &record);
    }
}

/// What of a query holds a secret, in many ways to write it.
const QUERIES: [&str; 6] = [
    "access_token=sesame",
    "a=1&api_key=sesame",
    "X-Amz-Signature=sesame&X-Amz-Security-Token=sesame",
    "a=1;sig=sesame",
    "%74oken=sesame",
    "next=http%3A%2F%2Fh%2F%3Ftoken%3Dsesame",
];

#[test]
fn the_secrets_of_a_query_are_sent_but_never_shown() {
    let dir = dir();
    let record = path(&dir, "record");
    let server = Http::start(|head| match crate::kit::http::resource(head).split('?').next().unwrap() {
        "/in" => crate::kit::http::welcome_with(head, "X-Seen: /in?token=sesame\r\n"),
        "/404" => b"HTTP/1.1 404 No\r\nLink: </?key=sesame>; rel=x\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/away" => redirect(302, "/in?token=sesame#id_token=sesame"),
        "/astray" => redirect(302, "ftp://me:sesame@h/?token=sesame"),
        "/circle" => redirect(302, "/circle?token=sesame"),
        "/300" => redirect(300, "http://me:sesame@h/?token=sesame"),
        _ => b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec(),
    });
    for query in QUERIES {
        for (resource, code) in
            [("/in", 0), ("/404", 4), ("/away", 0), ("/astray", 4), ("/circle", 4), ("/300", 4), ("/broken", 5)]
        {
            let url = server.url(&format!("{resource}?{query}"));
            let ran = tool()
                .args(["-vv", "-j", "-L", "--force", "--record", record.to_str().unwrap(), &url])
                .run()
                .code(code);
            assert!(server.head().contains("sesame"));
            server.heads();
            assert_secret(&ran, &record);
            ran.says("***");
        }
        let ran = tool().args(["-vv", &format!("ws://127.0.0.1:1/?{query}")]).run().code(3);
        assert_secret(&ran, &record);
    }
}

#[test]
fn record_secrets_keeps_all_of_them() {
    let server = Http::start(|head| crate::kit::http::welcome_with(head, "Sec-WebSocket-Protocol: bearer.sesame\r\n"));
    let args = ["-j", "--record-secrets", "-s", "bearer.sesame", "--cookie", "a=sesame", &server.url("/?token=sesame")];
    let ran = tool().args(args).run().code(0);
    let open = ran.out().lines().next().unwrap().to_owned();
    for part in [
        "?token=sesame\"",
        "\"subprotocol\":\"bearer.sesame\"",
        "\"offered\":[\"bearer.sesame\"]",
        "\"sec-websocket-protocol\":\"bearer.sesame\"",
        "\"cookie\":\"a=sesame\"",
    ] {
        assert!(open.contains(part), "{part} is missing in {open}");
    }
    assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
}

#[test]
fn a_subprotocol_that_was_not_asked_for_is_named_without_its_token() {
    let server = Http::start(|head| crate::kit::http::welcome_with(head, "Sec-WebSocket-Protocol: bearer.sesame\r\n"));
    let ran = tool().args(["-s", "token", "-s", "sesame", &server.url("/")]).run().code(5).says("`bearer.***`");
    assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
}

#[test]
fn the_password_of_a_url_is_never_shown() {
    let dir = dir();
    let record = path(&dir, "record");
    let server = Http::start(|_| b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec());
    for url in [
        format!("ws://aa:sesame@127.0.0.1:{}/", server.port()),
        "ws://aa:sesame@127.0.0.1:1/".to_owned(),
        "ws://aa:sesame@h/#top".to_owned(),
        "ws://aa:sesame@h:99999/".to_owned(),
        "ftp://aa:sesame@h/".to_owned(),
        "aa:sesame@[".to_owned(),
        "ws://aa:b#sesame@h/".to_owned(),
        "ws://aa:b/sesame?sesame@h:99999/".to_owned(),
        "ws://aa:sesame@b:sesame@[/".to_owned(),
        "aa:sesame@ftp://h/".to_owned(),
        "ws://[/?token=sesame".to_owned(),
        "ws://h/?token=sesame#top".to_owned(),
    ] {
        let ran = tool().args(["-vv", "-j", "--force", "--record", record.to_str().unwrap(), &url]).run();
        assert_ne!(ran.code, Some(0));
        assert_secret(&ran, &record);
    }
}

#[test]
fn verbose_shows_the_handshake_with_stars_for_secrets() {
    let server = Http::welcoming();
    let args = ["-v", "-u", "me:sesame", "--cookie", "a=1", "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
    let ran = tool().args(args).arg(server.url("/x")).run().code(0).stdout("hi\n");
    let port = server.port();
    ran.stderr(&format!(
        "* connected to 127.0.0.1:{port} for ws://127.0.0.1:{port}/x\n\
         > GET /x HTTP/1.1\n> Host: 127.0.0.1:{port}\n> Upgrade: websocket\n> Connection: Upgrade\n\
         > Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n> Sec-WebSocket-Version: 13\n> Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n\
         > User-Agent: wsprobe/{}\n> Authorization: Basic ***\n> Cookie: ***\n> \n\
         < HTTP/1.1 101 Switching Protocols\n< Upgrade: websocket\n< Connection: Upgrade\n\
         < Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n< \n\
         wsprobe: connected to ws://127.0.0.1:{port}/x\nwsprobe: closed 1000 by the server (normal closure)\n",
        env!("CARGO_PKG_VERSION")
    ));
}

#[test]
fn a_missing_password_is_asked_for_and_not_echoed() {
    use nix::sys::termios::LocalFlags;
    let server = Http::welcoming();
    for (option, question, sent) in
        [(["-u", "me"], "password of me: ", "Basic bWU6c2VzYW1l"), (["--bearer", "ask:"], "bearer: ", "Bearer sesame")]
    {
        let pty = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
        let mut command = portable_pty::CommandBuilder::new(binary());
        command.args(option);
        command.args(["-x", "hello", &server.url("/")]);
        let mut child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut screen = pty.master.try_clone_reader().unwrap();
        let mut shown = String::new();
        while !shown.ends_with(question) {
            let mut byte = [0];
            screen.read_exact(&mut byte).unwrap();
            shown.push(byte[0].into());
        }
        // The question comes a moment before the echo is off.
        let echoes = || pty.master.get_termios().unwrap().local_flags.bits() & LocalFlags::ECHO.bits() != 0;
        wait_until(|| !echoes());
        pty.master.take_writer().unwrap().write_all(b"sesame\n").unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(field(&server.head(), "Authorization"), Some(sent));
        // On Linux a terminal ends with an error once the last program has left it.
        let _ = screen.read_to_string(&mut shown);
        assert!(shown.contains("hi\r\n") && !shown.contains("sesame"), "{shown}");
    }
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "it did not come about");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_terminal_nothing_is_asked_and_exits_2() {
    // In a session of its own, so that the terminal of whoever runs the tests is out of reach.
    let mut setsid = std::process::Command::new("setsid");
    let run = setsid.args(["--wait", binary(), "-u", "me", ":1"]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot ask for a secret without a terminal; use @FILE or env:NAME"), "{said}");
}
