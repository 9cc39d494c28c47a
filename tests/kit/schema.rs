//! What wsprobe prints for programs, held to the schema that it publishes.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value};

const LOCATION: &str = "urn:wsprobe:json:1";

static SCHEMA: LazyLock<(Schemas, SchemaIndex)> = LazyLock::new(|| {
    let mut schema: Value = serde_json::from_str(include_str!("../../src/cli/schema.json")).expect("it is JSON");
    let shared = shared(&schema["$defs"]);
    for (name, definition) in schema["$defs"].as_object_mut().expect("definitions") {
        if !shared.contains(name) {
            close(definition);
        }
    }
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    compiler.add_resource(LOCATION, schema).expect("a schema");
    let index = compiler.compile(LOCATION, &mut schemas).expect("a schema of JSON Schema 2020-12");
    (schemas, index)
});

/// The definitions that others extend.
fn shared(definitions: &Value) -> Vec<String> {
    let parts = definitions.as_object().expect("definitions").values().filter_map(|part| part["allOf"].as_array());
    let names = parts.flatten().filter_map(|base| base["$ref"].as_str()?.rsplit('/').next());
    names.map(str::to_owned).collect()
}

/// A field that the schema does not know is fine for a program that reads it, and a fault here.
fn close(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if object.contains_key("properties") {
        object.insert("unevaluatedProperties".to_owned(), false.into());
    }
    let fields = object.get_mut("properties").and_then(Value::as_object_mut);
    fields.into_iter().flat_map(Map::values_mut).for_each(close);
    object.get_mut("items").into_iter().for_each(close);
}

/// Fails the test unless the schema has this record or report.
#[track_caller]
pub fn holds(value: &Value) {
    let (schemas, index) = &*SCHEMA;
    if let Err(error) = schemas.validate(value, *index) {
        panic!("the schema does not know {value:#}\n{error:#}");
    }
}

/// The records in these lines, each held to the schema.
#[track_caller]
pub fn records(text: &str) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let records: Vec<Value> = text.lines().map(read).collect();
    records.iter().for_each(holds);
    records
}

/// Where a run writes records.
#[derive(Debug, Default)]
pub struct Recorded {
    is_printed: bool,
    file: Option<PathBuf>,
}

impl Recorded {
    pub fn by(command: &Command) -> Self {
        let args: Vec<&OsStr> = command.get_args().collect();
        if args.first().is_some_and(|first| *first == "help") {
            return Self::default();
        }
        let file = args.iter().position(|arg| *arg == "--record").and_then(|at| args.get(at + 1));
        // What is there before may be anything.
        let file = file.map(PathBuf::from).filter(|file| !file.exists());
        Self { is_printed: args.iter().any(|arg| *arg == "-j" || *arg == "--json"), file }
    }

    /// Holds what it has written to the schema. A run that was killed may leave half a line.
    #[track_caller]
    pub fn check(&self, stdout: &[u8]) {
        let file = self.file.as_ref().filter(|file| file.is_file());
        let recorded = file.and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
        let printed = if self.is_printed { stdout } else { &[] };
        for line in [printed, &recorded].into_iter().flat_map(|text| text.split(|byte| *byte == b'\n')) {
            if let Ok(record @ Value::Object(_)) = serde_json::from_slice(line) {
                holds(&record);
            }
        }
    }
}
