//! Digest (RFC 7616) as a client: what a challenge asks for, and the answer to it.
//!
//! Plain code. Challenges without `qop` are those of RFC 2069, which old servers still send.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::hash::{DigestHash, DigestTerms};
use crate::handshake::challenge::Challenge;

/// What is percent-encoded in an extended value (RFC 8187, section 3.2.1).
const NO_ATTR_CHAR: AsciiSet = NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A challenge that can be answered, any number of times.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct DigestChallenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// As it came, to be sent back.
    algorithm: Option<String>,
    hash: DigestHash,
    is_session: bool,
    has_qop: bool,
    hashes_user: bool,
    is_utf8: bool,
    pub(super) is_stale: bool,
    /// How often the nonce was used: whoever has a copy of the challenge counts on.
    count: Arc<AtomicU32>,
}

/// Why a challenge cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadDigest {
    #[error("its Digest challenge has no {0}")]
    Missing(&'static str),
    #[error("its Digest challenge asks for the algorithm `{0}`, wsprobe supports MD5, SHA-256 and SHA-512-256")]
    Algorithm(String),
    #[error("its Digest challenge asks for the quality of protection `{0}`, wsprobe supports `auth`")]
    Protection(String),
}

impl DigestChallenge {
    /// The best of those that can be answered.
    ///
    /// # Errors
    /// What is wrong with the first of them; none if there are none.
    pub(crate) fn best(challenges: &[Challenge]) -> Option<Result<Self, BadDigest>> {
        let mut best: Option<Result<Self, BadDigest>> = None;
        for challenge in challenges.iter().filter(|challenge| challenge.is("Digest")) {
            let read = Self::from_challenge(challenge);
            let is_better = match (&best, &read) {
                (None, _) | (Some(Err(_)), Ok(_)) => true,
                (Some(Ok(best)), Ok(read)) => read.is_strong() && !best.is_strong(),
                (Some(_), Err(_)) => false,
            };
            if is_better {
                best = Some(read);
            }
        }
        best
    }

    fn is_strong(&self) -> bool {
        self.hash.is_strong()
    }

    fn from_challenge(challenge: &Challenge) -> Result<Self, BadDigest> {
        let owned = |name| challenge.parameter(name).map(str::to_owned);
        let is = |name, value: &str| challenge.parameter(name).is_some_and(|given| given.eq_ignore_ascii_case(value));
        let algorithm = owned("algorithm");
        let named = algorithm.as_deref().unwrap_or("MD5");
        let (hash, is_session) = DigestHash::from_name(named).ok_or_else(|| BadDigest::Algorithm(shown(named)))?;
        let protection = challenge.parameter("qop");
        let is_auth = |list: &str| list.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"));
        if let Some(list) = protection.filter(|list| !is_auth(list)) {
            return Err(BadDigest::Protection(shown(list)));
        }
        Ok(Self {
            realm: owned("realm").ok_or(BadDigest::Missing("realm"))?,
            nonce: owned("nonce").filter(|nonce| !nonce.is_empty()).ok_or(BadDigest::Missing("nonce"))?,
            opaque: owned("opaque"),
            algorithm,
            hash,
            is_session,
            has_qop: protection.is_some(),
            hashes_user: is("userhash", "true"),
            is_utf8: is("charset", "UTF-8"),
            is_stale: is("stale", "true"),
            count: Arc::default(),
        })
    }

    /// The value of the field that answers, with a nonce of ours.
    pub(crate) fn answer(&self, (user, password): (&str, &str), (method, uri): (&str, &str), cnonce: &str) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let count = format!("{count:08x}");
        let terms = DigestTerms {
            hash: self.hash,
            is_session: self.is_session,
            realm: &self.realm,
            nonce: &self.nonce,
            method,
            uri,
            cnonce,
            count: self.has_qop.then_some(&*count),
        };
        let response = terms.response(user, password);
        let mut value = format!("Digest {}, realm={}", self.named(user), quoted(&self.realm));
        let mut add = |name: &str, text: &str| write!(value, ", {name}={text}").expect("a String takes all");
        add("nonce", &quoted(&self.nonce));
        add("uri", &quoted(uri));
        add("response", &quoted(&response));
        self.algorithm.iter().for_each(|algorithm| add("algorithm", algorithm));
        if self.has_qop || self.is_session {
            add("cnonce", &quoted(cnonce));
        }
        if self.has_qop {
            add("nc", &count);
            add("qop", "auth");
        }
        self.opaque.iter().for_each(|opaque| add("opaque", &quoted(opaque)));
        if self.hashes_user {
            add("userhash", "true");
        }
        value
    }

    /// The user, in the form that the server understands (RFC 7616, sections 3.4 and 3.4.4).
    fn named(&self, user: &str) -> String {
        if self.hashes_user {
            return format!("username=\"{}\"", self.hash.of(&format!("{user}:{}", self.realm)));
        }
        // Only whoever knows RFC 7616 can be expected to know the other form. No quotes can hold the end of a line.
        let is_quotable = !user.chars().any(char::is_control);
        if is_quotable && (user.is_ascii() || !self.is_utf8) {
            return format!("username={}", quoted(user));
        }
        format!("username*=UTF-8''{}", utf8_percent_encode(user, &NO_ATTR_CHAR))
    }
}

/// As a quoted string (RFC 9110, section 5.6.4).
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What a message can hold of it.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

const SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    const MUFASA: (&str, &str) = ("Mufasa", "Circle of Life");

    fn challenges(value: &str) -> Vec<Challenge> {
        Challenge::all(&[crate::request::Header::new("WWW-Authenticate", value)], "WWW-Authenticate")
    }

    fn best(value: &str) -> Result<DigestChallenge, BadDigest> {
        DigestChallenge::best(&challenges(value)).unwrap()
    }

    fn parameter(answer: &str, name: &str) -> Option<String> {
        Challenge::from_answer(answer).unwrap().parameter(name).map(str::to_owned)
    }

    fn response(challenge: &str, login: (&str, &str), request: (&str, &str), cnonce: &str) -> String {
        parameter(&best(challenge).unwrap().answer(login, request, cnonce), "response").unwrap()
    }

    /// RFC 7616, section 3.9.1.
    #[test]
    fn the_examples_of_the_rfc_are_answered_as_it_says() {
        let both = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
            opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", Digest realm=\"http-auth@example.org\", \
            qop=\"auth, auth-int\", algorithm=MD5, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
            opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let (of_sha256, of_md5) = both.split_once(", Digest").unwrap();
        let (request, cnonce) = (("GET", "/dir/index.html"), "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
        let expected = "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
            response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", algorithm=SHA-256, \
            cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", nc=00000001, qop=auth, \
            opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        for value in [both, of_sha256] {
            assert_eq!(best(value).unwrap().answer(MUFASA, request, cnonce), expected);
        }
        let of_md5 = format!("Digest{of_md5}");
        assert_eq!(response(&of_md5, MUFASA, request, cnonce), "8ca523f5e9506fed4657c9700eebdbec");
        // The stronger one is taken, wherever it stands.
        let turned = format!("{of_md5}, {of_sha256}");
        assert_eq!(best(&turned).unwrap().answer(MUFASA, request, cnonce), expected);
    }

    /// RFC 7616, section 3.9.2, with the values of erratum 4897: those of the text are of another hash.
    #[test]
    fn a_users_name_is_hashed_or_encoded_if_that_is_asked_for() {
        let challenge = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
            nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
            opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";
        let login = ("J\u{e4}s\u{f8}n Doe", "Secret, or not?");
        let (request, cnonce) = (("GET", "/doe.json"), "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
        let answer = best(challenge).unwrap().answer(login, request, cnonce);
        assert_eq!(
            parameter(&answer, "username").unwrap(),
            "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
        );
        assert_eq!(
            parameter(&answer, "response").unwrap(),
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
        );
        assert_eq!(parameter(&answer, "userhash").as_deref(), Some("true"));
        let unhashed = challenge.replace("true", "false");
        let answer = best(&unhashed).unwrap().answer(login, request, cnonce);
        assert!(answer.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, "), "{answer}");
        let lines = best("Digest realm=r, nonce=n").unwrap().answer(("a\r\nX: b", "p"), request, cnonce);
        assert!(lines.starts_with("Digest username*=UTF-8''a%0D%0AX%3A%20b, realm="), "{lines}");
        let old = unhashed.replace("charset=UTF-8, ", "");
        let answer = best(&old).unwrap().answer(login, request, cnonce);
        assert!(answer.starts_with("Digest username=\"J\u{e4}s\u{f8}n Doe\", "), "{answer}");
    }

    /// RFC 2069, section 2.4 (erratum 749), and what curl's tests 64 and 1001 hold.
    #[test]
    fn a_challenge_without_qop_is_answered_as_before_it_existed() {
        let challenge = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let request = ("GET", "/dir/index.html");
        let expected = "1949323746fe6a43ef61f9606e7febea";
        assert_eq!(response(challenge, ("Mufasa", "CircleOfLife"), request, "unused"), expected);
        // curl, tests/data/test64
        let of_curl = "Digest realm=\"testrealm\", nonce=\"1053604145\"";
        let answer = best(of_curl).unwrap().answer(("testuser", "testpass"), ("GET", "/64"), "unused");
        let sent_by_curl = "Digest username=\"testuser\", realm=\"testrealm\", nonce=\"1053604145\", uri=\"/64\", \
            response=\"c55f7f30d83d774a3d2dcacf725abaca\"";
        assert_eq!(answer, sent_by_curl);
    }

    #[test]
    fn a_session_has_a_key_of_its_own_and_a_nonce_is_counted() {
        let challenge = best("Digest realm=r, nonce=n, algorithm=MD5-sess, qop=auth").unwrap();
        let answers = [(); 2].map(|()| challenge.clone().answer(("u", "p"), ("GET", "/"), "c"));
        // Python: h(h(h("u:r:p")+":n:c")+":n:0000000N:c:auth:"+h("GET:/")), with h = hashlib.md5 in hex.
        for (answer, (count, response)) in answers.iter().zip(SESSION) {
            assert_eq!(parameter(answer, "nc").as_deref(), Some(count));
            assert_eq!(parameter(answer, "response").as_deref(), Some(response));
            assert_eq!(parameter(answer, "algorithm").as_deref(), Some("MD5-sess"));
        }
    }

    const SESSION: [(&str, &str); 2] =
        [("00000001", "6e4aac8b22e97762f88ccd0d5ccf5b1d"), ("00000002", "4eb41d597405539b77a2117ca9cb090c")];

    #[test]
    fn what_stands_in_quotes_is_taken_out_and_put_back() {
        let challenge = best("Digest realm=\"a \\\"b\\\" \\\\c\", nonce=\"n\", opaque=\"\"").unwrap();
        let answer = challenge.answer(("a\"b", "p"), ("GET", "/?a=\"b\""), "c");
        assert!(
            answer.starts_with("Digest username=\"a\\\"b\", realm=\"a \\\"b\\\" \\\\c\", nonce=\"n\", "),
            "{answer}"
        );
        assert_eq!(parameter(&answer, "uri").as_deref(), Some("/?a=\"b\""));
        assert!(answer.ends_with(", opaque=\"\""));
    }

    #[test]
    fn a_challenge_that_cannot_be_answered_has_its_words() {
        for (value, words) in [
            ("Digest", "its Digest challenge has no realm"),
            ("Digest realm=x", "its Digest challenge has no nonce"),
            ("Digest realm=x, nonce=\"\"", "its Digest challenge has no nonce"),
            (
                "Digest realm=x, nonce=y, algorithm=SHA3",
                "its Digest challenge asks for the algorithm `SHA3`, wsprobe supports MD5, SHA-256 and SHA-512-256",
            ),
            (
                "Digest realm=x, nonce=y, qop=\"auth-int\"",
                "its Digest challenge asks for the quality of protection `auth-int`, wsprobe supports `auth`",
            ),
        ] {
            assert_eq!(best(value).unwrap_err().to_string(), words);
            let beside_sound = format!("{value}, Digest realm=a, nonce=b");
            assert!(best(&beside_sound).is_ok(), "{beside_sound}");
        }
        assert!(DigestChallenge::best(&challenges("Basic, NTLM")).is_none());
    }
}
