//! Whether the same answers come again: recorded ones beside those that came, in their order.

use std::cell::OnceCell;
use std::collections::VecDeque;

use serde_json::Value;
use serde_json_path::{JsonPath, PathElement};

use super::Turns;
use super::turn::{Deed, Party, Turn};
use crate::compare::diff::{DiffLine, DiffSide, diff};
use crate::compare::json::same;
use crate::error::Error;
use crate::events::End;
use crate::message::{Close, Message};
use crate::text::hex::hexdump;

/// How many recorded answers are looked at for one that may have been skipped.
const AHEAD: usize = 8;

/// Those after the next one hold no more than this together, in bytes.
const MOST_AHEAD: usize = 1 << 20;

/// Rows of a binary message that are compared line by line.
const ROWS: usize = 4096;

/// A hexdump of eight bytes a row.
const WIDTH: usize = 60;

/// Where recorded and new answers may differ.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignored(pub(crate) Vec<JsonPath>);

/// Compares the other party's messages with the recorded ones.
pub(crate) struct AnswerCheck {
    ignored: Ignored,
    turns: Turns,
    by: Party,
    /// The next ones that were recorded.
    ahead: VecDeque<NumberedMessage>,
    /// What arrived and matches none of them: it differs from the recorded one, or is additional.
    stray: Option<NumberedMessage>,
    came: u64,
    close: Option<(Party, Close)>,
    has_ended: bool,
}

/// What is not as it was recorded.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) words: String,
    pub(crate) diff: Vec<DiffLine>,
}

/// A message, and where it stands: its line in the recording, or its number among those that came.
struct NumberedMessage {
    at: u64,
    message: Message,
    json: OnceCell<Option<Value>>,
}

impl AnswerCheck {
    pub(crate) fn new(turns: Turns, by: Party, ignored: Ignored) -> Self {
        Self { ignored, turns, by, ahead: VecDeque::new(), stray: None, came: 0, close: None, has_ended: false }
    }

    /// A message came; what is known to differ by now.
    ///
    /// # Errors
    /// The recording cannot be read any more.
    pub(crate) fn came(&mut self, message: Message) -> Result<Vec<Difference>, Error> {
        self.came += 1;
        self.look_ahead()?;
        let came = NumberedMessage::new(self.came, message);
        let found = self.ahead.iter().position(|recorded| recorded.is_same(&came, &self.ignored));
        let mut differences = Vec::new();
        let Some(mut before) = found else {
            let stray = self.stray.replace(came);
            differences.extend(stray.map(|stray| self.settle(stray)));
            return Ok(differences);
        };
        if let Some(stray) = self.stray.take() {
            if before > 0 {
                before -= 1;
                differences.push(self.settle(stray));
            } else {
                differences.push(stray.extra());
            }
        }
        differences.extend(self.ahead.drain(..before).map(|recorded| recorded.missing()));
        self.ahead.pop_front();
        Ok(differences)
    }

    /// The connection has ended so; the next difference, until there is none left.
    ///
    /// # Errors
    /// The recording cannot be read any more.
    pub(crate) fn ended(&mut self, end: &End) -> Result<Option<Difference>, Error> {
        self.look_ahead()?;
        if let Some(stray) = self.stray.take() {
            return Ok(Some(self.settle(stray)));
        }
        if let Some(recorded) = self.ahead.pop_front() {
            return Ok(Some(recorded.missing()));
        }
        let Some((by, recorded)) = self.close.take() else { return Ok(None) };
        let came = match end {
            End::Closed { close, sent } if by != self.by || sent.is_none() => close.code,
            End::Cut(_) | End::Abandoned | End::Left => Some(1006),
            // It did not close by itself, as it once did.
            _ => {
                let words = format!("no Close came; recorded: {}", code(recorded.code));
                return Ok(Some(Difference { words, diff: Vec::new() }));
            }
        };
        if came == recorded.code {
            return Ok(None);
        }
        let words = "the Close differs".to_owned();
        let diff = vec![DiffLine::expected(code(recorded.code)), DiffLine::came(code(came))];
        Ok(Some(Difference { words, diff }))
    }

    /// What takes the place of the next recorded one, or is too many.
    fn settle(&mut self, stray: NumberedMessage) -> Difference {
        match self.ahead.pop_front() {
            Some(recorded) => recorded.changed(&stray, &self.ignored),
            None => stray.extra(),
        }
    }

    fn look_ahead(&mut self) -> Result<(), Error> {
        let mut held: usize = self.ahead.iter().map(|answer| answer.message.data().len()).sum();
        while self.ahead.is_empty() || self.ahead.len() < AHEAD && held < MOST_AHEAD {
            let Some(turn) = self.turns.next().filter(|_| !self.has_ended) else {
                self.has_ended = true;
                return Ok(());
            };
            match turn? {
                Turn { line, by, deed: Deed::Message(message), .. } if by == self.by => {
                    held += message.data().len();
                    self.ahead.push_back(NumberedMessage::new(line, message));
                }
                Turn { by, deed: Deed::Close { close, .. }, .. } => self.close = Some((by, close)),
                _ => {}
            }
        }
        Ok(())
    }
}

impl NumberedMessage {
    fn new(at: u64, message: Message) -> Self {
        Self { at, message, json: OnceCell::new() }
    }

    /// The message as JSON, if it is some, without what does not matter.
    fn json(&self, ignored: &Ignored) -> Option<&Value> {
        let json = self.json.get_or_init(|| {
            let mut json = serde_json::from_str(self.message.text()?).ok()?;
            ignored.0.iter().for_each(|path| remove(&mut json, path));
            Some(json)
        });
        json.as_ref()
    }

    fn is_same(&self, other: &Self, ignored: &Ignored) -> bool {
        self.message == other.message
            || self.json(ignored).zip(other.json(ignored)).is_some_and(|(recorded, came)| same(recorded, came))
    }

    /// This was recorded, and that came.
    fn changed(&self, came: &Self, ignored: &Ignored) -> Difference {
        let words = format!("answer {} differs from line {}", came.at, self.at);
        let diff = match (self.json(ignored), came.json(ignored)) {
            (Some(recorded), Some(came)) => diff(&pretty(recorded), &pretty(came)),
            _ => match (&self.message, &came.message) {
                (Message::Text(recorded), Message::Text(came)) => diff(recorded, came),
                (Message::Binary(recorded), Message::Binary(came)) => diff(&dump(recorded), &dump(came)),
                (recorded, came) => [lines(DiffSide::Expected, recorded), lines(DiffSide::Came, came)].concat(),
            },
        };
        Difference { words, diff }
    }

    fn missing(&self) -> Difference {
        let words = format!("the answer in line {} did not come", self.at);
        Difference { words, diff: lines(DiffSide::Expected, &self.message) }
    }

    fn extra(&self) -> Difference {
        let words = format!("answer {} was not recorded", self.at);
        Difference { words, diff: lines(DiffSide::Came, &self.message) }
    }
}

/// Takes out all that the path selects.
fn remove(value: &mut Value, path: &JsonPath) {
    let mut places: Vec<Vec<PathStep>> =
        path.query_located(value).locations().map(|location| location.iter().map(PathStep::from).collect()).collect();
    // Later items first, or those before them would move them.
    places.sort();
    places.dedup();
    for place in places.iter().rev() {
        let Some((last, way)) = place.split_last() else {
            *value = Value::Null;
            continue;
        };
        let parent = way.iter().try_fold(&mut *value, |value, step| match step {
            PathStep::Key(key) => value.get_mut(key),
            PathStep::Index(index) => value.get_mut(index),
        });
        match (parent, last) {
            (Some(Value::Object(object)), PathStep::Key(key)) => drop(object.remove(key)),
            (Some(Value::Array(list)), PathStep::Index(index)) if *index < list.len() => drop(list.remove(*index)),
            _ => {}
        }
    }
}

/// A step into a JSON value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum PathStep {
    Key(String),
    Index(usize),
}

impl From<&PathElement<'_>> for PathStep {
    fn from(element: &PathElement<'_>) -> Self {
        match element {
            PathElement::Name(name) => Self::Key((*name).to_owned()),
            PathElement::Index(index) => Self::Index(*index),
        }
    }
}

fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).expect("a value has no way to fail")
}

fn dump(data: &[u8]) -> String {
    let dump = hexdump(data, ROWS, WIDTH);
    if dump.left == 0 { dump.rows } else { format!("{}… {} bytes more", dump.rows, dump.left) }
}

fn lines(side: DiffSide, message: &Message) -> Vec<DiffLine> {
    DiffLine::of_each(side, &summary(message))
}

fn summary(message: &Message) -> String {
    match message {
        Message::Text(text) => text.to_string(),
        Message::Binary(data) => format!("binary, {} bytes\n{}", data.len(), hexdump(data, 2, WIDTH).rows.trim_end()),
    }
}

fn code(code: Option<u16>) -> String {
    code.map_or_else(|| "close without a code".to_owned(), |code| format!("close {code}"))
}
