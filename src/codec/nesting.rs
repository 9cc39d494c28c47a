//! Values within values, read without recursion: the peer says how deep they go.

use super::error::DecodeError;
use super::notation::NotationWriter;

/// What an item is to the container that it is in.
pub(super) enum NestedItem {
    /// It is whole.
    Value,
    /// It is open, and so many more values belong to it; without a number, all up to a "break".
    Begins(Option<u64>),
    /// Ends such a one; with the place where it stands.
    Break(usize),
}

/// Writes a value with all that it holds; `write_item` writes the next item.
pub(super) fn write_nested(
    out: &mut NotationWriter,
    mut write_item: impl FnMut(&mut NotationWriter) -> Result<NestedItem, DecodeError>,
) -> Result<(), DecodeError> {
    // How many values each of the open containers still has.
    let mut open: Vec<Option<u64>> = Vec::new();
    loop {
        match write_item(out)? {
            NestedItem::Value => {}
            NestedItem::Begins(count) => open.push(count),
            NestedItem::Break(at) => match open.pop() {
                Some(None) => out.close()?,
                _ => return Err(DecodeError::at(at, "\"break\" where nothing ends")),
            },
        }
        while open.pop_if(|left| *left == Some(0)).is_some() {
            out.close()?;
        }
        match open.last_mut() {
            Some(Some(left)) => *left -= 1,
            Some(None) => {}
            None => return Ok(()),
        }
    }
}
