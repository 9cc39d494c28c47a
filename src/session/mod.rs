//! A session: from the open connection to its end.
//!
//! `pump` moves inputs from an [`Inlet`] to the socket and events to an [`Outlet`], and asks `lifecycle` when to end.
//! Typing and printing are the business of `commands`.

mod backlog;
mod decode_command;
mod decoding;
mod dyn_outlet;
mod expect;
mod goal;
pub(crate) mod inlet;
mod keepalive;
mod lifecycle;
mod lockstep;
pub(crate) mod options;
pub(crate) mod outlet;
mod pace;
mod pings;
pub(crate) mod pump;
pub(crate) mod reconnect;
mod reply;
mod seen_message;

pub(crate) use inlet::Inlet;
pub(crate) use options::{Echo, Progress};
pub(crate) use outlet::{Gone, Outlet};

pub(crate) use self::decode_command::DecodeCommand;
pub(crate) use self::decoding::{DecodeHow, DecodeSwitch};
pub(crate) use self::dyn_outlet::DynOutlet;
pub(crate) use self::expect::{JsonExpectation, Judged, json_path};
pub(crate) use self::goal::Expectation;
pub(crate) use self::keepalive::{Heartbeat, KeepaliveOptions, Pinging, is_keepalive};
pub(crate) use self::lifecycle::{Ending, Outcome};
pub(crate) use self::lockstep::LockstepOptions;
pub(crate) use self::pace::{LingerEnd, LingerPolicy, Rate, SendPace, Wait};
pub(crate) use self::reconnect::{Attempt, Attempts, Backoff, Delay, ReconnectOn, ReconnectPolicy};
pub(crate) use self::reply::{Replies, ReplyRule};
pub(crate) use self::seen_message::SeenMessage;
