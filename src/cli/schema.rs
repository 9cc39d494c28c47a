//! The JSON Schema of what wsprobe writes for programs.

/// Draft 2020-12, one field a line. wsprobe-json(5) is made from it, and the tests hold what the program writes to it.
pub(super) const SCHEMA: &str = include_str!("schema.json");

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::SCHEMA;
    use crate::events::FailureKind;

    #[test]
    fn it_knows_each_kind_of_error() {
        let schema: Value = serde_json::from_str(SCHEMA).expect("it is JSON");
        let kinds = schema["$defs"]["error"]["properties"]["kind"]["enum"].as_array().expect("a list");
        assert_eq!(*kinds, FailureKind::ALL.map(|kind| Value::from(kind.name())));
    }
}
