//! What is asked and answered over HTTP/2, and what is shown of it.

use super::kit::http2::{Http2, Turn};
use super::kit::tls::stranger;
use super::kit::{echo, tool};

const PRIOR: &str = "--http2-prior-knowledge";

#[test]
fn a_message_goes_there_and_back_without_tls_and_with_it() {
    let server = echo();
    let plain = Http2::before(server.port());
    tool().args([PRIOR, "-x", "hello", &plain.url()]).run().code(0).stdout("hello\n");
    let port = server.port();
    let secure = Http2::start_tls(&stranger(), move |_| Turn::Forward(port));
    for option in ["--http2", "--http2=required", PRIOR] {
        tool().args([option, "-k", "-x", "hello", &secure.url()]).run().code(0).stdout("hello\n");
    }
}

#[test]
fn the_request_is_an_extended_connect() {
    let front = Http2::before(echo().port());
    let url = front.url() + "chat?x=1";
    let given =
        ["-H", "X-One: 1", "-H", "Upgrade: x", "--origin", "http://o", "--user-agent", "u", "--compress", "off"];
    tool().args([PRIOR, "-x", "a", "-s", "chat", &url]).args(given).run().code(0);
    let port = front.port().to_string();
    let authority = format!("127.0.0.1:{port}");
    let expected = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":authority", &authority),
        (":path", "/chat?x=1"),
        ("sec-websocket-version", "13"),
        ("user-agent", "u"),
        ("origin", "http://o"),
        ("sec-websocket-protocol", "chat"),
        ("x-one", "1"),
    ];
    assert_eq!(front.request(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn the_settings_and_all_fields_are_shown() {
    let front = Http2::before(echo().port());
    let ran = tool().args([PRIOR, "-v", "-x", "a", &(front.url() + "?token=sesame")]).run().code(0);
    for line in [
        "* HTTP/2; the server's SETTINGS: INITIAL_WINDOW_SIZE 1048576, ENABLE_CONNECT_PROTOCOL 1\n",
        "> :method: CONNECT\n> :protocol: websocket\n> :scheme: http\n",
        "> :path: /?token=***\n",
        "> sec-websocket-version: 13\n",
        "< :status: 200\n",
    ] {
        assert!(ran.stderr.contains(line), "{line} is missing in: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
}

#[test]
fn the_record_says_which_version_it_was() {
    let server = echo();
    let front = Http2::before(server.port());
    let ran = tool().args([PRIOR, "--json", "-x", "a", &front.url()]).run().code(0);
    assert!(ran.out().contains(r#""status":200,"http":"2","#), "{}", ran.out());
    let ran = tool().args(["--json", "-x", "a", &super::kit::url(&server)]).run().code(0);
    assert!(!ran.out().contains(r#""http":"#), "{}", ran.out());
}

#[test]
fn any_2xx_is_a_yes_whatever_it_accepts() {
    for (status, fields) in [(201, &[][..]), (299, &[("sec-websocket-accept", "nonsense")]), (204, &[])] {
        let server = Http2::start(move |_| Turn::Open(status, fields));
        tool()
            .args([PRIOR, "-x", "a", "-w", "0", "--close-timeout", "1ms", &server.url()])
            .run()
            .code(7)
            .says("connected");
    }
}

#[test]
fn what_is_granted_is_held_against_what_was_asked() {
    for (fields, said) in [
        (
            &[("sec-websocket-protocol", "other")][..],
            "the server's 200 is not a WebSocket handshake: the server chose the subprotocol `other`",
        ),
        (&[("sec-websocket-extensions", "mux")], "the server uses the extension `mux`"),
    ] {
        let server = Http2::start(move |_| Turn::Open(200, fields));
        tool().args([PRIOR, "-x", "a", "-s", "chat", &server.url()]).run().code(5).says(said);
    }
}

#[test]
fn messages_are_compressed_as_over_http1() {
    let front = Http2::before(echo().port());
    let long = "abc".repeat(1000);
    let ran = tool().args([PRIOR, "-v", "--compress", "required", "-x", &long, &front.url()]).run().code(0);
    ran.stdout(format!("{long}\n")).says("messages are compressed");
}

#[test]
fn large_and_many_messages_pass_both_ways() {
    let front = Http2::before(echo().port());
    let large = vec![7; 20 << 20];
    let ran = tool()
        .args([PRIOR, "--binary", "--whole", "--compress", "off", &front.url()])
        .stdin(large.clone())
        .run()
        .code(0);
    assert!(ran.stdout == large, "{} bytes came back", ran.stdout.len());
    let lines = (0..100_000).map(|number| format!("{number}\n")).collect::<String>();
    let ran = tool().args([PRIOR, &front.url()]).stdin(lines.clone()).run().code(0);
    assert!(ran.stdout == lines.into_bytes(), "{} bytes came back", ran.stdout.len());
}
