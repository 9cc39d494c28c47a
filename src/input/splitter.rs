//! How stdin becomes messages: cut at line ends, delimiters or sizes, and what has become large sent as it is read.
//!
//! Plain code: blocks in, batches out.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memrchr};

use super::payload::{NOT_UTF8, PayloadKind, message, text};
use super::streamed::StreamedMessage;
use crate::events::{Batch, Input, MessageBatch, MessageSpan};
use crate::message::{DataKind, Message};
use crate::render::record;

/// A message that is sent as it is read begins when this much is there: what is wrong before is not sent at all.
const STREAMED_OVER: usize = 1 << 20;

/// What has to be there as a whole is no larger than this: it holds 256 MiB as base64.
pub(crate) const LARGEST_WHOLE: usize = 384 << 20;

/// How stdin is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) border: Border,
    /// A large message may be sent before its end has come.
    pub(crate) may_stream: bool,
}

/// Where messages end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Border {
    /// At each delimiter; without one at each line's end, LF or CRLF.
    At {
        delimiter: Option<Bytes>,
        keep: bool,
        kind: PayloadKind,
    },
    Whole(PayloadKind),
    /// Binary messages of this size.
    Chunks(usize),
    /// JSON records, one per line.
    Records,
    /// Nowhere: what a read brings is sent at once, as a binary message.
    Nowhere,
}

/// Cuts a stream of blocks into messages.
pub(crate) struct Cutter {
    border: Border,
    may_stream: bool,
    /// What has come since the last cut.
    rest: BytesMut,
    /// How much of it is known to hold no delimiter.
    searched: usize,
    pieces: u64,
    /// The message that is being sent as it is read.
    stream: Option<StreamedMessage>,
}

/// Where a message ends in what is there, and where the next one begins.
struct FoundBorder {
    end: usize,
    next: usize,
}

impl Cutter {
    pub(crate) fn new(Cut { border, may_stream }: Cut) -> Self {
        Self { border, may_stream, rest: BytesMut::new(), searched: 0, pieces: 0, stream: None }
    }

    /// Takes what has been read.
    ///
    /// # Errors
    /// What is wrong with it, and where; nothing after that is sent.
    pub(crate) fn push(&mut self, block: &[u8], batch: &mut Batch) -> Result<(), String> {
        self.rest.extend_from_slice(block);
        if self.stream.is_some() && !self.stream_on(batch)? {
            return Ok(());
        }
        match self.border.clone() {
            Border::Whole(_) => {}
            Border::Nowhere => {
                let all = self.rest.split().freeze();
                self.piece(all, batch)?;
            }
            Border::Chunks(size) => {
                while self.rest.len() >= size {
                    let chunk = self.rest.split_to(size).freeze();
                    self.piece(chunk, batch)?;
                }
            }
            Border::At { delimiter: Some(delimiter), keep, .. } => self.cut_at(&delimiter, keep, batch)?,
            Border::At { delimiter: None, keep, .. } => self.cut_lines(keep, batch)?,
            Border::Records => self.cut_lines(false, batch)?,
        }
        match self.streamed_kind() {
            Some(kind) if self.rest.len() > STREAMED_OVER => {
                self.pieces += 1;
                self.searched = 0;
                self.stream = Some(StreamedMessage::new(kind));
                self.stream_on(batch).map(drop)
            }
            None if self.rest.len() > LARGEST_WHOLE => {
                self.pieces += 1;
                Err(self.place(self.too_large()))
            }
            _ => Ok(()),
        }
    }

    /// What is left counts as a message too, unless nothing is.
    pub(crate) fn finish(&mut self, batch: &mut Batch) -> Result<(), String> {
        if self.stream.is_some() {
            return self.stream_up_to(self.rest.len(), true, batch);
        }
        if self.rest.is_empty() && !matches!(self.border, Border::Whole(_)) {
            return Ok(());
        }
        let piece = self.rest.split().freeze();
        self.piece(piece, batch)
    }

    /// What a large message is sent as while it is read, if it may be.
    fn streamed_kind(&self) -> Option<PayloadKind> {
        match self.border {
            _ if !self.may_stream => None,
            Border::Records | Border::Nowhere => None,
            Border::Whole(PayloadKind::Json(_)) | Border::At { kind: PayloadKind::Json(_), .. } => None,
            Border::Chunks(_) => Some(PayloadKind::Binary),
            Border::Whole(kind) | Border::At { kind, .. } => Some(kind),
        }
    }

    fn too_large(&self) -> &'static str {
        match self.border {
            Border::Records => "is longer than the 384 MiB that a record may have (--json-input)",
            _ => {
                "is longer than 384 MiB, and must be held in memory as a whole (--json, --record, --reconnect or \
                listen)"
            }
        }
    }

    /// Sends what has come of the message under way; true when that was its last.
    fn stream_on(&mut self, batch: &mut Batch) -> Result<bool, String> {
        match self.find_end() {
            Some(FoundBorder { end, next }) => {
                let after = self.rest.split_off(next);
                self.rest.truncate(end);
                self.stream_up_to(end, true, batch)?;
                self.rest = after;
                Ok(true)
            }
            None => {
                let held = self.held_back();
                self.stream_up_to(self.rest.len() - held, false, batch)?;
                Ok(false)
            }
        }
    }

    /// Where the message under way ends.
    fn find_end(&self) -> Option<FoundBorder> {
        match &self.border {
            Border::Whole(_) | Border::Records | Border::Nowhere => None,
            Border::Chunks(size) => {
                let left = size - self.stream.as_ref().map_or(0, |stream| stream.taken());
                (self.rest.len() >= left).then_some(FoundBorder { end: left, next: left })
            }
            Border::At { delimiter: Some(delimiter), keep, .. } => {
                let end = Finder::new(delimiter).find(&self.rest)?;
                let next = end + delimiter.len();
                Some(FoundBorder { end: if *keep { next } else { end }, next })
            }
            Border::At { delimiter: None, keep, .. } => {
                let next = memchr(b'\n', &self.rest)? + 1;
                Some(FoundBorder { end: next - line_end(&self.rest[..next], *keep), next })
            }
        }
    }

    /// How many bytes at the end may be the beginning of a delimiter.
    fn held_back(&self) -> usize {
        match &self.border {
            Border::At { delimiter: Some(delimiter), .. } => self.rest.len().min(delimiter.len() - 1),
            Border::At { delimiter: None, keep: false, .. } => usize::from(self.rest.ends_with(b"\r")),
            _ => 0,
        }
    }

    /// Sends a part of the message under way.
    fn stream_up_to(&mut self, end: usize, is_last: bool, batch: &mut Batch) -> Result<(), String> {
        let mut stream = self.stream.take().expect("whoever calls this has looked");
        let part = stream.part(&mut self.rest, end, is_last).map_err(|why| self.place(&why))?;
        batch.push(Input::Part(part));
        self.stream = (!is_last).then_some(stream);
        Ok(())
    }

    fn cut_lines(&mut self, keep: bool, batch: &mut Batch) -> Result<(), String> {
        let begun = std::mem::replace(&mut self.searched, self.rest.len());
        let Some(last) = memrchr(b'\n', &self.rest[begun..]) else { return Ok(()) };
        let block = self.rest.split_to(begun + last + 1).freeze();
        self.searched = self.rest.len();
        let mut start = 0;
        let places = memchr_iter(b'\n', &block[begun..]).map(|found| {
            let next = begun + found + 1;
            let end = next - line_end(&block[start..next], keep);
            MessageSpan { start: std::mem::replace(&mut start, next), end }
        });
        let places: Vec<_> = places.collect();
        match self.border {
            Border::At { kind: PayloadKind::Text, .. } if places.len() > 1 => {
                self.run(DataKind::Text, block, places, batch)
            }
            Border::At { kind: PayloadKind::Binary, .. } if places.len() > 1 => {
                self.run(DataKind::Binary, block, places, batch)
            }
            _ => {
                places.into_iter().try_for_each(|MessageSpan { start, end }| self.piece(block.slice(start..end), batch))
            }
        }
    }

    /// Takes lines that are messages as they are.
    fn run(
        &mut self,
        kind: DataKind,
        block: Bytes,
        mut places: Vec<MessageSpan>,
        batch: &mut Batch,
    ) -> Result<(), String> {
        let is_bad = |place: &MessageSpan| std::str::from_utf8(&block[place.start..place.end]).is_err();
        // Most of the time, one look at all of it is enough.
        let is_good = kind == DataKind::Binary || std::str::from_utf8(&block).is_ok();
        let bad = if is_good { None } else { places.iter().position(is_bad) };
        places.truncate(bad.unwrap_or(places.len()));
        self.pieces += places.len() as u64;
        if !places.is_empty() {
            batch.push(Input::Run(MessageBatch::new(kind, block, places)));
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
        let input = match &self.border {
            Border::Chunks(_) | Border::Nowhere => Some(Input::Message(Message::Binary(piece))),
            Border::Records if piece.trim_ascii().is_empty() => None,
            Border::Records => text(piece).and_then(|line| record_in(&line)).map_err(|why| self.place(&why))?,
            Border::Whole(kind) | Border::At { kind, .. } => {
                Some(Input::Message(message(piece, *kind).map_err(|why| self.place(&why))?))
            }
        };
        batch.extend(input);
        Ok(())
    }

    /// Names the place of what is wrong.
    fn place(&self, why: &str) -> String {
        match &self.border {
            Border::Whole(_) => format!("stdin {why}"),
            Border::At { delimiter: Some(_), .. } | Border::Chunks(_) => {
                format!("message {} of stdin {why}", self.pieces)
            }
            _ => format!("line {} of stdin {why}", self.pieces),
        }
    }
}

/// How many bytes at the end of a line are not of its message.
fn line_end(line: &[u8], keep: bool) -> usize {
    match line {
        _ if keep => 0,
        [.., b'\r', b'\n'] => 2,
        _ => 1,
    }
}

fn record_in(line: &str) -> Result<Option<Input>, String> {
    record::read(line).map_err(|why| format!("is not a record: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All messages of an input, cut in blocks of each size from 1 to its length.
    fn cut(border: &Border, input: &[u8]) -> Vec<String> {
        let results: Vec<_> = (1..=input.len().max(1)).map(|size| cut_in_blocks(border, input, size)).collect();
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{results:?}");
        results.into_iter().next().unwrap()
    }

    fn cut_in_blocks(border: &Border, input: &[u8], size: usize) -> Vec<String> {
        let mut cutter = Cutter::new(Cut { border: border.clone(), may_stream: true });
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

    fn lines(kind: PayloadKind) -> Border {
        Border::At { delimiter: None, keep: false, kind }
    }

    #[test]
    fn a_line_is_a_message_and_the_last_needs_no_line_end() {
        assert_eq!(cut(&lines(PayloadKind::Text), b"a\nb\r\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(cut(&lines(PayloadKind::Text), b"a\n"), ["a"]);
        assert!(cut(&lines(PayloadKind::Text), b"").is_empty());
        assert_eq!(cut(&lines(PayloadKind::Text), b"a\rb\n"), ["a\rb"]);
    }

    #[test]
    fn line_ends_can_be_kept() {
        assert_eq!(
            cut(&Border::At { delimiter: None, keep: true, kind: PayloadKind::Text }, b"a\nb\r\nc"),
            ["a\n", "b\r\n", "c"]
        );
    }

    #[test]
    fn delimiters_may_straddle_blocks() {
        let at = |keep| Border::At { delimiter: Some(Bytes::from_static(b"--")), keep, kind: PayloadKind::Text };
        assert_eq!(cut(&at(false), b"a-b----c\n"), ["a-b", "", "c\n"]);
        assert_eq!(cut(&at(true), b"a--b"), ["a--", "b"]);
    }

    #[test]
    fn whole_and_chunks() {
        assert_eq!(cut(&Border::Whole(PayloadKind::Text), b"a\nb\n"), ["a\nb\n"]);
        assert_eq!(cut(&Border::Whole(PayloadKind::Text), b""), [""]);
        assert_eq!(cut(&Border::Chunks(2), b"abcde"), ["b:ab", "b:cd", "b:e"]);
    }

    /// What is left of an input when its parts are put together again, and whether there was a part.
    fn joined(border: Border, input: &[u8], size: usize) -> (Result<(), String>, Vec<Vec<u8>>, bool) {
        let mut cutter = Cutter::new(Cut { border, may_stream: true });
        let (mut messages, mut open, mut streamed) = (Vec::new(), Vec::new(), false);
        let mut take = |batch: Batch| {
            for input in batch {
                match input {
                    Input::Part(part) => {
                        streamed = true;
                        open.extend_from_slice(&part.data);
                        if part.is_last {
                            messages.push(std::mem::take(&mut open));
                        }
                    }
                    Input::Message(message) => messages.push(message.data().to_vec()),
                    Input::Run(run) => messages.extend(run.iter().map(<[u8]>::to_vec)),
                    other => panic!("{other:?}"),
                }
            }
        };
        let mut result = Ok(());
        for block in input.chunks(size) {
            let mut batch = Batch::new();
            result = result.and_then(|()| cutter.push(block, &mut batch));
            assert!(cutter.rest.len() <= STREAMED_OVER, "it holds {}", cutter.rest.len());
            take(batch);
        }
        let mut batch = Batch::new();
        result = result.and_then(|()| cutter.finish(&mut batch));
        take(batch);
        (result, messages, streamed)
    }

    #[test]
    fn a_large_message_is_sent_as_it_is_read_wherever_it_ends() {
        let large = "é".repeat(STREAMED_OVER);
        let at = |delimiter: &'static str| Border::At {
            delimiter: Some(Bytes::from_static(delimiter.as_bytes())),
            keep: false,
            kind: PayloadKind::Text,
        };
        for (border, between) in
            [(lines(PayloadKind::Text), "\n"), (lines(PayloadKind::Text), "\r\n"), (at("\0"), "\0"), (at("-->"), "-->")]
        {
            let input = ["a", &large, "", "b", &large, "c"].join(between);
            for size in [(64 << 10) - 1, 128 << 10] {
                let (result, messages, streamed) = joined(border.clone(), input.as_bytes(), size);
                assert_eq!((result, streamed), (Ok(()), true));
                assert!(messages.concat().len() == 4 * STREAMED_OVER + 3, "{between:?} {}", messages.concat().len());
                let sizes: Vec<_> = messages.iter().map(Vec::len).collect();
                assert_eq!(sizes, [1, large.len(), 0, 1, large.len(), 1]);
            }
        }
        let (_, messages, _) = joined(Border::Chunks(3 << 20), large.repeat(2).as_bytes(), 99_999);
        assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [3 << 20, 1 << 20]);
        let (result, messages, _) = joined(Border::Whole(PayloadKind::Text), large.as_bytes(), 99_999);
        assert!(result.is_ok() && messages == [large.as_bytes()]);
    }

    #[test]
    fn a_line_end_may_straddle_blocks_of_a_large_line() {
        let line = "x".repeat(STREAMED_OVER + 1);
        for (end, keep, more) in [("\r\n", false, ""), ("\r\n", true, "\r\n"), ("\n", false, ""), ("\r", false, "\r")] {
            let border = Border::At { delimiter: None, keep, kind: PayloadKind::Text };
            let input = format!("{line}{end}");
            for cut in line.len() - 1..=input.len() {
                let (_, messages, _) = joined(border.clone(), input.as_bytes(), cut);
                assert!(messages == [format!("{line}{more}").as_bytes()], "{end:?} {keep} {cut}");
            }
        }
    }

    #[test]
    fn escapes_in_a_large_line_may_straddle_its_parts() {
        let written = r"\\ é \u{1f600} \x41 \\\n ".repeat(1 << 16);
        let meant = "\\ é 😀 A \\\n ".repeat(1 << 16);
        for size in [99_991, 99_992, 99_993, 99_994, 99_995, 99_996, 99_997] {
            for kind in [PayloadKind::EscapedText, PayloadKind::EscapedBinary] {
                let (result, messages, streamed) = joined(lines(kind), written.as_bytes(), size);
                assert!(result.is_ok() && streamed && messages == [meant.as_bytes()], "{size} {result:?}");
            }
        }
        let bad = written.clone() + r"\q";
        let (result, ..) = joined(lines(PayloadKind::EscapedText), bad.as_bytes(), 99_991);
        assert!(result.unwrap_err().starts_with("line 1 of stdin has an invalid escape"));
    }

    #[test]
    fn what_is_wrong_late_in_a_large_line_is_told_with_the_line() {
        let large = "é".repeat(STREAMED_OVER);
        for bad in
            [[large.as_bytes(), b"\xff", large.as_bytes()].concat(), large.as_bytes()[..large.len() - 1].to_vec()]
        {
            let input = [b"a\n", &*bad, b"\nb"].concat();
            let (result, messages, _) = joined(lines(PayloadKind::Text), &input, 128 << 10);
            assert_eq!(result, Err(format!("line 2 of stdin {NOT_UTF8}")));
            assert_eq!(messages, [b"a"]);
        }
        let (result, ..) = joined(Border::Whole(PayloadKind::Text), &[large.as_bytes(), b"\xff"].concat(), 128 << 10);
        assert_eq!(result, Err(format!("stdin {NOT_UTF8}")));
    }

    #[test]
    fn what_has_to_be_whole_has_a_limit() {
        let block = vec![b' '; 32 << 20];
        for (border, may_stream, words) in [
            (Border::Records, true, "line 1 of stdin is longer than the 384 MiB that a record may have (--json-input)"),
            (
                lines(PayloadKind::Text),
                false,
                "line 1 of stdin is longer than 384 MiB, and must be held in memory as a whole",
            ),
        ] {
            let mut cutter = Cutter::new(Cut { border, may_stream });
            let mut batch = Batch::new();
            let results = (0..13).map(|_| cutter.push(&block, &mut batch));
            let error = results.into_iter().find_map(Result::err).unwrap();
            assert!(error.starts_with(words) && batch.is_empty(), "{error}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_end_it_and_name_their_line() {
        let error = "error: line 2 of stdin is not UTF-8; --binary sends bytes as they are";
        assert_eq!(cut(&lines(PayloadKind::Text), b"a\n\xff\nb\n"), ["a", error]);
        assert_eq!(cut(&lines(PayloadKind::Binary), b"\xff\n"), ["b:\\xff"]);
    }

    #[test]
    fn escapes_are_resolved_where_asked_for() {
        assert_eq!(cut(&lines(PayloadKind::EscapedText), b"a\\n\\u{e9}\n"), ["a\né"]);
        assert_eq!(cut(&lines(PayloadKind::EscapedBinary), b"\\xff\\0\n"), ["b:\\xff\\x00"]);
        assert!(
            cut(&lines(PayloadKind::EscapedText), b"\\q\n")[0]
                .starts_with("error: line 1 of stdin has an invalid escape")
        );
    }

    #[test]
    fn without_borders_each_read_is_a_message() {
        assert_eq!(cut_in_blocks(&Border::Nowhere, b"a\n\xffb", 2), ["b:a\\n", "b:\\xffb"]);
        assert_eq!(cut_in_blocks(&Border::Nowhere, b"", 1), [""; 0]);
    }

    #[test]
    fn records_are_messages_and_empty_lines_are_nothing() {
        assert_eq!(
            cut(&Border::Records, b"{\"data\":\"x\"}\n\n{\"type\":\"open\"}\n{\"base64\":\"AA==\"}"),
            ["x", "b:\\x00"]
        );
        assert_eq!(
            cut(&Border::Records, b"{}"),
            ["error: line 1 of stdin is not a record: expected `data` or `base64`"]
        );
    }
}
