//! The wire: negotiated compression and its limits, seen from a server that works on raw bytes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use super::kit;
use super::kit::{CLOSE, Raw, TEXT, channel, echo, field, frame, read_frame, switching, tool, url};
use flate2::{Compress, Compression, FlushCompress};

const BINARY: u8 = 2;

const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// A server that answers the offer with this; reports the offer.
fn granting(answer: &'static str, serve: impl FnOnce(TcpStream, Option<String>) + Send + 'static) -> Raw {
    Raw::start(move |mut stream, head| {
        let offered = field(&head, "Sec-WebSocket-Extensions").map(str::to_owned);
        stream.write_all(grant(&head, answer).as_bytes()).unwrap();
        serve(stream, offered);
    })
}

/// The 101 with this answer to the offer, if there is one.
fn grant(head: &str, answer: &str) -> String {
    let mut switching = switching(head);
    if !answer.is_empty() {
        let field = format!("Sec-WebSocket-Extensions: {answer}\r\n\r\n");
        switching.replace_range(switching.len() - 2.., &field);
    }
    switching
}

/// A raw deflate stream, cut as RFC 7692 wants it.
fn deflated(data: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut zlib = Compress::new(Compression::fast(), false);
    let mut out = Vec::new();
    for piece in data {
        out.reserve(piece.len() + 1024);
        zlib.compress_vec(&piece, &mut out, FlushCompress::Sync).unwrap();
    }
    out.truncate(out.len() - 4);
    out
}

/// A frame with RSV1 set, of more bytes than 125.
fn compressed(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(payload.len()) {
        Ok(length) => [&[126][..], &length.to_be_bytes()].concat(),
        Err(_) => [&[127][..], &(payload.len() as u64).to_be_bytes()].concat(),
    };
    [&[0xc0 | opcode][..], &length, payload].concat()
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
        ("permessage-deflate; mux", "`mux` is not a parameter"),
        ("permessage-deflate; server_max_window_bits=16", "`server_max_window_bits` is 16, expected 8 to 15"),
        ("permessage-deflate, permessage-deflate", "permessage-deflate is there twice"),
        ("permessage-deflate; client_max_window_bits", "without a value"),
    ] {
        let server = granting(answer, |_, _| {});
        tool().arg(server.url()).run().code(5).says(why);
    }
    let server = granting("permessage-deflate", |_, _| {});
    tool().args(["--compress", "off"]).arg(server.url()).run().code(5).says("because none was requested");
}

#[test]
fn bad_parameters_are_refused_before_a_socket_opens() {
    for (options, why) in [
        (&["--compress-options", "mux"][..], "`mux` is not a parameter of permessage-deflate"),
        (&["--compress-options", "server_max_window_bits=7"], "expected 8 to 15"),
        (&["--compress", "off", "--compress-options", "client_max_window_bits"], "cannot be used with"),
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
    let running = tool().args(["-r", "--max-message", "8MiB"]).arg(server.url()).stdout_to(Stdio::null()).spawn();
    assert_eq!(told.recv().unwrap(), (CLOSE, vec![0x03, 0xf1]));
    let peak = running.peak_memory();
    drop(release);
    let ran = running.wait().code(5);
    ran.says("a message is larger than 8388608 bytes; closed with 1009 (--max-message raises the limit)");
    assert!(peak < 48 << 20, "{peak}");
}

#[test]
fn a_truncated_compressed_message_is_not_printed_and_fails_with_1007() {
    let payload = deflated(std::iter::once(b"transfer 1000000 EUR to account 17, on the first of each month".to_vec()));
    for options in [&[][..], &["-j"]] {
        for cut in [1, payload.len() / 2, payload.len() - 1] {
            let (tell, told) = channel();
            let (first, rest) = (payload[..cut / 2].to_vec(), payload[cut / 2..cut].to_vec());
            let server = granting("permessage-deflate", move |mut stream, _| {
                let head = |byte: u8, data: &[u8]| [&[byte, u8::try_from(data.len()).unwrap()][..], data].concat();
                stream.write_all(&[head(0x41, &first), head(0x80, &rest)].concat()).unwrap();
                tell.send(read_frame(&mut stream).unwrap()).unwrap();
            });
            let ran = tool().args(options).args(["-r", &server.url()]).run().code(5);
            assert!(!ran.out().contains("transfer"), "{ran:?}");
            ran.says("broke the protocol: a compressed message cannot be inflated: ").says("; closed with 1007\n");
            assert_eq!(told.recv().unwrap(), (CLOSE, vec![0x03, 0xef]));
        }
    }
}

#[test]
fn what_is_to_be_sent_does_not_wait_for_all_that_a_little_inflates_to() {
    const COUNT: usize = 16;
    let server = Raw::start(|mut stream, head| {
        let mut sent = grant(&head, "permessage-deflate").into_bytes();
        let message = compressed(TEXT, &deflated(std::iter::once(vec![b'a'; 1 << 20])));
        sent.extend(std::iter::repeat_n(message, COUNT).flatten());
        stream.write_all(&sent).unwrap();
        while read_frame(&mut stream).is_ok_and(|(opcode, _)| opcode != CLOSE) {}
    });
    let ran = tool().args(["-j", "-x", "hello", "--count", &COUNT.to_string()]).arg(server.url()).run();
    let out = ran.out();
    let mut messages = out.lines().filter(|record| record.contains(r#""type":"text""#));
    let before = messages.position(|record| record.contains(r#""dir":"out""#));
    assert!(before.is_some_and(|before| before <= 2), "{before:?}: {out:.3000}");
}

/// Sends this much text as one message: in one frame, or as it is compressed.
fn huge(stream: &mut TcpStream, opcode: u8, mib: usize, is_compressed: bool) {
    let piece = "0123456789abcdé".repeat(1 << 16);
    if is_compressed {
        let payload = deflated((0..mib).map(|_| piece.clone().into_bytes()));
        stream.write_all(&compressed(opcode, &payload)).unwrap();
        return;
    }
    stream.write_all(&[0x80 | opcode, 127]).unwrap();
    stream.write_all(&((mib << 20) as u64).to_be_bytes()).unwrap();
    for _ in 0..mib {
        stream.write_all(piece.as_bytes()).unwrap();
    }
}

#[test]
fn a_message_of_1_gib_goes_to_a_pipe_in_little_memory() {
    const MIB: usize = 1024;
    for (opcode, is_compressed, end) in
        [(TEXT, false, "é\n"), (TEXT, true, "é\n"), (BINARY, false, "é"), (BINARY, true, "é")]
    {
        // A line end follows a text.
        let size = (MIB << 20) + usize::from(opcode == TEXT);
        let (release, released) = channel::<()>();
        let server = granting("permessage-deflate", move |mut stream, _| {
            huge(&mut stream, opcode, MIB, is_compressed);
            let _ = released.recv();
            stream.write_all(&kit::frame(CLOSE, &[3, 232])).unwrap();
            let _ = read_frame(&mut stream);
        });
        let mut running = tool().args(["-r", "--max-message", "2GiB"]).arg(server.url()).spawn();
        let mut stdout = running.child.stdout.take().unwrap();
        let mut block = vec![0; 1 << 20];
        let (mut received, mut last) = (0, Vec::new());
        while received < size {
            let read = stdout.read(&mut block).unwrap();
            assert!(read > 0, "it ended after {received} bytes");
            received += read;
            last.extend_from_slice(&block[read.saturating_sub(3)..read]);
        }
        let peak = running.peak_memory();
        drop(release);
        assert!(received == size && last.ends_with(end.as_bytes()), "{received}");
        running.wait().code(0).stdout("");
        assert!(peak < 40 << 20, "{peak}, opcode {opcode}, compressed: {is_compressed}");
    }
}

#[test]
fn text_in_a_huge_message_is_checked_over_its_parts() {
    let server = granting("", |mut stream, _| {
        stream.write_all(&[0x81, 127]).unwrap();
        stream.write_all(&(1_u64 << 30).to_be_bytes()).unwrap();
        // Cut within a character at many borders, and bad at last.
        stream.write_all("é€a".repeat(1 << 20).as_bytes()).unwrap();
        stream.write_all(b"\xff").unwrap();
        assert_eq!(read_frame(&mut stream).unwrap(), (CLOSE, vec![0x03, 0xef]));
    });
    tool()
        .args(["-r", "--max-message", "2GiB"])
        .arg(server.url())
        .run()
        .code(5)
        .says("is not UTF-8: `\\xff` at byte 6291456; closed with 1007");
    server.join();
}

#[test]
fn a_file_of_1_gib_is_sent_as_one_message_in_little_memory() {
    for options in [
        &["--whole", "--compress", "off"][..],
        &["--whole", "--compress", "off", "--binary"],
        &["--whole", "--compress", "required"],
    ] {
        sends_in_little_memory(1 << 30, options);
    }
}

#[test]
fn a_line_of_128_mib_is_sent_as_it_is_read_in_little_memory() {
    for options in [
        &["--compress", "off"][..],
        &["--compress", "required"],
        &["--compress", "off", "--binary", "--delimiter", "-->"],
        &["--compress", "off", "--escapes", "--rate", "1"],
        &["--compress", "off", "--chunk", "8G"],
    ] {
        sends_in_little_memory(128 << 20, options);
    }
}

/// Sends a file of this size, which is one message, to a server that looks at the memory before it lets go.
#[track_caller]
fn sends_in_little_memory(size: u64, options: &[&str]) {
    let dir = kit::dir();
    let file = std::fs::File::create(kit::path(&dir, "huge")).unwrap();
    // A hole is text too: NULs are UTF-8.
    file.set_len(size).unwrap();
    let (tell, told) = channel();
    let (release, released) = channel::<()>();
    let grants = if options.contains(&"required") { "permessage-deflate" } else { "" };
    let server = granting(grants, move |mut stream, _| {
        tell.send(read_message(&mut stream)).unwrap();
        let _ = released.recv();
    });
    let file = std::fs::File::open(kit::path(&dir, "huge")).unwrap();
    let running = tool().args(["-w", "forever"]).args(options).arg(server.url()).stdin_from(file).start();
    let (opcode, wire, inflated) = told.recv().unwrap();
    let peak = running.peak_memory();
    drop(release);
    running.wait().code(5);
    let is_binary = options.contains(&"--binary") || options.contains(&"--chunk");
    assert_eq!(opcode, if is_binary { 2 } else { TEXT });
    assert_eq!(inflated.unwrap_or(wire), size);
    assert!(peak < 40 << 20, "{peak}, {options:?}");
}

#[test]
fn a_line_without_end_waits_for_a_server_that_does_not_read() {
    for options in [&[][..], &["--delimiter", "-->"], &["--whole"]] {
        let (release, released) = channel::<()>();
        let server = granting("", move |_stream, _| {
            let _ = released.recv();
        });
        let zero = std::fs::File::open("/dev/zero").unwrap();
        let running = tool().args(["--compress", "off"]).args(options).arg(server.url()).stdin_from(zero).start();
        // Without an end it would be gigabytes by now.
        std::thread::sleep(std::time::Duration::from_secs(1));
        assert!(running.peak_memory() < 40 << 20, "{}, {options:?}", running.peak_memory());
        drop(release);
        drop(running);
        server.join();
    }
}

#[test]
fn what_is_wrong_late_in_a_large_line_ends_the_connection_and_names_the_line() {
    let server = granting("", |mut stream, _| {
        assert_eq!(read_frame(&mut stream).unwrap(), (TEXT, b"fine".to_vec()));
        let mut opcodes = Vec::new();
        while let Ok((opcode, _)) = read_frame(&mut stream) {
            opcodes.push(opcode);
            if opcode == CLOSE {
                stream.write_all(&frame(CLOSE, &[0x03, 0xe8])).unwrap();
                break;
            }
        }
        // The message has begun, and nothing after it is sent.
        assert!(opcodes.starts_with(&[TEXT, 0]) && opcodes.ends_with(&[0, CLOSE]), "{opcodes:?}");
    });
    let input = ["fine\n".as_bytes(), &b"x".repeat(2 << 20), b"\xff\nnever sent\n"].concat();
    let ran = tool().args(["--compress", "off", "--fragment", "125"]).arg(server.url()).stdin(input).run();
    ran.code(2).says("wsprobe: line 2 of stdin is not UTF-8; --binary sends bytes as they are\n");
    server.join();
}

/// Reads the frames of one message: its opcode, its size on the wire, and what that inflates to if it is compressed.
fn read_message(stream: &mut TcpStream) -> (u8, u64, Option<u64>) {
    let mut stream = std::io::BufReader::with_capacity(1 << 20, stream);
    let mut zlib = flate2::Decompress::new(false);
    let mut out = Vec::with_capacity(4 << 20);
    let (mut opcode, mut wire, mut is_compressed) = (0, 0, false);
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).unwrap();
        let mut length = [0; 8];
        match head[1] & 0x7f {
            126 => stream.read_exact(&mut length[6..]).unwrap(),
            127 => stream.read_exact(&mut length).unwrap(),
            short => length[7] = short,
        }
        let mut mask = [0; 4];
        stream.read_exact(&mut mask).unwrap();
        let mut payload = vec![0; usize::try_from(u64::from_be_bytes(length)).unwrap()];
        stream.read_exact(&mut payload).unwrap();
        wire += payload.len() as u64;
        if head[0] & 0x0f != 0 {
            (opcode, is_compressed) = (head[0] & 0x0f, head[0] & 0x40 != 0);
        }
        if is_compressed {
            payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
            let before = zlib.total_in();
            while zlib.total_in() - before < payload.len() as u64 {
                out.clear();
                let at = usize::try_from(zlib.total_in() - before).unwrap();
                zlib.decompress_vec(&payload[at..], &mut out, flate2::FlushDecompress::Sync).unwrap();
            }
        }
        if head[0] & 0x80 != 0 {
            // What zlib has not output yet.
            out.push(0);
            while is_compressed && !out.is_empty() {
                out.clear();
                zlib.decompress_vec(&[], &mut out, flate2::FlushDecompress::Sync).unwrap();
            }
            return (opcode, wire, is_compressed.then(|| zlib.total_out()));
        }
    }
}

#[test]
fn fragment_sends_messages_in_frames_of_that_size() {
    let (tell, told) = channel();
    let server = Raw::open(move |mut stream| {
        for _ in 0..3 {
            let mut first = [0];
            stream.peek(&mut first).unwrap();
            tell.send((first[0], read_frame(&mut stream).unwrap().1)).unwrap();
        }
    });
    tool().args(["--fragment", "2", "-w", "0", "-x", "abcde"]).arg(server.url()).run();
    let frames: Vec<_> = (0..3).map(|_| told.recv().unwrap()).collect();
    assert_eq!(frames, [(0x01, b"ab".to_vec()), (0x00, b"cd".to_vec()), (0x80, b"e".to_vec())]);
}

#[test]
fn frames_are_told_on_stderr_or_as_records() {
    let server = echo();
    let text = "hello ".repeat(20);
    let ran = tool().args(["--frames", "-1", "-x", &text, "-x", "short"]).arg(url(&server)).run().code(0);
    let ran =
        ran.says("> text FIN RSV1, mask ").says(" bytes that inflate to 120: \"hello hello hello hello hello he\"…");
    let ran = ran.says("> text FIN, mask ").says(", 5 bytes: \"short\"").says("< text FIN RSV1, no mask, ");
    ran.says("> close FIN, mask ").says("< close FIN, no mask, 2 bytes: 1000 \"\"");
    let server = echo();
    let ran = tool().args(["--frames", "--json", "-w", "0", "-x", "hi"]).arg(url(&server)).run().code(0);
    assert!(ran.out().contains(r#""dir":"in","type":"frame","opcode":1,"fin":true,"rsv":0,"mask":null,"length":2,"inflated":null,"data":"hi"}"#), "{}", ran.out());
    assert!(!ran.stderr.contains("text FIN"), "{}", ran.stderr);
}

#[test]
fn what_comes_after_a_close_is_one_line_and_a_close_shows_its_code() {
    let serve = || {
        Raw::open(|mut stream| {
            let rest =
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\nConnection: close\r\n\r\n+";
            stream.write_all(&[&kit::frame(CLOSE, b"\x0f\xa0see you"), &rest[..40]].concat()).unwrap();
            assert_eq!(read_frame(&mut stream).unwrap().0, CLOSE);
            stream.write_all(&rest[40..]).unwrap();
        })
    };
    let ran = tool().args(["-q", "--frames", "-r", &serve().url()]).run().code(6);
    let shown: Vec<_> = ran.stderr.lines().filter_map(|line| line.split_once(" < ")).map(|(_, shown)| shown).collect();
    assert_eq!(shown, ["close FIN, no mask, 9 bytes: 4000 \"see you\"", "84 bytes after the Close"], "{}", ran.stderr);
    let ran = tool().args(["-j", "--frames", "-r", &serve().url()]).run().code(6);
    let out = ran.out();
    assert!(out.contains(
        r#""opcode":8,"fin":true,"rsv":0,"mask":null,"length":9,"inflated":null,"code":4000,"reason":"see you","#
    ));
    assert_eq!(out.lines().filter(|line| line.contains(r#""dir":"in","type":"frame""#)).count(), 1, "{out}");
    let [.., after, error] = &out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert!(after.ends_with(r#""dir":"in","type":"after_close","bytes":84}"#), "{out}");
    assert!(error.contains(r#""type":"error","kind":"closed""#), "{out}");
}

#[test]
fn what_was_wrong_with_a_message_or_a_close_is_told() {
    for (sent, said) in [
        (&b"\x81\x12fine until \xff here"[..], r"a text message is not UTF-8: `\xff` at byte 11; closed with 1007"),
        (b"\x01\x02a\xc3\x80\x01(", r"a text message is not UTF-8: `\xc3` at byte 1; closed with 1007"),
        (b"\x81\x02a\xc3", r"a text message is not UTF-8: `\xc3` at byte 1, where it ends within a character; closed"),
        (
            b"\x88\x04\x03\xe8\xff\xfe",
            r"a Close 1000 has a reason that is not UTF-8: `\xff` at byte 0 of `\xff\xfe`; closed",
        ),
        (
            b"\x88\x07\x03\xede\x1b[m!",
            r"a Close has the code 1005, which may not be sent; its reason is `e\e[m!`; closed with 1002",
        ),
    ] {
        let server = Raw::open(|mut stream| {
            stream.write_all(sent).unwrap();
            let _ = read_frame(&mut stream);
        });
        tool()
            .args(["-r", &server.url()])
            .run()
            .code(5)
            .says(&format!("wsprobe: the server broke the protocol: {said}"));
    }
}
