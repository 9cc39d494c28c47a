//! Where messages to send come from.

pub(crate) mod command;
pub(crate) mod payload;
pub(crate) mod source;
pub(crate) mod splitter;
pub(crate) mod stdin;
mod streamed;
