//! What is asked of processes that were started.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// A server that does not listen within this time is given up.
const START: Duration = Duration::from_secs(10);

/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(5);

/// A port of the loopback that nobody listens on.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Waits until somebody listens on this port of the loopback; false if nobody does in time.
pub fn listens(port: u16) -> bool {
    let due = Instant::now() + START;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if Instant::now() > due {
            return false;
        }
        std::thread::sleep(GLANCE);
    }
    true
}

/// Of all children that have been waited for, in nanoseconds.
pub fn children_cpu() -> u64 {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it takes a place to write to");
    (used.user_time() + used.system_time()).num_nanoseconds().cast_unsigned()
}
