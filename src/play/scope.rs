//! What a script refers to while it is played: its variables, and the files next to it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;

use crate::events::Input;
use crate::message::{Close, Message};
use crate::script::judge::bytes::bytes;
use crate::script::judge::sources::Sources;
use crate::script::syntax::{Action, Payload, ScriptText, Template};
use crate::script::variables::Variables;
use crate::sys::file;
use crate::wire::frame::LONGEST_CONTROL;
use crate::wire::raw_frame::RawFrame;

pub(crate) struct ScriptScope {
    // Borrowed between awaits only.
    variables: RefCell<Variables>,
    /// The folder of the script.
    pub(crate) dir: PathBuf,
}

impl ScriptScope {
    pub(crate) fn new(variables: Variables, dir: PathBuf) -> Self {
        Self { variables: RefCell::new(variables), dir }
    }

    /// What it says now, for another thread.
    pub(crate) fn snapshot(&self) -> Self {
        Self { variables: RefCell::new(self.variables.borrow().clone()), dir: self.dir.clone() }
    }

    /// Forgets what a script has given values to.
    pub(crate) fn start_over(&self, variables: &Variables) {
        self.variables.borrow_mut().clone_from(variables);
    }

    /// # Errors
    /// A message for the user: there is no room for it.
    pub(crate) fn set(&self, name: &str, value: String) -> Result<(), String> {
        self.variables.borrow_mut().keep(name, value).map_err(|error| error.to_string())
    }

    /// Does something while these variables have other values.
    pub(crate) fn with<T>(
        &self,
        local: &[(String, String)],
        action: impl FnOnce(&Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let Some(((name, value), others)) = local.split_first() else { return action(self) };
        let before = self.variables.borrow_mut().take(name);
        let found = self.set(name, value.clone()).and_then(|()| self.with(others, action));
        self.variables.borrow_mut().take(name);
        if let Some(before) = before {
            // It was there, so there is room for it.
            self.variables.borrow_mut().set(name, before);
        }
        found
    }

    /// What a command finds in its environment.
    ///
    /// # Errors
    /// A message for the user: the command names a variable that cannot be there.
    pub(crate) fn environment(&self, command: &str) -> Result<BTreeMap<String, String>, String> {
        let variables = self.variables.borrow();
        let environment = variables.environment(command)?;
        Ok(environment.into_iter().map(|(name, value)| (name, value.to_owned())).collect())
    }

    /// What a step sends, if it is one that does.
    ///
    /// # Errors
    /// A message for the user.
    pub(crate) fn input(&self, action: &Action) -> Result<Option<Input>, String> {
        Ok(Some(match action {
            Action::Send(payload) => Input::Message(self.message(payload)?),
            Action::Frame(frame) => Input::Frame(RawFrame::from_text(&self.text(frame)?)?),
            Action::Fragment(size) => Input::Fragment(*size),
            Action::Ping(text) => Input::Ping(self.control(text)?),
            Action::Pong(text) => Input::Pong(self.control(text)?),
            // As `/close` at the prompt.
            Action::Close { code, reason } => {
                Input::Close(Some(Close { code: code.or(Some(1000)), reason: self.text(&reason.template)? }))
            }
            Action::Drop => Input::Drop,
            Action::HalfClose => Input::HalfClose,
            _ => return Ok(None),
        }))
    }

    /// What a ping or pong is to carry.
    fn control(&self, text: &ScriptText) -> Result<Bytes, String> {
        let text = self.text(&text.template)?;
        if text.len() > LONGEST_CONTROL {
            return Err(format!("a ping or pong has at most {LONGEST_CONTROL} bytes, this one has {}", text.len()));
        }
        Ok(text.into())
    }

    /// What is to be sent.
    ///
    /// # Errors
    /// A message for the user.
    pub(crate) fn message(&self, payload: &Payload) -> Result<Message, String> {
        Ok(match payload {
            Payload::Text(text) => Message::Text(self.text(&text.template)?.into()),
            Payload::Json(text) => Message::Text(self.json_text(&text.template)?.into()),
            Payload::Encoded(encoding, text) => {
                Message::Binary(encoding.encode(&self.json_text(&text.template)?)?.into())
            }
            Payload::Binary(binary) => Message::Binary(bytes(binary, self)?.into()),
            Payload::TextFile(path) => {
                let path = self.text(&path.template)?;
                let text = String::from_utf8(self.file(&path)?).map_err(|_| format!("`{path}` is not UTF-8"))?;
                Message::Text(text.into())
            }
        })
    }
}

impl Sources for ScriptScope {
    fn text(&self, template: &Template) -> Result<String, String> {
        self.variables.borrow().text(template).map_err(|error| error.to_string())
    }

    fn json_text(&self, template: &Template) -> Result<String, String> {
        let text = self.variables.borrow().json(template).map_err(|error| error.to_string())?;
        match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(format!("`{text}` is not JSON: {error}")),
        }
    }

    fn expression(&self, template: &Template) -> Result<String, String> {
        self.variables.borrow().expression(template).map_err(|error| error.to_string())
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        file::read_regular(&self.dir.join(path)).map_err(|error| format!("cannot read `{path}`: {error}"))
    }
}
