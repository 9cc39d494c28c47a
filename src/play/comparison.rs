//! An outlet that counts the answers, compares them with the recorded ones, and passes them on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::recorded_part::HeardCount;
use crate::client::report;
use crate::error::Error;
use crate::events::{End, Event, EventKind};
use crate::message::{Close, Direction};
use crate::recording::check::{AnswerCheck, Difference};
use crate::session::{Gone, Outlet};
use crate::term::Talk;

/// More differences than this are counted and not shown.
const SHOWN: u64 = 10;

/// Compares what arrives on one connection.
pub(crate) struct Comparison {
    pub(crate) heard: HeardCount,
    check: RefCell<Option<AnswerCheck>>,
    /// The recording cannot be read any more.
    failed: Cell<Option<Error>>,
    pub(crate) differences: Rc<Differences>,
}

/// An outlet that compares what it passes on.
pub(crate) struct ComparingOutlet<'w, O> {
    pub(crate) comparison: Comparison,
    pub(crate) outlet: &'w O,
}

/// What was found to differ.
pub(crate) struct Differences {
    talk: Rc<Talk>,
    /// The prefix of each, which names its place.
    place: String,
    found: Cell<u64>,
}

impl Comparison {
    pub(crate) fn new(check: Option<AnswerCheck>, differences: Rc<Differences>) -> Self {
        Self { heard: HeardCount::default(), check: RefCell::new(check), failed: Cell::new(None), differences }
    }

    /// The connection has ended so: tells what was missing.
    ///
    /// # Errors
    /// The recording could not be read to its end.
    pub(crate) fn ended(&self, end: &End) -> Result<(), Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let Some(mut check) = self.check.take() else { return Ok(()) };
        while let Some(difference) = check.ended(end)? {
            self.differences.tell(&difference);
        }
        Ok(())
    }

    pub(crate) fn hear(&self, event: &Event) {
        match &event.what {
            EventKind::Message(Direction::In, message) => {
                if let Some(check) = &mut *self.check.borrow_mut() {
                    match check.came(message.clone()) {
                        Ok(differences) => differences.iter().for_each(|difference| self.differences.tell(difference)),
                        Err(error) => self.failed.set(Some(error)),
                    }
                }
                self.heard.message();
            }
            EventKind::Part(part) if part.is_last => self.heard.message(),
            _ => {}
        }
    }
}

impl Differences {
    pub(crate) fn new(talk: Rc<Talk>, place: String) -> Self {
        Self { talk, place, found: Cell::new(0) }
    }

    pub(crate) fn are_none(&self) -> bool {
        self.found.get() == 0
    }

    fn tell(&self, difference: &Difference) {
        self.found.set(self.found.get() + 1);
        if self.found.get() <= SHOWN {
            report::difference(&self.talk, &self.place, difference);
        }
    }

    /// Reports the number of differences that were not shown.
    pub(crate) fn sum_up(&self) {
        match self.found.get().saturating_sub(SHOWN) {
            0 => {}
            1 => self.talk.error(&format!("{}: 1 more difference", self.place)),
            more => self.talk.error(&format!("{}: {more} more differences", self.place)),
        }
    }
}

impl<O: Outlet> Outlet for ComparingOutlet<'_, O> {
    async fn room(&self) -> Result<(), Gone> {
        self.outlet.room().await
    }

    fn put(&self, event: Event) {
        self.comparison.hear(&event);
        self.outlet.put(event);
    }

    async fn flush(&self) -> Result<(), Gone> {
        self.outlet.flush().await
    }

    fn wants_sent(&self) -> bool {
        self.outlet.wants_sent()
    }

    async fn gone(&self) {
        self.outlet.gone().await;
    }

    async fn dismissed(&self) -> Close {
        self.outlet.dismissed().await
    }
}
