//! The steps that wait for something: `expect`, `expect any order`, `skip until`, `nothing`.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::judging::{judged, wanted};
use super::stream::{next_bytes, nothing_left, so_far};
use super::{Connection, Fault, Player};
use crate::event::Message;
use crate::script::judge::any_order::AnyOrder;
use crate::script::judge::diff::Line;
use crate::script::judge::{Kind, Mismatch, Wanted, unexpected};
use crate::script::syntax::{Action, Expect, Pattern, Step};

impl Player<'_> {
    pub(super) async fn expect(&self, name: &Option<String>, expect: &Expect) -> Result<(), Fault> {
        let wanted = wanted(&expect.pattern, &self.stage.words).await?;
        let captured = if wanted.kind() == Kind::Answer {
            self.with_answer(name, |answer| Ok(wanted.answer(answer)?))?
        } else {
            let standing = self.open(name)?;
            let within = expect.within.unwrap_or(self.stage.file.within);
            next(standing.connection()?, &wanted, within).await?
        };
        if let Some(variable) = &expect.capture {
            self.stage.words.set(variable, captured)?;
        }
        Ok(())
    }

    /// The limit is that of all together.
    pub(super) async fn any_order(&self, name: &Option<String>, steps: &[Step], within: Duration) -> Result<(), Fault> {
        let mut unordered = Unordered::new(self, steps).await?;
        let standing = self.open(name)?;
        let connection = standing.connection()?;
        nothing_left(connection)?;
        match timeout(within, unordered.meet(connection)).await {
            Ok(met) => met?,
            Err(_) => return Err(unordered.late(within)),
        }
        for (variable, captured) in unordered.captured().await {
            self.stage.words.set(variable, captured)?;
        }
        Ok(())
    }

    pub(super) async fn nothing(&self, name: &Option<String>, within: Duration) -> Result<(), Fault> {
        let standing = self.open(name)?;
        let connection = standing.connection()?;
        nothing_left(connection)?;
        match timeout(within, connection.line().message()).await {
            Err(_) => Ok(()),
            Ok(None) => Err(connection.how_it_ended().into()),
            Ok(Some(message)) => {
                let mismatch = unexpected(&message);
                connection.last.replace(Some(message));
                Err(mismatch.into())
            }
        }
    }

    pub(super) async fn skip(
        &self,
        name: &Option<String>,
        until: &Pattern,
        within: Duration,
        capture: Option<&String>,
    ) -> Result<(), Fault> {
        let wanted = wanted(until, &self.stage.words).await?;
        let standing = self.open(name)?;
        let connection = standing.connection()?;
        connection.left.borrow_mut().clear();
        let skipped = Cell::new(0_u64);
        let looking = async {
            loop {
                match heard(connection, &wanted).await? {
                    Ok(captured) => return Ok::<_, Fault>(captured),
                    Err(_) => skipped.set(skipped.get() + 1),
                }
            }
        };
        let captured = timeout(within, looking)
            .await
            .unwrap_or_else(|_| Err(missed(wanted.kind(), skipped.get(), within).into()))?;
        if let Some(variable) = capture {
            self.stage.words.set(variable, captured)?;
        }
        Ok(())
    }
}

/// The expectations of `expect any order`, and what has met them.
struct Unordered<'s> {
    expectations: Vec<Expectation<'s>>,
    order: AnyOrder,
    /// Those that came, if something is to be captured.
    messages: Vec<Message>,
}

struct Expectation<'s> {
    wanted: Arc<Wanted>,
    capture: Option<&'s str>,
    written: String,
}

impl<'s> Unordered<'s> {
    async fn new(player: &Player<'_>, steps: &'s [Step]) -> Result<Self, Fault> {
        let expectations = steps.iter().filter_map(|step| match &step.action {
            Action::Expect(expect) => Some((step, expect)),
            // The parser has let nothing else in.
            _ => None,
        });
        let mut known = Vec::new();
        for (step, Expect { pattern, capture, .. }) in expectations {
            let wanted = wanted(pattern, &player.stage.words).await;
            let wanted = wanted.map_err(|why| Fault::from(why).at(step.place))?;
            let written = format!("{}: {}", step.place.line, player.written(step.place));
            known.push(Expectation { wanted, capture: capture.as_deref(), written });
        }
        let order = AnyOrder::new(known.len());
        Ok(Self { expectations: known, order, messages: Vec::new() })
    }

    /// Takes messages until all is met. The first that meets nothing is a fault.
    async fn meet(&mut self, connection: &Connection) -> Result<(), Fault> {
        let keeps = self.expectations.iter().any(|expectation| expectation.capture.is_some());
        while !self.order.is_done() {
            let Some(message) = connection.line().message().await else {
                return Err(self.fault(Mismatch::new(connection.how_it_ended())));
            };
            connection.last.replace(Some(message.clone()));
            let mut fits = Vec::with_capacity(self.expectations.len());
            for expectation in &self.expectations {
                fits.push(judged(&expectation.wanted, &message).await.is_ok());
            }
            if !self.order.take(fits) {
                let came = unexpected(&message).diff;
                return Err(self.fault(Mismatch::with("the message that came fits none of those that are left", came)));
            }
            if keeps {
                self.messages.push(message);
            }
        }
        Ok(())
    }

    fn late(&self, within: Duration) -> Fault {
        let (came, all) = (self.order.came(), self.expectations.len());
        self.fault(Mismatch::new(format!("{came} of {all} messages came within {within:?}")))
    }

    /// With the expectations that are not met.
    fn fault(&self, mismatch: Mismatch) -> Fault {
        let left = self.order.left().map(|number| Line::expected(self.expectations[number].written.as_str()));
        let diff = left.chain(mismatch.diff).collect();
        Mismatch { diff, ..mismatch }.into()
    }

    async fn captured(&self) -> Vec<(&'s str, String)> {
        let mut captured = Vec::new();
        for (number, Expectation { wanted, capture, .. }) in self.expectations.iter().enumerate() {
            let message = self.order.met_by(number).and_then(|message| self.messages.get(message));
            if let (Some(variable), Some(message)) = (*capture, message)
                && let Ok(value) = judged(wanted, message).await
            {
                captured.push((variable, value));
            }
        }
        captured
    }
}

/// Waits for the next of its kind, which has to fit.
async fn next(connection: &Connection, wanted: &Arc<Wanted>, within: Duration) -> Result<String, Fault> {
    match timeout(within, heard(connection, wanted)).await {
        Ok(heard) => Ok(heard??),
        Err(_) if connection.line().is_full() && wanted.kind() != Kind::Message => {
            Err("nothing more is read: 16 MiB have come that no step has expected".to_owned().into())
        }
        Err(_) if wanted.kind() == Kind::Bytes => {
            Err(so_far(connection, format!("that did not come within {within:?}")).into())
        }
        Err(_) => Err(missed(wanted.kind(), 0, within).into()),
    }
}

/// What is said to the next of its kind; a fault, when there is none any more.
async fn heard(connection: &Connection, wanted: &Arc<Wanted>) -> Result<Result<String, Mismatch>, Fault> {
    let line = connection.line();
    let gone = || Fault::from(connection.how_it_ended());
    match wanted.kind() {
        Kind::Bytes => match &**wanted {
            Wanted::Bytes(bytes) => next_bytes(connection, bytes).await,
            _ => Ok(Err(Mismatch::new("bytes came"))),
        },
        Kind::Message | Kind::Answer => {
            nothing_left(connection)?;
            let message = line.message().await.ok_or_else(gone)?;
            let verdict = judged(wanted, &message).await;
            connection.last.replace(Some(message));
            Ok(verdict)
        }
        Kind::Ping => Ok(wanted.control(&line.ping().await.ok_or_else(gone)?)),
        Kind::Pong => Ok(wanted.control(&line.pong().await.ok_or_else(gone)?)),
        Kind::Close => {
            let closed = line.close().await.ok_or_else(gone)?;
            connection.saw();
            // There is but one.
            Ok(Ok(wanted.close(&closed.close)?))
        }
    }
}

/// What there is to say when the time is over, and so many have come that do not fit.
pub(super) fn missed(kind: Kind, skipped: u64, within: Duration) -> String {
    let kind = match kind {
        Kind::Message | Kind::Bytes | Kind::Answer => "message",
        Kind::Ping => "ping",
        Kind::Pong => "pong",
        Kind::Close => "Close",
    };
    match skipped {
        0 => format!("no {kind} came within {within:?}"),
        1 => format!("the one that came within {within:?} does not fit"),
        count => format!("none of the {count} that came within {within:?} fits"),
    }
}
