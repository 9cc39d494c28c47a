//! All that is the operating system's own: signals, process groups, files that do not block, the terminal's modes.

pub(crate) mod backtrace;
pub(crate) mod broken_pipe;
pub(crate) mod clock;
pub(crate) mod descriptors;
pub(crate) mod file;
pub(crate) mod memory;
pub(crate) mod nonblocking;
pub(crate) mod process_group;
pub(crate) mod signals;
pub(crate) mod terminal;
