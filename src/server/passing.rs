//! HTTP requests that want no WebSocket, passed on by a relay: the negotiation of SignalR, the polling of Socket.IO, pages.

use std::cell::Cell;

use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::upstream::{Upstream, denial, passed_on, target};
use crate::dial;
use crate::dial::tls::Alpn;
use crate::error::Error;
use crate::handshake::auth::basic;
use crate::handshake::head::Response;
use crate::handshake::origin::is_own_page;
use crate::handshake::passing::{PassedRequest, answer_to_passed};
use crate::handshake::server::{Declined, Denial, ReadRequest};
use crate::request::schemes::PasswordScheme;
use crate::request::{Credentials, Header, Request, write_fields};
use crate::target::Target;
use crate::transport::Duplex;

impl Upstream {
    /// Passes a request on, and what the server answers back; tells how that ended. The client leaves when it has read the
    /// answer, or before.
    pub(super) async fn pass(
        &self,
        client: &mut Box<dyn Duplex>,
        heard: &ReadRequest,
        is_tls: bool,
    ) -> Option<Declined> {
        let passed = match heard.passed()? {
            Ok(passed) => passed,
            Err(denial) => return Some(Declined::Denied(denial)),
        };
        let request = passed.named(&heard.opening().resource);
        let answer = self.pass_both_ways(client, heard, passed, is_tls).await;
        Some(answer.map_or_else(|declined| declined, |answer| Declined::Passed { request, answer }))
    }

    /// The head of the answer that the client has got.
    async fn pass_both_ways(
        &self,
        client: &mut Box<dyn Duplex>,
        heard: &ReadRequest,
        passed: PassedRequest,
        is_tls: bool,
    ) -> Result<Denial, Declined> {
        self.check_loop(heard.opening()).map_err(Declined::Denied)?;
        let connect = &self.options.client.connect;
        let target = plain_target(&connect.target, &heard.opening().resource);
        let mut route = connect.route.clone();
        route.tls.alpn = Alpn::Http1;
        let dialed = dial::dial(&target, &route, &|_| {}).await;
        let dialed = dialed.map_err(|error| Declined::Denied(denial(&Error::from(error))))?;
        let mut head = format!("{} {} {}\r\n", passed.method, target.resource, passed.version);
        write_fields(&mut head, &self.fields(heard, &target, (is_tls, dialed.is_private())));

        let (mut from_client, mut to_client) = io::split(client);
        let (mut from_server, mut to_server) = io::split(dialed.stream);
        let unsent = Cell::new(None::<io::Error>);
        let upwards = async {
            unsent.set(send(&head, &passed, &mut from_client, &mut to_server).await.err());
            // What it still says is not for this connection.
            let _ = io::copy(&mut from_client, &mut io::sink()).await;
        };
        // A server may answer before it has read all.
        tokio::pin!(upwards);
        let answered = tokio::select! {
            answered = answer_to_passed(&mut from_server) => answered,
            () = &mut upwards => return Err(Declined::Closed),
        };
        let (response, begins) = match (answered, unsent.take()) {
            (Ok((response, begins)), _) if response.status != 101 => (response, begins),
            (Ok(_), _) => return Err(unanswered("it switched to another protocol")),
            (Err(_), Some(unsent)) => return Err(unanswered(&unsent.to_string())),
            (Err(error), None) => return Err(unanswered(&error.to_string())),
        };
        let answer = answer_of(&response);
        let downwards = async {
            to_client.write_all(answer.head().as_bytes()).await?;
            to_client.write_all(&begins).await?;
            io::copy(&mut from_server, &mut to_client).await?;
            to_client.shutdown().await
        };
        // Whether the client still listens changes nothing.
        tokio::select! {
            _ = downwards => {}
            () = upwards => {}
        }
        Ok(answer)
    }

    /// The fields of the client as they go on: but for those of the connection, as for a WebSocket.
    fn fields(&self, heard: &ReadRequest, target: &Target, (is_tls, is_private): (bool, bool)) -> Vec<Header> {
        let asked = heard.opening();
        let mut options = self.request(asked);
        options.subprotocols.clear();
        // The browser holds the answer against the origin of its page, so that is what the server has to see; but a page that
        // came through this relay is one of the server's own.
        let is_own = |origin: &Header| is_own_page(origin.value.trim(), heard.authority(), is_tls);
        if let Some(origin) = asked.fields.iter().find(|field| field.is("Origin"))
            && !is_own(origin)
            && options.origin.is_none()
        {
            options.headers.retain(|field| !field.is("Origin"));
            options.headers.push(origin.clone());
        }
        let proof = match &options.credentials {
            Some(Credentials::Password { user, password })
                if options.schemes.at_once(is_private) == Some(PasswordScheme::Basic) =>
            {
                Some(basic(user, password))
            }
            _ => None,
        };
        let mut fields = Request::proving(target, &options, proof).into_fields();
        let is_of_websocket = |field: &Header| field.name.to_ascii_lowercase().starts_with("sec-websocket-");
        fields.retain(|field| !field.is("Upgrade") && !field.is("Connection") && !is_of_websocket(field));
        fields.extend(asked.fields.iter().find(|field| field.is("Content-Length")).cloned());
        fields.push(Header::new("Connection", "close"));
        fields
    }
}

/// Sends a request with its body.
async fn send(
    head: &str,
    passed: &PassedRequest,
    client: &mut (impl AsyncRead + Unpin),
    server: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let PassedRequest { body_length, begins, .. } = passed;
    let at_hand = begins.len().min(usize::try_from(*body_length).unwrap_or(usize::MAX));
    let left = body_length - at_hand as u64;
    server.write_all(head.as_bytes()).await?;
    server.write_all(&begins[..at_hand]).await?;
    if io::copy(&mut client.take(left), server).await? < left {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    server.flush().await
}

fn unanswered(why: &str) -> Declined {
    let why = Some(format!("the server behind this relay did not answer: {why}"));
    Declined::Denied(Denial { why, ..Denial::new(502, "the server behind this relay did not answer\n") })
}

/// The answer as it goes on, but for its body.
fn answer_of(response: &Response) -> Denial {
    let framing = ["Content-Length", "Transfer-Encoding", "Trailer"];
    let mut headers: Vec<_> = passed_on(&response.fields).filter(|field| !field.is("Connection")).collect();
    let marks = |field: &&Header| framing.iter().any(|name| field.is(name));
    headers.extend(response.fields.iter().filter(marks).cloned());
    // Our own are left out where the server has none.
    for name in ["Content-Type", "Content-Length"] {
        if !headers.iter().any(|field| field.is(name)) {
            headers.push(Header::new(name, ""));
        }
    }
    let reason = Some(response.reason.as_str().into());
    Denial { status: response.status, reason, headers, body: Vec::new(), why: None }
}

/// The path of the client goes behind that of the URL if that ends with `/`; any other URL is that of a WebSocket alone.
fn plain_target(server: &Target, asked: &str) -> Target {
    let root = match server.resource.ends_with('/') {
        true => server.clone(),
        false => Target { resource: "/".to_owned(), ..server.clone() },
    };
    target(&root, asked)
}
