//! The record of all connections of a run (`--record`).

use crate::error::Error;
use crate::event::{Event, TimeOrder};
use crate::front::spool::Spool;
use crate::render::record::{self, Secrets};
use crate::session::Gone;

pub(in crate::front) struct Recording {
    spool: Spool,
    secrets: Secrets,
    times: TimeOrder,
}

impl Recording {
    pub(in crate::front) fn new(spool: Spool, secrets: Secrets) -> Self {
        Self { spool, secrets, times: TimeOrder::default() }
    }

    pub(super) fn put(&self, event: &Event) {
        let event = Event { at: self.times.next(event.at), ..event.clone() };
        self.spool.append(|out| record::write(&event, self.secrets, out));
    }

    pub(super) async fn room(&self) -> Result<(), Gone> {
        self.spool.room().await
    }

    pub(super) async fn flush(&self) -> Result<(), Gone> {
        self.spool.flush().await
    }

    pub(in crate::front) async fn finish(self) -> Result<(), Error> {
        self.spool.finish().await.map_err(|source| Error::Local { what: "write the record", source })
    }
}
