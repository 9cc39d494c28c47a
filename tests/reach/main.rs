//! Reaching a server that is not just a host and a port: certificates, proxies, credentials, detours.

#[path = "../kit/mod.rs"]
mod kit;

mod certificate;
mod curl;
mod detour;
mod identity;
mod login;
mod nginx;
mod proxy;
mod tls;
