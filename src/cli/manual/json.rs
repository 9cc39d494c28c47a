//! wsprobe-json(5): the fields of records and reports, as the schema has them.

use serde_json::Value;

use super::about::{About, ending};
use super::troff::{ManPage, bold, escaped};
use crate::cli::schema::SCHEMA;
use crate::events::FailureKind;

const DESCRIPTION: &str = "With `--json` and in the file of `--record` each event is a record: a JSON object in a line of its own, in \
UTF-8. `listen`, `ping` and `load` have `--json` as well. `run` and `check` write their report as one JSON object.

`wsprobe generate schema` prints a JSON Schema (2020-12) of all of them. Its `$id` ends with the version, which goes up when a \
field is taken away or changes its meaning; new fields and new types of records do not raise it. A program should ignore \
what it does not know.";

const ABOUT: About = About {
    exit_status: &[("as ever", "Printing JSON does not change the exit status of a command.")],
    environment: &[],
    files: &[("FILE.jsonl", "The file of `--record FILE.jsonl`: records, one in each line.")],
    examples: &[
        ("wsprobe -j wss://echo.example | jq -r 'select(.dir == \"in\").data'", "The text of what arrives."),
        ("wsprobe --record session.jsonl wss://echo.example", "Keeps the records of a session, for `wsprobe replay`."),
        ("wsprobe generate schema > wsprobe.schema.json", "The schema, for a validator or a generator of code."),
    ],
    see_also: &["wsprobe-listen(1)", "wsprobe-load(1)", "wsprobe-ping(1)", "wsprobe-replay(1)", "wsprobe.wsp(5)"],
};

/// The page, in troff.
pub(super) fn page() -> Vec<u8> {
    let schema: Value = serde_json::from_str(SCHEMA).expect("a test reads it");
    let definitions = &schema["$defs"];
    let mut page = ManPage::new("wsprobe-json", 5, "the records and reports that wsprobe writes as JSON");
    page.section("SYNOPSIS");
    page.macro_line(&format!("{} \\-\\-json", bold("wsprobe")));
    page.macro_line(".br");
    page.macro_line(&bold("wsprobe generate schema"));
    page.section("DESCRIPTION");
    page.paragraphs(DESCRIPTION);
    page.section("RECORDS AND REPORTS");
    for reference in schema["anyOf"].as_array().into_iter().flatten() {
        definition(&mut page, definitions, referred(reference));
    }
    page.section("COMMON FIELDS");
    let common = definitions.as_object().into_iter().flatten().filter(|(_, part)| part["title"].is_null());
    common.for_each(|(name, _)| definition(&mut page, definitions, name));
    page.section("ERRORS");
    page.paragraphs("The `kind` of an error is one of these:");
    page.entries(FailureKind::ALL.map(FailureKind::described));
    ending(&mut page, &ABOUT, ["wsprobe(1)".to_owned()]);
    page.finished()
}

fn definition(page: &mut ManPage, definitions: &Value, name: &str) {
    let part = &definitions[name];
    page.subsection(name);
    let bases: Vec<_> =
        part["allOf"].as_array().into_iter().flatten().map(|base| format!("`{}`", referred(base))).collect();
    let bases =
        if bases.is_empty() { String::new() } else { format!(" It has the fields of {}, too.", bases.join(" and ")) };
    page.paragraphs(&(part["description"].as_str().unwrap_or_default().to_owned() + &bases));
    let required = part["required"].as_array();
    for (field, of) in part["properties"].as_object().into_iter().flatten() {
        let is_required = required.is_some_and(|names| names.iter().any(|name| name == field));
        let optional = if is_required { "" } else { ", optional" };
        page.entry(
            &format!("{} ({}{optional})", bold(field), escaped(&kind(of))),
            of["description"].as_str().unwrap_or_default(),
        );
    }
}

/// The values of a field, in words.
fn kind(of: &Value) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let listed = |values: &Vec<Value>| values.iter().map(plain).collect::<Vec<_>>().join(" or ");
    match (&of["type"], &of["enum"], &of["const"]) {
        (Value::Array(types), ..) => listed(types),
        (Value::String(name), ..) => name.clone(),
        (_, Value::Array(values), _) if values.len() > 5 => "string".to_owned(),
        (_, Value::Array(values), _) => listed(values),
        (_, _, Value::Null) => referred(of).to_owned(),
        (_, _, value) => format!("always {}", plain(value)),
    }
}

fn referred(reference: &Value) -> &str {
    reference["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
}
