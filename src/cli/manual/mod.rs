//! The man pages: the options as clap has them, and what else a reader of manuals looks for.

mod about;
mod json;
mod options;
mod troff;

use clap::{Arg, Command};

use self::about::{ABOUT_ALL, DECODING, PROFILES, about, ending};
use self::troff::{ManPage, bold, escaped};
use crate::codec::DECODERS;
use crate::commands::prompt::command_table;
use crate::error::Error;
use crate::wire::frame::Side;

/// How the prompt is used.
const AT_THE_PROMPT: &str = "`//` at its beginning sends one slash. An empty line sends nothing, `/send \"\"` an empty message. A \
blank before a line keeps it out of the history. Alt-Enter begins a new line.

Up goes through the previous lines that begin with the typed text, Ctrl-R searches all of them. The text in grey is the \
rest of a previous line, or the arguments of a command; Right or End accepts it. The prompt shows what is on: `[paused 12, \
filtered, recording, repeating] >`. It ends with `>`, with `~` while reconnecting, with `<` after `/half-close`, with `!` \
when nobody is connected.

Input that is taller than the screen is shown as a label, such as [44 lines]; it is sent as a whole, and `/edit` before it \
shows it. Ctrl-C drops the line, and stops what is being printed.";

const AFTER_THE_CLOSE: &str = "When the connection closes, the prompt stays once something was typed, and after a `/close`: \
Enter connects again. Otherwise the run ends, with the status of the Close; with `--exit-on-close` it always does.";

/// The page about all, in troff.
pub(super) fn page(mut command: Command) -> Vec<u8> {
    // A command's options are defined when it is built.
    command.build();
    let pages = with_pages(&command);
    let mut page = beginning(&command);
    page.section("COMMANDS");
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let has_page = pages.iter().any(|name| name == subcommand.get_name());
        let see = if has_page {
            format!(" wsprobe-{}(1) explains its options.", subcommand.get_name())
        } else {
            String::new()
        };
        page.entry(&bold(subcommand.get_name()), &(told(subcommand) + &see));
    }
    at_the_prompt(&mut page, Side::Client);
    decoders(&mut page);
    page.section("PROFILES");
    page.entries(PROFILES);
    let names = pages.iter().map(|name| format!("wsprobe-{name}(1)"));
    ending(&mut page, &ABOUT_ALL, names);
    page.finished()
}

/// The page of a subcommand, or that of records and reports.
///
/// # Errors
/// It has no options of its own, and so no page.
pub(super) fn page_of(mut command: Command, name: &str) -> Result<Vec<u8>, Error> {
    if name == "json" {
        return Ok(json::page());
    }
    command.build();
    let pages = with_pages(&command);
    let subcommand = command.find_subcommand(name).filter(|_| pages.iter().any(|page| page == name));
    let Some(subcommand) = subcommand else {
        return Err(Error::Usage(format!(
            "`{name}` has no manual page of its own; these commands do: {}",
            pages.join(", ")
        )));
    };
    let mut page = beginning(subcommand);
    if name == "listen" {
        at_the_prompt(&mut page, Side::Server);
    }
    ending(&mut page, &about(name), ["wsprobe(1)".to_owned()]);
    Ok(page.finished())
}

/// The subcommands with options that the command itself does not have.
pub(super) fn with_pages(command: &Command) -> Vec<String> {
    let is_ours = |option: &Arg| command.get_arguments().any(|ours| ours.get_long() == option.get_long());
    let has_own = |subcommand: &&Command| subcommand.get_opts().any(|option| !is_ours(option));
    let pages = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()).filter(has_own);
    pages.map(|subcommand| subcommand.get_name().to_owned()).collect()
}

/// What clap knows.
fn beginning(command: &Command) -> ManPage {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let summary = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page = ManPage::new(name, 1, &summary);
    page.section("SYNOPSIS");
    synopsis(&mut page, command);
    page.section("DESCRIPTION");
    let told = told(command);
    page.paragraphs(told.split_once("\n\n").map_or(told.as_str(), |(_, rest)| rest));
    options::write(&mut page, command);
    page
}

fn synopsis(page: &mut ManPage, command: &Command) {
    let usage = command.clone().render_usage().to_string();
    for (at, form) in usage.trim_start_matches("Usage: ").lines().map(str::trim).enumerate() {
        if at > 0 {
            page.macro_line(".br");
        }
        let begins_options = form.find(" [").or(form.find(" <")).unwrap_or(form.len());
        let (name, arguments) = form.split_at(begins_options);
        page.macro_line(&format!("{} {}", bold(name), escaped(arguments.trim())));
    }
}

/// The doc comment of a command, without its reference to the help that a page does not need.
fn told(command: &Command) -> String {
    let text = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    text.replace(&format!(" `wsprobe {} --help` lists its options.", command.get_name()), "")
}

fn decoders(page: &mut ManPage) {
    page.section("DECODERS");
    page.entries(DECODERS.iter().map(|decoder| (decoder.name, decoder.about)));
    page.paragraphs(DECODING);
}

fn at_the_prompt(page: &mut ManPage, side: Side) {
    page.section("AT THE PROMPT");
    page.entries(command_table::table(side).map(|entry| (entry.usage(), entry.described())));
    let other_lines = match side {
        Side::Client => "Any other line is sent as a message;",
        Side::Server => "Any other line is sent to all clients;",
    };
    page.paragraphs(&format!("{other_lines} {AT_THE_PROMPT}"));
    if side == Side::Client {
        page.paragraphs(AFTER_THE_CLOSE);
    }
}
