//! Answers that go out by themselves (`--reply`): which message gets one, and those that wait to be sent.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use regex::Regex;
use tokio::sync::Notify;

use super::seen_message::SeenMessage;
use crate::message::Message;

/// With this many bytes of answers waiting, nothing more is read: the peer asks, and does not take what it asked for.
const FULL: usize = 1 << 20;

/// What an answer that waits costs beside its bytes.
const OVERHEAD: usize = 64;

/// All of `--reply`, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replies {
    pub(crate) rules: Vec<ReplyRule>,
    /// Binary messages are looked at too, and what is sent is binary (`--binary`).
    pub(crate) is_binary: bool,
}

/// `--reply REGEX TEXT`
#[derive(Clone, Debug)]
pub(crate) struct ReplyRule {
    pub(crate) regex: Regex,
    /// With `$1` and `$name` for what the groups match.
    pub(crate) text: String,
}

impl Replies {
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What the first rule that matches answers.
    pub(crate) fn to(&self, message: SeenMessage<'_>) -> Option<Message> {
        message.texts(self.is_binary).find_map(|text| self.answer(&text))
    }

    fn answer(&self, text: &str) -> Option<Message> {
        self.rules.iter().find_map(|ReplyRule { regex, text: answer }| {
            let captures = regex.captures(text)?;
            let mut reply = String::new();
            captures.expand(answer, &mut reply);
            Some(if self.is_binary { Message::Binary(reply.into()) } else { Message::Text(reply.into()) })
        })
    }
}

/// Answers on their way to the writer.
#[derive(Debug, Default)]
pub(super) struct PendingReplies {
    // Borrowed between awaits only.
    waiting: RefCell<VecDeque<Message>>,
    bytes: Cell<usize>,
    put: Notify,
    taken: Notify,
}

impl PendingReplies {
    /// Takes one in, and waits while there are too many.
    pub(super) async fn put(&self, reply: Message) {
        self.bytes.set(self.bytes.get() + weight(&reply));
        self.waiting.borrow_mut().push_back(reply);
        self.put.notify_one();
        while self.bytes.get() > FULL {
            self.taken.notified().await;
        }
    }

    /// Waits for the next one. Cancel-safe.
    pub(super) async fn next(&self) -> Message {
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            if let Some(reply) = next {
                self.bytes.set(self.bytes.get() - weight(&reply));
                self.taken.notify_one();
                return reply;
            }
            self.put.notified().await;
        }
    }
}

fn weight(reply: &Message) -> usize {
    OVERHEAD + reply.data().len()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn replies(rules: &[(&str, &str)], is_binary: bool) -> Replies {
        let rule =
            |(regex, text): &(&str, &str)| ReplyRule { regex: Regex::new(regex).unwrap(), text: (*text).to_owned() };
        Replies { rules: rules.iter().map(rule).collect(), is_binary }
    }

    fn to(replies: &Replies, message: &Message) -> Option<Message> {
        replies.to(SeenMessage::AsReceived(message))
    }

    #[test]
    fn the_first_rule_that_matches_answers_with_its_groups() {
        let replies = replies(&[(r"^ping (?<n>\d+)", "pong $n of $$1"), ("^(p)", "${1}s")], false);
        assert_eq!(to(&replies, &"ping 7".into()), Some("pong 7 of $1".into()));
        assert_eq!(to(&replies, &"pang".into()), Some("ps".into()));
        assert_eq!(to(&replies, &"x".into()), None);
        assert_eq!(to(&replies, &Message::Binary("ping 7".into())), None);
    }

    #[test]
    fn binary_messages_are_answered_with_binary_ones() {
        let replies = replies(&[("ping", "pong")], true);
        assert_eq!(to(&replies, &Message::Binary(b"\xffping".as_slice().into())), Some(Message::Binary("pong".into())));
        assert_eq!(to(&replies, &"ping".into()), Some(Message::Binary("pong".into())));
    }

    #[test]
    fn who_asks_and_takes_no_answer_is_read_no_further() {
        let pending = PendingReplies::default();
        let large = Message::from("x".repeat(FULL).as_str());
        assert!(pending.put("small".into()).now_or_never().is_some());
        let mut waits = Box::pin(pending.put(large));
        assert!(waits.as_mut().now_or_never().is_none());
        assert_eq!(pending.next().now_or_never(), Some("small".into()));
        assert!(waits.as_mut().now_or_never().is_none());
        assert!(pending.next().now_or_never().is_some());
        assert!(waits.as_mut().now_or_never().is_some());
        assert!(pending.next().now_or_never().is_none());
    }
}
