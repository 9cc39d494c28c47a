//! The text of a page: what a reader would see of it, without the marks.
//!
//! Plain code, for pages that say why something was refused: no layout, and nothing is run or looked up.

/// What is between these is not for readers.
const HIDDEN: [&str; 5] = ["script", "style", "svg", "template", "noscript"];

/// These stand within a line; all other marks end it.
const INLINE: [&str; 16] =
    ["a", "abbr", "b", "big", "code", "em", "font", "i", "kbd", "mark", "small", "span", "strong", "sub", "sup", "u"];

/// The entities that such pages use.
const ENTITIES: [(&str, char); 8] = [
    ("lt;", '<'),
    ("gt;", '>'),
    ("amp;", '&'),
    ("quot;", '"'),
    ("apos;", '\''),
    ("nbsp;", ' '),
    ("copy;", '©'),
    ("middot;", '·'),
];

/// Digits of a character in an entity, with its `x` and `;`.
const LONGEST_NUMBER: usize = 10;

/// The text, with a line for each block that has any.
pub(super) fn text(html: &str) -> String {
    let mut text = Text::default();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.as_bytes() {
            [b'<', next, ..] if next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?') => {
                mark(rest, &mut text)
            }
            [b'&', ..] => entity(&rest[1..], &mut text),
            _ => {
                text.push("<");
                &rest[1..]
            }
        };
    }
    text.push(rest);
    text.end_line();
    text.lines.join("\n")
}

/// Takes a mark, and what it hides; returns what follows.
fn mark<'h>(rest: &'h str, text: &mut Text) -> &'h str {
    if let Some(comment) = rest.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, after)| after);
    }
    let (inner, after) = rest[1..].split_once('>').unwrap_or((&rest[1..], ""));
    let is_end = inner.starts_with('/');
    let name = inner.trim_start_matches('/');
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
    if !INLINE.contains(&&*name) {
        text.end_line();
    }
    if name == "pre" {
        text.is_set = !is_end;
    }
    if !is_end && HIDDEN.contains(&&*name) && !inner.ends_with('/') { behind_end(after, &name) } else { after }
}

/// What follows `</name>`.
fn behind_end<'h>(html: &'h str, name: &str) -> &'h str {
    let mut rest = html;
    while let Some((_, end)) = rest.split_once("</") {
        if end.get(..name.len()).is_some_and(|other| other.eq_ignore_ascii_case(name)) {
            return end.split_once('>').map_or("", |(_, after)| after);
        }
        rest = end;
    }
    ""
}

/// Takes what is after an `&`; returns what follows.
fn entity<'h>(rest: &'h str, text: &mut Text) -> &'h str {
    let known = ENTITIES.iter().find_map(|(name, c)| rest.strip_prefix(name).map(|after| (*c, after)));
    let Some((c, after)) = known.or_else(|| numbered(rest)) else {
        text.push("&");
        return rest;
    };
    text.push(c.encode_utf8(&mut [0; 4]));
    after
}

/// `#39;` and `#x27;`
fn numbered(rest: &str) -> Option<(char, &str)> {
    let rest = rest.strip_prefix('#')?;
    // Not to the end of the page for each of many.
    let end = rest.bytes().take(LONGEST_NUMBER).position(|byte| byte == b';')?;
    let (number, after) = (&rest[..end], &rest[end + 1..]);
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some((char::from_u32(number)?, after))
}

#[derive(Default)]
struct Text {
    lines: Vec<String>,
    line: String,
    /// Lines and blanks are set as they stand (`<pre>`).
    is_set: bool,
}

impl Text {
    /// Blanks and line ends are all one blank, unless they are set.
    fn push(&mut self, piece: &str) {
        for c in piece.chars() {
            match c {
                '\n' if self.is_set => self.end_line(),
                c if self.is_set || !c.is_whitespace() => self.line.push(c),
                _ if self.line.is_empty() || self.line.ends_with(' ') => {}
                _ => self.line.push(' '),
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_end();
        if !line.is_empty() {
            self.lines.push(line.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end_and_not_made_longer(
            pieces in prop::collection::vec("<|>|</|<!--|-->|&|;|#x?|script|pre|p|é| |\n|[a-z0-9]", 0..60),
        ) {
            let html = pieces.concat();
            let read = text(&html);
            prop_assert!(read.len() <= html.len() + 1, "{html:?} {read:?}");
            prop_assert!(read.lines().all(|line| !line.trim().is_empty()));
        }
    }

    #[test]
    fn a_page_is_read_without_its_marks() {
        for (html, read) in [
            (
                "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n\
                 <hr><center>nginx/1.26</center>\r\n</body></html>",
                "404 Not Found\n404 Not Found\nnginx/1.26",
            ),
            ("<!DOCTYPE html><pre>Cannot GET <b>/x</b></pre>", "Cannot GET /x"),
            ("<pre>\nat  <i>a</i>\n  at b\n</pre>c\n d", "at  a\n  at b\nc d"),
            ("<style>\np < q { }\n</style>a<script>if (a<b) { \"</p>\" }</SCRIPT >b", "a\nb"),
            ("<script src=x />a", "a"),
            ("a<!-- <p>hidden --> b", "a b"),
            (
                "a &lt;b&gt; &amp;lt; &#39;c&#x27; &unknown; &#xffffffff; d&nbsp;&nbsp;e",
                "a <b> &lt; 'c' &unknown; &#xffffffff; d e",
            ),
            ("1 < 2, <", "1 < 2, <"),
            ("<p>one\n  two<br>three</p><p></p><p>four", "one two\nthree\nfour"),
            ("<a href=\"x\">go</a> <SPAN>on</SPAN>", "go on"),
            ("plain", "plain"),
            ("", ""),
            ("<", "<"),
            ("<p", ""),
            ("<!-- never closed", ""),
            ("<script>never closed", ""),
            ("<é>", "<é>"),
        ] {
            assert_eq!(text(html), read, "{html}");
        }
    }
}
