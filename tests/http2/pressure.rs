//! Readers and servers that are slow, and messages that are large.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use super::kit::backpressure::{LITTLE, flooding, write_until_stalled};
use super::kit::http2::{Http2, SETTINGS, frame, headers, read_frame};
use super::kit::listening::{Listening, listen_quietly};
use super::kit::{PATIENCE, Running, channel, serving, tool};

const PRIOR: &str = "--http2-prior-knowledge";

/// A server for one client, of which the preface is read; its URL.
fn raw(serve: impl FnOnce(TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.read_exact(&mut [0; 24]).unwrap();
        serve(stream);
    });
    (url, server)
}

#[test]
fn a_blocked_reader_leaves_no_ping_and_no_settings_unanswered() {
    const MESSAGES: usize = 85_000;
    let message = |number: usize| format!("{number:040}");
    let (tell, answered) = channel();
    let (url, server) = raw(move |mut stream| {
        stream.write_all(SETTINGS).unwrap();
        // Until its SETTINGS are acknowledged, they do not count for us.
        stream.write_all(&frame(4, 1, 0, &[])).unwrap();
        let mut settings = 0;
        loop {
            match read_frame(&mut stream).unwrap() {
                (4, 1, ..) => settings += 1,
                (1, ..) => break,
                _ => {}
            }
        }
        let mut said = headers(1, &[(":status", "200")], 4);
        for number in 0..MESSAGES {
            // Each in a DATA frame of its own.
            said.extend(frame(0, 0, 1, &super::kit::frame(super::kit::TEXT, message(number).as_bytes())));
        }
        said.extend([frame(4, 0, 0, &[]), frame(6, 0, 0, b"answered")].concat());
        stream.write_all(&said).unwrap();
        let mut given_back = 0;
        let pong = loop {
            match read_frame(&mut stream).unwrap() {
                (4, 1, ..) => settings += 1,
                (6, 1, _, said) => break said,
                (8, _, 1, more) => given_back += u32::from_be_bytes(more.try_into().unwrap()),
                (3 | 7, _, _, said) => panic!("it gave up: {said:?}"),
                _ => {}
            }
        };
        assert_eq!((settings, &pong[..]), (2, &b"answered"[..]));
        tell.send(given_back).unwrap();
        stream.write_all(&frame(0, 0, 1, b"\x88\x02\x03\xe8")).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let running = tool().args([PRIOR, "-q", "-r", &url]).start();
    let given_back = answered.recv_timeout(PATIENCE).expect("it answers, though nobody reads what it prints");
    assert!(given_back < 2 << 20, "{given_back} bytes were given back, and nobody has read them");
    assert!(running.peak_memory() < LITTLE, "{} bytes", running.peak_memory());
    let ran = running.wait().code(0);
    assert!(ran.out() == (0..MESSAGES).map(|number| message(number) + "\n").collect::<String>());
    server.join().expect("it only checks");
}

#[test]
fn a_stdout_that_is_not_read_stops_the_server_and_costs_no_memory() {
    let (server, stuck) = flooding(Duration::from_millis(500));
    let front = Http2::before(server.port());
    let running = tool().args([PRIOR, "--compress", "off", "-r", &front.url()]).start();
    let sent = stuck.recv_timeout(PATIENCE).unwrap();
    assert!(sent < 1024, "{sent} messages were taken");
    assert!(running.peak_memory() < LITTLE, "{} bytes", running.peak_memory());
}

#[test]
fn a_server_that_does_not_read_slows_stdin_and_costs_no_memory() {
    let server = serving(|client| async move {
        std::future::pending::<()>().await;
        drop(client);
    });
    let front = Http2::before(server.port());
    let mut running = tool().args([PRIOR, "--compress", "off", &front.url()]).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    let lines = write_until_stalled(&mut stdin);
    assert!(lines * 64 < 64 << 20, "{lines} lines were taken");
    assert!(running.peak_memory() < LITTLE, "{} bytes", running.peak_memory());
}

/// The most memory of a client that sends a message of this size and gets it back, and of its server.
fn memory_of(size: u64, option: &str) -> [u64; 2] {
    let server: Listening = listen_quietly(&["--echo", "--compress", "off", "--max-message", "1GiB"]);
    let file = tempfile::tempfile().unwrap();
    file.set_len(size).unwrap();
    let args = [option, "-q", "--binary", "--whole", "--compress", "off", "--max-message", "1GiB", "--output", "raw"];
    let mut client: Running = tool().args(args).arg(server.url()).stdin_from(file).start();
    let mut out = client.child.stdout.take().unwrap();
    let mut block = vec![0; 1 << 20];
    let mut received = 0;
    while received < size {
        let length = out.read(&mut block).unwrap();
        assert!(length > 0, "{received} of {size} bytes came back");
        received += length as u64;
    }
    [client.peak_memory(), server.running.peak_memory()]
}

#[test]
fn a_large_message_takes_as_much_memory_as_over_http1() {
    const SIZE: u64 = 128 << 20;
    let (over_http1, over_http2) = (memory_of(SIZE, "--http1.1"), memory_of(SIZE, PRIOR));
    for (name, one, two) in [("client", over_http1[0], over_http2[0]), ("server", over_http1[1], over_http2[1])] {
        // A window's worth, and what is under way.
        assert!(two < one + (24 << 20), "{name}: {} MiB, {} MiB over HTTP/1.1", two >> 20, one >> 20);
    }
}
