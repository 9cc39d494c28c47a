//! What a certificate says of its holder, for people to read.

use std::net::IpAddr;
use std::time::SystemTime;

use der::Decode as _;
use rustls::pki_types::CertificateDer;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::name;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// The names and addresses that it is for.
    pub(crate) names: Vec<String>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

impl Certificate {
    pub(super) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?;
        let certificate = certificate.tbs_certificate();
        let names = certificate.get_extension::<SubjectAltName>().ok().flatten();
        let names = names.into_iter().flat_map(|(_, names)| names.0);
        Some(Self {
            subject: name::shown(certificate.subject()),
            issuer: name::shown(certificate.issuer()),
            names: names.filter_map(|name| shown(&name)).collect(),
            not_before: certificate.validity().not_before.to_system_time(),
            not_after: certificate.validity().not_after.to_system_time(),
        })
    }
}

/// 1 to 3, as people count them.
pub(super) fn version(certificate: &CertificateDer<'_>) -> Option<u8> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate().version() as u8 + 1)
}

/// The names of the critical extensions that hardly anybody knows; one without a name is left out.
pub(super) fn critical_extensions(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = x509_cert::Certificate::from_der(certificate) else { return Vec::new() };
    let extensions = certificate.tbs_certificate().extensions().into_iter().flatten();
    let critical = extensions.filter(|extension| extension.critical);
    critical.filter_map(|extension| extension_name(&extension.extn_id.to_string())).map(str::to_owned).collect()
}

fn extension_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.29.9" => "subject directory attributes",
        "2.5.29.16" => "private key usage period",
        "2.5.29.18" => "issuer alternative name",
        "2.5.29.32" => "certificate policies",
        "2.5.29.33" => "policy mappings",
        "2.5.29.36" => "policy constraints",
        "2.5.29.46" => "freshest CRL",
        "2.5.29.54" => "inhibit any policy",
        "1.3.6.1.5.5.7.1.3" => "qualified certificate statements",
        "1.3.6.1.5.5.7.1.14" => "proxy certificate",
        "1.3.6.1.5.5.7.1.24" => "TLS feature",
        "1.3.6.1.4.1.11129.2.4.3" => "precertificate poison",
        "2.16.840.1.113730.1.1" => "Netscape certificate type",
        _ => return None,
    })
}

fn shown(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => match *bytes.as_bytes() {
            [a, b, c, d] => Some(IpAddr::from([a, b, c, d]).to_string()),
            ref bytes => <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        // Other kinds are no names of a server.
        _ => None,
    }
}
