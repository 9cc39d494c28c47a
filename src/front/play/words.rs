//! What the words of a script stand for while it is played: its variables, and the files beside it.

use std::cell::RefCell;
use std::path::PathBuf;

use crate::script::judge::Sources;
use crate::script::syntax::Template;
use crate::script::variables::Variables;

pub(super) struct Words {
    // Borrowed between awaits only.
    variables: RefCell<Variables>,
    /// The folder of the script.
    pub(super) dir: PathBuf,
}

impl Words {
    pub(super) fn new(variables: Variables, dir: PathBuf) -> Self {
        Self { variables: RefCell::new(variables), dir }
    }

    pub(super) fn set(&self, name: &str, value: String) {
        self.variables.borrow_mut().set(name, value);
    }
}

impl Sources for Words {
    fn text(&self, template: &Template) -> Result<String, String> {
        self.variables.borrow().text(template).map_err(|error| error.to_string())
    }

    fn json_text(&self, template: &Template) -> Result<String, String> {
        let text = self.variables.borrow().json(template).map_err(|error| error.to_string())?;
        match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(format!("`{text}` is no JSON: {error}")),
        }
    }

    fn expression(&self, template: &Template) -> Result<String, String> {
        self.variables.borrow().expression(template).map_err(|error| error.to_string())
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.dir.join(path)).map_err(|error| format!("cannot read `{path}`: {error}"))
    }
}
