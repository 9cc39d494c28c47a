//! Work that goes on beside a client's session, and may go on for a while after it.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::{Fuse, FusedFuture as _, LocalBoxFuture};

use crate::events::End;

/// Work that goes on beside a session.
pub(super) struct SideTask {
    // Borrowed between awaits only.
    running: RefCell<Fuse<LocalBoxFuture<'static, ()>>>,
}

impl SideTask {
    pub(super) fn new(work: impl Future<Output = ()> + 'static) -> Self {
        Self { running: RefCell::new(work.boxed_local().fuse()) }
    }

    /// Works while the session runs.
    pub(super) fn beside<'t>(&'t self, session: LocalBoxFuture<'t, Rc<End>>) -> LocalBoxFuture<'t, Rc<End>> {
        let both = async {
            tokio::select! {
                end = session => end,
                never = self.run_aside() => match never {},
            }
        };
        both.boxed_local()
    }

    /// Works to its end.
    pub(super) async fn finish(&self) {
        if !self.running.borrow().is_terminated() {
            poll_fn(|context| self.running.borrow_mut().poll_unpin(context)).await;
        }
    }

    /// Waits on when the work has ended: its last word to the client is on its way then.
    async fn run_aside(&self) -> Infallible {
        let run = |context: &mut Context<'_>| {
            // Polled after its end, it is pending.
            let _ = self.running.borrow_mut().poll_unpin(context);
            Poll::Pending
        };
        poll_fn(run).await
    }
}
