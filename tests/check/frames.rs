//! The frames of the broken server, which echoes: all rules are kept but the one of its case.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

struct Frame {
    fin: bool,
    rsv: u8,
    opcode: u8,
    mask: Option<[u8; 4]>,
    length: u64,
    /// The length is written in more bytes than it needs, these.
    long: Option<usize>,
    payload: Vec<u8>,
}

/// What is to be done with a frame.
enum Action {
    Take,
    Ignore,
    /// The rule of another case is broken.
    Fail(u16),
    /// The case's own rule is broken by us.
    Cut,
    Stall,
}

enum Next {
    Read,
    Leave,
}

/// A message under way.
#[derive(Default)]
struct Open {
    opcode: u8,
    is_compressed: bool,
    data: Vec<u8>,
    frames: usize,
}

pub struct Connection<'c> {
    stream: TcpStream,
    case: &'c str,
    inflate: Option<Decompress>,
    /// Only a broken server compresses.
    deflate: Compress,
    open: Option<Open>,
    messages: usize,
    /// A fragmented control frame was let pass, and so is what continues it.
    is_lenient: bool,
}

impl<'c> Connection<'c> {
    pub fn new(stream: TcpStream, case: &'c str, has_deflate: bool) -> Self {
        let inflate = has_deflate.then(|| Decompress::new(false));
        let deflate = Compress::new(Compression::best(), false);
        Self { stream, case, inflate, deflate, open: None, messages: 0, is_lenient: false }
    }

    pub fn serve(mut self) -> io::Result<()> {
        loop {
            let frame = self.read()?;
            match self.decide(&frame) {
                Action::Take => {
                    if let Next::Leave = self.take(frame)? {
                        return self.leave();
                    }
                }
                Action::Ignore => {}
                Action::Fail(code) => {
                    self.send(true, 0, CLOSE, &code.to_be_bytes())?;
                    return self.leave();
                }
                Action::Cut => return Ok(()),
                Action::Stall => return io::copy(&mut self.stream, &mut io::sink()).map(drop),
            }
        }
    }

    fn breaks(&self, case: &str) -> bool {
        self.case == case
    }

    fn leave(mut self) -> io::Result<()> {
        if !self.breaks("close/transport") {
            self.stream.shutdown(Shutdown::Write)?;
        }
        io::copy(&mut self.stream, &mut io::sink()).map(drop)
    }

    fn read(&mut self) -> io::Result<Frame> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head)?;
        let short = u64::from(head[1] & 0x7f);
        let (length, size) = match short {
            126 => (u64::from(u16::from_be_bytes(self.bytes()?)), 2),
            127 => (u64::from_be_bytes(self.bytes()?), 8),
            _ => (short, 0),
        };
        let least = if length < 126 {
            0
        } else if length < 65536 {
            2
        } else {
            8
        };
        let mask = if head[1] & 0x80 != 0 { Some(self.bytes()?) } else { None };
        let mut payload = vec![0; if length >> 63 == 0 { length as usize } else { 0 }];
        self.stream.read_exact(&mut payload)?;
        for (byte, key) in payload.iter_mut().zip(mask.unwrap_or_default().iter().cycle()) {
            *byte ^= key;
        }
        let long = (size > least).then_some(size);
        let (fin, rsv, opcode) = (head[0] & 0x80 != 0, head[0] >> 4 & 7, head[0] & 15);
        Ok(Frame { fin, rsv, opcode, mask, length, long, payload })
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).map(|()| bytes)
    }

    fn send(&mut self, fin: bool, rsv: u8, opcode: u8, payload: &[u8]) -> io::Result<()> {
        let rsv = if self.breaks("frame/server-reserved") { 2 } else { rsv };
        let mut bytes = vec![u8::from(fin) << 7 | rsv << 4 | opcode];
        let masked = u8::from(self.breaks("frame/server-unmasked")) << 7;
        match payload.len() {
            length @ 0..126 if !self.breaks("frame/server-length") => bytes.push(masked | length as u8),
            length @ 0..65536 => {
                bytes.push(masked | 126);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                bytes.push(masked | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        if masked != 0 {
            bytes.extend_from_slice(&[0; 4]);
        }
        bytes.extend_from_slice(payload);
        self.stream.write_all(&bytes)
    }

    fn decide(&mut self, frame: &Frame) -> Action {
        match self.broken_rule(frame) {
            Some((rule, _)) if self.breaks(&rule) => {
                self.is_lenient |= rule.ends_with("-fragment");
                Action::Ignore
            }
            Some((_, code)) => Action::Fail(code),
            None => match self.oddity(frame) {
                Some(oddity) if self.breaks(oddity) && oddity.starts_with("limit/") => Action::Stall,
                Some(oddity) if self.breaks(oddity) && oddity.starts_with("close/") => Action::Ignore,
                Some(oddity) if self.breaks(oddity) => Action::Cut,
                _ => Action::Take,
            },
        }
    }

    /// The case whose rule the client has broken, and the code for it.
    fn broken_rule(&self, frame: &Frame) -> Option<(String, u16)> {
        let is_control = frame.opcode >= 8;
        let kind = match frame.opcode {
            CLOSE => "close",
            PING => "control/ping",
            _ => "control/pong",
        };
        let joined =
            |suffix: &str| if frame.opcode == CLOSE { format!("close/{suffix}") } else { format!("{kind}-{suffix}") };
        let rule = match frame {
            Frame { mask: None, .. } => "frame/unmasked".to_owned(),
            Frame { opcode: opcode @ (3..=7 | 11..), .. } => format!("frame/opcode-{opcode}"),
            Frame { rsv, .. } if rsv & 3 != 0 && rsv & 4 != 0 => "deflate/rsv2".to_owned(),
            Frame { rsv: 2, .. } => "frame/rsv2".to_owned(),
            Frame { rsv: 1, .. } => "frame/rsv3".to_owned(),
            Frame { rsv: 4, .. } if self.inflate.is_some() && is_control => "deflate/rsv1-control".to_owned(),
            Frame { rsv: 4, opcode: CONTINUATION, .. } if self.inflate.is_some() => "deflate/rsv1-later".to_owned(),
            Frame { rsv: 4, .. } if self.inflate.is_none() && is_control => "control/ping-rsv1".to_owned(),
            Frame { rsv: 4, .. } if self.inflate.is_none() => "frame/rsv1".to_owned(),
            Frame { length, .. } if length >> 63 != 0 => "frame/length-bit-63".to_owned(),
            Frame { long: Some(bytes), .. } => format!("frame/long-length-{}", bytes * 8),
            Frame { length: 126.., opcode: CLOSE, .. } => "close/too-long".to_owned(),
            Frame { length: 126.., .. } if is_control => format!("{kind}-126"),
            Frame { fin: false, .. } if is_control => joined("fragment"),
            Frame { opcode: CONTINUATION, .. } if self.open.is_none() && !self.is_lenient => {
                if self.messages == 0 { "fragment/nothing-to-continue" } else { "fragment/nothing-open" }.to_owned()
            }
            Frame { opcode: TEXT, .. } if self.open.is_some() => "fragment/text-within".to_owned(),
            Frame { opcode: BINARY, .. } if self.open.is_some() => "fragment/binary-within".to_owned(),
            Frame { opcode: CLOSE, payload, .. } => return broken_close(payload),
            _ => return self.broken_text(frame),
        };
        Some((rule, 1002))
    }

    fn broken_text(&self, frame: &Frame) -> Option<(String, u16)> {
        let is_text = frame.opcode == TEXT || self.open.as_ref().is_some_and(|open| open.opcode == TEXT);
        if frame.opcode >= 8 || !is_text || frame.rsv != 0 || self.open.as_ref().is_some_and(|open| open.is_compressed)
        {
            return None;
        }
        let before = self.open.as_ref().map_or(&[][..], |open| &open.data);
        let data = [before, &frame.payload].concat();
        let wrong = std::str::from_utf8(&data).err().filter(|wrong| frame.fin || wrong.error_len().is_some())?;
        let name = match data[wrong.valid_up_to()..] {
            _ if !before.is_empty() => "later",
            _ if !frame.fin => "early",
            [0x80, ..] => "lone",
            [0xe2, 0x82] => "cut",
            [0xc0, ..] => "overlong",
            [0xed, ..] => "surrogate",
            [0xf4, ..] => "too-high",
            _ => "never",
        };
        Some((format!("utf8/{name}"), 1007))
    }

    /// The case that sends such a frame, where there is nothing to say against it.
    fn oddity(&self, frame: &Frame) -> Option<&'static str> {
        let in_message = self.open.is_some();
        let compressed = frame.rsv == 4;
        Some(match (frame.opcode, &frame.payload[..]) {
            (TEXT, []) if frame.fin => "frame/empty-text",
            (TEXT, []) => "fragment/empty",
            (BINARY, []) => "frame/empty-binary",
            (BINARY, payload) if compressed && payload.len() > 8000 => "limit/inflated-16mib",
            (BINARY, payload) if compressed && payload.len() > 500 => "limit/echo-inflated-1mib",
            (BINARY, payload) if payload.len() == 125 => "frame/length-125",
            (BINARY, payload) if payload.len() == 126 => "frame/length-126",
            (BINARY, payload) if payload.len() == 65535 => "frame/length-65535",
            (BINARY, payload) if payload.len() == 65536 && !self.breaks("frame/echo-long") => "frame/length-65536",
            (BINARY, payload) if payload.len() == 1 << 20 && frame.fin => "limit/message-1mib",
            (BINARY, payload) if payload.len() == 1 << 20 => "limit/fragments-16mib",
            (BINARY, payload) if payload.len() == 16 << 20 => "limit/message-16mib",
            (BINARY, [0x00, 0xff]) => "fragment/binary",
            (BINARY, [0xff, 0xc0, ..]) => "utf8/binary",
            (PONG, b"three") => "frame/together",
            (PONG, b"between") if in_message => "fragment/pong-between",
            (PONG, b"wsprobe") => "control/pong-unasked",
            (CONTINUATION, b"pro") => "fragment/text",
            (CONTINUATION, _) if self.breaks("fragment/many") && self.open.as_ref()?.frames > 50 => "fragment/many",
            (CONTINUATION, _) if self.open.as_ref()?.frames > 5000 => "limit/fragments",
            (TEXT, [0xc3, 0xa9, ..]) if !self.breaks("utf8/echo") => "utf8/text",
            (TEXT, [0xe2, 0x82]) => "utf8/split",
            (TEXT, [0x00, 0xed, ..]) => "utf8/edges",
            (TEXT, b"Hello") => "deflate/plain",
            (TEXT, [0xf2, 0x48, 0xcd]) => "deflate/fragments",
            (TEXT, [0xf2, 0x48, 0xcd, ..]) if compressed => "deflate/text",
            (TEXT, [0xf2, 0x00, ..]) if compressed => "deflate/takeover",
            (TEXT, [0x00, 0x05, ..]) if compressed => "deflate/stored",
            (TEXT, [0xf3, ..]) if compressed => "deflate/final",
            (TEXT, [0xf2, 0x48, 0x05, ..]) if compressed => "deflate/blocks",
            (TEXT, [0x00]) if compressed => "deflate/empty",
            (CLOSE, [0x03, 0xe8]) => "close/answered",
            (CLOSE, [0x03, 0xe8, b'b', ..]) => "close/reason",
            (CLOSE, payload) if payload.len() == 125 => "close/longest",
            (CLOSE, [0x03, 0xe9]) => "close/code-1001",
            (CLOSE, [0x0b, 0xb8]) => "close/code-3000",
            (CLOSE, [0x13, 0x87]) => "close/code-4999",
            _ if frame.mask == Some([0; 4]) => "frame/zero-mask",
            _ if frame.mask == Some([0x37, 0xfa, 0x21, 0x3d]) => "frame/in-pieces",
            _ => return None,
        })
    }

    /// Does what a frame asks for.
    fn take(&mut self, frame: Frame) -> io::Result<Next> {
        match frame.opcode {
            PING => self.pong(&frame.payload).map(|()| Next::Read),
            PONG => Ok(Next::Read),
            CLOSE => self.close(&frame.payload).map(|()| Next::Leave),
            _ => match self.join(frame) {
                Some(message) => self.message(message),
                None => Ok(Next::Read),
            },
        }
    }

    fn join(&mut self, frame: Frame) -> Option<Open> {
        if frame.opcode != CONTINUATION {
            self.open = Some(Open { opcode: frame.opcode, is_compressed: frame.rsv == 4, ..Open::default() });
        }
        let open = self.open.as_mut()?;
        open.frames += 1;
        open.data.extend_from_slice(&frame.payload);
        self.open.take_if(|_| frame.fin)
    }

    fn message(&mut self, mut message: Open) -> io::Result<Next> {
        self.messages += 1;
        if message.is_compressed {
            let inflated = self.inflate.as_mut().and_then(|zlib| inflated(zlib, &message.data));
            let broken = match &inflated {
                None => Some(("deflate/broken", 1007_u16)),
                Some(data) if message.opcode == TEXT && std::str::from_utf8(data).is_err() => {
                    Some(("deflate/not-utf8", 1007))
                }
                Some(_) => None,
            };
            match broken {
                Some((rule, _)) if self.breaks(rule) => return Ok(Next::Read),
                Some((_, code)) => return self.send(true, 0, CLOSE, &code.to_be_bytes()).map(|()| Next::Leave),
                None => message.data = inflated.unwrap_or_default(),
            }
        }
        self.echo(&message).map(|()| Next::Read)
    }

    fn echo(&mut self, message: &Open) -> io::Result<()> {
        let Open { opcode, is_compressed, frames, .. } = *message;
        let mut data = message.data.clone();
        match self.case {
            "frame/echo-text" => return self.send(true, 0, BINARY, &data),
            "frame/echo-binary" if data.starts_with(&[0, 0xff]) => data.reverse(),
            "frame/echo-long" if data.len() == 65536 => data.truncate(65535),
            "utf8/echo" => data.retain(u8::is_ascii),
            "fragment/echo" if frames > 1 => self.send(true, 0, opcode, b"one too many")?,
            "deflate/echo" | "limit/echo-inflated-1mib" if is_compressed => data = b"Hallo".to_vec(),
            "deflate/echo-takeover" if self.messages == 2 => data = b"Hallo".to_vec(),
            "deflate/echo-no-takeover" if data.len() == 2048 => {
                let data = self.deflated(&data);
                return self.send(true, 4, opcode, &data);
            }
            "deflate/echo-window" if data.len() == 4000 => {
                let data = self.deflated(&data);
                return self.send(true, 4, opcode, &data);
            }
            "frame/server-control" => self.send(false, 0, PING, b"x")?,
            _ => {}
        }
        self.send(true, 0, opcode, &data)
    }

    fn pong(&mut self, payload: &[u8]) -> io::Result<()> {
        let rsv = if self.breaks("deflate/server-control") && payload.len() == 125 { 4 } else { 0 };
        match (self.case, payload) {
            ("any pong", _) | ("control/ping", b"hello") | ("control/ping-empty", []) => Ok(()),
            ("control/pings" | "limit/pings", b"the last") => Ok(()),
            ("fragment/ping-between", b"between") => Ok(()),
            ("control/ping-125", payload) if payload.len() == 125 => self.send(true, 0, PONG, &payload[..124]),
            ("control/ping-bytes", payload) => self.send(true, 0, PONG, String::from_utf8_lossy(payload).as_bytes()),
            _ => self.send(true, rsv, PONG, payload),
        }
    }

    fn close(&mut self, payload: &[u8]) -> io::Result<()> {
        match (self.case, payload) {
            ("close/code", [0x03, 0xe8]) => self.send(true, 0, CLOSE, &[0x03, 0xe9]),
            ("close/empty", []) => self.send(true, 0, CLOSE, &[0x03, 0xed]),
            ("close/last", _) => self.send(true, 0, CLOSE, payload).and_then(|()| self.send(true, 0, TEXT, b"late")),
            _ => self.send(true, 0, CLOSE, payload),
        }
    }

    fn deflated(&mut self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(data.len() + 1024);
        self.deflate.compress_vec(data, &mut out, FlushCompress::Sync).expect("there is room");
        out.truncate(out.len() - 4);
        out
    }
}

fn inflated(zlib: &mut Decompress, payload: &[u8]) -> Option<Vec<u8>> {
    let mut left = [payload, &[0, 0, 0xff, 0xff]].concat();
    let mut out = Vec::with_capacity(17 << 20);
    while !left.is_empty() {
        let before = zlib.total_in();
        let status = zlib.decompress_vec(&left, &mut out, FlushDecompress::Sync).ok()?;
        left.drain(..(zlib.total_in() - before) as usize);
        match status {
            Status::StreamEnd => zlib.reset(false),
            Status::Ok => {}
            Status::BufError => return None,
        }
    }
    Some(out)
}

/// What is wrong with a Close.
fn broken_close(payload: &[u8]) -> Option<(String, u16)> {
    match payload {
        [] => None,
        [_] => Some(("close/half-code".to_owned(), 1002)),
        [high, low, reason @ ..] => match u16::from_be_bytes([*high, *low]) {
            1000..=1003 | 1007..=1014 | 3000..=4999 => {
                std::str::from_utf8(reason).err().map(|_| ("utf8/reason".to_owned(), 1007))
            }
            code => Some((format!("close/code-{code}"), 1002)),
        },
    }
}
