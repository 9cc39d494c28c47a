//! `--exec`: a process for each client, one message per line on its stdin and stdout, as websocketd does it; or bytes.

use super::address::ListenAddress;
use super::bridge::{Bridge, Carried, FarSide};
use super::work::{ClientTask, ClientWork, NewClient};
use crate::handshake::admission::Admission;
use crate::handshake::origin::Origins;
use crate::message::Close;
use crate::request::{Credentials, Header};
use crate::sys::process_group::{PipedGroup, shell};
use crate::target::percent_decoded;
use crate::transport::Peer;

/// Runs a command for each client.
#[derive(Debug)]
pub(crate) struct ExecWork {
    pub(crate) command: String,
    /// `--stream`: what it says is bytes, not lines.
    pub(crate) streams: bool,
}

/// What a process is told about its client.
struct Caller<'c> {
    resource: &'c str,
    fields: &'c [Header],
    peer: &'c Peer,
    address: &'c ListenAddress,
    credentials: Option<&'c Credentials>,
    is_digest: bool,
    unique: String,
}

impl ClientWork for ExecWork {
    fn carries_bytes(&self) -> bool {
        self.streams
    }

    fn warning(&self, admission: &Admission) -> Option<&'static str> {
        (admission.origins == Origins::Any)
            .then_some("any web page in a browser on this machine can talk to the command (--origin '*' with --exec)")
    }

    fn begin(&self, new: &mut NewClient<'_>) -> Box<dyn ClientTask> {
        let (server, client) = (new.server, new.client);
        let mut command = shell(&self.command);
        match PipedGroup::spawn(command.envs(Caller::of(new).environment())) {
            Ok(process) => {
                let lines = Carried::Lines { longest: server.acceptor.limits.max_message };
                let carried = if self.streams { Carried::Bytes } else { lines };
                Bridge::new(client, carried, server.close_timeout).task(|bridge| run(process, bridge))
            }
            Err(error) => new.without_command(&error),
        }
    }
}

/// Moves messages both ways until the command has said its last; then the client gets a Close, and all that the command has
/// started ends with it.
async fn run(command: PipedGroup, bridge: Bridge) {
    let PipedGroup { mut group, stdin, mut stdout } = command;
    let far = FarSide { output: &mut stdout, input: Box::new(stdin) };
    let last_word = async { Close::after(group.child.wait().await.ok()) };
    bridge.carry(far, last_word).await;
    group.end().await;
}

impl<'c> Caller<'c> {
    fn of(new: &NewClient<'c>) -> Self {
        Self {
            resource: new.resource,
            fields: &new.opened.headers,
            peer: &new.opened.peer,
            address: &new.server.address,
            credentials: new.server.acceptor.admission.credentials.as_ref(),
            is_digest: new.server.acceptor.admission.digest.is_some(),
            unique: format!("{}-{}", std::process::id(), new.client.name.0),
        }
    }

    /// The variables of CGI (RFC 3875), with those that websocketd adds.
    fn environment(&self) -> Vec<(String, String)> {
        let (path, query) = self.resource.split_once('?').unwrap_or((self.resource, ""));
        let (host, port) = match self.peer {
            Peer::Inet(address) => (address.ip().to_string(), address.port().to_string()),
            Peer::Unix(_) => (String::new(), String::new()),
        };
        // As text (RFC 3875, section 4.1.5), but no variable can hold a zero byte.
        let decoded = percent_decoded(path);
        let path = if decoded.contains('\0') { path } else { &decoded };
        let (user, scheme) = match self.credentials {
            Some(Credentials::Password { user, .. }) => {
                (user.as_str(), if self.is_digest { "Digest" } else { "Basic" })
            }
            Some(Credentials::Bearer(_)) => ("", "Bearer"),
            None => ("", ""),
        };
        let (name, server_port) = self.address.name_and_port();
        let mut variables: Vec<(String, String)> = [
            ("AUTH_TYPE", scheme),
            ("CONTENT_LENGTH", ""),
            ("CONTENT_TYPE", ""),
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("PATH_INFO", path),
            ("PATH_TRANSLATED", ""),
            ("QUERY_STRING", query),
            ("REMOTE_ADDR", &host),
            ("REMOTE_HOST", &host),
            ("REMOTE_IDENT", ""),
            ("REMOTE_PORT", &port),
            ("REMOTE_USER", user),
            ("REQUEST_METHOD", "GET"),
            ("REQUEST_URI", self.resource),
            ("SCRIPT_NAME", ""),
            ("SERVER_NAME", &name),
            ("SERVER_PORT", &server_port),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("SERVER_SOFTWARE", concat!("wsprobe/", env!("CARGO_PKG_VERSION"))),
            ("UNIQUE_ID", &self.unique),
        ]
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        if self.address.is_tls() {
            variables.push(("HTTPS".to_owned(), "on".to_owned()));
        }
        for (name, value) in self.fields.iter().filter_map(variable) {
            match variables.iter_mut().find(|(known, _)| *known == name) {
                // Fields of one name are one list (RFC 9110, section 5.2).
                Some((_, list)) => *list += &format!(", {value}"),
                None => variables.push((name, value)),
            }
        }
        variables
    }
}

/// A header as a variable; none for secrets, and for the one that programs would take for their proxy (httpoxy).
fn variable(field: &Header) -> Option<(String, String)> {
    let name = field.name.to_ascii_uppercase();
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_kept = is_plain && !matches!(&*name, "PROXY" | "AUTHORIZATION" | "PROXY-AUTHORIZATION");
    (is_kept && !field.value.contains('\0')).then(|| (format!("HTTP_{}", name.replace('-', "_")), field.value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_become_variables_but_for_those_that_would_do_harm() {
        let header = |name: &str, value: &str| variable(&Header::new(name, value));
        assert_eq!(header("X-Tenant", "blue"), Some(("HTTP_X_TENANT".to_owned(), "blue".to_owned())));
        for name in ["Proxy", "proxy", "Authorization", "a_b", "x;y"] {
            assert_eq!(header(name, "x"), None, "{name}");
        }
    }
}
