//! What the words of a script stand for while it is played: its variables, and the files beside it.

use std::cell::RefCell;
use std::path::PathBuf;

use crate::event::Message;
use crate::script::judge::Sources;
use crate::script::judge::bytes::bytes;
use crate::script::syntax::{Payload, Template};
use crate::script::variables::Variables;

pub(in crate::front) struct Words {
    // Borrowed between awaits only.
    variables: RefCell<Variables>,
    /// The folder of the script.
    pub(super) dir: PathBuf,
}

impl Words {
    pub(in crate::front) fn new(variables: Variables, dir: PathBuf) -> Self {
        Self { variables: RefCell::new(variables), dir }
    }

    pub(super) fn set(&self, name: &str, value: String) {
        self.variables.borrow_mut().set(name, value);
    }

    /// Does something while a variable has another value.
    pub(super) fn with<T>(&self, local: Option<(&str, String)>, look: impl FnOnce(&Self) -> T) -> T {
        let Some((name, value)) = local else { return look(self) };
        let before = self.variables.borrow_mut().take(name);
        self.set(name, value);
        let found = look(self);
        self.variables.borrow_mut().take(name);
        if let Some(before) = before {
            self.set(name, before);
        }
        found
    }

    /// What is to be sent.
    ///
    /// # Errors
    /// In words.
    pub(in crate::front) fn message(&self, payload: &Payload) -> Result<Message, String> {
        Ok(match payload {
            Payload::Text(text) => Message::Text(self.text(&text.template)?.into()),
            Payload::Json(text) => Message::Text(self.json_text(&text.template)?.into()),
            Payload::Binary(binary) => Message::Binary(bytes(binary, self)?.into()),
            Payload::TextFile(path) => {
                let path = self.text(&path.template)?;
                let text = String::from_utf8(self.file(&path)?).map_err(|_| format!("`{path}` is not UTF-8"))?;
                Message::Text(text.into())
            }
        })
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
