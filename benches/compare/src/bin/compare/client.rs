//! The clients: where they are, and how each is asked to do a job.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::job::{Does, Job, Trusting};
use crate::tls::Trust;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Raw,
    Wsprobe,
    Websocat,
    Websocat4,
    Curl,
    Wscat,
    Websockets,
    Wsdump,
}

/// A client that is installed.
#[derive(Clone, Debug)]
pub struct Client {
    pub kind: Kind,
    pub name: &'static str,
    pub program: PathBuf,
}

/// A command line to be run.
#[derive(Debug)]
pub struct Order {
    pub args: Vec<OsString>,
    pub env: Vec<(&'static str, OsString)>,
    /// Stdin, if the job itself has nothing to send.
    pub says: &'static str,
    /// All of stdin is one message, rather than each line.
    pub takes_all: bool,
}

/// The raw client, wsprobe, and the peers in `target/peers/bin`; reports missing ones.
pub fn all(wsprobe: &Path, raw: &Path, peers: Option<&Path>) -> (Vec<Client>, Vec<&'static str>) {
    let mut found = vec![
        Client { kind: Kind::Raw, name: "raw", program: raw.to_owned() },
        Client { kind: Kind::Wsprobe, name: "wsprobe", program: wsprobe.to_owned() },
    ];
    let mut missing = Vec::new();
    let kinds = [
        (Kind::Websocat, "websocat"),
        (Kind::Websocat4, "websocat4"),
        (Kind::Curl, "curl"),
        (Kind::Wscat, "wscat"),
        (Kind::Websockets, "websockets"),
        (Kind::Wsdump, "wsdump"),
    ];
    for (kind, name) in kinds {
        let Some(peers) = peers else { break };
        match peers.join(name) {
            program if program.exists() => found.push(Client { kind, name, program }),
            _ => missing.push(name),
        }
    }
    (found, missing)
}

impl Client {
    /// The command line of this client for this job; `None` if it cannot do it.
    pub fn order(&self, job: &Job, url: &str, trust: &Trust) -> Option<Order> {
        if job.does == Does::Version {
            if self.kind == Kind::Wsdump {
                return None;
            }
            return Some(Order { args: vec!["--version".into()], env: Vec::new(), says: "", takes_all: false });
        }
        let is_start = job.does == Does::Start;
        let is_one_message = job.is_one_message();
        // Most of them send stdin; their reply arrives before stdin ends.
        let mut says = if is_start { "hello\n" } else { "" };
        let mut args: Vec<OsString> = Vec::new();
        let authority = (job.trust == Trusting::OneAuthority).then(|| trust.one.clone().into_os_string());
        let words: &[&str] = match (self.kind, job.does) {
            (Kind::Raw, does) => {
                let roots = match job.trust {
                    Trusting::Plain => None,
                    Trusting::OneAuthority => authority,
                    Trusting::SystemRoots => Some(trust.all.clone().into_os_string()),
                };
                args.extend(roots.into_iter().flat_map(|roots| ["--roots".into(), roots]));
                match does {
                    Does::Pings(count, _) => {
                        args.extend(["ping".into(), count.to_string().into()]);
                        &[]
                    }
                    Does::Start => &["start"],
                    Does::Send(..) if is_one_message => &["whole"],
                    Does::Send(..) => &["send"],
                    Does::RoundTrips(..) => &["echo"],
                    _ => &["receive"],
                }
            }
            (Kind::Wsprobe, does) => {
                says = "";
                args.extend(matches!(does, Does::Pings(..)).then(|| "ping".into()));
                args.extend(authority.into_iter().flat_map(|authority| ["--cacert".into(), authority]));
                match does {
                    Does::Pings(count, _) => {
                        args.extend(["--count".into(), count.to_string().into()]);
                        &["--json", "--interval", "10ms"]
                    }
                    Does::Start => &["-q", "-x", "hello", "--one"],
                    Does::Send(..) if is_one_message => &["-q", "--whole"],
                    Does::Receive(..) if is_one_message => &["-q", "--max-message", "2GiB"],
                    _ => &["-q"],
                }
            }
            // None of them pings at an interval and tells how long each pong took.
            (_, Does::Pings(..)) => return None,
            (Kind::Websocat, Does::Start) => &["-q", "-1"],
            // It cuts messages at 64 KiB, and refuses frames of 100 MiB, unless told otherwise.
            (Kind::Websocat, Does::Send(load, _)) if load.size > 1024 => {
                args.extend(["-B".into(), (load.size + 2).to_string().into()]);
                &["-q"]
            }
            (Kind::Websocat, Does::Receive(load, _)) if load.size > 1024 => {
                args.extend(["-B".into(), (load.size + 2).to_string().into()]);
                &["-q", "-E", "--max-ws-frame-length", "2147483648", "--max-ws-message-length", "2147483648"]
            }
            (Kind::Websocat, Does::Receive(..)) => &["-q", "-E"],
            (Kind::Websocat, _) => &["-q"],
            (Kind::Websocat4, Does::Receive(..)) => &["-t", "-E"],
            (Kind::Websocat4, _) => &["-t"],
            // It sends data only with an HTTP URL.
            (Kind::Curl, Does::Start | Does::Send(..) | Does::RoundTrips(..)) => return None,
            (Kind::Curl, _) => {
                args.extend(authority.into_iter().flat_map(|authority| ["--cacert".into(), authority]));
                &["-sN"]
            }
            (Kind::Wscat, does) => {
                args.extend(authority.into_iter().flat_map(|authority| ["--ca".into(), authority]));
                if does == Does::Start {
                    says = "";
                    &["-x", "hello", "-w", "0", "-c"]
                } else {
                    &["-c"]
                }
            }
            (Kind::Websockets, _) => &[],
            (Kind::Wsdump, _) => &["-r"],
        };
        args.extend(words.iter().map(OsString::from));
        args.push(url.into());
        let roots = match job.trust {
            Trusting::Plain => None,
            Trusting::OneAuthority => Some(&trust.one),
            Trusting::SystemRoots => Some(&trust.all),
        };
        let mut env: Vec<(&'static str, OsString)> = Vec::new();
        if let Some(roots) = roots {
            env.push(("SSL_CERT_FILE", roots.into()));
            env.push(("SSL_CERT_DIR", "/etc/ssl/certs".into()));
            env.push(("NODE_OPTIONS", "--use-openssl-ca".into()));
        }
        let takes_all = is_one_message && matches!(self.kind, Kind::Raw | Kind::Wsprobe);
        Some(Order { args, env, says, takes_all })
    }
}
