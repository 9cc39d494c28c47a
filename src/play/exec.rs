//! `exec`: a command in a shell, with a time limit; what it prints can be captured.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use super::scope::ScriptScope;
use crate::script::syntax::Template;
use crate::sys::process_group::Group;

/// What is captured has to fit into memory, and into a message.
const LONGEST: u64 = 16 << 20;

/// How much of stderr is shown with a failure.
const LAST_WORDS: usize = 4 << 10;

/// A command that names no limit.
const WITHIN: Duration = Duration::from_secs(30);

/// Runs the command of a step in the folder of its script, whose variables are its environment; `local` has values for
/// some of them.
///
/// # Errors
/// A message for the user.
pub(crate) async fn step(
    command: &Template,
    local: &[(String, String)],
    within: Option<Duration>,
    scope: &ScriptScope,
) -> Result<String, String> {
    // The check lets no variable in: a shell would run what it holds.
    let command = command.literal().ok_or_else(|| "a command cannot contain `{{…}}`".to_owned())?;
    let environment = scope.with(local, |scope| scope.environment(command))?;
    run(command, environment, &scope.dir, within.unwrap_or(WITHIN)).await
}

/// Runs it in a folder, with variables in its environment; its stdout, without the final line feed.
///
/// # Errors
/// A message for the user, with the end of its stderr: it could not be started, failed or took too long.
async fn run(
    command: &str,
    environment: BTreeMap<String, String>,
    dir: &Path,
    within: Duration,
) -> Result<String, String> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).envs(environment).current_dir(dir);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::spawn(&mut shell).map_err(|error| format!("it cannot be started: {error}"))?;
    let stdout = group.child.stdout.take().expect("it was piped");
    let stderr = group.child.stderr.take().expect("it was piped");
    let mut said = Vec::new();
    let ended = async {
        let (read, _) = tokio::join!(read(stdout), keep_last(stderr, &mut said));
        Ok::<_, io::Error>((group.child.wait().await?, read?))
    };
    let ended = timeout(within, ended).await;
    let words = |what: String| match String::from_utf8_lossy(&said).trim_end() {
        "" => what,
        said => format!("{what}; its stderr: {said}"),
    };
    match ended {
        Err(_) => Err(words(format!("it did not finish within {within:?}"))),
        Ok(Err(error)) => Err(words(format!("it failed: {error}"))),
        Ok(Ok((status, _))) if !status.success() => Err(words(ended_with(status))),
        Ok(Ok((_, printed))) => {
            let printed = String::from_utf8(printed).map_err(|_| "what it printed is not UTF-8".to_owned())?;
            let line_end = if printed.ends_with("\r\n") { 2 } else { usize::from(printed.ends_with('\n')) };
            Ok(printed[..printed.len() - line_end].to_owned())
        }
    }
}

fn ended_with(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with status {code}"),
        None => format!("it was terminated: {status}"),
    }
}

async fn read(stdout: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut printed = Vec::new();
    stdout.take(LONGEST + 1).read_to_end(&mut printed).await?;
    if printed.len() as u64 > LONGEST {
        return Err(io::Error::other("it printed more than 16 MiB"));
    }
    Ok(printed)
}

async fn keep_last(mut stderr: impl AsyncRead + Unpin, last: &mut Vec<u8>) {
    while stderr.read_buf(last).await.is_ok_and(|length| length > 0) {
        last.drain(..last.len().saturating_sub(LAST_WORDS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    async fn ran(command: &str) -> Result<String, String> {
        let environment = [("who".to_owned(), "a'; b $(c)".to_owned())];
        run(command, environment.into(), Path::new("/"), LONG).await
    }

    #[tokio::test]
    async fn what_it_prints_comes_back_without_its_last_line_end() {
        assert_eq!(ran("printf 'a\\nb\\n\\n'").await.as_deref(), Ok("a\nb\n"));
        assert_eq!(ran("pwd").await.as_deref(), Ok("/"));
        assert_eq!(ran("printf a; cat").await.as_deref(), Ok("a"));
    }

    #[tokio::test]
    async fn a_variable_is_a_value_and_no_command() {
        assert_eq!(ran("printf %s \"$who\"").await.as_deref(), Ok("a'; b $(c)"));
    }

    #[tokio::test]
    async fn a_failure_comes_with_what_it_said() {
        assert_eq!(ran("echo no >&2; exit 3").await.unwrap_err(), "it ended with status 3; its stderr: no");
        assert!(ran("kill -9 $$").await.unwrap_err().starts_with("it was terminated: signal: 9"));
        assert_eq!(ran("printf '\\377'").await.unwrap_err(), "what it printed is not UTF-8");
    }

    #[tokio::test]
    async fn at_the_limit_the_whole_group_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        // A grandchild that would hold the pipe open.
        let error = run("sleep 1000 & echo $! > pid; wait", BTreeMap::new(), dir.path(), Duration::from_millis(300))
            .await
            .unwrap_err();
        assert_eq!(error, "it did not finish within 300ms");
        let pid = std::fs::read_to_string(dir.path().join("pid")).unwrap();
        let stat = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        while !stat().is_empty() && !stat().contains(") Z ") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
