//! Pages for the pager: a message as a whole, what a search found, the session so far.

use std::fmt::Write as _;

use crossterm::style::Color;
use regex::Regex;

use super::message_log::KeptMessage;
use crate::message::Direction;
use crate::render::text::painted;
use crate::render::{OutputStyle, whole};
use crate::text::escape::{Keep, escape};
use crate::text::units::counted;

/// How much of a message is shown around what was found in it, in bytes.
const BEFORE: usize = 60;
const AFTER: usize = 200;

/// A message as a whole, with a line about it at its head.
///
/// # Errors
/// In words, when it is not kept as a whole.
pub(crate) fn message(style: &OutputStyle, kept: &KeptMessage) -> Result<String, String> {
    Ok(format!(
        "{}\n{}\n",
        painted(style, &kept.headed(), Color::DarkGrey),
        whole(style, kept.whole()?, kept.decoded()).trim_end()
    ))
}

/// All that is kept of the session, the oldest first.
pub(crate) fn session(style: &OutputStyle, messages: &[KeptMessage], words: &[(u64, String)]) -> String {
    let mut page = String::new();
    let mut words = words.iter().peekable();
    for kept in messages {
        while let Some((_, line)) = words.next_if(|(before, _)| *before <= kept.number) {
            page.push_str(line);
        }
        match message(style, kept) {
            Ok(text) => page.push_str(&text),
            Err(why) => writeln!(page, "{}\n{why}", painted(style, &kept.headed(), Color::DarkGrey))
                .expect("a String takes all"),
        }
    }
    page.extend(words.map(|(_, line)| line.as_str()));
    page
}

/// The messages that match, each in a line with its number; what matches is marked.
///
/// # Errors
/// In words, when none does.
pub(crate) fn found(style: &OutputStyle, messages: &[KeptMessage], pattern: &Regex) -> Result<String, String> {
    let (mut page, mut matching, mut searched) = (String::new(), 0, 0);
    for kept in messages {
        let Ok(message) = kept.whole() else { continue };
        searched += 1;
        if let Some(line) = kept.seen(message).texts(true).find_map(|text| matched(style, &text, pattern)) {
            matching += 1;
            let mark = if kept.direction == Direction::In { '<' } else { '>' };
            let client = kept.client.map_or_else(String::new, |client| format!("{client} "));
            let number = painted(style, &format!("!{}", kept.number), Color::DarkGrey);
            writeln!(page, "{number} {client}{mark} {line}").expect("a String takes all");
        }
    }
    let searched = counted(searched, "message");
    match matching {
        0 => Err(format!("no match in {searched}")),
        _ => Ok(page),
    }
}

/// A line around what matches.
fn matched(style: &OutputStyle, text: &str, pattern: &Regex) -> Option<String> {
    let first = pattern.find(text)?;
    let start = text.floor_char_boundary(first.start().saturating_sub(BEFORE));
    let end = text.ceil_char_boundary((first.start() + AFTER).min(text.len()));
    let mut line = String::from(if start > 0 { "…" } else { "" });
    let mut shown = start;
    // What may match before the piece has not: it begins where the first match is still to come.
    for found in pattern.find_iter(text).take_while(|found| found.start() < end) {
        let found_end = found.end().min(end);
        line += &escape(&text[shown..found.start()], Keep::Nothing);
        line += &marked(style, &escape(&text[found.start()..found_end], Keep::Nothing));
        shown = found_end;
    }
    line += &escape(&text[shown..end], Keep::Nothing);
    Some(line + if end < text.len() { "…" } else { "" })
}

/// Without colours, what matches is underlined all the same.
fn marked(style: &OutputStyle, text: &str) -> String {
    match text {
        "" => String::new(),
        _ if style.colour => painted(style, text, Color::DarkRed),
        _ => format!("\x1b[4m{text}\x1b[24m"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::message_log::MessageLog;
    use super::*;
    use crate::events::{Event, EventKind};

    fn kept(messages: &[(Direction, &str)]) -> Vec<KeptMessage> {
        let mut log = MessageLog::default();
        for (direction, text) in messages {
            log.note(&Event::now(EventKind::Message(*direction, (*text).into())));
        }
        log.kept()
    }

    fn found_in(text: &str, pattern: &str) -> String {
        let kept = kept(&[(Direction::In, text)]);
        found(&OutputStyle::default(), &kept, &Regex::new(pattern).unwrap()).unwrap()
    }

    #[test]
    fn what_matches_is_marked_and_shown_with_its_number() {
        let kept = kept(&[(Direction::Out, "ask"), (Direction::In, "a\x1bnswer\nb"), (Direction::In, "else")]);
        let search = |pattern: &str| found(&OutputStyle::default(), &kept, &Regex::new(pattern).unwrap());
        assert_eq!(search("a"), Ok("!1 > \x1b[4ma\x1b[24msk\n!2 < \x1b[4ma\x1b[24m\\enswer\\nb\n".to_owned()));
        assert_eq!(search("xyz").unwrap_err(), "no match in 3 messages");
        assert_eq!(search("^e.*e$"), Ok("!3 < \x1b[4melse\x1b[24m\n".to_owned()));
        assert!(search("").unwrap().contains("!3 < else\n"));
    }

    #[test]
    fn a_long_message_is_shown_around_the_first_match() {
        let long = format!("{}needle{}", "é".repeat(1000), "ü".repeat(1000));
        let line = found_in(&long, "needle");
        assert!(line.contains("…é") && line.contains("\x1b[4mneedle\x1b[24mü") && line.ends_with("ü…\n"), "{line}");
        assert!(line.len() < 400, "{line}");
        let line = found_in(&"x".repeat(10_000), "x+");
        assert!(line.len() < 400 && line.ends_with("x\x1b[24m…\n"), "{line}");
    }
}
