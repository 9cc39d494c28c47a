//! The wire at the prompt: frames made by hand, cut and half-closed connections, what is seen and kept of what comes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::kit;
use super::kit::net::{Place, welcome};
use super::kit::pty::{Prompt, Screen, prompt};
use super::kit::tls::Authority;
use super::kit::{Raw, Said, TEXT, channel, frame, pty, read_frame, read_head, serving, switching, url};

const CTRL_D: &str = "\x04";

const CLOSED: &str = "* Enter or /reconnect connects again, /quit leaves";

fn ready(prompt: Prompt) -> Screen {
    pty::ready(prompt.size(40, 100))
}

/// Reads as much as is expected, and compares.
#[track_caller]
fn reads(stream: &mut TcpStream, expected: &[u8]) {
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(read.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[test]
fn a_frame_made_by_hand_goes_out_as_it_was_written_between_the_others() {
    let place = Place::new();
    let listener = place.listen();
    let dir = kit::dir();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| welcome(&listener));
        let mut screen = ready(prompt(["--record", "record", &place.url()]).home(dir.path()));
        let mut server = server.join().unwrap();
        screen.keys("before\r/frame text fin=0 rsv=1,3 mask=none len16=500 hex 00 ff\r/frame 11 mask=37fa213d Hello\r");
        screen.keys("after\r");
        assert_eq!(read_frame(&mut server).unwrap(), (TEXT, b"before".to_vec()));
        reads(&mut server, b"\x51\x7e\x01\xf4\x00\xff");
        reads(&mut server, b"\x8b\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        assert_eq!(read_frame(&mut server).unwrap(), (TEXT, b"after".to_vec()));
        screen.shows(r#" > text RSV1 RSV3, no mask, 500 bytes claimed, 2 sent: "\x00\xff""#);
        screen.shows(r#" > opcode 11 FIN, mask 37fa213d, 5 bytes: "Hello""#);
        // A whole Close is answered as any other.
        screen.keys("/frame close hex 03 e8\r");
        assert_eq!(read_frame(&mut server).unwrap(), (8, vec![3, 0xe8]));
        server.write_all(&frame(8, &[3, 0xe8])).unwrap();
        screen.shows(CLOSED);
        screen.keys(CTRL_D);
        screen.leaves_with(0);
    });
    let record = std::fs::read_to_string(kit::path(&dir, "record")).unwrap();
    let made = r#""dir":"out","type":"frame","opcode":1,"fin":false,"rsv":5,"mask":null,"length":500,"inflated":null,"carries":2,"base64":"AP8="}"#;
    assert!(record.contains(made), "{record}");
}

#[test]
fn a_bad_frame_is_explained_and_not_sent() {
    let (server, heard) = kit::hearing();
    let screen = ready(prompt([url(&server)]));
    for (typed, shown) in [
        ("/frame", "* /frame OPCODE …: expected an opcode: continuation, text, binary"),
        ("/frame text mask=7", "* /frame OPCODE …: expected none, random or a key"),
        ("/fragment 0", "* /fragment SIZE|off: expected a size of at least 1"),
        ("/drop now", "* /drop: takes no argument"),
        ("/help frame", "rsv=1,3    these of the bits RSV1, RSV2 and RSV3 are set"),
    ] {
        screen.keys(format!("{typed}\r"));
        screen.shows(shown);
        screen.prompt();
    }
    screen.keys("/frame te\t");
    // What was typed before is offered after it.
    screen.line("> /frame text mask=7", 13);
    screen.keys(" hi\r");
    assert_eq!(heard.next(), Said::Text("hi".to_owned()));
}

#[test]
fn drop_cuts_the_connection_and_is_no_failure() {
    let server = Raw::open(|mut stream| {
        assert_eq!(read_frame(&mut stream).unwrap(), (TEXT, b"last words".to_vec()));
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
    let mut screen = ready(prompt([server.url()]));
    screen.keys("last words\r/drop\r");
    screen.shows(CLOSED);
    assert!(screen.contents().contains("* cut without a Close, as requested"), "{}", screen.contents());
    server.join();
    screen.line("!", 2);
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}

#[test]
fn a_dropped_connection_comes_back_where_a_lost_one_would() {
    let place = Place::new();
    let listener = place.listen();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| (welcome(&listener), welcome(&listener)));
        let mut screen = ready(prompt(["--reconnect", "--reconnect-delay", "1ms..1ms", &place.url()]));
        screen.keys("/drop\r");
        let (mut dropped, mut again) = server.join().unwrap();
        assert_eq!(dropped.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        screen.prompt();
        screen.keys("back\r");
        assert_eq!(read_frame(&mut again).unwrap(), (TEXT, b"back".to_vec()));
        screen.keys("/quit\r");
        assert_eq!(read_frame(&mut again).unwrap(), (8, vec![3, 0xe8]));
        again.write_all(&frame(8, &[3, 0xe8])).unwrap();
        drop(again);
        screen.leaves_with(0);
    });
}

#[test]
fn half_close_ends_what_is_sent_and_not_what_is_heard() {
    let (release, released) = channel::<()>();
    let server = Raw::open(move |mut stream| {
        assert_eq!(read_frame(&mut stream).unwrap(), (TEXT, b"that is all".to_vec()));
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        // Nobody answers this.
        stream.write_all(&frame(9, b"there?")).unwrap();
        stream.write_all(&frame(TEXT, b"heard")).unwrap();
        let _ = released.recv();
    });
    let mut screen = ready(prompt([server.url()]));
    screen.keys("that is all\r/half-close\rmore\r");
    screen.shows("* sending no more; /drop or /quit ends the connection");
    screen.shows("* not sent: after /half-close, only /drop, /close and /quit are possible");
    screen.shows("\n< heard\n");
    drop(release);
    server.join();
    screen.shows("* the server closed the connection after our half-close");
    screen.line("!", 2);
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}

#[test]
fn half_close_says_so_to_tls_and_drop_says_nothing() {
    let config = Authority::new("any").server(&["localhost"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let connection = rustls::ServerConnection::new(config).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, listener.accept().unwrap().0);
            let head = read_head(&mut stream);
            stream.write_all(switching(&head).as_bytes()).unwrap();
            // A close_notify: without one, this would be an error.
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            stream.write_all(&frame(TEXT, b"heard")).unwrap();
            assert_eq!(stream.sock.read(&mut [0]).unwrap(), 0);
            stream
        });
        let mut screen = ready(prompt(["-k", &url]));
        screen.keys("/half-close\r");
        screen.shows("\n< heard\n");
        let stream = server.join().unwrap();
        screen.keys("/drop\r");
        screen.shows(CLOSED);
        assert!(stream.sock.take_error().unwrap().is_some(), "there was no RST");
        screen.keys(CTRL_D);
        screen.leaves_with(0);
    });
}

#[test]
fn what_is_half_closed_can_be_left_in_each_way() {
    for leaving in ["/quit\r", "/drop\r/quit\r", "/close\r/quit\r", CTRL_D] {
        let (release, released) = channel::<()>();
        let server = Raw::open(move |mut stream| {
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            let _ = released.recv();
        });
        let mut screen = ready(prompt([server.url()]));
        screen.keys("/half-close\r");
        screen.line("<", 2);
        screen.keys(leaving);
        screen.leaves_with(0);
        drop(release);
        server.join();
    }
}

#[test]
fn fragment_changes_how_messages_are_cut_from_the_next_one_on_and_over_connections() {
    let place = Place::new();
    let listener = place.listen();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| welcome(&listener));
        let screen = ready(prompt([place.url()]));
        let mut server = server.join().unwrap();
        screen.keys("/fragment 2\rabc\r");
        assert_eq!(read_frame(&mut server).unwrap().1, b"ab");
        assert_eq!(read_frame(&mut server).unwrap(), (0, b"c".to_vec()));
        screen.shows("* messages are sent in frames of at most 2 bytes");
        drop(server);
        screen.shows(CLOSED);
        let server = scope.spawn(|| welcome(&listener));
        screen.line("!", 2);
        screen.keys("\r");
        let mut server = server.join().unwrap();
        screen.prompt();
        screen.keys("def\r/fragment off\rabc\r");
        assert_eq!(read_frame(&mut server).unwrap().1, b"de");
        assert_eq!(read_frame(&mut server).unwrap(), (0, b"f".to_vec()));
        assert_eq!(read_frame(&mut server).unwrap(), (TEXT, b"abc".to_vec()));
        screen.shows("* only messages over 64 KiB are sent in several frames");
    });
}

#[test]
fn frames_are_shown_above_the_line_being_typed() {
    let server = kit::echo();
    let screen = ready(prompt(["--frames", &url(&server)]));
    let text = "hello ".repeat(20);
    screen.keys(format!("{text}\rbe"));
    screen.shows(" that inflate to 120: \"hello hello hello hello hello he\"…\n");
    let frame =
        regex::Regex::new(r"\n[0-9:.]{12} > text FIN RSV1, mask [0-9a-f]{8}, [0-9]+ bytes that inflate to 120: ")
            .unwrap();
    screen.wait("our frame", |screen| frame.is_match(&screen.contents()));
    let frame =
        regex::Regex::new(r"\n[0-9:.]{12} < text FIN RSV1, no mask, [0-9]+ bytes that inflate to 120: ").unwrap();
    screen.wait("the server's frame", |screen| frame.is_match(&screen.contents()));
    screen.line("> be", 4);
}

#[test]
fn info_tells_how_well_messages_are_compressed() {
    let server = kit::echo();
    let screen = ready(prompt([url(&server)]));
    screen.keys("/info\r");
    screen.shows("\ncompression  received none, sent none\n");
    let text = "round and round ".repeat(20);
    screen.keys(format!("{text}\r"));
    screen.shows(&format!("< {}", &text[..90]));
    screen.keys("/clear\r/info\r");
    let ratio = regex::Regex::new(
        r"\ncompression  received [0-9.]+ \(320 bytes in [0-9]{2}\), sent [0-9.]+ \(320 bytes in [0-9]{2}\)\n",
    )
    .unwrap();
    screen.wait("the ratios", |screen| ratio.is_match(&screen.contents()));
}

#[test]
fn a_huge_message_is_kept_as_far_as_last_may_need_it() {
    const KEPT: usize = 16 << 20;
    let server = serving(|client| async move {
        while let Some(Said::Text(size)) = client.next().await {
            client.binary(&vec![b'x'; size.parse().unwrap()]).await;
        }
    });
    let dir = kit::dir();
    let screen = ready(prompt(["--compress", "off", "--max-message", "1GiB", &url(&server)]).home(dir.path()));
    screen.keys(format!("{KEPT}\r"));
    screen.shows(&format!("< binary, {KEPT} bytes\n  00000000  78 78"));
    screen.keys("/save kept\r");
    screen.shows(&format!("* {KEPT} bytes written to `kept`"));
    assert_eq!(std::fs::read(kit::path(&dir, "kept")).unwrap(), vec![b'x'; KEPT]);
    for size in [KEPT + 1, 300 << 20] {
        screen.keys(format!("{size}\r"));
        screen.shows(&format!("< binary, {size} bytes\n  00000000  78 78"));
        screen.shows("  … ");
        screen.shows(" bytes more, too many to be kept");
        screen.keys("/last\r");
        screen.shows(&format!("* that message was too large to be kept: {size} bytes"));
        screen.prompt();
    }
    // What is kept, and as much again while it grows.
    let peak = screen.peak_memory();
    assert!(peak < 96 << 10, "{peak} KiB");
}
