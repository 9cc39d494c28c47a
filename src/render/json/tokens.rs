//! The tokens of a JSON text, white space among them, as slices of it.

use memchr::memchr2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Space,
    Open,
    Close,
    Comma,
    Colon,
    Key,
    String,
    Number,
    Literal,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind,
    pub(super) text: &'t str,
}

/// Cuts a text where JSON would; what is not JSON becomes literals, and nothing is lost.
pub(super) struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { rest: text }
    }

    /// What has not been cut yet.
    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let (kind, len) = match self.rest.bytes().next()? {
            b' ' | b'\n' | b'\r' | b'\t' => (TokenKind::Space, self.until(|c| !is_space(c))),
            b'{' | b'[' => (TokenKind::Open, 1),
            b'}' | b']' => (TokenKind::Close, 1),
            b',' => (TokenKind::Comma, 1),
            b':' => (TokenKind::Colon, 1),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => (TokenKind::Number, self.until(ends_scalar)),
            _ => (TokenKind::Literal, self.until(ends_scalar)),
        };
        let (text, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(Token { kind, text })
    }
}

impl Tokens<'_> {
    fn until(&self, end: fn(char) -> bool) -> usize {
        self.rest.find(end).unwrap_or(self.rest.len())
    }

    fn string(&self) -> (TokenKind, usize) {
        let bytes = self.rest.as_bytes();
        let mut end = 1;
        while let Some(found) = memchr2(b'"', b'\\', bytes.get(end..).unwrap_or_default()) {
            end += found + 1;
            if bytes[end - 1] == b'"' {
                let is_key = self.rest[end..].trim_start_matches(is_space).starts_with(':');
                return (if is_key { TokenKind::Key } else { TokenKind::String }, end);
            }
            end += 1;
        }
        (TokenKind::String, bytes.len())
    }
}

/// RFC 8259, section 2
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r' | '\t')
}

fn ends_scalar(c: char) -> bool {
    is_space(c) || matches!(c, '{' | '}' | '[' | ']' | ',' | ':' | '"')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_where_json_would_cut_it() {
        let text = r#"{"a\"" :[-1.5e3,"b]\\",true]}é ""#;
        let tokens: Vec<_> = Tokens::of(text).map(|token| (token.kind, token.text)).collect();
        let expected = [
            (TokenKind::Open, "{"),
            (TokenKind::Key, r#""a\"""#),
            (TokenKind::Space, " "),
            (TokenKind::Colon, ":"),
            (TokenKind::Open, "["),
            (TokenKind::Number, "-1.5e3"),
            (TokenKind::Comma, ","),
            (TokenKind::String, r#""b]\\""#),
            (TokenKind::Comma, ","),
            (TokenKind::Literal, "true"),
            (TokenKind::Close, "]"),
            (TokenKind::Close, "}"),
            (TokenKind::Literal, "é"),
            (TokenKind::Space, " "),
            (TokenKind::String, "\""),
        ];
        assert_eq!(tokens, expected);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_of_any_text(text in r#"([\[\]{}:,"\\ \n1a]|.){0,40}"#) {
            let cut: String = Tokens::of(&text).map(|token| token.text).collect();
            prop_assert_eq!(cut, text);
        }
    }
}
