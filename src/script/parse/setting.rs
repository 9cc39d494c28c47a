//! Reads an option below `connect` or `options`.

use super::step::STEPS;
use crate::script::cursor::{Cursor, Quotes, shortened};
use crate::script::flaw::Flaw;
use crate::script::syntax::{Setting, Template};

/// An option and its value.
pub(super) fn read(cursor: &mut Cursor<'_>, is_head: bool) -> Result<Setting, Flaw> {
    let place = cursor.place();
    let word = cursor.word();
    let option = word.trim_start_matches('-');
    if option.len() < word.len() {
        return Err(Flaw::new(place, "options are written without dashes here").hint(format!("write `{option}`")));
    }
    if !option.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.') {
        let flaw = Flaw::new(place, format!("`{}` is not an option", shortened(option)));
        return Err(match option.strip_suffix(':') {
            Some(_) => flaw.hint("write a header as `header Name: value`"),
            None => flaw.hint("use the long options of the command line"),
        });
    }
    if STEPS.contains(&option) && option != "fragment" {
        return Err(Flaw::new(place, format!("`{option}` is a step, not an option"))
            .hint("steps must not be indented more than the `connect` before them"));
    }
    let value_place = cursor.place_of_next();
    let value = if cursor.is_over() {
        None
    } else if cursor.rest().starts_with('"') {
        Some(cursor.quoted()?)
    } else {
        Some(cursor.bare_template(Quotes::Json)?)
    };
    cursor.finish()?;
    if option == "within" {
        if !is_head {
            return Err(Flaw::new(place, "`within` is not an option of a connection").hint("write it below `options`"));
        }
        let time = value.as_ref().and_then(Template::literal).unwrap_or_default();
        crate::text::units::time(time)
            .map_err(|hint| Flaw::new(value_place, format!("`{time}` is not a time")).hint(hint))?;
    }
    Ok(Setting { place, option: option.to_owned(), value })
}
