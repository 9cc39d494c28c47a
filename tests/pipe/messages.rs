//! The options under Messages: what is sent, as what, and how stdin is cut.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::kit::{Said, all_well, closed_well, connected, echo, hearing, saying, serving, text, tool, url};

fn binary(data: &[u8]) -> Said {
    Said::Binary(data.to_vec())
}

/// What a server receives from a run with these arguments and this stdin.
#[track_caller]
fn heard(args: &[&str], stdin: impl Into<Vec<u8>>) -> Vec<Said> {
    let (server, heard) = hearing();
    let ran = tool().args(["-w", "0"]).args(args).arg(url(&server)).stdin(stdin).run();
    ran.code(0).stdout("").stderr(&all_well(&url(&server)));
    heard.until_close()
}

/// The message about a bad input; the server has received `before` and no more.
#[track_caller]
fn refused(args: &[&str], stdin: impl Into<Vec<u8>>, before: &[Said]) -> String {
    let (server, heard) = hearing();
    let ran = tool().args(args).arg(url(&server)).stdin(stdin).run().code(2).stdout("");
    assert_eq!(heard.until_close(), before);
    ran.stderr.strip_prefix(&connected(&url(&server))).expect("it was connected").to_owned()
}

#[test]
fn execute_sends_each_message_in_order_and_prints_the_answers() {
    let server = echo();
    let ran = tool().args(["-x", "one", "--execute", "two\nlines", "-x", ""]).arg(url(&server)).run();
    ran.code(0).stdout("one\ntwo\nlines\n\n").stderr(&all_well(&url(&server)));
}

#[test]
fn execute_takes_a_message_that_looks_like_an_option() {
    assert_eq!(heard(&["-x", "--help", "-x", "-1"], ""), [text("--help"), text("-1")]);
}

#[test]
fn interactive_goes_on_with_stdin() {
    assert_eq!(heard(&["-x", "hello", "-i"], "a\nb"), [text("hello"), text("a"), text("b")]);
}

#[test]
fn binary_makes_every_message_binary() {
    assert_eq!(heard(&["-b", "-x", "é", "-i"], b"a\n\xff"), ["é".as_bytes(), b"a", b"\xff"].map(binary));
}

#[test]
fn a_backslash_is_a_backslash_without_escapes() {
    assert_eq!(heard(&["-x", r"a\n", "-i"], r"b\t"), [text(r"a\n"), text(r"b\t")]);
}

#[test]
fn escapes_are_resolved_in_execute_and_stdin() {
    let messages = heard(&["--escapes", "-x", r"a\n\t\0\x41\u{1f600}\\n", "-i"], "b\\r\\n\nc\\u{e9}");
    assert_eq!(messages, ["a\n\t\0A😀\\n", "b\r\n", "cé"].map(text));
}

#[test]
fn escapes_make_any_byte_of_a_binary_message() {
    assert_eq!(heard(&["--escapes", "-b", "-x", r"\xff\0", "-i"], r"\x80"), [binary(b"\xff\0"), binary(b"\x80")]);
}

#[test]
fn an_escape_that_is_none_names_its_line() {
    let error = refused(&["--escapes"], "a\nb\\q\nc\n", &[text("a")]);
    let escapes = r"expected one of \n \t \r \0 \xNN \u{N} \\";
    assert_eq!(error, format!("wsprobe: line 2 of stdin has an invalid escape: unknown escape `\\q`; {escapes}\n"));
}

#[test]
fn a_delimiter_cuts_stdin_instead_of_line_ends() {
    assert_eq!(heard(&["--delimiter", "--"], "a\r\n----b-c--"), ["a\r\n", "", "b-c"].map(text));
    assert_eq!(heard(&["--delimiter", r"\x1e\n"], "a\x1e\nb\nc\x1e"), ["a", "b\nc\x1e"].map(text));
    assert_eq!(heard(&["-b", "--delimiter", r"\xff\xfe"], b"a\xff\xfeb"), [binary(b"a"), binary(b"b")]);
}

#[test]
fn a_delimiter_is_printed_behind_each_text_message() {
    let server = echo();
    let args = ["-w", "0", "--delimiter", r";\r\n"];
    tool().args(args).arg(url(&server)).stdin("a;\r\nb").run().code(0).stdout("a;\r\nb;\r\n");
}

#[test]
fn null_cuts_at_nul_bytes_and_prints_them() {
    assert_eq!(heard(&["-0"], "a\nb\0\0c\0"), ["a\nb", "", "c"].map(text));
    let server = echo();
    tool().args(["-w", "0", "--null"]).arg(url(&server)).stdin("a\nb\0c").run().code(0).stdout("a\nb\0c\0");
}

#[test]
fn kept_line_ends_are_sent_and_not_printed_twice() {
    let input = "a\nb\r\n\nc";
    assert_eq!(heard(&["--keep-newline"], input), ["a\n", "b\r\n", "\n", "c"].map(text));
    let server = echo();
    let ran = tool().args(["-w", "0", "--keep-newline"]).arg(url(&server)).stdin(input).run();
    ran.code(0).stdout("a\nb\r\n\nc\n");
}

#[test]
fn kept_delimiters_are_sent_and_not_printed_twice() {
    assert_eq!(heard(&["--keep-newline", "--delimiter", "--"], "a--b"), ["a--", "b"].map(text));
    let server = saying(&["a--", "b", "c-"]);
    tool().args(["--keep-newline", "--delimiter", "--"]).arg(url(&server)).run().code(0).stdout("a--b--c---");
}

#[test]
fn whole_sends_all_of_stdin_as_one_message() {
    assert_eq!(heard(&["--whole"], "a\nb\r\n"), [text("a\nb\r\n")]);
    assert_eq!(heard(&["--whole", "-b"], b"\xff\n\0"), [binary(b"\xff\n\0")]);
    assert_eq!(heard(&["--whole"], ""), [text("")]);
    let large = "line\n".repeat(1 << 20);
    assert!(heard(&["--whole"], large.clone()) == [Said::Text(large)]);
}

#[test]
fn a_whole_stdin_that_is_not_utf_8_is_not_sent() {
    let error = refused(&["--whole"], b"a\n\xff\n", &[]);
    assert_eq!(error, "wsprobe: stdin is not UTF-8; --binary sends bytes as they are\n");
}

#[test]
fn chunks_are_binary_and_the_last_holds_the_rest() {
    assert_eq!(heard(&["--chunk", "4"], b"ab\ncd\xffghij"), [&b"ab\nc"[..], b"d\xffgh", b"ij"].map(binary));
    let (size, large) = (100_000, (0..=255).cycle().take(1_000_000).collect::<Vec<u8>>());
    let chunks = large.chunks(size).map(binary).collect::<Vec<_>>();
    assert!(heard(&["--chunk", "100kB"], large) == chunks);
}

#[test]
fn a_rate_spreads_the_messages() {
    for (rate, least) in [("10", 300), ("20/s", 150), ("1/100ms", 300), ("600/1m", 300)] {
        let start = Instant::now();
        assert_eq!(heard(&["--rate", rate, "-x", "a", "-x", "b", "-i"], "c\nd").len(), 4);
        assert!(start.elapsed() >= Duration::from_millis(least), "{rate}: {:?}", start.elapsed());
    }
}

#[test]
fn a_rate_does_not_hold_up_the_end() {
    let server = saying(&["bye"]);
    // The second message would be due in an hour.
    let args = ["--rate", "1/1h", "-x", "a", "-x", "b"];
    tool().args(args).arg(url(&server)).run().code(0).stdout("bye\n").stderr(&closed_well(&url(&server)));
}

#[test]
fn receive_only_never_reads_stdin() {
    let server = serving(|client| async move {
        client.text("a").await;
        // Whatever is sent comes before the answer to our Close.
        client.close(1000, "").await;
    });
    let mut running = tool().args(["-r", "-w", "forever"]).arg(url(&server)).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    // Far more than a pipe holds: it would be taken if somebody read it.
    let writer = std::thread::spawn(move || stdin.write_all(&vec![b'\n'; 1 << 20]).is_err());
    running.wait().code(0).stdout("a\n").stderr(&closed_well(&url(&server)));
    assert!(writer.join().unwrap(), "stdin was read");
}

#[test]
fn after_x_receive_only_goes_on_listening() {
    let server = serving(|client| async move {
        assert_eq!(client.next().await, Some(text("subscribe")));
        // An input that had ended would bring a Close after a second.
        let said = tokio::time::timeout(Duration::from_millis(1500), client.next()).await;
        client.text(&format!("said: {:?}", said.ok())).await;
        client.close(1000, "").await;
    });
    let ran = tool().args(["-r", "-x", "subscribe"]).arg(url(&server)).stdin("not this\n").run();
    ran.code(0).stdout("said: None\n").stderr(&closed_well(&url(&server)));
}

#[test]
fn json_records_on_stdin_are_sent_as_what_they_say() {
    let records = r#"
        {"data":"a\nb\u0000é"}
        {"base64":"AP8="}

        {"type":"open","url":"ws://elsewhere/"}
        {"time":"2026-11-21T10:00:00.000123Z","dir":"in","type":"text","data":"c"}
        {"dir":"out","type":"binary","base64":""}
        {"type":"text","base64":"ZA=="}
        {"type":"binary","data":"e"}
        {"type":"error","data":"x"}
        {"type":"ping","data":"f"}
        {"type":"pong","base64":"/w=="}
        {"data":"last"}"#;
    let messages = [
        text("a\nb\0é"),
        binary(b"\0\xff"),
        text("c"),
        binary(b""),
        text("d"),
        binary(b"e"),
        Said::Ping(b"f".to_vec()),
        Said::Pong(vec![0xff]),
        text("last"),
    ];
    assert_eq!(heard(&["--json-input"], records), messages);
}

#[test]
fn a_close_record_closes() {
    let (server, heard) = hearing();
    let records = "{\"data\":\"a\"}\n{\"type\":\"close\",\"code\":4000,\"reason\":\"enough\"}\n{\"data\":\"late\"}\n";
    // Stdin stays open: the record alone ends it.
    let mut running = tool().args(["--json-input", "-w", "forever"]).arg(url(&server)).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    stdin.write_all(records.as_bytes()).unwrap();
    running.wait().code(0).stdout("").says("closed 4000 (private use)");
    assert_eq!(heard.next(), text("a"));
    assert_eq!(heard.next(), Said::Close(Some(4000), "enough".to_owned()));
}

#[test]
fn a_record_that_is_none_names_its_line() {
    for (record, error) in [
        ("nonsense", "line 2 of stdin is not a record: not JSON: "),
        ("{}", "line 2 of stdin is not a record: expected `data` or `base64`\n"),
        (r#"{"base64":"!"}"#, "line 2 of stdin is not a record: invalid `base64`: "),
        (
            r#"{"type":"close","code":1005}"#,
            "line 2 of stdin is not a record: expected a code of 1000-1003, 1007-1014 or 3000-4999",
        ),
    ] {
        let said =
            refused(&["--json-input"], format!("{{\"data\":\"a\"}}\n{record}\n{{\"data\":\"b\"}}"), &[text("a")]);
        assert!(said.starts_with(&format!("wsprobe: {error}")) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn echo_sends_everything_back_with_its_type_and_does_not_read_stdin() {
    let server = serving(|client| async move {
        assert_eq!(client.next().await, Some(text("hello")));
        client.text("a").await;
        client.binary(b"\0\xff").await;
        client.text("").await;
        for said in [text("a"), binary(b"\0\xff"), text("")] {
            assert_eq!(client.next().await, Some(said));
        }
        client.close(1000, "").await;
    });
    let ran = tool().args(["--echo", "-x", "hello", "-w", "forever"]).arg(url(&server)).stdin("not this\n").run();
    ran.code(0).stdout(b"a\n\0\xff\n").stderr(&closed_well(&url(&server)));
}

#[test]
fn echo_keeps_the_order_of_a_flood() {
    let server = serving(|client| async move {
        let sending = async {
            for n in 0..10_000 {
                client.feed(&n.to_string()).await;
            }
            client.flush().await;
        };
        let hearing = async {
            for n in 0..10_000 {
                assert_eq!(client.next().await, Some(Said::Text(n.to_string())));
            }
        };
        tokio::join!(sending, hearing);
        client.close(1000, "").await;
    });
    let sent: String = (0..10_000).map(|n| format!("{n}\n")).collect();
    tool().arg("--echo").arg(url(&server)).run().code(0).stdout(sent).stderr(&closed_well(&url(&server)));
}
