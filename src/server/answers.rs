//! What a server's script answers to plain HTTP requests (`on GET /negotiate answer 200 json {…}`).

use std::sync::Arc;

use crate::handshake::server::Denial;
use crate::play::{LoadedScript, ScriptScope};
use crate::request::Header;
use crate::script::judge::sources::Sources as _;
use crate::script::syntax::{HttpAnswer, Payload, Script};
use crate::script::variables::Variables;

pub(crate) struct HttpAnswers {
    script: Arc<Script>,
    words: ScriptScope,
}

impl HttpAnswers {
    /// Of a script; none if it has no such answers.
    pub(crate) fn of(file: &LoadedScript, variables: &Variables) -> Option<Self> {
        let words = ScriptScope::new(variables.clone(), file.dir.clone());
        (!file.script.answers.is_empty()).then(|| Self { script: Arc::clone(&file.script), words })
    }

    /// The first that is meant for this request.
    pub(crate) fn to(&self, method: &str, resource: &str) -> Option<Denial> {
        let is_meant = |answer: &&HttpAnswer| answer.method == method && is_at(&answer.target, resource);
        let answer = self.script.answers.iter().find(is_meant)?;
        let failed = |why| Denial::new(500, format!("line {}: {why}\n", answer.place.line));
        Some(self.made(answer).unwrap_or_else(failed))
    }

    fn made(&self, answer: &HttpAnswer) -> Result<Denial, String> {
        let mut headers: Vec<_> = content_type(answer.body.as_ref()).into_iter().collect();
        for value in answer.headers.iter().filter_map(|header| header.value.as_ref()) {
            let field = self.words.text(value)?;
            let (name, value) = field.split_once(':').unwrap_or((&field, ""));
            let header = Header::new(name.trim_end(), value.trim());
            if header.value.contains(|c: char| c.is_control() && c != '\t') {
                return Err(format!("the header `{}` holds control characters", header.name));
            }
            headers.retain(|other| !other.is(&header.name));
            headers.push(header);
        }
        let body = answer.body.as_ref().map(|body| self.words.message(body)).transpose()?;
        let body = body.and_then(|body| body.text().map(str::to_owned)).unwrap_or_default();
        Ok(Denial { headers, ..Denial::new(answer.status, body) })
    }
}

/// A path without a query stands for that path with any.
fn is_at(target: &str, resource: &str) -> bool {
    let path = resource.split('?').next().unwrap_or_default();
    target == resource || target == path
}

/// Text has the one that every plain answer has.
fn content_type(body: Option<&Payload>) -> Option<Header> {
    matches!(body, Some(Payload::Json(_))).then(|| Header::new("Content-Type", "application/json"))
}

#[cfg(test)]
mod tests {
    use super::is_at;

    #[test]
    fn a_path_is_met_with_any_query_and_one_with_a_query_exactly() {
        assert!(is_at("/a", "/a") && is_at("/a", "/a?b=c") && is_at("/a?b=c", "/a?b=c"));
        assert!(!is_at("/a?b=c", "/a") && !is_at("/a?b=c", "/a?b=d") && !is_at("/a", "/a/b") && !is_at("/a", "/"));
    }
}
