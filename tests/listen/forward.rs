//! `--forward`: a relay between clients and a server, with other programs at both of its ends.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use wsprobe::testing::Said;

use super::kit::http::{self, Http};
use super::kit::listening::listen_quietly;
use super::kit::{self, CLOSE, Raw, TEXT, frame, read_frame, tool};
use super::{Listening, frame_of, listen, masked, request};

fn relay(url: &str, args: &[&str]) -> Listening {
    listen(&[&["--forward", url], args].concat())
}

#[test]
fn what_each_side_says_reaches_the_other_and_is_shown() {
    let server = kit::echo();
    let relay = relay(&kit::url(&server), &[]);
    relay.client(&["--count", "2", "-x", "one", "-x", "two"]).run().code(0).stdout("one\ntwo\n");
    relay.says("#1 closed 1000");
    let data: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    relay.client(&["-1", "-b", "--whole"]).stdin(data.clone()).run().code(0).stdout(data);
    relay.says("#2 closed 1000");
    let out = relay.stop();
    // Binary messages are for people here, too.
    let binary = "#2 > binary, 300000 bytes\n00000000  00 01 02 03 ";
    for line in ["#1 < one\n", "#1 < two\n", "#1 > one\n", "#1 > two\n", binary] {
        assert_eq!(out.matches(line).count(), 1, "{line}");
    }
}

#[test]
fn what_both_sides_say_is_decoded() {
    let server = kit::echo();
    for (args, received, sent) in [
        (&["--decode", "cbor"][..], "#1 < {\"a\":1}\n", "#1 > {\"a\":1}\n"),
        (
            &["-j", "--decode", "cbor"],
            "\"base64\":\"oWFhAQ==\",\"decoded\":{\"a\":1}",
            "\"dir\":\"out\",\"type\":\"binary\"",
        ),
    ] {
        let relay = relay(&kit::url(&server), args);
        let client = relay.client(&["-1", "--encode", "cbor", "--decode", "cbor", "-x", "{\"a\":1}"]);
        client.run().code(0).stdout("{\"a\":1}\n");
        relay.says("#1 closed 1000");
        let out = relay.stop();
        assert!(out.contains(received) && out.contains(sent), "{out}");
    }
    let server = listen(&["--decode", "cbor", "--echo"]);
    server.client(&["-1", "--encode", "cbor", "-x", "[1]"]).run().code(0);
    server.says("#1 closed 1000");
    assert_eq!(server.stop(), "#1 [1]\n");
}

#[test]
fn the_request_goes_on_with_host_and_origin_of_the_server() {
    let server = Http::welcoming();
    for (path, args, asked, expected) in [
        ("/", &[][..], "/a/b?c=d", "/a/b?c=d"),
        ("/api/", &[], "/a?b", "/api/a?b"),
        ("/ws?x=1", &[], "/a?b", "/ws?x=1"),
        ("/", &["--keep-origin"], "/", "/"),
    ] {
        let args = [&["--origin", "http://page.example"], args].concat();
        let relay = relay(&server.url(path), &args);
        let more = "Origin: http://page.example\r\nX-Tenant: blue\r\nCookie: a=b\r\nAuthorization: Basic bWU6cHc=\r\n\
            User-Agent: app/1\r\nKeep-Alive: 5\r\nX-Hop: 1\r\nConnection: X-Hop\r\nSec-WebSocket-Protocol: v1, v2\r\n";
        let answer = relay.begin(&request(asked, more));
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        let head = server.head();
        assert_eq!(http::resource(&head), expected);
        let port = server.port();
        let origin = if args.contains(&"--keep-origin") {
            "http://page.example".into()
        } else {
            format!("http://127.0.0.1:{port}")
        };
        for (name, value) in [
            ("Host", format!("127.0.0.1:{port}").as_str()),
            ("Origin", &origin),
            ("X-Tenant", "blue"),
            ("Cookie", "a=b"),
            ("Authorization", "Basic bWU6cHc="),
            ("User-Agent", "app/1"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Protocol", "v1, v2"),
        ] {
            assert_eq!(kit::field(&head, name), Some(value), "{head}");
        }
        for name in ["Keep-Alive", "X-Hop"] {
            assert_eq!(kit::field(&head, name), None, "{head}");
        }
        assert_eq!(head.matches("dGhlIHNhbXBsZSBub25jZQ==").count(), 0, "the key is our own");
    }
}

#[test]
fn the_command_line_says_how_the_server_is_asked() {
    let server = Http::welcoming();
    let args =
        ["-H", "X-Tenant: green", "-H", "Host: inner", "--bearer", "t0k", "--cookie", "c=d", "--subprotocol", "v3"];
    let relay = relay(&server.url("/"), &[&args[..], &["--user-agent", "relay/1", "--compress", "off"]].concat());
    let more = "X-Tenant: blue\r\nCookie: a=b\r\nUser-Agent: app/1\r\nSec-WebSocket-Protocol: v1\r\n\
        Authorization: Basic bWU6cHc=\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    let answer = relay.begin(&request("/", more));
    assert!(answer.starts_with("HTTP/1.1 101 "), "clients need no token, and get no header: {answer}");
    assert!(!answer.contains("X-Tenant") && kit::field(&answer, "Sec-WebSocket-Extensions").is_none(), "{answer}");
    let head = server.head();
    for (name, value) in [
        ("X-Tenant", "green"),
        ("Host", "inner"),
        ("Authorization", "Bearer t0k"),
        ("Cookie", "c=d; a=b"),
        ("Sec-WebSocket-Protocol", "v3"),
        ("User-Agent", "relay/1"),
    ] {
        assert_eq!(kit::field(&head, name), Some(value), "{head}");
        assert_eq!(
            head.to_ascii_lowercase().matches(&format!("\r\n{}: ", name.to_ascii_lowercase())).count(),
            1,
            "{head}"
        );
    }
    assert_eq!(kit::field(&head, "Sec-WebSocket-Extensions"), None, "{head}");
}

#[test]
fn credentials_that_are_for_the_relay_go_no_further() {
    let server = Http::welcoming();
    let relay = relay(&server.url("/"), &["--auth", "me:pw"]);
    assert!(relay.answer(request("/", "")).starts_with("HTTP/1.1 401 "));
    let answer = relay.begin(&request("/", "Authorization: Basic bWU6cHc=\r\n"));
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert_eq!(kit::field(&server.head(), "Authorization"), None);
}

#[test]
fn the_servers_choice_of_a_subprotocol_is_the_clients() {
    for (chosen, told) in [("Sec-WebSocket-Protocol: v2\r\n", Some("v2")), ("", None)] {
        let server = Http::start(move |head| http::welcome_with(head, chosen));
        let relay = relay(&server.url("/"), &[]);
        let answer = relay.begin(&request("/", "Sec-WebSocket-Protocol: v1, v2\r\n"));
        assert_eq!(kit::field(&answer, "Sec-WebSocket-Protocol"), told, "{answer}");
    }
}

#[test]
fn a_refusal_reaches_the_client_as_it_is() {
    let refusal = "HTTP/1.1 403 Go Away\r\nX-Why: because\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: x/y\r\n\
        Content-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\u{1}\u{2}\r\n\r\n0\r\n\r\n";
    let server = Raw::answering(refusal);
    let relay = relay(&server.url(), &[]);
    let answer = relay.answer(request("/", ""));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        head,
        "HTTP/1.1 403 Go Away\r\nConnection: close\r\nContent-Length: 4\r\nX-Why: because\r\nSet-Cookie: a=1\r\n\
         Set-Cookie: b=2\r\nContent-Type: x/y\r\nContent-Encoding: br"
    );
    assert_eq!(body, "\u{1}\u{2}\r\n");
    relay.says("was rejected with 403: the server answered 403 Go Away");
}

#[test]
fn a_server_that_is_not_there_is_502_and_one_that_does_not_answer_504() {
    let relay_of = |url: &str| relay(url, &["--handshake-timeout", "300ms"]);
    let nobody = format!("ws://127.0.0.1:{}/", kit::free_port());
    let nowhere = relay_of(&nobody);
    let answer = nowhere.answer(request("/", ""));
    assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
    nowhere.says("Connection refused");
    let (silent, held) = kit::channel::<()>();
    let server = Raw::start(move |_stream, _| {
        let _ = held.recv();
    });
    let answer = relay_of(&server.url()).answer(request("/", ""));
    assert!(answer.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"), "{answer}");
    drop(silent);
}

#[test]
fn a_relay_to_itself_is_found_out() {
    let port = kit::free_port();
    let relay = Listening::of(
        tool().args(["listen", "--forward", &format!("ws://127.0.0.1:{port}/"), &port.to_string()]).start(),
    );
    let answer = relay.answer(request("/", ""));
    assert!(answer.starts_with("HTTP/1.1 508 Loop Detected\r\n"), "{answer}");
    relay.says("the server of `--forward` is this relay itself");
}

#[test]
fn a_close_goes_to_the_other_side_with_its_code() {
    let (server, heard) = kit::hearing();
    let relay = relay(&kit::url(&server), &[]);
    relay.client(&["-x", "hi", "-w", "0", "--close-code", "4001", "--close-reason", "so long"]).run();
    assert_eq!(heard.next(), kit::text("hi"));
    assert_eq!(heard.next(), Said::Close(Some(4001), "so long".to_owned()));
    let mut bare = relay.enter();
    bare.write_all(&masked(CLOSE, b"")).unwrap();
    assert_eq!(heard.next(), Said::Close(None, String::new()));
    let leaving = kit::serving(|client| async move { client.close(4002, "no more").await });
    let relay = self::relay(&kit::url(&leaving), &[]);
    let mut client = relay.enter();
    assert_eq!(frame_of(&mut client).unwrap(), (CLOSE, [&4002_u16.to_be_bytes()[..], b"no more"].concat()));
    relay.says("#1: the server closed 4002 (private use): no more");
}

#[test]
fn a_cut_is_passed_on_as_a_cut() {
    let (tell, told) = kit::channel();
    let server = Raw::open(move |mut stream| {
        assert_eq!(read_frame(&mut stream).unwrap(), (TEXT, b"last".to_vec()));
        tell.send(read_frame(&mut stream).map_err(|error| error.kind())).unwrap();
    });
    let relay = relay(&server.url(), &[]);
    let mut client = relay.enter();
    client.write_all(&masked(TEXT, b"last")).unwrap();
    drop(client);
    let end = told.recv_timeout(kit::PATIENCE).unwrap();
    assert!(end.is_err(), "no Close comes: {end:?}");
    server.join();
    let server = Raw::open(|mut stream| stream.write_all(&frame(TEXT, b"last")).unwrap());
    let relay = self::relay(&server.url(), &[]);
    let mut client = relay.enter();
    assert_eq!(frame_of(&mut client).unwrap(), (TEXT, b"last".to_vec()));
    assert!(frame_of(&mut client).is_err(), "no Close comes");
    relay.says("#1: the server was cut without a Close");
}

#[test]
fn a_side_that_breaks_the_protocol_is_left_and_the_other_told() {
    let (server, heard) = kit::hearing();
    let relay = relay(&kit::url(&server), &[]);
    let mut client = relay.enter();
    client.write_all(&masked(TEXT, b"\xff")).unwrap();
    assert_eq!(frame_of(&mut client).unwrap(), (CLOSE, 1007_u16.to_be_bytes().to_vec()));
    assert_eq!(heard.next(), Said::Close(Some(1007), String::new()));
}

#[test]
fn a_relay_that_ends_closes_both_sides() {
    let (server, heard) = kit::hearing();
    let mut relay = relay(&kit::url(&server), &[]);
    let client = relay.client(&["-r"]).start();
    relay.says("#1 connected");
    relay.running.signal(Signal::SIGTERM);
    client.wait().code(0);
    assert_eq!(heard.next(), Said::Close(Some(1001), String::new()));
    assert_eq!(relay.running.wait_code(), Some(0));
}

#[test]
fn both_connections_are_in_the_record_and_it_can_be_replayed() {
    let dir = kit::dir();
    let file = kit::path(&dir, "session.jsonl");
    let server = kit::echo();
    let relay = relay(&kit::url(&server), &["--frames", "--record", file.to_str().unwrap()]);
    relay.client(&["-x", "ask", "-1", "-s", "chat"]).run().code(0).stdout("ask\n");
    relay.says("#1 closed 1000");
    relay.says("#1 server > close");
    relay.stop();
    let record = std::fs::read_to_string(&file).unwrap();
    let lines = |part: &str| record.lines().filter(|line| line.contains(part)).count();
    assert_eq!(lines(r#""type":"text""#), 2, "{record}");
    assert_eq!((lines(r#""type":"open""#), lines(r#""upstream":true,"url""#)), (2, 1), "{record}");
    assert!(lines(r##""type":"frame","client":"#1","upstream":true"##) >= 2, "{record}");
    kit::schema::records(&record);
    // As what the server was asked and answered.
    tool().args(["replay", "--compare", file.to_str().unwrap(), &kit::url(&server)]).run().code(0);
    let again = listen(&["--replay", file.to_str().unwrap()]);
    again.client(&["-x", "ask", "-1"]).run().code(0).stdout("ask\n");
    tool().args(["record-to-script", file.to_str().unwrap()]).run().code(0).says("");
}

#[test]
fn a_slow_reader_slows_the_sender_of_the_other_side() {
    let (tell, told) = kit::channel();
    let (go, went) = kit::channel::<()>();
    let server = Raw::open(move |mut stream| {
        // Nothing is read until the client has been stopped.
        went.recv_timeout(kit::PATIENCE).unwrap();
        let mut bytes = 0_u64;
        let mut block = vec![0; 1 << 16];
        while let Ok(count @ 1..) = stream.read(&mut block) {
            bytes += count as u64;
        }
        tell.send(bytes).unwrap();
    });
    let relay = listen_quietly(&["--forward", &server.url(), "--compress", "off"]);
    let mut client = relay.enter();
    client.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let message = masked(2, &vec![7; 1 << 20]);
    let mut sent = 0_u64;
    let stopped = loop {
        match client.write(&message[usize::try_from(sent).unwrap() % message.len()..]) {
            Ok(count) => sent += count as u64,
            Err(_) => break sent,
        }
        assert!(sent < 200 << 20, "the client can send without end");
    };
    assert!(relay.running.peak_memory() < 64 << 20, "{}", relay.running.peak_memory());
    go.send(()).unwrap();
    drop(client);
    assert!(told.recv_timeout(kit::PATIENCE).unwrap() > stopped / 2);
}

#[test]
fn bad_values_are_told_before_it_listens() {
    for (args, why) in [
        (&["--forward", "ftp://h/"][..], "is not a WebSocket scheme"),
        (&["--forward", "ws://h/", "--echo"], "cannot be used with"),
        (&["--keep-origin"], "--forward"),
        (&["--insecure"], "--forward"),
        (&["--cut-after", "3"], "--forward"),
        (&["--forward", "ws://h/", "--cut-after", "up:2s"], "expected a number of messages like 10 or up:10"),
        (&["--forward", "ws://h/", "--delay", "2s..1s"], "must not be longer than the second"),
        (&["--delay", "up:2s"], "only for messages of a relay (--forward)"),
        (&["--forward", "ws://h/", "--cacert", "/nowhere"], "/nowhere"),
    ] {
        tool().arg("listen").args(args).run().code(2).says(why);
    }
}

#[test]
fn messages_are_held_back_by_direction_and_keep_their_order() {
    let server = kit::echo();
    for (delays, least) in [(&["--delay", "up:300ms"][..], 300), (&["--delay", "100ms..200ms"], 200)] {
        let relay = relay(&kit::url(&server), delays);
        let mut client = relay.enter();
        let start = Instant::now();
        client.write_all(&["a", "b", "c"].map(|text| masked(TEXT, text.as_bytes())).concat()).unwrap();
        for text in ["a", "b", "c"] {
            assert_eq!(frame_of(&mut client).unwrap(), (TEXT, text.as_bytes().to_vec()));
        }
        assert!(start.elapsed() >= Duration::from_millis(least), "{:?}", start.elapsed());
        // What is held when a side closes is not lost.
        client.write_all(&[masked(TEXT, b"last"), masked(CLOSE, &1000_u16.to_be_bytes())].concat()).unwrap();
        relay.says("#1 closed 1000");
        assert!(relay.stop().contains("#1 < last\n"));
    }
    let leaving = kit::saying(&["one", "two"]);
    let relay = self::relay(&kit::url(&leaving), &["--delay", "down:200ms"]);
    relay.client(&["-r"]).run().code(0).stdout("one\ntwo\n");
}

#[test]
fn connections_are_cut_after_so_many_messages_or_so_long() {
    let server = kit::echo();
    for (cut, texts) in [("3", &["a"][..]), ("up:2", &["a"]), ("down:1", &["a"]), ("2s", &["a", "b", "c"])] {
        let relay = relay(&kit::url(&server), &["--cut-after", cut]);
        let mut client = relay.enter();
        let mut heard = Vec::new();
        for text in ["a", "b", "c"] {
            // Who was cut cannot send.
            let _ = client.write_all(&masked(TEXT, text.as_bytes()));
            if let Ok((TEXT, text)) = frame_of(&mut client) {
                heard.push(String::from_utf8(text).unwrap());
            }
        }
        assert_eq!(heard, texts, "{cut}");
        assert!(!matches!(frame_of(&mut client), Ok((CLOSE, _))), "{cut}: no Close comes");
        relay.says("#1: cutting the connections (--cut-after)");
    }
}

#[test]
fn a_huge_message_passes_in_parts_and_only_its_head_is_kept() {
    const SIZE: usize = 400 << 20;
    let (tell, told) = kit::channel();
    let server = Raw::open(move |mut stream| {
        let mut frames = FrameReader::default();
        tell.send(frames.read_message(&mut stream)).unwrap();
        // And back, in one frame.
        let mut head = vec![0x82, 127];
        head.extend((SIZE as u64).to_be_bytes());
        stream.write_all(&head).unwrap();
        let block = vec![b'y'; 1 << 20];
        (0..SIZE >> 20).for_each(|_| stream.write_all(&block).unwrap());
        stream.write_all(&frame(TEXT, b"after")).unwrap();
    });
    let relay = relay(&server.url(), &["--compress", "off", "--max-message", "1GiB"]);
    let mut client = relay.enter();
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let mut head = vec![0x81, 0xff];
        head.extend((SIZE as u64).to_be_bytes());
        head.extend([0; 4]);
        sender.write_all(&head).unwrap();
        let block = vec![b'x'; 1 << 20];
        (0..SIZE >> 20).for_each(|_| sender.write_all(&block).unwrap());
    });
    let mut back = FrameReader::default();
    assert_eq!(back.read_message(&mut client), (2, SIZE));
    assert_eq!(frame_of(&mut client).unwrap(), (TEXT, b"after".to_vec()));
    sending.join().unwrap();
    assert_eq!(told.recv_timeout(kit::PATIENCE).unwrap(), (1, SIZE));
    assert!(relay.running.peak_memory() < 48 << 20, "{}", relay.running.peak_memory());
    let out = relay.stop();
    let shown = format!("… [{SIZE} bytes, too many to be kept]\n");
    assert!(out.starts_with("#1 < xxxx") && out.contains(&shown), "{}", &out[..out.len().min(200)]);
    assert!(out.contains(&format!("#1 > binary, {SIZE} bytes\n")) && out.ends_with("#1 > after\n"));
}

/// Reads messages of any size without keeping them.
#[derive(Default)]
struct FrameReader {
    block: Vec<u8>,
}

impl FrameReader {
    /// The opcode and the size of the next message.
    fn read_message(&mut self, stream: &mut impl std::io::Read) -> (u8, usize) {
        self.block.resize(1 << 16, 0);
        let (mut kind, mut size) = (0, 0);
        loop {
            let mut head = [0; 2];
            stream.read_exact(&mut head).unwrap();
            let mut length = usize::from(head[1] & 0x7f);
            if length >= 126 {
                let mut bytes = [0; 8];
                let at = if length == 126 { 6 } else { 0 };
                stream.read_exact(&mut bytes[at..]).unwrap();
                length = usize::try_from(u64::from_be_bytes(bytes)).unwrap();
            }
            let mask = if head[1] & 0x80 == 0 { 0 } else { 4 };
            kind |= head[0] & 0x0f;
            size += length;
            let mut left = length + mask;
            while left > 0 {
                let count = left.min(self.block.len());
                stream.read_exact(&mut self.block[..count]).unwrap();
                left -= count;
            }
            if head[0] & 0x80 != 0 {
                return (kind, size);
            }
        }
    }
}

#[test]
fn a_command_changes_what_passes_in_order() {
    let (server, heard) = kit::hearing();
    let upper = r#"sed -u -e '/"dir":"in"/s/secret/xxxxxx/' -e '/drop me/d'"#;
    let relay = relay(&kit::url(&server), &["--edit-with", upper]);
    relay.client(&["-x", "a secret", "-x", "drop me", "-x", "last", "-w", "0", "--close-code", "4005"]).run();
    assert_eq!(heard.next(), kit::text("a xxxxxx"));
    assert_eq!(heard.next(), kit::text("last"));
    assert_eq!(heard.next(), Said::Close(Some(4005), String::new()));
    // Of the other direction, and one that answers by itself.
    let answer = r#"while read -r line; do case $line in
        *'"dir":"in"'*ping*) echo '{"dir":"out","type":"text","data":"pong"}' ;;
        *) echo "$line" | sed 's/back/BACK/' ;;
        esac; done"#;
    let server = kit::echo();
    let relay = self::relay(&kit::url(&server), &["--edit-with", answer]);
    relay
        .client(&["--count", "2", "-x", "ping", "-x", "there and BACK"])
        .run()
        .code(0)
        .stdout("pong\nthere and BACK\n");
    let out = relay.stop();
    assert!(out.contains("#1 < ping\n") && out.contains("#1 > pong\n"), "{out}");
}

#[test]
fn what_a_server_said_last_passes_the_command_before_its_close() {
    let server = kit::saying(&["one", "two", "three"]);
    let relay = relay(&kit::url(&server), &["--edit-with", "sleep 0.2; cat"]);
    relay.client(&["-r"]).run().code(0).stdout("one\ntwo\nthree\n");
}

#[test]
fn a_command_that_fails_closes_both_sides() {
    for (command, why) in [
        ("exit 3", "--edit-with: the command ended with exit status: 3"),
        ("echo nonsense; cat", "--edit-with: the command wrote no record: not JSON"),
        (r#"echo '{"type":"text","data":"a"}'; cat"#, "expected `dir`: `in` goes to the server, `out` to the client"),
    ] {
        let (server, heard) = kit::hearing();
        let relay = relay(&kit::url(&server), &["--edit-with", command]);
        relay.client(&["-r"]).run().code(6);
        relay.says(why);
        assert_eq!(heard.next(), Said::Close(Some(1011), String::new()), "{command}");
    }
}

#[test]
fn a_client_that_sends_on_after_the_command_has_failed_is_closed() {
    let (server, _heard) = kit::hearing();
    let relay = listen_quietly(&["--forward", &kit::url(&server), "--edit-with", "exit 3", "--close-timeout", "1s"]);
    let mut client = relay.enter();
    relay.says("--edit-with: the command ended with exit status: 3");
    client.set_write_timeout(Some(kit::PATIENCE)).unwrap();
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let message = masked(2, &vec![7; 1 << 20]);
        // It is left in the end.
        while sender.write_all(&message).is_ok() {}
    });
    assert_eq!(frame_of(&mut client).unwrap(), (CLOSE, 1011_u16.to_be_bytes().to_vec()));
    sending.join().unwrap();
    relay.says("#1 did not answer our Close");
}

#[test]
fn a_command_that_does_not_end_is_ended() {
    let (server, heard) = kit::hearing();
    let relay = relay(&kit::url(&server), &["--edit-with", "exec sleep 1000", "--close-timeout", "200ms"]);
    relay.client(&["-x", "lost", "-w", "0"]).run().code(0);
    assert_eq!(heard.next(), Said::Close(Some(1000), String::new()));
}

#[test]
fn a_flood_both_ways_never_stands_still() {
    const COUNT: usize = 300_000;
    let server = kit::echo();
    let relay = listen_quietly(&["--forward", &kit::url(&server), "--compress", "off"]);
    let mut client = relay.enter();
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let frames: Vec<u8> =
            (0..COUNT).flat_map(|n| masked(TEXT, format!("message number {n:085}").as_bytes())).collect();
        sender.write_all(&frames).unwrap();
    });
    let mut reader = std::io::BufReader::new(&mut client);
    for n in 0..COUNT {
        let mut frame = [0; 2 + 100];
        reader.read_exact(&mut frame).unwrap();
        assert_eq!(&frame[2..], format!("message number {n:085}").as_bytes());
    }
    sending.join().unwrap();
}

#[test]
fn small_messages_pass_together_and_each_is_shown_with_its_direction() {
    const COUNT: usize = 200_000;
    let (echo, dir) = (listen_quietly(&["--echo"]), kit::dir());
    let shown = kit::path(&dir, "shown");
    let args = ["listen", "127.0.0.1:0", "--forward", &echo.url(), "--compress", "off"];
    let file = std::fs::File::create(&shown).unwrap();
    let mut relay = Listening::of(tool().args(args).args(["--send", "welcome"]).stdout_to(file).start());
    let mut client = relay.enter();
    assert_eq!(frame_of(&mut client).unwrap(), (TEXT, b"welcome".to_vec()));
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let frame = |n: usize| match n % 1000 {
            500..510 => masked(2, format!("{n:06}").as_bytes()),
            _ => masked(TEXT, format!("{n:06}").as_bytes()),
        };
        sender.write_all(&(0..COUNT).flat_map(frame).collect::<Vec<u8>>()).unwrap();
    });
    let mut reader = std::io::BufReader::new(client.try_clone().unwrap());
    for n in 0..COUNT {
        let mut frame = [0; 2 + 6];
        reader.read_exact(&mut frame).unwrap();
        assert_eq!(&frame[2..], format!("{n:06}").as_bytes());
    }
    sending.join().unwrap();
    let (ours, theirs) = (relay.running.cpu_time(), echo.running.cpu_time());
    // One by one, it takes more than ten times as long as the echo.
    assert!(ours < theirs * 6 + Duration::from_millis(50), "{ours:?} where the echo takes {theirs:?}");
    client.write_all(&masked(CLOSE, b"\x03\xe8")).unwrap();
    relay.says("#1 closed 1000");
    relay.running.signal(Signal::SIGTERM);
    assert_eq!(relay.running.wait_code(), Some(0));
    let out = std::fs::read_to_string(shown).unwrap();
    for (mark, welcome) in [("#1 > ", 1), ("#1 < ", 0)] {
        let lines: Vec<_> = out.lines().filter_map(|line| line.strip_prefix(mark)).collect();
        assert_eq!(lines.len(), COUNT + welcome);
        assert_eq!(lines[..welcome], ["welcome"][..welcome]);
        for (n, line) in lines[welcome..].iter().enumerate() {
            let is_dumped = (500..510).contains(&(n % 1000));
            assert_eq!(*line, if is_dumped { "binary, 6 bytes".to_owned() } else { format!("{n:06}") });
        }
    }
}

#[test]
fn what_goes_to_a_client_is_shown_when_it_goes() {
    let server = kit::echo();
    for (args, expected) in [
        (&["--send", "welcome", "--every", "50ms", "tick"][..], &["> welcome", "> tick", "> tick"][..]),
        (&["--send", "welcome", "--delay", "50ms"], &["> welcome", "< question", "> question"]),
        (&["--edit-with", "sed -u s/ques/op/"], &["< question", "> option"]),
    ] {
        let mut relay = relay(&kit::url(&server), args);
        let shown = kit::net::Lines::of(relay.running.child.stdout.take().unwrap());
        let mut client = relay.enter();
        if expected.contains(&"< question") {
            client.write_all(&masked(TEXT, b"question")).unwrap();
        }
        for line in expected {
            assert_eq!(shown.next(), format!("#1 {line}"), "{args:?}");
        }
    }
}

#[test]
fn what_a_server_sent_before_it_was_cut_reaches_a_slow_client() {
    const COUNT: usize = 40;
    let server = Raw::open(|mut stream| {
        let mut message = vec![0x82, 126, 0xff, 0xff];
        message.resize(4 + 0xffff, b'y');
        (0..COUNT).for_each(|_| stream.write_all(&message).unwrap());
        // It leaves without a Close.
    });
    let relay = listen_quietly(&["--forward", &server.url(), "--compress", "off"]);
    let mut client = relay.enter_slowly();
    // What it has sent is in the relay's queue, or on its way to a client that has not read yet.
    relay.says("#1: the server was cut without a Close");
    for number in 0..COUNT {
        let (opcode, data) = frame_of(&mut client).unwrap_or_else(|error| panic!("message {number}: {error}"));
        assert_eq!((opcode, data.len()), (2, 0xffff));
    }
    assert!(frame_of(&mut client).is_err(), "no Close comes");
}

#[test]
fn what_was_said_before_a_cut_passes_the_command_first() {
    let server = Raw::open(|mut stream| stream.write_all(&frame(TEXT, b"last")).unwrap());
    let relay = relay(&server.url(), &["--edit-with", "sleep 0.2; cat"]);
    let mut client = relay.enter();
    assert_eq!(frame_of(&mut client).unwrap(), (TEXT, b"last".to_vec()));
    assert!(frame_of(&mut client).is_err(), "no Close comes");
}

/// A server that answers what it was asked, and says so in its head.
fn web_server() -> Http {
    Http::start(|head| {
        let body = format!("you asked for {}", http::resource(head));
        let length = body.len();
        let fields =
            "Set-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\nKeep-Alive: 5\r\nConnection: X-Hop\r\nX-Hop: 1";
        format!("HTTP/1.1 203 So To Say\r\n{fields}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    })
}

#[test]
fn a_plain_request_goes_to_the_server_and_its_answer_comes_back_as_it_is() {
    for (url, asked, expected) in
        [("/", "/hub/negotiate?v=1", "/hub/negotiate?v=1"), ("/api/", "/x", "/api/x"), ("/ws?x=1", "/x?y", "/x?y")]
    {
        let server = web_server();
        let relay = relay(&server.url(url), &["-v", "-H", "X-Tenant: blue"]);
        let answer = relay.answer(format!(
            "DELETE {asked} HTTP/1.1\r\nHost: localhost:{}\r\nOrigin: http://localhost:{0}\r\nCookie: c=d\r\n\
             Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\n\r\n",
            relay.port
        ));
        assert!(answer.starts_with("HTTP/1.1 203 So To Say\r\n"), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\nyou asked for {expected}")), "{answer}");
        for line in ["Set-Cookie: a=b", "Access-Control-Allow-Origin: *", "Connection: close"] {
            assert_eq!(http::lines(&answer).iter().filter(|one| **one == line).count(), 1, "{line}: {answer}");
        }
        assert!(!answer.contains("X-Hop") && !answer.contains("Content-Type"), "{answer}");
        let head = server.head();
        let own = format!("127.0.0.1:{}", server.port());
        assert!(head.starts_with(&format!("DELETE {expected} HTTP/1.1\r\n")), "{head}");
        for (name, value) in [
            ("Host", own.as_str()),
            // Its page came through the relay, and is the server's own.
            ("Origin", &format!("http://{own}")),
            ("Cookie", "c=d"),
            ("X-Tenant", "blue"),
            ("Connection", "close"),
        ] {
            assert_eq!(kit::field(&head, name), Some(value), "{head}");
        }
        assert!(!head.contains("X-Mine") && !head.contains("Sec-WebSocket") && !head.contains("Upgrade"), "{head}");
        relay.says(&format!("DELETE {} was answered with 203 by the server", asked.split('?').next().unwrap()));
    }
}

#[test]
fn the_server_of_a_plain_request_sees_the_origin_of_a_foreign_page_that_may_come() {
    let server = web_server();
    let asked =
        |relay: &Listening| relay.answer("GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://page.example\r\n\r\n");
    let open = relay(&server.url("/"), &["--origin", "http://page.example"]);
    assert!(asked(&open).starts_with("HTTP/1.1 203 "));
    assert_eq!(kit::field(&server.head(), "Origin"), Some("http://page.example"));
    let closed = relay(&server.url("/"), &[]);
    assert!(asked(&closed).starts_with("HTTP/1.1 403 "));
    closed.says("its origin is `http://page.example`");
    assert!(server.heads().is_empty());
}

#[test]
fn bodies_of_plain_requests_and_answers_stream_both_ways() {
    const SIZE: usize = 64 << 20;
    let server = Raw::start(|mut stream, head| {
        assert_eq!(kit::field(&head, "Content-Length"), Some(SIZE.to_string().as_str()));
        let mut block = vec![0; 1 << 16];
        let mut size = 0;
        while size < SIZE {
            size += stream.read(&mut block).unwrap();
        }
        // Nothing of a second request.
        assert_eq!(size, SIZE);
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        for _ in 0..SIZE >> 20 {
            stream.write_all(b"100000\r\n").unwrap();
            stream.write_all(&vec![b'y'; 1 << 20]).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let relay = relay(&server.url(), &[]);
    let mut client = relay.connect();
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        sender.write_all(format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes())?;
        (0..SIZE >> 20).try_for_each(|_| sender.write_all(&vec![b'x'; 1 << 20]))?;
        sender.write_all(b"GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n")
    });
    let head = kit::read_head(&mut client);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let (mut block, mut size) = (vec![0; 1 << 16], 0);
    while let Ok(count @ 1..) = client.read(&mut block) {
        size += count;
    }
    assert_eq!(size, (SIZE >> 20) * ((1 << 20) + 10) + 5);
    sending.join().unwrap().unwrap();
    assert!(relay.running.peak_memory() < 48 << 20, "{}", relay.running.peak_memory());
}

#[test]
fn a_server_may_answer_while_the_request_still_comes() {
    const SIZE: usize = 16 << 20;
    let server = Raw::start(|mut stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut block = vec![0; 1 << 16];
        let mut left = SIZE;
        while left > 0 {
            let size = stream.read(&mut block).unwrap();
            assert!(size > 0, "{left} bytes did not come");
            stream.write_all(&block[..size]).unwrap();
            left -= size;
        }
    });
    let relay = relay(&server.url(), &[]);
    let mut client = relay.connect();
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        sender.write_all(format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes())?;
        sender.write_all(&vec![b'x'; SIZE])
    });
    assert!(kit::read_head(&mut client).starts_with("HTTP/1.1 200 OK\r\n"));
    let mut echoed = Vec::new();
    client.read_to_end(&mut echoed).unwrap();
    assert!(echoed == vec![b'x'; SIZE], "{} bytes came back", echoed.len());
    sending.join().unwrap().unwrap();
}

#[test]
fn a_plain_request_that_cannot_be_passed_on_is_told_why() {
    let gone = kit::free_port();
    let relay = relay(&format!("ws://127.0.0.1:{gone}/"), &[]);
    for (request, status, why) in [
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 502, "cannot be reached"),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", 411, "a known length"),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400, "not a number"),
        ("GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n", 403, "this host"),
    ] {
        let answer = relay.answer(request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(why), "{answer}");
    }
    let silent = Raw::start(|_, _| {});
    let relay = self::relay(&silent.url(), &["--record", "/dev/null"]);
    let answer = relay.answer("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    relay.says("did not answer: the server closed the connection before it answered");
}
