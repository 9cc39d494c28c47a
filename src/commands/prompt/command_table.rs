//! The slash commands of the prompt, a client's and a server's: one table gives parsing, help (`help`), hints, completion
//! and the manual's sections.

use strsim::levenshtein;

use super::arguments;
use super::command::{PromptCommand, PromptLine};
use crate::codec::DECODERS;
use crate::codec::encode::PayloadEncoding;
use crate::wire::frame::Side;
use crate::wire::raw_frame::{self, RawFrame};

/// A command as the user knows it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static str,
    pub(crate) summary: &'static str,
    /// What one line cannot say, if there is more.
    pub(crate) explanation: &'static str,
    pub(crate) group: CommandGroup,
    pub(crate) completes: Completes,
    /// Whose prompt has it.
    sides: &'static [Side],
    read: fn(&str) -> Result<PromptCommand, String>,
}

/// What commands are for, in the order of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandGroup {
    Send,
    Messages,
    Display,
    Connection,
    /// To try the patience of the other end.
    Test,
}

/// What Tab offers after the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completes {
    Nothing,
    Files,
    Commands,
    /// The names of those who are there.
    Clients,
    Words(&'static [&'static str]),
}

/// What `/decode` takes: `off`, and each decoder by itself.
const DECODER_WORDS: [&str; DECODERS.len() + 1] = {
    let mut words = ["off"; DECODERS.len() + 1];
    let mut at = 0;
    while at < DECODERS.len() {
        words[at] = DECODERS[at].name;
        at += 1;
    }
    words
};

/// A command of a client's prompt.
const fn entry(
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    completes: Completes,
    read: fn(&str) -> Result<PromptCommand, String>,
) -> Entry {
    let (sides, group) = (&[Side::Client], CommandGroup::Send);
    Entry { name, arguments, summary, explanation: "", group, completes, sides, read }
}

const FILTERS: Completes = Completes::Words(&["off", "in", "out"]);
const OFF: Completes = Completes::Words(&["off"]);
const DECODED: Completes = Completes::Words(&DECODER_WORDS);
const ON_OFF: Completes = Completes::Words(&["on", "off"]);
const OPCODES: Completes = Completes::Words(&["text", "binary", "continuation", "close", "ping", "pong"]);

const NUMBERS: &str = "Received messages are counted from the last, which is 1. `!12` is the message with this number in \
    `/grep` and `/view`, which also count sent messages.";

const COPYING: &str = "The terminal does it (OSC 52), also over ssh. Some terminals do not let programs do that, and tmux only \
    with `set-clipboard on`. Binary messages are copied as hex digits.";

const FILTERING: &str = "`in` are received messages, `out` sent ones, which are shown only then. A pattern that begins with `$.` or \
    `$[` is a JSONPath as in `$.op=done` (RFC 9535), any other a regular expression. Without an argument, it tells \
    which messages are shown.";

const FORCING: &str = "A file that exists and is not empty is refused, unless `--force` is given.";

const REPEATING: &str = "`/repeat off` and Ctrl-C stop it, and tell how many were sent. Without an argument, it tells what \
    is being repeated.";

const DECODING: &str = "HOW is what `--decode` takes. Messages that arrive from now on are decoded so, and shown as JSON. A \
    message of more than 64 KiB is decoded only if `--decode` was given. Without an argument, it tells how messages are decoded.";

const RPC: &str = "JSON-RPC 2.0. PARAMS is a JSON array or object. Each call has an id of its own; a response with \
    this id is shown with the time that it took.";

/// All commands, in the order of the help.
static TABLE: [Entry; 38] = [
    entry("/help", "[COMMAND|GROUP]", "list all commands, or describe one, or a group", Completes::Commands, |rest| {
        Ok(PromptCommand::Help((!rest.is_empty()).then(|| rest.trim_start_matches('/').to_owned())))
    })
    .on_both()
    .within(CommandGroup::Connection),
    entry("/to", "#N TEXT", "send to one client, or (`/to server`) to a relay's server", Completes::Clients, to)
        .on_servers(),
    entry("/clients", "", "list the clients", Completes::Nothing, |rest| alone(rest, PromptCommand::Clients))
        .on_servers()
        .within(CommandGroup::Connection),
    entry("/kick", "#N [CODE [REASON]]", "close the connection of one client", Completes::Clients, kick)
        .on_servers()
        .within(CommandGroup::Connection),
    entry("/ping", "[TEXT]", "send a ping; its pong is shown with its time", Completes::Nothing, |rest| {
        arguments::control(rest).map(PromptCommand::Ping)
    })
    .on_both(),
    entry("/pong", "[TEXT]", "send an unsolicited pong", Completes::Nothing, |rest| {
        arguments::control(rest).map(PromptCommand::Pong)
    })
    .on_both()
    .within(CommandGroup::Test),
    entry("/send", "TEXT", "send TEXT as it is, or an empty message: `\"\"`", Completes::Nothing, |rest| {
        arguments::message(rest).map(PromptCommand::Send)
    })
    .on_both(),
    entry("/binary", "HEX", "send bytes, written as hex digits", Completes::Nothing, |rest| {
        arguments::binary(rest).map(PromptCommand::Binary)
    })
    .on_both(),
    entry("/base64", "BASE64", "send bytes, written in base64", Completes::Nothing, |rest| {
        arguments::base64(rest).map(PromptCommand::Binary)
    })
    .on_both(),
    entry("/msgpack", "JSON", "send JSON as MessagePack", Completes::Nothing, |rest| {
        arguments::encoded(rest, PayloadEncoding::MessagePack).map(PromptCommand::Binary)
    })
    .on_both(),
    entry("/cbor", "JSON", "send JSON as CBOR", Completes::Nothing, |rest| {
        arguments::encoded(rest, PayloadEncoding::Cbor).map(PromptCommand::Binary)
    })
    .on_both(),
    entry("/frame", "OPCODE …", "send a raw frame", OPCODES, |rest| {
        RawFrame::from_text(rest).map(PromptCommand::Frame)
    })
    .explained(raw_frame::SYNTAX)
    .on_both()
    .within(CommandGroup::Test),
    entry("/fragment", "SIZE|off", "split messages into frames of this size", OFF, |rest| {
        arguments::fragment(rest).map(PromptCommand::Fragment)
    })
    .within(CommandGroup::Test),
    entry("/file", "PATH", "send a file, as text if it is UTF-8", Completes::Files, |rest| {
        arguments::path(rest).map(PromptCommand::File)
    })
    .on_both(),
    entry("/edit", "[TEXT|@FILE]", "write a message in $VISUAL or $EDITOR", Completes::Files, |rest| {
        arguments::edit(rest).map(PromptCommand::Edit)
    })
    .on_both(),
    entry("/repeat", "[N [every TIME]|off]", "send the last message N times more", OFF, |rest| {
        arguments::repeat(rest).map(PromptCommand::Repeat)
    })
    .explained(REPEATING),
    entry(
        "/rpc",
        "METHOD [PARAMS]",
        "call by JSON-RPC; the response is shown with its time",
        Completes::Nothing,
        |rest| arguments::call(rest).map(|(method, params)| PromptCommand::Rpc { method, params }),
    )
    .explained(RPC),
    entry("/last", "[N|!N]", "show the last message, or the Nth last, whole", Completes::Nothing, |rest| {
        arguments::number(rest).map(PromptCommand::Last)
    })
    .explained(NUMBERS)
    .on_both()
    .within(CommandGroup::Messages),
    entry("/grep", "REGEX", "list the messages so far that match", Completes::Nothing, |rest| {
        arguments::pattern(rest).map(PromptCommand::Grep)
    })
    .on_both()
    .within(CommandGroup::Messages),
    entry("/view", "", "show the session so far in the pager", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::View)
    })
    .on_both()
    .within(CommandGroup::Messages),
    entry("/copy", "[N|!N]", "copy a message to the clipboard", Completes::Nothing, |rest| {
        arguments::number(rest).map(PromptCommand::Copy)
    })
    .explained(COPYING)
    .on_both()
    .within(CommandGroup::Messages),
    entry("/save", "[--force] [N|!N] FILE", "write a message's bytes to a file", Completes::Files, |rest| {
        arguments::save(rest).map(|(number, file)| PromptCommand::Save { number, file })
    })
    .explained(FORCING)
    .on_both()
    .within(CommandGroup::Messages),
    entry(
        "/record",
        "[--force] FILE|off",
        "write all events from now on to a file, as JSON",
        Completes::Files,
        |rest| arguments::record(rest).map(PromptCommand::Record),
    )
    .explained(FORCING)
    .on_both()
    .within(CommandGroup::Messages),
    entry("/pause", "", "stop showing messages for now", Completes::Nothing, |rest| alone(rest, PromptCommand::Pause))
        .on_both()
        .within(CommandGroup::Display),
    entry("/resume", "", "show them again, and those that arrived meanwhile", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::Resume)
    })
    .on_both()
    .within(CommandGroup::Display),
    entry("/filter", "[in|out] [PATTERN]|off", "show only messages that match", FILTERS, |rest| {
        arguments::filter(rest).map(PromptCommand::Filter)
    })
    .explained(FILTERING)
    .on_both()
    .within(CommandGroup::Display),
    entry("/decode", "[HOW|off]", "show what binary messages say: `msgpack`, `gzip`, …", DECODED, |rest| {
        arguments::decoders(rest).map(PromptCommand::Decode)
    })
    .explained(DECODING)
    .on_both()
    .within(CommandGroup::Display),
    entry("/json", "[on|off]", "indent JSON that does not fit a line", ON_OFF, |rest| {
        arguments::on_off(rest).map(PromptCommand::Json)
    })
    .on_both()
    .within(CommandGroup::Display),
    entry("/time", "[on|off]", "show the time before each message", ON_OFF, |rest| {
        arguments::on_off(rest).map(PromptCommand::Time)
    })
    .on_both()
    .within(CommandGroup::Display),
    entry("/info", "", "show the connection and what went over it", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::Info)
    })
    .within(CommandGroup::Connection),
    entry("/clear", "", "clear the screen", Completes::Nothing, |rest| alone(rest, PromptCommand::Clear))
        .on_both()
        .within(CommandGroup::Display),
    entry("/close", "[CODE [REASON]]", "close the connection", Completes::Nothing, |rest| {
        arguments::closing(rest).map(PromptCommand::Close)
    })
    .within(CommandGroup::Connection),
    entry("/half-close", "", "send no more (FIN), but go on receiving", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::HalfClose)
    })
    .on_both()
    .within(CommandGroup::Test),
    entry("/drop", "", "cut the connection without a Close (RST)", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::Drop)
    })
    .on_both()
    .within(CommandGroup::Test),
    entry("/close", "[CODE [REASON]]", "close the connections of all clients", Completes::Nothing, |rest| {
        arguments::closing(rest).map(PromptCommand::Close)
    })
    .on_servers()
    .within(CommandGroup::Connection),
    entry("/reconnect", "", "connect again", Completes::Nothing, |rest| alone(rest, PromptCommand::Reconnect))
        .within(CommandGroup::Connection),
    entry("/connect", "URL", "connect to another server", Completes::Nothing, |rest| {
        if rest.is_empty() { Err("expected a URL".to_owned()) } else { Ok(PromptCommand::Connect(rest.to_owned())) }
    })
    .within(CommandGroup::Connection),
    entry("/quit", "", "close and leave, as Ctrl-D does", Completes::Nothing, |rest| alone(rest, PromptCommand::Quit))
        .on_both()
        .within(CommandGroup::Connection),
];

/// The commands of one side's prompt.
pub(crate) fn table(side: Side) -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().filter(move |entry| entry.sides.contains(&side))
}

/// Reads a line typed at the prompt of a side: text, unless it begins with a single slash.
///
/// A blank before a command keeps it out of the history; before text it is a part of that.
pub(crate) fn read(side: Side, line: &str) -> PromptLine {
    let line = command_in(line).unwrap_or(line);
    if let Some(text) = line.strip_prefix('/').filter(|text| text.starts_with('/')) {
        return PromptLine::Text(text.to_owned());
    }
    if !line.starts_with('/') {
        return PromptLine::Text(line.to_owned());
    }
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let Some(entry) = find(side, name) else {
        return PromptLine::Bad(format!(
            "unknown command `{name}`{}; /help lists all commands, //… sends a slash",
            suggestion(side, name)
        ));
    };
    match (entry.read)(rest.trim()) {
        Ok(command) => PromptLine::Command(command),
        Err(why) => PromptLine::Bad(format!("{}: {why}", entry.usage())),
    }
}

/// The command of a line, without the blanks before it.
pub(crate) fn command_in(line: &str) -> Option<&str> {
    Some(line.trim_start()).filter(|line| line.starts_with('/'))
}

/// Whether the prompt of either side has a command of this name.
pub(crate) fn has(name: &str) -> bool {
    TABLE.iter().any(|entry| entry.name == name)
}

pub(crate) fn find(side: Side, name: &str) -> Option<&'static Entry> {
    table(side).find(|entry| entry.name == name)
}

impl Entry {
    const fn within(self, group: CommandGroup) -> Self {
        Self { group, ..self }
    }

    const fn explained(self, explanation: &'static str) -> Self {
        Self { explanation, ..self }
    }

    const fn on_both(self) -> Self {
        Self { sides: &[Side::Client, Side::Server], ..self }
    }

    const fn on_servers(self) -> Self {
        Self { sides: &[Side::Server], ..self }
    }

    /// What it does, at length.
    pub(crate) fn described(&self) -> String {
        format!("{}\n\n{}", self.summary, self.explanation).trim_end().to_owned()
    }

    /// The name and what it takes.
    pub(crate) fn usage(&self) -> String {
        format!("{} {}", self.name, self.arguments).trim_end().to_owned()
    }
}

/// The nearest name, if there is one that is near.
pub(super) fn suggestion(side: Side, name: &str) -> String {
    let begun = table(side).find(|entry| entry.name.starts_with(name));
    let nearest = || table(side).min_by_key(|entry| levenshtein(entry.name, name));
    match begun.or_else(|| nearest().filter(|entry| levenshtein(entry.name, name) <= 2)) {
        Some(entry) => format!(" (did you mean `{}`?)", entry.name),
        None => String::new(),
    }
}

fn to(rest: &str) -> Result<PromptCommand, String> {
    let (recipient, line) = arguments::recipient(rest)?;
    match read(Side::Server, line) {
        PromptLine::Text(text) if text.is_empty() => Err("expected a message".to_owned()),
        PromptLine::Bad(why) => Err(why),
        line => Ok(PromptCommand::To(recipient, Box::new(line))),
    }
}

fn kick(rest: &str) -> Result<PromptCommand, String> {
    let (client, rest) = arguments::addressed(rest)?;
    Ok(PromptCommand::Kick(client, arguments::closing(rest)?))
}

fn alone(rest: &str, command: PromptCommand) -> Result<PromptCommand, String> {
    if rest.is_empty() { Ok(command) } else { Err("takes no argument".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command as Debug shows it, or what is wrong.
    fn shown(line: &str) -> String {
        shown_at(Side::Client, line)
    }

    fn shown_at(side: Side, line: &str) -> String {
        match read(side, line) {
            PromptLine::Text(text) => format!("text {text}"),
            PromptLine::Command(command) => format!("{command:?}"),
            PromptLine::Bad(why) => why,
        }
    }

    #[test]
    fn a_line_is_text_unless_it_begins_with_one_slash() {
        assert_eq!(shown("hello /quit"), "text hello /quit");
        assert_eq!(shown("//quit"), "text /quit");
        assert_eq!(shown(" //quit"), "text /quit");
        assert_eq!(shown("  hello"), "text   hello");
        assert_eq!(shown(""), "text ");
    }

    #[test]
    fn commands_take_their_arguments() {
        for (line, command) in [
            ("/ping hello world", r#"Ping(b"hello world")"#),
            ("/pong", r#"Pong(b"")"#),
            ("/binary 00 FF 10", r#"Binary(b"\0\xff\x10")"#),
            ("/base64 AP8Q", r#"Binary(b"\0\xff\x10")"#),
            ("/close", "Close(None)"),
            ("/close 4000 good bye", r#"Close(Some(Close { code: Some(4000), reason: "good bye" }))"#),
            ("/quit ", "Quit"),
            ("/last", "Last(FromLast(1))"),
            ("/last 3", "Last(FromLast(3))"),
            ("/last !3", "Last(Exact(3))"),
            ("/copy", "Copy(FromLast(1))"),
            ("/grep ^a b", r#"Grep(Regex("^a b"))"#),
            ("/view", "View"),
            ("/rpc add [1, 2]", r#"Rpc { method: "add", params: Some("[1, 2]") }"#),
            ("/rpc stop", r#"Rpc { method: "stop", params: None }"#),
            (
                "/save out.bin",
                r#"Save { number: FromLast(1), file: TypedDestination { path: TypedPath { is_at_home: false, path: "out.bin" }, is_forced: false } }"#,
            ),
            (
                "/save --force 2 my file",
                r#"Save { number: FromLast(2), file: TypedDestination { path: TypedPath { is_at_home: false, path: "my file" }, is_forced: true } }"#,
            ),
            (
                "/save !2 x",
                r#"Save { number: Exact(2), file: TypedDestination { path: TypedPath { is_at_home: false, path: "x" }, is_forced: false } }"#,
            ),
            ("/record off", "Record(None)"),
            ("/send \"\"", r#"Send("")"#),
            ("/send /quit", r#"Send("/quit")"#),
            ("  /quit", "Quit"),
            (
                "/record a b",
                r#"Record(Some(TypedDestination { path: TypedPath { is_at_home: false, path: "a b" }, is_forced: false }))"#,
            ),
            ("/repeat 3 every 1.5s", "Repeat(On(Repetition { times: 3, every: 1.5s }))"),
            ("/repeat off", "Repeat(Off)"),
            ("/filter off", "Filter(Off)"),
            ("/filter", "Filter(Tell)"),
            ("/json on", "Json(On(()))"),
            ("/json", "Json(Tell)"),
            ("/time off", "Time(Off)"),
            ("/edit some text", r#"Edit(Text("some text"))"#),
            ("/edit @~/x", r#"Edit(File(TypedPath { is_at_home: true, path: "x" }))"#),
        ] {
            assert_eq!(shown(line), command, "{line}");
        }
    }

    #[test]
    fn bad_arguments_are_told_what_is_right() {
        for (line, why) in [
            ("/close 99", "/close [CODE [REASON]]: codes that may be sent are 1000-1003, 1007-1014 and 3000-4999"),
            ("/quit now", "/quit: takes no argument"),
            ("/binary 0", "/binary HEX: write two hex digits for each byte, as in `00 ff 10`"),
            ("/base64 ?", "/base64 BASE64: invalid base64: expected text such as `AP8Q`"),
            ("/last 0", "/last [N|!N]: expected a number: 1 is the last message, `!1` the first"),
            ("/file", "/file PATH: expected a file name"),
            ("/save 1", "/save [--force] [N|!N] FILE: expected a file name; `./1` is the file called `1`"),
            ("/save --force !2", "/save [--force] [N|!N] FILE: expected a file name; `./!2` is the file called `!2`"),
            ("/record --force", "/record [--force] FILE|off: expected a file name"),
            ("/binary", "/binary HEX: expected bytes, such as `00 ff 10`"),
            ("/base64", "/base64 BASE64: expected base64, such as `AP8Q`"),
            ("/send", "/send TEXT: expected a message; `\"\"` is an empty one"),
            (" /auth token", "unknown command `/auth`; /help lists all commands, //… sends a slash"),
            ("/repeat x", "/repeat [N [every TIME]|off]: expected how often, such as `10` or `10 every 500ms`"),
            ("/json maybe", "/json [on|off]: expected `on` or `off`"),
            ("/filter (", "/filter [in|out] [PATTERN]|off: unclosed group"),
            ("/grep", "/grep REGEX: expected a regular expression"),
            ("/rpc", "/rpc METHOD [PARAMS]: expected a method"),
            ("/hepl", "unknown command `/hepl` (did you mean `/help`?); /help lists all commands, //… sends a slash"),
            ("/rec", "unknown command `/rec` (did you mean `/record`?); /help lists all commands, //… sends a slash"),
            ("/xyzzy", "unknown command `/xyzzy`; /help lists all commands, //… sends a slash"),
        ] {
            assert_eq!(shown(line), why, "{line}");
        }
        assert!(shown(&format!("/ping {}", "x".repeat(126))).ends_with("126 bytes, and at most 125 are allowed"));
    }

    #[test]
    fn a_servers_prompt_has_commands_of_its_own_and_not_those_of_a_client() {
        for (line, meant) in [
            ("hello", "text hello"),
            ("/clients", "Clients"),
            ("/to #2 hello you", r#"To(Client(ClientName(2)), Text("hello you"))"#),
            ("/to 2 /ping x", r#"To(Client(ClientName(2)), Command(Ping(b"x")))"#),
            ("/to #2 //x", r#"To(Client(ClientName(2)), Text("/x"))"#),
            ("/to server hello you", r#"To(Server(None), Text("hello you"))"#),
            ("/to server#2 x", r#"To(Server(Some(ClientName(2))), Text("x"))"#),
            ("/to server2", "/to #N TEXT: expected a message"),
            ("/to servers x", "/to #N TEXT: expected `server`, or `server#1` for the connection of one client"),
            ("/kick #1", "Kick(ClientName(1), None)"),
            ("/kick #1 4000 good bye", r#"Kick(ClientName(1), Some(Close { code: Some(4000), reason: "good bye" }))"#),
            ("/close 1012", r#"Close(Some(Close { code: Some(1012), reason: "" }))"#),
            ("/to", "/to #N TEXT: expected a client, such as `#1`; /clients lists them"),
            ("/to #0 x", "/to #N TEXT: expected a client, such as `#1`; /clients lists them"),
            ("/to #1", "/to #N TEXT: expected a message"),
            ("/to #1 /binary 0", "/to #N TEXT: /binary HEX: write two hex digits for each byte, as in `00 ff 10`"),
            ("/kick #1 99", "/kick #N [CODE [REASON]]: codes that may be sent are 1000-1003, 1007-1014 and 3000-4999"),
        ] {
            assert_eq!(shown_at(Side::Server, line), meant, "{line}");
        }
        assert!(shown_at(Side::Server, "/reconnect").starts_with("unknown command `/reconnect`"));
        assert!(shown("/kick #1").starts_with("unknown command `/kick`"));
    }
}
