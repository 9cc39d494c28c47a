//! Local ports: how many connections there can be from one address to one server.

/// The ports that the system gives to connections, where it tells (ip(7), `ip_local_port_range`).
pub(crate) fn local_ports() -> Option<u64> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ends = range.split_whitespace().map(|end| end.parse::<u64>().ok());
    let (first, last) = (ends.next()??, ends.next()??);
    Some(last.checked_sub(first)? + 1)
}
