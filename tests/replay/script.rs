//! `wsprobe record-to-script`.

use super::kit::{self, tool};
use super::{CLOSED, Tape, tape};

fn script(tape: &Tape, args: &[&str]) -> kit::Ran {
    tool().arg("record-to-script").args(args).arg(tape.path()).run()
}

#[test]
fn a_recording_becomes_the_script_of_its_conversation() {
    let server = kit::echo();
    let tape = Tape::empty();
    let path = tape.path();
    let args =
        ["-q", "-x", r#"{"n": 1}"#, "-x", "see # this", "-H", "X-Tenant: blue", "--bearer", "secret", "--record"];
    tool().args(args).arg(&path).arg(kit::url(&server)).run().code(0);
    let expected = format!(
        "# Made from a recording by `wsprobe record-to-script`.\n\
         # Loosen what changes from run to run: `json {{…}}` may leave out keys, `json exactly {{…}}` may not.\n\
         # Masked in the recording (unless --record-secrets): give it with --var authorization=VALUE\n\
         connect {}\n  \
           header authorization: Bearer {{{{authorization}}}}\n  \
           header x-tenant: blue\n\
         send {{\"n\": 1}}\n\
         send \"see # this\"\n\
         expect json exactly {{\"n\": 1}}\n\
         expect text \"see # this\"\n\
         close 1000\n\
         expect close 1000\n",
        kit::url(&server)
    );
    assert_eq!(script(&tape, &[]).code(0).out(), expected);
}

#[test]
fn what_is_no_recording_or_leaves_the_client_open_is_refused() {
    let bad = Tape::empty();
    bad.write("nonsense\n");
    script(&bad, &[]).code(2).stdout("").says("tape.jsonl:1: not JSON");
    let named = |name: &str| format!(r#"{{"dir":"in","type":"text","data":"from {name}","client":"{name}"}}"#);
    let tape = Tape::of(&[&named("#1"), &named("#2")]);
    script(&tape, &[]).code(2).stdout("").says("choose one with --client");
    let ran = script(&tape, &["--client", "2"]).code(0);
    assert!(ran.out().ends_with("connect {{url}}\nsend from #2\n"), "{ran:?}");
    assert!(ran.out().contains("--var url=VALUE"), "{ran:?}");
}

#[test]
fn a_recording_of_any_size_is_written_as_it_is_read() {
    let line = format!("<{}", "x".repeat(10_000));
    let lines: Vec<_> = std::iter::repeat_n(line.as_str(), 200).chain([CLOSED]).collect();
    let out = script(&tape(&lines), &[]).code(0).out();
    assert_eq!(out.matches("\nexpect text x").count(), 200);
}

/// Writes the script of a recording beside it, and runs it.
#[track_caller]
fn passes(tape: &Tape, args: &[&str]) {
    let script = script(tape, &[]).code(0).out();
    let path = tape.path().with_extension("wsp");
    std::fs::write(&path, &script).expect("there is room for files");
    let ran = tool().arg("run").args(args).arg(&path).run();
    assert_eq!(ran.code, Some(0), "{script}\n{ran:?}");
}

#[test]
fn the_script_passes_against_the_same_server_at_once() {
    let server = kit::serving(|client| async move {
        if client.header("authorization") != Some("Bearer secret") || client.subprotocol() != Some("chat") {
            return client.close(1008, "who are you?").await;
        }
        client.ping(b"there?").await;
        client.text("hello # {{you}}\nand more").await;
        while let Some(said) = client.next().await {
            match said {
                kit::Said::Text(text) if text == "bye" => return client.close(4000, "as you say").await,
                kit::Said::Text(text) => client.text(&text).await,
                kit::Said::Binary(data) => client.binary(&data).await,
                _ => {}
            }
        }
    });
    let request = ["-q", "-s", "chat", "--bearer", "secret"];
    let messages =
        ["", "  blanks ", "{\"a\": [1.50, \"\\u00e9 {{x}} # y\"]}", "\"quoted\" capture x", "\u{1b}[31m\ttab", "é"];
    let messages: Vec<_> = messages.iter().flat_map(|message| ["-x", message]).collect();
    for (more, args) in [(&["--record-secrets"][..], &[][..]), (&[], &["--var", "authorization=secret"])] {
        let tape = Tape::empty();
        let path = tape.path();
        let run = tool().args(request).args(more).args(&messages).args(["-x", "bye", "-w", "forever", "--record"]);
        run.arg(&path).arg(kit::url(&server)).run().code(6);
        passes(&tape, args);
    }
    let tape = Tape::empty();
    let path = tape.path();
    let run = tool().args(request).args(["--record-secrets", "-b", "-x", "bytes", "--close-code", "4001", "--record"]);
    run.arg(&path).arg(kit::url(&server)).run().code(0);
    passes(&tape, &[]);
}

#[test]
fn a_recording_of_very_many_connections_is_read_once_for_all_of_them() {
    let dir = kit::dir();
    let path = kit::path(&dir, "many.jsonl");
    let mut records = String::new();
    for n in 0..20_000 {
        records += "{\"dir\":\"in\",\"type\":\"open\",\"url\":\"ws://h/\"}\n";
        records += &format!("{{\"dir\":\"out\",\"data\":\"hello {n}\"}}\n");
        records += "{\"dir\":\"in\",\"type\":\"close\",\"code\":1000,\"reason\":\"\",\"clean\":true}\n";
    }
    std::fs::write(&path, records).unwrap();
    let begun = std::time::Instant::now();
    let ran = tool().arg("record-to-script").arg(&path).run().code(0);
    // It was minutes when each connection read all of it, in a build that is optimized.
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(ran.out().lines().filter(|line| line.starts_with("send hello ")).count(), 20_000);
    assert!(
        ran.out().trim_end().ends_with("send hello 19999\nexpect close 1000"),
        "{}",
        &ran.out()[ran.out().len() - 200..]
    );
}
