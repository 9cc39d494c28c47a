//! The options of connections in scripts: what the command line, a file's head and a `connect` say together.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::env::Env;
use super::options::Options;
use super::secret;
use super::translate;
use super::usage_error::one_line;
use crate::client::options::ClientOptions;
use crate::error::Error;
use crate::play::planner::{ConnectOption, ConnectionPlanner, PlanConnection};
use crate::script::check::{OptionName, OptionValue};

/// The headings whose options a connection takes.
const HEADINGS: [&str; 5] = ["Request", "TLS", "Route", "Timing", "Protocol"];

/// A script connects again by itself, and has no prompt.
const NOT_OF_SCRIPTS: [&str; 5] = ["reconnect", "reconnect-delay", "reconnect-on", "slash", "protocol"];

/// Options whose value is a path.
const FILES: [&str; 5] = ["cacert", "cert", "key", "netrc-file", "unix-socket"];

/// The number of cached plans: a URL with `{{uuid}}` in it is a new one each time.
const KEPT: usize = 64;

/// Those options on the command line of `wsprobe run`.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(pub(super) Vec<ConnectOption>);

impl FromArgMatches for Connections {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut connections = Self::default();
        connections.update_from_arg_matches(matches)?;
        Ok(connections)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(arguments().iter().flat_map(|argument| given(argument, matches)));
        Ok(())
    }
}

impl Args for Connections {
    fn augment_args(command: Command) -> Command {
        command.args(arguments())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// An option as it was given on the command line: once for each value.
pub(super) fn given(argument: &Arg, matches: &ArgMatches) -> Vec<ConnectOption> {
    let id = argument.get_id().as_str();
    if matches.value_source(id) != Some(ValueSource::CommandLine) {
        return Vec::new();
    }
    let option = argument.get_long().unwrap_or_default().to_owned();
    if !argument.get_action().takes_values() {
        return vec![ConnectOption { option, value: None }];
    }
    let values = matches.get_raw(id).into_iter().flatten();
    let given = values.map(|value| Some(value.to_string_lossy().into_owned()));
    given.map(|value| ConnectOption { option: option.clone(), value }).collect()
}

/// The options that a connection takes.
pub(super) fn arguments() -> Vec<Arg> {
    definition().get_arguments().filter(|argument| is_of_connections(argument)).cloned().collect()
}

fn is_of_connections(argument: &Arg) -> bool {
    let is_headed = argument.get_help_heading().is_some_and(|heading| HEADINGS.contains(&heading));
    is_headed && argument.get_long().is_some_and(|long| !NOT_OF_SCRIPTS.contains(&long))
}

/// The names of the options that may be below `connect`.
pub(super) fn names() -> Vec<OptionName> {
    let value = |argument: &Arg| match argument.get_num_args() {
        _ if !argument.get_action().takes_values() => OptionValue::Never,
        Some(number) if number.min_values() == 0 => OptionValue::Maybe,
        _ => OptionValue::Always,
    };
    let named = |argument: &Arg| OptionName {
        name: argument.get_long().unwrap_or_default().to_owned(),
        value: value(argument),
    };
    arguments().iter().map(named).collect()
}

/// All options, parsed one by one: of two conflicting options, the last one wins.
fn definition() -> Command {
    Options::augment_args(Command::new("connect")).no_binary_name(true).disable_help_flag(true).args_override_self(true)
}

/// Makes plans of connections.
#[derive(Debug)]
pub(super) struct Dialer {
    given: Vec<ConnectOption>,
    env: Env,
    /// Whether frames are traced.
    frames: bool,
    /// Plans are made once: files are read once, and the user is asked for a password once.
    made: Mutex<HashMap<Vec<String>, Box<ClientOptions>>>,
}

impl Dialer {
    pub(super) fn new(Connections(given): Connections, frames: bool, env: &Env) -> Self {
        Self { given, env: env.clone(), frames, made: Mutex::default() }
    }
}

impl From<Dialer> for ConnectionPlanner {
    fn from(dialer: Dialer) -> Self {
        Self(Arc::new(dialer))
    }
}

impl PlanConnection for Dialer {
    fn check(&self, given: &ConnectOption) -> Result<(), String> {
        match definition().try_get_matches_from([given.typed()]) {
            Err(error) if error.kind() != ErrorKind::MissingRequiredArgument => Err(one_line(&error)),
            _ => Ok(()),
        }
    }

    fn plan(
        &self,
        url: &str,
        head: &[ConnectOption],
        own: &[ConnectOption],
        dir: &Path,
    ) -> Result<Box<ClientOptions>, Error> {
        let beside = |all: &[ConnectOption]| all.iter().map(|given| given.beside(dir)).collect::<Vec<_>>();
        let typed: Vec<_> =
            over(&over(&self.given, &beside(head)), &beside(own)).iter().map(ConnectOption::typed).collect();
        let key: Vec<_> = std::iter::once(url.to_owned()).chain(typed.iter().cloned()).collect();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = made.get(&key) {
            return Ok(plan.clone());
        }
        let usage = |error| Error::Usage(one_line(&error));
        let matches = definition().try_get_matches_from(typed).map_err(usage)?;
        let options = Options::from_arg_matches(&matches).map_err(usage)?;
        let mut plan = translate::connect(url, &options, &self.env)?;
        // A pattern wants to see the whole of a message.
        plan.connect.connection.parts = false;
        plan.connect.connection.traced = self.frames;
        if made.len() < KEPT {
            made.insert(key, plan.clone());
        }
        Ok(plan)
    }
}

impl ConnectOption {
    /// As it would be typed.
    fn typed(&self) -> String {
        match &self.value {
            Some(value) => format!("--{}={value}", self.option),
            None => format!("--{}", self.option),
        }
    }

    /// With the path of a file in a folder, if it names one.
    fn beside(&self, dir: &Path) -> Self {
        let beside = |path: &str| dir.join(path).display().to_string();
        let value = self.value.as_ref().map(|value| match (value.strip_prefix('@'), self.option.as_str()) {
            (Some(path), option) if secret::OPTIONS.contains(&option) => format!("@{}", beside(path)),
            (None, option) if FILES.contains(&option) => beside(value),
            _ => value.clone(),
        });
        Self { option: self.option.clone(), value }
    }

    /// Whether the other one replaces it: the same option, and for headers also the same name.
    fn is_like(&self, other: &Self) -> bool {
        let header = |given: &Self| {
            let name =
                given.value.as_ref().filter(|_| given.option == "header")?.split_once(':')?.0.to_ascii_lowercase();
            Some(name)
        };
        self.option == other.option && header(self) == header(other)
    }
}

/// The inner settings, and those of the outer ones that are not overridden.
fn over(outer: &[ConnectOption], inner: &[ConnectOption]) -> Vec<ConnectOption> {
    let kept = outer.iter().filter(|outer| !inner.iter().any(|inner| inner.is_like(outer)));
    kept.chain(inner).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> ConnectOption {
        let (option, value) = text.split_once(' ').map_or((text, None), |(option, value)| (option, Some(value)));
        ConnectOption { option: option.to_owned(), value: value.map(str::to_owned) }
    }

    fn all(texts: &[&str]) -> Vec<ConnectOption> {
        texts.iter().map(|text| given(text)).collect()
    }

    fn dialer(texts: &[&str]) -> Dialer {
        Dialer::new(Connections(all(texts)), false, &Env::default())
    }

    #[test]
    fn inner_options_go_over_outer_ones_and_headers_do_so_by_name() {
        let dialer = dialer(&["header A: 1", "header B: 1", "compress off", "subprotocol x"]);
        let plan = dialer
            .plan(":80", &all(&["header b: 2", "subprotocol y"]), &all(&["subprotocol z"]), Path::new("."))
            .unwrap();
        let options = &plan.connect.request;
        let headers: Vec<_> = options.headers.iter().map(|header| (&*header.name, &*header.value)).collect();
        assert_eq!(headers, [("A", "1"), ("b", "2")]);
        assert_eq!(options.subprotocols, ["z"]);
        assert_eq!(options.compression, crate::request::Compression::Off);
        assert!(!plan.connect.connection.parts);
    }

    #[test]
    fn plans_of_ever_new_urls_are_not_kept_for_ever() {
        let dialer = dialer(&[]);
        for number in 0..KEPT * 2 {
            dialer.plan(&format!(":80/{number}"), &[], &[], Path::new(".")).unwrap();
        }
        assert_eq!(dialer.made.lock().unwrap().len(), KEPT);
    }

    #[test]
    fn the_options_of_the_command_line_are_read_as_they_were_typed() {
        let command = Connections::augment_args(Command::new("run"));
        let matches = command.get_matches_from(["run", "-H", "A: 1", "-k", "--header", "B: 2", "-4"]);
        let Connections(mut typed) = Connections::from_arg_matches(&matches).unwrap();
        typed.sort_by(|a, b| a.option.cmp(&b.option));
        assert_eq!(typed, all(&["header A: 1", "header B: 2", "insecure", "ipv4"]));
    }

    #[test]
    fn files_that_a_script_names_are_beside_it() {
        for (text, beside) in [
            ("cacert ca.pem", "--cacert=tests/ca.pem"),
            ("key /etc/key", "--key=/etc/key"),
            ("bearer @token", "--bearer=@tests/token"),
            ("header @a: b", "--header=@tests/a: b"),
            ("bearer token", "--bearer=token"),
            ("origin @home", "--origin=@home"),
            ("insecure", "--insecure"),
        ] {
            assert_eq!(given(text).beside(Path::new("tests")).typed(), beside);
        }
    }

    #[test]
    fn a_connection_takes_the_options_of_its_headings() {
        let names = names();
        let value = |name: &str| names.iter().find(|option| option.name == name).map(|option| option.value);
        assert_eq!(value("header"), Some(OptionValue::Always));
        assert_eq!(value("insecure"), Some(OptionValue::Never));
        assert_eq!(value("http2"), Some(OptionValue::Maybe));
        assert_eq!(value("max-message"), Some(OptionValue::Always));
        for name in ["execute", "json", "reconnect", "wait", "connect", "help"] {
            assert_eq!(value(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_option_is_said() {
        let dialer = dialer(&[]);
        for text in ["header A: 1", "insecure", "max-message 1K", "key x", "ping-interval off", "proxy "] {
            assert_eq!(dialer.check(&given(text)), Ok(()), "{text}");
        }
        for (text, why) in [
            ("headr A: 1", "`--headr`"),
            ("max-message x", "expected a size like"),
            ("connect-timeout x", "expected a time like"),
        ] {
            let error = dialer.check(&given(text)).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(dialer.plan(":80", &all(&["key x"]), &[], Path::new(".")).is_err());
    }
}
