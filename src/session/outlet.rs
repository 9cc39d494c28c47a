//! Where events go.

use std::future::pending;

use crate::events::Event;
use crate::message::Close;

/// Where events go. Shared by the two halves of the pump, so it takes `&self`.
pub(crate) trait Outlet {
    /// Waits until there is room: this is how a slow output slows the peer down.
    async fn room(&self) -> Result<(), Gone>;

    /// Waits until there is room for what was sent. What was received may have to wait for more: for whoever hears it.
    async fn room_for_sent(&self) -> Result<(), Gone> {
        self.room().await
    }

    /// Takes an event in; never waits.
    fn put(&self, event: Event);

    /// Shows what was put, since nothing more is waiting just now.
    async fn flush(&self) -> Result<(), Gone>;

    /// Whether it takes small messages that come together in one [`EventKind::Run`].
    fn takes_runs(&self) -> bool {
        false
    }

    /// Whether it wants to know what was sent.
    fn wants_sent(&self) -> bool;

    /// Whether it shows what was sent, so that it is flushed after that, too.
    fn shows_sent(&self) -> bool {
        self.wants_sent()
    }

    /// Ends when nobody reads the output any more.
    async fn gone(&self);

    /// Ends when the session is to end in order, with this Close, whatever input still waits; never, if nobody says so.
    async fn dismissed(&self) -> Close {
        pending().await
    }
}

/// Nobody reads the output any more.
#[derive(Debug)]
pub(crate) struct Gone;
