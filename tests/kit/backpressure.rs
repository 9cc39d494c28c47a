//! Sides that do not read, and others that send until they are stuck.

use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::process::ChildStdin;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Server, channel, serving};

/// What the tool may hold while it waits.
pub const LITTLE: u64 = 64 << 20;

/// Writes numbered lines of 64 bytes until a write blocks for a second; returns how many were written.
pub fn write_until_stalled(stdin: &mut ChildStdin) -> usize {
    fcntl(stdin.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let mut lines = 0;
    let second = PollTimeout::from(1000_u16);
    while lines < 4 << 20 && poll(&mut [PollFd::new(stdin.as_fd(), PollFlags::POLLOUT)], second).unwrap() == 1 {
        // As much as a pipe takes in one piece (PIPE_BUF).
        let block: String = (lines..lines + 64).map(|n| format!("{n:063}\n")).collect();
        stdin.write_all(block.as_bytes()).unwrap();
        lines += 64;
    }
    lines
}

/// A server that sends messages of 64 KiB until none is taken for this long, and how many were; 4000 at most.
pub fn flooding(stuck_after: Duration) -> (Server, Receiver<usize>) {
    let (tell, stuck) = channel();
    let server = serving(move |client| {
        let tell = tell.clone();
        async move {
            let text = "x".repeat(65535);
            let mut sent = 0;
            while sent < 4000 {
                let send = async {
                    client.feed(&text).await;
                    client.flush().await;
                };
                if tokio::time::timeout(stuck_after, send).await.is_err() {
                    break;
                }
                sent += 1;
            }
            let _ = tell.send(sent);
            std::future::pending().await
        }
    });
    (server, stuck)
}
