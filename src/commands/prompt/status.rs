//! Exit statuses of the prompt alone.

/// The exit status of who leaves while there are messages that were not sent.
pub(crate) const UNSENT: u8 = 8;

/// The exit status of who pressed Ctrl-C to leave.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit status of who closed the terminal's window (128 and SIGHUP).
pub(crate) const HUNG_UP: u8 = 129;

/// Exit statuses above this one name a signal.
pub(crate) const SIGNALLED: u8 = 128;
