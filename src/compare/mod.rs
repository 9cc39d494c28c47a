//! Equality of JSON, and how differences are found and shown.

pub(crate) mod diff;
pub(crate) mod json;
pub(crate) mod paint;
