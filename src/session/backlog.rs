//! Messages on their way, kept until they are written: what a connection takes down with it is sent over the next one.

use std::collections::VecDeque;

use crate::event::{Batch, Input, Message};

/// What is to be sent. It holds no more than the batch that was put in last, and what is left of those before it.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    waiting: VecDeque<Input>,
    /// Handed to the socket, which may not have written it yet; `None` is not for the next connection.
    handed: VecDeque<Option<Message>>,
    /// How many messages this connection has written.
    written: u64,
}

impl Backlog {
    pub(super) fn put(&mut self, batch: Batch) {
        if self.waiting.is_empty() {
            self.waiting = batch.into();
        } else {
            self.waiting.extend(batch);
        }
    }

    /// Hands messages over, for as long as they are taken.
    pub(super) fn hand_over_to(&mut self, take: impl Fn(&Message) -> bool) {
        while let Some(Input::Message(message)) = self.waiting.front()
            && take(message)
            && let Some(Input::Message(message)) = self.waiting.pop_front()
        {
            self.handed.push_back(Some(message));
        }
    }

    /// What is to be handed to the socket next.
    pub(super) fn next(&self) -> Option<&Input> {
        self.waiting.front()
    }

    /// The next one, which is handed to the socket now. Only messages are kept: a ping belongs to its connection.
    pub(super) fn hand_over(&mut self) -> Option<Input> {
        let input = self.waiting.pop_front()?;
        if let Input::Message(message) = &input {
            self.handed.push_back(Some(message.clone()));
        }
        Some(input)
    }

    /// A message is handed to the socket that means nothing to another connection.
    pub(super) fn hand_over_other(&mut self) {
        self.handed.push_back(None);
    }

    /// The socket has written so many messages since it was opened.
    pub(super) fn written(&mut self, messages: u64) {
        let more = usize::try_from(messages - self.written).unwrap_or(usize::MAX);
        self.handed.drain(..more.min(self.handed.len()));
        self.written = messages;
    }

    /// The connection is gone: what it has not written waits again, before all else.
    pub(super) fn connection_ended(&mut self) {
        self.written = 0;
        self.waiting.retain(|input| !matches!(input, Input::Frame(_) | Input::HalfClose | Input::Drop));
        for message in self.handed.drain(..).rev().flatten() {
            self.waiting.push_front(Input::Message(message));
        }
    }

    /// How many messages wait.
    pub(crate) fn messages(&self) -> usize {
        self.waiting.iter().filter(|input| matches!(input, Input::Message(_))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(texts: &[&str]) -> Batch {
        texts.iter().map(|text| Input::Message((*text).into())).collect()
    }

    fn backlog(texts: &[&str]) -> Backlog {
        let mut backlog = Backlog::default();
        backlog.put(inputs(texts));
        backlog
    }

    fn rest(mut backlog: Backlog) -> Batch {
        std::iter::from_fn(|| backlog.hand_over()).collect()
    }

    #[test]
    fn what_was_written_is_not_sent_again_and_all_else_is_in_order() {
        let mut backlog = backlog(&["a", "b", "c", "d"]);
        (0..3).for_each(|_| drop(backlog.hand_over()));
        backlog.written(1);
        backlog.connection_ended();
        assert_eq!(backlog.messages(), 3);
        assert_eq!(rest(backlog), inputs(&["b", "c", "d"]));
    }

    #[test]
    fn each_connection_counts_from_zero() {
        let mut backlog = backlog(&["a", "b", "c"]);
        backlog.hand_over();
        backlog.written(1);
        backlog.connection_ended();
        backlog.hand_over();
        backlog.written(1);
        backlog.connection_ended();
        assert_eq!(rest(backlog), inputs(&["c"]));
    }

    #[test]
    fn what_belongs_to_its_connection_is_not_sent_again() {
        let mut backlog = backlog(&[]);
        backlog.hand_over_other();
        backlog.put(vec![Input::Ping("p".into()), Input::Message("a".into())]);
        (0..2).for_each(|_| drop(backlog.hand_over()));
        backlog.hand_over_other();
        backlog.written(1);
        backlog.connection_ended();
        assert_eq!(rest(backlog), inputs(&["a"]));
    }

    #[test]
    fn what_is_written_is_forgotten() {
        let mut backlog = backlog(&["a", "b"]);
        (0..2).for_each(|_| drop(backlog.hand_over()));
        backlog.written(2);
        assert!(backlog.handed.is_empty());
        backlog.connection_ended();
        assert_eq!(rest(backlog), inputs(&[]));
    }
}
