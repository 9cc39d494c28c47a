//! The page that a browser gets: one HTML file, which talks to nobody but the server that it came from.

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use ring::digest::{SHA256, digest};

use crate::request::Header;

pub(crate) const PAGE: &str = include_str!("page.html");

/// The fields that go with it. Its script and its style are allowed by their hashes (CSP Level 3), and nothing else is.
pub(crate) fn headers() -> Vec<Header> {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash("script"),
        hash("style")
    );
    vec![
        Header::new("Content-Type", "text/html; charset=utf-8"),
        Header::new("Content-Security-Policy", policy),
        Header::new("X-Content-Type-Options", "nosniff"),
        Header::new("Referrer-Policy", "no-referrer"),
        Header::new("Cache-Control", "no-store"),
    ]
}

fn hash(element: &str) -> String {
    let (begin, end) = (format!("<{element}>"), format!("</{element}>"));
    let inside = PAGE.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end)).map_or("", |(inside, _)| inside);
    format!("sha256-{}", BASE64.encode(digest(&SHA256, inside.as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_one_script_and_one_style_and_asks_for_nothing_else() {
        for element in ["<script", "<style", "</script", "</style"] {
            assert_eq!(PAGE.matches(element).count(), 1, "{element}");
        }
        for outside in ["src=", "@import", "url(", "http:", "https:", " style=", " onclick="] {
            assert!(!PAGE.contains(outside), "{outside}");
        }
        let policy = &headers()[1].value;
        assert!(!policy.contains("unsafe") && policy.matches("sha256-").count() == 2, "{policy}");
    }
}
