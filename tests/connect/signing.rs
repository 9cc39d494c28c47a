//! `--aws-sigv4`: what is signed, what is shown of it, and what is missing. That AWS's own library signs the same is for
//! `tests/interop/sigv4`.

use crate::kit::http::{Http, redirect, resource};
use crate::kit::{field, tool};

const KEYS: [&str; 2] = ["-u", "AKIDEXAMPLE:secret"];
const SIGNED: [&str; 2] = ["--aws-sigv4", "aws:amz:eu-west-1:execute-api"];
const QUERY: [&str; 2] = ["--aws-sigv4-query", "aws:amz:eu-west-1:execute-api"];

#[test]
fn the_signature_is_sent_and_not_shown() {
    let server = Http::welcoming();
    let ran = tool().args(["-v", "-w", "0", "-r"]).args(KEYS).args(SIGNED).arg(server.url("/a")).run().code(0);
    let head = server.head();
    let authorization = field(&head, "Authorization").expect("it is signed");
    let scope = "/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=";
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{authorization}");
    assert!(authorization.contains(scope) && ran.stderr.contains("> Authorization: AWS4-HMAC-SHA256 ***\n"), "{head}");
    let ran = tool().args(["-v", "-w", "0", "-r"]).args(KEYS).args(QUERY).arg(server.url("/a?b=c")).run().code(0);
    let head = server.head();
    let target = resource(&head);
    assert!(target.starts_with("/a?b=c&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F"), "{target}");
    let (_, signature) = target.rsplit_once("&X-Amz-Signature=").expect("it is signed");
    assert!(signature.len() == 64 && !ran.stderr.contains(signature) && !ran.stderr.contains("AKID"), "{}", ran.stderr);
}

#[test]
fn other_providers_have_names_of_their_own() {
    let server = Http::welcoming();
    let value = "acme:corp:here:files";
    tool().args(["-w", "0", "-r", "--aws-sigv4", value]).args(KEYS).arg(server.url("/")).run().code(0);
    let head = server.head();
    assert!(field(&head, "X-Corp-Date").is_some_and(|date| date.len() == 16 && date.ends_with('Z')), "{head}");
    let authorization = field(&head, "Authorization").expect("it is signed");
    assert!(authorization.starts_with("ACME4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{authorization}");
    assert!(authorization.contains("/here/files/acme4_request, SignedHeaders=host;x-corp-date, "), "{authorization}");
}

#[test]
fn nothing_signed_follows_to_another_origin() {
    let other = Http::welcoming();
    let to = other.url("/there");
    let server = Http::start(move |_| redirect(302, &to));
    tool().args(["-L", "-w", "0", "-r"]).args(KEYS).args(SIGNED).arg(server.url("/")).run().code(0);
    assert!(field(&server.head(), "Authorization").is_some());
    let head = other.head();
    assert!(field(&head, "Authorization").is_none() && field(&head, "X-Amz-Date").is_none(), "{head}");
}

#[test]
fn keys_come_from_the_environment_with_their_token() {
    let server = Http::welcoming();
    let run =
        || tool().env("AWS_ACCESS_KEY_ID", "AKIDENV").env("AWS_SECRET_ACCESS_KEY", "secret").args(["-w", "0", "-r"]);
    let region = ["--aws-sigv4", "aws:amz::execute-api"];
    run().env("AWS_SESSION_TOKEN", "tok").env("AWS_REGION", "mars-1").args(region).arg(server.url("/")).run().code(0);
    let head = server.head();
    assert_eq!(field(&head, "X-Amz-Security-Token"), Some("tok"));
    let authorization = field(&head, "Authorization").expect("it is signed");
    assert!(authorization.contains("AKIDENV/") && authorization.contains("/mars-1/execute-api/"), "{authorization}");
    assert!(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"), "{authorization}");
}

#[test]
fn what_is_missing_is_told_before_anything_connects() {
    for (args, told) in [
        (
            &["--aws-sigv4", "aws:amz:r:s"][..],
            "`--aws-sigv4` needs keys: `--user ID:SECRET`, or `AWS_ACCESS_KEY_ID` and",
        ),
        (&["-u", "a:b", "--aws-sigv4", "aws:amz"], "the host does not name a region; write `aws:amz:REGION:SERVICE`"),
        (&["-u", "a:b", "--aws-sigv4-query", "aws:amz:r"], "the host does not name a service; write"),
        (&["-u", "a:b", "--aws-sigv4", ""], "expected the name of a provider, such as `aws`"),
        (&["-u", "a:b", "--aws-sigv4", "a:b:c:d:e"], "expected `PROVIDER1[:PROVIDER2[:REGION[:SERVICE]]]`"),
        (&["-u", "a:b", "--aws-sigv4", "\u{e4}:b:c:d"], "the name of a provider has letters and digits only"),
        (&["-u", "a:b", "--aws-sigv4", "aws:amz:r:s", "--http2=required"], "`--aws-sigv4` needs HTTP/1.1"),
        (&["-u", "a:b", "--aws-sigv4", "aws:amz:r:s", "--digest"], "cannot be used with"),
    ] {
        tool().args(args).arg("wss://127.0.0.1:9/").run().code(2).says(told);
    }
}
