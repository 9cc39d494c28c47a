//! The server's prompt, on a real terminal.

use super::kit::pty::{Prompt, Screen, cursor_row, prompt};
use super::kit::{self, CLOSE, TEXT};
use super::{frame_of, masked, request};

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use nix::sys::signal::Signal;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

/// A server at its prompt.
struct Host {
    screen: Screen,
    port: u16,
}

fn host(args: &[&str]) -> Host {
    started(prompt([&["listen", "127.0.0.1:0"], args].concat()).env("PAGER", "cat"))
}

#[track_caller]
fn started(prompt: Prompt) -> Host {
    let screen = prompt.start();
    screen.shows("listening on ws://127.0.0.1:");
    // Nobody is there yet.
    screen.wait("an empty prompt", |screen| cursor_row(screen).trim_end().ends_with('!'));
    let contents = screen.contents();
    let port = contents.split("127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next()?.parse().ok());
    Host { screen, port: port.expect("it says its port") }
}

impl Host {
    /// A client that was let in, as a bare socket; the prompt knows of it.
    #[track_caller]
    fn enter(&self, name: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(kit::PATIENCE)).expect("a time");
        stream.write_all(request("/chat", "").as_bytes()).expect("it reads");
        assert!(kit::read_head(&mut stream).starts_with("HTTP/1.1 101 "));
        self.screen.wrote(&format!("* {name} connected from "));
        stream
    }
}

/// The text of the next message.
#[track_caller]
fn text_of(stream: &mut TcpStream) -> String {
    let (opcode, data) = frame_of(stream).expect("it is connected");
    assert_eq!(opcode, TEXT, "{data:?}");
    String::from_utf8(data).expect("text")
}

/// Waits for a Close, and answers it.
#[track_caller]
fn close_of(stream: &mut TcpStream) -> (u16, String) {
    let (opcode, data) = frame_of(stream).expect("it is connected");
    assert_eq!(opcode, CLOSE, "{data:?}");
    stream.write_all(&masked(CLOSE, &data[..2])).expect("it reads");
    (u16::from_be_bytes([data[0], data[1]]), String::from_utf8_lossy(&data[2..]).into_owned())
}

#[test]
fn typed_lines_go_to_all_or_to_one_and_what_arrives_has_its_name() {
    let mut host = host(&[]);
    host.screen.keys("early\r");
    host.screen.shows("* not sent: no client is connected");
    let (mut first, mut second) = (host.enter("#1"), host.enter("#2"));
    host.screen.prompt();
    host.screen.keys("hello all\r/to #2 just you\r/to 1 //slash\r/to #1 /binary 00ff\r/to #3 nobody\r");
    assert_eq!(text_of(&mut first), "hello all");
    assert_eq!(text_of(&mut second), "hello all");
    assert_eq!(text_of(&mut second), "just you");
    assert_eq!(text_of(&mut first), "/slash");
    assert_eq!(frame_of(&mut first).unwrap(), (2, vec![0, 0xff]));
    host.screen.shows("* not sent: there is no client #3; /clients lists the connected ones");
    host.screen.prompt();
    host.screen.keys("half typed");
    second.write_all(&masked(TEXT, b"from the second")).unwrap();
    host.screen.shows("#2 < from the second");
    host.screen.line("> half typed", 12);
    host.screen.keys("\x15");
    host.screen.prompt();
    host.screen.keys("/last\r");
    host.screen.wrote("from the second");
    drop((first, second));
    host.screen.wrote("#1 was cut without a Close");
    host.screen.wrote("#2 was cut without a Close");
    host.screen.line("!", 2);
    host.screen.keys(CTRL_D);
    host.screen.leaves_with(0);
}

#[test]
fn clients_are_listed_and_can_be_sent_away() {
    let mut host = host(&[]);
    let (mut first, mut second) = (host.enter("#1"), host.enter("#2"));
    second.write_all(&masked(TEXT, b"x")).unwrap();
    host.screen.shows("#2 < x");
    host.screen.keys("hello\r");
    assert_eq!((text_of(&mut first), text_of(&mut second)), ("hello".to_owned(), "hello".to_owned()));
    host.screen.keys("/clients\r");
    host.screen.shows("#1  127.0.0.1:");
    host.screen.shows(" /chat  since ");
    host.screen.shows(", 0 received, 1 sent");
    host.screen.shows(", 1 received, 1 sent");
    host.screen.keys("/to #2 bye\r/kick #2 4001 go away\r");
    assert_eq!(text_of(&mut second), "bye");
    assert_eq!(close_of(&mut second), (4001, "go away".to_owned()));
    host.screen.shows("* #2 closed 4001");
    host.screen.keys("/kick #2\r");
    host.screen.shows("* there is no client #2; /clients lists the connected ones");
    host.screen.keys("/close\r");
    assert_eq!(close_of(&mut first).0, 1000);
    host.screen.shows("* #1 closed 1000");
    host.screen.keys("/clients\r");
    host.screen.shows("no client is connected");
    host.screen.keys("/quit\r");
    host.screen.leaves_with(0);
}

#[test]
fn each_client_has_a_colour_that_it_keeps() {
    let host = started(prompt(["listen", "127.0.0.1:0"]).without_env("NO_COLOR"));
    let mut clients = [host.enter("#1"), host.enter("#2")];
    for (client, text) in [(0, "one"), (1, "two"), (0, "three")] {
        clients[client].write_all(&masked(TEXT, text.as_bytes())).unwrap();
        host.screen.shows(&format!("#{} < {text}", client + 1));
    }
    let colours = host.screen.look(|screen| {
        let rows = screen.rows(0, 100).enumerate().filter(|(_, row)| row.contains(" < "));
        let name = |row: usize| screen.cell(u16::try_from(row).unwrap(), 1).unwrap().fgcolor();
        rows.map(|(row, _)| name(row)).collect::<Vec<_>>()
    });
    assert!(colours.len() == 3 && colours[0] == colours[2] && colours[0] != colours[1], "{colours:?}");
}

#[test]
fn who_does_not_answer_a_kick_has_to_go_all_the_same() {
    let host = host(&["--close-timeout", "100ms"]);
    let _silent = host.enter("#1");
    host.screen.keys("/kick #1\r");
    host.screen.shows("#1 did not answer our Close");
}

#[test]
fn help_lists_what_a_server_has_and_names_are_completed() {
    let host = host(&[]);
    let mut clients = [host.enter("#1"), host.enter("#2")];
    host.screen.keys("/help\r");
    host.screen.shows("/kick");
    host.screen.shows("Other lines go to all");
    assert!(!host.screen.contents().contains("/reconnect"));
    host.screen.keys("/k\t");
    host.screen.line("> /kick #N [CODE [REASON]]", 8);
    host.screen.keys("#\t");
    host.screen.shows("#1  #2");
    host.screen.keys("2 4000\r");
    assert_eq!(close_of(&mut clients[1]).0, 4000);
    host.screen.shows("* #2 closed 4000");
    host.screen.keys("/to #\tonly one\r");
    assert_eq!(text_of(&mut clients[0]), "only one");
}

#[test]
fn pings_files_pauses_and_filters_work_as_at_a_clients_prompt() {
    let dir = kit::dir();
    std::fs::write(kit::path(&dir, "note"), "from a file").unwrap();
    let host = host(&[]);
    let mut client = host.enter("#1");
    host.screen.keys("/ping there\r");
    assert_eq!(frame_of(&mut client).unwrap(), (9, b"there".to_vec()));
    client.write_all(&masked(10, b"there")).unwrap();
    host.screen.shows("#1 < pong there (");
    host.screen.keys(format!("/file {}\r", kit::path(&dir, "note").display()));
    assert_eq!(text_of(&mut client), "from a file");
    host.screen.keys("/filter ^a\r");
    host.screen.shows("* showing only messages that match `^a`");
    client.write_all(&[masked(TEXT, b"b"), masked(TEXT, b"a1")].concat()).unwrap();
    host.screen.shows("#1 < a1");
    assert!(!host.screen.contents().contains("#1 < b"));
    host.screen.keys("/pause\r");
    host.screen.shows("* paused");
    // After it, a ping: its pong tells that the message is there.
    client.write_all(&[masked(TEXT, b"a2"), masked(9, b"")].concat()).unwrap();
    assert_eq!(frame_of(&mut client).unwrap().0, 10);
    host.screen.keys("/clients\r");
    host.screen.shows("3 received, 1 sent");
    assert!(!host.screen.contents().contains("a2"));
    host.screen.keys("/resume\r");
    host.screen.shows("#1 < a2");
}

#[test]
fn clients_can_be_tried_with_what_breaks_the_rules() {
    let host = host(&[]);
    let (mut first, mut second) = (host.enter("#1"), host.enter("#2"));
    host.screen.keys("/to #1 /frame ping fin=0 hex 00\r/to #1 /drop\r");
    host.screen.shows("* #1 ");
    let mut all = Vec::new();
    let _ = first.read_to_end(&mut all);
    assert_eq!(all, [0x09, 1, 0]);
    host.screen.keys("/half-close\r");
    assert_eq!(second.read(&mut [0]).unwrap(), 0);
    second.write_all(&masked(TEXT, b"still there")).unwrap();
    host.screen.shows("#2 < still there");
}

#[test]
fn every_way_to_leave_closes_all_with_1001_and_exits_0() {
    for keys in [CTRL_D, "/quit\r", CTRL_C] {
        let mut host = host(&[]);
        let mut client = host.enter("#1");
        host.screen.prompt();
        if keys == CTRL_C {
            host.screen.keys(CTRL_C);
            host.screen.shows("* press Ctrl-C again, or Ctrl-D, to leave");
        }
        host.screen.keys(keys);
        assert_eq!(close_of(&mut client).0, 1001, "{keys:?}");
        host.screen.leaves_with(0);
        host.screen.wrote("* #1 closed 1001");
    }
    let mut host = host(&[]);
    let mut client = host.enter("#1");
    host.screen.keys(CTRL_C);
    host.screen.shows("* press Ctrl-C again, or Ctrl-D, to leave");
    host.screen.keys("not this");
    host.screen.line("> not this", 10);
    host.screen.keys(CTRL_C);
    host.screen.prompt();
    host.screen.keys("half typed");
    host.screen.line("> half typed", 12);
    host.screen.signal(Signal::SIGTERM);
    assert_eq!(close_of(&mut client).0, 1001);
    host.screen.leaves_with(0);
    host.screen.wrote("not sent: half typed");
}

#[test]
fn a_second_signal_does_not_wait_for_clients_that_are_silent() {
    for (second, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut host = host(&["--close-timeout", "1h"]);
        let mut silent = host.enter("#1");
        host.screen.prompt();
        host.screen.signal(Signal::SIGTERM);
        assert_eq!(frame_of(&mut silent).unwrap().0, CLOSE);
        host.screen.signal(second);
        host.screen.leaves_with(code);
    }
    let mut host = host(&["--close-timeout", "1h"]);
    let mut silent = host.enter("#1");
    host.screen.prompt();
    host.screen.keys(CTRL_D);
    assert_eq!(frame_of(&mut silent).unwrap().0, CLOSE);
    host.screen.wait("a terminal for the shell", |_| host.screen.is_cooked());
    host.screen.keys(CTRL_C);
    host.screen.leaves_with(130);
}

#[test]
fn a_flood_from_many_clients_leaves_the_line_alone_and_the_record_whole() {
    const CLIENTS: usize = 10;
    const MESSAGES: usize = 20_000;
    let dir = kit::dir();
    let record = kit::path(&dir, "record");
    let mut host = host(&["--record", record.to_str().unwrap()]);
    let clients: Vec<_> = (0..CLIENTS).map(|n| host.enter(&format!("#{}", n + 1))).collect();
    host.screen.keys("half typed");
    host.screen.line("[recording] > half typed", 24);
    std::thread::scope(|scope| {
        for mut client in clients {
            scope.spawn(move || {
                let messages: Vec<_> = (0..MESSAGES).map(|n| masked(TEXT, format!("m{n}").as_bytes())).collect();
                client.write_all(&messages.concat()).unwrap();
                client.write_all(&masked(CLOSE, &1000_u16.to_be_bytes())).unwrap();
                assert_eq!(close_of(&mut client).0, 1000);
            });
        }
    });
    host.screen.line("[recording] ! half typed", 24);
    host.screen.wrote(" not shown, /last or --record keeps them");
    host.screen.keys("\x15\x04");
    host.screen.leaves_with(0);
    let record = std::fs::read_to_string(record).unwrap();
    for n in 1..=CLIENTS {
        let name = format!(r##""client":"#{n}","data":"m"##);
        let numbers =
            record.lines().filter_map(|line| line.split_once(&name)?.1.strip_suffix("\"}")?.parse::<usize>().ok());
        assert!(numbers.eq(0..MESSAGES), "#{n}");
    }
}

#[test]
fn a_client_whose_mailbox_is_full_is_named_and_nobody_has_to_go() {
    let dir = kit::dir();
    let large = kit::path(&dir, "large");
    std::fs::write(&large, vec![b'x'; 16 << 20]).unwrap();
    let host = host(&[]);
    let _slow = host.enter("#1");
    let mut quick = host.enter("#2");
    // One on its way, and two that were taken for it.
    host.screen.keys(format!("/to #1 /file {}\r", large.display()).repeat(4) + "/to #1 x\r");
    host.screen.shows("* not sent to #1: too much is queued for it already");
    host.screen.keys("for who can\r");
    assert_eq!(text_of(&mut quick), "for who can");
    host.screen.keys("/clients\r");
    host.screen.shows("#1  127.0.0.1:");
}

#[test]
fn a_busy_port_is_told_before_there_is_a_prompt() {
    let host = host(&[]);
    let mut other = prompt(["listen", &host.port.to_string()]).start();
    other.leaves_with(3);
    other.shows(&format!("cannot listen on `127.0.0.1:{}`", host.port));
    assert!(!other.contents().contains("\n!"));
}

#[test]
fn other_work_has_no_prompt_and_a_pipe_has_none_either() {
    for work in [&["--echo"][..], &["--broadcast"], &["--exec", "cat"], &["-r"], &["--json-input"]] {
        let screen = prompt([&["listen", ":0"], work].concat()).start();
        screen.shows("listening on ws://127.0.0.1:");
        assert!(screen.is_cooked(), "{work:?}");
    }
}

#[test]
fn a_relay_shows_both_sides_and_puts_messages_in_on_either() {
    let (server, heard) = kit::hearing();
    let dir = kit::dir();
    let args = ["listen", "127.0.0.1:0", "--forward", &kit::url(&server)];
    let host = started(prompt(args).env("XDG_STATE_HOME", dir.path().to_str().unwrap()));
    // A line is not sent by itself, also to who has never typed one.
    assert!(!host.screen.contents().contains("press Enter to send it"), "{}", host.screen.contents());
    let mut client = host.enter("#1");
    client.write_all(&masked(TEXT, b"from the app")).unwrap();
    host.screen.shows("#1 < from the app");
    assert_eq!(heard.next(), kit::text("from the app"));
    host.screen.keys("hello\r");
    host.screen.shows("/to #1 and /to server tell for which side of the relay it is");
    host.screen.keys("/to #1 for the app\r");
    assert_eq!(text_of(&mut client), "for the app");
    host.screen.shows("#1 > for the app");
    host.screen.keys("/to server for the server\r");
    assert_eq!(heard.next(), kit::text("for the server"));
    host.screen.shows("#1 server > for the server");
    let _second = host.enter("#2");
    host.screen.keys("/to server x\r");
    host.screen.shows("there are several clients; /to server#1 is for the connection of the first");
    host.screen.keys("/to server#1 y\r");
    assert_eq!(heard.next(), kit::text("y"));
    let echoing = self::host(&["--forward", &kit::url(&kit::echo())]);
    let mut client = echoing.enter("#1");
    client.write_all(&masked(TEXT, b"there and back")).unwrap();
    echoing.screen.shows("#1 > there and back");
}

#[test]
fn only_a_relay_has_a_server() {
    let host = host(&[]);
    let _client = host.enter("#1");
    host.screen.keys("/to server x\r");
    host.screen.shows("only a relay has a server (--forward)");
}
