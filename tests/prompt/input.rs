//! What is typed at the prompt: completion, hints, history, vi keys, job control, and the terminal's state at the end.

use std::path::Path;
use std::sync::mpsc::channel;

use super::kit;
use super::kit::pty::{Screen, counting, cursor_row, number, on_terminal, prompt, ready, waits_for_more};
use super::kit::{Heard, PATIENCE, Server, binary, dir, hearing, path, text, url};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::CommandBuilder;

const ALT_ENTER: &str = "\x1b\r";
const ESCAPE: &str = "\x1b";
const LEFT: &str = "\x1b[D";
const RIGHT: &str = "\x1b[C";
const UP: &str = "\x1b[A";
const CTRL_A: &str = "\x01";
const CTRL_D: &str = "\x04";
const CTRL_E: &str = "\x05";
const CTRL_R: &str = "\x12";
const CTRL_U: &str = "\x15";
const CTRL_Z: &str = "\x1a";

fn alone() -> (Screen, Heard, Server) {
    let (server, heard) = hearing();
    (ready(prompt([url(&server)])), heard, server)
}

#[test]
fn tab_completes_commands_arguments_and_paths() {
    let dir = dir();
    std::fs::write(path(&dir, "a file of mine"), "hello").expect("it can be written");
    std::fs::create_dir(path(&dir, "drawer")).expect("it can be made");
    std::fs::write(path(&dir, "drawer/key"), "a key").expect("it can be written");
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).home(dir.path()));
    for (typed, line) in [
        ("/rep\t2", "> /repeat 2"),
        ("/qu\t", "> /quit"),
        ("/json of\t", "> /json off"),
        ("/help rec\t", "> /help reco"),
        ("/file a\t", "> /file a file of mine"),
        ("/save 2 dr\tk\t", "> /save 2 drawer/key"),
        ("/save !2 dr\tk\t", "> /save !2 drawer/key"),
        ("/save --force a\t", "> /save --force a file of mine"),
        ("/save --force !2 dr\tk\t", "> /save --force !2 drawer/key"),
        ("/record --force a\t", "> /record --force a file of mine"),
        ("no\t", "> no"),
    ] {
        screen.keys(typed);
        screen.wait(line, |screen| {
            cursor_row(screen).starts_with(line) || screen.contents().contains(&format!("\n{line}"))
        });
        screen.keys(CTRL_U);
        screen.prompt();
    }
    screen.keys("/file a\t\r");
    assert_eq!(heard.next(), text("hello"));
    screen.keys("/re\t");
    screen.wait("the list", |screen| {
        ["/repeat", "/record", "/resume", "/reconnect"].iter().all(|name| screen.contents().contains(name))
    });
}

#[test]
fn hints_stand_in_grey_and_arguments_are_never_typed_for_the_user() {
    let (server, _heard) = hearing();
    let screen = ready(prompt([url(&server)]).without_env("NO_COLOR"));
    screen.keys("/clo");
    screen.shows("> /close [CODE [REASON]]");
    let grey = screen.look(|screen| {
        let (row, column) = screen.cursor_position();
        screen.cell(row, column).expect("it is on the screen").fgcolor()
    });
    assert_eq!((grey, screen.look(|screen| screen.cursor_position().1)), (vt100::Color::Idx(8), 6));
    screen.keys(RIGHT);
    screen.line("> /close [CODE [REASON]]", 8);
    screen.keys([RIGHT, "x"].concat());
    screen.line("> /closex", 9);
}

#[test]
fn json_goes_on_until_it_closes_or_an_empty_line_ends_it() {
    let (screen, heard, _server) = alone();
    screen.keys("{\"a\": [1,\r2]\r}\r");
    assert_eq!(heard.next(), text("{\"a\": [1,\n2]\n}"));
    screen.keys("[1,\r\r");
    assert_eq!(heard.next(), text("[1,"));
    screen.prompt();
    screen.keys(["one", ALT_ENTER, "two\r"].concat());
    assert_eq!(heard.next(), text("one\ntwo"));
}

#[test]
fn wide_characters_and_emoji_survive_messages() {
    let server = counting(100);
    let screen = ready_among_messages(&server);
    screen.keys(["日本語 🎉 é", LEFT, LEFT].concat());
    screen.line("> 日本語 🎉 é", 11);
    waits_for_more(&screen, 20);
    screen.line("> 日本語 🎉 é", 11);
    screen.keys("!");
    screen.line("> 日本語 🎉! é", 12);
}

fn ready_among_messages(server: &Server) -> Screen {
    let screen = prompt([url(server)]).start();
    screen.wait("a message", |screen| number(screen) > 0);
    screen
}

#[test]
fn a_search_and_a_list_of_completions_stay_open_while_messages_come() {
    let server = counting(100);
    let screen = ready_among_messages(&server);
    screen.keys("find me\r");
    screen.wait("the prompt", |screen| cursor_row(screen).trim_end() == ">");
    screen.keys([CTRL_R, "find"].concat());
    screen.wait("the search", |screen| cursor_row(screen).starts_with("(reverse-i-search)`find': find me"));
    screen.keys(RIGHT);
    waits_for_more(&screen, 20);
    screen.wait("what was found", |screen| cursor_row(screen).trim_end() == "> find me");
    screen.keys([CTRL_E, CTRL_U, "/re\t"].concat());
    screen.wrote("/resume");
    waits_for_more(&screen, 20);
    screen.line("> /repeat [N [every TIME]|off]", 5);
}

#[test]
fn vi_keys_come_with_the_option_or_from_inputrc() {
    let home = dir();
    std::fs::write(path(&home, ".inputrc"), "set editing-mode vi\n").expect("it can be written");
    let (server, heard) = hearing();
    for prompt in [prompt(["--vi", &url(&server)]), prompt([url(&server)]).home(home.path())] {
        let screen = ready(prompt);
        screen.keys("abc");
        screen.line("> abc", 5);
        screen.keys(ESCAPE);
        screen.line("> abc", 4);
        screen.keys("0x");
        screen.line("> bc", 2);
        screen.keys("\r");
        assert_eq!(heard.next(), text("bc"));
    }
}

#[test]
fn several_at_once_lose_nothing_of_the_history_and_each_line_is_there_once() {
    let home = dir();
    let (server, _heard) = hearing();
    let start = || ready(prompt([url(&server)]).home(home.path()));
    let screens: Vec<_> = (0..3).map(|_| start()).collect();
    for line in 0..10 {
        for (n, screen) in screens.iter().enumerate() {
            screen.keys(format!("line {line} of {n}\rthe same\r"));
        }
    }
    for mut screen in screens {
        // Between two lines the terminal would take a Ctrl-D for itself. A line with a space before it is not kept.
        screen.keys(" the end\r");
        screen.shows(">  the end");
        screen.prompt();
        screen.keys(CTRL_D);
        screen.leaves_with(0);
    }
    let screen = start();
    screen.keys(UP);
    screen.line("> the same", 10);
    let mut seen = Vec::new();
    for _ in 0..30 {
        let before = screen.look(cursor_row);
        screen.keys(UP);
        screen.wait("another line", |screen| {
            let row = cursor_row(screen);
            row != before && row.trim_end().len() == "> line 0 of 0".len()
        });
        seen.push(screen.look(cursor_row).trim_end().to_owned());
    }
    seen.sort();
    let mut all: Vec<_> = (0..30).map(|n| format!("> line {} of {}", n / 3, n % 3)).collect();
    all.sort();
    assert_eq!(seen, all);
    let history = std::fs::read_to_string(path(&home, "state/wsprobe/history")).expect("it was made");
    assert_eq!(history.lines().filter(|line| line.starts_with("line ")).count(), 30);
}

#[test]
fn a_long_history_is_cut_and_a_password_in_a_url_is_not_kept() {
    let home = dir();
    let file = path(&home, "state/wsprobe/history");
    std::fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
    let lines: String = (0..12_000).map(|n| format!("line {n}\n")).collect();
    std::fs::write(&file, lines).expect("it can be written");
    let (server, _heard) = hearing();
    let mut screen = ready(prompt([url(&server)]).home(home.path()));
    screen.keys("/connect ws://joe:s3cret@127.0.0.1:1/\r");
    screen.shows("* still connected to ");
    screen.keys("/quit\r");
    screen.code();
    let history = std::fs::read_to_string(&file).expect("it is there");
    assert_eq!(history.lines().next(), Some("line 2000"));
    assert!(!history.contains("s3cret") && history.ends_with("/quit\n"), "{}", history.lines().count());
}

/// A text of so many lines, and its keys as a terminal pastes it.
fn pasted(lines: usize) -> (String, String) {
    let text = (0..lines).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
    let keys = format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r"));
    (text, keys)
}

#[test]
fn input_taller_than_the_screen_is_folded_and_messages_are_seen() {
    let server = counting(50);
    let screen = prompt([url(&server)]).size(15, 60).start();
    waits_for_more(&screen, 1);
    let (_, keys) = pasted(44);
    screen.keys(keys);
    screen.line("> [44 lines]", 12);
    waits_for_more(&screen, 20);
    screen.line("> [44 lines]", 12);
    screen.keys("!");
    screen.line("> [44 lines]!", 13);
    assert!(!String::from_utf8_lossy(&screen.stream()).contains("line 1"), "it was drawn");
    screen.wait("a screen of messages", |screen| {
        let rows = screen.contents().lines().filter(|row| row.starts_with("< #")).count();
        rows == 14
    });
}

#[test]
fn a_paste_loses_escape_sequences_as_a_whole_and_nothing_else() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]));
    let pasted = "a \x1b[31mRED\x1b[0m \x1b[?25l\x1b[38;5;196m\x1b]0;title\x07x\x1b[1 q \tend";
    screen.keys(format!("<\x1b[200~{pasted}\x1b[201~>"));
    screen.shows("> <a RED x");
    screen.keys("\r");
    assert_eq!(heard.next(), text("<a RED x \tend>"));
    // A byte that is not UTF-8 does not make keys of the rest.
    screen.keys(b"\x1b[200~caf\xe9\rtwo\r\x1b[201~!\r");
    assert_eq!(heard.next(), text("caf\u{fffd}\ntwo\n!"));
    screen.prompt();
    screen.keys(b"\x1b[200~\x1b[201~\x1b[200~\x1b\x1b[201~cut\x1b[200~\x1b[");
    screen.keys("20");
    screen.keys("1~ in two\r");
    assert_eq!(heard.next(), text("cut in two"));
}

#[test]
fn what_is_folded_is_sent_as_a_whole_and_comes_back_from_the_history() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).size(15, 60));
    let (whole, keys) = pasted(44);
    screen.keys("before\r");
    assert_eq!(heard.next(), text("before"));
    screen.prompt();
    screen.keys(["{", &keys, "}", LEFT, LEFT, "\r"].concat());
    assert_eq!(heard.next(), text(&format!("{{{whole}}}")));
    screen.shows("> [44 lines]");
    screen.prompt();
    screen.keys(UP);
    screen.line("> [44 lines]", 12);
    screen.keys(UP);
    screen.line("> before", 8);
    screen.keys([CTRL_U, &keys].concat());
    screen.line("> [44 lines]", 12);
    screen.keys("x\x7f\x7f");
    screen.prompt();
    screen.keys(keys);
    screen.line("> [44 lines]", 12);
    screen.keys("\r");
    assert_eq!(heard.next(), text(&whole));
}

#[test]
fn lines_that_are_typed_beyond_the_screen_are_folded_too() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).size(10, 40));
    for n in 0..20 {
        screen.keys(format!("{n}{ALT_ENTER}"));
    }
    screen.wait("a label", |screen| screen.contents().contains(" lines]"));
    screen.keys("end");
    screen.wait("the end", |screen| screen.contents().trim_end().ends_with("end"));
    screen.keys("\r");
    let lines: String = (0..20).map(|n| format!("{n}\n")).collect();
    assert_eq!(heard.next(), text(&format!("{lines}end")));
    let long = "0123456789".repeat(90);
    screen.keys(&long);
    screen.wait("a label", |screen| screen.contents().contains(" characters]"));
    screen.keys("\r");
    assert_eq!(heard.next(), text(&long));
}

#[test]
fn a_line_that_no_longer_fits_is_folded_also_when_the_cursor_is_at_its_start() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).size(24, 80));
    let long = "0123456789".repeat(100);
    screen.keys(&long);
    screen.wait("all of it", |screen| screen.cursor_position().1 == 42);
    screen.keys(CTRL_A);
    screen.wait("the start", |screen| cursor_row(screen).starts_with("> 0") && screen.cursor_position().1 == 2);
    screen.resize(24, 40);
    screen.line("> [1000 characters]", 2);
    screen.keys("a \r");
    assert_eq!(heard.next(), text(&format!("a {long}")));
}

#[test]
fn what_is_typed_into_a_label_is_sent_and_the_label_is_not() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).size(15, 60));
    let (whole, keys) = pasted(44);
    screen.keys(keys);
    screen.line("> [44 lines]", 12);
    screen.keys([LEFT, LEFT, LEFT, "X"].concat());
    screen.line("> [44 linXes]", 10);
    screen.keys("\r");
    assert_eq!(heard.next(), text(&format!("{whole}X")));
}

#[test]
fn an_edited_text_of_many_lines_is_folded() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).size(15, 60).env("VISUAL", "seq 1 40 >"));
    screen.keys("/edit\r");
    screen.line("> [40 lines]", 12);
    screen.keys("\r");
    let whole: Vec<_> = (1..=40).map(|n| n.to_string()).collect();
    assert_eq!(heard.next(), text(&whole.join("\n")));
}

#[test]
fn a_second_ctrl_c_in_the_same_read_counts_and_keys_after_the_first_are_kept() {
    let (mut screen, heard, _server) = alone();
    screen.keys("typed\x03kept\r");
    assert_eq!(heard.next(), text("kept"));
    screen.prompt();
    screen.keys("\x03\x03");
    screen.leaves_with(130);
}

/// A shell with job control that runs the prompt, and the process of the prompt.
fn in_a_shell(shell: &[&str], server: &Server, home: &Path) -> (Screen, Pid) {
    let mut command = CommandBuilder::new(shell[0]);
    command.args(&shell[1..]);
    let shell = on_terminal(command).home(home).env("PS1", "shell$ ").start();
    shell.shows("shell$");
    shell.keys(format!("sh -c 'echo $$ > pid; exec \"{}\" \"{}\"'\r", binary(), url(server)));
    shell.wait("a message", |screen| number(screen) > 0);
    let pid = std::fs::read_to_string(home.join("pid")).expect("the shell wrote it");
    (shell, Pid::from_raw(pid.trim().parse().expect("it is a number")))
}

#[test]
fn ctrl_z_and_fg_bring_the_line_back() {
    let (server, home) = (counting(100), dir());
    // One that takes the terminal as it finds it.
    let (screen, _) = in_a_shell(&["sh", "-i"], &server, home.path());
    screen.keys("half typed");
    screen.line("> half typed", 12);
    screen.keys(CTRL_Z);
    screen.line("shell$", 7);
    assert!(screen.is_cooked() && !screen.look(vt100::Screen::bracketed_paste));
    screen.keys("fg\r");
    screen.line("> half typed", 12);
    waits_for_more(&screen, 20);
    screen.keys(" on");
    screen.line("> half typed on", 15);
    screen.keys([CTRL_U, CTRL_D].concat());
    screen.line("shell$", 7);
}

#[test]
fn ctrl_z_and_ctrl_c_at_a_password_question_give_the_terminal_back() {
    let (asked, told) = channel();
    let server = kit::serving(move |client| {
        let _ = asked.send(client.header("authorization").map(str::to_owned));
        async move { while client.next().await.is_some() {} }
    });
    let home = dir();
    let mut command = CommandBuilder::new("sh");
    command.arg("-i");
    let screen = on_terminal(command).home(home.path()).env("PS1", "shell$ ").start();
    screen.shows("shell$");
    let asks = || {
        screen.wrote("password of joe: ");
        screen.wait("no echo", |_| !screen.echoes());
    };
    screen.keys(format!("clear; '{}' -u joe '{}'\r", binary(), url(&server)));
    asks();
    screen.keys("wrong\x1a");
    screen.line("shell$", 7);
    assert!(screen.is_cooked() && screen.echoes());
    screen.keys("echo n''ext\r");
    screen.shows("\nnext\n");
    screen.keys("clear; fg\r");
    asks();
    screen.keys("s3cret\r");
    assert_eq!(told.recv_timeout(PATIENCE).expect("a client came").as_deref(), Some("Basic am9lOnMzY3JldA=="));
    screen.prompt();
    screen.keys(CTRL_D);
    screen.line("shell$", 7);
    screen.keys(format!("clear; '{}' -u joe '{}'\r", binary(), url(&server)));
    asks();
    screen.keys("wrong\x03");
    screen.line("shell$", 7);
    assert!(screen.is_cooked() && screen.echoes());
}

#[test]
fn a_stop_from_outside_leaves_a_prompt_that_goes_on() {
    let (server, home) = (counting(100), dir());
    for signal in [Signal::SIGSTOP, Signal::SIGTSTP] {
        let (screen, pid) = in_a_shell(&["bash", "--norc", "-i"], &server, home.path());
        screen.keys("half typed");
        screen.line("> half typed", 12);
        kill(pid, signal).expect("it runs");
        screen.line("shell$", 7);
        screen.keys("fg\r");
        screen.wrote("* continued");
        screen.line("> half typed", 12);
        // Taken at once, and not only with the next Enter: the terminal is raw again.
        screen.keys("!");
        screen.line("> half typed!", 13);
        screen.keys([CTRL_U, CTRL_D].concat());
        screen.line("shell$", 7);
    }
}

/// Runs the prompt with `stty -a` before and after it, does something to it, and compares the two.
#[track_caller]
fn leaves_the_terminal_alone(url: &str, status: &str, act: impl FnOnce(&Screen, Pid)) {
    let home = dir();
    let script = format!(
        "stty -a > before; sh -c 'echo $$ > pid; exec \"{}\" \"{url}\"'; echo $? > status; stty -a > after",
        binary()
    );
    let mut command = CommandBuilder::new("sh");
    // Signals are for the prompt alone, not for the shell around it.
    command.args(["-c", &format!("trap : HUP TERM QUIT INT; {script}")]);
    let mut screen = on_terminal(command).home(home.path()).start();
    screen.prompt();
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).expect("the shell wrote it");
    act(&screen, Pid::from_raw(read("pid").trim().parse().expect("it is a number")));
    screen.code();
    assert_eq!(read("status").trim(), status, "{}", screen.contents());
    assert_eq!(read("after"), read("before"));
    assert!(screen.look(|screen| !screen.bracketed_paste() && !screen.hide_cursor()), "a mode is left on");
}

#[test]
fn the_terminal_is_the_same_after_every_end_as_before() {
    let server = kit::echo();
    let url = url(&server);
    leaves_the_terminal_alone(&url, "0", |screen, _| screen.keys(CTRL_D));
    for (signal, status) in [(Signal::SIGTERM, "143"), (Signal::SIGHUP, "129"), (Signal::SIGQUIT, "131")] {
        leaves_the_terminal_alone(&url, status, |screen, pid| {
            screen.keys("half typed");
            screen.line("> half typed", 12);
            kill(pid, signal).expect("it runs");
        });
    }
}

#[test]
fn the_terminal_is_the_same_after_a_server_was_killed() {
    let (cut, cutting) = kit::channel::<()>();
    let raw = kit::Raw::open(move |stream| {
        let _ = cutting.recv_timeout(PATIENCE);
        drop(stream);
    });
    leaves_the_terminal_alone(&raw.url(), "5", |_, _| cut.send(()).expect("the server waits"));
}

#[test]
fn the_terminal_is_the_same_after_a_panic() {
    let server = kit::echo();
    leaves_the_terminal_alone(&url(&server), "101", |screen, pid| {
        // No room for the stack of one more thread, which the resolver needs: the runtime panics. While a thread makes the arena that
        // it allocates from, the process is larger by that for a moment, so its size has to be the same before and after.
        let size = || -> u64 {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
            let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).expect("Linux tells");
            size.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        let leave_room = |size: u64| {
            let limit = format!("--as={}:", (size + 1900) << 10);
            let limited = std::process::Command::new("prlimit").args(["--pid", &pid.to_string(), &limit]).status();
            assert!(limited.expect("util-linux is installed").success());
        };
        loop {
            let before = size();
            leave_room(before);
            if size() == before {
                break;
            }
        }
        screen.keys("/connect ws://no-such-host.invalid/\r");
    });
}
