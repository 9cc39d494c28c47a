//! A tunnel by SOCKS 5 (RFC 1928), with user and password if need be (RFC 1929).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use url::Host;

use super::login::ProxyLogin;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SocksError {
    #[error("the connection to it broke")]
    Io(#[from] io::Error),
    #[error("it does not speak SOCKS 5")]
    NotSocks,
    #[error("it accepts none of the login methods that were offered")]
    NoMethod { had_login: bool },
    #[error("it refused the user or the password")]
    Login,
    #[error("the host's name is longer than 255 bytes, the limit of SOCKS")]
    LongName,
    #[error("it answered {reply} ({})", meaning(*.reply))]
    Refused { reply: u8 },
}

/// User, password and name have a byte for their length.
pub(super) const LONGEST: usize = 255;

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const LOGIN_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

pub(super) async fn tunnel<S>(
    stream: &mut S,
    host: &Host,
    port: u16,
    login: Option<&ProxyLogin>,
) -> Result<(), SocksError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = request(host, port)?;
    let methods: &[u8] = if login.is_some() { &[NO_LOGIN, USER_AND_PASSWORD] } else { &[NO_LOGIN] };
    say(stream, &[&[VERSION, length(methods)], methods]).await?;
    match (hear(stream).await?, login) {
        ([VERSION, NO_LOGIN], _) => {}
        ([VERSION, USER_AND_PASSWORD], Some(ProxyLogin { user, password })) => {
            let (user, password) = (user.as_bytes(), password.as_bytes());
            say(stream, &[&[LOGIN_VERSION, length(user)], user, &[length(password)], password]).await?;
            let [_, status] = hear(stream).await?;
            if status != 0 {
                return Err(SocksError::Login);
            }
        }
        ([VERSION, _], _) => return Err(SocksError::NoMethod { had_login: login.is_some() }),
        _ => return Err(SocksError::NotSocks),
    }
    say(stream, &[&request]).await?;
    let [version, reply, _, kind] = hear(stream).await?;
    if version != VERSION {
        return Err(SocksError::NotSocks);
    }
    if reply != 0 {
        return Err(SocksError::Refused { reply });
    }
    // The address that the proxy connects from is not needed, but must be read.
    let address = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(hear::<1, _>(stream).await?[0]),
        _ => return Err(SocksError::NotSocks),
    };
    stream.read_exact(&mut vec![0; address + 2]).await?;
    Ok(())
}

fn request(host: &Host, port: u16) -> Result<Vec<u8>, SocksError> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host {
        Host::Ipv4(address) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Host::Ipv6(address) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Host::Domain(name) => {
            let length = u8::try_from(name.len()).map_err(|_| SocksError::LongName)?;
            request.extend([NAME, length]);
            request.extend(name.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

fn length(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).expect("it was checked when it was read")
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, parts: &[&[u8]]) -> Result<(), SocksError> {
    stream.write_all(&parts.concat()).await?;
    Ok(stream.flush().await?)
}

async fn hear<const N: usize, S: AsyncRead + Unpin>(stream: &mut S) -> Result<[u8; N], SocksError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// RFC 1928, section 6
fn meaning(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reply",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn against(answers: &[u8], login: Option<&ProxyLogin>) -> (Result<(), SocksError>, Vec<u8>) {
        let (mut ours, mut theirs) = tokio::io::duplex(4096);
        theirs.write_all(answers).await.unwrap();
        theirs.shutdown().await.unwrap();
        let result = tunnel(&mut ours, &Host::Domain("a.example".to_owned()), 80, login).await;
        drop(ours);
        let mut said = Vec::new();
        theirs.read_to_end(&mut said).await.unwrap();
        (result, said)
    }

    #[tokio::test]
    async fn a_tunnel_to_a_name_needs_no_address() {
        let (result, said) = against(&[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0], None).await;
        result.unwrap();
        assert_eq!(said, [&[5, 1, 0, 5, 1, 0, 3, 9][..], b"a.example", &[0, 80]].concat());
    }

    #[tokio::test]
    async fn user_and_password_are_told_when_asked_for() {
        let login = ProxyLogin { user: "me".into(), password: "pw".into() };
        let (result, said) = against(&[5, 2, 1, 0, 5, 0, 0, 3, 1, b'x', 0, 0], Some(&login)).await;
        result.unwrap();
        assert!(said.starts_with(b"\x05\x02\x00\x02\x01\x02me\x02pw\x05\x01\x00\x03"));
    }

    #[tokio::test]
    async fn each_refusal_is_named() {
        let login = ProxyLogin { user: "me".into(), password: "pw".into() };
        for (answers, login, error) in [
            (&[5, 0xff][..], None, "it accepts none of the login methods that were offered"),
            (&[5, 2], None, "it accepts none of the login methods that were offered"),
            (&[5, 2, 1, 1], Some(&login), "it refused the user or the password"),
            (&[5, 0, 5, 5, 0, 1], None, "it answered 5 (connection refused)"),
            (b"HTTP/1.1 400", None, "it does not speak SOCKS 5"),
            (&[5, 0, 5, 0, 0, 9], None, "it does not speak SOCKS 5"),
            (&[5], None, "the connection to it broke"),
        ] {
            assert_eq!(against(answers, login).await.0.unwrap_err().to_string(), error);
        }
    }
}
