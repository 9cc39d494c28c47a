//! What the opening request says, as the server sees it.

use crate::kit::http::{Http, lines, welcome_with};
use crate::kit::{dir, field, path, tool};

/// Runs the tool with these options; returns the request.
#[track_caller]
fn request(args: &[&str]) -> String {
    let server = Http::welcoming();
    tool().args(args).arg(server.url("/chat?x=1")).run().code(0).stdout("hi\n");
    server.head().replace(&server.port().to_string(), "PORT")
}

/// Without the fields that are in every request.
#[track_caller]
fn more(args: &[&str]) -> Vec<String> {
    let usual = [
        "get ",
        "host:",
        "upgrade:",
        "connection:",
        "sec-websocket-key:",
        "sec-websocket-version:",
        "sec-websocket-extensions:",
        "user-agent:",
    ];
    let head = request(args);
    let more = lines(&head).into_iter().filter(|line| !usual.iter().any(|name| line.to_lowercase().starts_with(name)));
    more.map(str::to_owned).collect()
}

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

#[test]
fn without_options_the_request_holds_what_rfc_6455_asks_for() {
    let expected = format!(
        "GET /chat?x=1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{KEY}\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
         User-Agent: wsprobe/{}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(request(&["-H", KEY]), expected);
}

#[test]
fn headers_go_out_in_the_order_and_case_they_were_given() {
    let args =
        ["-H", "x-b: 2", "-H", "X-A:1", "--header", "x-B:  3 ", "-H", "X-Empty-Is-Not-Sent:", "-H", "Z: ü, a: b"];
    assert_eq!(more(&args), ["x-b: 2", "x-B: 3", "X-A: 1", "Z: ü, a: b"]);
}

#[test]
fn a_header_takes_the_place_of_the_default_or_removes_it() {
    let head =
        request(&["-H", "USER-AGENT: me/1", "-H", "host: other", "-H", KEY, "-H", "Connection: keep-alive, Upgrade"]);
    let expected = [
        "GET /chat?x=1 HTTP/1.1",
        "host: other",
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        KEY,
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "USER-AGENT: me/1",
    ];
    assert_eq!(lines(&head), expected);
    assert_eq!(field(&request(&["-H", "user-agent:"]), "User-Agent"), None);
}

#[test]
fn headers_come_from_a_file_too() {
    let dir = dir();
    let file = path(&dir, "headers");
    std::fs::write(&file, "X-One: 1\r\n\n  \nx-two: 2\nUser-Agent:\n").unwrap();
    let at_file = format!("@{}", file.display());
    let args = ["-H", "X-Zero: 0", "-H", &at_file, "-H", "X-Three: 3"];
    assert_eq!(more(&args), ["X-Zero: 0", "X-One: 1", "x-two: 2", "X-Three: 3"]);
    assert_eq!(field(&request(&args), "User-Agent"), None);
}

#[test]
fn a_file_of_headers_that_is_no_good_is_named_by_line_but_not_by_value() {
    let dir = dir();
    let file = path(&dir, "headers");
    std::fs::write(&file, "X-One: 1\n\nsecret without a colon\n").unwrap();
    let ran = tool().args(["-H", &format!("@{}", file.display()), ":1"]).run().code(2).stdout("");
    ran.stderr(&format!(
        "wsprobe: invalid value in line 3 of `@{}` for `--header <HEADER>`: expected a header like `Name: value`\n",
        file.display()
    ));
    let ran = tool().args(["-H", "@/nowhere/headers", ":1"]).run().code(2);
    ran.stderr(
        "wsprobe: invalid value `@/nowhere/headers` for `--header <HEADER>`: No such file or directory (os error 2)\n",
    );
}

#[test]
fn a_header_that_is_none_is_refused_without_its_value() {
    for (header, shown, reason) in [
        (
            "Bad Name: secret",
            "Bad Name: …",
            "the name before the `:` must consist of letters, digits and characters like `-`, without spaces",
        ),
        (
            "X-A: secret\r\nX-B: secret",
            "X-A: …",
            "the value of a header must not contain line breaks or other control characters",
        ),
        (
            ": secret",
            ": …",
            "the name before the `:` must consist of letters, digits and characters like `-`, without spaces",
        ),
        ("no colon", "no colon", "expected a header like `Name: value`"),
    ] {
        let ran = tool().args(["-H", header, ":1"]).run().code(2).stdout("");
        ran.stderr(&format!("wsprobe: invalid value `{shown}` for `--header <HEADER>`: {reason}\n"));
    }
}

#[test]
fn origin_host_and_user_agent_have_options_of_their_own() {
    let args = ["-o", "https://example.com", "--host", "example.com", "-A", "Mozilla/5.0 (me)"];
    let head = request(&args);
    assert_eq!(field(&head, "Origin"), Some("https://example.com"));
    assert_eq!(field(&head, "Host"), Some("example.com"));
    assert_eq!(field(&head, "User-Agent"), Some("Mozilla/5.0 (me)"));
    let head = request(&["--origin", "null", "--user-agent", "me"]);
    assert_eq!((field(&head, "Origin"), field(&head, "User-Agent")), (Some("null"), Some("me")));
    for option in ["-o", "--host", "-A"] {
        tool().args([option, "a\nX-B: c", ":1"]).run().code(2).says("must not contain line breaks");
    }
}

#[test]
fn cookies_go_out_in_one_field() {
    let dir = dir();
    let file = path(&dir, "cookie");
    std::fs::write(&file, "b=from=file\n").unwrap();
    let server = Http::welcoming();
    let args =
        ["--cookie", "a=1", "--cookie", &format!("@{}", file.display()), "--cookie", "env:JAR", "--cookie", "d="];
    tool().args(args).env("JAR", "c=3").arg(server.url("/")).run().code(0);
    assert_eq!(field(&server.head(), "Cookie"), Some("a=1; b=from=file; c=3; d="));
    for cookie in ["secret", "=secret", "a=secret\nb=2", "a=sec\u{1b}ret"] {
        let ran = tool().args(["--cookie", cookie, ":1"]).run().code(2).stdout("");
        ran.stderr(
            "wsprobe: invalid value for `--cookie <NAME=VALUE>`: expected a name, `=` and a value on one line\n",
        );
    }
}

#[test]
fn subprotocols_are_offered_in_order_and_the_servers_choice_is_told() {
    let server = Http::start(|head| welcome_with(head, "Sec-WebSocket-Protocol: v1.chat\r\n"));
    let ran = tool().args(["-s", "v2.chat", "--subprotocol", "v1.chat", &server.url("/")]).run();
    ran.code(0).stdout("hi\n").says(&format!("connected to {} (v1.chat)\n", server.url("/")));
    assert_eq!(field(&server.head(), "Sec-WebSocket-Protocol"), Some("v2.chat, v1.chat"));
}

#[test]
fn a_server_may_choose_no_subprotocol() {
    assert_eq!(more(&["-s", "chat"]), ["Sec-WebSocket-Protocol: chat"]);
}

#[test]
fn a_subprotocol_that_was_not_offered_is_refused_with_exit_5() {
    let server = Http::start(|head| welcome_with(head, "Sec-WebSocket-Protocol: other\r\n"));
    for (args, expected) in [
        (&["-s", "chat"][..], "one of `chat`"),
        (&[], "none, because none was requested"),
        (&["-s", "Other"], "one of `Other`"),
    ] {
        let ran = tool().args(args).arg(server.url("/")).run().code(5).stdout("");
        ran.says(&format!("the server chose the subprotocol `other`, expected {expected}"));
    }
}

#[test]
fn offers_made_by_header_count_too() {
    let server =
        Http::start(|head| welcome_with(head, "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: x-e; p=1\r\n"));
    let args = ["-H", "Sec-WebSocket-Protocol: a, b", "-H", "Sec-WebSocket-Extensions: x-e; p", "-j"];
    let ran = tool().args(args).arg(server.url("/")).run().code(0);
    assert!(ran.out().contains(r#""subprotocol":"b","extensions":"x-e; p=1""#), "{}", ran.out());
}
