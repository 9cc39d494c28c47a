//! The opening request of a case: what of it is not as usual.

use crate::client::connect;
use crate::conformance::case::{Layer, OpeningCheck};
use crate::conformance::placeholders::filled_in;
use crate::dial::tls::{Version, Versions};
use crate::request::{Compression, Header, Request, RequestOptions};
use crate::target::{Endpoint, Scheme, Target};

/// How large the pieces are in which a request is sent.
const PIECE: usize = 7;

/// How to connect for a case.
pub(super) fn options(usual: &connect::Options, check: &OpeningCheck, offer: Option<&str>) -> connect::Options {
    let mut options = usual.clone();
    let request = &mut options.request;
    if check.anonymous {
        *request = anonymous(request);
    }
    request.compression = Compression::Off;
    let own = check.fields.iter().map(|(name, value)| Header::new(name, filled_in(value, &usual.target)));
    let offer = offer.map(|offer| Header::new("Sec-WebSocket-Extensions", offer));
    let own: Vec<_> = own.chain(offer).collect();
    request.headers.retain(|given| !own.iter().any(|header| header.is(&given.name)));
    request.headers.extend(own);
    match check.layer {
        Layer::AsUsual => {}
        Layer::Plain => options.target = plain(&usual.target),
        Layer::Tls12 => options.route.tls.versions = Versions { min: Version::V12, max: Version::V12 },
        Layer::Tls13 => options.route.tls.versions = Versions { min: Version::V13, max: Version::V13 },
    }
    options
}

/// The request as it is sent, piece by piece.
pub(super) fn pieces(request: &Request, check: &OpeningCheck) -> Vec<String> {
    let head = request.head();
    let (line, fields) = head.split_once("\r\n").unwrap_or((&head, ""));
    let resource = line.split(' ').nth(1).unwrap_or("/");
    let head = format!("{} {resource} {}\r\n{fields}", check.method, check.version);
    if !check.in_pieces {
        return vec![head];
    }
    let chars: Vec<_> = head.chars().collect();
    chars.chunks(PIECE).map(|piece| piece.iter().collect()).collect()
}

/// Without what says who we are.
fn anonymous(request: &RequestOptions) -> RequestOptions {
    let (host, kept) = (request.host.clone(), request.headers.iter().filter(|header| header.is("Host")).cloned());
    let mut anonymous = request.without_secrets();
    anonymous.headers.extend(kept);
    RequestOptions { host, ..anonymous }
}

/// The same without TLS, at the port that this has then.
fn plain(target: &Target) -> Target {
    let place = match &target.place {
        Endpoint::Host { host, port: 443, zone } => Endpoint::Host { host: host.clone(), port: 80, zone: zone.clone() },
        other => other.clone(),
    };
    Target { scheme: Scheme::Ws, place, resource: target.resource.clone() }
}
