//! A connection that came in: a client of its own over HTTP/1.1, or many on the streams of HTTP/2.

use std::future::pending;
use std::rc::Rc;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::acceptor::BegunConnection;
use super::address::IncomingConnection;
use super::client;
use super::options::Options;
use super::state::ServerState;
use crate::handshake::server::ClientRequestHead;
use crate::http2::server::{Http2Exchange, Http2Server};
use crate::transport::{Duplex, Peer};

/// Serves whoever is on a connection to its end.
pub(crate) async fn welcome(server: Rc<ServerState>, options: Rc<Options>, incoming: IncomingConnection) {
    let IncomingConnection { stream, peer } = incoming;
    let mut request = ClientRequestHead::default();
    // Boxed, so that what the handshake needs is not kept for as long as the client stays.
    let admitted = Box::pin(async {
        let begun = server.acceptor.begin(stream).await?;
        if begun.is_http2 {
            return Ok(Err(begun));
        }
        server.acceptor.admit(begun, || server.clients.place(), &mut request).await.map(|it| Ok(Box::new(it)))
    });
    let admitted = match admitted.await {
        Ok(Err(begun)) => return Box::pin(streams(server, options, begun, peer)).await,
        Ok(Ok(accepted)) => Ok(accepted),
        Err(declined) => Err(declined),
    };
    client::attend(&server, &options, (admitted, request, peer)).await;
}

/// Serves the streams of a connection, until the client leaves it or opens none for a while.
async fn streams(server: Rc<ServerState>, options: Rc<Options>, begun: BegunConnection, peer: Peer) {
    let wait = server.acceptor.handshake_timeout;
    let tls = begun.tls.clone();
    let connection = match timeout(wait, Http2Server::begin(begun.into_stream())).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(fault)) => return server.talk.warn(&format!("{peer}: {fault}")),
        Err(_) => return server.talk.warn(&format!("{peer}: the client did not begin HTTP/2 within {wait:?}")),
    };
    let mut tasks = JoinSet::new();
    let mut is_left = false;
    loop {
        let idle = async { if tasks.is_empty() { sleep(wait).await } else { pending().await } };
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok(exchange)) => {
                    let (server, options) = (Rc::clone(&server), Rc::clone(&options));
                    tasks.spawn_local(stream(server, options, exchange, (tls.clone(), peer.clone())));
                }
                Some(Err(fault)) => {
                    if !fault.is_end() {
                        server.talk.warn(&format!("{peer}: {fault}"));
                    }
                    break;
                }
                None => break,
            },
            () = idle => {
                if is_left {
                    break;
                }
                is_left = true;
                connection.leave();
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    // Each finds the end by itself.
    while tasks.join_next().await.is_some() {}
}

async fn stream<S: Duplex + 'static>(
    server: Rc<ServerState>,
    options: Rc<Options>,
    exchange: Http2Exchange<S>,
    (tls, peer): (Option<String>, Peer),
) {
    let mut request = ClientRequestHead::default();
    let place = || server.clients.place();
    let admitted = Box::pin(server.acceptor.admit_stream(exchange, tls, place, &mut request)).await.map(Box::new);
    client::attend(&server, &options, (admitted, request, peer)).await;
}
