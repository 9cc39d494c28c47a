//! The options of connections, from the command line and from the file.

use std::time::Duration;

use crate::Scripts;
use crate::kit::{self, Said, tool};

#[test]
fn the_command_line_holds_for_all_connections_and_the_file_goes_over_it() {
    let (tell, told) = kit::channel();
    let server = kit::serving(move |client| {
        let tell = tell.clone();
        async move {
            let field = |name| client.header(name).unwrap_or("none").to_owned();
            let _ = tell.send([field("x-a"), field("x-b"), field("user-agent"), field("sec-websocket-extensions")]);
            while client.next().await.is_some() {}
        }
    });
    let script =
        "options\n  header X-A: head\nconnect {{url}}\nconnect {{url}}\n  header X-A: own\n  user-agent own/1\n";
    let scripts = Scripts::new([("x.wsp", script)]);
    let url = format!("url={}", kit::url(&server));
    let args = ["-H", "X-A: line", "-H", "X-B: line", "-A", "line/1", "--compress", "off", "--var", &url, "x.wsp"];
    scripts.run(&args).run().code(0);
    let next = || told.recv_timeout(kit::PATIENCE).expect("a client came");
    assert_eq!(next(), ["head", "line", "line/1", "none"]);
    assert_eq!(next(), ["own", "line", "own/1", "none"]);
}

#[test]
fn what_is_wrong_with_an_option_is_found_before_anything_connects() {
    let (server, _heard) = kit::hearing();
    let url = format!("url={}", kit::url(&server));
    let scripts = Scripts::new([
        ("a.wsp", "connect {{url}}\nsend x\n"),
        (
            "b.wsp",
            "connect {{url}}\n  max-message lots\nconnect {{url}}\n  cacert nowhere.pem\nconnect nope://{{url}}\n  user a\n  bearer b\n",
        ),
    ]);
    let ran = scripts.run(&["--var", &url, "."]).run().code(2);
    assert!(ran.stderr.contains("b.wsp:2:3: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("expected a size like"), "{}", ran.stderr);
    assert!(ran.stderr.contains("b.wsp:3:1: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("nowhere.pem"), "{}", ran.stderr);
    assert!(ran.stderr.contains("b.wsp:5:1: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("passed"), "{}", ran.stderr);
    let ran = scripts.run(&["--cacert", "nowhere.pem", "--var", &url, "a.wsp"]).run().code(2);
    assert!(ran.stderr.contains("nowhere.pem"), "{}", ran.stderr);
}

#[test]
fn a_script_waits_for_a_server_that_is_not_up_yet() {
    let place = kit::net::Place::new();
    let script = "connect {{url}}\n  wait-for-server 50s\nexpect close 1006\n";
    let scripts = Scripts::new([("x.wsp", script)]);
    let running = scripts.run(&["--var", &format!("url={}", place.url()), "x.wsp"]).start();
    std::thread::sleep(Duration::from_millis(100));
    drop(place.serve_one());
    running.wait().code(0);
}

#[test]
fn a_record_has_the_events_of_all_connections() {
    let server = kit::echo();
    let script = "a: connect {{url}}\na: send x\na: expect text x\nb: connect {{url}}\nb: ping y\nb: expect pong y\n";
    let scripts = Scripts::new([("x.wsp", script)]);
    scripts.run(&["--record", "out.ndjson", "--var", &format!("url={}", kit::url(&server)), "x.wsp"]).run().code(0);
    let record = std::fs::read_to_string(scripts.path("out.ndjson")).expect("it was written");
    let count = |part: &str| record.lines().filter(|line| line.contains(part)).count();
    assert_eq!((count("\"type\":\"open\""), count("\"type\":\"close\"")), (2, 2), "{record}");
    assert_eq!(
        (count("\"type\":\"text\""), count("\"type\":\"ping\""), count("\"type\":\"pong\"")),
        (2, 1, 1),
        "{record}"
    );
}

#[test]
fn frames_and_steps_are_shown_when_asked_for() {
    let server = kit::echo();
    let scripts = Scripts::new([("x.wsp", "connect {{url}}\nsend x\nexpect text x\n")]);
    let url = format!("url={}", kit::url(&server));
    let ran = scripts.run(&["-v", "--frames", "--var", &url, "x.wsp"]).run().code(0);
    for part in ["* x.wsp:2: send x\n", "> GET / HTTP/1.1\n", "< HTTP/1.1 101", " > text FIN"] {
        assert!(ran.stderr.contains(part), "`{part}` is missing in: {}", ran.stderr);
    }
}

#[test]
fn a_script_comes_from_stdin_too() {
    let (server, heard) = kit::hearing();
    let script = format!("connect {}\nsend hello\n", kit::url(&server));
    tool().args(["run", "-"]).stdin(script).run().code(0).says("1 file, 1 passed");
    assert_eq!(heard.next(), Said::Text("hello".to_owned()));
}
