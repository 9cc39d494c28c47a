//! The slash commands of the prompt: one table gives parsing, help, hints and completion.

use bytes::Bytes;

use crate::event::Close;

/// The most that a ping or pong may carry (RFC 6455, section 5.5).
const LONGEST_CONTROL: usize = 125;

/// The longest reason: a control frame's payload less the code.
const LONGEST_REASON: usize = 123;

/// What a line typed at the prompt means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// To be sent as it is.
    Text(String),
    Command(Command),
    /// What is wrong with it, and what would be right.
    Bad(String),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Close(Option<Close>),
    Help,
    Last,
    Ping(Bytes),
    Pong(Bytes),
    Quit,
    Reconnect,
}

/// A command as the user knows it.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static str,
    pub(crate) summary: &'static str,
    read: fn(&str) -> Result<Command, String>,
}

/// All commands, in the order of the help.
pub(crate) const TABLE: [Entry; 7] = [
    Entry { name: "/help", arguments: "", summary: "show this list", read: |rest| alone(rest, Command::Help) },
    Entry { name: "/ping", arguments: "[TEXT]", summary: "send a ping", read: |rest| control(rest).map(Command::Ping) },
    Entry {
        name: "/pong",
        arguments: "[TEXT]",
        summary: "send a pong that nobody asked for",
        read: |rest| control(rest).map(Command::Pong),
    },
    Entry {
        name: "/last",
        arguments: "",
        summary: "show the last message whole, in the pager",
        read: |rest| alone(rest, Command::Last),
    },
    Entry {
        name: "/close",
        arguments: "[CODE [REASON]]",
        summary: "close the connection",
        read: |rest| close(rest).map(Command::Close),
    },
    Entry {
        name: "/reconnect",
        arguments: "",
        summary: "connect again after the connection has closed",
        read: |rest| alone(rest, Command::Reconnect),
    },
    Entry {
        name: "/quit",
        arguments: "",
        summary: "close and leave, as Ctrl-D does",
        read: |rest| alone(rest, Command::Quit),
    },
];

/// Reads a line: text, unless it begins with a single slash.
pub(crate) fn read(line: &str) -> Line {
    if let Some(text) = line.strip_prefix('/').filter(|text| text.starts_with('/')) {
        return Line::Text(text.to_owned());
    }
    if !line.starts_with('/') {
        return Line::Text(line.to_owned());
    }
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let Some(entry) = TABLE.iter().find(|entry| entry.name == name) else {
        return Line::Bad(format!("there is no `{name}`{}; /help lists all, //… sends a slash", suggestion(name)));
    };
    match (entry.read)(rest.trim()) {
        Ok(command) => Line::Command(command),
        Err(why) => Line::Bad(format!("{name} {}: {why}", entry.arguments).replace(" :", ":")),
    }
}

/// The help, a command a line.
pub(crate) fn help() -> String {
    let width = TABLE.iter().map(|entry| entry.name.len() + entry.arguments.len() + 1).max().unwrap_or_default();
    let commands = TABLE.iter().map(|entry| {
        let usage = format!("{} {}", entry.name, entry.arguments);
        format!("{usage:width$}  {}\n", entry.summary)
    });
    commands.collect::<String>()
        + "//…  sends a line that begins with a slash; Alt-Enter begins a new line; Ctrl-D leaves"
}

/// The nearest name, if one begins alike.
fn suggestion(name: &str) -> String {
    let alike = |entry: &&Entry| entry.name.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    match TABLE.iter().max_by_key(alike) {
        Some(entry) if alike(&entry) > 1 => format!(", did you mean `{}`?", entry.name),
        _ => String::new(),
    }
}

fn alone(rest: &str, command: Command) -> Result<Command, String> {
    if rest.is_empty() { Ok(command) } else { Err("takes no argument".to_owned()) }
}

fn control(rest: &str) -> Result<Bytes, String> {
    if rest.len() > LONGEST_CONTROL {
        return Err(format!("at most {LONGEST_CONTROL} bytes, these are {}", rest.len()));
    }
    Ok(Bytes::copy_from_slice(rest.as_bytes()))
}

fn close(rest: &str) -> Result<Option<Close>, String> {
    if rest.is_empty() {
        return Ok(None);
    }
    let (code, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let code = code.parse().ok().filter(|code| Close::may_be_sent(*code));
    let code = code.ok_or("codes that may be sent are 1000-1003, 1007-1014 and 3000-4999")?;
    let reason = reason.trim();
    if reason.len() > LONGEST_REASON {
        return Err(format!("a reason has at most {LONGEST_REASON} bytes, this one has {}", reason.len()));
    }
    Ok(Some(Close::new(code, reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(line: &str) -> String {
        match read(line) {
            Line::Bad(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_line_is_text_unless_it_begins_with_one_slash() {
        assert_eq!(read("hello /quit"), Line::Text("hello /quit".into()));
        assert_eq!(read("//quit"), Line::Text("/quit".into()));
        assert_eq!(read(""), Line::Text(String::new()));
    }

    #[test]
    fn commands_take_their_arguments_whole() {
        assert_eq!(read("/ping hello world"), Line::Command(Command::Ping("hello world".into())));
        assert_eq!(read("/pong"), Line::Command(Command::Pong(Bytes::new())));
        assert_eq!(read("/close"), Line::Command(Command::Close(None)));
        assert_eq!(read("/close 4000 good bye"), Line::Command(Command::Close(Some(Close::new(4000, "good bye")))));
        assert_eq!(read("/quit "), Line::Command(Command::Quit));
    }

    #[test]
    fn bad_arguments_are_told_what_is_right() {
        assert_eq!(
            bad("/close 99"),
            "/close [CODE [REASON]]: codes that may be sent are 1000-1003, 1007-1014 and 3000-4999"
        );
        assert_eq!(bad("/quit now"), "/quit: takes no argument");
        assert!(bad(&format!("/ping {}", "x".repeat(126))).ends_with("at most 125 bytes, these are 126"));
        assert_eq!(bad("/hepl"), "there is no `/hepl`, did you mean `/help`?; /help lists all, //… sends a slash");
    }

    #[test]
    fn help_names_every_command() {
        assert!(TABLE.iter().all(|entry| help().contains(entry.summary)));
    }
}
