//! `--script`: each connection plays it, again and again.

use std::io::Write as _;
use std::time::Duration;

use super::kit::{CLOSE, Said, TEXT, channel, dir, echo, frame, path, read_frame, serving, url};
use super::{each_open, load, number, summary};

const SHORT: [&str; 8] = ["-c", "3", "--connect-rate", "1000", "--duration", "500ms", "--rate", "20"];

/// A script on disk.
fn script(dir: &tempfile::TempDir, text: &str) -> String {
    let file = path(dir, "chat.wsp");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn each_connection_plays_it_at_its_rate_with_variables_of_its_own() {
    let (dir, (tell, told)) = (dir(), channel());
    let server = serving(move |client| {
        let tell = tell.clone();
        async move {
            while let Some(Said::Text(text)) = client.next().await {
                tell.send(text.clone()).unwrap();
                client.text(&text).await;
            }
        }
    });
    let vars = path(&dir, "vars.csv");
    std::fs::write(&vars, "room\na\nb\n").unwrap();
    let file = script(
        &dir,
        "send join {{room}}\nexpect text join {{room}}\nset n = {{seq}}\nsend {{client}}:{{n}}\nexpect text matches /^\\d+:\\d+$/ capture n\n",
    );
    let args = ["--script", &file, "--vars-from", vars.to_str().unwrap(), "-j", &url(&server)];
    let all = summary(&load(&SHORT).args(args).run().code(0));
    let plays = number(&all["replies"]);
    assert!((27.0..=33.0).contains(&plays), "{all}");
    assert_eq!((number(&all["sent"]), number(&all["received"])), (plays * 2.0, plays * 2.0), "{all}");
    assert_eq!(
        (&all["latency_of"], &all["lasted"], &all["unanswered"]),
        (&"play".into(), &3.into(), &0.into()),
        "{all}"
    );
    let texts: Vec<_> = told.try_iter().collect();
    for (text, count) in [("join a", plays / 3.0 * 2.0), ("join b", plays / 3.0)] {
        let found = texts.iter().filter(|it| *it == text).count() as f64;
        assert!((found - count).abs() <= 3.0, "{text}: {found}");
    }
    for client in 1..=3 {
        let played: Vec<_> = texts.iter().filter_map(|text| text.strip_prefix(&format!("{client}:"))).collect();
        let numbers: Vec<_> = (1..=played.len()).map(|number| number.to_string()).collect();
        assert_eq!(played, numbers, "each play has its number");
    }
}

#[test]
fn a_play_is_measured_from_when_it_was_due_or_with_closed_from_its_first_step() {
    // Twenty plays a second are due, and four can be: the last ones are late by most of a second.
    let server = serving(|client| async move {
        while let Some(Said::Text(text)) = client.next().await {
            tokio::time::sleep(Duration::from_millis(250)).await;
            client.text(&text).await;
        }
    });
    let dir = dir();
    let file = script(&dir, "send a\nexpect text a\n");
    let args = ["-c", "1", "--duration", "1s", "--script", &file, "-j", &url(&server)];
    let open = summary(&load(&args).args(["--rate", "20"]).run().code(0));
    assert!(number(&open["latency_ms"]["max"]) > 600.0 && number(&open["unsent"]) >= 10.0, "{open}");
    let closed = summary(&load(&args).args(["--closed"]).run().code(0));
    assert!((250.0..=400.0).contains(&number(&closed["latency_ms"]["p50"])) && closed["unsent"] == 0, "{closed}");
    // The wait is too short for the play that is under way.
    let ran = load(&["-c", "1", "--duration", "100ms", "--rate", "20", "--wait", "10ms", "-q", "--script", &file]);
    let out = ran.arg(url(&server)).run().code(7).out();
    assert!(out.contains("            1 play: not brought to its end\n"), "{out}");
}

#[test]
fn rules_and_what_no_step_expected_do_not_outlive_a_play() {
    let dir = dir();
    // Answers each text twice. A rule that stayed would take what the next play waits for; so would the second answer.
    let server = each_open(|mut stream| {
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            let answer = if opcode == TEXT { frame(TEXT, &payload).repeat(2) } else { frame(opcode, &payload) };
            if stream.write_all(&answer).is_err() || opcode == CLOSE {
                return;
            }
        }
    });
    let file = script(&dir, "send a\nexpect text a\nexpect text a\nsend {{seq}}\nexpect text {{seq}}\nignore text a\n");
    let all = summary(&load(&SHORT).args(["--script", &file, "-j", &server]).run().code(0));
    assert!(number(&all["replies"]) >= 27.0 && number(&all["lasted"]) == 3.0, "{all}");
}

#[test]
fn what_a_play_sets_is_set_for_that_play_only() {
    let dir = dir();
    // Answers each message of six bytes with the number of its frames.
    let server = each_open(|mut stream| {
        let (mut frames, mut bytes) = (0, 0);
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            if opcode == CLOSE {
                return drop(stream.write_all(&frame(CLOSE, &payload)));
            }
            (frames, bytes) = (frames + 1, bytes + payload.len());
            if bytes == 6 {
                if stream.write_all(&frame(TEXT, frames.to_string().as_bytes())).is_err() {
                    return;
                }
                (frames, bytes) = (0, 0);
            }
        }
    });
    let vars = path(&dir, "vars.csv");
    std::fs::write(&vars, "room\nlobby1\n").unwrap();
    let whole = "send {{room}}\nexpect text 1\nfragment 2\nsend {{room}}\nexpect text 3\nset room = longer-{{room}}\n";
    let halves = "send {{room}}\nexpect text 2\nfragment off\nsend {{room}}\nexpect text 1\n";
    for (text, more) in [(whole, &[][..]), (halves, &["--fragment", "3"])] {
        let file = script(&dir, text);
        let args = ["--script", &file, "--vars-from", vars.to_str().unwrap(), "-j", &server];
        let all = summary(&load(&SHORT).args(more).args(args).run().code(0));
        assert!(number(&all["replies"]) >= 27.0 && number(&all["lasted"]) == 3.0, "{all}");
    }
}

#[test]
fn a_step_that_fails_and_a_server_that_dies_are_told_with_their_place() {
    let dir = dir();
    let file = script(&dir, "send a\nexpect text \"b\" within 2s\n");
    let server = echo();
    let out = load(&SHORT).args(["--script", &file, "-q", &url(&server)]).run().code(1).out();
    let place = format!("  broken {file}:2: 3 (expect text \"b\" within 2s: ");
    assert!(out.contains(&place) && out.contains("connections 3 opened, 0 refused, 3 broken"), "{out}");
    let dies = each_open(|mut stream| drop(read_frame(&mut stream)));
    let all = summary(&load(&["-c", "3", "--duration", "1h", "--script", &file, "-j", &dies]).run().code(5));
    assert_eq!((&all["broken"][format!("{file}:2")], &all["lasted"]), (&3.into(), &0.into()), "{all}");
}

#[test]
fn a_script_that_cannot_be_played_by_many_is_told_before_anything_connects() {
    let dir = dir();
    for (text, why) in [
        ("connect :1\nsend a\n", ":1:1: many connections play this script, and `load` opens them: leave this line out"),
        ("send a\nclose\n", ":2:1: the connection plays this script again and again, and this ends it"),
        ("send a\nrepeat 2 {\n  drop\n}\n", ":3:3: the connection plays"),
        ("send a\nexpect close\n", ":2:1: the connection plays"),
        ("parallel {\n  send a\n} {\n  half-close\n}\n", "and this ends it"),
        ("exec true\n", "each would run the command"),
        ("log {{client}}\n", "each would print this line"),
        ("on GET / answer 200\nsend a\n", "this is for a server"),
        ("# nothing\n", "there is nothing to play"),
        ("send {{room}}\n", "`room`"),
        ("sned a\n", "did you mean `send`?"),
        ("b: send a\n", "`b`"),
    ] {
        let file = script(&dir, text);
        let ran = load(&["--script", &file, ":1"]).run().code(2).stdout("");
        ran.says(why).says("in 1 file, nothing was run");
    }
    let file = script(&dir, "send a\n");
    for (args, why) in [
        (&["-x", "a"][..], "--execute"),
        (&["--fan-out"], "--fan-out"),
        (&["--match", "next"], "--match"),
        (&["--closed", "--rate", "9"], "--closed"),
    ] {
        load(args).args(["--script", &file, ":1"]).run().code(2).says(why).stdout("");
    }
    load(&["--script", "/nowhere/a.wsp", ":1"]).run().code(2).says("/nowhere/a.wsp");
    std::fs::write(path(&dir, "other.wsp"), "send a\n").unwrap();
    load(&["--script", dir.path().to_str().unwrap(), ":1"]).run().code(2).says("takes a single script, not a folder");
}

#[test]
fn a_server_that_closes_between_two_plays_is_told_at_once() {
    let dir = dir();
    let file = script(&dir, "send a\nexpect text a\n");
    let closing = each_open(|mut stream| {
        let _ = read_frame(&mut stream);
        let _ = stream.write_all(&[frame(TEXT, b"a"), frame(CLOSE, b"\x03\xf3no more")].concat());
        let _ = read_frame(&mut stream);
    });
    let args = ["-c", "1", "--duration", "1h", "--rate", "1/1h", "--script", &file, "-q"];
    let out = load(&args).arg(&closing).run().code(6).out();
    assert!(out.contains("  broken lost: 1 (the server closed the connection: close 1011 no more"), "{out}");
}
