//! Lines that browsers' developer tools copy for curl, run by a shell as they are pasted.

use crate::kit::http::Http;
use crate::kit::{Ran, all_well, closed_well, field, tool, tool_in_shell};

/// Chrome's "Copy as cURL (bash)", for a WebSocket with a subprotocol.
const CHROME: &str = r#""$0" curl 'ws://127.0.0.1:PORT/chat?room=1' \
  -H 'Upgrade: websocket' \
  -H 'Origin: https://app.example' \
  -H 'Cache-Control: no-cache' \
  -H 'Accept-Language: en-US,en;q=0.9' \
  -H 'Pragma: no-cache' \
  -b 'sid=sesame; theme=dark' \
  -H 'Connection: Upgrade' \
  -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
  -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) "Chrome"/156' \
  -H 'Sec-WebSocket-Version: 13' \
  -H 'Sec-WebSocket-Protocol: v2.chat, chat' \
  -H 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'"#;

/// Firefox's.
const FIREFOX: &str = r#""$0" curl 'ws://127.0.0.1:PORT/chat?room=1' --compressed -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0' -H 'Accept: */*' -H 'Accept-Encoding: gzip, deflate, br, zstd' -H 'Sec-WebSocket-Version: 13' -H 'Origin: https://app.example' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' -H 'Connection: keep-alive, Upgrade' -H 'Cookie: sid=sesame; theme=dark' -H 'Host: elsewhere.example' -H 'Upgrade: websocket'"#;

#[track_caller]
fn pasted(line: &str, more: &str) -> (Ran, String) {
    let server = Http::welcoming();
    let line = line.replace("PORT", &server.port().to_string()).replace("\"$0\"", "\"$@\"") + more;
    let ran = tool_in_shell(&line).run().code(0).stdout("hi\n");
    let head = server.head();
    assert!(head.starts_with("GET /chat?room=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(field(&head, "Host"), Some(format!("127.0.0.1:{}", server.port()).as_str()));
    for once in ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "host", "cookie", "user-agent"]
    {
        let count = head.lines().filter(|line| line.to_lowercase().starts_with(&format!("{once}:"))).count();
        assert_eq!(count, 1, "{once} in {head}");
    }
    assert_eq!(field(&head, "Origin"), Some("https://app.example"));
    assert_eq!(field(&head, "Cookie"), Some("sid=sesame; theme=dark"));
    assert_eq!(field(&head, "Connection"), Some("Upgrade"));
    (ran, head)
}

#[test]
fn a_line_of_chrome_connects_and_verbose_names_what_was_dropped() {
    let (ran, head) = pasted(CHROME, " -v");
    assert_eq!(field(&head, "Sec-WebSocket-Protocol"), Some("v2.chat, chat"));
    assert_eq!(field(&head, "User-Agent"), Some("Mozilla/5.0 (X11; Linux x86_64) \"Chrome\"/156"));
    assert_ne!(field(&head, "Sec-WebSocket-Key"), Some("dGhlIHNhbXBsZSBub25jZQ=="), "each handshake has its own");
    assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
    ran.says("* ignored from curl's command line: Upgrade, Connection, Sec-WebSocket-Key, Sec-WebSocket-Version, Sec-WebSocket-Extensions\n");
    assert!(!pasted(CHROME, "").0.stderr.contains("ignored"));
}

#[test]
fn a_line_of_firefox_connects() {
    let (ran, head) = pasted(FIREFOX, " --verbose");
    assert_eq!(field(&head, "Accept"), Some("*/*"));
    assert_eq!(field(&head, "Accept-Encoding"), None);
    ran.says("--compressed, Accept-Encoding, Sec-WebSocket-Version, Sec-WebSocket-Key, Connection, Host, Upgrade\n");
}

#[test]
fn what_a_copied_line_holds_is_data_and_read_from_no_file() {
    let dir = crate::kit::dir();
    let file = crate::kit::path(&dir, "secret");
    std::fs::write(&file, "sesame").unwrap();
    let (at_file, at_pair) = (format!("@{}", file.display()), format!("@{}=1", file.display()));
    for (args, name, sent) in [
        (["--oauth2-bearer", &at_file], "Authorization", Some(format!("Bearer {at_file}"))),
        (["--oauth2-bearer", "env:TOKEN"], "Authorization", Some("Bearer env:TOKEN".to_owned())),
        (["-u", "env:TOKEN:x"], "Authorization", Some("Basic ZW52OlRPS0VOOng=".to_owned())),
        (["-b", &at_pair], "Cookie", Some(at_pair.clone())),
        (["-b", "env:TOKEN=1"], "Cookie", Some("env:TOKEN=1".to_owned())),
        (["-A", &at_file], "User-Agent", Some(at_file.clone())),
        (["-e", &at_file], "Referer", Some(at_file.clone())),
    ] {
        let server = Http::welcoming();
        tool().env("TOKEN", "sesame").args(["curl", &server.url("/")]).args(args).run().code(0);
        assert_eq!(field(&server.head(), name).map(str::to_owned), sent, "{args:?}");
    }
    // Unsupported options are not read either.
    for args in [["-x", &at_file], ["-H", &format!("Sec-WebSocket-Protocol: {at_file}")]] {
        let ran = tool().args(["curl", ":1"]).args(args).run().code(2);
        assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
    }
}

#[test]
fn data_is_sent_as_the_first_message() {
    let server = crate::kit::echo();
    let url = format!("ws://127.0.0.1:{}/", server.port());
    let dir = crate::kit::dir();
    let file = crate::kit::path(&dir, "message.json");
    std::fs::write(&file, "{\"a\":\n1}\n").unwrap();
    let at_file = format!("@{}", file.display());
    for (args, echoed) in [
        (&["-d", "hello"][..], "hello"),
        (&["--data-raw", "@hello"], "@hello"),
        (&["-H", "Content-Type: application/json", "--data-binary", "{\"op\":\"time\"}"], "{\"op\":\"time\"}"),
        (&["-d", "a=1", "--data-urlencode", "b=x y"], "a=1&b=x+y"),
        (&["--json", "[1, 2]"], "[1, 2]"),
        (&["-d", &at_file], "{\"a\":\n1}"),
        (&["--json", &at_file], "{\"a\":\n1}"),
        (&["-T", &at_file[1..]], "{\"a\":\n1}"),
    ] {
        let ran = tool().args(["curl", &url]).args(args).arg("--one").run().code(0);
        assert_eq!((&*ran.out(), &*ran.stderr), (&*format!("{echoed}\n"), &*all_well(&url)), "{args:?}");
    }
    // stdin, which curl calls so.
    for args in [&["-d", "@-"][..], &["--no-progress-meter", "-T", "."], &["-NT-"]] {
        tool().args(["curl", &url]).args(args).arg("--one").stdin("typed\n").run().code(0).stdout("typed\n");
    }
    // One of ours, without a value.
    let ran = tool().args(["curl", &url, "-d", "hi", "--json", "--one"]).run().code(0);
    assert!(ran.out().contains("\"data\":\"hi\""), "{}", ran.out());
    tool().args(["curl", &url, "-d", "@/nowhere"]).run().code(2).says("cannot read the message in `/nowhere`");
    tool().args(["curl", &url, "-F", "a=b"]).run().code(2).stderr(
        "wsprobe: curl's `--form` has no counterpart in wsprobe: a WebSocket has no forms; --execute MSG sends a message, \
         --file FILE a file\n",
    );
}

#[test]
fn data_of_a_get_is_added_to_the_query() {
    let server = Http::welcoming();
    let args = ["-G", "-d", "room=1", "--data-urlencode", "name=a b"];
    tool().args(["curl", &server.url("/chat?v=2")]).args(args).run().code(0).stdout("hi\n");
    assert!(server.head().starts_with("GET /chat?v=2&room=1&name=a+b HTTP/1.1\r\n"));
}

#[test]
fn what_is_not_done_is_told_unless_it_changes_nothing() {
    let server = Http::welcoming();
    let line = ["curl", &server.url("/"), "-sS", "--compressed", "-XPOST", "-o", "file", "-O", "--limit-rate", "1k"];
    let ran = tool().args(line).run().code(0).stdout("hi\n");
    let told = "wsprobe: ignored from curl's command line: -X POST, -o, -O, --limit-rate\n";
    assert_eq!(ran.stderr, format!("{told}{}", closed_well(&server.url("/"))));
    tool().args(line).arg("--quiet").run().code(0).stderr("");
    let ran = tool().args(line).arg("--verbose").run().code(0);
    let all = "* ignored from curl's command line: -s, -S, --compressed, -X POST, -o, -O, --limit-rate\n";
    assert!(ran.stderr.contains(all) && !ran.stderr.contains("wsprobe: ignored"), "{}", ran.stderr);
    tool().args(["curl", &server.url("/"), "-X", "GET", "-s"]).run().code(0).stderr(&closed_well(&server.url("/")));
}

#[test]
fn our_own_options_may_follow_spelled_out() {
    let server = crate::kit::echo();
    let url = format!("ws://127.0.0.1:{}/", server.port());
    tool().args(["curl", &url, "-H", "X: y", "--execute", "-x", "--one"]).run().code(0).stdout("-x\n");
    tool().args(["curl", &url, "-1"]).run().code(2).says("use the long names of wsprobe's own options");
    tool().args(["curl", &url, "--no-such"]).run().code(2).says("--no-such");
    tool().args(["curl", "-k"]).run().code(2).says("no URL given");
    tool().args(["curl", &url, "-H"]).run().code(2).stderr("wsprobe: `-H` needs a value\n");
    tool().args(["-v", "curl"]).run().code(2).says("the command comes first: wsprobe curl");
}

#[test]
fn an_option_of_curl_without_a_counterpart_is_named_as_such_and_never_taken_for_one_of_ours() {
    for (option, said) in [
        (
            "--negotiate",
            "curl's `--negotiate` has no counterpart in wsprobe: wsprobe supports Digest, NTLM and Basic (--user), and Bearer",
        ),
        (
            "--proxy-negotiate",
            "curl's `--proxy-negotiate` has no counterpart in wsprobe: give the user and the password of a proxy in --proxy",
        ),
        ("--retry", "curl's `--retry` has no counterpart in wsprobe: --wait-for-server TIME waits"),
        ("-w", "`-w` is curl's `--write-out`, which has no counterpart in wsprobe"),
    ] {
        let ran = tool().args(["curl", "ws://127.0.0.1:1/", option, "x"]).run().code(2).stdout("");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(!ran.stderr.contains("--quiet"), "{}", ran.stderr);
        ran.says(&format!("wsprobe: {said}"));
    }
    let server = Http::welcoming();
    let line = ["curl", &server.url("/"), "-#", "--no-keepalive", "--write-out", "%{http_code}", "-O", "--verbose"];
    let ran = tool().args(line).run().code(0).stdout("hi\n");
    ran.says("* ignored from curl's command line: -#, --no-keepalive, --write-out, -O\n");
}
