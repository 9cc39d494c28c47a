//! Many clients at once, and some that do not keep up.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::kit::{CLOSE, TEXT, tool, tool_in_shell};
use super::{Listening, frame_of, listen, masked, until};

#[test]
fn a_thousand_clients_lose_nothing_while_one_stands_still_and_has_to_go() {
    const CLIENTS: usize = 1000;
    const SIZE: usize = 60_000;
    let server = tool().args(["listen", ":0", "--broadcast", "--close-timeout", "30s"]).stdout_to(Stdio::null());
    let server = Listening::of(server.start());
    let mut clients: Vec<_> = (1..CLIENTS).map(|_| server.enter()).collect();
    let mut speaker = clients.pop().unwrap();
    // It takes less from the wire than a socket usually does, so that what waits for it waits at the server.
    let mut stalled = server.enter_slowly();
    let name = format!("#{CLIENTS}");
    server.says(&format!("{name} connected"));
    let message = |number: usize| format!("{number:0SIZE$}").into_bytes();
    let mut rounds = 0;
    let said = loop {
        let said = (TEXT, message(rounds));
        speaker.write_all(&masked(TEXT, &said.1)).unwrap();
        for client in &mut clients {
            assert!(frame_of(client).unwrap() == said, "round {rounds}");
        }
        rounds += 1;
        if let Some(said) = server.has_said(" is too slow: closing it with 1013") {
            break said;
        }
        assert!(rounds < 1000, "it is never too slow");
    };
    assert!(said.contains(&name), "{said}");
    for number in 0..3 {
        let said = (TEXT, message(number));
        speaker.write_all(&masked(TEXT, &said.1)).unwrap();
        for client in &mut clients {
            assert!(frame_of(client).unwrap() == said);
        }
    }
    // Once it reads, it gets what was in transit in order, and then the Close.
    for number in 0.. {
        let (opcode, data) = frame_of(&mut stalled).unwrap();
        if opcode == CLOSE {
            assert_eq!(data[..2], 1013_u16.to_be_bytes());
            break;
        }
        assert!((opcode, data) == (TEXT, message(number)), "{number}");
    }
}

#[test]
fn a_slow_client_is_dropped_with_1013_and_the_others_get_all() {
    const MESSAGES: usize = 600;
    let server = tool().args(["listen", ":0", "--broadcast", "--close-timeout", "30s"]).stdout_to(Stdio::null());
    let server = Listening::of(server.start());
    std::thread::scope(|scope| {
        let mut slow = server.enter();
        let mut quick = server.enter();
        let mut speaker = server.enter();
        let reading = scope
            .spawn(move || (0..MESSAGES).all(|_| frame_of(&mut quick).is_ok_and(|(_, data)| data.len() == 65_536)));
        scope.spawn(move || {
            let frame = masked(2, &[7; 65_536]);
            (0..MESSAGES).for_each(|_| speaker.write_all(&frame).unwrap());
            speaker
        });
        server.says("#1 is too slow: closing it with 1013");
        assert!(reading.join().unwrap());
        // Once it reads, it gets the Close.
        let close =
            std::iter::from_fn(|| frame_of(&mut slow).ok()).find(|(opcode, _)| *opcode == CLOSE).expect("a Close");
        assert_eq!(close.1[..2], 1013_u16.to_be_bytes());
    });
}

#[test]
fn two_thousand_idle_clients_take_little_memory() {
    const CLIENTS: usize = 2000;
    let server = listen(&["--echo"]);
    let before = server.running.peak_memory();
    // What a window takes is only there once somebody says something.
    let _clients: Vec<_> = (0..CLIENTS).map(|_| server.enter_offering("permessage-deflate").0).collect();
    let each = (server.running.peak_memory() - before) / CLIENTS as u64;
    // 10,000 of them are to stay below 300 MiB.
    assert!(each < 30 << 10, "{each} bytes each");
}

#[test]
fn clients_that_have_said_much_and_are_silent_keep_little_memory() {
    const CLIENTS: usize = 200;
    const MESSAGES: usize = 10_000;
    let server = tool().args(["listen", ":0", "--echo"]).stdout_to(Stdio::null());
    let server = Listening::of(server.start());
    let said = masked(TEXT, &[b'x'; 32]).repeat(MESSAGES);
    let speak = || {
        let mut client = server.enter();
        let mut sender = client.try_clone().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| sender.write_all(&said).unwrap());
            let mut echoes = vec![0; MESSAGES * 34];
            client.read_exact(&mut echoes).unwrap();
        });
        client
    };
    // What one needs while it speaks, the next uses again.
    let _first = speak();
    let before = server.running.peak_memory();
    let _clients: Vec<_> = (0..CLIENTS).map(|_| speak()).collect();
    let each = (server.running.peak_memory() - before) / CLIENTS as u64;
    assert!(each < 40 << 10, "{each} bytes each");
}

#[test]
fn memory_goes_back_when_a_crowd_has_left() {
    const CLIENTS: usize = 2000;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("there is a limit");
    setrlimit(Resource::RLIMIT_NOFILE, soft.max(hard.min(1 << 16)), hard).expect("up to the hard one all is allowed");
    let server = Listening::of(tool().args(["listen", "127.0.0.1:0", "--echo"]).stdout_to(Stdio::null()).start());
    let say = |client: &mut TcpStream| {
        client.write_all(&masked(TEXT, &[b'x'; 10_000])).unwrap();
        frame_of(client).unwrap();
    };
    say(&mut server.enter());
    let idle = server.running.memory();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| server.enter()).collect();
    clients.iter_mut().for_each(say);
    assert!(server.running.memory() > 2 * idle, "so few tell nothing");
    drop(clients);
    until("the memory is back", || server.running.memory() <= 2 * idle);
}

#[test]
fn a_server_without_descriptors_complains_once_and_goes_on_when_there_are_some() {
    let server = tool_in_shell(r#"ulimit -n 40; exec "$@""#).args(["listen", "127.0.0.1:0", "--echo"]);
    let server = Listening::of(server.start());
    let clients: Vec<_> = (0..60).map(|_| server.connect()).collect();
    server.says("cannot accept a connection: Too many open files (os error 24); new clients have to wait");
    // It tries again ten times a second.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.has_said("cannot accept"), None);
    drop(clients);
    server.client(&["-1", "-x", "hello"]).run().code(0).stdout("hello\n");
}
