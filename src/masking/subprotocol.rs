//! Subprotocols that carry a token, since a browser can send it in no other field.

use super::MASK;
use super::name::bare;
use super::url::json_in;

/// What is before a token, of servers that are known: Kubernetes, Phoenix, Jupyter.
const KNOWN: [&str; 3] =
    ["base64url.bearer.authorization.k8s.io.", "base64url.bearer.phx.", "v1.token.websocket.jupyter.org."];

/// Words that a token follows: in one name (`bearer.…`, `access_token.…`), or as the next name of the list.
const MARKERS: [&str; 16] = [
    "apikey",
    "auth",
    "authorization",
    "bearer",
    "credential",
    "credentials",
    "jwt",
    "passwd",
    "password",
    "secret",
    "sessionid",
    "sig",
    "signature",
    "ticket",
    "token",
    "xapikey",
];

/// Two words that are one marker.
const PAIRS: [(&str, &str); 4] = [("api", "key"), ("access", "key"), ("secret", "key"), ("session", "id")];

/// What is shorter is the number of a version.
const SHORTEST: usize = 4;

/// A list of subprotocols, as it may be shown, and without those that carry a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subprotocols {
    pub(crate) shown: Vec<String>,
    pub(crate) open: Vec<String>,
}

/// Reads the value of the field that offers subprotocols.
pub(crate) fn subprotocols(value: &str) -> Subprotocols {
    let mut list = Subprotocols { shown: Vec::new(), open: Vec::new() };
    let mut announces = false;
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let shown = if announces { MASK.to_owned() } else { shown(name) };
        if announces {
            // The word before it means nothing without it.
            list.open.pop();
        }
        if shown == name {
            list.open.push(shown.clone());
        }
        announces = !announces && is_marker(name);
        list.shown.push(shown);
    }
    list
}

/// The one that a server chose, which may be a token that was offered.
pub(crate) fn chosen_subprotocol<'o>(name: &str, mut offered: impl Iterator<Item = &'o str>) -> String {
    let list = offered.by_ref().collect::<Vec<_>>();
    let at = list.iter().position(|offered| *offered == name);
    at.and_then(|at| subprotocols(&list.join(",")).shown.get(at).cloned()).unwrap_or_else(|| shown(name))
}

fn shown(name: &str) -> String {
    let has = |prefix: &&&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if KNOWN.iter().any(|prefix| prefix.trim_end_matches('.').eq_ignore_ascii_case(name)) {
        return name.to_owned();
    }
    let known = KNOWN.iter().find(has).map(|prefix| prefix.len());
    match known.or_else(|| after_marker(name)).or_else(|| json_in(name)) {
        Some(at) => format!("{}{MASK}", &name[..at]),
        None => name.to_owned(),
    }
}

/// Where the token begins that a word announces.
fn after_marker(name: &str) -> Option<usize> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, mark) in name.match_indices(|c: char| !c.is_ascii_alphanumeric()) {
        words.push((name[start..at].to_ascii_lowercase(), at + mark.len()));
        start = at + mark.len();
    }
    let is_marker = |at: usize| {
        let word = words[at].0.as_str();
        let before = at.checked_sub(1).map_or("", |before| words[before].0.as_str());
        MARKERS.contains(&word) || PAIRS.contains(&(before, word))
    };
    let first = (0..words.len()).find(|at| is_marker(*at))?;
    // `bearer.authorization.…`
    let last = (first..words.len()).take_while(|at| is_marker(*at)).last()?;
    let begin = words[last].1;
    (name.len() - begin >= SHORTEST && !MARKERS.contains(&bare(&name[begin..]).as_str())).then_some(begin)
}

fn is_marker(name: &str) -> bool {
    let name = bare(name);
    MARKERS.contains(&name.as_str()) || name.ends_with("token") || name.ends_with("apikey") || name == "key"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_subprotocol_is_masked() {
        for (offered, shown) in [
            ("chat, v2.chat", "chat, v2.chat"),
            ("graphql-transport-ws", "graphql-transport-ws"),
            ("v12.stomp, mqtt, wamp.2.json, ocpp1.6", "v12.stomp, mqtt, wamp.2.json, ocpp1.6"),
            ("auth.v2, token-auth", "auth.v2, token-auth"),
            (
                "v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VzYW1l",
                "v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.***",
            ),
            ("base64url.bearer.authorization.k8s.io", "base64url.bearer.authorization.k8s.io"),
            ("bearer.sesame", "bearer.***"),
            ("Bearer-ses.token.ame", "Bearer-***"),
            ("bearer.authorization.sesame", "bearer.authorization.***"),
            ("access_token.sesame", "access_token.***"),
            ("authorization.sesame", "authorization.***"),
            ("realtime, openai-insecure-api-key.sk-sesame", "realtime, openai-insecure-api-key.***"),
            ("access_token, sesame, chat", "access_token, ***, chat"),
            ("token, token, chat", "token, ***, chat"),
            (
                "v1.token.websocket.jupyter.org, v1.token.websocket.jupyter.org.sesame",
                "v1.token.websocket.jupyter.org, v1.token.websocket.jupyter.org.***",
            ),
            ("header-eyJob3N0IjoiYSIsIngiOiJ5In0, aws-appsync-event-ws", "header-***, aws-appsync-event-ws"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x", "***"),
        ] {
            assert_eq!(subprotocols(offered).shown.join(", "), shown, "{offered}");
        }
    }

    #[test]
    fn those_without_a_token_may_go_elsewhere() {
        for (offered, open) in [
            ("chat, bearer.sesame", "chat"),
            ("access_token, sesame, chat", "chat"),
            ("chat, token", "chat, token"),
            ("bearer.sesame", ""),
        ] {
            assert_eq!(subprotocols(offered).open.join(", "), open, "{offered}");
        }
    }

    #[test]
    fn a_chosen_one_is_as_secret_as_it_was_when_it_was_offered() {
        let chosen = |name| chosen_subprotocol(name, ["chat", "token", "sesame"].into_iter());
        assert_eq!([chosen("chat"), chosen("sesame"), chosen("bearer.sesame")], ["chat", "***", "bearer.***"]);
    }
}
