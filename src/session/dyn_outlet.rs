//! Outlets behind a pointer, so that the pump is compiled once for all that need no instance of their own.

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::outlet::{Gone, Outlet};
use crate::events::Event;
use crate::message::Close;

/// An [`Outlet`] of any type: `dyn DynOutlet` is an outlet too.
pub(crate) trait DynOutlet {
    /// Whether there is room; none if it has to be waited for.
    fn room_now(&self) -> Option<Result<(), Gone>>;
    fn room_later(&self) -> LocalBoxFuture<'_, Result<(), Gone>>;
    /// The same for what was sent.
    fn room_for_sent_now(&self) -> Option<Result<(), Gone>>;
    fn room_for_sent_later(&self) -> LocalBoxFuture<'_, Result<(), Gone>>;
    fn put_dyn(&self, event: Event);
    fn flush_dyn(&self) -> LocalBoxFuture<'_, Result<(), Gone>>;
    fn takes_runs_dyn(&self) -> bool;
    fn wants_sent_dyn(&self) -> bool;
    fn shows_sent_dyn(&self) -> bool;
    fn gone_dyn(&self) -> LocalBoxFuture<'_, ()>;
    fn dismissed_dyn(&self) -> LocalBoxFuture<'_, Close>;
}

impl<O: Outlet> DynOutlet for O {
    fn room_now(&self) -> Option<Result<(), Gone>> {
        self.room().now_or_never()
    }

    fn room_later(&self) -> LocalBoxFuture<'_, Result<(), Gone>> {
        self.room().boxed_local()
    }

    fn room_for_sent_now(&self) -> Option<Result<(), Gone>> {
        self.room_for_sent().now_or_never()
    }

    fn room_for_sent_later(&self) -> LocalBoxFuture<'_, Result<(), Gone>> {
        self.room_for_sent().boxed_local()
    }

    fn put_dyn(&self, event: Event) {
        self.put(event);
    }

    fn flush_dyn(&self) -> LocalBoxFuture<'_, Result<(), Gone>> {
        self.flush().boxed_local()
    }

    fn takes_runs_dyn(&self) -> bool {
        self.takes_runs()
    }

    fn wants_sent_dyn(&self) -> bool {
        self.wants_sent()
    }

    fn shows_sent_dyn(&self) -> bool {
        self.shows_sent()
    }

    fn gone_dyn(&self) -> LocalBoxFuture<'_, ()> {
        self.gone().boxed_local()
    }

    fn dismissed_dyn(&self) -> LocalBoxFuture<'_, Close> {
        self.dismissed().boxed_local()
    }
}

impl Outlet for dyn DynOutlet + '_ {
    async fn room(&self) -> Result<(), Gone> {
        // No box for each message: mostly there is room.
        match self.room_now() {
            Some(room) => room,
            None => self.room_later().await,
        }
    }

    async fn room_for_sent(&self) -> Result<(), Gone> {
        match self.room_for_sent_now() {
            Some(room) => room,
            None => self.room_for_sent_later().await,
        }
    }

    fn put(&self, event: Event) {
        self.put_dyn(event);
    }

    async fn flush(&self) -> Result<(), Gone> {
        self.flush_dyn().await
    }

    fn takes_runs(&self) -> bool {
        self.takes_runs_dyn()
    }

    fn wants_sent(&self) -> bool {
        self.wants_sent_dyn()
    }

    fn shows_sent(&self) -> bool {
        self.shows_sent_dyn()
    }

    async fn gone(&self) {
        self.gone_dyn().await;
    }

    async fn dismissed(&self) -> Close {
        self.dismissed_dyn().await
    }
}
