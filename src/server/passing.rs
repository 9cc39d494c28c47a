//! HTTP requests that want no WebSocket, passed on by a relay: the negotiation of SignalR, the polling of Socket.IO, pages.

use bytes::Bytes;
use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _};

use super::upstream::{Upstream, denial, passed_on, target};
use crate::dial::tls::Alpn;
use crate::dial::{self, Stream};
use crate::error::Error;
use crate::handshake::auth::basic;
use crate::handshake::head::Response;
use crate::handshake::origin::is_own_page;
use crate::handshake::passing::{PassedRequest, answer_to_passed};
use crate::handshake::server::{Declined, Denial, ReadRequest};
use crate::request::schemes::PasswordScheme;
use crate::request::{Credentials, Header, Request};
use crate::target::Target;
use crate::transport::Duplex;

/// The server's answer to a request, of which the rest is still to come.
pub(super) struct PassedAnswer {
    response: Response,
    begins: Bytes,
    from: Stream,
}

impl Upstream {
    /// Passes a request on, and what the server answers back; tells how that ended. The client leaves when it has read the
    /// answer, or before.
    pub(super) async fn pass(
        &self,
        client: &mut Box<dyn Duplex>,
        heard: &ReadRequest,
        is_tls: bool,
    ) -> Option<Declined> {
        let answer = match heard.passed()? {
            Ok(passed) => {
                let request = passed.named(&heard.opening().resource);
                self.ask(client, heard, passed, is_tls).await.map(|answer| (request, answer))
            }
            Err(denial) => Err(Declined::Denied(denial)),
        };
        let (request, answer) = match answer {
            Ok(answer) => answer,
            Err(declined) => return Some(declined),
        };
        let answer = answer.back_to(client).await;
        Some(Declined::Passed { request, answer })
    }

    async fn ask(
        &self,
        client: &mut Box<dyn Duplex>,
        heard: &ReadRequest,
        passed: PassedRequest,
        is_tls: bool,
    ) -> Result<PassedAnswer, Declined> {
        let asked = heard.opening();
        self.check_loop(asked).map_err(Declined::Denied)?;
        let connect = &self.options.client.connect;
        let target = plain_target(&connect.target, &asked.resource);
        let mut route = connect.route.clone();
        route.tls.alpn = Alpn::Http1;
        let dialed = dial::dial(&target, &route, &|_| {}).await;
        let dialed = dialed.map_err(|error| Declined::Denied(denial(&Error::from(error))))?;
        let fields = self.fields(heard, &target, (is_tls, dialed.is_private()));
        let mut server = dialed.stream;
        let PassedRequest { method, version, body_length, begins } = passed;
        let mut head = format!("{method} {} {version}\r\n", target.resource);
        fields.iter().for_each(|field| head += &format!("{}: {}\r\n", field.name, field.value));
        head += "\r\n";
        let at_hand = begins.len().min(usize::try_from(body_length).unwrap_or(usize::MAX));
        let sending = async {
            server.write_all(head.as_bytes()).await?;
            server.write_all(&begins[..at_hand]).await?;
            let mut rest = (&mut *client).take(body_length - at_hand as u64);
            if io::copy(&mut rest, &mut server).await? < body_length - at_hand as u64 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            server.flush().await
        };
        // A server may answer and close before it has read all.
        let sent = sending.await;
        let answered = tokio::select! {
            answered = answer_to_passed(&mut server) => answered,
            () = left(client) => return Err(Declined::Closed),
        };
        let why = match (answered, sent) {
            (Ok((response, begins)), _) if response.status != 101 => {
                return Ok(PassedAnswer { response, begins, from: server });
            }
            (Ok(_), _) => "it switched to another protocol".to_owned(),
            (Err(_), Err(error)) => error.to_string(),
            (Err(error), Ok(())) => error.to_string(),
        };
        let why = Some(format!("the server behind this relay did not answer: {why}"));
        Err(Declined::Denied(Denial { why, ..Denial::new(502, "the server behind this relay did not answer\n") }))
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

impl PassedAnswer {
    /// Passes it on as it comes, until its end or until the client leaves; what it was is returned.
    async fn back_to(self, client: &mut Box<dyn Duplex>) -> Denial {
        let Self { response, begins, mut from } = self;
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
        let answer = Denial { status: response.status, reason, headers, body: Vec::new(), why: None };
        let (mut read, mut write) = io::split(client);
        let passing = async {
            write.write_all(answer.head().as_bytes()).await?;
            write.write_all(&begins).await?;
            io::copy(&mut from, &mut write).await?;
            write.shutdown().await
        };
        // Whether the client still listens changes nothing.
        tokio::select! {
            _ = passing => {}
            () = left(&mut read) => {}
        }
        answer
    }
}

/// Ends when the client has gone; what it still says is not for this connection.
async fn left(client: &mut (impl io::AsyncRead + Unpin)) {
    let _ = io::copy(client, &mut io::sink()).await;
}

/// The path of the client goes behind that of the URL if that ends with `/`; any other URL is that of a WebSocket alone.
fn plain_target(server: &Target, asked: &str) -> Target {
    let root = match server.resource.ends_with('/') {
        true => server.clone(),
        false => Target { resource: "/".to_owned(), ..server.clone() },
    };
    target(&root, asked)
}
