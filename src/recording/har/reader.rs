//! A HAR file (HTTP Archive 1.2), read as a stream: of each entry a few fields, of its messages one at a time.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::lines::{BYTE_ORDER_MARK, opened};
use super::message::{HarMessage, message};
use crate::error::Error;

/// What is kept of an entry, or a message, is no longer than what `--json-input` takes of a record.
const LARGEST: u64 = 384 << 20;

/// What is read at a time.
const BLOCK: usize = 64 << 10;

/// What a file has, in its order: the messages of an entry come before the entry.
pub(super) enum HarItem {
    Message(HarMessage),
    /// A message that is none of an application.
    OtherMessage,
    Entry(HarEntry),
}

/// What is kept of an entry.
#[derive(Debug, Default)]
pub(super) struct HarEntry {
    /// By the names in the file, but for the header fields: `request` and `response`.
    fields: Map<String, Value>,
    /// It has a list of messages, though that may be empty.
    pub(super) has_messages: bool,
}

impl HarEntry {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Reads a file to its end, and hands on what is in it.
///
/// # Errors
/// It cannot be read, is no HAR file, or is so only up to some place; or an error of `take`.
pub(super) fn read(path: &Path, take: &mut dyn FnMut(HarItem) -> Result<(), Error>) -> Result<(), Error> {
    let held = Rc::new(Cell::new(None));
    let source = Metered { file: opened(path, "read")?, held: Rc::clone(&held) };
    let mut source = BufReader::with_capacity(BLOCK, source);
    let unread = |source| Error::File { what: "read", path: path.to_owned(), source };
    if source.fill_buf().map_err(unread)?.starts_with(BYTE_ORDER_MARK) {
        source.consume(BYTE_ORDER_MARK.len());
    }
    let mut walk = HarWalk { entry: HarEntry::default(), held, has_entries: false, failed: None, take };
    let mut json = serde_json::Deserializer::from_reader(source);
    let walked = HarNode { place: HarPlace::Root, walk: &mut walk }.deserialize(&mut json);
    let has_entries = walk.has_entries;
    if let Some(error) = walk.failed {
        return Err(error);
    }
    let bad = |error: serde_json::Error| Error::BadJson { path: path.to_owned(), why: error };
    walked.map_err(bad)?;
    if !has_entries {
        return Err(Error::Usage(format!("`{}` is not a HAR file: it has no `log.entries`", path.display())));
    }
    json.end().map_err(bad)
}

/// Limits how much is read of what has to be held in memory.
struct Metered {
    file: File,
    /// How much has been read since it began, while there is something.
    held: Rc<Cell<Option<u64>>>,
}

impl Read for Metered {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(block)?;
        if let Some(held) = self.held.get() {
            self.held.set(Some(held + length as u64));
            if held > LARGEST {
                return Err(io::Error::other("a message has at most 384 MiB"));
            }
        }
        Ok(length)
    }
}

/// Where in the file something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HarPlace {
    Root,
    Log,
    Entries,
    Entry,
    Request,
    Response,
    Messages,
    Message,
    /// What is kept of the entry, under this name.
    Kept(&'static str),
    Elsewhere,
}

impl HarPlace {
    /// Where the value of a key is.
    fn of(self, key: &str) -> Self {
        match (self, key) {
            (Self::Root, "log") => Self::Log,
            (Self::Log, "entries") => Self::Entries,
            (Self::Entry, "request") => Self::Request,
            (Self::Entry, "response") => Self::Response,
            (Self::Entry, "_webSocketMessages") => Self::Messages,
            (Self::Entry, "startedDateTime") => Self::Kept("startedDateTime"),
            (Self::Entry, "serverIPAddress") => Self::Kept("serverIPAddress"),
            (Self::Entry, "_resourceType") => Self::Kept("_resourceType"),
            (Self::Request, "url") => Self::Kept("url"),
            (Self::Request, "headers") => Self::Kept("request"),
            (Self::Response, "status") => Self::Kept("status"),
            (Self::Response, "headers") => Self::Kept("response"),
            _ => Self::Elsewhere,
        }
    }

    fn is_list(self) -> bool {
        matches!(self, Self::Entries | Self::Messages)
    }
}

/// How far the file has been read.
struct HarWalk<'t> {
    entry: HarEntry,
    held: Rc<Cell<Option<u64>>>,
    has_entries: bool,
    failed: Option<Error>,
    take: &'t mut dyn FnMut(HarItem) -> Result<(), Error>,
}

impl HarWalk<'_> {
    fn hand_on<E: serde::de::Error>(&mut self, item: HarItem) -> Result<(), E> {
        (self.take)(item).map_err(|error| {
            self.failed = Some(error);
            E::custom("it is not read any further")
        })
    }
}

/// A value of the file that has not been read yet.
struct HarNode<'w, 't> {
    place: HarPlace,
    walk: &'w mut HarWalk<'t>,
}

impl<'de> DeserializeSeed<'de> for HarNode<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        match self.place {
            HarPlace::Elsewhere => IgnoredAny::deserialize(json).map(drop),
            HarPlace::Kept(name) => {
                let value = self.walk.held(json)?;
                self.walk.entry.fields.insert(name.to_owned(), value);
                Ok(())
            }
            HarPlace::Message => {
                let value = self.walk.held(json)?;
                let item = message(value).map_err(D::Error::custom)?;
                self.walk.hand_on(item.map_or(HarItem::OtherMessage, HarItem::Message))
            }
            // Any of them may be `null`.
            _ => json.deserialize_option(self),
        }
    }
}

impl HarWalk<'_> {
    /// A value as a whole.
    fn held<'de, D: Deserializer<'de>>(&self, json: D) -> Result<Value, D::Error> {
        self.held.set(Some(0));
        let value = Value::deserialize(json)?;
        self.held.set(None);
        Ok(value)
    }
}

impl<'de> Visitor<'de> for HarNode<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.place.is_list() { "a list" } else { "an object" })
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if self.place.is_list() { json.deserialize_seq(self) } else { json.deserialize_map(self) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(HarNode { place: self.place.of(&key), walk: self.walk })?;
        }
        if self.place == HarPlace::Entry {
            let entry = std::mem::take(&mut self.walk.entry);
            self.walk.hand_on(HarItem::Entry(entry))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let item = match self.place {
            HarPlace::Entries => {
                self.walk.has_entries = true;
                HarPlace::Entry
            }
            _ => {
                self.walk.entry.has_messages = true;
                HarPlace::Message
            }
        };
        while list.next_element_seed(HarNode { place: item, walk: self.walk })?.is_some() {}
        Ok(())
    }
}
