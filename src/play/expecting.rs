//! The steps that wait for something: `expect`, `expect any order`, `skip until`, `nothing`.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::judging::{judged, wanted};
use super::stream::{next_bytes, nothing_left, so_far};
use super::{Player, ScriptConnection, StepFault};
use crate::compare::diff::DiffLine;
use crate::message::Message;
use crate::script::judge::any_order::AnyOrder;
use crate::script::judge::mismatch::Mismatch;
use crate::script::judge::{ExpectedKind, Matcher, unexpected};
use crate::script::syntax::{Action, Expect, Pattern, Step};

impl Player<'_> {
    pub(crate) async fn expect(&self, name: &Option<String>, expect: &Expect) -> Result<(), StepFault> {
        let wanted = wanted(&expect.pattern, &self.context.scope).await?;
        let captured = if wanted.kind() == ExpectedKind::Answer {
            self.with_answer(name, |answer| Ok(wanted.answer(answer)?))?
        } else {
            let standing = self.open(name)?;
            let within = expect.within.unwrap_or(self.context.file.within);
            next(standing.connection()?, &wanted, within).await?
        };
        if let Some(variable) = &expect.capture {
            self.context.scope.set(variable, captured)?;
        }
        Ok(())
    }

    /// The limit is that of all together.
    pub(crate) async fn any_order(
        &self,
        name: &Option<String>,
        steps: &[Step],
        within: Duration,
    ) -> Result<(), StepFault> {
        let mut unordered = Unordered::new(self, steps).await?;
        let standing = self.open(name)?;
        let connection = standing.connection()?;
        nothing_left(connection)?;
        match timeout(within, unordered.meet(connection)).await {
            Ok(met) => met?,
            Err(_) => return Err(unordered.late(within)),
        }
        for (variable, captured) in unordered.captured().await {
            self.context.scope.set(variable, captured)?;
        }
        Ok(())
    }

    pub(crate) async fn nothing(&self, name: &Option<String>, within: Duration) -> Result<(), StepFault> {
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

    pub(crate) async fn skip(
        &self,
        name: &Option<String>,
        until: &Pattern,
        within: Duration,
        capture: Option<&String>,
    ) -> Result<(), StepFault> {
        let wanted = wanted(until, &self.context.scope).await?;
        let standing = self.open(name)?;
        let connection = standing.connection()?;
        connection.left.borrow_mut().clear();
        let skipped = Cell::new(0_u64);
        let looking = async {
            loop {
                match heard(connection, &wanted).await? {
                    Ok(captured) => return Ok::<_, StepFault>(captured),
                    Err(_) => skipped.set(skipped.get() + 1),
                }
            }
        };
        let captured = timeout(within, looking)
            .await
            .unwrap_or_else(|_| Err(missed(wanted.kind(), skipped.get(), within).into()))?;
        if let Some(variable) = capture {
            self.context.scope.set(variable, captured)?;
        }
        Ok(())
    }
}

/// The expectations of `expect any order`, and what has met them.
struct Unordered<'s> {
    expectations: Vec<PendingExpectation<'s>>,
    order: AnyOrder,
    /// Those that came, if something is to be captured.
    messages: Vec<Message>,
}

struct PendingExpectation<'s> {
    wanted: Arc<Matcher>,
    capture: Option<&'s str>,
    written: String,
}

impl<'s> Unordered<'s> {
    async fn new(player: &Player<'_>, steps: &'s [Step]) -> Result<Self, StepFault> {
        let expectations = steps.iter().filter_map(|step| match &step.action {
            Action::Expect(expect) => Some((step, expect)),
            // The parser has let nothing else in.
            _ => None,
        });
        let mut known = Vec::new();
        for (step, Expect { pattern, capture, .. }) in expectations {
            let wanted = wanted(pattern, &player.context.scope).await;
            let wanted = wanted.map_err(|why| StepFault::from(why).at(step.place))?;
            let written = format!("{}: {}", step.place.line, player.written(step.place));
            known.push(PendingExpectation { wanted, capture: capture.as_deref(), written });
        }
        let order = AnyOrder::new(known.len());
        Ok(Self { expectations: known, order, messages: Vec::new() })
    }

    /// Takes messages until all is met. The first that meets nothing is a fault.
    async fn meet(&mut self, connection: &ScriptConnection) -> Result<(), StepFault> {
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
                return Err(self.fault(Mismatch::with(
                    "the received message matches none of the remaining \
                    expectations",
                    came,
                )));
            }
            if keeps {
                self.messages.push(message);
            }
        }
        Ok(())
    }

    fn late(&self, within: Duration) -> StepFault {
        let (came, all) = (self.order.came(), self.expectations.len());
        self.fault(Mismatch::new(format!("{came} of {all} messages came within {within:?}")))
    }

    /// With the expectations that are not met.
    fn fault(&self, mismatch: Mismatch) -> StepFault {
        let left = self.order.left().map(|number| DiffLine::expected(self.expectations[number].written.as_str()));
        let diff = left.chain(mismatch.diff).collect();
        Mismatch { diff, ..mismatch }.into()
    }

    async fn captured(&self) -> Vec<(&'s str, String)> {
        let mut captured = Vec::new();
        for (number, PendingExpectation { wanted, capture, .. }) in self.expectations.iter().enumerate() {
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
async fn next(connection: &ScriptConnection, wanted: &Arc<Matcher>, within: Duration) -> Result<String, StepFault> {
    match timeout(within, heard(connection, wanted)).await {
        Ok(heard) => Ok(heard??),
        Err(_) if connection.line().is_full() && wanted.kind() != ExpectedKind::Message => {
            Err("reading has stopped: 16 MiB were received that no step has expected".to_owned().into())
        }
        Err(_) if wanted.kind() == ExpectedKind::Bytes => {
            Err(so_far(connection, format!("that did not come within {within:?}")).into())
        }
        Err(_) => Err(missed(wanted.kind(), 0, within).into()),
    }
}

/// What is said to the next of its kind; a fault, when there is none any more.
async fn heard(connection: &ScriptConnection, wanted: &Arc<Matcher>) -> Result<Result<String, Mismatch>, StepFault> {
    let line = connection.line();
    let gone = || StepFault::from(connection.how_it_ended());
    match wanted.kind() {
        ExpectedKind::Bytes => match &**wanted {
            Matcher::Bytes(bytes) => next_bytes(connection, bytes).await,
            _ => Ok(Err(Mismatch::new("bytes came"))),
        },
        ExpectedKind::Message | ExpectedKind::Answer => {
            nothing_left(connection)?;
            let message = line.message().await.ok_or_else(gone)?;
            let verdict = judged(wanted, &message).await;
            connection.last.replace(Some(message));
            Ok(verdict)
        }
        ExpectedKind::Ping => Ok(wanted.control(&line.ping().await.ok_or_else(gone)?)),
        ExpectedKind::Pong => Ok(wanted.control(&line.pong().await.ok_or_else(gone)?)),
        ExpectedKind::Close => {
            let closed = line.close().await.ok_or_else(gone)?;
            connection.saw();
            // There is but one.
            Ok(Ok(wanted.close(&closed.close)?))
        }
    }
}

/// What there is to say when the time is over, and this many have come that do not fit.
pub(crate) fn missed(kind: ExpectedKind, skipped: u64, within: Duration) -> String {
    let kind = match kind {
        ExpectedKind::Message | ExpectedKind::Bytes | ExpectedKind::Answer => "message",
        ExpectedKind::Ping => "ping",
        ExpectedKind::Pong => "pong",
        ExpectedKind::Close => "Close",
    };
    match skipped {
        0 => format!("no {kind} came within {within:?}"),
        1 => format!("the one that came within {within:?} does not match"),
        count => format!("none of the {count} that came within {within:?} matches"),
    }
}
