//! A tunnel by CONNECT (RFC 9110, section 9.3.6).

use bytes::Bytes;

use super::error::ProxyError;
use crate::dial::Stream;
use crate::handshake::auth::{Login, LoginFault, LoginStep};
use crate::handshake::{self, HandshakeError, Refusal, TunnelAnswer};
use crate::request::schemes::PasswordScheme;

/// What goes to an HTTP proxy and comes from it, with its secrets.
pub(crate) enum ProxyHead<'h> {
    Request(&'h str),
    Response(&'h str),
}

/// What a request for a tunnel has led to.
pub(crate) enum TunnelStep {
    /// With what came out of it already.
    Open(Bytes),
    /// The proxy wants to know more, on the same connection if that is kept open.
    Again { keeps_open: bool },
}

/// What a connection to a proxy is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProxyPath {
    /// Nobody on the way can read what is sent.
    pub(crate) is_private: bool,
    /// The proxy has answered a request on it already.
    pub(crate) is_kept: bool,
}

pub(super) async fn tunnel(
    stream: &mut Stream,
    place: &str,
    mut login: Option<&mut Login>,
    path: ProxyPath,
    trace: &dyn Fn(ProxyHead<'_>),
) -> Result<TunnelStep, ProxyError> {
    let proof = login.as_mut().and_then(|login| login.authorization("CONNECT", place, path.is_private));
    let request = request(place, proof);
    trace(ProxyHead::Request(&request));
    let scheme = login.as_ref().and_then(|login| login.sent_scheme()).map(PasswordScheme::name);
    let answer = handshake::ask_for_tunnel(stream, &request, scheme).await;
    for head in handshake::heads_of(&answer, TunnelAnswer::response) {
        trace(ProxyHead::Response(&head));
    }
    match answer {
        Ok(TunnelAnswer::Open(_, leftover)) => Ok(TunnelStep::Open(leftover)),
        Ok(TunnelAnswer::Refused(refusal)) => refused(login, refusal),
        Err(flaw) => {
            let is_silence = matches!(flaw, HandshakeError::Closed | HandshakeError::Io(_));
            match login.filter(|_| is_silence).is_some_and(|login| login.after_silence(path.is_kept)) {
                true => Ok(TunnelStep::Again { keeps_open: false }),
                false => Err(ProxyError::Flaw(flaw)),
            }
        }
    }
}

fn refused(login: Option<&mut Login>, mut refusal: Refusal) -> Result<TunnelStep, ProxyError> {
    let keeps_open = refusal.keeps_open;
    if let Some(login) = login {
        refusal.sent.login = match login.after(&refusal.response) {
            LoginStep::Again if login.is_bound() && !keeps_open => Some(LoginFault::Cut),
            LoginStep::Again => return Ok(TunnelStep::Again { keeps_open }),
            LoginStep::Fail(fault) => Some(fault),
            LoginStep::Stop => None,
        };
    }
    Err(ProxyError::Refused(Box::new(refusal)))
}

fn request(place: &str, proof: Option<String>) -> String {
    let authorization = proof.map_or_else(String::new, |proof| format!("Proxy-Authorization: {proof}\r\n"));
    let agent = concat!("wsprobe/", env!("CARGO_PKG_VERSION"));
    format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: {agent}\r\n{authorization}\r\n")
}
