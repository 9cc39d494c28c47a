//! `wsprobe listen --script`: the same language from the server's side.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::kit::tool;
use crate::{Scripts, listen};

#[test]
fn each_client_gets_the_script_and_a_server_can_test_its_clients() {
    let script = "expect header x-tenant: blue\nsend welcome\nexpect json {\"op\":\"hello\"}\ncapture id = json $.id\n\
                  send {\"hello\":{{id}}}\nexpect close 1000\n";
    let scripts = Scripts::new([("server.wsp", script)]);
    let path = scripts.path("server.wsp");
    let server = listen(&["--script", path.to_str().expect("a path of ours")]);
    for id in ["1", "2"] {
        let hello = format!("{{\"op\":\"hello\",\"id\":{id}}}");
        let client = tool().args(["-q", "--count", "2", "-H", "X-Tenant: blue", "-x", &hello]).arg(server.url()).run();
        client.code(0).stdout(format!("welcome\n{{\"hello\":{id}}}\n"));
    }
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("#1: ") && said.contains("server.wsp passed\n"), "{said}");
}

#[test]
fn a_client_that_does_not_fit_is_closed_with_1011_and_the_server_ends_with_1() {
    let scripts = Scripts::new([("server.wsp", "expect text hello\nclose 1000\nexpect close 1000\n")]);
    let path = scripts.path("server.wsp");
    let server = listen(&["--script", path.to_str().expect("a path of ours")]);
    tool()
        .args(["-x", "hallo", "-w", "30s"])
        .arg(server.url())
        .run()
        .code(6)
        .says("closed 1011 by the server (internal error): the script failed");
    tool().args(["-q", "-x", "hello", "-w", "30s"]).arg(server.url()).run().code(0);
    let (code, said) = server.stop();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("#1: ") && said.contains("server.wsp failed\n"), "{said}");
    assert!(said.contains("server.wsp:1: expect text hello\n  the text differs\n  - hello\n  + hallo\n"), "{said}");
}

#[test]
fn a_script_of_a_server_is_checked_before_it_listens() {
    let scripts = Scripts::new([("server.wsp", "expct text hello\n")]);
    let path = scripts.path("server.wsp");
    tool().args(["listen", "127.0.0.1:0", "--script"]).arg(path).run().code(2).says("server.wsp:1:1: ");
    tool().args(["listen", "127.0.0.1:0", "--script", "/nowhere.wsp"]).run().code(2).says("/nowhere.wsp");
    tool().args(["listen", "--echo", "--script", "x.wsp"]).run().code(2).says("cannot be used with");
}

#[test]
fn a_failed_script_is_not_forgotten_when_the_reader_of_stdout_has_left() {
    let scripts = Scripts::new([("server.wsp", "expect text hello\n")]);
    let path = scripts.path("server.wsp");
    let mut server = listen(&["--script", path.to_str().expect("a path of ours")]);
    tool().args(["-x", "hallo", "-w", "30s"]).arg(server.url()).run().code(6);
    drop(server.running.child.stdout.take());
    tool().args(["-q", "-x", "hallo"]).arg(server.url()).run();
    assert_eq!(server.running.wait_code(), Some(1));
}

/// What a server answers to one request, and then closes the connection.
#[track_caller]
fn asked(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers text");
    answer
}

#[test]
fn plain_requests_get_what_the_script_says_beside_its_socket() {
    let script = "on POST /hub/negotiate answer 200 json {\"id\":\"{{name}}\",\"at\":\"{{uuid}}\"}\n  header \
                  Access-Control-Allow-Origin: *\non GET /page answer 200 text file page.html\n  header Content-Type: text/html\n\
                  on GET /lost answer 200 text file lost.html\non OPTIONS /hub/negotiate answer 204\nexpect text hello\n";
    let scripts = Scripts::new([("server.wsp", script), ("page.html", "<p>hello")]);
    let path = scripts.path("server.wsp");
    let path = path.to_str().expect("a path of ours");
    let server = listen(&["--script", path, "--var", "name=a \"b\"", "--path", "/hub", "-H", "X-All: yes"]);
    let host = format!("Host: 127.0.0.1:{}", server.port);
    let negotiated = asked(
        server.port,
        &format!("POST /hub/negotiate?negotiateVersion=1 HTTP/1.1\n{host}\nContent-Length: 5\n\nhello"),
    );
    let (head, body) = negotiated.split_once("\r\n\r\n").expect("it has a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for field in ["Content-Type: application/json", "Access-Control-Allow-Origin: *", "X-All: yes", "Connection: close"]
    {
        assert!(head.lines().any(|line| line == field), "{field}: {head}");
    }
    assert!(body.starts_with(r#"{"id":"a \"b\"","at":""#), "{body}");
    let page = asked(server.port, &format!("GET /page HTTP/1.1\n{host}\n\n"));
    assert!(page.contains("\r\nContent-Type: text/html\r\n") && page.ends_with("\r\n\r\n<p>hello"), "{page}");
    let lost = asked(server.port, &format!("GET /lost HTTP/1.1\n{host}\n\n"));
    assert!(lost.starts_with("HTTP/1.1 500 ") && lost.contains("line 5: cannot read `lost.html`"), "{lost}");
    let options = asked(server.port, &format!("OPTIONS /hub/negotiate HTTP/1.1\n{host}\n\n"));
    assert!(options.starts_with("HTTP/1.1 204 "), "{options}");
    // The others are answered as without a script, and the socket is there.
    assert!(asked(server.port, &format!("GET /else HTTP/1.1\n{host}\n\n")).starts_with("HTTP/1.1 404 "));
    assert!(asked(server.port, &format!("POST /else HTTP/1.1\n{host}\n\n")).starts_with("HTTP/1.1 405 "));
    tool().args(["-q", "-x", "hello", "-w", "30s"]).arg(format!("{}hub", server.url())).run().code(0);
}
