//! A file of variables: a line of values for each client.

use std::path::Path;

/// Names that stand for something in each message.
pub(super) const OURS: [&str; 2] = ["seq", "client"];

/// Words that a template takes for something else than a name.
const TAKEN: [&str; 2] = ["uuid", "now"];

/// The values of clients, under the names of their columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClientTable {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl ClientTable {
    /// Reads a file of comma-separated values (RFC 4180) whose first line names the columns.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub(crate) fn from_file(path: &Path) -> Result<Self, String> {
        let text = crate::sys::file::read_to_string(path).map_err(|error| error.to_string())?;
        Self::from_text(&text)
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let mut lines = records(text.strip_prefix('\u{feff}').unwrap_or(text))?.into_iter();
        let (_, names) = lines.next().ok_or("it is empty: its first line names the columns")?;
        if let Some(name) = names.iter().find(|name| !is_usable(name)) {
            return Err(format!("line 1: `{name}` cannot be the name of a variable"));
        }
        let mut rows = Vec::new();
        for (line, row) in lines {
            if row.len() != names.len() {
                let (has, columns) = (row.len(), names.len());
                return Err(format!("line {line} has {has} values, and the first line names {columns} columns"));
            }
            rows.push(row);
        }
        if rows.is_empty() { Err("it has no line of values".to_owned()) } else { Ok(Self { names, rows }) }
    }

    /// The names and values of a client; after the last line it is the first one's turn again.
    pub(super) fn of(&self, client: u32) -> impl Iterator<Item = (&str, &str)> {
        let row = usize::try_from(client).ok().and_then(|client| self.rows.get(client % self.rows.len().max(1)));
        self.names.iter().zip(row.into_iter().flatten()).map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn is_usable(name: &str) -> bool {
    crate::script::variables::is_reference(name) && !OURS.contains(&name) && !TAKEN.contains(&name)
}

/// The records of the text, each with the line that it begins in; empty lines are none.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    let (mut records, mut line, mut rest) = (Vec::new(), 1, text);
    while !rest.is_empty() {
        let begun = line;
        let mut fields = Vec::new();
        loop {
            let (field, after) = field(rest).map_err(|why| format!("line {line}: {why}"))?;
            line += rest[..rest.len() - after.len()].matches('\n').count();
            fields.push(field);
            rest = after;
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = rest.strip_prefix('\r').unwrap_or(rest);
        rest = rest.strip_prefix('\n').unwrap_or(rest);
        line += 1;
        if fields != [""] {
            records.push((begun, fields));
        }
    }
    Ok(records)
}

/// A field, and what follows it: a comma, the end of the line or of all.
fn field(text: &str) -> Result<(String, &str), &'static str> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let end = if text[..end].ends_with('\r') && !text[end..].starts_with(',') { end - 1 } else { end };
        return if text[..end].contains('"') {
            Err("a quote within a value: put the value in quotes, and double those in it")
        } else {
            Ok((text[..end].to_owned(), &text[end..]))
        };
    };
    let mut field = String::new();
    loop {
        let end = rest.find('"').ok_or("a quote is not closed")?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => rest = after,
            None if rest.is_empty() || rest.starts_with([',', '\n']) || rest.starts_with("\r\n") => {
                return Ok((field, rest));
            }
            None => return Err("something follows the closing quote of a value"),
        }
        field.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_client_and_after_the_last_it_begins_again() {
        let table = ClientTable::from_text("token,room\r\nabc,\"a, \"\"b\"\"\nc\"\r\n\r\n,lobby").unwrap();
        let of = |client| table.of(client).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        assert_eq!(of(0), ["token=abc", "room=a, \"b\"\nc"]);
        assert_eq!(of(1), ["token=", "room=lobby"]);
        assert_eq!(of(2), of(0));
        assert_eq!(ClientTable::default().of(7).count(), 0);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, why) in [
            ("", "it is empty"),
            ("a,b\n", "no line of values"),
            ("a,b\n1,2\n1\n", "line 3 has 1 values, and the first line names 2 columns"),
            ("a,b\n\"1\n\",2\n1,2,3", "line 4 has 3 values"),
            ("a,seq\n1,2\n", "line 1: `seq` cannot be the name of a variable"),
            ("a,1\n1,2\n", "line 1: `1` cannot be"),
            ("a\n\"b", "line 2: a quote is not closed"),
            ("a\n\"b\"c", "line 2: something follows"),
            ("a\nb\"c", "line 2: a quote within a value"),
        ] {
            let error = ClientTable::from_text(text).unwrap_err();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
