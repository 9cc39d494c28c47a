//! Which schemes of authentication an answer offers (RFC 9110, section 11.6.1).
//!
//! Plain code: a list of challenges may be in one field or in several, and its commas are between challenges as well as
//! between the parameters of one.

use super::head::values;
use crate::request::{Header, is_token};

/// A scheme that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    parameters: Vec<(String, String)>,
    /// What stands in place of parameters, as NTLM has it (token68).
    pub(crate) token: Option<String>,
}

impl Challenge {
    /// All that the fields of that name offer.
    pub(crate) fn all(fields: &[Header], name: &str) -> Vec<Self> {
        values(fields, name).flat_map(Self::from_value).collect()
    }

    fn from_value(value: &str) -> Vec<Self> {
        let mut challenges: Vec<Self> = Vec::new();
        for element in elements(value) {
            if let Some(parameter) = parameter(element) {
                challenges.last_mut().into_iter().for_each(|challenge| challenge.parameters.push(parameter.clone()));
                continue;
            }
            let (scheme, rest) = element.split_once([' ', '\t']).unwrap_or((element, ""));
            if is_token(scheme) {
                let (scheme, rest) = (scheme.to_owned(), rest.trim());
                let parameter = parameter(rest);
                let token = (parameter.is_none() && !rest.is_empty()).then(|| rest.to_owned());
                challenges.push(Self { scheme, parameters: parameter.into_iter().collect(), token });
            }
        }
        challenges
    }

    pub(crate) fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Why the last attempt failed, if the server says so (RFC 6750, section 3).
    pub(crate) fn error(&self) -> Option<&str> {
        self.parameter("error_description").or_else(|| self.parameter("error"))
    }

    /// The value of a parameter, without its quotes.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let named = self.parameters.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// Reads what a client answers, which is written like one challenge.
    pub(crate) fn from_answer(value: &str) -> Option<Self> {
        Self::from_value(value).into_iter().next()
    }
}

/// What is between commas, those in quotes left alone.
fn elements(value: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = value.split(move |c| {
        let is_literal = std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted && !is_literal => is_escaped = true,
            '"' if !is_literal => is_quoted = !is_quoted,
            _ => {}
        }
        c == ',' && !is_quoted
    });
    parts.map(str::trim).filter(|element| !element.is_empty())
}

/// `name=value` or `name="value"`, with blanks around the `=` if need be.
fn parameter(element: &str) -> Option<(String, String)> {
    let (name, value) = element.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    // `abc==` is a token68.
    if !is_token(name) || value.is_empty() || value.starts_with('=') {
        return None;
    }
    Some((name.to_owned(), unquoted(value)))
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut is_escaped = false;
    let is_kept = |c: &char| {
        is_escaped = *c == '\\' && !is_escaped;
        !is_escaped
    };
    inner.chars().filter(is_kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(values: &[&str]) -> Vec<String> {
        let fields: Vec<_> = values.iter().map(|value| Header::new("www-Authenticate", *value)).collect();
        let shown = |challenge: Challenge| {
            let parameters = challenge.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
            parameters.fold(challenge.scheme.clone(), |shown, parameter| shown + &parameter)
        };
        Challenge::all(&fields, "WWW-Authenticate").into_iter().map(shown).collect()
    }

    #[test]
    fn challenges_are_told_apart_in_one_field_and_in_several() {
        for (values, expected) in [
            (&["Basic realm=\"r\""][..], &["Basic realm=r"][..]),
            (&["Basic"], &["Basic"]),
            // RFC 9110, section 11.6.1.
            (
                &["Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\""],
                &["Basic realm=simple", "Newauth realm=apps type=1 title=Login to \"apps\""],
            ),
            (&["Digest realm=\"a, b\", qop = \"auth\"", "NTLM"], &["Digest realm=a, b qop=auth", "NTLM"]),
            (&["Negotiate abc==, Basic realm=x"], &["Negotiate", "Basic realm=x"]),
            (&["Negotiate abc=, ,Basic"], &["Negotiate", "Basic"]),
            (&["Negotiate, NTLM,Basic realm=\"\\\\\""], &["Negotiate", "NTLM", "Basic realm=\\"]),
            (&["Basic realm=\"never closed, Digest"], &["Basic realm=never closed, Digest"]),
            (&["realm=x", "", ",", "\"quoted\"", "b/d"], &[]),
        ] {
            assert_eq!(offered(values), expected, "{values:?}");
        }
    }

    #[test]
    fn why_a_token_was_refused_is_found() {
        let error = |value| Challenge::from_value(value)[0].error().map(str::to_owned);
        let expired = "Bearer error=\"invalid_token\", error_description=\"The token expired\"";
        assert_eq!(error(expired).as_deref(), Some("The token expired"));
        assert_eq!(error("Bearer realm=x, error=invalid_token").as_deref(), Some("invalid_token"));
        assert_eq!(error("Bearer realm=x"), None);
    }
}
