//! Programs of Debian's packages that a test starts for itself.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{PATIENCE, free_port};

/// A running program; killed when dropped.
pub struct Daemon {
    child: Child,
    pub port: u16,
}

/// Whether a program is there; says loudly that a test is skipped where it is not.
pub fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        // Past the test harness, which keeps what is printed to itself.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED a test: `{program}` is not installed");
    }
    found
}

/// Starts a program on a free port and waits until it listens.
#[track_caller]
pub fn start(command: impl Fn(u16) -> Command) -> Daemon {
    let end = Instant::now() + PATIENCE;
    loop {
        let port = free_port();
        let mut command = command(port);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut daemon = Daemon { child: command.spawn().expect("it is installed"), port };
        // Ends early when somebody else took the port in between.
        while daemon.child.try_wait().expect("it is our child").is_none() {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return daemon;
            }
            assert!(Instant::now() < end, "it does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(Instant::now() < end, "it does not start");
    }
}

/// `openssl s_server`, which chooses a free port itself.
pub fn s_server<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Daemon {
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0"]).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("openssl is installed");
    let mut lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    let port = lines.by_ref().find_map(|line| line.ok()?.strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse().ok());
    std::thread::spawn(move || lines.for_each(drop));
    Daemon { child, port: port.expect("it says where it listens") }
}

/// Runs `openssl` to its end, in a directory.
#[track_caller]
pub fn openssl(dir: &Path, line: &str) {
    let ran = Command::new("openssl").args(line.split(' ')).current_dir(dir).output().expect("openssl is installed");
    assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
