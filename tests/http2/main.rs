//! WebSockets over HTTP/2 (RFC 8441).

#[path = "../kit/mod.rs"]
mod kit;

mod broken;
mod choice;
mod ending;
mod opening;
mod pressure;
mod route;
