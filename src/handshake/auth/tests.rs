//! Which scheme follows which answer.

use super::*;
use crate::request::Header;

const DIGEST: &str = "Digest realm=r, nonce=n, qop=auth";
const BASIC: &str = "Basic realm=r";
const ALL: SchemeChoice = SchemeChoice::AsAsked;

fn only(schemes: [bool; 3]) -> SchemeChoice {
    SchemeChoice::of_flags(false, schemes)
}

fn answer(status: u16, field: &str, offered: &[&str]) -> Response {
    let fields = offered.iter().map(|value| Header::new(field, *value)).collect();
    Response { minor_version: 1, status, reason: String::new(), fields, head: String::new(), interim: Vec::new() }
}

fn new(choice: SchemeChoice) -> Login {
    Login::new(("u", "p"), LoginPeer::Server, choice, KnownChallenge::default())
}

/// The first words of the field.
fn sends(login: &mut Login, is_private: bool) -> String {
    let value = login.authorization("GET", "/", is_private).unwrap_or_default();
    value.split(' ').next().unwrap_or_default().to_owned()
}

/// What is sent until it is over, and how it ends.
fn course(mut login: Login, is_private: bool, status: u16, answers: &[&[&str]]) -> (Vec<String>, LoginStep) {
    let mut sent = vec![sends(&mut login, is_private)];
    for offered in answers {
        match login.after(&answer(status, "WWW-Authenticate", offered)) {
            LoginStep::Again => sent.push(sends(&mut login, is_private)),
            end => return (sent, end),
        }
    }
    (sent, LoginStep::Again)
}

fn fault(fault: LoginFault) -> LoginStep {
    LoginStep::Fail(fault)
}

#[test]
fn the_strongest_scheme_that_is_offered_and_allowed_is_taken() {
    let weakest_first = [BASIC, "NTLM", DIGEST];
    for (choice, is_private, offered, sent) in [
        (SchemeChoice::Unnamed, true, &weakest_first[..1], &["Basic"][..]),
        (SchemeChoice::Unnamed, false, &weakest_first[..1], &["", "Basic"]),
        (SchemeChoice::Unnamed, false, &weakest_first[..2], &["", "NTLM"]),
        (SchemeChoice::Unnamed, false, &weakest_first, &["", "Digest"]),
        // What was sent at once is no use where it is not offered.
        (SchemeChoice::Unnamed, true, &weakest_first[1..], &["Basic", "Digest"]),
        (ALL, true, &weakest_first, &["", "Digest"]),
        (only([true, false, false]), false, &weakest_first, &["Basic"]),
        (only([false, true, false]), true, &weakest_first, &["", "Digest"]),
        (only([false, false, true]), false, &weakest_first, &["NTLM"]),
        (only([true, false, true]), true, &weakest_first, &["", "NTLM"]),
    ] {
        let answers = vec![offered; sent.len() - 1];
        let (given, end) = course(new(choice), is_private, 401, &answers);
        assert_eq!(
            (&given[..], end),
            (&sent.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()[..], LoginStep::Again)
        );
    }
}

#[test]
fn nobody_is_told_more_than_twice_and_a_refusal_is_one() {
    let stale = "Digest realm=r, nonce=m, qop=auth, stale=true";
    for (choice, is_private, answers, sent, end) in [
        (SchemeChoice::Unnamed, true, &[&[BASIC, DIGEST][..]][..], 1, LoginFault::Refused),
        (SchemeChoice::Unnamed, true, &[&[DIGEST], &[stale]], 2, LoginFault::Refused),
        (ALL, true, &[&[DIGEST], &[DIGEST]], 2, LoginFault::Refused),
        (ALL, true, &[&[DIGEST], &[stale], &[stale]], 3, LoginFault::Refused),
        (ALL, true, &[&[BASIC], &[BASIC]], 2, LoginFault::Refused),
        (ALL, true, &[&["NTLM"], &["NTLM"]], 2, LoginFault::Refused),
        // No downgrade, neither at once nor later.
        (ALL, true, &[&[DIGEST, BASIC], &[BASIC]], 2, LoginFault::Refused),
        (ALL, true, &[&["Digest realm=r", BASIC]], 1, LoginFault::Digest(BadDigest::Missing("nonce"))),
        (only([true, false, false]), true, &[&[DIGEST]], 1, LoginFault::NotAllowed { offered: "Digest" }),
        (only([false, true, false]), true, &[&[BASIC]], 1, LoginFault::NotAllowed { offered: "Basic" }),
        (ALL, true, &[&["Negotiate"]], 1, LoginFault::Negotiate),
        (ALL, true, &[&["NTLM"], &["NTLM x"]], 2, LoginFault::Ntlm(BadNtlm::Encoding)),
        (ALL, true, &[&[]], 1, LoginFault::NotAsked { flag: "--basic" }),
    ] {
        let (given, ended) = course(new(choice), is_private, 401, answers);
        assert_eq!((given.len(), ended), (sent, fault(end)), "{choice:?} {answers:?}");
    }
    assert_eq!(course(new(ALL), true, 401, &[&["Bearer"]]).1, LoginStep::Stop);
}

#[test]
fn who_refuses_without_asking_gets_basic_unless_something_else_was_said() {
    for status in [401, 403, 404] {
        let (sent, end) = course(new(SchemeChoice::Unnamed), false, status, &[&[], &[]]);
        let refused = if status == 401 { fault(LoginFault::Refused) } else { LoginStep::Stop };
        assert_eq!((&sent[..], end), (&["".to_owned(), "Basic".to_owned()][..], refused), "{status}");
    }
    assert_eq!(course(new(SchemeChoice::Unnamed), false, 500, &[&[]]).1, LoginStep::Stop);
    assert_eq!(course(new(ALL), false, 404, &[&[]]).1, LoginStep::Stop);
    let mut silent = new(SchemeChoice::Unnamed);
    assert_eq!(sends(&mut silent, false), "");
    assert!(silent.after_silence(false));
    assert_eq!(sends(&mut silent, false), "Basic");
    assert!(!silent.after_silence(false) && silent.after_silence(true));
    assert_eq!(sends(&mut silent, false), "Basic");
    let mut told = new(ALL);
    assert!(sends(&mut told, false).is_empty() && !told.after_silence(false));
}

#[test]
fn what_a_server_has_asked_for_is_known_to_the_connections_that_follow() {
    let known = KnownChallenge::default();
    let login = || Login::new(("u", "p"), LoginPeer::Server, ALL, known.clone());
    let mut first = login();
    sends(&mut first, false);
    assert_eq!(first.after(&answer(401, "WWW-Authenticate", &[DIGEST])), LoginStep::Again);
    assert_eq!(sends(&mut first, false), "Digest");
    assert!(known.get().is_none());
    first.accepted();
    let mut next = login();
    assert!(next.authorization("GET", "/", false).unwrap().contains("nc=00000002"));
    // The server has forgotten it, and says so, or does not.
    let kept = known.get();
    for forgotten in ["Digest realm=r, nonce=o, qop=auth, stale=true", "Digest realm=r, nonce=o, qop=auth"] {
        let (sent, end) = course(login(), false, 401, &[&[forgotten], &[forgotten]]);
        assert_eq!((sent.len(), end), (2, fault(LoginFault::Refused)));
        assert!(known.get().is_none());
        known.set(kept.clone());
    }
    assert_eq!(course(login(), false, 401, &[&[BASIC]]).1, fault(LoginFault::NotAllowed { offered: "Basic" }));
    // It is asked anew what it wants now.
    assert_eq!(course(login(), false, 401, &[&[BASIC]]).0, ["", "Basic"]);
}

#[test]
fn ntlm_is_one_try_on_one_connection() {
    let token = "NTLM TlRMTVNTUAACAAAADAAMADgAAAAzgoriASNFZ4mrze8AAAAAAAAAACQAJABEAAAABgBwFwAAAA9TAGUAcgB2AGUAcgACAAwARAB\
        vAG0AYQBpAG4AAQAMAFMAZQByAHYAZQByAAAAAAA=";
    let mut login = new(ALL);
    assert!(sends(&mut login, false).is_empty());
    assert_eq!(login.after(&answer(401, "WWW-Authenticate", &["Negotiate", "NTLM"])), LoginStep::Again);
    assert!(!login.is_bound());
    assert_eq!((sends(&mut login, false).as_str(), login.sent_scheme()), ("NTLM", Some(PasswordScheme::Ntlm)));
    assert_eq!(login.after(&answer(401, "WWW-Authenticate", &[token])), LoginStep::Again);
    assert!(login.is_bound());
    assert_eq!(sends(&mut login, false), "NTLM");
    assert!(!login.after_silence(true), "the connection is lost");
    assert_eq!(login.tries, 1);
    assert_eq!(login.after(&answer(401, "WWW-Authenticate", &["NTLM"])), fault(LoginFault::Refused));
}

#[test]
fn a_proxy_asks_with_fields_of_its_own() {
    let mut login = Login::new(("u", "p"), LoginPeer::Proxy, ALL, KnownChallenge::default());
    assert!(sends(&mut login, false).is_empty());
    assert_eq!(login.after(&answer(407, "Proxy-Authenticate", &[DIGEST])), LoginStep::Again);
    assert_eq!(sends(&mut login, false), "Digest");
    let mut unasked = Login::new(("u", "p"), LoginPeer::Proxy, ALL, KnownChallenge::default());
    sends(&mut unasked, false);
    let said = unasked.after(&answer(407, "WWW-Authenticate", &[DIGEST]));
    assert_eq!(said, fault(LoginFault::NotAsked { flag: "--proxy-basic" }));
}
