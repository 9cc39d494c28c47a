//! wss:// with real certificates: trust, and the messages when it fails.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use rcgen::date_time_ymd;
use rustls::version::{TLS12, TLS13};

use crate::kit::http::{Http, welcome};
use crate::kit::tls::{Authority, stranger};
use crate::kit::{Said, Server, Tool, dir, path, tool};

const HERE: [&str; 2] = ["127.0.0.1", "localhost"];

/// The tool, told to trust this authority alone.
fn trusting(authority: &Authority, dir: &tempfile::TempDir) -> Tool {
    tool().arg("--cacert").arg(authority.file(dir))
}

#[test]
fn a_private_authority_is_trusted_by_its_file() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let server = Http::start_tls(authority.server(&HERE), welcome);
    for url in [
        server.url("/x"),
        format!("wss://localhost:{}/x", server.port()),
        format!("https://127.0.0.1:{}/x", server.port()),
    ] {
        trusting(&authority, &dir).arg(url).run().code(0).stdout("hi\n").says("connected to wss://");
        server.head();
    }
    tool().arg("--ca").arg(authority.file(&dir)).arg(server.url("/")).run().code(0).stdout("hi\n");
}

#[test]
fn messages_and_the_close_pass_both_ways() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let (sender, heard) = crate::kit::channel();
    let server = Server::start_tls(authority.server(&HERE), move |client| {
        let sender = sender.clone();
        async move {
            while let Some(said) = client.next().await {
                if let Said::Text(text) = &said {
                    client.text(&text.to_uppercase()).await;
                }
                let _ = sender.send(said);
            }
        }
    })
    .unwrap();
    let long = "x".repeat(1 << 20);
    let ran = trusting(&authority, &dir).args(["--count", "2", &format!("wss://localhost:{}", server.port())]);
    let ran = ran.stdin(format!("a\n{long}\n")).run().code(0).stdout(format!("A\n{}\n", long.to_uppercase()));
    ran.says("closed 1000 (normal closure)");
    let expected = [Said::Text("a".to_owned()), Said::Text(long), Said::Close(Some(1000), String::new())];
    assert_eq!(heard.iter().take(3).collect::<Vec<_>>(), expected);
}

#[test]
fn one_file_may_hold_several_authorities() {
    let dir = dir();
    let authorities = ["one", "two", "three"].map(Authority::new);
    let bundle = path(&dir, "bundle.pem");
    let pems: Vec<_> = authorities.iter().map(|authority| format!("# a comment\n{}", authority.pem())).collect();
    std::fs::write(&bundle, pems.concat()).unwrap();
    for authority in &authorities {
        let server = Http::start_tls(authority.server(&HERE), welcome);
        tool().arg("--cacert").arg(&bundle).arg(server.url("/")).run().code(0).stdout("hi\n");
    }
}

#[test]
fn an_unknown_authority_exits_3_with_a_hint() {
    let dir = dir();
    let server = Http::start_tls(stranger(), welcome);
    let ran = trusting(&Authority::new("ours"), &dir).arg(server.url("/")).run().code(3).stdout("");
    ran.stderr(
        "wsprobe: TLS with `127.0.0.1` failed: its certificate is signed by `CN=nobody's`, which is not trusted \
         (name its authority with --cacert FILE, or use -k to skip the check)\n",
    );
    assert!(server.heads().is_empty());
}

#[test]
fn a_certificate_for_another_name_exits_3_with_a_hint() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let server = Http::start_tls(authority.server(&["example.com"]), welcome);
    for host in HERE {
        let ran = trusting(&authority, &dir).arg(format!("wss://{host}:{}/", server.port())).run().code(3).stdout("");
        ran.stderr(&format!(
            "wsprobe: TLS with `{host}` failed: its certificate is for example.com, not for `{host}` (use a name that \
             the certificate is for, in the URL or with --sni, or use -k to skip the check)\n"
        ));
    }
}

#[test]
fn a_certificate_that_is_not_valid_now_exits_3_and_no_authority_is_asked_for() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let expired =
        authority.server_with(&HERE, rustls::DEFAULT_VERSIONS, |params| params.not_after = date_time_ymd(2001, 2, 3));
    let early =
        authority.server_with(&HERE, rustls::DEFAULT_VERSIONS, |params| params.not_before = date_time_ymd(4000, 2, 3));
    for (config, what) in
        [(expired, "expired on 2001-02-03 00:00:00Z"), (early, "is not valid before 4000-02-03 00:00:00Z")]
    {
        let server = Http::start_tls(config, welcome);
        let ran = trusting(&authority, &dir).arg(server.url("/")).run().code(3).stdout("");
        assert!(!ran.stderr.contains("--cacert"), "{}", ran.stderr);
        ran.says(&format!("TLS with `127.0.0.1` failed: its certificate {what}"))
            .says("clock")
            .says("-k skips the check)\n");
        tool().args(["-k", &server.url("/")]).run().code(0).stdout("hi\n");
    }
}

#[test]
fn without_the_check_anyone_is_trusted_and_a_warning_says_so() {
    let server = Http::start_tls(stranger(), welcome);
    for option in ["-k", "--insecure", "-n", "--no-check"] {
        let ran = tool().args([option, &server.url("/")]).run().code(0).stdout("hi\n");
        assert_eq!(ran.stderr.lines().next(), Some("wsprobe: the server's certificate is not checked (--insecure)"));
    }
    tool().args(["-k", "-q", &server.url("/")]).run().code(0).stdout("hi\n").stderr("");
    let ran = tool().args(["-k", &Http::welcoming().url("/")]).run().code(0);
    assert!(!ran.stderr.contains("certificate"), "nothing is left out at ws://: {}", ran.stderr);
}

#[test]
fn the_systems_authorities_are_asked_otherwise() {
    let (dir, authority) = (dir(), Authority::new("the system's"));
    let server = Http::start_tls(authority.server(&HERE), welcome);
    tool().env("SSL_CERT_FILE", authority.file(&dir)).arg(server.url("/")).run().code(0).stdout("hi\n");
    let other = path(&dir, "other.pem");
    std::fs::write(&other, Authority::new("other").pem()).unwrap();
    let ran = tool().env("SSL_CERT_FILE", other).arg(server.url("/")).run().code(3).stdout("");
    ran.says("which is not trusted").says("--cacert FILE");
}

#[test]
fn a_system_without_authorities_exits_3_with_a_hint() {
    let dir = dir();
    let none = path(&dir, "none.pem");
    std::fs::write(&none, "").unwrap();
    let server = Http::start_tls(stranger(), welcome);
    let ran = tool().env("SSL_CERT_FILE", none).arg(server.url("/")).run().code(3).stdout("");
    ran.says("cannot read the system's root certificates: ")
        .says(" (install ca-certificates, or name a file with --cacert)\n");
}

/// A file and a directory as a system has them, for the environment; a root in the directory is in a file of its
/// own, named by a hash.
fn system(dir: &tempfile::TempDir, bundle: &[&Authority], directory: &[&Authority]) -> (PathBuf, PathBuf) {
    let (file, certs) = (path(dir, "bundle.pem"), path(dir, "certs"));
    std::fs::write(&file, bundle.iter().map(|authority| authority.pem()).collect::<String>()).unwrap();
    std::fs::create_dir(&certs).unwrap();
    for (at, authority) in directory.iter().enumerate() {
        std::fs::write(certs.join(format!("1a2b3c4d.{at}")), authority.pem()).unwrap();
    }
    (file, certs)
}

#[test]
fn a_root_that_only_the_directory_has_is_trusted_too() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    // One that has the name of the right one, and another key.
    let namesake = Authority::new("ours");
    let server = Http::start_tls(ours.server(&HERE), welcome);
    for bundle in [vec![], vec![&other], vec![&namesake]] {
        let dir = dir();
        let (file, certs) = system(&dir, &bundle, &[&other, &ours]);
        let several = format!("{}:/nowhere:{}", dir.path().display(), certs.display());
        for directory in [certs.to_str().unwrap(), &several] {
            let tool = || tool().env("SSL_CERT_DIR", directory).arg(server.url("/"));
            tool().env("SSL_CERT_FILE", &file).run().code(0).stdout("hi\n");
            tool().env("SSL_CERT_FILE", "/nowhere").run().code(0).stdout("hi\n");
            tool().run().code(0).stdout("hi\n");
        }
    }
}

#[test]
fn a_root_in_the_bundle_needs_no_directory() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let server = Http::start_tls(authority.server(&HERE), welcome);
    let (file, _) = system(&dir, &[&Authority::new("other"), &authority], &[]);
    let ran = tool().env("SSL_CERT_FILE", file).env("SSL_CERT_DIR", "/nowhere").arg(server.url("/")).run();
    ran.code(0).stdout("hi\n");
}

#[test]
fn a_root_in_neither_is_refused_as_one_that_no_file_has() {
    let (dir, other) = (dir(), Authority::new("other"));
    let server = Http::start_tls(stranger(), welcome);
    let (file, certs) = system(&dir, &[&other], &[&other]);
    for directory in [certs.as_path(), Path::new("/nowhere")] {
        let ran = tool().env("SSL_CERT_FILE", &file).env("SSL_CERT_DIR", directory).arg(server.url("/")).run();
        ran.code(3).stdout("").stderr(
            "wsprobe: TLS with `127.0.0.1` failed: its certificate is signed by `CN=nobody's`, which is not trusted \
             (name its authority with --cacert FILE, or use -k to skip the check)\n",
        );
    }
    let ran = tool().env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere").arg(server.url("/")).run();
    ran.code(3).says("cannot read the system's root certificates: ").says("at '/nowhere'");
    assert!(server.heads().is_empty());
}

#[test]
fn the_systems_authorities_do_not_count_beside_a_file() {
    let (dir, system) = (dir(), Authority::new("the system's"));
    let server = Http::start_tls(system.server(&HERE), welcome);
    let system_file = path(&dir, "system.pem");
    std::fs::write(&system_file, system.pem()).unwrap();
    let ran = trusting(&Authority::new("ours"), &dir).env("SSL_CERT_FILE", system_file).arg(server.url("/")).run();
    ran.code(3).says("which is not trusted");
}

#[test]
fn a_file_without_authorities_is_refused_before_a_socket_opens() {
    let dir = dir();
    let file = path(&dir, "x.pem");
    for (content, reason) in [
        ("", "it contains no certificate in PEM (`-----BEGIN CERTIFICATE-----`)"),
        ("hello\n", "it contains no certificate in PEM (`-----BEGIN CERTIFICATE-----`)"),
        (
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            "not a certificate in PEM: a section is not base64\n",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n",
            "not a certificate in PEM: the line `-----END CERTIFICATE-----` is missing\n",
        ),
        ("-----BEGIN CERTIFICATE\n", "not a certificate in PEM: `-----BEGIN CERTIFICATE` does not begin a section\n"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not a usable certificate: it is broken\n"),
    ] {
        std::fs::write(&file, content).unwrap();
        let ran = tool().arg("--cacert").arg(&file).arg("wss://127.0.0.1:1").run().code(2).stdout("");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        ran.says(&format!("invalid value `{}` for `--cacert <FILE>`: {reason}", file.display()));
    }
    let ran = tool().args(["--cacert", "/nowhere", "wss://127.0.0.1:1"]).run().code(2);
    ran.stderr("wsprobe: invalid value `/nowhere` for `--cacert <FILE>`: No such file or directory (os error 2)\n");
}

#[test]
fn tls_1_2_and_1_3_both_work_and_details_name_them() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    for (version, name) in [(&TLS12, "TLSv1_2"), (&TLS13, "TLSv1_3")] {
        let server = Http::start_tls(authority.server_with(&HERE, &[version], |_| {}), welcome);
        let ran = trusting(&authority, &dir).args(["-vv", &server.url("/")]).run().code(0).stdout("hi\n");
        ran.says(&format!("* TLS: {name}, TLS"));
        let ran = tool().args(["-k", &server.url("/")]).run();
        ran.code(0).stdout("hi\n");
    }
}

#[test]
fn a_connection_that_ends_without_a_goodbye_of_tls_is_still_closed_well() {
    // The Close of WebSocket has been said; what TLS adds to it many servers leave out.
    let (dir, authority) = (dir(), Authority::new("ours"));
    let server = Http::start_tls_torn(authority.server(&HERE), welcome);
    trusting(&authority, &dir).arg(server.url("/")).run().code(0).stdout("hi\n");
}

/// A server that reads what a client begins with, says this and closes.
fn saying(answer: &'static [u8]) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read(&mut [0; 4096]);
    });
    format!("wss://{address}/")
}

#[test]
fn a_port_without_tls_is_told_apart_and_the_hint_is_ws() {
    let no_tls = "the server does not speak TLS here: it sent something that is not a TLS record";
    for (answer, what) in [
        (&b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], no_tls),
        (b"SSH-2.0-OpenSSH_9.2\r\n", no_tls),
        (b"220 mail.example ESMTP\r\n", no_tls),
        (b"\x81\x05hello", no_tls),
        (b"", "the server closed the connection in the middle of the handshake"),
    ] {
        tool()
            .args(["-k", "-q", &saying(answer)])
            .run()
            .code(3)
            .stdout("")
            .stderr(&format!("wsprobe: TLS with `127.0.0.1` failed: {what} (use ws:// for a port without TLS)\n"));
    }
    let echo = crate::kit::echo();
    let ran = tool().args(["-k", &format!("wss://127.0.0.1:{}/", echo.port())]).run().code(3);
    ran.says("use ws:// for a port without TLS");
}

#[test]
fn what_is_no_tls_any_more_in_a_session_is_told_in_words() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(stranger()).unwrap();
        let head = crate::kit::read_head(&mut rustls::Stream::new(&mut tls, &mut stream));
        let answer = crate::kit::switching(&head);
        rustls::Stream::new(&mut tls, &mut stream).write_all(answer.as_bytes()).unwrap();
        // A record for which nobody has the key.
        stream.write_all(b"\x17\x03\x03\x00\x20not encrypted with any of our keys").unwrap();
        let _ = stream.read(&mut [0; 4096]);
    });
    let ran = tool().args(["-k", "-w", "5s", &url]).stdin("").run().code(5);
    ran.says("the server sent a record that was modified in transit");
}
