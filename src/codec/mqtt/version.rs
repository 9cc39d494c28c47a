//! The versions of MQTT.

/// The version, as far as the packets tell: that of a client is in its CONNECT, that of a server shows in its CONNACK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ProtocolVersion {
    #[default]
    Unknown,
    /// 3.1 or 3.1.1
    Three,
    Five,
}
