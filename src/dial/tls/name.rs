//! A distinguished name as people write it (RFC 4514).
//!
//! Just as `x509_cert` shows it, whose own `Display` brings the names of 1300 objects along, for the few that are in
//! certificates.

use der::asn1::{Any, AnyRef, Ia5StringRef, ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use der::{Encode as _, Tag, Tagged as _};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

use crate::text::hex;

/// The most specific part first, unlike in the certificate (section 2.1).
pub(super) fn shown(name: &Name) -> String {
    let parts: Vec<_> = name.iter_rdn().map(|part| joined(part.iter().map(attribute), "+")).collect();
    joined(parts.into_iter().rev(), ",")
}

/// The same of a name without its tag and length, as webpki keeps those of its authorities.
pub(super) fn of_content(content: &[u8]) -> Option<String> {
    let name = AnyRef::new(Tag::Sequence, content).ok()?.decode_as().ok()?;
    Some(shown(&name))
}

fn joined(parts: impl Iterator<Item = String>, by: &str) -> String {
    parts.collect::<Vec<_>>().join(by)
}

fn attribute(AttributeTypeAndValue { oid, value }: &AttributeTypeAndValue) -> String {
    match (keyword(oid), text(value)) {
        (Some(keyword), Some(text)) => format!("{keyword}={}", escaped(text)),
        // What has no name, or is not text, is the digits of its DER (section 2.4).
        _ => {
            let der = value.to_der().unwrap_or_default();
            format!("{oid}=#{}", hex::digits(&der))
        }
    }
}

fn keyword(oid: &ObjectIdentifier) -> Option<&'static str> {
    const X520: [u8; 2] = [0x55, 4];
    const COSINE: [u8; 9] = [9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 100, 1];
    const PKCS9: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9];
    let (last, family) = oid.as_bytes().split_last()?;
    Some(match (family, last) {
        (family, last) if family == X520 => match last {
            3 => "CN",
            4 => "SN",
            5 => "SERIALNUMBER",
            6 => "C",
            7 => "L",
            8 => "ST",
            9 => "STREET",
            10 => "O",
            11 => "OU",
            12 => "TITLE",
            13 => "DESCRIPTION",
            15 => "BUSINESSCATEGORY",
            16 => "POSTALADDRESS",
            17 => "POSTALCODE",
            18 => "POSTOFFICEBOX",
            20 => "TELEPHONENUMBER",
            41 => "NAME",
            42 => "GN",
            43 => "INITIALS",
            44 => "GENERATIONQUALIFIER",
            45 => "X500UNIQUEIDENTIFIER",
            46 => "DNQUALIFIER",
            65 => "PSEUDONYM",
            _ => return None,
        },
        (family, 1) if family == COSINE => "UID",
        (family, 3) if family == COSINE => "MAIL",
        (family, 25) if family == COSINE => "DC",
        (family, 1) if family == PKCS9 => "EMAIL",
        _ => return None,
    })
}

fn text(value: &Any) -> Option<&str> {
    match value.tag() {
        Tag::PrintableString => PrintableStringRef::try_from(value).ok().map(|text| text.as_str()),
        Tag::Utf8String => Utf8StringRef::try_from(value).ok().map(|text| text.as_str()),
        Tag::Ia5String => Ia5StringRef::try_from(value).ok().map(|text| text.as_str()),
        Tag::TeletexString => TeletexStringRef::try_from(value).ok().map(|text| text.as_str()),
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (at, char) in text.chars().enumerate() {
        match char {
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', char]),
            '\0'..='\x1f' | '\x7f' => out.push_str(&format!("\\{:02x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Decode as _;
    use std::str::FromStr as _;
    use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

    const CN: &str = "2.5.4.3";

    /// A name of one attribute.
    fn of(oid: &str, tag: Tag, value: &[u8]) -> Name {
        let value = Any::new(tag, value).unwrap();
        let attribute = AttributeTypeAndValue { oid: ObjectIdentifier::new_unwrap(oid), value };
        let part = RelativeDistinguishedName::try_from(vec![attribute]).unwrap();
        Name::from_der(&RdnSequence::from(vec![part]).to_der().unwrap()).unwrap()
    }

    #[test]
    fn names_are_shown_as_x509_cert_shows_them() {
        assert_eq!(shown(&Name::default()), "");
        for text in [
            "CN=example.com",
            "CN=ISRG Root X1,O=Internet Security Research Group,C=US",
            "CN=a,OU=b,OU=c,O=d,STREET=e,L=f,ST=g,C=DE",
            "UID=jsmith,DC=example,DC=net",
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            r#"CN=James \"Jim\" Smith\, III,O=\#1 \+ \<2\>\; \\ #3,DC=net"#,
            r"CN=\ a b\ ,O=\ ,OU=\ \ ",
            r"CN=Before\0dAfter\00\7f,DC=net",
            "CN=Lučić \u{1f512},O=株式会社",
            "EMAIL=root@example.com,CN=x",
            "SERIALNUMBER=HRB 1,BUSINESSCATEGORY=Private Organization,POSTALCODE=1,1.3.6.1.4.1.311.60.2.1.3=#13024445",
            "GN=a,SN=b,TITLE=c,PSEUDONYM=d,INITIALS=e,DNQUALIFIER=f,NAME=g,MAIL=h",
            "1.3.6.1.4.1.1466.0=#04024869",
            "2.5.4.97=#0c0156",
        ] {
            let name = Name::from_str(text).unwrap();
            assert_eq!(shown(&name), text);
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn every_keyword_is_the_one_of_x509_cert() {
        let x520 = (0..128).map(|last| format!("2.5.4.{last}"));
        let cosine = (0..128).map(|last| format!("0.9.2342.19200300.100.1.{last}"));
        let pkcs9 = (0..128).map(|last| format!("1.2.840.113549.1.9.{last}"));
        let mut known = 0;
        for oid in x520.chain(cosine).chain(pkcs9) {
            let name = of(&oid, Tag::Utf8String, b"x");
            if keyword(&ObjectIdentifier::new_unwrap(&oid)).is_some() {
                known += 1;
                assert_eq!(shown(&name), name.to_string());
            } else {
                assert_eq!(shown(&name), format!("{oid}=#0c0178"));
            }
        }
        assert_eq!(known, 27);
    }

    #[test]
    fn a_value_is_text_if_its_kind_of_string_is_and_digits_otherwise() {
        for (tag, value, expected) in [
            (Tag::PrintableString, &b"a b"[..], "CN=a b"),
            (Tag::Ia5String, b"a@b", "CN=a@b"),
            (Tag::TeletexString, b"ab", "CN=ab"),
            (Tag::Utf8String, b"", "CN="),
            (Tag::Utf8String, b"#", r"CN=\#"),
            (Tag::Utf8String, b"a#", "CN=a#"),
            (Tag::Utf8String, b"\x1b[2J", r"CN=\1b[2J"),
            // What is not UTF-8, no printable character, or of two bytes each.
            (Tag::Utf8String, b"\xff", "2.5.4.3=#0c01ff"),
            (Tag::PrintableString, b"a@b", "2.5.4.3=#1303614062"),
            (Tag::BmpString, b"\0a", "2.5.4.3=#1e020061"),
            (Tag::Integer, b"\x05", "2.5.4.3=#020105"),
        ] {
            let name = of(CN, tag, value);
            assert_eq!(shown(&name), expected);
            assert_eq!(name.to_string(), expected);
        }
    }
}
