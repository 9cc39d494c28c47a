//! Files of variables (`--vars`): TOML, JSON and `.env`. Nested keys are joined with dots: `server.url`, `list.0`.

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// What a file is, which its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VariablesFormat {
    Toml,
    Json,
    Env,
}

impl VariablesFormat {
    /// `x.toml`, `x.json`, `x.env`, `.env` and `.env.local`.
    pub(crate) fn of(file_name: &str) -> Option<Self> {
        match file_name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("toml") => Some(Self::Toml),
            Some("json") => Some(Self::Json),
            Some("env") => Some(Self::Env),
            _ if file_name.starts_with(".env.") => Some(Self::Env),
            _ => None,
        }
    }
}

/// Reads names and values.
///
/// # Errors
/// What is wrong with the file and in which line, in words.
pub(crate) fn read(text: &str, format: VariablesFormat) -> Result<Vec<(String, String)>, String> {
    match format {
        VariablesFormat::Env => env(text),
        VariablesFormat::Json => match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(flat(object)),
            Ok(_) => Err("expected variables in an object: `{\"name\": \"value\"}`".to_owned()),
            Err(error) => Err(format!("this is not JSON: {error}")),
        },
        VariablesFormat::Toml => match DeTable::parse(text) {
            Ok(table) => Ok(flat(from_table(table.get_ref()))),
            Err(error) => {
                let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count()) + 1;
                Err(format!("this is not TOML: {} at line {line}", error.message().replace('\n', ", ")))
            }
        },
    }
}

fn flat(object: Map<String, Value>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    object.into_iter().for_each(|(name, value)| put(&name, value, &mut found));
    found
}

/// A list or a table is there as JSON too, under its own name.
fn put(name: &str, value: Value, found: &mut Vec<(String, String)>) {
    let text = match &value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    found.push((name.to_owned(), text));
    match value {
        Value::Array(list) => {
            list.into_iter().enumerate().for_each(|(at, value)| put(&format!("{name}.{at}"), value, found));
        }
        Value::Object(object) => {
            object.into_iter().for_each(|(key, value)| put(&format!("{name}.{key}"), value, found));
        }
        _ => {}
    }
}

fn from_table(table: &DeTable<'_>) -> Map<String, Value> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), from_toml(value.get_ref()))).collect()
}

fn from_toml(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        // What JSON has no number for keeps its digits.
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(number.as_str()),
        },
        DeValue::Float(number) => match number.as_str().parse().map(serde_json::Number::from_f64) {
            Ok(Some(number)) => Value::from(number),
            _ => Value::from(number.as_str()),
        },
        DeValue::Boolean(is_so) => Value::from(*is_so),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(list) => list.iter().map(|value| from_toml(value.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(from_table(table)),
    }
}

/// `NAME=VALUE` lines, as shells and docker read them: also after `export`, in quotes, with comments.
fn env(text: &str) -> Result<Vec<(String, String)>, String> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let lines = lines.map(|(number, line)| (number + 1, line.trim()));
    let assignments = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let mut found = Vec::new();
    for (number, line) in assignments {
        let wrong = |what| format!("{what} in line {number}");
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("expected `NAME=VALUE`"))?;
        let name = name.trim();
        if !super::super::template::is_name(name) {
            return Err(wrong("a name must consist of letters, digits and `_`"));
        }
        found.push((name.to_owned(), unquoted(value.trim()).ok_or_else(|| wrong("a quote is not closed"))?));
    }
    Ok(found)
}

/// In double quotes a backslash escapes, in single ones nothing does; after a value may stand a comment.
fn unquoted(value: &str) -> Option<String> {
    if let Some(inner) = value.strip_prefix('\'') {
        return inner.split_once('\'').map(|(text, _)| text.to_owned());
    }
    let Some(inner) = value.strip_prefix('"') else {
        let end = value.find(" #").or(value.find("\t#")).unwrap_or(value.len());
        return Some(value[..end].trim_end().to_owned());
    };
    let mut text = String::new();
    let mut chars = inner.chars();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                c @ ('"' | '\\' | '$' | '`') => text.push(c),
                other => text.extend(['\\', other]),
            },
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str, format: VariablesFormat) -> Vec<String> {
        let mut pairs: Vec<_> =
            read(text, format).unwrap().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn the_name_tells_the_format() {
        for (name, format) in [
            ("a.toml", Some(VariablesFormat::Toml)),
            ("a.b.json", Some(VariablesFormat::Json)),
            (".env", Some(VariablesFormat::Env)),
            ("ci.env", Some(VariablesFormat::Env)),
            (".env.local", Some(VariablesFormat::Env)),
            ("a.yaml", None),
            ("toml", None),
        ] {
            assert_eq!(VariablesFormat::of(name), format, "{name}");
        }
    }

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = "url = 'ws://h'\nn = 0x10\nf = 1.5\nyes = true\nday = 2026-11-21\nlist = [1, {id = 'x'}]\n\
            [server.main]\nport = 8080\n";
        let json = r#"{"url":"ws://h","n":16,"f":1.5,"yes":true,"day":"2026-11-21","list":[1,{"id":"x"}],
            "server":{"main":{"port":8080}}}"#;
        let expected = [
            "day=2026-11-21",
            "f=1.5",
            "list.0=1",
            "list.1.id=x",
            "list.1={\"id\":\"x\"}",
            "list=[1,{\"id\":\"x\"}]",
            "n=16",
            "server.main.port=8080",
            "server.main={\"port\":8080}",
            "server={\"main\":{\"port\":8080}}",
            "url=ws://h",
            "yes=true",
        ];
        assert_eq!(pairs(toml, VariablesFormat::Toml), expected);
        assert_eq!(pairs(json, VariablesFormat::Json), expected);
    }

    #[test]
    fn env_files_are_read_as_shells_read_them() {
        let text =
            "# all\nA=1\n export B = two words # c\nC='$x # \"y\"' # c\nD=\"a\\n\\\"b\\\" # \\d\"\nE=\r\nF=a#b\n";
        let expected = ["A=1", "B=two words", "C=$x # \"y\"", "D=a\n\"b\" # \\d", "E=", "F=a#b"];
        assert_eq!(pairs(text, VariablesFormat::Env), expected);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, format, why) in [
            ("A=1\nB", VariablesFormat::Env, "expected `NAME=VALUE` in line 2"),
            ("A B=1", VariablesFormat::Env, "must consist of letters, digits and `_` in line 1"),
            ("A=\"x", VariablesFormat::Env, "a quote is not closed in line 1"),
            ("[1]", VariablesFormat::Json, "expected variables in an object"),
            ("{\n\"a\":}", VariablesFormat::Json, "expected value at line 2 column 5"),
            ("a = 1\nb = \n", VariablesFormat::Toml, "at line 2"),
        ] {
            let error = read(text, format).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
