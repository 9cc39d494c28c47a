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
        return Err(Flaw::new(place, "options stand here without their dashes").hint(format!("write `{option}`")));
    }
    if !option.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        let flaw = Flaw::new(place, format!("`{}` is no option", shortened(option)));
        return Err(match option.strip_suffix(':') {
            Some(_) => flaw.hint("a header is written `header Name: value`"),
            None => flaw.hint("there are the long ones of the command line"),
        });
    }
    if STEPS.contains(&option) && option != "fragment" {
        return Err(Flaw::new(place, format!("`{option}` is a step, and no option"))
            .hint("steps are not indented more than the `connect` before them"));
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
            return Err(Flaw::new(place, "`within` is no option of a connection").hint("it stands below `options`"));
        }
        let time = value.as_ref().and_then(Template::literal).unwrap_or_default();
        crate::text::units::time(time)
            .map_err(|hint| Flaw::new(value_place, format!("`{time}` is no time")).hint(hint))?;
    }
    Ok(Setting { place, option: option.to_owned(), value })
}
