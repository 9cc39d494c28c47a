//! The options under Output: what is printed on stdout and stderr, and what is recorded.

use std::io::{Read as _, Write as _};

use super::kit;
use super::kit::{
    PATIENCE, Ran, Raw, Said, Server, channel, closed_well, connected, dir, echo, frame, free_port, hearing, path,
    saying, serving, tool, url,
};
use regex::Regex;
use serde_json::Value;

/// A server that uses a frame of each kind once the client has said hello.
fn talkative() -> Server {
    serving(|client| async move {
        assert_eq!(client.next().await, Some(Said::Text("hello".to_owned())));
        client.text("é\"\n\u{1b}").await;
        client.binary(b"\0\xff").await;
        for data in [&b"there?"[..], b"", b"\xff"] {
            client.ping(data).await;
            assert_eq!(client.next().await, Some(Said::Pong(data.to_vec())));
        }
        client.close(1000, "bye").await;
    })
}

/// The records of a run that says hello to it, without the time.
fn records_of(server: &Server) -> String {
    let port = server.port();
    [
        &format!(
            concat!(
                r#"{{"dir":"in","type":"open","url":"ws://127.0.0.1:{port}/","peer":"127.0.0.1:{port}","tls":null,"status":101,"#,
                r#""subprotocol":"chat","extensions":"permessage-deflate","offered":["chat"],"headers":{{"connection":"Upgrade","sec-websocket-accept":"KEY","sec-websocket-extensions":"permessage-deflate","#,
                r#""sec-websocket-protocol":"chat","upgrade":"websocket"}},"request":{{"connection":"Upgrade","host":"127.0.0.1:{port}","#,
                r#""sec-websocket-extensions":"permessage-deflate; client_max_window_bits","sec-websocket-key":"KEY","sec-websocket-protocol":"chat","#,
                r#""sec-websocket-version":"13","upgrade":"websocket","user-agent":"wsprobe/{version}"}}}}"#
            ),
            port = port,
            version = env!("CARGO_PKG_VERSION"),
        ),
        r#"{"dir":"out","type":"text","data":"hello"}"#,
        r#"{"dir":"in","type":"text","data":"é\"\n\u001b"}"#,
        r#"{"dir":"in","type":"binary","base64":"AP8="}"#,
        r#"{"dir":"in","type":"ping","data":"there?"}"#,
        r#"{"dir":"out","type":"pong","data":"there?"}"#,
        r#"{"dir":"in","type":"ping","data":""}"#,
        r#"{"dir":"out","type":"pong","data":""}"#,
        r#"{"dir":"in","type":"ping","base64":"/w=="}"#,
        r#"{"dir":"out","type":"pong","base64":"/w=="}"#,
        r#"{"dir":"in","type":"close","code":1000,"reason":"bye","clean":true}"#,
        "",
    ]
    .join("\n")
}

/// Records without what differs from run to run. Each has to begin with a time, none before the last one's.
#[track_caller]
fn timeless(records: &str) -> String {
    let time = Regex::new(r#"(?m)^\{"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)","#).unwrap();
    let times: Vec<_> = time.captures_iter(records).map(|found| found[1].to_owned()).collect();
    assert!(times.len() == records.lines().count() && times.is_sorted(), "{records}");
    let key = Regex::new(r#""(sec-websocket-accept|sec-websocket-key)":"[^"]+""#).unwrap();
    key.replace_all(&time.replace_all(records, "{"), r#""$1":"KEY""#).into_owned()
}

#[test]
fn quiet_and_verbose_together_show_the_details_alone() {
    let server = echo();
    let ran = tool().args(["-q", "-v", "-w", "0", "-x", "a"]).arg(url(&server)).run().code(0).stdout("a\n");
    assert!(ran.stderr.contains("\n> GET / HTTP/1.1\n") && ran.stderr.contains("\n< HTTP/1.1 101"), "{ran:?}");
    assert!(ran.stderr.lines().all(|line| line.starts_with(['*', '>', '<'])), "{ran:?}");
}

#[test]
fn json_prints_a_record_for_each_event() {
    let server = talkative();
    let ran = tool().args(["-j", "-s", "chat", "-x", "hello"]).arg(url(&server)).run().code(0);
    assert_eq!(timeless(&ran.out()), records_of(&server));
    ran.says("connected to").says("wsprobe: closed 1000 by the server (normal closure): bye\n");
}

#[test]
fn record_writes_the_same_records_whatever_is_shown() {
    let dir = dir();
    let file = path(&dir, "record");
    std::fs::write(&file, "what stood here before\n").unwrap();
    let args = ["-q", "-s", "chat", "-x", "hello", "--force", "--record"];

    let server = talkative();
    let ran = tool().args(args).arg(&file).arg(url(&server)).run();
    ran.code(0).stdout(b"\xc3\xa9\"\n\x1b\n\0\xff").stderr("");
    assert_eq!(timeless(&std::fs::read_to_string(&file).unwrap()), records_of(&server));

    let server = talkative();
    let ran = tool().args(args).arg(&file).arg("--json").arg(url(&server)).run().code(0).stderr("");
    assert_eq!(ran.out(), std::fs::read_to_string(&file).unwrap());
}

#[test]
fn what_we_send_is_recorded_as_it_is_sent() {
    let server = echo();
    let input = concat!(
        "{\"data\":\"é\\u0000\"}\n{\"base64\":\"AP8=\"}\n{\"type\":\"ping\",\"data\":\"p\"}\n",
        "{\"type\":\"pong\",\"base64\":\"/w==\"}\n{\"type\":\"close\",\"code\":4000,\"reason\":\"enough\"}\n"
    );
    let ran = tool().args(["-j", "-q", "--json-input"]).arg(url(&server)).stdin(input).run().code(0).stderr("");
    let records = timeless(&ran.out());
    // The answers may come before all is sent.
    let sent: Vec<_> = records.lines().filter(|record| record.contains(r#""dir":"out""#)).collect();
    let expected = [
        r#"{"dir":"out","type":"text","data":"é\u0000"}"#,
        r#"{"dir":"out","type":"binary","base64":"AP8="}"#,
        r#"{"dir":"out","type":"ping","data":"p"}"#,
        r#"{"dir":"out","type":"pong","base64":"/w=="}"#,
    ];
    assert_eq!(sent[..4], expected);
    assert!(sent[4].starts_with(r#"{"dir":"out","type":"close","code":4000,"#), "{records}");
    assert!(records.contains(r#"{"dir":"in","type":"pong","data":"p","rtt_ms":"#), "{records}");
}

#[test]
fn records_lose_nothing_both_ways() {
    let dir = dir();
    let file = path(&dir, "record");
    let text: String = (0..=0x7f_u8).map(char::from).chain("\u{85}\u{2028}\u{feff}\u{10ffff}😀".chars()).collect();
    let bytes: Vec<u8> = (0..=255).collect();
    let server = serving({
        let (text, bytes) = (text.clone(), bytes.clone());
        move |client| {
            let (text, bytes) = (text.clone(), bytes.clone());
            async move {
                client.text(&text).await;
                client.binary(&bytes).await;
                assert_eq!(client.next().await, Some(Said::Text(text)));
                assert_eq!(client.next().await, Some(Said::Binary(bytes)));
                client.close(1000, "").await;
            }
        }
    });
    tool().args(["-q", "--echo", "--record"]).arg(&file).arg(url(&server)).run().code(0);
    let records = std::fs::read_to_string(&file).unwrap();
    for direction in ["in", "out"] {
        let direction = format!(r#""dir":"{direction}""#);
        // What was recorded can be sent again.
        let is_message = |line: &&str| line.contains(&direction) && !line.contains(r#""type":"close""#);
        let input: String = records.lines().filter(is_message).map(|line| format!("{line}\n")).collect();
        let (server, heard) = hearing();
        tool().args(["--json-input", "-w", "0"]).arg(url(&server)).stdin(input).run().code(0);
        assert_eq!(heard.until_close(), [Said::Text(text.clone()), Said::Binary(bytes.clone())], "{direction}");
    }
}

#[test]
fn a_connection_that_ends_badly_is_recorded_so() {
    for (last, records) in [
        (
            &b""[..],
            concat!(
                r#"{"dir":"in","type":"close","code":1006,"reason":"","clean":false}"#,
                "\n",
                r#"{"dir":"in","type":"error","kind":"cut","data":"the connection was cut without a Close"}"#
            ),
        ),
        (
            b"\x81\x01\xff",
            concat!(
                r#"{"dir":"in","type":"error","kind":"not_utf8","data":"a text message is not UTF-8: `\\xff` at byte 0"}"#,
                "\n",
                r#"{"dir":"out","type":"close","code":1007,"reason":"","clean":false}"#
            ),
        ),
    ] {
        let server = Raw::open(move |mut stream| {
            stream.write_all(last).unwrap();
            // The client finds the end of the stream, or ends it itself.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let ran = tool().args(["-j", "-q"]).arg(server.url()).run().code(5);
        let (open, rest) = timeless(&ran.out()).split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert!(open.starts_with(r#"{"dir":"in","type":"open","#), "{open}");
        assert_eq!(rest, format!("{records}\n"));
    }
}

#[test]
fn a_connection_that_does_not_come_about_is_an_error_record() {
    let port = free_port();
    let ran = tool().args(["-j", "-q"]).arg(format!("ws://127.0.0.1:{port}/")).run().code(3);
    let record: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((&record["type"], record.as_object().unwrap().len()), (&Value::from("error"), 5));
    assert_eq!(ran.stderr, format!("wsprobe: {}\n", record["data"].as_str().unwrap()));
}

/// Runs against a server that sets a cookie.
fn with_secrets(args: &[&str]) -> Ran {
    let server = Raw::start(|mut stream, head| {
        let answer = kit::switching(&head).replace("Upgrade: websocket", "Upgrade: websocket\r\nSet-Cookie: id=secret");
        stream.write_all(answer.as_bytes()).unwrap();
        stream.write_all(&frame(kit::CLOSE, &[0x03, 0xe8])).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let secrets = ["-u", "me:secret", "--cookie", "a=secret", "-H", "X-Api-Key: secret"];
    tool().args(secrets).args(args).arg(server.url()).run().code(0)
}

#[test]
fn secrets_of_headers_are_in_no_record_and_not_shown() {
    let dir = kit::dir();
    let file = path(&dir, "record");
    let ran = with_secrets(&["-j", "-v", "--record", file.to_str().unwrap()]);
    let record = std::fs::read_to_string(file).unwrap();
    assert!(!format!("{}{}{record}", ran.out(), ran.stderr).contains("secret"), "{ran:?} {record}");
    assert_eq!(ran.out(), record);
    let open: Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    assert_eq!(open["headers"]["set-cookie"], "***");
    assert_eq!(open["request"]["authorization"], "Basic ***");
    assert_eq!((&open["request"]["cookie"], &open["request"]["x-api-key"]), (&"***".into(), &"***".into()));
    ran.says("< Set-Cookie: ***").says("> X-Api-Key: ***");
}

#[test]
fn secrets_are_kept_in_records_for_who_asks_for_them() {
    let dir = kit::dir();
    let file = path(&dir, "record");
    let ran = with_secrets(&["-j", "--record-secrets", "--record", file.to_str().unwrap()]);
    let record = std::fs::read_to_string(file).unwrap();
    assert_eq!(ran.out(), record);
    let open: Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    assert_eq!(open["headers"]["set-cookie"], "id=secret");
    assert_eq!(open["request"]["authorization"], "Basic bWU6c2VjcmV0");
    assert_eq!((&open["request"]["cookie"], &open["request"]["x-api-key"]), (&"a=secret".into(), &"secret".into()));
}

#[test]
fn a_record_that_cannot_be_written_is_an_error() {
    let (server, _heard) = hearing();
    let args = ["-x", "a", "-w", "forever", "--record", "/dev/full"];
    let ran = tool().args(args).arg(url(&server)).run().code(2).stdout("");
    ran.says("wsprobe: cannot write the record: No space left on device (os error 28)\n");
}

#[test]
fn each_form_of_output_has_its_shape_in_a_pipe() {
    for (form, expected) in [
        ("auto", &b"\xc3\xa9\x1b\n\0\xffa"[..]),
        ("text", b"\xc3\xa9\x1b\n\\x00\\xffa\n"),
        ("hex", b"c3a91b\n00ff61\n"),
        ("base64", b"w6kb\nAP9h\n"),
        ("raw", b"\xc3\xa9\x1b\n\0\xffa"),
    ] {
        let server = serving(|client| async move {
            client.text("é\u{1b}").await;
            client.binary(b"\0\xffa").await;
            client.close(1000, "").await;
        });
        let ran = tool().args(["--output", form]).arg(url(&server)).run().code(0).stderr(&closed_well(&url(&server)));
        assert_eq!(ran.stdout.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{form}");
    }
}

#[test]
fn timestamps_stand_before_each_message() {
    let local = r"\d\d:\d\d:\d\d\.\d{3}";
    for (option, stamp) in [
        ("-t", local),
        ("--timestamps", local),
        ("-t=local", local),
        ("--timestamps=utc", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
        ("-t=delta", r"\+\d+\.\d{3}s"),
    ] {
        let server = saying(&["a", "", "c"]);
        let ran = tool().arg(option).arg(url(&server)).run().code(0).stderr(&closed_well(&url(&server)));
        let shape = Regex::new(&format!("^{stamp} a\n{stamp} \n{stamp} c\n$")).unwrap();
        assert!(shape.is_match(&ran.out()), "{option}: {}", ran.out());
    }
}

#[test]
fn the_bytes_of_a_binary_message_have_no_timestamp_in_a_pipe() {
    let server = serving(|client| async move {
        client.binary(b"\0\xff").await;
        client.close(1000, "").await;
    });
    tool().arg("-t").arg(url(&server)).run().code(0).stdout(b"\0\xff");
}

#[test]
fn pings_and_pongs_are_shown_on_stderr_to_who_asks() {
    let pinging = || {
        serving(|client| async move {
            client.ping(b"there?").await;
            assert_eq!(client.next().await, Some(Said::Pong(b"there?".to_vec())));
            client.close(1000, "").await;
        })
    };
    let server = pinging();
    let ran = tool().arg("-P").arg(url(&server)).run().code(0).stdout("");
    let talk = "wsprobe: received ping there?\nwsprobe: sent pong there?\n";
    ran.stderr(&closed_well(&url(&server)).replacen('\n', &format!("\n{talk}"), 1));
    let server = pinging();
    tool().arg(url(&server)).run().code(0).stdout("").stderr(&closed_well(&url(&server)));
}

const JSON: &str =
    r#"{"number":12345678901234567890.10,"text":"a text that is long enough for a row of its own","a":[1,2],"a":{}}"#;

#[test]
fn json_is_indented_in_a_pipe_only_on_demand() {
    let indented = r#"{
  "number": 12345678901234567890.10,
  "text": "a text that is long enough for a row of its own",
  "a": [1, 2],
  "a": {}
}
"#;
    let untouched = format!("{JSON}\n");
    for (args, expected) in [
        (&[][..], &*untouched),
        (&["--pretty", "auto"], &untouched),
        (&["--pretty", "never"], &untouched),
        (&["--pretty", "always"], indented),
        (&["--pretty", "always", "--output", "raw"], &untouched),
    ] {
        let server = saying(&[JSON]);
        tool().args(args).arg(url(&server)).run().code(0).stdout(expected);
    }
}

#[test]
fn json_of_any_size_is_indented_where_it_is_wanted() {
    let row = format!("\"{}\"", "a text that takes a row of its own ".repeat(2));
    let rows = vec![row; 2_000];
    let large: &'static str = format!("[{}]", rows.join(",")).leak();
    let indented = format!("[\n  {}\n]\n", rows.join(",\n  "));
    for (args, expected) in [(&["--pretty", "always"][..], indented), (&[], format!("{large}\n"))] {
        let server = saying(vec![large].leak());
        tool().args(args).arg(url(&server)).run().code(0).stdout(&expected);
    }
}

#[test]
fn colour_is_a_matter_of_options_first_and_of_the_environment_second() {
    let sgr = Regex::new("\x1b\\[[0-9;]*m").unwrap();
    let force = ("CLICOLOR_FORCE", "1");
    for (args, env, coloured) in [
        (&[][..], &[][..], false),
        (&["--color", "auto"], &[], false),
        (&["--color", "always"], &[], true),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&["--color", "never"], &[force], false),
        (&["--no-color"], &[force], false),
        (&[], &[force], true),
        (&[], &[("CLICOLOR_FORCE", "0")], false),
        (&[], &[force, ("NO_COLOR", "1")], false),
        (&[], &[force, ("NO_COLOR", "")], true),
    ] {
        let server = saying(&[JSON]);
        let tool = env.iter().fold(tool(), |tool, (name, value)| tool.env(name, value));
        let ran = tool.args(args).arg("-v").arg(url(&server)).run().code(0);
        assert_eq!((sgr.is_match(&ran.out()), sgr.is_match(&ran.stderr)), (coloured, coloured), "{args:?} {env:?}");
        assert_eq!(sgr.replace_all(&ran.out(), ""), format!("{JSON}\n"), "{args:?} {env:?}");
    }
}

#[test]
fn stderr_is_plain_when_it_is_no_terminal() {
    let ran = tool().env("TERM", "xterm-256color").arg(format!("ws://127.0.0.1:{}/", free_port())).run().code(3);
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn verbose_shows_the_handshake_on_stderr_without_secrets() {
    let server = saying(&["a"]);
    let ran = tool()
        .args(["-v", "--compress", "off", "-u", "me:secret", "-H", "X-Test: 1"])
        .arg(url(&server))
        .run()
        .code(0)
        .stdout("a\n");
    let key = Regex::new("(Sec-WebSocket-(Key|Accept)): .*").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let (port, url) = (server.port(), url(&server));
    assert_eq!(
        key.replace_all(&ran.stderr, "$1: KEY"),
        format!(
            "* connected to 127.0.0.1:{port} for {url}\n\
             > GET / HTTP/1.1\n> Host: 127.0.0.1:{port}\n> Upgrade: websocket\n> Connection: Upgrade\n\
             > Sec-WebSocket-Key: KEY\n> Sec-WebSocket-Version: 13\n> User-Agent: wsprobe/{version}\n\
             > Authorization: Basic ***\n> X-Test: 1\n> \n\
             < HTTP/1.1 101 Switching Protocols\n< Upgrade: websocket\n< Connection: Upgrade\n\
             < Sec-WebSocket-Accept: KEY\n< \n{}",
            closed_well(&url)
        )
    );
}

#[test]
fn twice_verbose_shows_the_timing_too() {
    let server = saying(&["a"]);
    let ran = tool().arg("-vv").arg(url(&server)).run().code(0).stdout("a\n");
    ran.says("> GET / HTTP/1.1\n")
        .says("\n* name resolved in ")
        .says(", connected in ")
        .says("\n* answered in ")
        .says("\n*   handshake ");
}

#[test]
fn what_a_ping_holds_stays_on_one_line() {
    let server = serving(|client| async move {
        client.ping(b"\x1b[2J\r\nwsprobe: all is well").await;
        client.close(1000, "").await;
    });
    let ran = tool().arg("-P").arg(url(&server)).run().code(0).stdout("");
    ran.says("wsprobe: received ping \\e[2J\\r\\nwsprobe: all is well\n");
}

#[test]
fn quiet_says_nothing_of_pings_either() {
    let server = serving(|client| async move {
        client.ping(b"").await;
        client.text("a").await;
        client.close(1000, "").await;
    });
    tool().args(["-q", "-P"]).arg(url(&server)).run().code(0).stdout("a\n").stderr("");
}

#[test]
fn messages_are_printed_as_they_come() {
    let (say, said) = channel::<()>();
    let server = Raw::open(move |mut stream| {
        for text in ["a", "b"] {
            stream.write_all(&frame(kit::TEXT, text.as_bytes())).unwrap();
            // The next one comes only when this one was seen.
            said.recv_timeout(PATIENCE).unwrap();
        }
    });
    let mut running = tool().arg(server.url()).spawn();
    let mut stdout = running.child.stdout.take().unwrap();
    for line in [b"a\n", b"b\n"] {
        let mut seen = [0; 2];
        stdout.read_exact(&mut seen).unwrap();
        assert_eq!(&seen, line);
        say.send(()).unwrap();
    }
    running.wait().code(5).says(&connected(&server.url()));
}
