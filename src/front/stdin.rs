//! Stdin: read where that cannot block, or else on a thread of its own, and cut into messages.

use std::fs::File;
use std::future::{pending, poll_fn};
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use memchr::{memchr_iter, memrchr};
use nix::sys::stat::{FileStat, fstat, stat};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::task::yield_now;

use crate::event::{Batch, Input, Message, Part, Place, Run, Text};
use crate::render::record;
use crate::session::Inlet;
use crate::term::at_once;
use crate::unescape::{unescape_bytes, unescape_text};
use crate::wire::utf8::Utf8;

/// What one read may bring.
const BLOCK: usize = 128 << 10;

/// Batches between its thread and the socket: one may be a message of any size.
const BATCHES: usize = 1;

/// A message that is sent as it is read begins when this much is there: what is wrong before is not sent at all.
const STREAMED_OVER: usize = 1 << 20;

/// How stdin becomes messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// At each delimiter; without one at each line's end, LF or CRLF.
    At {
        delimiter: Option<Bytes>,
        keep: bool,
        kind: Kind,
    },
    Whole(Kind),
    /// The same, sent as it is read once it has become large.
    Streamed {
        is_text: bool,
    },
    /// Binary messages of this size.
    Chunks(usize),
    /// JSON records, one a line.
    Records,
}

/// What a piece of stdin is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Binary,
    EscapedText,
    EscapedBinary,
}

/// Opens stdin for reading, or tells why there is nothing to read.
///
/// `/dev/null` and a stdin that cannot be read are no input at all: nohup, cron, docker and systemd start programs so.
///
/// # Errors
/// The reason, where the user may not know of it.
pub(super) fn open() -> Result<Option<File>, io::Error> {
    #[expect(clippy::disallowed_methods, reason = "the owner of stdin")]
    let stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    if is_absent(stdin.as_fd()) {
        return Ok(None);
    }
    // Nothing is read, but what cannot be read says so: a directory, or a file opened for writing.
    (&stdin).read(&mut []).map(|_| Some(stdin))
}

/// Whether a stdin is /dev/null; a closed one is too, as the runtime of Rust sees to that.
pub(crate) fn is_absent(stdin: BorrowedFd<'_>) -> bool {
    let device = |stat: nix::Result<FileStat>| stat.map(|stat| stat.st_rdev);
    matches!((device(fstat(stdin)), device(stat("/dev/null"))), (Ok(stdin), Ok(null)) if stdin == null)
}

/// What stdin has to send.
pub(super) enum Stdin {
    /// Read by whoever asks for more: a hop from task to task, or from thread to thread, is long for a round trip.
    Here(Watched),
    /// Read on a thread of its own, since a read may block.
    Aside(mpsc::Receiver<Result<Batch, String>>),
    Ended,
    /// Nothing will come, and that is not the end.
    Silent,
}

impl Stdin {
    /// Reads it, and cuts it so.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn new(file: File, cut: Cut) -> io::Result<Self> {
        at_once::widen(&file);
        let reader = Reader { cutter: Cutter::new(cut), block: vec![0; BLOCK] };
        match at_once::watch(file, Interest::READABLE) {
            Ok(file) => Ok(Self::Here(Watched { file, reader, has_more: false, wrong: None, ended: false })),
            Err(file) => reader.read_aside(file).map(Self::Aside),
        }
    }

    fn step_aside(&mut self) -> io::Result<()> {
        if let Self::Here(Watched { file, reader, .. }) = std::mem::replace(self, Self::Ended) {
            *self = Self::Aside(reader.read_aside(file.into_inner())?);
        }
        Ok(())
    }
}

impl Inlet for Stdin {
    async fn next(&mut self) -> Option<Result<Batch, String>> {
        loop {
            match self {
                Self::Here(watched) => match watched.next().await {
                    Ok(next) => return next,
                    Err(Unsupported) => {
                        if let Err(error) = self.step_aside() {
                            return Some(Err(format!("cannot read stdin: {error}")));
                        }
                    }
                },
                Self::Aside(batches) => return batches.recv().await,
                Self::Ended => return None,
                Self::Silent => return pending().await,
            }
        }
    }
}

/// A stdin that tells when there is something to be read; a pipe, as a rule.
pub(super) struct Watched {
    file: AsyncFd<File>,
    reader: Reader,
    /// The last read was full: the next may be as well.
    has_more: bool,
    /// Why nothing comes after what was given last.
    wrong: Option<String>,
    ended: bool,
}

/// It cannot be read without blocking.
struct Unsupported;

impl Watched {
    /// As [`Inlet::next`].
    async fn next(&mut self) -> Result<Option<Result<Batch, String>>, Unsupported> {
        loop {
            if let Some(why) = self.wrong.take() {
                return Ok(Some(Err(why)));
            }
            if self.ended {
                return Ok(None);
            }
            if self.has_more {
                // What has come from the peer meanwhile does not wait for the end of the input.
                yield_now().await;
                self.has_more = false;
            }
            let ready = poll_fn(|cx| self.file.poll_read_ready(cx)).await;
            let Ok(mut ready) = ready else { return Ok(None) };
            let read = at_once::read(self.file.get_ref(), &mut self.reader.block);
            match &read {
                Err(error) if error.kind() == io::ErrorKind::Unsupported => return Err(Unsupported),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready.clear_ready();
                    continue;
                }
                // It has given all that was there; an end is noticed all the same.
                Ok(1..BLOCK) => ready.clear_ready(),
                Ok(BLOCK..) => self.has_more = true,
                _ => {}
            }
            let Some(Brought { batch, wrong, ended }) = self.reader.take(read) else { continue };
            (self.wrong, self.ended) = (wrong, ended);
            if !batch.is_empty() {
                return Ok(Some(Ok(batch)));
            }
        }
    }
}

/// Takes what stdin has to where it is sent.
struct Reader {
    cutter: Cutter,
    block: Vec<u8>,
}

/// What a read has brought: a batch, the reason why it is the last, and whether it is.
struct Brought {
    batch: Batch,
    wrong: Option<String>,
    ended: bool,
}

impl Reader {
    /// Reads on a thread, to the end of the input, or for as long as somebody takes its batches.
    fn read_aside(mut self, mut stdin: File) -> io::Result<mpsc::Receiver<Result<Batch, String>>> {
        let (batches, receiver) = mpsc::channel(BATCHES);
        let read = move || {
            loop {
                let read = stdin.read(&mut self.block);
                let Some(Brought { batch, wrong, ended }) = self.take(read) else { continue };
                if !batch.is_empty() && batches.blocking_send(Ok(batch)).is_err() {
                    return;
                }
                if let Some(why) = wrong {
                    let _ = batches.blocking_send(Err(why));
                }
                if ended {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("stdin".to_owned()).spawn(read)?;
        Ok(receiver)
    }

    /// Cuts what a read has brought; none if it is to be tried again.
    fn take(&mut self, read: io::Result<usize>) -> Option<Brought> {
        let mut batch = Batch::new();
        let (result, ended) = match read {
            Ok(0) => (self.cutter.finish(&mut batch), true),
            Ok(length) => (self.cutter.push(&self.block[..length], &mut batch), false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return None,
            Err(error) => (Err(format!("cannot read stdin: {error}")), true),
        };
        let ended = ended || result.is_err();
        Some(Brought { batch, wrong: result.err(), ended })
    }
}

/// Cuts a stream of blocks into messages.
pub(crate) struct Cutter {
    cut: Cut,
    /// What has come since the last cut.
    rest: BytesMut,
    /// How much of it is known to hold no delimiter.
    searched: usize,
    pieces: u64,
    text: Utf8,
    /// The message has begun.
    is_streaming: bool,
}

impl Cutter {
    pub(crate) fn new(cut: Cut) -> Self {
        Self { cut, rest: BytesMut::new(), searched: 0, pieces: 0, text: Utf8::default(), is_streaming: false }
    }

    pub(crate) fn push(&mut self, block: &[u8], batch: &mut Batch) -> Result<(), String> {
        self.rest.extend_from_slice(block);
        match self.cut.clone() {
            Cut::Whole(_) => Ok(()),
            Cut::Streamed { is_text } => {
                if is_text {
                    self.text.push(block).map_err(|_| self.place(NOT_UTF8))?;
                }
                if self.is_streaming || self.rest.len() > STREAMED_OVER {
                    self.is_streaming = true;
                    batch.push(Input::Part(Part { is_text, data: self.rest.split().freeze(), is_last: false }));
                }
                Ok(())
            }
            Cut::Chunks(size) => {
                while self.rest.len() >= size {
                    let chunk = self.rest.split_to(size).freeze();
                    batch.push(Input::Message(Message::Binary(chunk)));
                }
                Ok(())
            }
            Cut::At { delimiter: Some(delimiter), keep, .. } => self.cut_at(&delimiter, keep, batch),
            Cut::At { delimiter: None, keep, .. } => self.cut_lines(keep, batch),
            Cut::Records => self.cut_lines(false, batch),
        }
    }

    /// What is left counts as a message too, unless nothing is.
    fn finish(&mut self, batch: &mut Batch) -> Result<(), String> {
        if let Cut::Streamed { is_text } = self.cut
            && self.is_streaming
        {
            self.text.finish().map_err(|_| self.place(NOT_UTF8))?;
            batch.push(Input::Part(Part { is_text, data: self.rest.split().freeze(), is_last: true }));
            return Ok(());
        }
        if self.rest.is_empty() && !matches!(self.cut, Cut::Whole(_) | Cut::Streamed { .. }) {
            return Ok(());
        }
        let piece = self.rest.split().freeze();
        self.piece(piece, batch)
    }

    fn cut_lines(&mut self, keep: bool, batch: &mut Batch) -> Result<(), String> {
        let begun = std::mem::replace(&mut self.searched, self.rest.len());
        let Some(last) = memrchr(b'\n', &self.rest[begun..]) else { return Ok(()) };
        let block = self.rest.split_to(begun + last + 1).freeze();
        self.searched = self.rest.len();
        let mut start = 0;
        let places = memchr_iter(b'\n', &block[begun..]).map(|found| {
            let next = begun + found + 1;
            let end = if keep {
                ""
            } else if block[start..next].ends_with(b"\r\n") {
                "\r\n"
            } else {
                "\n"
            };
            Place { start: std::mem::replace(&mut start, next), end: next - end.len() }
        });
        let places: Vec<_> = places.collect();
        match self.cut {
            Cut::At { kind: kind @ (Kind::Text | Kind::Binary), .. } if places.len() > 1 => {
                self.run(kind == Kind::Text, block, places, batch)
            }
            _ => places.into_iter().try_for_each(|Place { start, end }| self.piece(block.slice(start..end), batch)),
        }
    }

    /// Takes lines that are messages as they are.
    fn run(&mut self, is_text: bool, block: Bytes, mut places: Vec<Place>, batch: &mut Batch) -> Result<(), String> {
        let is_bad = |place: &Place| std::str::from_utf8(&block[place.start..place.end]).is_err();
        // Most of the time, one look at all of it is enough.
        let is_good = !is_text || std::str::from_utf8(&block).is_ok();
        let bad = if is_good { None } else { places.iter().position(is_bad) };
        places.truncate(bad.unwrap_or(places.len()));
        self.pieces += places.len() as u64;
        if !places.is_empty() {
            batch.push(Input::Run(Run::new(is_text, block, places)));
        }
        if bad.is_none() {
            return Ok(());
        }
        self.pieces += 1;
        Err(self.place(NOT_UTF8))
    }

    fn cut_at(&mut self, delimiter: &[u8], keep: bool, batch: &mut Batch) -> Result<(), String> {
        let finder = Finder::new(delimiter);
        while let Some(found) = finder.find(&self.rest[self.searched..]) {
            let mut piece = self.rest.split_to(self.searched + found + delimiter.len());
            self.searched = 0;
            if !keep {
                piece.truncate(piece.len() - delimiter.len());
            }
            self.piece(piece.freeze(), batch)?;
        }
        // A delimiter may have begun at the end of this block.
        self.searched = self.rest.len().saturating_sub(delimiter.len() - 1);
        Ok(())
    }

    fn piece(&mut self, piece: Bytes, batch: &mut Batch) -> Result<(), String> {
        self.pieces += 1;
        let input = match &self.cut {
            Cut::Chunks(_) => Some(Input::Message(Message::Binary(piece))),
            Cut::Records if piece.trim_ascii().is_empty() => None,
            Cut::Records => text(piece).and_then(|line| record_in(&line)).map_err(|why| self.place(&why))?,
            Cut::Streamed { is_text } => {
                let kind = if *is_text { Kind::Text } else { Kind::Binary };
                Some(Input::Message(message(piece, kind).map_err(|why| self.place(&why))?))
            }
            Cut::Whole(kind) | Cut::At { kind, .. } => {
                Some(Input::Message(message(piece, *kind).map_err(|why| self.place(&why))?))
            }
        };
        batch.extend(input);
        Ok(())
    }

    /// Names the place of what is wrong.
    fn place(&self, why: &str) -> String {
        match &self.cut {
            Cut::Whole(_) | Cut::Streamed { .. } => format!("stdin {why}"),
            Cut::At { delimiter: Some(_), .. } => format!("message {} of stdin {why}", self.pieces),
            _ => format!("line {} of stdin {why}", self.pieces),
        }
    }
}

fn message(piece: Bytes, kind: Kind) -> Result<Message, String> {
    Ok(match kind {
        Kind::Text => Message::Text(text(piece)?),
        Kind::Binary => Message::Binary(piece),
        Kind::EscapedText => {
            let text = unescape_text(&text(piece)?).map_err(|error| format!("has a bad escape: {error}"))?;
            Message::Text(text.into())
        }
        Kind::EscapedBinary => {
            let bytes = unescape_bytes(&text(piece)?).map_err(|error| format!("has a bad escape: {error}"))?;
            Message::Binary(bytes.into())
        }
    })
}

fn record_in(line: &str) -> Result<Option<Input>, String> {
    record::read(line).map_err(|why| format!("is no record: {why}"))
}

const NOT_UTF8: &str = "is not UTF-8; --binary sends bytes as they are";

fn text(piece: Bytes) -> Result<Text, String> {
    Text::try_from(piece).map_err(|_| NOT_UTF8.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All messages of an input, cut in blocks of each size from 1 to its length.
    fn cut(cut: &Cut, input: &[u8]) -> Vec<String> {
        let results: Vec<_> = (1..=input.len().max(1)).map(|size| cut_in_blocks(cut, input, size)).collect();
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{results:?}");
        results.into_iter().next().unwrap()
    }

    fn cut_in_blocks(cut: &Cut, input: &[u8], size: usize) -> Vec<String> {
        let mut cutter = Cutter::new(cut.clone());
        let mut batch = Batch::new();
        let mut result = Ok(());
        for block in input.chunks(size) {
            result = result.and_then(|()| cutter.push(block, &mut batch));
        }
        result = result.and_then(|()| cutter.finish(&mut batch));
        let shown = |input| match input {
            Input::Message(Message::Text(text)) => text.to_string(),
            Input::Message(Message::Binary(data)) => format!("b:{}", data.escape_ascii()),
            other => format!("{other:?}"),
        };
        let taken_apart = batch.into_iter().flat_map(|input| match input {
            Input::Run(mut run) => std::iter::from_fn(|| run.pop()).map(Input::Message).collect(),
            other => vec![other],
        });
        taken_apart.map(shown).chain(result.err().map(|why| format!("error: {why}"))).collect()
    }

    fn lines(kind: Kind) -> Cut {
        Cut::At { delimiter: None, keep: false, kind }
    }

    #[test]
    fn a_line_is_a_message_and_the_last_needs_no_line_end() {
        assert_eq!(cut(&lines(Kind::Text), b"a\nb\r\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(cut(&lines(Kind::Text), b"a\n"), ["a"]);
        assert!(cut(&lines(Kind::Text), b"").is_empty());
        assert_eq!(cut(&lines(Kind::Text), b"a\rb\n"), ["a\rb"]);
    }

    #[test]
    fn line_ends_can_be_kept() {
        assert_eq!(
            cut(&Cut::At { delimiter: None, keep: true, kind: Kind::Text }, b"a\nb\r\nc"),
            ["a\n", "b\r\n", "c"]
        );
    }

    #[test]
    fn delimiters_may_straddle_blocks() {
        let at = |keep| Cut::At { delimiter: Some(Bytes::from_static(b"--")), keep, kind: Kind::Text };
        assert_eq!(cut(&at(false), b"a-b----c\n"), ["a-b", "", "c\n"]);
        assert_eq!(cut(&at(true), b"a--b"), ["a--", "b"]);
    }

    #[test]
    fn whole_and_chunks() {
        assert_eq!(cut(&Cut::Whole(Kind::Text), b"a\nb\n"), ["a\nb\n"]);
        assert_eq!(cut(&Cut::Whole(Kind::Text), b""), [""]);
        assert_eq!(cut(&Cut::Chunks(2), b"abcde"), ["b:ab", "b:cd", "b:e"]);
    }

    #[test]
    fn a_large_whole_is_sent_as_it_is_read_and_checked_over_the_borders() {
        let streamed = |input: &[u8]| {
            let mut cutter = Cutter::new(Cut::Streamed { is_text: true });
            let mut batch = Batch::new();
            let pushed = input.chunks(BLOCK - 1).try_for_each(|block| cutter.push(block, &mut batch));
            (pushed.and_then(|()| cutter.finish(&mut batch)), batch)
        };
        let text = "é".repeat(STREAMED_OVER);
        let (result, batch) = streamed(text.as_bytes());
        let parts: Vec<_> = batch
            .into_iter()
            .map(|input| match input {
                Input::Part(part) => part,
                other => panic!("{other:?} is no part"),
            })
            .collect();
        assert_eq!(result, Ok(()));
        assert!(parts.iter().map(|part| &part.data[..]).collect::<Vec<_>>().concat() == text.as_bytes());
        assert!(parts.iter().rev().enumerate().all(|(at, part)| part.is_last == (at == 0)));
        let bad = [text.as_bytes(), b"\xff"].concat();
        assert_eq!(streamed(&bad).0, Err(format!("stdin {NOT_UTF8}")));
        assert_eq!(streamed(&text.as_bytes()[..text.len() - 1]).0, Err(format!("stdin {NOT_UTF8}")));
        let (result, batch) = streamed(b"small\xff");
        assert!(result.is_err() && batch.is_empty());
        assert_eq!(cut(&Cut::Streamed { is_text: true }, b"a\nb"), ["a\nb"]);
        assert_eq!(cut(&Cut::Streamed { is_text: false }, b""), ["b:"]);
    }

    #[test]
    fn bytes_that_are_not_utf_8_end_it_and_name_their_line() {
        let error = "error: line 2 of stdin is not UTF-8; --binary sends bytes as they are";
        assert_eq!(cut(&lines(Kind::Text), b"a\n\xff\nb\n"), ["a", error]);
        assert_eq!(cut(&lines(Kind::Binary), b"\xff\n"), ["b:\\xff"]);
    }

    #[test]
    fn escapes_are_resolved_where_asked_for() {
        assert_eq!(cut(&lines(Kind::EscapedText), b"a\\n\\u{e9}\n"), ["a\né"]);
        assert_eq!(cut(&lines(Kind::EscapedBinary), b"\\xff\\0\n"), ["b:\\xff\\x00"]);
        assert!(cut(&lines(Kind::EscapedText), b"\\q\n")[0].starts_with("error: line 1 of stdin has a bad escape"));
    }

    #[test]
    fn records_are_messages_and_empty_lines_are_nothing() {
        assert_eq!(
            cut(&Cut::Records, b"{\"data\":\"x\"}\n\n{\"type\":\"open\"}\n{\"base64\":\"AA==\"}"),
            ["x", "b:\\x00"]
        );
        assert_eq!(
            cut(&Cut::Records, b"{}"),
            ["error: line 1 of stdin is no record: a message has `data` or `base64`"]
        );
    }
}
