//! `--exec`: a process for each client, a message a line on its stdin and stdout, as websocketd does it.

use std::future::pending;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::address::ListenAddress;
use super::send_queue::SendQueue;
use crate::events::Input;
use crate::handshake::head::OpeningRequest;
use crate::message::{Close, Message, Utf8Text};
use crate::request::{Credentials, Header};
use crate::sys::process_group::Group;
use crate::target::percent_decoded;
use crate::transport::Peer;

/// What a process that has to end gets between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);

/// What one read of its stdout may bring.
const BLOCK: usize = 16 << 10;

/// A running command.
pub(crate) struct Process {
    group: Group,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    /// What it is to read.
    mailbox: Rc<SendQueue>,
}

/// What a process is told about its client.
pub(crate) struct Caller<'c> {
    pub(crate) opening: &'c OpeningRequest,
    pub(crate) peer: &'c Peer,
    pub(crate) site: &'c ListenAddress,
    pub(crate) credentials: Option<&'c Credentials>,
    pub(crate) unique: String,
}

impl Process {
    pub(crate) fn start(command: &str, caller: &Caller<'_>) -> io::Result<Self> {
        let mut process = Command::new("sh");
        process.args(["-c", command]).envs(caller.environment());
        process.stdin(Stdio::piped()).stdout(Stdio::piped());
        process.kill_on_drop(true);
        let mut group = Group::spawn(&mut process)?;
        let stdin = group.0.stdin.take();
        let stdout = group.0.stdout.take().expect("it was piped");
        Ok(Self { group, stdin, stdout, mailbox: Rc::default() })
    }

    pub(crate) fn mailbox(&self) -> Rc<SendQueue> {
        Rc::clone(&self.mailbox)
    }

    /// Moves messages both ways until it has said its last; then the client gets a Close, and all that it has started
    /// ends with it.
    ///
    /// When its mailbox ends, its stdin is closed behind the last message, and so much time is left to it after it has
    /// read something for the last time.
    pub(crate) async fn run(mut self, client: &SendQueue, max_line: usize, left: Duration) {
        let Self { group, stdin, stdout, mailbox } = &mut self;
        let write = async {
            if let Some(mut stdin) = stdin.take() {
                while write_lines(&mut stdin, mailbox).await.is_ok_and(|goes_on| goes_on) {}
            }
            // It may not want to read: then what is said to it is lost, as in a pipe to it.
            mailbox.close();
            pending::<()>().await;
        };
        let read = async {
            match read_lines(stdout, client, max_line).await {
                Some(close) => close,
                None => last_word(group.0.wait().await.ok()),
            }
        };
        let overdue = async {
            mailbox.ended().await;
            while timeout(left, mailbox.taken()).await.is_ok() {}
        };
        tokio::select! {
            close = read => client.put(Input::Close(Some(close))),
            () = write => {}
            () = overdue => {}
        }
        self.group.signal(Signal::SIGTERM);
        let _ = timeout(GRACE, self.group.0.wait()).await;
        // What is left of it goes when this is dropped.
    }
}

/// False when all is written that ever will be.
async fn write_lines(stdin: &mut ChildStdin, mailbox: &SendQueue) -> io::Result<bool> {
    let mut lines = BytesMut::new();
    let batch = mailbox.take().await;
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

impl Caller<'_> {
    /// The variables of CGI (RFC 3875), with those that websocketd adds.
    fn environment(&self) -> Vec<(String, String)> {
        let (path, query) = self.opening.resource.split_once('?').unwrap_or((&self.opening.resource, ""));
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
        let (name, server_port) = self.site.name_and_port();
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
            ("REQUEST_URI", &self.opening.resource),
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
        if self.site.is_tls() {
            variables.push(("HTTPS".to_owned(), "on".to_owned()));
        }
        for (name, value) in self.opening.fields.iter().filter_map(variable) {
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
