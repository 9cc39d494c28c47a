//! What wsprobe is compared with as a server: tokio-tungstenite with nothing around, as most of its users write it.
//!
//! `plain echo|broadcast PORT`: one thread, `feed` while messages are ready, a flush when none is.
#![allow(clippy::disallowed_methods, reason = "it is a program of its own")]

use std::cell::RefCell;
use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::rc::Rc;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_async};

type Socket = WebSocketStream<TcpStream>;

/// What goes to each client, by the number of the client.
type Clients = Rc<RefCell<Vec<(u64, UnboundedSender<Message>)>>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let served = match (args.first().map(String::as_str), args.get(1).and_then(|port| port.parse().ok())) {
        (Some("echo"), Some(port)) => serve(port, |_, socket| echo(socket)),
        (Some("broadcast"), Some(port)) => {
            let clients = Clients::default();
            serve(port, move |number, socket| broadcast(number, socket, Rc::clone(&clients)))
        }
        _ => Err(io::Error::other("plain echo|broadcast PORT")),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plain: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve<W>(port: u16, work: impl Fn(u64, Socket) -> W + 'static) -> io::Result<()>
where
    W: Future<Output = Result<(), Error>> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let work = Rc::new(work);
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        for number in 0.. {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let work = Rc::clone(&work);
            tokio::task::spawn_local(async move { work(number, accept_async(stream).await?).await });
        }
        Ok(())
    })
}

async fn echo(mut socket: Socket) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        send_back(&mut socket, message?).await?;
        while let Some(Some(message)) = socket.next().now_or_never() {
            send_back(&mut socket, message?).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}

async fn send_back(socket: &mut Socket, message: Message) -> Result<(), Error> {
    // tungstenite answers all else by itself.
    if message.is_text() || message.is_binary() { socket.feed(message).await } else { Ok(()) }
}

async fn broadcast(number: u64, mut socket: Socket, clients: Clients) -> Result<(), Error> {
    let (to_this, mut waiting) = unbounded_channel();
    clients.borrow_mut().push((number, to_this));
    let ended = exchange(number, &mut socket, &clients, &mut waiting).await;
    clients.borrow_mut().retain(|(other, _)| *other != number);
    ended
}

async fn exchange(
    number: u64,
    socket: &mut Socket,
    clients: &Clients,
    waiting: &mut UnboundedReceiver<Message>,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            came = socket.next() => match came {
                Some(message) => say_to_others(number, clients, &message?),
                None => return Ok(()),
            },
            Some(message) = waiting.recv() => {
                socket.feed(message).await?;
                while let Ok(message) = waiting.try_recv() {
                    socket.feed(message).await?;
                }
                socket.flush().await?;
            }
        }
    }
}

fn say_to_others(number: u64, clients: &Clients, message: &Message) {
    if message.is_text() || message.is_binary() {
        for (_, client) in clients.borrow().iter().filter(|(other, _)| *other != number) {
            // Whoever has just left.
            let _ = client.send(message.clone());
        }
    }
}
