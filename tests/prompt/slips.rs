//! Slips at the prompt destroy nothing: files that exist, a recording, the connection; and nothing is sent by mistake.

use std::fs::{read_to_string, write};
use std::path::Path;

use super::kit;
use super::kit::pty::{Screen, enters, prompt, ready};
use super::kit::{Said, Server, dir, hearing, path, serving, text, tool, url};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

/// A server that greets, and then sends back what it gets.
fn greeting() -> Server {
    serving(|client| async move {
        client.text("hello").await;
        while let Some(said) = client.next().await {
            if let Said::Text(text) = said {
                client.text(&text).await;
            }
        }
    })
}

fn greeted(home: &Path) -> (Screen, Server) {
    let server = greeting();
    let screen = ready(prompt([url(&server)]).home(home));
    screen.shows("< hello");
    screen.prompt();
    (screen, server)
}

/// Enters a line, and waits for what it leads to, however often that has been on the screen before.
#[track_caller]
fn answers(screen: &Screen, line: &str, shown: &str) {
    screen.answers(&format!("{line}\r"), shown);
    screen.prompt();
}

/// How many lines of a file are messages.
fn messages(file: &Path) -> usize {
    read_to_string(file).expect("it is there").lines().filter(|line| line.contains(r#""type":"text""#)).count()
}

#[test]
fn save_replaces_no_file_unless_that_is_said() {
    let dir = dir();
    write(path(&dir, "precious"), "mine").expect("it can be written");
    write(path(&dir, "empty"), "").expect("it can be written");
    let (screen, _server) = greeted(dir.path());
    enters(&screen, "/save 1", "expected a file name; `./1` is the file called `1`");
    assert!(!path(&dir, "1").exists());
    enters(&screen, "/save precious", "* cannot write `precious`: it exists and is not empty; --force replaces it");
    assert_eq!(read_to_string(path(&dir, "precious")).expect("it is there"), "mine");
    for (typed, shown) in [
        ("/save empty", "* 5 bytes written to `empty`"),
        ("/save 1 new", "* 5 bytes written to `new`"),
        ("/save --force 1 precious", "* 5 bytes written to `precious`"),
        ("/save /dev/null", "* 5 bytes written to `/dev/null`"),
    ] {
        enters(&screen, typed, shown);
    }
    for name in ["empty", "new", "precious"] {
        assert_eq!(read_to_string(path(&dir, name)).expect("it is there"), "hello", "{name}");
    }
}

#[test]
fn a_recording_is_not_thrown_away_by_another() {
    let dir = dir();
    let (screen, _server) = greeted(dir.path());
    for (typed, shown) in [
        ("/record r", "* recording to `r`"),
        ("one", "< one"),
        ("/record ./r", "* already recording to `./r`; /record off stops it"),
        ("/record --force r", "* already recording to `r`; /record off stops it"),
        ("two", "< two"),
        ("/record off", "* stopped recording to `r`"),
        ("/record r", "to `r`: it exists and is not empty; --force replaces it"),
        ("/record off", "* nothing is being recorded"),
    ] {
        answers(&screen, typed, shown);
    }
    assert_eq!(messages(&path(&dir, "r")), 4);
    answers(&screen, "/record --force r", "* recording to `r`");
    answers(&screen, "three", "< three");
    answers(&screen, "/record off", "* stopped recording to `r`");
    assert_eq!(messages(&path(&dir, "r")), 2);
}

#[test]
fn the_command_line_replaces_no_recording_unless_that_is_said() {
    let dir = dir();
    let (server, _heard) = hearing();
    let file = path(&dir, "r");
    let run = |extra: &[&str]| {
        let file = file.to_str().expect("it is text");
        tool().args(["-x", "hi", "--record", file]).args(extra).arg(url(&server)).run()
    };
    run(&[]).code(0);
    let before = read_to_string(&file).expect("it is there");
    run(&[]).code(2).says("it exists and is not empty; --force replaces it");
    assert_eq!(read_to_string(&file).expect("it is there"), before);
    run(&["--force"]).code(0);
    assert_eq!(messages(&file), 1);
    write(&file, "").expect("it can be written");
    run(&[]).code(0);
}

#[test]
fn an_empty_line_sends_nothing_and_a_blank_before_a_command_makes_no_text_of_it() {
    let (server, heard) = hearing();
    let home = dir();
    let mut screen = ready(prompt([url(&server)]).home(home.path()));
    screen.keys("\r\r");
    enters(&screen, " /auth secret", "* unknown command `/auth`");
    enters(&screen, " /json off", "* JSON is shown as received");
    screen.keys(" spaced\r");
    assert_eq!(heard.next(), text(" spaced"));
    screen.keys("/send \"\"\r");
    assert_eq!(heard.next(), text(""));
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    let history = read_to_string(path(&home, "state/wsprobe/history")).expect("it is there");
    assert_eq!(history, "/send \"\"\n");
}

#[test]
fn connect_keeps_the_old_connection_until_the_new_one_is_open() {
    let (old, heard) = hearing();
    let (new, heard_by_new) = hearing();
    let screen = ready(prompt([url(&old)]));
    let nobody = kit::free_port();
    enters(&screen, &format!("/connect :{nobody}"), "* still connected to ");
    screen.keys("are you there\r");
    assert_eq!(heard.next(), text("are you there"));
    enters(&screen, &format!("/connect {}", url(&new)), "* connected to ");
    screen.keys("hello\r");
    assert_eq!(heard_by_new.next(), text("hello"));
    assert!(matches!(heard.next(), Said::Close(..)));
}

#[test]
fn a_repetition_says_what_it_does_and_is_stopped_by_its_name_and_by_ctrl_c() {
    let (server, heard) = hearing();
    let mut screen = ready(prompt([url(&server)]));
    answers(&screen, "/repeat off", "* nothing is being repeated");
    screen.keys("tick\r");
    assert_eq!(heard.next(), text("tick"));
    screen.answers("/repeat 3 every 1h\r", "* repeating `tick` 3 times every 3600s; /repeat off or Ctrl-C stops it");
    assert_eq!(heard.next(), text("tick"));
    screen.answers("/repeat\r", "* repeating `tick`: 1 of 3 sent");
    screen.answers("/repeat off\r", "* stopped repeating `tick`: 1 of 3 sent");
    screen.prompt();
    screen.keys("/repeat 9 every 1h\r");
    assert_eq!(heard.next(), text("tick"));
    screen.line("[repeating] >", 14);
    screen.answers(CTRL_C, "* stopped repeating `tick`: 1 of 9 sent");
    screen.prompt();
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}

#[test]
fn who_leaves_with_messages_unsent_is_told_so_by_the_status() {
    let (server, heard) = hearing();
    let mut screen = ready(prompt([url(&server)]));
    screen.keys("tick\r/repeat 5 every 1h\r");
    assert_eq!([heard.next(), heard.next()], [text("tick"), text("tick")]);
    screen.line("[repeating] >", 14);
    screen.keys(CTRL_D);
    screen.leaves_with(8);
    screen.shows("* stopped repeating `tick`: 1 of 5 sent");

    let server = kit::Raw::open(|mut stream| drop(kit::read_frame(&mut stream)));
    let mut screen = ready(prompt(["--reconnect", "--reconnect-delay", "1h..1h", &server.url()]));
    screen.keys("cut\r");
    screen.wait("the mark of reconnecting", |screen| kit::pty::cursor_row(screen).starts_with('~'));
    screen.answers("waits\r", "* queued (1)");
    screen.keys(CTRL_D);
    screen.leaves_with(8);
    screen.shows("1 message was not sent");
}

#[test]
fn ctrl_d_leaves_also_while_connecting() {
    let (release, released) = kit::channel::<()>();
    let slow = kit::Raw::start(move |_stream, _| {
        let _ = released.recv();
    });
    let mut screen = prompt([slow.url()]).start();
    screen.shows("connecting to ");
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    drop(release);
    let nobody = format!(":{}", kit::free_port());
    let mut screen = prompt(["--wait-for-server", "forever", &nobody]).start();
    screen.shows("waiting for the server");
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}

/// A server that takes connections and does not answer.
fn silent() -> (kit::Raw, std::sync::mpsc::Sender<()>) {
    let (release, released) = kit::channel::<()>();
    let silent = kit::Raw::start(move |_stream, _| {
        let _ = released.recv();
    });
    (silent, release)
}

#[test]
fn ctrl_d_leaves_also_while_it_waits_to_connect_again() {
    let server = kit::serving(|_| async {});
    let mut screen = prompt(["--reconnect", "--reconnect-delay", "1h..1h", &url(&server)]).start();
    screen.shows("reconnecting in ");
    screen.line("~", 2);
    screen.keys(CTRL_D);
    screen.leaves_with(5);
    assert!(!screen.contents().contains("not sent"));
}

#[test]
fn ctrl_d_leaves_also_while_a_later_connection_is_made() {
    let (server, (silent, _release)) = (greeting(), silent());
    let mut screen = ready(prompt([url(&server)]));
    screen.keys(format!("/connect {}\r", silent.url()));
    screen.shows("connecting to ");
    screen.keys(CTRL_D);
    screen.leaves_with(0);

    let mut screen = ready(prompt([url(&server)]));
    screen.keys("/close\r");
    screen.shows("/quit leaves");
    screen.line("!", 2);
    screen.keys(format!("/connect {}\r", silent.url()));
    screen.shows("connecting to ");
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}
