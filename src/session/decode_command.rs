//! `--decode-with`: a command that decodes messages, each with its length before it, and answers with a line.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::codec::{DecodedMessage, Decoding};
use crate::message::{Close, Message};
use crate::sys::process_group::{PipedGroup, shell};
use crate::text::lines::LineSplitter;

/// How long the command may take for a message.
const PATIENCE: Duration = Duration::from_secs(10);

const BLOCK: usize = 8 << 10;

/// A command that is started for the first message, and gets the messages of all sessions that share it, one by one.
#[derive(Clone)]
pub(crate) struct DecodeCommand {
    line: Arc<str>,
    state: Arc<Mutex<CommandState>>,
}

enum CommandState {
    Waiting,
    Running(Box<RunningDecoder>),
    /// It is not asked again.
    Failed(String),
}

struct RunningDecoder {
    group: PipedGroup,
    said: LineSplitter,
}

impl DecodeCommand {
    /// A command for the shell.
    pub(crate) fn new(line: &str) -> Self {
        Self { line: line.into(), state: Arc::new(Mutex::new(CommandState::Waiting)) }
    }

    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    /// What the command says of a binary message, in at most `limit` bytes.
    pub(super) async fn decode(&self, message: &Message, limit: usize) -> Option<Arc<Decoding>> {
        let Message::Binary(data) = message else { return None };
        let decoding = match self.ask(data, limit).await {
            Ok(line) => DecodedMessage::of_line(&line, limit).map_err(|error| format!("not decoded: {error}")),
            Err(why) => Err(format!("not decoded: {why}")),
        };
        Some(Arc::new(decoding))
    }

    async fn ask(&self, data: &[u8], limit: usize) -> Result<Bytes, String> {
        let state = &mut *self.state.lock().await;
        if let CommandState::Waiting = state {
            *state = match PipedGroup::spawn(&mut shell(&self.line)) {
                Ok(group) => CommandState::Running(Box::new(RunningDecoder { group, said: LineSplitter::default() })),
                Err(error) => CommandState::Failed(format!("cannot start the command (--decode-with): {error}")),
            };
        }
        // A session that ends meanwhile leaves the command in the middle of a message: the next one starts it anew.
        match std::mem::replace(state, CommandState::Waiting) {
            CommandState::Waiting => unreachable!("it was started"),
            CommandState::Failed(why) => {
                *state = CommandState::Failed(why.clone());
                Err(why)
            }
            CommandState::Running(mut running) => {
                let answer = match timeout(PATIENCE, running.ask(data, limit)).await {
                    Ok(answer) => answer,
                    Err(_) => Err(format!("the command (--decode-with) did not answer within {PATIENCE:?}")),
                };
                *state = match &answer {
                    Ok(_) => CommandState::Running(running),
                    Err(why) => CommandState::Failed(why.clone()),
                };
                answer
            }
        }
    }
}

impl RunningDecoder {
    /// Both sides at once: what it says may fill the pipe before it has read all.
    async fn ask(&mut self, data: &[u8], limit: usize) -> Result<Bytes, String> {
        let length = u32::try_from(data.len()).map_err(|_| "the message has 4 GiB or more".to_owned())?;
        let PipedGroup { stdin, stdout, group } = &mut self.group;
        let write = async {
            let mut head = BytesMut::from(&length.to_be_bytes()[..]);
            head.extend_from_slice(&data[..data.len().min(BLOCK)]);
            stdin.write_all(&head).await?;
            stdin.write_all(data.get(BLOCK..).unwrap_or_default()).await?;
            stdin.flush().await
        };
        let read = read_line(stdout, &mut self.said, limit);
        // A command that has gone says so by the end of its output.
        let (_, line) = tokio::join!(write, read);
        match line? {
            Some(line) => Ok(line),
            None => {
                let status = timeout(PATIENCE, group.child.wait()).await.ok().and_then(Result::ok);
                let why = Close::after(status).reason;
                Err(format!("{} (--decode-with)", if why.is_empty() { "the command ended" } else { &why }))
            }
        }
    }
}

/// The next line, without its end; none at the end of all.
async fn read_line(
    stdout: &mut tokio::process::ChildStdout,
    said: &mut LineSplitter,
    limit: usize,
) -> Result<Option<Bytes>, String> {
    loop {
        if let Some(line) = said.next(false) {
            return Ok(Some(line));
        }
        if said.rest.len() > limit {
            return Err(format!("the command (--decode-with) said more than {limit} bytes (--max-message)"));
        }
        said.rest.reserve(BLOCK);
        match stdout.read_buf(&mut said.rest).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Ok(None),
        }
    }
}

impl std::fmt::Debug for DecodeCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DecodeCommand").field(&self.line).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    async fn said(command: &DecodeCommand, data: &'static [u8]) -> Result<String, String> {
        let decoding = command.decode(&Message::Binary(data.into()), 100).await.expect("binary messages are decoded");
        decoding.as_ref().as_ref().map(DecodedMessage::json).map_err(Clone::clone)
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_does_not_answer_is_not_asked_again() {
        let command = DecodeCommand::new("sleep 1000");
        for _ in 0..2 {
            let why = "not decoded: the command (--decode-with) did not answer within 10s".to_owned();
            assert_eq!(said(&command, b"a").await, Err(why));
        }
    }

    #[tokio::test]
    async fn one_that_says_too_much_is_not_asked_again() {
        let command = DecodeCommand::new("head -c 1000 /dev/zero | tr '\\0' x; cat > /dev/null");
        let why = "not decoded: the command (--decode-with) said more than 100 bytes (--max-message)".to_owned();
        assert_eq!(said(&command, b"a").await, Err(why));
    }

    #[tokio::test]
    async fn a_question_that_nobody_waits_for_any_more_does_not_spoil_the_next() {
        let command = DecodeCommand::new("head -c 5 | tr '\\0' 0; if [ -e /dev/null ]; then echo; sleep 1000; fi");
        // Dropped while it waits for the command.
        assert!(said(&command, b"abc").now_or_never().is_none());
        assert_eq!(said(&command, b"d").await, Ok("\"000\\u0001d\"".to_owned()));
    }
}
