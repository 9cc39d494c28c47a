//! Messages that are files: `-x @FILE`, `--file FILE`.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::input::splitter::LARGEST_WHOLE;
use crate::message::Message;
use crate::sys::file;

/// What `-x` has: a file's path, or text, in which `@@` at the beginning is `@`.
pub(super) enum MessageArg<'t> {
    File(PathBuf),
    Text(Cow<'t, str>),
}

impl<'t> MessageArg<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        match text.strip_prefix('@') {
            None => Self::Text(text.into()),
            Some(literal) if literal.starts_with('@') => Self::Text(literal.into()),
            Some("-") => Self::File("/dev/stdin".into()),
            Some(path) => Self::File(path.into()),
        }
    }
}

/// `--file` as `-x` says it.
pub(super) fn as_message(path: &str) -> String {
    if path.starts_with('@') { format!("@./{path}") } else { format!("@{path}") }
}

/// The message in a file: text if it is UTF-8, without the end of its last line, which editors add; otherwise, and if it
/// is to be binary, its bytes.
///
/// # Errors
/// It cannot be read, or is larger than a message may be that is held in memory.
pub(super) fn read(path: &Path, is_binary: bool) -> Result<Message, Error> {
    let data = file::read_up_to(path, LARGEST_WHOLE as u64).map_err(|source| unread(path, source))?;
    if is_binary {
        return Ok(Message::Binary(data.into()));
    }
    Ok(match String::from_utf8(data) {
        Ok(mut text) => {
            let line_end = if text.ends_with("\r\n") { 2 } else { usize::from(text.ends_with('\n')) };
            text.truncate(text.len() - line_end);
            Message::Text(text.into())
        }
        Err(error) => Message::Binary(error.into_bytes().into()),
    })
}

/// What was meant may be text: so it was before there were files.
fn unread(path: &Path, source: std::io::Error) -> Error {
    let name = path.display();
    Error::Usage(format!("cannot read the message in `{name}`: {source} (`-x @@{name}` sends the text `@{name}`)"))
}

/// The same where only text can be sent.
///
/// # Errors
/// As [`read`], or it is not UTF-8.
pub(super) fn text(arg: &str) -> Result<String, Error> {
    match MessageArg::new(arg) {
        MessageArg::Text(text) => Ok(text.into_owned()),
        MessageArg::File(path) => match read(&path, false)? {
            Message::Text(text) => Ok(text.as_str().to_owned()),
            Message::Binary(_) => {
                Err(Error::Usage(format!("the message in `{}` is sent as text, and is not UTF-8", path.display())))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_at_sign_names_a_file_and_two_are_one() {
        let read_as = |text| match MessageArg::new(text) {
            MessageArg::File(path) => format!("file {}", path.display()),
            MessageArg::Text(text) => format!("text {text}"),
        };
        for (text, meant) in [
            ("a@b", "text a@b"),
            ("@a b", "file a b"),
            ("@@a", "text @a"),
            ("@@", "text @"),
            ("@-", "file /dev/stdin"),
            (&as_message("@a"), "file ./@a"),
            (&as_message("-"), "file /dev/stdin"),
        ] {
            assert_eq!(read_as(text), meant);
        }
    }
}
