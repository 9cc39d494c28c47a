//! Requests signed with AWS Signature Version 4 (`--aws-sigv4`): in header fields, or in the query.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>. Plain code: the time comes from
//! who calls.

mod appsync;
mod canonical;
mod scope;

pub(crate) use self::scope::{AccessKeys, SignatureProvider};

use std::time::SystemTime;

use self::canonical::CanonicalRequest;
use self::scope::SigningScope;
use super::header::Header;

/// How long a signature in the query is valid, in seconds: for the handshake, with clocks that differ.
const EXPIRES: &str = "300";

/// The service of AWS IoT's gateway, which wants the session token behind the signature, and unsigned.
const IOT: &str = "iotdevicegateway";

const APPSYNC: &str = "appsync";

/// Signs opening requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestSigner {
    pub(crate) provider: SignatureProvider,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) keys: AccessKeys,
    /// In the query instead of header fields.
    pub(crate) in_query: bool,
}

/// The target of a request and its further fields, once it is signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SignedRequest {
    pub(super) resource: String,
    pub(super) fields: Vec<Header>,
}

impl RequestSigner {
    /// Signs a GET of this target, with the Host and the user's own fields.
    pub(super) fn sign(&self, resource: &str, host: &str, own: &[Header], now: SystemTime) -> SignedRequest {
        let scope = SigningScope::new(&self.provider, (&self.region, &self.service), &self.keys, now);
        match (self.in_query, &*self.service) {
            (true, APPSYNC) => SignedRequest { resource: appsync::signed(&scope, resource, host), fields: Vec::new() },
            (true, _) => SignedRequest { resource: self.in_query(&scope, resource, host, own), fields: Vec::new() },
            (false, _) => {
                SignedRequest { resource: resource.to_owned(), fields: self.in_fields(&scope, resource, host, own) }
            }
        }
    }

    fn in_fields(&self, scope: &SigningScope<'_>, resource: &str, host: &str, own: &[Header]) -> Vec<Header> {
        let mut fields = vec![Header::new(&format!("X-{}-Date", self.provider.titled()), &*scope.time)];
        let token_name = format!("X-{}-Security-Token", self.provider.titled());
        fields.extend(self.token(own, &token_name).map(|token| Header::new(&token_name, token)));
        let request = CanonicalRequest::new("GET", resource, self.is_s3());
        let request = request.with_host(host).with_fields(own.iter().chain(&fields));
        let authorization = scope.authorization(&request.hashed(), &request.signed_names());
        fields.push(Header::new("Authorization", authorization));
        fields
    }

    fn in_query(&self, scope: &SigningScope<'_>, resource: &str, host: &str, own: &[Header]) -> String {
        let (algorithm, credential) = (self.provider.algorithm(), scope.credential());
        let vendor = self.provider.titled();
        let names =
            CanonicalRequest::new("GET", resource, self.is_s3()).with_host(host).with_fields(own).signed_names();
        let token = self.keys.session_token.as_deref();
        let (signed_token, late_token) = if self.service == IOT { (None, token) } else { (token, None) };
        let parameter = |(name, value): (&str, &str)| format!("X-{vendor}-{name}={}", canonical::encoded(value));
        let parameters = [
            Some(("Algorithm", &*algorithm)),
            Some(("Credential", &*credential)),
            Some(("Date", &*scope.time)),
            Some(("Expires", EXPIRES)),
            Some(("SignedHeaders", &*names)),
            signed_token.map(|token| ("Security-Token", token)),
        ];
        let parameters: Vec<_> = parameters.into_iter().flatten().map(parameter).collect();
        let joint = if resource.contains('?') { if resource.ends_with(['?', '&']) { "" } else { "&" } } else { "?" };
        let unsigned = format!("{resource}{joint}{}", parameters.join("&"));
        let request = CanonicalRequest::new("GET", &unsigned, self.is_s3()).with_host(host).with_fields(own);
        let mut signed = format!("{unsigned}&{}", parameter(("Signature", &scope.signature(&request.hashed()))));
        if let Some(token) = late_token {
            signed = format!("{signed}&{}", parameter(("Security-Token", token)));
        }
        signed
    }

    /// The session token, unless the user gives it as a field of its own.
    fn token(&self, own: &[Header], name: &str) -> Option<&str> {
        self.keys.session_token.as_deref().filter(|_| !own.iter().any(|header| header.is(name)))
    }

    /// Its paths are signed as they are.
    fn is_s3(&self) -> bool {
        self.service == "s3"
    }
}

/// The service and the region that a host of AWS names: `id.execute-api.us-east-1.amazonaws.com`.
pub(crate) fn service_and_region(host: &str) -> Option<(&str, &str)> {
    let name = host.trim_end_matches('.');
    let name = name.strip_suffix(".amazonaws.com").or_else(|| name.strip_suffix(".amazonaws.com.cn"))?;
    let mut labels = name.rsplit('.');
    let (region, service) = (labels.next()?, labels.next()?);
    Some(match service {
        "iot" => (IOT, region),
        "appsync-realtime-api" | "appsync-api" => (APPSYNC, region),
        _ => (service, region),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The keys and the time of AWS's own examples.
    fn signer(service: &str, in_query: bool) -> RequestSigner {
        RequestSigner {
            provider: SignatureProvider { scheme: "aws".to_owned(), vendor: "amz".to_owned() },
            region: "us-east-1".to_owned(),
            service: service.to_owned(),
            keys: AccessKeys {
                id: "AKIDEXAMPLE".to_owned(),
                secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
                session_token: None,
            },
            in_query,
        }
    }

    fn example_time() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
    }

    /// `get-vanilla-query-order-key-case` of AWS's test suite of Signature Version 4.
    #[test]
    fn the_vectors_of_aws_are_met() {
        let signed = signer("service", false).sign(
            "/?Param2=value2&Param1=value1",
            "example.amazonaws.com",
            &[],
            example_time(),
        );
        assert_eq!(signed.fields[0], Header::new("X-Amz-Date", "20150830T123600Z"));
        assert_eq!(
            signed.fields[1].value,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
    }

    #[test]
    fn a_host_of_aws_names_its_service_and_region() {
        for (host, named) in [
            ("abc123.execute-api.us-east-1.amazonaws.com", Some(("execute-api", "us-east-1"))),
            ("abc-ats.iot.eu-west-1.amazonaws.com", Some(("iotdevicegateway", "eu-west-1"))),
            ("abc.appsync-realtime-api.eu-west-1.amazonaws.com", Some(("appsync", "eu-west-1"))),
            ("abc.execute-api.cn-north-1.amazonaws.com.cn", Some(("execute-api", "cn-north-1"))),
            ("ws.example.com", None),
            ("amazonaws.com", None),
        ] {
            assert_eq!(service_and_region(host), named, "{host}");
        }
    }
}
