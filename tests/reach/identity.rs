//! Client certificates, shown to `openssl s_server`, which answers with what it saw.

use std::path::Path;

use crate::kit::daemon::{Daemon, has, openssl, s_server};
use crate::kit::pty::prompt;
use crate::kit::{Ran, Tool, binary, dir, tool};

/// A directory with an authority of clients, and a server that wants to see one of its certificates.
struct Door {
    dir: tempfile::TempDir,
    server: Daemon,
}

impl Door {
    fn new(versions: &[&str]) -> Self {
        Self::with(&[&["-verify_return_error"], versions].concat())
    }

    /// Whose server wants a certificate, and takes any.
    fn for_anybody() -> Self {
        Self::with(&[])
    }

    fn with(options: &[&str]) -> Self {
        let dir = dir();
        let at = |line: &str| openssl(dir.path(), line);
        at("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=clients");
        at("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.pem \
            -subj /CN=server -addext subjectAltName=IP:127.0.0.1");
        let file = |name: &str| dir.path().join(name).display().to_string();
        let mut args: Vec<String> = ["-www", "-Verify", "1"].map(str::to_owned).into();
        args.extend(
            ["-cert", &file("server.pem"), "-key", &file("server.key"), "-CAfile", &file("ca.pem")].map(str::to_owned),
        );
        args.extend(options.iter().map(ToString::to_string));
        let server = s_server(args);
        Self { dir, server }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Has the authority sign a certificate for the key.
    fn sign(&self, key: &str, certificate: &str) {
        openssl(
            self.path(),
            &format!("req -x509 -CA ca.pem -CAkey ca.key -key {key} -subj /CN=it-is-me -out {certificate}"),
        );
    }

    /// The tool, in the directory, so that file names are short.
    fn tool(&self) -> Tool {
        let mut tool = tool();
        tool.command.current_dir(self.path());
        tool.args(["--cacert", "server.pem"])
    }

    fn url(&self) -> String {
        format!("wss://127.0.0.1:{}/", self.server.port)
    }

    #[track_caller]
    fn lets_in(&self, args: &[&str]) {
        // It is not a WebSocket server: it refuses, with a page about the client.
        let ran = self.tool().args(args).args(["-v", &self.url()]).run().code(4);
        ran.says("the server answered 200").says("it-is-me");
    }

    #[track_caller]
    fn run(&self, args: &[&str], code: i32) -> Ran {
        let ran = self.tool().args(args).arg(self.url()).run().code(code).stdout("");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        ran
    }
}

#[test]
fn a_pem_key_may_have_any_form() {
    if !has("openssl") {
        return;
    }
    let door = Door::new(&[]);
    for (name, make) in [
        ("pkcs8-ec", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY"),
        ("pkcs8-ed25519", "genpkey -algorithm ED25519 -out KEY"),
        ("pkcs1", "genrsa -traditional -out KEY 2048"),
        ("sec1", "ecparam -genkey -name prime256v1 -noout -out KEY"),
        ("sec1-with-parameters", "ecparam -genkey -name prime256v1 -out KEY"),
    ] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        openssl(door.path(), &make.replace("KEY", &key));
        door.sign(&key, &certificate);
        door.lets_in(&["--cert", &certificate, "--key", &key]);
        let read = |name: &str| std::fs::read_to_string(door.path().join(name)).unwrap();
        for (both, content) in
            [("both.pem", read(&certificate) + &read(&key)), ("turned.pem", read(&key) + &read(&certificate))]
        {
            std::fs::write(door.path().join(both), content).unwrap();
            door.lets_in(&["--cert", both]);
        }
    }
}

#[test]
fn an_encrypted_key_takes_a_passphrase_from_a_file_or_the_environment() {
    if !has("openssl") {
        return;
    }
    let door = Door::new(&[]);
    openssl(door.path(), "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key");
    door.sign("plain.key", "me.pem");
    std::fs::write(door.path().join("pass"), "sesame\n").unwrap();
    for how in [
        "-v2 aes-256-cbc",
        "-v2 aes-128-cbc -v2prf hmacWithSHA1",
        "-v2 des3",
        "-scrypt",
        "-v1 PBE-SHA1-3DES",
        "-v1 PBE-SHA1-2DES",
    ] {
        openssl(door.path(), &format!("pkcs8 -topk8 -in plain.key -out locked.key -passout pass:sesame {how}"));
        let files = ["--cert", "me.pem", "--key", "locked.key", "--passphrase"];
        for passphrase in ["sesame", "@pass"] {
            door.lets_in(&[&files[..], &[passphrase]].concat());
        }
        door.tool().args(files).arg("env:PASS").args(["-v", &door.url()]).env("PASS", "sesame").run().says("it-is-me");
        let ran = door.run(&[&files[..], &["sesam"]].concat(), 2);
        ran.stderr("wsprobe: cannot use the certificate of `--cert`: `locked.key`: the passphrase is wrong\n");
    }
    // In a session of its own, so that the terminal of whoever runs the tests is out of reach.
    let mut setsid = std::process::Command::new("setsid");
    setsid.args(["--wait", binary(), "--cert", "me.pem", "--key", "locked.key", ":1"]);
    let ran = setsid.current_dir(door.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("without a terminal; use @FILE or env:NAME"), "{said}");
    assert!(said.ends_with(" (`--passphrase` takes them)\n"), "{said}");
}

#[test]
fn a_passphrase_that_was_not_given_is_asked_for_without_echo() {
    if !has("openssl") {
        return;
    }
    let door = Door::new(&[]);
    openssl(door.path(), "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key");
    door.sign("plain.key", "me.pem");
    openssl(door.path(), "pkcs8 -topk8 -in plain.key -out me.key -passout pass:sesame");
    openssl(door.path(), "pkcs12 -export -inkey plain.key -in me.pem -out me.p12 -passout pass:sesame");
    for (files, place) in [(&["--cert", "me.pem", "--key", "me.key"][..], "me.key"), (&["--cert", "me.p12"], "me.p12")]
    {
        let url = door.url();
        let args = [files, &["-v", "--cacert", "server.pem", &url]].concat();
        let mut screen = prompt(args).home(door.path()).start();
        screen.shows(&format!("passphrase of {place}:"));
        screen.wait("no echo", |_| !screen.echoes());
        screen.keys("sesame\n");
        assert_eq!(screen.code(), 4);
        let shown = String::from_utf8_lossy(&screen.stream()).into_owned();
        assert!(shown.contains("it-is-me") && !shown.contains("sesame"), "{shown}");
    }
}

#[test]
fn pkcs12_is_told_by_its_content_whatever_wrote_it() {
    if !has("openssl") {
        return;
    }
    let door = Door::new(&[]);
    openssl(door.path(), "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out me.key");
    door.sign("me.key", "me.pem");
    let windows =
        "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -iter 2000 -LMK -keyex -name te-4f1c -CSP Microsoft";
    for how in [
        "",
        "-certfile ca.pem",
        "-legacy",
        windows,
        "-macalg sha384",
        "-macalg sha512 -maciter",
        "-nomaciter",
        "-keypbe PBE-SHA1-2DES -certpbe PBE-SHA1-RC2-128 -provider legacy -provider default",
        "-keypbe NONE -certpbe NONE -nomac",
        "-keypbe NONE -certpbe NONE",
        "-keypbe AES-128-CBC -certpbe AES-128-CBC -iter 1",
    ] {
        for (passphrase, args) in [("schlüssel", &["--passphrase", "schlüssel"][..]), ("", &[])] {
            let line = format!("pkcs12 -export -inkey me.key -in me.pem -out me.dat -passout pass:{passphrase} {how}");
            openssl(door.path(), line.trim());
            door.lets_in(&[&["--cert", "me.dat"], args].concat());
        }
    }
    openssl(door.path(), "pkcs12 -export -inkey me.key -in me.pem -out me.p12 -passout pass:sesame");
    let ran = door.run(&["--cert", "me.p12", "--passphrase", "sesam"], 2);
    ran.stderr("wsprobe: cannot use the certificate of `--cert`: `me.p12`: the passphrase is wrong\n");
    let changed =
        "`me.p12`: the passphrase is wrong, or the file was changed after it was made: its MAC does not match\n";
    // Nothing is encrypted here, so that nothing else tells.
    openssl(
        door.path(),
        "pkcs12 -export -inkey me.key -in me.pem -out me.p12 -passout pass:sesame -keypbe NONE -certpbe NONE",
    );
    door.run(&["--cert", "me.p12", "--passphrase", "sesam"], 2).says(changed);
    door.lets_in(&["--cert", "me.p12", "--passphrase", "sesame"]);
    openssl(door.path(), "pkcs12 -export -inkey me.key -in me.pem -out me.p12 -passout pass:sesame -name friendly");
    let mut bytes = std::fs::read(door.path().join("me.p12")).unwrap();
    let sealed = bytes.windows(4).position(|four| four == b"\0f\0r").unwrap();
    bytes[sealed + 1] = b'g';
    std::fs::write(door.path().join("me.p12"), bytes).unwrap();
    door.run(&["--cert", "me.p12", "--passphrase", "sesame"], 2).says(changed);
    for (key, protection) in [("-keypbe PBE-SHA1-RC4-128", "RC4"), ("-macalg md5", "a kind of MAC")] {
        let make = "pkcs12 -export -inkey me.key -in me.pem -out me.p12 -passout pass:sesame -provider legacy";
        openssl(door.path(), &format!("{make} -provider default {key}"));
        door.run(&["--cert", "me.p12", "--passphrase", "sesame"], 2).says(&format!(
            "`me.p12`: it is protected by {protection}, which wsprobe does not support; convert it with `openssl pkcs12`"
        ));
    }
    openssl(door.path(), "pkcs12 -export -nokeys -in me.pem -out keyless.p12 -passout pass:");
    door.run(&["--cert", "keyless.p12"], 2).says(
        "`keyless.p12`: it contains no private key; name the file of the key \
        with --key",
    );
    door.lets_in(&["--cert", "keyless.p12", "--key", "me.key"]);
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_before_a_socket_opens() {
    if !has("openssl") {
        return;
    }
    let door = Door::new(&[]);
    openssl(door.path(), "genrsa -traditional -out me.key 2048");
    door.sign("me.key", "me.pem");
    openssl(door.path(), "rsa -traditional -aes128 -passout pass:x -in me.key -out old.key");
    for (name, content) in [
        ("empty", ""),
        ("bad.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
        ("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ] {
        std::fs::write(door.path().join(name), content).unwrap();
    }
    for (args, said) in [
        (&["--cert", "me.pem"][..], "`me.pem`: it contains no private key; name the file of the key with --key"),
        (&["--cert", "me.pem", "--key", "server.key"], "`server.key`: the key does not belong to the certificate"),
        (&["--cert", "me.pem", "--key", "me.pem"], "`me.pem`: it contains no private key"),
        (
            &["--cert", "me.pem", "--key", "old.key"],
            "`old.key`: its key uses an obsolete encryption; convert it with `openssl pkcs8",
        ),
        (&["--cert", "me.key"], "`me.key`: it contains no certificate, neither in PEM nor in PKCS #12"),
        (&["--cert", "empty"], "`empty`: it contains no certificate"),
        (&["--cert", "bad.pem"], "`bad.pem`: its PEM is broken: a section is not base64\n"),
        (&["--cert", "broken.pem", "--key", "me.key"], "`me.key`: the certificate is broken\n"),
        (&["--cert", "nowhere"], "`nowhere`: No such file"),
        (&["--cert", "me.pem", "--key", "nowhere"], "`nowhere`: No such file"),
    ] {
        let ran = door.tool().args(args).arg("wss://127.0.0.1:1").run().code(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        ran.says(&format!("wsprobe: cannot use the certificate of `--cert`: {said}"));
    }
    tool().args(["--key", "x", ":1"]).run().code(2).says("--cert");
}

#[test]
fn a_server_that_misses_or_dislikes_our_certificate_is_a_failure_of_tls() {
    if !has("openssl") {
        return;
    }
    for version in ["-tls1_3", "-tls1_2"] {
        let door = Door::new(&[version]);
        door.run(&[], 3).says("TLS with `127.0.0.1` failed: ").says("certificate from us").says("--cert FILE");
        openssl(door.path(), "req -x509 -newkey ed25519 -nodes -keyout other.key -out other.pem -subj /CN=stranger");
        let ran = door.run(&["--cert", "other.pem", "--key", "other.key"], 3);
        ran.says(
            "TLS with `127.0.0.1` failed: the server does not trust the authority that signed our certificate (alert \
             unknown_ca)",
        )
        .says("(the file of --cert may lack the chain up to an authority that it knows)\n");
    }
}

#[test]
fn what_other_programs_wrote_is_read_and_a_wrong_passphrase_is_told_as_such() {
    if !has("openssl") {
        return;
    }
    let door = Door::for_anybody();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reach/pkcs12");
    for name in ["keytool-ec", "keytool-legacy-ec", "dotnet-like", "pbmac1-256-256", "pbmac1-512-256"] {
        let file = files.join(format!("{name}.p12")).display().to_string();
        door.lets_in(&["--cert", &file, "--passphrase", "sesame"]);
        for wrong in ["sesam", ""] {
            let ran = door.run(&["--cert", &file, "--passphrase", wrong], 2);
            ran.stderr(&format!(
                "wsprobe: cannot use the certificate of `--cert`: `{file}`: the passphrase is wrong\n"
            ));
        }
    }
}

#[test]
fn a_key_without_its_public_half_is_completed_from_the_certificate_in_every_form() {
    if !has("openssl") {
        return;
    }
    let door = Door::new(&[]);
    for curve in ["P-256", "P-384"] {
        openssl(door.path(), &format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{curve} -out me.key"));
        door.sign("me.key", "me.pem");
        openssl(door.path(), "ec -in me.key -no_public -out bare.key");
        openssl(door.path(), "pkcs8 -topk8 -nocrypt -in bare.key -out bare8.key");
        openssl(door.path(), "pkcs8 -topk8 -in bare.key -out locked.key -passout pass:x -v1 PBE-SHA1-3DES");
        for key in ["bare.key", "bare8.key", "locked.key"] {
            door.lets_in(&["--cert", "me.pem", "--key", key, "--passphrase", "x"]);
        }
        let ran = door.run(&["--cert", "ca.pem", "--key", "bare.key"], 2);
        ran.says("`bare.key`: its key lacks the public half, and belongs to none of the given certificates\n");
    }
}

#[test]
fn a_certificate_of_version_1_is_shown_and_a_key_that_cannot_sign_is_refused_in_words() {
    if !has("openssl") {
        return;
    }
    let door = Door::for_anybody();
    let make = |key: &str| {
        openssl(door.path(), &format!("req -newkey {key} -nodes -keyout me.key -out me.csr -subj /CN=it-is-me"));
        openssl(door.path(), "x509 -req -in me.csr -signkey me.key -days 30 -out me.pem");
    };
    make("rsa:2048");
    door.lets_in(&["--cert", "me.pem", "--key", "me.key"]);
    for (key, said) in [
        ("rsa:1024", "its RSA key has 1024 bits, but wsprobe supports 2048 to 4096"),
        ("ec -pkeyopt ec_paramgen_curve:P-521", "its key is on the curve P-521, but wsprobe supports P-256 and P-384"),
    ] {
        make(key);
        door.run(&["--cert", "me.pem", "--key", "me.key"], 2).says(&format!("`me.key`: {said}\n"));
    }
}
