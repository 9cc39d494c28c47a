//! How streams and connections of HTTP/2 end, and what that does to a run.

use super::kit::http2::{Http2, StreamEnd, Turn};
use super::kit::pty::{prompt, ready};
use super::kit::{echo, saying, tool};
use h2::Reason;

const PRIOR: &str = "--http2-prior-knowledge";

#[test]
fn a_refusal_is_told_with_its_body() {
    let fields = &[("content-type", "text/plain"), ("www-authenticate", "Basic realm=x")];
    let server = Http2::start(|_| Turn::Answer(401, fields, "who are you?\n"));
    let ran = tool().args([PRIOR, "-x", "a", &server.url()]).run().code(4);
    ran.says("the server answered 401 instead").says("it offers Basic: try --user").says("who are you?");
}

#[test]
fn a_redirect_is_followed() {
    let port = echo().port();
    let server = Http2::start(move |path| match path {
        "/" => Turn::Answer(307, &[("location", "/there")], ""),
        _ => Turn::Forward(port),
    });
    tool().args([PRIOR, "-L", "-x", "a", &server.url()]).run().code(0).stdout("a\n");
}

#[test]
fn a_reset_stream_is_told_by_name_and_code() {
    let server = Http2::start(|path| match path {
        "/asked" => Turn::Reset(Reason::ENHANCE_YOUR_CALM),
        _ => Turn::OpenAndReset(Reason::INTERNAL_ERROR),
    });
    let ran = tool().args([PRIOR, "-x", "a", &(server.url() + "asked")]).run().code(5);
    ran.says("failed: the stream was reset (RST_STREAM): ENHANCE_YOUR_CALM (0xb)");
    let ran = tool().args([PRIOR, "-x", "a", &(server.url() + "open")]).run().code(5);
    ran.says("the connection was cut without a Close: the stream was reset (RST_STREAM): INTERNAL_ERROR (0x2)");
}

#[test]
fn a_goaway_is_told_by_name_and_code() {
    let server = Http2::start(|path| match path {
        "/asked" => Turn::GoAway(Reason::INADEQUATE_SECURITY),
        _ => Turn::OpenAndGoAway(Reason::ENHANCE_YOUR_CALM),
    });
    let ran = tool().args([PRIOR, "-x", "a", &(server.url() + "asked")]).run().code(5);
    ran.says("the HTTP/2 connection was ended (GOAWAY): INADEQUATE_SECURITY (0xc)");
    let ran = tool().args([PRIOR, "-x", "a", &(server.url() + "open")]).run().code(5);
    ran.says("the HTTP/2 connection was ended (GOAWAY): ENHANCE_YOUR_CALM (0xb)");
}

#[test]
fn a_server_that_leaves_in_the_middle_of_the_handshake_is_noticed() {
    let server = Http2::start(|_| Turn::Cut);
    let ran = tool().args([PRIOR, "-x", "a", &server.url()]).run().code(5);
    ran.says("the server closed the connection before it answered");
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let server = Http2::start(|_| Turn::Hang);
    let ran = tool().args([PRIOR, "-x", "a", "--handshake-timeout", "100ms", &server.url()]).run().code(7);
    ran.says("timed out after 100ms while waiting for the answer to the opening request (--handshake-timeout)");
}

#[test]
fn a_good_end_ends_the_stream() {
    let front = Http2::before(echo().port());
    tool().args([PRIOR, "-x", "a", &front.url()]).run().code(0);
    assert_eq!(front.end(), StreamEnd::Whole);
}

#[test]
fn drop_resets_the_stream_and_half_close_ends_our_side() {
    let front = Http2::before(echo().port());
    let screen = ready(prompt([PRIOR, &front.url()]));
    screen.answers("/info\r", "http         2");
    screen.keys("/drop\r");
    assert_eq!(front.end(), StreamEnd::Reset(Reason::CANCEL.into()));
    let screen = ready(prompt([PRIOR, &front.url()]));
    screen.keys("/half-close\r");
    assert_eq!(front.end(), StreamEnd::Whole);
}

#[test]
fn a_lost_connection_is_made_again() {
    let server = saying(&["once"]);
    let port = server.port();
    let turns = std::cell::Cell::new(0);
    let front = Http2::start(move |_| match turns.replace(turns.get() + 1) {
        0 => Turn::Reset(Reason::REFUSED_STREAM),
        1 => Turn::OpenAndReset(Reason::INTERNAL_ERROR),
        _ => Turn::Forward(port),
    });
    let ran = tool().args([
        PRIOR,
        "--wait-for-server",
        "20s",
        "--reconnect",
        "--reconnect-delay",
        "1ms..1ms",
        "-x",
        "a",
        &front.url(),
    ]);
    ran.run().code(0).stdout("once\n");
}
