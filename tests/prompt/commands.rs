//! The commands of the prompt, each with good and with bad arguments, and what their results look like.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use super::kit;
use super::kit::pty::{Prompt, Screen, enters, prompt};
use super::kit::{Client, Heard, PATIENCE, Said, Server, dir, hearing, path, pty, serving, text, url};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

fn ready(prompt: Prompt) -> Screen {
    pty::ready(prompt.size(40, 100))
}

/// A prompt with a server that only hears.
fn alone() -> (Screen, Heard, Server) {
    let (server, heard) = hearing();
    (ready(prompt([url(&server)])), heard, server)
}

/// A server that says these things, and then sends back what it gets.
fn first_saying<F: Future<Output = ()> + 'static>(say: impl Fn(std::rc::Rc<Client>) -> F + Send + 'static) -> Server {
    serving(move |client| {
        let client = std::rc::Rc::new(client);
        let said = say(std::rc::Rc::clone(&client));
        async move {
            said.await;
            while let Some(said) = client.next().await {
                if let Said::Text(text) = said {
                    client.text(&text).await;
                }
            }
        }
    })
}

#[test]
fn messages_of_every_kind_can_be_sent() {
    let dir = dir();
    std::fs::write(path(&dir, "a text"), "from a file\n").expect("it can be written");
    std::fs::write(path(&dir, "bytes"), b"\xff\x00").expect("it can be written");
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).home(dir.path()));
    for (typed, said) in [
        ("/binary 00 ff 10", Said::Binary(vec![0, 0xff, 0x10])),
        ("/base64 AP8Q", Said::Binary(vec![0, 0xff, 0x10])),
        ("/msgpack {\"a\": 1}", Said::Binary(b"\x81\xa1a\x01".to_vec())),
        ("/cbor [null]", Said::Binary(b"\x81\xf6".to_vec())),
        ("/file a text", text("from a file\n")),
        ("/file bytes", Said::Binary(vec![0xff, 0])),
        ("/ping are you there", Said::Ping(b"are you there".to_vec())),
        ("/pong", Said::Pong(Vec::new())),
        ("//close", text("/close")),
        ("/send \"\"", text("")),
        ("/send /quit", text("/quit")),
    ] {
        screen.keys(format!("{typed}\r"));
        assert_eq!(heard.next(), said, "{typed}");
    }
}

#[test]
fn bad_arguments_are_answered_with_what_is_right_and_nothing_is_sent() {
    let (screen, heard, _server) = alone();
    for (typed, shown) in [
        ("/close 99", "* /close [CODE [REASON]]: codes that may be sent are 1000-1003, 1007-1014 and 3000-4999"),
        ("/close 1005", "* /close [CODE [REASON]]: codes that may be sent"),
        ("/binary", "* /binary HEX: expected bytes, such as `00 ff 10`"),
        ("/base64", "* /base64 BASE64: expected base64, such as `AP8Q`"),
        ("/send", "* /send TEXT: expected a message; `\"\"` is an empty one"),
        ("/save 1", "* /save [--force] [N|!N] FILE: expected a file name; `./1` is the file called `1`"),
        ("", ""),
        ("  /auth token", "* unknown command `/auth`"),
        ("/msgpack", "* /msgpack JSON: expected JSON, such as `{\"id\": 1}`"),
        ("/cbor {a}", "* /cbor JSON: not JSON: "),
        ("/decode hex", "* /decode [HOW|off]: no decoder `hex`: expected `gzip`,"),
        ("/binary 0g", "* /binary HEX: write two hex digits for each byte, as in `00 ff 10`"),
        ("/base64 ?", "* /base64 BASE64: invalid base64: expected text such as `AP8Q`"),
        ("/file", "* /file PATH: expected a file name"),
        ("/file nowhere", "* not sent: cannot read `nowhere`: No such file"),
        ("/last", "* no message has been received yet"),
        ("/last 0", "* /last [N|!N]: expected a number: 1 is the last message, `!1` the first"),
        ("/save", "* /save [--force] [N|!N] FILE: expected a file name"),
        ("/save here", "* no message has been received yet"),
        ("/repeat", "* nothing is being repeated; /repeat 10 every 500ms sends the last message again"),
        ("/repeat off", "* nothing is being repeated"),
        ("/repeat 0", "* /repeat [N [every TIME]|off]: expected how often, such as `10` or `10 every 500ms`"),
        ("/repeat 1", "* no message has been sent yet"),
        ("/record", "* /record [--force] FILE|off: expected a file name"),
        ("/record /nowhere/at/all", "to `/nowhere/at/all`: "),
        ("/connect", "* /connect URL: expected a URL"),
        ("/connect ftp://h/", "* invalid URL `ftp://h/`: "),
        ("/filter", "* showing all messages"),
        ("/filter (", "* /filter [in|out] [PATTERN]|off: unclosed group"),
        ("/filter $.[", "* /filter [in|out] [PATTERN]|off: `$.[` is not a JSONPath"),
        ("/grep", "* /grep REGEX: expected a regular expression"),
        ("/grep x", "* no match in 0 messages"),
        ("/copy !1", "* there are no messages yet"),
        ("/rpc", "* /rpc METHOD [PARAMS]: expected a method"),
        ("/rpc add 1 2", "* /rpc METHOD [PARAMS]: expected a JSON array or object"),
        ("/file it's", "* /file PATH: unclosed quote `'`"),
        ("/json maybe", "* /json [on|off]: expected `on` or `off`"),
        ("/json", "* JSON that does not fit a line is indented; /json off shows it as received"),
        ("/time maybe", "* /time [on|off]: expected `on` or `off`"),
        ("/time", "* no times are shown; /time on shows them"),
        ("/record off", "* nothing is being recorded"),
        ("/help nix", "* unknown command `/nix`"),
        ("/pause now", "* /pause: takes no argument"),
        ("/hepl", "* unknown command `/hepl` (did you mean `/help`?); /help lists all commands, //… sends a slash"),
        (&format!("/ping {}", "x".repeat(126)), "126 bytes, and at most 125 are allowed"),
    ] {
        enters(&screen, typed, shown);
        screen.keys("/clear\r");
        screen.wait("a clear screen", |screen| screen.contents().trim_end() == ">");
    }
    screen.keys("the first\r");
    assert_eq!(heard.next(), text("the first"));
}

#[test]
fn help_tells_of_all_commands_or_of_one() {
    let (screen, _heard, _server) = alone();
    enters(&screen, "/help", "connection  /help /info /close /reconnect /connect /quit\n");
    enters(&screen, "/help connection", "\n/reconnect              connect again\n");
    enters(&screen, "/help ping", "/ping [TEXT]  send a ping; its pong is shown with its time");
}

#[test]
fn repeat_sends_the_last_message_again() {
    let (screen, heard, _server) = alone();
    screen.keys("tick\r/repeat 3\r");
    for _ in 0..4 {
        assert_eq!(heard.next(), text("tick"));
    }
    screen.keys("/binary 00\r/repeat 2 every 10ms\r");
    for _ in 0..3 {
        assert_eq!(heard.next(), Said::Binary(vec![0]));
    }
}

#[test]
fn edit_opens_the_editor_with_the_text_and_the_line_goes_on_with_what_came_of_it() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).env("EDITOR", "false").env("VISUAL", "sed -i s/draft/letter/"));
    screen.keys("/edit my draft\r");
    screen.line("> my letter", 11);
    screen.keys("!\r");
    assert_eq!(heard.next(), text("my letter!"));
    let screen = ready(prompt([url(&server)]).env("EDITOR", "false"));
    screen.keys("/edit my draft\r");
    screen.shows("* cannot edit: `false` ended with exit status: 1");
    screen.line("> my draft", 10);
}

#[test]
fn last_and_save_find_the_message_that_is_asked_for() {
    let dir = dir();
    let server = first_saying(|client| async move {
        client.binary(&[0xab; 200]).await;
        client.text("the last").await;
    });
    let screen = ready(prompt([url(&server)]).home(dir.path()).env("PAGER", "sed s/^/paged:/"));
    screen.shows("< the last");
    enters(&screen, "/last", "paged:the last");
    enters(&screen, "/last 2", "paged:000000c0  ab ab ab ab ab ab ab ab");
    enters(&screen, "/last 3", "* only 2 messages have been received");
    enters(&screen, "/save 2 some bytes", "* 200 bytes written to `some bytes`");
    assert_eq!(std::fs::read(path(&dir, "some bytes")).expect("it was written"), [0xab; 200]);
    enters(&screen, "/save text", "* 8 bytes written to `text`");
    assert_eq!(std::fs::read(path(&dir, "text")).expect("it was written"), b"the last");
}

#[test]
fn ctrl_c_in_the_pager_is_the_pagers() {
    let server = first_saying(|client| async move { client.text("hello").await });
    let pager = "trap 'echo caught; exit' INT; echo paging; while :; do sleep 0.01; done";
    let mut screen = ready(prompt([url(&server)]).env("PAGER", pager));
    screen.shows("< hello");
    screen.keys("/last\r");
    screen.shows("\npaging");
    screen.keys(CTRL_C);
    screen.shows("caught");
    screen.prompt();
    screen.keys("still here\r");
    screen.shows("< still here");
    screen.prompt();
    screen.keys(CTRL_D);
    screen.leaves_with(0);
}

#[test]
fn record_begins_and_ends_while_the_prompt_goes_on() {
    let dir = dir();
    let server = kit::echo();
    let mut screen = ready(prompt([url(&server)]).home(dir.path()));
    enters(&screen, "before", "< before");
    enters(&screen, "/record my record", "* recording to `my record`");
    enters(&screen, "within", "< within");
    enters(&screen, "/record off", "* stopped recording to `my record`");
    enters(&screen, "after", "< after");
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    let record = std::fs::read_to_string(path(&dir, "my record")).expect("it was written");
    let data: Vec<_> = record.lines().filter_map(|line| line.split("\"data\":\"").nth(1)).collect();
    assert_eq!(data, ["within\"}", "within\"}"], "{record}");
}

#[test]
fn a_pause_holds_messages_back_and_a_filter_hides_them() {
    let server = kit::echo();
    let screen = ready(prompt([url(&server)]));
    enters(&screen, "/pause", "* paused; /resume shows what arrives meanwhile");
    enters(&screen, "one", "> one");
    enters(&screen, "/ping", "> /ping");
    while !screen.contents().contains("received     1 message, 3 bytes") {
        // The last line of this answer, and not of the one before.
        screen.answers("/info\r", "state        open for");
        screen.prompt();
    }
    assert!(!screen.contents().contains("< one"));
    enters(&screen, "/resume", "> /resume\n< one\n< pong (");
    enters(&screen, "/filter ^yes", "* showing only messages that match `^yes`");
    enters(&screen, "no, not this", "> no, not this");
    enters(&screen, "yes, this", "< yes, this");
    assert!(!screen.contents().contains("< no"));
    enters(&screen, "/filter off", "* showing all messages");
    enters(&screen, "no", "< no");
}

#[test]
fn binary_messages_are_shown_as_what_they_say() {
    let server = kit::echo();
    let screen = ready(prompt([url(&server)]).env("PAGER", "cat"));
    enters(&screen, "/decode", "* messages are not decoded");
    enters(&screen, "/msgpack {\"id\":1}", "< binary, 5 bytes");
    enters(&screen, "/decode msgpack", "* messages are decoded: `msgpack`; /decode off ends that");
    enters(&screen, "/binary 82 a2 69 64 02 01 c4 02 00 ff", "< msgpack {\"id\":2,1:h'00ff'}");
    screen.keys("/last\r");
    screen.shows("binary, 10 bytes");
    screen.shows("msgpack {\"id\":2,1:h'00ff'}");
    enters(&screen, "/grep id", "< {");
    enters(&screen, "/filter $.id=3", "* showing only messages that match `$.id=3`");
    screen.keys("/msgpack {\"id\":4}\r/msgpack {\"id\":3}\r");
    screen.shows("< msgpack {\"id\":3}");
    assert!(!screen.contents().contains("< msgpack {\"id\":4}"));
    enters(&screen, "/filter off", "* showing all messages");
    enters(&screen, "/binary c1", "< binary, 1 byte\n  00000000  c1");
    screen.shows("  [not msgpack: 0xc1, which MessagePack does not use, at byte 0]");
    enters(&screen, "/decode off", "* messages are not decoded");
    enters(&screen, "/msgpack {\"id\":5}", "< binary, 5 bytes");
}

#[test]
fn what_was_decoded_does_not_drive_the_terminal_and_is_cut_where_it_is_long() {
    let server = serving(|client| async move {
        client.next().await;
        // "a" and an OSC sequence.
        client.binary(b"\xaba\x1b]0;owned\x07").await;
        let mut long = b"\xdd\x00\x01\x00\x00".to_vec();
        long.resize(5 + 0x1_0000, 0x07);
        client.binary(&long).await;
        while client.next().await.is_some() {}
    });
    let screen = ready(prompt(["--decode", "msgpack", &url(&server)]));
    screen.keys("go\r");
    screen.shows("bytes, /last shows all]");
    screen.wrote("< msgpack \"a\\u001b]0;owned\\u0007\"");
}

#[test]
fn json_and_time_are_switched_on_and_off() {
    let server = kit::echo();
    let screen = ready(prompt([url(&server)]).env("TZ", "UTC"));
    let long = format!(r#"{{"k":[{}],"k":1.10}}"#, ["12345678901234567890"; 6].join(","));
    enters(&screen, &long, "< {\n    \"k\": [\n      12345678901234567890, 12345678901234567890,");
    screen.shows("\n    \"k\": 1.10\n  }");
    enters(&screen, "/json off", "* JSON is shown as received");
    screen.keys("/clear\r");
    screen.wait("a clear screen", |screen| screen.contents().trim_end() == ">");
    enters(&screen, &long, r#"< {"k":[12345678901234567890,12345678901234567890,"#);
    enters(&screen, "/time on", "* the time is shown before each message");
    screen.keys("stamped\r");
    let stamped = regex::Regex::new("\n[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} < stamped\n").expect("it is one");
    screen.wait("a stamp", |screen| stamped.is_match(&screen.contents()));
    enters(&screen, "/time off", "* no times are shown");
    enters(&screen, "plain", "\n< plain\n");
}

#[test]
fn what_is_printed_without_the_line_looks_as_was_asked_for() {
    let server = kit::Raw::open(|mut stream| {
        while kit::read_frame(&mut stream).is_ok_and(|(opcode, _)| opcode != kit::CLOSE) {}
        let last = [kit::frame(kit::TEXT, b"the last"), kit::frame(kit::CLOSE, &[0x03, 0xe8])].concat();
        stream.write_all(&last).expect("the client reads");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let mut screen = ready(prompt([server.url()]).env("TZ", "UTC"));
    enters(&screen, "/time on", "* the time is shown before each message");
    screen.keys(CTRL_D);
    screen.leaves_with(0);
    let stamped = regex::Regex::new("\n[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} < the last\n").expect("it is one");
    assert!(stamped.is_match(&screen.contents()), "{}", screen.contents());
}

#[test]
fn info_tells_of_the_connection_and_what_went_over_it() {
    let server = first_saying(|client| async move { client.text("hello").await });
    let screen = ready(prompt(["-s", "chat", &url(&server)]));
    screen.shows("< hello");
    enters(&screen, "/ping", "< pong (");
    enters(&screen, "wörld", "< wörld");
    screen.keys("/info\r");
    for line in [
        &format!("\nurl          {}\n", url(&server)),
        &format!("\npeer         127.0.0.1:{}\n", server.port()),
        "\ntls          none\n",
        "\nsubprotocol  chat\n",
        "\nextensions   ",
        "\nreceived     2 messages, 11 bytes\n",
        "\nsent         1 message, 6 bytes\n",
        " ms (min/avg/max of 1)\n",
        "\nstate        open for ",
    ] {
        screen.shows(line);
    }
}

#[test]
fn a_close_of_ours_leaves_the_prompt_there_and_the_status_is_that_of_the_last() {
    let (mut screen, heard, _server) = alone();
    screen.keys("/close 4001 good bye\r");
    assert_eq!(heard.next(), Said::Close(Some(4001), "good bye".to_owned()));
    screen.shows("* closed 4001 (private use): good bye\n* Enter or /reconnect connects again, /quit leaves");
    screen.line("!", 2);
    screen.keys("lost?\r");
    screen.shows("* not sent: the connection is closed; Enter or /reconnect connects again, /quit leaves");
    screen.keys("/info\r");
    screen.shows("state        closed");
    screen.keys("/reconnect\r");
    screen.shows("* connected to ");
    screen.prompt();
    screen.keys("again\r");
    assert_eq!(heard.next(), text("again"));
    screen.keys("/quit\r");
    screen.leaves_with(0);
}

#[test]
fn exit_on_close_leaves_at_once_also_after_a_close_of_ours() {
    let (server, heard) = hearing();
    let mut screen = ready(prompt(["--exit-on-close", &url(&server)]));
    screen.keys("typed\r/close\r");
    assert_eq!(heard.next(), text("typed"));
    screen.leaves_with(0);
}

#[test]
fn the_status_is_that_of_the_last_close_after_a_reconnect() {
    let server = serving(|client| async move {
        while let Some(Said::Text(code)) = client.next().await {
            client.close(code.parse().expect("the test sends codes"), "as asked").await;
        }
    });
    for (last, status) in [("1000", 0), ("1011", 6)] {
        let mut screen = ready(prompt([url(&server)]));
        screen.keys("1013\r");
        screen.shows("* closed 1013 by the server (try again later): as asked");
        screen.line("!", 2);
        screen.keys("\r");
        screen.prompt();
        screen.keys(format!("{last}\r"));
        screen.shows(&format!("* closed {last} by the server ("));
        screen.line("!", 2);
        screen.keys(CTRL_D);
        screen.leaves_with(status);
    }
}

#[test]
fn connect_goes_to_another_server() {
    let (screen, heard, _server) = alone();
    let other = first_saying(|client| async move { client.text("the other one").await });
    enters(&screen, &format!("/connect 127.0.0.1:{}", other.port()), "< the other one");
    assert_eq!(heard.next(), Said::Close(Some(1000), String::new()));
    enters(&screen, "hello", "< hello");
    screen.keys(format!("/connect 127.0.0.1:{}\r", kit::free_port()));
    screen.shows("Connection refused");
    screen.shows("* still connected to ");
    enters(&screen, "still there", "< still there");
}

#[test]
fn pings_and_pongs_are_shown_with_their_round_trip() {
    let server = first_saying(|client| async move { client.ping(b"you there?").await });
    let screen = ready(prompt(["-P", &url(&server)]));
    screen.shows("< ping you there?\n> pong you there?");
    screen.keys("/ping and you?\r");
    let pong = regex::Regex::new("\n< pong and you\\? \\([0-9]+\\.[0-9]{2} ms\\)\n").expect("it is one");
    screen.wait("the round trip", |screen| pong.is_match(&screen.contents()));
}

#[test]
fn delta_stamps_count_from_the_last_message_sent() {
    let server = serving(|client| async move {
        while let Some(said) = client.next().await {
            if let Said::Text(text) = said {
                client.text(&format!("{text} at once")).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
                client.text(&format!("{text} later")).await;
            }
        }
    });
    let screen = ready(prompt(["-t=delta", &url(&server)]));
    let stamped = |what: &str| {
        let stamped = regex::Regex::new(&format!("\n\\+([0-9.]+)s < {what}\n")).expect("it is one");
        screen.wait(what, |screen| stamped.is_match(&screen.contents()));
        let contents = screen.contents();
        stamped.captures(&contents).expect("it was seen")[1].parse::<f64>().expect("it is a number")
    };
    for word in ["one", "two"] {
        screen.keys(format!("{word}\r"));
        let (at_once, later) = (stamped(&format!("{word} at once")), stamped(&format!("{word} later")));
        assert!((0.3..PATIENCE.as_secs_f64()).contains(&later) && at_once < later, "{at_once} {later}");
    }
}

#[test]
fn long_and_binary_messages_are_cut_and_tell_how_much_is_left() {
    let server = first_saying(|client| async move {
        client.text(&"0123456789 line\n".repeat(600)).await;
        client.binary(&(0..=255).cycle().take(1000).collect::<Vec<u8>>()).await;
    });
    let screen = ready(prompt([url(&server)]));
    screen.wrote("line\r\n  … [9600 bytes, /last ");
    screen.shows(
        "< binary, 1000 bytes\n  00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  ................\n",
    );
    screen.shows("  00000040  40 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO\n");
    screen.shows("  00000070  70 71 72 73 74 75 76 77  78 79 7a 7b 7c 7d 7e 7f  pqrstuvwxyz{|}~.\n  … 872 bytes more, /last shows all\n");
}

#[test]
fn a_huge_message_shows_its_head_its_size_and_its_place_also_when_another_follows() {
    let server = serving(|client| async move {
        client.next().await;
        client.binary(&vec![0xab; 2 << 20]).await;
        client.text(&format!("{{\"long\": \"{}\"}}", "x".repeat(3 << 20))).await;
        client.text("the next").await;
        while client.next().await.is_some() {}
    });
    let screen = ready(prompt([url(&server)]).env("PAGER", "wc -c"));
    // Drawn together: a message is the last for as long as it takes.
    screen.keys("/pause\rgo\r");
    while !screen.contents().contains("received     3 messages") {
        screen.answers("/info\r", "state        open for");
        screen.prompt();
    }
    screen.keys("/resume\r");
    screen.shows("< the next");
    screen.wrote("< binary, 2097152 bytes\r\n  00000000  ab ab");
    screen.wrote("  … 2097024 bytes more, /last 3 shows all\r\n< {\"long\": \"xxxx");
    screen.wrote("x\r\n  … [3145740 bytes, /last 2 shows all]\r\n< the next");
    let stream = String::from_utf8_lossy(&screen.stream()).into_owned();
    assert!(!stream.contains("not shown"));
    enters(&screen, "/save 2 whole", "* 3145740 bytes written to `whole`");
}

#[test]
fn no_row_of_a_message_looks_like_one_of_ours() {
    let server = first_saying(|client| async move {
        client.text("first\r\n* the connection was closed").await;
        client.text("second\n> sent").await;
        client.text(&"* many lines\n".repeat(600)).await;
    });
    let screen = ready(prompt([url(&server)]));
    screen.shows("bytes, /last shows all]");
    screen.wrote("< first\\r\r\n  * the connection was closed\r\n");
    screen.wrote("< second\r\n  > sent\r\n");
    let stream = String::from_utf8_lossy(&screen.stream()).into_owned();
    assert!(!stream.contains("\n* many") && !stream.contains("\n> sent"), "{stream}");
}

#[test]
fn no_row_of_a_refusal_looks_like_one_of_ours() {
    let server = kit::Raw::answering("HTTP/1.1 403 Forbidden\r\ncontent-length: 21\r\n\r\nno\nwsprobe: connected");
    let mut screen = prompt([server.url()]).start();
    screen.leaves_with(4);
    screen.shows("\n  no\n  wsprobe: connected");
}

#[test]
fn highlighting_changes_no_byte_of_the_json() {
    const JSON: &str = r#"{"b":1,"a":2,"b":1.50000000000000000000001e400,"s":"\u0041\/","n":[null,true,-0]}"#;
    let server = first_saying(|client| async move { client.text(JSON).await });
    let screen = ready(prompt([url(&server)]).without_env("NO_COLOR"));
    screen.shows(&format!("< {JSON}\n"));
    let colours = screen.look(|screen| {
        let row = screen.rows(0, 100).position(|row| row.contains(r#"{"b""#)).expect("it is there");
        let row = u16::try_from(row).expect("it is on the screen");
        let colour = |column| screen.cell(row, column).expect("it is on the screen").fgcolor();
        // The key, its number, and the colon between them.
        [colour(3), colour(7), colour(6)]
    });
    assert!(colours[0] != colours[1] && colours[1] != colours[2], "{colours:?}");
}
