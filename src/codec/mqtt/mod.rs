//! MQTT 3.1.1 and 5.0: packets, which may be cut or joined across messages (MQTT 5.0, section 6.0).

mod data_types;
mod packet;
mod properties;
mod reasons;
mod version;

use self::packet::MqttPacket;
use self::version::ProtocolVersion;
use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use super::reader::ByteReader;
use crate::message::Message;

pub(super) const ENTRY: DecoderEntry = DecoderEntry {
    name: "mqtt",
    about: "MQTT 3.1.1 and 5.0: packets, also those that are cut or joined across messages",
    unpacks: false,
    reads_text: false,
    start: |_| Box::<Mqtt>::default(),
};

/// The packets that one side sends.
#[derive(Default)]
struct Mqtt {
    /// What has come of the next packet.
    rest: Vec<u8>,
    version: ProtocolVersion,
    /// Where packets begin is not known any more.
    is_lost: bool,
}

impl Decoder for Mqtt {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        let Message::Binary(data) = message else { return Ok(Some(message)) };
        found.any_number();
        if self.is_lost {
            return Err(DecodeError::new("a packet was broken before"));
        }
        self.rest.extend_from_slice(&data);
        match self.packets(found) {
            Ok(None) => Ok(None),
            Ok(Some(flaw)) => Err(flaw),
            Err(lost) => {
                self.is_lost = true;
                self.rest = Vec::new();
                Err(lost)
            }
        }
    }
}

impl Mqtt {
    /// Reads all packets that are whole, and tells what is wrong in the first that cannot be read.
    ///
    /// # Errors
    /// Nobody knows where the next packet begins, or it is too large.
    fn packets(&mut self, found: &mut FoundValues) -> Result<Option<DecodeError>, DecodeError> {
        let (mut taken, mut flaw) = (0, None);
        while let Some((head, length)) = fixed_header(&self.rest[taken..]).map_err(|error| error.further(taken))? {
            if length > found.room() {
                return Err(DecodeError::TooLarge(found.room()));
            }
            let start = taken + head;
            let Some(body) = self.rest.get(start..start + length) else { break };
            let packet = MqttPacket { first: self.rest[taken], version: &mut self.version };
            if flaw.is_none() {
                let read = found.value(|out| packet.write(ByteReader::new(body), out));
                flaw = read.map_err(|error| error.further(start)).err();
            }
            taken = start + length;
        }
        self.rest.drain(..taken);
        Ok(flaw)
    }
}

/// How long the fixed header is, and what follows it (section 2.1); none if it is not all there.
fn fixed_header(data: &[u8]) -> Result<Option<(usize, usize)>, DecodeError> {
    if data.first().is_some_and(|first| first >> 4 == 0) {
        return Err(DecodeError::at(0, "0 is no type of packet"));
    }
    let mut reader = ByteReader::new(data);
    match reader.byte().and_then(|_first| reader.varint(4)) {
        Ok(Some(length)) => Ok(Some((reader.place(), usize::try_from(length).expect("it has 28 bits")))),
        Ok(None) => Err(DecodeError::new("the length of a packet has more than four bytes")),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::codec::{DecoderChain, Decoding, MessageDecoder};
    use crate::message::Message;

    fn decoder() -> MessageDecoder {
        "mqtt".parse::<DecoderChain>().unwrap().start(None, 1000)
    }

    fn read(decoder: &mut MessageDecoder, data: &[u8]) -> Result<String, String> {
        let decoding: Arc<Decoding> = decoder.decode(&Message::Binary(data.to_vec().into())).expect("it reads bytes");
        decoding.as_ref().as_ref().map(|decoded| decoded.json()).map_err(Clone::clone)
    }

    /// The examples of MQTT 3.1.1 (figures 3.6, 3.11, 3.23, 3.28) and the like of 5.0, with packets of mosquitto and paho.
    #[test]
    fn each_packet_is_read() {
        for (packets, text) in [
            (
                &[&b"\x10\x1b\x00\x04MQTT\x04\xce\x00\x0a\x00\x01c\x00\x01w\x00\x02hi\x00\x01u\x00\x02pw"[..]][..],
                r#"[{"type":"connect","protocol":"MQTT","version":4,"clean":true,"keep_alive":10,"client_id":"c","will":{"topic":"w","qos":1,"retain":false,"payload":"hi"},"user":"u","password":"***"}]"#,
            ),
            (&[b"\x20\x02\x01\x00"], r#"[{"type":"connack","session_present":true,"code":0,"reason":"accepted"}]"#),
            (
                &[b"\x20\x02\x00\x05"],
                r#"[{"type":"connack","session_present":false,"code":5,"reason":"not authorized"}]"#,
            ),
            (
                &[b"\x20\x06\x00\x00\x03\x21\x00\x14"],
                r#"[{"type":"connack","session_present":false,"code":0,"reason":"success","properties":{"receive_maximum":20}}]"#,
            ),
            (
                &[b"\x3d\x09\x00\x03a/b\x00\x0ahi"],
                r#"[{"type":"publish","dup":true,"qos":2,"retain":true,"topic":"a/b","id":10,"payload":"hi"}]"#,
            ),
            (
                &[b"\x30\x0c\x00\x03a/b{\"a\":1}"],
                r#"[{"type":"publish","dup":false,"qos":0,"retain":false,"topic":"a/b","payload":{"a":1}}]"#,
            ),
            (
                &[b"\x40\x02\x00\x0a", b"\x50\x02\x00\x0b", b"\x62\x02\x00\x0b", b"\x70\x02\x00\x0b"],
                r#"[{"type":"pubcomp","id":11}]"#,
            ),
            (
                &[b"\x82\x0e\x00\x0a\x00\x03a/b\x01\x00\x03c/d\x02"],
                r#"[{"type":"subscribe","id":10,"topics":[{"topic":"a/b","qos":1},{"topic":"c/d","qos":2}]}]"#,
            ),
            (&[b"\x90\x05\x00\x0a\x00\x02\x80"], r#"[{"type":"suback","id":10,"codes":[0,2,128]}]"#),
            (
                &[b"\xa2\x0c\x00\x0a\x00\x03a/b\x00\x03c/d"],
                r#"[{"type":"unsubscribe","id":10,"topics":["a/b","c/d"]}]"#,
            ),
            (&[b"\xb0\x02\x00\x0a"], r#"[{"type":"unsuback","id":10}]"#),
            (&[b"\xc0\x00\xd0\x00\xe0\x00"], r#"[{"type":"pingreq"},{"type":"pingresp"},{"type":"disconnect"}]"#),
            (
                &[b"\x20\x03\x00\x00\x00", b"\xe0\x02\x8b\x00"],
                r#"[{"type":"disconnect","code":139,"reason":"server shutting down"}]"#,
            ),
            (
                &[
                    b"\x20\x03\x00\x00\x00",
                    b"\x32\x1a\x00\x01t\x00\x01\x12\x26\x00\x01k\x00\x01v\x26\x00\x01k\x00\x01w\x0b\x05\x0b\x06hi",
                ],
                r#"[{"type":"publish","dup":false,"qos":1,"retain":false,"topic":"t","id":1,"properties":{"subscription_identifiers":[5,6],"user_properties":[["k","v"],["k","w"]]},"payload":"hi"}]"#,
            ),
            (
                &[b"\x20\x03\x00\x00\x00", b"\x40\x03\x00\x01\x10"],
                r#"[{"type":"puback","id":1,"code":16,"reason":"no matching subscribers"}]"#,
            ),
            (&[b"\xf0\x00"], r#"[{"type":"auth"}]"#),
        ] {
            let mut decoder = decoder();
            let last = packets.iter().map(|packet| read(&mut decoder, packet)).last();
            assert_eq!(last, Some(Ok(text.to_owned())), "{packets:02x?}");
        }
    }

    #[test]
    fn packets_are_cut_and_joined_as_the_sender_likes() {
        let mut decoder = decoder();
        assert_eq!(read(&mut decoder, b"\xd0"), Ok("[]".to_owned()));
        assert_eq!(
            read(&mut decoder, b"\x00\xd0\x00\x90\x03\x00"),
            Ok(r#"[{"type":"pingresp"},{"type":"pingresp"}]"#.to_owned())
        );
        assert_eq!(read(&mut decoder, b"\x0a\x00"), Ok(r#"[{"type":"suback","id":10,"codes":[0]}]"#.to_owned()));
    }

    #[test]
    fn a_broken_packet_is_told_and_the_next_one_is_read() {
        for (data, why) in [
            (&b"\x30\x01\x00"[..], "it ends too early"),
            (b"\x36\x05\x00\x01a\x00\x01", "a packet has QoS 3 at byte 2"),
            (b"\x30\x04\x00\x02\xff\xff", "text that is not UTF-8 at byte 4"),
            (b"\xd0\x01\x00", "something follows its end at byte 2"),
            (b"\x20\x06\x00\x00\x03\x7f\x00\x14", "127 is no property at byte 5"),
            (b"\x20\x05\x00\x00\x09\x21\x00", "it ends too early"),
            (b"\x20\x09\x00\x00\x06\x21\x00\x14\x21\x00\x14", "a property that was there before at byte 8"),
        ] {
            let mut decoder = decoder();
            let joined = [data, b"\xd0"].concat();
            assert_eq!(read(&mut decoder, &joined), Err(format!("not mqtt: {why}")), "{data:02x?}");
            assert_eq!(read(&mut decoder, b"\x00"), Ok(r#"[{"type":"pingresp"}]"#.to_owned()), "{data:02x?}");
        }
    }

    #[test]
    fn nothing_is_read_after_what_hides_where_packets_begin() {
        for (data, why) in [
            (&b"\xd0\x00\x00\x00"[..], "0 is no type of packet at byte 2"),
            (b"\x30\xff\xff\xff\xff\x01", "the length of a packet has more than four bytes"),
            (b"\x30\xff\xff\xff\x7f", "it becomes larger than 1000 bytes (--max-message)"),
        ] {
            let mut decoder = decoder();
            assert_eq!(read(&mut decoder, data), Err(format!("not mqtt: {why}")), "{data:02x?}");
            assert_eq!(read(&mut decoder, b"\xd0\x00"), Err("not mqtt: a packet was broken before".to_owned()));
        }
    }

    /// As where `/decode mqtt` comes after CONNECT and CONNACK.
    #[test]
    fn packets_of_version_5_are_read_by_their_shape_where_it_can_be_told() {
        for (packet, text) in [
            (
                &b"\x30\x0b\x00\x01t\x05\x03\x00\x02a/hi"[..],
                r#"[{"type":"publish","dup":false,"qos":0,"retain":false,"topic":"t","properties":{"content_type":"a/"},"payload":"hi"}]"#,
            ),
            (
                b"\x30\x06\x00\x01t\x00hi",
                r#"[{"type":"publish","dup":false,"qos":0,"retain":false,"topic":"t","payload":"hi"}]"#,
            ),
            (
                b"\x82\x07\x00\x0a\x00\x00\x01t\x2d",
                r#"[{"type":"subscribe","id":10,"topics":[{"topic":"t","qos":1,"no_local":true,"retain_as_published":true,"retain_handling":2}]}]"#,
            ),
            (b"\xa2\x06\x00\x0a\x00\x00\x01t", r#"[{"type":"unsubscribe","id":10,"topics":["t"]}]"#),
            (b"\xb0\x04\x00\x0a\x00\x11", r#"[{"type":"unsuback","id":10,"codes":[17]}]"#),
        ] {
            assert_eq!(read(&mut decoder(), packet), Ok(text.to_owned()), "{packet:02x?}");
        }
    }
}
