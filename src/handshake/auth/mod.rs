//! Proves to a server or a proxy who we are, by user name and password: which scheme is taken, and when to stop.
//!
//! Plain code: an answer goes in, the field of the next request comes out. `digest` and `ntlm` know their schemes,
//! `guard` is a server's side of Digest. Nobody is tried more than twice, and Basic never follows Digest.

pub(crate) mod digest;
pub(crate) mod guard;
mod hash;
pub(crate) mod ntlm;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};

use self::digest::{BadDigest, DigestChallenge};
use self::ntlm::{BadNtlm, NtlmChallenge, NtlmUser};
use super::challenge::Challenge;
use super::head::Response;
use crate::request::random_bytes;
use crate::request::schemes::{PasswordScheme, SchemeChoice};

/// Who is to be convinced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginPeer {
    Server,
    Proxy,
}

/// A way to prove who we are.
#[derive(Clone)]
enum LoginProof {
    Nothing,
    Basic,
    Digest {
        challenge: DigestChallenge,
        /// The challenge is of an earlier connection.
        is_known: bool,
    },
    /// The first message of NTLM, and the last.
    NtlmHello,
    Ntlm(NtlmChallenge),
}

/// What a server asked for, for the connections that follow. All copies are one.
#[derive(Clone, Default)]
pub(crate) struct KnownChallenge(Arc<Mutex<Option<LoginProof>>>);

impl std::fmt::Debug for KnownChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KnownChallenge")
    }
}

/// The requests that it takes to prove to one peer who we are.
pub(crate) struct Login {
    user: String,
    password: String,
    peer: LoginPeer,
    choice: SchemeChoice,
    known: KnownChallenge,
    sent: LoginProof,
    next: Option<LoginProof>,
    /// How often user and password were sent, or what is made of them.
    tries: u8,
}

/// What follows an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LoginStep {
    /// It is not about us, or the answer says itself what is wrong.
    Stop,
    Again,
    Fail(LoginFault),
}

/// Why it is not tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoginFault {
    #[error("it refused the user name or password")]
    Refused,
    #[error(transparent)]
    Digest(#[from] BadDigest),
    #[error(transparent)]
    Ntlm(#[from] BadNtlm),
    #[error("it closed the connection before the last message of NTLM, which has to follow on it")]
    Cut,
    #[error("it asks for NTLM, which works over HTTP/1.1 only: use --http1.1")]
    OverHttp2,
    #[error("it wants Negotiate (Kerberos), which wsprobe does not have")]
    Negotiate,
    #[error("it offers {offered}, which the options do not allow")]
    NotAllowed { offered: &'static str },
    #[error("it did not ask for the user name and password; {flag} sends them unasked")]
    NotAsked { flag: &'static str },
}

/// No peer is told more often who we are.
const MOST_TRIES: u8 = 2;

impl LoginPeer {
    fn asks_with(self) -> (u16, &'static str) {
        match self {
            Self::Server => (401, "WWW-Authenticate"),
            Self::Proxy => (407, "Proxy-Authenticate"),
        }
    }
}

impl LoginProof {
    /// Whether it is one of the tries; the two messages of NTLM are one.
    fn counts(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Ntlm(_))
    }

    fn scheme(&self) -> Option<PasswordScheme> {
        match self {
            Self::Nothing => None,
            Self::Basic => Some(PasswordScheme::Basic),
            Self::Digest { .. } => Some(PasswordScheme::Digest),
            Self::NtlmHello | Self::Ntlm(_) => Some(PasswordScheme::Ntlm),
        }
    }
}

impl KnownChallenge {
    fn get(&self) -> Option<LoginProof> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, proof: Option<LoginProof>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = proof;
    }

    /// Whether the server wants each connection proved by itself.
    pub(crate) fn is_ntlm(&self) -> bool {
        matches!(self.get(), Some(LoginProof::NtlmHello))
    }
}

impl Login {
    pub(crate) fn new(
        (user, password): (&str, &str),
        peer: LoginPeer,
        choice: SchemeChoice,
        known: KnownChallenge,
    ) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        Self { user, password, peer, choice, known, sent: LoginProof::Nothing, next: None, tries: 0 }
    }

    /// The value of the field that the next request has, if any. `is_private`: nobody on the way can read it.
    pub(crate) fn authorization(&mut self, method: &str, uri: &str, is_private: bool) -> Option<String> {
        let proof = self.next.take().unwrap_or_else(|| self.first(is_private));
        let login = (&*self.user, &*self.password);
        let value = match &proof {
            LoginProof::Nothing => None,
            LoginProof::Basic => Some(basic(login.0, login.1)),
            LoginProof::Digest { challenge, .. } => {
                let cnonce = BASE64.encode(random_bytes());
                Some(challenge.answer(login, (method, uri), &cnonce))
            }
            LoginProof::NtlmHello => Some(format!("NTLM {}", BASE64.encode(ntlm::HELLO))),
            LoginProof::Ntlm(challenge) => {
                let user = NtlmUser::from_text(login.0, login.1);
                let [nonce @ .., _, _, _, _, _, _, _, _] = random_bytes();
                let message = challenge.answer(&user, nonce, SystemTime::now());
                Some(format!("NTLM {}", BASE64.encode(message)))
            }
        };
        self.tries += u8::from(proof.counts());
        self.sent = proof;
        value
    }

    /// How the last request proved who we are.
    pub(crate) fn sent_scheme(&self) -> Option<PasswordScheme> {
        self.sent.scheme()
    }

    /// How the next request will.
    pub(crate) fn next_scheme(&self) -> Option<PasswordScheme> {
        self.next.as_ref().and_then(LoginProof::scheme)
    }

    pub(crate) fn wants_ntlm(&self) -> bool {
        self.next_scheme() == Some(PasswordScheme::Ntlm)
    }

    /// The peer was convinced: those that follow begin with what did it.
    pub(crate) fn accepted(&self) {
        self.known.set(match &self.sent {
            LoginProof::Nothing => None,
            LoginProof::Ntlm(_) => Some(LoginProof::NtlmHello),
            sent => Some(sent.clone()),
        });
    }

    /// Whether the next request has to go over the connection of the last one.
    pub(crate) fn is_bound(&self) -> bool {
        matches!(self.next, Some(LoginProof::Ntlm(_)))
    }

    /// Whether the peer was content without being told, though nobody has said that it would have to ask.
    pub(crate) fn was_not_asked(&self) -> bool {
        matches!(self.sent, LoginProof::Nothing) && self.choice == SchemeChoice::Unnamed
    }

    /// The last request did not get to the peer: the next one is the same.
    pub(crate) fn unsent(&mut self) {
        let proof = std::mem::replace(&mut self.sent, LoginProof::Nothing);
        self.tries -= u8::from(proof.counts());
        self.next = Some(proof);
    }

    /// Says what follows after the peer has refused.
    pub(crate) fn after(&mut self, answer: &Response) -> LoginStep {
        let (asks, field) = self.peer.asks_with();
        let challenges = Challenge::all(&answer.fields, field);
        let offers = |scheme: PasswordScheme| challenges.iter().any(|challenge| challenge.is(scheme.name()));
        if answer.status == asks {
            // What was known of it is not so any more.
            self.known.set(None);
        }
        match &self.sent {
            LoginProof::Nothing if answer.status == asks && !challenges.is_empty() => self.choose(&challenges),
            LoginProof::Nothing if matches!(answer.status, 401 | 403 | 404) || answer.status == asks => {
                self.unasked(answer.status)
            }
            // It knows us, and refuses for another reason.
            _ if answer.status != asks => LoginStep::Stop,
            LoginProof::Basic if !offers(PasswordScheme::Basic) && !challenges.is_empty() => self.choose(&challenges),
            LoginProof::Digest { is_known, .. } => {
                let is_stale = matches!(DigestChallenge::best(&challenges), Some(Ok(next)) if next.is_stale);
                if *is_known || is_stale { self.choose(&challenges) } else { LoginStep::Fail(LoginFault::Refused) }
            }
            LoginProof::NtlmHello => {
                let token =
                    challenges.iter().filter(|challenge| challenge.is("NTLM")).find_map(|it| it.token.as_deref());
                match token.map(NtlmChallenge::from_token) {
                    Some(Ok(challenge)) => {
                        self.next = Some(LoginProof::Ntlm(challenge));
                        LoginStep::Again
                    }
                    Some(Err(bad)) => LoginStep::Fail(bad.into()),
                    None if offers(PasswordScheme::Ntlm) => LoginStep::Fail(LoginFault::Refused),
                    None => self.choose(&challenges),
                }
            }
            LoginProof::Nothing | LoginProof::Basic | LoginProof::Ntlm(_) => LoginStep::Fail(LoginFault::Refused),
        }
    }

    /// Says whether to try again after the peer has closed the connection without an answer: it may do so at any time with one
    /// that it has kept open, and some do it to whom they do not know.
    pub(crate) fn after_silence(&mut self, was_kept: bool) -> bool {
        if was_kept {
            // NTLM has lost what it was about.
            let may_move = !matches!(self.sent, LoginProof::Ntlm(_));
            if may_move {
                self.unsent();
            }
            return may_move;
        }
        self.was_not_asked() && self.again(LoginProof::Basic) == LoginStep::Again
    }

    fn first(&self, is_private: bool) -> LoginProof {
        let known = match self.known.get() {
            Some(LoginProof::Digest { challenge, .. }) => Some(LoginProof::Digest { challenge, is_known: true }),
            known => known,
        };
        let at_once = self.choice.at_once(is_private).map(|scheme| match scheme {
            PasswordScheme::Ntlm => LoginProof::NtlmHello,
            PasswordScheme::Basic | PasswordScheme::Digest => LoginProof::Basic,
        });
        known.or(at_once).unwrap_or(LoginProof::Nothing)
    }

    /// Takes the strongest scheme that is offered. A Digest that is offered but cannot be answered is told: that the password
    /// is sent as it is instead is for the user to say.
    fn choose(&mut self, challenges: &[Challenge]) -> LoginStep {
        let offers = |scheme: PasswordScheme| challenges.iter().any(|challenge| challenge.is(scheme.name()));
        let can = |scheme: PasswordScheme| offers(scheme) && self.choice.allows(scheme);
        let mut fault = None;
        if self.choice.allows(PasswordScheme::Digest) {
            match DigestChallenge::best(challenges) {
                Some(Ok(challenge)) => return self.again(LoginProof::Digest { challenge, is_known: false }),
                Some(Err(bad)) => fault = Some(bad),
                None => {}
            }
        }
        if can(PasswordScheme::Ntlm) {
            return self.again(LoginProof::NtlmHello);
        }
        if let Some(bad) = fault {
            return LoginStep::Fail(bad.into());
        }
        if can(PasswordScheme::Basic) && !matches!(self.sent, LoginProof::Digest { .. } | LoginProof::NtlmHello) {
            return self.again(LoginProof::Basic);
        }
        let known = [PasswordScheme::Digest, PasswordScheme::Ntlm, PasswordScheme::Basic];
        if let Some(offered) = known.into_iter().find(|scheme| offers(*scheme)) {
            return LoginStep::Fail(LoginFault::NotAllowed { offered: offered.name() });
        }
        match challenges.iter().any(|challenge| challenge.is("Negotiate")) {
            true => LoginStep::Fail(LoginFault::Negotiate),
            false => LoginStep::Stop,
        }
    }

    /// Refused without having asked: Basic is what those expect who do not ask.
    fn unasked(&mut self, status: u16) -> LoginStep {
        match self.choice {
            SchemeChoice::Unnamed => self.again(LoginProof::Basic),
            _ if status == 404 => LoginStep::Stop,
            _ => LoginStep::Fail(LoginFault::NotAsked {
                flag: if self.peer == LoginPeer::Server { "--basic" } else { "--proxy-basic" },
            }),
        }
    }

    fn again(&mut self, proof: LoginProof) -> LoginStep {
        if self.tries >= MOST_TRIES {
            return LoginStep::Fail(LoginFault::Refused);
        }
        self.next = Some(proof);
        LoginStep::Again
    }
}

/// The value of a field with Basic (RFC 7617).
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
}
