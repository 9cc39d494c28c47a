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

/// A client that is there.
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
    /// What stdin is, where the job itself has nothing to send.
    pub says: &'static str,
}

/// The raw client, wsprobe, and the peers in `target/peers/bin`; says which of them are not there.
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
    /// How this client does this job; none when it cannot.
    pub fn order(&self, job: &Job, url: &str, trust: &Trust) -> Option<Order> {
        let mut args: Vec<OsString> = Vec::new();
        let mut env = Vec::new();
        let says = "";
        if job.does == Does::Version {
            args.push("--version".into());
            return Some(Order { args, env, says });
        }
        let big = matches!(job.does, Does::Send(load, _) | Does::Receive(load, _) if load.count == 1);
        match self.kind {
            Kind::Raw => {
                if job.trust == Trusting::OneAuthority {
                    args.extend(["--roots".into(), trust.one.clone().into_os_string()]);
                }
                let word = match job.does {
                    Does::Start => "start",
                    Does::Send(..) if big => "whole",
                    Does::Send(..) => "send",
                    Does::Receive(..) | Does::Idle => "receive",
                    _ => "echo",
                };
                args.extend([word.into(), url.into()]);
            }
            Kind::Wsprobe => {
                if job.trust == Trusting::OneAuthority {
                    args.extend(["--cacert".into(), trust.one.clone().into_os_string()]);
                }
                let mut add = |words: &[&str]| args.extend(words.iter().map(OsString::from));
                match job.does {
                    Does::Start => add(&["-q", "-x", "hello", "--one"]),
                    Does::Send(..) if big => add(&["-q", "--whole"]),
                    Does::Receive(..) if big => add(&["-q", "--max-message", "2GiB"]),
                    _ => add(&["-q"]),
                }
                add(&[url]);
            }
            _ => return None,
        }
        if job.trust == Trusting::SystemRoots {
            env.push(("SSL_CERT_FILE", trust.all.clone().into_os_string()));
            env.push(("SSL_CERT_DIR", "/etc/ssl/certs".into()));
        }
        Some(Order { args, env, says })
    }
}
