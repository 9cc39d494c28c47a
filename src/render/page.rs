//! The body of a refusal as it is shown: text as it is, HTML as its text and ten lines of it, anything else in words.
//!
//! Plain code. The caller that shows it escapes hostile text.

use super::html;
use crate::handshake::Refusal;
use crate::text::units::counted;

/// How much of a page is shown: rows, and how wide those are.
const ROOM: (usize, usize) = (10, 80);

/// A body to be shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) text: String,
    /// What has to be said about it.
    pub(crate) note: Option<&'static str>,
}

/// `whole`: HTML is shown as it came, to its end.
pub(crate) fn page(refusal: &Refusal, whole: bool) -> Page {
    let kind = refusal.response.field("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let goes_on = refusal.is_cut.then_some("the body is longer than this");
    if refusal.body.is_empty() {
        return Page { text: String::new(), note: goes_on };
    }
    let Some(text) = text_of(refusal, &kind) else {
        return Page { text: in_words(refusal, &kind), note: None };
    };
    let text = text.trim_end();
    if whole || !is_html(&kind, text) {
        return Page { text: text.to_owned(), note: goes_on };
    }
    let text = html::text(text);
    match beginning(&text) {
        shown if shown.len() < text.len() => {
            Page { text: shown.trim_end().to_owned(), note: Some("the page is longer (-v shows all)") }
        }
        _ => Page { text, note: goes_on },
    }
}

/// None for what is not text.
fn text_of(refusal: &Refusal, kind: &str) -> Option<String> {
    let body = &refusal.body;
    if refusal.coding.is_some() || body.contains(&0) {
        return None;
    }
    let is_text = match std::str::from_utf8(body) {
        Ok(_) => true,
        // Cut within a character.
        Err(error) if refusal.is_cut && error.error_len().is_none() => true,
        // Some other character set, of which most is ASCII.
        Err(_) => ["text/", "application/json", "application/xml"].iter().any(|known| kind.starts_with(known)),
    };
    is_text.then(|| String::from_utf8_lossy(body).into_owned())
}

/// `4123 bytes of br-compressed body`
fn in_words(refusal: &Refusal, kind: &str) -> String {
    let more = if refusal.is_cut { "more than " } else { "" };
    let part = |bytes: &[u8]| format!("({more}{} of ", counted(bytes.len(), "byte"));
    match (&refusal.coding, kind) {
        (Some(coding), _) => part(&refusal.raw_body) + coding + "-compressed body)",
        (None, "") => part(&refusal.body) + "body, no text)",
        (None, kind) => part(&refusal.body) + kind + ")",
    }
}

fn is_html(kind: &str, text: &str) -> bool {
    let begins = |tag: &str| text.trim_start().get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag));
    match kind {
        "text/html" | "application/xhtml+xml" => true,
        "" => begins("<!doctype html") || begins("<html"),
        _ => false,
    }
}

/// The beginning that fills the room at most.
fn beginning(text: &str) -> &str {
    let (rows, width) = ROOM;
    let (mut left, mut end) = (rows * width, 0);
    for line in text.split_inclusive('\n') {
        // Also a short line takes a row.
        let taken = line.chars().count().div_ceil(width).max(1) * width;
        if taken > left {
            return if end > 0 { &text[..end] } else { &text[..text.floor_char_boundary(left)] };
        }
        left -= taken;
        end += line.len();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::head::Response;
    use crate::request::Header;

    fn refusal(kind: &str, body: impl Into<Vec<u8>>) -> Refusal {
        let fields = vec![Header::new("Content-Type", kind)];
        let (reason, head, interim) = (String::new(), String::new(), Vec::new());
        let response = Response { minor_version: 1, status: 400, reason, fields, head, interim };
        let body = body.into();
        Refusal {
            response,
            raw_body: body.clone(),
            body,
            coding: None,
            is_cut: false,
            sent: Default::default(),
            keeps_open: false,
        }
    }

    fn shown(kind: &str, body: impl Into<Vec<u8>>) -> String {
        page(&refusal(kind, body), false).text
    }

    #[test]
    fn text_is_shown_and_anything_else_is_named() {
        assert_eq!(shown("text/plain", "no\n  entry\n\n"), "no\n  entry");
        assert_eq!(shown("", "{\"é\":1}"), "{\"é\":1}");
        assert_eq!(shown("text/plain; charset=latin1", b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(shown("image/png", b"\x89PNG\0\xff"), "(6 bytes of image/png)");
        assert_eq!(shown("", b"\xff\xfe"), "(2 bytes of body, no text)");
        assert_eq!(shown("text/plain", ""), "");
        let compressed = Refusal { coding: Some("br".to_owned()), ..refusal("text/html", "abc") };
        assert_eq!(page(&compressed, true).text, "(3 bytes of br-compressed body)");
        let cut = Refusal { is_cut: true, ..refusal("", "é".as_bytes()[..1].to_vec()) };
        let expected = Page { text: "\u{fffd}".to_owned(), note: Some("the body is longer than this") };
        assert_eq!(page(&cut, false), expected);
    }

    #[test]
    fn html_is_its_text_up_to_ten_lines_or_all_of_it_as_it_came() {
        let long = format!("<html>{}", "<p>not here</p>\n".repeat(4000));
        for kind in ["text/html; charset=utf-8", "TEXT/HTML", ""] {
            let Page { text, note } = page(&refusal(kind, &*long), false);
            assert_eq!(text, ["not here"; 10].join("\n"), "{kind}");
            assert_eq!(note, Some("the page is longer (-v shows all)"));
        }
        assert_eq!(page(&refusal("text/html", &*long), true).text, long.trim_end());
        assert_eq!(shown("text/html", "<h1>404</h1><hr>nginx"), "404\nnginx");
        assert_eq!(shown("text/html", "x".repeat(5000)), "x".repeat(10 * 80));
        assert_eq!(shown("text/html", "é".repeat(5000)).chars().count(), 10 * 40);
    }
}
