//! `wsprobe replay` and what else is made of recordings: the real binary against real servers.
#![allow(clippy::disallowed_methods, reason = "tests own their processes and sockets")]

#[path = "../kit/mod.rs"]
mod kit;

mod compare;
mod import;
mod script;
mod send;
mod serve;

use std::path::PathBuf;

use kit::{Tool, tool};

/// A recording of one connection, made by hand: each line without its time, all at the same one.
pub struct Tape {
    dir: tempfile::TempDir,
}

impl Tape {
    pub fn of(records: &[&str]) -> Self {
        let tape = Self { dir: kit::dir() };
        tape.write(&records.join("\n"));
        tape
    }

    /// A recording to be made.
    pub fn empty() -> Self {
        Self { dir: kit::dir() }
    }

    pub fn write(&self, text: &str) {
        std::fs::write(self.path(), text).expect("there is room for files");
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("tape.jsonl")
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(self.path()).expect("it was recorded")
    }

    /// `wsprobe replay` with it.
    pub fn replay(&self, args: &[&str], url: &str) -> Tool {
        tool().args(["replay", "--timeout", "50s"]).args(args).arg(self.path()).arg(url)
    }
}

pub fn out(text: &str) -> String {
    format!(r#"{{"dir":"out","type":"text","data":{}}}"#, serde_json::Value::from(text))
}

pub fn came(text: &str) -> String {
    format!(r#"{{"dir":"in","type":"text","data":{}}}"#, serde_json::Value::from(text))
}

/// The records of a conversation: `>` sent, `<` received.
pub fn tape(lines: &[&str]) -> Tape {
    let record = |line: &&str| match line.split_at(1) {
        (">", text) => out(text),
        ("<", text) => came(text),
        _ => (*line).to_owned(),
    };
    let records: Vec<_> = lines.iter().map(record).collect();
    Tape::of(&records.iter().map(String::as_str).collect::<Vec<_>>())
}

pub const CLOSED: &str = r#"{"dir":"out","type":"close","code":1000,"reason":"","clean":true}"#;
