//! Files that are said to be recordings.

use super::kit::{self, Ran, tool};
use super::{Attack, check};

#[test]
fn no_file_is_a_recording_that_is_none() {
    check(ATTACKS, |recording| run("record-to-script", recording));
}

#[test]
fn what_replay_and_listen_say_of_a_file_is_the_same() {
    for (name, recording, code, says) in ATTACKS.iter().filter(|attack| attack.2 == 2) {
        let ran = run("replay", recording);
        assert_eq!(ran.code, Some(*code), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{name}: {}", ran.stderr);
    }
}

fn run(command: &str, recording: &[u8]) -> Ran {
    let dir = kit::dir();
    let path = kit::path(&dir, "attack.jsonl");
    std::fs::write(&path, recording).expect("there is room");
    let tool = tool().arg(command).arg(&path);
    if command == "replay" { tool.arg("ws://127.0.0.1:1/").run() } else { tool.run() }
}

const ATTACKS: &[Attack<&[u8]>] = &[
    ("nothing", b"", 2, "contains no recorded connection"),
    ("an empty line", b"\n", 2, "contains no recorded connection"),
    ("zeros", b"\0\0\0", 2, "not JSON: expected value at line 1 column 1"),
    ("what is not UTF-8", b"\xff\xfe\n", 2, "it is not UTF-8"),
    ("half a JSON", b"{", 2, "not JSON: EOF while parsing an object at line 1 column 1"),
    ("a number", b"1\n", 2, "expected a JSON object"),
    ("a list", b"[]\n", 2, "expected a JSON object"),
    ("a text", b"\"hi\"\n", 2, "expected a JSON object"),
    ("an empty object", b"{}\n", 2, "expected `data` or `base64"),
    ("a way that is unknown", b"{\"dir\":\"up\",\"data\":\"x\"}\n", 2, "each line of a recording must have its direction (`dir`)"),
    ("a type that is unknown", b"{\"dir\":\"in\",\"type\":\"\x1b[31m\",\"data\":\"x\"}\n", 2, "not JSON: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 21"),
    ("a message without data", b"{\"dir\":\"in\",\"type\":\"text\"}\n", 2, "expected `data` or `base64"),
    ("data that is a number", b"{\"dir\":\"out\",\"data\":1}\n", 2, "`data` must be a string"),
    ("base64 that is none", b"{\"dir\":\"out\",\"base64\":\"!!\"}\n", 2, "invalid `base64`: expected text such as `AP8Q`"),
    ("data and base64", b"{\"dir\":\"out\",\"data\":\"x\",\"base64\":\"eA==\"}\n", 2, "expected either `data` or `base64"),
    ("a Close with 99999", b"{\"dir\":\"out\",\"type\":\"close\",\"code\":99999}\n", 2, "the `code` of a Close must be a number up to 65535"),
    ("a Close with a code of letters", b"{\"dir\":\"out\",\"type\":\"close\",\"code\":\"a\"}\n", 2, "the `code` of a Close must be a number up to 65535"),
    ("a time that is none", b"{\"dir\":\"out\",\"data\":\"x\",\"time\":\"soon\"}\n", 2, "`time` is not a time (RFC 3339, in UTC)"),
    ("a client that is none", b"{\"dir\":\"out\",\"data\":\"x\",\"client\":\"#0x\"}\n", 2, "expected the name of a client, like `#1"),
    ("a client beyond all numbers", b"{\"dir\":\"in\",\"type\":\"open\",\"url\":\"ws://a\",\"client\":\"#99999999999999999999999\"}\n", 2, "expected the name of a client, like `#1"),
    ("JSON in JSON without end", b"{\"dir\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n", 2, "not JSON: recursion limit exceeded at line 1 column 134"),
    ("an object that is not closed", b"{\"dir\":\"out\",\"data\":\"x\"\n", 2, "not JSON: EOF while parsing an object at line 1 column 23"),
    ("a message that drives the terminal", b"{\"dir\":\"out\",\"data\":\"\\u001b[31m\"}\n", 0, ""),
];
