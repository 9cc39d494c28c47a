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

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

use kit::Ran;

/// A row: its name, what is sent, the exit status, and a part of what stderr says.
type Attack<A> = (&'static str, A, i32, &'static str);

/// Runs each attack, and tells all that did not end as they should.
#[track_caller]
fn check<A>(attacks: &'static [Attack<A>], run: impl Fn(&'static A) -> Ran) {
    let wrong: Vec<String> = attacks.iter().filter_map(|attack| flaw(attack, &run(&attack.1))).collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
}

fn flaw<A>((name, _, code, says): &Attack<A>, ran: &Ran) -> Option<String> {
    let Ran { stderr, .. } = ran;
    let is_right = ran.code == Some(*code) && stderr.contains(says) && !stderr.contains("panicked") && is_tame(stderr);
    (!is_right).then(|| format!("{name}\t{:?}\t{stderr:?}", ran.code))
}

/// A server for one client: whatever the client begins with, it gets this answer at once; the port.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client comes");
        let _ = stream.read(&mut [0; 4096]);
        say_all(&mut stream, answer);
    });
    port
}

/// Sends what there is, and then the end; the client may have heard enough before.
fn say_all(stream: &mut TcpStream, data: &[u8]) {
    let _ = stream.write_all(data);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// Whether a terminal shows it and does nothing else.
fn is_tame(text: &str) -> bool {
    text.chars().all(|char| char == '\n' || !char.is_control())
}
