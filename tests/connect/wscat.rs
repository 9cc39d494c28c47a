//! Command lines written for wscat work as they are.

use crate::kit::http::{Http, resource, welcome, welcome_with};
use crate::kit::tls::Authority;
use crate::kit::{Said, Server, dir, field, tool, url};

#[test]
fn one_message_and_its_reply() {
    let server = Server::echo().unwrap();
    let ran = tool().args(["-c", &url(&server), "-x", "hello there", "-w", "1"]).run();
    ran.code(0).stdout("hello there\n").says("closed 1000 (normal closure)");
    let ran = tool().args(["--connect", &url(&server), "--execute", "a", "-x", "-b", "--wait", "1"]).run();
    ran.code(0).stdout("a\n-b\n");
}

#[test]
fn every_option_of_a_connection() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let file = authority.file(&dir);
    let server = Http::start_tls(authority.server(&["127.0.0.1"]), |head| match resource(head) {
        "/" => crate::kit::http::redirect(302, "/end"),
        _ => welcome_with(head, "Sec-WebSocket-Protocol: chat\r\n"),
    });
    let ca = file.to_str().unwrap();
    for trust in [&["-n"][..], &["--no-check"], &["--ca", ca], &["-n", "--ca", ca]] {
        let args = ["-H", "A: b", "-s", "chat", "-o", "http://x", "-p", "13", "-P", "-L", "--auth", "u:p"];
        let ran = tool().args(["-c", &server.url("/")]).args(args).args(["--slash", "--no-color"]).args(trust).run();
        ran.code(0).stdout("hi\n").says("connected to wss://").says("(chat)");
        for head in [server.head(), server.head()] {
            assert_eq!((field(&head, "A"), field(&head, "Origin")), (Some("b"), Some("http://x")));
            assert_eq!(field(&head, "Sec-WebSocket-Protocol"), Some("chat"));
            assert_eq!(field(&head, "Authorization"), Some("Basic dTpw"));
        }
    }
}

#[test]
fn pings_are_shown() {
    let server = Server::start(|client| async move {
        client.ping(b"are you there").await;
        while let Some(said) = client.next().await {
            if said == Said::Pong(b"are you there".to_vec()) {
                client.close(1000, "").await;
            }
        }
    })
    .unwrap();
    let ran = tool().args(["-c", &url(&server), "-P"]).run().code(0).stdout("");
    ran.says("wsprobe: received ping are you there\n");
}

#[test]
fn a_wait_of_minus_one_has_no_end() {
    let server = Server::start(|client| async move {
        client.next().await;
        // Longer than the wait that is the default.
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        client.text("at last").await;
        client.close(1000, "").await;
    })
    .unwrap();
    let waits = [&["-w", "-1"][..], &["--wait=-1"], &["-w-1"]];
    let runs = waits.map(|wait| tool().args(["-c", &url(&server), "-x", "MSG"]).args(wait).spawn());
    for run in runs {
        run.wait().code(0).stdout("at last\n");
    }
}

#[test]
fn versions_other_than_13_are_refused() {
    let ran = tool().args(["-c", ":1", "-p", "8"]).run().code(2);
    ran.stderr("wsprobe: invalid value `8` for `--protocol <N>`: expected 13, the only version of RFC 6455\n");
}

#[test]
fn a_url_and_connect_together_are_one_too_many() {
    tool().args(["-c", ":1", ":2"]).run().code(2).says("cannot be used with");
}

#[test]
fn a_plain_server_is_reached_by_name_and_port_alone() {
    let server = Http::start(welcome);
    tool().args(["-c", &format!("localhost:{}", server.port())]).run().code(0).stdout("hi\n");
}
