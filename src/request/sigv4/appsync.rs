//! AWS AppSync's real-time endpoint, which takes the header fields of a signed POST in its query.
//!
//! <https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html>

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use serde_json::{Map, Value};

use super::canonical::{CanonicalRequest, encoded};
use super::scope::SigningScope;
use crate::request::header::Header;

/// What the POST would send.
const BODY: &str = "{}";

const FIELDS: [(&str, &str); 3] = [
    ("accept", "application/json, text/javascript"),
    ("content-encoding", "amz-1.0"),
    ("content-type", "application/json; charset=UTF-8"),
];

/// The target with `header` and `payload` in its query.
pub(super) fn signed(scope: &SigningScope<'_>, resource: &str, host: &str) -> String {
    let host = host.replacen(".appsync-realtime-api.", ".appsync-api.", 1);
    let mut fields: Vec<_> = FIELDS.iter().map(|(name, value)| Header::new(name, *value)).collect();
    fields.push(Header::new("host", host));
    fields.push(Header::new("x-amz-date", &*scope.time));
    fields.extend(scope.keys.session_token.as_deref().map(|token| Header::new("x-amz-security-token", token)));
    let request = CanonicalRequest::new("POST", "/graphql/connect", false).with_fields(&fields).with_body(BODY);
    fields.push(Header::new("Authorization", scope.authorization(&request.hashed(), &request.signed_names())));
    let fields: Map<_, _> = fields.into_iter().map(|field| (field.name, Value::String(field.value))).collect();
    let [header, payload] = [Value::Object(fields).to_string().as_str(), BODY].map(|text| BASE64.encode(text));
    let joint = if resource.contains('?') { '&' } else { '?' };
    format!("{resource}{joint}header={}&payload={}", encoded(&header), encoded(&payload))
}
