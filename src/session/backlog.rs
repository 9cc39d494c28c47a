//! Messages on their way, kept until they are written: what a connection takes down with it is sent over the next one.

use std::collections::VecDeque;

use crate::events::{Batch, Input, MessageBatch};
use crate::message::Message;

/// What is to be sent. It holds no more than the batch that was put in last, and what is left of those before it.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    waiting: VecDeque<Input>,
    /// Handed to the socket, which may not have written it yet.
    handed: VecDeque<Handed>,
    /// How many messages this connection has written.
    written: u64,
    /// What was written last stays until there is something else.
    keeps_last: bool,
    last: Option<Message>,
}

#[derive(Debug)]
enum Handed {
    Message(Message),
    Run(MessageBatch),
    /// So many messages that are not for the next connection.
    Other(usize),
}

impl Handed {
    fn messages(&self) -> usize {
        match self {
            Self::Message(_) => 1,
            Self::Run(run) => run.len(),
            Self::Other(count) => *count,
        }
    }
}

impl Backlog {
    /// `keeps_last`: what was written last and had no reply can be sent again.
    pub(super) fn new(keeps_last: bool) -> Self {
        Self { keeps_last, ..Self::default() }
    }

    /// What was written last has its reply.
    pub(super) fn answered(&mut self) {
        self.last = None;
    }

    /// A connection has begun: what had no reply on the one before goes first.
    pub(super) fn send_last_again(&mut self) {
        if let Some(last) = self.last.take() {
            self.waiting.push_front(Input::Message(last));
        }
    }

    pub(super) fn put(&mut self, batch: Batch) {
        if self.waiting.is_empty() {
            self.waiting = batch.into();
        } else {
            self.waiting.extend(batch);
        }
    }

    /// What is to be handed to the socket next.
    pub(super) fn next(&self) -> Option<&Input> {
        self.waiting.front()
    }

    /// The first messages of the [next](Self::next) input are handed to the socket now, this many.
    pub(super) fn hand_over_first(&mut self, count: usize) {
        match self.waiting.pop_front() {
            Some(Input::Message(message)) => self.handed.push_back(Handed::Message(message)),
            Some(Input::Run(mut run)) => {
                self.handed.push_back(Handed::Run(run.split_to(count)));
                if !run.is_empty() {
                    self.waiting.push_front(Input::Run(run));
                }
            }
            _ => {}
        }
    }

    /// The next one, which is handed to the socket now. Only messages are kept: a ping belongs to its connection.
    pub(super) fn hand_over(&mut self) -> Option<Input> {
        let input = match self.waiting.pop_front()? {
            Input::Run(mut run) => {
                let message = run.pop();
                if !run.is_empty() {
                    self.waiting.push_front(Input::Run(run));
                }
                Input::Message(message?)
            }
            input => input,
        };
        if let Input::Message(message) = &input {
            self.last = None;
            self.handed.push_back(Handed::Message(message.clone()));
        }
        Some(input)
    }

    /// Messages are handed to the socket that mean nothing to another connection, so many.
    pub(super) fn hand_over_others(&mut self, count: usize) {
        match self.handed.back_mut() {
            Some(Handed::Other(before)) => *before += count,
            _ => self.handed.push_back(Handed::Other(count)),
        }
    }

    /// The socket has written this many messages since it was opened.
    pub(super) fn written(&mut self, messages: u64) {
        let mut more = usize::try_from(messages - self.written).unwrap_or(usize::MAX);
        self.written = messages;
        while more > 0
            && let Some(first) = self.handed.front_mut()
        {
            match first {
                Handed::Run(run) if run.len() > more => {
                    run.split_to(more);
                    return;
                }
                Handed::Other(count) if *count > more => {
                    *count -= more;
                    return;
                }
                _ => more -= first.messages(),
            }
            let done = self.handed.pop_front();
            if let Some(Handed::Message(message)) = done
                && self.keeps_last
            {
                self.last = Some(message);
            }
        }
    }

    /// The connection is gone: what it has not written waits again, before all else.
    pub(super) fn connection_ended(&mut self) {
        self.written = 0;
        self.waiting.retain(|input| !matches!(input, Input::Frame(_) | Input::HalfClose | Input::Drop));
        for handed in self.handed.drain(..).rev() {
            match handed {
                Handed::Message(message) => self.waiting.push_front(Input::Message(message)),
                Handed::Run(run) => self.waiting.push_front(Input::Run(run)),
                Handed::Other(_) => {}
            }
        }
    }

    /// How many messages wait.
    pub(crate) fn messages(&self) -> usize {
        self.waiting.iter().map(Input::messages).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::MessageSpan;
    use crate::message::DataKind;

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
        backlog.hand_over_others(1);
        backlog.hand_over_others(2);
        backlog.put(vec![Input::Ping("p".into()), Input::Message("a".into()), Input::Message("b".into())]);
        (0..3).for_each(|_| drop(backlog.hand_over()));
        backlog.hand_over_others(1);
        backlog.written(1);
        backlog.written(4);
        backlog.connection_ended();
        assert_eq!(rest(backlog), inputs(&["b"]));
    }

    #[test]
    fn a_run_is_handed_over_written_and_sent_again_message_by_message() {
        let places = (0..5).map(|at| MessageSpan { start: at, end: at + 1 }).collect();
        let mut backlog = backlog(&["x"]);
        backlog.put(vec![Input::Run(MessageBatch::new(DataKind::Text, "abcde".into(), places))]);
        backlog.hand_over_first(1);
        backlog.hand_over_first(3);
        assert_eq!(backlog.hand_over(), Some(Input::Message("d".into())));
        assert_eq!(backlog.messages(), 1);
        backlog.written(2);
        backlog.written(3);
        backlog.connection_ended();
        assert_eq!(backlog.messages(), 3);
        assert_eq!(rest(backlog), inputs(&["c", "d", "e"]));
    }

    #[test]
    fn what_was_written_last_can_be_sent_again_as_long_as_it_has_no_reply() {
        let lockstep = || {
            let mut backlog = Backlog::new(true);
            backlog.put(inputs(&["a", "b"]));
            backlog.hand_over();
            backlog.written(1);
            backlog
        };
        let again = |mut backlog: Backlog| {
            backlog.connection_ended();
            backlog.send_last_again();
            rest(backlog)
        };
        assert_eq!(again(lockstep()), inputs(&["a", "b"]));
        let mut answered = lockstep();
        answered.answered();
        assert_eq!(again(answered), inputs(&["b"]));
        // The reply to the first has come, or the second would not have gone out; it is not written.
        let mut unwritten = lockstep();
        unwritten.hand_over();
        assert_eq!(again(unwritten), inputs(&["b"]));
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
