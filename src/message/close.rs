//! Codes and reasons of a Close, as people write them.

use std::process::ExitStatus;

use super::Close;

/// RFC 6455, section 5.5: a control frame has 125 bytes, the close code takes two.
pub(crate) const LONGEST_REASON: usize = 123;

impl Close {
    /// What a command is followed by that has ended so.
    pub(crate) fn after(status: Option<ExitStatus>) -> Self {
        match status {
            Some(status) if status.success() => Self::new(1000, ""),
            Some(status) => Self::new(1011, format!("the command ended with {status}")),
            None => Self::new(1011, "the status of the command is unknown"),
        }
    }
}

/// A code that an endpoint may send (RFC 6455, section 7.4, and its registry).
pub(crate) fn close_code(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(code) if Close::may_be_sent(code) => Ok(code),
        _ => Err("codes that may be sent are 1000-1003, 1007-1014 and 3000-4999".to_owned()),
    }
}

pub(crate) fn close_reason(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_REASON {
        return Err(format!("a reason has at most {LONGEST_REASON} bytes, this one has {}", text.len()));
    }
    Ok(text.to_owned())
}
