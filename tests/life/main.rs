//! How wsprobe waits for a server, keeps a connection alive, and detects a dead one.

#[path = "../kit/mod.rs"]
mod kit;

mod lockstep;
mod ping;
mod reconnect;
mod reply;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use kit::net::{Lines, Place, Relay, is_once, refuse};
use kit::pty::prompt;
use kit::{CLOSE, PING, Raw, Said, TEXT, connected, echo, frame, hearing, read_frame, serving, tool, url};
use nix::sys::signal::Signal::SIGINT;

const PONG: u8 = 10;

/// Answers the client's Close, after whatever else comes before it.
fn part(stream: &mut TcpStream) {
    while let Ok((opcode, payload)) = read_frame(stream) {
        if opcode == CLOSE {
            stream.write_all(&frame(CLOSE, &payload)).unwrap();
            return;
        }
    }
}

#[test]
fn it_connects_within_100_ms_of_the_servers_start() {
    let took = || {
        let place = Place::new();
        let mut running = tool().args(["--wait-for-server", "1m", "-x", "hello"]).arg(place.url()).spawn();
        let said = Lines::of(running.child.stderr.take().unwrap());
        assert!(said.next().starts_with("wsprobe: waiting for the server: cannot connect to ws://"));
        let started = Instant::now();
        let listener = place.listen();
        let (mut client, _) = listener.accept().unwrap();
        let took = started.elapsed();
        let head = kit::read_head(&mut client);
        client.write_all(kit::switching(&head).as_bytes()).unwrap();
        assert_eq!(read_frame(&mut client).unwrap(), (TEXT, b"hello".to_vec()));
        assert_eq!(said.next(), format!("wsprobe: connected to {}", place.url()));
        running.signal(SIGINT);
        part(&mut client);
        assert_eq!(running.wait_code(), Some(130));
        took
    };
    assert!(is_once(5, Duration::from_millis(100), took));
}

#[test]
fn it_waits_as_long_as_it_was_told_to() {
    let place = Place::new();
    let ran = tool().args(["--wait-for-server", "300ms"]).arg(place.url()).run().code(7).stdout("");
    ran.says("wsprobe: timed out after 300ms while waiting for the server (--wait-for-server)\n");
    let ran = tool().args(["--wait-for-server", "forever", "--timeout", "300ms"]).arg(place.url()).run().code(7);
    ran.says("wsprobe: timed out after 300ms while connecting (--timeout)\n");
}

#[test]
fn a_proxy_whose_server_is_not_up_is_waited_for_and_a_refusal_is_not() {
    let place = Place::new();
    let listener = place.listen();
    let running = tool().args(["--wait-for-server", "1m"]).arg(place.url()).start();
    refuse(&listener, "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    refuse(&listener, "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
    running.wait().code(4).says("401 Unauthorized");
}

#[test]
fn pings_go_out_at_each_interval_and_round_trips_are_shown() {
    let server = Raw::open(|mut stream| {
        for number in 1..=3 {
            let (opcode, payload) = read_frame(&mut stream).unwrap();
            assert_eq!((opcode, payload.as_slice()), (PING, format!("keepalive {number}").as_bytes()));
            stream.write_all(&frame(PONG, &payload)).unwrap();
        }
        stream.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
        while read_frame(&mut stream).is_ok() {}
    });
    let ran = tool().args(["-P", "-r", "--ping-interval", "20ms", "--ping-timeout", "1m"]).arg(server.url()).run();
    let ran = ran.code(0).stdout("");
    let trips: Vec<_> = ran.stderr.lines().filter(|line| line.contains("received pong keepalive")).collect();
    assert!(trips.len() == 3 && trips.iter().all(|trip| trip.ends_with(" ms)")), "{}", ran.stderr);
    server.join();
}

#[test]
fn a_peer_that_vanished_is_noticed() {
    let server = echo();
    let relay = Relay::to(server.port());
    let mut running = tool().args(["--ping-interval", "100ms", "--ping-timeout", "400ms"]).arg(relay.url()).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    let printed = Lines::of(running.child.stdout.take().unwrap());
    stdin.write_all(b"a\n").unwrap();
    assert_eq!(printed.next(), "a");
    relay.block();
    // Something to send does not hide that nothing comes back.
    stdin.write_all(b"b\n").unwrap();
    let error = "wsprobe: the server did not answer a ping within 400ms (--ping-timeout)\n";
    running.wait().code(5).stderr(&(connected(&relay.url()) + error));
}

#[test]
fn a_peer_that_vanished_while_it_was_sent_a_lot_is_noticed() {
    let server = echo();
    let relay = Relay::to(server.port());
    let mut running = tool().args(["--ping-timeout", "400ms", "--ping-interval", "100ms"]).arg(relay.url()).spawn();
    let stdin = running.child.stdin.take().unwrap();
    let said = Lines::of(running.child.stderr.take().unwrap());
    said.find("connected");
    relay.block();
    // More than all buffers on the way hold.
    std::thread::spawn(move || {
        let line = [&[b'x'; 65_535][..], b"\n"].concat();
        let mut stdin = stdin;
        (0..4096).try_for_each(|_| stdin.write_all(&line))
    });
    said.find("the server did not answer a ping");
    assert_eq!(running.wait_code(), Some(5));
}

#[test]
fn whoever_sends_anything_is_alive() {
    let server = Raw::open(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        // Ten times as long as a silent peer would have, in bytes of one message.
        let message = frame(TEXT, &[b'x'; 80]);
        for byte in message {
            stream.write_all(&[byte]).unwrap();
            let _ = stream.read(&mut [0; 64]);
        }
        stream.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
    });
    let ran = tool().args(["-r", "--ping-interval", "10ms", "--ping-timeout", "400ms"]).arg(server.url()).run();
    ran.code(0).stdout("x".repeat(80) + "\n");
}

#[test]
fn a_slow_reader_of_ours_is_not_taken_for_a_dead_peer() {
    const LINES: usize = 400;
    let server = serving(|client| async move {
        let text = "x".repeat(65_535);
        for _ in 0..LINES {
            client.feed(&text).await;
        }
        client.flush().await;
        client.close(1000, "").await;
    });
    let args = ["-r", "--ping-interval", "20ms", "--ping-timeout", "100ms"];
    let mut running = tool().args(args).arg(url(&server)).spawn();
    let mut stdout = running.child.stdout.take().unwrap();
    for n in 0..LINES {
        stdout.read_exact(&mut [0; 65_536]).unwrap();
        if n % 100 == 0 {
            // Nothing can be read from the server meanwhile, for longer than it has to answer.
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    assert_eq!(running.wait_code(), Some(0));
}

#[test]
fn heartbeats_are_sent_between_messages_for_as_long_as_it_is_open() {
    let (server, heard) = hearing();
    let args = ["-x", "subscribe", "-w", "forever", "--heartbeat", "{}", "--heartbeat-interval", "30ms"];
    let running = tool().args(args).arg(url(&server)).start();
    assert_eq!(heard.next(), Said::Text("subscribe".to_owned()));
    for _ in 0..3 {
        assert_eq!(heard.next(), Said::Text("{}".to_owned()));
    }
    running.signal(SIGINT);
    running.wait().code(130);
}

#[test]
fn heartbeats_do_not_wait_for_the_rate() {
    let (server, heard) = hearing();
    let args = ["-b", "--rate", "1/1h", "--heartbeat", "beat", "--heartbeat-interval", "30ms"];
    let running = tool().args(args).arg(url(&server)).stdin("one\ntwo\n").start();
    assert_eq!(heard.next(), Said::Binary(b"one".to_vec()));
    for _ in 0..3 {
        assert_eq!(heard.next(), Said::Binary(b"beat".to_vec()));
    }
    running.signal(SIGINT);
    running.wait().code(130);
}

#[test]
fn pings_are_answered_unless_no_pong_forbids_it() {
    for (args, answers) in [(&["-r"][..], true), (&["-r", "--no-pong", "-P"], false)] {
        let server = Raw::start(move |mut stream, head| {
            // The first ping comes together with the head of the answer.
            let opening = [kit::switching(&head).as_bytes(), &frame(PING, b"1"), &frame(PING, b"2")].concat();
            stream.write_all(&opening).unwrap();
            if answers {
                assert_eq!(read_frame(&mut stream).unwrap().0, PONG);
            }
            stream.write_all(&frame(PONG, b"unasked")).unwrap();
            stream.write_all(&frame(TEXT, b"end")).unwrap();
            stream.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
            let rest: Vec<_> = std::iter::from_fn(|| read_frame(&mut stream).ok()).map(|(opcode, _)| opcode).collect();
            assert!(answers || rest == [CLOSE], "{rest:?}");
        });
        let ran = tool().args(args).arg(server.url()).run().code(0).stdout("end\n");
        if !answers {
            for word in ["received ping 1\n", "received ping 2\n", "received pong unasked\n"] {
                assert!(ran.stderr.contains(word), "{word} is missing in {}", ran.stderr);
            }
            assert!(!ran.stderr.contains("sent pong"), "{}", ran.stderr);
        }
        server.join();
    }
}

#[test]
fn what_makes_no_sense_together_is_refused() {
    for (args, error) in [
        (&["--ping-interval", "off", "--ping-timeout", "1s"][..], "which `--ping-interval off` disables"),
        (&["--ping-timeout", "0"], "invalid value `0` for `--ping-timeout <TIME>`: expected a time longer than 0"),
        (&["--heartbeat-interval", "1s"], "--heartbeat"),
        (&["--reconnect-delay", "1s..2s"], "--reconnect"),
        (&["--reconnect", "--reconnect-delay", "2s..1s"], "the first time must not be longer than the second"),
        (&["--reconnect=0"], "expected a number of at least 1"),
        (&["--heartbeat", "\\q", "--escapes"], "invalid value `\\q` for `--heartbeat <TEXT>`"),
    ] {
        let ran = tool().args(args).arg("ws://localhost:1").run().code(2).stdout("");
        assert!(ran.stderr.contains(error) && ran.stderr.lines().count() == 1, "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn the_prompt_notices_a_dead_peer_too() {
    let server = echo();
    let relay = Relay::to(server.port());
    let url = relay.url();
    let mut screen = prompt(["--ping-interval", "100ms", "--ping-timeout", "400ms", &url]).start();
    screen.keys("hello\r");
    screen.shows("< hello");
    relay.block();
    screen.keys("half a line");
    screen.shows("* the server did not answer a ping within 400ms (--ping-timeout)");
    screen.line("! half a line", 13);
    screen.keys("\x15/info\r");
    screen.shows("round trip ");
    screen.keys("\x04");
    screen.leaves_with(5);
}

#[test]
fn the_prompt_shows_its_own_pings_only_when_asked() {
    let show = |args: &[&str]| {
        let server = echo();
        let url = url(&server);
        let screen = prompt(args.iter().copied().chain(["--ping-interval", "20ms", &url])).start();
        screen.prompt();
        screen
    };
    show(&["-P"]).shows("pong keepalive 2 (");
    let screen = show(&[]);
    screen.keys("/ping mine\r");
    screen.shows("pong mine (");
    screen.keys("/info\r");
    // As many as the keepalive had, and one.
    screen.shows("ms (min/avg/max of ");
    assert!(!screen.contents().contains("keepalive"), "{}", screen.contents());
}
