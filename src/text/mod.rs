//! Text: what escapes it, and what undoes that.

pub(crate) mod escape;
pub(crate) mod hex;
pub(crate) mod patterns;
pub(crate) mod unescape;
pub(crate) mod units;
