//! What the programs of the comparison share: `compare` (the driver with its server), `raw` (the bound) and `launch`.
#![allow(clippy::disallowed_methods, reason = "these are programs of their own")]

pub mod clock;
pub mod frame;
pub mod load;
pub mod pings;
pub mod usage;
