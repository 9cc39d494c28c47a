//! SETTINGS (RFC 9113, section 6.5) as a peer has sent them.

use std::fmt;

/// The settings of a peer's first frame, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerSettings(Vec<(u16, u32)>);

impl PeerSettings {
    /// Takes the payload of a SETTINGS frame.
    pub(super) fn read(payload: &[u8]) -> Self {
        let (settings, _) = payload.as_chunks::<6>();
        let setting = |&[a, b, rest @ ..]: &[u8; 6]| (u16::from_be_bytes([a, b]), u32::from_be_bytes(rest));
        Self(settings.iter().map(setting).collect())
    }
}

impl fmt::Display for PeerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none but the defaults");
        }
        for (at, (id, value)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            match name(*id) {
                Some(name) => write!(f, "{name} {value}")?,
                None => write!(f, "{id:#06x} {value}")?,
            }
        }
        Ok(())
    }
}

/// As in the IANA registry "HTTP/2 Settings".
fn name(id: u16) -> Option<&'static str> {
    Some(match id {
        1 => "HEADER_TABLE_SIZE",
        2 => "ENABLE_PUSH",
        3 => "MAX_CONCURRENT_STREAMS",
        4 => "INITIAL_WINDOW_SIZE",
        5 => "MAX_FRAME_SIZE",
        6 => "MAX_HEADER_LIST_SIZE",
        8 => "ENABLE_CONNECT_PROTOCOL",
        9 => "NO_RFC7540_PRIORITIES",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_shown_by_name_in_their_order() {
        let shown = |payload: &[u8]| PeerSettings::read(payload).to_string();
        assert_eq!(shown(&[]), "none but the defaults");
        assert_eq!(
            shown(&[0, 3, 0, 0, 0, 100, 0, 8, 0, 0, 0, 1, 0x4d, 0x44, 0, 1, 0, 0]),
            "MAX_CONCURRENT_STREAMS 100, ENABLE_CONNECT_PROTOCOL 1, 0x4d44 65536"
        );
    }
}
