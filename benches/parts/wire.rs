//! The cost of the wire, compared with its parts: `cargo bench -p parts --bench wire`.
//!
//! All of it is measured in one run, in turns and as CPU time, so that a busy machine changes no ratio. The transport is
//! memory. Fails when a ratio is not what issue 4 asks for.
#![allow(clippy::disallowed_methods, reason = "a program of its own")]

use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use nix::sys::resource::{UsageWho, getrusage};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use wsprobe::testing::Wire;

const ROUNDS: usize = 15;

/// Messages between two flushes, as a busy input has them.
const BATCH: usize = 64;

/// What one read brings at most.
const SEGMENT: usize = 64 << 10;

/// With compression off, at most this much more CPU than tungstenite alone.
const PLAIN_LIMIT: f64 = 1.15;

/// With compression on, at least this much of the speed of zlib alone.
const DEFLATE_LIMIT: f64 = 0.9;

fn main() -> ExitCode {
    let mut is_good = true;
    for (size, count) in [(64, 200_000), (1 << 10, 100_000), (16 << 10, 10_000), (1 << 20, 150)] {
        let messages = json(size, count.min(1000));
        let tape = plain(&messages, count);
        let [sent, sent_alone] = least([&|| send(&messages, count, false), &|| send_alone(&messages, count)]);
        let [received, received_alone] = least([&|| receive(&tape, count, false), &|| receive_alone(&tape, count)]);
        println!("plain, {size} bytes a message, CPU against tungstenite alone:");
        compare("sent", sent, sent_alone, count);
        compare("received", received, received_alone, count);
        is_good &= below("both", (sent + received).div_duration_f64(sent_alone + received_alone), PLAIN_LIMIT);
    }
    let (size, count) = (1 << 10, 20_000);
    let messages = json(size, 1000);
    let (payloads, tape) = compressed(&messages, count);
    let [sent, sent_alone] = least([&|| send(&messages, count, true), &|| deflate(&messages, count)]);
    let [received, received_alone] = least([&|| receive(&tape, count, true), &|| inflate(&payloads)]);
    println!("compressed JSON, {size} bytes a message, CPU against zlib alone:");
    compare("sent", sent, sent_alone, count);
    compare("received", received, received_alone, count);
    for (what, wire, alone) in [
        ("sent", sent, sent_alone),
        ("received", received, received_alone),
        ("both", sent + received, sent_alone + received_alone),
    ] {
        let speed = alone.div_duration_f64(wire);
        println!(
            "  {what:<8} at {:.0} % of the speed of zlib (at least {:.0} %)",
            speed * 100.0,
            DEFLATE_LIMIT * 100.0
        );
        is_good &= speed >= DEFLATE_LIMIT;
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn compare(what: &str, wire: Duration, alone: Duration, count: usize) {
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    let ratio = wire.div_duration_f64(alone);
    println!("  {what:<8} {:8.3} µs a message, alone {:8.3} µs: {ratio:.2}", each(wire), each(alone));
}

fn below(what: &str, ratio: f64, limit: f64) -> bool {
    println!("  {what:<8} {ratio:.2} (at most {limit})");
    ratio <= limit
}

/// The least CPU time of each, measured in turns.
fn least<const N: usize>(runs: [&dyn Fn(); N]) -> [Duration; N] {
    let mut least = [Duration::MAX; N];
    for _ in 0..ROUNDS {
        for (run, least) in runs.iter().zip(&mut least) {
            let before = cpu();
            run();
            *least = (cpu() - before).min(*least);
        }
    }
    least
}

fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("it is ours");
    let times = [usage.user_time(), usage.system_time()];
    times.iter().map(|time| Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000)).sum()
}

/// JSON as servers send it, this many different messages of this size.
fn json(size: usize, count: usize) -> Vec<Utf8Bytes> {
    let mut random = fastrand::Rng::with_seed(7);
    let message = |_| {
        let mut text = String::from(r#"{"type":"update","items":["#);
        while text.len() < size {
            let (id, price, flag) = (random.u32(..), random.u32(..10_000_000), random.bool());
            let name: String = (0..8).map(|_| random.lowercase()).collect();
            text +=
                &format!(r#"{{"id":{id},"name":"{name}","price":{}.{:02},"open":{flag}}},"#, price / 100, price % 100);
        }
        text.truncate(size - 2);
        Utf8Bytes::from(text + "]}")
    };
    (0..count).map(message).collect()
}

/// Takes all that is written, and has a text to be read.
struct Tape {
    text: Bytes,
}

impl AsyncRead for Tape {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = self.text.len().min(buf.remaining()).min(SEGMENT);
        buf.put_slice(&self.text.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tape {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a server sends: frames that are not masked.
fn frame(first: u8, payload: &[u8], out: &mut BytesMut) {
    match payload.len() {
        length @ 0..126 => out.extend_from_slice(&[first, length as u8]),
        length @ 126..65_536 => {
            out.extend_from_slice(&[first, 126]);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.extend_from_slice(&[first, 127]);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

fn plain(messages: &[Utf8Bytes], count: usize) -> Bytes {
    let mut tape = BytesMut::new();
    messages.iter().cycle().take(count).for_each(|text| frame(0x81, text.as_bytes(), &mut tape));
    tape.freeze()
}

/// The payloads of the messages with context takeover, and the frames that hold them.
fn compressed(messages: &[Utf8Bytes], count: usize) -> (Vec<Bytes>, Bytes) {
    let mut zlib = Compress::new(Compression::default(), false);
    let mut tape = BytesMut::new();
    let payload = |text: &Utf8Bytes| {
        let mut out = Vec::with_capacity(text.len() + 64);
        zlib.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync).expect("there is room");
        frame(0xc1, out.strip_suffix(&[0, 0, 0xff, 0xff]).expect("it was flushed"), &mut tape);
        Bytes::from(out)
    };
    (messages.iter().cycle().take(count).map(payload).collect(), tape.freeze())
}

/// Nothing here ever has to wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a tape is always ready")
}

fn send(messages: &[Utf8Bytes], count: usize, is_compressed: bool) {
    now(async {
        let wire = Wire::open(Tape { text: Bytes::new() }, is_compressed).await;
        for (at, text) in messages.iter().cycle().take(count).enumerate() {
            wire.feed(text.clone()).await;
            if at % BATCH == BATCH - 1 {
                wire.flush().await;
            }
        }
        wire.flush().await;
    });
}

fn send_alone(messages: &[Utf8Bytes], count: usize) {
    now(async {
        let mut socket = alone(Bytes::new()).await;
        for (at, text) in messages.iter().cycle().take(count).enumerate() {
            socket.feed(Message::Text(text.clone())).await.expect("the tape takes all");
            if at % BATCH == BATCH - 1 {
                socket.flush().await.expect("the tape takes all");
            }
        }
        socket.flush().await.expect("the tape takes all");
    });
}

fn receive(tape: &Bytes, count: usize, is_compressed: bool) {
    now(async {
        let wire = Wire::open(Tape { text: tape.clone() }, is_compressed).await;
        let mut messages = 0;
        while wire.next().await.is_some() {
            messages += 1;
        }
        assert!(messages >= count, "{messages}");
    });
}

fn receive_alone(tape: &Bytes, count: usize) {
    now(async {
        let mut socket = alone(tape.clone()).await;
        let mut messages = 0;
        while let Some(Ok(_)) = socket.next().await {
            messages += 1;
        }
        assert_eq!(messages, count);
    });
}

/// tungstenite with the buffers that the wire gives it.
async fn alone(text: Bytes) -> WebSocketStream<Tape> {
    let config = WebSocketConfig::default().read_buffer_size(32 << 10);
    WebSocketStream::from_raw_socket(Tape { text }, Role::Client, Some(config)).await
}

fn deflate(messages: &[Utf8Bytes], count: usize) {
    let mut zlib = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(64 << 10);
    for text in messages.iter().cycle().take(count) {
        out.clear();
        zlib.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync).expect("there is room");
    }
}

fn inflate(payloads: &[Bytes]) {
    let mut zlib = Decompress::new(false);
    let mut out = Vec::with_capacity(64 << 10);
    for payload in payloads {
        out.clear();
        zlib.decompress_vec(payload, &mut out, FlushDecompress::Sync).expect("it was compressed");
    }
}
