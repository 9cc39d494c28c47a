//! Logs of histograms that HdrHistogram's tools read: a histogram a second, compressed, in a line each.
//!
//! The format is that of HdrHistogram's own library, version 2 of the histograms and 1.3 of the log.

use std::io::{Read as _, Write as _};
use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::histogram::{DIGITS, LONGEST, TimeHistogram};

/// What comes before the figures in a log that are not histograms; a comment to all other readers.
pub(super) const FIGURES: &str = "#[wsprobe load: ";

/// The tags of what receivers have had with `--fan-out`.
pub(super) const MEANS: &str = "receiver-mean";
pub(super) const MAXIMA: &str = "receiver-max";

/// What a histogram begins with, and what a compressed one does.
const COOKIE: u32 = 0x1c84_9313;
const COMPRESSED_COOKIE: u32 = 0x1c84_9314;

/// Cookie, length, offset, digits, lowest, highest, ratio.
const HEAD: usize = 40;

/// A histogram of ours takes less; what takes more is not one.
const LARGEST: u64 = 4 << 20;

/// Sub-buckets that three digits take, and half of them.
const SUB_BUCKETS: u64 = 2048;
const HALF: u64 = SUB_BUCKETS / 2;

/// What comes before the first histogram.
pub(super) fn head(start: SystemTime) -> String {
    let seconds = start.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    format!(
        "#[Histogram log format version 1.3]\n#[StartTime: {seconds:.3} (seconds since epoch), {}]\n#[Values: nanoseconds]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
        humantime::format_rfc3339_millis(start)
    )
}

/// A line: when it began after the start of the log, how long it is, and its greatest value in milliseconds.
pub(super) fn line(tag: Option<&str>, from: Duration, length: Duration, times: &TimeHistogram) -> String {
    let tag = tag.map_or_else(String::new, |tag| format!("Tag={tag},"));
    let max = times.at(1.0).as_secs_f64() * 1e3;
    let (from, length) = (from.as_secs_f64(), length.as_secs_f64());
    format!("{tag}{from:.3},{length:.3},{max:.3},{}\n", BASE64.encode(compressed(times)))
}

/// The histogram of a line, with its tag; none of a line that has none.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read_line(line: &str) -> Result<Option<(Option<&str>, TimeHistogram)>, String> {
    if line.is_empty() || line.starts_with(['#', '"']) {
        return Ok(None);
    }
    let (tag, rest) = match line.strip_prefix("Tag=") {
        Some(rest) => rest.split_once(',').map(|(tag, rest)| (Some(tag), rest)).ok_or("a tag without a histogram")?,
        None => (None, line),
    };
    let text = rest.splitn(4, ',').nth(3).ok_or("it has less than four fields")?;
    let bytes = BASE64.decode(text.trim_end().as_bytes()).map_err(|_| "its histogram is not base64")?;
    uncompressed(&bytes).map(|times| Some((tag, times)))
}

fn compressed(times: &TimeHistogram) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let deflated = encoder.write_all(&encoded(times)).and_then(|()| encoder.finish()).expect("a Vec takes all");
    let length = u32::try_from(deflated.len()).expect("it is much smaller");
    [&COMPRESSED_COOKIE.to_be_bytes()[..], &length.to_be_bytes(), &deflated].concat()
}

fn encoded(times: &TimeHistogram) -> Vec<u8> {
    let mut counts = Vec::new();
    let mut next = 0;
    for (value, count) in times.recorded() {
        let index = index(value);
        let zeros = index - next;
        if zeros > 0 {
            put(&mut counts, -i64::try_from(zeros).expect("there are not that many places"));
        }
        put(&mut counts, i64::try_from(count).unwrap_or(i64::MAX));
        next = index + 1;
    }
    let length = u32::try_from(counts.len()).expect("there are not that many places");
    let highest = u64::try_from(LONGEST.as_nanos()).expect("an hour has not that many");
    let mut bytes = Vec::with_capacity(HEAD + counts.len());
    for word in [COOKIE, length, 0, u32::from(DIGITS)] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(1_u64.to_be_bytes());
    bytes.extend(highest.to_be_bytes());
    bytes.extend(1_f64.to_be_bytes());
    bytes.extend(counts);
    bytes
}

fn uncompressed(bytes: &[u8]) -> Result<TimeHistogram, String> {
    let word = |at: usize| bytes.get(at..at + 4).map(|word| u32::from_be_bytes(word.try_into().expect("four bytes")));
    if word(0) != Some(COMPRESSED_COOKIE) {
        return Err("its histogram is not one of version 2".to_owned());
    }
    let mut plain = Vec::new();
    let read = ZlibDecoder::new(&bytes[8.min(bytes.len())..]).take(LARGEST).read_to_end(&mut plain);
    read.map_err(|error| format!("its histogram cannot be inflated: {error}"))?;
    decoded(&plain)
}

fn decoded(bytes: &[u8]) -> Result<TimeHistogram, String> {
    let word = |at: usize| bytes.get(at..at + 4).map(|word| u32::from_be_bytes(word.try_into().expect("four bytes")));
    let lowest = bytes.get(16..24).map(|long| u64::from_be_bytes(long.try_into().expect("eight bytes")));
    if word(0) != Some(COOKIE) || word(12) != Some(u32::from(DIGITS)) || lowest != Some(1) {
        return Err(format!("its histogram is not one of `wsprobe load`: {DIGITS} digits, from 1 on"));
    }
    let length = word(4).and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    let cut = || "its histogram is cut short".to_owned();
    let mut counts = bytes.get(HEAD..).and_then(|counts| counts.get(..length)).ok_or_else(cut)?;
    let (mut times, mut at) = (TimeHistogram::default(), 0_u64);
    while !counts.is_empty() {
        let number = take(&mut counts).ok_or_else(cut)?;
        match u64::try_from(number) {
            Ok(count) => {
                times.add_many(value(at).ok_or("its histogram has times beyond all sense")?, count);
                at += 1;
            }
            Err(_) => at = at.saturating_add(number.unsigned_abs()),
        }
    }
    Ok(times)
}

/// The place of a value among the counts: sub-buckets, each half of them twice as wide as those before.
fn index(value: u64) -> u64 {
    let bucket = u64::from((value | (SUB_BUCKETS - 1)).ilog2()) - u64::from(SUB_BUCKETS.ilog2() - 1);
    bucket * HALF + (value >> bucket)
}

/// The least value at a place; none beyond an hour or so.
fn value(index: u64) -> Option<u64> {
    let bucket = (index / HALF).saturating_sub(1);
    let value = (index - bucket * HALF).checked_shl(u32::try_from(bucket).ok().filter(|bucket| *bucket < 50)?)?;
    (u128::from(value) <= 2 * LONGEST.as_nanos()).then_some(value)
}

/// ZigZag, then seven bits a byte from the least on; the ninth has eight.
fn put(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    for _ in 0..8 {
        let low = rest.to_le_bytes()[0] & 0x7f;
        rest >>= 7;
        if rest == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
    bytes.push(rest.to_le_bytes()[0]);
}

fn take(bytes: &mut &[u8]) -> Option<i64> {
    let mut zigzag = 0;
    for at in 0..9 {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let is_last = at == 8 || first & 0x80 == 0;
        let bits = if at == 8 { *first } else { first & 0x7f };
        zigzag |= u64::from(bits) << (7 * at);
        if is_last {
            break;
        }
    }
    Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_values_are_those_of_hdrhistogram() {
        for (value_, place) in
            [(0, 0), (1, 1), (2047, 2047), (2048, 2048), (2050, 2049), (4096, 3072), (1_000_000, 11_169)]
        {
            assert_eq!(index(value_), place, "{value_}");
            assert!(value(place).unwrap() <= value_ && value(place + 1).unwrap() > value_, "{value_}");
        }
        assert_eq!(value(u64::MAX), None);
    }

    #[test]
    fn numbers_come_back_however_long() {
        for number in [0, 1, -1, 63, 64, -65, 1 << 20, -(1 << 40), i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            let mut rest = &bytes[..];
            assert_eq!((take(&mut rest), rest.len()), (Some(number), 0));
        }
    }

    #[test]
    fn a_histogram_comes_back_from_its_line() {
        let mut times = TimeHistogram::default();
        let all = [0, 1, 2047, 2049, 123_456, 123_457, 9_999_999_999, 3_600_000_000_000];
        all.into_iter().for_each(|nanos| times.add(Duration::from_nanos(nanos)));
        let text = line(Some("late"), Duration::from_secs(1), Duration::from_millis(1001), &times);
        assert!(text.starts_with("Tag=late,1.000,1.001,360"), "{text}");
        let (tag, back) = read_line(&text).unwrap().unwrap();
        assert_eq!(tag, Some("late"));
        assert_eq!(back.recorded().collect::<Vec<_>>(), times.recorded().collect::<Vec<_>>());
        assert_eq!(back.percentiles(), times.percentiles());
    }

    #[test]
    fn what_is_no_histogram_is_refused_and_what_is_no_line_passed_over() {
        for none in ["", "#[StartTime: 1]", "\"StartTimestamp\",\"Interval_Length\""] {
            assert!(read_line(none).unwrap().is_none());
        }
        let good = line(None, Duration::ZERO, Duration::ZERO, &TimeHistogram::default());
        let short = format!("0.0,0.0,0.0,{}", BASE64.encode(&good.as_bytes()[..20]));
        for bad in ["a", "Tag=a", "1,2,3", "1,2,3,*", "1,2,3,AAAA", "1,2,3,HISTFA==", &short] {
            assert!(read_line(bad).is_err(), "{bad}");
        }
    }
}
