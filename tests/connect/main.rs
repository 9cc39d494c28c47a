//! Connecting: from the command line to the open socket, and all that can go wrong on the way.

#[path = "../kit/mod.rs"]
mod kit;

mod handshake;
mod hints;
mod login;
mod redirect;
mod request;
mod secret;
mod signing;
mod tls;
mod url;
mod wire;
mod wscat;
