//! What `wsprobe help` prints: pages for people, and the same as JSON for programs.

use clap::{Arg, Args, Command};
use serde_json::{Value, json};

use super::help::{self, EXIT_STATUS};
use super::topics;
use crate::commands::prompt::command_table::{self, Entry};
use crate::error::Error;
use crate::script;
use crate::wire::frame::Side;

/// Goes up when something is taken away or changes its meaning; what is new does not raise it.
const FORMAT: u32 = 1;

#[derive(Debug, Args)]
pub(super) struct HelpArgs {
    /// A command, a heading of the help such as `tls`, or both; without one, wsprobe itself
    #[arg(value_name = "COMMAND", num_args = 0..)]
    command: Vec<String>,

    /// Print JSON: commands, options with their values and defaults, exit statuses, slash commands, steps of scripts
    #[arg(long)]
    json: bool,
}

impl HelpArgs {
    /// # Errors
    /// There is no such command.
    pub(super) fn page(&self, mut command: Command) -> Result<Vec<u8>, Error> {
        if self.command.is_empty() && !self.json {
            return Ok(help::short(&command).into_bytes());
        }
        // A command's options are defined when it is built.
        command.build();
        if let Some((word, path)) = self.command.split_last().filter(|_| !self.json) {
            found(&mut command, path)?;
            return topics::page(command, path, word);
        }
        let asked = found(&mut command, &self.command)?;
        let catalogue = if self.command.is_empty() { whole(asked) } else { described(asked) };
        let text = serde_json::to_string_pretty(&catalogue).expect("strings and lists of them have no way to fail");
        Ok(format!("{text}\n").into_bytes())
    }
}

fn found<'c>(command: &'c mut Command, path: &[String]) -> Result<&'c mut Command, Error> {
    let Some((name, rest)) = path.split_first() else { return Ok(command) };
    let names: Vec<_> = shown(command).map(|known| known.get_name().to_owned()).collect();
    if !names.contains(name) {
        return Err(Error::Usage(format!("`{name}` is not a command; expected one of {}", names.join(", "))));
    }
    found(command.find_subcommand_mut(name).expect("its name was in the list"), rest)
}

/// All that there is.
fn whole(command: &mut Command) -> Value {
    let mut catalogue = described(command);
    catalogue["format"] = json!(FORMAT);
    catalogue["version"] = json!(env!("CARGO_PKG_VERSION"));
    catalogue["exit_statuses"] =
        EXIT_STATUS.iter().map(|(status, meaning)| json!({ "status": status, "meaning": meaning })).collect();
    let slash_commands = |side| command_table::table(side).map(slash_command).collect::<Value>();
    catalogue["slash_commands"] =
        json!({ "client": slash_commands(Side::Client), "server": slash_commands(Side::Server) });
    catalogue["steps"] = script::STEPS.iter().filter(|step| **step != "}").copied().collect();
    catalogue
}

fn slash_command(entry: &Entry) -> Value {
    json!({
        "name": entry.name,
        "arguments": entry.arguments,
        "summary": entry.summary,
        "explanation": entry.explanation,
        "group": format!("{:?}", entry.group).to_lowercase(),
    })
}

/// A command, and those below it.
fn described(command: &mut Command) -> Value {
    let usage = command.render_usage().to_string();
    let usages: Vec<_> = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect();
    let arguments = |is_wanted: fn(&Arg) -> bool| -> Value {
        let all = command.get_arguments().filter(|argument| !argument.is_hide_set());
        all.filter(|argument| is_wanted(argument)).map(described_argument).collect()
    };
    let (positionals, options) = (arguments(Arg::is_positional), arguments(|argument| !argument.is_positional()));
    let about = command.get_about().map(ToString::to_string);
    let description = command.get_long_about().or(command.get_about()).map(ToString::to_string);
    let name = command.get_name().to_owned();
    let below: Value = command.get_subcommands_mut().filter(|command| !command.is_hide_set()).map(described).collect();
    json!({
        "name": name,
        "summary": about,
        "description": description,
        "usage": usages,
        "positionals": positionals,
        "options": options,
        "commands": below,
    })
}

fn described_argument(argument: &Arg) -> Value {
    let takes_value = argument.get_action().takes_values();
    let value_names = argument.get_value_names().filter(|_| takes_value).and_then(|names| names.first());
    let possible = argument.get_possible_values();
    let values = possible.iter().filter(|value| takes_value && !value.is_hide_set()).map(|value| value.get_name());
    let defaults = argument.get_default_values().iter().filter(|_| takes_value).map(|value| value.to_string_lossy());
    json!({
        "name": argument.get_long().unwrap_or(argument.get_id().as_str()),
        "short": argument.get_short(),
        "aliases": argument.get_visible_aliases().unwrap_or_default(),
        "value": value_names.map(|name| name.as_str()),
        "value_is_optional": argument.is_require_equals_set() && takes_value,
        "values": values.collect::<Value>(),
        "default": defaults.collect::<Value>(),
        "repeatable": is_repeatable(argument),
        "required": argument.is_required_set(),
        "heading": argument.get_help_heading(),
        "summary": argument.get_help().map(ToString::to_string),
        "description": argument.get_long_help().or(argument.get_help()).map(ToString::to_string),
    })
}

fn is_repeatable(argument: &Arg) -> bool {
    use clap::ArgAction::{Append, Count};
    let takes_many = argument.get_num_args().is_some_and(|count| count.max_values() > 1);
    matches!(argument.get_action(), Append | Count) || takes_many
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}
