//! A server that keeps all rules but one: the case of that name is to fail against it.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};

use crate::frames::Connection;
use crate::kit;

/// The server; it ends with the test.
pub struct Broken {
    port: u16,
}

/// An opening request.
struct Asked {
    line: String,
    fields: Vec<(String, String)>,
    /// How many connections there were, this one included.
    number: usize,
}

impl Broken {
    /// Starts a server that breaks the rule of this case, or none.
    pub fn start(case: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        let port = listener.local_addr().expect("it is bound").port();
        let (case, count) = (Arc::<str>::from(case), AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (case, number) = (Arc::clone(&case), count.fetch_add(1, Ordering::Relaxed) + 1);
                std::thread::spawn(move || drop(serve(stream, &case, number)));
            }
        });
        Self { port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }
}

fn serve(mut stream: TcpStream, case: &str, number: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let asked = Asked::read(&mut stream, number);
    if let Some(status) = asked.refusal(case) {
        let versions = if case == "handshake/version-list" { "" } else { "Sec-WebSocket-Version: 13\r\n" };
        stream.write_all(format!("HTTP/1.1 {status} No\r\n{versions}Content-Length: 0\r\n\r\n").as_bytes())?;
        return until_end(stream);
    }
    let (answer, has_deflate) = asked.answer(case);
    stream.write_all(answer.as_bytes())?;
    Connection::new(stream, case, has_deflate).serve()
}

/// The client goes first, so that nothing is lost on its way.
fn until_end(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown(std::net::Shutdown::Write)?;
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

impl Asked {
    fn read(stream: &mut TcpStream, number: usize) -> Self {
        let head = kit::read_head(stream);
        let mut lines = head.lines();
        let line = lines.next().unwrap_or_default().to_owned();
        let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { line, fields: lines.filter_map(field).collect(), number }
    }

    fn all(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    fn has(&self, name: &str, token: &str) -> bool {
        self.all(name).iter().flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
    }

    /// The status that a request gets which is no opening, or one that a broken server does not like.
    fn refusal(&self, case: &str) -> Option<u16> {
        let keys = self.all("Sec-WebSocket-Key");
        let versions = self.all("Sec-WebSocket-Version");
        let is_short = |key: &&str| BASE64.decode(key).is_ok_and(|nonce| nonce.len() != 16);
        let wrong = [
            ("handshake/post", !self.line.starts_with("GET "), 405),
            ("handshake/http-1.0", !self.line.ends_with("HTTP/1.1"), 505),
            ("handshake/no-host", self.all("Host").is_empty(), 400),
            ("handshake/no-upgrade", self.all("Upgrade").is_empty(), 426),
            ("handshake/other-upgrade", self.has("Upgrade", "wsprobe"), 426),
            ("handshake/no-connection", !self.has("Connection", "Upgrade"), 426),
            ("handshake/no-version", versions.is_empty(), 426),
            ("handshake/version-12", versions == ["12"], 426),
            ("handshake/no-key", keys.is_empty(), 400),
            ("handshake/two-keys", keys.len() == 2, 400),
            ("handshake/short-key", keys.iter().any(is_short), 400),
        ];
        let odd = [
            ("handshake/field-case", self.all("Upgrade") == ["WebSocket"]),
            ("handshake/connection-list", self.has("Connection", "keep-alive")),
            ("handshake/unknown-fields", self.has("X-Wsprobe", "check")),
            // Two connections are made to learn what it does by itself.
            ("handshake/in-pieces", self.number == 3),
        ];
        let refused = wrong.iter().find(|(rule, is_wrong, _)| *is_wrong && *rule != case);
        let disliked = odd.iter().find(|(rule, is_so)| *is_so && *rule == case);
        refused.map(|(.., status)| *status).or(disliked.map(|_| 400))
    }

    /// The 101, and whether it agrees on permessage-deflate.
    fn answer(&self, case: &str) -> (String, bool) {
        let key = self.all("Sec-WebSocket-Key").first().copied().unwrap_or_default();
        let mut head = kit::switching(&format!("Sec-WebSocket-Key: {key}"));
        head = match case {
            "handshake/accept" => head.replace("Accept: ", "Accept: AAAA"),
            "handshake/upgrade-field" => head.replace("Upgrade: websocket", "Upgrade: h2c"),
            "handshake/connection-field" => head.replace("Connection: Upgrade", "Connection: close"),
            "handshake/http-version" => head.replace("HTTP/1.1", "HTTP/1.0"),
            _ => head,
        };
        let mut fields = String::new();
        let subprotocols = self.all("Sec-WebSocket-Protocol").join(", ");
        match case {
            "negotiation/no-subprotocol" if subprotocols.is_empty() => fields += "Sec-WebSocket-Protocol: chat\r\n",
            "negotiation/one-subprotocol" if !subprotocols.is_empty() => {
                fields += &format!("Sec-WebSocket-Protocol: {subprotocols}\r\n");
            }
            _ => {}
        }
        let extension = self.extension(case);
        if let Some(answer) = &extension {
            fields += &format!("Sec-WebSocket-Extensions: {answer}\r\n");
        }
        let has_deflate = extension.is_some_and(|answer| answer.starts_with("permessage-deflate"));
        (head.replacen("\r\n\r\n", &format!("\r\n{fields}\r\n"), 1), has_deflate)
    }

    /// The answer to the extensions that are offered.
    fn extension(&self, case: &str) -> Option<String> {
        let offered = self.all("Sec-WebSocket-Extensions").join(", ");
        let is_for_this = match case {
            "negotiation/no-extension" => offered.is_empty(),
            "negotiation/unknown-extension" => offered.starts_with("x-"),
            "negotiation/client-window" => offered == "permessage-deflate",
            "negotiation/server-window" => offered.ends_with("server_max_window_bits=9"),
            "negotiation/server-takeover" => offered.ends_with("deflate; server_no_context_takeover"),
            "negotiation/parameters" => offered.contains("client_max_window_bits=10"),
            "negotiation/fallback" => offered.contains("wsprobe=1, "),
            "negotiation/unknown-parameter" => offered.ends_with("wsprobe=1"),
            "negotiation/bad-window" => offered.ends_with("=16"),
            "negotiation/bad-value" => offered.ends_with("takeover=1"),
            "negotiation/twice" => offered.ends_with("takeover; server_no_context_takeover"),
            _ => false,
        };
        if is_for_this {
            let answer = match case {
                "negotiation/no-extension" | "negotiation/unknown-extension" => "x-wsprobe-check",
                "negotiation/client-window" => "permessage-deflate; client_max_window_bits=10",
                "negotiation/fallback" => "permessage-deflate; wsprobe=1",
                _ => "permessage-deflate",
            };
            return Some(answer.to_owned());
        }
        offered.split(',').map(str::trim).find_map(accepted)
    }
}

/// The answer to an offer of permessage-deflate that makes sense.
fn accepted(offer: &str) -> Option<String> {
    let mut parts = offer.split(';').map(str::trim);
    if parts.next() != Some("permessage-deflate") {
        return None;
    }
    let mut seen = HashMap::new();
    for part in parts {
        let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
        let bits = value.and_then(|value| value.parse::<u8>().ok()).filter(|bits| (8..=15).contains(bits));
        let is_right = match name {
            "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
            "client_max_window_bits" => value.is_none() || bits.is_some(),
            "server_max_window_bits" => bits.is_some(),
            _ => false,
        };
        if !is_right || seen.insert(name, value).is_some() {
            return None;
        }
    }
    let mut answer = "permessage-deflate".to_owned();
    let has_takeover = !seen.contains_key("server_no_context_takeover");
    if !has_takeover {
        answer += "; server_no_context_takeover";
    }
    if let Some(Some(bits)) = seen.get("server_max_window_bits") {
        answer += &format!("; server_max_window_bits={bits}");
    }
    Some(answer)
}

/// All cases that can fail: their names.
pub fn names() -> Vec<String> {
    let list = kit::tool().args(["check", "--list"]).run().code(0).out();
    let cases = list.lines().filter(|line| !line.starts_with(' '));
    let named = cases.filter(|line| line.contains("(MUST, ") || line.contains("(SHOULD, "));
    named.filter_map(|line| line.split_once(": ")).map(|(name, _)| name.to_owned()).collect()
}

/// Does this with each, several at once; returns what went wrong.
pub fn with_each(names: Vec<String>, check: impl Fn(&str) -> Result<(), String> + Sync) -> Vec<String> {
    let (left, wrong) = (Mutex::new(names), Mutex::new(Vec::new()));
    let next = || left.lock().expect("nobody panics with it").pop();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(name) = next() {
                    if let Err(why) = check(&name) {
                        wrong.lock().expect("nobody panics with it").push(format!("{name}: {why}"));
                    }
                }
            });
        }
    });
    wrong.into_inner().expect("nobody panics with it")
}
