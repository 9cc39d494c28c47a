//! What is shown above the prompt, and what can be done with what was shown before.

use std::io::Read as _;
use std::sync::Arc;

use super::kit;
use super::kit::net::Place;
use super::kit::pty::{Screen, enters, on_terminal, prompt, ready};
use super::kit::{Raw, Said, Server, dir, hearing, path, serving, text, url};
use portable_pty::CommandBuilder;
use tokio::sync::Notify;

const CTRL_D: &str = "\x04";

/// A server that says these things one by one, and then sends back what it gets.
fn saying(what: &'static [&'static str]) -> Server {
    serving(move |client| async move {
        for text in what {
            client.text(text).await;
        }
        while let Some(said) = client.next().await {
            if let Said::Text(text) = said {
                client.text(&text).await;
            }
        }
    })
}

#[test]
fn paths_take_a_home_quotes_and_backslashes() {
    let dir = dir();
    std::fs::write(path(&dir, "it's mine.txt"), "from a file").expect("it can be written");
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).home(dir.path()).env("VISUAL", "sed -i s/from/edited/"));
    for typed in ["/file it\\'s mine.txt", "/file ~/\"it's mine.txt\"", "/file \"~\"/../it\\'s\\ mine.txt"] {
        if typed.contains("\"~\"") {
            std::fs::create_dir(path(&dir, "~")).expect("it can be made");
        }
        screen.keys(format!("{typed}\r"));
        assert_eq!(heard.next(), text("from a file"), "{typed}");
    }
    screen.keys("/file ~/it\t\r");
    assert_eq!(heard.next(), text("from a file"));
    screen.keys("/edit @~/it\\'s mine.txt\r");
    screen.line("> edited a file", 15);
    screen.keys("\r");
    assert_eq!(heard.next(), text("edited a file"));
    enters(&screen, "/record '~'/\"a record\"", "* recording to `~/a record`");
    assert!(path(&dir, "~/a record").exists());
}

#[test]
fn last_shows_json_as_it_was_shown_before_and_with_a_line_at_its_head() {
    let server = saying(&[r#"{"list":["0123456789","0123456789","0123456789","0123456789"],"n":1.10}"#]);
    let screen = ready(prompt([url(&server)]).size(40, 60).env("PAGER", "cat"));
    let laid_out = "{\n  \"list\": [\n    \"0123456789\",\n";
    screen.shows(&format!("< {}", laid_out.replace('\n', "\n  ")));
    enters(&screen, "/clear", "");
    enters(&screen, "/last", laid_out);
    let head = regex::Regex::new("\n!1  received, text, 71 bytes, [0-9:.]{12}\n\\{\n").expect("it is one");
    screen.wait("the line at its head", |screen| head.is_match(&screen.contents()));
    enters(&screen, "/json off", "* JSON is shown as received");
    enters(&screen, "/last", "{\"list\":[\"0123456789\",\"0123456789\",");
}

#[test]
fn a_message_takes_half_of_the_screen_at_most() {
    let numbers: &'static str = Box::leak((0..60).map(|n| format!("line {n}\n")).collect::<String>().into_boxed_str());
    let json = format!("[{}]", (0..60).map(|n| format!("{{\"id\":{n}}}")).collect::<Vec<_>>().join(","));
    let json: &'static str = Box::leak(json.into_boxed_str());
    let server = saying(Box::leak(Box::new([numbers, json, "the last one"])));
    let screen = ready(prompt([url(&server)]).size(24, 60));
    screen.shows("< the last one");
    let stream = String::from_utf8_lossy(&screen.stream()).replace('\r', "");
    // The place of each depends on what had come when it was drawn.
    let (first, rest) = stream.split_once("… [470 bytes, /last ").expect("the first is cut");
    let first = first[first.find("< line 0\n").expect("it is shown")..].trim_end();
    assert_eq!((first.lines().count(), first.lines().last()), (11, Some("  line 10")));
    let (second, _) = rest.split_once("… [591 bytes, /last ").expect("the second is cut");
    let second = second[second.find("< [\n").expect("it is laid out")..].trim_end();
    assert_eq!((second.lines().count(), second.lines().last()), (11, Some("    {\"id\": 9},")));
}

#[test]
fn a_page_of_html_is_cut_after_ten_lines() {
    let body = format!("<html>{}</html>", (1..=40).map(|n| format!("<p>line {n}</p>")).collect::<String>());
    let server = Raw::answering(format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    let mut screen = prompt([server.url()]).start();
    screen.leaves_with(4);
    screen.shows("line 10\nwsprobe: the page is longer (-v shows all)");
}

#[test]
fn a_connection_that_takes_its_time_is_said_to_be_on_its_way() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let server = Raw::start(move |mut stream, head| {
        let _ = released.recv();
        let _ = std::io::Write::write_all(&mut stream, kit::switching(&head).as_bytes());
        let _ = stream.read(&mut [0; 64]);
    });
    let screen = prompt([server.url()]).start();
    screen.shows(&format!("wsprobe: connecting to {}", server.url()));
    release.send(()).expect("it waits");
    screen.prompt();
}

#[test]
fn reconnecting_is_told_in_one_line() {
    let place = Place::new();
    let listener = place.listen();
    let screen = prompt(["--reconnect=100000", "--reconnect-delay", "10ms..50ms", &place.url()]).start();
    let attempt = |screen: &vt100::Screen| {
        let attempts = screen.contents();
        let last = attempts.rsplit("(attempt ").next().and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
        last.unwrap_or_default()
    };
    let stream = kit::net::welcome(&listener);
    screen.prompt();
    drop((listener, stream));
    screen.wait("some attempts", |screen| attempt(screen) >= 12);
    let contents = screen.contents();
    assert_eq!(contents.matches("reconnecting").count(), 1, "{contents}");
    assert!(contents.contains("Connection refused"), "{contents}");
    screen.keys("typed meanwhile\r");
    screen.shows("~ typed meanwhile\n");
    let enough = screen.look(attempt) + 10;
    screen.wait("some more", |screen| attempt(screen) >= enough);
    let contents = screen.contents();
    assert_eq!(contents.matches("reconnecting").count(), 2, "{contents}");
}

#[test]
fn who_pipes_at_a_terminal_is_told_that_it_is_the_pipe() {
    let (dir, server) = (dir(), kit::echo());
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &format!("\"{}\" \"{}\" | cat > log", kit::binary(), url(&server))]);
    let mut screen = on_terminal(command).home(dir.path()).start();
    screen.shows("wsprobe: this is the pipe, not the prompt, since stdout is no terminal");
    screen.keys(["hello\r", CTRL_D].concat());
    screen.code();
    assert_eq!(std::fs::read_to_string(path(&dir, "log")).expect("it was written"), "hello\n");
    assert_eq!(screen.contents().matches("this is the pipe").count(), 1);
}

#[test]
fn unfinished_json_says_how_it_is_sent() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]));
    screen.keys("{\"a\":\r");
    screen.shows("> {\"a\":\n… empty line sends");
    screen.keys("[1");
    screen.shows("> {\"a\":\n[1 … empty line sends");
    screen.keys("\r\r");
    assert_eq!(heard.next(), text("{\"a\":\n[1"));
    screen.prompt();
    assert!(!screen.contents().contains("empty line sends"), "{}", screen.contents());
}

#[test]
fn a_close_says_whose_it_was() {
    let close = Arc::new(Notify::new());
    let wanted = Arc::clone(&close);
    let server = serving(move |client| {
        let wanted = Arc::clone(&wanted);
        async move {
            wanted.notified().await;
            client.close(4001, "enough").await;
        }
    });
    let mut screen = ready(prompt([url(&server)]));
    close.notify_one();
    screen.leaves_with(6);
    screen.shows("closed 4001 by the server (private use): enough");
}

#[test]
fn equal_messages_in_a_row_are_one_line_with_their_count() {
    let server = saying(&["tick"; 14]);
    let screen = prompt([url(&server)]).start();
    screen.shows("\n< tick ×14\n>");
    screen.prompt();
    assert_eq!(screen.contents().matches("tick").count(), 1);
    enters(&screen, "tick", "< tick ×14\n> tick\n< tick\n>");
    enters(&screen, "tock", "> tock\n< tock\n>");
    // Each stays where it was typed.
    screen.keys("tock\rtock\r");
    screen.shows("< tock\n> tock\n> tock\n< tock ×2\n>");
}

#[test]
fn equal_messages_take_one_place_on_a_very_narrow_screen_too() {
    let again = Arc::new(Notify::new());
    let wanted = Arc::clone(&again);
    let server = serving(move |client| {
        let wanted = Arc::clone(&wanted);
        async move {
            client.text("abcdefghijklmnopqrstuvwxyz").await;
            wanted.notified().await;
            client.text("abcdefghijklmnopqrstuvwxyz").await;
            while client.next().await.is_some() {}
        }
    });
    let screen = prompt(["-q", &url(&server)]).size(24, 12).start();
    screen.wrote("wxyz\r\n> ");
    again.notify_one();
    screen.wrote("wxyz ×2\r\n> ");
    let shown = screen.contents().replace('\n', "");
    assert!(shown.starts_with("< abcdefghijklmnopqrstuvwxyz ×2>"), "{shown}");
}

#[test]
fn what_was_said_before_is_found_shown_saved_and_copied_by_its_number() {
    let dir = dir();
    let server = saying(&["apple\x1b", "pear", "pineapple"]);
    let screen = ready(prompt([url(&server)]).home(dir.path()).env("PAGER", "cat"));
    screen.shows("< pineapple");
    enters(&screen, "one apple", "< one apple");
    enters(&screen, "/grep app", "!1 < apple\\e\n!3 < pineapple\n!4 > one apple\n!5 < one apple\n");
    assert!(screen.look(|screen| {
        let row = screen.rows(0, 100).position(|row| row.starts_with("!3")).expect("it is there");
        let cell = |column| screen.cell(u16::try_from(row).expect("a row"), column).expect("a cell").underline();
        !cell(8) && cell(9) && cell(11) && !cell(12)
    }));
    enters(&screen, "/last !2", "!2  received, text, 4 bytes, ");
    enters(&screen, "/last !4", "!4  sent, text, 9 bytes, ");
    enters(&screen, "/last !9", "* there is no such message; the last is !5");
    enters(&screen, "/save !3 fruit", "* 9 bytes written to `fruit`");
    assert_eq!(std::fs::read_to_string(path(&dir, "fruit")).expect("it was written"), "pineapple");
    enters(&screen, "/copy !3", "* 9 bytes sent to the terminal's clipboard");
    let copied = b"\x1b]52;c;cGluZWFwcGxl\x07";
    assert!(screen.stream().windows(copied.len()).any(|window| window == copied));
    enters(&screen, "/clear", "");
    screen.keys("/view\r");
    screen.shows("!1  received, text, 6 bytes, ");
    for part in ["\napple\\e\n!2  received", "\none apple\n!5  received, text, 9 bytes, "] {
        screen.shows(part);
    }
}

#[test]
fn the_session_so_far_has_what_was_said_about_it() {
    let server = saying(&["hello"]);
    let screen = ready(prompt([url(&server)]).env("PAGER", "sed s/^/paged:/"));
    screen.shows("< hello");
    enters(&screen, "/record off", "* nothing is being recorded");
    screen.keys("/view\r");
    screen.shows("\npaged:hello\npaged:* nothing is being recorded\n");
}

#[test]
fn messages_are_filtered_by_direction_and_by_json_path() {
    let server = kit::echo();
    let screen = ready(prompt([url(&server)]));
    enters(&screen, "/filter $.op=done", "* showing only messages that match `$.op=done`");
    screen.keys("{\"op\":\"new\"}\r");
    enters(&screen, "{\"op\": \"done\"}", "< {\"op\": \"done\"}");
    assert!(!screen.contents().contains("< {\"op\":\"new\"}"));
    enters(&screen, "/filter out", "* showing only messages that match `out`");
    enters(&screen, "hidden", "> hidden\n> hidden\n[filtered] >");
    enters(&screen, "/filter in ^s", "* showing only messages that match `in ^s`");
    screen.keys("not this\r");
    enters(&screen, "seen", "< seen");
    enters(&screen, "/filter", "* showing only messages that match `in ^s`");
    assert!(!screen.contents().contains("< not this") && !screen.contents().contains("< hidden"));
}

#[test]
fn calls_have_ids_and_their_answers_a_time() {
    let server = serving(|client| async move {
        while let Some(said) = client.next().await {
            let Said::Text(call) = said else { continue };
            let id = if call.contains("\"id\":1,") { 1 } else { 2 };
            let answer = match call.contains("add") {
                true => format!(r#"{{"jsonrpc":"2.0","result":3,"id":{id}}}"#),
                false => format!(r#"{{"jsonrpc":"2.0","error":{{"code":-32601,"message":"no \u001b[2J"}},"id":{id}}}"#),
            };
            client.text(&answer).await;
        }
    });
    let screen = ready(prompt([url(&server)]));
    screen.keys("/rpc add [1, 2]\r");
    screen.shows("> {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\",\"params\":[1, 2]}\n");
    let answered = regex::Regex::new("\n\\* rpc 1 add answered after [0-9.]+ ms\n").expect("it is one");
    screen.wait("the time", |screen| answered.is_match(&screen.contents()));
    screen.keys("/rpc nothing\r");
    let failed =
        regex::Regex::new("\n\\* rpc 2 nothing failed after [0-9.]+ ms: -32601 no \\\\e\\[2J\n").expect("it is one");
    screen.wait("the error", |screen| failed.is_match(&screen.contents()));
}

#[test]
fn an_edited_message_of_json_has_a_name_that_says_so() {
    let (server, heard) = hearing();
    let screen = ready(prompt([url(&server)]).env("VISUAL", "f() { echo \"${1##*.}\" > \"$1\"; }; f"));
    for (typed, suffix) in [("/edit {\"a\": 1}", "json"), ("/edit hello", "txt")] {
        screen.keys(format!("{typed}\r"));
        screen.line(&format!("> {suffix}"), 2 + u16::try_from(suffix.len()).expect("it is short"));
        screen.keys("\r");
        assert_eq!(heard.next(), text(suffix));
    }
}

#[test]
fn what_is_on_stands_in_the_prompts_mark() {
    let dir = dir();
    let more = Arc::new(Notify::new());
    let wanted = Arc::clone(&more);
    let server = serving(move |client| {
        let wanted = Arc::clone(&wanted);
        async move {
            let echo = async {
                while let Some(Said::Text(text)) = client.next().await {
                    client.text(&text).await
                }
            };
            let say = async {
                wanted.notified().await;
                for n in 0..12 {
                    client.text(&n.to_string()).await;
                }
                std::future::pending().await
            };
            tokio::select! { () = echo => {} () = say => {} }
        }
    });
    let screen = ready(prompt([url(&server)]).home(dir.path()));
    screen.keys("/pause\r");
    screen.line("[paused 0]     >", 17);
    screen.keys("one\rtwo\r");
    screen.line("[paused 2]     >", 17);
    // It grows while a line is typed, which stays where it is.
    screen.keys("half typed");
    screen.line("[paused 2]     > half typed", 27);
    more.notify_one();
    screen.line("[paused 14]    > half typed", 27);
    screen.keys("\x15/resume\r");
    screen.prompt();
    screen.keys("/filter in\r");
    screen.line("[filtered] >", 13);
    screen.keys("/record here\r");
    screen.line("[filtered, recording] >", 24);
    screen.keys("/filter off\r/repeat 1000 every 1s\r");
    screen.line("[recording, repeating] >", 25);
    screen.keys("/record off\r/close\r");
    screen.wait("a closed connection", |screen| kit::pty::cursor_row(screen).trim_end().ends_with('!'));
    screen.keys("/reconnect\r");
    screen.line(">", 2);
}

/// The colour of a cell in the last row that begins so.
fn colour(screen: &Screen, beginning: &str, column: u16) -> vt100::Color {
    screen.look(|screen| {
        let row = screen.rows(0, 100).collect::<Vec<_>>().iter().rposition(|row| row.starts_with(beginning));
        let row = u16::try_from(row.expect("it is there")).expect("it is on the screen");
        screen.cell(row, column).expect("it is on the screen").fgcolor()
    })
}

#[test]
fn times_frames_and_notes_are_dim_and_warnings_yellow() {
    use vt100::Color::Idx;
    let server = kit::echo();
    let screen = ready(prompt(["-t", "--frames", &url(&server)]).without_env("NO_COLOR"));
    screen.keys("hello\r");
    screen.shows(" < hello");
    let time = screen.look(|screen| screen.rows(0, 100).find(|row| row.ends_with(" < hello")).expect("it is there"));
    let mark = u16::try_from(time.find('<').expect("it has one")).expect("it is short");
    assert_eq!([0, mark].map(|column| colour(&screen, &time[..12], column)), [Idx(8), Idx(33)]);
    let frame = screen.look(|screen| screen.rows(0, 100).find(|row| row.contains(" FIN")).unwrap_or_default());
    assert_eq!(colour(&screen, &frame, 0), Idx(8), "{frame}");
    enters(&screen, "/nothing", "* unknown command `/nothing`");
    assert_eq!(colour(&screen, "* unknown command", 2), Idx(3));
}
