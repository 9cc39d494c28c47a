//! `wsprobe import`: recordings from HAR files. `tests/browser/run` does so with a file that Chromium has just made.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::kit::{self, Ran, tool, tool_in_shell};

/// What Firefox 153.8.0esr saved of a WebSocket over which six messages went: none of them is in it
/// (devtools/client/netmonitor/src/har/har-builder.js of that version writes no messages).
const FIREFOX: &str = include_str!("firefox.har");

struct Har {
    dir: tempfile::TempDir,
}

impl Har {
    fn of(text: &str) -> Self {
        let har = Self { dir: kit::dir() };
        std::fs::write(har.path(), text).expect("there is room for files");
        har
    }

    fn with(entries: &[Value]) -> Self {
        Self::of(&json!({"log": {"version": "1.2", "entries": entries}}).to_string())
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("app.har")
    }

    fn import(&self, args: &[&str]) -> Ran {
        tool().arg("import").args(args).arg(self.path()).run()
    }

    /// Imported into a file.
    fn recording(&self) -> PathBuf {
        let path = self.dir.path().join("app.jsonl");
        std::fs::write(&path, self.import(&[]).code(0).stderr("").stdout).expect("there is room for files");
        path
    }
}

/// As Chromium's developer tools write it.
fn chromium(url: &str, messages: &[(&str, u8, &str)]) -> Value {
    let at = 1_795_921_965.0;
    let message = |(number, (kind, opcode, data)): (usize, &(&str, u8, &str))| json!({"type": kind, "time": at + number as f64 / 8.0, "opcode": opcode, "data": data});
    json!({
        "_resourceType": "websocket",
        "_webSocketMessages": messages.iter().enumerate().map(message).collect::<Vec<_>>(),
        "request": {
            "method": "GET",
            "url": url,
            "headers": [
                {"name": ":authority", "value": "app.example"},
                {"name": "Authorization", "value": "Bearer sesame"},
                {"name": "Cookie", "value": "session=sesame"},
                {"name": "Sec-WebSocket-Protocol", "value": "chat, bearer.sesame"},
            ],
            "postData": {"text": "sesame"},
        },
        "response": {"status": 101, "headers": [{"name": "Sec-WebSocket-Protocol", "value": "chat"}]},
        "startedDateTime": "2026-11-29T03:12:44.500Z",
    })
}

/// A page, as most entries of a file are.
fn page() -> Value {
    json!({
        "_resourceType": "document",
        "request": {"method": "GET", "url": "https://app.example/", "headers": []},
        "response": {"status": 200, "headers": [], "content": {"text": "<!doctype html>", "size": 15}},
        "startedDateTime": "2026-11-29T03:12:44.000Z",
    })
}

const TALK: &[(&str, u8, &str)] =
    &[("send", 1, "hello"), ("receive", 1, "hello"), ("send", 2, "AP8="), ("receive", 2, "AP8=")];

#[test]
fn the_messages_become_records_with_their_times_and_without_secrets() {
    let har = Har::with(&[page(), chromium("wss://me:sesame@app.example/chat?token=sesame&room=1", TALK), page()]);
    let ran = har.import(&[]).code(0).stderr("");
    let records: Vec<Value> = ran.out().lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let open = json!({
        "time": "2026-11-29T03:12:44.500000Z", "dir": "in", "type": "open", "tls": null, "status": 101,
        "url": "wss://***@app.example/chat?token=***&room=1", "peer": "0.0.0.0:443",
        "subprotocol": "chat", "extensions": null, "offered": ["chat", "bearer.***"],
        "headers": {"sec-websocket-protocol": "chat"},
        "request": {"authorization": "Bearer ***", "cookie": "***", "sec-websocket-protocol": "chat, bearer.***"},
    });
    assert_eq!(records[0], open);
    let messages = [
        json!({"time": "2026-11-29T03:12:45.000000Z", "dir": "out", "type": "text", "data": "hello"}),
        json!({"time": "2026-11-29T03:12:45.125000Z", "dir": "in", "type": "text", "data": "hello"}),
        json!({"time": "2026-11-29T03:12:45.250000Z", "dir": "out", "type": "binary", "base64": "AP8="}),
        json!({"time": "2026-11-29T03:12:45.375000Z", "dir": "in", "type": "binary", "base64": "AP8="}),
    ];
    assert_eq!(records[1..], messages);
}

#[test]
fn replay_scripts_and_listen_take_what_was_imported() {
    let recording = Har::with(&[chromium("wss://app.example/chat", TALK)]);
    let path = recording.recording();
    let server = kit::echo();
    tool().args(["replay", "-q", "--compare"]).arg(&path).arg(kit::url(&server)).run().code(0).stdout(b"hello\n\0\xff");
    let script = tool().arg("record-to-script").arg(&path).run().code(0).out();
    assert!(
        script.ends_with("send hello\nexpect text hello\nsend binary hex 00 ff\nexpect binary hex 00 ff\n"),
        "{script}"
    );
    let server = kit::listening::listen(&["--replay", &path.display().to_string()]);
    tool()
        .args(["-q", "--count", "2", "-x", "hello", "-x", "b"])
        .arg(server.url())
        .run()
        .code(0)
        .stdout(b"hello\n\0\xff");
}

#[test]
fn others_write_milliseconds_the_url_of_the_request_a_byte_order_mark_and_no_times() {
    let mut other = chromium("https://app.example/chat", TALK);
    for message in other["_webSocketMessages"].as_array_mut().expect("a list") {
        message["time"] = json!(message["time"].as_f64().expect("a number") * 1000.0);
    }
    other["_webSocketMessages"][3]["time"] = json!(-1);
    other["startedDateTime"] = json!("2026-11-29T05:12:44.500+02:00");
    let text = format!("\u{feff}{}", json!({"log": {"entries": [other]}}));
    let out = Har::of(&text).import(&[]).code(0).out();
    let times: Vec<_> = out.lines().map(|line| &line[9..36]).collect();
    let expected =
        ["44.500000", "45.000000", "45.125000", "45.250000", "45.250000"].map(|at| format!("2026-11-29T03:12:{at}Z"));
    assert_eq!(times, expected);
    assert!(out.contains(r#""url":"wss://app.example/chat""#), "{out}");
}

#[test]
fn connections_to_one_url_follow_each_other_and_others_have_to_be_chosen() {
    let chat = |token| chromium(&format!("wss://app.example/chat?token={token}"), &[("send", 1, token)]);
    let news = || chromium("wss://news.example/live", &[("receive", 1, "news")]);
    // One that failed is no choice.
    let failed = || chromium("wss://gone.example/", &[]);
    let again = Har::with(&[chat("a"), failed(), chat("b")]);
    let out = again.import(&[]).code(0).out();
    let kinds: Vec<_> = out.lines().map(|line| line.contains(r#""type":"open""#)).collect();
    assert_eq!(kinds, [true, false, true, false]);
    let several = Har::with(&[chat("a"), news(), failed(), chat("b")]);
    let words =
        "app.har` has several WebSockets: choose with --url from wss://app.example/chat, wss://news.example/live\n";
    several.import(&[]).code(2).stdout("").says(words);
    for (glob, opened) in [("*news*", 1), ("wss://app.example/chat", 2), ("*token=a", 1), ("*", 3)] {
        let out = several.import(&["--url", glob]).code(0).out();
        assert_eq!(out.matches(r#""type":"open""#).count(), opened, "{glob}: {out}");
    }
    let words =
        "app.har` matches (--url): there is wss://app.example/chat, wss://gone.example/, wss://news.example/live\n";
    several.import(&["--url", "ws://*"]).code(2).stdout("").says(words);
}

#[test]
fn what_is_no_message_is_left_out_and_told_of() {
    let mut har =
        chromium("ws://app.example/", &[("send", 9, ""), ("send", 1, "a"), ("receive", 8, ""), ("receive", 1, "b")]);
    har["_webSocketMessages"][2]["type"] = json!("error");
    let ran = Har::with(&[har]).import(&[]).code(0);
    assert_eq!(ran.out().lines().count(), 3);
    assert_eq!(ran.stderr, "wsprobe: left out: 2 control frames, or errors of the browser\n");
}

#[test]
fn a_file_without_messages_says_why() {
    for (text, says) in [
        (FIREFOX, "of ws://127.0.0.1:34945/: the file was saved without messages, as Firefox does"),
        (
            &json!({"log": {"entries": [chromium("ws://a/", &[])]}}).to_string(),
            "of ws://a/: no messages were exchanged",
        ),
        (&json!({"log": {"entries": [page()]}}).to_string(), "app.har` contains no WebSocket\n"),
        (r#"{"log":{"entries":[]}}"#, "app.har` contains no WebSocket\n"),
        (r#"{"dir":"in","data":"x"}"#, "app.har` is not a HAR file: it has no `log.entries`\n"),
        (r#"{"log":null}"#, "app.har` is not a HAR file: it has no `log.entries`\n"),
    ] {
        Har::of(text).import(&[]).code(2).stdout("").says(says);
    }
    // The times are in the local zone, and messages may yet come.
    let mut firefox: Value = serde_json::from_str(FIREFOX).expect("it is JSON");
    firefox["log"]["entries"][0]["_webSocketMessages"] = json!([{"type": "send", "opcode": 1, "data": "a"}]);
    let out = Har::of(&firefox.to_string()).import(&[]).code(0).out();
    assert!(out.starts_with(r#"{"time":"2026-11-29T03:19:53.658000Z","dir":"in","type":"open""#), "{out}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let message = |message: &str| format!("{{\"log\":{{\"entries\":[{{\"_webSocketMessages\":[\n  {message}]}}]}}}}");
    for (text, says) in [
        (String::new(), "app.har:1:0: not JSON: EOF while parsing a value"),
        ("<html>".to_owned(), "app.har:1:1: not JSON: expected value"),
        ("{\"log\":{\"entries\":[\n{]}}".to_owned(), "app.har:2:2: not JSON: key must be a string"),
        ("{\"log\":{\"entries\":[{}]}\n".to_owned(), "app.har:2:0: not JSON: EOF while parsing an object"),
        ("{\"log\":{\"entries\":[]}}\n{}".to_owned(), "app.har:2:1: not JSON: trailing characters"),
        ("{\"log\":{\"entries\":7}}".to_owned(), "app.har:1:20: invalid type: integer `7`, expected a list"),
        (message("1"), "app.har:2:4: a message must be an object"),
        (message("{}"), "app.har:2:5: a message must have a `type`: `send` or `receive`"),
        (
            message(r#"{"type":"send","opcode":2,"data":"-"}"#),
            "app.har:2:40: the `data` of a binary message must be base64",
        ),
        (message("{\"type\":\"send\",\"data\":\"\u{1}\"}"), "app.har:2:26: not JSON: control character"),
    ] {
        Har::of(&text).import(&[]).code(2).stdout("").says(says);
    }
    tool().args(["import", "/nowhere.har"]).run().code(2).says("cannot read `/nowhere.har`: No such file or directory");
    tool().args(["import", "/dev/null"]).run().code(2).says("it is not a file that can be read twice");
}

#[test]
fn what_plays_recordings_says_how_a_har_file_becomes_one() {
    let har = Har::with(&[chromium("ws://a/", TALK)]);
    let path = har.path();
    let says = format!(
        "app.har` is a HAR file: `wsprobe import {0} > {1}` makes",
        path.display(),
        path.with_extension("jsonl").display()
    );
    tool().arg("replay").arg(&path).arg(":1").run().code(2).says(&says);
    tool().arg("record-to-script").arg(&path).run().code(2).says(&says);
    tool().args(["listen", "--replay"]).arg(&path).arg("127.0.0.1:0").run().code(2).says(&says);
}

#[test]
fn a_large_file_is_never_held_in_memory() {
    let har = Har::of("");
    let mut file = std::io::BufWriter::new(std::fs::File::create(har.path()).expect("it is there"));
    let body = "A".repeat(12 << 20);
    write!(file, r#"{{"log":{{"entries":[{{"response":{{"content":{{"text":"{body}"}}}}}},"#).unwrap();
    write!(file, r#"{{"request":{{"url":"ws://a/"}},"_webSocketMessages":["#).unwrap();
    let data = "x".repeat(50_000);
    for number in 0..240 {
        let comma = if number == 0 { "" } else { "," };
        write!(file, r#"{comma}{{"type":"receive","opcode":1,"data":"{data}"}}"#).unwrap();
    }
    file.write_all(b"]}]}}").unwrap();
    drop(file);
    // What it allocates, in KiB (RLIMIT_DATA): less than either half of the file.
    let ran = tool_in_shell(r#"ulimit -d 8192; exec "$@""#).arg("import").arg(har.path()).run().code(0).stderr("");
    assert_eq!(ran.out().lines().count(), 241);
}
