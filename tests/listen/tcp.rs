//! `--tcp`: a TCP connection for each client.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;

use super::kit::backpressure::{LITTLE, write_until_stalled};
use super::kit::{self, CLOSE, PATIENCE, field, path, tool};
use super::{Listening, frame_of, let_in, listen, masked, until};

const BINARY: u8 = 2;

/// A TCP server that does this with its first client, behind `wsprobe listen --tcp`.
fn before<T: Send + 'static>(serve: impl FnOnce(TcpStream) -> T + Send + 'static) -> (Listening, Served<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        serve(stream)
    });
    (listen(&["--tcp", &address, "-v"]), served)
}

type Served<T> = std::thread::JoinHandle<T>;

fn read_to_end(mut stream: impl std::io::Read) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

/// Sends everything back, and ends when the client does.
fn echo(mut stream: TcpStream) {
    let mut from = stream.try_clone().unwrap();
    std::io::copy(&mut from, &mut stream).unwrap();
}

#[test]
fn bytes_go_both_ways_and_are_not_printed() {
    let (server, served) = before(echo);
    let (mut client, head) = let_in(server.connect(), "Sec-WebSocket-Protocol: chat, binary\r\n");
    assert_eq!(field(&head, "Sec-WebSocket-Protocol"), Some("binary"));
    server.says("#1: connected to 127.0.0.1:");
    for (opcode, data) in [(kit::TEXT, b"text"), (BINARY, b"\xff\0\n\r")] {
        client.write_all(&masked(opcode, data)).unwrap();
        assert_eq!(frame_of(&mut client).unwrap(), (BINARY, data.to_vec()));
    }
    client.write_all(&masked(CLOSE, &1000_u16.to_be_bytes())).unwrap();
    assert_eq!(frame_of(&mut client).unwrap(), (CLOSE, 1000_u16.to_be_bytes().to_vec()));
    served.join().unwrap();
    server.says("#1 closed 1000");
    assert_eq!(server.stop(), "");
}

#[test]
fn a_subprotocol_of_the_users_is_chosen_before_binary() {
    let server = listen(&["--tcp", "127.0.0.1:9", "--subprotocol", "chat"]);
    let (_, head) = let_in(server.connect(), "Sec-WebSocket-Protocol: binary, chat\r\n");
    assert_eq!(field(&head, "Sec-WebSocket-Protocol"), Some("chat"));
    let server = listen(&["--tcp", "127.0.0.1:9"]);
    let (_, head) = let_in(server.connect(), "Sec-WebSocket-Protocol: base64, chat\r\n");
    assert_eq!(field(&head, "Sec-WebSocket-Protocol"), Some("base64"));
}

#[test]
fn bytes_are_printed_and_recorded_where_that_is_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let dir = kit::dir();
    let record = path(&dir, "record");
    let server = listen(&["--tcp", &address, "--output", "hex", "--record", record.to_str().unwrap()]);
    let served = std::thread::spawn(move || echo(listener.accept().unwrap().0));
    server.client(&["--stream", "-w", "0"]).stdin("abc").run().code(0).stdout("abc");
    served.join().unwrap();
    server.says("#1 closed 1000");
    assert_eq!(server.stop(), "#1 616263\n");
    let record = std::fs::read_to_string(&record).unwrap();
    let binary = |dir| format!(r##""dir":"{dir}","type":"binary","client":"#1","base64":"YWJj""##);
    assert!(record.contains(&binary("in")) && record.contains(&binary("out")), "{record}");
}

#[test]
fn the_end_of_the_tcp_side_is_a_close_after_its_last_bytes() {
    let (server, served) = before(|mut stream| stream.write_all(&[7; 1 << 20]).unwrap());
    let ran = tool().args(["--stream", &server.url()]).spawn().wait().code(0);
    assert!(ran.stdout == [7; 1 << 20], "{}", ran.stdout.len());
    assert!(ran.stderr.contains("closed 1000 by the server"), "{}", ran.stderr);
    served.join().unwrap();
}

#[test]
fn a_close_ends_one_direction_and_the_rest_of_the_other_comes_before_its_answer() {
    for args in [&["-w", "0"][..], &["-w", "0", "--http2-prior-knowledge"]] {
        let (server, served) = before(|mut stream| {
            let request = read_to_end(&stream);
            // All of the answer is made after the end.
            stream.write_all(&[request, vec![b'.'; 1 << 20]].concat()).unwrap();
        });
        let ran = server.client(&[&["--stream"], args].concat()).stdin("request").run().code(0);
        assert!(ran.stdout.starts_with(b"request...") && ran.stdout.len() == 7 + (1 << 20), "{args:?}");
        served.join().unwrap();
        server.says("#1 closed 1000");
    }
}

#[test]
fn a_server_that_does_not_end_with_its_client_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = listen(&["--tcp", &address, "--close-timeout", "100ms"]);
    let (closed, is_closed) = kit::channel();
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // The end is told, and then the connection goes.
        let said = read_to_end(&stream);
        is_closed.recv_timeout(PATIENCE).unwrap();
        until("it is left", || (&stream).write(b"still here").is_err());
        said
    });
    server.client(&["--stream", "-w", "0"]).stdin("all").run().code(0).stdout("");
    server.says("#1 closed 1000");
    closed.send(()).unwrap();
    assert_eq!(served.join().unwrap(), b"all");
}

#[test]
fn a_client_that_is_gone_ends_the_connection_after_its_last_bytes() {
    let (server, served) = before(read_to_end);
    let mut client = server.enter();
    client.write_all(&masked(BINARY, b"last words")).unwrap();
    drop(client);
    server.says("#1 was cut");
    assert_eq!(served.join().unwrap(), b"last words");
}

#[test]
fn without_a_connection_the_client_is_closed_with_1011() {
    let port = kit::free_port();
    let server = listen(&["--tcp", &format!("127.0.0.1:{port}")]);
    let ran = tool().args(["--stream", &server.url()]).stdin("hello").run().code(6).stdout("");
    assert!(ran.stderr.contains(&format!("cannot connect to 127.0.0.1:{port}")), "{}", ran.stderr);
    server.says(&format!("#1: cannot connect to 127.0.0.1:{port}"));
    let server = listen(&["--tcp", "unix:/nowhere/x.sock"]);
    tool().args(["--stream", &server.url()]).stdin("hello").run().code(6).says("closed 1011 by the server");
    server.says("#1: cannot connect to the socket `/nowhere/x.sock`");
}

#[test]
fn a_connection_that_breaks_is_a_1011() {
    let (server, served) = before(|stream| {
        let socket = socket2::SockRef::from(&stream);
        socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    });
    tool().args(["--stream", &server.url()]).spawn().wait().code(6).says("closed 1011 by the server");
    served.join().unwrap();
}

#[test]
fn a_unix_socket_is_a_server_too() {
    let dir = kit::dir();
    let socket = path(&dir, "socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let said = read_to_end(&stream);
        stream.write_all(&said).unwrap();
    });
    let server = listen(&["--tcp", &format!("unix:{}", socket.display())]);
    server.client(&["--stream", "-w", "0"]).stdin("hello").run().code(0).stdout("hello");
    served.join().unwrap();
}

/// A file of bytes that do not repeat, and its digest.
fn large(file: &std::path::Path, blocks: usize) -> Vec<u8> {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let mut out = File::create(file).unwrap();
    let mut seed = 1_u64;
    for _ in 0..blocks {
        let next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 32).to_le_bytes()
        };
        let block: Vec<u8> = std::iter::repeat_with(next).take(1 << 17).flatten().collect();
        digest.update(&block);
        out.write_all(&block).unwrap();
    }
    digest.finish().as_ref().to_vec()
}

#[test]
fn a_large_file_goes_both_ways_whole_and_in_little_memory() {
    let (server, served) = before(echo);
    let dir = kit::dir();
    let sent = large(&path(&dir, "file"), 96);
    let input = File::open(path(&dir, "file")).unwrap();
    let args = ["--stream", "-w", "0", "--compress", "off", "-q"];
    let mut running = tool().args(args).arg(server.url()).stdin_from(input).start();
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut stdout, mut block) = (running.child.stdout.take().unwrap(), vec![0; 1 << 16]);
    let mut received = 0;
    loop {
        match stdout.read(&mut block).unwrap() {
            0 => break,
            length => {
                digest.update(&block[..length]);
                received += length;
            }
        }
    }
    running.wait().code(0);
    assert_eq!(received, 96 << 20);
    assert_eq!(digest.finish().as_ref(), sent);
    let peak = server.running.peak_memory();
    assert!(peak < LITTLE, "{peak}");
    served.join().unwrap();
}

#[test]
fn a_large_message_is_written_as_it_comes() {
    let (server, served) = before(|stream| std::io::copy(&mut &stream, &mut std::io::sink()).unwrap());
    let dir = kit::dir();
    File::create(path(&dir, "zeros")).unwrap().set_len(200 << 20).unwrap();
    let input = File::open(path(&dir, "zeros")).unwrap();
    let args = ["-b", "--whole", "-w", "0", "--compress", "off"];
    server.client(&args).stdin_from(input).run().code(0);
    assert_eq!(served.join().unwrap(), 200 << 20);
    let peak = server.running.peak_memory();
    assert!(peak < LITTLE, "{peak}");
}

#[test]
fn a_side_that_does_not_read_slows_the_other_one() {
    let (server, served) = before(|stream| {
        stream.set_write_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
        let mut sent = 0;
        while sent < 256 << 20 {
            match (&stream).write(&[0; 1 << 16]) {
                Ok(length) => sent += length,
                Err(_) => return (sent, stream),
            }
        }
        panic!("nothing held it up");
    });
    // It reads nothing, and what it says is read by nobody.
    let mut client = server.client(&["--stream", "--compress", "off"]).spawn();
    let _stdout = client.child.stdout.take().unwrap();
    let lines = write_until_stalled(client.child.stdin.as_mut().unwrap());
    assert!(lines < 4 << 20, "nothing held it up");
    let (sent, _stream) = served.join().unwrap();
    assert!(sent < 64 << 20, "{sent}");
    for peak in [server.running.peak_memory(), client.peak_memory()] {
        assert!(peak < LITTLE, "{peak}");
    }
}

#[test]
fn a_client_that_closes_and_reads_nothing_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = listen(&["--tcp", &address, "--close-timeout", "100ms", "--compress", "off"]);
    for is_endless in [true, false] {
        let listener = listener.try_clone().unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut sent = 0;
            // More than all buffers hold, then the end; or for ever.
            while (is_endless || sent < 3 << 20) && stream.write_all(&[0; 1 << 16]).is_ok() {
                sent += 1 << 16;
            }
        });
        let mut client = server.enter_slowly();
        client.write_all(&masked(CLOSE, &1000_u16.to_be_bytes())).unwrap();
        server.says(if is_endless { "#1 did not answer our Close" } else { "#2 closed 1000" });
        served.join().unwrap();
    }
}

#[test]
fn an_address_needs_a_port() {
    for bad in ["", "22", "host", "host:0", "a@b:1", "ws://a:1", "unix:"] {
        let ran = tool().args(["listen", "0", "--tcp", bad]).run().code(2);
        assert!(ran.stderr.contains("expected HOST:PORT, :PORT or unix:PATH"), "{bad}: {}", ran.stderr);
    }
    tool().args(["listen", "--tcp", ":9", "--echo"]).run().code(2).says("cannot be used with");
}
