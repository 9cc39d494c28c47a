//! `wsprobe listen --tls-cert` with certificates of all kinds, and what it says of clients whose TLS fails.

use std::io::Write as _;

use super::kit::daemon::{has, openssl};
use super::kit::{self, tool};
use super::listen;

/// A certificate that `openssl` makes, and its key.
fn made(dir: &tempfile::TempDir, key: &str, is_v1: bool) -> [String; 4] {
    openssl(dir.path(), &format!("req -newkey {key} -nodes -keyout key -out csr -subj /CN=localhost"));
    std::fs::write(dir.path().join("v3"), "subjectAltName=DNS:localhost\n").unwrap();
    let extensions = if is_v1 { "" } else { " -extfile v3" };
    openssl(dir.path(), &format!("x509 -req -in csr -signkey key -days 30 -out cert{extensions}"));
    let [certificate, key] = ["cert", "key"].map(|name| dir.path().join(name).display().to_string());
    ["--tls-cert".to_owned(), certificate, "--tls-key".to_owned(), key]
}

#[test]
fn an_own_certificate_of_version_1_is_shown_as_it_is() {
    if !has("openssl") {
        return;
    }
    for key in ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519"] {
        let dir = kit::dir();
        let files = made(&dir, key, true);
        let server = listen(&[&files.each_ref().map(String::as_str)[..], &["--echo"]].concat());
        let url = format!("wss://localhost:{}/", server.port);
        tool().args(["-k", "-1", "-x", "hello", &url]).run().code(0).stdout("hello\n");
        tool().args(["-x", "hello", &url]).run().code(3).says("is of X.509 version 1");
        server
            .says("TLS with the client failed: the client does not accept our certificate (alert certificate_unknown)");
    }
}

#[test]
fn a_key_that_nobody_signs_with_here_is_refused_in_words() {
    if !has("openssl") {
        return;
    }
    for (key, said) in [
        ("rsa:1024", "its RSA key has 1024 bits, but wsprobe supports 2048 to 4096"),
        ("ec -pkeyopt ec_paramgen_curve:P-521", "its key is on the curve P-521, but wsprobe supports P-256 and P-384"),
        (
            "ec -pkeyopt ec_paramgen_curve:secp256k1",
            "its key is on an uncommon curve, but wsprobe supports P-256 and P-384",
        ),
        ("ed448", "its key is of a kind that wsprobe does not support; use RSA, ECDSA or Ed25519"),
    ] {
        let dir = kit::dir();
        let files = made(&dir, key, false);
        let ran = tool().args(["listen", "--echo", "127.0.0.1:0"]).args(&files).run().code(2);
        ran.stderr(&format!("wsprobe: cannot use the private key in `{}`: {said}\n", files[3]));
    }
    let dir = kit::dir();
    let [_, certificate, _, key] = made(&dir, "ed25519", false);
    for (file, named) in [(&certificate, "the certificate"), (&key, "the private key")] {
        let good = std::fs::read(file).unwrap();
        std::fs::write(file, "-----BEGIN X-----\n!\n").unwrap();
        let ran = tool().args(["listen", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key]).run().code(2);
        ran.stderr(&format!("wsprobe: cannot use {named} in `{file}`: the line `-----END X-----` is missing\n"));
        std::fs::write(file, good).unwrap();
    }
    let (one, other) = (kit::dir(), kit::dir());
    let [certificate, key] = [made(&one, "rsa:2048", false)[1].clone(), made(&other, "ed25519", false)[3].clone()];
    let ran = tool().args(["listen", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key]).run().code(2);
    ran.stderr(&format!(
        "wsprobe: cannot use the private key in `{key}`: the key does not belong to the \
        certificate\n"
    ));
}

#[test]
fn a_key_without_its_public_half_takes_it_from_the_certificate() {
    if !has("openssl") {
        return;
    }
    for curve in ["P-256", "P-384"] {
        let dir = kit::dir();
        let mut files = made(&dir, &format!("ec -pkeyopt ec_paramgen_curve:{curve}"), false);
        openssl(dir.path(), "ec -in key -no_public -out bare");
        openssl(dir.path(), "pkcs8 -topk8 -nocrypt -in bare -out bare8");
        for bare in ["bare", "bare8"] {
            files[3] = dir.path().join(bare).display().to_string();
            let server = listen(&[&files.each_ref().map(String::as_str)[..], &["--echo"]].concat());
            let url = format!("wss://localhost:{}/", server.port);
            let ran = tool().args(["--cacert", &files[1], "-1", "-x", "hello", &url]).run();
            ran.code(0).stdout("hello\n");
        }
        let other = kit::dir();
        files[1] = made(&other, &format!("ec -pkeyopt ec_paramgen_curve:{curve}"), false)[1].clone();
        let ran = tool().args(["listen", "127.0.0.1:0"]).args(&files).run().code(2);
        ran.says("its key lacks the public half, and belongs to none of the given certificates\n");
    }
}

#[test]
fn a_client_whose_tls_fails_is_told_in_words() {
    let server = listen(&["--echo", "--tls-self-signed"]);
    tool().args(["-x", "a", &format!("ws://localhost:{}/", server.port)]).run().says("(use wss://)");
    server.says("TLS with the client failed: the client does not speak TLS: it may have used ws:// instead of wss://");
    tool().args(["-x", "a", &format!("wss://localhost:{}/", server.port)]).run().code(3);
    server.says("TLS with the client failed: the client does not accept our certificate (alert certificate_unknown)");
    drop(server.connect());
    server.says("TLS with the client failed: the client closed the connection in the middle of the handshake");
    let mut client = server.connect();
    // A ClientHello that ends in the middle of its random bytes.
    client.write_all(b"\x16\x03\x01\x00\x08\x01\x00\x00\x04\x03\x03\x00\x00").unwrap();
    server.says("TLS with the client failed: the client sent an invalid TLS message: ");
}

#[test]
fn a_client_that_is_too_old_or_has_no_certificate_is_told_in_words() {
    if !has("openssl") {
        return;
    }
    let dir = kit::dir();
    let mut files = made(&dir, "rsa:2048", false);
    let client = |server: &super::Listening, args: &[&str]| {
        let address = format!("127.0.0.1:{}", server.port);
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["s_client", "-connect", &address]).args(args).stdin(std::process::Stdio::null());
        openssl.output().unwrap();
    };
    let server = listen(&[&files.each_ref().map(String::as_str)[..], &["--echo"]].concat());
    client(&server, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
    server.says("TLS with the client failed: the client offers no signature algorithms: it may be older than TLS 1.2");
    client(&server, &["-tls1_2", "-cipher", "AES128-SHA"]);
    server.says("TLS with the client failed: the client has no key exchange in common with wsprobe");
    client(&server, &["-alpn", "h3"]);
    server.says("TLS with the client failed: the client supports no protocol that was offered (ALPN)");
    let authority = files[1].clone();
    let server =
        listen(&[&files.each_mut().map(|file| file.as_str())[..], &["--echo", "--client-ca", &authority]].concat());
    client(&server, &["-tls1_2"]);
    server.says("TLS with the client failed: the client sent no certificate");
}

#[test]
fn a_client_certificate_of_version_1_that_is_rejected_is_named_with_the_command_that_makes_one_of_version_3() {
    if !has("openssl") {
        return;
    }
    let (dir, own) = (kit::dir(), kit::dir());
    let mut files = made(&dir, "rsa:2048", false);
    let [_, old, _, key] = made(&own, "rsa:2048", true);
    openssl(own.path(), "pkcs12 -export -in cert -inkey key -out both.p12 -passout pass:secret");
    let both = own.path().join("both.p12").display().to_string();
    let args = [&files.each_mut().map(|file| file.as_str())[..], &["--echo", "--client-ca", &old]].concat();
    let server = listen(&args);
    let url = format!("wss://localhost:{}/", server.port);
    for identity in [&["--cert", &*old, "--key", &key][..], &["--cert", &both, "--passphrase", "secret"]] {
        let ran = tool().args(["-k", "-x", "hello", &url]).args(identity).run().code(3);
        ran.says("(the certificate of --cert is of X.509 version 1, which many servers reject: ")
            .says("`openssl x509 -req -in NAME.csr -CA ca.pem -CAkey ca.key -out NAME.pem -extfile EXT`");
    }
    // Another one that it does not trust is not called old.
    let [certificate, key] = [&files[1], &files[3]];
    let ran = tool().args(["-k", "-x", "hello", "--cert", certificate, "--key", key, &url]).run().code(3);
    assert!(!ran.stderr.contains("version 1"), "{ran:?}");
}
