//! Input that is taller than the screen, folded: a short label stands for what nobody could see as a whole.
//!
//! The line editor holds the label, whose first character is one that nobody types; it is shown as a bracket.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard};

use super::reflow::position;
use crate::term::TerminalSize;

/// The first of the private characters (Unicode, plane 16; fonts with icons have theirs in plane 15), one for each text that
/// is folded.
const FIRST: u32 = 0x10_0000;
const MOST: usize = 0xfff0;

/// What a label begins with on the screen.
const BRACKET: char = '[';

/// The screen that input has to fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputRoom {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl InputRoom {
    /// Some rows are left to the messages.
    pub(crate) fn on(TerminalSize { rows, columns }: TerminalSize) -> Self {
        Self { rows: rows.saturating_sub(3).max(2), columns }
    }

    /// Whether a text fits behind a prompt that is so wide.
    pub(crate) fn fits(self, prompt: usize, text: &str) -> bool {
        // As many bytes may take as many columns, never more.
        let is_short = text.len() + prompt < self.columns && !text.contains(['\n', '\t']);
        is_short || position(text, prompt, self.columns).row < self.rows
    }
}

/// The texts that are folded.
#[derive(Default)]
pub(crate) struct Folds {
    texts: Mutex<Vec<String>>,
}

impl Folds {
    /// The label for a text, if it does not fit.
    pub(crate) fn folded(&self, room: InputRoom, prompt: usize, text: &str) -> String {
        if room.fits(prompt, text) { text.to_owned() } else { self.fold(text) }
    }

    /// The label for a text.
    pub(crate) fn fold(&self, text: &str) -> String {
        let text = self.unfold(text).into_owned();
        let mut texts = self.texts();
        let number = texts.iter().rposition(|known| *known == text).unwrap_or(texts.len());
        let Some(mark) = mark(number) else { return text };
        let label = label(&text);
        if number == texts.len() {
            texts.push(text);
        }
        format!("{mark}{label}")
    }

    /// The two sides of the cursor in a line that does not fit: the left one folded, and the right one too if that is nothing
    /// new, since the line would come back again and again.
    pub(crate) fn folded_sides(&self, room: InputRoom, prompt: usize, [left, right]: [&str; 2]) -> [String; 2] {
        let label = if left.is_empty() { String::new() } else { self.fold(left) };
        let is_new = label != left;
        [label, if is_new { self.folded(room, prompt, right) } else { self.fold(right) }]
    }

    /// A line with what its labels stand for; one that is damaged still stands for all of it.
    pub(crate) fn unfold<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if !line.contains(is_mark) {
            return Cow::Borrowed(line);
        }
        let texts = self.texts();
        let mut whole = String::new();
        let mut rest = line;
        while let Some(at) = rest.find(is_mark) {
            let mark = rest[at..].chars().next().expect("it was found");
            whole.push_str(&rest[..at]);
            rest = &rest[at + mark.len_utf8()..];
            let folded = texts.get(number(mark)).and_then(|text| Some((text, after_label(rest, &label(text))?)));
            match folded {
                Some((text, (typed, after))) => {
                    whole.push_str(text);
                    whole.push_str(typed);
                    rest = after;
                }
                // Somebody's own.
                None => whole.push(mark),
            }
        }
        Cow::Owned(whole + rest)
    }

    /// The first character of the label that ends here, if one does.
    pub(crate) fn label_before(&self, line: &str) -> Option<char> {
        let at = line.rfind(is_mark)?;
        let mark = line[at..].chars().next()?;
        let label = label(self.texts().get(number(mark))?);
        (line[at + mark.len_utf8()..] == label).then_some(mark)
    }

    fn texts(&self) -> MutexGuard<'_, Vec<String>> {
        self.texts.lock().expect("nothing panics while it holds this")
    }
}

/// A line as the screen shows it: no control character, which would take no column and could do anything.
pub(crate) fn shown(line: &str) -> Cow<'_, str> {
    let is_other = |c: char| is_mark(c) || c.is_control() && c != '\n' && c != '\t';
    if !line.contains(is_other) {
        return Cow::Borrowed(line);
    }
    let shown = |c| if is_mark(c) { Some(BRACKET) } else { Some(c).filter(|c| !is_other(*c)) };
    Cow::Owned(line.chars().filter_map(shown).collect())
}

fn is_mark(c: char) -> bool {
    (FIRST..FIRST + MOST as u32).contains(&u32::from(c))
}

fn mark(number: usize) -> Option<char> {
    u32::try_from(number).ok().filter(|_| number < MOST).and_then(|number| char::from_u32(FIRST + number))
}

fn number(mark: char) -> usize {
    (u32::from(mark) - FIRST) as usize
}

/// `44 lines]`
fn label(text: &str) -> String {
    match text.lines().count() {
        0 | 1 => format!("{} characters]", text.chars().count()),
        lines => format!("{lines} lines]"),
    }
}

/// What was typed into a label, and what follows it, or as much of it as is left; none if it is none.
fn after_label<'l>(rest: &'l str, label: &str) -> Option<(&'l str, &'l str)> {
    let same = rest.bytes().zip(label.bytes()).take_while(|(a, b)| a == b).count();
    let (begun, rest) = rest.split_at(same);
    let before_next = &rest[..rest.find(is_mark).unwrap_or(rest.len())];
    let end_of = |from: usize| {
        // Behind what was typed stands all that is missing, behind what was deleted the end of it.
        let at = before_next.find(&label[from..]).filter(|at| from == same || *at == 0)?;
        Some((&rest[..at], &rest[at + label.len() - from..]))
    };
    let end = (same..label.len()).find_map(end_of);
    end.or_else(|| (!begun.is_empty() || rest.is_empty()).then_some(("", rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: InputRoom = InputRoom { rows: 3, columns: 20 };

    #[test]
    fn what_fits_is_left_alone_and_what_does_not_is_one_label() {
        let folds = Folds::default();
        for text in ["", "a", "a\nb\nc", &"x".repeat(57)] {
            assert_eq!(folds.folded(ROOM, 2, text), text);
        }
        for (text, label) in
            [("a\nb\nc\n", "[3 lines]"), (&"é".repeat(58), "[58 characters]"), ("\n\n\n{", "[4 lines]")]
        {
            let folded = folds.folded(ROOM, 2, text);
            assert_eq!((&*shown(&folded), &*folds.unfold(&folded)), (label, text));
        }
    }

    #[test]
    fn each_label_stands_for_its_own_text_also_when_it_is_damaged_or_folded_again() {
        let folds = Folds::default();
        let [one, two] = ["1\n1", "2\n2"].map(|text| folds.fold(text));
        assert_eq!(folds.unfold(&format!("a {two} b {one}")), "a 2\n2 b 1\n1");
        assert_eq!(folds.unfold(&one[..one.len() - 3]), "1\n1");
        assert_eq!(folds.unfold(&format!("{one}!")), "1\n1!");
        assert_eq!(folds.unfold(&folds.fold(&format!("{one}\n{two}"))), "1\n1\n2\n2");
        assert_eq!(folds.fold("1\n1"), one);
        assert_eq!(folds.unfold("\u{f1234}"), "\u{f1234}");
    }

    #[test]
    fn what_is_typed_into_a_label_stands_behind_its_text_and_nothing_of_the_label_does() {
        let folds = Folds::default();
        let label = folds.fold("1\n1");
        let [mark, rest] = [&label[..4], &label[4..]];
        for (typed, sent) in [
            (format!("{mark}2 linXes]"), "1\n1X"),
            (format!("{mark}2 lines X]!"), "1\n1 X!"),
            (format!("{mark}X{rest}"), "1\n1X"),
            (format!("{mark}2 lies]!"), "1\n1!"),
            (format!("{mark} lines]!"), "1\n1!"),
            (format!("{mark}2 li and {label}"), "1\n1 and 1\n1"),
            (mark.to_owned(), "1\n1"),
        ] {
            assert_eq!(folds.unfold(&typed), sent, "{typed}");
        }
    }

    #[test]
    fn private_characters_of_others_stay_as_they_are() {
        let folds = Folds::default();
        folds.fold("1\n1");
        for typed in ["\u{f0000} main", "\u{100000} main", "\u{100001}"] {
            assert_eq!(folds.unfold(typed), typed);
        }
        assert_eq!(shown("\u{f0000} main"), "\u{f0000} main");
    }

    #[test]
    fn a_line_that_does_not_fit_is_folded_where_there_is_something() {
        let folds = Folds::default();
        let long = "x".repeat(30);
        let seen = |sides: [&str; 2]| folds.folded_sides(ROOM, 2, sides).map(|side| shown(&side).into_owned());
        assert_eq!(seen(["", &long]), ["", "[30 characters]"]);
        assert_eq!(seen([&long, ""]), ["[30 characters]", ""]);
        assert_eq!(seen([&long, &long]), ["[30 characters]", &long]);
        // Together they do not fit even so.
        assert_eq!(seen([&folds.fold(&long), &long]), ["[30 characters]", "[30 characters]"]);
    }

    #[test]
    fn a_whole_label_is_known_by_its_end() {
        let folds = Folds::default();
        let label = folds.fold("1\n1");
        assert_eq!(folds.label_before(&format!("x{label}")), label.chars().next());
        assert_eq!(folds.label_before(&format!("{label}x")), None);
        assert_eq!(folds.label_before("2 lines]"), None);
    }

    #[test]
    fn a_line_that_is_typed_drives_no_terminal() {
        assert_eq!(shown("a\x07\x1b[31m\u{9b}b\n\tc"), "a[31mb\n\tc");
    }
}
