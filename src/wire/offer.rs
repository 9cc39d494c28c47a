//! How permessage-deflate is negotiated (RFC 7692, sections 5 and 7): offers, answers, and what follows from them.
//!
//! Plain code: the values of `Sec-WebSocket-Extensions` in, terms out.

use std::fmt;

use super::deflate::Terms;

/// The name of the extension.
pub(crate) const NAME: &str = "permessage-deflate";

/// The parameters of an offer, or of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) server_no_context_takeover: bool,
    pub(crate) client_no_context_takeover: bool,
    pub(crate) server_max_window_bits: Option<u8>,
    /// An offer may name it without a value.
    pub(crate) client_max_window_bits: Option<Option<u8>>,
}

/// What both sides keep to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// What the server sends.
    pub(crate) server: Terms,
    /// What the client sends.
    pub(crate) client: Terms,
}

/// What is wrong with an answer, or with an offer of the user's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadTerms {
    #[error("`{0}` is not a parameter of {NAME}")]
    Unknown(String),
    #[error("`{0}` is given twice")]
    Twice(String),
    #[error("`{0}` takes no value")]
    Valued(String),
    #[error("`{name}` is {}, expected 8 to 15", value.as_deref().unwrap_or("without a value"))]
    Bits { name: String, value: Option<String> },
    #[error("`client_max_window_bits` was not offered")]
    Unasked,
    #[error("`{name}` is {got}, more than the {asked} that was offered")]
    Larger { name: &'static str, got: u8, asked: u8 },
    #[error("`{0}` was requested, but is missing")]
    Missing(&'static str),
    #[error("{NAME} is there twice")]
    Repeated,
}

impl Parameters {
    /// Reads what is after the name, without the first semicolon.
    pub(crate) fn read(text: &str) -> Result<Self, BadTerms> {
        let mut read = Self::default();
        for parameter in split(text, ';').map(str::trim).filter(|parameter| !parameter.is_empty()) {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name.trim(), Some(unquoted(value.trim()))),
                None => (parameter, None),
            };
            let twice = || BadTerms::Twice(name.to_owned());
            let bits = || value.and_then(window_bits).ok_or_else(|| bad_bits(name, value));
            match name {
                "server_no_context_takeover" | "client_no_context_takeover" => {
                    let seen = if name.starts_with('s') {
                        &mut read.server_no_context_takeover
                    } else {
                        &mut read.client_no_context_takeover
                    };
                    if std::mem::replace(seen, true) {
                        return Err(twice());
                    }
                    if value.is_some() {
                        return Err(BadTerms::Valued(name.to_owned()));
                    }
                }
                "server_max_window_bits" => {
                    if read.server_max_window_bits.replace(bits()?).is_some() {
                        return Err(twice());
                    }
                }
                "client_max_window_bits" => {
                    let bits = if value.is_some() { Some(bits()?) } else { None };
                    if read.client_max_window_bits.replace(bits).is_some() {
                        return Err(twice());
                    }
                }
                _ => return Err(BadTerms::Unknown(name.to_owned())),
            }
        }
        Ok(read)
    }

    /// As a client: what the server's answer to this offer means.
    ///
    /// # Errors
    /// What the server must not have said (sections 7.1.1 and 7.1.2).
    pub(crate) fn answered(&self, answer: &Self) -> Result<Agreed, BadTerms> {
        if self.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(BadTerms::Missing("server_no_context_takeover"));
        }
        let server_bits = match (self.server_max_window_bits, answer.server_max_window_bits) {
            (Some(_), None) => return Err(BadTerms::Missing("server_max_window_bits")),
            (Some(asked), Some(got)) if got > asked => {
                return Err(BadTerms::Larger { name: "server_max_window_bits", got, asked });
            }
            (_, got) => got,
        };
        let client_bits = match (self.client_max_window_bits, answer.client_max_window_bits) {
            (None, Some(_)) => return Err(BadTerms::Unasked),
            (_, Some(None)) => return Err(bad_bits("client_max_window_bits", None)),
            (Some(Some(asked)), Some(Some(got))) if got > asked => {
                return Err(BadTerms::Larger { name: "client_max_window_bits", got, asked });
            }
            (_, Some(got)) => got,
            // The offer was a hint that we would go without the rest, so we do.
            (asked, None) => asked.flatten(),
        };
        Ok(Agreed {
            server: terms(server_bits, answer.server_no_context_takeover),
            client: terms(client_bits, self.client_no_context_takeover || answer.client_no_context_takeover),
        })
    }

    /// As a server with wishes of its own: the answer to this offer, and what it means.
    ///
    /// The client's window can only be chosen where the offer says so (section 7.1.2.2).
    pub(crate) fn accepted(&self, own: &Self) -> (Self, Agreed) {
        let least = |bits: [Option<u8>; 2]| bits.into_iter().flatten().min();
        let wished = own.client_max_window_bits.flatten();
        let answer = Self {
            server_no_context_takeover: self.server_no_context_takeover || own.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover || own.client_no_context_takeover,
            server_max_window_bits: least([self.server_max_window_bits, own.server_max_window_bits]),
            client_max_window_bits: self
                .client_max_window_bits
                .map(|offered| least([offered, wished]))
                .filter(Option::is_some),
        };
        let agreed = Agreed {
            server: terms(answer.server_max_window_bits, answer.server_no_context_takeover),
            client: terms(answer.client_max_window_bits.flatten(), answer.client_no_context_takeover),
        };
        (answer, agreed)
    }
}

/// All offers of permessage-deflate in the values of the field; one that makes no sense is none.
pub(crate) fn offers<'v>(values: impl Iterator<Item = &'v str>) -> Vec<Parameters> {
    elements(values).filter_map(|(name, rest)| is_ours(name).then(|| Parameters::read(rest).ok())?).collect()
}

/// As a client: what the field in the answer means for these offers.
///
/// # Errors
/// The answer fits none of them; what is wrong with it for the first.
pub(crate) fn answered<'v>(
    offers: &[Parameters],
    values: impl Iterator<Item = &'v str>,
) -> Result<Option<Agreed>, BadTerms> {
    let mut answers = elements(values).filter(|(name, _)| is_ours(name)).map(|(_, rest)| rest);
    let Some(answer) = answers.next() else { return Ok(None) };
    if answers.next().is_some() {
        return Err(BadTerms::Repeated);
    }
    let answer = Parameters::read(answer)?;
    let mut fits = offers.iter().map(|offer| offer.answered(&answer));
    let first = fits.next().unwrap_or(Ok(Agreed::default()));
    first.or_else(|bad| fits.find_map(Result::ok).ok_or(bad)).map(Some)
}

/// The names of the extensions in the values of the field.
pub(crate) fn names<'v>(values: impl Iterator<Item = &'v str>) -> impl Iterator<Item = &'v str> {
    elements(values).map(|(name, _)| name)
}

impl fmt::Display for Parameters {
    /// As it is in the field, the extension's name included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_context_takeover {
            f.write_str("; server_no_context_takeover")?;
        }
        if self.client_no_context_takeover {
            f.write_str("; client_no_context_takeover")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; server_max_window_bits={bits}")?;
        }
        match self.client_max_window_bits {
            Some(Some(bits)) => write!(f, "; client_max_window_bits={bits}"),
            Some(None) => f.write_str("; client_max_window_bits"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Agreed {
    /// For people: `server: window of 15 bits, context takeover; client: …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |terms: Terms| {
            let takeover = if terms.takeover { "context takeover" } else { "no context takeover" };
            format!("window of {} bits, {takeover}", terms.window_bits)
        };
        write!(f, "server: {}; client: {}", shown(self.server), shown(self.client))
    }
}

fn terms(window_bits: Option<u8>, no_takeover: bool) -> Terms {
    Terms { window_bits: window_bits.unwrap_or(15), takeover: !no_takeover }
}

fn is_ours(name: &str) -> bool {
    name.eq_ignore_ascii_case(NAME)
}

/// A decimal number from 8 to 15, without leading zeros.
fn window_bits(text: &str) -> Option<u8> {
    text.parse().ok().filter(|bits| (8..=15).contains(bits) && !text.starts_with(['0', '+']))
}

fn bad_bits(name: &str, value: Option<&str>) -> BadTerms {
    BadTerms::Bits { name: name.to_owned(), value: value.map(str::to_owned) }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// Name and parameters of each extension.
fn elements<'v>(values: impl Iterator<Item = &'v str>) -> impl Iterator<Item = (&'v str, &'v str)> {
    values.flat_map(|value| split(value, ',')).map(str::trim).filter(|element| !element.is_empty()).map(|element| {
        let (name, rest) = element.split_once(';').unwrap_or((element, ""));
        (name.trim(), rest)
    })
}

/// Splits where the separator is not quoted.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parameters {
        Parameters::read(text).unwrap()
    }

    fn both(server: (u8, bool), client: (u8, bool)) -> Agreed {
        let terms = |(window_bits, takeover)| Terms { window_bits, takeover };
        Agreed { server: terms(server), client: terms(client) }
    }

    #[test]
    fn an_answer_is_held_against_the_offer() {
        let bits = |name: &str, value: Option<&str>| Err(bad_bits(name, value));
        let plain = (15, true);
        for (offer, answer, expected) in [
            ("client_max_window_bits", "", Ok(both(plain, plain))),
            ("", "server_no_context_takeover", Ok(both((15, false), plain))),
            ("", "client_no_context_takeover", Ok(both(plain, (15, false)))),
            ("", "server_max_window_bits=8", Ok(both((8, true), plain))),
            ("", " server_max_window_bits = \"10\" ", Ok(both((10, true), plain))),
            ("client_max_window_bits", "client_max_window_bits=9", Ok(both(plain, (9, true)))),
            ("client_max_window_bits=10", "client_max_window_bits=9", Ok(both(plain, (9, true)))),
            ("client_max_window_bits=10", "", Ok(both(plain, (10, true)))),
            ("client_no_context_takeover", "", Ok(both(plain, (15, false)))),
            ("server_max_window_bits=10", "server_max_window_bits=10", Ok(both((10, true), plain))),
            (
                "server_max_window_bits=10",
                "server_max_window_bits=11",
                Err(BadTerms::Larger { name: "server_max_window_bits", got: 11, asked: 10 }),
            ),
            (
                "client_max_window_bits=10",
                "client_max_window_bits=12",
                Err(BadTerms::Larger { name: "client_max_window_bits", got: 12, asked: 10 }),
            ),
            ("server_max_window_bits=10", "", Err(BadTerms::Missing("server_max_window_bits"))),
            ("server_no_context_takeover", "", Err(BadTerms::Missing("server_no_context_takeover"))),
            ("", "client_max_window_bits=10", Err(BadTerms::Unasked)),
            ("client_max_window_bits", "client_max_window_bits", bits("client_max_window_bits", None)),
            ("", "server_max_window_bits", bits("server_max_window_bits", None)),
            ("", "server_max_window_bits=7", bits("server_max_window_bits", Some("7"))),
            ("", "server_max_window_bits=16", bits("server_max_window_bits", Some("16"))),
            ("", "server_max_window_bits=08", bits("server_max_window_bits", Some("08"))),
            ("", "server_max_window_bits=+9", bits("server_max_window_bits", Some("+9"))),
            (
                "",
                "server_no_context_takeover; server_no_context_takeover",
                Err(BadTerms::Twice("server_no_context_takeover".into())),
            ),
            (
                "",
                "server_max_window_bits=9; server_max_window_bits=9",
                Err(BadTerms::Twice("server_max_window_bits".into())),
            ),
            ("", "server_no_context_takeover=1", Err(BadTerms::Valued("server_no_context_takeover".into()))),
            ("", "mux", Err(BadTerms::Unknown("mux".into()))),
        ] {
            let answer = format!("{NAME}; {answer}");
            let agreed = answered(&[read(offer)], [answer.as_str()].into_iter());
            assert_eq!(agreed, expected.map(Some), "`{offer}` was answered by `{answer}`");
        }
    }

    #[test]
    fn an_answer_to_any_of_the_offers_will_do_but_only_one_answer() {
        let offers = offers(
            [
                "permessage-deflate; server_max_window_bits=10, x-other; y=\"a,b;c\"",
                "permessage-deflate; z, permessage-deflate",
            ]
            .into_iter(),
        );
        assert_eq!(offers, [read("server_max_window_bits=10"), read("")]);
        assert_eq!(answered(&offers, [NAME].into_iter()), Ok(Some(Agreed::default())));
        assert_eq!(answered(&offers, [NAME, NAME].into_iter()), Err(BadTerms::Repeated));
        assert_eq!(answered(&offers, ["x-other"].into_iter()), Ok(None));
    }

    #[test]
    fn a_server_has_its_wishes_as_far_as_the_offer_lets_it() {
        for (offer, own, answer) in [
            ("", "server_no_context_takeover", "; server_no_context_takeover"),
            (
                "server_no_context_takeover",
                "client_no_context_takeover",
                "; server_no_context_takeover; client_no_context_takeover",
            ),
            ("", "server_max_window_bits=10", "; server_max_window_bits=10"),
            ("server_max_window_bits=9", "server_max_window_bits=10", "; server_max_window_bits=9"),
            ("server_max_window_bits=11", "server_max_window_bits=10", "; server_max_window_bits=10"),
            ("", "client_max_window_bits=10", ""),
            ("client_max_window_bits", "client_max_window_bits=10", "; client_max_window_bits=10"),
            ("client_max_window_bits=9", "client_max_window_bits=10", "; client_max_window_bits=9"),
            ("client_max_window_bits=12", "client_max_window_bits", "; client_max_window_bits=12"),
        ] {
            let (granted, terms) = read(offer).accepted(&read(own));
            assert_eq!(granted.to_string(), format!("{NAME}{answer}"), "{offer} | {own}");
            assert_eq!(read(offer).answered(&granted), Ok(terms), "{offer} | {own}");
        }
    }

    #[test]
    fn a_server_grants_what_it_is_offered() {
        for (offer, answer, agreed) in [
            ("", "permessage-deflate", both((15, true), (15, true))),
            ("client_max_window_bits", "permessage-deflate", both((15, true), (15, true))),
            (
                "client_max_window_bits=9; server_no_context_takeover",
                "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
                both((15, false), (9, true)),
            ),
            (
                "server_max_window_bits=8; client_no_context_takeover",
                "permessage-deflate; client_no_context_takeover; server_max_window_bits=8",
                both((8, true), (15, false)),
            ),
        ] {
            let (granted, terms) = read(offer).accepted(&Parameters::default());
            assert_eq!((granted.to_string().as_str(), terms), (answer, agreed), "{offer}");
        }
    }
}
