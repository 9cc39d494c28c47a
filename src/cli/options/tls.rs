//! The options under TLS.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rustls::pki_types::ServerName;
use smart_default::SmartDefault;

use crate::cli::values;
use crate::dial::tls::Pin;

#[derive(Args, Clone, Debug, SmartDefault)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// Do not check the server's certificate
    ///
    /// Nothing is checked, not even against `--cacert`, which may be given as well, as in wscat and curl. The
    /// certificate may be of any version, with a key of any size. With `--pin`, the server still has to prove that it
    /// holds the key.
    #[arg(short = 'k', long, visible_short_alias = 'n', alias = "no-check")]
    pub(crate) insecure: bool,

    /// Trust these certificate authorities (PEM) instead of the system's
    #[arg(long, alias = "ca", value_name = "FILE", hide_short_help = true)]
    pub(crate) cacert: Option<PathBuf>,

    /// Authenticate with this client certificate
    ///
    /// PEM, followed by the rest of the chain, and by the key if there is no `--key`; or PKCS #12, whatever the name of
    /// the file.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) cert: Option<PathBuf>,

    /// The private key of `--cert` (PEM)
    ///
    /// PKCS #8, also encrypted, PKCS #1 or SEC 1.
    #[arg(long, value_name = "FILE", requires = "cert", hide_short_help = true)]
    pub(crate) key: Option<PathBuf>,

    /// The passphrase of the key or the PKCS #12 file
    ///
    /// `@FILE` reads it from a file, `env:VAR` from the environment. Without this option, wsprobe asks for it at the
    /// terminal when it is needed.
    #[arg(long, alias = "pass", value_name = "TEXT", requires = "cert", hide_short_help = true)]
    pub(crate) passphrase: Option<String>,

    /// Request this server name, and check the certificate for it
    ///
    /// Instead of the host in the URL. For a server that is reached by an address or through a tunnel.
    #[arg(long, value_name = "NAME", value_parser = values::server_name, hide_short_help = true)]
    pub(crate) sni: Option<ServerName<'static>>,

    /// Use this version of TLS or a newer one
    #[arg(long, value_name = "VERSION", default_value = "1.2", hide_short_help = true)]
    #[default(TlsVersion::V12)]
    pub(crate) tls_min: TlsVersion,

    /// Use this version of TLS or an older one
    #[arg(long, value_name = "VERSION", default_value = "1.3", hide_short_help = true)]
    #[default(TlsVersion::V13)]
    pub(crate) tls_max: TlsVersion,

    /// Require this public key of the server
    ///
    /// The SHA-256 of its SubjectPublicKeyInfo in base64, optionally with `sha256//` before it, as for curl's
    /// `--pinnedpubkey`. Repeat it, or separate values with `;`, to accept any of several keys. It is checked with `-k`
    /// too.
    #[arg(long, alias = "pinnedpubkey", value_name = "SHA256", value_delimiter = ';', value_parser = values::pin, hide_short_help = true)]
    pub(crate) pin: Vec<Pin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum TlsVersion {
    #[value(name = "1.2")]
    V12,
    #[value(name = "1.3")]
    V13,
}
