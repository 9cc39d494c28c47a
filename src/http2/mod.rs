//! HTTP/2 (RFC 9113) as far as a WebSocket needs it (RFC 8441): one stream of a connection as a stream of bytes.
//!
//! Plain transport on crate `h2`: what is asked and answered over it belongs to `handshake`.

mod arrivals;
pub(crate) mod client;
pub(crate) mod fault;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod stream;
mod watched;

/// What a peer may send before the reader has taken any of it, on one stream and on all of a connection.
const WINDOW: u32 = 4 << 20;

/// What of our own may wait in a connection until the transport takes it.
const SEND_BUFFER: usize = 256 << 10;

/// What one DATA frame may bring: the usual 16 KiB cost a large message a frame for each.
const MAX_FRAME: u32 = 256 << 10;

/// The same bound as on the head of an HTTP/1.1 message; it is on the decompressed fields.
const MAX_FIELDS_SIZE: u32 = 64 << 10;

/// What small DATA frames may cost, each 256 bytes less its own, until a stream has taken them from the connection. It is more
/// than what can come in the turns between, so that no number of small messages is too many.
const DATA_FRAMES: usize = 32 << 20;
