//! What is typed at the prompt: text, or a command with its arguments.

use bytes::Bytes;
use regex::Regex;

use super::arguments::{Draft, Repetition, Switch};
use super::files::{TypedDestination, TypedPath};
use super::filter::MessageFilter;
use super::message_log::MessageNumber;
use crate::codec::DecoderChain;
use crate::events::{Addressee, ClientName};
use crate::message::Close;
use crate::wire::raw_frame::RawFrame;

/// What a line typed at the prompt means.
#[derive(Debug)]
pub(crate) enum PromptLine {
    /// To be sent as it is.
    Text(String),
    Command(PromptCommand),
    /// What is wrong with it, and what would be right.
    Bad(String),
}

#[derive(Debug)]
pub(crate) enum PromptCommand {
    Binary(Bytes),
    Clear,
    /// Who is there.
    Clients,
    Close(Option<Close>),
    Connect(String),
    /// To the clipboard.
    Copy(MessageNumber),
    Decode(Switch<DecoderChain>),
    Drop,
    Edit(Draft),
    File(TypedPath),
    Filter(Switch<MessageFilter>),
    /// `None` leaves messages as they go by themselves.
    Fragment(Option<usize>),
    Frame(RawFrame),
    Grep(Regex),
    HalfClose,
    /// With the name of a command, without its slash, or of a group.
    Help(Option<String>),
    Info,
    Json(Switch<()>),
    Kick(ClientName, Option<Close>),
    Last(MessageNumber),
    Pause,
    Ping(Bytes),
    Pong(Bytes),
    Quit,
    Reconnect,
    /// `None` ends the recording.
    Record(Option<TypedDestination>),
    Repeat(Switch<Repetition>),
    Resume,
    /// A call of JSON-RPC.
    Rpc {
        method: String,
        params: Option<String>,
    },
    Save {
        number: MessageNumber,
        file: TypedDestination,
    },
    /// A message, which may be empty.
    Send(String),
    Time(Switch<()>),
    /// The line is for one client, or for the server of a relay.
    To(Addressee, Box<PromptLine>),
    /// The session so far.
    View,
}
