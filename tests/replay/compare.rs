//! `--compare`: whether the same answers come.

use super::kit::{Raw, Server, saying, serving, url};
use super::{CLOSED, tape};

const CLOSES: &str = r#"{"dir":"in","type":"close","code":1000,"reason":"","clean":true}"#;

/// Compares a recording with a server that says these things and closes with 1000.
#[track_caller]
fn compared(lines: &[&str], server: &Server, args: &[&str]) -> (Option<i32>, String) {
    let ran = tape(lines).replay(&[&["-q", "--compare"], args].concat(), &url(server)).run();
    // The path of the recording is a temporary one.
    let stderr = ran.stderr.lines().map(|line| line.split_once("tape.jsonl: ").map_or(line, |(_, words)| words));
    (ran.code, stderr.collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_same_answers_are_the_same_however_their_json_is_spelled() {
    let server = saying(&["x", r#"{ "b": [2.0], "a": "é" }"#, "[1e2]"]);
    let lines = ["<x", r#"<{"a":"\u00e9","b":[2]}"#, "<[100]", CLOSES];
    assert_eq!(compared(&lines, &server, &[]), (Some(0), String::new()));
}

#[test]
fn another_answer_is_shown_with_what_differs() {
    let server = saying(&["hello world", r#"{"op":"tick","n":2}"#]);
    let (code, told) = compared(&["<hello wurld", r#"<{"op":"tick","n":1}"#, CLOSES], &server, &[]);
    assert_eq!(code, Some(1));
    let expected = "answer 1 differs from line 1\n- hello wurld\n+ hello world\n\
        answer 2 differs from line 2\n  {\n- \"n\": 1,\n+ \"n\": 2,\n  \"op\": \"tick\"\n  }";
    let told = told.lines().map(|line| line.split_at(line.len().min(2))).map(|(sign, text)| match sign {
        "- " | "+ " | "  " => format!("{sign}{}", text.trim_start()),
        _ => format!("{sign}{text}"),
    });
    assert_eq!(told.collect::<Vec<_>>().join("\n"), expected);
}

#[test]
fn a_difference_has_the_colours_that_a_failed_script_has() {
    let server = saying(&["hallo"]);
    let ran = tape(&["<hello", CLOSES]).replay(&["-q", "--compare", "--color", "always"], &url(&server)).run();
    let (green, red, reversed) = ("\u{1b}[38;5;2m", "\u{1b}[38;5;1m", "\u{1b}[7m");
    assert!(ran.stderr.contains(&format!("{green}- ")) && ran.stderr.contains(&format!("{red}+ ")), "{:?}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{red}{reversed}a")), "{:?}", ran.stderr);
}

#[test]
fn what_is_ignored_may_differ_be_missing_or_be_new() {
    let server = saying(&[r#"{"op":"tick","time":7,"list":[{"id":1,"v":1},{"v":2}]}"#]);
    let line = r#"<{"op":"tick","list":[{"id":8,"v":1},{"id":9,"v":2}],"more":1}"#;
    let ignoring = ["--ignore", "time", "--ignore", "$.list[*].id", "--ignore", "$['more']"];
    assert_eq!(compared(&[line, CLOSES], &server, &ignoring), (Some(0), String::new()));
    assert_eq!(compared(&[line, CLOSES], &server, &ignoring[..4]).0, Some(1));
    let all = ["--ignore", "$"];
    assert_eq!(compared(&[line, CLOSES], &server, &all).0, Some(0));
}

#[test]
fn missing_and_extra_answers_are_named() {
    let lines = ["<a", "<b", "<c", "<d", CLOSES];
    let told = |texts| compared(&lines, &saying(texts), &[]);
    assert_eq!(told(&["a", "c", "d"]), (Some(1), "the answer in line 2 did not come\n- b".to_owned()));
    assert_eq!(told(&["a", "b", "x", "c", "d"]), (Some(1), "answer 3 was not recorded\n+ x".to_owned()));
    assert_eq!(told(&["a", "x", "c", "d"]).1, "answer 2 differs from line 2\n- b\n+ x");
    assert_eq!(told(&["a", "b", "c"]).1, "the answer in line 4 did not come\n- d");
    assert_eq!(told(&["a", "b", "c", "d", "e"]).1, "answer 5 was not recorded\n+ e");
    assert_eq!(told(&["a", "b", "c", "x"]).1, "answer 4 differs from line 4\n- d\n+ x");
}

#[test]
fn bytes_are_compared_exactly_and_are_no_text() {
    let server = || {
        serving(|client| async move {
            client.binary(b"\x00\x01").await;
            client.close(1000, "").await;
        })
    };
    let binary = |base64: &str| format!(r#"{{"dir":"in","type":"binary","base64":"{base64}"}}"#);
    assert_eq!(compared(&[&binary("AAE="), CLOSES], &server(), &[]).0, Some(0));
    let (code, told) = compared(&[&binary("AAI="), CLOSES], &server(), &[]);
    assert!(code == Some(1) && told.contains("- 00000000") && told.contains("+ 00000000"), "{told}");
    let (code, told) = compared(&["<\0\u{1}", CLOSES], &server(), &[]);
    assert!(code == Some(1) && told.contains("+ binary, 2 bytes"), "{told}");
}

#[test]
fn the_code_of_the_close_counts_and_not_whether_it_is_a_good_one() {
    let closing = |code| {
        serving(move |client| async move {
            client.close(code, "").await;
        })
    };
    let closed = |code| format!(r#"{{"dir":"in","type":"close","code":{code},"reason":"","clean":true}}"#);
    assert_eq!(compared(&[&closed(1011)], &closing(1011), &[]).0, Some(0));
    let (code, told) = compared(&[&closed(1000)], &closing(1001), &[]);
    assert_eq!((code, &*told), (Some(1), "the Close differs\n- close 1000\n+ close 1001"));
    let (code, told) = compared(&[">a", &closed(1001)], &super::kit::echo(), &["--wait", "50ms"]);
    assert_eq!(code, Some(1));
    assert!(told.ends_with("no Close came; recorded: close 1001"), "{told}");
    let cut = r#"{"dir":"in","type":"close","code":1006,"reason":"","clean":false}"#;
    let server = Raw::open(drop);
    let ran = tape(&[cut]).replay(&["--compare"], &server.url()).run();
    ran.code(0).says("cut without a Close");
}

#[test]
fn without_compare_nothing_is_judged() {
    let tape = tape(&[">a", "<b", CLOSED]);
    tape.replay(&["-q"], &url(&super::kit::echo())).run().code(0).stdout("a\n").stderr("");
}

#[test]
fn many_differences_are_counted() {
    let lines: Vec<_> = (0..30).map(|number| format!("<{number}")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).chain([CLOSES]).collect();
    let (code, told) = compared(&lines, &saying(&[]), &[]);
    assert_eq!(code, Some(1));
    assert!(told.contains("line 10 did not come") && !told.contains("line 11"), "{told}");
    assert!(told.ends_with("20 more differences"), "{told}");
}
