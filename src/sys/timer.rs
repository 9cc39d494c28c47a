//! A timer that is on time to the microsecond; the runtime's own is so to the millisecond.

use std::io;
use std::time::Instant;

#[cfg(target_os = "linux")]
mod fine {
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
    use rustix::time::{timerfd_create, timerfd_settime};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use super::{Instant, io};

    /// Works within a runtime only.
    pub(crate) struct FineTimer(AsyncFd<OwnedFd>);

    impl FineTimer {
        /// # Errors
        /// There are too few descriptors.
        pub(crate) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(unsafe_code, reason = "tokio asks for a promise that an OwnedFd keeps")]
            // SAFETY: the descriptor is its owner's alone, and stays open and the same for as long as that lives.
            let watched = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
            watched.map(Self).map_err(|error| error.into_parts().1)
        }

        /// Waits until then; for one caller at a time. Cancel-safe.
        pub(crate) async fn wait_until(&self, at: Instant) {
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() || self.set(left).is_err() {
                return;
            }
            while Instant::now() < at {
                // It may still be ready from what it was set to before.
                match self.0.readable().await {
                    Ok(mut ready) => ready.clear_ready(),
                    Err(_) => return,
                }
            }
        }

        fn set(&self, left: Duration) -> io::Result<()> {
            let nothing = Timespec { tv_sec: 0, tv_nsec: 0 };
            let seconds = left.as_secs().try_into().unwrap_or(i64::MAX);
            let value = Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos().into() };
            let spec = Itimerspec { it_interval: nothing, it_value: value };
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &spec)?;
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod fine {
    use super::{Instant, io};

    pub(crate) struct FineTimer;

    impl FineTimer {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) async fn wait_until(&self, at: Instant) {
            tokio::time::sleep_until(at.into()).await;
        }
    }
}

pub(crate) use fine::FineTimer;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_waits_until_then_and_not_at_all_for_what_is_over() {
        let timer = FineTimer::new().unwrap();
        let begun = Instant::now();
        timer.wait_until(begun).await;
        for micros in [300, 100, 5000] {
            let at = Instant::now() + Duration::from_micros(micros);
            timer.wait_until(at).await;
            assert!(Instant::now() >= at);
        }
        assert!(begun.elapsed() >= Duration::from_micros(5400));
    }
}
