//! Both sides of the handshake over a pipe in memory, against peers that follow a script.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, DuplexStream, ReadBuf, duplex};
use tokio::time::{Instant, sleep};

use super::body::MAX_BODY;
use super::head::OpeningRequest;
use super::http1::MAX_HEAD;
use super::server::{Accepted, Declined, Denial, Grant, accept, read_request, reject};
use super::*;
use crate::request::{Header, RequestOptions};
use crate::target::Parsed;

// The key and the accept of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

/// What a scripted peer does next. Time is paused, so a pause ends when everyone waits: segments stay apart.
enum PeerStep {
    Say(Vec<u8>),
    Pause(Duration),
    /// Keep the connection open and say nothing.
    Hold,
}

fn say(text: impl AsRef<[u8]>) -> PeerStep {
    PeerStep::Say(text.as_ref().to_vec())
}

fn pause() -> PeerStep {
    PeerStep::Pause(Duration::from_millis(100))
}

/// The steps with a pause between any two.
fn apart<const N: usize>(steps: [&str; N]) -> Vec<PeerStep> {
    steps.into_iter().flat_map(|step| [say(step), pause()]).collect()
}

/// A request with the key of the RFC, and more headers.
fn request(more: &[(&str, &str)]) -> Request {
    let headers = [("Sec-WebSocket-Key", KEY)].iter().chain(more).map(|(name, value)| Header::new(name, *value));
    let options = RequestOptions { headers: headers.collect(), ..RequestOptions::default() };
    Request::new(&Parsed::from_text("ws://h/").unwrap().target, &options)
}

/// Follows the script, then closes.
async fn follow(mut stream: DuplexStream, script: Vec<PeerStep>) {
    for step in script {
        match step {
            // A client that has read enough closes.
            PeerStep::Say(bytes) => stream.write_all(&bytes).await.unwrap_or_default(),
            PeerStep::Pause(time) => sleep(time).await,
            PeerStep::Hold => std::future::pending().await,
        }
    }
}

/// Reads a request and answers it; `choose` has the last word on one that is sound.
async fn accepted_by<S>(
    stream: &mut S,
    choose: impl FnOnce(&OpeningRequest) -> Result<Grant, Denial>,
) -> Result<Accepted, Declined>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let judged = read_request(stream, bytes::BytesMut::new(), &mut String::new()).await.and_then(|heard| {
        heard.check()?;
        let choice = choose(heard.opening()).map_err(Declined::Denied)?;
        Ok((heard, choice))
    });
    match judged {
        Ok((heard, choice)) => accept(stream, heard, choice).await,
        Err(declined) => {
            reject(stream, &declined).await;
            Err(declined)
        }
    }
}

async fn open_with(request: &Request, script: Vec<PeerStep>) -> Result<Answer, HandshakeError> {
    let (mut client, mut server) = duplex(64 * 1024);
    tokio::spawn(async move {
        let mut head = vec![0; 16 * 1024];
        assert!(server.read(&mut head).await.unwrap() > 0);
        follow(server, script).await;
    });
    open(&mut client, request).await
}

async fn switched(script: Vec<PeerStep>) -> Switched {
    match open_with(&request(&[]), script).await {
        Ok(Answer::Switched(switched)) => switched,
        other => panic!("{other:?}"),
    }
}

async fn refused(script: Vec<PeerStep>) -> Refusal {
    match open_with(&request(&[]), script).await {
        Ok(Answer::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// The error with its cause, as it is printed.
async fn flaw(script: Vec<PeerStep>) -> String {
    flaw_of(&request(&[]), script).await
}

async fn flaw_of(request: &Request, script: Vec<PeerStep>) -> String {
    chain(&open_with(request, script).await.unwrap_err())
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn status_and_body(refusal: &Refusal) -> (u16, &str, bool) {
    (refusal.response.status, std::str::from_utf8(&refusal.body).unwrap(), refusal.is_cut)
}

#[tokio::test]
async fn a_plain_101_switches() {
    let switched = switched(vec![say(format!("{SWITCH}{ACCEPT}\r\n"))]).await;
    assert_eq!((switched.response.status, switched.response.reason.as_str()), (101, "Switching Protocols"));
    assert_eq!(switched.response.head, format!("{SWITCH}{ACCEPT}\r\n"));
    assert_eq!(switched.response.fields[0], Header::new("Upgrade", "websocket"));
    assert_eq!((switched.subprotocol, switched.leftover.len()), (None, 0));
}

#[tokio::test]
async fn the_request_goes_out_as_built() {
    let (mut client, mut server) = duplex(1024);
    let request = request(&[]);
    let mut sent = vec![0; request.head().len()];
    let (_, read) = tokio::join!(open(&mut client, &request), async {
        let read = server.read_exact(&mut sent).await;
        drop(server);
        read
    });
    read.unwrap();
    assert_eq!(sent, request.head().as_bytes());
}

#[tokio::test]
async fn connection_may_list_more_than_upgrade() {
    let head = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n";
    switched(vec![say(format!("{head}Connection: keep-alive, Upgrade\r\n{ACCEPT}\r\n"))]).await;
    switched(vec![say(format!("{head}Connection: keep-alive\r\nConnection: upgrade\r\n{ACCEPT}\r\n"))]).await;
}

#[tokio::test]
async fn the_case_of_names_and_of_websocket_does_not_matter() {
    let head = "HTTP/1.1 101 x\r\nupgrade: WebSocket\r\nconnection: UPGRADE\r\n";
    let accept = ACCEPT.replace("Sec-WebSocket-Accept", "sec-websocket-accept");
    switched(vec![say(format!("{head}{accept}\r\n"))]).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_with_a_length_is_read_though_it_comes_after_the_head() {
    let script = apart(["HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", "no ", "chat\r\n", "not this"]);
    assert_eq!(status_and_body(&refused(script).await), (404, "no chat\r\n", false));
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_is_put_together() {
    let head = "HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n4";
    let refusal = refused(apart([head, "\r\nlog ", "\r\n6;a=b\r\nin ", "fir", "\r\n2\r\nst\r", "\n0\r\n\r\n"])).await;
    assert_eq!(status_and_body(&refusal), (401, "log in first", false));
}

#[tokio::test(start_paused = true)]
async fn a_body_without_length_is_read_until_the_close() {
    let script = apart(["HTTP/1.1 500 Oops\r\n\r\nstack", " trace"]);
    assert_eq!(status_and_body(&refused(script).await), (500, "stack trace", false));
}

#[tokio::test(start_paused = true)]
async fn early_hints_are_skipped_and_kept() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let switched = switched(apart([hints, hints, &format!("{SWITCH}{ACCEPT}\r\n")])).await;
    assert_eq!(switched.response.interim, [hints, hints]);
}

#[tokio::test]
async fn a_100_in_the_segment_of_the_101_is_skipped() {
    let script = vec![say(format!("HTTP/1.1 100 Continue\r\n\r\n{SWITCH}{ACCEPT}\r\n"))];
    assert_eq!(switched(script).await.response.interim, ["HTTP/1.1 100 Continue\r\n\r\n"]);
}

#[tokio::test]
async fn interim_answers_without_end_are_refused() {
    let script = vec![say("HTTP/1.1 100 Continue\r\n\r\n".repeat(5000))];
    assert_eq!(flaw(script).await, "the head of the server's answer is longer than 64 KiB");
}

#[tokio::test]
async fn a_refusal_in_http_1_0_is_understood() {
    let refusal = refused(vec![say("HTTP/1.0 403 Forbidden\r\n\r\ngo away")]).await;
    assert_eq!(status_and_body(&refusal), (403, "go away", false));
}

#[tokio::test]
async fn a_frame_glued_to_the_101_is_left_over() {
    let switched = switched(vec![say(format!("{SWITCH}{ACCEPT}\r\n\u{1}\u{2}hi"))]).await;
    assert_eq!(&switched.leftover[..], b"\x01\x02hi");
}

#[tokio::test]
async fn a_hundred_and_fifty_header_fields_are_fine() {
    let switched = switched(vec![say(format!("{SWITCH}{ACCEPT}{}\r\n", "X-More: 1\r\n".repeat(147)))]).await;
    assert_eq!(switched.response.fields.len(), 150);
}

#[tokio::test]
async fn three_hundred_header_fields_are_refused() {
    let script = vec![say(format!("{SWITCH}{ACCEPT}{}\r\n", "X-More: 1\r\n".repeat(297)))];
    assert_eq!(flaw(script).await, "the server's answer has more than 256 header fields");
}

#[tokio::test]
async fn any_reason_phrase_is_kept() {
    for (line, reason) in [
        ("HTTP/1.1 404 No chat  today", "No chat  today"),
        ("HTTP/1.1 404 ", ""),
        ("HTTP/1.1 404", ""),
        ("HTTP/1.1 404 Нет", "Нет"),
    ] {
        let refusal = refused(vec![say(format!("{line}\r\nContent-Length: 0\r\n\r\n"))]).await;
        assert_eq!((refusal.response.status, refusal.response.reason.as_str()), (404, reason), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_101_may_come_byte_by_byte() {
    let text = format!("{SWITCH}{ACCEPT}\r\nframe");
    let script = text.bytes().flat_map(|byte| [say([byte]), pause()]).collect();
    // The frame comes later, and is the caller's to read.
    assert_eq!(switched(script).await.leftover.len(), 0);
}

#[tokio::test]
async fn a_long_head_byte_by_byte_costs_no_more_than_its_length() {
    // Short lines: each is a possible end, so that they are what a search that begins anew would suffer from.
    let text = format!("{SWITCH}{ACCEPT}{}\n", "a:\n".repeat(MAX_HEAD / 3 - 100));
    let (mut client, server) = duplex(1);
    let request = request(&[]);
    let (mut from_client, mut to_client) = tokio::io::split(server);
    tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut tokio::io::sink()).await });
    tokio::spawn(async move { to_client.write_all(text.as_bytes()).await });
    let started = std::time::Instant::now();
    assert!(matches!(open(&mut client, &request).await, Err(HandshakeError::TooManyFields { .. })));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_head_over_64_kib_is_refused() {
    let script = vec![say(SWITCH), say("X-Long: "), say(vec![b'x'; MAX_HEAD]), PeerStep::Hold];
    assert_eq!(flaw(script).await, "the head of the server's answer is longer than 64 KiB");
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_bound() {
    for head in ["Content-Length: 9999999999", "X: until close"] {
        let script =
            vec![say(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n")), say(vec![b'x'; 2 * MAX_BODY]), PeerStep::Hold];
        let refusal = refused(script).await;
        assert_eq!((refusal.body.len(), refusal.is_cut), (MAX_BODY, true), "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_body_that_stalls_is_kept() {
    let started = Instant::now();
    let script = vec![say("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\ntry la"), PeerStep::Hold];
    assert_eq!(status_and_body(&refused(script).await), (503, "try la", true));
    assert_eq!(started.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_body_that_drips_for_ever_is_kept() {
    let started = Instant::now();
    let drops = (0..100).flat_map(|_| [say("x"), PeerStep::Pause(Duration::from_secs(1))]);
    let script = std::iter::once(say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")).chain(drops);
    assert_eq!(status_and_body(&refused(script.collect()).await), (200, "xxxxx", true));
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn an_answer_without_a_body_does_not_wait_for_one() {
    for status in [204, 304] {
        let refusal = refused(vec![say(format!("HTTP/1.1 {status} x\r\n\r\n")), PeerStep::Hold]).await;
        assert_eq!(status_and_body(&refusal), (status, "", false));
    }
}

#[tokio::test]
async fn a_close_in_the_head_says_how_much_came() {
    assert_eq!(
        flaw(vec![say("HTTP/1.1 101 Swi")]).await,
        "the server closed the connection after 16 bytes of its answer"
    );
}

#[tokio::test]
async fn a_close_without_a_byte_is_told_apart() {
    assert_eq!(flaw(vec![]).await, "the server closed the connection before it answered");
}

#[tokio::test]
async fn a_server_that_closes_before_it_read_the_request_is_heard_all_the_same() {
    let (mut client, mut server) = duplex(64);
    server.write_all(b"HTTP/1.1 400 Too big\r\n\r\n").await.unwrap();
    drop(server);
    let answer = open(&mut client, &request(&[])).await;
    assert!(matches!(answer, Ok(Answer::Refused(refusal)) if refusal.response.status == 400));
    let (mut client, _) = duplex(64);
    assert!(matches!(open(&mut client, &request(&[])).await, Err(HandshakeError::Io(_))));
}

/// Ends as rustls does when the peer closes TCP without closing TLS.
struct Torn;

impl AsyncRead for Torn {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
    }
}

#[tokio::test]
async fn a_tls_connection_that_is_torn_off_is_closed() {
    let mut stream = tokio::io::join(Torn, tokio::io::sink());
    assert!(matches!(open(&mut stream, &request(&[])).await, Err(HandshakeError::Closed)));
    let said = b"HTTP/1.1 500 x\r\n\r\noops".chain(Torn);
    match open(&mut tokio::io::join(said, tokio::io::sink()), &request(&[])).await {
        Ok(Answer::Refused(refusal)) => assert_eq!(status_and_body(&refusal), (500, "oops", false)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused_at_once() {
    for (said, begins) in [
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], "SSH-2.0-OpenSSH_9.6"),
        (b"HTTP/2 400\r\n\r\n", "HTTP/2 400"),
        (b"\x1b[2J", r"\x1b[2J"),
    ] {
        let expected = format!("the server does not speak HTTP/1: its answer begins with `{begins}`");
        assert_eq!(flaw(vec![say(said), PeerStep::Hold]).await, expected);
    }
}

#[tokio::test]
async fn an_answer_in_tls_comes_with_a_hint() {
    // The second alert is a line feed.
    for said in [b"\x15\x03\x01\x00\x02\x02\x46", b"\x15\x03\x03\x00\x02\x02\x0a"] {
        let flaw = open_with(&request(&[]), vec![say(said), PeerStep::Hold]).await.unwrap_err();
        assert_eq!(flaw.to_string(), "the server speaks TLS on this port: its answer is a TLS record");
        assert_eq!(flaw.hint(false, None).as_deref(), Some("use wss://"));
    }
}

#[tokio::test]
async fn broken_http_says_what_is_broken() {
    assert_eq!(
        flaw(vec![say(format!("{SWITCH}no colon\r\n\r\n"))]).await,
        "the server's answer is not valid HTTP: invalid header name in line 4, `no colon`"
    );
}

#[tokio::test]
async fn bare_line_feeds_end_lines_too() {
    let text = format!("\r\n{SWITCH}{ACCEPT}\r\nframe").replace("\r\n", "\n");
    assert_eq!(&switched(vec![say(text)]).await.leftover[..], b"frame");
}

#[tokio::test]
async fn bytes_beyond_ascii_in_a_value_are_let_through() {
    let head = [SWITCH.as_bytes(), ACCEPT.as_bytes(), b"X-Name: caf\xe9\r\n\r\n"].concat();
    let switched = switched(vec![say(head)]).await;
    assert_eq!(switched.response.field("x-name"), Some("caf\u{fffd}"));
}

/// A 101 with one of its lines replaced.
fn switch_with(line: &str, by: &str) -> Vec<PeerStep> {
    let text = format!("{SWITCH}{ACCEPT}\r\n");
    assert!(text.contains(line));
    vec![say(text.replace(line, by))]
}

const NO_HANDSHAKE: &str = "the server's 101 is not a WebSocket handshake";

#[tokio::test]
async fn a_wrong_accept_is_shown_beside_the_right_one() {
    assert_eq!(
        flaw(switch_with("s3pP", "XXXX")).await,
        format!(
            "{NO_HANDSHAKE}: `Sec-WebSocket-Accept` is `XXXXLMBiTxaQ9kYGzzhZRbK+xOo=`, \
             expected `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`"
        )
    );
}

#[tokio::test]
async fn a_missing_accept_is_refused() {
    assert_eq!(
        flaw(switch_with(ACCEPT, "")).await,
        format!("{NO_HANDSHAKE}: `Sec-WebSocket-Accept` is missing, expected `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`")
    );
}

#[tokio::test]
async fn a_missing_upgrade_or_connection_is_refused() {
    for (line, by, fault) in [
        ("Upgrade: websocket\r\n", "", "`Upgrade` is missing, expected `websocket`"),
        ("Upgrade: websocket", "Upgrade: h2c", "`Upgrade` is `h2c`, expected `websocket`"),
        ("Connection: Upgrade\r\n", "", "`Connection` is missing, expected `Upgrade`"),
        ("Connection: Upgrade", "Connection: close", "`Connection` is `close`, expected `Upgrade`"),
    ] {
        assert_eq!(flaw(switch_with(line, by)).await, format!("{NO_HANDSHAKE}: {fault}"));
    }
}

#[tokio::test]
async fn a_bad_101_is_kept_to_be_shown() {
    let flaw = open_with(&request(&[]), switch_with(ACCEPT, "")).await.unwrap_err();
    assert!(matches!(flaw, HandshakeError::BadAnswer { response, .. } if response.head == format!("{SWITCH}\r\n")));
}

async fn subprotocol(asked: &str, line: &str) -> Result<Option<String>, String> {
    let script = vec![say(format!("{SWITCH}{ACCEPT}{line}\r\n"))];
    match open_with(&request(&[("Sec-WebSocket-Protocol", asked)]), script).await {
        Ok(Answer::Switched(switched)) => Ok(switched.subprotocol),
        Ok(Answer::Refused(refusal)) => panic!("{refusal:?}"),
        Err(flaw) => Err(chain(&flaw)),
    }
}

#[tokio::test]
async fn a_subprotocol_is_one_of_those_asked_for_or_none() {
    assert_eq!(subprotocol("a, b", "Sec-WebSocket-Protocol: b\r\n").await, Ok(Some("b".to_owned())));
    assert_eq!(subprotocol("a, b", "").await, Ok(None));
}

#[tokio::test]
async fn a_subprotocol_that_was_not_asked_for_is_refused() {
    for (asked, line, fault) in [
        ("a, b", "B", "the server chose the subprotocol `B`, expected one of `a`, `b`"),
        ("", "b", "the server chose the subprotocol `b`, expected none, because none was requested"),
        ("", "", "the server chose the subprotocol ``, expected none, because none was requested"),
    ] {
        let answer = subprotocol(asked, &format!("Sec-WebSocket-Protocol: {line}\r\n")).await;
        assert_eq!(answer, Err(format!("{NO_HANDSHAKE}: {fault}")));
    }
}

#[tokio::test]
async fn two_subprotocols_are_refused() {
    for (lines, got) in [
        ("Sec-WebSocket-Protocol: a, b\r\n", "`a, b`"),
        ("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n", "`a`, `b`"),
    ] {
        let fault = format!("{NO_HANDSHAKE}: the server chose several subprotocols, {got}, expected at most one");
        assert_eq!(subprotocol("a, b", lines).await, Err(fault));
    }
}

#[tokio::test]
async fn an_extension_that_was_not_asked_for_is_refused() {
    let script = || vec![say(format!("{SWITCH}{ACCEPT}Sec-WebSocket-Extensions: x-a; b=1, x-c\r\n\r\n"))];
    assert_eq!(
        flaw(script()).await,
        format!("{NO_HANDSHAKE}: the server uses the extension `x-a`, expected none, because none was requested")
    );
    assert_eq!(
        flaw_of(&request(&[("Sec-WebSocket-Extensions", "x-a")]), script()).await,
        format!("{NO_HANDSHAKE}: the server uses the extension `x-c`, expected one of `x-a`")
    );
    let asked = request(&[("Sec-WebSocket-Extensions", "x-c, x-a; b")]);
    assert!(matches!(open_with(&asked, script()).await, Ok(Answer::Switched(_))));
}

/// Lets a client send its bytes and close its half, and returns how that ended and what the client was told.
async fn served(
    sent: impl AsRef<[u8]>,
    choose: impl FnOnce(&OpeningRequest) -> Result<Grant, Denial>,
) -> (Result<Accepted, Declined>, String) {
    let (client, mut server) = duplex(256 * 1024);
    let (mut heard, mut say) = tokio::io::split(client);
    say.write_all(sent.as_ref()).await.unwrap();
    say.shutdown().await.unwrap();
    let accepted = accepted_by(&mut server, choose).await;
    drop(server);
    let mut answer = String::new();
    heard.read_to_string(&mut answer).await.unwrap();
    (accepted, answer)
}

fn as_it_comes(_: &OpeningRequest) -> Result<Grant, Denial> {
    Ok(Grant::default())
}

const ASK: &str = "GET /chat?x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: a, b\r\n\r\n";

#[tokio::test]
async fn a_sound_request_is_let_in() {
    let (accepted, answer) = served(format!("{ASK}frame"), as_it_comes).await;
    let accepted = accepted.unwrap();
    assert_eq!((accepted.opening.resource.as_str(), &accepted.leftover[..]), ("/chat?x", &b"frame"[..]));
    assert_eq!(accepted.opening.fields.len(), 6);
    assert_eq!(answer, format!("{SWITCH}{ACCEPT}\r\n"));
}

#[tokio::test]
async fn the_server_chooses_subprotocol_and_headers() {
    let (accepted, answer) = served(ASK, |opening| {
        let subprotocol = opening.subprotocols().last().map(str::to_owned);
        Ok(Grant { subprotocol, compression: None, headers: vec![Header::new("Set-Cookie", "a=1")] })
    })
    .await;
    assert_eq!(accepted.unwrap().subprotocol.as_deref(), Some("b"));
    assert_eq!(answer, format!("{SWITCH}{ACCEPT}Sec-WebSocket-Protocol: b\r\nSet-Cookie: a=1\r\n\r\n"));
}

#[tokio::test]
async fn the_server_may_deny() {
    let headers = vec![Header::new("WWW-Authenticate", "Basic")];
    let denial = Denial { headers, ..Denial::new(401, "who?\n") };
    let (declined, answer) = served(ASK, |_| Err(denial.clone())).await;
    assert!(matches!(declined, Err(Declined::Denied(told)) if told == denial));
    assert_eq!(
        answer,
        "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: 5\r\nWWW-Authenticate: Basic\r\n\r\nwho?\n"
    );
}

#[tokio::test]
async fn an_unsound_request_is_told_what_is_wrong() {
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (line, by, status, remedy, text) in [
        ("GET", "POST", 405, "Allow: GET", "the method is `POST`, expected `GET`"),
        ("HTTP/1.1", "HTTP/1.0", 505, "", "the version of HTTP is not 1.1"),
        ("HTTP/1.1", "HTTP/2.0", 505, "", "the version of HTTP is not 1.1"),
        ("Host: h\r\n", "", 400, "", "`Host` is missing, expected exactly one host"),
        ("Host: h", "Host: h\r\nHost: i", 400, "", "`Host` is `h`, `i`, expected exactly one host"),
        ("Host: h", "Host: h/", 400, "", "`Host` is `h/`, expected exactly one host"),
        (
            "Host: h",
            "Host: h\r\nOrigin: a\r\nOrigin: b",
            400,
            "",
            "the request has 2 fields `Origin`, expected at most one",
        ),
        ("Host: h", "Host: h\r\nContent-Length: 1", 400, "", "the request has a body, expected none with `Upgrade`"),
        ("Host: h\r\n", "Host: h\n", 400, "", "a line of the request ends with a line feed alone, expected CRLF"),
        ("Upgrade: websocket\r\n", "", 426, "Upgrade: websocket", "`Upgrade` is missing, expected `websocket`"),
        ("Upgrade: websocket", "Upgrade: x", 426, "Upgrade: websocket", "`Upgrade` is `x`, expected `websocket`"),
        ("keep-alive, Upgrade", "close", 426, "Upgrade: websocket", "`Connection` is `close`, expected `Upgrade`"),
        ("n: 13", "n: 8", 426, "Sec-WebSocket-Version: 13", "`Sec-WebSocket-Version` is `8`, expected `13`"),
        (key, "", 400, "", "`Sec-WebSocket-Key` is missing, expected 16 bytes in base64"),
        (key, "Sec-WebSocket-Key: YQ==\r\n", 400, "", "`Sec-WebSocket-Key` is `YQ==`, expected 16 bytes in base64"),
        (key, "Sec-WebSocket-Key: ?\r\n", 400, "", "`Sec-WebSocket-Key` is `?`, expected 16 bytes in base64"),
        ("Host: h", "no colon", 400, "", "the request is not valid HTTP: invalid header name in line 2, `no colon`"),
        ("GET", "\u{16}\u{3}", 400, "", r"the request begins with `\x16\x03 /chat?x HTTP/1.1`, expected HTTP"),
    ] {
        assert!(ASK.contains(line));
        let (declined, answer) = served(ASK.replacen(line, by, 1), as_it_comes).await;
        assert!(matches!(declined, Err(Declined::BadOpening(_))), "{declined:?}");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(&format!("\r\nContent-Length: {}\r\n", text.len() + 1)), "{answer}");
        assert!(answer.contains("\r\nConnection: close\r\n") && answer.contains(remedy), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{text}\n")), "{answer}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_told_so() {
    let many = "X: 1\r\n".repeat(300);
    let long = format!("X: {}\r\n", "x".repeat(MAX_HEAD));
    for (more, text) in [
        (many, "the request has more than 256 header fields\n"),
        (long, "the head of the request is longer than 64 KiB\n"),
    ] {
        let (declined, answer) = served(ASK.replace("Host", &format!("{more}Host")), as_it_comes).await;
        assert!(matches!(declined, Err(Declined::BadOpening(_))));
        assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n") && answer.ends_with(text));
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_told_nothing() {
    let (declined, answer) = served("", as_it_comes).await;
    assert!(matches!(declined, Err(Declined::Closed)) && answer.is_empty());
    let (declined, answer) = served("GET / HT", as_it_comes).await;
    assert!(matches!(declined, Err(Declined::CutShort { received: 8 })) && answer.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_declined_client_that_stays_is_left_after_a_moment() {
    let (mut client, mut server) = duplex(1024);
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let started = Instant::now();
    assert!(accepted_by(&mut server, as_it_comes).await.is_err());
    assert_eq!(started.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn client_and_server_understand_each_other() {
    let (mut client, mut server) = duplex(1024);
    let request = request(&[("Sec-WebSocket-Protocol", "a, b")]);
    let choose = |_: &OpeningRequest| Ok(Grant { subprotocol: Some("a".to_owned()), ..Grant::default() });
    let (answer, accepted) = tokio::join!(open(&mut client, &request), accepted_by(&mut server, choose));
    assert!(matches!(answer, Ok(Answer::Switched(switched)) if switched.subprotocol.as_deref() == Some("a")));
    assert_eq!(accepted.unwrap().subprotocol.as_deref(), Some("a"));
}

proptest! {
    #[test]
    fn no_peer_makes_it_panic(
        begins in prop::sample::select(vec!["", "HTTP/1.1 ", "HTTP/1.1 101 x\r\n", "HTTP/1.1 404 x\r\nTransfer-Encoding: chunked\r\n\r\n", "GET / ", ASK.trim_end()]),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\r\n:; 0a".to_vec())], 0..200),
    ) {
        let said = [begins.as_bytes(), &bytes].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            open_with(&request(&[]), vec![say(&said)]).await.ok();
            served(&said, as_it_comes).await.0.ok();
        });
    }
}
