//! What the integration tests share: the real binary, with its streams and its exit status, and real servers.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

pub mod backpressure;
pub mod daemon;
pub mod http;
pub mod http2;
pub mod listening;
pub mod net;
pub mod proxy;
pub mod pty;
pub mod schema;
pub mod talking;
pub mod tls;
pub mod tmux;

use std::ffi::OsStr;
use std::future::Future;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigHandler, Signal, signal};
pub use wsprobe::testing::{Client, Said, Server};

/// Long enough for a loaded machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program that is tested: the one that cargo has built for that, or the one that `WSPROBE_BINARY` names.
pub fn binary() -> &'static str {
    static BINARY: LazyLock<String> =
        LazyLock::new(|| std::env::var("WSPROBE_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_wsprobe").to_owned()));
    &BINARY
}

/// The binary, in an environment of its own.
pub fn tool() -> Tool {
    prepared(Command::new(binary()))
}

/// The same, started by a shell: `"$@"` in the script is the binary with its arguments.
pub fn tool_in_shell(script: &str) -> Tool {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", binary()]);
    prepared(command)
}

fn prepared(mut command: Command) -> Tool {
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A test run in the background of a script ignores SIGINT, and its children would do so too.
    let heed_signals = || {
        for name in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
            // SAFETY: there is no handler that could be called.
            unsafe { signal(name, SigHandler::SigDfl) }?;
        }
        Ok(())
    };
    // SAFETY: sigaction(2) is safe to call between fork and exec.
    unsafe { command.pre_exec(heed_signals) };
    Tool { command, input: None }
}

/// A run to start: arguments, environment, stdin.
pub struct Tool {
    pub command: Command,
    input: Option<Vec<u8>>,
}

/// The results of a run.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Tool {
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// A pipe on stdin that holds this and then ends. Without it stdin is /dev/null.
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.command.stdin(Stdio::piped());
        self.input = Some(input.into());
        self
    }

    /// Something else on stdin.
    pub fn stdin_from(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    pub fn stdout_to(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// Starts it with pipes on all sides; the caller drives it, and stdin stays open until the caller drops it.
    pub fn spawn(mut self) -> Running {
        self.command.stdin(Stdio::piped());
        self.start()
    }

    /// Starts it with the stdin that it was given.
    pub fn start(mut self) -> Running {
        let recorded = schema::Recorded::by(&self.command);
        let mut child = self.command.spawn().expect("the binary was built");
        if let Some(input) = self.input {
            let mut stdin = child.stdin.take().expect("it was piped");
            // The program may leave before it has read all.
            std::thread::spawn(move || drop(stdin.write_all(&input)));
        }
        Running { child, recorded }
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(self) -> Ran {
        self.start().wait()
    }
}

/// A running process; killed when dropped.
pub struct Running {
    pub child: Child,
    recorded: schema::Recorded,
}

impl Running {
    /// Waits for the end, and fails the test if there is none.
    #[track_caller]
    pub fn wait(mut self) -> Ran {
        let stdout = self.child.stdout.take().map(read_all);
        let stderr = self.child.stderr.take().map(read_all);
        let code = self.wait_code();
        let stdout = stdout.map(|reader| reader.join().expect("it only reads")).unwrap_or_default();
        let stderr = stderr.map(|reader| reader.join().expect("it only reads")).unwrap_or_default();
        self.recorded.check(&stdout);
        Ran { code, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
    }

    #[track_caller]
    pub fn wait_code(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.code();
            }
            assert!(Instant::now() < end, "it did not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The most memory that it has held, in bytes (`VmHWM` in proc(5)); it has to be running still.
    pub fn peak_memory(&self) -> u64 {
        self.memory_as("VmHWM:")
    }

    /// What it holds now (`VmRSS`).
    pub fn memory(&self) -> u64 {
        self.memory_as("VmRSS:")
    }

    fn memory_as(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it runs");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("proc(5)");
        kib * 1024
    }

    /// The processor time that it has taken (`utime` and `stime` in proc(5)); it has to be running still.
    pub fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let (_, fields) = stat.rsplit_once(") ").expect("proc(5)");
        let ticks: u64 = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("proc(5)")).sum();
        // USER_HZ is 100 on all machines that these tests run on.
        Duration::from_millis(ticks * 10)
    }

    pub fn signal(&self, signal: Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, signal).expect("it runs");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_all(mut stream: impl std::io::Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        all
    })
}

impl Ran {
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    #[track_caller]
    pub fn stdout(self, expected: impl AsRef<[u8]>) -> Self {
        let (got, expected) = (String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(expected.as_ref()));
        assert_eq!(got, expected, "stderr: {}", self.stderr);
        self
    }

    /// All of stderr.
    #[track_caller]
    pub fn stderr(self, expected: &str) -> Self {
        assert_eq!(self.stderr, expected);
        self
    }

    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "`{part}` is missing in: {}", self.stderr);
        self
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

pub fn url(server: &Server) -> String {
    format!("ws://127.0.0.1:{}/", server.port())
}

/// What stderr holds after a run that ended well.
pub fn all_well(url: &str) -> String {
    format!("{}wsprobe: closed 1000 (normal closure)\n", connected(url))
}

/// The same where the server closed.
pub fn closed_well(url: &str) -> String {
    format!("{}wsprobe: closed 1000 by the server (normal closure)\n", connected(url))
}

/// What stderr holds once the connection is open.
pub fn connected(url: &str) -> String {
    format!("wsprobe: connected to {url}\n")
}

/// A server that sends every message back.
pub fn echo() -> Server {
    Server::echo().expect("there are free ports")
}

/// A server that does this with each client.
pub fn serving<F: Future<Output = ()> + 'static>(serve: impl Fn(Client) -> F + Send + 'static) -> Server {
    Server::start(serve).expect("there are free ports")
}

/// A server that sends these messages and closes.
pub fn saying(texts: &'static [&'static str]) -> Server {
    serving(move |client| async move {
        for text in texts {
            client.feed(text).await;
        }
        client.close(1000, "").await;
    })
}

/// A server that sends nothing, and what it receives.
pub fn hearing() -> (Server, Heard) {
    let (tell, heard) = channel();
    let server = serving(move |client| {
        let tell = tell.clone();
        async move {
            while let Some(said) = client.next().await {
                let _ = tell.send(said);
            }
        }
    });
    (server, Heard(heard))
}

pub fn text(text: &str) -> Said {
    Said::Text(text.to_owned())
}

/// What clients said to a server.
pub struct Heard(mpsc::Receiver<Said>);

impl Heard {
    #[track_caller]
    pub fn next(&self) -> Said {
        self.0.recv_timeout(PATIENCE).expect("a client says something")
    }

    /// All up to a Close, which is left out.
    #[track_caller]
    pub fn until_close(&self) -> Vec<Said> {
        std::iter::from_fn(|| Some(self.next()).filter(|said| !matches!(said, Said::Close(..)))).collect()
    }

    /// The same, when all of it is text.
    #[track_caller]
    pub fn texts(&self) -> Vec<String> {
        let text = |said| match said {
            Said::Text(text) => text,
            other => panic!("{other:?} is no text"),
        };
        self.until_close().into_iter().map(text).collect()
    }
}

/// A TCP server that is not a WebSocket server: `serve` gets its first connection once the request's head is read.
pub struct Raw {
    port: u16,
    done: JoinHandle<()>,
}

impl Raw {
    pub fn start(serve: impl FnOnce(TcpStream, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        let port = listener.local_addr().expect("it is bound").port();
        let done = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client comes");
            let head = read_head(&mut stream);
            serve(stream, head);
        });
        Self { port, done }
    }

    /// Opens a WebSocket connection, and leaves the frames to `serve`.
    pub fn open(serve: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        Self::start(move |mut stream, head| {
            stream.write_all(switching(&head).as_bytes()).expect("the client reads");
            serve(stream);
        })
    }

    /// Answers with these bytes, and closes.
    pub fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut stream, _| {
            let _ = stream.write_all(&answer);
        })
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the server's own checks.
    pub fn join(self) {
        self.done.join().expect("the server's checks hold");
    }
}

pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;

/// A whole frame as a server sends it (RFC 6455, section 5.2), with a payload of up to 125 bytes.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("it is short");
    [&[0x80 | opcode, length], payload].concat()
}

/// Reads a frame of a client, with a payload of up to 125 bytes: opcode and payload.
pub fn read_frame(stream: &mut impl std::io::Read) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 6];
    stream.read_exact(&mut head)?;
    let mut payload = vec![0; usize::from(head[1] & 0x7f)];
    stream.read_exact(&mut payload)?;
    for (byte, mask) in payload.iter_mut().zip(head[2..].iter().cycle()) {
        *byte ^= mask;
    }
    Ok((head[0] & 0x0f, payload))
}

/// Reads up to the empty line.
pub fn read_head(stream: &mut impl std::io::Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The value of a field in a head.
pub fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The answer that opens a WebSocket connection to the request.
pub fn switching(head: &str) -> String {
    use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
    let key = field(head, "Sec-WebSocket-Key").expect("a request has a key");
    let accept = BASE64.encode(sha1(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11").as_bytes()));
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

fn sha1(data: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, data).as_ref().to_vec()
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("there are free ports").port()
}

/// A way for a server's code to tell the test something.
pub fn channel<T>() -> (mpsc::Sender<T>, mpsc::Receiver<T>) {
    mpsc::channel()
}

/// Where a test may keep files.
pub fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room for files")
}

pub fn path(dir: &tempfile::TempDir, name: &str) -> PathBuf {
    dir.path().join(name)
}
