//! A process with all that it starts: they are signalled together, and go together, also when we are killed.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command as Process, Stdio};
use std::sync::{LazyLock, Mutex};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// Killed when it is dropped.
pub(crate) struct Group {
    pub(crate) child: Child,
    number: u32,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let number = child.id().ok_or_else(|| io::Error::other("it has no number"))?;
        guard('+', number);
        Ok(Self { child, number })
    }

    /// Asks all of it to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    fn signal(&self, signal: Signal) {
        // None when it has ended and been waited for: then its number may be another's by now.
        if let Some(group) = self.child.id() {
            let _ = killpg(Pid::from_raw(group.cast_signed()), signal);
        }
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
