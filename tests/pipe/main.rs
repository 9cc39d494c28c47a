//! The pipe, sentence by sentence as DESIGN.md promises it.

#[path = "../kit/mod.rs"]
mod kit;

mod decode;
mod ending;
mod exec;
mod exit_status;
mod fifo;
mod messages;
mod output;
mod records;
mod stream;
mod stress;

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use kit::backpressure::{LITTLE, flooding, write_until_stalled};
use kit::{CLOSE, PATIENCE, Raw, Said, Server, TEXT, Tool};
use kit::{
    all_well, channel, closed_well, connected, dir, echo, frame, hearing, path, read_frame, serving, tool,
    tool_in_shell, url,
};
use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use tokio::sync::Notify;

#[test]
fn a_line_is_a_message_and_the_last_needs_no_line_end() {
    let server = echo();
    let ran = tool().arg(url(&server)).stdin("a\nb").run();
    ran.code(0).stdout("a\nb\n").stderr(&all_well(&url(&server)));
}

#[test]
fn lines_are_sent_as_text_without_their_ends_and_empty_ones_too() {
    let (server, heard) = hearing();
    let ran = tool().args(["-w", "0"]).arg(url(&server)).stdin("a\n\nb\r\n\r\nc\rd\né\n").run();
    ran.code(0).stdout("").stderr(&all_well(&url(&server)));
    assert_eq!(heard.texts(), ["a", "", "b", "", "c\rd", "é"]);
}

#[test]
fn an_empty_message_is_printed_as_an_empty_line() {
    let server = echo();
    tool().args(["-w", "0"]).arg(url(&server)).stdin("\n\na\n").run().code(0).stdout("\n\na\n");
}

#[test]
fn a_file_is_an_input_like_any_other() {
    let server = echo();
    let dir = dir();
    std::fs::write(path(&dir, "lines"), "a\nb\n").unwrap();
    let lines = File::open(path(&dir, "lines")).unwrap();
    tool().args(["-w", "0"]).arg(url(&server)).stdin_from(lines).run().code(0).stdout("a\nb\n");
}

#[test]
fn an_input_that_ends_at_once_sends_nothing() {
    let (server, heard) = hearing();
    let ran = tool().args(["-w", "0"]).arg(url(&server)).stdin("").run();
    ran.code(0).stdout("").stderr(&all_well(&url(&server)));
    assert!(heard.until_close().is_empty());
}

#[test]
fn the_reply_to_the_only_line_is_printed_although_it_comes_500_ms_late() {
    let server = serving(|client| async move {
        while let Some(said) = client.next().await {
            if let Said::Text(text) = said {
                tokio::time::sleep(Duration::from_millis(500)).await;
                client.text(&format!("late {text}")).await;
            }
        }
    });
    let ran = tool().arg(url(&server)).stdin("question\n").run();
    ran.code(0).stdout("late question\n").stderr(&all_well(&url(&server)));
}

#[test]
fn what_comes_before_the_servers_own_close_is_printed() {
    let server = Raw::open(|mut stream| {
        assert_eq!(read_frame(&mut stream).unwrap(), (TEXT, b"a".to_vec()));
        assert_eq!(read_frame(&mut stream).unwrap(), (CLOSE, vec![0x03, 0xe8]));
        stream.write_all(&frame(TEXT, b"last words")).unwrap();
        stream.write_all(&frame(CLOSE, &[0x03, 0xe8])).unwrap();
    });
    let url = server.url();
    tool().args(["-w", "0"]).arg(&url).stdin("a").run().code(0).stdout("last words\n").stderr(&all_well(&url));
    server.join();
}

#[test]
fn the_servers_close_ends_it_while_the_input_is_open() {
    let server = serving(|client| async move {
        client.text("that is all").await;
        client.close(1000, "").await;
    });
    let mut running = tool().args(["-w", "forever"]).arg(url(&server)).spawn();
    let _stdin = running.child.stdin.take();
    running.wait().code(0).stdout("that is all\n").stderr(&closed_well(&url(&server)));
}

#[test]
fn after_execute_stdin_is_never_read() {
    let (server, heard) = hearing();
    // It stays open, and so a read of it would wait for ever.
    let mut running = tool().args(["-w", "0", "-x", "only this"]).arg(url(&server)).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    let _ = stdin.write_all(b"not this\n");
    running.wait().code(0).stdout("").stderr(&all_well(&url(&server)));
    assert_eq!(heard.texts(), ["only this"]);
}

#[test]
fn a_million_short_lines_come_back_in_order() {
    let server = echo();
    let lines: String = (0..1_000_000).map(|n| format!("{n}\n")).collect();
    let ran = tool().args(["-w", "0"]).arg(url(&server)).stdin(lines.clone()).run().code(0);
    // Compared by hand: nobody wants to see the difference of two such texts.
    let differing = ran.out().lines().zip(lines.lines()).position(|(got, sent)| got != sent);
    assert_eq!((differing, ran.stdout.len()), (None, lines.len()));
    ran.stderr(&all_well(&url(&server)));
}

#[test]
fn a_line_of_64_mib_goes_there_and_back() {
    let server = echo();
    let mut line: Vec<u8> = (b'a'..=b'y').cycle().take(64 << 20).collect();
    let ran = tool().args(["-w", "0"]).arg(url(&server)).stdin(line.clone()).run().code(0);
    line.push(b'\n');
    assert!(ran.stdout == line, "{} bytes came back", ran.stdout.len());
    ran.stderr(&all_well(&url(&server)));
}

#[test]
fn bytes_that_are_not_utf_8_end_the_run_and_name_their_line() {
    let (server, heard) = hearing();
    let ran = tool().arg(url(&server)).stdin(b"first\nsecond\n\xc3\nnever\nsent").run();
    let error = "wsprobe: line 3 of stdin is not UTF-8; --binary sends bytes as they are\n";
    ran.code(2).stdout("").stderr(&(connected(&url(&server)) + error));
    assert_eq!(heard.texts(), ["first", "second"]);
}

#[test]
fn bytes_that_are_not_utf_8_are_found_far_down_and_in_the_last_line() {
    let (server, heard) = hearing();
    let input = ["é\n".repeat(99_999).as_bytes(), b"\xff"].concat();
    tool().arg(url(&server)).stdin(input).run().code(2).stdout("").says("line 100000 of stdin is not UTF-8");
    assert_eq!(heard.texts().len(), 99_999);
}

#[test]
fn answers_to_the_lines_before_a_bad_one_are_printed() {
    let server = echo();
    tool().arg(url(&server)).stdin(b"good\n\xff\n").run().code(2).stdout("good\n");
}

#[test]
fn binary_mode_takes_any_bytes() {
    let (server, heard) = hearing();
    tool().args(["-b", "-w", "0"]).arg(url(&server)).stdin(b"\xff\n\0").run().code(0);
    assert_eq!(heard.until_close(), [Said::Binary(vec![0xff]), Said::Binary(vec![0])]);
}

#[test]
fn a_text_message_has_the_delimiter_behind_it_and_a_binary_one_nothing() {
    let server = serving(|client| async move {
        client.text("a").await;
        client.binary(b"\0\xff\r\n\x1b[2J").await;
        client.binary(b"").await;
        client.text("b\n").await;
        client.close(1000, "").await;
    });
    tool().arg(url(&server)).run().code(0).stdout(b"a\n\0\xff\r\n\x1b[2Jb\n\n").stderr(&closed_well(&url(&server)));
}

#[test]
fn a_peers_control_characters_are_untouched_in_a_pipe() {
    let server = kit::saying(&["\u{1b}[2J\r\u{202e}\0"]);
    tool().arg(url(&server)).run().code(0).stdout("\u{1b}[2J\r\u{202e}\0\n");
}

#[test]
fn input_waits_until_the_socket_is_open() {
    let server = Raw::start(|mut stream, head| {
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        assert!(stream.read(&mut [0]).is_err(), "something came before the answer");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(kit::switching(&head).as_bytes()).unwrap();
        assert_eq!(read_frame(&mut stream).unwrap(), (TEXT, b"a".to_vec()));
        stream.write_all(&frame(CLOSE, &[0x03, 0xe8])).unwrap();
        let _ = read_frame(&mut stream);
    });
    let url = server.url();
    tool().arg(&url).stdin("a\n").run().code(0).stdout("").stderr(&closed_well(&url));
    server.join();
}

/// Each kind of stdin that counts as no input.
fn without_input() -> Vec<(&'static str, Tool)> {
    let dir = dir();
    let write_only = OpenOptions::new().create(true).append(true).open(path(&dir, "output")).unwrap();
    let null = OpenOptions::new().write(true).open("/dev/null").unwrap();
    vec![
        ("closed", tool_in_shell(r#"exec "$@" <&-"#)),
        ("/dev/null", tool()),
        ("/dev/null as nohup opens it", tool().stdin_from(null)),
        ("open for writing only", tool().stdin_from(write_only)),
        ("a directory", tool().stdin_from(File::open(dir.path()).unwrap())),
    ]
}

#[test]
fn without_an_input_it_only_listens() {
    let server = serving(|client| async move {
        // An input that had ended would bring a Close after a second.
        let said = tokio::time::timeout(Duration::from_millis(1500), client.next()).await;
        client.text(&format!("said: {:?}", said.ok())).await;
        client.close(1000, "").await;
    });
    let runs = without_input().into_iter();
    let runs: Vec<_> = runs.map(|(kind, tool)| (kind, tool.arg(url(&server)).start())).collect();
    for (kind, running) in runs {
        let ran = running.wait().code(0).stdout("said: None\n");
        let note = match kind {
            "open for writing only" => {
                "wsprobe: stdin cannot be read (Bad file descriptor (os error 9)); listening only\n"
            }
            "a directory" => "wsprobe: stdin cannot be read (Is a directory (os error 21)); listening only\n",
            _ => "",
        };
        let talk = closed_well(&url(&server)).replacen('\n', &format!("\n{note}"), 1);
        assert_eq!(ran.stderr, talk, "{kind}");
    }
}

#[test]
fn without_an_input_a_wait_begins_with_the_connection() {
    let (server, heard) = hearing();
    for (kind, tool) in without_input() {
        let ran = tool.args(["-q", "-w", "0"]).arg(url(&server)).run();
        assert_eq!((ran.code, &*ran.out(), &*ran.stderr), (Some(0), "", ""), "{kind}");
        assert!(heard.until_close().is_empty(), "{kind}");
    }
}

#[test]
fn execute_needs_no_input() {
    let server = echo();
    let runs = [&["-w", "0", "-x", "a"][..], &["-w", "0", "-x", "a", "-i"]].into_iter();
    let runs = runs.flat_map(|args| without_input().into_iter().map(move |(_, tool)| tool.args(args)));
    let runs: Vec<_> = runs.map(|tool| tool.arg(url(&server)).start()).collect();
    for running in runs {
        running.wait().code(0).stdout("a\n").stderr(&all_well(&url(&server)));
    }
}

#[test]
fn a_hangup_that_is_ignored_as_nohup_does_ends_nothing() {
    let (tell, opened) = channel();
    let (hang_up, hung_up) = channel();
    let server = Raw::open(move |mut stream| {
        tell.send(()).unwrap();
        hung_up.recv_timeout(PATIENCE).unwrap();
        stream.write_all(&frame(TEXT, b"still here")).unwrap();
        stream.write_all(&frame(CLOSE, &[0x03, 0xe8])).unwrap();
        let _ = read_frame(&mut stream);
    });
    let dir = dir();
    let (out, url) = (path(&dir, "nohup.out"), server.url());
    let running = tool_in_shell(r#"trap "" HUP; exec "$@""#).arg(&url).stdout_to(File::create(&out).unwrap()).start();
    opened.recv_timeout(PATIENCE).unwrap();
    running.signal(SIGHUP);
    hang_up.send(()).unwrap();
    running.wait().code(0).stderr(&closed_well(&url));
    assert_eq!(std::fs::read_to_string(out).unwrap(), "still here\n");
}

/// A server that says one thing and then only listens, and what it hears.
fn saying_one() -> (Server, Receiver<Said>) {
    let (tell, heard) = channel();
    let server = serving(move |client| {
        let tell = tell.clone();
        async move {
            client.text("one").await;
            while let Some(said) = client.next().await {
                let _ = tell.send(said);
            }
        }
    });
    (server, heard)
}

#[test]
fn a_closed_stdout_ends_it_quietly_also_when_the_server_stays_silent() {
    let (server, left) = saying_one();
    let mut running = tool().arg(url(&server)).spawn();
    let mut line = String::new();
    BufReader::new(running.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "one\n");
    // The reader above is gone by now, while stdin is open and the server says no more.
    running.wait().code(0).stderr(&connected(&url(&server)));
    assert_eq!(left.recv_timeout(PATIENCE).unwrap(), Said::Close(Some(1001), String::new()));
}

#[test]
fn a_closed_stdout_ends_it_quietly_in_a_flood() {
    let server = serving(|client| async move {
        for n in 0..1_000_000 {
            client.feed(&format!("{n}")).await;
        }
        client.close(1000, "").await;
    });
    let mut running = tool().arg(url(&server)).spawn();
    let mut line = String::new();
    BufReader::new(running.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "0\n");
    running.wait().code(0).stderr(&connected(&url(&server)));
}

#[test]
fn what_is_to_be_sent_does_not_wait_for_the_end_of_a_flood() {
    const ENOUGH: usize = 1 << 30;
    let block = frame(TEXT, &[b'x'; 100]).repeat(10_000);
    let (tell, begun) = channel();
    let server = Raw::open(move |mut stream| {
        let mut reading = stream.try_clone().unwrap();
        let reader = std::thread::spawn(move || read_frame(&mut reading).unwrap());
        let mut sent = 0;
        while !reader.is_finished() {
            assert!(sent < ENOUGH, "nothing came while {sent} bytes were sent");
            stream.write_all(&block).unwrap();
            sent += block.len();
            let _ = tell.send(());
        }
        assert_eq!(reader.join().unwrap(), (TEXT, b"enough".to_vec()));
    });
    // The client has more to do than the server, so that there is always more to be read.
    let nowhere = OpenOptions::new().write(true).open("/dev/null").unwrap();
    let mut running = tool().args(["--json", "--wait", "0"]).arg(server.url()).stdout_to(nowhere).spawn();
    begun.recv_timeout(PATIENCE).unwrap();
    running.child.stdin.as_mut().unwrap().write_all(b"enough\n").unwrap();
    server.join();
    running.wait_code();
}

#[test]
fn a_closed_stdout_ends_it_quietly_before_the_connection_is_open() {
    let (tell, asked) = channel();
    let server = Raw::start(move |mut stream, _| {
        tell.send(()).unwrap();
        let _ = stream.read(&mut [0]);
    });
    let mut running = tool().arg(server.url()).spawn();
    asked.recv_timeout(PATIENCE).unwrap();
    drop(running.child.stdout.take());
    running.wait().code(0).stderr("");
}

#[test]
fn a_full_disk_is_an_error() {
    let server = kit::saying(&["too much"]);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = tool().arg(url(&server)).stdout_to(full).run();
    let error = "wsprobe: cannot write to stdout: No space left on device (os error 28)\n";
    ran.code(2).says(error);
}

#[test]
fn a_full_disk_ends_the_run_although_the_server_stays_silent() {
    let server = serving(|client| async move {
        client.text("too much").await;
        while client.next().await.is_some() {}
    });
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let running = tool().arg(url(&server)).stdout_to(full).spawn();
    let error = "wsprobe: cannot write to stdout: No space left on device (os error 28)\n";
    running.wait().code(2).stderr(&(connected(&url(&server)) + error));
}

#[test]
fn a_reader_100_times_slower_than_the_server_loses_nothing_and_costs_no_memory() {
    const LINES: usize = 1500;
    let line = |n: usize| format!("{n:065535}");
    let server = serving(move |client| async move {
        for n in 0..LINES {
            client.feed(&line(n)).await;
        }
        client.flush().await;
        while client.next().await.is_some() {}
    });
    let mut running = tool().arg(url(&server)).spawn();
    let mut stdout = running.child.stdout.take().unwrap();
    let mut block = vec![0; 65536];
    for n in 0..LINES {
        stdout.read_exact(&mut block).unwrap();
        assert!(block == (line(n) + "\n").as_bytes(), "line {n} differs");
        // An unhindered server needs some 50 µs for such a line.
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(running.peak_memory() < LITTLE, "{} bytes", running.peak_memory());
    drop(stdout);
    running.wait().code(0).stderr(&connected(&url(&server)));
}

#[test]
fn a_server_that_does_not_read_slows_stdin_and_costs_no_memory() {
    let reads = Arc::new(Notify::new());
    let (tell, counted) = channel();
    let server = serving({
        let reads = Arc::clone(&reads);
        move |client| {
            let (reads, tell) = (Arc::clone(&reads), tell.clone());
            async move {
                reads.notified().await;
                let mut lines = 0;
                while let Some(Said::Text(text)) = client.next().await {
                    assert_eq!(text, format!("{lines:063}"));
                    lines += 1;
                }
                let _ = tell.send(lines);
                while client.next().await.is_some() {}
            }
        }
    });
    let mut running = tool().args(["-w", "0"]).arg(url(&server)).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    let lines = write_until_stalled(&mut stdin);
    assert!(lines * 64 < 32 << 20, "{lines} lines were taken");
    assert!(running.peak_memory() < LITTLE, "{} bytes", running.peak_memory());
    reads.notify_one();
    drop(stdin);
    running.wait().code(0).stdout("").stderr(&all_well(&url(&server)));
    assert_eq!(counted.recv_timeout(PATIENCE).unwrap(), lines);
}

/// A run whose stdout nobody reads, against a server that floods it with messages of 64 KiB until both are stuck;
/// its URL, and how many were sent.
fn stalled(args: &[&str]) -> (kit::Running, String, usize) {
    let (server, stuck) = flooding(Duration::from_millis(300));
    // What compresses well would take longer to fill the buffers between the two.
    let running = tool().args(["--compress", "off"]).args(args).arg(url(&server)).spawn();
    let sent = stuck.recv_timeout(PATIENCE).unwrap();
    (running, url(&server), sent)
}

#[test]
fn a_stdout_that_is_not_read_stops_the_server() {
    let (running, _, sent) = stalled(&[]);
    assert!(sent < 512, "{sent} messages were taken");
    assert!(running.peak_memory() < LITTLE, "{} bytes", running.peak_memory());
}

#[test]
fn the_time_limit_holds_while_stdout_is_stalled() {
    let (mut running, url, _) = stalled(&["--timeout", "2s"]);
    assert_eq!(running.wait_code(), Some(7));
    running.child.stdout.take();
    running.wait().stderr(&(connected(&url) + "wsprobe: timed out after 2s (--timeout)\n"));
}

#[test]
fn a_signal_ends_it_while_stdout_is_stalled() {
    for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] {
        let (mut running, url, _) = stalled(&[]);
        running.signal(signal);
        assert_eq!(running.wait_code(), Some(code));
        running.child.stdout.take();
        running.wait().stderr(&(connected(&url) + "wsprobe: interrupted\n"));
    }
}

#[test]
fn a_signal_ends_it_with_a_close() {
    for (signal, code) in [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] {
        let (server, heard) = hearing();
        let mut running = tool().arg(url(&server)).spawn();
        let mut stdin = running.child.stdin.take().unwrap();
        stdin.write_all(b"ready\n").unwrap();
        assert_eq!(heard.next(), Said::Text("ready".to_owned()));
        running.signal(signal);
        assert_eq!(heard.next(), Said::Close(Some(1000), String::new()));
        running.wait().code(code).stdout("").stderr(&(connected(&url(&server)) + "wsprobe: interrupted\n"));
    }
}

#[test]
fn a_signal_ends_it_before_the_connection_is_open() {
    for (signal, code, quiet) in [(SIGINT, 130, false), (SIGTERM, 143, false), (SIGHUP, 129, true)] {
        let (tell, asked) = channel();
        let server = Raw::start(move |mut stream, _| {
            tell.send(()).unwrap();
            let _ = stream.read(&mut [0]);
        });
        let running = tool().args(quiet.then_some("-q")).arg(server.url()).spawn();
        asked.recv_timeout(PATIENCE).unwrap();
        running.signal(signal);
        running.wait().code(code).stdout("").stderr(if quiet { "" } else { "wsprobe: interrupted\n" });
    }
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let end = || {
        let (tell, closed) = channel();
        let server = Raw::open(move |mut stream| {
            stream.write_all(&frame(TEXT, b"ready")).unwrap();
            assert_eq!(read_frame(&mut stream).unwrap().0, CLOSE);
            tell.send(()).unwrap();
            // It never answers.
            let _ = stream.read(&mut [0]);
        });
        let mut running = tool().arg(server.url()).spawn();
        let mut stdout = BufReader::new(running.child.stdout.take().unwrap());
        stdout.read_line(&mut String::new()).unwrap();
        running.signal(SIGINT);
        closed.recv_timeout(PATIENCE).unwrap();
        running.signal(SIGINT);
        let signalled = Instant::now();
        assert_eq!(running.wait_code(), Some(130));
        signalled.elapsed()
    };
    // After the first it would wait a second for the server; a busy machine may need some attempts to show the difference.
    assert!((0..5).any(|_| end() < Duration::from_millis(500)));
}

#[test]
fn a_sigpipe_that_is_sent_ends_it_as_a_closed_stdout_does() {
    let (server, left) = saying_one();
    let mut running = tool().arg(url(&server)).spawn();
    let mut line = String::new();
    let mut stdout = BufReader::new(running.child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    running.signal(SIGPIPE);
    running.wait().code(0).stderr(&connected(&url(&server)));
    assert_eq!(left.recv_timeout(PATIENCE).unwrap(), Said::Close(Some(1001), String::new()));

    let (tell, asked) = channel();
    let server = Raw::start(move |mut stream, _| {
        tell.send(()).unwrap();
        let _ = stream.read(&mut [0]);
    });
    let running = tool().arg(server.url()).spawn();
    asked.recv_timeout(PATIENCE).unwrap();
    running.signal(SIGPIPE);
    running.wait().code(0).stderr("");
}

#[test]
fn a_sigpipe_of_another_pipe_than_stdout_ends_nothing() {
    let server = kit::echo();
    // Nobody reads stderr, and each line that is written there is answered with a SIGPIPE.
    let mut running = tool().args(["-v", "-1", "-x", "hello"]).arg(url(&server)).start();
    drop(running.child.stderr.take());
    running.wait().code(0).stdout("hello\n");
}
