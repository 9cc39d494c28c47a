//! One message at a time (`--lockstep`): each is sent once the one before it has its reply.
//!
//! Plain code: told what was sent and what came, it says when the next may go out.

use std::time::Duration;

use regex::Regex;
use tokio::time::Instant;

use crate::message::DataKind;

/// `--until-each` and `--timeout-each`
#[derive(Clone, Debug, Default)]
pub(crate) struct LockstepOptions {
    /// What a reply has to match; without it, each message is one.
    pub(crate) until: Option<Regex>,
    /// How long a reply may take.
    pub(crate) timeout: Option<Duration>,
}

/// Follows the messages and their replies.
#[derive(Debug)]
pub(super) struct Lockstep {
    options: LockstepOptions,
    /// Whether a reply may be a binary message, as far as it has to match.
    looks_at_binary: bool,
    reply: ReplyState,
    answered: u64,
}

/// What the last message waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReplyState {
    /// The next message may go out.
    Settled,
    /// A message is on its way to the socket: its time has not begun.
    Sending,
    /// It has left then.
    AwaitedSince(Instant),
}

impl Lockstep {
    pub(super) fn new(options: LockstepOptions, looks_at_binary: bool) -> Self {
        Self { options, looks_at_binary, reply: ReplyState::Settled, answered: 0 }
    }

    /// A connection has begun: what had no reply is sent again.
    pub(super) fn begin(&mut self) {
        self.reply = ReplyState::Settled;
    }

    pub(super) fn sends(&mut self) {
        self.reply = ReplyState::Sending;
    }

    pub(super) fn is_sending(&self) -> bool {
        self.reply == ReplyState::Sending
    }

    /// The message has left.
    pub(super) fn sent(&mut self, now: Instant) {
        self.reply = ReplyState::AwaitedSince(now);
    }

    /// Takes in what came; true if that is the reply which was waited for.
    pub(super) fn received(&mut self, kind: DataKind, data: &[u8]) -> bool {
        let is_reply = self.waits()
            && self.options.until.as_ref().is_none_or(|until| {
                (kind == DataKind::Text || self.looks_at_binary) && until.is_match(&String::from_utf8_lossy(data))
            });
        if is_reply {
            self.reply = ReplyState::Settled;
            self.answered += 1;
        }
        is_reply
    }

    /// Whether a reply is waited for.
    pub(super) fn waits(&self) -> bool {
        self.reply != ReplyState::Settled
    }

    /// When it has taken too long.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.reply {
            ReplyState::AwaitedSince(since) => self.options.timeout.and_then(|timeout| since.checked_add(timeout)),
            ReplyState::Settled | ReplyState::Sending => None,
        }
    }

    /// From then to now we did not read.
    pub(super) fn excuse(&mut self, blocked: Instant, now: Instant) {
        if let ReplyState::AwaitedSince(since) = &mut self.reply {
            *since += now.saturating_duration_since(blocked.max(*since));
        }
    }

    /// What is still waited for, in words.
    pub(super) fn pending(&self) -> Option<String> {
        let message = self.answered + 1;
        self.waits().then(|| match &self.options.until {
            Some(until) => format!("nothing that matches `{until}` came after message {message}"),
            None => format!("no reply came after message {message}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lockstep(until: Option<&str>, seconds: Option<u64>) -> Lockstep {
        let until = until.map(|until| Regex::new(until).unwrap());
        Lockstep::new(LockstepOptions { until, timeout: seconds.map(Duration::from_secs) }, false)
    }

    #[test]
    fn one_message_is_the_reply_and_what_came_before_or_comes_after_is_none() {
        let mut lockstep = lockstep(None, None);
        assert!(!lockstep.received(DataKind::Text, b"welcome"));
        lockstep.sends();
        assert!(lockstep.waits() && lockstep.received(DataKind::Binary, b"a") && !lockstep.waits());
        assert!(!lockstep.received(DataKind::Text, b"b"));
    }

    #[test]
    fn a_reply_has_to_match_if_that_was_asked_for() {
        let mut lockstep = lockstep(Some("^ok"), None);
        lockstep.sends();
        assert!(!lockstep.received(DataKind::Text, b"not ok") && !lockstep.received(DataKind::Binary, b"ok"));
        assert_eq!(lockstep.pending().unwrap(), "nothing that matches `^ok` came after message 1");
        assert!(lockstep.received(DataKind::Text, b"ok"));
        assert_eq!(lockstep.pending(), None);
    }

    #[test]
    fn the_time_of_a_reply_begins_when_the_message_has_left_and_not_while_we_do_not_read() {
        let second = Duration::from_secs(1);
        let mut lockstep = lockstep(None, Some(3));
        let start = Instant::now();
        lockstep.sends();
        assert_eq!(lockstep.due(), None);
        lockstep.sent(start);
        assert_eq!(lockstep.due(), Some(start + 3 * second));
        lockstep.excuse(start + second, start + 5 * second);
        assert_eq!(lockstep.due(), Some(start + 7 * second));
        lockstep.received(DataKind::Text, b"a");
        assert_eq!(lockstep.due(), None);
    }
}
