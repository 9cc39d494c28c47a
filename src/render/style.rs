//! How events look: the options under the heading Output.

use bytes::Bytes;

use super::record;
use crate::term::{TerminalSize, terminal_size};

/// The options under the heading Output that say how events look.
#[derive(Clone, Debug)]
pub(crate) struct OutputStyle {
    pub(crate) format: PayloadFormat,
    /// What is printed after a text message.
    pub(crate) delimiter: Bytes,
    /// No second delimiter after a message that ends with one.
    pub(crate) keeps_delimiter: bool,
    pub(crate) stamps: Option<Stamps>,
    /// Whether pings and unsolicited pongs are shown; whoever puts events decides about each.
    pub(crate) ping_pong: bool,
    pub(crate) indent_json: IndentJson,
    /// A pipe or a file gets a peer's text unchanged; it must not control a terminal.
    pub(crate) for_terminal: bool,
    pub(crate) colour: bool,
    /// What records have of them.
    pub(crate) secrets: record::Secrets,
    /// The prompt's `<` and `>`.
    pub(crate) marks: bool,
    /// A relay: the messages that are sent are shown, too, and so marks are needed.
    pub(crate) both_ways: bool,
    /// The terminal's size, if it was measured for all that is shown at a time.
    pub(crate) size: Option<TerminalSize>,
}

/// Which JSON is laid out on several rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndentJson {
    Never,
    /// What does not fit on one.
    Long,
    Always,
}

impl IndentJson {
    pub(crate) fn indents(self) -> bool {
        self != Self::Never
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadFormat {
    /// A JSON record for each event.
    Records,
    /// Text as it is, binary as its bytes, or as a hexdump on a terminal.
    Auto,
    Text,
    Hex,
    Base64,
    Raw,
    /// No message is shown.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamps {
    Utc,
    Local,
    /// Since the last message that was sent; before there is one, since the message before.
    Delta,
}

impl OutputStyle {
    /// The terminal's size.
    pub(crate) fn size(&self) -> TerminalSize {
        self.size.unwrap_or_else(terminal_size)
    }

    /// Whether a message's bytes are printed as they are, whatever is before and after them.
    pub(crate) fn prints_payload(&self) -> bool {
        let is_readable = self.for_terminal || self.colour || self.indent_json.indents();
        self.format == PayloadFormat::Raw || self.format == PayloadFormat::Auto && !is_readable
    }

    /// Whether a text message is printed with nothing but the delimiter after it, and a binary one as its bytes.
    pub(crate) fn passes_untouched(&self) -> bool {
        self.prints_payload() && self.stamps.is_none() && !self.has_marks()
    }

    /// Whether messages are shown as what they were decoded to.
    pub(crate) fn shows_decoded(&self) -> bool {
        matches!(self.format, PayloadFormat::Auto | PayloadFormat::Text)
    }

    /// Whether what is before and after each of several messages that came together is the same.
    pub(crate) fn prints_alike(&self) -> bool {
        self.format == PayloadFormat::Nothing || self.prints_payload() && self.stamps.is_none() && !self.marks
    }

    /// Whether `<` and `>` tell the direction.
    pub(crate) fn has_marks(&self) -> bool {
        self.marks || self.both_ways
    }

    /// The same with a message's bytes and nothing else.
    pub(crate) fn of_bytes(self) -> Self {
        Self { format: PayloadFormat::Raw, delimiter: Bytes::new(), ..self }
    }
}

impl Default for OutputStyle {
    /// In a pipe, when no option says otherwise.
    fn default() -> Self {
        Self {
            format: PayloadFormat::Auto,
            delimiter: Bytes::from_static(b"\n"),
            keeps_delimiter: false,
            stamps: None,
            ping_pong: false,
            indent_json: IndentJson::Never,
            for_terminal: false,
            colour: false,
            secrets: record::Secrets::Masked,
            marks: false,
            both_ways: false,
            size: None,
        }
    }
}
