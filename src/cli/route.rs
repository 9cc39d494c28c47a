//! From the options of TLS and route to `dial::Route`; reads the files that they name.

use rustls::pki_types::ServerName;

use super::env::Env;
use super::options::{Options, TlsVersion};
use super::secret;
use crate::dial::family::Family;
use crate::dial::proxy::{Exceptions, Proxies, Proxy};
use crate::dial::tls::{self, ClientIdentity, Version, Versions};
use crate::dial::{LocalAddress, Route, Trust};
use crate::error::Error;
use crate::request::schemes::SchemeChoice;

pub(super) fn route(options: &Options, env: &Env) -> Result<Route, Error> {
    let route = &options.route;
    Ok(Route {
        family: family(options)?,
        origin: origin(options)?.cloned(),
        unix_socket: route.unix_socket.clone(),
        known: route.resolve.clone(),
        detours: route.connect_to.clone(),
        proxies: proxies(options, env)?,
        tls: tls::Options {
            trust: trust(options)?,
            identity: identity(options)?,
            name: options.tls.sni.as_ref().map(ServerName::to_owned),
            versions: versions(options)?,
            pins: options.tls.pin.clone(),
            alpn: tls::Alpn::default(),
            prepared: None,
        },
        connect_timeout: options.timing.connect_timeout,
    })
}

fn origin(options: &Options) -> Result<Option<&LocalAddress>, Error> {
    match &options.route.interface[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(Error::Usage("`--interface` can be given once; only `wsprobe load` takes several".to_owned())),
    }
}

fn family(options: &Options) -> Result<Option<Family>, Error> {
    let wanted = match (options.route.ipv4, options.route.ipv6) {
        (true, _) => Some(Family::V4),
        (_, true) => Some(Family::V6),
        _ => None,
    };
    let possible = options.route.interface.first().and_then(LocalAddress::family);
    match (wanted, possible) {
        (Some(wanted), Some(possible)) if wanted != possible => {
            Err(Error::Usage("`-4` or `-6` excludes the family of the address in `--interface`".to_owned()))
        }
        _ => Ok(wanted.or(possible)),
    }
}

fn proxies(options: &Options, env: &Env) -> Result<Proxies, Error> {
    let except = Exceptions::from_text(options.route.no_proxy.as_ref().unwrap_or(&env.no_proxy));
    if options.route.unix_socket.is_some() {
        return Ok(Proxies::default());
    }
    let schemes = SchemeChoice::of_flags(
        options.route.proxy_anyauth,
        [options.route.proxy_basic, options.route.proxy_digest, options.route.proxy_ntlm],
    );
    if let Some(text) = &options.route.proxy {
        let proxy = read_proxy("--proxy <URL>", &secret::resolve("--proxy", text)?)?;
        if schemes != SchemeChoice::Unnamed && proxy.as_ref().is_some_and(|proxy| proxy.kind.is_socks()) {
            return Err(Error::Usage(
                "a SOCKS proxy has no scheme to choose (--proxy-basic and similar options)".to_owned(),
            ));
        }
        return Ok(Proxies { ws: proxy.clone(), wss: proxy, schemes, except });
    }
    let named = |variable: &Option<(&'static str, String)>| match variable {
        Some((name, text)) => read_proxy(name, text),
        None => Ok(None),
    };
    Ok(Proxies { ws: named(&env.ws_proxy)?, wss: named(&env.wss_proxy)?, schemes, except })
}

/// An empty text is no proxy. The error does not repeat the text, which may hold a password.
fn read_proxy(place: &str, text: &str) -> Result<Option<Proxy>, Error> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Proxy::from_text(text).map(Some).map_err(|error| Error::Usage(format!("invalid value for `{place}`: {error}")))
}

fn trust(options: &Options) -> Result<Trust, Error> {
    match &options.tls.cacert {
        _ if options.tls.insecure => Ok(Trust::Anyone),
        None => Ok(Trust::System),
        Some(path) => Trust::from_pem_file(path).map_err(|error| {
            Error::Usage(format!("invalid value `{}` for `--cacert <FILE>`: {error}", path.display()))
        }),
    }
}

fn identity(options: &Options) -> Result<Option<ClientIdentity>, Error> {
    let Some(certificate) = &options.tls.cert else { return Ok(None) };
    let mut passphrase = |path: &std::path::Path| match &options.tls.passphrase {
        Some(text) => secret::resolve("--passphrase", text).map_err(|error| error.chain()),
        None => secret::ask(&format!("passphrase of {}", path.display()))
            .map_err(|error| format!("{} (`--passphrase` takes them)", error.chain())),
    };
    let identity = ClientIdentity::from_files(certificate, options.tls.key.as_deref(), &mut passphrase);
    identity.map(Some).map_err(|error| Error::Usage(format!("cannot use the certificate of `--cert`: {error}")))
}

fn versions(options: &Options) -> Result<Versions, Error> {
    let version = |version| match version {
        TlsVersion::V12 => Version::V12,
        TlsVersion::V13 => Version::V13,
    };
    let (min, max) = (version(options.tls.tls_min), version(options.tls.tls_max));
    if min > max {
        return Err(Error::Usage("`--tls-min` is newer than `--tls-max`".to_owned()));
    }
    Ok(Versions { min, max })
}
