//! `loop`: endless, and ended by the end of a connection.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::select_all;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::loop_end::LoopEnd;
use super::standing::ConnectionStatus;
use super::{Played, Player, StepFault};
use crate::script::syntax::Step;

impl Player<'_> {
    /// Plays steps again and again, until a connection has ended that they did not open.
    pub(crate) async fn endless(&self, steps: &[Step]) -> Played {
        let end = LoopEnd::of(steps);
        if steps.is_empty() {
            self.ended(&end).await;
        }
        while self.ended(&end).now_or_never().is_none() {
            let played = self.steps(steps, Some(&end)).await;
            if played.is_err() && self.forgets(&end) {
                return Ok(());
            }
            played?;
            yield_now().await;
        }
        self.forgets(&end);
        Ok(())
    }

    /// Whether the end of a connection was met; whether that was a good one is for the steps after the loop to tell.
    fn forgets(&self, end: &LoopEnd) -> bool {
        let standing = self.standing_of(end);
        let met = standing.iter().filter_map(|it| it.connection().ok()).filter(|it| it.forgets_end());
        met.count() > 0
    }

    /// Waits; in a loop, not beyond its end.
    ///
    /// # Errors
    /// The loop ends.
    pub(crate) async fn pause(&self, time: Duration, end: Option<&LoopEnd>) -> Result<(), StepFault> {
        let ended = async {
            match end {
                Some(end) => self.ended(end).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = sleep(time) => Ok(()),
            words = ended => Err(words.into()),
        }
    }

    /// Waits for the end of a loop, and says how the connection has ended.
    async fn ended(&self, end: &LoopEnd) -> String {
        let standing = self.standing_of(end);
        let connections: Vec<_> = standing.iter().filter_map(|it| it.connection().ok()).collect();
        if connections.is_empty() {
            return pending().await;
        }
        let ending = connections.iter().map(|it| it.line().no_more(end.listens).boxed_local());
        let (_, which, _) = select_all(ending).await;
        connections[which].how_it_ended()
    }

    fn standing_of(&self, end: &LoopEnd) -> Vec<Rc<ConnectionStatus>> {
        let standing = self.standing.borrow();
        standing.iter().filter(|(name, _)| end.is_of(name)).map(|(_, it)| Rc::clone(it)).collect()
    }
}
