//! `--stream`: bytes, not messages.

use super::kit::pty::prompt;
use super::*;

fn binary(data: &str) -> Said {
    Said::Binary(data.as_bytes().to_vec())
}

#[test]
fn what_comes_is_sent_at_once_without_waiting_for_a_line() {
    let (server, heard) = hearing();
    let mut running = tool().args(["--stream", "-w", "0"]).arg(url(&server)).spawn();
    let mut stdin = running.child.stdin.take().unwrap();
    for piece in ["no line", "\n\r\n\0", "é"] {
        stdin.write_all(piece.as_bytes()).unwrap();
        assert_eq!(heard.next(), binary(piece));
    }
    drop(stdin);
    assert_eq!(heard.next(), Said::Close(Some(1000), String::new()));
    running.wait().code(0).stdout("");
}

#[test]
fn what_arrives_is_printed_as_its_bytes_with_nothing_between_messages() {
    let large = "x".repeat(200_000);
    let server = serving(move |client| async move {
        client.feed("a").await;
        client.binary(b"\xff\0").await;
        for text in ["", "b\n", "c", &"x".repeat(200_000), "d"] {
            client.feed(text).await;
        }
        client.close(1000, "").await;
    });
    let expected = [b"a\xff\0b\nc".as_slice(), large.as_bytes(), b"d"].concat();
    let ran = tool().arg("--stream").arg(url(&server)).run().code(0);
    assert!(ran.stdout == expected, "{:?}", &ran.stdout[..20]);
    // Held whole for the record, it is printed in the same way.
    let dir = dir();
    let ran = tool().args(["--stream", "--record"]).arg(path(&dir, "record")).arg(url(&server)).run().code(0);
    assert!(ran.stdout == expected);
}

#[test]
fn messages_of_the_command_line_go_first() {
    let (server, heard) = hearing();
    let args = ["--stream", "-i", "-x", r"login\n", "--escapes", "-w", "0"];
    tool().args(args).arg(url(&server)).stdin(r"a\n").run().code(0).stdout("");
    assert_eq!(heard.until_close(), [Said::Text("login\n".to_owned()), binary(r"a\n")]);
}

#[test]
fn on_a_terminal_there_is_no_prompt() {
    let server = echo();
    let mut screen = prompt(["--stream", &url(&server)]).start();
    screen.shows("connected to");
    screen.keys("one two\r");
    // Once by the terminal, and once from the server.
    screen.shows("one two\none two");
    screen.keys("\x04");
    screen.shows("closed 1000");
    assert_eq!(screen.code(), 0);
}

#[test]
fn what_comes_after_our_close_is_printed_up_to_the_servers() {
    let (tell, told) = channel();
    let server = Raw::open(move |mut stream| {
        assert_eq!(read_frame(&mut stream).unwrap(), (2, b"all of it".to_vec()));
        assert_eq!(read_frame(&mut stream).unwrap().0, CLOSE);
        let rest: Vec<u8> = (0..100).flat_map(|_| frame(2, b"the rest;")).collect();
        stream.write_all(&rest).unwrap();
        stream.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
        tell.send(()).unwrap();
    });
    let ran = tool().args(["--stream", "-w", "0", &server.url()]).stdin("all of it").run();
    ran.code(0).stdout("the rest;".repeat(100));
    told.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn options_about_messages_are_refused() {
    for (args, other) in [
        (&["-0"][..], "--null"),
        (&["--delimiter", ";"], "--delimiter <STR>"),
        (&["--keep-newline"], "--keep-newline"),
        (&["--whole"], "--whole"),
        (&["--chunk", "4"], "--chunk <SIZE>"),
        (&["--json-input"], "--json-input"),
        (&["--rate", "4"], "--rate <N[/TIME]>"),
        (&["--lockstep"], "--lockstep"),
        (&["--echo"], "--echo"),
        (&["-j"], "--json"),
        (&["--output", "hex"], "--output <HOW>"),
        (&["--pretty", "always"], "--pretty <WHEN>"),
        (&["-t"], "--timestamps"),
    ] {
        let ran = tool().args(["--stream", ":1"]).args(args).stdin("").run().code(2).stdout("");
        assert!(ran.stderr.contains("--stream") && ran.stderr.contains(other), "{args:?}: {}", ran.stderr);
    }
    let ran = tool().args(["--stream", "--escapes", ":1"]).stdin("").run().code(2);
    ran.stderr("wsprobe: `--escapes` has no effect here: with `--stream`, bytes are sent as they come\n");
}
