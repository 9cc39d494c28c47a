//! All decoders: whoever adds one adds its file, and its line here.

use super::decoder::DecoderEntry;
use super::{auto, cbor, deflate, mqtt, msgpack, protobuf, signalr, socketio};

/// All decoders, in the order of the manual.
pub(crate) const DECODERS: &[DecoderEntry] = &[
    deflate::GZIP,
    deflate::DEFLATE,
    deflate::ZLIB_STREAM,
    msgpack::ENTRY,
    cbor::ENTRY,
    protobuf::ENTRY,
    signalr::ENTRY,
    socketio::ENTRY,
    mqtt::ENTRY,
    auto::ENTRY,
];
