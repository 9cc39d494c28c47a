//! How a connection is used.

use std::sync::Arc;

use super::compression_stats::CompressionStats;

/// The limits for a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest message that is taken, in bytes.
    pub(crate) max_message: usize,
    /// Whether its pings are answered.
    pub(crate) pongs: bool,
}

/// How a connection is used, beside what every one has.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionOptions {
    /// permessage-deflate, if it was negotiated.
    pub(crate) deflate: Option<super::offer::Agreed>,
    /// Large messages are handed over in parts.
    pub(crate) parts: bool,
    /// `--frames`: each frame is traced.
    pub(crate) traced: bool,
    /// `--fragment`: messages go out in frames of this size at most.
    pub(crate) fragment: Option<usize>,
    /// It is one of thousands: it reads to a block that all connections of a thread share.
    pub(crate) is_of_many: bool,
    /// The subprotocol, if one was negotiated.
    pub(crate) subprotocol: Option<Arc<str>>,
    /// Counts how well messages are compressed.
    pub(crate) tally: Arc<CompressionStats>,
}
