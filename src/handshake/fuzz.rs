//! What a fuzzer calls: any bytes as the heads of a handshake, with what has to hold for the verdict.

use data_encoding::BASE64;
use futures_util::FutureExt as _;

use super::body::{Collected, MAX_BODY};
use super::http1::{Asked, Reader, Response};
use super::refusal::{Refusal, SentRequest};
use super::verify;
use crate::request::{Compression, Header, Request, Wishes};
use crate::target::Parsed;
use crate::wire::offer::Parameters;

// The key and the accept of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const ASKING: &str =
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";

/// Takes any bytes as a head and as fields of a head that is good otherwise, of an answer and of a request.
pub fn handshake(input: &[u8]) {
    let [how, input @ ..] = input else { return };
    let compression = match how % 3 {
        0 => Compression::Off,
        1 => Compression::Wanted(Parameters { client_max_window_bits: Some(None), ..Parameters::default() }),
        _ => Compression::Required(Parameters { server_max_window_bits: Some(10), ..Parameters::default() }),
    };
    let wishes = Wishes {
        headers: vec![Header::new("Sec-WebSocket-Key", KEY)],
        subprotocols: vec!["chat".to_owned(), "superchat".to_owned()],
        compression,
        ..Wishes::default()
    };
    let target = Parsed::from_text("ws://h/").expect("it is a URL").target;
    let request = Request::new(&target, &wishes);
    for head in [input.to_vec(), [SWITCHING.as_bytes(), input, b"\r\n\r\n"].concat()] {
        if let Some(Ok(response)) = Reader::new(&mut &head[..]).response().now_or_never() {
            answer(&request, &wishes, &response);
            refusal(&request, response, input);
        }
    }
    let key = format!("Sec-WebSocket-Key: {KEY}\r\n");
    for head in [
        input.to_vec(),
        [ASKING.as_bytes(), input, b"\r\n\r\n"].concat(),
        [ASKING.as_bytes(), key.as_bytes(), input, b"\r\n\r\n"].concat(),
    ] {
        if let Some(Ok(asked)) = Reader::new(&mut &head[..]).request(&mut String::new()).now_or_never() {
            opening(&asked);
        }
    }
}

fn answer(request: &Request, wishes: &Wishes, response: &Response) {
    let Ok(agreement) = verify::answer(request, response) else { return };
    assert!(agreement.subprotocol.is_none_or(|name| wishes.subprotocols.contains(&name)));
    match wishes.compression {
        Compression::Off => assert_eq!(agreement.deflate, None),
        Compression::Wanted(_) => {}
        Compression::Required(_) => {
            assert!(agreement.deflate.expect("else it is refused").server.window_bits <= 10);
        }
    }
}

/// Whatever it says, it has a hint of one line at most, and a body within the bound.
fn refusal(request: &Request, response: Response, body: &[u8]) {
    let body = Collected { bytes: body[..body.len().min(MAX_BODY)].to_vec(), is_cut: false };
    let refusal = Refusal::new(response, body, SentRequest::of(request));
    assert!(refusal.body.len() <= MAX_BODY);
    for hint in [refusal.hint(), Some(refusal.proxy_hint())].into_iter().flatten() {
        assert!(!hint.contains('\n'), "{hint}");
    }
}

fn opening(asked: &Asked) {
    if let Ok(key) = verify::opening(asked) {
        assert_eq!(BASE64.decode(key.as_bytes()).map(|nonce| nonce.len()), Ok(16));
    }
    if let Some((granted, terms)) = verify::deflate(&asked.opening, &Parameters::default()) {
        let offer = Parameters { client_max_window_bits: Some(None), ..Parameters::default() };
        assert_eq!(offer.answered(&granted), Ok(terms));
    }
}
