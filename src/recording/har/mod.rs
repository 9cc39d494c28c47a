//! The WebSockets in a HAR file, which a browser's developer tools saved, as the records of a recording.
//!
//! The file is read twice and never held: first to see that it is one and which WebSockets are in it, then for their messages.

mod message;
mod reader;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use regex::Regex;
use serde_json::Value;
use url::Url;

use self::message::HarMessage;
use self::reader::{HarEntry, HarItem};
use crate::error::Error;
use crate::events::{Event, EventKind, Opened, OpeningTimes};
use crate::masking;
use crate::render::record::{self, Secrets};
use crate::request::{Header, is_token};
use crate::transport::Peer;
use crate::wire::CompressionStats;

/// So much is handed on at a time.
const PIECE: usize = 64 << 10;

/// So many URLs are named where there is a choice.
const NAMED: usize = 8;

/// A HAR file, and the WebSockets in it.
#[derive(Debug)]
pub(crate) struct HarFile {
    path: PathBuf,
    sockets: Vec<HarSocket>,
}

/// One of its WebSockets.
#[derive(Debug)]
struct HarSocket {
    /// Which entry of the file it is.
    entry: usize,
    opened: Opened,
    at: SystemTime,
    messages: u64,
    /// The file has a list of its messages.
    is_listed: bool,
}

impl HarFile {
    /// Reads a file once.
    ///
    /// # Errors
    /// It cannot be read, or is no HAR file.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let (mut sockets, mut entry) = (Vec::new(), 0);
        let (mut messages, mut first) = (0, None);
        reader::read(path, &mut |item| {
            match item {
                HarItem::Message(message) => {
                    messages += 1;
                    first = first.or(message.at);
                }
                HarItem::OtherMessage => {}
                HarItem::Entry(found) => {
                    if is_socket(&found) {
                        let began = started(found.text("startedDateTime"));
                        // A message is never before the connection.
                        let at = began.into_iter().chain(first).min().unwrap_or(SystemTime::UNIX_EPOCH);
                        let opened = opened(&found);
                        sockets.push(HarSocket { entry, opened, at, messages, is_listed: found.has_messages });
                    }
                    (messages, first) = (0, None);
                    entry += 1;
                }
            }
            Ok(())
        })?;
        Ok(Self { path: path.to_owned(), sockets })
    }

    /// Hands on the records of those that `url` matches, one after the other, and returns how many messages were left out
    /// that are none of an application. Without `url`, there has to be no choice.
    ///
    /// # Errors
    /// Nothing matches, or more than one server without `url`; the file cannot be read; or an error of `print`.
    pub(crate) fn records(
        &self,
        url: Option<&Regex>,
        mut print: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let mut chosen = self.chosen(url)?.into_iter().peekable();
        let (mut entry, mut left_out, mut page) = (0, 0, BytesMut::new());
        let mut last = None;
        reader::read(&self.path, &mut |item| {
            let Some(socket) = chosen.peek().filter(|socket| socket.entry == entry) else {
                entry += usize::from(matches!(item, HarItem::Entry(_)));
                return Ok(());
            };
            let at = *last.get_or_insert_with(|| {
                put(socket.at, EventKind::Open(Box::new(socket.opened.clone())), &mut page);
                socket.at
            });
            match item {
                HarItem::Message(HarMessage { at: sent, direction, message }) => {
                    // Times never decrease, as in any other recording.
                    let at = sent.map_or(at, |sent| sent.max(at));
                    last = Some(at);
                    put(at, EventKind::Message(direction, message), &mut page);
                }
                HarItem::OtherMessage => left_out += 1,
                HarItem::Entry(_) => {
                    chosen.next();
                    (last, entry) = (None, entry + 1);
                }
            }
            if page.len() >= PIECE { print(&page.split()) } else { Ok(()) }
        })?;
        print(&page)?;
        Ok(left_out)
    }

    fn chosen(&self, url: Option<&Regex>) -> Result<Vec<&HarSocket>, Error> {
        let path = self.path.display();
        let refused = |why: String| Err(Error::Usage(why));
        if self.sockets.is_empty() {
            return refused(format!("`{path}` contains no WebSocket"));
        }
        let is_meant = |socket: &&HarSocket| {
            let whole = &socket.opened.url;
            url.is_none_or(|url| url.is_match(whole) || url.is_match(place(whole)))
        };
        let meant: Vec<_> = self.sockets.iter().filter(is_meant).collect();
        if meant.is_empty() {
            return refused(format!("no WebSocket in `{path}` matches (--url): there is {}", named(&self.sockets)));
        }
        let (full, empty): (Vec<_>, Vec<_>) = meant.into_iter().partition(|socket| socket.messages > 0);
        if full.is_empty() {
            let why = if empty.iter().any(|socket| socket.is_listed) {
                "no messages were exchanged"
            } else {
                "the file was saved without messages, as Firefox does; Chromium's developer tools save them"
            };
            return refused(format!("no messages in `{path}` of {}: {why}", named(empty)));
        }
        let places: BTreeSet<_> = full.iter().map(|socket| place(&socket.opened.url)).collect();
        if url.is_none() && places.len() > 1 {
            return refused(format!("`{path}` has several WebSockets: choose with --url from {}", named(full)));
        }
        Ok(full)
    }
}

/// Appends a record.
fn put(at: SystemTime, what: EventKind, page: &mut BytesMut) {
    record::write(&Event { at, ..Event::now(what) }, Secrets::Masked, page);
}

/// A URL without its query, which is often another with each connection.
fn place(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// The URLs for the user to choose from.
fn named<'s>(sockets: impl IntoIterator<Item = &'s HarSocket>) -> String {
    let places: BTreeSet<_> = sockets.into_iter().map(|socket| masking::reference(place(&socket.opened.url))).collect();
    let more = if places.len() > NAMED { " …" } else { "" };
    let first: Vec<_> = places.into_iter().take(NAMED).collect();
    format!("{}{more}", first.join(", "))
}

/// Whether an entry is a WebSocket, whoever wrote the file.
fn is_socket(entry: &HarEntry) -> bool {
    entry.has_messages
        || entry.text("_resourceType") == "websocket"
        || entry.text("url").starts_with("ws")
        || entry.get("status").and_then(Value::as_u64) == Some(101)
}

/// The connection, as far as the file tells of it.
fn opened(entry: &HarEntry) -> Opened {
    let url = entry.text("url");
    // mitmproxy writes the URL of the request.
    let url = url.strip_prefix("http").map_or_else(|| url.to_owned(), |rest| format!("ws{rest}"));
    let url: String = url.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let (request, headers) = (fields(entry.get("request")), fields(entry.get("response")));
    let first = |name: &str| headers.iter().find(|field| field.is(name)).map(|field| field.value.clone());
    let status = entry.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    Opened {
        peer: Peer::Inet(address(entry, &url)),
        url,
        tls: None,
        status: status.unwrap_or_default(),
        is_http2: status.is_some_and(|status| (200..300).contains(&status)),
        subprotocol: first("Sec-WebSocket-Protocol").filter(|name| is_token(name)),
        extensions: first("Sec-WebSocket-Extensions"),
        request,
        headers,
        answer: Vec::new(),
        deflate: None,
        tally: Arc::<CompressionStats>::default(),
        timing: OpeningTimes::default(),
    }
}

/// Header fields, without the pseudo-header fields of HTTP/2 and what could not be one.
fn fields(list: Option<&Value>) -> Vec<Header> {
    let field = |field: &Value| {
        let text = |name: &str| field.get(name).and_then(Value::as_str);
        let (name, value) = (text("name")?, text("value")?);
        (is_token(name) && !value.contains(char::is_control)).then(|| Header::new(name, value))
    };
    list.and_then(Value::as_array).into_iter().flatten().filter_map(field).collect()
}

/// Where the server was; the unspecified address if that is not known.
fn address(entry: &HarEntry, url: &str) -> SocketAddr {
    let url = Url::parse(url).ok();
    // Chromium leaves the address of a WebSocket out.
    let address = [Some(entry.text("serverIPAddress")), url.as_ref().and_then(Url::host_str)];
    let address = address.into_iter().flatten().find_map(|host| host.trim_matches(['[', ']']).parse().ok());
    let port = url.as_ref().and_then(Url::port_or_known_default);
    SocketAddr::new(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), port.unwrap_or_default())
}

/// RFC 3339, with any offset: Firefox writes the local time.
fn started(text: &str) -> Option<SystemTime> {
    if let Ok(at) = humantime::parse_rfc3339(text) {
        return Some(at);
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub("+00:00".len())?)?;
    let at = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let offset_from_utc = Duration::from_secs(hours.parse::<u64>().ok()? * 3600 + minutes.parse::<u64>().ok()? * 60);
    if offset.starts_with('-') { at.checked_add(offset_from_utc) } else { at.checked_sub(offset_from_utc) }
}
