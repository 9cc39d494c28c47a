//! JSON objects of figures, whose keys stay in their order.

use std::time::Duration;

/// An object in a line of its own; the values are JSON already.
pub(crate) fn record(out: &mut String, fields: &[(&str, String)]) {
    out.push_str(&object(fields.iter().map(|(name, value)| (*name, value.clone()))));
    out.push('\n');
}

pub(crate) fn object<N: AsRef<str>>(fields: impl IntoIterator<Item = (N, String)>) -> String {
    let fields: Vec<_> = fields.into_iter().map(|(name, value)| format!("{}:{value}", text(name.as_ref()))).collect();
    format!("{{{}}}", fields.join(","))
}

pub(crate) fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub(crate) fn or_null(value: Option<String>) -> String {
    value.unwrap_or_else(|| "null".to_owned())
}

/// In milliseconds, to the microsecond.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}
