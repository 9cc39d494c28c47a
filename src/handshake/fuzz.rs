//! What a fuzzer calls: any bytes as the heads of a handshake, with what has to hold for the verdict.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use futures_util::FutureExt as _;

use super::admission::{Admission, Hosts};
use super::auth::guard::{DigestGuard, DigestVerdict};
use super::auth::{KnownChallenge, Login, LoginPeer, LoginStep};
use super::authority::{Authority, is_loopback};
use super::body::{Collected, MAX_BODY};
use super::head::{Response, values};
use super::http1::{Asked, HeadReader};
use super::refusal::{Refusal, SentRequest};
use super::server::{Declined, ReadRequest, read_request};
use super::verify;
use crate::request::schemes::SchemeChoice;
use crate::request::{Compression, Header, Request, RequestOptions};
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
    let options = RequestOptions {
        headers: vec![Header::new("Sec-WebSocket-Key", KEY)],
        subprotocols: vec!["chat".to_owned(), "superchat".to_owned()],
        compression,
        ..RequestOptions::default()
    };
    let target = Parsed::from_text("ws://h/").expect("it is a URL").target;
    let request = Request::new(&target, &options);
    for head in [input.to_vec(), [SWITCHING.as_bytes(), input, b"\r\n\r\n"].concat()] {
        if let Some(Ok(response)) = HeadReader::new(&mut &head[..]).response().now_or_never() {
            answer(&request, &options, &response);
            login(&response);
            refusal(&request, response, input);
        }
    }
    let key = format!("Sec-WebSocket-Key: {KEY}\r\n");
    for head in [
        input.to_vec(),
        [ASKING.as_bytes(), input, b"\r\n\r\n"].concat(),
        [ASKING.as_bytes(), key.as_bytes(), input, b"\r\n\r\n"].concat(),
    ] {
        if let Some(Ok(asked)) = HeadReader::new(&mut &head[..]).request(&mut String::new()).now_or_never() {
            opening(&asked);
        }
    }
}

fn answer(request: &Request, options: &RequestOptions, response: &Response) {
    let Ok(agreement) = verify::answer(request, response) else { return };
    assert!(agreement.subprotocol.is_none_or(|name| options.subprotocols.contains(&name)));
    match options.compression {
        Compression::Off => assert_eq!(agreement.deflate, None),
        Compression::Wanted(_) => {}
        Compression::Required(_) => {
            assert!(agreement.deflate.expect("else it is refused").server.window_bits <= 10);
        }
    }
}

/// Whatever it asks for, nothing of it can add a field to the next request, and it is not told who we are for ever.
fn login(response: &Response) {
    for peer in [LoginPeer::Server, LoginPeer::Proxy] {
        let known = KnownChallenge::default();
        let mut login = Login::new(("me\r\n: x", "pw"), peer, SchemeChoice::AsAsked, known);
        let is_over = (0..5).any(|_| {
            let field = login.authorization("GET", "/", false).unwrap_or_default();
            assert!(!field.contains(['\r', '\n']), "{field}");
            login.after(response) != LoginStep::Again
        });
        assert!(is_over, "two tries, of two messages each");
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
    for given in values(&asked.opening.fields, "Authorization") {
        let verdict = DigestGuard::default().judge(Some(given), ("me", "pw"), &asked.opening, Duration::ZERO);
        assert_ne!(verdict, DigestVerdict::Right);
    }
    if let Some((granted, terms)) = verify::deflate(&asked.opening, &Parameters::default()) {
        let offer = Parameters { client_max_window_bits: Some(None), ..Parameters::default() };
        assert_eq!(offer.answered(&granted), Ok(terms));
    }
}

/// Takes any bytes as a request to a server on a loopback address: the verdict does not depend on how they arrive, no page of
/// another origin and no other host is let in, and no byte of the request can add a field to the answer.
pub fn request(input: &[u8]) {
    let [cut, input @ ..] = input else { return };
    let fields = [ASKING.replace("Host: h", "Host: localhost").as_bytes(), input, b"\r\n\r\n"].concat();
    for bytes in [input, &fields] {
        let whole = judged(bytes, bytes.len());
        let in_parts = judged(bytes, usize::from(*cut).min(bytes.len()));
        assert_eq!(shown(whole.as_ref()), shown(in_parts.as_ref()));
        if let Some(verdict) = whole {
            check_verdict(verdict);
        }
    }
}

/// None while more is waited for.
fn judged(bytes: &[u8], cut: usize) -> Option<Result<ReadRequest, Declined>> {
    let (first, second) = bytes.split_at(cut);
    let mut stream = tokio::io::AsyncReadExt::chain(first, second);
    read_request(&mut stream, bytes::BytesMut::new(), &mut String::new()).now_or_never()
}

fn shown(verdict: Option<&Result<ReadRequest, Declined>>) -> String {
    match verdict {
        // How much came with the head depends on how it arrived.
        Some(Ok(request)) => format!("{:?} for {:?}", request.opening(), request.authority()),
        Some(Err(declined)) => declined.to_string(),
        None => "more is waited for".to_owned(),
    }
}

fn check_verdict(verdict: Result<ReadRequest, Declined>) {
    let admission = Admission { hosts: Hosts::Only(Vec::new()), ..Admission::default() };
    let denial = match verdict {
        Err(declined) => declined.denial(),
        Ok(request) => {
            let (opening, asked) = (request.opening(), request.authority());
            match admission.choose(opening, asked) {
                Err(denial) => Some(denial),
                Ok(_) => {
                    assert!(is_loopback(&asked.host), "{asked:?}");
                    let mut origins = opening.fields.iter().filter(|field| field.is("Origin"));
                    assert!(origins.next().is_none_or(|origin| is_own(&origin.value, asked)), "{opening:?}");
                    assert!(origins.next().is_none(), "{opening:?}");
                    None
                }
            }
        }
    };
    if let Some(denial) = denial {
        let text = denial.head();
        let (head, _) = text.split_once("\r\n\r\n").expect("a head ends");
        // A status line, and the fields that the server itself writes.
        assert_eq!(head.lines().count(), 1 + denial.fields().len(), "{text}");
    }
}

/// Whether an origin has the host of the request, and its port where both name one.
fn is_own(origin: &str, asked: &Authority) -> bool {
    let (_, rest) = origin.trim().split_once("://").expect("it begins with a scheme");
    let origin = Authority::from_text(rest.trim_end_matches('/')).expect("a host follows");
    let is_port = |a: Option<u16>, b: Option<u16>| a.is_none() || b.is_none() || a == b;
    origin.host == asked.host && is_port(origin.port, asked.port)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIELDS: [&str; 9] = [
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Origin: http://localhost",
        "Origin: http://localhost:81/",
        "Origin: https://evil.example",
        "Host: evil.example",
        "Content-Length: 5",
        "Sec-WebSocket-Protocol: a\tb",
        "Sec-WebSocket-Extensions: permessage-deflate; x=\"\r\"",
        "X: \n",
    ];

    proptest! {
        #[test]
        fn the_verdict_on_a_request_does_not_depend_on_how_it_arrives(
            cut in any::<u8>(),
            fields in prop::collection::vec(prop::sample::select(FIELDS.to_vec()), 0..5),
            noise in prop::collection::vec(any::<u8>(), 0..4),
        ) {
            request(&[&[cut], fields.join("\r\n").as_bytes(), &noise].concat());
        }
    }
}
