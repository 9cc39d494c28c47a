//! The slash commands of the prompt, a client's and a server's: one table gives parsing, help, hints, completion and
//! the manual's sections.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use regex::Regex;
use strsim::levenshtein;

use crate::events::ClientName;
use crate::masking;
use crate::message::Close;
use crate::text::unescape;
use crate::wire::frame::Side;
use crate::wire::raw_frame::{self, RawFrame};

/// The most that a ping or pong may carry (RFC 6455, section 5.5).
const LONGEST_CONTROL: usize = 125;

/// What a line typed at the prompt means.
#[derive(Debug)]
pub(crate) enum PromptLine {
    /// To be sent as it is.
    Text(String),
    Command(PromptCommand),
    /// What is wrong with it, and what would be right.
    Bad(String),
}

#[derive(Debug)]
pub(crate) enum PromptCommand {
    Binary(Bytes),
    Clear,
    /// Who is there.
    Clients,
    Close(Option<Close>),
    Connect(String),
    Drop,
    /// With the text to begin with.
    Edit(String),
    File(PathBuf),
    /// `None` shows all messages again.
    Filter(Option<Regex>),
    /// `None` leaves messages as they go by themselves.
    Fragment(Option<usize>),
    Frame(RawFrame),
    HalfClose,
    /// With the name of one, its slash first.
    Help(Option<String>),
    Info,
    Json(bool),
    Kick(ClientName, Option<Close>),
    /// Counted from the last.
    Last(NonZeroUsize),
    Pause,
    Ping(Bytes),
    Pong(Bytes),
    Quit,
    Reconnect,
    /// `None` ends the recording.
    Record(Option<PathBuf>),
    Repeat {
        times: u32,
        every: Duration,
    },
    Resume,
    Save {
        number: NonZeroUsize,
        path: PathBuf,
    },
    Time(bool),
    /// The line is for one client.
    To(ClientName, Box<PromptLine>),
}

/// A command as the user knows it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static str,
    pub(crate) summary: &'static str,
    /// What one line cannot say, if there is more.
    pub(crate) explanation: &'static str,
    /// It is for testing a server's patience, and only named in the help of all commands.
    is_rare: bool,
    pub(crate) completes: Completes,
    /// Whose prompt has it.
    sides: &'static [Side],
    read: fn(&str) -> Result<PromptCommand, String>,
}

/// What Tab offers behind the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completes {
    Nothing,
    Files,
    Commands,
    /// The names of those who are there.
    Clients,
    Words(&'static [&'static str]),
}

/// A command of a client's prompt.
const fn entry(
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    completes: Completes,
    read: fn(&str) -> Result<PromptCommand, String>,
) -> Entry {
    let sides = &[Side::Client];
    Entry { name, arguments, summary, explanation: "", is_rare: false, completes, sides, read }
}

const ON_OFF: Completes = Completes::Words(&["on", "off"]);
const OPCODES: Completes = Completes::Words(&["text", "binary", "continuation", "close", "ping", "pong"]);

/// All commands, in the order of the help.
static TABLE: [Entry; 30] = [
    entry("/help", "[COMMAND]", "show all commands, or one", Completes::Commands, |rest| {
        Ok(PromptCommand::Help((!rest.is_empty()).then(|| format!("/{}", rest.trim_start_matches('/')))))
    })
    .on_both(),
    entry("/to", "#N TEXT", "send to one client; TEXT may be a command that sends", Completes::Clients, to)
        .on_servers(),
    entry("/clients", "", "list who is there", Completes::Nothing, |rest| alone(rest, PromptCommand::Clients))
        .on_servers(),
    entry("/kick", "#N [CODE [REASON]]", "close the connection of one client", Completes::Clients, kick).on_servers(),
    entry("/ping", "[TEXT]", "send a ping; its pong is shown with its time", Completes::Nothing, |rest| {
        control(rest).map(PromptCommand::Ping)
    })
    .on_both(),
    entry("/pong", "[TEXT]", "send a pong that nobody asked for", Completes::Nothing, |rest| {
        control(rest).map(PromptCommand::Pong)
    })
    .on_both()
    .rare(),
    entry("/binary", "HEX", "send bytes, written as hex digits", Completes::Nothing, |rest| {
        binary(rest).map(PromptCommand::Binary)
    })
    .on_both(),
    entry("/base64", "BASE64", "send bytes, written in base64", Completes::Nothing, |rest| {
        base64(rest).map(PromptCommand::Binary)
    })
    .on_both(),
    entry("/frame", "OPCODE …", "send a frame made by hand", OPCODES, |rest| {
        RawFrame::from_text(rest).map(PromptCommand::Frame)
    })
    .explained(raw_frame::SYNTAX)
    .on_both()
    .rare(),
    entry("/fragment", "SIZE|off", "send messages in frames of that size", Completes::Words(&["off"]), fragment).rare(),
    entry("/file", "PATH", "send a file, as text if it is UTF-8", Completes::Files, |rest| {
        path(rest).map(PromptCommand::File)
    })
    .on_both(),
    entry("/edit", "[TEXT]", "write a message in $VISUAL or $EDITOR", Completes::Nothing, |rest| {
        Ok(PromptCommand::Edit(rest.to_owned()))
    })
    .on_both(),
    entry("/repeat", "N [every TIME]", "send the last message N times more", Completes::Nothing, repeat),
    entry("/last", "[N]", "show the last message, or the Nth last, whole", Completes::Nothing, |rest| {
        number(rest).map(PromptCommand::Last)
    })
    .on_both(),
    entry("/save", "[N] FILE", "write a message's bytes to a file", Completes::Files, save).on_both(),
    entry("/record", "FILE|off", "write all events from now on to a file, as JSON", Completes::Files, |rest| {
        Ok(PromptCommand::Record(if rest == "off" { None } else { Some(path(rest)?) }))
    })
    .on_both(),
    entry("/pause", "", "show no more messages for now", Completes::Nothing, |rest| alone(rest, PromptCommand::Pause))
        .on_both(),
    entry("/resume", "", "show them again, and those that came meanwhile", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::Resume)
    })
    .on_both(),
    entry("/filter", "REGEX|off", "show only messages that match", Completes::Words(&["off"]), filter).on_both(),
    entry("/json", "on|off", "indent JSON that does not fit a line", ON_OFF, |rest| {
        on_off(rest).map(PromptCommand::Json)
    })
    .on_both(),
    entry("/time", "on|off", "show the time before each message", ON_OFF, |rest| on_off(rest).map(PromptCommand::Time))
        .on_both(),
    entry("/info", "", "show the connection and what went over it", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::Info)
    }),
    entry("/clear", "", "clear the screen", Completes::Nothing, |rest| alone(rest, PromptCommand::Clear)).on_both(),
    entry("/close", "[CODE [REASON]]", "close the connection", Completes::Nothing, |rest| {
        close(rest).map(PromptCommand::Close)
    }),
    entry("/half-close", "", "send no more (FIN), but go on receiving", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::HalfClose)
    })
    .on_both()
    .rare(),
    entry("/drop", "", "cut the connection without a Close (RST)", Completes::Nothing, |rest| {
        alone(rest, PromptCommand::Drop)
    })
    .on_both()
    .rare(),
    entry("/close", "[CODE [REASON]]", "close the connections of all clients", Completes::Nothing, |rest| {
        close(rest).map(PromptCommand::Close)
    })
    .on_servers(),
    entry("/reconnect", "", "connect again", Completes::Nothing, |rest| alone(rest, PromptCommand::Reconnect)),
    entry("/connect", "URL", "connect to another server", Completes::Nothing, |rest| {
        if rest.is_empty() { Err("which server?".to_owned()) } else { Ok(PromptCommand::Connect(rest.to_owned())) }
    }),
    entry("/quit", "", "close and leave, as Ctrl-D does", Completes::Nothing, |rest| alone(rest, PromptCommand::Quit))
        .on_both(),
];

/// The commands of one side's prompt.
pub(crate) fn table(side: Side) -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().filter(move |entry| entry.sides.contains(&side))
}

/// Reads a line typed at the prompt of a side: text, unless it begins with a single slash.
pub(crate) fn read(side: Side, line: &str) -> PromptLine {
    if let Some(text) = line.strip_prefix('/').filter(|text| text.starts_with('/')) {
        return PromptLine::Text(text.to_owned());
    }
    if !line.starts_with('/') {
        return PromptLine::Text(line.to_owned());
    }
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let Some(entry) = find(side, name) else {
        return PromptLine::Bad(format!(
            "there is no `{name}`{}; /help lists all, //… sends a slash",
            suggestion(side, name)
        ));
    };
    match (entry.read)(rest.trim()) {
        Ok(command) => PromptLine::Command(command),
        Err(why) => PromptLine::Bad(format!("{}: {why}", entry.usage())),
    }
}

/// The line as the history may keep it: without what is secret in a URL that it is, or that a command takes.
///
/// A message stays as it is, or what is sent again would not be what was sent.
pub(crate) fn kept(line: &str) -> Cow<'_, str> {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let is_command = line.starts_with('/') && !line.starts_with("//");
    // A name that is mistyped may be anything, `/connect` too.
    let takes_url = name == "/connect" || !TABLE.iter().any(|entry| entry.name == name);
    if is_command && takes_url && !rest.is_empty() {
        return Cow::Owned(format!("{}{}", &line[..line.len() - rest.len()], masking::typed(rest)));
    }
    if !is_command && is_url(line) { Cow::Owned(masking::typed(line)) } else { Cow::Borrowed(line) }
}

/// Whether a line is nothing but a URL: who pastes one may have meant to connect there.
fn is_url(line: &str) -> bool {
    let line = line.trim();
    let scheme = line.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| matches!(scheme.as_str(), "ws" | "wss" | "http" | "https" | "ws+unix" | "wss+unix"))
}

pub(crate) fn find(side: Side, name: &str) -> Option<&'static Entry> {
    table(side).find(|entry| entry.name == name)
}

/// The help: a command a line, or the one that is asked for.
///
/// # Errors
/// In words, when there is none of that name.
pub(crate) fn help(side: Side, name: Option<&str>) -> Result<String, String> {
    if let Some(name) = name {
        let entry = find(side, name).ok_or_else(|| format!("there is no `{name}`{}", suggestion(side, name)))?;
        return Ok(format!("{}  {}", entry.usage(), entry.described()));
    }
    let (rare, usual): (Vec<_>, Vec<_>) = table(side).partition(|entry| entry.is_rare);
    let width = usual.iter().map(|entry| entry.usage().len()).max().unwrap_or_default();
    let usual = usual.iter().map(|entry| format!("{:width$}  {}\n", entry.usage(), entry.summary));
    let rare: String = rare.iter().map(|entry| format!(" {}", entry.name)).collect();
    let (tested, others) = match side {
        Side::Client => ("a server", "are sent"),
        Side::Server => ("clients", "go to all"),
    };
    Ok(usual.collect::<String>()
        + &format!("To test {tested}, see /help COMMAND:{rare}\n")
        + &format!("Other lines {others}; //… sends one slash; Alt-Enter: new line; Ctrl-R: search"))
}

impl Entry {
    const fn rare(self) -> Self {
        Self { is_rare: true, ..self }
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
fn suggestion(side: Side, name: &str) -> String {
    let begun = table(side).find(|entry| entry.name.starts_with(name));
    let nearest = || table(side).min_by_key(|entry| levenshtein(entry.name, name));
    match begun.or_else(|| nearest().filter(|entry| levenshtein(entry.name, name) <= 2)) {
        Some(entry) => format!(", did you mean `{}`?", entry.name),
        None => String::new(),
    }
}

/// The name of a client, and what follows it.
fn addressed(rest: &str) -> Result<(ClientName, &str), String> {
    let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Ok((name.parse().map_err(|_| "clients have names like `#1`; /clients lists them")?, rest.trim_start()))
}

fn to(rest: &str) -> Result<PromptCommand, String> {
    let (client, line) = addressed(rest)?;
    match read(Side::Server, line) {
        PromptLine::Text(text) if text.is_empty() => Err("what is to be sent?".to_owned()),
        PromptLine::Bad(why) => Err(why),
        line => Ok(PromptCommand::To(client, Box::new(line))),
    }
}

fn kick(rest: &str) -> Result<PromptCommand, String> {
    let (client, rest) = addressed(rest)?;
    Ok(PromptCommand::Kick(client, close(rest)?))
}

fn alone(rest: &str, command: PromptCommand) -> Result<PromptCommand, String> {
    if rest.is_empty() { Ok(command) } else { Err("takes no argument".to_owned()) }
}

fn on_off(rest: &str) -> Result<bool, String> {
    match rest {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("write on or off".to_owned()),
    }
}

fn path(rest: &str) -> Result<PathBuf, String> {
    if rest.is_empty() { Err("which file?".to_owned()) } else { Ok(PathBuf::from(rest)) }
}

fn control(rest: &str) -> Result<Bytes, String> {
    if rest.len() > LONGEST_CONTROL {
        return Err(format!("at most {LONGEST_CONTROL} bytes, these are {}", rest.len()));
    }
    Ok(Bytes::copy_from_slice(rest.as_bytes()))
}

fn binary(rest: &str) -> Result<Bytes, String> {
    unescape::hex(rest).map(Bytes::from)
}

fn base64(rest: &str) -> Result<Bytes, String> {
    unescape::base64(rest).map(Bytes::from)
}

fn number(rest: &str) -> Result<NonZeroUsize, String> {
    if rest.is_empty() {
        return Ok(NonZeroUsize::MIN);
    }
    rest.parse().map_err(|_| "messages are counted from the last, which is 1".to_owned())
}

fn save(rest: &str) -> Result<PromptCommand, String> {
    let numbered = rest.split_once(char::is_whitespace).and_then(|(number, path)| Some((number.parse().ok()?, path)));
    let (number, file) = numbered.unwrap_or((NonZeroUsize::MIN, rest));
    Ok(PromptCommand::Save { number, path: path(file.trim())? })
}

fn filter(rest: &str) -> Result<PromptCommand, String> {
    match rest {
        "" => Err("write a regular expression, or off".to_owned()),
        "off" => Ok(PromptCommand::Filter(None)),
        _ => crate::text::patterns::regex(rest).map(|regex| PromptCommand::Filter(Some(regex))),
    }
}

fn fragment(rest: &str) -> Result<PromptCommand, String> {
    match rest {
        "off" => Ok(PromptCommand::Fragment(None)),
        _ => crate::text::units::size(rest).map(|size| PromptCommand::Fragment(Some(size))),
    }
}

fn repeat(rest: &str) -> Result<PromptCommand, String> {
    let mut words = rest.split_whitespace();
    let times = words.next().and_then(|times| times.parse().ok()).filter(|times| *times > 0);
    let times = times.ok_or("write how often, as in `10` or `10 every 500ms`")?;
    let every = match (words.next(), words.next(), words.next()) {
        (None, ..) => Duration::ZERO,
        (Some("every"), Some(time), None) => crate::text::units::time(time)?,
        _ => return Err("write how often, as in `10` or `10 every 500ms`".to_owned()),
    };
    Ok(PromptCommand::Repeat { times, every })
}

fn close(rest: &str) -> Result<Option<Close>, String> {
    if rest.is_empty() {
        return Ok(None);
    }
    let (code, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Ok(Some(Close::new(crate::message::close::close_code(code)?, crate::message::close::close_reason(reason.trim())?)))
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
            ("/last", "Last(1)"),
            ("/last 3", "Last(3)"),
            ("/save out.bin", r#"Save { number: 1, path: "out.bin" }"#),
            ("/save 2 my file", r#"Save { number: 2, path: "my file" }"#),
            ("/record off", "Record(None)"),
            ("/record a b", r#"Record(Some("a b"))"#),
            ("/repeat 3 every 1.5s", "Repeat { times: 3, every: 1.5s }"),
            ("/filter off", "Filter(None)"),
            ("/filter ^a", r#"Filter(Some(Regex("^a")))"#),
            ("/json on", "Json(true)"),
            ("/time off", "Time(false)"),
            ("/edit some text", r#"Edit("some text")"#),
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
            ("/base64 ?", "/base64 BASE64: this is not base64, as in `AP8Q`"),
            ("/last 0", "/last [N]: messages are counted from the last, which is 1"),
            ("/file", "/file PATH: which file?"),
            ("/repeat x", "/repeat N [every TIME]: write how often, as in `10` or `10 every 500ms`"),
            ("/json maybe", "/json on|off: write on or off"),
            ("/filter (", "/filter REGEX|off: unclosed group"),
            ("/hepl", "there is no `/hepl`, did you mean `/help`?; /help lists all, //… sends a slash"),
            ("/rec", "there is no `/rec`, did you mean `/record`?; /help lists all, //… sends a slash"),
            ("/xyzzy", "there is no `/xyzzy`; /help lists all, //… sends a slash"),
        ] {
            assert_eq!(shown(line), why, "{line}");
        }
        assert!(shown(&format!("/ping {}", "x".repeat(126))).ends_with("at most 125 bytes, these are 126"));
    }

    #[test]
    fn a_servers_prompt_has_commands_of_its_own_and_not_those_of_a_client() {
        for (line, meant) in [
            ("hello", "text hello"),
            ("/clients", "Clients"),
            ("/to #2 hello you", r#"To(ClientName(2), Text("hello you"))"#),
            ("/to 2 /ping x", r#"To(ClientName(2), Command(Ping(b"x")))"#),
            ("/to #2 //x", r#"To(ClientName(2), Text("/x"))"#),
            ("/kick #1", "Kick(ClientName(1), None)"),
            ("/kick #1 4000 good bye", r#"Kick(ClientName(1), Some(Close { code: Some(4000), reason: "good bye" }))"#),
            ("/close 1012", r#"Close(Some(Close { code: Some(1012), reason: "" }))"#),
            ("/to", "/to #N TEXT: clients have names like `#1`; /clients lists them"),
            ("/to #0 x", "/to #N TEXT: clients have names like `#1`; /clients lists them"),
            ("/to #1", "/to #N TEXT: what is to be sent?"),
            ("/to #1 /binary 0", "/to #N TEXT: /binary HEX: write two hex digits for each byte, as in `00 ff 10`"),
            ("/kick #1 99", "/kick #N [CODE [REASON]]: codes that may be sent are 1000-1003, 1007-1014 and 3000-4999"),
        ] {
            assert_eq!(shown_at(Side::Server, line), meant, "{line}");
        }
        assert!(shown_at(Side::Server, "/reconnect").starts_with("there is no `/reconnect`"));
        assert!(shown("/kick #1").starts_with("there is no `/kick`"));
    }

    #[test]
    fn help_fits_a_screen_and_names_every_command() {
        for side in [Side::Client, Side::Server] {
            let help = help(side, None).unwrap();
            assert!(table(side).all(|entry| help.contains(entry.name)));
            // The last row is the prompt's.
            assert!(help.lines().count() < 24, "{help}");
            assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        }
        assert_eq!(help(Side::Client, Some("/quit")).unwrap(), "/quit  close and leave, as Ctrl-D does");
        assert_eq!(help(Side::Client, Some("/nix")).unwrap_err(), "there is no `/nix`");
    }

    #[test]
    fn the_history_keeps_no_password_of_a_url() {
        for (line, shown) in [
            ("/connect ws://me:secret@h/x", "/connect ws://***@h/x"),
            ("/connect ws://me:secret#1@h/x", "/connect ws://***@h/x"),
            ("/connect me:sec@ret@h", "/connect ***@h"),
            ("/connect  wss://h/@x", "/connect  wss://h/@x"),
            ("/connect h/x?u=ws://a@b", "/connect h/x?u=ws://***@b"),
            ("/connect h/?token=secret", "/connect h/?token=***"),
            ("/conn ws://me:secret@h/x", "/conn ws://***@h/x"),
            ("/cnnect me:secret@h", "/cnnect ***@h"),
            ("ws://me:secret@h/x", "ws://***@h/x"),
            (" wss://me:sec ret@h/x ", " wss://***@h/x "),
            ("https://h/?api_key=secret", "https://h/?api_key=***"),
            ("//conn ws://me:not@secret", "//conn ws://me:not@secret"),
            ("/file me:not@secret", "/file me:not@secret"),
            (r#"{"url":"ws://me:not@secret/"}"#, r#"{"url":"ws://me:not@secret/"}"#),
            ("/connect", "/connect"),
            ("say me:not@secret", "say me:not@secret"),
        ] {
            assert_eq!(kept(line), shown);
        }
    }
}
