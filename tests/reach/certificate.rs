//! Bad certificates, served by `openssl s_server`: what -k accepts, and the messages otherwise.

use std::path::Path;
use std::process::Command;

use crate::kit::daemon::{Daemon, has, openssl, s_server};
use crate::kit::{Ran, dir, path, tool};

/// Keys and certificates of one test, made by `openssl`.
struct Workshop(tempfile::TempDir);

const OTHER_PIN: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

impl Workshop {
    fn new() -> Self {
        Self(dir())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str) -> String {
        path(&self.0, name).display().to_string()
    }

    /// `NAME.key`, and a request for a certificate of it.
    fn request(&self, name: &str, key: &str) {
        let line = format!("req -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}");
        openssl(self.path(), &line);
    }

    fn extensions(&self, extensions: &str) {
        std::fs::write(self.path().join("extensions"), extensions.replace('|', "\n")).unwrap();
    }

    /// `NAME.pem`, signed by its own key, with these extensions; without any it is of version 1.
    fn alone(&self, name: &str, key: &str, extensions: &str) {
        self.request(name, key);
        self.extensions(extensions);
        let extfile = if extensions.is_empty() { "" } else { " -extfile extensions" };
        openssl(
            self.path(),
            &format!("x509 -req -in {name}.csr -signkey {name}.key -days 30 -out {name}.pem{extfile}"),
        );
    }

    /// `NAME.pem`, signed by `BY`.
    fn signed(&self, name: &str, key: &str, extensions: &str, by: &str, how: &str) {
        self.request(name, key);
        self.extensions(extensions);
        let line = format!(
            "x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -set_serial 7 -days 30 -out {name}.pem \
             -extfile extensions {how}"
        );
        openssl(self.path(), line.trim());
    }

    fn serve(&self, name: &str, args: &[&str]) -> Daemon {
        let [certificate, key] = ["pem", "key"].map(|kind| self.file(&format!("{name}.{kind}")));
        let own = ["-www", "-cipher", "DEFAULT@SECLEVEL=0", "-cert", &certificate, "-key", &key];
        s_server(own.iter().chain(args))
    }

    fn pin(&self, name: &str) -> String {
        let script = format!(
            "openssl x509 -in {name}.pem -pubkey -noout | openssl pkey -pubin -outform der \
             | openssl dgst -sha256 -binary | base64"
        );
        let hash = Command::new("sh").args(["-c", &script]).current_dir(self.path()).output().unwrap();
        String::from_utf8(hash.stdout).unwrap().trim().to_owned()
    }
}

fn ask(server: &Daemon, args: &[&str]) -> Ran {
    tool().args(args).arg(format!("wss://localhost:{}/", server.port)).run().stdout("")
}

/// It is not a WebSocket server: its answer shows that TLS has worked.
#[track_caller]
fn passes(server: &Daemon, args: &[&str]) {
    ask(server, args).code(4).says("the server answered 200");
}

/// One line, in words.
#[track_caller]
fn fails(server: &Daemon, args: &[&str], what: &str) {
    let ran = ask(server, args).code(3);
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("wsprobe: TLS")).count(), 1, "{}", ran.stderr);
    ran.says(&format!("TLS with `localhost` failed: {what}\n"));
}

const HERE: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1";

#[test]
fn without_the_check_any_key_in_any_certificate_will_do_and_a_pin_is_still_proven() {
    if !has("openssl") {
        return;
    }
    let shop = Workshop::new();
    shop.alone("v1", "rsa:2048", "");
    shop.alone("rsa1024", "rsa:1024", HERE);
    shop.alone("rsa1536", "rsa:1536", HERE);
    shop.alone("rsa1031", "rsa:1031", HERE);
    shop.alone("p521", "ec -pkeyopt ec_paramgen_curve:P-521", HERE);
    shop.alone("v1-p521", "ec -pkeyopt ec_paramgen_curve:P-521", "");
    for name in ["v1", "rsa1024", "rsa1536", "rsa1031", "p521", "v1-p521"] {
        for version in ["-tls1_3", "-tls1_2"] {
            let server = shop.serve(name, &[version]);
            passes(&server, &["-k"]);
            passes(&server, &["-k", "--pin", &shop.pin(name)]);
            let other = ask(&server, &["-k", "--pin", OTHER_PIN]).code(3);
            other.says(&format!("its key is not one of the pinned keys: it is sha256//{}", shop.pin(name)));
        }
    }
}

#[test]
fn a_key_whose_possession_nobody_can_check_passes_without_a_pin_alone() {
    if !has("openssl") {
        return;
    }
    let shop = Workshop::new();
    shop.alone("ed448", "ed448", HERE);
    let server = shop.serve("ed448", &[]);
    passes(&server, &["-k"]);
    fails(
        &server,
        &["-k", "--pin", &shop.pin("ed448")],
        "the server found no TLS parameters that both sides support (alert handshake_failure) (it may require a \
         certificate from us (--cert FILE), or support only ciphers that wsprobe does not support, such as those with CBC)",
    );
}

#[test]
fn what_no_authority_makes_good_is_told_first() {
    if !has("openssl") {
        return;
    }
    let shop = Workshop::new();
    shop.alone("v1", "rsa:2048", "");
    shop.alone("short", "rsa:1024", HERE);
    let (v1, short) = (shop.serve("v1", &[]), shop.serve("short", &[]));
    for args in [&[][..], &["--cacert", &shop.file("v1.pem")], &["--cacert", &shop.file("short.pem")]] {
        fails(
            &v1,
            args,
            "its certificate is of X.509 version 1, which cannot name the hosts that it is for (it has to be reissued \
             in version 3, as by `openssl x509 -req -in NAME.csr -CA ca.pem -CAkey ca.key -extfile EXT`, where EXT has the \
             line `subjectAltName=DNS:NAME`; -k skips the check, and --pin then checks the key)",
        );
        fails(
            &short,
            args,
            "its certificate has an RSA key of 1024 bits, which is too short (it needs 2048 bits or more; -k skips \
             the check)",
        );
    }
}

#[test]
fn an_authority_of_version_1_or_on_p_521_vouches_for_others() {
    if !has("openssl") {
        return;
    }
    let shop = Workshop::new();
    shop.alone("v1", "rsa:2048", "");
    shop.alone("p521", "ec -pkeyopt ec_paramgen_curve:P-521", "basicConstraints=critical,CA:TRUE");
    for (name, how) in [("v1", ""), ("p521", "-sha256"), ("p521", "-sha384"), ("p521", "-sha512")] {
        for key in ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256", "ec -pkeyopt ec_paramgen_curve:P-521"] {
            shop.signed("leaf", key, HERE, name, how);
            passes(&shop.serve("leaf", &[]), &["--cacert", &shop.file(&format!("{name}.pem"))]);
        }
    }
}

#[test]
fn keys_are_exchanged_on_p_521_with_a_server_that_wants_nothing_else() {
    if !has("openssl") {
        return;
    }
    let shop = Workshop::new();
    shop.alone("rsa", "rsa:2048", HERE);
    for version in ["-tls1_3", "-tls1_2"] {
        let server = shop.serve("rsa", &[version, "-groups", "P-521"]);
        passes(&server, &["--cacert", &shop.file("rsa.pem")]);
    }
}

#[test]
fn each_fault_of_a_chain_has_its_sentence_and_a_hint_that_fits() {
    if !has("openssl") {
        return;
    }
    let shop = Workshop::new();
    let p256 = "ec -pkeyopt ec_paramgen_curve:P-256";
    shop.alone("ca", p256, "basicConstraints=critical,CA:TRUE");
    shop.alone("small", "rsa:1024", "basicConstraints=critical,CA:TRUE");
    shop.alone("k256", "ec -pkeyopt ec_paramgen_curve:secp256k1", "basicConstraints=critical,CA:TRUE");
    shop.alone("example", p256, "basicConstraints=critical,CA:TRUE|nameConstraints=critical,permitted;DNS:.example");
    for (by, extensions, how, said) in [
        (
            "ca",
            &format!("{HERE}|extendedKeyUsage=clientAuth,codeSigning")[..],
            "",
            "its certificate is for clients and code signing, not for servers (it has to be issued for `serverAuth`; \
             -k skips the check)",
        ),
        (
            "ca",
            &format!("{HERE}|extendedKeyUsage=1.2.3.4"),
            "",
            "its certificate is for a private purpose, not for servers (it has to be issued for `serverAuth`; -k \
             skips the check)",
        ),
        (
            "example",
            HERE,
            "",
            "its certificate is for names that its authority may not sign (name constraints) (-k skips the check)",
        ),
        (
            "ca",
            &format!("{HERE}|1.2.3.4=critical,DER:05:00"),
            "",
            "a certificate in its chain has a critical extension that wsprobe does not know (-k skips the check)",
        ),
        (
            "ca",
            &format!("{HERE}|policyConstraints=critical,requireExplicitPolicy:3"),
            "",
            "a certificate in its chain has a critical extension that wsprobe does not know (policy constraints) (-k \
             skips the check)",
        ),
        (
            "ca",
            HERE,
            "-sha1",
            "a certificate in its chain is signed with ECDSA and SHA-1, which can be forged (it has to be reissued, \
             signed with SHA-256; -k skips the check)",
        ),
        (
            "k256",
            HERE,
            "",
            "a certificate in its chain is signed with ECDSA on an uncommon curve, which wsprobe cannot check (-k \
             skips the check)",
        ),
        (
            "small",
            HERE,
            "",
            "its authority `CN=small` has an RSA key of 1024 bits, which is too short (it needs 2048 bits or more; -k \
             skips the check)",
        ),
        (
            "ca",
            "subjectAltName=DNS:a.example,DNS:b.example",
            "",
            "its certificate is for a.example and b.example, not for `localhost` (use a name that the certificate is \
             for, in the URL or with --sni, or use -k to skip the check)",
        ),
        (
            "ca",
            "keyUsage=digitalSignature",
            "",
            "its certificate does not name the hosts that it is for (it needs a subjectAltName; -k skips the check)",
        ),
        (
            "ca",
            &format!("{HERE}|basicConstraints=CA:TRUE"),
            "",
            "its certificate is an authority's, not a server's (-k skips the check)",
        ),
    ] {
        shop.signed("leaf", p256, extensions, by, how);
        let server = shop.serve("leaf", &[]);
        fails(&server, &["--cacert", &shop.file(&format!("{by}.pem"))], said);
        passes(&server, &["-k"]);
    }
}

#[test]
fn a_server_that_speaks_only_what_wsprobe_does_not_is_told_apart() {
    if !has("openssl") {
        return;
    }
    let shop = Workshop::new();
    shop.alone("rsa", "rsa:2048", HERE);
    for (options, said) in [
        (
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"][..],
            "the server found no TLS parameters that both sides support (alert handshake_failure) (it may require a \
             certificate from us (--cert FILE), or support only ciphers that wsprobe does not support, such as those with CBC)",
        ),
        (
            &["-tls1_1"],
            "the server supports no version of TLS that was offered (TLS 1.2 and 1.3; alert protocol_version) (it may \
             support only versions older than TLS 1.2, which wsprobe does not support)",
        ),
        (
            &["-alpn", "h2"],
            "the server supports no protocol that was offered (ALPN `http/1.1`; alert no_application_protocol) (this \
             port may serve only HTTP/2, or another protocol: --http2 offers it too)",
        ),
    ] {
        fails(&shop.serve("rsa", options), &["-k"], said);
    }
    for (version, option, said) in [
        ("-tls1_2", ["--tls-min", "1.3"], "TLS 1.3; alert protocol_version"),
        ("-tls1_3", ["--tls-max", "1.2"], "TLS 1.2; alert protocol_version"),
    ] {
        let server = shop.serve("rsa", &[version]);
        let hint = "it may require another version of TLS: see --tls-min and --tls-max";
        let said = format!("the server supports no version of TLS that was offered ({said}) ({hint})");
        fails(&server, &["-k", option[0], option[1]], &said);
    }
}
