//! `wsprobe load`: what it counts, how it ends, and what its exit status tells.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

#[path = "../kit/mod.rs"]
mod kit;

mod fan_out;
mod find_rate;
mod script;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use kit::net::Lines;
use kit::{CLOSE, Ran, TEXT, Tool, echo, frame, read_frame, read_head, serving, switching, tool, url};
use nix::sys::signal::Signal;
use serde_json::Value;

/// So short that a test need not wait, and so fast that there is something to count.
const SHORT: [&str; 8] = ["-c", "4", "--connect-rate", "1000", "--duration", "300ms", "--rate", "20"];

fn load(args: &[&str]) -> Tool {
    tool().arg("load").args(args)
}

/// A server that does this with each connection, on a thread of its own, for as long as the test runs.
fn each(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    let port = listener.local_addr().expect("it is bound").port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    format!("ws://127.0.0.1:{port}/")
}

/// The same with the WebSocket open.
fn each_open(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    each(move |mut stream| {
        let head = read_head(&mut stream);
        if stream.write_all(switching(&head).as_bytes()).is_ok() {
            serve(stream);
        }
    })
}

/// Reads until the client has gone.
fn forget(mut stream: TcpStream) {
    let mut waste = [0; 4096];
    while stream.read(&mut waste).is_ok_and(|read| read > 0) {}
}

fn records(ran: &Ran) -> Vec<Value> {
    kit::schema::records(&ran.out())
}

fn summary(ran: &Ran) -> Value {
    let last = records(ran).pop().expect("there is a summary");
    assert_eq!(last["type"], "summary");
    last
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn each_second_is_a_line_and_all_of_them_are_a_summary() {
    let server = echo();
    let args = ["-c", "4", "--connect-rate", "1000", "--duration", "1500ms", "--rate", "20", "-x", "hello"];
    let out = load(&args).arg(url(&server)).run().code(0).out();
    let lines: Vec<_> = out.lines().collect();
    assert!(lines[0].starts_with("   1 s: 4 open, ") && lines[0].contains(" sent/s, "), "{out}");
    let at = lines.iter().position(|line| *line == format!("--- {} ---", url(&server))).expect("a summary");
    assert!(lines[at + 1].starts_with("connections 4 opened, 0 refused, 0 broken, in 1.5 s"), "{out}");
    let entries: Vec<_> =
        lines[at + 2..].iter().map(|line| line.split_whitespace().next().unwrap_or_default()).collect();
    assert_eq!(entries, ["name", "TCP", "handshake", "sent", "received", "latency", "wsprobe"], "{out}");
    assert!(out.contains("from when each was due"), "{out}");
}

#[test]
fn a_rate_is_kept_whatever_the_server_does() {
    // It answers half a second late, so that a closed loop would send two or three.
    let server = serving(|client| async move {
        while let Some(kit::Said::Text(text)) = client.next().await {
            tokio::time::sleep(Duration::from_millis(500)).await;
            client.text(text.as_str()).await;
        }
    });
    let args = ["-c", "1", "--duration", "1s", "--rate", "50", "-x", "a", "--wait", "0", "-j"];
    let ran = load(&args).arg(url(&server)).run().code(0);
    let sent = number(&summary(&ran)["sent"]);
    assert!((48.0..=52.0).contains(&sent), "{sent}");
}

#[test]
fn replies_are_found_by_what_says_that_they_are_replies() {
    // Answers each text after something else.
    let server = serving(|client| async move {
        while let Some(kit::Said::Text(text)) = client.next().await {
            client.text(r#"{"tick":1}"#).await;
            client.text(&format!(r#"{{"re":{text}}}"#)).await;
        }
    });
    for (matching, code, is_answered) in
        [("echo", 7, false), ("next", 0, true), ("json:$..id", 0, true), ("none", 0, false), ("json:$.id", 7, false)]
    {
        let ran = load(&SHORT).args(["-j", "-x", r#"{"id":7}"#, "--match", matching, "--wait", "100ms"]);
        let ran = ran.arg(url(&server)).run().code(code);
        let all = summary(&ran);
        assert_eq!(number(&all["replies"]) > 0.0, is_answered, "{matching}: {all}");
        assert_eq!(all["latency_ms"]["p99.9"].is_number(), is_answered, "{matching}: {all}");
        assert_eq!(number(&all["received"]), 2.0 * number(&all["sent"]), "{matching}: {all}");
        if matching == "echo" {
            ran.says("none that answers one of ours: see `--match`");
        }
    }
}

#[test]
fn the_closed_model_sends_after_each_reply_and_all_are_answered() {
    let server = echo();
    let args = ["-c", "3", "--closed", "--duration", "300ms", "--connect-rate", "1000", "-j"];
    for (message, bytes) in
        [(&["-x", "héllo"][..], 6.0), (&["--size", "300", "--binary"], 300.0), (&["--size", "200K"], 204_800.0)]
    {
        let all = summary(&load(&args).args(message).arg(url(&server)).run().code(0));
        let sent = number(&all["sent"]);
        assert!(sent > 10.0 && all["unanswered"] == 0 && all["model"] == "closed", "{all}");
        assert_eq!((number(&all["received"]), number(&all["sent_bytes"])), (sent, sent * bytes), "{all}");
    }
}

#[test]
fn connections_that_say_nothing_are_held() {
    let (tell, told) = kit::channel();
    let server = serving(move |client| {
        let tell = tell.clone();
        async move {
            while let Some(said) = client.next().await {
                tell.send(said).unwrap();
            }
        }
    });
    let args = ["-c", "20", "--connect-rate", "1000", "--duration", "200ms"];
    let all = summary(&load(&args).args(["-j", &url(&server)]).run().code(0));
    assert_eq!((&all["opened"], &all["lasted"], &all["sent"]), (&20.into(), &20.into(), &0.into()));
    assert!(
        all["model"].is_null() && all["latency_ms"].is_null() && all["steps_ms"]["tcp"]["p99"].is_number(),
        "{all}"
    );
    let closes: Vec<_> = told.try_iter().collect();
    assert!(
        closes.len() == 20 && closes.iter().all(|said| *said == kit::Said::Close(Some(1000), String::new())),
        "{closes:?}"
    );
}

#[test]
fn a_server_that_refuses_everything_is_told_by_its_status() {
    let url = each(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    });
    let begun = Instant::now();
    let args = ["-c", "5", "--connect-rate", "1000", "--duration", "1h", "-x", "a"];
    let out = load(&args).arg(&url).run().code(4).out();
    assert!(out.contains("connections 0 opened, 5 refused, 0 broken"), "{out}");
    assert!(out.contains("  refused 503: 5 (the server answered 503 Busy"), "{out}");
    let gone = format!("ws://127.0.0.1:{}/", kit::free_port());
    let all = summary(&load(&args).args(["-j", &gone]).run().code(3));
    assert_eq!(all["refused"]["unreachable"], 5);
    assert!(begun.elapsed() < Duration::from_secs(30), "they were not waited for");
}

#[test]
fn a_server_that_dies_or_closes_in_the_middle_is_told_by_kind_and_code() {
    let cut = each_open(|mut stream| drop(read_frame(&mut stream)));
    let closing = each_open(|mut stream| {
        let _ = read_frame(&mut stream);
        let _ = stream.write_all(&frame(CLOSE, b"\x03\xf3no more"));
        forget(stream);
    });
    let wrong = each_open(|mut stream| {
        let _ = read_frame(&mut stream);
        // A reserved opcode.
        let _ = stream.write_all(&frame(3, b""));
        forget(stream);
    });
    for (url, code, kind) in [(cut, 5, "cut"), (closing, 6, "closed 1011"), (wrong, 5, "protocol")] {
        let args = ["-c", "3", "--connect-rate", "1000", "--duration", "1h", "--rate", "100", "-x", "a"];
        let all = summary(&load(&args).args(["-j", &url]).run().code(code));
        assert_eq!((&all["broken"][kind], &all["lasted"]), (&3.into(), &0.into()), "{all}");
    }
}

#[test]
fn a_server_that_never_reads_or_never_answers_ends_in_time() {
    let (hold, held) = kit::channel();
    let url = each_open(move |stream| hold.send(stream).expect("the test waits"));
    let args = ["-c", "2", "--duration", "500ms", "--rate", "100", "--size", "1M", "--wait", "200ms", "-q"];
    let out = load(&args).arg(&url).run().code(7).out();
    assert!(out.contains("could not be sent in time: the server did not read"), "{out}");
    assert!(out.contains("broken unanswered: 2 (the server did not answer our Close within 1s)"), "{out}");
    drop(held);
    let mute = each(forget);
    let all = summary(&load(&["-c", "2", "--duration", "200ms", "-j", &mute]).run().code(7));
    assert_eq!(all["refused"]["unfinished"], 2, "{all}");
}

#[test]
fn ctrl_c_ends_in_order_and_a_second_one_at_once() {
    let server = echo();
    let begin = |url: &str, more: &[&str]| {
        let args = ["-c", "2", "--duration", "1h", "--rate", "10", "-x", "a"];
        let mut running = load(&args).args(more).arg(url).spawn();
        let lines = Lines::of(running.child.stdout.take().expect("it was piped"));
        while !lines.next().contains("2 open") {}
        running.signal(Signal::SIGINT);
        (running, lines)
    };
    let (mut running, lines) = begin(&url(&server), &[]);
    while !lines.next().starts_with("connections 2 opened, 0 refused, 0 broken") {}
    assert_eq!(running.wait_code(), Some(0));
    // Nobody answers, and the replies would be waited for.
    let silent = each_open(forget);
    let (mut running, lines) = begin(&silent, &["--wait", "1h"]);
    running.signal(Signal::SIGINT);
    let begun = Instant::now();
    // Two at once may be one.
    while running.child.try_wait().expect("it is our child").is_none() {
        running.signal(Signal::SIGINT);
        std::thread::sleep(Duration::from_millis(10));
        assert!(begun.elapsed() < kit::PATIENCE, "it did not end");
    }
    while !lines.next().starts_with("connections 2 opened") {}
    assert_eq!(running.wait_code(), Some(130));
}

#[test]
fn a_reader_that_leaves_ends_it() {
    let server = echo();
    let script = format!("\"$@\" load --duration 1h -x a {} | head -n 1", url(&server));
    let ran = kit::tool_in_shell(&script).run().code(0);
    assert_eq!(ran.out().lines().count(), 1, "{}", ran.out());
}

#[test]
fn what_contradicts_itself_is_told_before_anything_connects() {
    for (args, why) in [
        (&["-x", "a", "--size", "9"][..], "--size"),
        (&["-x", "a", "--closed", "--rate", "9"], "--closed"),
        (&["-x", "a", "--closed", "--match", "none"], "`--closed` sends after a reply"),
        (&["--rate", "9"], "`--rate` has no effect here: without `-x` or `--size`, nothing is sent"),
        (&["--match", "next"], "`--match` has no effect here"),
        (&["-x", "a", "--match", "other"], "expected echo, next, none or json:PATH"),
        (&["-c", "0"], "at least 1"),
        (&["-c", "100000000"], "there is no room for 100000000 connections"),
        (&["--reconnect"], "a connection that is lost is counted as broken"),
        (&["--heartbeat", "a"], "has no effect here"),
    ] {
        load(args).arg(":1").run().code(2).says(why).stdout("");
    }
    // The limit itself is in the words, and the hard one cannot be passed.
    let few = format!("ulimit -n 64; \"$@\" load -c 60 {}", "ws://127.0.0.1:1/");
    kit::tool_in_shell(&few).run().code(2).says("this process may open").says("`ulimit -Hn`");
}

#[test]
fn many_connections_to_a_public_address_need_the_word_of_its_owner() {
    let args = ["--resolve", "public.example:80:192.0.2.1", "--connect-timeout", "100ms", "--duration", "1ms"];
    let many = || load(&args).args(["-c", "101", "--connect-rate", "100000", "ws://public.example/"]);
    let words = "192.0.2.1, which is neither on this machine nor in a private network";
    many().run().code(2).stdout("").says(words).says("(`--authorized`)");
    let server = echo();
    let private = ["-c", "101", "--connect-rate", "10000", "--duration", "100ms", "-q"];
    load(&private).arg(url(&server)).run().code(0);
}

#[test]
fn each_connection_is_small() {
    const CONNECTIONS: u64 = 800;
    let server = serving(|client| async move { while client.next().await.is_some() {} });
    let begin = |connections: u64| {
        let count = connections.to_string();
        let args = ["-c", &count, "--connect-rate", "2000", "--duration", "1h"];
        let mut running = load(&args).arg(url(&server)).spawn();
        let lines = Lines::of(running.child.stdout.take().expect("it was piped"));
        while !lines.next().contains(&format!("{connections} open")) {}
        running.memory()
    };
    let each = begin(CONNECTIONS).saturating_sub(begin(1)) / CONNECTIONS;
    assert!(each <= 20 << 10, "{each} bytes a connection");
}

#[test]
fn a_terminal_gets_one_block_and_then_the_summary() {
    let server = echo();
    let mut screen =
        kit::pty::prompt(["load", "-c", "2", "--duration", "2500ms", "--rate", "20", "-x", "a", &url(&server)]).start();
    screen.shows("connections 2 open; 2 opened, 0 refused, 0 broken");
    screen.shows("p99         ");
    screen.shows("connections 2 opened, 0 refused, 0 broken");
    assert_eq!(screen.code(), 0);
    assert!(!screen.contents().contains("2 open;"), "the block is gone");
}

#[test]
fn messages_that_come_by_themselves_and_pings_are_no_trouble() {
    let url = each_open(|mut stream| {
        let _ = stream.write_all(&[frame(TEXT, b"welcome"), frame(kit::PING, b"p")].concat());
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            let answer = match opcode {
                TEXT => [frame(TEXT, b"noise"), frame(TEXT, &payload)].concat(),
                CLOSE => frame(CLOSE, &payload),
                _ => Vec::new(),
            };
            if stream.write_all(&answer).is_err() || opcode == CLOSE {
                return;
            }
        }
    });
    let all = summary(&load(&SHORT).args(["-j", "-x", "a", &url]).run().code(0));
    assert_eq!((&all["replies"], &all["unanswered"]), (&all["sent"], &0.into()), "{all}");
    assert_eq!(number(&all["received"]), 2.0 * number(&all["sent"]) + 4.0, "{all}");
}

#[test]
fn messages_and_requests_can_be_each_clients_own() {
    let dir = kit::dir();
    let vars = kit::path(&dir, "clients.csv");
    std::fs::write(&vars, "token,room\nabc,\"a b\"\ndef,lobby\n").unwrap();
    let (tell, told) = kit::channel();
    let url = each(move |mut stream| {
        let head = read_head(&mut stream);
        stream.write_all(switching(&head).as_bytes()).expect("the client reads");
        let request = head.lines().next().unwrap_or_default().to_owned();
        let token = kit::field(&head, "Authorization").unwrap_or_default().to_owned();
        while let Ok((TEXT, payload)) = read_frame(&mut stream) {
            let text = String::from_utf8(payload).expect("text is UTF-8");
            tell.send(format!("{request} | {token} | {text}")).expect("the test waits");
        }
    });
    let message = "{{client}}.{{seq}} {{room}} {{uuid}} {{random 7..7}} \\{{now}} {{now}}";
    let args =
        ["-c", "3", "--connect-rate", "1000", "--duration", "150ms", "--rate", "20", "--match", "none", "-x", message];
    let ran = load(&args).args(["-H", "Authorization: Bearer {{token}}", "--vars-from", vars.to_str().unwrap()]);
    ran.arg(format!("{url}rooms/{{{{room}}}}?n={{{{client}}}}")).run().code(0);
    let mut all: Vec<String> = told.try_iter().collect();
    all.sort();
    let made = regex::Regex::new(r"[0-9a-f-]{36} 7 \{\{now\}\} 20\d\d-[0-9-]*T[0-9:.]*Z$").unwrap();
    for (client, room, path, token) in
        [(1, "a b", "a%20b", "abc"), (2, "lobby", "lobby", "def"), (3, "a b", "a%20b", "abc")]
    {
        let first = format!("GET /rooms/{path}?n={client} HTTP/1.1 | Bearer {token} | {client}.1 {room} ");
        let line = all.iter().find(|line| line.starts_with(&first)).unwrap_or_else(|| panic!("{first}: {all:#?}"));
        assert!(made.is_match(line), "{line}");
    }
}

#[test]
fn a_file_of_variables_or_words_in_braces_that_are_wrong_are_told_before_anything_connects() {
    let dir = kit::dir();
    let vars = kit::path(&dir, "ragged.csv");
    std::fs::write(&vars, "token,room\na,b\nc\n").unwrap();
    load(&["--vars-from", vars.to_str().unwrap(), ":1"])
        .run()
        .code(2)
        .says("line 3 has 1 values, and the first line names 2");
    for (args, why) in [
        (&["-x", "{{room}}", ":1"][..], "the variable `room` has no value here"),
        (&["-x", "{{seq", ":1"], "`{{` has no `}}`"),
        (&["-H", "A: {{room}}", ":1"], "the header A: the variable `room`"),
        (&[":1/{{room}}"], "the URL: the variable `room`"),
        (&["--ramp", "1s:9,1s:8", ":1"], "more connections with each step"),
        (&["--ramp", "1s:9", "-c", "8", ":1"], "--ramp"),
        (&["--start-at", "2020-01-01T00:00:00Z", ":1"], "that time is over"),
        (&["--threshold", "p99<9", "-x", "a", "--match", "none", ":1"], "no replies are looked for"),
        (&["--threshold", "p99=9", "-x", "a", ":1"], "expected a limit like"),
        (&["--csv", "/nowhere/a", ":1"], "/nowhere/a"),
    ] {
        load(args).run().code(2).says(why).stdout("");
    }
    tool()
        .args(["--interface", "127.0.0.1", "--interface", "127.0.0.2", ":1"])
        .run()
        .code(2)
        .says("only `wsprobe load`");
}

#[test]
fn connections_take_turns_on_several_addresses_and_open_along_a_ramp() {
    let (tell, told) = kit::channel();
    let url = each_open(move |stream| {
        tell.send(stream.peer_addr().expect("it is connected").ip().to_string()).expect("the test waits");
        forget(stream);
    });
    let begun = Instant::now();
    let args = ["--ramp", "100ms:2,200ms:2,100ms:6", "--duration", "10ms", "-q"];
    load(&args).args(["--interface", "127.0.0.1", "--interface", "127.0.0.2", &url]).run().code(0);
    assert!(begun.elapsed() >= Duration::from_millis(400));
    let mut from: Vec<_> = told.try_iter().collect();
    from.sort();
    assert_eq!(from, [["127.0.0.1"; 3], ["127.0.0.2"; 3]].concat());
}

#[test]
fn thresholds_decide_the_exit_status() {
    let server = echo();
    let run = |thresholds: &[&str], code| {
        let ran = load(&SHORT).args(["-x", "a", "-q"]).args(thresholds).arg(url(&server)).run().code(code);
        ran.out()
    };
    let out = run(&["--threshold", "p99<1h", "--threshold", "errors<=0%"], 0);
    assert!(out.contains("met         p99<1h: ") && out.contains("met         errors<=0%: 0.000 %"), "{out}");
    let out = run(&["--threshold", "p99<1h", "--threshold", "max<1ms", "--threshold", "rate>100000"], 1);
    assert!(out.contains("\nmet         p99<1h: ") && out.contains("NOT MET     rate>100000: "), "{out}");
}

#[test]
fn files_have_the_seconds_as_a_table_and_as_a_picture() {
    let (server, dir) = (echo(), kit::dir());
    let [csv, plot] = ["a.csv", "a.svg"].map(|name| kit::path(&dir, name));
    let args = ["-c", "2", "--connect-rate", "1000", "--duration", "1200ms", "--rate", "50", "-x", "a", "-j"];
    let ran = load(&args)
        .args(["--csv", csv.to_str().unwrap(), "--plot", plot.to_str().unwrap(), &url(&server)])
        .run()
        .code(0);
    let table = std::fs::read_to_string(csv).unwrap();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert!(lines.len() >= 3 && lines.iter().all(|line| line.len() == lines[0].len()), "{table}");
    let at = lines[0].iter().position(|name| *name == "sent").unwrap();
    let sent: f64 = lines[1..].iter().map(|line| line[at].parse::<f64>().unwrap()).sum();
    assert_eq!(sent, number(&summary(&ran)["sent"]));
    let picture = std::fs::read_to_string(plot).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
    // Sent, received, max, p99, p50.
    let lines = regex::Regex::new(r#"<polyline points="\d+\.\d,\d"#).unwrap();
    assert_eq!(lines.find_iter(&picture).count(), 5, "{picture}");
}

/// The values of an uncompressed record that a merge has to add.
fn added(all: &[Value], name: &str) -> f64 {
    all.iter().map(|one| number(&one[name])).sum()
}

#[test]
fn the_merged_logs_of_three_processes_are_as_one_of_all_their_samples() {
    use hdrhistogram::Histogram;
    let dir = kit::dir();
    // Latencies that differ from process to process, so that a mean of percentiles would be another number.
    let server = serving(|client| async move {
        while let Some(kit::Said::Text(text)) = client.next().await {
            let wait = text.trim_start_matches('x').parse().unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(wait)).await;
            client.text(&text).await;
        }
    });
    let at = humantime::format_rfc3339_millis(std::time::SystemTime::now() + Duration::from_secs(2)).to_string();
    let logs: Vec<_> = ["x0", "x5", "x40"].iter().map(|message| (message, kit::path(&dir, message))).collect();
    let begin = |(message, log): &(&&str, std::path::PathBuf)| {
        let args = ["-c", "2", "--connect-rate", "1000", "--duration", "1s", "--rate", "20", "-j", "--start-at", &at];
        load(&args).args(["-x", message, "--hdr", log.to_str().unwrap(), &url(&server)]).start()
    };
    let running: Vec<_> = logs.iter().map(begin).collect();
    let all: Vec<_> = running.into_iter().map(|running| summary(&running.wait().code(0))).collect();
    let merged = tool().args(["load", "merge", "-j"]).args(logs.iter().map(|(_, log)| log)).run().code(0);
    let merged = summary(&merged);
    for name in ["connections", "opened", "sent", "sent_bytes", "received", "replies", "lasted"] {
        assert_eq!(number(&merged[name]), added(&all, name), "{name}");
    }
    // Each sample of each log, by a reader of the format that is not ours.
    let mut one = Histogram::<u64>::new(3).unwrap();
    for (_, log) in &logs {
        let text = std::fs::read_to_string(log).unwrap();
        for line in text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
            for (value, count) in values_of(line.rsplit(',').next().unwrap()) {
                one.record_n(value, count).unwrap();
            }
        }
    }
    assert_eq!(number(&merged["replies"]), one.len() as f64);
    for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        let expected = format!("{:.3}", one.value_at_quantile(quantile) as f64 / 1e6);
        assert_eq!(format!("{:.3}", number(&merged["latency_ms"][name])), expected, "{name}");
    }
    let mean = all.iter().map(|one| number(&one["latency_ms"]["p50"])).sum::<f64>() / 3.0;
    assert!((mean - number(&merged["latency_ms"]["p50"])).abs() > 1.0, "a mean of percentiles is something else");
    // The same as a page, and what is no log.
    let page = tool()
        .args(["load", "merge", "--threshold", "p50<1ms"])
        .args(logs.iter().map(|(_, log)| log))
        .run()
        .code(1)
        .out();
    assert!(
        page.contains("connections 6 opened, 0 refused, 0 broken") && page.contains("NOT MET     p50<1ms"),
        "{page}"
    );
    std::fs::write(kit::path(&dir, "bad"), "1,2,3,4\n").unwrap();
    tool().args(["load", "merge"]).arg(kit::path(&dir, "bad")).run().code(2).says("bad:1: ");
}

/// The least value and the count of each place of a histogram, as Java's library writes them: version 2, deflated, in base64.
fn values_of(base64: &str) -> Vec<(u64, u64)> {
    let bytes = BASE64.decode(base64).unwrap();
    assert_eq!(bytes[..4], [0x1c, 0x84, 0x93, 0x14]);
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(&bytes[8..]).read_to_end(&mut plain).unwrap();
    assert_eq!(plain[..4], [0x1c, 0x84, 0x93, 0x13]);
    let (mut values, mut at, mut rest) = (Vec::new(), 0_u64, &plain[40..]);
    while !rest.is_empty() {
        let (mut zigzag, mut shift) = (0_u64, 0);
        loop {
            let byte = rest[0];
            rest = &rest[1..];
            zigzag |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let number = i64::try_from(zigzag >> 1).unwrap() * if zigzag & 1 == 1 { -1 } else { 1 }
            - i64::try_from(zigzag & 1).unwrap();
        match u64::try_from(number) {
            Ok(count) => {
                // Sub-buckets of 2048, of which only the upper half is used from the second bucket on.
                let value = if at < 2048 { at } else { (at % 1024 + 1024) << (at / 1024 - 1) };
                values.push((value, count));
                at += 1;
            }
            Err(_) => at += number.unsigned_abs(),
        }
    }
    values
}

/// Echoes, but for 200 ms of each second in which it does nothing at all.
fn stalling() -> String {
    const STALL: Duration = Duration::from_millis(200);
    let begun = Instant::now();
    each_open(move |mut stream| {
        let _ = stream.set_nodelay(true);
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            let phase = Duration::from_nanos(u64::try_from(begun.elapsed().as_nanos() % 1_000_000_000).unwrap());
            if phase < STALL {
                std::thread::sleep(STALL - phase);
            }
            if stream.write_all(&frame(opcode, &payload)).is_err() || opcode == CLOSE {
                return;
            }
        }
    })
}

#[test]
fn a_server_that_stalls_is_measured_right_by_the_open_model_and_wrong_by_the_closed_one() {
    // A message that comes t ms into a stall waits for 200 - t; a fifth of all do. So one in a hundred waits for 190 and more.
    const RIGHT: f64 = 190.0;
    let p99 = |args: &[&str]| {
        let args = [&["-c", "1", "--duration", "5s", "-x", "a", "-j"], args].concat();
        number(&summary(&load(&args).arg(stalling()).run().code(0))["latency_ms"]["p99"])
    };
    // A machine that is busy for a moment spoils one measurement, and not each.
    let mut tries = std::iter::repeat_with(|| p99(&["--rate", "500"])).take(5);
    let is_right = |open: &f64| (open - RIGHT).abs() <= 0.02 * RIGHT;
    assert!(tries.any(|open| is_right(&open)), "none of five is within 2 % of {RIGHT} ms");
    // Of its thousands of messages five have met a stall.
    let closed = p99(&["--closed"]);
    assert!(closed < 0.1 * RIGHT, "{closed} ms");
}

#[test]
fn a_terminal_is_asked_whether_the_owner_agrees() {
    // It stands for a proxy: nothing leaves this machine.
    let proxy = each(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
    let proxy = proxy.replace("ws://", "http://");
    let args =
        ["load", "-c", "101", "--connect-rate", "10000", "--duration", "100ms", "--proxy", &proxy, "ws://far.example/"];
    for (answer, code) in [("no", 2), ("", 2), ("yes", 3)] {
        let mut screen = kit::pty::prompt(args).start();
        screen.shows("Type `yes` if that is so");
        screen.keys(format!("{answer}\r"));
        if answer == "yes" {
            screen.shows("refused proxy: 101");
        }
        assert_eq!(screen.code(), code, "{answer}");
    }
}

#[test]
fn a_threshold_counts_also_where_the_server_has_closed_well_and_no_file_is_written_twice() {
    let closing = each_open(|mut stream| {
        let _ = stream.write_all(&frame(CLOSE, b"\x03\xe8"));
        forget(stream);
    });
    let args = ["-c", "2", "--connect-rate", "1000", "--duration", "1h", "-q"];
    load(&args).arg(&closing).run().code(0);
    load(&args).args(["--threshold", "errors<1%", &closing]).run().code(1);
    load(&["--csv", "a", "--hdr", "a", ":1"]).run().code(2).says("`a` would be written by two options");
    let dir = kit::dir();
    let vars = kit::path(&dir, "vars.csv");
    std::fs::write(&vars, "a\nb\n").unwrap();
    let vars = vars.to_str().unwrap();
    load(&["--vars-from", vars, "--csv", vars, ":1"]).run().code(2).says("would be overwritten");
}
