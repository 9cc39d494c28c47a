//! Reads where variables get their values from.

use super::pattern;
use crate::script::cursor::chars::is_space;
use crate::script::cursor::{Cursor, FENCE, Quotes, is_keyword, shortened};
use crate::script::flaw::Flaw;
use crate::script::syntax::{Action, Extract};
use crate::script::{condition, template};

/// What `capture NAME =` takes.
const SOURCES: [&str; 7] = ["text", "json", "binary", "header", "status", "close code", "close reason"];

/// `NAME =`
pub(super) fn assigned(cursor: &mut Cursor<'_>, example: &str) -> Result<String, Flaw> {
    let place = cursor.place_of_next();
    if cursor.peek().contains('=') && cursor.peek() != "=" {
        return Err(Flaw::new(place, "expected blanks around the `=`").hint(format!("as in `{example}`")));
    }
    let name = cursor.name()?;
    if !cursor.takes("=") {
        return Err(cursor.flaw("expected `=`").hint(format!("as in `{example}`")));
    }
    Ok(name)
}

pub(super) fn extract(cursor: &mut Cursor<'_>) -> Result<Extract, Flaw> {
    let place = cursor.place_of_next();
    Ok(match cursor.word() {
        "text" if cursor.takes("matches") => {
            cursor.skip_space();
            Extract::Regexp(cursor.regexp()?)
        }
        "text" => Extract::Text,
        "json" => {
            if cursor.is_over() || !cursor.rest().starts_with('$') {
                return Err(cursor.flaw("expected a path").hint("as in `json $.list[0].id`"));
            }
            Extract::Json(condition::path(cursor)?)
        }
        "binary" => Extract::Binary,
        "header" => Extract::Header(pattern::field(cursor)?),
        "status" => Extract::Status,
        "close" if cursor.takes("code") => Extract::CloseCode,
        "close" if cursor.takes("reason") => Extract::CloseReason,
        "close" => return Err(cursor.flaw("expected `code` or `reason`")),
        "" => return Err(Flaw::new(place, "expected something to capture").hint("as in `json $.seq`")),
        word => {
            return Err(Flaw::new(place, format!("`{}` cannot be captured", shortened(word))).hint_at(word, SOURCES));
        }
    })
}

pub(super) fn exec(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    let within = if cursor.takes("within") { Some(cursor.time()?) } else { None };
    if cursor.is_over() {
        return Err(cursor.flaw("expected a command").hint("as in `exec ./login.sh capture token`"));
    }
    if cursor.rest().starts_with(FENCE) {
        let place = cursor.place();
        let command = cursor.block(template::Backslash::Plain)?;
        if command.probe().trim().is_empty() {
            return Err(Flaw::new(place, "this block contains no command"));
        }
        return Ok(Action::Exec { within, command, capture: None });
    }
    let mut start = cursor.clone();
    let (_, text) = cursor.bare(Quotes::Shell);
    let Some((command, capture)) = captured(text) else {
        return Ok(Action::Exec { within, command: start.bare_template(Quotes::Shell)?, capture: None });
    };
    let command = start.template_of(command.len())?;
    Ok(Action::Exec { within, command, capture: Some(capture.to_owned()) })
}

/// What is before and after ` capture ` at the end of a command.
fn captured(text: &str) -> Option<(&str, &str)> {
    let (before, name) = text.rsplit_once(is_space)?;
    let command = before.trim_end_matches(is_space).strip_suffix("capture")?;
    (command.ends_with(is_space) && is_keyword("capture", name)).then(|| (command.trim_end_matches(is_space), name))
}
