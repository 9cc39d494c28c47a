//! Expected and received text side by side, line by line: how a mismatch is shown.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices_deadline, diff_ratio};

/// Two long texts with nothing in common take time to compare; after this the rest counts as different.
const PATIENCE: Duration = Duration::from_millis(200);

/// How many unchanged lines are shown around a change.
const AROUND: usize = 3;

/// How many of the enclosing lines of a change are shown: the innermost.
const DEEPEST: usize = 12;

/// More lines than this are no help.
const LONGEST: usize = 60;

/// A peer may send millions of them; more lines of one kind are not useful.
const MOST_LINES: usize = 10_000;

/// How much of a line is compared, in characters.
const WIDEST: usize = 1000;

/// Two lines with less in common than this share letters rather than words.
const ALIKE: f32 = 0.5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiffLine {
    pub(crate) side: DiffSide,
    pub(crate) spans: Vec<DiffSpan>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffSide {
    Both,
    Expected,
    Came,
    /// Lines are left out here.
    Gap,
}

/// A piece of a line; `differs` if the opposite line differs here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiffSpan {
    pub(crate) text: String,
    pub(crate) differs: bool,
}

impl DiffLine {
    pub(crate) fn new(side: DiffSide, text: impl Into<String>) -> Self {
        Self { side, spans: vec![DiffSpan { text: text.into(), differs: false }] }
    }

    /// A text of several lines, as far as it is worth showing.
    pub(crate) fn of_each(side: DiffSide, text: &str) -> Vec<Self> {
        shortened(text).lines().map(|line| Self::new(side, line)).collect()
    }

    pub(crate) fn expected(text: impl Into<String>) -> Self {
        Self::new(DiffSide::Expected, shortened(&text.into()))
    }

    pub(crate) fn came(text: impl Into<String>) -> Self {
        Self::new(DiffSide::Came, shortened(&text.into()))
    }

    /// How many spaces it begins with, if there is anything after them.
    fn indentation(&self) -> Option<usize> {
        self.spans.first()?.text.find(|letter| letter != ' ')
    }
}

/// Compares two texts: character by character if both have one line, else line by line.
pub(crate) fn diff(expected: &str, came: &str) -> Vec<DiffLine> {
    let deadline = Instant::now() + PATIENCE;
    if !expected.contains('\n') && !came.contains('\n') {
        return one_line(expected, came, deadline);
    }
    let lines = |text| <str>::split(text, '\n').take(MOST_LINES).collect::<Vec<_>>();
    let (old, new) = (lines(expected), lines(came));
    let mut numbers = HashMap::new();
    let [old_numbers, new_numbers] = [&old, &new].map(|lines| numbered(lines, &mut numbers));
    let shown = |side, line: &&str| DiffLine::new(side, shortened(line));
    let mut lines = Vec::new();
    for change in changes(&old_numbers, &new_numbers, deadline) {
        let (before, after) = (&old[change.old_range()], &new[change.new_range()]);
        if change.tag() == DiffTag::Equal {
            lines.extend(after.iter().map(|line| shown(DiffSide::Both, line)));
        } else {
            lines.extend(before.iter().map(|line| shown(DiffSide::Expected, line)));
            lines.extend(after.iter().map(|line| shown(DiffSide::Came, line)));
        }
    }
    worth_showing(lines)
}

/// A number for each line, the same for those that are equal.
fn numbered<'t>(lines: &[&'t str], numbers: &mut HashMap<&'t str, u32>) -> Vec<u32> {
    let mut number = |line: &&'t str| {
        let next = u32::try_from(numbers.len()).expect("there are few lines");
        *numbers.entry(line).or_insert(next)
    };
    lines.iter().map(&mut number).collect()
}

/// Compares lines or letters by their numbers: the library is compiled once for both.
fn changes(old: &[u32], new: &[u32], deadline: Instant) -> Vec<DiffOp> {
    capture_diff_slices_deadline(Algorithm::Myers, old, new, Some(deadline))
}

fn one_line(expected: &str, came: &str, deadline: Instant) -> Vec<DiffLine> {
    let (expected, came) = (shortened(expected), shortened(came));
    let (old, new): (Vec<_>, Vec<_>) = (expected.chars().collect(), came.chars().collect());
    let numbers = |text: &[char]| text.iter().map(|letter| u32::from(*letter)).collect::<Vec<_>>();
    let changes = changes(&numbers(&old), &numbers(&new), deadline);
    if diff_ratio(&changes, old.len(), new.len()) < ALIKE {
        return vec![DiffLine::new(DiffSide::Expected, expected), DiffLine::new(DiffSide::Came, came)];
    }
    let spans = |range: fn(&DiffOp) -> std::ops::Range<usize>, text: &[char]| {
        let span = |change: &DiffOp| DiffSpan {
            text: text[range(change)].iter().collect(),
            differs: change.tag() != DiffTag::Equal,
        };
        changes.iter().map(span).filter(|span| !span.text.is_empty()).collect()
    };
    vec![
        DiffLine { side: DiffSide::Expected, spans: spans(DiffOp::old_range, &old) },
        DiffLine { side: DiffSide::Came, spans: spans(DiffOp::new_range, &new) },
    ]
}

/// The changes, their context, and what encloses them.
fn worth_showing(lines: Vec<DiffLine>) -> Vec<DiffLine> {
    let mut is_shown = vec![false; lines.len()];
    let changed = (0..lines.len()).filter(|&at| lines[at].side != DiffSide::Both);
    for at in changed.take(LONGEST) {
        is_shown[at.saturating_sub(AROUND)..lines.len().min(at + AROUND + 1)].fill(true);
        for around in enclosing(&lines, at) {
            is_shown[around] = true;
        }
    }
    let mut shown: Vec<DiffLine> = Vec::new();
    for (line, is_shown) in lines.into_iter().zip(is_shown) {
        if is_shown && shown.len() < LONGEST {
            shown.push(line);
        } else if shown.last().is_none_or(|last| last.side != DiffSide::Gap) {
            shown.push(DiffLine::new(DiffSide::Gap, "…"));
        }
    }
    shown
}

/// The lines before it that are indented less and less: in JSON, the keys of the enclosing values.
fn enclosing(lines: &[DiffLine], at: usize) -> Vec<usize> {
    let mut inner = lines[at].indentation().unwrap_or(0);
    let mut found = Vec::new();
    for before in (0..at).rev() {
        if inner == 0 || found.len() == DEEPEST {
            break;
        }
        if let Some(outer) = lines[before].indentation().filter(|&outer| outer < inner) {
            found.push(before);
            inner = outer;
        }
    }
    found
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}… [{} bytes]", &line[..end], line.len()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[…]` is around what differs.
    fn shown(expected: &str, came: &str) -> String {
        let line = |line: &DiffLine| {
            let sign = match line.side {
                DiffSide::Both => " ",
                DiffSide::Expected => "-",
                DiffSide::Came => "+",
                DiffSide::Gap => "~",
            };
            let span = |span: &DiffSpan| if span.differs { format!("[{}]", span.text) } else { span.text.clone() };
            format!("{sign}{}", line.spans.iter().map(span).collect::<String>())
        };
        diff(expected, came).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_line_is_compared_by_characters() {
        assert_eq!(shown("hello world", "hello, wrld"), "-hello w[o]rld\n+hello[,] wrld");
        assert_eq!(shown("abc", "xyz"), "-abc\n+xyz");
    }

    #[test]
    fn several_lines_are_compared_as_lines_with_some_around() {
        let before = "1\n2\n3\n4\n5";
        assert_eq!(shown(&format!("{before}\na\nz"), &format!("{before}\nb\nz")), "~…\n 3\n 4\n 5\n-a\n+b\n z");
        assert_eq!(shown("a", "a\nb"), " a\n+b");
    }

    #[test]
    fn what_a_change_stands_in_is_shown_however_far_above() {
        let text = |n: u32| {
            let before = "    \"other\": 0,\n".repeat(5);
            format!("{{\n  \"user\": {{\n{before}    \"age\": {n}\n  }},\n  \"a\": 1\n}}")
        };
        assert_eq!(
            shown(&text(1), &text(2)).lines().collect::<Vec<_>>(),
            [
                " {",
                "   \"user\": {",
                "~…",
                "     \"other\": 0,",
                "     \"other\": 0,",
                "     \"other\": 0,",
                "-    \"age\": 1",
                "+    \"age\": 2",
                "   },",
                "   \"a\": 1",
                " }",
            ]
        );
    }

    #[test]
    fn of_what_a_deep_change_stands_in_the_innermost_is_shown() {
        let text = |end| (0..100).map(|depth| format!("{}{depth}\n", " ".repeat(depth))).collect::<String>() + end;
        let deep = " ".repeat(100);
        let shown = shown(&text(&format!("{deep}a")), &text(&format!("{deep}b")));
        let lines: Vec<_> = shown.lines().map(str::trim).collect();
        assert_eq!((lines.len(), lines[..2].to_vec()), (1 + DEEPEST + 2, vec!["~…", "88"]));
        assert!(lines[DEEPEST + 1].ends_with('a') && lines[DEEPEST + 2].ends_with('b'), "{shown}");
    }

    #[test]
    fn of_very_many_lines_the_first_are_compared() {
        let many = "\n".repeat(2 * MOST_LINES);
        assert_eq!(shown(&format!("a{many}b"), &format!("a{many}c")), "~…");
        assert!(diff(&format!("x{many}"), "y\nz").len() <= LONGEST + 2);
    }

    #[test]
    fn what_is_long_is_cut() {
        let (numbers, others): (String, String) =
            (0..5000).map(|at| (format!("{at}\n"), format!("{at} {at}\n"))).unzip();
        assert_eq!(diff(&numbers, &others).len(), LONGEST + 1);
        let line = &diff("a", &"é".repeat(5000))[1].spans[0].text;
        assert!(line.ends_with("… [10000 bytes]") && line.chars().count() < 1100, "{line}");
    }
}
