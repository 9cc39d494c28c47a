//! The WebSocket connection itself, and all that is on the wire.
//!
//! `socket` is the one place that knows tungstenite. tungstenite answers pings and does the closing handshake. Messages go past it, since it took a third of the time of
//! receiving small ones (docs/measurements.md): `stream`, below it, has `inbound` check, put together and inflate what comes in,
//! and keeps what goes out, cut and compressed by `outbound`.

pub(crate) mod bench;
mod compression_stats;
pub(crate) mod deflate;
pub(crate) mod fault;
pub(crate) mod frame;
pub(crate) mod fuzz;
mod inbound;
pub(crate) mod incoming;
pub(crate) mod offer;
pub(crate) mod options;
mod outbound;
pub(crate) mod raw_frame;
pub(crate) mod socket;
mod stream;
pub(crate) mod trace;
pub(crate) mod utf8;

pub(crate) use fault::Fault;
pub(crate) use incoming::Incoming;
pub(crate) use options::{ConnectionOptions, Limits};
pub(crate) use socket::Socket;

pub(crate) use self::compression_stats::CompressionStats;
