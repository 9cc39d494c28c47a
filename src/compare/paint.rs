//! How differences are shown: what was expected in green after `-`, what came in red after `+`.

use crossterm::style::{Color, Stylize as _};

use super::diff::{DiffLine, DiffSide, DiffSpan};
use crate::text::escape::{Keep, escape};

/// A line of a difference, safe for a terminal; what differs within it is reversed.
pub(crate) fn painted(line: &DiffLine, has_colour: bool) -> String {
    let (sign, colour) = match line.side {
        DiffSide::Expected => ("- ", Color::DarkGreen),
        DiffSide::Came => ("+ ", Color::DarkRed),
        DiffSide::Both | DiffSide::Gap => ("  ", Color::DarkGrey),
    };
    let colour = has_colour.then_some(colour);
    let sign = colour.map_or_else(|| sign.to_owned(), |colour| sign.with(colour).to_string());
    sign + &line.spans.iter().map(|span| painted_span(span, colour)).collect::<String>()
}

fn painted_span(span: &DiffSpan, colour: Option<Color>) -> String {
    let text = escape(&span.text, Keep::Nothing);
    match (colour, span.differs) {
        (Some(colour), true) => text.with(colour).reverse().to_string(),
        (Some(colour), false) => text.with(colour).to_string(),
        (None, _) => text.into_owned(),
    }
}
