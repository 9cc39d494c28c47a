//! Who hears the answers: counts them, holds them against the recorded ones, and passes them on.

use std::cell::{Cell, RefCell};

use super::player::Heard;
use crate::error::Error;
use crate::event::{Close, Direction, End, Event, Happening};
use crate::front::report;
use crate::recording::check::{Check, Difference};
use crate::session::{Gone, Outlet};
use crate::term::Talk;

/// More differences than this are counted and not shown.
const SHOWN: u64 = 10;

/// Hears what comes on one connection.
pub(in crate::front) struct Hearing<'f> {
    pub(in crate::front) heard: Heard,
    check: Option<RefCell<Check>>,
    /// The recording cannot be read any more.
    failed: Cell<Option<Error>>,
    findings: &'f Findings<'f>,
}

/// An outlet that hears what it passes on.
pub(super) struct Witness<'w, O> {
    pub(super) hearing: Hearing<'w>,
    pub(super) outlet: &'w O,
}

/// What was found to differ.
pub(in crate::front) struct Findings<'t> {
    talk: &'t Talk,
    /// What stands before each, to tell where it was.
    place: String,
    found: Cell<u64>,
}

impl<'f> Hearing<'f> {
    pub(in crate::front) fn new(check: Option<Check>, findings: &'f Findings<'f>) -> Self {
        Self { heard: Heard::default(), check: check.map(RefCell::new), failed: Cell::new(None), findings }
    }

    /// The connection has ended so: tells what was missing.
    ///
    /// # Errors
    /// The recording could not be read to its end.
    pub(in crate::front) fn ended(self, end: &End) -> Result<(), Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let Some(mut check) = self.check.map(RefCell::into_inner) else { return Ok(()) };
        while let Some(difference) = check.ended(end)? {
            self.findings.tell(&difference);
        }
        Ok(())
    }

    pub(in crate::front) fn hear(&self, event: &Event) {
        match &event.what {
            Happening::Message(Direction::In, message) => {
                if let Some(check) = &self.check {
                    match check.borrow_mut().came(message.clone()) {
                        Ok(differences) => differences.iter().for_each(|difference| self.findings.tell(difference)),
                        Err(error) => self.failed.set(Some(error)),
                    }
                }
                self.heard.message();
            }
            Happening::Part(part) if part.is_last => self.heard.message(),
            _ => {}
        }
    }
}

impl<'t> Findings<'t> {
    pub(in crate::front) fn new(talk: &'t Talk, place: String) -> Self {
        Self { talk, place, found: Cell::new(0) }
    }

    pub(in crate::front) fn are_none(&self) -> bool {
        self.found.get() == 0
    }

    fn tell(&self, difference: &Difference) {
        self.found.set(self.found.get() + 1);
        if self.found.get() <= SHOWN {
            report::difference(self.talk, &self.place, difference);
        }
    }

    /// Tells what was counted only.
    pub(in crate::front) fn sum_up(&self) {
        match self.found.get().saturating_sub(SHOWN) {
            0 => {}
            1 => self.talk.error(&format!("{}: 1 more difference", self.place)),
            more => self.talk.error(&format!("{}: {more} more differences", self.place)),
        }
    }
}

impl<O: Outlet> Outlet for Witness<'_, O> {
    async fn room(&self) -> Result<(), Gone> {
        self.outlet.room().await
    }

    fn put(&self, event: Event) {
        self.hearing.hear(&event);
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
