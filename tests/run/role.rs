//! `wsprobe listen --script`: the same language from the server's side.

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
        .says("closed 1011 (internal error): the script failed");
    tool().args(["-q", "-x", "hello", "-w", "30s"]).arg(server.url()).run().code(0);
    let (code, said) = server.stop();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("#1: ") && said.contains("server.wsp failed\n"), "{said}");
    assert!(said.contains("server.wsp:1: expect text hello\n  the text is another\n  - hello\n  + hallo\n"), "{said}");
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
