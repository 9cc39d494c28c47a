//! Options that would have no effect in a mode: each is refused, with the reason.
//!
//! This covers what depends on the mode of a run; options that conflict in all modes are declared to clap.

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use self::tests::sample;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::env::Env;
use super::listen::ListenArgs;
use super::load::LoadArgs;
use super::options::{MessageArgs, Options};
use super::ping::PingArgs;
use super::translate;
use crate::error::Error;
use crate::handshake::is_temporary;
use crate::input::source::Source;

/// How stdin is cut, where that has nothing to do with what is printed.
const CUTTING: &[&str] = &["whole", "chunk", "json-input"];

/// What is between messages in a pipe, both ways.
const DELIMITING: &[&str] = &["delimiter", "null", "keep-newline"];

/// How text becomes a message, of whatever option.
const ENCODING: &[&str] = &["binary", "escapes", "encode"];

/// What else is about messages, or about another connection.
const AFTER_THE_HANDSHAKE: &[&str] = &[
    "execute",
    "file",
    "interactive",
    "receive-only",
    "stream",
    "exec",
    "rate",
    "lockstep",
    "reply",
    "echo",
    "wait",
    "wait-idle",
    "one",
    "count",
    "until",
    "expect",
    "expect-json",
    "heartbeat",
    "heartbeat-interval",
    "reconnect",
    "reconnect-delay",
];

/// What a server has no use for that is no relay; clap refuses the options of its connections by itself.
const OF_A_RELAY: &[&str] = &["keep-origin", "cut-after", "edit-with", "config", "no-config"];

const OF_THE_PROMPT: &[&str] = &["vi", "exit-on-close"];

/// Options without effect on the built-in server, which uses ws://, is always up and does not redirect.
const NOT_OF_THE_DEMO: [(&[&str], &str); 3] = [
    (
        &["insecure", "cacert", "cert", "key", "passphrase", "sni", "tls-min", "tls-max", "pin"],
        "the demo server uses ws://, without TLS",
    ),
    (&["location", "insecure-redirect", "max-redirects"], "the demo server does not redirect"),
    (&["resolve", "wait-for-server"], "the demo server is already running at a known address"),
];

const NO_PROMPT: &str =
    "there is a prompt only with a terminal on both sides, and without options that select the pipe";

const AT_THE_PROMPT: &str = "at the prompt, each line is a message, and messages are shown line by line";

/// The long names of the options that were given.
#[derive(Default)]
pub(super) struct GivenOptions(Vec<String>);

impl GivenOptions {
    pub(super) fn of(definition: &Command, matches: &ArgMatches) -> Self {
        let mut given = Vec::new();
        let (mut definition, mut matches) = (definition, matches);
        loop {
            let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
            let arguments = definition.get_arguments().filter(|argument| is_given(argument.get_id().as_str()));
            given.extend(arguments.filter_map(|argument| argument.get_long()).map(str::to_owned));
            match matches.subcommand().and_then(|(name, below)| Some((definition.find_subcommand(name)?, below))) {
                Some(below) => (definition, matches) = below,
                None => return Self(given),
            }
        }
    }

    /// The long names.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }

    fn has(&self, option: &str) -> bool {
        self.0.iter().any(|given| given == option)
    }

    fn has_any(&self, options: &[&str]) -> bool {
        options.iter().any(|option| self.has(option))
    }

    fn refuse(&self, options: &[&str], why: &str) -> Result<(), Error> {
        match options.iter().find(|option| self.has(option)) {
            Some(option) => Err(Error::Usage(format!("`--{option}` has no effect here: {why}"))),
            None => Ok(()),
        }
    }

    /// What a ping has no use for.
    pub(super) fn check_ping(&self) -> Result<(), Error> {
        PingArgs::unused().try_for_each(|(options, why)| self.refuse(options, why))
    }

    /// What a load has no use for.
    pub(super) fn check_load(&self) -> Result<(), Error> {
        LoadArgs::unused().try_for_each(|(options, why)| self.refuse(options, why))
    }

    /// What a run as a client has no use for.
    pub(super) fn check_client(&self, options: &Options, env: &Env) -> Result<(), Error> {
        if let Some(status) = options.ending.expect_status {
            for options in [AFTER_THE_HANDSHAKE, CUTTING, DELIMITING, ENCODING] {
                self.refuse(options, "`--expect-status` ends the run with the handshake")?;
            }
            if is_temporary(status) {
                self.refuse(&["wait-for-server"], "it would wait as long as the server answers with that status")?;
            }
        }
        if !self.has_any(&["execute", "file"]) {
            self.refuse(&["interactive"], "it continues with stdin after `--execute`")?;
        }
        if options.messages.stream && !self.has_any(&["execute", "file", "heartbeat", "reply"]) {
            self.refuse(&["escapes"], "with `--stream`, bytes are sent as they come")?;
        }
        if let Source::Prompt(_) = translate::source(options, env) {
            self.refuse(DELIMITING, AT_THE_PROMPT)?;
            self.refuse(&["lockstep"], "at the prompt, you decide when the next message is sent")?;
            return self.refuse(&["wait", "wait-idle"], "the prompt runs until you quit it");
        }
        self.refuse(OF_THE_PROMPT, NO_PROMPT)?;
        let Some(why) = unread(&options.messages, env) else { return Ok(()) };
        self.refuse(CUTTING, why)?;
        if options.messages.echo {
            self.refuse(&["receive-only"], why)?;
        }
        if !self.has_any(&["execute", "file", "echo"]) {
            self.refuse(&["rate", "lockstep"], why)?;
        }
        if self.has_any(&["execute", "file", "heartbeat", "reply"]) {
            return Ok(());
        }
        self.refuse(&["escapes", "encode"], why)?;
        // They look into binary messages then.
        if self.has_any(&["until", "expect", "expect-json"]) { Ok(()) } else { self.refuse(&["binary"], why) }
    }

    pub(super) fn check_demo(&self) -> Result<(), Error> {
        NOT_OF_THE_DEMO.iter().try_for_each(|(options, why)| self.refuse(options, why))
    }

    /// What a run as a server has no use for.
    pub(super) fn check_server(&self, listen: &ListenArgs, env: &Env) -> Result<(), Error> {
        if !self.has("script") {
            self.refuse(&["var", "vars"], "variables are for `--script`")?;
        }
        if !self.has("exec") {
            self.refuse(&["stream"], "it applies only to `--exec`")?;
        }
        if !self.has("replay") {
            // clap does not check this requirement if another kind of work is given.
            self.refuse(&["speed", "compare", "ignore"], "it applies only to `--replay`")?;
        }
        if !self.has("forward") {
            // The same.
            self.refuse(OF_A_RELAY, "it is about the server of `--forward`")?;
        }
        let works = ["echo", "broadcast", "exec", "script", "replay", "tcp", "forward"];
        let has_prompt = listen.prompt(env).is_some() && !self.has("receive-only");
        let why = match works.iter().find(|work| self.has(work)) {
            Some(&"forward") if has_prompt => return self.refuse(DELIMITING, AT_THE_PROMPT),
            Some(work) => format!("stdin is not read with `--{work}`"),
            None if self.has("receive-only") => "stdin is not read with `--receive-only`".to_owned(),
            None if listen.prompt(env).is_some() => return self.refuse(DELIMITING, AT_THE_PROMPT),
            None if env.stdin_is_absent => NO_STDIN.to_owned(),
            None => return self.refuse(OF_THE_PROMPT, NO_PROMPT),
        };
        self.refuse(OF_THE_PROMPT, NO_PROMPT)?;
        self.refuse(CUTTING, &why)?;
        if self.has_any(&works) && !(self.has("forward") && listen.prompt(env).is_some()) {
            self.refuse(&["receive-only"], &why)?;
        }
        if !self.has_any(&["send", "send-file", "every"]) {
            self.refuse(ENCODING, &why)?;
        }
        Ok(())
    }

    /// What scripts that are not played have no use for.
    pub(super) fn check_unplayed(&self, options: impl Iterator<Item = String>) -> Result<(), Error> {
        let options: Vec<_> = options.collect();
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        self.refuse(&options, "nothing connects with `--check` or `--fmt`")
    }
}

const NO_STDIN: &str = "there is no stdin to read: it is /dev/null, or closed";

/// Why nothing is read from stdin, if that is so.
fn unread(messages: &MessageArgs, env: &Env) -> Option<&'static str> {
    match messages {
        _ if messages.exec.is_some() => None,
        _ if messages.echo => Some("stdin is not read with `--echo`"),
        _ if messages.stdin.receive_only => Some("stdin is not read with `--receive-only`"),
        _ if !messages.execute.is_empty() && !messages.interactive => {
            Some("stdin is not read after `--execute`; `--interactive` continues with it")
        }
        _ if env.stdin_is_absent => Some(NO_STDIN),
        _ => None,
    }
}
