//! Names that indicate a secret: of header fields, and of query parameters.

/// Parts of names, without what is between their words.
const TELLING: [&str; 15] = [
    "accesskey",
    "apikey",
    "authentication",
    "authorisation",
    "authorization",
    "bearer",
    "credential",
    "jwt",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "signature",
    "token",
];

/// What names of fields begin with.
const FIELD_BEGINNINGS: [&str; 4] = ["cookie", "setcookie", "xauth", "xsession"];

/// What names of fields end with that hold a key; other keys, as those of caches, are none.
const FIELD_ENDS: [&str; 9] = [
    "appkey",
    "authkey",
    "clientkey",
    "functionskey",
    "licensekey",
    "privatekey",
    "sharedkey",
    "signingkey",
    "subscriptionkey",
];

/// Whole names of parameters.
const PARAMETERS: [&str; 10] = ["assertion", "auth", "hmac", "otp", "pass", "pw", "pwd", "samlresponse", "sig", "totp"];

/// Parts of names of parameters.
const PARAMETER_PARTS: [&str; 3] = ["session", "sessid", "ticket"];

/// What names of parameters end with.
const PARAMETER_ENDS: [&str; 5] = ["auth", "key", "pass", "pwd", "sig"];

/// Whether a header field of this name holds a secret.
pub(crate) fn is_secret_field(name: &str) -> bool {
    let name = bare(name);
    tells(&name)
        || FIELD_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || FIELD_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a parameter of this name holds a secret, in a query or beside a path.
pub(super) fn is_secret_parameter(name: &str) -> bool {
    let name = bare(name);
    tells(&name)
        || PARAMETERS.contains(&name.as_str())
        || PARAMETER_PARTS.iter().any(|part| name.contains(part))
        || PARAMETER_ENDS.iter().any(|end| name.ends_with(end))
}

fn tells(bare: &str) -> bool {
    TELLING.iter().any(|word| bare.contains(word))
}

/// `X-Api-Key`, `apiKey` and `api_key` are one name.
pub(super) fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_tell_of_secrets() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Cookie",
            "Set-Cookie",
            "X-Api-Key",
            "apikey",
            "X-Auth",
            "X-Auth-User",
            "X-Amz-Access-Key",
            "X-Session",
            "X-SessionId",
            "X-JWT",
            "X-Goog-IAP-JWT-Assertion",
            "Db-Passwd",
            "X-Amz-Security-Token",
            "X-Amz-Credential",
            "X-Hub-Signature-256",
            "Ocp-Apim-Subscription-Key",
            "Client_Secret",
        ] {
            assert!(is_secret_field(name), "{name}");
        }
        for name in [
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Accept",
            "Sec-WebSocket-Protocol",
            "Idempotency-Key",
            "WWW-Authenticate",
            "Author",
            "Host",
            "Origin",
            "Location",
        ] {
            assert!(!is_secret_field(name), "{name}");
        }
    }

    #[test]
    fn names_of_parameters_tell_of_secrets() {
        for name in [
            "token",
            "access_token",
            "idToken",
            "key",
            "api_key",
            "apiKey",
            "listenKey",
            "sig",
            "signature",
            "X-Amz-Signature",
            "X-Amz-Security-Token",
            "X-Goog-Credential",
            "AWSAccessKeyId",
            "auth",
            "authorization",
            "basic_auth",
            "jwt",
            "pass",
            "password",
            "pwd",
            "ticket",
            "session_id",
            "PHPSESSID",
            "client_secret",
            "user[token]",
        ] {
            assert!(is_secret_parameter(name), "{name}");
        }
        for name in ["a", "author", "design", "id", "EIO", "transport", "monkeys", "passage", "X-Amz-Date", "state"] {
            assert!(!is_secret_parameter(name), "{name}");
        }
    }
}
