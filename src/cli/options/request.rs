//! The options under Request: what the opening handshake says.

use std::path::PathBuf;

use clap::Args;
use smart_default::SmartDefault;

use crate::cli::{secret, values};

#[derive(Args, Clone, Debug, SmartDefault)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// Add a header, `'Name: value'`; repeat it for more
    ///
    /// It replaces a header that wsprobe would send itself; an empty value (`'User-Agent:'`) removes that header.
    /// `@FILE` reads headers from a file, one per line.
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,

    /// Offer a subprotocol; repeat it for more
    ///
    /// In order of preference. The server chooses one of them or none; wsprobe prints its choice. `@FILE` reads a
    /// subprotocol from a file, `env:VAR` from the environment, for those that carry a token.
    #[arg(short, long = "subprotocol", value_name = "NAME", value_parser = secret::subprotocol)]
    pub(crate) subprotocols: Vec<String>,

    /// Send this Origin
    #[arg(short, long, value_name = "ORIGIN", value_parser = values::field_value, hide_short_help = true)]
    pub(crate) origin: Option<String>,

    /// Send this Host instead of the URL's
    #[arg(long, value_name = "HOST", value_parser = values::field_value, hide_short_help = true)]
    pub(crate) host: Option<String>,

    /// Send this User-Agent
    #[arg(short = 'A', long, value_name = "NAME", value_parser = values::field_value, hide_short_help = true)]
    pub(crate) user_agent: Option<String>,

    /// Send a cookie; repeat it for more
    ///
    /// `@FILE` reads a cookie jar (in Netscape's format, as curl and browsers write it) and sends the cookies that
    /// match the host, the path and, over ws://, a connection without TLS. FILE may also contain a single `NAME=VALUE`.
    /// `env:VAR` and `ask:` work as for `--bearer`.
    #[arg(long, value_name = "NAME=VALUE", hide_short_help = true)]
    pub(crate) cookie: Vec<String>,

    /// Authenticate; asks for a missing password
    ///
    /// With the strongest scheme that the server asks for: Digest (RFC 7616), NTLM or Basic (RFC 7617). Over wss://, and to
    /// this machine, Basic is sent at once, as curl does; over ws:// to another machine, the password waits until the server
    /// asks. wsprobe never answers with Basic where Digest is offered too. For NTLM, NAME may be `DOMAIN\USER`. `@FILE`
    /// reads NAME:PASS from a file and `env:VAR` from the environment, so that it does not appear in the list of processes.
    #[arg(short, long, alias = "auth", value_name = "NAME[:PASS]", conflicts_with = "bearer")]
    pub(crate) user: Option<String>,

    /// Send user name and password with Basic, at once
    ///
    /// `--basic`, `--digest` and `--ntlm` can be given together: the strongest that the server asks for is used.
    #[arg(long, conflicts_with_all = ["bearer", "anyauth"], hide_short_help = true)]
    pub(crate) basic: bool,

    /// Send user name and password with Digest only
    ///
    /// RFC 7616 with MD5, SHA-256 and SHA-512-256, each also with `-sess`, and `qop=auth`; without `qop`, RFC 2069.
    #[arg(long, conflicts_with_all = ["bearer", "anyauth"], hide_short_help = true)]
    pub(crate) digest: bool,

    /// Send user name and password with NTLM only, at once
    ///
    /// NTLMv2. It needs HTTP/1.1, and a server that keeps the connection open.
    #[arg(long, conflicts_with_all = ["bearer", "anyauth"], hide_short_help = true)]
    pub(crate) ntlm: bool,

    /// Send user name and password only when the server asks, with the strongest scheme that it offers
    #[arg(long, conflicts_with = "bearer", hide_short_help = true)]
    pub(crate) anyauth: bool,

    /// Authenticate with a bearer token
    ///
    /// `@FILE` reads it from a file, `env:VAR` from the environment, `ask:` asks for it at the terminal.
    #[arg(long, value_name = "TOKEN", hide_short_help = true)]
    pub(crate) bearer: Option<String>,

    /// Sign the request with AWS Signature Version 4, in headers, as curl does
    ///
    /// `aws:amz` is enough for a host of AWS that names its service and its region: API Gateway, IoT, AppSync. For any other,
    /// write `aws:amz:REGION:SERVICE`; a missing region is taken from `AWS_REGION` or `AWS_DEFAULT_REGION`. The keys are those
    /// of `--user`, or `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. Host, `X-Amz-Date`,
    /// `X-Amz-Security-Token` and the headers of `-H` are signed. It needs HTTP/1.1.
    #[arg(long, value_name = "PROVIDER1[:PROVIDER2[:REGION[:SERVICE]]]", conflicts_with_all = ["bearer", "basic", "digest", "ntlm", "anyauth"], hide_short_help = true)]
    pub(crate) aws_sigv4: Option<String>,

    /// Sign the request in the same way, in the query of the URL
    ///
    /// As API Gateway, IoT and AppSync take it from browsers. The signature is valid for 5 minutes. For IoT, the session token
    /// follows the signature; for AppSync, the query has `header` and `payload`.
    #[arg(long, value_name = "PROVIDER1[:PROVIDER2[:REGION[:SERVICE]]]", conflicts_with_all = ["bearer", "basic", "digest", "ntlm", "anyauth", "aws_sigv4"], hide_short_help = true)]
    pub(crate) aws_sigv4_query: Option<String>,

    /// Take user and password from `~/.netrc`
    ///
    /// Those of the URL's host, or else of `default`. `--user`, `--bearer` and a user in the URL take precedence; a
    /// user without a password in the URL gets the password of that user in the file.
    #[arg(long, hide_short_help = true, conflicts_with = "netrc_file")]
    pub(crate) netrc: bool,

    /// Take user and password from this file, in netrc's format
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) netrc_file: Option<PathBuf>,

    /// Follow redirects
    ///
    /// With status 301, 302, 303, 307 and 308. Credentials, cookies, secret headers and subprotocols that carry a token
    /// are not sent to another origin, `--cert` and `--sni` are not used for another host. Redirects from wss:// to
    /// ws:// are not followed.
    #[arg(short = 'L', long, hide_short_help = true)]
    pub(crate) location: bool,

    /// Follow redirects from wss:// to ws:// too
    #[arg(long, requires = "location", hide_short_help = true)]
    pub(crate) insecure_redirect: bool,

    /// Follow at most this many redirects
    #[arg(long, value_name = "N", default_value = "10", value_parser = values::redirects, hide_short_help = true)]
    #[default(10)]
    pub(crate) max_redirects: usize,
}
