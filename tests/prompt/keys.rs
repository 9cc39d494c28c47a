//! What the line editor offers while a line is typed: lines from before, colours, brackets.

use super::kit;
use super::kit::pty::{Screen, cursor_row, prompt, ready};
use super::kit::{Heard, Server, dir, hearing, text, url};

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";
const LEFT: &str = "\x1b[D";
const END: &str = "\x1b[F";
const ALT_ENTER: &str = "\x1b\r";
const CTRL_A: &str = "\x01";
const CTRL_D: &str = "\x04";
const CTRL_E: &str = "\x05";
const CTRL_P: &str = "\x10";
const CTRL_U: &str = "\x15";

/// A prompt at which these lines were typed.
fn typed(lines: &[&str]) -> (Screen, Heard, Server) {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]));
    for line in lines {
        screen.keys(format!("{line}\r"));
        assert_eq!(heard.next(), text(line));
    }
    screen.prompt();
    (screen, heard, server)
}

/// A cell of the row with the cursor.
fn cell<T>(screen: &Screen, column: u16, look: impl Fn(&vt100::Cell) -> T) -> T {
    screen.look(|screen| look(screen.cell(screen.cursor_position().0, column).expect("it is on the screen")))
}

#[test]
fn up_goes_back_through_the_lines_that_begin_as_what_is_typed() {
    let (screen, heard, _server) = typed(&["sub a", "other", "sub b", "last"]);
    screen.keys("su");
    for (key, line) in [
        (UP, "> sub b"),
        (UP, "> sub a"),
        (UP, "> sub a"),
        (DOWN, "> sub b"),
        (DOWN, "> sub b"),
        (UP, "> sub b"),
        (CTRL_P, "> sub a"),
    ] {
        screen.keys(key);
        // What was typed has its suggestion after it.
        screen.wait(line, |screen| cursor_row(screen).trim_end() == line);
    }
    screen.keys("!\r");
    assert_eq!(heard.next(), text("sub a!"));
    screen.prompt();
    screen.keys([UP, UP].concat());
    screen.line("> last", 6);
    screen.keys("\r");
    assert_eq!(heard.next(), text("last"));
}

#[test]
fn up_moves_within_the_rows_of_a_message_first() {
    let (screen, heard, _server) = typed(&["before"]);
    screen.keys(["one", ALT_ENTER, "two", UP, "X\r"].concat());
    assert_eq!(heard.next(), text("oXne\ntwo"));
    screen.prompt();
    screen.keys([UP, UP].concat());
    screen.line("> before", 8);
}

#[test]
fn the_rest_of_a_line_from_before_is_offered_in_grey_and_taken_by_right_or_end() {
    let (screen, heard, _server) = typed(&["hello world", "hello you"]);
    for key in [RIGHT, END, CTRL_E] {
        screen.keys("hello");
        screen.line("> hello you", 7);
        assert!(!cell(&screen, 6, vt100::Cell::dim) && cell(&screen, 8, vt100::Cell::dim));
        screen.keys(key);
        screen.line("> hello you", 11);
        assert!(!cell(&screen, 8, vt100::Cell::dim));
        screen.keys(CTRL_U);
        screen.prompt();
    }
    screen.keys("hello w");
    screen.line("> hello world", 9);
    // Enter sends what was typed, and leaves nothing else behind.
    screen.keys("\r");
    assert_eq!(heard.next(), text("hello w"));
    screen.prompt();
    assert!(screen.contents().contains("> hello w\n>"), "{}", screen.contents());
    screen.keys("hello");
    screen.line("> hello w", 7);
    screen.keys([LEFT, CTRL_E].concat());
    screen.line("> hello w", 7);
}

#[test]
fn suggestions_come_from_the_sessions_before_and_have_no_secrets() {
    let (server, home) = (kit::echo(), dir());
    let secret = format!("/connect {}?token=sesame", url(&server));
    let mut screen = ready(prompt([url(&server)]).home(home.path()));
    screen.keys("remember me\r");
    screen.shows("< remember me");
    screen.prompt();
    screen.keys(format!("{secret}\r"));
    screen.wait("two connections", |screen| screen.contents().matches("connected to").count() == 2);
    screen.prompt();
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    let screen = ready(prompt([url(&server)]).home(home.path()));
    screen.keys("rem");
    screen.line("> remember me", 5);
    screen.keys([CTRL_U, "/connect ws"].concat());
    screen.line("> /connect ws", 13);
    screen.keys(UP);
    let masked = format!("> /connect {}?token=***", url(&server));
    screen.wait("the masked line", |screen| cursor_row(screen).trim_end() == masked);
}

#[test]
fn json_is_coloured_while_it_is_typed_and_its_brackets_are_matched() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).without_env("NO_COLOR"));
    screen.keys("{\"a\": [1, null]}");
    screen.line("> {\"a\": [1, null]}", 18);
    let colours = [3, 9, 12].map(|column| cell(&screen, column, vt100::Cell::fgcolor));
    assert_eq!(colours, [6, 5, 3].map(vt100::Color::Idx));
    let underlined = || (2..18).filter(|column| cell(&screen, *column, vt100::Cell::underline)).collect::<Vec<_>>();
    assert_eq!(underlined(), [2, 17]);
    screen.keys(LEFT);
    screen.line("> {\"a\": [1, null]}", 17);
    screen.keys(LEFT);
    screen.line("> {\"a\": [1, null]}", 16);
    assert_eq!(underlined(), [8, 16]);
    screen.keys("\r");
    assert_eq!(heard.next(), text("{\"a\": [1, null]}"));
    screen.prompt();
    let sent = screen.look(|screen| {
        let row = screen.cursor_position().0 - 1;
        (2..18).filter(|column| screen.cell(row, *column).expect("it is there").underline()).count()
    });
    assert_eq!(sent, 0);
    screen.keys("/rpc add [1");
    screen.line("> /rpc add [1", 13);
    assert_eq!(cell(&screen, 12, vt100::Cell::fgcolor), vt100::Color::Idx(5));
    screen.keys([CTRL_A, CTRL_U].concat());
}

#[test]
fn without_colours_brackets_are_matched_and_hints_are_faint() {
    let (server, _heard) = hearing();
    let screen = ready(prompt([url(&server)]));
    screen.keys("[1]");
    screen.line("> [1]", 5);
    let shown = [2, 3, 4].map(|column| cell(&screen, column, |cell| (cell.underline(), cell.fgcolor())));
    assert_eq!(shown, [true, false, true].map(|underlined| (underlined, vt100::Color::Default)));
    screen.keys([CTRL_U, "/cl"].concat());
    screen.line("> /clear", 5);
    assert!(!cell(&screen, 4, vt100::Cell::dim) && cell(&screen, 5, vt100::Cell::dim));
}
