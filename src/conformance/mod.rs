//! The cases of `wsprobe check`: rules of RFC 6455 and RFC 7692 as tables of data, and plain code that judges what was seen.
//!
//! Nothing here connects: that is the command's business.

pub(crate) mod case;
pub(crate) mod cases;
pub(crate) mod expected;
pub(crate) mod frames;
pub(crate) mod judge;
pub(crate) mod list;
pub(crate) mod observed;
pub(crate) mod placeholders;
pub(crate) mod script;
