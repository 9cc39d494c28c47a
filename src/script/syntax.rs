//! A script as a tree. `Display` gives each part in its canonical spelling, which parses to the same tree.

use std::time::Duration;

use crate::codec::DecoderChain;
use crate::codec::encode::PayloadEncoding;

/// A file that was understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Script {
    /// The file's head: what holds for each `connect` in it.
    pub(crate) settings: Vec<Setting>,
    /// Of a server's script: what plain HTTP requests get, beside the socket.
    pub(crate) answers: Vec<HttpAnswer>,
    pub(crate) steps: Vec<Step>,
}

/// Where something is in its file; both are counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// An option of the command line, without its dashes: `header Authorization: Bearer {{token}}`, `insecure`.
///
/// `within TIME`, in the head only, is the time limit of expectations that name none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    pub(crate) place: Position,
    pub(crate) option: String,
    pub(crate) value: Option<Template>,
}

/// `on GET /negotiate answer 200 json {…}`, with `header` below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HttpAnswer {
    pub(crate) place: Position,
    pub(crate) method: String,
    /// A path; without a query it stands for that path with any.
    pub(crate) target: String,
    pub(crate) status: u16,
    /// All of them `header`.
    pub(crate) headers: Vec<Setting>,
    /// Text; none for an empty body.
    pub(crate) body: Option<Payload>,
}

/// One line, or a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) place: Position,
    /// `a: send …`; without a name it is the connection that has none.
    pub(crate) connection: Option<String>,
    pub(crate) action: Action,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Opens a connection; its settings are the indented lines below it.
    Connect {
        url: Template,
        settings: Vec<Setting>,
    },
    /// What the server answered to the opening request; 101 if it let us in.
    Status(u16),
    Send(Payload),
    /// `/frame`'s words (`wire::handmade`): a frame that breaks the rules.
    Frame(Template),
    /// `None` sends whole messages again.
    Fragment(Option<usize>),
    /// What comes is taken apart there; `None` takes messages whole again.
    Split(Option<ScriptText>),
    /// Binary messages are taken as the JSON that they are decoded to; `None` takes them as they are again.
    Decode(Option<DecoderChain>),
    Ping(ScriptText),
    Pong(ScriptText),
    Expect(Expect),
    /// No message, no Close for so long.
    Nothing {
        within: Duration,
    },
    /// Continues to read until something fits.
    Skip {
        until: Pattern,
        within: Option<Duration>,
        capture: Option<String>,
    },
    /// The next messages meet these in any order, one each; the time limit applies to all expectations together.
    AnyOrder {
        within: Option<Duration>,
        /// Each of them an [`Action::Expect`] of a message, without a limit of its own.
        steps: Vec<Step>,
    },
    /// A rule: messages that match are answered from then on, and no step sees them.
    Reply {
        to: Pattern,
        /// Known in the answer only.
        capture: Option<String>,
        with: RuleAnswer,
    },
    /// A rule: no step sees messages that match.
    Ignore(Pattern),
    /// Ends the rules of this kind.
    Off(RuleKind),
    /// Takes a value out of the message that came last, or out of the answer to the opening request.
    Capture {
        name: String,
        from: Extract,
    },
    Set {
        name: String,
        value: ScriptText,
    },
    /// Runs a command with `sh -c`; anything but exit status 0 fails.
    Exec {
        within: Option<Duration>,
        command: Template,
        capture: Option<String>,
    },
    Pause(Duration),
    /// Shows a line on stderr.
    Log(ScriptText),
    Close {
        code: Option<u16>,
        reason: ScriptText,
    },
    /// Cuts the TCP connection.
    Drop,
    /// Sends FIN, and continues to read.
    HalfClose,
    Repeat {
        times: u32,
        steps: Vec<Step>,
    },
    /// Endless: it continues when a connection that its steps use, and that none of them opens, has ended.
    Loop(Vec<Step>),
    /// All at once; it continues when the last of them has ended.
    Parallel(Vec<Vec<Step>>),
}

/// What a rule does with a message that matches it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RuleAnswer {
    Payload(Payload),
    /// Those that send, close, or capture what only they know; sent together.
    Steps(Vec<Step>),
    /// `when … {`: played one after the other, also what takes its time.
    Play(Vec<Step>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleKind {
    Reply,
    Ignore,
}

/// Text with `{{…}}` in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Template(pub(crate) Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Literal(String),
    /// `{{name}}`
    Variable(Position, String),
    /// `{{env:NAME}}`
    Environment(Position, String),
    /// `{{uuid}}`: a random one (RFC 9562, version 4).
    Uuid,
    /// `{{now}}`: RFC 3339, in UTC.
    Now,
    /// `{{random 1..6}}`: a whole number, both ends included.
    Random(i64, i64),
    /// `{{base64 name}}`, `{{base64 hex name}}`: of a variable's text, or of the bytes that it holds in hex.
    Base64 {
        of: Box<Piece>,
        is_hex: bool,
    },
}

/// Text as it was written: to the end of the line, in quotes with escapes, or as a block between two lines of `"""`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ScriptText {
    pub(crate) style: Style,
    pub(crate) template: Template,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Bare,
    Quoted,
    /// Without its common indentation.
    Block,
}

/// What `send` sends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Payload {
    Text(ScriptText),
    /// Checked to be JSON, and sent as written.
    Json(ScriptText),
    Binary(Binary),
    /// JSON that is sent in this encoding, as a binary message.
    Encoded(PayloadEncoding, ScriptText),
    /// `text file PATH`; the path is relative to the script.
    TextFile(ScriptText),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Binary {
    /// Given in hex, with what may be between its digits.
    Hex(Vec<BytePiece>),
    /// Without variables in it, in its canonical spelling.
    Base64(Template),
    /// The path is relative to the script.
    File(ScriptText),
    /// Its UTF-8.
    Text(ScriptText),
}

/// Of bytes that are written in hex.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BytePiece {
    /// `00 ff`
    Known(Vec<u8>),
    /// `"MQTT"`: its UTF-8.
    Text(Template),
    /// `{{x}}`: its value is hex.
    Variable(Piece),
    /// `??`, in a pattern.
    Any,
    /// `..`, at the end of a pattern: whatever is left.
    Rest,
    /// `u16(…)`: how many bytes there are in the parentheses, then those.
    Counted(LengthPrefix, Vec<BytePiece>),
}

/// How the length of what follows is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthPrefix {
    U8,
    /// With the highest byte first, as in all of these.
    U16,
    U32,
    /// Seven bits a byte, the lowest first (LEB128; MQTT's, section 1.5.5 of version 5).
    Varint,
}

/// The next thing of its kind has to fit: messages, pings and pongs each have their own order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expect {
    pub(crate) within: Option<Duration>,
    pub(crate) pattern: Pattern,
    /// The first group of a regular expression, else the whole; what the first path of a condition leads to.
    pub(crate) capture: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pattern {
    /// A message of any type.
    Message,
    /// Any text message.
    AnyText,
    Text(TextPattern),
    /// Keys that are not named are fine, at any depth; lists are compared whole.
    JsonSubset(ScriptText),
    /// `json exactly …`: the same value; order of keys and spelling of numbers do not matter.
    JsonExactly(ScriptText),
    /// `json $.op == "tick" and $.price > 0`
    Json(Condition),
    AnyBinary,
    Binary(Binary),
    BinaryContains(Binary),
    /// `binary matches /…/`: of its bytes, as far as they are UTF-8.
    BinaryMatches(Regexp),
    /// `message json …`, text or binary; one of the three of JSON.
    MessageJson(Box<Pattern>),
    /// `binary json …`; one of the three of JSON.
    BinaryJson(Box<Pattern>),
    /// The next bytes of the binary messages, wherever one ends and the next begins.
    Bytes(Binary),
    Ping(Option<TextPattern>),
    Pong(Option<TextPattern>),
    Close {
        code: Option<u16>,
        reason: Option<TextPattern>,
    },
    /// Of the answer to the opening request.
    Header {
        name: String,
        value: Option<TextPattern>,
    },
    /// Of a refusal.
    Body(TextPattern),
    /// Of a refusal, as JSON.
    BodyJson(Condition),
    /// The subprotocol that was negotiated; none is an empty one.
    Subprotocol(ScriptText),
}

impl Pattern {
    /// Whether it is about the answer to the opening request, which is there already.
    pub(crate) fn is_of_opening(&self) -> bool {
        matches!(self, Self::Header { .. } | Self::Body(_) | Self::BodyJson(_) | Self::Subprotocol(_))
    }

    /// Whether it is about data messages, and not about control frames or the answer to the opening request.
    pub(crate) fn is_of_messages(&self) -> bool {
        match self {
            Self::Message
            | Self::AnyText
            | Self::Text(_)
            | Self::JsonSubset(_)
            | Self::JsonExactly(_)
            | Self::Json(_)
            | Self::AnyBinary
            | Self::Binary(_)
            | Self::BinaryContains(_)
            | Self::BinaryMatches(_)
            | Self::MessageJson(_)
            | Self::BinaryJson(_) => true,
            // Those do not come one by one.
            Self::Bytes(_)
            | Self::Ping(_)
            | Self::Pong(_)
            | Self::Close { .. }
            | Self::Header { .. }
            | Self::Body(_)
            | Self::BodyJson(_)
            | Self::Subprotocol(_) => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TextPattern {
    Is(ScriptText),
    Contains(ScriptText),
    Matches(Regexp),
}

/// `/…/flags`, with `i m s x` for flags; variables in it stand for themselves, escaped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Regexp {
    pub(crate) source: Template,
    pub(crate) flags: String,
}

/// What is asked of a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// `$.list[0]`: leads somewhere.
    Exists(String),
    /// One of the places that the path selects compares so.
    Compare {
        path: String,
        operator: Operator,
        value: Operand,
    },
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    Matches,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    /// A JSON value once its variables are replaced.
    Value(Template),
    /// Another place of the same message.
    Path(String),
    /// After `matches`.
    Regexp(Regexp),
}

/// What `capture` takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Extract {
    /// The whole text.
    Text,
    /// The first group, else the whole match.
    Regexp(Regexp),
    /// RFC 9535. A string without its quotes, anything else as JSON.
    Json(String),
    /// In hex.
    Binary,
    Header(String),
    Status,
    CloseCode,
    CloseReason,
}
