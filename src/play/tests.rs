//! Scripts played against the echo server of `demo`.

use std::ffi::OsString;
use std::future::pending;

use tokio::task::LocalSet;

use super::expecting::missed;
use super::planner::{ConnectOption, PlanConnection};
use super::*;
use crate::app::Job;
use crate::cli::{Env, invocation};
use crate::client::options::ClientOptions;
use crate::script::judge::ExpectedKind;
use crate::script::parse;
use crate::server::demo::echo_aside;
use crate::term::Verbosity;

/// Knows no options.
#[derive(Debug)]
struct Direct;

impl PlanConnection for Direct {
    fn check(&self, _: &ConnectOption) -> Result<(), String> {
        Ok(())
    }

    fn plan(&self, url: &str, _: &[ConnectOption], _: &[ConnectOption], _: &Path) -> Result<Box<ClientOptions>, Error> {
        match invocation(["wsprobe", "-x", "", url].map(OsString::from), &Env::default())?.job {
            Job::Connect(plan) => Ok(plan),
            other => panic!("{other:?} is no plan"),
        }
    }
}

/// Plays a script; `{{url}}` is the server.
fn played(source: &str) -> Result<(), Box<StepFailure>> {
    let url = format!("ws://127.0.0.1:{}/", echo_aside(1 << 20).unwrap());
    let file = LoadedScript {
        name: "x.wsp".to_owned(),
        dir: "/".into(),
        source: source.into(),
        script: Arc::new(parse(source).unwrap_or_else(|flaws| panic!("{flaws:?}"))),
        within: Duration::from_secs(30),
    };
    let silent = Rc::new(Talk::to(Verbosity::QUIET, false, "", drop));
    let mut variables = Variables::new(|_| None);
    variables.set("url", url);
    let context = PlayContext::new(&file, &variables, ConnectionPlanner(Arc::new(Direct)), silent);
    let runtime = crate::runtime::runtime().unwrap();
    let player = async { Player::new(&context).play(pending()).await };
    LocalSet::new().block_on(&runtime, player)
}

/// The line, the words and the exit status of a failure.
#[track_caller]
fn failure(source: &str) -> (usize, String, u8) {
    let failure = played(source).unwrap_err();
    (failure.place.line, failure.fault.words, failure.fault.code)
}

#[test]
fn a_conversation_is_played_to_its_end() {
    let source = r#"
connect {{url}}
status 101
expect header upgrade: websocket
send {"op":"tick","n":[1,2]}
expect json {"op":"tick"} capture all
capture n = json $.n[1]
send number {{n}} of {{all}}
expect text matches /^number (\d)/ capture digit
send binary hex 00 ff
expect binary hex 00 ff
ping {{digit}}
expect pong 2
nothing within 10ms
repeat 3 {
  send again
}
skip until text again
set x = "a b"
exec printf '%s' "$x" capture y
send {{y}}
skip until text "a b" within 5s
parallel {
  a: connect {{url}}
  a: send one
  a: expect text "one" capture one
} {
  b: connect {{url}}
  b: send two
  b: expect text two
}
send {{one}}
expect text one
close 1000 bye
expect close 1000
"#;
    if let Err(failure) = played(source) {
        panic!("{}", failure.shown("x.wsp", false));
    }
}

#[test]
fn the_step_that_fails_is_told_with_the_last_messages() {
    let failure = played("connect {{url}}\nsend a\nexpect text b\n").unwrap_err();
    assert_eq!((failure.place.line, failure.fault.code), (3, 1));
    let page = failure.shown("x.wsp", false);
    assert!(page.starts_with("x.wsp:3: expect text b\n  the text differs\n  - b\n  + a\n"), "{page}");
    let (_, recent) = failure.recent.unwrap();
    assert!(recent[0].ends_with("s > a") && recent[1].ends_with("s < a"), "{recent:?}");
}

#[test]
fn what_does_not_come_is_told_within_its_time() {
    let within = "connect {{url}}\nexpect within 20ms message\n";
    assert_eq!(failure(within), (2, "no message came within 20ms".to_owned(), 1));
    let skip = "connect {{url}}\nskip until text \"b\" within 20ms\n";
    assert_eq!(failure(skip), (2, "no message came within 20ms".to_owned(), 1));
    let limit = Duration::from_secs(1);
    assert_eq!(missed(ExpectedKind::Message, 1, limit), "the one that came within 1s does not match");
    assert_eq!(missed(ExpectedKind::Pong, 7, limit), "none of the 7 that came within 1s matches");
}

#[test]
fn a_close_instead_of_a_message_is_told() {
    let closed = "connect {{url}}\nclose 1000\nexpect text x\n";
    assert_eq!(failure(closed), (3, "we have closed the connection: close 1000".to_owned(), 1));
    let sent = "connect {{url}}\nclose 1000\nexpect close\nsend x\n";
    assert!(failure(sent).1.starts_with("it cannot be sent: we have closed"));
}

#[test]
fn a_connection_that_is_not_there_is_no_step_of_a_script() {
    assert_eq!(failure("send x\n"), (1, "there is no connection yet".to_owned(), 1));
    assert_eq!(failure("b: expect message\n").1, "there is no connection `b` yet");
    assert_eq!(failure("connect 127.0.0.1:1\nsend x\n").2, 3);
}

#[test]
fn a_flood_that_nobody_expects_is_slowed_down() {
    let source = "connect {{url}}\nset x = \"x\"\nrepeat 3000 {\n  send {\"some\": \"text\"}\n}\n\
                  repeat 2999 {\n  expect json $.some == \"text\"\n}\n";
    played(source).unwrap();
}
