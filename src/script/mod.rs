//! The language of `wsprobe run`: conversations with expectations, one step a line.
//!
//! Plain code: text in, a [`syntax::Script`] or errors with their places out; a message and a pattern in, a verdict
//! out. Who connects, waits and prints is `front::run`'s business.

pub(crate) mod syntax;
