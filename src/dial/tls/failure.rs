//! Why TLS failed, and what to try.

use std::io;

use rustls::{AlertDescription, CertificateError};

use super::verify::Objection;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Objection(Objection),
    #[error(transparent)]
    Tls(rustls::Error),
    #[error(transparent)]
    Io(io::Error),
}

impl Failure {
    /// What to try.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        use AlertDescription as Alert;
        match self {
            Self::Objection(Objection::SelfSigned { .. } | Objection::UnknownIssuer { .. }) => Some(AUTHORITY),
            Self::Objection(Objection::Pin { .. }) => Some("if the server has a new key, give it to --pin"),
            Self::Tls(rustls::Error::InvalidCertificate(error)) => Some(match error {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "use a name that the certificate is for, in the URL or as --sni, or -k to go without the check"
                }
                // No authority makes these good.
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "it has to be renewed, or this machine's clock is wrong; -k goes without the check"
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "is this machine's clock right? -k goes without the check"
                }
                _ => AUTHORITY,
            }),
            Self::Tls(rustls::Error::InvalidMessage(_)) => Some("does the server speak TLS here? if not, use ws://"),
            Self::Tls(rustls::Error::AlertReceived(alert)) => match alert {
                Alert::CertificateRequired => Some("the server wants a certificate of ours: --cert FILE"),
                Alert::HandshakeFailure => Some("the server may want a certificate of ours: --cert FILE"),
                Alert::UnrecognisedName => Some("the server has another name: --sni NAME"),
                Alert::ProtocolVersion => Some(VERSION),
                Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied => Some("the server does not accept our certificate (--cert)"),
                _ => None,
            },
            Self::Tls(rustls::Error::PeerIncompatible(_)) => Some(VERSION),
            Self::Tls(_) | Self::Io(_) => None,
        }
    }

    /// Whether it can go away by itself: a connection that broke can, a judgement cannot.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Io(_))
    }

    /// TLS 1.3 lets a client go on before the server has looked at its certificate, so that the server's no comes
    /// when the request is already under way.
    pub(crate) fn late(error: &io::Error) -> Option<Self> {
        let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        matches!(tls, rustls::Error::AlertReceived(_)).then(|| Self::Tls(tls.clone()))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
                match other.0.downcast_ref::<Objection>() {
                    Some(objection) => Self::Objection(objection.clone()),
                    None => Self::Tls(rustls::Error::InvalidCertificate(CertificateError::Other(other.clone()))),
                }
            }
            Some(tls) => Self::Tls(tls.clone()),
            None => Self::Io(error),
        }
    }
}

const AUTHORITY: &str = "name its authority with --cacert FILE, or use -k to go without the check";
const VERSION: &str = "the server may speak another version of TLS: --tls-min, --tls-max";
