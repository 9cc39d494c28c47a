//! A tunnel by CONNECT (RFC 9110, section 9.3.6).

use data_encoding::BASE64;
use url::Host;

use super::{Failure, Login};
use crate::dial::Stream;
use crate::handshake;

pub(super) async fn tunnel(stream: &mut Stream, host: &Host, port: u16, login: Option<&Login>) -> Result<(), Failure> {
    let answer = handshake::ask(stream, &request(host, port, login)).await;
    let (response, leftover) = answer.map_err(Failure::Flaw)?;
    if !(200..300).contains(&response.status) {
        return Err(Failure::Answered { status: response.status, reason: response.reason });
    }
    // Both TLS and WebSocket let the client begin.
    if !leftover.is_empty() {
        return Err(Failure::SpeaksFirst(leftover.len()));
    }
    Ok(())
}

fn request(host: &Host, port: u16, login: Option<&Login>) -> String {
    let authorization = login.map_or_else(String::new, |Login { user, password }| {
        format!("Proxy-Authorization: Basic {}\r\n", BASE64.encode(format!("{user}:{password}").as_bytes()))
    });
    let agent = concat!("wsprobe/", env!("CARGO_PKG_VERSION"));
    format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {agent}\r\n{authorization}\r\n")
}
