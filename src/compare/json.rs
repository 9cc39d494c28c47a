//! JSON values side by side: the same, a part of the other, or in which order.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// Whether both are the same value; the order of keys and the spelling of numbers do not matter.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order_of_numbers(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Whether all of `part` is in `whole`: objects may have more keys there, at any depth; lists have as many items.
pub(crate) fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_part(part, whole))
        }
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| is_part(part, whole)))
        }
        _ => same(part, whole),
    }
}

/// The order of two numbers or two strings; other values have none.
pub(crate) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order_of_numbers(a, b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// `whole` as it is worth showing beside `part`: without the keys that `part` does not name, and with its spelling where
/// both are the same.
pub(crate) fn shown_beside(part: &Value, whole: &Value) -> Value {
    match (part, whole) {
        _ if is_part(part, whole) => part.clone(),
        (Value::Array(part), Value::Array(whole)) => {
            let beside =
                |(at, whole)| part.get(at).map_or_else(|| Value::clone(whole), |part| shown_beside(part, whole));
            whole.iter().enumerate().map(beside).collect()
        }
        (Value::Object(part), Value::Object(whole)) => {
            let named =
                whole.iter().filter_map(|(key, whole)| Some((key.clone(), shown_beside(part.get(key)?, whole))));
            Value::Object(named.collect::<Map<_, _>>())
        }
        _ => whole.clone(),
    }
}

/// Whole numbers are compared digit by digit, since a double would round them; all others as doubles. Of two that are too
/// large for one, it is only known whether they are spelled alike.
fn order_of_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    let (a, b) = (a.as_str(), b.as_str());
    if let (Some(a), Some(b)) = (Whole::read(a), Whole::read(b)) {
        return Some(a.cmp(&b));
    }
    let (x, y) = (a.parse::<f64>().ok()?, b.parse::<f64>().ok()?);
    if x == y && x.is_infinite() { (a == b).then_some(Ordering::Equal) } else { x.partial_cmp(&y) }
}

/// A whole number of any length.
#[derive(PartialEq, Eq)]
struct Whole<'n> {
    is_negative: bool,
    /// Without leading zeros, so none for 0.
    digits: &'n str,
}

impl<'n> Whole<'n> {
    fn read(number: &'n str) -> Option<Self> {
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        let digits = unsigned.trim_start_matches('0');
        let is_whole = unsigned.bytes().all(|digit| digit.is_ascii_digit());
        is_whole.then_some(Self { is_negative: unsigned.len() < number.len() && !digits.is_empty(), digits })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let by_size = self.digits.len().cmp(&other.digits.len()).then(self.digits.cmp(other.digits));
        match (self.is_negative, other.is_negative) {
            (false, false) => by_size,
            (true, true) => by_size.reverse(),
            (is_negative, _) => {
                if is_negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn values_are_the_same_whatever_their_spelling() {
        for (a, b, are_same) in [
            ("5", "5.0", true),
            ("100", "1e2", true),
            ("-0", "0", true),
            ("5", "\"5\"", false),
            ("0.1", "0.10", true),
            ("9007199254740993", "9007199254740992", false),
            ("36893488147419103233", "36893488147419103232", false),
            ("36893488147419103232", "36893488147419103232", true),
            ("1e999", "1e999", true),
            ("1e999", "2e999", false),
            ("1e999", "-1e999", false),
            (r#"{"a":1,"b":[2.0]}"#, r#"{"b":[2],"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false),
            ("[1,2]", "[2,1]", false),
            ("null", "false", false),
        ] {
            assert_eq!(same(&json(a), &json(b)), are_same, "{a} {b}");
        }
    }

    #[test]
    fn a_part_may_leave_keys_out_at_any_depth_but_no_items() {
        for (part, whole, fits) in [
            (r#"{"op":"x"}"#, r#"{"op":"x","id":1}"#, true),
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":1.0,"c":2},"d":3}"#, true),
            (r#"{"a":[{"b":1}]}"#, r#"{"a":[{"b":1,"c":2}]}"#, true),
            (r#"{"a":[1]}"#, r#"{"a":[1,2]}"#, false),
            (r#"{"a":null}"#, "{}", false),
            ("{}", "[]", false),
            ("{}", r#"{"a":1}"#, true),
        ] {
            assert_eq!(is_part(&json(part), &json(whole)), fits, "{part} {whole}");
        }
    }

    #[test]
    fn numbers_and_strings_have_an_order() {
        for (a, b, ordering) in [
            ("1", "2", Some(Ordering::Less)),
            ("-10", "-9", Some(Ordering::Less)),
            ("-1", "0", Some(Ordering::Less)),
            ("10", "9", Some(Ordering::Greater)),
            ("1.5", "2", Some(Ordering::Less)),
            ("36893488147419103233", "36893488147419103232", Some(Ordering::Greater)),
            ("1e999", "5", Some(Ordering::Greater)),
            ("-1e999", "1e999", Some(Ordering::Less)),
            ("1e999", "2e999", None),
            ("\"a\"", "\"b\"", Some(Ordering::Less)),
            ("\"a\"", "1", None),
            ("true", "false", None),
        ] {
            assert_eq!(order(&json(a), &json(b)), ordering, "{a} {b}");
        }
    }

    #[test]
    fn beside_a_part_only_what_it_names_is_shown() {
        let beside = shown_beside(
            &json(r#"{"op":"x","n":5.0,"list":[{"a":1}],"gone":1}"#),
            &json(r#"{"op":"y","n":5,"extra":1,"list":[{"a":2,"b":3},4]}"#),
        );
        assert_eq!(beside.to_string(), r#"{"list":[{"a":2},4],"n":5.0,"op":"y"}"#);
    }
}
