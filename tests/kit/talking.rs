//! A server that answers request after request on a connection, as the test says, and reports them.

use std::io::Write as _;
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, mpsc};

use super::{PATIENCE, read_head};

/// A running server. It ends with the process.
pub struct Talking {
    pub port: u16,
    heads: mpsc::Receiver<(usize, String)>,
}

/// What follows an answer.
pub enum Then {
    Stay,
    Close,
}

/// A refusal that leaves the connection open.
pub fn unauthorized(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 401 Unauthorized\r\n{fields}Content-Length: 3\r\n\r\nno\n").into_bytes()
}

impl Talking {
    /// `answer` gets the number of the connection, the first being 1, and the request.
    pub fn start(answer: impl Fn(usize, &str) -> (Vec<u8>, Then) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, heads) = mpsc::channel();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for (number, mut stream) in (1..).zip(listener.incoming().flatten()) {
                let (sender, answer) = (sender.clone(), Arc::clone(&answer));
                std::thread::spawn(move || {
                    loop {
                        let head = read_head(&mut stream);
                        if head.is_empty() {
                            return;
                        }
                        let (said, then) = answer(number, &head);
                        let _ = sender.send((number, head));
                        let _ = stream.write_all(&said);
                        if said.starts_with(b"HTTP/1.1 101 ") {
                            // Until the client leaves: closing with something unread would take back what was sent.
                            let _ = stream.shutdown(Shutdown::Write);
                            let _ = std::io::copy(&mut stream, &mut std::io::sink());
                            return;
                        }
                        if let Then::Close = then {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, heads }
    }

    /// The same that leaves its connections open.
    pub fn staying(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start(move |_, head| (answer(head), Then::Stay))
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/x", self.port)
    }

    /// The same by an address that does not say that it is of this machine.
    pub fn far_url(&self) -> String {
        format!("ws://0.0.0.0:{}/x", self.port)
    }

    /// The next request, with the number of its connection.
    #[track_caller]
    pub fn next(&self) -> (usize, String) {
        self.heads.recv_timeout(PATIENCE).expect("a client comes")
    }

    /// All that there were, once the client has ended.
    pub fn all(&self) -> Vec<(usize, String)> {
        self.heads.try_iter().collect()
    }
}
