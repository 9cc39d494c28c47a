//! `--tcp`: a TCP connection for each client, bytes both ways, as websockify does it.

use std::fmt;
use std::rc::Rc;

use tokio::io::split;

use super::bridge::{Bridge, Carried, FarSide};
use super::work::{ClientTask, ClientWork, NewClient};
use crate::dial::error::DialError;
use crate::dial::{Dialed, Route, dial};
use crate::error::Error;
use crate::handshake::admission::Admission;
use crate::handshake::origin::Origins;
use crate::message::Close;
use crate::target::{Endpoint, Parsed, Scheme, Target};

/// Where clients are connected to.
#[derive(Clone, Debug)]
pub(crate) struct TcpAddress {
    target: Target,
    /// As it was given.
    text: String,
}

/// Connects each client to a server.
#[derive(Debug)]
pub(crate) struct TcpWork {
    pub(crate) address: TcpAddress,
    pub(crate) route: Route,
}

impl TcpAddress {
    /// Reads `HOST:PORT`, `[::1]:22`, `:22` and `unix:PATH`.
    ///
    /// # Errors
    /// A message for the user, if the text is invalid.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let bad = || "expected HOST:PORT, :PORT or unix:PATH".to_owned();
        let at = |target| Self { target, text: text.to_owned() };
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            let place = Endpoint::Unix(path.into());
            return Ok(at(Target { scheme: Scheme::Ws, place, resource: "/".to_owned() }));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let is_plain = !host.contains(['/', '?', '#', '@']) && (host.starts_with('[') || !host.contains(':'));
        if !is_plain || !port.parse().is_ok_and(|port: u16| port > 0) {
            return Err(bad());
        }
        let url = format!("ws://{}:{port}", if host.is_empty() { "localhost" } else { host });
        Parsed::from_text(&url).map(|parsed| at(parsed.target)).map_err(|error| error.to_string())
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ClientWork for TcpWork {
    fn carries_bytes(&self) -> bool {
        true
    }

    fn warning(&self, admission: &Admission) -> Option<&'static str> {
        (admission.origins == Origins::Any)
            .then_some("any web page in a browser on this machine can talk to the TCP server (--origin '*' with --tcp)")
    }

    fn begin(&self, new: &mut NewClient<'_>) -> Box<dyn ClientTask> {
        let (server, client) = (Rc::clone(new.server), Rc::clone(new.client));
        let (address, route) = (self.address.clone(), self.route.clone());
        Bridge::new(new.client, Carried::Bytes, new.server.close_timeout).task(async move |bridge| {
            match connect(&address, &route).await {
                Ok(Dialed { stream, peer, .. }) => {
                    server.talk.detail('*', &format!("{}: connected to {peer}", client.name));
                    let (mut output, input) = split(stream);
                    let far = FarSide { output: &mut output, input: Box::new(input) };
                    bridge.carry(far, std::future::ready(Close::new(1000, ""))).await;
                }
                Err(error) => {
                    server.talk.error(&format!("{}: {}", client.name, Error::from(error).chain()));
                    client.dismiss(Close::new(1011, format!("cannot connect to {address}")));
                }
            }
        })
    }
}

async fn connect(address: &TcpAddress, route: &Route) -> Result<Dialed, DialError> {
    dial(&address.target, route, &|_| ()).await.map_err(|error| match error {
        DialError::Unreachable { tried, .. } => DialError::Unreachable { place: address.to_string(), tried },
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_or_is_a_socket() {
        let shown = |text| TcpAddress::from_text(text).map_or_else(|why| why, |address| address.target.to_string());
        for (typed, meant) in [
            ("localhost:22", "ws://localhost:22/"),
            (":22", "ws://localhost:22/"),
            ("[::1]:5900", "ws://[::1]:5900/"),
            ("unix:/run/x.sock", "ws+unix:/run/x.sock:/"),
        ] {
            assert_eq!(shown(typed), meant);
        }
        for bad in ["", "22", "host", "host:", "host:0", "host:70000", "::1:22", "a@b:1", "a/b:1", "ws://a:1", "unix:"]
        {
            assert_eq!(shown(bad), "expected HOST:PORT, :PORT or unix:PATH", "{bad}");
        }
    }
}
