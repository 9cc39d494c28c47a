//! A tunnel by CONNECT (RFC 9110, section 9.3.6).

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use bytes::Bytes;
use url::Host;

use super::error::ProxyError;
use super::login::ProxyLogin;
use crate::dial::Stream;
use crate::handshake::{self, TunnelAnswer};

/// What goes to an HTTP proxy and comes from it, with its secrets.
pub(crate) enum ProxyHead<'h> {
    Request(&'h str),
    Response(&'h str),
}

pub(super) async fn tunnel(
    stream: &mut Stream,
    host: &Host,
    port: u16,
    login: Option<&ProxyLogin>,
    trace: &dyn Fn(ProxyHead<'_>),
) -> Result<Bytes, ProxyError> {
    let request = request(host, port, login);
    trace(ProxyHead::Request(&request));
    let answer = handshake::ask_for_tunnel(stream, &request, login.map(|_| "Basic")).await;
    for head in handshake::heads_of(&answer, TunnelAnswer::response) {
        trace(ProxyHead::Response(&head));
    }
    match answer.map_err(ProxyError::Flaw)? {
        TunnelAnswer::Open(_, leftover) => Ok(leftover),
        TunnelAnswer::Refused(refusal) => Err(ProxyError::Refused(Box::new(refusal))),
    }
}

fn request(host: &Host, port: u16, login: Option<&ProxyLogin>) -> String {
    let authorization = login.map_or_else(String::new, |ProxyLogin { user, password }| {
        format!("Proxy-Authorization: Basic {}\r\n", BASE64.encode(format!("{user}:{password}").as_bytes()))
    });
    let agent = concat!("wsprobe/", env!("CARGO_PKG_VERSION"));
    format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {agent}\r\n{authorization}\r\n")
}
