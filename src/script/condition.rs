//! Reads conditions: `$.op == "tick" and ($.price > 0 or not $.x)`.

use serde_json_path::JsonPath;

use super::cursor::Cursor;
use super::cursor::chars::is_space;
use super::flaw::Flaw;
use super::syntax::{Condition, Operand, Operator};

/// How deep parentheses and brackets may go; nobody who reads it wants more.
const DEEPEST: usize = 32;

/// How many conditions may stand side by side; each is a level of the tree.
const MOST: usize = 64;

/// Longer than any path that is written by hand.
const LONGEST_PATH: usize = 1000;

/// Whether a condition begins here, rather than a JSON value.
pub(super) fn is_next(cursor: &mut Cursor<'_>) -> bool {
    cursor.peek_letters() == "not" || cursor.rest().starts_with(['$', '('])
}

pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Condition, Flaw> {
    any_of(cursor, 0)
}

fn any_of(cursor: &mut Cursor<'_>, depth: usize) -> Result<Condition, Flaw> {
    chain(cursor, depth, "or", all_of, Condition::Or)
}

fn all_of(cursor: &mut Cursor<'_>, depth: usize) -> Result<Condition, Flaw> {
    chain(cursor, depth, "and", one, Condition::And)
}

/// Parts with a word between them.
fn chain(
    cursor: &mut Cursor<'_>,
    depth: usize,
    word: &str,
    part: fn(&mut Cursor<'_>, usize) -> Result<Condition, Flaw>,
    join: fn(Box<Condition>, Box<Condition>) -> Condition,
) -> Result<Condition, Flaw> {
    let mut condition = part(cursor, depth)?;
    for count in 1.. {
        let place = cursor.place_of_next();
        if !takes(cursor, word) {
            break;
        }
        if count == MOST {
            return Err(Flaw::new(place, format!("at most {MOST} conditions can be joined")));
        }
        condition = join(Box::new(condition), Box::new(part(cursor, depth)?));
    }
    Ok(condition)
}

fn one(cursor: &mut Cursor<'_>, depth: usize) -> Result<Condition, Flaw> {
    let place = cursor.place_of_next();
    if depth > DEEPEST {
        return Err(Flaw::new(place, format!("conditions can be nested at most {DEEPEST} levels deep")));
    }
    if takes(cursor, "not") {
        return one(cursor, depth + 1).map(|condition| Condition::Not(Box::new(condition)));
    }
    if !cursor.is_over() && cursor.rest().starts_with('(') {
        cursor.skip(1);
        let inner = any_of(cursor, depth + 1)?;
        if !cursor.is_over() && cursor.rest().starts_with(')') {
            cursor.skip(1);
            return Ok(inner);
        }
        return Err(Flaw::new(place, "this parenthesis is not closed"));
    }
    if cursor.is_over() || !cursor.rest().starts_with('$') {
        return Err(cursor.flaw("expected a path").hint("as in `$.op`, `$.list[0].id` or `$['my-name']`"));
    }
    let path = path(cursor)?;
    let Some(operator) = operator(cursor)? else { return Ok(Condition::Exists(path)) };
    let value = operand(cursor, operator)?;
    Ok(Condition::Compare { path, operator, value })
}

fn takes(cursor: &mut Cursor<'_>, word: &str) -> bool {
    let is_next = !cursor.is_over() && cursor.peek_letters() == word;
    if is_next {
        cursor.skip(word.len());
    }
    is_next
}

/// A JSONPath (RFC 9535), which ends where a blank, a parenthesis or an operator is outside its brackets.
pub(super) fn path(cursor: &mut Cursor<'_>) -> Result<String, Flaw> {
    let place = cursor.place_of_next();
    let rest = cursor.rest();
    let (mut depth, mut deepest, mut quote, mut is_escaped) = (0_usize, 0, None, false);
    let mut length = rest.len();
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if depth > 0 => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, '(') if depth > 0 => depth += 1,
            (None, ')') if depth > 1 => depth -= 1,
            (None, _) if depth == 0 && (is_space(c) || ")=!<>".contains(c)) => {
                length = at;
                break;
            }
            (None, _) => {}
        }
        deepest = deepest.max(depth);
    }
    let text = rest[..length].trim_end_matches(is_space);
    if deepest > DEEPEST || text.len() > LONGEST_PATH {
        return Err(Flaw::new(place, "this path is too long, or its brackets are nested too deeply"));
    }
    match JsonPath::parse(text) {
        Ok(_) if text.contains("{{") => {
            Err(Flaw::new(place, "a path cannot contain variables").hint("compare with a variable: `$.id == {{id}}`"))
        }
        Ok(_) => {
            cursor.skip(text.len());
            Ok(text.to_owned())
        }
        Err(error) => Err(Flaw::new(place, format!("`{}` is not a JSONPath: {error}", super::cursor::shortened(text)))
            .hint("write it like `$.op`, `$.list[0].id` or `$['my-name']`")),
    }
}

fn operator(cursor: &mut Cursor<'_>) -> Result<Option<Operator>, Flaw> {
    if cursor.is_over() {
        return Ok(None);
    }
    for (sign, operator) in [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ] {
        if cursor.rest().starts_with(sign) {
            cursor.skip(sign.len());
            return Ok(Some(operator));
        }
    }
    if cursor.rest().starts_with("=~") {
        return Err(cursor.flaw("unknown operator `=~`").hint("write `matches /…/`"));
    }
    if cursor.rest().starts_with('=') {
        return Err(cursor.flaw("unknown operator `=`").hint("compare with `==`"));
    }
    if takes(cursor, "contains") {
        return Ok(Some(Operator::Contains));
    }
    Ok(takes(cursor, "matches").then_some(Operator::Matches))
}

fn operand(cursor: &mut Cursor<'_>, operator: Operator) -> Result<Operand, Flaw> {
    let is_over = cursor.is_over();
    let next = if is_over { None } else { cursor.rest().chars().next() };
    match (operator, next) {
        (Operator::Matches, _) => cursor.regexp().map(Operand::Regexp),
        (_, Some('/')) => {
            Err(cursor.flaw("a regular expression is only allowed after `matches`").hint("write `matches /…/`"))
        }
        (_, Some('$')) => path(cursor).map(Operand::Path),
        _ => cursor.json().map(|text| Operand::Value(text.template)),
    }
}
