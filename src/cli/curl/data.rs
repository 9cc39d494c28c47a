//! The data of a curl command line: its first message, or the query of its URL.

use std::ffi::OsString;

use url::form_urlencoded::byte_serialize;

use crate::cli::message_file::as_message;
use crate::cli::profile::joined;
use crate::error::Error;

/// How curl reads the value of an option for data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CurlDataKind {
    /// Text, or `@FILE`.
    Plain,
    /// The same, put directly after what is before it.
    Json,
    /// Text, whatever it begins with.
    Raw,
    /// Text that is encoded as in a form, but for a name and `=` before it.
    Encoded,
    /// A file, or stdin, which is read anyway.
    Upload,
}

/// What the options for data say together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum CurlData {
    #[default]
    Nothing,
    Text(String),
    File(String),
}

impl CurlData {
    /// Adds the value of an option.
    ///
    /// # Errors
    /// It is a file that would have to be encoded, or that is not alone.
    pub(super) fn add(&mut self, option: &str, kind: CurlDataKind, value: String) -> Result<(), Error> {
        let added = match (kind, value.strip_prefix('@')) {
            (CurlDataKind::Upload, _) if ["-", "."].contains(&&*value) => return Ok(()),
            (CurlDataKind::Upload, _) => Self::File(value),
            (CurlDataKind::Plain | CurlDataKind::Json, Some(path)) => Self::File(path.to_owned()),
            (CurlDataKind::Encoded, _) => Self::Text(encoded(option, &value)?),
            _ => Self::Text(value),
        };
        *self = match (std::mem::take(self), added) {
            (Self::Nothing, added) => added,
            (Self::Text(before), Self::Text(more)) if kind == CurlDataKind::Json => Self::Text(before + &more),
            (Self::Text(before), Self::Text(more)) => Self::Text(format!("{before}&{more}")),
            _ => {
                let why = "a file is a message of its own: `--file FILE` sends another";
                return Err(Error::Usage(format!("curl's `{option}` cannot add to the data before it; {why}")));
            }
        };
        Ok(())
    }

    /// Puts it before the other arguments, as a message.
    pub(super) fn send(self, args: &mut Vec<OsString>) {
        let message = match self {
            Self::Text(text) if text.starts_with('@') => format!("@{text}"),
            Self::Text(text) if !text.is_empty() => text,
            Self::File(path) => as_message(&path),
            _ => return,
        };
        args.insert(1, format!("--execute={message}").into());
    }

    /// Adds it to the query of a URL.
    ///
    /// # Errors
    /// It is a file.
    pub(super) fn add_to(self, url: &mut OsString) -> Result<(), Error> {
        match self {
            Self::Text(text) if !text.is_empty() => *url = joined(&url.to_string_lossy(), &format!("?{text}")).into(),
            Self::File(_) => {
                let why = "wsprobe reads no part of a URL from a file; put the query into the URL";
                return Err(Error::Usage(format!("curl's `--get` adds the data to the URL: {why}")));
            }
            _ => {}
        }
        Ok(())
    }
}

/// `CONTENT`, `=CONTENT` or `NAME=CONTENT`, with the content encoded.
fn encoded(option: &str, value: &str) -> Result<String, Error> {
    let (name, content) = match value.find(['=', '@']) {
        Some(at) if value[at..].starts_with('@') => {
            let why = "has no counterpart in wsprobe; `-d @FILE` sends a file as it is";
            return Err(Error::Usage(format!("curl's `{option}` with a file {why}")));
        }
        Some(at) => value.split_at(at),
        None => ("", value),
    };
    let mark = if name.is_empty() { "" } else { "=" };
    let content: String = byte_serialize(content.strip_prefix('=').unwrap_or(content).as_bytes()).collect();
    Ok(format!("{name}{mark}{content}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(values: &[(CurlDataKind, &str)]) -> Result<CurlData, String> {
        let mut data = CurlData::default();
        for (kind, value) in values {
            data.add("-d", *kind, (*value).to_owned()).map_err(|error| error.to_string())?;
        }
        Ok(data)
    }

    #[test]
    fn options_for_data_add_to_each_other_as_in_curl() {
        use CurlDataKind::{Encoded, Json, Plain, Raw, Upload};
        for (values, text) in [
            (&[(Plain, "a=1"), (Raw, "@b")][..], "a=1&@b"),
            (&[(Json, "{\"a\":"), (Json, "1}")], "{\"a\":1}"),
            (&[(Encoded, "a b&c")], "a+b%26c"),
            (&[(Encoded, "=a=b"), (Encoded, "q=x=y"), (Plain, "z")], "a%3Db&q=x%3Dy&z"),
            (&[(Upload, "-"), (Plain, "x"), (Upload, ".")], "x"),
        ] {
            assert_eq!(all(values), Ok(CurlData::Text(text.to_owned())), "{values:?}");
        }
        for kind in [Plain, Json] {
            assert_eq!(all(&[(kind, "@a")]), Ok(CurlData::File("a".to_owned())));
        }
        assert_eq!(all(&[(Upload, "@a")]), Ok(CurlData::File("@a".to_owned())));
        for values in [&[(Plain, "a"), (Plain, "@b")][..], &[(Plain, "@a"), (Raw, "b")], &[(Encoded, "a@b")]] {
            assert!(all(values).unwrap_err().starts_with("curl's `-d` "), "{values:?}");
        }
    }
}
