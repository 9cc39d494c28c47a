//! `--reconnect`: servers that die, and come back on the same port.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::kit;
use super::kit::net::{Lines, Place, Relay, refuse, welcome};
use super::kit::pty::prompt;
use super::kit::tls::Authority;
use super::kit::{CLOSE, TEXT, dir, echo, frame, read_frame, tool};

const SOON: &[&str] = &["--reconnect", "--reconnect-delay", "1ms..20ms"];

fn text(stream: &mut TcpStream) -> String {
    let (opcode, payload) = read_frame(stream).expect("a message comes");
    assert_eq!(opcode, TEXT);
    String::from_utf8(payload).unwrap()
}

fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(&frame(TEXT, text.as_bytes())).unwrap();
}

fn close(stream: &mut TcpStream, code: u16) {
    stream.write_all(&frame(CLOSE, &code.to_be_bytes())).unwrap();
    while read_frame(stream).is_ok() {}
}

/// Answers the client's Close.
fn part(stream: &mut TcpStream) {
    let (opcode, payload) = read_frame(stream).expect("a Close comes");
    assert_eq!(opcode, CLOSE);
    stream.write_all(&frame(CLOSE, &payload)).unwrap();
}

#[test]
fn a_cut_connection_is_made_again_and_all_is_said() {
    let place = Place::new();
    let listener = place.listen();
    let mut running = tool().args(SOON).arg(place.url()).spawn();
    let said = Lines::of(running.child.stderr.take().unwrap());
    let mut stdin = running.child.stdin.take().unwrap();
    let mut client = welcome(&listener);
    stdin.write_all(b"a\n").unwrap();
    assert_eq!(text(&mut client), "a");
    say(&mut client, "A");
    drop((client, listener));
    assert_eq!(said.next(), format!("wsprobe: connected to {}", place.url()));
    assert_eq!(said.next(), "wsprobe: the connection was cut without a Close");
    assert_eq!(said.next(), "wsprobe: reconnecting now");
    // Nobody is there: it tries again.
    assert!(said.next().starts_with("wsprobe: cannot connect to "));
    assert!(said.next().starts_with("wsprobe: reconnecting "));
    // Piped meanwhile.
    stdin.write_all(b"b\nc\n").unwrap();
    let mut client = place.serve_one();
    assert_eq!([text(&mut client), text(&mut client)], ["b", "c"]);
    say(&mut client, "C");
    drop(stdin);
    part(&mut client);
    assert_eq!(said.rest().last().unwrap(), "wsprobe: closed 1000 (normal closure)");
    running.wait().code(0).stdout("A\nC\n");
}

#[test]
fn each_piped_line_is_written_to_one_connection_and_all_are_in_order() {
    const LINES: usize = 120_000;
    let line = |n: usize| format!("{n:0100}");
    let place = Place::new();
    let listener = place.listen();
    let input: String = (0..LINES).map(|n| line(n) + "\n").collect();
    let running = tool().args(SOON).args(["-w", "0"]).arg(place.url()).stdin(input).start();
    let all = |stream: &mut TcpStream| {
        let mut stream = std::io::BufReader::with_capacity(1 << 16, stream);
        let frames = std::iter::from_fn(move || match read_frame(&mut stream) {
            Ok(read) => Some(read),
            // The end may come within a frame.
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => None,
            Err(error) => panic!("{error}"),
        });
        frames.take_while(|(opcode, _)| *opcode == TEXT).map(|(_, text)| String::from_utf8(text).unwrap()).collect()
    };
    // It reads a part of the input, stops until the client cannot write, and leaves; what was written
    // by then is still to be read.
    let mut first = welcome(&listener);
    let mut lines: Vec<String> = (0..1000).map(|_| text(&mut first)).collect();
    first.shutdown(Shutdown::Write).unwrap();
    let mut second = welcome(&listener);
    lines.extend::<Vec<String>>(all(&mut first));
    let written = lines.len();
    assert!((1000..LINES).contains(&written), "{written}");
    let mut third_part: Vec<String> = (0..1000).map(|_| text(&mut second)).collect();
    second.shutdown(Shutdown::Write).unwrap();
    let mut third = welcome(&listener);
    third_part.extend::<Vec<String>>(all(&mut second));
    lines.extend(third_part);
    lines.extend::<Vec<String>>(all(&mut third));
    drop(third);
    running.wait();
    assert_eq!(lines.len(), LINES);
    let misplaced = lines.iter().enumerate().find(|(n, text)| **text != line(*n));
    assert_eq!(misplaced, None);
}

#[test]
fn messages_of_x_are_sent_again_and_the_count_goes_on() {
    let place = Place::new();
    let listener = place.listen();
    let args = ["-x", "subscribe", "-x", "more", "-w", "forever", "--count", "3"];
    let running = tool().args(SOON).args(args).arg(place.url()).start();
    for update in ["1", "2"] {
        let mut client = welcome(&listener);
        assert_eq!([text(&mut client), text(&mut client)], ["subscribe", "more"]);
        say(&mut client, update);
        close(&mut client, 1012);
    }
    let mut client = welcome(&listener);
    assert_eq!([text(&mut client), text(&mut client)], ["subscribe", "more"]);
    say(&mut client, "3");
    part(&mut client);
    running
        .wait()
        .code(0)
        .stdout("1\n2\n3\n")
        .says("wsprobe: closed 1012 by the server (service restart)\nwsprobe: reconnecting");
}

#[test]
fn the_wait_does_not_begin_anew_with_each_connection() {
    let place = Place::new();
    let listener = place.listen();
    let mut running = tool().args(SOON).args(["-r", "-w", "1s"]).arg(place.url()).start();
    // None of them lasts for a second.
    let dropping = std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let head = kit::read_head(&mut stream);
            let _ = stream.write_all(kit::switching(&head).as_bytes());
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    // That of the last connection, which is cut before it can answer our Close, may be either.
    assert!(matches!(running.wait_code(), Some(0 | 5)));
    drop(dropping);
}

#[test]
fn it_gives_up_after_so_many_attempts_in_a_row() {
    let place = Place::new();
    let listener = place.listen();
    let args = ["--reconnect=2", "--reconnect-delay", "1ms..20s", "-r"];
    let running = tool().args(args).arg(place.url()).start();
    drop((welcome(&listener), listener));
    let ran = running.wait().code(3);
    let attempts: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("wsprobe: reconnecting")).collect();
    assert_eq!(attempts.len(), 2, "{}", ran.stderr);
    assert!(attempts[0].ends_with("(attempt 1 of 2)") && attempts[1].ends_with("(attempt 2 of 2)"), "{attempts:?}");
    assert!(ran.stderr.lines().last().unwrap().starts_with("wsprobe: cannot connect to "), "{}", ran.stderr);
}

#[test]
fn a_connection_that_lived_starts_the_count_over() {
    let place = Place::new();
    let listener = place.listen();
    let args = ["--reconnect=1", "--reconnect-delay", "1ms..10ms", "-r"];
    let running = tool().args(args).arg(place.url()).start();
    for _ in 0..3 {
        let client = welcome(&listener);
        // Longer than the longest delay, and so long enough.
        std::thread::sleep(Duration::from_millis(100));
        drop(client);
    }
    let mut client = welcome(&listener);
    close(&mut client, 1000);
    running.wait().code(0);
}

#[test]
fn what_was_not_sent_is_said_at_the_end() {
    let place = Place::new();
    let listener = place.listen();
    let running = tool().args(["--reconnect=1", "--reconnect-delay", "1ms..1ms"]).arg(place.url()).spawn();
    let client = welcome(&listener);
    let mut running = running;
    let stdin = running.child.stdin.take().unwrap();
    // A megabyte that nobody reads does not fit into what the connection holds.
    let writing = std::thread::spawn(move || {
        let mut stdin = stdin;
        let _ = stdin.write_all(&[&vec![b'x'; 64 << 20][..], b"\n"].concat());
        stdin
    });
    let _stdin = writing.join().unwrap();
    // Its first bytes are there, so it is under way.
    (&client).read_exact(&mut [0; 1000]).unwrap();
    drop((client, listener));
    let ran = running.wait().code(3);
    ran.says("wsprobe: 1 message was not sent\n");
}

#[test]
fn only_what_can_pass_is_tried_again() {
    for (code, status) in [(1000, 0), (1008, 6), (4000, 6)] {
        let place = Place::new();
        let listener = place.listen();
        let running = tool().args(SOON).arg("-r").arg(place.url()).start();
        close(&mut welcome(&listener), code);
        let ran = running.wait().code(status);
        assert!(!ran.stderr.contains("reconnecting"), "{}", ran.stderr);
    }
    for (answer, again) in [("503 Service Unavailable", true), ("401 Unauthorized", false), ("404 Not Found", false)] {
        let place = Place::new();
        let listener = place.listen();
        let running = tool().args(SOON).arg("-r").arg(place.url()).start();
        drop(welcome(&listener));
        refuse(&listener, &format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n"));
        if again {
            close(&mut welcome(&listener), 1000);
        }
        running.wait().code(if again { 0 } else { 4 }).says(answer);
    }
    // A failed first connection is not a lost one.
    let ran = tool().args(SOON).arg(Place::new().url()).run().code(3);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn other_closes_are_no_end_if_that_is_asked_for() {
    for (on, code) in [("1000,4000", 4000), ("1000,4000", 1000), ("1005", 0), ("any", 1008), ("any", 0)] {
        let place = Place::new();
        let listener = place.listen();
        let running = tool().args(SOON).args(["--reconnect-on", on, "-r", "-1"]).arg(place.url()).start();
        let mut client = welcome(&listener);
        match code {
            0 => client.write_all(&frame(CLOSE, b"")).unwrap(),
            _ => close(&mut client, code),
        }
        let mut client = welcome(&listener);
        say(&mut client, "A");
        part(&mut client);
        running.wait().code(0).stdout("A\n").says("wsprobe: reconnecting");
    }
    for (on, code) in [("4000", 4001), ("4000", 1000)] {
        let place = Place::new();
        let listener = place.listen();
        let running = tool().args(SOON).args(["--reconnect-on", on, "-r"]).arg(place.url()).start();
        close(&mut welcome(&listener), code);
        assert!(!running.wait().stderr.contains("reconnecting"));
    }
    let refused = |args: &[&str]| tool().args(args).arg("ws://localhost:1").run().code(2).stderr;
    assert!(refused(&["--reconnect", "--reconnect-on", "999"]).contains("expected codes from 1000 to 4999"));
    assert!(refused(&["--reconnect-on", "any"]).contains("--reconnect"));
}

#[test]
fn a_server_without_messages_is_left_though_it_answers_pings() {
    let server = echo();
    let args =
        ["-x", "hello", "-w", "forever", "--ping-interval", "20ms", "--show-ping-pong", "--idle-timeout", "500ms"];
    let ran = tool().args(args).arg(kit::url(&server)).run().code(7).stdout("hello\n");
    assert!(ran.stderr.contains("pong"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("wsprobe: the server sent no message for 500ms (--idle-timeout)\n"), "{}", ran.stderr);
    let ran = tool().args(["-r", "-j", "--idle-timeout", "10ms"]).arg(kit::url(&server)).run().code(7);
    assert!(ran.out().contains(r#""kind":"timed_out""#), "{}", ran.out());
}

#[test]
fn a_server_without_messages_is_left_for_another_connection() {
    let place = Place::new();
    let listener = place.listen();
    let running = tool().args(SOON).args(["-r", "-1", "--idle-timeout", "300ms"]).arg(place.url()).start();
    let mut silent = welcome(&listener);
    assert_eq!(read_frame(&mut silent).unwrap(), (CLOSE, 1001_u16.to_be_bytes().to_vec()));
    let mut client = welcome(&listener);
    say(&mut client, "A");
    part(&mut client);
    let words = "wsprobe: the server sent no message for 300ms (--idle-timeout)\nwsprobe: reconnecting";
    running.wait().code(0).stdout("A\n").says(words);
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    for status in ["503 Service Unavailable", "429 Too Many Requests"] {
        let place = Place::new();
        let listener = place.listen();
        let running = tool().args(SOON).arg("-r").arg(place.url()).start();
        drop(welcome(&listener));
        refuse(&listener, &format!("HTTP/1.1 {status}\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"));
        let refused = Instant::now();
        close(&mut welcome(&listener), 1000);
        assert!(refused.elapsed() > Duration::from_millis(900));
        running.wait().code(0).says("wsprobe: reconnecting in 1.0s");
    }
    let place = Place::new();
    let listener = place.listen();
    let running = tool().args(["--wait-for-server", "9s", "-r"]).arg(place.url()).start();
    refuse(&listener, "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
    let refused = Instant::now();
    close(&mut welcome(&listener), 1000);
    assert!(refused.elapsed() > Duration::from_millis(900));
    running.wait().code(0);
}

#[test]
fn a_bad_certificate_ends_it() {
    let (dir, trusted, stranger) = (dir(), Authority::new("ours"), kit::tls::stranger());
    let place = Place::new();
    let listener = place.listen();
    let url = place.url().replace("ws:", "wss:");
    let running = tool().args(SOON).arg("-r").arg("--cacert").arg(trusted.file(&dir)).arg(url).start();
    let config = trusted.server(&["127.0.0.1"]);
    let mut client = secured(&listener, config);
    let head = kit::read_head(&mut client);
    client.write_all(kit::switching(&head).as_bytes()).unwrap();
    drop(client);
    let _ = secured(&listener, stranger).read(&mut [0]);
    running.wait().code(3).says("TLS with `127.0.0.1` failed");
}

fn secured(
    listener: &std::net::TcpListener,
    config: Arc<rustls::ServerConfig>,
) -> rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    let (stream, _) = listener.accept().expect("a client comes");
    rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), stream)
}

#[test]
fn a_peer_that_vanished_is_left_for_another_connection() {
    let server = echo();
    let relay = Relay::to(server.port());
    let args = ["--ping-interval", "50ms", "--ping-timeout", "300ms", "-w", "0"];
    let mut running = tool().args(SOON).args(args).arg(relay.url()).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    let printed = Lines::of(running.child.stdout.take().unwrap());
    let said = Lines::of(running.child.stderr.take().unwrap());
    stdin.write_all(b"a\n").unwrap();
    assert_eq!(printed.next(), "a");
    relay.block();
    said.find("the server did not answer a ping");
    said.find("connected to");
    stdin.write_all(b"b\n").unwrap();
    assert_eq!(printed.next(), "b");
    drop(stdin);
    assert_eq!(running.wait_code(), Some(0));
}

#[test]
fn the_input_waits_and_a_signal_ends_the_waiting() {
    let place = Place::new();
    let listener = place.listen();
    let mut running = tool().args(["--reconnect", "--reconnect-delay", "1h..1h"]).arg(place.url()).spawn();
    let said = Lines::of(running.child.stderr.take().unwrap());
    drop((welcome(&listener), listener));
    assert!(said.find("reconnecting in ").ends_with('s'));
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait_code(), Some(143));
}

#[test]
fn records_show_each_connection() {
    let place = Place::new();
    let listener = place.listen();
    let running = tool().args(SOON).args(["-q", "-j", "-r"]).arg(place.url()).start();
    drop(welcome(&listener));
    close(&mut welcome(&listener), 1000);
    let ran = running.wait().code(0);
    let types: Vec<_> = ["open", "close", "error", "open", "close"].map(|kind| format!(r#""type":"{kind}""#)).into();
    let lines: Vec<_> = ran.out().lines().map(str::to_owned).collect();
    assert!(
        lines.len() == types.len() && lines.iter().zip(&types).all(|(line, kind)| line.contains(kind)),
        "{lines:?}"
    );
}

#[test]
fn the_prompt_keeps_its_line_and_its_history_and_queues_what_is_typed() {
    let place = Place::new();
    let listener = place.listen();
    let mut screen = prompt(SOON.iter().copied().chain([place.url().as_str()])).start();
    let mut client = welcome(&listener);
    screen.keys("before\r");
    assert_eq!(text(&mut client), "before");
    screen.prompt();
    screen.keys("half");
    screen.line("> half", 6);
    drop((client, listener));
    screen.wrote("* the connection was cut without a Close");
    // The first attempt may have failed before the display came to it.
    screen.wrote("reconnecting ");
    screen.line("~ half", 6);
    screen.keys(" a line\r");
    screen.wrote("* queued (1)");
    screen.keys("another\r");
    screen.wrote("* queued (2)");
    screen.keys("/ping\r");
    screen.wrote("* not sent: the connection was lost; only messages wait for the next one");
    screen.keys("still typing");
    screen.line("~ still typing", 14);
    let mut client = place.serve_one();
    assert_eq!([text(&mut client), text(&mut client)], ["half a line", "another"]);
    screen.wrote("* sending the queued messages (2)");
    screen.line("> still typing", 14);
    screen.keys("\x15\x1b[A\x1b[A\x1b[A\x1b[A");
    screen.line("> before", 8);
    screen.keys("\x15\x04");
    part(&mut client);
    screen.leaves_with(0);
}

#[test]
fn the_prompt_is_not_held_by_a_long_delay() {
    let place = Place::new();
    let listener = place.listen();
    let url = place.url();
    let mut screen = prompt(["--reconnect", "--reconnect-delay", "1h..1h", &url]).start();
    let client = welcome(&listener);
    screen.prompt();
    drop(client);
    screen.shows("* reconnecting in ");
    screen.line("~", 2);
    // Enter does not wait for it.
    screen.keys("\r");
    let client = welcome(&listener);
    screen.prompt();
    drop(client);
    screen.line("~", 2);
    screen.keys("lost\r");
    screen.shows("* queued (1)");
    screen.keys("/close\r");
    screen.shows("* 1 message was not sent");
    screen.line("!", 2);
    screen.keys("\r");
    let client = welcome(&listener);
    screen.prompt();
    drop(client);
    screen.line("~", 2);
    screen.keys("\x04");
    screen.leaves_with(5);
}
