//! Options of `wss://`: names, versions, pins; and its details.

use std::process::Command;

use rustls::version::{TLS12, TLS13};

use crate::kit::daemon::{has, openssl, s_server};
use crate::kit::http::{Http, welcome};
use crate::kit::tls::{Authority, stranger};
use crate::kit::{dir, path, tool};

#[test]
fn another_name_is_asked_for_and_checked() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let server = Http::start_tls(authority.server(&["app.example"]), welcome);
    let tool = || tool().arg("--cacert").arg(authority.file(&dir)).arg(server.url("/"));
    tool().args(["--sni", "app.example"]).run().code(0).stdout("hi\n");
    tool().args(["--sni", "other.example"]).run().code(3).says("for app.example, not for `other.example`");
    tool().run().code(3).says("--sni");
    tool().args(["--sni", "not a name"]).run().code(2).says("expected a name like example.com");
}

#[test]
fn the_versions_can_be_bounded() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    for (version, name, args) in [(&TLS12, "TLSv1_2", ["--tls-max", "1.2"]), (&TLS13, "TLSv1_3", ["--tls-min", "1.3"])]
    {
        let both = Http::start_tls(authority.server(&["127.0.0.1"]), welcome);
        let tool = || tool().arg("--cacert").arg(authority.file(&dir)).arg("-vv");
        tool().args(args).arg(both.url("/")).run().code(0).says(&format!("* TLS: {name}, "));
        let other = if version == &TLS12 { &TLS13 } else { &TLS12 };
        let one = Http::start_tls(authority.server_with(&["127.0.0.1"], &[other], |_| {}), welcome);
        tool()
            .args(args)
            .arg(one.url("/"))
            .run()
            .code(3)
            .says("(it may require another version of TLS: see --tls-min and --tls-max)\n");
    }
    let ran = tool().args(["--tls-min", "1.3", "--tls-max", "1.2", "wss://127.0.0.1:1"]).run().code(2);
    ran.stderr("wsprobe: `--tls-min` is newer than `--tls-max`\n");
    tool().args(["--tls-min", "1.1", ":1"]).run().code(2).says("1.2, 1.3");
}

#[test]
fn a_pin_is_the_hash_that_openssl_makes_and_another_is_refused() {
    if !has("openssl") {
        return;
    }
    let dir = dir();
    openssl(
        dir.path(),
        "req -x509 -newkey rsa:2048 -nodes -keyout key -out cert.pem -subj /CN=x -addext subjectAltName=IP:127.0.0.1",
    );
    let script = "openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform der \
                  | openssl dgst -sha256 -binary | base64";
    let hash = Command::new("sh").args(["-c", script]).current_dir(dir.path()).output().unwrap();
    let pin = String::from_utf8(hash.stdout).unwrap().trim().to_owned();
    let (certificate, key) = (path(&dir, "cert.pem"), path(&dir, "key"));
    let server =
        s_server(["-www".as_ref(), "-cert".as_ref(), certificate.as_os_str(), "-key".as_ref(), key.as_os_str()]);
    let url = format!("wss://127.0.0.1:{}/", server.port);
    let other = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for given in [pin.clone(), format!("sha256//{pin}"), format!("sha256//{other};sha256//{pin}")] {
        tool().args(["-k", "--pin", &given, &url]).run().code(4).says("answered 200");
        tool().args(["--cacert", certificate.to_str().unwrap(), "--pinnedpubkey", &given, &url]).run().code(4);
    }
    let ran = tool().args(["-k", "--pin", other, &url]).run().code(3);
    ran.says(&format!(
        "failed: its key is not one of the pinned keys: it is sha256//{pin} (if the server has a new key"
    ));
    tool().args(["--pin", "abc", ":1"]).run().code(2).says("44 characters");
}

#[test]
fn details_tell_whose_certificate_it_is() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let config = authority.server_with(&["127.0.0.1", "app.example", "::1"], rustls::DEFAULT_VERSIONS, |params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "the \u{1b}[2J server");
        params.not_after = rcgen::date_time_ymd(2040, 2, 3);
    });
    let server = Http::start_tls(config, welcome);
    let ran = tool().arg("--cacert").arg(authority.file(&dir)).args(["-vv", &server.url("/")]).run().code(0);
    assert!(!ran.stderr.contains('\u{1b}'));
    ran.says("* TLS: TLSv1_3, TLS13_")
        .says(", ALPN ")
        .says("server`, issuer `CN=ours`\n")
        .says("* certificate: names 127.0.0.1, app.example, ::1; valid until 2040-02-03 00:00:00Z\n");
}

#[test]
fn a_certificate_that_signs_itself_is_named_so_and_trusted_by_its_own_file() {
    if !has("openssl") {
        return;
    }
    let dir = dir();
    openssl(
        dir.path(),
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert.pem -subj /CN=dev -addext subjectAltName=IP:127.0.0.1,DNS:dev.example",
    );
    let (certificate, key) = (path(&dir, "cert.pem"), path(&dir, "key"));
    let server =
        s_server(["-www".as_ref(), "-cert".as_ref(), certificate.as_os_str(), "-key".as_ref(), key.as_os_str()]);
    let url = format!("wss://127.0.0.1:{}/", server.port);
    let stranger_file = Authority::new("other").file(&dir);
    let ran = tool().arg("--cacert").arg(stranger_file).arg(&url).run().code(3);
    ran.says("failed: its certificate is self-signed (`CN=dev`) (name its authority with --cacert FILE, or use -k");
    let trusting = || tool().arg("--cacert").arg(&certificate);
    trusting().arg(&url).run().code(4).says("answered 200");
    tool().env("SSL_CERT_FILE", &certificate).arg(&url).run().code(4).says("answered 200");
    trusting().args(["--sni", "dev.example", &url]).run().code(4).says("answered 200");
    trusting()
        .args(["--sni", "other.example", &url])
        .run()
        .code(3)
        .says("for 127.0.0.1 and dev.example, not for `other.example`");
    tool().args(["-k", &url]).run().code(4).says("the server's certificate is not checked (--insecure)\n");
}

#[test]
fn the_secrets_of_a_session_go_to_the_file_that_sslkeylogfile_names() {
    let dir = dir();
    let log = path(&dir, "keys");
    let server = Http::start_tls(stranger(), welcome);
    tool().args(["-k", &server.url("/")]).env("SSLKEYLOGFILE", &log).run().code(0);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("CLIENT_HANDSHAKE_TRAFFIC_SECRET ") && log.contains("SERVER_TRAFFIC_SECRET_0 "), "{log}");
}
