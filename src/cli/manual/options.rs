//! The OPTIONS section of a manual page, from clap's definition.

use clap::{Arg, Command};

use super::troff::{ManPage, bold, escaped, italic};

/// Writes the arguments, then the options without a heading, then a subsection for each heading.
pub(super) fn write(page: &mut ManPage, command: &Command) {
    page.section("OPTIONS");
    let visible: Vec<_> = command.get_arguments().filter(|argument| !argument.is_hide_set()).collect();
    visible.iter().filter(|argument| argument.is_positional()).for_each(|argument| entry(page, argument));
    let options: Vec<_> = visible.into_iter().filter(|argument| !argument.is_positional()).collect();
    options.iter().filter(|option| option.get_help_heading().is_none()).for_each(|option| entry(page, option));
    let mut headings: Vec<_> = options.iter().filter_map(|option| option.get_help_heading()).collect();
    let mut seen = Vec::new();
    headings.retain(|heading| {
        !seen.contains(heading) && {
            seen.push(*heading);
            true
        }
    });
    for heading in headings {
        page.subsection(heading);
        options
            .iter()
            .filter(|option| option.get_help_heading() == Some(heading))
            .for_each(|option| entry(page, option));
    }
}

fn entry(page: &mut ManPage, argument: &Arg) {
    page.entry(&term(argument), &text(argument));
}

/// `-t, --timestamps[=KIND]`
fn term(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let values: Vec<_> = values.iter().map(|value| italic(value)).collect();
    let mut names: Vec<_> = argument.get_short().iter().map(|short| bold(&format!("-{short}"))).collect();
    names.extend(argument.get_long().map(|long| bold(&format!("--{long}"))));
    let mut term = names.join(", ");
    if argument.get_action().takes_values() {
        term += &match (argument.is_positional(), argument.is_require_equals_set()) {
            (true, _) => values.join(" "),
            (false, true) => format!("[={}]", values.join(" ")),
            (false, false) => format!(" {}", values.join(" ")),
        };
    }
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if argument.get_action().takes_values() && !defaults.is_empty() && !argument.is_hide_default_value_set() {
        term += &format!(" [default: {}]", escaped(&defaults.join(",")));
    }
    term
}

/// What the doc comment says, and the values that are possible.
fn text(argument: &Arg) -> String {
    if argument.get_long() == Some("help") {
        return "Print the help; `-h` prints a summary. A word after it prints only the options under that heading (`--help output`), \
            or a single option (`--help color`)".to_owned();
    }
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    // Only one of the pages has the list.
    let help = help.replace("The manual page lists the kinds.", "RECORDS in wsprobe(1) lists the kinds.");
    let values: Vec<_> = argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    match values.split_last() {
        Some((last, others)) if argument.get_action().takes_values() && !others.is_empty() => {
            format!("{help}\n\nPossible values: {} or {last}.", others.join(", "))
        }
        _ => help,
    }
}
