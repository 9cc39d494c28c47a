//! The heads of HTTP messages, as far as an opening handshake needs them.

use crate::request::Header;

/// The final answer of a server.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// 1 for HTTP/1.1; says nothing where it was HTTP/2.
    pub(crate) minor_version: u8,
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Names as sent, values as lossy UTF-8.
    pub(crate) fields: Vec<Header>,
    /// The head as received, as lossy UTF-8.
    pub(crate) head: String,
    /// The heads of the 1xx answers before it.
    pub(crate) interim: Vec<String>,
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) struct OpeningRequest {
    pub(crate) method: String,
    pub(crate) resource: String,
    /// Names as sent, values as lossy UTF-8.
    pub(crate) fields: Vec<Header>,
}

impl Response {
    /// Whether another request may follow on the connection, once the body has come (RFC 9112, section 9.3).
    pub(crate) fn stays_open(&self) -> bool {
        let says = |word: &str| {
            let fields = ["Connection", "Proxy-Connection"].into_iter().flat_map(|name| list(&self.fields, name));
            fields.into_iter().any(|option| option.eq_ignore_ascii_case(word))
        };
        !says("close") && (self.minor_version == 1 || says("keep-alive"))
    }

    /// All heads, those of 1xx answers first.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &str> {
        self.interim.iter().chain([&self.head]).map(String::as_str)
    }

    /// The first field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        values(&self.fields, name).next()
    }
}

impl OpeningRequest {
    /// The subprotocols offered, the preferred ones first.
    pub(crate) fn subprotocols(&self) -> impl Iterator<Item = &str> {
        list(&self.fields, "Sec-WebSocket-Protocol")
    }
}

/// All fields of that name.
pub(crate) fn values<'f>(fields: &'f [Header], name: &str) -> impl Iterator<Item = &'f str> {
    fields.iter().filter(move |field| field.is(name)).map(|field| field.value.trim())
}

/// The elements of all fields of that name, which is how a list may be split up (RFC 9110, section 5.3).
pub(crate) fn list<'f>(fields: &'f [Header], name: &str) -> impl Iterator<Item = &'f str> {
    values(fields, name).flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty())
}
