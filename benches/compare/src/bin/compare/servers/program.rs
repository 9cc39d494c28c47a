//! The servers: where they are, and how each is started.

use std::path::{Path, PathBuf};

use super::job::Serves;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    Plain,
    Wsprobe,
    Websocat,
    Websocketd,
    Ws,
    Websockets,
}

/// A server that is there.
#[derive(Clone, Debug)]
pub struct ServerProgram {
    pub kind: ServerKind,
    pub name: &'static str,
    pub program: PathBuf,
}

/// The plain server, wsprobe, and the peers in `target/peers/bin`; says which of them are not there.
pub fn all(wsprobe: &Path, plain: &Path, peers: Option<&Path>) -> (Vec<ServerProgram>, Vec<&'static str>) {
    let mut found = vec![
        ServerProgram { kind: ServerKind::Plain, name: "plain", program: plain.to_owned() },
        ServerProgram { kind: ServerKind::Wsprobe, name: "wsprobe", program: wsprobe.to_owned() },
    ];
    let mut missing = Vec::new();
    let kinds = [
        (ServerKind::Websocat, "websocat", "websocat"),
        (ServerKind::Websocketd, "websocketd", "websocketd"),
        (ServerKind::Ws, "ws", "ws-server"),
        (ServerKind::Websockets, "websockets", "websockets-server"),
    ];
    for (kind, name, file) in kinds {
        let Some(peers) = peers else { break };
        match peers.join(file) {
            program if program.exists() => found.push(ServerProgram { kind, name, program }),
            _ => missing.push(name),
        }
    }
    (found, missing)
}

impl ServerProgram {
    /// How this server does this job at a port; none when it cannot.
    pub fn args(&self, does: Serves, port: u16) -> Option<Vec<String>> {
        let is_broadcast = matches!(does, Serves::Broadcast(..));
        let work = if is_broadcast { "broadcast" } else { "echo" };
        let args = match self.kind {
            ServerKind::Plain | ServerKind::Ws | ServerKind::Websockets => vec![work.to_owned(), port.to_string()],
            ServerKind::Wsprobe => vec!["listen".to_owned(), "-q".to_owned(), format!("--{work}"), port.to_string()],
            ServerKind::Websocat => {
                let peer = if is_broadcast { "broadcast:mirror:" } else { "mirror:" };
                // It cuts messages at 64 KiB unless told otherwise.
                let room = ["-t", "-E", "-B", "1048578"].map(str::to_owned);
                room.into_iter().chain([format!("ws-l:127.0.0.1:{port}"), peer.to_owned()]).collect()
            }
            // It has a process for each client, which hears no other.
            ServerKind::Websocketd if is_broadcast => return None,
            ServerKind::Websocketd => {
                ["--address=127.0.0.1".to_owned(), format!("--port={port}"), "cat".to_owned()].to_vec()
            }
        };
        Some(args)
    }
}
