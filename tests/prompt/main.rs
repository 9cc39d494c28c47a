//! The prompt, on a real terminal.

#[path = "../kit/mod.rs"]
mod kit;

mod commands;
mod display;
mod input;
mod keys;
mod resize;
mod slips;
mod speed;
mod wire;

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use kit::pty::{Prompt, Screen, counting, cursor_row, number, on_terminal, prompt, ready, waits_for_more};
use kit::{Client, PATIENCE, Raw, Said, Server, channel, connected, dir, echo, path, serving, switching, text, url};
use nix::sys::signal::Signal;
use portable_pty::CommandBuilder;
use tokio::sync::Notify;

const ENTER: &str = "\r";
const ALT_ENTER: &str = "\x1b\r";
const LEFT: &str = "\x1b[D";
const UP: &str = "\x1b[A";
const CTRL_A: &str = "\x01";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_R: &str = "\x12";
const CTRL_U: &str = "\x15";

/// What would drive a terminal or hide text, and what is shown instead.
const HOSTILE: [(&str, &str); 9] = [
    ("title \x1b]0;owned\x07", "title \\e]0;owned\\x07"),
    ("clipboard \x1b]52;c;cHduZWQ=\x07", "clipboard \\e]52;c;cHduZWQ=\\x07"),
    ("clear \x1b[2J\x1b[H", "clear \\e[2J\\e[H"),
    ("alternate \x1b[?1049h", "alternate \\e[?1049h"),
    ("hidden \x1b[?25l", "hidden \\e[?25l"),
    ("question \x1b[c\x05", "question \\e[c\\x05"),
    ("c1 \u{9b}31m\u{90}q\u{9c}", "c1 \\x9b31m\\x90q\\x9c"),
    ("bidi \u{202e}txt.exe\u{2066}", "bidi \\u{202e}txt.exe\\u{2066}"),
    ("back \x08\x08\rspace\x7f", "back \\x08\\x08\\rspace\\x7f"),
];

/// The prompt of a client of this server, waiting for a line.
fn prompt_on(server: &Server) -> Screen {
    ready(prompt([url(server)]))
}

/// A server that reads until it is told to close.
fn closing(code: u16, reason: &'static str) -> (Server, Arc<Notify>) {
    let close = Arc::new(Notify::new());
    let wanted = Arc::clone(&close);
    let server = serving(move |client| {
        let wanted = Arc::clone(&wanted);
        async move {
            tokio::select! {
                () = wanted.notified() => client.close(code, reason).await,
                () = async { while client.next().await.is_some() {} } => {}
            }
        }
    });
    (server, close)
}

/// A server that passes on what it is told.
fn listening() -> (Server, std::sync::mpsc::Receiver<Said>) {
    let (said, heard) = channel();
    let server = serving(move |client| {
        let said = said.clone();
        async move {
            while let Some(what) = client.next().await {
                let _ = said.send(what);
            }
        }
    });
    (server, heard)
}

#[track_caller]
fn hears(heard: &std::sync::mpsc::Receiver<Said>, what: &Said) {
    assert_eq!(&heard.recv_timeout(PATIENCE).expect("the server hears something"), what);
}

/// Floods until told to stop, but with no less than `least` messages; then sends `the last one`.
fn flooding(least: u32) -> (Server, Arc<AtomicBool>, Arc<AtomicU32>) {
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&sent));
    let server = serving(move |client| {
        let (stopped, counted) = (Arc::clone(&stopped), Arc::clone(&counted));
        async move {
            for n in 1_u32.. {
                client.feed(&format!("#{n}# of a flood of messages")).await;
                counted.store(n, Ordering::SeqCst);
                if n % 100 == 0 {
                    client.flush().await;
                    if n >= least && stopped.load(Ordering::SeqCst) {
                        break;
                    }
                }
            }
            client.text("the last one").await;
            while client.next().await.is_some() {}
        }
    });
    (server, stop, sent)
}

/// Nothing of what a terminal obeys came through; the line editor's own sequences are none of these.
#[track_caller]
fn is_inert(screen: &Screen) {
    let stream = screen.stream();
    let written = String::from_utf8_lossy(&stream);
    for driver in ["\x1b]", "\x1b[2J", "\x1b[?1049h", "\x1b[?25l", "\x1b[c", "\x05", "\x07", "\x08", "\x7f"] {
        assert!(!written.contains(driver), "{driver:?} came through: {written:?}");
    }
    let is_hidden = |c: char| matches!(c, '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!written.contains(is_hidden), "{written:?}");
    assert!(screen.look(|screen| !screen.alternate_screen() && !screen.hide_cursor()));
}

#[test]
fn typed_lines_are_sent_and_answers_appear_above_the_next() {
    let server = echo();
    let mut screen = prompt_on(&server);
    screen.keys("hello\r");
    screen.shows("> hello\n< hello\n>");
    screen.prompt();
    screen.keys("wörld 日本\r");
    screen.shows("> wörld 日本\n< wörld 日本\n>");
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    screen.shows("closed 1000 (normal closure)");
}

#[test]
fn the_line_being_typed_and_its_cursor_survive_200_messages_a_second() {
    let server = counting(200);
    let screen = prompt([url(&server)]).size(12, 60).start();
    waits_for_more(&screen, 1);
    screen.keys("hello wörld");
    screen.keys([LEFT, LEFT].concat());
    screen.line("> hello wörld", 11);
    waits_for_more(&screen, 100);
    screen.line("> hello wörld", 11);
    screen.keys([CTRL_A, "X"].concat());
    screen.line("> Xhello wörld", 3);
}

#[test]
fn a_line_over_three_rows_survives_messages_too() {
    let server = counting(200);
    let screen = prompt([url(&server)]).size(12, 40).start();
    waits_for_more(&screen, 1);
    let typed: String = (0..33).fold(String::new(), |mut typed, n| {
        write!(typed, "{n:02}.").expect("a String takes all");
        typed
    });
    screen.keys(&typed);
    screen.keys(LEFT.repeat(3));
    let rows = format!("> {typed}");
    let is_whole = |screen: &vt100::Screen| {
        let (row, column) = screen.cursor_position();
        let shown: Vec<_> = screen.rows(0, 40).collect();
        let last = usize::from(row);
        last >= 3 && column == 18 && shown[last - 2..=last].concat() == rows && shown[last - 3].starts_with("< #")
    };
    screen.wait("the whole line", is_whole);
    waits_for_more(&screen, 100);
    screen.wait("the whole line, still", is_whole);
    screen.keys("|");
    screen.wait("a key in the middle of its last row", |screen| cursor_row(screen).ends_with("31.|32."));
}

#[test]
fn a_resize_keeps_the_line_and_its_cursor() {
    let server = counting(50);
    let screen = prompt([url(&server)]).size(12, 60).start();
    waits_for_more(&screen, 1);
    screen.keys(["abc def", LEFT].concat());
    screen.line("> abc def", 8);
    for (rows, columns) in [(12, 40), (20, 100), (8, 30)] {
        screen.resize(rows, columns);
        waits_for_more(&screen, 20);
        screen.line("> abc def", 8);
    }
    screen.keys("X");
    screen.line("> abc deXf", 9);
}

#[test]
fn hostile_messages_are_shown_escaped_and_do_nothing() {
    let server = serving(|client| async move {
        for (sent, _) in HOSTILE {
            client.text(sent).await;
        }
        client.ping(b"ping \x1b[2J").await;
        client.text(&format!("{{\"json\": \"{}\"}}", "\u{9b}2J \u{202e}")).await;
        client.text("the last one").await;
        while client.next().await.is_some() {}
    });
    let mut screen = prompt(["-P", &url(&server)]).size(40, 100).start();
    screen.shows("< the last one\n>");
    screen.prompt();
    for (_, shown) in HOSTILE {
        screen.shows(&format!("< {shown}\n"));
    }
    screen.shows("< ping ping \\e[2J\n");
    screen.shows("{\"json\": \"\\x9b2J \\u{202e}\"}");
    is_inert(&screen);
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}

#[test]
fn hostile_close_reasons_are_shown_escaped() {
    let (server, close) = closing(4000, "\x1b]52;c;cHduZWQ=\x07 \x1b[?1049h \u{9b}2J \u{202e}");
    let mut screen = prompt_on(&server);
    close.notify_one();
    screen.wrote(": \\e]52;c;cHduZWQ=\\x07 \\e[?1049h \\x9b2J \\u{202e}");
    screen.leaves_with(6);
    is_inert(&screen);
}

#[test]
fn hostile_refusals_are_shown_escaped() {
    let body = HOSTILE.map(|(sent, _)| sent).join("\n");
    let server =
        Raw::answering(format!("HTTP/1.1 403 Forb\u{202e}idden\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    let mut screen = prompt([server.url()]).size(40, 100).start();
    screen.leaves_with(4);
    screen.shows("403");
    for (_, shown) in HOSTILE {
        screen.shows(&format!("\n  {shown}"));
    }
    is_inert(&screen);
}

#[test]
fn a_hostile_subprotocol_is_shown_escaped() {
    let server = Raw::start(|mut stream, head| {
        let answer = switching(&head).replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: \u{9b}2J\u{202e}\r\n\r\n");
        let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
    });
    let mut screen = prompt(["-s", "chat", &server.url()]).start();
    screen.leaves_with(5);
    screen.shows("\\x9b2J\\u{202e}");
    is_inert(&screen);
}

#[test]
fn a_flood_keeps_typing_alive_and_what_is_skipped_is_counted() {
    let (server, stop, sent) = flooding(100_000);
    let mut screen = prompt([url(&server)]).start();
    screen.wrote("#1#");
    for (at, typed) in ["h", "he", "hel", "hell", "hello"].into_iter().enumerate() {
        screen.keys(&typed[at..]);
        screen.line(&format!("> {typed}"), 3 + u16::try_from(at).expect("it is short"));
    }
    let seen = sent.load(Ordering::SeqCst);
    screen.wait("the flood to go on", |_| sent.load(Ordering::SeqCst) > seen);
    stop.store(true, Ordering::SeqCst);
    screen.shows("< the last one");
    screen.line("> hello", 7);
    assert!(screen.peak_memory() < 64 << 10, "{} KiB", screen.peak_memory());

    let stream = String::from_utf8(screen.stream()).expect("nothing else was sent");
    let (mut next, mut shown, mut skipped) = (1_u32, 0_u32, 0_u32);
    for line in stream.lines() {
        if let Some((_, rest)) = line.split_once("… ")
            && let Some((count, _)) = rest.split_once(" messages (")
        {
            let count: u32 = count.replace(',', "").parse().expect("a number");
            (next, skipped) = (next + count, skipped + count);
        } else if let Some((_, rest)) = line.split_once("< #") {
            let (n, _) = rest.split_once('#').expect("messages are whole");
            assert_eq!(n.parse(), Ok(next), "in order, and none missing that was not counted");
            (next, shown) = (next + 1, shown + 1);
        }
    }
    assert_eq!(shown + skipped, sent.load(Ordering::SeqCst));
    assert!(skipped > 0, "this was no flood");
    screen.keys([CTRL_U, CTRL_D].concat());
    screen.leaves_with(0);
}

#[test]
fn the_record_is_whole_under_a_flood() {
    let (server, stop, sent) = flooding(100_000);
    let dir = dir();
    let record = path(&dir, "record");
    let mut screen = prompt(["--record", record.to_str().expect("UTF-8"), &url(&server)]).start();
    screen.wrote("#1#");
    stop.store(true, Ordering::SeqCst);
    screen.shows("< the last one");
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    let record = std::fs::read_to_string(record).expect("it was written");
    let messages = record.lines().filter(|line| line.contains(r#""type":"text""#));
    let numbers = messages.filter_map(|line| line.split('#').nth(1)?.parse::<u32>().ok());
    assert!(numbers.eq(1..=sent.load(Ordering::SeqCst)));
    assert!(record.lines().last().expect("it has lines").contains(r#""type":"close""#));
}

#[test]
fn a_close_with_nothing_typed_ends_the_prompt_and_the_status_tells() {
    for (code, status) in [(1000, 0), (1001, 0), (1008, 6), (4000, 6)] {
        let (server, close) = closing(code, "go away");
        let mut screen = prompt_on(&server);
        assert!(!screen.is_cooked());
        close.notify_one();
        screen.leaves_with(status);
        screen.shows(&format!("closed {code} by the server ("));
        screen.shows("): go away");
    }
}

#[test]
fn a_close_ends_the_prompt_while_the_history_is_searched() {
    let (server, close) = closing(1008, "go away");
    let mut screen = ready(prompt(["--exit-on-close", &url(&server)]));
    screen.keys("hello\r");
    screen.prompt();
    screen.keys(CTRL_R);
    screen.shows("(reverse-i-search)");
    close.notify_one();
    screen.leaves_with(6);
    screen.shows("closed 1008 by the server (policy violation): go away");
}

#[test]
fn a_close_ends_the_prompt_while_completions_are_shown() {
    let (server, close) = closing(1008, "go away");
    let mut screen = ready(prompt(["--exit-on-close", &url(&server)]));
    screen.keys("/\t");
    screen.shows("/help");
    close.notify_one();
    screen.leaves_with(6);
    screen.shows("closed 1008 by the server (policy violation): go away");
    screen.shows("not sent: /");
}

#[test]
fn a_cut_connection_ends_the_prompt_with_5() {
    let server = serving(|client| async move {
        let _ = client.next().await;
    });
    let mut screen = ready(prompt(["--exit-on-close", &url(&server)]));
    screen.keys("hello\r");
    screen.leaves_with(5);
    screen.shows("the connection was cut without a Close");
}

#[test]
fn a_half_typed_line_keeps_the_prompt_and_enter_connects_again() {
    let (server, close) = closing(1008, "go away");
    let mut screen = prompt_on(&server);
    screen.keys("half");
    screen.line("> half", 6);
    close.notify_one();
    screen.shows(
        "* closed 1008 by the server (policy violation): go away\n* Enter or /reconnect connects again, /quit leaves",
    );
    screen.line("! half", 6);
    screen.keys(" typed\r");
    screen.shows("* not sent: the connection is closed; Enter or /reconnect connects again, /quit leaves");
    screen.line("!", 2);
    screen.keys(ENTER);
    screen.shows("* connected to ws://127.0.0.1");
    screen.keys("again");
    screen.line("> again", 7);
    close.notify_one();
    screen.wait("the second close", |screen| screen.contents().matches("* closed 1008").count() == 2);
    screen.keys([CTRL_U, "/reconnect\r"].concat());
    screen.wait("the third connection", |screen| screen.contents().matches("* connected to").count() == 2);
    screen.keys("x");
    screen.line("> x", 3);
    close.notify_one();
    screen.wait("the third close", |screen| screen.contents().matches("* closed 1008").count() == 3);
    screen.keys([CTRL_U, "/quit\r"].concat());
    screen.leaves_with(6);
}

#[test]
fn exit_on_close_leaves_and_shows_the_line_that_was_not_sent() {
    let (server, close) = closing(1000, "");
    let mut screen = ready(prompt(["--exit-on-close", &url(&server)]));
    screen.keys("half typed");
    screen.line("> half typed", 12);
    close.notify_one();
    screen.leaves_with(0);
    screen.shows("* closed 1000 by the server (normal closure)\n! half typed\nnot sent: half typed");
}

#[test]
fn commands_do_what_they_say() {
    let (server, heard) = listening();
    let mut screen = prompt_on(&server);
    screen.keys("/help\r");
    for shown in ["send        /ping", "/pong /frame", "/close", "/quit", "/last", "/reconnect"] {
        screen.shows(shown);
    }
    screen.keys("/help send\r");
    screen.shows("/ping [TEXT] ");
    screen.keys("/ping are you there\r");
    screen.shows("< pong are you there");
    hears(&heard, &Said::Ping(b"are you there".to_vec()));
    screen.keys("/pong\r");
    hears(&heard, &Said::Pong(Vec::new()));
    screen.keys("//slash\r");
    hears(&heard, &text("/slash"));
    screen.keys("/close 4001 good bye\r");
    hears(&heard, &Said::Close(Some(4001), "good bye".to_owned()));
    screen.shows("* closed 4001 (private use): good bye\n* Enter or /reconnect");
    screen.keys("/quit\r");
    screen.leaves_with(0);
}

#[test]
fn bad_commands_and_arguments_are_explained_and_nothing_is_sent() {
    let (server, heard) = listening();
    let screen = prompt_on(&server);
    for (typed, shown) in [
        ("/hlep", "* unknown command `/hlep` (did you mean `/help`?); /help lists all commands, //… sends a slash"),
        ("/close 99", "* /close [CODE [REASON]]: codes that may be sent are 1000-1003, 1007-1014 and 3000-4999"),
        ("/close 1005", "* /close [CODE [REASON]]: codes that may be sent"),
        ("/quit now", "* /quit: takes no argument"),
        ("/last", "* no message has been received yet"),
        (&format!("/ping {}", "x".repeat(126)), "126 bytes, and at most 125 are allowed"),
    ] {
        screen.keys([typed, ENTER].concat());
        screen.shows(shown);
        screen.prompt();
    }
    screen.keys("end\r");
    hears(&heard, &text("end"));
}

#[test]
fn quit_and_ctrl_d_leave_with_0_and_say_so_to_the_server() {
    for leave in ["/quit\r", CTRL_D] {
        let (server, heard) = listening();
        let mut screen = prompt_on(&server);
        screen.keys(leave);
        screen.leaves_with(0);
        hears(&heard, &Said::Close(Some(1000), String::new()));
    }
}

#[test]
fn last_shows_the_whole_message_in_the_pager() {
    let server = serving(|client| async move {
        client.binary(&[0xab; 300]).await;
        while client.next().await.is_some() {}
    });
    let screen = prompt([url(&server)]).env("PAGER", "sed s/^/paged:/").size(40, 100).start();
    screen.shows("< binary, 300 bytes");
    screen.shows("… 172 bytes more");
    screen.prompt();
    screen.keys("/last\r");
    screen.shows("paged:00000120");
    screen.prompt();
}

#[test]
fn messages_wait_while_the_pager_has_the_screen() {
    let server = counting(50);
    // It waits for the test to press a key.
    let pager = "cat >/dev/null; echo paging; read -r key </dev/tty; echo paged";
    let screen = prompt([url(&server)]).env("PAGER", pager).size(40, 100).start();
    waits_for_more(&screen, 1);
    screen.keys("/last\r");
    screen.shows("paging");
    let before = screen.look(number);
    let (server, heard) = listening();
    let other = prompt_on(&server);
    other.keys("time passes\r");
    hears(&heard, &text("time passes"));
    assert_eq!(screen.look(number), before);
    screen.keys("x\n");
    waits_for_more(&screen, 10);
    screen.prompt();
}

#[test]
fn ctrl_c_clears_the_line_and_twice_on_an_empty_one_leaves_with_130() {
    let (server, heard) = listening();
    let mut screen = prompt_on(&server);
    screen.keys("not this");
    screen.line("> not this", 10);
    screen.keys(CTRL_C);
    screen.prompt();
    screen.keys("but this\r");
    hears(&heard, &text("but this"));
    screen.prompt();
    screen.keys(CTRL_C);
    screen.shows("* press Ctrl-C again, or Ctrl-D, to leave");
    screen.prompt();
    screen.keys("a");
    screen.line("> a", 3);
    screen.keys(CTRL_C);
    screen.prompt();
    screen.keys(CTRL_C);
    screen.wait("the second note", |screen| screen.contents().matches("Ctrl-C again").count() == 2);
    screen.prompt();
    screen.keys(CTRL_C);
    screen.leaves_with(130);
    hears(&heard, &Said::Close(Some(1000), String::new()));
}

#[test]
fn signals_restore_the_terminal_and_the_status_names_them() {
    for (signal, status) in [(Signal::SIGTERM, 143), (Signal::SIGHUP, 129), (Signal::SIGQUIT, 131)] {
        for typed in ["", "half typed", "/\t", CTRL_R] {
            let server = counting(100);
            let mut screen = prompt([url(&server)]).start();
            waits_for_more(&screen, 1);
            screen.keys(typed);
            screen.wait("what was typed", |screen| {
                let row = cursor_row(screen);
                row.trim_end() == format!("> {}", typed.trim_matches(['\t', '\x12'])).trim_end()
                    || row.contains("i-search")
            });
            screen.signal(signal);
            screen.leaves_with(status);
        }
    }
}

#[test]
fn a_terminal_that_is_gone_ends_the_process() {
    let server = echo();
    let mut screen = prompt_on(&server);
    screen.close();
    assert_eq!(screen.code(), 129);
}

#[test]
fn a_terminal_that_is_gone_ends_the_process_also_when_its_signal_is_ignored() {
    let server = counting(100);
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &format!("trap '' HUP; exec '{}' '{}'", kit::binary(), url(&server))]);
    let mut screen = on_terminal(command).start();
    waits_for_more(&screen, 1);
    screen.close();
    screen.code();
}

#[test]
fn the_history_is_private_and_comes_back_in_the_next_session() {
    let server = echo();
    let home = dir();
    let session = || ready(prompt([url(&server)]).home(home.path()));
    let mut first = session();
    first.keys("kept\r");
    first.shows("< kept");
    first.prompt();
    first.keys(" secret\r");
    first.shows("<  secret");
    first.prompt();
    first.keys(CTRL_D);
    first.leaves_with(0);

    let file = home.path().join("state/wsprobe/history");
    let mode = |path| std::fs::metadata(path).expect("it was made").permissions().mode() & 0o777;
    assert_eq!((mode(file.as_path()), mode(file.parent().expect("it has one"))), (0o600, 0o700));
    let lines = std::fs::read_to_string(&file).expect("it is text");
    assert!(lines.contains("kept") && !lines.contains("secret"), "{lines}");

    let mut second = session();
    second.keys(UP);
    second.line("> kept", 6);
    second.keys(ENTER);
    second.shows("< kept");
    second.prompt();
    second.keys(CTRL_D);
    second.leaves_with(0);
}

#[test]
fn the_history_keeps_no_password_of_a_url() {
    let (here, there) = (echo(), echo());
    let home = dir();
    let mut screen = ready(prompt([url(&here)]).home(home.path()));
    screen.keys(format!("/connect ws://me:sesame@127.0.0.1:{}/\r", there.port()));
    screen.shows(&format!("connected to ws://127.0.0.1:{}/", there.port()));
    screen.prompt();
    screen.keys(UP);
    screen.shows(&format!("> /connect ws://***@127.0.0.1:{}/", there.port()));
    screen.keys([CTRL_U, "/conn ws://me:sesame@h/\r"].concat());
    screen.shows("unknown command `/conn`");
    screen.prompt();
    screen.keys("ws://me:s#sesame@h/\r");
    screen.shows("< ws://me:s#sesame@h/");
    screen.prompt();
    screen.keys(format!("/connect ws://127.0.0.1:{}/x?token=sesame\r", here.port()));
    screen.shows(&format!("connected to ws://127.0.0.1:{}/x?token=***", here.port()));
    screen.prompt();
    screen.keys("/info\r");
    screen.shows(&format!("url          ws://127.0.0.1:{}/x?token=***", here.port()));
    screen.prompt();
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    let lines = std::fs::read_to_string(home.path().join("state/wsprobe/history")).expect("it is text");
    for kept in ["/connect ws://***@", "/conn ws://***@h/", "\nws://***@h/", "/x?token=***"] {
        assert!(lines.contains(kept) && !lines.contains("sesame"), "{kept}: {lines}");
    }
}

#[test]
fn a_home_that_cannot_be_written_is_no_reason_to_complain() {
    let server = echo();
    let mut screen = ready(prompt([url(&server)]).env("XDG_STATE_HOME", "/proc/nowhere"));
    screen.keys("hello\r");
    screen.shows("> hello\n< hello\n>");
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}

#[test]
fn who_has_typed_nothing_yet_and_who_tries_the_demo_is_told_in_one_grey_line_how_to_use_the_prompt() {
    let guidance = "type a line and press Enter to send it; /help lists the commands, Ctrl-D leaves";
    let server = echo();
    let home = dir();
    let mut first = ready(prompt([url(&server)]).home(home.path()).without_env("NO_COLOR"));
    first.shows(&format!("{}{guidance}\n>", connected(&url(&server))));
    first.wrote(&format!("\x1b[38;5;8m{guidance}\x1b[39m"));
    first.keys("hello\r");
    first.shows("< hello\n>");
    first.keys(CTRL_D);
    first.leaves_with(0);
    // By now there is a history; the demo says it in any case.
    let second = ready(prompt([url(&server)]).home(home.path()));
    assert!(!second.contents().contains(guidance), "{}", second.contents());
    let demo = ready(prompt(["demo"]).home(home.path()));
    demo.shows(&format!("{guidance}\n>"));
}

#[test]
fn nobody_is_told_how_to_use_the_prompt_who_asked_for_quiet_or_has_a_history() {
    let (server, home) = (echo(), dir());
    let url = url(&server);
    for prompt in [prompt(["-q", &url]).home(home.path()), prompt(["demo", "-q"]), prompt([&url])] {
        let mut screen = ready(prompt);
        screen.keys(CTRL_D);
        screen.leaves_with(0);
        assert!(!String::from_utf8_lossy(&screen.stream()).contains("Ctrl-D leaves"), "{}", screen.contents());
    }
}

#[test]
fn a_pasted_block_is_one_message() {
    let (server, heard) = listening();
    let screen = prompt_on(&server);
    screen.keys("\x1b[200~one\rtwo\r\nthree\x1b[201~");
    screen.shows("> one\ntwo\nthree");
    screen.keys(ENTER);
    hears(&heard, &text("one\ntwo\nthree"));
}

#[test]
fn alt_enter_begins_a_new_line_of_the_same_message() {
    let (server, heard) = listening();
    let screen = prompt_on(&server);
    screen.keys(["one", ALT_ENTER, "two"].concat());
    screen.shows("> one\ntwo");
    screen.keys(ENTER);
    hears(&heard, &text("one\ntwo"));
}

#[test]
fn lines_typed_ahead_without_a_pause_are_all_sent_in_order() {
    let (server, heard) = listening();
    let screen = prompt_on(&server);
    let lines: Vec<_> = (0..300).map(|n| format!("line {n}")).collect();
    screen.keys(lines.join("\r") + "\r");
    for line in lines {
        hears(&heard, &text(&line));
    }
}

#[test]
fn a_key_that_is_not_utf_8_does_not_lose_the_line() {
    let (server, heard) = listening();
    let screen = prompt_on(&server);
    screen.keys("abc");
    screen.line("> abc", 5);
    screen.keys(b"\xff");
    screen.shows("> abc\n> abc");
    screen.keys("def\r");
    hears(&heard, &text("abcdef"));
}

#[test]
fn json_shows_a_record_for_each_event() {
    let server = echo();
    let mut screen = prompt(["--json", &url(&server)]).size(40, 300).start();
    screen.shows(r#""type":"open""#);
    screen.keys("hello\r");
    screen.shows(r#""dir":"out","type":"text","data":"hello"}"#);
    screen.shows(r#""dir":"in","type":"text","data":"hello"}"#);
    screen.keys("/ping\r");
    screen.shows(r#""dir":"in","type":"pong""#);
    screen.prompt();
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    screen.shows(r#""type":"close","code":1000"#);
}

#[test]
fn timestamps_stand_before_each_message() {
    let server = echo();
    let screen = ready(prompt(["-t=delta", &url(&server)]));
    screen.keys("one\r");
    screen.shows(" < one\n");
    let stamp = screen.contents().lines().find_map(|line| line.strip_suffix(" < one").map(str::to_owned));
    let stamp = stamp.expect("it is there");
    let since = stamp.strip_prefix('+').and_then(|stamp| stamp.strip_suffix('s')).and_then(|it| it.parse::<f64>().ok());
    assert!(since.is_some_and(|since| since < kit::PATIENCE.as_secs_f64()), "the time since it was sent: {stamp}");
    let screen = ready(prompt(["-t", &url(&server)]).env("TZ", "UTC"));
    screen.keys("one\r");
    screen.shows(" < one\n");
    let stamp = screen.contents().lines().find_map(|line| line.strip_suffix(" < one").map(str::to_owned));
    let stamp = stamp.expect("it is there");
    assert!(stamp.len() == 12 && stamp.starts_with(|c: char| c.is_ascii_digit()), "{stamp}");
}

#[test]
fn pings_are_shown_only_on_demand() {
    let serve = |client: Client| async move {
        client.ping(b"hello").await;
        client.text("after it").await;
        while client.next().await.is_some() {}
    };
    let server = serving(serve);
    let screen = prompt(["-P", &url(&server)]).start();
    screen.shows("< ping hello\n> pong hello\n< after it");
    let screen = prompt([url(&server)]).start();
    screen.shows("< after it");
    assert!(!screen.contents().contains("hello"));
}

/// Whether a stream holds SGR sequences that set colours; those that dim, underline or end all of it are none.
fn has_colours(stream: &[u8]) -> bool {
    let sgr = regex::bytes::Regex::new("\x1b\\[([0-9;:]*)m").expect("it is one");
    sgr.captures_iter(stream).any(|found| !matches!(&found[1], b"0" | b"" | b"2" | b"22" | b"4" | b"24"))
}

#[test]
fn colours_can_be_switched_off_to_the_last_byte() {
    let server = echo();
    let session = |prompt: Prompt| {
        let mut screen = ready(prompt);
        screen.keys("{\"a\": [1, null]}\r");
        screen.shows("< {\"a\": [1, null]}");
        screen.prompt();
        screen.keys("/pi");
        screen.shows("/pi");
        screen.keys([CTRL_U, "/ping\r"].concat());
        screen.shows("< pong");
        screen.prompt();
        screen.keys(CTRL_D);
        screen.leaves_with(0);
        has_colours(&screen.stream())
    };
    assert!(session(prompt([url(&server)]).without_env("NO_COLOR")), "there are colours by default");
    assert!(!session(prompt([url(&server)])));
    assert!(!session(prompt(["--no-color", &url(&server)]).without_env("NO_COLOR")));
    assert!(session(prompt(["--color", "always", &url(&server)])), "an option wins over the environment");
}

#[test]
fn a_dumb_terminal_gets_the_pipe() {
    let server = echo();
    for prompt in [prompt([url(&server)]).env("TERM", "dumb"), prompt([url(&server)]).without_env("TERM")] {
        let mut screen = prompt.start();
        screen.shows("connected to");
        screen.keys("hello\n");
        screen.shows("\nhello\nhello");
        screen.keys(CTRL_D);
        screen.leaves_with(0);
        assert!(!screen.stream().contains(&0x1b));
    }
}

#[test]
fn execute_sends_first_and_interactive_goes_on_with_the_prompt() {
    let (server, heard) = listening();
    let mut screen = prompt(["-x", "hi", "-x", "there", "-i", &url(&server)]).start();
    screen.shows("> hi\n> there\n>");
    screen.prompt();
    screen.keys("more\r");
    for said in ["hi", "there", "more"] {
        hears(&heard, &text(said));
    }
    screen.prompt();
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}

#[test]
fn a_password_is_asked_for_without_echo_and_never_kept() {
    let (asked, told) = channel();
    let server = serving(move |client| {
        let _ = asked.send(client.header("authorization").map(str::to_owned));
        async move { while client.next().await.is_some() {} }
    });
    let home = dir();
    let mut screen = prompt(["-u", "joe", &url(&server)]).home(home.path()).start();
    screen.shows("password of joe:");
    screen.wait("no echo", |_| !screen.echoes());
    screen.keys("s3cret\n");
    screen.prompt();
    assert_eq!(told.recv_timeout(PATIENCE).expect("a client came").as_deref(), Some("Basic am9lOnMzY3JldA=="));
    screen.keys("hello\r");
    screen.shows("> hello\n>");
    screen.prompt();
    screen.keys(UP);
    screen.line("> hello", 7);
    screen.keys([CTRL_U, CTRL_D].concat());
    screen.leaves_with(0);
    let history = std::fs::read_to_string(home.path().join("state/wsprobe/history")).expect("it was made");
    assert!(history.contains("hello") && !history.contains("s3cret"), "{history}");
    assert!(!String::from_utf8_lossy(&screen.stream()).contains("s3cret"));
}

#[test]
fn a_server_that_cannot_be_reached_leaves_the_terminal_alone() {
    let mut screen = prompt([format!("ws://127.0.0.1:{}/", kit::free_port())]).start();
    screen.leaves_with(3);
    assert!(!screen.stream().contains(&0x1b));
}
