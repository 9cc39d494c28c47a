//! All that is the operating system's own: signals, process groups, files that do not block, the terminal's modes, sockets
//! in the file system, network interfaces, the time zone. Another system needs another of these rooms, and nothing else.

pub(crate) mod backtrace;
pub(crate) mod broken_pipe;
pub(crate) mod certificates;
pub(crate) mod clock;
pub(crate) mod descriptors;
pub(crate) mod file;
pub(crate) mod interfaces;
pub(crate) mod key_relay;
pub(crate) mod local_time;
pub(crate) mod memory;
pub(crate) mod nonblocking;
pub(crate) mod ports;
pub(crate) mod process_group;
pub(crate) mod question;
pub(crate) mod signals;
pub(crate) mod streams;
pub(crate) mod terminal;
pub(crate) mod timer;
pub(crate) mod unix_socket;
pub(crate) mod usage;
