//! Byte-wise protocols: packets that are cut and joined across messages, on both sides.

use crate::{Scripts, listen, played};

/// MQTT 3.1.1, as its clients and brokers use it.
const CLIENT: &str = r#"connect {{url}}
  subprotocol mqtt
# CONNECT, a byte at a time where that hurts most.
fragment 1
send binary hex 10
send binary hex varint(u16("MQTT") 04 02 00 3c u16("wsprobe"))
fragment off
expect bytes hex 20 02 ?? 00
# SUBSCRIBE and its SUBACK.
send binary hex 82 varint(00 07 u16("a/b") 00)
expect bytes hex 90 03 00 07 ??
# PUBLISH, which comes back, and PINGREQ in the same message.
set payload = "{{uuid}}"
send binary hex 30 varint(u16("a/b") "{{payload}}") c0 00
expect bytes hex 30 varint(u16("a/b") "{{payload}}")
expect bytes hex d0 00
send binary hex e0 00
expect close 1000
"#;

const BROKER: &str = r#"expect header sec-websocket-protocol: mqtt
expect bytes hex 10 varint(u16("MQTT") 04 ?? ?? ?? u16(..))
send binary hex 20 02
send binary hex 00 00
expect bytes hex 82 ??
expect bytes hex ?? ?? capture id
expect bytes hex u16(..) ??
send binary hex 90 03 {{id}} 00
expect bytes hex 30 varint(..) capture publish
expect bytes hex c0 00
send binary hex {{publish}} d0
send binary hex 00
expect bytes hex e0 00
close 1000
"#;

#[test]
fn mqtt_is_played_from_both_sides_wherever_messages_cut_it() {
    let scripts = Scripts::new([("client.wsp", CLIENT), ("broker.wsp", BROKER)]);
    let broker = listen(&["-s", "mqtt", "--script", scripts.path("broker.wsp").to_str().expect("a path of ours")]);
    let url = format!("url={}", broker.url());
    scripts.run(&["client.wsp", "--var", &url]).run().code(0);
    let (code, said) = broker.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("broker.wsp passed\n"), "{said}");
    scripts.run(&["--fmt", "--check", "client.wsp", "broker.wsp"]).run().code(0);
}

#[test]
fn other_bytes_and_too_few_of_them_are_shown() {
    let echo = listen(&["--echo"]);
    let failed = |steps: &str| played(&echo.url(), &format!("connect {{{{url}}}}\n{steps}")).code(1).stderr;
    let said = failed("send binary hex 01 02\nsend binary hex 03\nexpect bytes hex 01 02 ff\n");
    assert!(said.contains("x.wsp:4: expect bytes hex 01 02 ff\n  the bytes differ\n"), "{said}");
    let said = failed("send binary hex 01 02 03\nexpect bytes hex ?? 04\n");
    assert!(said.contains("  the byte at 0x1 differs\n  + 00000000  01 02 03"), "{said}");
    let said = failed("send binary hex 02 01\nexpect bytes hex u8(..) within 100ms\n");
    assert!(said.contains("  that did not come within 100ms; so far 2 bytes came\n  + 00000000  02 01"), "{said}");
    let said = failed("send binary hex 02\nclose\nexpect bytes hex u8(..)\n");
    assert!(said.contains("  we have closed the connection: close 1000; so far 1 byte came\n"), "{said}");
    let said = failed("send hello\nexpect bytes hex 00\n");
    assert!(said.contains("  expected bytes, but a text message came\n"), "{said}");
    // What is left of a message comes before the next one.
    let left = "send binary hex 01 02\nsend hello\nexpect bytes hex 01\n";
    for step in ["expect text hello", "nothing within 10ms", "expect any order {\n  expect text hello\n}"] {
        let said = failed(&format!("{left}{step}\n"));
        assert!(said.contains("  `expect bytes` has left 1 byte of an earlier message unread\n"), "{said}");
    }
    played(&echo.url(), &format!("connect {{{{url}}}}\n{left}skip until text hello\n")).code(0);
}

#[test]
fn a_variable_that_holds_no_bytes_is_not_sent_as_some() {
    let echo = listen(&["--echo"]);
    let ran = played(&echo.url(), "connect {{url}}\nset x = \"0g\"\nsend binary hex 00 {{x}}\n").code(1);
    assert!(
        ran.stderr.contains("x.wsp:3: send binary hex 00 {{x}}\n  the value of `{{x}}` is not hex"),
        "{}",
        ran.stderr
    );
    let ran =
        played(&echo.url(), "connect {{url}}\nset x = \"0g\"\nsend binary hex u8(\"{{x}}\") 00 {{uuid}}\n").code(1);
    assert!(ran.stderr.contains("the value of `{{uuid}}` is not hex"), "{}", ran.stderr);
}
