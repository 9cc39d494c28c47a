//! Which message of ours a message answers.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Instant;

use serde_json_path::JsonPath;

/// A connection waits for this many replies at most: what a server leaves unanswered must not fill the memory.
const MOST: usize = 1024;

/// How the reply to a message is found.
#[derive(Clone, Debug)]
pub(crate) enum ReplyMatch {
    /// It says the same.
    Echo,
    /// It is the next message that comes.
    Next,
    /// It has the same JSON at this path; or anything there, where the message had nothing.
    Json(JsonPath),
    /// There is none.
    None,
}

/// A message that waits for its reply.
#[derive(Clone, Copy, Debug)]
struct AwaitedReply {
    due: Instant,
    /// What it is known by; none is known by its turn.
    key: Option<u64>,
}

/// The messages of a connection that wait for their replies, in the order in which they were due.
pub(super) struct AwaitedReplies<'m> {
    matching: &'m ReplyMatch,
    awaited: VecDeque<AwaitedReply>,
    /// Those that nobody waits for any longer.
    given_up: u64,
}

impl ReplyMatch {
    /// What a message and its reply have in common; nothing where that is their turn.
    pub(super) fn key(&self, data: &[u8]) -> Option<u64> {
        match self {
            Self::Echo => Some(hash(data)),
            Self::Json(path) => found(path, data),
            Self::Next | Self::None => None,
        }
    }
}

impl<'m> AwaitedReplies<'m> {
    pub(super) fn new(matching: &'m ReplyMatch) -> Self {
        Self { matching, awaited: VecDeque::new(), given_up: 0 }
    }

    /// A message was sent that was due then.
    pub(super) fn sent(&mut self, due: Instant, data: &[u8]) {
        if matches!(self.matching, ReplyMatch::None) {
            return;
        }
        let key = self.matching.key(data);
        if self.awaited.len() == MOST {
            self.awaited.pop_front();
            self.given_up += 1;
        }
        self.awaited.push_back(AwaitedReply { due, key });
    }

    /// A message came: when that was due which it answers, if it answers one.
    pub(super) fn came(&mut self, data: &[u8]) -> Option<Instant> {
        let key = match self.matching {
            _ if self.awaited.is_empty() => return None,
            ReplyMatch::Next => return self.awaited.pop_front().map(|first| first.due),
            matching => matching.key(data)?,
        };
        let at = self.awaited.iter().position(|awaited| awaited.key.is_none_or(|known| known == key))?;
        self.awaited.remove(at).map(|answered| answered.due)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.awaited.is_empty()
    }

    /// How many have not been answered.
    pub(super) fn unanswered(&self) -> u64 {
        self.given_up + self.awaited.len() as u64
    }
}

fn hash(data: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    hasher.finish()
}

/// What a message has at a path.
fn found(path: &JsonPath, data: &[u8]) -> Option<u64> {
    let value = serde_json::from_slice::<serde_json::Value>(data).ok()?;
    path.query(&value).first().map(|value| hash(value.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Which of the messages, by its number, each that comes answers.
    fn answered(matching: &ReplyMatch, sent: &[&str], came: &[&str]) -> (Vec<Option<u64>>, u64) {
        let begun = Instant::now();
        let mut replies = AwaitedReplies::new(matching);
        (0..).zip(sent).for_each(|(number, data)| replies.sent(begun + Duration::from_secs(number), data.as_bytes()));
        let numbers = came.iter().map(|data| replies.came(data.as_bytes()).map(|due| (due - begun).as_secs()));
        (numbers.collect(), replies.unanswered())
    }

    #[test]
    fn an_echo_answers_the_first_that_says_the_same() {
        let sent = ["a", "b", "a"];
        assert_eq!(
            answered(&ReplyMatch::Echo, &sent, &["b", "c", "a", "a"]),
            (vec![Some(1), None, Some(0), Some(2)], 0)
        );
        assert_eq!(answered(&ReplyMatch::Echo, &sent, &["b"]), (vec![Some(1)], 2));
    }

    #[test]
    fn the_next_answers_the_first() {
        assert_eq!(answered(&ReplyMatch::Next, &["a", "b"], &["x", "y", "z"]), (vec![Some(0), Some(1), None], 0));
        assert_eq!(answered(&ReplyMatch::None, &["a", "b"], &["a"]), (vec![None], 0));
    }

    #[test]
    fn a_value_at_a_path_finds_its_message_and_a_message_without_one_takes_any() {
        let path = ReplyMatch::Json(JsonPath::parse("$.id").unwrap());
        let sent = [r#"{"id":1}"#, r#"{"id":"2"}"#];
        let came = [r#"{"tick":1}"#, r#"{"id":"2","ok":true}"#, r#"{"ok":1, "id": 1}"#, "no JSON"];
        assert_eq!(answered(&path, &sent, &came), (vec![None, Some(1), Some(0), None], 0));
        assert_eq!(answered(&path, &["hello"], &["{}", r#"{"id":9}"#]), (vec![None, Some(0)], 0));
    }

    #[test]
    fn what_is_never_answered_is_counted_and_not_kept() {
        let sent = vec!["a"; MOST + 5];
        assert_eq!(answered(&ReplyMatch::Next, &sent, &[]), (Vec::new(), MOST as u64 + 5));
        assert_eq!(answered(&ReplyMatch::Next, &sent, &["x"]), (vec![Some(5)], MOST as u64 + 4));
    }
}
