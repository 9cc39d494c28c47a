//! What waits to be shown: items, those that are taken together, and those that made room.

use std::time::SystemTime;

use crate::codec::DecodedMessage;
use crate::events::{Event, EventKind};
use crate::render::text::Extent;
use crate::render::{IndentJson, Stamps};

/// As much is shown in a moment on any terminal; who wants to leave, or to stop it, does not wait for more.
pub(super) const FEW_BYTES: usize = 4 << 10;
pub(super) const FEW: usize = 50;

/// Something to show.
#[derive(Debug)]
pub(crate) enum QueuedItem {
    /// Rendered only if it gets to be shown.
    Event(Event),
    /// The same of a message that was received.
    Received(ReceivedItem),
    /// Whole lines that the program says, ready to be written.
    Lines(String),
    /// A whole line, which takes the place of the one before if that was such a line too.
    Progress(String),
    /// The same about what the peer has sent.
    Note(String),
    /// A message was sent that is on the screen already.
    Sent(SystemTime),
    /// From here on, events look different.
    Set(DisplaySetting),
}

/// A message that was received; only its head, where the whole would take the room of many.
#[derive(Debug)]
pub(crate) struct ReceivedItem {
    pub(crate) event: Event,
    pub(crate) extent: Extent,
    /// Which of all that were received it is.
    pub(crate) number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DisplaySetting {
    Stamps(Option<Stamps>),
    Indent(IndentJson),
}

/// What was not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) messages: u64,
    pub(crate) bytes: usize,
}

impl Skipped {
    fn add(&mut self, more: Self) {
        self.messages += more.messages;
        self.bytes += more.bytes;
    }

    /// Counts what is not shown, if it is a message.
    pub(crate) fn count(&mut self, item: &QueuedItem) {
        if let Some(bytes) = item.payload() {
            self.add(Self { messages: 1, bytes });
        }
    }

    /// Whether an item is shown all the same, since it is ours; counts it if not.
    pub(crate) fn spares(&mut self, item: &QueuedItem) -> bool {
        let is_ours = item.is_ours();
        if !is_ours {
            self.count(item);
        }
        is_ours
    }
}

/// What the display takes at a time.
#[derive(Default)]
pub(crate) struct Taken {
    /// The prompt has to be drawn anew.
    pub(crate) is_stale: bool,
    pub(crate) skipped: Skipped,
    pub(crate) items: Vec<QueuedItem>,
    /// How many messages had been received by then.
    pub(crate) received: u64,
}

impl Taken {
    /// What came after it joins it.
    pub(crate) fn append(&mut self, mut more: Self) {
        self.skipped.add(more.skipped);
        self.items.append(&mut more.items);
        self.received = more.received;
    }

    /// Leaves out what the peer has sent, and counts it, unless it is little.
    pub(crate) fn shorten(&mut self) {
        if is_few(&self.items) {
            return;
        }
        self.items.retain(|item| self.skipped.spares(item));
    }
}

/// Whether what the peer has sent among these is shown in a moment.
pub(crate) fn is_few<'i>(items: impl IntoIterator<Item = &'i QueuedItem>) -> bool {
    let (mut count, mut bytes) = (0, 0);
    for item in items.into_iter().filter(|item| !item.is_ours()) {
        (count, bytes) = (count + 1, bytes + item.size());
        if count > FEW || bytes > FEW_BYTES {
            return false;
        }
    }
    true
}

impl QueuedItem {
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Lines(text) | Self::Progress(text) | Self::Note(text) => text.len(),
            Self::Event(event @ Event { what: EventKind::Message(_, message), .. })
            | Self::Received(ReceivedItem {
                event: event @ Event { what: EventKind::Message(_, message), .. }, ..
            }) => message.data().len() + event.decoded().map_or(0, DecodedMessage::size),
            Self::Event(_) | Self::Received(_) | Self::Sent(_) | Self::Set(_) => 128,
        }
    }

    /// The bytes of the message that it is, or was cut from; none if it is no event.
    pub(crate) fn payload(&self) -> Option<usize> {
        match self {
            Self::Event(_) => Some(self.size()),
            Self::Received(received) => Some(received.extent.size),
            Self::Lines(_) | Self::Progress(_) | Self::Note(_) | Self::Sent(_) | Self::Set(_) => None,
        }
    }

    /// Whether it only makes room for its like: how much else there is, the peer decides.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Lines(_) | Self::Progress(_) | Self::Set(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Direction;

    #[test]
    fn little_is_shown_also_to_who_leaves() {
        let taken = |count: usize| {
            let mut taken = Taken::default();
            let skipped = Skipped { messages: 2, bytes: 2 };
            taken.append(Taken {
                skipped,
                items: vec![QueuedItem::Lines("x".repeat(9))],
                received: 2,
                ..Taken::default()
            });
            let items = (0..count)
                .map(|_| QueuedItem::Event(Event::now(EventKind::Message(Direction::In, "a".into()))))
                .collect();
            taken.append(Taken { items, ..Taken::default() });
            taken.shorten();
            (taken.skipped.messages as usize, taken.items.len())
        };
        assert_eq!(taken(FEW), (2, 1 + FEW));
        assert_eq!(taken(FEW + 1), (2 + FEW + 1, 1));
    }
}
