//! The time of day where the user is.

use std::time::{Duration, SystemTime};

use nix::libc;

/// A time of day, in the user's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    pub(crate) hour: i32,
    pub(crate) minute: i32,
    pub(crate) second: i32,
    pub(crate) subsecond: Duration,
}

impl TimeOfDay {
    pub(crate) fn of(at: SystemTime) -> Self {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs().try_into().unwrap_or(libc::time_t::MAX);
        #[expect(unsafe_code, reason = "a library of our own time zones weighs 250 kB more than the one of C")]
        // SAFETY: all zeroes is a valid `tm`; both pointers are to locals, and nothing here changes the environment.
        let local = unsafe {
            let mut local: libc::tm = std::mem::zeroed();
            libc::localtime_r(&raw const seconds, &raw mut local);
            local
        };
        let subsecond = Duration::from_nanos(since.subsec_nanos().into());
        Self { hour: local.tm_hour, minute: local.tm_min, second: local.tm_sec, subsecond }
    }
}
