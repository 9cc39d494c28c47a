//! The canonical form: of each part of the tree, and of a file with its comments.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::cursor::{FENCE, Quotes, bare_length, common_indent, ends_in_keyword, is_space};
use super::flaw::Flaw;
use super::parse::{self, Row};
use super::syntax::{
    Action, Binary, Condition, Expect, Extract, Operand, Operator, Pattern, Payload, Regexp, Script, Setting, Step,
    Style, Template, Text, TextPattern,
};
use super::template::Backslash;

const INDENT: &str = "  ";

/// The file in its canonical form.
///
/// # Errors
/// What is wrong with it: nothing is formatted then.
pub(crate) fn format(source: &str) -> Result<String, Vec<Flaw>> {
    let reading = parse::read(source);
    if !reading.flaws.is_empty() {
        return Err(reading.flaws);
    }
    let mut text = String::new();
    let mut gap = false;
    for Row { depth, text: row, comment } in &reading.rows {
        if row.is_empty() && comment.is_none() {
            gap = !text.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            text.push('\n');
        }
        let (first, others) = row.split_once('\n').map_or((row.as_str(), None), |(first, rest)| (first, Some(rest)));
        let comment = comment.as_deref().unwrap_or_default();
        let between = if first.is_empty() || comment.is_empty() { "" } else { "  " };
        put(&mut text, *depth, &format!("{first}{between}{comment}"));
        others.into_iter().for_each(|others| put(&mut text, *depth, others));
    }
    Ok(text)
}

/// Appends lines at that depth; what is empty stays so.
fn put(text: &mut String, depth: usize, lines: &str) {
    for line in lines.split('\n') {
        if !line.is_empty() {
            text.extend(std::iter::repeat_n(INDENT, depth));
            text.push_str(line);
        }
        text.push('\n');
    }
}

/// What of a step stands before the steps or options that it holds.
pub(super) fn head(step: &Step) -> String {
    let action = action(&step.action);
    match &step.connection {
        Some(name) => format!("{name}: {action}"),
        None => action,
    }
}

fn put_step(out: &mut String, step: &Step, depth: usize) {
    put(out, depth, &head(step));
    match &step.action {
        Action::Connect { settings, .. } => settings.iter().for_each(|one| put(out, depth + 1, &one.to_string())),
        Action::Repeat { steps, .. } => {
            steps.iter().for_each(|step| put_step(out, step, depth + 1));
            put(out, depth, "}");
        }
        Action::Parallel(branches) => {
            for (number, branch) in branches.iter().enumerate() {
                if number > 0 {
                    put(out, depth, "} {");
                }
                branch.iter().for_each(|step| put_step(out, step, depth + 1));
            }
            put(out, depth, "}");
        }
        _ => {}
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        if !self.settings.is_empty() {
            text.push_str("options\n");
            self.settings.iter().for_each(|setting| put(&mut text, 1, &setting.to_string()));
        }
        self.steps.iter().for_each(|step| put_step(&mut text, step, 0));
        f.write_str(&text)
    }
}

/// With the steps and options that it holds, without a line end.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        put_step(&mut text, self, 0);
        f.write_str(text.trim_end_matches('\n'))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => f.write_str(&self.option),
            Some(value) => {
                let quoted = || quoted(value);
                write!(f, "{} {}", self.option, bare(value, Spot::Alone).unwrap_or_else(quoted))
            }
        }
    }
}

/// Where text stands, and so what it may look like without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    /// Nothing that follows it could be meant as a keyword.
    Alone,
    /// At the end of a pattern.
    Last,
    /// Keywords do follow it.
    Followed,
}

fn action(action: &Action) -> String {
    match action {
        // What cannot be written in one line is no URL.
        Action::Connect { url, .. } => format!("connect {}", url.written(Backslash::Plain)),
        Action::Status(status) => format!("status {status}"),
        Action::Send(payload) => format!("send {payload}"),
        Action::Frame(frame) => format!("frame {}", frame.written(Backslash::Plain)),
        Action::Fragment(None) => "fragment off".to_owned(),
        Action::Fragment(Some(size)) => format!("fragment {}", self::size(*size)),
        Action::Ping(payload) => with("ping", optional(payload)),
        Action::Pong(payload) => with("pong", optional(payload)),
        Action::Expect(Expect { within, pattern, capture }) => {
            let spot = if capture.is_some() { Spot::Followed } else { Spot::Last };
            let within = within.map_or_else(String::new, |within| format!(" within {}", time(within)));
            format!("expect{within} {}{}", self::pattern(pattern, spot), captured(capture.as_deref()))
        }
        Action::Nothing { within } => format!("nothing within {}", time(*within)),
        Action::Skip { until, within, capture } => {
            let spot = if within.is_some() || capture.is_some() { Spot::Followed } else { Spot::Last };
            let within = within.map_or_else(String::new, |within| format!(" within {}", time(within)));
            format!("skip until {}{within}{}", pattern(until, spot), captured(capture.as_deref()))
        }
        Action::Capture { name, from } => format!("capture {name} = {from}"),
        Action::Set { name, value } => format!("set {name} = {value}"),
        Action::Exec { within, command, capture } => {
            let within = within.map_or_else(String::new, |within| format!(" within {}", time(within)));
            format!("exec{within} {}{}", shell(command, capture.is_some()), captured(capture.as_deref()))
        }
        Action::Pause(duration) => format!("pause {}", time(*duration)),
        Action::Log(what) => format!("log {what}"),
        Action::Close { code: None, .. } => "close".to_owned(),
        Action::Close { code: Some(code), reason } => with(&format!("close {code}"), optional(reason)),
        Action::Drop => "drop".to_owned(),
        Action::HalfClose => "half-close".to_owned(),
        Action::Repeat { times, .. } => format!("repeat {times} {{"),
        Action::Parallel(_) => "parallel {".to_owned(),
    }
}

fn captured(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" capture {name}"))
}

fn with(word: &str, rest: String) -> String {
    if rest.is_empty() { word.to_owned() } else { format!("{word} {rest}") }
}

/// Text that may be left out.
fn optional(text: &Text) -> String {
    if *text == Text::default() { String::new() } else { text.to_string() }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, Spot::Alone))
    }
}

fn text(text: &Text, spot: Spot) -> String {
    let written = match text.style {
        Style::Bare => bare(&text.template, spot),
        Style::Quoted => None,
        Style::Block if spot == Spot::Followed => None,
        Style::Block => text.template.unquoted().and_then(|written| block(&written)),
    };
    written.unwrap_or_else(|| quoted(&text.template))
}

/// Without quotes, unless that would be read as something else.
fn bare(template: &Template, spot: Spot) -> Option<String> {
    let text = template.unquoted()?;
    let fits = !text.is_empty()
        && text.trim_matches(is_space) == text
        && !text.contains('\n')
        && !text.starts_with('"')
        && bare_length(&text, Quotes::Json) == text.len()
        && (spot == Spot::Alone || ends_in_keyword(&text).is_none());
    (fits && spot != Spot::Followed).then_some(text)
}

fn quoted(template: &Template) -> String {
    format!("\"{}\"", template.written(Backslash::Escape))
}

/// Between two lines of quotes, unless that would be read as something else.
fn block(text: &str) -> Option<String> {
    let lines: Vec<_> = if text.is_empty() { Vec::new() } else { text.split('\n').collect() };
    let is_blank = |line: &&str| line.trim_matches(is_space).is_empty();
    let keeps_its_blanks = match common_indent(lines.iter().copied()) {
        0 => true,
        _ => lines.iter().all(|line| line.is_empty()),
    };
    let is_taken = |line: &&str| line.trim_matches(is_space) == FENCE || line.ends_with('\r');
    if !keeps_its_blanks || lines.iter().any(|line| is_taken(line) || is_blank(line) && line.contains('\r')) {
        return None;
    }
    let mut block = format!("{FENCE}\n");
    for line in lines {
        let indent = if line.is_empty() { "" } else { INDENT };
        writeln!(block, "{indent}{line}").expect("a String takes all");
    }
    Some(block + FENCE)
}

fn shell(command: &Template, is_captured: bool) -> String {
    let text = command.written(Backslash::Plain);
    let fits = !text.contains('\n')
        && text.trim_matches(is_space) == text
        && !text.starts_with(FENCE)
        && !text.starts_with("within ")
        && bare_length(&text, Quotes::Shell) == text.len()
        && ends_in_keyword(&text).is_none_or(|(_, keyword)| keyword.starts_with("within"));
    // A block leaves no room for what is behind it.
    if fits || is_captured { text } else { block(&text).unwrap_or(text) }
}

fn json(text: &Text, spot: Spot) -> String {
    let written = text.template.written(Backslash::Json);
    let as_block = text.style == Style::Block && spot != Spot::Followed;
    // Between values a line feed is a blank, and inside of them there is none.
    as_block.then(|| block(&written)).flatten().unwrap_or_else(|| written.replace('\n', " "))
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(Backslash::Plain))
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                let written = text.to_string();
                let word = written.split(is_space).next().unwrap_or_default();
                match word {
                    // `send text file` has a meaning of its own.
                    "file" => f.write_str(&quoted(&text.template)),
                    "text" | "json" | "binary" | "hex" | "base64" => write!(f, "text {written}"),
                    _ => f.write_str(&written),
                }
            }
            Self::Json(text) => write!(f, "json {}", json(text, Spot::Alone)),
            Self::Binary(binary) => f.write_str(&self::binary(binary, Spot::Alone)),
            Self::TextFile(path) => write!(f, "text file {path}"),
        }
    }
}

fn binary(binary: &Binary, spot: Spot) -> String {
    match binary {
        Binary::Hex(bytes) => {
            let mut text = "binary hex".to_owned();
            for byte in bytes {
                write!(text, " {byte:02x}").expect("a String takes all");
            }
            text
        }
        Binary::Base64(bytes) => with("binary base64", data_encoding::BASE64.encode(bytes)),
        Binary::File(path) => format!("binary file {}", text(path, spot)),
        Binary::Text(inner) => format!("binary text {}", text(inner, spot)),
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&pattern(self, Spot::Last))
    }
}

fn pattern(pattern: &Pattern, spot: Spot) -> String {
    let texted = |word: &str, wanted: &Option<TextPattern>| {
        with(word, wanted.as_ref().map_or_else(String::new, |wanted| text_pattern(wanted, spot)))
    };
    match pattern {
        Pattern::Message => "message".to_owned(),
        Pattern::AnyText => "text".to_owned(),
        Pattern::Text(wanted) => format!("text {}", text_pattern(wanted, spot)),
        Pattern::JsonSubset(wanted) => format!("json {}", json(wanted, spot)),
        Pattern::JsonExactly(wanted) => format!("json exactly {}", json(wanted, spot)),
        Pattern::Json(condition) => format!("json {condition}"),
        Pattern::AnyBinary => "binary".to_owned(),
        Pattern::Binary(wanted) => binary(wanted, spot),
        Pattern::Ping(wanted) => texted("ping", wanted),
        Pattern::Pong(wanted) => texted("pong", wanted),
        Pattern::Close { code: None, reason } => texted("close", reason),
        Pattern::Close { code: Some(code), reason } => texted(&format!("close {code}"), reason),
        Pattern::Header { name, value: Some(TextPattern::Is(value)) } => {
            format!("header {name}: {}", text(value, spot))
        }
        Pattern::Header { name, value } => texted(&format!("header {name}"), value),
        Pattern::Body(TextPattern::Is(wanted)) => {
            format!("body {}", text_unless(&["contains", "matches", "json"], wanted, spot))
        }
        Pattern::Body(wanted) => format!("body {}", text_pattern(wanted, spot)),
        Pattern::BodyJson(condition) => format!("body json {condition}"),
        Pattern::Subprotocol(name) => format!("subprotocol {}", text(name, spot)),
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_pattern(self, Spot::Last))
    }
}

fn text_pattern(wanted: &TextPattern, spot: Spot) -> String {
    match wanted {
        TextPattern::Is(wanted) => text_unless(&["contains", "matches"], wanted, spot),
        TextPattern::Contains(part) => format!("contains {}", text(part, spot)),
        TextPattern::Matches(regexp) => format!("matches {regexp}"),
    }
}

/// Text in quotes if it begins with a word that would be taken for ours.
fn text_unless(words: &[&str], wanted: &Text, spot: Spot) -> String {
    let written = text(wanted, spot);
    let begins_so = words.contains(&written.split(is_space).next().unwrap_or_default());
    if begins_so { quoted(&wanted.template) } else { written }
}

impl fmt::Display for Regexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('/')?;
        let mut is_escaped = false;
        for c in self.source.written(Backslash::Regexp).chars() {
            if c == '/' && !is_escaped {
                f.write_char('\\')?;
            }
            is_escaped = c == '\\' && !is_escaped;
            f.write_char(c)?;
        }
        write!(f, "/{}", self.flags)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => f.write_str(path),
            Self::Compare { path, operator, value } => write!(f, "{path} {operator} {value}"),
            Self::Not(inner) => write!(f, "not {}", Within(inner, Tie::Not)),
            Self::And(a, b) => write!(f, "{} and {}", Within(a, Tie::And), Within(b, Tie::Not)),
            Self::Or(a, b) => write!(f, "{a} or {}", Within(b, Tie::And)),
        }
    }
}

/// How close a condition ties what stands beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Or,
    And,
    Not,
}

/// A part of a condition, with parentheses if it ties less than its surroundings.
struct Within<'a>(&'a Condition, Tie);

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(condition, around) = self;
        let tie = match condition {
            Condition::Or(..) => Tie::Or,
            Condition::And(..) => Tie::And,
            _ => Tie::Not,
        };
        if tie < *around { write!(f, "({condition})") } else { condition.fmt(f) }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "contains",
            Self::Matches => "matches",
        })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(&value.written(Backslash::Json)),
            Self::Path(path) => f.write_str(path),
            Self::Regexp(regexp) => regexp.fmt(f),
        }
    }
}

impl fmt::Display for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Regexp(regexp) => write!(f, "text matches {regexp}"),
            Self::Json(path) => write!(f, "json {path}"),
            Self::Binary => f.write_str("binary"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Status => f.write_str("status"),
            Self::CloseCode => f.write_str("close code"),
            Self::CloseReason => f.write_str("close reason"),
        }
    }
}

/// `500ms`, `1m30s`, `1.5s`: the shortest that is read as the same time.
pub(crate) fn time(time: Duration) -> String {
    let (seconds, nanos) = (time.as_secs(), time.subsec_nanos());
    match (seconds, nanos) {
        (0, 0) => "0s".to_owned(),
        (0, _) if nanos % 1_000_000 == 0 => format!("{}ms", nanos / 1_000_000),
        (_, 0) => {
            let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
            let parts = parts.iter().filter(|(number, _)| *number > 0);
            parts.map(|(number, unit)| format!("{number}{unit}")).collect()
        }
        _ => format!("{}s", format!("{seconds}.{nanos:09}").trim_end_matches('0')),
    }
}

/// With the largest unit that leaves a whole number.
fn size(bytes: usize) -> String {
    let units = [(30, 'G'), (20, 'M'), (10, 'K')];
    match units.iter().find(|(shift, _)| bytes.trailing_zeros() >= *shift && bytes > 0) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}
