//! A request as it is signed: the same text, whoever writes the request down.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use ring::digest::{SHA256, digest};

use crate::request::header::Header;
use crate::text::hex;

/// What may change on the way, and what is about this connection only: it is not signed, as botocore does.
const UNSIGNED: [&str; 5] = ["authorization", "connection", "expect", "user-agent", "x-amzn-trace-id"];

/// All but what RFC 3986, section 2.3, calls unreserved.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const RESERVED_IN_PATH: AsciiSet = RESERVED.remove(b'/');

pub(super) struct CanonicalRequest<'r> {
    method: &'r str,
    resource: &'r str,
    is_s3: bool,
    fields: BTreeMap<String, String>,
    body: &'r str,
}

impl<'r> CanonicalRequest<'r> {
    pub(super) fn new(method: &'r str, resource: &'r str, is_s3: bool) -> Self {
        Self { method, resource, is_s3, fields: BTreeMap::new(), body: "" }
    }

    pub(super) fn with_host(self, host: &str) -> Self {
        self.with_fields(&[Header::new("host", host)])
    }

    pub(super) fn with_body(self, body: &'r str) -> Self {
        Self { body, ..self }
    }

    /// The same with these fields; those of one name are one.
    pub(super) fn with_fields<'h>(mut self, fields: impl IntoIterator<Item = &'h Header>) -> Self {
        let is_signed = |name: &str| !UNSIGNED.contains(&name);
        for field in fields {
            let name = field.name.to_ascii_lowercase();
            let value = field.value.split_whitespace().collect::<Vec<_>>().join(" ");
            if !is_signed(&name) || value.is_empty() || name == "host" && self.fields.contains_key("host") {
                continue;
            }
            let values = self.fields.entry(name).or_default();
            values.push_str(if values.is_empty() { "" } else { "," });
            values.push_str(&value);
        }
        self
    }

    /// `host;x-amz-date`
    pub(super) fn signed_names(&self) -> String {
        self.fields.keys().map(String::as_str).collect::<Vec<_>>().join(";")
    }

    /// The SHA-256 of all of it, in hex.
    pub(super) fn hashed(&self) -> String {
        let (path, query) = self.resource.split_once('?').unwrap_or((self.resource, ""));
        let mut text = format!("{}\n{}\n{}\n", self.method, self.path(path), sorted(query));
        for (name, value) in &self.fields {
            writeln!(text, "{name}:{value}").expect("a String takes all");
        }
        write!(text, "\n{}\n{}", self.signed_names(), sha256(self.body)).expect("a String takes all");
        sha256(&text)
    }

    /// Without `.`, `..` and empty segments, and encoded once more; S3 has it as it is.
    fn path(&self, path: &str) -> String {
        if self.is_s3 {
            return path.to_owned();
        }
        let mut segments = Vec::new();
        for segment in path.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
            match segment {
                ".." => drop(segments.pop()),
                _ => segments.push(segment),
            }
        }
        let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
        utf8_percent_encode(&format!("/{}{end}", segments.join("/")), &RESERVED_IN_PATH).to_string()
    }
}

/// The pairs of a query by name, then by value.
fn sorted(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn sha256(text: &str) -> String {
    hex::digits(digest(&SHA256, text.as_bytes()).as_ref())
}

/// Percent-encoded as a part of a query.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, &RESERVED)
}
