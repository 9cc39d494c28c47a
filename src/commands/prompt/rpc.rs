//! `/rpc`: calls of JSON-RPC 2.0, each with an id, and the time until its answer.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::render::json::is_json;

/// More calls than this do not wait for their answers at a time.
const WAITING: usize = 1000;

/// A longer message is not searched for an id.
const LONGEST_ANSWER: usize = 1 << 20;

/// How much is shown of what an error says, in bytes.
const LONGEST_ERROR: usize = 200;

/// The calls that were made, and that wait for their answers.
#[derive(Default)]
pub(crate) struct RpcCalls {
    made: u64,
    waiting: VecDeque<RpcCall>,
}

struct RpcCall {
    id: u64,
    method: String,
    since: Instant,
}

impl RpcCalls {
    /// Makes a call: its id, and its text.
    pub(crate) fn make(&mut self, method: &str, params: Option<&str>) -> (u64, String) {
        self.made += 1;
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(RpcCall { id: self.made, method: method.to_owned(), since: Instant::now() });
        let params = params.map_or_else(String::new, |params| format!(r#","params":{params}"#));
        let text = format!(r#"{{"jsonrpc":"2.0","id":{},"method":{}{params}}}"#, self.made, Value::from(method));
        (self.made, text)
    }

    /// The call was not sent after all.
    pub(crate) fn forget(&mut self, id: u64) {
        self.waiting.retain(|call| call.id != id);
    }

    /// No answer will come: the connection is another one.
    pub(crate) fn forget_all(&mut self) {
        self.waiting.clear();
    }

    /// What is to be said about a message, if it answers a call.
    pub(crate) fn answered(&mut self, text: &str) -> Option<String> {
        if self.waiting.is_empty() || text.len() > LONGEST_ANSWER || !text.trim_ascii_start().starts_with('{') {
            return None;
        }
        let answer: Value = serde_json::from_str(text).ok()?;
        let id = answer.get("id")?.as_u64().filter(|_| answer.get("method").is_none())?;
        let at = self.waiting.iter().position(|call| call.id == id)?;
        let call = self.waiting.remove(at)?;
        let took = shown(call.since.elapsed());
        Some(match answer.get("error") {
            Some(error) => format!("rpc {id} {} failed after {took}: {}", call.method, told(error)),
            None => format!("rpc {id} {} answered after {took}", call.method),
        })
    }
}

/// The parameters of a call: an array or an object (JSON-RPC 2.0, section 4.2).
///
/// # Errors
/// In words, when they are neither.
pub(crate) fn params(text: &str) -> Result<Option<String>, String> {
    match text {
        "" => Ok(None),
        _ if is_json(text) => Ok(Some(text.to_owned())),
        _ => Err("expected a JSON array or object, such as `[1, 2]` or `{\"a\": 1}`".to_owned()),
    }
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

/// `-32601 Method not found` (JSON-RPC 2.0, section 5.1).
fn told(error: &Value) -> String {
    let code = error.get("code").map_or_else(String::new, |code| format!("{code} "));
    let message = error.get("message").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned);
    let told = code + &message;
    if told.len() > LONGEST_ERROR { format!("{}…", &told[..told.floor_char_boundary(LONGEST_ERROR)]) } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_numbered_and_their_answers_are_told_by_method_and_time() {
        let mut calls = RpcCalls::default();
        assert_eq!(calls.make("a\"b", None), (1, r#"{"jsonrpc":"2.0","id":1,"method":"a\"b"}"#.to_owned()));
        let text = r#"{"jsonrpc":"2.0","id":2,"method":"add","params":[1, 2.50]}"#;
        assert_eq!(calls.make("add", Some("[1, 2.50]")), (2, text.to_owned()));
        assert!(calls.answered(r#"{"id":3,"result":1}"#).is_none());
        assert!(calls.answered(r#"{"id":1,"method":"theirs"}"#).is_none());
        assert!(calls.answered("1").is_none() && calls.answered("{").is_none());
        let told = calls.answered(r#"{"jsonrpc":"2.0","result":3,"id":2}"#).unwrap();
        assert!(told.starts_with("rpc 2 add answered after ") && told.ends_with(" ms"), "{told}");
        assert!(calls.answered(r#"{"id":2,"result":3}"#).is_none(), "it was answered");
        let told = calls.answered(r#"{"id":1,"error":{"code":-32601,"message":"Method not found"}}"#).unwrap();
        assert!(told.starts_with("rpc 1 a\"b failed after ") && told.ends_with(": -32601 Method not found"), "{told}");
    }

    #[test]
    fn what_waits_is_bounded_and_can_be_forgotten() {
        let mut calls = RpcCalls::default();
        for _ in 0..2 * WAITING {
            calls.make("x", None);
        }
        assert_eq!(calls.waiting.len(), WAITING);
        let (id, _) = calls.make("y", None);
        calls.forget(id);
        assert!(calls.answered(&format!(r#"{{"id":{id},"result":0}}"#)).is_none());
        calls.forget_all();
        assert!(calls.waiting.is_empty());
    }

    #[test]
    fn parameters_are_an_array_or_an_object() {
        assert_eq!(params(""), Ok(None));
        assert_eq!(params("[1]"), Ok(Some("[1]".to_owned())));
        assert!(params("1 2").unwrap_err().starts_with("expected a JSON array or object"));
    }
}
