//! Small messages that came together, kept in the block that they came in.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{DataKind, Message};

/// Consecutive messages of one kind: for small messages, the overhead of each is larger than its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageBatch {
    kind: DataKind,
    block: Bytes,
    places: VecDeque<MessageSpan>,
}

/// Where a message is in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageSpan {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl MessageBatch {
    /// Messages at these places of a block; text is known to be UTF-8.
    pub(crate) fn new(kind: DataKind, block: Bytes, places: Vec<MessageSpan>) -> Self {
        Self { kind, block, places: places.into() }
    }

    pub(crate) fn kind(&self) -> DataKind {
        self.kind
    }

    /// How many messages there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many bytes are kept for them.
    pub(crate) fn size(&self) -> usize {
        self.block.len()
    }

    /// What each of them says.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| &self.block[place.start..place.end])
    }

    /// One of them by itself; the first is 0.
    pub(crate) fn get(&self, at: usize) -> Option<Message> {
        let MessageSpan { start, end } = *self.places.get(at)?;
        let data = self.block.slice(start..end);
        Some(Message::new(self.kind, data).expect("it is known to be UTF-8"))
    }

    /// Takes the first of them away, so many.
    pub(crate) fn split_to(&mut self, count: usize) -> Self {
        let places =
            if count == self.len() { std::mem::take(&mut self.places) } else { self.places.drain(..count).collect() };
        Self { kind: self.kind, block: self.block.clone(), places }
    }

    /// Removes the first one, as a message of its own.
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let first = self.get(0);
        self.places.pop_front();
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_leave_from_the_front_one_or_many_at_a_time() {
        let places = [(0, 1), (2, 2), (3, 5)].map(|(start, end)| MessageSpan { start, end });
        let mut run = MessageBatch::new(DataKind::Text, Bytes::from_static("a\n\né".as_bytes()), places.to_vec());
        assert_eq!(run.iter().collect::<Vec<_>>(), ["a", "", "é"].map(str::as_bytes));
        let mut first = run.split_to(2);
        assert_eq!((first.len(), run.len()), (2, 1));
        assert_eq!(std::iter::from_fn(|| first.pop()).collect::<Vec<_>>(), ["a".into(), "".into()]);
        assert_eq!((run.pop(), run.pop()), (Some("é".into()), None));
        assert!(run.is_empty());
    }
}
