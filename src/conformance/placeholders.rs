//! What the fields of a request say of the URL.

use std::net::Ipv4Addr;

use url::Host;

use crate::target::{Endpoint, Target};

/// A value with what it says of the URL put in.
pub(crate) fn filled_in(value: &str, target: &Target) -> String {
    let scheme = if target.scheme.is_tls() { "https" } else { "http" };
    value.replace("{scheme}", scheme).replace("{authority}", &target.authority()).replace("{host}", &named(target))
}

/// The name of the host; an address has a name that ends in it, or nothing could stand before or after it.
fn named(target: &Target) -> String {
    match &target.place {
        Endpoint::Host { host: Host::Domain(name), .. } => name.clone(),
        Endpoint::Host { host: Host::Ipv4(address), .. } if *address != Ipv4Addr::UNSPECIFIED => address.to_string(),
        _ => "localhost".to_owned(),
    }
}
