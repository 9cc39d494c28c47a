//! What is inside messages: decoders, which say it as JSON, and encoders.
//!
//! Plain code, without I/O: a message goes in, [`DecodedMessage`] comes out. A decoder is a file here and a line in `table`.

mod auto;
mod cbor;
mod chain;
mod decoded;
mod decoder;
mod deflate;
pub(crate) mod encode;
mod error;
pub(crate) mod fuzz;
mod mqtt;
mod msgpack;
mod nesting;
pub(crate) mod notation;
mod protobuf;
mod reader;
mod signalr;
mod socketio;
mod table;

pub(crate) use self::chain::{BadChain, DecoderChain, MessageDecoder};
pub(crate) use self::decoded::{DecodedMessage, Decoding};
pub(crate) use self::table::DECODERS;
