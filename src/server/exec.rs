//! `--exec`: a process for each client, one message per line on its stdin and stdout, as websocketd does it.

use std::future::pending;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use memchr::memchr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::address::ListenAddress;
use super::clients::ConnectedClient;
use super::send_queue::SendQueue;
use super::side_task::SideTask;
use super::work::{ClientTask, ClientWork, NewClient, NoTask};
use crate::events::{End, Event, EventKind, Input};
use crate::handshake::admission::Admission;
use crate::handshake::origin::Origins;
use crate::message::{Close, Direction, Message, Utf8Text};
use crate::request::{Credentials, Header};
use crate::session::Gone;
use crate::sys::process_group::Group;
use crate::target::percent_decoded;
use crate::transport::Peer;

/// What a process that has to end gets between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);

/// What one read of its stdout may bring.
const BLOCK: usize = 16 << 10;

/// Runs a command for each client.
#[derive(Debug)]
pub(crate) struct ExecWork(pub(crate) String);

/// A client with a command that is run for it.
struct ExecClient {
    /// What the command is to read.
    queue: Rc<SendQueue>,
    command: SideTask,
}

/// A running command.
struct Process {
    group: Group,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    /// What it is to read.
    queue: Rc<SendQueue>,
}

/// What a process is told about its client.
struct Caller<'c> {
    resource: &'c str,
    fields: &'c [Header],
    peer: &'c Peer,
    address: &'c ListenAddress,
    credentials: Option<&'c Credentials>,
    unique: String,
}

impl ClientWork for ExecWork {
    fn warning(&self, admission: &Admission) -> Option<&'static str> {
        (admission.origins == Origins::Any)
            .then_some("any web page in a browser on this machine can talk to the command (--origin '*' with --exec)")
    }

    fn begin(&self, new: &mut NewClient<'_>) -> Box<dyn ClientTask> {
        let (server, client) = (new.server, Rc::clone(new.client));
        match Process::start(&self.0, &Caller::of(new)) {
            Ok(process) => {
                let (queue, max_line) = (Rc::clone(&process.queue), server.acceptor.limits.max_message);
                let running = process.run(client, max_line, server.close_timeout);
                Box::new(ExecClient { queue, command: SideTask::new(running) })
            }
            Err(error) => {
                server.talk.error(&format!("{}: the command cannot be started: {error}", client.name));
                client.dismiss(Close::new(1011, "the command cannot be started"));
                Box::new(NoTask)
            }
        }
    }
}

impl ClientTask for ExecClient {
    fn room(&self) -> Option<LocalBoxFuture<'_, Result<(), Gone>>> {
        // A process that is slow to read makes its client wait; only the client decides when to give up.
        self.queue.is_full().then(|| self.queue.room().map(Ok).boxed_local())
    }

    fn hear(&self, event: &Event) {
        if let EventKind::Message(Direction::In, message) = &event.what {
            self.queue.put(Input::Message(message.clone()));
        }
    }

    fn attend<'t>(&'t self, session: LocalBoxFuture<'t, Rc<End>>) -> LocalBoxFuture<'t, Rc<End>> {
        self.command.beside(session)
    }

    /// What the client said last is still to be read.
    fn finish<'t>(&'t self, _: &'t End) -> LocalBoxFuture<'t, ()> {
        self.queue.end();
        self.command.finish().boxed_local()
    }
}

impl Process {
    fn start(command: &str, caller: &Caller<'_>) -> io::Result<Self> {
        let mut process = Command::new("sh");
        process.args(["-c", command]).envs(caller.environment());
        process.stdin(Stdio::piped()).stdout(Stdio::piped());
        process.kill_on_drop(true);
        let mut group = Group::spawn(&mut process)?;
        let stdin = group.child.stdin.take();
        let stdout = group.child.stdout.take().expect("it was piped");
        Ok(Self { group, stdin, stdout, queue: Rc::default() })
    }

    /// Moves messages both ways until it has said its last; then the client gets a Close, and all that it has started
    /// ends with it.
    ///
    /// When its queue ends, its stdin is closed after the last message, and this much time is left to it after it has
    /// read something for the last time.
    async fn run(mut self, client: Rc<ConnectedClient>, max_line: usize, left: Duration) {
        let Self { group, stdin, stdout, queue } = &mut self;
        let client = &client.queue;
        let write = async {
            if let Some(mut stdin) = stdin.take() {
                while write_lines(&mut stdin, queue).await.is_ok_and(|goes_on| goes_on) {}
            }
            // It may not want to read: then what is said to it is lost, as in a pipe to it.
            queue.close();
            pending::<()>().await;
        };
        let read = async {
            match read_lines(stdout, client, max_line).await {
                Some(close) => close,
                None => last_word(group.child.wait().await.ok()),
            }
        };
        let overdue = async {
            queue.ended().await;
            while timeout(left, queue.taken()).await.is_ok() {}
        };
        tokio::select! {
            close = read => client.put(Input::Close(Some(close))),
            () = write => {}
            () = overdue => {}
        }
        self.group.terminate();
        let _ = timeout(GRACE, self.group.child.wait()).await;
        // What is left of it goes when this is dropped.
    }
}

/// False when all is written that ever will be.
async fn write_lines(stdin: &mut ChildStdin, queue: &SendQueue) -> io::Result<bool> {
    let mut lines = BytesMut::new();
    let batch = queue.take().await;
    if batch.is_empty() {
        return Ok(false);
    }
    for input in batch {
        if let Input::Message(message) = input {
            lines.extend_from_slice(message.data());
            lines.extend_from_slice(b"\n");
        }
    }
    stdin.write_all(&lines).await.map(|()| true)
}

/// Sends each line as a message, until there are no more; a Close if one is too long.
async fn read_lines(stdout: &mut ChildStdout, client: &SendQueue, max_line: usize) -> Option<Close> {
    let mut lines = LineSplitter::default();
    loop {
        lines.rest.reserve(BLOCK);
        let has_ended = !stdout.read_buf(&mut lines.rest).await.is_ok_and(|length| length > 0);
        while let Some(line) = lines.next(has_ended) {
            // A client that does not take its process's output makes the process wait, not the server.
            client.room().await;
            client.put(Input::Message(message(line)));
        }
        if has_ended {
            return None;
        }
        if lines.rest.len() > max_line {
            return Some(Close::new(1011, "the command wrote a line that is too long"));
        }
    }
}

/// Cuts what comes into lines.
#[derive(Default)]
struct LineSplitter {
    rest: BytesMut,
    /// How much of it is known to hold no line's end.
    searched: usize,
}

impl LineSplitter {
    /// The next line, its end cut off; at the end of all, what is left counts as one too.
    fn next(&mut self, has_ended: bool) -> Option<Bytes> {
        let Some(found) = memchr(b'\n', &self.rest[self.searched..]) else {
            self.searched = self.rest.len();
            self.searched *= usize::from(!has_ended);
            return (has_ended && !self.rest.is_empty()).then(|| self.rest.split().freeze());
        };
        let mut line = self.rest.split_to(self.searched + found + 1);
        self.searched = 0;
        line.truncate(line.len() - if line.ends_with(b"\r\n") { 2 } else { 1 });
        Some(line.freeze())
    }
}

/// Text, unless it is none.
fn message(line: Bytes) -> Message {
    Utf8Text::try_from(line.clone()).map_or(Message::Binary(line), Message::Text)
}

fn last_word(status: Option<ExitStatus>) -> Close {
    match status {
        Some(status) if status.success() => Close::new(1000, ""),
        Some(status) => Close::new(1011, format!("the command ended with {status}")),
        None => Close::new(1011, "the status of the command is unknown"),
    }
}

impl<'c> Caller<'c> {
    fn of(new: &NewClient<'c>) -> Self {
        Self {
            resource: new.resource,
            fields: &new.opened.headers,
            peer: &new.opened.peer,
            address: &new.server.address,
            credentials: new.server.acceptor.admission.credentials.as_ref(),
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
            Some(Credentials::Basic { user, .. }) => (user.as_str(), "Basic"),
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
    fn lines_are_cut_wherever_blocks_end() {
        let text = b"a\r\n\nbc\nd";
        for size in 1..=text.len() {
            let mut lines = LineSplitter::default();
            let mut got = Vec::new();
            for block in text.chunks(size) {
                lines.rest.extend_from_slice(block);
                got.extend(std::iter::from_fn(|| lines.next(false)));
            }
            got.extend(std::iter::from_fn(|| lines.next(true)));
            assert_eq!(got, ["a", "", "bc", "d"], "{size}");
        }
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_a_binary_message() {
        assert_eq!(message(Bytes::from_static(b"a")), Message::from("a"));
        assert_eq!(message(Bytes::from_static(b"\xff")), Message::Binary(Bytes::from_static(b"\xff")));
    }

    #[test]
    fn headers_become_variables_but_for_those_that_would_do_harm() {
        let header = |name: &str, value: &str| variable(&Header::new(name, value));
        assert_eq!(header("X-Tenant", "blue"), Some(("HTTP_X_TENANT".to_owned(), "blue".to_owned())));
        for name in ["Proxy", "proxy", "Authorization", "a_b", "x;y"] {
            assert_eq!(header(name, "x"), None, "{name}");
        }
    }
}
