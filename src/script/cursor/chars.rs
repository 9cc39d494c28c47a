//! What single characters mean.

/// What is after a blank and begins with `#`, itself before a blank or the end.
pub(crate) fn begins_comment(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|behind| behind.is_empty() || behind.starts_with(is_space))
}

/// Blanks and what is left of the line ends of other systems.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}
