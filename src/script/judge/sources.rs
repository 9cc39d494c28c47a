//! Where a script's variables and files come from.

use serde_json::Value;

use crate::script::syntax::Template;

/// A value takes many times the memory of its text.
pub(crate) const LARGEST_JSON: usize = 1 << 20;

/// What a script refers to: the values of its variables, and the files next to it.
///
/// # Errors
/// Messages for the user.
pub(crate) trait Sources {
    fn text(&self, template: &Template) -> Result<String, String>;

    /// The same as JSON, which it has to be.
    fn json_text(&self, template: &Template) -> Result<String, String>;

    fn json(&self, template: &Template) -> Result<Value, String> {
        let text = self.json_text(template)?;
        if text.len() > LARGEST_JSON {
            return Err(format!("JSON to compare must not be larger than {} MiB", LARGEST_JSON >> 20));
        }
        serde_json::from_str(&text).map_err(|error| format!("`{text}` is not JSON: {error}"))
    }

    /// The same in a regular expression, where variables stand for themselves.
    fn expression(&self, template: &Template) -> Result<String, String>;

    fn file(&self, path: &str) -> Result<Vec<u8>, String>;
}
