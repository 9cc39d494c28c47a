//! `--aws-sigv4`: what signs the request, from what was typed and from the environment.

use super::options::Options;
use super::{Env, secret};
use crate::error::Error;
use crate::request::Credentials;
use crate::request::sigv4::{AccessKeys, RequestSigner, SignatureProvider, service_and_region};
use crate::target::Target;

/// What signs the request; none if it is not to be signed.
pub(super) fn signer(options: &Options, target: &Target) -> Result<Option<RequestSigner>, Error> {
    let request = &options.request;
    let (option, text, in_query) = match (&request.aws_sigv4, &request.aws_sigv4_query) {
        (Some(text), _) => ("--aws-sigv4", text, false),
        (None, Some(text)) => ("--aws-sigv4-query", text, true),
        (None, None) => return Ok(None),
    };
    let bad = |why: &str| Error::Usage(format!("invalid value `{text}` for `{option}`: {why}"));
    let mut parts = text.split(':');
    let mut next = || parts.next().filter(|part| !part.is_empty());
    let (scheme, vendor, region, service) = (next(), next(), next(), next());
    if parts.next().is_some() {
        return Err(bad("expected `PROVIDER1[:PROVIDER2[:REGION[:SERVICE]]]`, such as `aws:amz`"));
    }
    let scheme = scheme.ok_or_else(|| bad("expected the name of a provider, such as `aws`"))?;
    let vendor = vendor.unwrap_or(if scheme == "aws" { "amz" } else { scheme });
    if ![scheme, vendor].iter().all(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(bad("the name of a provider has letters and digits only"));
    }
    let host = target.host();
    let (of_host, in_host) = service_and_region(&host).unzip();
    let of_environment = || ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(Env::secret);
    let region = region.or(in_host).map(str::to_owned).or_else(of_environment);
    let region = region.ok_or_else(|| bad("the host does not name a region; write `aws:amz:REGION:SERVICE`"))?;
    let service = service.or(of_host);
    let service = service.ok_or_else(|| bad("the host does not name a service; write `aws:amz:REGION:SERVICE`"))?;
    let keys = keys(request.user.as_deref(), option)?;
    let provider = SignatureProvider { scheme: scheme.to_owned(), vendor: vendor.to_owned() };
    Ok(Some(RequestSigner { provider, region, service: service.to_owned(), keys, in_query }))
}

/// The keys of `--user`, or those of the environment.
fn keys(user: Option<&str>, option: &str) -> Result<AccessKeys, Error> {
    if let Some(user) = user {
        return match secret::user(user)? {
            Credentials::Password { user, password } => {
                Ok(AccessKeys { id: user, secret: password, session_token: None })
            }
            Credentials::Bearer(_) => unreachable!("`--user` gives user and password"),
        };
    }
    let given = |name: &str| Env::secret(name).filter(|value| !value.is_empty());
    match (given("AWS_ACCESS_KEY_ID"), given("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Ok(AccessKeys { id, secret, session_token: given("AWS_SESSION_TOKEN") }),
        _ => Err(Error::Usage(format!(
            "`{option}` needs keys: `--user ID:SECRET`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"
        ))),
    }
}
