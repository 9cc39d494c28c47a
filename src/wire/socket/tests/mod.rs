//! The rules of the wire: on plain code what peers send that the Autobahn suite never does, then whole sockets.

mod deflate;

use bytes::{Bytes, BytesMut};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::Socket;
use crate::message::{Close, DataKind, Message};
use crate::wire::deflate::{Deflater, Terms};
use crate::wire::fault::Fault;
use crate::wire::frame::{self, FrameHeader, Side};
use crate::wire::fuzz::rise;
use crate::wire::inbound::{InboundOptions, PIECE};
use crate::wire::incoming::Incoming;
use crate::wire::options::{ConnectionOptions, Limits};
use crate::wire::outbound::Outbound;
use crate::wire::raw_frame::RawFrame;

const LIMIT: usize = 1 << 20;

fn taking(side: Side, deflate: Option<Terms>) -> InboundOptions {
    InboundOptions {
        side,
        max_message: LIMIT,
        deflate,
        parts: false,
        runs: false,
        pongs: true,
        tally: Default::default(),
    }
}

/// What goes up for this input, as text, when it comes in blocks of this size.
fn risen(taking: &InboundOptions, input: &[u8], size: usize) -> Vec<String> {
    let risen = rise(taking, input, size);
    let shown = risen.said.into_iter().map(|(opcode, data)| match opcode {
        frame::TEXT | frame::BINARY => data.escape_ascii().to_string(),
        control => format!("{control}:{}", data.escape_ascii()),
    });
    shown.chain(risen.fault).collect()
}

/// The same for every size of block.
#[track_caller]
fn check(taking: &InboundOptions, input: &[u8], expected: &[&str]) {
    let in_runs = InboundOptions { runs: true, ..taking.clone() };
    for size in 1..=input.len() {
        for taking in [taking, &in_runs] {
            assert_eq!(risen(taking, input, size), expected, "{} in blocks of {size}", input.escape_ascii());
        }
    }
}

fn made(fin: bool, rsv: u8, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    FrameHeader { fin, rsv, opcode, mask: None, length: payload.len() as u64 }.write(&mut out);
    [&out, payload].concat()
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let key = [1, 2, 3, 4];
    let mut out = BytesMut::new();
    FrameHeader { fin: true, rsv: 0, opcode, mask: Some(key), length: payload.len() as u64 }.write(&mut out);
    let start = out.len();
    out.extend_from_slice(payload);
    frame::mask(&mut out[start..], key, 0);
    out.to_vec()
}

fn deflated(terms: Terms, message: &[u8]) -> Vec<u8> {
    Deflater::new(terms).unwrap().message(message)
}

#[test]
fn a_broken_frame_is_told_by_the_rule_that_it_breaks_wherever_it_is_cut() {
    let protocol = |what: &str| format!("{what} Some(1002)");
    let long_length = [&[0x82, 127, 0x80][..], &[0; 7]].concat();
    let not_minimal_64 = [&[0x82, 127][..], &0xffff_u64.to_be_bytes()].concat();
    for (input, expected) in [
        (&b"\xa1\x01a"[..], protocol("a frame has RSV2 set, which is reserved")),
        (b"\x91\x01a", protocol("a frame has RSV3 set, which is reserved")),
        (b"\xc9\x00", protocol("a control frame has RSV1 set")),
        (b"\x01\x01a\xc0\x01b", protocol("a continuation frame has RSV1 set")),
        (b"\x81\x81\0\0\0\0a", protocol("the server masked a frame")),
        (&long_length, protocol("a frame's length has its highest bit set")),
        (b"\x82\x7e\x00\x7d", protocol("a frame's length of 125 uses more bytes than necessary")),
        (&not_minimal_64, protocol("a frame's length of 65535 uses more bytes than necessary")),
        (b"\x83\x00", protocol("a frame has the reserved opcode 3")),
        (b"\x8b\x00", protocol("a frame has the reserved opcode 11")),
        (b"\x09\x00", protocol("a control frame is fragmented")),
        (b"\x89\x7e\x00\x7e", protocol("a control frame has 126 bytes, more than 125")),
        (b"\x80\x00", protocol("a continuation frame arrived without a message to continue")),
        (b"\x88\x01\x03", protocol("a Close has only one byte of a code")),
        (b"\x88\x02\x03\xe7", protocol("a Close has the code 999, which may not be sent")),
        (b"\x88\x02\x03\xed", protocol("a Close has the code 1005, which may not be sent")),
        (b"\x88\x02\x03\xee", protocol("a Close has the code 1006, which may not be sent")),
        (b"\x88\x02\x03\xf7", protocol("a Close has the code 1015, which may not be sent")),
        (b"\x88\x02\x13\x88", protocol("a Close has the code 5000, which may not be sent")),
        (b"\x88\x05\x03\xe7bye", protocol("a Close has the code 999, which may not be sent; its reason is `bye`")),
        (
            b"\x88\x04\x03\xe8a\xff",
            r"a Close 1000 has a reason that is not UTF-8: `\xff` at byte 1 of `a\xff` Some(1007)".to_owned(),
        ),
    ] {
        let taking = taking(Side::Client, Some(Terms::default()));
        for size in 1..=input.len() {
            let got = risen(&taking, input, size).pop();
            assert_eq!(got.as_ref(), Some(&expected), "{} in blocks of {size}", input.escape_ascii());
        }
    }
}

#[test]
fn what_each_side_may_send_is_decided_by_the_side_and_by_what_was_agreed_on() {
    check(&taking(Side::Server, None), b"\x81\x01a", &["the client did not mask a frame Some(1002)"]);
    check(&taking(Side::Server, None), b"\x81\x81\x01\x02\x03\x04\x60", &["a"]);
    check(
        &taking(Side::Client, None),
        b"\xc1\x01a",
        &["a frame has RSV1 set, but no extension was negotiated Some(1002)"],
    );
    check(
        &taking(Side::Client, None),
        b"\x01\x01a\x81\x01b",
        &["a new message begins before the last one is complete \
        Some(1002)"],
    );
    check(&taking(Side::Client, None), b"\x01\x01a\x89\x01p\x80\x01b", &["9:p", "ab"]);
    check(&taking(Side::Client, None), b"\x01\x00\x80\x00\x82\x00", &["", ""]);
}

#[test]
fn what_comes_behind_a_close_means_nothing() {
    check(&taking(Side::Client, None), b"\x88\x02\x03\xe8\x81\x01a\xff\xff", &["8:\\x03\\xe8"]);
    check(&taking(Side::Client, None), b"\x88\x00\x88\x00", &["8:"]);
}

#[test]
fn text_is_refused_at_its_first_bad_byte_even_if_its_frame_goes_on() {
    for (input, wrong) in [
        (&b"\x81\x7e\x03\xe8ab\xff"[..], r"`\xff` at byte 2"),
        (b"\x01\x01\xce\x00\x7e\x03\xe8\xf4", r"`\xce` at byte 0"),
        (b"\x01\x01\xce\x80\x00", r"`\xce` at byte 0, where it ends within a character"),
    ] {
        let bad = format!("a text message is not UTF-8: {wrong} Some(1007)");
        assert_eq!(risen(&taking(Side::Client, None), input, 1).pop(), Some(bad), "{}", input.escape_ascii());
    }
    let bad = r"a text message is not UTF-8: `\xff` at byte 2 Some(1007)";
    let masked = [&b"\x81\xfe\x03\xe8\x01\x02\x03\x04"[..], &[b'a' ^ 1, b'b' ^ 2, 0xff ^ 3]].concat();
    check_last(&taking(Side::Server, None), &masked, bad);
}

#[track_caller]
fn check_last(taking: &InboundOptions, input: &[u8], expected: &str) {
    for size in [1, 2, 3, 7, input.len()] {
        assert_eq!(risen(taking, input, size).pop().as_deref(), Some(expected), "in blocks of {size}");
    }
}

#[test]
fn a_message_over_the_limit_is_refused_at_its_header_or_while_it_inflates() {
    let too_big = format!("a message is larger than {LIMIT} bytes Some(1009)");
    let plain = taking(Side::Client, Some(Terms::default()));
    check_last(&plain, &[&[0x82, 127][..], &(LIMIT as u64 + 1).to_be_bytes()].concat(), &too_big);
    check_last(&plain, &[b"\x02\x01a", &[0x80, 127][..], &(LIMIT as u64).to_be_bytes()].concat(), &too_big);
    let bomb = made(true, frame::RSV1, frame::BINARY, &deflated(Terms::default(), &vec![0; 4 * LIMIT]));
    // Half of it is enough.
    check_last(&plain, &bomb[..bomb.len() / 2], &too_big);
}

#[test]
fn large_messages_go_up_in_parts_and_their_text_is_checked_over_the_borders() {
    let text = "é€".repeat(PIECE);
    let split: Vec<u8> = text.as_bytes().chunks(40_001).enumerate().fold(Vec::new(), |input, (at, piece)| {
        let fin = (at + 1) * 40_001 >= text.len();
        [input, made(fin, 0, if at == 0 { frame::TEXT } else { frame::CONTINUATION }, piece)].concat()
    });
    let parts = InboundOptions { parts: true, ..taking(Side::Client, Some(Terms::default())) };
    let shown = text.as_bytes().escape_ascii().to_string();
    for input in [
        made(true, 0, frame::TEXT, text.as_bytes()),
        made(true, frame::RSV1, frame::TEXT, &deflated(Terms::default(), text.as_bytes())),
        split,
    ] {
        let input = [&input[..], b"\x81\x01a"].concat();
        for size in [1000, 65_536, input.len()] {
            assert!(risen(&parts, &input, size) == [shown.as_str(), "a"], "in blocks of {size}");
        }
    }
    // Cut within a character, at the end of the message.
    let cut = made(true, 0, frame::TEXT, &text.as_bytes()[..text.len() - 1]);
    let bad = format!(
        r"a text message is not UTF-8: `\xe2\x82` at byte {}, where it ends within a character Some(1007)",
        text.len() - 3
    );
    assert_eq!(risen(&parts, &cut, 1000).pop(), Some(bad));
}

#[test]
fn what_the_fuzzers_found_stays_fixed() {
    // Empty messages, one after the other: zlib has nothing to flush for the second.
    crate::wire::fuzz::deflate(b"\x82");
}

#[test]
fn a_fault_has_its_close_code() {
    assert_eq!(Fault::Cut(None).close_code(), None);
    assert_eq!(Fault::TooBig { limit: 1 }.close_code(), Some(1009));
}

proptest! {
    /// What one side sends, the other one takes, however it is cut and compressed.
    #[test]
    fn messages_arrive_as_they_were_sent(
        messages in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), 1_usize..400), 1..8),
        fragment in prop::option::of(1_usize..200),
        window_bits in 8_u8..=15,
        takeover: bool,
        compressed: bool,
        size in 1_usize..500,
    ) {
        let terms = compressed.then_some(Terms { window_bits, takeover });
        let mut outbound = Outbound::new(terms, fragment, Default::default());
        let mut input = Vec::new();
        let mut expected = Vec::new();
        for (piece, times) in messages {
            let data = piece.repeat(times);
            expected.push(data.escape_ascii().to_string());
            // In two parts or in one.
            let (first, last) = data.split_at(if times % 2 == 0 { data.len() / 2 } else { 0 });
            for (part, is_last) in [(first, false), (last, true)] {
                if times % 2 == 0 || is_last {
                    outbound.push_part(frame::BINARY, part.to_vec().into(), is_last);
                }
                while let Some(frame) = outbound.next() {
                    let rsv = if frame.rsv1 { frame::RSV1 } else { 0 };
                    prop_assert_eq!(frame.payload.len() > fragment.unwrap_or(PIECE), false);
                    input.extend(made(frame.fin, rsv, frame.opcode, &frame.payload));
                }
            }
        }
        prop_assert_eq!(risen(&taking(Side::Client, terms), &input, size), expected);
    }
}

async fn client(stream: DuplexStream, max_message: usize) -> Socket<DuplexStream> {
    Socket::new(stream, Bytes::new(), Side::Client, Limits { max_message, pongs: true }, ConnectionOptions::default())
        .await
}

#[tokio::test]
async fn a_message_over_64_kib_goes_out_in_frames_and_arrives_whole() {
    let (near, far) = duplex(4096);
    let (near, far) = (client(near, 1 << 20).await, async {
        Socket::new(
            far,
            Bytes::new(),
            Side::Server,
            Limits { max_message: 1 << 20, pongs: true },
            ConnectionOptions::default(),
        )
        .await
    });
    let sent = Message::Binary(Bytes::from(vec![7; 200_000]));
    let far = far.await;
    let (fed, got) = tokio::join!(async { near.feed(sent.clone()).await.and(near.flush().await) }, far.next());
    fed.unwrap();
    assert_eq!(got.unwrap().unwrap(), Incoming::Message(sent));
}

#[tokio::test]
async fn a_message_over_the_limit_is_a_fault_that_closes_with_1009() {
    let (near, mut far) = duplex(4096);
    let near = client(near, 4).await;
    far.write_all(b"\x81\x05hello").await.unwrap();
    let fault = near.next().await.unwrap().unwrap_err();
    assert_eq!((fault.to_string().as_str(), fault.close_code()), ("a message is larger than 4 bytes", Some(1009)));
    near.close(&Close::new(1009, "")).await.unwrap();
    let mut frame = [0; 8];
    far.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[..2], [0x88, 0x82]);
}

#[tokio::test]
async fn each_fault_has_its_close_code() {
    for (bytes, code) in [
        (&b"\x81\x02\xff\xff"[..], Some(1007)),
        (b"\xc1\x01a", Some(1002)),
        (b"\x83\x00", Some(1002)),
        (b"\x81\x81\0\0\0\0a", Some(1002)),
        (b"", None),
    ] {
        let (near, mut far) = duplex(4096);
        let near = client(near, 1024).await;
        far.write_all(bytes).await.unwrap();
        drop(far);
        assert_eq!(near.next().await.unwrap().unwrap_err().close_code(), code, "{bytes:?}");
    }
}

#[tokio::test]
async fn a_frame_made_by_hand_goes_between_the_others_and_what_follows_is_not_confused_by_it() {
    let (near, mut far) = duplex(4096);
    let near = client(near, 1024).await;
    near.feed("before".into()).await.unwrap();
    let seen = near.send_handmade(&RawFrame::from_text("text mask=00000000 len=90 ab").unwrap()).await.unwrap();
    assert_eq!(seen.shown(), r#"> text FIN, mask 00000000, 90 bytes claimed, 2 sent: "ab""#);
    near.feed("after".into()).await.unwrap();
    near.flush().await.unwrap();
    // Whatever it claims, two messages have been written.
    assert_eq!(near.messages_written(), 2);
    let mut sent = [0; 12 + 8 + 11];
    far.read_exact(&mut sent).await.unwrap();
    assert_eq!(
        (&sent[..2], &sent[12..20], &sent[20..22]),
        (&b"\x81\x86"[..], &b"\x81\xda\0\0\0\0ab"[..], &b"\x81\x85"[..])
    );
}

#[tokio::test]
async fn after_a_shutdown_what_comes_is_read_and_nothing_is_answered() {
    let (near, mut far) = duplex(4096);
    let near = client(near, 1024).await;
    near.shut_down().await.unwrap();
    far.write_all(b"\x89\x01p\x81\x02hi\x88\x00").await.unwrap();
    assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Ping("p".into()));
    assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Message("hi".into()));
    assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Close(Close::default()));
    near.flush().await.unwrap();
    drop(near);
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn frames_that_nobody_asked_for_are_not_even_looked_at() {
    let (near, mut far) = duplex(4096);
    let near = client(near, 1024).await;
    near.feed("out".into()).await.unwrap();
    near.flush().await.unwrap();
    far.write_all(b"\x81\x02in").await.unwrap();
    assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Message("in".into()));
    assert_eq!(near.take_frames().capacity(), 0);
}

/// A control frame from the peer of this side.
fn control(side: Side, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mask = (side == Side::Server).then_some([0; 4]);
    FrameHeader { fin: true, rsv: 0, opcode, mask, length: payload.len() as u64 }.write(&mut out);
    [&out, payload].concat()
}

/// The control frames among these, unmasked.
fn controls(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut rest = bytes;
    std::iter::from_fn(|| {
        let found = FrameHeader::read(rest)?;
        let (frame, behind) = rest.split_at(found.size + found.header.length as usize);
        rest = behind;
        let mut payload = frame[found.size..].to_vec();
        frame::mask(&mut payload, found.header.mask.unwrap_or_default(), 0);
        Some((found.header.opcode, payload))
    })
    .collect()
}

#[tokio::test]
async fn a_peer_that_pings_and_does_not_read_gets_the_newest_pong_and_costs_no_memory() {
    const PINGS: u32 = 20_000;
    for side in [Side::Client, Side::Server] {
        let (near, far) = duplex(4096);
        let limits = Limits { max_message: 1024, pongs: true };
        let near = Socket::new(near, Bytes::new(), side, limits, ConnectionOptions::default()).await;
        let (mut reader, mut writer) = tokio::io::split(far);
        let pings = async {
            for at in 0..PINGS {
                let payload = [&at.to_be_bytes()[..], &[0; 100]].concat();
                writer.write_all(&control(side, frame::PING, &payload)).await.unwrap();
            }
            writer.write_all(&control(side, frame::CLOSE, b"\x03\xe8")).await.unwrap();
        };
        let taken = async {
            for _ in 0..PINGS {
                assert!(matches!(near.next().await, Some(Ok(Incoming::Ping(_)))));
            }
            assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Close(Close::new(1000, "")));
        };
        tokio::join!(pings, taken);
        let mut answers = Vec::new();
        let (read, ()) = tokio::join!(reader.read_to_end(&mut answers), async {
            near.flush().await.unwrap();
            near.shut_down().await.unwrap();
            drop(near);
        });
        assert!(read.unwrap() < 2 * crate::wire::stream::FULL, "{side:?}: {} bytes", answers.len());
        let frames = controls(&answers);
        let [.., (frame::PONG, pong), (frame::CLOSE, close)] = &frames[..] else { panic!("{side:?}: {frames:?}") };
        assert_eq!((&pong[..4], &close[..]), (&(PINGS - 1).to_be_bytes()[..], &b"\x03\xe8"[..]), "{side:?}");
    }
}

#[tokio::test]
async fn small_messages_that_come_together_go_up_together_and_others_by_themselves() {
    let (near, mut far) = duplex(4096);
    let limits = Limits { max_message: 1024, pongs: true };
    let near = Socket::new(near, Bytes::new(), Side::Client, limits, ConnectionOptions::default()).await;
    near.hand_over_runs();
    let text = |text: &str| made(true, 0, frame::TEXT, text.as_bytes());
    let long = "x".repeat(1024);
    let frames =
        [text("a"), text("é"), text(&long), made(true, 0, frame::BINARY, b"b"), text("c"), text(&(long + "y"))];
    far.write_all(&frames.concat()).await.unwrap();
    let Some(Ok(Incoming::Run(run))) = near.next().await else { panic!("no run") };
    assert_eq!(run.iter().map(<[u8]>::len).collect::<Vec<_>>(), [1, 2, 1024]);
    assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Message(Message::Binary("b".into())));
    assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Message("c".into()));
    assert!(matches!(near.next().await, Some(Err(Fault::TooBig { limit: 1024 }))));
}

#[tokio::test]
async fn masked_messages_go_up_together_up_to_one_that_is_no_text() {
    let (near, mut far) = duplex(4096);
    let limits = Limits { max_message: 1024, pongs: true };
    let near = Socket::new(near, Bytes::new(), Side::Server, limits, ConnectionOptions::default()).await;
    near.hand_over_runs();
    let long = "x".repeat(1000);
    let frames = ["a", "é", &long, "b"].map(|text| masked(frame::TEXT, text.as_bytes()));
    far.write_all(&[frames.concat(), masked(frame::TEXT, b"\xff"), masked(frame::TEXT, b"c")].concat()).await.unwrap();
    let Some(Ok(Incoming::Run(run))) = near.next().await else { panic!("no run") };
    assert_eq!(run.iter().collect::<Vec<_>>(), ["a", "é", &long, "b"].map(str::as_bytes));
    let Some(Err(fault)) = near.next().await else { panic!("no fault") };
    assert_eq!(fault.to_string(), r"a text message is not UTF-8: `\xff` at byte 0");
}

#[tokio::test]
async fn a_large_message_that_comes_bit_by_bit_is_handed_up_whole() {
    let (near, mut far) = duplex(3000);
    let limits = Limits { max_message: 1 << 20, pongs: true };
    let near = Socket::new(near, Bytes::new(), Side::Server, limits, ConnectionOptions::default()).await;
    near.hand_over_runs();
    let data: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let sending = async {
        let frames = [masked(frame::TEXT, b"first"), masked(frame::BINARY, &data), masked(frame::TEXT, b"last")];
        far.write_all(&frames.concat()).await.unwrap();
    };
    let receiving = async {
        let mut came = Vec::new();
        while came.len() < 3 {
            match near.next().await.unwrap().unwrap() {
                Incoming::Message(message) => came.push(message),
                other => panic!("{other:?}"),
            }
        }
        came
    };
    let ((), came) = tokio::join!(sending, receiving);
    assert!(came == ["first".into(), Message::Binary(data.clone().into()), "last".into()]);
}

#[tokio::test]
async fn nothing_may_follow_a_close_whose_frame_is_told_first() {
    let (near, mut far) = duplex(4096);
    let limits = Limits { max_message: 1024, pongs: true };
    let connection = ConnectionOptions { traced: true, ..ConnectionOptions::default() };
    let near = Socket::new(near, Bytes::new(), Side::Client, limits, connection).await;
    far.write_all(&control(Side::Client, frame::CLOSE, b"\x03\xe8")).await.unwrap();
    assert!(matches!(near.next().await, Some(Ok(Incoming::Frames(_)))));
    near.flush().await.unwrap();
    assert_eq!(near.put(DataKind::Text, std::iter::once(&b"late"[..])), 0);
    near.feed("late".into()).await.unwrap_err();
    assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Close(Close::new(1000, "")));
}

#[tokio::test]
async fn a_close_is_told_and_answered_as_it_came_also_with_1014() {
    for side in [Side::Client, Side::Server] {
        for payload in [&b"\x03\xf6bad gateway"[..], b"\x03\xe8bye", b""] {
            let (near, mut far) = duplex(4096);
            let limits = Limits { max_message: 1024, pongs: true };
            let near = Socket::new(near, Bytes::new(), side, limits, ConnectionOptions::default()).await;
            far.write_all(&control(side, frame::CLOSE, payload)).await.unwrap();
            let expected = match payload {
                [high, low, reason @ ..] => {
                    Close::new(u16::from_be_bytes([*high, *low]), str::from_utf8(reason).unwrap())
                }
                _ => Close::default(),
            };
            assert_eq!(near.next().await.unwrap().unwrap(), Incoming::Close(expected));
            near.flush().await.unwrap();
            drop(near);
            let mut answer = Vec::new();
            far.read_to_end(&mut answer).await.unwrap();
            assert_eq!(controls(&answer), [(frame::CLOSE, payload.to_vec())], "{side:?}");
        }
    }
}
