//! NTLM (MS-NLMP) as a client: the first message, what the challenge holds, and the last message, with NTLMv2 only.
//!
//! Plain code from bytes to bytes. It proves a connection, which is for the caller to keep.

use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use md4::{Digest as _, Md4};
use md5::Md5;

/// `NEGOTIATE_MESSAGE` without a domain and a workstation (MS-NLMP, section 2.2.1.1).
pub(super) const HELLO: [u8; 32] = hello();

const SIGNATURE: [u8; 8] = *b"NTLMSSP\0";

/// Unicode, the target's name, NTLM, signatures, the session security of NTLMv2, what is known of the target, 128 and 56 bits
/// (section 2.2.2.5).
const FLAGS: u32 = UNICODE | 0x4 | 0x200 | 0x8000 | 0x8_0000 | TARGET_INFO | 0x2000_0000 | 0x8000_0000;
const UNICODE: u32 = 1;
const TARGET_INFO: u32 = 0x80_0000;

/// Attributes of the target (section 2.2.2.1).
const END: u16 = 0;
const ATTRIBUTE_FLAGS: u16 = 6;
const TIMESTAMP: u16 = 7;

/// Among the flags: the messages have a code of integrity.
const HAS_MIC: u32 = 2;

/// Before the payload of the last message: its fields, flags, version and code of integrity.
const HEAD: usize = 88;
const MIC: std::ops::Range<usize> = 72..88;

/// Between 1601 and 1970, in units of 100 ns.
const EPOCH: u64 = 116_444_736_000_000_000;

/// A challenge, as far as it matters.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(crate) struct NtlmChallenge {
    /// The whole of the message, of which a code of integrity is made.
    message: Vec<u8>,
    nonce: [u8; 8],
    flags: u32,
    target: Vec<(u16, Vec<u8>)>,
}

/// A user of a domain.
pub(crate) struct NtlmUser<'u> {
    domain: &'u str,
    name: &'u str,
    password: &'u str,
}

/// Why a challenge is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadNtlm {
    #[error("its NTLM challenge is not base64")]
    Encoding,
    #[error("its NTLM challenge is broken")]
    Broken,
    #[error("its NTLM challenge is without Unicode, as before Windows NT")]
    NoUnicode,
    #[error("its NTLM challenge is of NTLMv1, wsprobe supports NTLMv2")]
    Old,
}

/// What of a response proves the password, and the key of the session.
struct NtlmProof {
    response: Vec<u8>,
    session_key: [u8; 16],
}

impl<'u> NtlmUser<'u> {
    /// Reads `DOMAIN\USER`, `DOMAIN/USER`, as curl has it too, or a user alone, which may be `USER@DOMAIN`.
    pub(super) fn from_text(user: &'u str, password: &'u str) -> Self {
        let (domain, name) = user.split_once(['\\', '/']).unwrap_or(("", user));
        Self { domain, name, password }
    }

    /// `NTOWFv2` (section 3.3.2)
    fn key(&self) -> [u8; 16] {
        let hash = Md4::digest(utf16(self.password));
        mac(&hash, &[&utf16(&upper(self.name)), &utf16(self.domain)])
    }
}

impl NtlmChallenge {
    /// Reads `CHALLENGE_MESSAGE` (section 2.2.1.2).
    pub(super) fn from_token(token: &str) -> Result<Self, BadNtlm> {
        let message = BASE64.decode(token).map_err(|_| BadNtlm::Encoding)?;
        let is_challenge = message.starts_with(&SIGNATURE) && number(&message, 8) == Some(2);
        let nonce = message.get(24..32).and_then(|nonce| nonce.try_into().ok()).filter(|_| is_challenge);
        let (nonce, flags) = nonce.zip(number(&message, 20)).ok_or(BadNtlm::Broken)?;
        if flags & UNICODE == 0 {
            return Err(BadNtlm::NoUnicode);
        }
        if flags & TARGET_INFO == 0 {
            return Err(BadNtlm::Old);
        }
        let length = message.get(40..42).map(|bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
        let begin = number(&message, 44).and_then(|begin| usize::try_from(begin).ok());
        let (begin, length) = begin.zip(length).ok_or(BadNtlm::Broken)?;
        let target = begin.checked_add(length).and_then(|end| message.get(begin..end)).and_then(attributes);
        let target = target.ok_or(BadNtlm::Broken)?;
        Ok(Self { message, nonce, flags, target })
    }

    /// `AUTHENTICATE_MESSAGE` (section 2.2.1.3), with a code of integrity if the server tells its time (section 3.1.5.1.2).
    pub(super) fn answer(&self, user: &NtlmUser<'_>, nonce: [u8; 8], now: SystemTime) -> Vec<u8> {
        let mut target = self.target.clone();
        let own_time = target.iter().find(|(id, _)| *id == TIMESTAMP).and_then(|(_, time)| time[..].try_into().ok());
        let is_signed = own_time.is_some();
        if is_signed {
            let flags = target.iter().find(|(id, _)| *id == ATTRIBUTE_FLAGS).and_then(|(_, flags)| number(flags, 0));
            target.retain(|(id, _)| *id != ATTRIBUTE_FLAGS);
            target.push((ATTRIBUTE_FLAGS, (flags.unwrap_or(0) | HAS_MIC).to_le_bytes().to_vec()));
        }
        let key = user.key();
        let NtlmProof { response, session_key } =
            self.proof(&key, nonce, own_time.unwrap_or_else(|| file_time(now)), &target);
        // Section 3.1.5.1.2: none beside a time.
        let old_response = match is_signed {
            true => vec![0; 24],
            false => [&mac(&key, &[&self.nonce, &nonce])[..], &nonce[..]].concat(),
        };
        let (domain, name) = (utf16(user.domain), utf16(user.name));
        let mut message = vec![0; HEAD];
        message[..8].copy_from_slice(&SIGNATURE);
        message[8] = 3;
        // Responses of LM and NT, domain, user, workstation, session key.
        for (at, payload) in [&old_response[..], &response, &domain, &name, &[], &[]].into_iter().enumerate() {
            let (field, begin) = (12 + at * 8, u32::try_from(message.len()).unwrap_or(u32::MAX));
            let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_le_bytes();
            message[field..field + 2].copy_from_slice(&length);
            message[field + 2..field + 4].copy_from_slice(&length);
            message[field + 4..field + 8].copy_from_slice(&begin.to_le_bytes());
            message.extend_from_slice(payload);
        }
        message[60..64].copy_from_slice(&(self.flags & FLAGS).to_le_bytes());
        if is_signed {
            let code = mac(&session_key, &[&HELLO, &self.message, &message]);
            message[MIC].copy_from_slice(&code);
        }
        message
    }

    /// `NTLMv2_RESPONSE`, and `SessionBaseKey` (section 3.3.2).
    fn proof(&self, key: &[u8; 16], nonce: [u8; 8], time: [u8; 8], target: &[(u16, Vec<u8>)]) -> NtlmProof {
        let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
        blob.extend_from_slice(&time);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&[0; 4]);
        for (id, value) in target.iter().map(|(id, value)| (*id, &value[..])).chain([(END, &[][..])]) {
            blob.extend_from_slice(&id.to_le_bytes());
            blob.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
            blob.extend_from_slice(value);
        }
        blob.extend_from_slice(&[0; 4]);
        let proof = mac(key, &[&self.nonce, &blob]);
        NtlmProof { session_key: mac(key, &[&proof]), response: [&proof[..], &blob].concat() }
    }
}

const fn hello() -> [u8; 32] {
    let mut message = [0; 32];
    let (mut at, flags) = (0, FLAGS.to_le_bytes());
    while at < 8 {
        message[at] = SIGNATURE[at];
        at += 1;
    }
    message[8] = 1;
    while at < 12 {
        message[at + 4] = flags[at - 8];
        at += 1;
    }
    message
}

/// The attributes of a target, without their end; none if they are broken.
fn attributes(mut bytes: &[u8]) -> Option<Vec<(u16, Vec<u8>)>> {
    let mut found = Vec::new();
    loop {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        let (id, length) = (u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]]));
        if id == END {
            return Some(found);
        }
        let (value, rest) = rest.split_at_checked(usize::from(length))?;
        found.push((id, value.to_vec()));
        bytes = rest;
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("a key may have any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// As Windows does it: each character by itself, so that ß stays.
fn upper(text: &str) -> String {
    let single = |c: char| {
        let mut upper = c.to_uppercase();
        upper.next().filter(|_| upper.next().is_none()).unwrap_or(c)
    };
    text.chars().map(single).collect()
}

fn file_time(now: SystemTime) -> [u8; 8] {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (EPOCH + since.as_secs() * 10_000_000 + u64::from(since.subsec_nanos() / 100)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        crate::text::hex::bytes(&hex.split_whitespace().collect::<String>()).unwrap()
    }

    const USER: NtlmUser<'static> = NtlmUser { domain: "Domain", name: "User", password: "Password" };

    /// MS-NLMP, section 4.2.4.3
    const CHALLENGE: &str = "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef000000000000000024002400\
        44000000060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500\
        720000000000";

    fn challenge(hex: &str) -> Result<NtlmChallenge, BadNtlm> {
        NtlmChallenge::from_token(&BASE64.encode(bytes(hex)))
    }

    /// MS-NLMP, section 4.2.4
    #[test]
    fn the_examples_of_the_specification_come_out() {
        assert_eq!(USER.key()[..], bytes("0c868a403bfd7a93a3001ef22ef02e3f"));
        let challenge = challenge(CHALLENGE).unwrap();
        assert_eq!(challenge.nonce[..], bytes("0123456789abcdef"));
        let NtlmProof { response, session_key } = challenge.proof(&USER.key(), [0xaa; 8], [0; 8], &challenge.target);
        let (proof, blob) = response.split_at(16);
        assert_eq!(proof, bytes("68cd0ab851e51c96aabc927bebef6a1c"));
        let expected = "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00\
            01000c005300650072007600650072000000000000000000";
        assert_eq!(blob, bytes(expected));
        assert_eq!(session_key[..], bytes("8de40ccadbc14a82f15cb0ad0de95ca3"));
        let message = challenge.answer(&USER, [0xaa; 8], SystemTime::UNIX_EPOCH);
        assert_eq!(payload(&message, 12), bytes("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"));
        assert_eq!(payload(&message, 28), utf16("Domain"));
        assert_eq!(payload(&message, 36), utf16("User"));
        assert_eq!(message[MIC], [0; 16]);
        // 1970 in Windows' time.
        assert_eq!(payload(&message, 20)[24..32], bytes("00803ed5deb19d01"));
    }

    fn payload(message: &[u8], field: usize) -> Vec<u8> {
        let length = usize::from(u16::from_le_bytes([message[field], message[field + 1]]));
        let begin = usize::try_from(number(message, field + 4).unwrap()).unwrap();
        message[begin..begin + length].to_vec()
    }

    #[test]
    fn a_server_that_tells_its_time_gets_it_back_with_a_code_of_integrity() {
        let mut hex = bytes(CHALLENGE);
        hex.truncate(hex.len() - 4);
        hex.extend(bytes("07000800 0102030405060708 00000000"));
        hex[40..44].copy_from_slice(&[0x30, 0, 0x30, 0]);
        let challenge = NtlmChallenge::from_token(&BASE64.encode(hex)).unwrap();
        let message = challenge.answer(&USER, [0xaa; 8], SystemTime::UNIX_EPOCH);
        assert_eq!(payload(&message, 12), [0; 24]);
        let response = payload(&message, 20);
        assert_eq!(response[24..32], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(response[response.len() - 16..], bytes("06000400 02000000 00000000 00000000"));
        let mut unsigned = message.clone();
        unsigned[MIC].fill(0);
        let session_key = mac(&USER.key(), &[&response[..16]]);
        assert_eq!(message[MIC], mac(&session_key, &[&HELLO, &challenge.message, &unsigned]));
    }

    #[test]
    fn what_is_no_challenge_is_told_and_harms_nobody() {
        assert_eq!(NtlmChallenge::from_token("?"), Err(BadNtlm::Encoding));
        let whole = bytes(CHALLENGE);
        for length in 0..whole.len() {
            let cut = NtlmChallenge::from_token(&BASE64.encode(&whole[..length]));
            assert_eq!(cut, Err(BadNtlm::Broken), "{length}");
        }
        let with = |at: usize, byte: u8| {
            let mut changed = whole.clone();
            changed[at] = byte;
            NtlmChallenge::from_token(&BASE64.encode(changed))
        };
        assert_eq!(with(8, 3), Err(BadNtlm::Broken));
        assert_eq!(with(20, 0x32), Err(BadNtlm::NoUnicode));
        assert_eq!(with(22, 0x0a), Err(BadNtlm::Old));
        // Lengths and offsets that lead outside.
        for at in [41, 45, 46, 47, 70, 71] {
            assert_eq!(with(at, 0xff), Err(BadNtlm::Broken), "{at}");
        }
    }

    #[test]
    fn a_user_has_a_domain_or_none() {
        for (text, domain, name) in
            [("D\\u", "D", "u"), ("D/u", "D", "u"), ("u", "", "u"), ("u@d.example", "", "u@d.example")]
        {
            let user = NtlmUser::from_text(text, "");
            assert_eq!((user.domain, user.name), (domain, name));
        }
        assert_eq!(upper("a\u{df}\u{e4}\u{3c2}"), "A\u{df}\u{c4}\u{3a3}");
    }
}
