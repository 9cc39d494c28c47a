//! A process with all that it starts: they are signalled together, and go together, also when we are killed.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{ChildStdin, Command as Process, ExitStatus, Stdio};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What a process that has to end gets between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);

/// Killed when it is dropped.
pub(crate) struct Group {
    pub(crate) child: Child,
    number: u32,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        // It takes longer to start than a command may take to start others.
        LazyLock::force(&GUARD);
        let child = command.process_group(0).spawn()?;
        let number = child.id().ok_or_else(|| io::Error::other("it has no number"))?;
        guard('+', number);
        Ok(Self { child, number })
    }

    /// Asks all of it to end, and waits a little; what is left of it goes when this is dropped.
    pub(crate) async fn end(&mut self) {
        self.signal(Signal::SIGTERM);
        let _ = timeout(GRACE, self.child.wait()).await;
    }

    /// How its process has ended, as a shell tells it; none while it runs.
    pub(crate) fn exit_code(&mut self) -> Option<u8> {
        let code = |status: ExitStatus| status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        self.child.try_wait().ok()?.map(code).and_then(|code| u8::try_from(code).ok())
    }

    fn signal(&self, signal: Signal) {
        // None when it has ended and been waited for: then its number may be another's by now.
        if let Some(group) = self.child.id() {
            let _ = killpg(Pid::from_raw(group.cast_signed()), signal);
        }
    }
}

/// A command in a shell.
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).kill_on_drop(true);
    shell
}

/// A running command with pipes to it and from it.
pub(crate) struct PipedGroup {
    pub(crate) group: Group,
    pub(crate) stdin: tokio::process::ChildStdin,
    pub(crate) stdout: tokio::process::ChildStdout,
}

impl PipedGroup {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut group = Group::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let stdin = group.child.stdin.take().expect("it was piped");
        let stdout = group.child.stdout.take().expect("it was piped");
        Ok(Self { group, stdin, stdout })
    }
}

/// A command in a shell, with pipes to it and from it, that is still to be started.
pub(crate) struct PipedShell {
    command: Command,
    stdin: PipeReader,
    stdout: PipeWriter,
}

impl PipedShell {
    /// With where to write what it reads, and where to read what it writes.
    pub(crate) fn new(command: &str) -> io::Result<(Self, File, File)> {
        let ((stdin, input), (output, stdout)) = (io::pipe()?, io::pipe()?);
        let shell = Self { command: shell(command), stdin, stdout };
        Ok((shell, File::from(OwnedFd::from(input)), File::from(OwnedFd::from(output))))
    }

    pub(crate) fn start(self) -> io::Result<Group> {
        let Self { mut command, stdin, stdout } = self;
        Group::spawn(command.stdin(stdin).stdout(stdout))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        guard('-', self.number);
    }
}

/// The way to a process that outlives us if we are killed, and kills the groups that are there then.
///
/// It reads from a pipe that only we hold: its end is ours. What Linux has for that (`PR_SET_PDEATHSIG`) reaches only the
/// process that we start, and nothing that it starts.
static GUARD: LazyLock<Mutex<Option<ChildStdin>>> = LazyLock::new(|| Mutex::new(start_guard().ok()));

const GUARDING: &str = r#"
trap '' HUP INT QUIT TERM
groups=' '
while read -r sign group; do
    case $sign in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;; esac ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
"#;

/// In a group of its own, as it would go with us otherwise.
fn start_guard() -> io::Result<ChildStdin> {
    let mut guard = Process::new("sh");
    guard.args(["-c", GUARDING]).current_dir("/").process_group(0);
    guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    guard.spawn()?.stdin.ok_or_else(|| io::Error::other("it was piped"))
}

/// Tells it of a group that is there from now on, or is no longer.
fn guard(sign: char, group: u32) {
    if let Ok(mut guard) = GUARD.lock()
        && let Some(pipe) = &mut *guard
    {
        // Without a guard the commands run all the same.
        let _ = pipe.write_all(format!("{sign} {group}\n").as_bytes());
    }
}
