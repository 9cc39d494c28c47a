//! Clients that speak HTTP/2 (RFC 8441), with TLS and without it, and what cannot overload the server that way.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use super::kit::http2::{PREFACE, frame, headers, read_frame};
use super::kit::{PATIENCE, path, tool};
use super::{Listening, listen};
use nix::sys::signal::Signal;

const PRIOR: &str = "--http2-prior-knowledge";

/// A client over HTTP/2.
#[track_caller]
fn client(server: &Listening, args: &[&str], resource: &str) -> super::kit::Ran {
    tool().args([PRIOR, "--timeout", "50s"]).args(args).arg(server.url_of(resource)).run()
}

#[test]
fn both_versions_are_served_on_one_port() {
    let server = listen(&["--echo"]);
    client(&server, &["-q", "-x", "two"], "/").code(0).stdout("two\n");
    server.client(&["-x", "one"]).run().code(0).stdout("one\n");
    let server = listen(&["--echo", "--tls-self-signed"]);
    let url = format!("wss://127.0.0.1:{}/", server.port);
    for option in ["--http2=required", "--http2", "--http1.1"] {
        let ran = tool().args(["-k", "--json", option, "-x", "x", &url]).run().code(0);
        assert_eq!(ran.out().contains(r#""http":"2""#), option != "--http1.1", "{option}: {}", ran.out());
    }
}

#[test]
fn without_http2_only_http1_is_served() {
    let server = listen(&["--echo", "--no-http2"]);
    client(&server, &["-x", "a"], "/").code(3).says("the server does not speak HTTP/2");
    server.client(&["-x", "a"]).run().code(0);
    let server = listen(&["--echo", "--no-http2", "--tls-self-signed"]);
    let url = format!("wss://127.0.0.1:{}/", server.port);
    tool().args(["-k", "--http2=required", "-x", "a", &url]).run().code(3);
    tool().args(["-k", "--http2", "-x", "a", &url]).run().code(0).stdout("a\n");
}

#[test]
fn the_conditions_of_admission_hold() {
    let server = listen(&["--echo", "--path", "/ws", "--auth", "me:pw", "--origin", "https://a.example"]);
    let good = ["-u", "me:pw", "-o", "https://a.example", "-x", "a"];
    client(&server, &good, "/ws").code(0).stdout("a\n");
    client(&server, &good, "/").code(4).says("404").says("there is nothing at this path");
    client(&server, &good[2..], "/ws").code(4).says("401").says("it offers Basic");
    client(&server, &["-u", "me:pw", "-o", "https://b.example", "-x", "a"], "/ws").code(4).says("403");
    client(&server, &["--host", "evil.example", "-x", "a"], "/ws").code(4).says("403");
    let server = listen(&["--refuse", "503:later"]);
    client(&server, &["-x", "a"], "/").code(4).says("503").says("later");
    let server = listen(&["--echo", "--compress", "required", "-s", "chat", "-H", "X-One: 1"]);
    client(&server, &["--compress", "off", "-x", "a"], "/").code(4).says("400");
    let ran = client(&server, &["-v", "--compress", "required", "-s", "other", "-s", "chat", "-x", "a"], "/").code(0);
    ran.says("(chat)").says("< x-one: 1\n").says("messages are compressed");
    let server = listen(&["--echo", "--max-clients", "1"]);
    let mut first = tool().args([PRIOR, "-j", "-r", &server.url()]).spawn();
    server.says("#1 connected");
    client(&server, &["-x", "a"], "/").code(4).says("503");
    first.child.kill().unwrap();
}

#[test]
fn requests_and_records_show_the_version() {
    let dir = super::kit::dir();
    let record = path(&dir, "record");
    let server = listen(&["--echo", "-v", "--record", record.to_str().unwrap()]);
    client(&server, &["-x", "a"], "/?token=sesame").code(0);
    for line in ["< :method: CONNECT", "< :protocol: websocket", "< :path: /?token=***", "> :status: 200", "closed"] {
        server.says(line);
    }
    let written = std::fs::read_to_string(&record).unwrap();
    assert!(written.contains(r#""status":200,"http":"2","#), "{written}");
}

#[test]
fn every_work_is_done_over_http2() {
    let server = listen(&["--exec", "sed -u s/a/b/"]);
    client(&server, &["-q", "-1", "-x", "aa"], "/").code(0).stdout("ba\n");
    let dir = super::kit::dir();
    let script = path(&dir, "script.wsp");
    std::fs::write(&script, "expect text hello\nsend world\n").unwrap();
    let server = listen(&["--script", script.to_str().unwrap()]);
    client(&server, &["-q", "-x", "hello"], "/").code(0).stdout("world\n");
    let server = listen(&["--send", "first", "--broadcast"]);
    client(&server, &["-q", "-1", "-r"], "/").code(0).stdout("first\n");
}

#[test]
fn what_a_server_does_by_time_holds_for_streams() {
    let server = listen(&["--echo", "--delay", "300ms", "--ping-interval", "50ms", "--ping-timeout", "50ms"]);
    let began = std::time::Instant::now();
    client(&server, &["-x", "a"], "/").code(0).stdout("a\n");
    assert!(began.elapsed().as_millis() >= 300);
    client(&server, &["-x", "a", "--handshake-timeout", "10ms"], "/").code(7);
    let pinged = tool().args([PRIOR, "-r", "-P", "--timeout", "1s", &server.url()]).run().code(7);
    pinged.says("received ping keepalive 2");
    let mut silent = begun(&server);
    silent.write_all(&headers(1, &connect(server.port), 4)).unwrap();
    server.says("did not answer a ping (--ping-timeout)");
    while !matches!(read_frame(&mut silent), Ok((0, 1, 1, _)) | Ok((3, _, 1, _))) {}
}

#[test]
fn a_browser_gets_the_page_over_http2() {
    let page = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/")];
    for (args, is_ok, begins) in
        [(&["--echo"][..], true, "<!doctype html>"), (&["--echo", "--no-page"], false, "this is a")]
    {
        let server = listen(args);
        let mut stream = begun(&server);
        stream.write_all(&headers(1, &page, 5)).unwrap();
        let mut body = Vec::new();
        let mut head = Vec::new();
        loop {
            match read_frame(&mut stream).unwrap() {
                (1, _, 1, block) => head = block,
                (0, flags, 1, data) => {
                    body.extend_from_slice(&data);
                    if flags & 1 == 1 {
                        break;
                    }
                }
                _ => {}
            }
        }
        // `:status: 200` has a place in HPACK's own table (RFC 7541, appendix A).
        assert_eq!(head[0] == 0x88, is_ok, "{head:x?}");
        let body = String::from_utf8(body).unwrap();
        assert!(body.starts_with(begins), "{body}");
    }
}

#[test]
fn a_recording_is_replayed_to_a_stream() {
    let dir = super::kit::dir();
    let record = path(&dir, "record");
    let server = listen(&["--echo"]);
    client(&server, &["-x", "question", "--record", record.to_str().unwrap()], "/").code(0);
    let server = listen(&["--replay", record.to_str().unwrap(), "--speed", "max"]);
    client(&server, &["-q", "-x", "question"], "/").code(0).stdout("question\n");
}

#[test]
fn a_broadcast_reaches_clients_of_both_versions() {
    let server = listen(&["--broadcast"]);
    let mut listeners = [PRIOR, "--http1.1"].map(|option| {
        let mut running = tool().args([option, "-q", "-r", "-1", "--timeout", "50s", &server.url()]).start();
        (BufReader::new(running.child.stdout.take().unwrap()), running)
    });
    server.says("#2 connected");
    client(&server, &["-q", "-x", "news", "-w", "0"], "/").code(0);
    for (out, running) in &mut listeners {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "news\n");
        assert_eq!(running.wait_code(), Some(0));
    }
}

#[test]
fn what_is_typed_at_the_prompt_reaches_a_stream() {
    let screen = super::kit::pty::prompt(["listen", "127.0.0.1:0"]).start();
    screen.shows("listening on ws://127.0.0.1:");
    let contents = screen.contents();
    let port = contents.split("127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let url = format!("ws://127.0.0.1:{port}/");
    let waiting = tool().args([PRIOR, "-q", "-1", "-x", "from a stream", "--timeout", "50s", &url]).start();
    screen.shows("#1 < from a stream");
    screen.keys("from the prompt\r");
    waiting.wait().code(0).stdout("from the prompt\n");
}

/// A program that does not read, and a client with many small messages, each in a DATA frame of its own.
#[test]
fn a_slow_reader_slows_the_client_and_neither_its_pings_nor_the_server_suffer() {
    const MESSAGES: usize = 80_000;
    let server = listen(&["--exec", "sleep 100", "--compress", "off"]);
    let mut stream = begun(&server);
    // Until it is acknowledged, the server's SETTINGS do not count for us.
    while !matches!(read_frame(&mut stream).unwrap(), (4, 0, ..)) {}
    stream.write_all(&[frame(4, 1, 0, &[]), headers(1, &connect(server.port), 4)].concat()).unwrap();
    server.says("#1 connected");
    // Less than the window of a stream, 4 MiB; h2 would keep 256 bytes and more for each.
    let message = [&[0x82, 0x80 | 40, 0, 0, 0, 0][..], &[b'x'; 40]].concat();
    let mut writing = stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        writing.write_all(&frame(0, 0, 1, &message).repeat(MESSAGES)).unwrap();
        writing.write_all(&frame(6, 0, 0, b"answered")).unwrap();
    });
    let mut given_back = 0;
    loop {
        match read_frame(&mut stream).unwrap() {
            (6, 1, 0, said) => break assert_eq!(said, b"answered"),
            (8, _, 1, more) => given_back += u32::from_be_bytes(more.try_into().unwrap()),
            (3 | 7, _, _, said) => panic!("it gave up: {said:?}"),
            _ => {}
        }
    }
    writer.join().unwrap();
    assert!(given_back < 2 << 20, "{given_back} bytes were given back, and nobody has read them");
    let peak = server.running.peak_memory();
    assert!(peak < 48 << 20, "{} MiB", peak >> 20);
}

#[test]
fn a_server_that_leaves_closes_the_streams() {
    let server = listen(&["--echo"]);
    let waiting = tool().args([PRIOR, "-r", &server.url()]).start();
    server.says("#1 connected");
    server.running.signal(Signal::SIGINT);
    waiting.wait().code(0).says("closed 1001 by the server (going away)");
}

#[test]
fn a_large_message_comes_back() {
    let server = listen(&["--echo"]);
    let large = vec![7; 30 << 20];
    let ran = tool().args([PRIOR, "-q", "--binary", "--whole", "--compress", "off", &server.url()]);
    let ran = ran.stdin(large.clone()).run().code(0);
    assert!(ran.stdout == large, "{} bytes came back", ran.stdout.len());
}

#[test]
fn many_websockets_share_one_connection() {
    const MANY: u32 = 200;
    let server = listen(&["--echo"]);
    let mut stream = begun(&server);
    for number in 0..MANY {
        let id = 2 * number + 1;
        stream
            .write_all(&[headers(id, &connect(server.port), 4), frame(0, 0, id, b"\x81\x82\0\0\0\0hi")].concat())
            .unwrap();
    }
    let (mut answered, mut echoed) = (0, 0);
    while echoed < MANY {
        let (kind, _, _, payload) = read_frame(&mut stream).unwrap();
        answered += u32::from(kind == 1);
        echoed += u32::from(kind == 0 && payload == b"\x81\x02hi");
    }
    assert_eq!(answered, MANY);
    server.says(&format!("#{MANY} connected"));
}

/// A connection on which the preface and our settings were sent.
fn begun(server: &Listening) -> TcpStream {
    let mut stream = server.connect();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&[PREFACE, &frame(4, 0, 0, &[])].concat()).unwrap();
    stream
}

fn connect(port: u16) -> Vec<(&'static str, String)> {
    vec![
        (":method", "CONNECT".to_owned()),
        (":protocol", "websocket".to_owned()),
        (":scheme", "http".to_owned()),
        (":authority", format!("127.0.0.1:{port}")),
        (":path", "/".to_owned()),
        ("sec-websocket-version", "13".to_owned()),
    ]
}

/// Reads until the server ends the connection; the code of its GOAWAY, if there is one.
fn farewell(stream: &mut TcpStream) -> Option<u32> {
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    let mut code = None;
    let mut rest = &said[..];
    while let [a, b, c, kind, _, _, _, _, _, after @ ..] = rest {
        let length = (u32::from_be_bytes([0, *a, *b, *c]) as usize).min(after.len());
        if *kind == 7 {
            code = after.get(4..8).map(|code| u32::from_be_bytes(code.try_into().unwrap()));
        }
        rest = &after[length..];
    }
    code
}

#[test]
fn no_flood_is_more_than_the_end_of_a_connection() {
    const CALM: u32 = 0xb;
    let server = listen(&["--echo", "--handshake-timeout", "2s"]);
    let asked = |id| headers(id, &connect(server.port), 4);
    let ids = || (0..10_000).map(|number| 2 * number + 1);
    let floods: [(&str, Vec<u8>, &[u32]); 7] = [
        ("rapid reset", ids().flat_map(|id| [asked(id), frame(3, 0, id, &[0, 0, 0, 8])].concat()).collect(), &[CALM]),
        ("settings", frame(4, 0, 0, &[0, 3, 0, 0, 0, 1]).repeat(20_000), &[]),
        ("pings", frame(6, 0, 0, &[0; 8]).repeat(20_000), &[]),
        (
            "continuations",
            [headers(1, &connect(server.port), 0), frame(9, 0, 1, &[0; 1]).repeat(20_000)].concat(),
            &[CALM, 1, 9],
        ),
        (
            "a header bomb",
            headers(1, &[("x", "a".repeat(16_000))], 0)
                .into_iter()
                .chain(frame(9, 0, 1, &[0xbe; 16_000]).repeat(100))
                .collect(),
            &[CALM, 1, 9],
        ),
        ("streams", ids().flat_map(asked).collect(), &[]),
        ("empty data", [asked(1), frame(0, 0, 1, &[]).repeat(50_000)].concat(), &[CALM]),
    ];
    for (name, flood, codes) in floods {
        let mut stream = begun(&server);
        let mut writing = stream.try_clone().unwrap();
        let writer = std::thread::spawn(move || {
            // The server may have heard enough.
            let _ = writing.write_all(&flood);
            let _ = writing.shutdown(std::net::Shutdown::Write);
        });
        let code = farewell(&mut stream);
        writer.join().unwrap();
        assert!(codes.is_empty() || code.is_none_or(|code| codes.contains(&code)), "{name}: {code:?}");
        client(&server, &["-q", "-x", "still there"], "/").code(0).stdout("still there\n");
        let peak = server.running.peak_memory();
        assert!(peak < 128 << 20, "{name}: {} MiB", peak >> 20);
    }
}

#[test]
fn more_streams_than_are_allowed_are_refused() {
    let server = listen(&["--echo"]);
    let mut stream = begun(&server);
    let mut writing = stream.try_clone().unwrap();
    let port = server.port;
    std::thread::spawn(move || {
        for number in 0..1100 {
            let _ = writing.write_all(&headers(2 * number + 1, &connect(port), 4));
        }
    });
    let mut refused = 0;
    while refused < 100 {
        let (kind, _, _, payload) = read_frame(&mut stream).unwrap();
        // RST_STREAM with REFUSED_STREAM
        refused += u32::from(kind == 3 && payload == [0, 0, 0, 7]);
    }
}

#[test]
fn a_connection_without_streams_ends_after_a_while() {
    let server = listen(&["--echo", "--handshake-timeout", "100ms"]);
    assert_eq!(farewell(&mut begun(&server)), Some(0));
}
