//! Texts that differ from client to client: of the opening request and of messages.

use bytes::Bytes;
use url::form_urlencoded::byte_serialize;

use super::variables::{ClientTable, OURS};
use crate::client::connect;
use crate::message::{DataKind, Message};
use crate::request::Credentials;
use crate::script::syntax::{Piece, Template};
use crate::script::variables::Variables;

/// What a message is made of.
#[derive(Clone, Debug)]
pub(crate) enum LoadMessage {
    /// Each is the same.
    Same(Message),
    Made(DataKind, Template),
}

/// Where something of a client's own stands in the opening request, and what the names stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientTexts {
    table: ClientTable,
    resource: Option<Template>,
    /// By their places among all.
    headers: Vec<(usize, Template)>,
    cookies: Vec<(usize, Template)>,
    bearer: Option<Template>,
}

impl LoadMessage {
    /// # Errors
    /// What is wrong with what is in its braces.
    pub(crate) fn new(text: &str, kind: DataKind, table: &ClientTable) -> Result<Self, String> {
        Ok(match template(text, table)? {
            Some(template) => Self::Made(kind, template),
            None => Self::Same(message(kind, plain(text))),
        })
    }

    /// The next message of a client.
    pub(super) fn make(&self, variables: &Variables) -> Message {
        match self {
            Self::Same(message) => message.clone(),
            Self::Made(kind, template) => {
                message(*kind, variables.text(template).expect("the names were tried before anything was sent"))
            }
        }
    }

    /// Whether it takes variables.
    pub(super) fn is_made(&self) -> bool {
        matches!(self, Self::Made(..))
    }
}

impl ClientTexts {
    /// # Errors
    /// What is wrong with what is in braces, and where.
    pub(crate) fn new(connect: &connect::Options, table: ClientTable) -> Result<Self, String> {
        let of = |what: &str, text: &str| template(text, &table).map_err(|why| format!("{what}: {why}"));
        // The URL was read as one, which braces in a path are not.
        let resource = connect.target.resource.replace("%7B%7B", "{{").replace("%7D%7D", "}}");
        let resource = of("the URL", &resource)?;
        let mut texts = Self { resource, ..Self::default() };
        for (at, header) in connect.request.headers.iter().enumerate() {
            texts.headers.extend(of(&format!("the header {}", header.name), &header.value)?.map(|it| (at, it)));
        }
        for (at, cookie) in connect.request.cookies.iter().enumerate() {
            texts.cookies.extend(of("a cookie", cookie)?.map(|it| (at, it)));
        }
        if let Some(Credentials::Bearer(token)) = &connect.request.credentials {
            texts.bearer = of("the bearer token", token)?;
        }
        Ok(Self { table, ..texts })
    }

    /// What the names stand for, for a client. The first is 1.
    pub(super) fn variables(&self, client: u32) -> Variables {
        self.added_to(Variables::new(|_| None), client)
    }

    pub(super) fn added_to(&self, mut variables: Variables, client: u32) -> Variables {
        self.table.of(client).for_each(|(name, value)| variables.set(name, value));
        variables.set("client", (u64::from(client) + 1).to_string());
        variables
    }

    /// Whether all opening requests are the same.
    pub(super) fn is_empty(&self) -> bool {
        let Self { table: _, resource, headers, cookies, bearer } = self;
        resource.is_none() && headers.is_empty() && cookies.is_empty() && bearer.is_none()
    }

    /// The request of a client.
    pub(super) fn put_into(&self, connect: &connect::Options, variables: &Variables) -> connect::Options {
        let text = |template: &Template| variables.text(template).expect("the names were tried before");
        let mut own = connect.clone();
        if let Some(resource) = &self.resource {
            own.target.resource = percent_encoded(resource, variables);
        }
        for (at, template) in &self.headers {
            own.request.headers[*at].value = text(template);
        }
        for (at, template) in &self.cookies {
            own.request.cookies[*at] = text(template);
        }
        if let Some(bearer) = &self.bearer {
            own.request.credentials = Some(Credentials::Bearer(text(bearer)));
        }
        own
    }
}

/// What the braces hold goes into a URL as a part of it (RFC 3986, section 2.1).
fn percent_encoded(resource: &Template, variables: &Variables) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        piece => {
            let value = variables.text(&Template(vec![piece.clone()])).expect("the names were tried before");
            byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
        }
    };
    resource.0.iter().map(piece).collect()
}

/// The text as a template, if there is anything to be put into it.
fn template(text: &str, table: &ClientTable) -> Result<Option<Template>, String> {
    let template = crate::script::text_template(text)?;
    if template.0.iter().all(|piece| matches!(piece, Piece::Literal(_))) {
        return Ok(None);
    }
    let mut all = Variables::new(|_| None);
    OURS.into_iter().chain(table.names.iter().map(String::as_str)).for_each(|name| all.set(name, ""));
    all.text(&template).map(|_| Some(template)).map_err(|undefined| {
        format!("{undefined}: `seq`, `client`, `uuid`, `now`, `random A..B` and the columns of `--vars-from` have one")
    })
}

/// Without braces, a backslash before some may still have to go.
fn plain(text: &str) -> String {
    text.replace("\\{{", "{{")
}

fn message(kind: DataKind, text: String) -> Message {
    Message::new(kind, Bytes::from(text)).expect("a String is UTF-8")
}
