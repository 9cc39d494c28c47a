//! The wire: compression as it is agreed on and kept, seen from a server that speaks in bytes.

mod kit;

use std::io::Write as _;
use std::net::TcpStream;

use flate2::{Compress, Compression, FlushCompress};
use kit::{CLOSE, Raw, TEXT, channel, echo, field, read_frame, switching, tool, url};

const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// A server that answers the offer with this; tells what was offered.
fn granting(answer: &'static str, serve: impl FnOnce(TcpStream, Option<String>) + Send + 'static) -> Raw {
    Raw::start(move |mut stream, head| {
        let offered = field(&head, "Sec-WebSocket-Extensions").map(str::to_owned);
        let mut switching = switching(&head);
        if !answer.is_empty() {
            let field = format!("Sec-WebSocket-Extensions: {answer}\r\n\r\n");
            switching.replace_range(switching.len() - 2.., &field);
        }
        stream.write_all(switching.as_bytes()).unwrap();
        serve(stream, offered);
    })
}

/// A raw deflate stream, cut as RFC 7692 wants it.
fn deflated(data: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut zlib = Compress::new(Compression::fast(), false);
    let mut out = Vec::with_capacity(4 << 20);
    for piece in data {
        zlib.compress_vec(&piece, &mut out, FlushCompress::Sync).unwrap();
    }
    out.truncate(out.len() - 4);
    out
}

/// A frame of any size with RSV1 set.
fn compressed(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [&[0xc0 | opcode, 127][..], &(payload.len() as u64).to_be_bytes(), payload].concat()
}

#[test]
fn compression_is_offered_unless_it_is_off_and_with_the_parameters_asked_for() {
    for (options, offer) in [
        (&[][..], Some(OFFER)),
        (&["--compress", "off"], None),
        (&["--compress-options", "client_max_window_bits=10"], Some("permessage-deflate; client_max_window_bits=10")),
        (
            &["--compress-options", "client_no_context_takeover; server_max_window_bits=10"],
            Some("permessage-deflate; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits"),
        ),
    ] {
        let (tell, told) = channel();
        let server = granting("", move |_, offered| tell.send(offered).unwrap());
        tool().args(options).arg(server.url()).run().code(5);
        assert_eq!(told.recv().unwrap().as_deref(), offer);
    }
}

#[test]
fn what_was_agreed_on_is_told_in_the_record_and_by_v() {
    let server = echo();
    let text = "round and round and ".repeat(10);
    let ran = tool().args(["-v", "-j", "-1", "-x", &text]).arg(url(&server)).run().code(0);
    assert!(ran.out().contains(r#""extensions":"permessage-deflate""#), "{ran:?}");
    assert!(ran.out().contains(&text));
    ran.says("messages are compressed; server: window of 15 bits, context takeover; client: window of 15 bits");
}

#[test]
fn required_compression_fails_where_the_server_has_none() {
    let server = granting("", |_, _| {});
    let ran = tool().args(["--compress", "required"]).arg(server.url()).run();
    ran.code(5).says("the server does not compress (--compress required)");
    let server = echo();
    tool().args(["--compress", "required", "-1", "-x", "a"]).arg(url(&server)).run().code(0).stdout("a\n");
}

#[test]
fn a_bad_or_unasked_answer_fails_the_connection() {
    for (answer, why) in [
        ("x-mux", "the server uses the extension `x-mux`"),
        ("permessage-deflate; mux", "`mux` is no parameter"),
        ("permessage-deflate; server_max_window_bits=16", "`server_max_window_bits` is 16, expected 8 to 15"),
        ("permessage-deflate, permessage-deflate", "permessage-deflate is there twice"),
        ("permessage-deflate; client_max_window_bits", "without a value"),
    ] {
        let server = granting(answer, |_, _| {});
        tool().arg(server.url()).run().code(5).says(why);
    }
    let server = granting("permessage-deflate", |_, _| {});
    tool().args(["--compress", "off"]).arg(server.url()).run().code(5).says("as none was asked for");
}

#[test]
fn bad_parameters_are_refused_before_a_socket_opens() {
    for (options, why) in [
        (&["--compress-options", "mux"][..], "`mux` is no parameter of permessage-deflate"),
        (&["--compress-options", "server_max_window_bits=7"], "expected 8 to 15"),
        (&["--compress", "off", "--compress-options", "client_max_window_bits"], "exclude each other"),
    ] {
        tool().args(options).arg("ws://127.0.0.1:1/").run().code(2).says(why);
    }
}

#[test]
fn messages_of_64_bytes_are_sent_compressed_and_shorter_ones_as_they_are() {
    let (tell, told) = channel();
    let server = granting("permessage-deflate", move |mut stream, _| {
        let mut first = [0];
        stream.peek(&mut first).unwrap();
        let (_, payload) = read_frame(&mut stream).unwrap();
        tell.send((first[0], payload.len())).unwrap();
    });
    let long = "a".repeat(64);
    tool().args(["-w", "0", "-x", &long]).arg(server.url()).run();
    let (first, length) = told.recv().unwrap();
    assert!(first == 0xc1 && length < 10, "{first:x}, {length}");
    let (tell, told) = channel();
    let server = granting("permessage-deflate", move |mut stream, _| {
        let mut first = [0];
        stream.peek(&mut first).unwrap();
        tell.send((first[0], read_frame(&mut stream).unwrap().1)).unwrap();
    });
    tool().args(["-w", "0", "-x", &long[1..]]).arg(server.url()).run();
    assert_eq!(told.recv().unwrap(), (0x81, long.as_bytes()[1..].to_vec()));
}

#[test]
fn a_bomb_of_1_gib_ends_with_1009_and_little_memory() {
    let (tell, told) = channel();
    let (release, released) = channel::<()>();
    let server = granting("permessage-deflate", move |mut stream, _| {
        let bomb = deflated((0..1024).map(|_| vec![0; 1 << 20]));
        stream.write_all(&compressed(TEXT, &bomb)).unwrap_or_default();
        tell.send(read_frame(&mut stream).unwrap()).unwrap();
        let _ = released.recv();
    });
    let running = tool().args(["-r", "--max-message", "8MiB"]).arg(server.url()).spawn();
    assert_eq!(told.recv().unwrap(), (CLOSE, vec![0x03, 0xf1]));
    let peak = running.peak_memory();
    drop(release);
    let ran = running.wait().code(5);
    ran.stdout("").says("a message is larger than 8388608 bytes; closed with 1009 (--max-message raises the limit)");
    assert!(peak < 48 << 20, "{peak}");
}
