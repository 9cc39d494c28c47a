//! The command line of `wsprobe listen`: its options, and what they mean.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args};
use serde_json_path::JsonPath;
use url::Host;

use super::dialing::{self, Connections, Dialer};
use super::env::Env;
use super::forward::{self, DelayValue, ForwardArgs, UpstreamDefinition};
use super::options::{Compress, Options, OutputArgs, StdinArgs};
use super::route::route;
use super::run::Values;
use super::values::{self, Interval};
use super::{secret, translate};
use crate::dial::proxy::Proxies;
use crate::dial::tls::Alpn;
use crate::dial::{Route, Trust};
use crate::error::Error;
use crate::events::{Batch, Input};
use crate::handshake::admission::{Admission, DigestClock, Hosts};
use crate::handshake::authority;
use crate::handshake::origin::{OriginPattern, Origins};
use crate::input::source::{Guidance, PromptOptions, Source};
use crate::message::{Message, Utf8Text};
use crate::play::files::Scripts;
use crate::recording::Recording;
use crate::recording::check::Ignored;
use crate::recording::pace::Speed;
use crate::render::{OutputStyle, PayloadFormat};
use crate::request::Credentials;
use crate::script::check::DefaultConnection;
use crate::server;
use crate::server::address::Address;
use crate::server::broadcast::BroadcastWork;
use crate::server::conversation::ConversationWork;
use crate::server::echo::EchoWork;
use crate::server::exec::ExecWork;
use crate::server::forward::ForwardWork;
use crate::server::options::ListenOptions;
use crate::server::replay::ServerReplay;
use crate::server::script::ServerScript;
use crate::server::tcp::{TcpAddress, TcpWork};
use crate::server::tls::{Proof, ServerIdentity};
use crate::server::work::ClientWork;
use crate::session::{self, KeepaliveOptions, Pinging};
use crate::sys::file;
use crate::wire::Limits;
use crate::wire::offer::Parameters;

#[derive(Args, Clone, Debug)]
pub(crate) struct ListenArgs {
    /// Where to listen: 8080, :8080, 127.0.0.1:0, [::1]:9000, 0.0.0.0:8080, unix:/run/x.sock
    ///
    /// A port alone listens only on this machine; to be reachable from elsewhere, give 0.0.0.0 or another address. Port
    /// 0 picks a free port, which is printed on stderr and, with `--json`, as a record.
    #[arg(value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = Address::from_text)]
    address: Address,

    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    forward: ForwardArgs,
    #[command(flatten)]
    stdin: StdinArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    admission: AdmissionArgs,
    #[command(flatten)]
    tls: ListenTlsArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    upstream: UpstreamDefinition,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Work", group = ArgGroup::new("work").args(["echo", "broadcast", "exec", "script", "replay", "tcp", "forward"]))]
struct WorkArgs {
    /// Send every message back, with its type; stdin is not read
    #[arg(long)]
    echo: bool,

    /// Send each client's messages to all others; stdin is not read
    ///
    /// A slow client never delays the rest: when 4 MiB are queued for it, it is closed with 1013.
    #[arg(long)]
    broadcast: bool,

    /// Run a command for each client, one message per line
    ///
    /// Each message is a line on its stdin, each line on its stdout is a message (binary if it is not UTF-8); stderr is
    /// passed through. The command runs in a shell, with the CGI variables (RFC 3875) that websocketd sets:
    /// REMOTE_ADDR, PATH_INFO, QUERY_STRING, HTTP_* and others. When the client has left, the command's stdin ends
    /// after the last message. If it then neither continues to read nor exits within `--close-timeout`, it is terminated
    /// together with the processes that it has started. When the command exits, the client is closed with 1000, or with
    /// 1011 if it failed. `--max-clients` limits how many commands run at once.
    /// If wsprobe itself is killed (SIGKILL), no command keeps running, except processes that have left the process
    /// group of their command, as setsid(1) and daemons do.
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,

    /// With `--exec`, carry bytes instead of lines
    ///
    /// What arrives is written to the command as its bytes, and what it prints is sent as it comes, in binary messages. Bytes
    /// are not printed, unless `--output` or `--json` asks for them. A client's Close ends the command's stdin, and what it
    /// still prints goes to the client before the Close is answered. `wsprobe --stream` is a client for it.
    #[arg(long, requires = "exec")]
    stream: bool,

    /// Connect each client to this TCP server, bytes both ways: HOST:PORT, :PORT or unix:PATH
    ///
    /// As websockify does it: what a client says is written to a TCP connection (or a Unix socket) of its own, and what comes
    /// from there is sent in binary messages. `wsprobe --stream` is a client for it. Of the subprotocols that a client offers,
    /// `binary` is chosen, unless `--subprotocol` names others. Bytes are not printed, unless `--output` or `--json` asks for
    /// them. When the server ends the connection, the client is closed with 1000; if there is no connection, with 1011.
    /// A client's Close ends only one direction: what it said before is written, then the server is told the end, and what that
    /// still sends goes to the client before the Close is answered, for as long as some of it is taken within
    /// `--close-timeout`. wsprobe uses no proxy here.
    #[arg(long, value_name = "HOST:PORT", value_parser = TcpAddress::from_text)]
    tcp: Option<TcpAddress>,

    /// Run a script with each client, as its server
    ///
    /// The language is that of `wsprobe run` (wsprobe.wsp(5)); the client is the connection without a name and needs no
    /// `connect`. `expect header` checks the headers of its request; `on GET /path answer 200 …` answers plain HTTP. At
    /// the end of the script, the connection is closed with 1000. When a step fails, the failure is printed on stderr,
    /// the client is closed with 1011, and the final exit status is 1.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    #[command(flatten)]
    values: Values,

    /// Replay the server's part of a recording to each client; stdin is not read
    ///
    /// FILE is a recording that `--record` wrote, at a client or at a server. Each client gets the recorded messages of
    /// the server in the same order, with the recorded pauses, but each message only once the client has sent as many
    /// messages as it had sent before it in the recording; and then the recorded Close. With several recorded
    /// connections, the first client gets the first, the next client the second, and so on; after the last it starts
    /// over. A recording without a Close leaves the connection open.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,

    /// How fast `--replay` plays: `2x`, `0.5x`, or `max` for no pauses
    #[arg(long, value_name = "SPEED", default_value = "1x", value_parser = values::speed, requires = "replay")]
    speed: Speed,

    /// Exit with 1 unless all clients send what was recorded
    ///
    /// Differences are printed on stderr, as by `wsprobe replay --compare`.
    #[arg(long, requires = "replay")]
    compare: bool,

    /// Ignore differences at this JSONPath; repeat it for more
    #[arg(long, value_name = "PATH", requires = "compare", value_parser = values::path)]
    ignore: Vec<JsonPath>,

    /// Send this to each client when it connects; repeat it for more
    #[arg(long, value_name = "MSG", allow_hyphen_values = true)]
    send: Vec<String>,

    /// Send the contents of this file, as text if they are UTF-8; after `--send`
    #[arg(long, value_name = "FILE")]
    send_file: Vec<PathBuf>,

    /// Send a message to all clients at regular intervals: `--every 1s tick`
    #[arg(long, num_args = 2, value_names = ["TIME", "MSG"], allow_hyphen_values = true)]
    every: Vec<String>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Handshake")]
struct AdmissionArgs {
    /// Serve only this path; others get 404
    #[arg(long, value_name = "PATH", value_parser = path)]
    path: Option<String>,

    /// Accept only pages of this origin; repeat it for more
    ///
    /// `https://example.org`, `example.org` (any scheme and port), `*.example.org` (any name below it). Requests from
    /// another origin, or without one, get 403. Without this option, wsprobe accepts pages of the server itself, whose
    /// host and port equal those of the Host field, and programs other than browsers, which send no Origin. `*` accepts
    /// everyone: then any web page in a browser on this machine can talk to the server.
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,

    /// Accept this host name too; repeat it for more
    ///
    /// On a loopback address and on a Unix socket, requests for a host (the Host field) other than localhost or a
    /// loopback address get 403: otherwise, a web page could make its own name resolve to this machine. Behind a proxy
    /// that forwards its own Host, name that host; any port is accepted. On other addresses, every host is accepted
    /// unless some are named here.
    #[arg(long, value_name = "NAME", value_parser = authority::host)]
    host: Vec<Host>,

    /// Accept only clients with these credentials; others get 401
    ///
    /// They are asked for with Basic (RFC 7617), or with `--auth-digest`. `@FILE` and `env:VAR` keep them out of the list of
    /// processes.
    #[arg(long, value_name = "USER:PASS", conflicts_with = "bearer")]
    auth: Option<String>,

    /// Ask for the credentials of `--auth` with Digest instead of Basic
    ///
    /// As RFC 7616 has it: SHA-256 and MD5 are offered, with `qop=auth`. A nonce can be used for five minutes, each time with a
    /// higher count; after that, the client is told that it is stale.
    #[arg(long, requires = "auth")]
    auth_digest: bool,

    /// Accept only clients with this bearer token; others get 401
    #[arg(long, value_name = "TOKEN")]
    bearer: Option<String>,

    /// Choose this subprotocol if it is offered; repeat it for more
    ///
    /// In order of preference. Without this option, the client gets the first subprotocol that it offers. A client that
    /// offers none of them is accepted without a subprotocol, and wsprobe prints a note. `@FILE` and `env:VAR` work.
    #[arg(short, long = "subprotocol", value_name = "NAME", value_parser = secret::subprotocol)]
    subprotocols: Vec<String>,

    /// Add a header to each response, `'Name: value'`; repeat it for more
    ///
    /// It replaces a header that wsprobe would send itself; an empty value removes that header. `@FILE` reads headers
    /// from a file.
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// Compress messages for clients that offer it (permessage-deflate)
    ///
    /// off disables compression; required rejects clients that do not offer it, with 400. Messages of 64 bytes and more
    /// are compressed; this needs up to 400 KiB of memory for each client from its first such message on.
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    compress: Compress,

    /// Answer with these parameters of permessage-deflate
    ///
    /// Any of `client_no_context_takeover`, `server_no_context_takeover`, `client_max_window_bits=N` and
    /// `server_max_window_bits=N` (RFC 7692, section 7.1), separated by semicolons; N is 8 to 15. The client's window
    /// can only be chosen if the client offers that; a smaller window that the client requests is used.
    #[arg(long, value_name = "LIST", value_parser = values::deflate, hide_short_help = true)]
    compress_options: Option<Parameters>,

    /// Refuse every handshake with this status: `503`, `401:log in first`
    #[arg(long, value_name = "STATUS[:BODY]", value_parser = refusal)]
    refuse: Option<(u16, String)>,

    /// Wait this long before each response; with `--forward`, hold back each message
    ///
    /// A relay answers at once, and holds each message back instead: for the same time, or for a random time of a range
    /// (`100ms..300ms`); `up:` is for what clients send, `down:` for what the server sends. The order stays as it was.
    #[arg(long, value_name = "[DIR:]TIME[..TIME]", value_parser = forward::delay)]
    delay: Vec<DelayValue>,

    /// Answer a browser with 426 instead of a page to try the server with
    #[arg(long)]
    no_page: bool,

    /// Take no HTTP/2
    ///
    /// Without this option, a client may also speak HTTP/2 on the same port: with wss:// if it offers `h2` (ALPN), with
    /// ws:// if it begins that way (prior knowledge). Each extended CONNECT (RFC 8441) is a client of its own; up to 1000
    /// share one connection.
    #[arg(long)]
    no_http2: bool,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "TLS")]
struct ListenTlsArgs {
    /// Serve wss:// with this certificate and its chain (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of the certificate (PEM, without a passphrase)
    ///
    /// RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Serve wss:// with a newly generated certificate
    ///
    /// Its fingerprint and the matching `--pin` are printed on stderr.
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    tls_self_signed: bool,

    /// Accept only clients with a certificate of these authorities (PEM)
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Accept at most this many clients at once; others get 503
    #[arg(long, value_name = "N", value_parser = values::positive::<u32>)]
    max_clients: Option<u32>,

    /// Refuse larger messages, with a Close 1009
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = crate::text::units::size)]
    max_message: usize,

    /// Send each client a ping this often, or `off`
    ///
    /// Off by default, unless `--ping-timeout` is given: then it is 30s.
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    ping_interval: Option<Interval>,

    /// Drop a client when nothing arrives for this long after a ping: 10s by default
    #[arg(long, value_name = "TIME", value_parser = values::time_span)]
    ping_timeout: Option<Duration>,

    /// Allow a client this long for its request, TLS included
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = crate::text::units::time)]
    handshake_timeout: Duration,

    /// Stop waiting for a client's Close after this long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = crate::text::units::time)]
    close_timeout: Duration,
}

impl ListenArgs {
    /// What wscat's `-l` means: the defaults, but for what the client's options share with these.
    pub(super) fn at(address: Address, stdin: StdinArgs, output: OutputArgs) -> Self {
        use clap::{Command, FromArgMatches as _};
        let matches = Self::augment_args(Command::new("listen")).get_matches_from(["listen"]);
        let defaults = Self::from_arg_matches(&matches).expect("clap has just matched these");
        Self { address, stdin, output, ..defaults }
    }

    /// The prompt, if there is one.
    pub(super) fn prompt(&self, env: &Env) -> Option<PromptOptions> {
        let prompt = translate::prompt(&self.stdin, &self.output, env)?;
        // What is typed at a relay's prompt is not sent by itself.
        let guidance = if self.forward.is_given() { Guidance::Never } else { prompt.guidance };
        Some(PromptOptions { guidance, ..prompt })
    }

    pub(super) fn service(&self, env: &Env) -> Result<ListenOptions, Error> {
        let work = self.work(env)?;
        let takes_input = work.takes_input() && !self.stdin.receive_only && self.work.script.is_none();
        let source = match self.prompt(env) {
            _ if !takes_input => Source::Nothing,
            Some(prompt) => Source::Prompt(prompt),
            // A line does not tell for which of the two sides it would be.
            None if self.forward.is_given() => Source::Nothing,
            None => Source::Pipe(translate::cut(&self.stdin, false)),
        };
        let is_prompt = matches!(source, Source::Prompt(_));
        let keepalive = KeepaliveOptions { pings: self.limits.pings()?, heartbeat: None };
        let mut session = session::options::Options::of_a_server(work.echo(), self.limits.close_timeout, keepalive);
        session.ending.sends_the_rest = work.carries_bytes();
        session.decode = translate::decode(&self.output.decode, self.limits.max_message, is_prompt);
        let style = self.style(env, is_prompt, work.carries_bytes());
        let identity = self.tls.identity(&self.address, !self.admission.no_http2)?;
        Ok(ListenOptions {
            script: self.work.script(env)?,
            options: server::Options {
                address: self.address.clone(),
                admission: self.admission(identity.is_some(), work.carries_bytes())?,
                identity,
                http2: !self.admission.no_http2,
                has_page: !self.admission.no_page,
                delay: self.delay()?,
                traced: self.output.frames,
                parts: self.passes_parts(&style),
                handshake_timeout: self.limits.handshake_timeout,
                max_clients: self.limits.max_clients.map(|most| most as usize),
                limits: Limits { max_message: self.limits.max_message, pongs: true },
                greeting: self.greeting()?,
                ticks: self.ticks()?,
                work,
                session,
            },
            source,
            style,
            record: self.output.recorded_to(),
            diagnostics: translate::diagnostics(&self.output, env, is_prompt),
        })
    }

    /// Which clients are let in, and how.
    fn admission(&self, is_tls: bool, carries_bytes: bool) -> Result<Admission, Error> {
        let admission = match self.forward.is_given() {
            true => self.admission.of_relay().admission(&self.address, is_tls)?,
            false => self.admission.admission(&self.address, is_tls)?,
        };
        // What websockify and its clients call it.
        Ok(Admission { favourite: carries_bytes.then_some("binary"), ..admission })
    }

    /// The work with clients.
    fn work(&self, env: &Env) -> Result<Arc<dyn ClientWork>, Error> {
        let keeps_credentials = self.admission.auth.is_some();
        match self.forward.upstream(&self.admission.delay, keeps_credentials, &self.output, env)? {
            Some(upstream) => Ok(Arc::new(ForwardWork(upstream))),
            None => self.work.work(env),
        }
    }

    /// Whether large messages go on in parts.
    fn passes_parts(&self, style: &OutputStyle) -> bool {
        let carries_bytes = style.format == PayloadFormat::Nothing && self.output.record.is_none();
        carries_bytes || self.forward.passes_parts(&self.output)
    }

    /// The delay of responses.
    fn delay(&self) -> Result<Duration, Error> {
        let delay = match &self.admission.delay[..] {
            _ if self.forward.is_given() => Some(Duration::ZERO),
            [] => Some(Duration::ZERO),
            [delay] => delay.plain(),
            _ => None,
        };
        delay.ok_or_else(|| {
            let why =
                "several times, a range or a direction for `--delay` are only for messages of a relay (--forward)";
            Error::Usage(why.to_owned())
        })
    }

    fn style(&self, env: &Env, is_prompt: bool, carries_bytes: bool) -> OutputStyle {
        let mut style = translate::style(&self.output, &self.stdin, env, is_prompt);
        if carries_bytes && style.format == PayloadFormat::Auto {
            style.format = PayloadFormat::Nothing;
        }
        OutputStyle { both_ways: self.forward.is_given(), ..style }
    }

    fn greeting(&self) -> Result<Batch, Error> {
        let messages = self.work.send.iter().map(|text| translate::message("--send <MSG>", text, &self.stdin));
        let files = self.work.send_file.iter().map(|path| read(path, self.stdin.binary));
        messages.chain(files).map(|message| message.map(Input::Message)).collect()
    }

    fn ticks(&self) -> Result<Vec<(Duration, Message)>, Error> {
        let tick = |pair: &[String]| {
            let option = "--every <TIME> <MSG>";
            let bad = |why: &str| Error::Usage(format!("invalid value `{}` for `{option}`: {why}", pair[0]));
            let every = crate::text::units::time(&pair[0]).map_err(|why| bad(&why))?;
            if every < Duration::from_millis(1) {
                return Err(bad("expected at least 1ms"));
            }
            Ok((every, translate::message(option, &pair[1], &self.stdin)?))
        };
        self.work.every.chunks_exact(2).map(tick).collect()
    }
}

impl LimitArgs {
    fn pings(&self) -> Result<Option<Pinging>, Error> {
        translate::pings(self.ping_interval, self.ping_timeout, false)
    }
}

impl WorkArgs {
    /// The work with clients; a script takes its place when it is read.
    fn work(&self, env: &Env) -> Result<Arc<dyn ClientWork>, Error> {
        if let Some(address) = &self.tcp {
            let route = Route { proxies: Proxies::default(), ..route(&Options::default(), env)? };
            return Ok(Arc::new(TcpWork { address: address.clone(), route }));
        }
        Ok(match (&self.exec, &self.replay) {
            (Some(command), _) => Arc::new(ExecWork { command: command.clone(), streams: self.stream }),
            (None, Some(file)) => Arc::new(self.recording(file)?),
            (None, None) if self.echo => Arc::new(EchoWork),
            (None, None) if self.broadcast => Arc::new(BroadcastWork),
            (None, None) => Arc::new(ConversationWork),
        })
    }

    fn recording(&self, file: &Path) -> Result<ServerReplay, Error> {
        let recording = Recording::open(file)?;
        if recording.connections().is_empty() {
            return Err(Error::Usage(format!("`{}` contains no recorded connection", file.display())));
        }
        Ok(ServerReplay { recording, speed: self.speed, compare: self.compare.then(|| Ignored(self.ignore.clone())) })
    }

    fn script(&self, env: &Env) -> Result<Option<ServerScript>, Error> {
        let variables = self.values.read()?;
        let Some(path) = &self.script else { return Ok(None) };
        let scripts = Scripts {
            paths: vec![path.clone()],
            options: dialing::names(),
            variables: Some(variables.clone()),
            dial: Dialer::new(Connections::default(), false, env).into(),
            given: DefaultConnection::Yes,
        };
        Ok(Some(ServerScript { scripts, variables }))
    }
}

impl AdmissionArgs {
    /// Without what a relay sends to its server: clients need not send that, nor do they get it.
    fn of_relay(&self) -> Self {
        Self { bearer: None, headers: Vec::new(), subprotocols: Vec::new(), ..self.clone() }
    }

    fn admission(&self, address: &Address, is_tls: bool) -> Result<Admission, Error> {
        let credentials = match (&self.auth, &self.bearer) {
            (Some(user), _) => Some(secret::user(user)?),
            (None, Some(token)) => Some(Credentials::Bearer(secret::resolve("--bearer", token)?)),
            (None, None) => None,
        };
        let mut headers = Vec::new();
        for text in &self.headers {
            headers.extend(secret::headers(text)?);
        }
        let origins = self.origins()?;
        Ok(Admission {
            refusal: self.refuse.clone(),
            path: self.path.clone(),
            credentials,
            digest: self.auth_digest.then(DigestClock::starting),
            hosts: self.hosts(address, &origins),
            origins,
            is_tls,
            subprotocols: secret::subprotocols(&self.subprotocols)?,
            favourite: None,
            compression: translate::compression(self.compress, self.compress_options)?,
            headers,
        })
    }

    fn origins(&self) -> Result<Origins, Error> {
        if self.origin.iter().any(|origin| origin == "*") {
            return Ok(Origins::Any);
        }
        let bad = |text: &str, why| Error::Usage(format!("invalid value `{text}` for `--origin <ORIGIN>`: {why}"));
        let read = |text: &String| OriginPattern::from_text(text).map_err(|why| bad(text, why));
        let patterns = self.origin.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(if patterns.is_empty() { Origins::Own } else { Origins::Only(patterns) })
    }

    /// The names of the server are known only on an address that others cannot reach.
    fn hosts(&self, address: &Address, origins: &Origins) -> Hosts {
        let is_guarded = address.is_local() && *origins != Origins::Any;
        if is_guarded || !self.host.is_empty() { Hosts::Only(self.host.clone()) } else { Hosts::Any }
    }
}

impl ListenTlsArgs {
    fn identity(&self, address: &Address, http2: bool) -> Result<Option<ServerIdentity>, Error> {
        let proof = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Proof::Files { certificate, key },
            _ if self.tls_self_signed => Proof::SelfSigned(ip(address)),
            _ if self.client_ca.is_some() => {
                return Err(Error::Usage(
                    "`--client-ca` needs `--tls-cert` and `--tls-key`, or `--tls-self-signed`".to_owned(),
                ));
            }
            _ => return Ok(None),
        };
        let clients = match &self.client_ca {
            Some(path) => match Trust::from_pem_file(path) {
                Ok(Trust::Only(authorities)) => Some(Arc::clone(&authorities.roots)),
                Ok(Trust::System | Trust::Anyone) => None,
                Err(why) => {
                    let path = path.display();
                    return Err(Error::Usage(format!("invalid value `{path}` for `--client-ca <FILE>`: {why}")));
                }
            },
            None => None,
        };
        ServerIdentity::new(proof, clients, if http2 { Alpn::Both } else { Alpn::Http1 })
            .map(Some)
            .map_err(Error::Usage)
    }
}

fn ip(address: &Address) -> Option<IpAddr> {
    match address {
        Address::Inet(address) => Some(address.ip()).filter(|ip| !ip.is_unspecified()),
        Address::Unix(_) => None,
    }
}

fn read(path: &Path, is_binary: bool) -> Result<Message, Error> {
    let data = file::read(path);
    let data = data.map_err(|source| Error::File { what: "read the message in", path: path.to_owned(), source })?;
    Ok(match String::from_utf8(data) {
        Ok(text) if !is_binary => Message::Text(Utf8Text::from(text)),
        Ok(text) => Message::Binary(text.into()),
        Err(error) => Message::Binary(error.into_bytes().into()),
    })
}

fn path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') || text.contains(|c: char| c.is_whitespace() || c.is_control() || "?#".contains(c)) {
        return Err("expected a path that begins with `/`, without `?`, `#` and spaces".to_owned());
    }
    Ok(text.to_owned())
}

/// `503`, `401:log in first`
fn refusal(text: &str) -> Result<(u16, String), String> {
    let (status, body) = text.split_once(':').unwrap_or((text, ""));
    match status.parse() {
        Ok(status @ 200..=599) => Ok((status, if body.is_empty() { String::new() } else { format!("{body}\n") })),
        _ => Err("expected a status from 200 to 599; the text of the body may follow after `:`".to_owned()),
    }
}
