//! `--decode`, `--decode-with` and `--encode`: what binary messages say.

use super::kit::{Said, Server, closed_well, echo, hearing, serving, tool, tool_in_shell, url};
use serde_json::{Value, json};

/// `{"id":1,"data":h'00ff'}`
const PACKED: &[u8] = b"\x82\xa2id\x01\xa4data\xc4\x02\x00\xff";

/// A server that says these in binary messages, and ends.
fn saying_bytes(messages: &'static [&'static [u8]]) -> Server {
    serving(move |client| async move {
        for message in messages {
            client.binary(message).await;
        }
        client.text("plain").await;
        client.close(1000, "").await;
        while client.next().await.is_some() {}
    })
}

#[test]
fn a_binary_message_is_a_line_of_json_and_one_that_is_none_stays_as_it_is() {
    let server = saying_bytes(&[PACKED, b"\xc1\n", b"\xc0"]);
    let ran = tool().args(["-r", "--decode", "msgpack"]).arg(url(&server)).run();
    let why = "wsprobe: not msgpack: 0xc1, which MessagePack does not use, at byte 0\n";
    ran.code(0)
        .stdout(b"{\"id\":1,\"data\":\"h'00ff'\"}\n\xc1\nnull\nplain\n")
        .stderr(&closed_well(&url(&server)).replacen('\n', &format!("\n{why}"), 1));
}

#[test]
fn records_have_what_was_decoded_in_both_directions_or_why_it_was_not() {
    let ran = tool().args(["-j", "--encode", "cbor", "--decode", "cbor"]).arg(url(&echo())).stdin("[1,{}]\n").run();
    let records: Vec<Value> = ran.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decoded: Vec<_> = records.iter().filter(|record| record["type"] == "binary").collect();
    assert_eq!(decoded.len(), 2, "{records:?}");
    for record in decoded {
        assert_eq!((&record["base64"], &record["decoded"]), (&json!("ggGg"), &json!([1, {}])));
    }
    let server = saying_bytes(&[b"\xc1"]);
    let ran = tool().args(["-j", "-r", "--decode", "msgpack"]).arg(url(&server)).run();
    assert!(ran.out().contains(r#""base64":"wQ==","decode_error":"not msgpack: 0xc1"#), "{}", ran.out());
}

#[test]
fn what_looks_into_messages_sees_what_was_decoded() {
    let server = saying_bytes(&[PACKED, PACKED]);
    for args in [["--expect-json", "id=1"], ["--expect", "h'00ff'"], ["--until", "^.\"id\":1"]] {
        tool()
            .args(["-r", "-q", "--decode", "msgpack"])
            .args(args)
            .arg(url(&server))
            .run()
            .code(0)
            .stdout("{\"id\":1,\"data\":\"h'00ff'\"}\n");
    }
    let ran = tool().args(["-r", "-q", "--decode", "msgpack", "--expect-json", "id=2"]).arg(url(&server)).run();
    ran.code(1).says("`id=2`: `id` was last `1`");
}

#[test]
fn a_reply_and_the_end_of_a_step_are_found_in_what_was_decoded() {
    let server = serving(|client| async move {
        client.binary(PACKED).await;
        assert_eq!(client.next().await, Some(Said::Text("got 1".to_owned())));
        client.close(1000, "").await;
        while client.next().await.is_some() {}
    });
    let args = ["-r", "-q", "--decode", "msgpack", "--reply", r#""id":(\d+)"#, "got $1"];
    tool().args(args).arg(url(&server)).run().code(0);
    let args = ["--lockstep", "--until-each", r#"^.."n":\d"#, "--encode", "cbor", "--decode", "cbor"];
    let ran = tool().args(args).arg(url(&echo())).stdin("[{\"n\":1}]\n[{\"n\":2}]\n").run();
    ran.code(0).stdout("[{\"n\":1}]\n[{\"n\":2}]\n");
}

#[test]
fn decoders_apply_one_after_the_other_and_a_stream_goes_on_over_messages() {
    // python3: gzip.compress(msgpack.packb([1, 2]), mtime=0); gzip.compress(b"hello", mtime=0)
    const GZIP_MSGPACK: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x9b\xc4\xc8\x04\x00\xe1\xe5\xc3\xf6\x03\x00\x00\x00";
    const GZIP_HELLO: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00";
    let server = saying_bytes(&[GZIP_MSGPACK]);
    tool().args(["-r", "-q", "--decode", "gzip,msgpack"]).arg(url(&server)).run().code(0).stdout("[1,2]\nplain\n");
    let server = saying_bytes(&[GZIP_HELLO]);
    tool().args(["-r", "-q", "--decode", "gzip"]).arg(url(&server)).run().code(0).stdout("\"hello\"\nplain\n");
    // python3: one zlib.compressobj() with flush(zlib.Z_SYNC_FLUSH) after each of {"a":1} and {"a":1}, the second cut in two.
    let server =
        saying_bytes(&[b"\x78\x9c\xaaVJT\xb22\xac\x05\x00\x00\x00\xff\xff", b"\xaa\x86P", b"\x00\x00\x00\x00\xff\xff"]);
    let ran = tool().args(["-r", "-q", "--decode", "zlib-stream"]).arg(url(&server)).run();
    ran.code(0).stdout("{\"a\":1}\n{\"a\":1}\nplain\n");
}

#[test]
fn nothing_becomes_larger_than_the_largest_message() {
    // python3: gzip.compress(b"\0" * 5000, mtime=0)
    const BOMB: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc11\x01\x00\x00\x00\xc2\xa0\xf5Om\n?\xa0\x00\x00\x00\x00\x80\xb7\x01\xa8\x0e\xe5\xd8\x88\x13\x00\x00";
    let server = saying_bytes(&[BOMB]);
    let ran = tool().args(["-r", "--decode", "gzip", "--max-message", "4999"]).arg(url(&server)).run();
    ran.code(0).says("wsprobe: not gzip: it becomes larger than 4999 bytes (--max-message)\n");
}

#[test]
fn json_that_is_none_is_told_with_its_line() {
    let (server, heard) = hearing();
    let ran = tool().args(["--encode", "msgpack"]).arg(url(&server)).stdin("{\"a\":1}\n{a}\n").run();
    assert_eq!(heard.next(), Said::Binary(b"\x81\xa1a\x01".to_vec()));
    ran.code(2).says("line 2 of stdin");
    let ran = tool().args(["--encode", "cbor", "-x", "{a}", "ws://127.0.0.1:9"]).run();
    ran.code(2).says("invalid value `{a}` for `--execute <MSG>`: not JSON: ");
}

/// Says how many bytes each message has, and its digits; `exit`, `silent` and `noise` behave otherwise.
const COUNTING: &str = r#"
    while head=$(head -c 4 | od -An -tx1 | tr -d ' \n') && [ -n "$head" ]; do
        body=$(head -c $((0x$head)) | od -An -tx1 | tr -d ' \n')
        case $body in
            65786974) echo bye >&2; exit 3 ;;
            00) echo ;;
            *) echo "{\"bytes\": $((0x$head)), \"hex\": \"$body\"}" ;;
        esac
    done"#;

#[test]
fn a_command_says_what_each_message_is() {
    let server = saying_bytes(&[b"\xff\xfe", b"\x00", b"\x01"]);
    let ran = tool().args(["-r", "-q", "--decode-with", COUNTING]).arg(url(&server)).run();
    ran.code(0).stdout("{\"bytes\":2,\"hex\":\"fffe\"}\n{\"bytes\":1,\"hex\":\"01\"}\nplain\n");
    let ran = tool().args(["-r", "-j", "--decode-with", COUNTING]).arg(url(&server)).run();
    assert!(ran.out().contains(r#""decoded":{"bytes":2,"hex":"fffe"}}"#), "{}", ran.out());
    assert!(ran.out().contains(r#""base64":"AA==","decoded":null}"#), "{}", ran.out());
}

#[test]
fn a_command_that_ends_is_told_and_messages_go_on_as_they_are() {
    let server = saying_bytes(&[b"a", b"exit", b"b"]);
    let ran = tool().args(["-r", "--decode-with", COUNTING]).arg(url(&server)).run();
    let ran = ran.code(0).stdout("{\"bytes\":1,\"hex\":\"61\"}\nexitbplain\n");
    ran.says("bye\n").says("wsprobe: not decoded: the command ended with exit status: 3 (--decode-with)\n");
}

#[test]
fn a_large_message_and_what_is_said_of_it_pass_each_other() {
    let megabyte: &'static [u8] = Box::leak(vec![b'x'; 1 << 20].into_boxed_slice());
    let messages: &'static [&'static [u8]] = Box::leak(Box::new([megabyte, megabyte]));
    let server = saying_bytes(messages);
    // It answers while it reads.
    let command = "while head -c 4 >/dev/null && head -c 1048576 | tr x y | tr -d '\\n'; do echo; done";
    let ran = tool_in_shell(r#"timeout 60 "$@" | wc -c"#);
    let ran = ran.args(["-r", "-q", "--decode-with", command]).arg(url(&server)).run();
    // In quotes, since it is no JSON.
    ran.code(0).stdout(format!("{}\n", 2 * ((1 << 20) + 3) + "plain\n".len()));
}
