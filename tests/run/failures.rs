//! The report of a failed step, and the exit status.

use std::io::Write as _;

use nix::sys::signal::Signal;

use crate::kit::{self, Raw};
use crate::{Scripts, played};

#[test]
fn a_failed_step_shows_place_step_diff_and_last_messages() {
    let server = kit::echo();
    let script = "connect {{url}}\nsend {\"op\":\"x\",\"id\":2,\"more\":1}\n  # what comes back\nexpect json {\"op\":\"x\",\"id\":1}\n";
    let ran = played(&kit::url(&server), script).code(1).stdout("");
    let said: Vec<_> = ran.stderr.lines().collect();
    assert!(said[0].starts_with("wsprobe: x.wsp failed ("), "{said:#?}");
    assert_eq!(
        said[1..8],
        [
            "x.wsp:4: expect json {\"op\":\"x\",\"id\":1}",
            "  the message does not match",
            "    {",
            "  -   \"id\": 1,",
            "  +   \"id\": 2,",
            "      \"op\": \"x\"",
            "    }",
        ]
    );
    assert_eq!(said[8], "  the last messages (> sent, < received; times since it was opened):");
    assert!(said[9].contains("s > {\"op\":\"x\"") && said[10].contains("s < {\"op\":\"x\""), "{said:#?}");
    assert!(said[11].starts_with("wsprobe: 1 file, 0 passed, 1 failed ("), "{said:#?}");
}

#[test]
fn only_the_last_ten_messages_are_shown_of_that_connection() {
    let server = kit::echo();
    let script = "a: connect {{url}}\nb: connect {{url}}\nb: send of b\nrepeat 12 {\n  a: send x\n  a: expect text x\n}\n\
                  a: send y\na: expect text z\n";
    let ran = played(&kit::url(&server), script).code(1).says("the last messages of a (");
    let messages = ran.stderr.lines().filter(|line| line.contains("s > ") || line.contains("s < ")).count();
    assert_eq!(messages, 10, "{}", ran.stderr);
    assert!(!ran.stderr.contains("of b"), "{}", ran.stderr);
}

#[test]
fn the_diff_has_colours_where_they_are_wanted() {
    let server = kit::echo();
    let scripts = Scripts::new([("x.wsp", "connect {{url}}\nsend hallo\nexpect text hello\n")]);
    let url = format!("url={}", kit::url(&server));
    let ran = scripts.run(&["--color", "always", "--var", &url, "x.wsp"]).run().code(1);
    assert!(ran.stderr.contains("\u{1b}[38;5;2m- ") && ran.stderr.contains("\u{1b}[7ma"), "{:?}", ran.stderr);
}

#[test]
fn what_a_server_sends_cannot_drive_the_terminal() {
    let server = kit::saying(&["\u{1b}[2Jboo"]);
    let ran = played(&kit::url(&server), "connect {{url}}\nexpect text x\n").code(1);
    assert!(ran.stderr.contains("+ \\e[2Jboo") && !ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
}

#[test]
fn a_message_that_does_not_come_fails_within_its_time() {
    let server = kit::echo();
    let url = kit::url(&server);
    played(&url, "connect {{url}}\nexpect within 30ms message\n").code(1).says("  no message came within 30ms");
    played(&url, "options\n  within 30ms\nconnect {{url}}\nexpect pong\n").code(1).says("  no pong came within 30ms");
    let nothing = "connect {{url}}\nsend x\nexpect text x\nsend y\nnothing within 30s\n";
    played(&url, nothing).code(1).says("x.wsp:5: nothing within 30s\n  a text message came\n  + y\n");
    let skip = "connect {{url}}\nsend x\nsend y\npause 0s\nskip until binary within 300ms\n";
    played(&url, skip).code(1).says("that came within 300ms matches\n");
}

#[test]
fn a_close_instead_of_a_message_is_told() {
    let server = kit::serving(|client| async move { client.close(1008, "no").await });
    let url = kit::url(&server);
    let closed = "the server closed the connection: close 1008 no";
    played(&url, "connect {{url}}\nexpect text x\n").code(1).says(closed);
    played(&url, "connect {{url}}\nexpect close 1000\n").code(1).says("  - close 1000\n  + close 1008 no\n");
}

#[test]
fn the_exit_status_is_that_of_the_client_where_no_expectation_failed() {
    let port = kit::free_port();
    let refused = Raw::answering("HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\ngo!\n");
    let says_why = "connect {{url}}\nsend x\n";
    let ran = played(&format!("ws://127.0.0.1:{port}/"), says_why).code(3);
    assert!(ran.stderr.contains("x.wsp:1: connect {{url}}\n  cannot connect to"), "{}", ran.stderr);
    played(&refused.url(), says_why)
        .code(4)
        .says("x.wsp:1: connect {{url}}\n  the server answered 403")
        .says("    go!\n");
    let cut = kit::serving(|client| async move { client.text("x").await });
    played(&kit::url(&cut), "connect {{url}}\nexpect text x\npause 100ms\n")
        .code(5)
        .says("cut without a Close; no step");
    let broken = Raw::open(|mut stream| {
        stream.write_all(&[0xc1, 0]).expect("the client reads");
        let _ = kit::read_frame(&mut stream);
    });
    played(&broken.url(), "connect {{url}}\npause 100ms\n").code(5).says("the server broke the protocol");
    let closing = kit::serving(|client| async move { client.close(4000, "").await });
    played(&kit::url(&closing), "connect {{url}}\npause 100ms\n").code(6).says("close 4000; no step");
    let server = kit::echo();
    played(&kit::url(&server), "connect {{url}}\nstatus 401\n").code(1).says("  the server answered 101");
}

#[test]
fn a_server_that_does_not_answer_our_close_is_not_waited_for() {
    let deaf = Raw::open(|mut stream| {
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
    });
    let scripts = Scripts::new([("x.wsp", "connect {{url}}\n")]);
    let url = format!("url={}", deaf.url());
    let ran = scripts.run(&["--close-timeout", "100ms", "--var", &url, "x.wsp"]).run();
    ran.code(7).says("did not answer our Close within 100ms (--close-timeout)");
}

#[test]
fn a_server_that_floods_is_slowed_down() {
    let server = kit::serving(|client| async move { client.flood(&"x".repeat(1 << 20)).await });
    let script = "connect {{url}}\nexpect text\npause 1s\nexec grep VmHWM /proc/$PPID/status | tr -dc 0-9 capture peak\nlog peak {{peak}} KiB\n\
                  expect within 50ms pong\n";
    let ran = played(&kit::url(&server), script).code(1);
    let peak =
        ran.stderr.split_once(": peak ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<u64>().ok());
    assert!(peak.is_some_and(|kib| kib < 100 << 10), "{}", ran.stderr);
    ran.says("reading has stopped: 16 MiB were received that no step has expected");
}

#[test]
fn a_command_that_fails_or_takes_too_long_is_told() {
    let scripts = Scripts::new([
        ("fails.wsp", "exec echo no such user >&2; exit 3\n"),
        ("long.wsp", "exec within 50ms sleep 1000\n"),
    ]);
    scripts.run(&["fails.wsp"]).run().code(1).says("it ended with status 3; its stderr: no such user");
    scripts.run(&["long.wsp"]).run().code(1).says("it did not finish within 50ms");
}

#[test]
fn a_signal_closes_the_connections_and_ends_the_run() {
    let (server, heard) = kit::hearing();
    let scripts = Scripts::new([("x.wsp", "connect {{url}}\nsend x\nexpect within 1h text y\n")]);
    let url = format!("url={}", kit::url(&server));
    let running = scripts.run(&["--var", &url, "x.wsp"]).start();
    assert_eq!(heard.next(), kit::Said::Text("x".to_owned()));
    running.signal(Signal::SIGINT);
    assert!(matches!(heard.next(), kit::Said::Close(Some(1000), _)));
    running.wait().code(130).says("1 not run (");
}

#[test]
fn a_loop_that_waits_for_nothing_leaves_the_others_their_turn() {
    let scripts = Scripts::new([
        ("busy.wsp", "repeat 4000000000 {\n  set a = 1\n}\n"),
        ("idle.wsp", "parallel {\n  repeat 4000000000 {\n    set a = 1\n  }\n} {\n  exec exit 3\n}\n"),
    ]);
    let ran = scripts.run(&["--timeout", "1s", "busy.wsp", "idle.wsp"]).run().code(1).says("it ended with status 3");
    assert!(
        ran.stderr.contains("busy.wsp:2: set a = 1\n  the script did not finish within 1s (--timeout)"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_a_server_says_never_runs_as_a_command() {
    let server = kit::saying(&["a'; touch PWNED; echo '", "$(touch PWNED)`touch PWNED`"]);
    let url = format!("url={}", kit::url(&server));
    let script = "connect {{url}}\nexpect text capture who\nexpect text capture too\nexec printf '%s|%s' \"$who\" \"$too\" \
                  capture said\nlog {{said}}\n";
    let scripts = Scripts::new([("x.wsp", script), ("bad.wsp", "set who = a\nexec echo {{who}}\n")]);
    let ran = scripts.run(&["x.wsp", "--var", &url]).run().code(0);
    assert!(ran.stderr.contains("a'; touch PWNED; echo '|$(touch PWNED)`touch PWNED`"), "{}", ran.stderr);
    scripts.run(&["bad.wsp"]).run().code(2).says("bad.wsp:2:11: `{{who}}` cannot be used in a command");
    assert!(!scripts.path("PWNED").exists());
    let nul = Scripts::new([("x.wsp", "set who = \"a\\0b\"\nexec true\nexec echo $who\n")]);
    nul.run(&["x.wsp"])
        .run()
        .code(1)
        .says("x.wsp:3: exec echo $who\n  the variable `who` cannot be in the environment");
}
