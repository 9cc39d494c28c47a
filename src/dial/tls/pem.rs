//! What is wrong with a file in PEM (RFC 7468), in words.

use rustls::pki_types::pem::Error;

pub(crate) fn in_words(error: &Error) -> String {
    match error {
        Error::MissingSectionEnd { end_marker } => {
            format!("the line `-----END {}-----` is missing", String::from_utf8_lossy(end_marker))
        }
        Error::IllegalSectionStart { line } => {
            format!("`{}` does not begin a section", String::from_utf8_lossy(line).trim_end())
        }
        Error::Base64Decode(_) => "a section is not base64".to_owned(),
        Error::NoItemsFound => "it contains nothing in PEM".to_owned(),
        Error::SectionTooLarge => "a section is longer than 10 MB".to_owned(),
        Error::Io(error) => error.to_string(),
        // There may come more of them.
        _ => "it cannot be read".to_owned(),
    }
}
