//! What an attacker may send from each side, as tables: each row ends in time, with this status and these words, and nothing
//! that was sent reaches the terminal as more than text.
#![allow(clippy::disallowed_methods, reason = "tests own their processes and files")]

mod answers;
mod frames;
#[path = "../kit/mod.rs"]
mod kit;
mod proxies;
mod recordings;
mod redirects;
mod requests;
mod scripts;
mod system;
mod tls;

use kit::Ran;

/// A row: its name, what is sent, the exit status, and a part of what stderr says.
type Attack<A> = (&'static str, A, i32, &'static str);

/// Runs each attack, and tells all that did not end as they should.
#[track_caller]
fn check<A>(attacks: &[Attack<A>], run: impl Fn(&A) -> Ran) {
    let wrong: Vec<String> = attacks.iter().filter_map(|attack| flaw(attack, &run(&attack.1))).collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
}

fn flaw<A>((name, _, code, says): &Attack<A>, ran: &Ran) -> Option<String> {
    let Ran { stderr, .. } = ran;
    let is_right = ran.code == Some(*code) && stderr.contains(says) && !stderr.contains("panicked") && is_tame(stderr);
    (!is_right).then(|| format!("{name}\t{:?}\t{stderr:?}", ran.code))
}

/// Whether a terminal shows it and does nothing else.
fn is_tame(text: &str) -> bool {
    text.chars().all(|char| char == '\n' || !char.is_control())
}
