//! Who signs, for which service, and when: the scope of a signature.

use std::time::SystemTime;

use ring::hmac;

use crate::text::hex;

/// The names that curl calls PROVIDER1 and PROVIDER2: `aws` and `amz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignatureProvider {
    pub(crate) scheme: String,
    pub(crate) vendor: String,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AccessKeys {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// Of temporary keys.
    pub(crate) session_token: Option<String>,
}

/// When, and for which service, a key signs.
pub(super) struct SigningScope<'s> {
    pub(super) provider: &'s SignatureProvider,
    pub(super) region: &'s str,
    pub(super) service: &'s str,
    pub(super) keys: &'s AccessKeys,
    /// `20261129T070000Z`
    pub(super) time: String,
}

impl SignatureProvider {
    /// `AWS4-HMAC-SHA256`
    pub(super) fn algorithm(&self) -> String {
        format!("{}4-HMAC-SHA256", self.scheme.to_ascii_uppercase())
    }

    /// `Amz`
    pub(super) fn titled(&self) -> String {
        let mut name = self.vendor.to_ascii_lowercase();
        name[..1].make_ascii_uppercase();
        name
    }
}

impl<'s> SigningScope<'s> {
    pub(super) fn new(
        provider: &'s SignatureProvider,
        (region, service): (&'s str, &'s str),
        keys: &'s AccessKeys,
        now: SystemTime,
    ) -> Self {
        Self { provider, region, service, keys, time: basic_time(now) }
    }

    /// `20261129/us-east-1/execute-api/aws4_request`
    fn name(&self) -> String {
        let Self { region, service, .. } = self;
        format!("{}/{region}/{service}/{}", &self.time[..8], self.terminator())
    }

    fn terminator(&self) -> String {
        format!("{}4_request", self.provider.scheme.to_ascii_lowercase())
    }

    pub(super) fn credential(&self) -> String {
        format!("{}/{}", self.keys.id, self.name())
    }

    pub(super) fn authorization(&self, hashed_request: &str, names: &str) -> String {
        let (algorithm, signature) = (self.provider.algorithm(), self.signature(hashed_request));
        format!("{algorithm} Credential={}, SignedHeaders={names}, Signature={signature}", self.credential())
    }

    pub(super) fn signature(&self, hashed_request: &str) -> String {
        let Self { provider, region, service, keys, .. } = self;
        let to_sign = format!("{}\n{}\n{}\n{hashed_request}", provider.algorithm(), self.time, self.name());
        let secret = format!("{}4{}", provider.scheme.to_ascii_uppercase(), keys.secret);
        let key = [&self.time[..8], region, service, &self.terminator()]
            .into_iter()
            .fold(secret.into_bytes(), |key, part| sealed(&key, part));
        hex::digits(&sealed(&key, &to_sign))
    }
}

fn sealed(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// ISO 8601's basic format, in UTC, with seconds.
fn basic_time(now: SystemTime) -> String {
    humantime::format_rfc3339_seconds(now).to_string().replace(['-', ':'], "")
}

impl std::fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKeys").field("id", &self.id).finish_non_exhaustive()
    }
}
