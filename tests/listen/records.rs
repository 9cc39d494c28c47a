//! What a server shows and records of its clients, also of those that it rejects.

use serde_json::{Value, json};

use super::kit::net::Lines;
use super::kit::{schema, tool};
use super::{Listening, listen, request};

fn records(server: Listening) -> Vec<Value> {
    schema::records(&server.stop())
}

#[test]
fn verbose_shows_each_request_and_its_answer() {
    let server = listen(&["-v", "--echo", "--path", "/ws"]);
    tool().args(["-q", "-1", "-x", "a", "-H", "Cookie: sesame"]).arg(server.url_of("/ws?token=sesame")).run().code(0);
    for line in [
        ", and the response:",
        "< GET /ws?token=*** HTTP/1.1",
        "< Cookie: ***",
        "> HTTP/1.1 101 ",
        "#1 connected from ",
    ] {
        server.says(line);
    }
    server.answer(request("/other?key=sesame", "X-Api-Key: sesame\r\n"));
    for line in ["< GET /other?key=*** HTTP/1.1", "< X-Api-Key: ***", "> HTTP/1.1 404 ", "rejected with 404"] {
        server.says(line);
    }
    server.answer("GET /ws HTTP/1.1\r\nX-Secret: sesame\r\nno header\r\n\r\n");
    for line in ["< GET /ws HTTP/1.1", "< X-Secret: ***", "< no header", "> HTTP/1.1 400 "] {
        server.says(line);
    }
    server.answer("GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for line in ["< GET /ws HTTP/1.1", "> HTTP/1.1 200 OK", "sent the page to"] {
        server.says(line);
    }
    server.stop();
}

#[test]
fn records_have_each_request_and_its_answer() {
    let server = listen(&["-v", "-j", "--echo", "--path", "/ws", "-H", "X-Ours: 1"]);
    tool().args(["-q", "-1", "-x", "a", "-H", "X-Theirs: 2"]).arg(server.url_of("/ws?token=sesame")).run().code(0);
    // Each is recorded with what is shown, and that may be after the client has read its answer.
    server.answer(request("/other?key=sesame", "X-Theirs: 3\r\n"));
    server.says("> HTTP/1.1 404 ");
    server.answer(request("/ws", "").replace("Version: 13", "Version: 8"));
    server.says("> HTTP/1.1 426 ");
    server.answer("GET /ws HTTP/1.1\r\nX-Secret: sesame\r\nno header\r\n\r\n");
    server.says("> HTTP/1.1 400 ");
    server.answer("GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n");
    server.says("sent the page to ");
    let records = records(server);
    assert!(!format!("{records:?}").contains("sesame"), "{records:#?}");
    let open = records.iter().find(|record| record["type"] == "open").unwrap();
    assert_eq!((&open["headers"]["x-theirs"], &open["answer"]["x-ours"]), (&json!("2"), &json!("1")));
    assert!(open["url"].as_str().unwrap().ends_with("/ws?token=***"));
    let errors: Vec<_> = records.iter().filter(|record| record["type"] == "error").collect();
    assert_eq!(errors.len(), 3, "{errors:#?}");
    let [denied, bad, broken] =
        [404, 426, 400].map(|status| *errors.iter().find(|record| record["status"] == status).unwrap());
    assert_eq!(
        (&denied["kind"], &denied["status"], &denied["body"]),
        (&json!("denied"), &json!(404), &json!("there is nothing at this path\n"))
    );
    assert_eq!((&denied["headers"]["x-theirs"], &denied["answer"]["x-ours"]), (&json!("3"), &json!("1")));
    assert!(denied["url"].as_str().unwrap().ends_with("/other?key=***") && denied["peer"].is_string());
    assert_eq!(
        (&bad["kind"], &bad["status"], &bad["headers"]["sec-websocket-version"]),
        (&json!("bad_request"), &json!(426), &json!("8"))
    );
    assert_eq!((&broken["kind"], &broken["status"]), (&json!("bad_request"), &json!(400)));
    assert_eq!(broken["head"], "GET /ws HTTP/1.1\r\nX-Secret: ***\r\nno header\r\n\r\n");
    let page = records.iter().find(|record| record["type"] == "answered").unwrap();
    assert_eq!((&page["status"], &page["answer"]["content-type"]), (&json!(200), &json!("text/html; charset=utf-8")));
    let times: Vec<_> = records.iter().map(|record| record["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn how_a_client_ended_is_recorded_with_its_name_and_kind() {
    let server = listen(&["-j"]);
    drop(server.enter());
    server.says("#1 was cut without a Close");
    let records = records(server);
    let error = records.iter().find(|record| record["type"] == "error").unwrap();
    assert_eq!((&error["client"], &error["kind"]), (&json!("#1"), &json!("cut")));
}

#[test]
fn a_client_that_offers_none_of_our_subprotocols_is_told_of() {
    let server = listen(&["--echo", "-s", "chat.v2", "-s", "chat"]);
    let ask = |args: &[&str]| server.client(&["-1", "-x", "a"]).args(args).run().code(0);
    ask(&["-s", "chat"]);
    server.says("#1 connected from ");
    ask(&["-s", "mqtt", "-s", "bearer.sesame"]);
    server.says(
        "#2 offers mqtt, bearer.***, but the server supports chat.v2, chat: with none in common, browsers and `ws`",
    );
    ask(&[]);
    server.says("#3 offers no subprotocol; the server supports chat.v2, chat");
    server.stop();
}

#[test]
fn a_socket_of_a_successor_and_a_file_in_its_place_are_left_alone() {
    let dir = super::kit::dir();
    let path = super::kit::path(&dir, "x.sock");
    let address = format!("unix:{}", path.display());
    let start = || super::Listening::of(tool().args(["listen", &address, "--echo"]).start());
    let first = start();
    std::fs::remove_file(&path).unwrap();
    let second = start();
    first.stop();
    assert!(path.exists());
    let url = format!("ws+unix:{}:/", path.display());
    tool().args(["-q", "-1", "-x", "a", &url]).run().code(0).stdout("a\n");
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "mine").unwrap();
    second.stop();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    std::fs::remove_file(&path).unwrap();
    start().stop();
    assert!(!path.exists());
}

#[test]
fn what_is_sent_is_printed_at_once() {
    let mut server = listen(&["-j", "--every", "50ms", "tick"]);
    let printed = Lines::of(server.running.child.stdout.take().expect("it is piped"));
    let _client = server.enter();
    // It says nothing, and hears three.
    (0..3).for_each(|_| drop(printed.find(r#""dir":"out","type":"text""#)));
}
