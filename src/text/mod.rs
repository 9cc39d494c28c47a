//! Text: what escapes it, what undoes that, and what words mean.

pub(crate) mod escape;
pub(crate) mod hex;
pub(crate) mod lines;
pub(crate) mod patterns;
pub(crate) mod synonyms;
pub(crate) mod unescape;
pub(crate) mod units;
