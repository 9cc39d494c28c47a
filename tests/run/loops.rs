//! Endless loops, and rules that play steps: a mock server is a script.

use std::time::Instant;

use crate::kit::net::Lines;
use crate::kit::{PATIENCE, tool};
use crate::{Scripts, listen, played};

const MOCK: &str = "set room = lobby\nwhen json $.op == \"join\" {\n  capture name = json $.room\n  set room = {{name}}\n  \
                    send joined {{room}}\n}\nwhen text \"where\" {\n  log asked in {{room}}\n  send {{room}}\n}\nwhen text \
                    matches /^count (\\d)/ capture last {\n  repeat 2 {\n    pause 10ms\n    send {{last}}\n  }\n  exec echo \
                    \"of $room\" capture printed\n  send {{printed}}\n}\nwhen text \"leave\" {\n  close 4001 so long\n}\n";

#[test]
fn a_mock_server_is_a_script() {
    let script = format!("{MOCK}loop {{\n  send tick\n  pause 1h\n}}\n");
    let scripts = Scripts::new([("mock.wsp", script.as_str())]);
    let server = listen(&["--script", scripts.path("mock.wsp").to_str().expect("a path of ours")]);
    // What comes while a rule is played waits for its end, and each client has values of its own.
    let client = "connect {{url}}\nexpect text tick\nsend where\nsend {\"op\":\"join\",\"room\":\"r2\"}\nsend count 7\nsend \
                  where\nexpect text lobby\nexpect text joined r2\nexpect text 7\nexpect text 7\nexpect text of r2\nexpect \
                  text r2\n";
    for end in ["", "send leave\nexpect close 4001 so long\n"] {
        played(&server.url(), &format!("{client}{end}")).code(0);
        for line in ["asked in lobby", "asked in r2", "mock.wsp passed"] {
            server.said.find(line);
        }
    }
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn an_empty_loop_waits_for_the_end_while_rules_answer() {
    let script = format!("{MOCK}loop {{\n}}\nexpect close 1000 bye\nlog has left\n");
    let scripts = Scripts::new([("mock.wsp", script.as_str())]);
    let server = listen(&["--script", scripts.path("mock.wsp").to_str().expect("a path of ours")]);
    played(&server.url(), "connect {{url}}\nsend where\nexpect text lobby\nclose 1000 bye\nexpect close\n").code(0);
    server.said.find("mock.wsp: has left");
    // A server that ends does not wait for the others.
    let client = tool().args(["-q", "-x", "where", "-w", "forever"]).arg(server.url()).start();
    server.said.find("asked in lobby");
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    client.wait().code(0);
}

#[test]
fn what_came_before_the_close_is_taken_before_a_loop_ends() {
    let script = "loop {\n  expect text capture x\n  pause 1ms\n  log got {{x}}.\n}\nexpect close 1000\n";
    let scripts = Scripts::new([("server.wsp", script)]);
    let server = listen(&["--script", scripts.path("server.wsp").to_str().expect("a path of ours")]);
    let lines: String = (0..20).map(|line| format!("{line}\n")).collect();
    tool().args(["-q", "-w", "0"]).arg(server.url()).stdin(lines).run().code(0);
    (0..20).for_each(|line| drop(server.said.find(&format!("got {line}."))));
    server.said.find("server.wsp passed");
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn what_goes_wrong_in_a_loop_or_a_rule_fails_the_script() {
    let close = "send b\nclose 4000\n";
    for (script, client, why) in [
        // Also where the Close is there already.
        ("exec sleep 0.2\nloop {\n  expect text a\n}\n", close, "server.wsp:3: expect text a\n  the text differs"),
        ("loop {\n  expect text\n  expect close 1000\n}\n", close, "server.wsp:3: expect close 1000\n"),
        ("loop {\n  expect text\n}\n", close, "close 4000; no step has examined it"),
        ("loop {\n  pause 1h\n}\nexpect close 4001\n", close, "server.wsp:4: expect close 4001\n"),
        ("when text {\n  repeat 2 {\n    capture a = json $.a\n  }\n}\nloop {\n}\n", close, "server.wsp:3: capture a"),
        ("loop {\n  pause 1h\n}\n", "send b\ndrop\n", "the connection was cut"),
    ] {
        let scripts = Scripts::new([("server.wsp", script)]);
        let server = listen(&["--script", scripts.path("server.wsp").to_str().expect("a path of ours")]);
        played(&server.url(), &format!("connect {{{{url}}}}\n{client}"));
        server.said.find("server.wsp failed");
        let (code, said) = server.stop();
        assert_eq!(code, Some(1), "{script}: {said}");
        assert!(said.contains(why), "{script}: {said}");
    }
}

#[test]
fn a_loop_of_a_client_ends_with_its_connection_its_time_or_a_signal() {
    let feed = listen(&["--exec", "echo a; echo b"]);
    let ran =
        played(&feed.url(), "connect {{url}}\nloop {\n  expect text capture x\n  log {{x}}\n}\nexpect close 1000\n");
    ran.code(0).says("x.wsp: a\n").says("x.wsp: b\n");
    let echo = listen(&["--echo"]);
    // Its own connections are no end of it.
    let again = "loop {\n  a: connect {{url}}\n  a: send x\n  a: expect text x\n  a: close\n  a: expect close\n  exec echo >> \
                 rounds; test $(wc -l < rounds) -lt 3\n}\n";
    played(&echo.url(), again).code(1).says("it ended with status 1");
    for inside in ["", "  pause 1h\n", "  send x\n", "  send x\n  expect text x\n", "  repeat 2 {\n    ping\n  }\n"] {
        let script = format!("connect {{{{url}}}}\nloop {{\n{inside}}}\n");
        let scripts = Scripts::new([("x.wsp", script.as_str())]);
        let args = ["x.wsp", "--timeout", "300ms", "--var", &format!("url={}", echo.url())];
        scripts.run(&args).run().code(7).says("did not finish within 300ms (--timeout)");
    }
    let scripts = Scripts::new([("x.wsp", "connect {{url}}\nlog ready\nloop {\n}\n")]);
    let mut running = scripts.run(&["x.wsp", "--var", &format!("url={}", echo.url())]).start();
    Lines::of(running.child.stderr.take().expect("it is piped")).find("ready");
    running.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(running.wait_code(), Some(130));
}

#[test]
fn what_a_rule_repeats_ends_with_its_client() {
    let begun = Instant::now();
    for inside in ["    ping\n", "    log on\n    ping\n"] {
        let script = format!("when text \"go\" {{\n  repeat 4000000000 {{\n{inside}  }}\n}}\nloop {{\n}}\n");
        let scripts = Scripts::new([("server.wsp", script.as_str())]);
        let server = listen(&["--script", scripts.path("server.wsp").to_str().expect("a path of ours")]);
        for _ in 0..2 {
            played(&server.url(), "connect {{url}}\nsend go\nexpect ping\ndrop\n");
            server.said.find("the connection was cut");
        }
        server.stop();
    }
    // To go on counting takes minutes, in which nobody else is served.
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn a_loop_that_waits_for_nothing_and_one_that_load_would_play_are_refused() {
    let scripts = Scripts::new([("x.wsp", "connect :1\nloop {\n  log a\n}\n"), ("y.wsp", "loop {\n  send a\n}\n")]);
    scripts.run(&["--check", "x.wsp"]).run().code(2).says("x.wsp:2:1: no step of this loop waits for anything");
    let ran = tool().args(["load", "--script"]).arg(scripts.path("y.wsp")).arg(":1").run().code(2);
    ran.says("y.wsp:1:1: the connection plays this script again and again, and this has no end: leave it out");
}
