//! Digest (RFC 7616) as a server: its challenges, and whether an answer to one of them is right.
//!
//! Plain code, the time is an argument. A nonce says itself when it was made, signed with a key of this process, so that asking
//! costs no memory; what is remembered is only how often those were used that came with the right password.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine as _};
use ring::hmac::{HMAC_SHA256, Key, sign};

use super::hash::{DigestHash, DigestTerms};
use crate::handshake::challenge::Challenge;
use crate::handshake::head::OpeningRequest;
use crate::request::{Header, random_bytes};
use crate::target::percent_decoded;

/// Asks for Digest, and judges what is answered.
pub(crate) struct DigestGuard {
    key: Key,
    used: Mutex<UsedNonces>,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DigestVerdict {
    Right,
    /// The password is right, but the nonce may not be used any more, or not with this count.
    Stale,
    Wrong,
}

/// A nonce that was used, and the last count of it.
struct UsedNonce {
    nonce: String,
    made: Duration,
    count: u32,
}

/// Those that were used first are in front.
#[derive(Default)]
struct UsedNonces {
    nonces: VecDeque<UsedNonce>,
    /// Nonces that were made until then are not remembered any more, and not taken.
    forgotten: Duration,
}

/// How long a nonce is good for.
const LIFE: Duration = Duration::from_secs(300);

/// A nonce takes about 150 bytes.
const MOST_NONCES: usize = 4096;

const REALM: &str = "wsprobe";

/// The stronger one first, as RFC 7616 has it (section 3.7).
const OFFERED: [(&str, DigestHash); 2] = [("SHA-256", DigestHash::Sha256), ("MD5", DigestHash::Md5)];

/// Of a nonce: when it was made in milliseconds, what makes it unique, the signature.
const SIGNED: usize = 16;

impl std::fmt::Debug for DigestGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestGuard")
    }
}

impl Default for DigestGuard {
    fn default() -> Self {
        Self { key: Key::new(HMAC_SHA256, &[random_bytes(), random_bytes()].concat()), used: Mutex::default() }
    }
}

impl DigestGuard {
    /// The fields that ask for it.
    pub(crate) fn challenges(&self, is_stale: bool, now: Duration) -> [Header; 2] {
        let [unique @ .., _, _, _, _, _, _, _, _] = random_bytes();
        let nonce = self.nonce(now, unique);
        let stale = if is_stale { ", stale=true" } else { "" };
        OFFERED.map(|(name, _)| {
            let value = format!(
                "Digest realm=\"{REALM}\", qop=\"auth\", algorithm={name}, nonce=\"{nonce}\", charset=UTF-8{stale}"
            );
            Header::new("WWW-Authenticate", value)
        })
    }

    /// Judges the field of a request.
    pub(crate) fn judge(
        &self,
        given: Option<&str>,
        (user, password): (&str, &str),
        opening: &OpeningRequest,
        now: Duration,
    ) -> DigestVerdict {
        let answer = given.and_then(Challenge::from_answer).filter(|answer| answer.is("Digest"));
        let Some((nonce, count)) = answer.and_then(|answer| self.proved(&answer, (user, password), opening)) else {
            return DigestVerdict::Wrong;
        };
        let Some(made) = self.made(&nonce) else { return DigestVerdict::Stale };
        if now.saturating_sub(made) > LIFE {
            return DigestVerdict::Stale;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.take(nonce, made, count) { DigestVerdict::Right } else { DigestVerdict::Stale }
    }

    /// The nonce and its count, if the response to it is right.
    fn proved(
        &self,
        answer: &Challenge,
        (user, password): (&str, &str),
        opening: &OpeningRequest,
    ) -> Option<(String, u32)> {
        let has = |name| answer.parameter(name);
        let named = match (has("username"), has("username*")) {
            (Some(name), None) => name.to_owned(),
            // RFC 8187, section 3.2.1
            (None, Some(name)) => {
                percent_decoded(name.get(..7).filter(|it| it.eq_ignore_ascii_case("UTF-8''")).and(name.get(7..))?)
            }
            _ => return None,
        };
        let algorithm = has("algorithm").unwrap_or("MD5");
        let (_, hash) = OFFERED.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(algorithm))?;
        let is_meant = named == user
            && has("realm") == Some(REALM)
            && has("uri") == Some(&opening.resource)
            && has("qop").is_some_and(|qop| qop.eq_ignore_ascii_case("auth"));
        let (nonce, count) = (has("nonce")?, has("nc").filter(|count| count.len() == 8)?);
        let terms = DigestTerms {
            hash,
            is_session: false,
            realm: REALM,
            nonce,
            method: &opening.method,
            uri: &opening.resource,
            cnonce: has("cnonce")?,
            count: Some(count),
        };
        let is_right = is_same(&terms.response(user, password), &has("response")?.to_ascii_lowercase());
        let number = u32::from_str_radix(count, 16).ok()?;
        (is_meant && is_right).then(|| (nonce.to_owned(), number))
    }

    fn nonce(&self, now: Duration, unique: [u8; 8]) -> String {
        let made = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).to_be_bytes();
        let signed = [made, unique].concat();
        let signature = sign(&self.key, &signed);
        BASE64.encode([&signed[..], &signature.as_ref()[..SIGNED]].concat())
    }

    /// When a nonce was made, if it is one of ours.
    fn made(&self, nonce: &str) -> Option<Duration> {
        let bytes = BASE64.decode(nonce).ok()?;
        let made = Duration::from_millis(u64::from_be_bytes(*bytes.first_chunk()?));
        let unique = bytes.get(8..SIGNED)?.try_into().ok()?;
        is_same(&self.nonce(made, unique), nonce).then_some(made)
    }
}

impl UsedNonces {
    /// Whether the nonce may be used with that count, which is so once.
    fn take(&mut self, nonce: String, made: Duration, count: u32) -> bool {
        if let Some(used) = self.nonces.iter_mut().find(|used| used.nonce == nonce) {
            let is_new = count > used.count;
            used.count = count.max(used.count);
            return is_new;
        }
        if count == 0 || !self.forgotten.is_zero() && made <= self.forgotten {
            return false;
        }
        if self.nonces.len() == MOST_NONCES
            && let Some(oldest) = self.nonces.pop_front()
        {
            self.forgotten = self.forgotten.max(oldest.made);
        }
        self.nonces.push_back(UsedNonce { nonce, made, count });
        true
    }
}

/// Compares without telling by the time it takes where two secrets begin to differ.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::auth::digest::DigestChallenge;

    const LOGIN: (&str, &str) = ("m\u{e4}x", "p:w");

    fn opening(method: &str, resource: &str) -> OpeningRequest {
        OpeningRequest { method: method.to_owned(), resource: resource.to_owned(), fields: Vec::new() }
    }

    fn challenge(guard: &DigestGuard, at: u64) -> Vec<Challenge> {
        Challenge::all(&guard.challenges(false, Duration::from_secs(at)), "WWW-Authenticate")
    }

    fn answer(challenges: &[Challenge]) -> String {
        DigestChallenge::best(challenges).unwrap().unwrap().answer(LOGIN, ("GET", "/x?y"), "c")
    }

    fn judged(guard: &DigestGuard, answer: &str, at: u64) -> DigestVerdict {
        guard.judge(Some(answer), LOGIN, &opening("GET", "/x?y"), Duration::from_secs(at))
    }

    #[test]
    fn what_is_offered_can_be_answered_once() {
        let guard = DigestGuard::default();
        let both = challenge(&guard, 5);
        assert_eq!(both.iter().map(|one| one.parameter("algorithm").unwrap()).collect::<Vec<_>>(), ["SHA-256", "MD5"]);
        for offered in [&both[..1], &challenge(&guard, 5)[1..]] {
            let digest = DigestChallenge::best(offered).unwrap().unwrap();
            let answers = [(); 3].map(|()| digest.answer(LOGIN, ("GET", "/x?y"), "c"));
            assert_eq!(judged(&guard, &answers[1], 6), DigestVerdict::Right);
            // Again, and with a count that is before it.
            assert_eq!(judged(&guard, &answers[1], 6), DigestVerdict::Stale);
            assert_eq!(judged(&guard, &answers[0], 6), DigestVerdict::Stale);
            assert_eq!(judged(&guard, &answers[2], 6), DigestVerdict::Right);
        }
    }

    #[test]
    fn a_nonce_is_good_for_a_while_and_only_here() {
        let guard = DigestGuard::default();
        let [of_now, of_another] = [&guard, &DigestGuard::default()].map(|guard| answer(&challenge(guard, 1000)));
        assert_eq!(judged(&guard, &of_now, 1301), DigestVerdict::Stale);
        assert_eq!(judged(&guard, &of_now, 1300), DigestVerdict::Right);
        assert_eq!(judged(&guard, &of_another, 1000), DigestVerdict::Stale);
        assert!(guard.challenges(true, Duration::ZERO)[0].value.ends_with(", stale=true"));
    }

    #[test]
    fn what_is_wrong_is_wrong_whatever_the_nonce() {
        let guard = DigestGuard::default();
        let right = answer(&challenge(&guard, 0));
        let request = opening("GET", "/x?y");
        for (login, request) in [
            (("m\u{e4}x", "pw"), &request),
            (("max", "p:w"), &request),
            (LOGIN, &opening("CONNECT", "/x?y")),
            (LOGIN, &opening("GET", "/x")),
        ] {
            let verdict = guard.judge(Some(&right), login, request, Duration::ZERO);
            assert_eq!(verdict, DigestVerdict::Wrong, "{login:?} {request:?}");
        }
        for (from, to) in [
            ("realm=\"wsprobe\"", "realm=\"other\""),
            ("qop=auth", "qop=auth-int"),
            ("qop=auth", "x=y"),
            ("algorithm=SHA-256", "algorithm=MD5"),
            ("algorithm=SHA-256", "algorithm=SHA-256-sess"),
            ("nc=00000001", "nc=00000002"),
            ("nc=00000001", "nc=1"),
            ("username*=", "username="),
            ("Digest ", "Basic "),
            ("Digest ", ""),
        ] {
            let changed = right.replace(from, to);
            assert_ne!(changed, right);
            assert_eq!(judged(&guard, &changed, 0), DigestVerdict::Wrong, "{changed}");
        }
        assert_eq!(guard.judge(None, LOGIN, &request, Duration::ZERO), DigestVerdict::Wrong);
        assert_eq!(judged(&guard, &right, 0), DigestVerdict::Right);
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_is_not_taken_again() {
        let mut used = UsedNonces::default();
        let made = |number: usize| Duration::from_millis(number as u64);
        for number in 1..=MOST_NONCES + 2 {
            assert!(used.take(number.to_string(), made(number), 1));
        }
        assert_eq!(used.nonces.len(), MOST_NONCES);
        assert!(!used.take("1".to_owned(), made(1), 2) && !used.take("2".to_owned(), made(2), 2));
        assert!(used.take("3".to_owned(), made(3), 2) && !used.take("3".to_owned(), made(3), 2));
        assert!(!used.take("new".to_owned(), made(MOST_NONCES + 3), 0));
    }
}
