//! The command line of `wsprobe run`.

use std::path::PathBuf;

use clap::{Arg, Args, CommandFactory as _, ValueHint};

use super::Cli;
use super::env::Env;
use crate::error::Error;
use crate::front::scripts::Scripts;
use crate::plan::{Care, Voice};
use crate::script::check::OptionName;
use crate::script::variables::files::{self, Format};
use crate::script::variables::{Variables, is_reference};
use crate::term::Verbosity;

/// The headings whose options a connection takes.
const OF_CONNECTIONS: [&str; 5] = ["Request", "TLS", "Route", "Timing", "Protocol"];

/// A script connects again by itself, and has no prompt.
const NOT_OF_SCRIPTS: [&str; 4] = ["reconnect", "reconnect-delay", "slash", "protocol"];

#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// Scripts, and folders of them (`*.wsp`); `-` is stdin
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Only check the scripts: nothing connects
    ///
    /// All errors of all files are told, each with its line and column; the exit status is 2 if there are any. Whether
    /// variables have values is checked only if `--var` or `--vars` gives some. With `--fmt`, files that are not in
    /// their canonical form are named and left alone, and the exit status is 1.
    #[arg(long, help_heading = "Scripts", required_unless_present = "fmt")]
    check: bool,

    /// Bring the scripts into their canonical form
    ///
    /// Files are written in place, stdin is printed to stdout. Indentation and blanks between words change; comments and
    /// what is sent or expected do not. When any file has an error, none is written.
    #[arg(long, help_heading = "Scripts")]
    fmt: bool,

    /// Give a variable a value: `--var url=ws://localhost:8080`
    ///
    /// It stands where a script says `{{NAME}}`, and goes over what `--vars` says.
    #[arg(long, help_heading = "Scripts", value_name = "NAME=VALUE", value_parser = assignment, conflicts_with = "fmt")]
    var: Vec<(String, String)>,

    /// Take variables from a file: TOML, JSON or .env, as its name tells
    ///
    /// Nested keys are joined with dots: `{{server.url}}`, `{{list.0}}`. Of several files the last one to name a
    /// variable is right.
    #[arg(long, help_heading = "Scripts", value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "fmt")]
    vars: Vec<PathBuf>,
}

impl Run {
    /// What is to be done with the scripts.
    ///
    /// # Errors
    /// What is wrong with the options, or with the files of variables.
    pub(super) fn care(self, env: &Env) -> Result<Care, Error> {
        let has_variables = !self.var.is_empty() || !self.vars.is_empty();
        let variables = variables(&self.vars, self.var)?;
        let voice = Voice { verbosity: Verbosity::Normal, colour: env.colours(env.stderr_is_terminal) };
        let scripts = Scripts { paths: self.paths, options: options(), variables: has_variables.then_some(variables) };
        Ok(Care { scripts, checks: self.check, formats: self.fmt, voice })
    }
}

fn variables(paths: &[PathBuf], given: Vec<(String, String)>) -> Result<Variables, Error> {
    let mut variables = Variables::new(Env::secret);
    for path in paths {
        let bad = |why: String| Error::Usage(format!("`{}` holds no variables: {why}", path.display()));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let format = Format::of(&name).ok_or_else(|| bad("its name ends in .toml, .json or .env".to_owned()))?;
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::File { what: "read", path: path.clone(), source })?;
        files::read(&text, format).map_err(bad)?.into_iter().for_each(|(name, value)| variables.set(name, value));
    }
    given.into_iter().for_each(|(name, value)| variables.set(name, value));
    Ok(variables)
}

/// `NAME=VALUE`
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if is_reference(name) => Ok((name.to_owned(), value.to_owned())),
        Some(_) => Err("a name has letters, digits, `_` and `-`, and begins with a letter or `_`".to_owned()),
        None => Err("write `NAME=VALUE`".to_owned()),
    }
}

/// The options that may stand below `connect`.
fn options() -> Vec<OptionName> {
    let is_of_connections =
        |argument: &&Arg| argument.get_help_heading().is_some_and(|heading| OF_CONNECTIONS.contains(&heading));
    let definition = Cli::command();
    let options = definition.get_arguments().filter(is_of_connections).filter_map(|argument| {
        let name = argument.get_long().filter(|long| !NOT_OF_SCRIPTS.contains(long))?;
        Some(OptionName { name: name.to_owned(), takes_value: argument.get_action().takes_values() })
    });
    options.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_takes_the_options_of_its_headings() {
        let options = options();
        let takes_value =
            |name: &str| options.iter().find(|option| option.name == name).map(|option| option.takes_value);
        assert_eq!(takes_value("header"), Some(true));
        assert_eq!(takes_value("insecure"), Some(false));
        assert_eq!(takes_value("max-message"), Some(true));
        for name in ["execute", "json", "reconnect", "wait", "connect", "help"] {
            assert_eq!(takes_value(name), None, "{name}");
        }
    }

    #[test]
    fn a_variable_is_given_as_name_and_value() {
        assert_eq!(assignment("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
        assert!(assignment("a").unwrap_err().contains("NAME=VALUE"));
        assert!(assignment("=a").unwrap_err().contains("begins with a letter"));
    }
}
