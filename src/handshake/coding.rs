//! Content codings (RFC 9110, section 8.4.1): a body as it was before gzip or deflate, up to a bound.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::body::MAX_BODY;

/// A body without the codings that could be taken off.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// There would be more: it is longer than the bound, or cut short.
    pub(super) is_cut: bool,
    /// The outermost coding that is left.
    pub(super) left: Option<String>,
}

/// More than anybody nests; each takes time.
const MOST_CODINGS: usize = 3;

/// Takes off what `codings` put on, the last of them first.
pub(super) fn decoded<'c>(raw: &[u8], codings: impl Iterator<Item = &'c str>) -> Decoded {
    let mut codings: Vec<_> = codings.filter(|coding| !coding.eq_ignore_ascii_case("identity")).collect();
    let mut decoded = Decoded { bytes: raw.to_vec(), is_cut: false, left: None };
    for _ in 0..MOST_CODINGS {
        let Some(coding) = codings.last() else { return decoded };
        let Some((bytes, is_cut)) = without(coding, &decoded.bytes) else { break };
        decoded = Decoded { bytes, is_cut: decoded.is_cut || is_cut, left: None };
        codings.pop();
    }
    decoded.left = codings.last().map(|coding| coding.to_ascii_lowercase());
    decoded
}

/// None where the coding is not known, or is not what the body has.
fn without(coding: &str, bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    if bytes.is_empty() {
        return Some((Vec::new(), false));
    }
    match coding.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => inflated(MultiGzDecoder::new(bytes)),
        // Many servers send it without the head that it should have.
        "deflate" => inflated(ZlibDecoder::new(bytes)).or_else(|| inflated(DeflateDecoder::new(bytes))),
        _ => None,
    }
}

/// What comes out up to the bound, and whether there would be more; none if nothing does.
fn inflated(mut decoder: impl Read) -> Option<(Vec<u8>, bool)> {
    let mut bytes = vec![0; MAX_BODY + 1];
    let mut length = 0;
    let is_broken = loop {
        match decoder.read(&mut bytes[length..]) {
            Ok(0) => break false,
            Ok(read) => length += read,
            Err(_) => break true,
        }
    };
    bytes.truncate(length.min(MAX_BODY));
    (!is_broken || length > 0).then_some((bytes, is_broken || length > MAX_BODY))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate(data: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_and_both_kinds_of_deflate_come_off_and_others_are_named() {
        for (body, codings, expected, left) in [
            (b"plain".to_vec(), &[][..], &b"plain"[..], None),
            (b"plain".to_vec(), &["identity"], b"plain", None),
            (gzip(b"text"), &["gzip"], b"text", None),
            (gzip(b"text"), &["X-GZip"], b"text", None),
            (zlib(b"text"), &["deflate"], b"text", None),
            (raw_deflate(b"text"), &["deflate"], b"text", None),
            (gzip(&zlib(b"text")), &["deflate", "gzip"], b"text", None),
            (b"".to_vec(), &["gzip"], b"", None),
            (b"plain".to_vec(), &["gzip"], b"plain", Some("gzip")),
            (b"\x0b\x02".to_vec(), &["BR"], b"\x0b\x02", Some("br")),
            (gzip(b"\x0b\x02"), &["br", "gzip"], b"\x0b\x02", Some("br")),
        ] {
            let expected = Decoded { bytes: expected.to_vec(), is_cut: false, left: left.map(str::to_owned) };
            assert_eq!(decoded(&body, codings.iter().copied()), expected, "{codings:?}");
        }
        let nested = gzip(&gzip(&gzip(&gzip(b"text"))));
        assert_eq!(decoded(&nested, ["gzip"; 4].into_iter()).left.as_deref(), Some("gzip"));
    }

    #[test]
    fn a_bomb_is_cut_at_the_bound_and_what_came_of_a_broken_body_is_kept() {
        let Decoded { bytes, is_cut, .. } = decoded(&gzip(&vec![b'x'; 64 << 20]), ["gzip"].into_iter());
        assert_eq!((bytes.len(), is_cut), (MAX_BODY, true));
        assert!(!decoded(&gzip(&vec![b'x'; MAX_BODY]), ["gzip"].into_iter()).is_cut);
        let text: String = (0..2000).map(|number| format!("{number} ")).collect();
        let whole = gzip(text.as_bytes());
        let Decoded { bytes, is_cut, left } = decoded(&whole[..whole.len() / 2], ["gzip"].into_iter());
        assert!(is_cut && left.is_none() && bytes.len() > 100 && text.as_bytes().starts_with(&bytes));
    }
}
