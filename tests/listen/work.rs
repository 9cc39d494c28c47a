//! What is done with the messages of clients.

use std::io::Write as _;
use std::net::TcpStream;

use nix::sys::signal::Signal;

use super::kit::{self, CLOSE, tool};
use super::{Listening, frame_of, listen, masked, until, whole_frame_of};

#[test]
fn echo_sends_each_message_back_with_its_type() {
    let server = listen(&["--echo"]);
    server.client(&["-1", "-x", "hello"]).run().code(0).stdout("hello\n");
    let data: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    server.client(&["-1", "-b", "--whole"]).stdin(data.clone()).run().code(0).stdout(data);
}

/// Small messages and now and then a large one, as many as are sent without waiting for an answer.
fn flood() -> Vec<String> {
    (0..20_000)
        .map(|number| format!("{number} {}", "x".repeat(if number % 5000 == 4999 { 200_000 } else { number % 40 })))
        .collect()
}

/// The next message of a server, put together.
fn message_of(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let (is_last, _, part) = whole_frame_of(stream).unwrap();
        text.extend(part);
        if is_last {
            return String::from_utf8(text).unwrap();
        }
    }
}

#[test]
fn echo_sends_a_flood_back_in_order_after_the_greeting_and_prints_who_said_it() {
    let server = listen(&["--echo", "--send", "welcome"]);
    let mut client = server.enter();
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let frames: Vec<u8> = flood().iter().flat_map(|text| masked(1, text.as_bytes())).collect();
        sender.write_all(&frames).unwrap();
    });
    assert_eq!(message_of(&mut client), "welcome");
    for text in flood() {
        assert!(message_of(&mut client) == text, "{}", &text[..20]);
    }
    sending.join().unwrap();
    client.write_all(&masked(CLOSE, &1000_u16.to_be_bytes())).unwrap();
    assert_eq!(frame_of(&mut client).unwrap(), (CLOSE, 1000_u16.to_be_bytes().to_vec()));
    server.says("#1 closed 1000");
    let printed: String = flood().iter().map(|text| format!("#1 {text}\n")).collect();
    assert!(server.stop() == printed);
}

#[test]
fn what_came_before_a_fault_is_echoed_before_the_close() {
    let server = listen(&["--echo"]);
    let mut client = server.enter();
    let frames = ["a", "b"].map(|text| masked(1, text.as_bytes())).concat();
    client.write_all(&[frames, masked(1, b"\xff")].concat()).unwrap();
    assert_eq!(frame_of(&mut client).unwrap(), (1, b"a".to_vec()));
    assert_eq!(frame_of(&mut client).unwrap(), (1, b"b".to_vec()));
    assert_eq!(frame_of(&mut client).unwrap(), (CLOSE, 1007_u16.to_be_bytes().to_vec()));
}

#[test]
fn a_flood_is_broadcast_in_order() {
    let server = listen(&["--broadcast"]);
    let mut listeners = [server.enter(), server.enter()];
    let mut speaker = server.enter();
    server.says("#3 connected");
    let sending = std::thread::spawn(move || {
        let frames: Vec<u8> = flood().iter().flat_map(|text| masked(1, text.as_bytes())).collect();
        speaker.write_all(&frames).unwrap();
        speaker
    });
    for text in flood() {
        for listener in &mut listeners {
            assert!(message_of(listener) == text, "{}", &text[..20]);
        }
    }
    drop(sending.join().unwrap());
}

#[test]
fn a_line_of_stdin_goes_to_all_as_soon_as_somebody_is_there() {
    let server = Listening::of(tool().args(["listen", ":0"]).stdin("first\nsecond\n").start());
    server.client(&["--count", "2"]).run().code(0).stdout("first\nsecond\n");
    let mut server = Listening::of(tool().args(["listen", ":0"]).spawn());
    let clients = [(); 2].map(|()| server.client(&["-1"]).start());
    server.says("#2 connected");
    server.running.child.stdin.as_mut().expect("it is piped").write_all(b"hello\n").expect("it reads");
    for client in clients {
        client.wait().code(0).stdout("hello\n");
    }
}

#[test]
fn what_arrives_is_printed_with_its_clients_name() {
    let server = listen(&[]);
    server.client(&["-w", "0", "-x", "one", "-x", "two"]).run().code(0);
    server.client(&["-w", "0", "-x", "three"]).run().code(0);
    server.says("#2 closed 1000");
    assert_eq!(server.stop(), "#1 one\n#1 two\n#2 three\n");
}

#[test]
fn records_name_the_client() {
    let server = listen(&["-j"]);
    server.client(&["-w", "0", "-x", "one", "-H", "Authorization: secret"]).run().code(0);
    server.says("#1 closed 1000");
    let out = server.stop();
    assert!(out.contains(r##""type":"open","client":"#1","url":"ws://127.0.0.1:"##), "{out}");
    assert!(out.contains(r##""authorization":"***""##) && !out.contains("secret"), "{out}");
    assert!(out.contains(r##""dir":"in","type":"text","client":"#1","data":"one"}"##), "{out}");
    assert!(out.contains(r##""type":"close","client":"#1","code":1000,"reason":"","clean":true}"##), "{out}");
}

#[test]
fn clients_are_greeted_with_messages_and_files() {
    let dir = kit::dir();
    let [text, binary] = ["text", "binary"].map(|name| kit::path(&dir, name));
    std::fs::write(&text, "from a file").unwrap();
    std::fs::write(&binary, b"\xff\0").unwrap();
    let files = [text.to_str().unwrap(), binary.to_str().unwrap()];
    let server = listen(&["--send", "hello", "--send", "-x", "--send-file", files[0], "--send-file", files[1]]);
    server.client(&["--count", "4"]).run().code(0).stdout(b"hello\n-x\nfrom a file\n\xff\0");
}

#[test]
fn a_message_can_tick() {
    let server = listen(&["--every", "10ms", "tick"]);
    server.client(&["--count", "3"]).run().code(0).stdout("tick\ntick\ntick\n");
}

#[test]
fn broadcast_sends_to_all_the_others() {
    let server = listen(&["--broadcast"]);
    let mut clients: Vec<_> = (0..3).map(|_| server.enter()).collect();
    server.says("#3 connected");
    clients[0].write_all(&masked(kit::TEXT, b"hello")).unwrap();
    for client in &mut clients[1..] {
        assert_eq!(frame_of(client).unwrap(), (kit::TEXT, b"hello".to_vec()));
    }
    clients[1].write_all(&masked(kit::TEXT, b"yes")).unwrap();
    // Its own words have not come back before these.
    assert_eq!(frame_of(&mut clients[0]).unwrap(), (kit::TEXT, b"yes".to_vec()));
}

#[test]
fn a_command_gets_a_line_for_each_message_and_its_lines_are_messages() {
    let server = listen(&["--exec", r#"echo "$REQUEST_METHOD $PATH_INFO $QUERY_STRING $HTTP_X_A $REMOTE_ADDR"; cat"#]);
    let url = server.url_of("/a/%C3%A9?c=%20d");
    let ran = tool().args(["-q", "--count", "3", "-H", "X-A: 1", "-x", "one", "-x", "two", &url]).run();
    ran.code(0).stdout("GET /a/é c=%20d 1 127.0.0.1\none\ntwo\n");
}

#[test]
fn a_command_that_ends_closes_its_client_after_its_last_words() {
    let server = listen(&["--exec", "seq 20000; exec 1>&-; exit $QUERY_STRING"]);
    let expected: String = (1..=20_000).map(|number| format!("{number}\n")).collect();
    tool().args(["-r", &server.url_of("/?0")]).run().code(0).stdout(&expected).says("closed 1000");
    tool().args(["-r", &server.url_of("/?3")]).run().code(6).stdout(&expected).says("closed 1011");
}

#[test]
fn a_command_ends_with_its_connection_and_so_does_what_it_started() {
    let dir = kit::dir();
    let pids = kit::path(&dir, "pids");
    let command = format!("trap '' TERM; sleep 1000 & echo $$ $! > {0}.new; mv {0}.new {0}; wait", pids.display());
    let server = listen(&["--exec", &command, "--close-timeout", "100ms"]);
    let client = server.enter();
    until("the command runs", || pids.exists());
    drop(client);
    let pids = std::fs::read_to_string(&pids).unwrap();
    pids.split_whitespace().for_each(ends);
}

/// Waits for the end of a process.
#[track_caller]
fn ends(pid: &str) {
    let path = format!("/proc/{}/stat", pid.trim());
    // A zombie has ended; its parent is responsible for waiting.
    let is_gone = || std::fs::read_to_string(&path).map_or(true, |stat| stat.contains(") Z "));
    until("the command has ended", is_gone);
}

#[test]
fn a_command_reads_what_its_client_said_last_and_has_time_to_end() {
    let dir = kit::dir();
    let (heard, large) = (kit::path(&dir, "heard"), "x".repeat(1 << 20));
    // It is slow to begin, and does something after the last line.
    let command = format!("exec > {0}.new; sleep 0.2; cat; echo end; mv {0}.new {0}", heard.display());
    let server = listen(&["--exec", &command]);
    server.client(&["-w", "0"]).stdin(format!("one\n{large}\n")).run().code(0);
    server.says("#1 closed 1000");
    until("the command has ended", || heard.exists());
    assert!(std::fs::read_to_string(&heard).unwrap() == format!("one\n{large}\nend\n"));
}

#[test]
fn a_command_that_does_not_end_with_its_input_is_ended() {
    let dir = kit::dir();
    let pid = kit::path(&dir, "pid");
    let command = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000", pid.display());
    let mut server = listen(&["--exec", &command, "--close-timeout", "100ms", "--max-clients", "1"]);
    let client = server.enter();
    until("the command runs", || pid.exists());
    drop(client);
    server.says("#1 was cut");
    ends(&std::fs::read_to_string(&pid).unwrap());
    // The server takes its clients' processes with it, however it ends.
    std::fs::remove_file(&pid).unwrap();
    let _client = server.enter();
    until("the command runs", || pid.exists());
    server.running.signal(Signal::SIGTERM);
    assert_eq!(server.running.wait_code(), Some(0));
    ends(&std::fs::read_to_string(&pid).unwrap());
}

#[test]
fn headers_cannot_give_a_command_a_proxy() {
    let server = listen(&["--exec", r#"echo "proxy=$HTTP_PROXY""#]);
    server.client(&["-1", "-H", "Proxy: http://evil"]).run().code(0).stdout("proxy=\n");
}

#[test]
fn no_command_outlives_a_server_that_is_killed() {
    let dir = kit::dir();
    let pids = kit::path(&dir, "pids");
    // What is left in the background, a pipeline, and the shell that waits for both.
    let note = format!("echo $$ >> {}", pids.display());
    let command = format!(
        "{note}; sh -c '{note}; exec sleep 1000' & sh -c '{note}; exec sleep 1000' | sh -c '{note}; exec cat' & \
         while [ $(wc -l < {0}) -lt 4 ]; do sleep 0.01; done; echo all run; wait",
        pids.display()
    );
    let mut server = listen(&["--exec", &command]);
    let mut client = server.enter();
    // Whoever passes on what it says knows that it runs.
    assert_eq!(frame_of(&mut client).unwrap(), (kit::TEXT, b"all run".to_vec()));
    server.running.signal(Signal::SIGKILL);
    assert_eq!(server.running.wait_code(), None);
    let pids = std::fs::read_to_string(&pids).unwrap();
    assert_eq!(pids.lines().count(), 4);
    pids.lines().for_each(ends);
}

#[test]
fn with_stream_a_commands_bytes_go_both_ways_and_the_last_come_after_the_clients_close() {
    let server = listen(&["--stream", "--exec", r"printf 'no line\377'; wc -c; printf 'the end'"]);
    let data = vec![b'\n'; 3 << 20];
    let expected = b"no line\xff3145728\nthe end".as_slice();
    server.client(&["--stream", "-w", "0"]).stdin(data).run().code(0).stdout(expected);
    server.says("#1 closed 1000");
    // Text is bytes, too.
    server.client(&["--stream", "-x", "é"]).run().code(0).stdout(b"no line\xff2\nthe end");
    assert_eq!(server.stop(), "");
}

#[test]
fn with_stream_the_failure_of_a_command_is_a_close_after_its_last_bytes() {
    let server = listen(&["--stream", "--exec", "printf last; exit 3"]);
    server.client(&["--stream", "-r"]).run().code(6).stdout("last");
    let ran = tool().args(["listen", "0", "--stream"]).run().code(2);
    ran.stderr("wsprobe: `--exec <CMD>` is missing; see `wsprobe listen --help`\n");
    let ran = tool().args(["listen", "0", "--stream", "--echo"]).run().code(2);
    ran.stderr("wsprobe: `--stream` has no effect here: it applies only to `--exec`\n");
}

#[test]
fn a_command_that_is_flooded_both_ways_never_stands_still_while_it_is_recorded() {
    const COUNT: usize = 200_000;
    let server = super::kit::listening::listen_quietly(&["--exec", "exec cat", "--json", "--compress", "off"]);
    let mut client = server.enter();
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let frames: Vec<u8> =
            (0..COUNT).flat_map(|n| masked(1, format!("message number {n:024}").as_bytes())).collect();
        sender.write_all(&frames).unwrap();
    });
    let mut reader = std::io::BufReader::new(&mut client);
    for n in 0..COUNT {
        let mut frame = [0; 2 + 39];
        std::io::Read::read_exact(&mut reader, &mut frame).unwrap();
        assert_eq!(&frame[2..], format!("message number {n:024}").as_bytes());
    }
    sending.join().unwrap();
}

#[test]
fn a_client_that_sends_on_after_its_command_has_ended_is_closed() {
    let server = super::kit::listening::listen_quietly(&["--exec", "exit 3", "--close-timeout", "1s"]);
    let mut client = server.enter();
    client.set_write_timeout(Some(kit::PATIENCE)).unwrap();
    assert_eq!(frame_of(&mut client).unwrap().0, CLOSE);
    let message = masked(2, &vec![7; 1 << 20]);
    // It is left in the end.
    while client.write_all(&message).is_ok() {}
    server.says("#1 did not answer our Close");
}
