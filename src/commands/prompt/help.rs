//! `/help`: all commands by their groups, a group with a line for each, or one command at length.

use super::command_table::{CommandGroup, Entry, find, suggestion, table};
use crate::wire::frame::Side;

/// The groups in order, and what each is called.
pub(crate) const GROUPS: [(CommandGroup, &str); 5] = [
    (CommandGroup::Send, "send"),
    (CommandGroup::Messages, "messages"),
    (CommandGroup::Display, "display"),
    (CommandGroup::Connection, "connection"),
    (CommandGroup::Test, "test"),
];

/// How wide the names of a group may be, in columns.
const WIDTH: usize = 66;

/// The page that is asked for: the name of a command, without its slash, or of a group; all of them without a name.
///
/// # Errors
/// In words, when there is none of that name.
pub(crate) fn help(side: Side, name: Option<&str>) -> Result<String, String> {
    let Some(name) = name else { return Ok(overview(side)) };
    if let Some((group, _)) = GROUPS.iter().find(|(_, known)| *known == name) {
        return Ok(listed(side, *group));
    }
    let name = format!("/{name}");
    let entry = find(side, &name).ok_or_else(|| format!("unknown command `{name}`{}", suggestion(side, &name)))?;
    Ok(format!("{}  {}", entry.usage(), entry.described()))
}

fn within(side: Side, group: CommandGroup) -> impl Iterator<Item = &'static Entry> {
    table(side).filter(move |entry| entry.group == group)
}

/// The names of all commands.
fn overview(side: Side) -> String {
    let mut page = String::new();
    for (group, called) in GROUPS {
        let mut rows = vec![String::new()];
        for entry in within(side, group) {
            let row = rows.last_mut().expect("there is one from the beginning");
            if row.len() + entry.name.len() < WIDTH {
                *row += &format!(" {}", entry.name);
            } else {
                rows.push(format!(" {}", entry.name));
            }
        }
        for (at, row) in rows.iter().enumerate() {
            page += &format!("{:11}{row}\n", if at == 0 { called } else { "" });
        }
    }
    let others = match side {
        Side::Client => "are sent",
        Side::Server => "go to all",
    };
    page + "/help GROUP, such as `/help send`, describes them; /help COMMAND describes one.\n"
        + &format!("Other lines {others}; //… sends one slash. Alt-Enter: new line; Ctrl-R: search;\n")
        + "Right or End accepts the suggestion in grey."
}

/// A command a line.
fn listed(side: Side, group: CommandGroup) -> String {
    let width = within(side, group).map(|entry| entry.usage().len()).max().unwrap_or_default();
    let lines = within(side, group).map(|entry| format!("{:width$}  {}\n", entry.usage(), entry.summary));
    lines.collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_takes_half_a_screen_and_names_every_command() {
        for side in [Side::Client, Side::Server] {
            let overview = help(side, None).unwrap();
            assert!(table(side).all(|entry| overview.contains(entry.name)));
            let groups = GROUPS.map(|(_, called)| help(side, Some(called)).unwrap());
            assert!(overview.lines().count() <= 14, "{overview}");
            for page in groups.iter().chain([&overview]) {
                // The last row is the prompt's.
                assert!(page.lines().count() < 24, "{page}");
                assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
            }
            assert!(overview.lines().all(|line| line.chars().count() <= 80), "{overview}");
            assert!(table(side).all(|entry| groups.iter().any(|page| page.contains(entry.summary))));
        }
        assert_eq!(help(Side::Client, Some("quit")).unwrap(), "/quit  close and leave, as Ctrl-D does");
        assert_eq!(help(Side::Client, Some("nix")).unwrap_err(), "unknown command `/nix`");
    }
}
