//! Frames from a server.

use std::io::Write as _;

use super::kit::{Ran, Raw, tool};
use super::{Attack, check};

#[test]
fn no_frame_of_a_server_is_taken_for_what_it_is_not() {
    check(ATTACKS, |frames| run(frames));
}

fn run(frames: &'static [u8]) -> Ran {
    let server = Raw::open(move |mut stream| {
        // The client may have heard enough.
        let _ = stream.write_all(frames);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    tool().args(["-w", "20s", "--timeout", "30s", "--compress", "off", "--max-message", "1M"]).arg(server.url()).run()
}

const ATTACKS: &[Attack<&[u8]>] = &[
    ("nothing", b"", 5, "the connection was cut without a Close"),
    ("half a head", b"\x81", 5, "the connection was cut without a Close"),
    ("a length that is cut off", b"\x81\x7e\x01", 5, "the connection was cut without a Close"),
    ("a payload that is cut off", b"\x81\x05he", 5, "the connection was cut without a Close"),
    ("a Close without a code", b"\x88\0", 0, "closed by the server (no code)"),
    ("a Close of one byte", b"\x88\x01\x03", 5, "a Close has only one byte of a code; closed with 1002"),
    ("a Close with 1000", b"\x88\x02\x03\xe8", 0, "closed 1000 by the server (normal closure)"),
    ("a Close with 0", b"\x88\x02\0\0", 5, "a Close has the code 0, which may not be sent; closed with 1002"),
    ("a Close with 999", b"\x88\x02\x03\xe7", 5, "a Close has the code 999, which may not be sent; closed with 1002"),
    ("a Close with 1004", b"\x88\x02\x03\xec", 5, "a Close has the code 1004, which may not be sent; closed with 1002"),
    ("a Close with 1005", b"\x88\x02\x03\xed", 5, "a Close has the code 1005, which may not be sent; closed with 1002"),
    ("a Close with 1006", b"\x88\x02\x03\xee", 5, "a Close has the code 1006, which may not be sent; closed with 1002"),
    ("a Close with 1015", b"\x88\x02\x03\xf7", 5, "a Close has the code 1015, which may not be sent; closed with 1002"),
    ("a Close with 1016", b"\x88\x02\x03\xf8", 5, "a Close has the code 1016, which may not be sent; closed with 1002"),
    ("a Close with 2999", b"\x88\x02\x0b\xb7", 5, "a Close has the code 2999, which may not be sent; closed with 1002"),
    ("a Close with 3000", b"\x88\x02\x0b\xb8", 6, "closed 3000 by the server (unauthorized)"),
    ("a Close with 4999", b"\x88\x02\x13\x87", 6, "closed 4999 by the server (private use)"),
    ("a Close with 5000", b"\x88\x02\x13\x88", 5, "a Close has the code 5000, which may not be sent; closed with 1002"),
    (
        "a Close with 65535",
        b"\x88\x02\xff\xff",
        5,
        "a Close has the code 65535, which may not be sent; closed with 1002",
    ),
    (
        "a Close whose reason is not UTF-8",
        b"\x88\x04\x03\xe8\xff\xfe",
        5,
        "a Close 1000 has a reason that is not UTF-8: `\\xff` at byte 0 of `\\xff\\xfe`; closed with 1007",
    ),
    (
        "a Close whose reason drives the terminal",
        b"\x88\x0a\x03\xe8\x1b[2J\x1b[H\x07",
        0,
        "closed 1000 by the server (normal closure): \\e[2J\\e[H\\x07",
    ),
    (
        "a Close whose reason forges a line",
        b"\x88\x0e\x03\xe8\r\nwsprobe: x",
        0,
        "closed 1000 by the server (normal closure): \\r\\nwsprobe: x",
    ),
    ("a Close of 126 bytes", b"\x88\x7e\0\x7e", 5, "a control frame has 126 bytes, more than 125; closed with 1002"),
    ("a Close in parts", b"\x08\x02\x03\xe8", 5, "a control frame is fragmented; closed with 1002"),
    ("two Closes", b"\x88\x02\x03\xe8\x88\x02\x03\xe9", 0, "closed 1000 by the server (normal closure)"),
    ("a message after the Close", b"\x88\x02\x03\xe8\x81\x02hi", 0, "closed 1000 by the server (normal closure)"),
    ("a masked frame", b"\x81\x82\x01\x02\x03\x04ik", 5, "the server masked a frame; closed with 1002"),
    (
        "RSV1 without an extension",
        b"\xc1\x02hi",
        5,
        "a frame has RSV1 set, but no extension was negotiated; closed with 1002",
    ),
    ("RSV2", b"\xa1\x02hi", 5, "a frame has RSV2 set, which is reserved; closed with 1002"),
    ("RSV3", b"\x91\x02hi", 5, "a frame has RSV3 set, which is reserved; closed with 1002"),
    ("RSV1 in a ping", b"\xc9\0", 5, "a frame has RSV1 set, but no extension was negotiated; closed with 1002"),
    ("RSV1 in a Close", b"\xc8\0", 5, "a frame has RSV1 set, but no extension was negotiated; closed with 1002"),
    (
        "RSV1 in a continuation",
        b"\x01\x01h\xc0\x01i",
        5,
        "a frame has RSV1 set, but no extension was negotiated; closed with 1002",
    ),
    ("opcode 3", b"\x83\0", 5, "a frame has the reserved opcode 3; closed with 1002"),
    ("opcode 4", b"\x84\0", 5, "a frame has the reserved opcode 4; closed with 1002"),
    ("opcode 5", b"\x85\0", 5, "a frame has the reserved opcode 5; closed with 1002"),
    ("opcode 6", b"\x86\0", 5, "a frame has the reserved opcode 6; closed with 1002"),
    ("opcode 7", b"\x87\0", 5, "a frame has the reserved opcode 7; closed with 1002"),
    ("opcode 11", b"\x8b\0", 5, "a frame has the reserved opcode 11; closed with 1002"),
    ("opcode 12", b"\x8c\0", 5, "a frame has the reserved opcode 12; closed with 1002"),
    ("opcode 13", b"\x8d\0", 5, "a frame has the reserved opcode 13; closed with 1002"),
    ("opcode 14", b"\x8e\0", 5, "a frame has the reserved opcode 14; closed with 1002"),
    ("opcode 15", b"\x8f\0", 5, "a frame has the reserved opcode 15; closed with 1002"),
    ("a ping in parts", b"\x09\x01a", 5, "a control frame is fragmented; closed with 1002"),
    ("a pong in parts", b"\x0a\x01a", 5, "a control frame is fragmented; closed with 1002"),
    ("a ping of 126 bytes", b"\x89\x7e\0\x7e", 5, "a control frame has 126 bytes, more than 125; closed with 1002"),
    ("a pong of 126 bytes", b"\x8a\x7e\0\x7e", 5, "a control frame has 126 bytes, more than 125; closed with 1002"),
    (
        "a ping with a length of 64 bits",
        b"\x89\x7f\0\0\0\0\0\0\0\x01a",
        5,
        "a frame's length of 1 uses more bytes than necessary; closed with 1002",
    ),
    ("a pong that nobody asked for", b"\x8a\x02hi\x88\x02\x03\xe8", 0, "closed 1000 by the server (normal closure)"),
    (
        "a continuation of nothing",
        b"\x80\x02hi",
        5,
        "a continuation frame arrived without a message to continue; closed with 1002",
    ),
    (
        "a text within a text",
        b"\x01\x01h\x81\x01i",
        5,
        "a new message begins before the last one is complete; closed with 1002",
    ),
    (
        "a binary within a text",
        b"\x01\x01h\x82\x01i",
        5,
        "a new message begins before the last one is complete; closed with 1002",
    ),
    ("a Close within a text", b"\x01\x01h\x88\x02\x03\xe8", 0, "closed 1000 by the server (normal closure)"),
    (
        "a ping within a text",
        b"\x01\x01h\x89\0\x80\x01i\x88\x02\x03\xe8",
        0,
        "closed 1000 by the server (normal closure)",
    ),
    ("a message that does not end", b"\x01\x01h", 5, "the connection was cut without a Close"),
    (
        "a length of 16 bits that 7 would hold",
        b"\x81\x7e\0\x02hi\x88\x02\x03\xe8",
        5,
        "a frame's length of 2 uses more bytes than necessary; closed with 1002",
    ),
    (
        "a length of 64 bits that 16 would hold",
        b"\x81\x7f\0\0\0\0\0\0\0\x02hi\x88\x02\x03\xe8",
        5,
        "a frame's length of 2 uses more bytes than necessary; closed with 1002",
    ),
    (
        "a length of 2^63",
        b"\x81\x7f\x80\0\0\0\0\0\0\0",
        5,
        "a frame's length has its highest bit set; closed with 1002",
    ),
    (
        "a length of 2^64-1",
        b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
        5,
        "a frame's length has its highest bit set; closed with 1002",
    ),
    (
        "a length of 2^62",
        b"\x82\x7f\x40\0\0\0\0\0\0\0",
        5,
        "a message is larger than 1048576 bytes; closed with 1009 (--max-message raises the limit)",
    ),
    (
        "a length above --max-message",
        b"\x82\x7f\0\0\0\0\0\x20\0\0",
        5,
        "a message is larger than 1048576 bytes; closed with 1009 (--max-message raises the limit)",
    ),
    (
        "parts that add up to more than all numbers",
        b"\x02\x01a\x80\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
        5,
        "a message is larger than 1048576 bytes; closed with 1009 (--max-message raises the limit)",
    ),
    (
        "text that is not UTF-8",
        b"\x81\x02\xff\xfe",
        5,
        "a text message is not UTF-8: `\\xff` at byte 0; closed with 1007",
    ),
    (
        "text that ends within a character",
        b"\x81\x02\xe2\x82",
        5,
        "a text message is not UTF-8: `\\xe2\\x82` at byte 0, where it ends within a character; closed with",
    ),
    (
        "text with a surrogate",
        b"\x81\x03\xed\xa0\x80",
        5,
        "a text message is not UTF-8: `\\xed` at byte 0; closed with 1007",
    ),
    (
        "text in an overlong form",
        b"\x81\x02\xc0\x80",
        5,
        "a text message is not UTF-8: `\\xc0` at byte 0; closed with 1007",
    ),
    (
        "text beyond Unicode",
        b"\x81\x04\xf4\x90\x80\x80",
        5,
        "a text message is not UTF-8: `\\xf4` at byte 0; closed with 1007",
    ),
    (
        "a part that is not UTF-8",
        b"\x01\x02\xe2\x82\x80\x01\x41",
        5,
        "a text message is not UTF-8: `\\xe2\\x82` at byte 0; closed with 1007",
    ),
    (
        "a character over two parts",
        b"\x01\x02\xe2\x82\x80\x01\xac\x88\x02\x03\xe8",
        0,
        "closed 1000 by the server (normal closure)",
    ),
    ("an empty text", b"\x81\0\x88\x02\x03\xe8", 0, "closed 1000 by the server (normal closure)"),
    ("an empty binary", b"\x82\0\x88\x02\x03\xe8", 0, "closed 1000 by the server (normal closure)"),
    ("empty parts", b"\x01\0\0\0\0\0\x80\0\x88\x02\x03\xe8", 0, "closed 1000 by the server (normal closure)"),
    (
        "HTTP in place of frames",
        b"HTTP/1.1 200 OK\r\n\r\n",
        5,
        "a frame has RSV1 set, but no extension was negotiated; closed with 1002",
    ),
];
