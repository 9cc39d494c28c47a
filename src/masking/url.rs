//! URLs: user and password, and what of a query or a fragment is secret.

use super::MASK;
use super::name::is_secret_parameter;
use crate::target::percent_decoded;

/// How often a value is decoded in search of a URL in it: a peer may have written it in layers without end.
const LAYERS: u8 = 2;

/// What base64 makes of `{"`: a JWT, or another object of JSON.
const JSON: &str = "eyJ";

/// The shortest of those that is taken for a secret.
const SHORTEST_JSON: usize = 20;

/// A URL, or a reference that is relative to one, as a peer wrote it.
pub(crate) fn reference(text: &str) -> String {
    without_parameters(&without_user(text, false), LAYERS)
}

/// What was typed as a URL. It need not be one, so that all before the last `@` may be a password.
pub(crate) fn typed(text: &str) -> String {
    let (indent, url) = text.split_at(text.len() - text.trim_start().len());
    format!("{indent}{}", without_parameters(&without_user(url, true), LAYERS))
}

/// `is_typed`: a password may have the marks in it that end the authority of a URL.
fn without_user(text: &str, is_typed: bool) -> String {
    let Some(start) = authority(text, is_typed) else { return text.to_owned() };
    let rest = &text[start..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let user = if is_typed && rest[..end].contains([':', '@']) { rest.rfind('@') } else { rest[..end].rfind('@') };
    match user {
        Some(at) => format!("{}{MASK}{}", &text[..start], &rest[at..]),
        None => text.to_owned(),
    }
}

/// Where the authority begins; what was typed need not have a scheme.
fn authority(text: &str, is_typed: bool) -> Option<usize> {
    let may_be_scheme = |scheme: &str| scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    match text.split_once("//") {
        Some(("", _)) => Some(2),
        Some((scheme, _)) if scheme.strip_suffix(':').is_some_and(may_be_scheme) => Some(scheme.len() + 2),
        _ if is_typed && !text.contains("+unix:") => Some(0),
        _ => None,
    }
}

fn without_parameters(text: &str, layers: u8) -> String {
    let is_mark = |c: char| "?&#".contains(c);
    let begin = text.find(|c| is_mark(c) || c == ';').unwrap_or(text.len());
    let mut shown = text[..begin].to_owned();
    for piece in pieces(&text[begin..], is_mark) {
        let mark = piece.find(|c| !is_mark(c)).unwrap_or(piece.len());
        shown.push_str(&piece[..mark]);
        shown.push_str(&parameter(&piece[mark..], layers));
    }
    shown
}

/// Cuts before each mark.
fn pieces(text: &str, is_mark: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let after = first.len_utf8();
        let (piece, left) = rest.split_at(rest[after..].find(&is_mark).map_or(rest.len(), |at| after + at));
        rest = left;
        Some(piece)
    })
}

/// `name=value`; parameters may also have semicolons between them.
fn parameter(text: &str, layers: u8) -> String {
    let Some((name, value)) = text.split_once('=') else { return text.to_owned() };
    // What takes the place of a secret in a script is none.
    let is_given = !value.is_empty() && !value.starts_with("{{");
    if is_given && (is_secret_parameter(&percent_decoded(name)) || is_secret_value(value, layers)) {
        return format!("{name}={MASK}");
    }
    match value.split_once(';') {
        Some((first, rest)) => format!("{name}={};{}", without_user(first, false), parameter(rest, layers)),
        None => format!("{name}={}", without_user(value, false)),
    }
}

fn is_secret_value(value: &str, layers: u8) -> bool {
    let begins_with =
        |beginning: &str| value.get(..beginning.len()).is_some_and(|value| value.eq_ignore_ascii_case(beginning));
    let has_scheme = ["bearer%20", "bearer+", "basic%20", "basic+"].into_iter().any(begins_with);
    has_scheme || value.starts_with(JSON) && value.len() >= SHORTEST_JSON || hides_secret(value, layers)
}

/// Whether it is the URL of something else, with a secret of its own.
fn hides_secret(value: &str, layers: u8) -> bool {
    if layers == 0 || !value.contains('%') {
        return false;
    }
    let plain = percent_decoded(value);
    without_parameters(&without_user(&plain, false), layers - 1) != plain || hides_secret(&plain, layers - 1)
}

/// Where in a word that is not a URL base64 of JSON begins that is long enough to be a token.
pub(super) fn json_in(word: &str) -> Option<usize> {
    let is_begun = |at: usize| !word[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    word.match_indices(JSON).map(|(at, _)| at).find(|at| is_begun(*at) && word.len() - at >= SHORTEST_JSON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_parameter_is_masked_wherever_it_stands() {
        for (url, shown) in [
            ("ws://h/", "ws://h/"),
            ("ws://h/?a=1&b", "ws://h/?a=1&b"),
            ("ws://h/?access_token=sesame", "ws://h/?access_token=***"),
            ("ws://h/?a=1&token=sesame&b=2", "ws://h/?a=1&token=***&b=2"),
            ("/x?%74oken=sesame", "/x?%74oken=***"),
            ("?token=", "?token="),
            ("/x;jsessionid=sesame?a=1", "/x;jsessionid=***?a=1"),
            ("/x?a=1;token=sesame;b", "/x?a=1;token=***"),
            ("/x?token=ses;ame", "/x?token=***"),
            ("/x?token={{token}}", "/x?token={{token}}"),
            ("/x?a=1#id_token=sesame&state=2", "/x?a=1#id_token=***&state=2"),
            ("/x?a=b?token=sesame", "/x?a=b?token=***"),
            ("/x?next=http%3A%2F%2Fh%2F%3Ftoken%3Dsesame", "/x?next=***"),
            ("/x?next=http%253A%252F%252Fme%253Asesame%2540h%252F", "/x?next=***"),
            ("/x?next=http%3A%2F%2Fh%2F%3Fa%3D1", "/x?next=http%3A%2F%2Fh%2F%3Fa%3D1"),
            ("/x?next=http://me:sesame@h/&a=1", "/x?next=http://***@h/&a=1"),
            ("/graphql?header=eyJob3N0IjoiYSIsIngiOiJ5In0&payload=e30", "/graphql?header=***&payload=e30"),
            ("/x?with=Bearer%20sesame", "/x?with=***"),
            ("https://me:sesame@h/", "https://***@h/"),
            ("//me:ses@ame@h/", "//***@h/"),
            ("http://h:80/@me?x=a@b", "http://h:80/@me?x=a@b"),
            ("é?é=é&tokén=x", "é?é=é&tokén=x"),
        ] {
            assert_eq!(reference(url), shown, "{url}");
        }
    }

    #[test]
    fn of_what_was_typed_all_before_the_last_at_sign_may_be_a_password() {
        for (url, shown) in [
            ("ws://user:abc#S3CRET@host/", "ws://***@host/"),
            ("ws://user:a/b?c@host/", "ws://***@host/"),
            ("ws://user:p@ss@host/x", "ws://***@host/x"),
            ("user:pw@host", "***@host"),
            ("user:pw@host/?next=http://a", "***@host/?next=http://a"),
            ("ws://host/?mail=me@x", "ws://host/?mail=me@x"),
            ("host/?token=sesame", "host/?token=***"),
            ("ws+unix:/run/me@1.sock:/x?key=sesame", "ws+unix:/run/me@1.sock:/x?key=***"),
            (":8080/x", ":8080/x"),
        ] {
            assert_eq!(typed(url), shown, "{url}");
        }
    }

    #[test]
    fn a_value_in_layers_without_end_costs_no_stack() {
        let layered = format!("/x?a=%{}", "25".repeat(30_000));
        assert_eq!(reference(&layered), layered);
    }
}
