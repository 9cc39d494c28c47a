//! Equality of JSON, and how differences are found.

pub(crate) mod diff;
pub(crate) mod json;
