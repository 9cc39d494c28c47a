//! Racing the addresses of a host (RFC 8305, section 5).

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

/// How long an attempt has before the next one starts beside it (RFC 8305, section 8).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first address that answers.
///
/// The next attempt starts when the last one has had its head start, or at once when it has failed.
///
/// # Errors
/// Every address that was tried, with its error.
pub(super) async fn race<T, F>(
    addresses: &[SocketAddr],
    connect: impl Fn(SocketAddr) -> F,
) -> Result<(SocketAddr, T), Vec<(SocketAddr, io::Error)>>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = addresses.iter().copied();
    let mut running = FuturesUnordered::new();
    let mut failed = Vec::new();
    let mut next_start = Instant::now();
    loop {
        if Instant::now() >= next_start
            && let Some(address) = waiting.next()
        {
            let attempt = connect(address);
            running.push(async move { (address, attempt.await) });
            next_start = Instant::now() + HEAD_START;
        }
        if running.is_empty() {
            return Err(failed);
        }
        tokio::select! {
            biased;
            Some((address, result)) = running.next() => match result {
                Ok(connection) => return Ok((address, connection)),
                Err(error) => {
                    failed.push((address, error));
                    next_start = Instant::now();
                }
            },
            () = sleep_until(next_start), if waiting.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::sleep;

    fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
        ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect()
    }

    /// Port 1 never answers, 2 refuses at once, 3 accepts at once, 4 accepts after 300 ms.
    async fn connect(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            1 => pending().await,
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            4 => {
                sleep(Duration::from_millis(300)).await;
                Ok(4)
            }
            port => Ok(port),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_first_address_costs_250_ms() {
        let started = Instant::now();
        assert_eq!(race(&addresses(&[1, 3]), connect).await.unwrap().1, 3);
        assert_eq!(started.elapsed(), Duration::from_millis(250));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_costs_nothing() {
        let started = Instant::now();
        assert_eq!(race(&addresses(&[2, 2, 3]), connect).await.unwrap().1, 3);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_address_may_still_win() {
        let started = Instant::now();
        assert_eq!(race(&addresses(&[4, 1, 1]), connect).await.unwrap().1, 4);
        assert_eq!(started.elapsed(), Duration::from_millis(300));
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_refuse_each_is_named() {
        let tried = race(&addresses(&[2, 2]), connect).await.unwrap_err();
        assert_eq!(tried.len(), 2);
    }
}
