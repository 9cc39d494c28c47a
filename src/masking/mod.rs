//! What is secret in a URL, a header field or a subprotocol, and how it may be shown: the one place that knows.
//!
//! Plain code from text to text; `***` stands for a secret. Whether secrets are shown at all (`--record-secrets`) is for the
//! caller to say.

mod name;
mod subprotocol;
mod url;

pub(crate) use self::name::is_secret_field;
pub(crate) use self::subprotocol::{chosen_subprotocol, subprotocols};
pub(crate) use self::url::{reference, typed};

/// What stands for a secret.
pub(crate) const MASK: &str = "***";

/// The value of a header field: `***` for a secret, with its scheme where there is one.
pub(crate) fn field(name: &str, value: &str) -> String {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if is("Sec-WebSocket-Protocol") {
        return subprotocols(value).shown.join(", ");
    }
    if !is_secret_field(name) {
        return words(value);
    }
    match value.split_once(' ') {
        Some((scheme, _)) if is("Authorization") || is("Proxy-Authorization") => format!("{scheme} {MASK}"),
        _ => MASK.to_owned(),
    }
}

/// The head of a request or an answer, as it went over the wire.
pub(crate) fn head(head: &str) -> String {
    let mut shown = String::with_capacity(head.len());
    let mut is_secret = false;
    for line in head.split_inclusive('\n') {
        let text = line.trim_end_matches(['\r', '\n']);
        let end = &line[text.len()..];
        match split(text) {
            // A field that continues in the next line (RFC 9112, section 5.2).
            _ if is_secret && text.starts_with([' ', '\t']) => shown.push_str(MASK),
            Some((name, value)) if !shown.is_empty() => {
                is_secret = is_secret_field(name.trim());
                let value = value.trim();
                shown.push_str(&if field(name.trim(), value) == value {
                    text.to_owned()
                } else {
                    format!("{name}: {}", field(name.trim(), value))
                });
            }
            _ => shown.push_str(&words(text)),
        }
        shown.push_str(end);
    }
    shown
}

/// Name and value of a line; the name of a pseudo-header field of HTTP/2 begins with a colon.
fn split(line: &str) -> Option<(&str, &str)> {
    let at = line.match_indices(':').map(|(at, _)| at).find(|at| *at > 0)?;
    Some((&line[..at], &line[at + 1..]))
}

/// A text in which URLs may stand.
pub(crate) fn words(text: &str) -> String {
    let is_between = |c: char| c.is_whitespace() || "<>\"`".contains(c);
    text.split_inclusive(is_between)
        .map(|word| {
            let url = word.trim_end_matches(is_between);
            reference(url) + &word[url.len()..]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_shown_without_its_secret() {
        for (name, value, shown) in [
            ("Authorization", "Bearer x", "Bearer ***"),
            ("authorization", "x", "***"),
            ("Cookie", "a=1; b=2", "***"),
            ("X-Auth-User", "x y", "***"),
            ("Sec-WebSocket-Key", "dGhl", "dGhl"),
            ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=9", ""),
            ("Sec-WebSocket-Protocol", "v4.channel.k8s.io, bearer.sesame", "v4.channel.k8s.io, bearer.***"),
            ("Location", "https://me:sesame@h/?a=1&token=sesame", "https://***@h/?a=1&token=***"),
            ("Location", "/x?sig=sesame#access_token=sesame", "/x?sig=***#access_token=***"),
            ("Link", "<https://h/?key=sesame>; rel=next", "<https://h/?key=***>; rel=next"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux)", ""),
        ] {
            let shown = if shown.is_empty() { value } else { shown };
            assert_eq!(field(name, value), shown, "{name}: {value}");
        }
    }

    #[test]
    fn a_head_is_shown_as_it_came_but_for_its_secrets() {
        let came = "GET /x?token=sesame&y=1 HTTP/1.1\r\nHost:h\r\nX-Api-Key:sesame\r\n sesame\r\n\
            Referer: http://h/?key=sesame\r\n\r\n";
        let shown = "GET /x?token=***&y=1 HTTP/1.1\r\nHost:h\r\nX-Api-Key: ***\r\n***\r\n\
            Referer: http://h/?key=***\r\n\r\n";
        assert_eq!(head(came), shown);
        let came = ":method: CONNECT\r\n:authority: h\r\n:path: /x?token=sesame&y=1\r\ncookie: a=1\r\n\r\n";
        let shown = ":method: CONNECT\r\n:authority: h\r\n:path: /x?token=***&y=1\r\ncookie: ***\r\n\r\n";
        assert_eq!(head(came), shown);
    }
}
