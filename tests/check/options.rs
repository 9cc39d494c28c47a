//! The options, the exit statuses, and servers with ways of their own.

use std::time::{Duration, Instant};

use crate::broken::Broken;
use crate::kit::listening::listen_quietly;
use crate::kit::{self, Said, tool};
use crate::verdicts;

fn check(url: &str) -> kit::Tool {
    tool().args(["check", "--rate", "1000"]).arg(url)
}

#[test]
fn the_list_tells_names_rules_and_what_is_sent() {
    let list = tool().args(["check", "--list"]).run().code(0).stderr("").out();
    assert!(list.contains(
        "frame/rsv2: fails the connection at RSV2 (MUST, RFC 6455, 5.2, --malformed)\n  sends text rsv=2 wsprobe\n  \
         expects Close 1002, or an end\n"
    ));
    let some = tool().args(["check", "--list", "--only", "utf8/*", "--skip", "utf8/e*"]).run().code(0).out();
    let names: Vec<_> = some.lines().filter(|line| !line.starts_with(' ')).collect();
    assert!(names.len() > 8 && names.iter().all(|line| line.starts_with("utf8/") && !line.starts_with("utf8/e")));
    tool().args(["check", "--list", "--only", "x"]).run().code(2).says("no case is named `x`");
}

#[test]
fn a_failure_is_told_with_all_that_is_known_of_it() {
    let server = Broken::start("frame/rsv2");
    let ran = check(&server.url()).args(["--malformed", "--only", "frame/rsv*"]).run().code(1).stdout("");
    for line in [
        "wsprobe: checking ws://127.0.0.1:",
        ": answers pings, echoes messages, compresses\n",
        "\nframe\n  ok      rsv1: fails the connection at RSV1 without an extension\n",
        "  FAIL    rsv2: fails the connection at RSV2\n",
        "            sent:     text rsv=2 wsprobe\n",
        "            received: the connection stayed open: the ping that followed was answered\n",
        "            expected: Close 1002, or an end\n",
        "            case:     frame/rsv2 (MUST, RFC 6455, 5.2)\n",
        "wsprobe: 3 cases: 2 ok, 1 failed (",
    ] {
        assert!(ran.stderr.contains(line), "`{line}` is missing in {}", ran.stderr);
    }
    let quiet = check(&server.url()).args(["--malformed", "--only", "frame/rsv*", "-q"]).run().code(1).stderr;
    assert!(quiet.starts_with("  FAIL    rsv2: ") && !quiet.contains("  ok"), "{quiet}");
}

#[test]
fn a_should_counts_only_when_strict() {
    let server = Broken::start("close/code");
    let check = || check(&server.url()).args(["--only", "close/code"]);
    check().run().code(0).says("wsprobe: 1 case: 1 failed (");
    check().arg("--strict").run().code(1).says("(SHOULD, RFC 6455, 5.5.1)");
}

#[test]
fn what_breaks_rules_has_to_be_asked_for() {
    let server = Broken::start("");
    let refused = |args: &[&str], why| check(&server.url()).args(args).run().code(2).says(why);
    refused(&["--only", "frame/rsv2"], "`frame/rsv2` needs `--malformed`");
    refused(&["--only", "limit/*"], "these cases need `--limits`");
    refused(&["--only", "frame/echo-text"], "`frame/echo-text` needs `--echo`");
    refused(&["--frames"], "--only");
    tool().args(["check"]).run().code(2).says("URL");
    tool().args(["check", "--report", "tap"]).run().code(2).says("no URL was given");
    let ran = tool().args(["check", "--report", "junit", "ws://a/"]).run().code(2);
    ran.stderr("wsprobe: `--report junit` needs a file before the URL: `--report junit FILE ws://a/`\n");
    let ran = tool().args(["check", "--report", "json", "a.wsp", "ws://a/"]).run().code(2);
    ran.stderr("wsprobe: `--report json` would overwrite `a.wsp`, a script\n");
    let help = tool().args(["check", "--help"]).run().code(0).out();
    assert!(help.contains("TAP is written to stdout as results arrive") && !help.contains("each file"), "{help}");
}

#[test]
fn a_server_that_anybody_may_reach_is_sent_nothing_malformed_unless_its_owner_agrees() {
    let server = Broken::start("");
    // The proxy leads to us, but that is not known of `far.example`.
    let proxy = kit::proxy::Proxy::http(server.port(), kit::proxy::OK);
    let proxy = format!("http://127.0.0.1:{}", proxy.port);
    let check = || check("ws://far.example/").args(["--proxy", &proxy, "--only", "frame/rsv2", "--malformed"]);
    check().run().code(2).says("neither on this machine nor in a private network");
    check().arg("--authorized").run().code(0).says("1 ok");
}

#[test]
fn where_a_proxy_is_told_to_lead_counts_and_not_the_url() {
    let server = Broken::start("");
    let proxy = kit::proxy::Proxy::http(server.port(), kit::proxy::OK);
    let malformed = ["--proxy", &format!("http://127.0.0.1:{}", proxy.port), "--only", "frame/rsv2", "--malformed"];
    check("ws://127.0.0.1/").args(malformed).run().code(0);
    let elsewhere = ["--connect-to", "127.0.0.1:80:far.example:80"];
    let ran = check("ws://127.0.0.1/").args(malformed).args(elsewhere).run().code(2);
    ran.says("neither on this machine nor in a private network");
}

#[test]
fn connections_are_made_at_the_rate_that_was_asked_for() {
    let server = Broken::start("");
    let started = Instant::now();
    tool().args(["check", "--rate", "10", "--only", "control/ping*"]).arg(server.url()).run().code(0);
    // The survey's and four more: the first of five does not wait.
    assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
}

#[test]
fn a_server_that_ends_each_connection_is_unclear_and_decides_the_exit_status() {
    let closing = kit::serving(|client| async move { client.close(4401, "log in").await });
    let ran = check(&kit::url(&closing)).args(["--only", "control/*"]).run().code(6);
    ran.says("closes by itself: Close 4401").says("  unclear ping: answers a ping");
    let cutting = kit::serving(|client| async move { drop(client) });
    check(&kit::url(&cutting)).args(["--only", "utf8/*"]).run().code(5);
    // Its handshakes are judged all the same.
    check(&kit::url(&closing)).args(["--only", "handshake/*", "--only", "utf8/*"]).run().code(0);
    check(&kit::net::Place::new().url()).run().code(3);
    let refusing = kit::Raw::answering("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    check(&refusing.url()).run().code(4).says("403 Forbidden");
}

#[test]
fn a_server_that_lets_in_only_the_first_connection_is_not_one_without_pongs() {
    for (answer, code, words) in [
        ("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", 4, "429 Too Many Requests"),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 4, "403 Forbidden"),
        ("", 5, "closed the connection before it answered"),
    ] {
        let place = kit::net::Place::new();
        let (url, listener) = (place.url(), place.listen());
        let refusing = std::thread::spawn(move || {
            drop(kit::net::welcome(&listener));
            kit::net::refuse(&listener, answer);
        });
        let ran = check(&url).args(["--only", "control/ping"]).run().code(code);
        assert!(!ran.stderr.contains("answer pings"), "{}", ran.stderr);
        ran.says(words).says("let in the first connection, but not the next one");
        refusing.join().expect("it refuses");
    }
}

#[test]
fn a_binary_message_is_not_waited_for_to_come_back() {
    // Of a server that sends nothing back: the time from its last pong to the Close of that connection.
    let took = || {
        let (tell, told) = kit::channel();
        let server = kit::serving(move |client| {
            let tell = tell.clone();
            async move {
                let mut since = None;
                while let Some(said) = client.next().await {
                    match said {
                        Said::Binary(_) => since = Some(Instant::now()),
                        Said::Close(..) => {
                            let took = since.as_ref().map(Instant::elapsed);
                            took.into_iter().for_each(|took| tell.send(took).expect("the test listens"));
                        }
                        _ => {}
                    }
                }
            }
        });
        check(&kit::url(&server)).args(["--only", "handshake/accept"]).run().code(0);
        told.recv().expect("a binary message was sent")
    };
    assert!(kit::net::is_once(10, Duration::from_millis(150), took));
}

#[test]
fn a_server_that_takes_no_messages_makes_those_cases_unclear_and_no_others() {
    let server = kit::serving(|client| async move {
        while let Some(said) = client.next().await {
            if let Said::Text(_) | Said::Binary(_) = said {
                return client.close(1003, "not here").await;
            }
        }
    });
    let report = ["--report", "json", "-"];
    let ran =
        check(&kit::url(&server)).args(["--only", "fragment/*", "--only", "control/*"]).args(report).run().code(0);
    ran.stderr.find("does not accept text: Close 1003").expect("it is told");
    for (name, verdict, came) in verdicts(&ran.out()) {
        let expected = match &*name {
            "fragment/ping-between" => "ok",
            name if name.starts_with("control/") => "ok",
            _ => "unclear",
        };
        assert_eq!(verdict, expected, "{name}: {came}");
    }
}

#[test]
fn a_server_that_wants_a_greeting_gets_it_first() {
    let server = kit::serving(|client| async move {
        let mut is_in = false;
        while let Some(said) = client.next().await {
            match said {
                Said::Text(text) if text == "sesame" => is_in = true,
                Said::Text(_) | Said::Binary(_) if !is_in => return client.close(4401, "").await,
                _ => {}
            }
        }
    });
    let only = ["--only", "frame/*", "--only", "control/*"];
    check(&kit::url(&server)).args(only).run().code(0).says("does not accept text: Close 4401");
    let ran = check(&kit::url(&server)).args(only).args(["-x", "sesame"]).run().code(0);
    assert!(!ran.stderr.contains("unclear"), "{}", ran.stderr);
}

#[test]
fn a_server_that_greets_is_waited_for() {
    let server = kit::serving(|client| async move {
        client.text("welcome").await;
        while let Some(said) = client.next().await {
            match said {
                Said::Text(text) => client.text(&text).await,
                Said::Binary(data) => client.binary(&data).await,
                _ => {}
            }
        }
    });
    let ran = check(&kit::url(&server)).args(["--echo", "--only", "frame/*"]).run().code(0);
    ran.says("sends a message first, answers pings, echoes messages").says("ok      echo-text");
}

#[test]
fn a_server_without_pongs_fails_for_those_and_leaves_open_what_cannot_be_seen() {
    let server = Broken::start("any pong");
    let report = ["--report", "json", "-"];
    let only = ["--only", "control/ping", "--only", "utf8/text", "--only", "close/answered", "--wait", "500ms"];
    let ran = check(&server.url()).args(only).args(report).run().code(1);
    let verdicts: Vec<_> = verdicts(&ran.out()).into_iter().map(|(name, verdict, _)| (name, verdict)).collect();
    let expected = [("control/ping", "fail"), ("utf8/text", "unclear"), ("close/answered", "ok")];
    assert_eq!(verdicts, expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned())));
}

#[test]
fn origins_are_told_as_evidence() {
    let listening = listen_quietly(&["--echo"]);
    let url = listening.url();
    let ran = check(&url).args(["--only", "origin/*"]).run().code(0);
    ran.says("noted   own: whether it lets in its own origin\n            let in: HTTP/1.1 101")
        .says("noted   foreign: whether it lets in a foreign origin\n            not let in: HTTP/1.1 403");
}

#[test]
fn credentials_are_left_out_where_a_case_is_about_that() {
    for digest in [&[][..], &["--auth-digest"]] {
        let listening = listen_quietly(&[&["--echo", "--auth", "me:sesame"][..], digest].concat());
        let url = listening.url();
        let ran =
            check(&url).args(["-u", "me:sesame", "--only", "origin/none", "--only", "origin/anonymous"]).run().code(0);
        ran.says("none: whether it lets in who names no origin\n            let in: HTTP/1.1 101")
            .says("anonymous: whether it lets in who gives no credentials\n            not let in: HTTP/1.1 401");
    }
}

#[test]
fn a_client_that_vanishes_is_noticed_or_not() {
    let patient = listen_quietly(&["--echo"]);
    let url = patient.url();
    let vanish = ["--only", "control/vanished", "--vanish", "400ms"];
    check(&url).args(vanish).run().code(0).says("not noticed within 0.4 s (no pings came)");
    let keen = listen_quietly(&["--echo", "--ping-interval", "50ms", "--ping-timeout", "50ms"]);
    let url = keen.url();
    let vanish = ["--only", "control/vanished", "--vanish", "50s"];
    check(&url).args(vanish).run().code(0).says("noticed after 0.").says("(1 ping before that)");
}

#[test]
fn frames_are_shown_of_the_cases_that_were_named() {
    let server = Broken::start("");
    let ran = check(&server.url()).args(["--malformed", "--only", "frame/rsv2", "--frames"]).run().code(0);
    for line in [
        "\n> GET / HTTP/1.1\n",
        "\n< HTTP/1.1 101 Switching Protocols\n",
        "\n> text FIN RSV2, mask ",
        ", 7 bytes: \"wsprobe\"\n",
        "\n< close FIN, no mask, 2 bytes: 1002 \"\"\n",
    ] {
        assert!(ran.stderr.contains(line), "`{line}` is missing in {}", ran.stderr);
    }
}

#[test]
fn redirects_are_followed_once_and_the_rest_is_tried_there() {
    let server = Broken::start("");
    let place = kit::net::Place::new();
    let listener = place.listen();
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", server.url());
    let redirecting = std::thread::spawn(move || kit::net::refuse(&listener, &answer));
    let ran = check(&place.url()).args(["-L", "--only", "control/ping"]).run().code(0);
    redirecting.join().expect("it redirects");
    ran.says(&format!("checking {}", server.url())).says("1 case: 1 ok");
}

#[test]
fn reports_tell_what_counts_and_what_does_not() {
    let server = Broken::start("close/code");
    let dir = kit::dir();
    let junit = kit::path(&dir, "out.xml");
    let only = ["--only", "close/code", "--only", "close/answered", "--only", "tls/1.2"];
    let reports = ["--report", "tap", "--report"];
    let check = || check(&server.url()).args(only).args(reports).arg(format!("junit={}", junit.display()));
    let tap = check().run().code(0).out();
    assert!(tap.starts_with("TAP version 14\n1..3\nok 1 - close/answered: answers a Close with a Close\n"), "{tap}");
    assert!(tap.contains("\nnot ok 2 - close/code: ") && tap.contains(" # TODO a SHOULD, without --strict\n"), "{tap}");
    assert!(tap.contains("\n    received: close 1001\n"), "{tap}");
    assert!(tap.contains("\nok 3 - tls/1.2: whether it speaks TLS 1.2 # SKIP skipped: the URL is that"), "{tap}");
    let xml = || std::fs::read_to_string(&junit).expect("it was written");
    assert!(xml().contains(r#"tests="3" failures="0" errors="0" skipped="2""#), "{}", xml());
    check().arg("--strict").run().code(1);
    assert!(xml().contains(r#"failures="1" errors="0" skipped="1""#), "{}", xml());
    assert!(xml().contains(r#"<failure message="close 1001, expected a Close with the same code" type="exit 1">"#));
}

#[test]
fn an_interrupt_ends_it_with_what_was_judged_so_far() {
    let server = Broken::start("control/ping");
    let args = ["--only", "handshake/accept", "--only", "control/ping", "--wait", "59s"];
    let mut running = tool().args(["check", "--rate", "1000"]).args(args).arg(server.url()).start();
    let lines = kit::net::Lines::of(running.child.stderr.take().expect("it is piped"));
    lines.find("  ok      accept: ");
    running.signal(nix::sys::signal::Signal::SIGINT);
    lines.find("wsprobe: 1 case: 1 ok (");
    assert_eq!(running.wait_code(), Some(130));
}
