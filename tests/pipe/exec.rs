//! `--exec`: a command in place of stdin and stdout.

use super::kit::saying;
use super::*;

/// A server that says these and then hears, and what it hears.
fn telling(texts: &'static [&'static str]) -> (Server, Receiver<Said>) {
    let (tell, heard) = channel();
    let server = serving(move |client| {
        let tell = tell.clone();
        async move {
            for text in texts {
                client.text(text).await;
            }
            while let Some(said) = client.next().await {
                let _ = tell.send(said);
            }
        }
    });
    (server, heard)
}

fn text(text: &str) -> Said {
    Said::Text(text.to_owned())
}

fn closed(code: u16, reason: &str) -> Said {
    Said::Close(Some(code), reason.to_owned())
}

fn all(heard: &Receiver<Said>) -> Vec<Said> {
    let mut all = Vec::new();
    loop {
        all.push(heard.recv_timeout(PATIENCE).unwrap());
        if matches!(all.last(), Some(Said::Close(..))) {
            return all;
        }
    }
}

#[test]
fn it_reads_what_arrives_and_its_lines_are_sent_until_it_exits() {
    let (server, heard) = telling(&["hello", "you"]);
    let command = r#"read a; read b; echo "got $a"; echo "got $b"; echo to the terminal >&2"#;
    let ran = tool().args(["-x", "first", "--exec", command]).arg(url(&server)).run().code(0).stdout("");
    assert_eq!(all(&heard), [text("first"), text("got hello"), text("got you"), closed(1000, "")]);
    assert!(ran.stderr.contains("to the terminal\n"), "{}", ran.stderr);
}

#[test]
fn its_failure_is_the_exit_status_and_the_server_hears_of_it() {
    for (command, code, words) in [
        ("echo last; exit 3", 3, "exit status: 3"),
        ("echo last; kill -9 $$", 137, "signal: 9 (SIGKILL)"),
        ("echo last; no-such-command", 127, "exit status: 127"),
    ] {
        let (server, heard) = telling(&[]);
        tool().args(["--exec", command]).arg(url(&server)).run().code(code).stdout("");
        assert_eq!(all(&heard), [text("last"), closed(1011, &format!("the command ended with {words}"))]);
    }
    let (server, heard) = telling(&[]);
    let args = ["--exec", "exit 3", "--wait", "0", "--expect", "never"];
    tool().args(args).arg(url(&server)).run().code(1);
    assert_eq!(all(&heard).len(), 1);
}

#[test]
fn when_the_connection_ends_it_has_read_all_and_its_failure_counts() {
    let server = saying(&["a", "b"]);
    let dir = dir();
    let read = path(&dir, "read");
    for (exit, code) in [("", 0), ("; exit 4", 4)] {
        let command = format!("sleep 0.1; cat > {}{exit}", read.display());
        tool().args(["--exec", &command]).arg(url(&server)).run().code(code);
        assert_eq!(std::fs::read_to_string(&read).unwrap(), "a\nb\n");
    }
}

#[test]
fn answers_after_its_exit_count_where_they_are_waited_for() {
    let server = echo();
    let args = ["--exec", "echo hi", "--wait", "10s", "--expect", "^hi$"];
    tool().args(args).arg(url(&server)).run().code(0).stdout("");
}

#[test]
fn with_stream_its_bytes_are_sent_as_they_come() {
    let server = echo();
    let dir = dir();
    let read = path(&dir, "read");
    let command = format!(r"printf 'no line'; head -c 7 > {}; printf '\377'", read.display());
    let ran = tool().args(["--stream", "--frames", "-w", "0", "--exec", &command]).arg(url(&server)).run().code(0);
    assert_eq!(std::fs::read(&read).unwrap(), b"no line");
    assert_eq!(ran.stderr.matches("> binary").count(), 2, "{}", ran.stderr);
}

#[test]
fn a_command_that_does_not_read_is_heard_all_the_same() {
    let (server, heard) = telling(&["lost"; 1000]);
    tool().args(["--exec", "exec <&-; seq 20000"]).arg(url(&server)).run().code(0);
    let expected = (1..=20_000).map(|number| text(&number.to_string())).chain([closed(1000, "")]);
    assert!(all(&heard).into_iter().eq(expected));
}

#[test]
fn a_command_that_goes_on_without_a_connection_is_ended_with_all_that_it_started() {
    let server = saying(&["a"]);
    let dir = dir();
    let pids = path(&dir, "pids");
    let command = format!("trap '' TERM; sleep 1000 & echo $$ $! > {}; wait", pids.display());
    tool().args(["--close-timeout", "100ms", "--exec", &command]).arg(url(&server)).run().code(0);
    for pid in std::fs::read_to_string(&pids).unwrap().split_whitespace() {
        let stat = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let end = Instant::now() + PATIENCE;
        while !stat().is_empty() && !stat().contains(") Z ") {
            assert!(Instant::now() < end, "{pid} goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn without_a_connection_it_is_not_run() {
    let dir = dir();
    let run = path(&dir, "run");
    let command = format!("echo > {}", run.display());
    tool().args(["--exec", &command, &format!(":{}", super::kit::free_port())]).run().code(3);
    assert!(!run.exists());
}

#[test]
fn it_takes_the_place_of_stdin() {
    for (args, other) in
        [(&["-r"][..], "--receive-only"), (&["--echo"], "--echo"), (&["-x", "a", "-i"], "--interactive")]
    {
        let ran = tool().args(["--exec", "cat", ":1"]).args(args).run().code(2);
        assert!(ran.stderr.contains("--exec") && ran.stderr.contains(other), "{}", ran.stderr);
    }
}
