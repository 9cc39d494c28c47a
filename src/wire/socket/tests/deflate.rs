//! Compressed messages as they come in: whole, in fragments, and cut short.

use super::*;

#[test]
fn compressed_messages_go_up_inflated_with_control_frames_between_their_fragments() {
    let text = "compressed, and cut to pieces, compressed".repeat(3);
    let payload = deflated(Terms::default(), text.as_bytes());
    let (first, rest) = payload.split_at(5);
    let (second, third) = rest.split_at(1);
    let input = [
        made(false, frame::RSV1, frame::TEXT, first),
        made(true, 0, 9, b"p"),
        made(false, 0, frame::CONTINUATION, second),
        made(false, 0, frame::CONTINUATION, b""),
        made(true, 0, 10, b""),
        made(true, 0, frame::CONTINUATION, third),
        made(true, 0, frame::TEXT, b"plain"),
    ]
    .concat();
    check(&taking(Side::Client, Some(Terms::default())), &input, &["9:p", "10:", &text, "plain"]);
}

#[test]
fn the_server_keeps_to_its_window_and_to_no_takeover() {
    let text = "window window window ".repeat(2000);
    for terms in [
        Terms { window_bits: 8, takeover: true },
        Terms { window_bits: 9, takeover: true },
        Terms { window_bits: 10, takeover: false },
        Terms { window_bits: 15, takeover: false },
    ] {
        let made_with = Terms { window_bits: terms.window_bits.max(9), ..terms };
        let mut deflater = Deflater::new(made_with).unwrap();
        let input: Vec<u8> =
            (0..3).flat_map(|_| made(true, frame::RSV1, frame::TEXT, &deflater.message(text.as_bytes()))).collect();
        assert_eq!(risen(&taking(Side::Client, Some(terms)), &input, 11), [&*text, &*text, &*text], "{terms:?}");
    }
    // A message that points back to one that was to be forgotten.
    let mut takes_over = Deflater::new(Terms::default()).unwrap();
    let [first, second] = [(); 2].map(|()| takes_over.message(text.as_bytes()));
    let input = [made(true, frame::RSV1, frame::TEXT, &first), made(true, frame::RSV1, frame::TEXT, &second)].concat();
    let forgets = taking(Side::Client, Some(Terms { window_bits: 15, takeover: false }));
    let got = risen(&forgets, &input, 11);
    assert!(got[0] == text && got[1].starts_with("a compressed message cannot be inflated"), "{:?}", got.get(1));
}

#[test]
fn deflate_of_all_kinds_is_taken_and_what_is_none_is_refused() {
    let taking = taking(Side::Client, Some(Terms::default()));
    // RFC 7692, section 7.2.3: one block, two blocks, a stored block, one with BFINAL set, an empty message.
    for payload in [
        &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        // The last block of a stream ends the payload; so does an empty one of each kind, the last or not.
        b"\xf3\x48\xcd\xc9\xc9\x07\x00",
        b"\xf2\x48\xcd\xc9\xc9\x07\x08\x00",
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x01",
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x03\x00",
        b"\x01\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f",
        b"\x01\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
    ] {
        let input = made(true, frame::RSV1, frame::TEXT, payload);
        check(&taking, &[&input[..], &input].concat(), &["Hello", "Hello"]);
    }
    check(&taking, b"\xc1\x01\x00\x81\x01a", &["", "a"]);
    for payload in [&b"\xff\xff\xff\xff"[..], b"\x00\x05\x00\x00\x00"] {
        let got = risen(&taking, &made(true, frame::RSV1, frame::TEXT, payload), 1).pop().unwrap();
        assert!(got.starts_with("a compressed message cannot be inflated"), "{got}");
    }
    let input = made(true, frame::RSV1, frame::TEXT, &deflated(Terms::default(), b"ab\xff"));
    check(&taking, &input, &[r"a text message is not UTF-8: `\xff` at byte 2 Some(1007)"]);
}

/// Payloads with blocks of each kind, of one message each.
fn payloads() -> Vec<Vec<u8>> {
    let text: String = (0..60).map(|number| format!("transfer {} EUR to account {number}, ", number * 7919)).collect();
    let compressed = |level, data: &[u8]| {
        let mut zlib = flate2::Compress::new(flate2::Compression::new(level), false);
        let mut out = Vec::with_capacity(2 * data.len() + 1000);
        zlib.compress_vec(data, &mut out, flate2::FlushCompress::Sync).unwrap();
        out.truncate(out.len() - 4);
        out
    };
    vec![
        compressed(1, b"transfer 1000000 EUR to account 17, on the first of each month"),
        compressed(9, text.as_bytes()),
        compressed(0, &text.as_bytes()[..900]),
        compressed(6, &[0; 300]),
        b"\xf2\x48\xcd\xc9\xc9\x07\x00".to_vec(),
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00".to_vec(),
    ]
}

#[test]
fn a_compressed_message_that_breaks_off_at_any_byte_is_none() {
    for parts in [false, true] {
        let taking = InboundOptions { parts, ..taking(Side::Client, Some(Terms::default())) };
        for payload in payloads() {
            let whole = made(true, frame::RSV1, frame::BINARY, &payload);
            assert_eq!(risen(&taking, &[&whole[..], b"\x82\x01a"].concat(), 7).last().unwrap(), "a");
            // The beginning of a stored block is that of the empty one, and so a whole message that is empty.
            for cut in (0..payload.len()).filter(|cut| payload[..*cut] != [0]) {
                let (first, second) = payload[..cut].split_at(cut / 2);
                let in_frames =
                    [made(false, frame::RSV1, frame::BINARY, first), made(true, 0, frame::CONTINUATION, second)];
                for input in [made(true, frame::RSV1, frame::BINARY, &payload[..cut]), in_frames.concat()] {
                    let got = risen(&taking, &[&input[..], b"\x82\x01a"].concat(), input.len());
                    let [said] = &got[..] else { panic!("{got:?}") };
                    assert!(said.starts_with("a compressed message cannot be inflated: "), "{cut}: {said}");
                    assert!(said.ends_with(" Some(1007)"), "{cut}: {said}");
                }
            }
        }
    }
}

#[test]
fn a_message_that_breaks_off_after_it_went_up_in_parts_has_no_last_part() {
    let taking = InboundOptions { parts: true, ..taking(Side::Client, Some(Terms::default())) };
    let payload = deflated(Terms::default(), &(0..100_000_u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>());
    for cut in [payload.len() - 1, payload.len() - 2, payload.len() / 2] {
        let got = risen(&taking, &made(true, frame::RSV1, frame::BINARY, &payload[..cut]), 4096);
        let [said] = &got[..] else { panic!("{}", got.len()) };
        assert!(said.starts_with("a compressed message cannot be inflated: "), "{said}");
    }
}
