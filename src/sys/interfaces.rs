//! The network interfaces of this machine.

use std::io;

use nix::net::if_::if_nametoindex;
use tokio::net::TcpSocket;

/// The number of an interface.
///
/// # Errors
/// There is none of that name.
pub(crate) fn index(name: &str) -> io::Result<u32> {
    Ok(if_nametoindex(name)?)
}

/// Whether there is an interface of that name that a socket can be bound to: on Linux only.
pub(crate) fn can_be_bound_to(name: &str) -> bool {
    cfg!(target_os = "linux") && if_nametoindex(name).is_ok()
}

/// Lets a socket use one interface only.
///
/// # Errors
/// There is none of that name, or this is not Linux.
#[cfg(target_os = "linux")]
pub(crate) fn bind(socket: &TcpSocket, name: &str) -> io::Result<()> {
    socket.bind_device(Some(name.as_bytes()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn bind(_: &TcpSocket, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
