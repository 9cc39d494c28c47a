//! Profiles: `@NAME`, hosts and defaults of a file, and `wsprobe profile`.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::kit;
use super::kit::http::{self, Http};
use super::kit::listening::Listening;
use super::kit::{Tool, dir, echo, tool, url};

/// A home with a file of profiles.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new(config: &str) -> Self {
        let home = Self { dir: dir() };
        std::fs::create_dir_all(home.file().parent().expect("a folder")).expect("a folder");
        std::fs::write(home.file(), config).expect("a file");
        home.readable_by(0o600);
        home
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("wsprobe/config.toml")
    }

    fn readable_by(&self, mode: u32) {
        std::fs::set_permissions(self.file(), std::fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file()).expect("a file")
    }

    fn tool(&self) -> Tool {
        tool().env("XDG_CONFIG_HOME", self.dir.path()).env("HOME", self.dir.path())
    }
}

#[test]
fn a_profile_is_a_url_and_options_that_the_command_line_overrides() {
    let server = Http::welcoming();
    let home = Home::new(&format!(
        "[profile.base]\nheader = [\"X-Tenant: blue\", \"X-Far: far\"]\nuser-agent = \"base\"\n\n\
         [profile.prod]\nextends = \"base\"\nurl = \"{}\"\nbearer = \"env:TOKEN\"\nheader = \"x-far: near\"\n\n\
         [host.\"127.*\"]\norigin = \"https://host.example\"\n\n[defaults]\nuser-agent = \"default\"\n",
        server.url("/api?v=1")
    ));
    let request = |args: &[&str]| {
        home.tool().env("TOKEN", "abc").args(args).run().code(0).stdout("hi\n");
        server.head()
    };
    let head = request(&["@prod/chat"]);
    assert_eq!(http::resource(&head), "/api/chat?v=1");
    for line in [
        "Authorization: Bearer abc",
        "X-Tenant: blue",
        "x-far: near",
        "User-Agent: base",
        "Origin: https://host.example",
    ] {
        assert!(head.contains(&format!("{line}\r\n")), "{line}: {head}");
    }
    assert!(!head.contains("X-Far: far"), "{head}");
    // What was typed is nearer than any section, and a header adds to those of other names.
    let head = request(&["@prod", "-u", "me:pw", "-H", "X-Tenant: red", "--user-agent=mine"]);
    for line in ["Authorization: Basic bWU6cHc=", "X-Tenant: red", "x-far: near", "User-Agent: mine"] {
        assert!(head.contains(&format!("{line}\r\n")), "{line}: {head}");
    }
    assert!(!head.contains("blue") && !head.contains("Bearer"), "{head}");
    // Hosts and defaults hold for URLs too, unless no file is read.
    let head = request(&[&server.url("/")]);
    assert!(head.contains("User-Agent: default\r\n") && head.contains("Origin: https://host.example\r\n"), "{head}");
    let head = request(&["--no-config", &server.url("/")]);
    assert!(head.contains("User-Agent: wsprobe/") && !head.contains("Origin"), "{head}");
    // wscat's way to say it.
    for words in [&["-c", "@prod"][..], &["--connect=@prod"], &["-c@prod"]] {
        assert_eq!(http::resource(&request(words)), "/api?v=1", "{words:?}");
    }
}

#[test]
fn each_command_that_connects_takes_a_profile() {
    let server = echo();
    let config = format!(
        "[profile.here]\nurl = \"{}\"\nconnect-timeout = \"9s\"\n[defaults]\nmax-message = \"7\"\n",
        url(&server)
    );
    let home = Home::new(&config);
    home.tool().args(["@here", "-x", "hi"]).run().code(0).stdout("hi\n");
    let ran = home.tool().args(["ping", "@here", "--count", "1", "-v"]).run().code(0);
    ran.says(&format!("from [profile.here] of {}: --connect-timeout", home.file().display()));
    home.tool().args(["check", "--only", "control/ping", "@here"]).run().code(0);
    let record = home.dir.path().join("record");
    home.tool().args(["--record", record.to_str().expect("UTF-8"), "-x", "a", "@here"]).run().code(0);
    home.tool().args(["replay", record.to_str().expect("UTF-8"), "@here"]).run().code(0).stdout("a\n");
    // For a script, the URL is a variable; defaults hold only where their file is named.
    let script = home.dir.path().join("a.wsp");
    std::fs::write(&script, "connect {{url}}\nsend text 12345678\nexpect text 12345678\n").expect("a file");
    let script = script.to_str().expect("UTF-8");
    home.tool().args(["run", "@here", script]).run().code(0);
    home.tool().args(["run", "--var", &format!("url={}", url(&server)), script]).run().code(0);
    home.tool()
        .args(["run", "@here", "--config", home.file().to_str().expect("UTF-8"), script])
        .run()
        .code(1)
        .says("larger than 7 bytes");
}

#[test]
fn a_relay_takes_a_profile_for_its_server() {
    let server = Http::welcoming();
    let home = Home::new(&format!(
        "[profile.app]\nurl = \"{}\"\nheader = \"X-Tenant: blue\"\norigin = \"https://app.example\"\n\
         [defaults]\nuser-agent = \"default\"\n",
        server.url("/api")
    ));
    for words in [&["--forward", "@app/ws"][..], &["--forward=@app/ws"]] {
        let relay = Listening::of(home.tool().args(["listen", "127.0.0.1:0"]).args(words).start());
        tool().args(["-q", "-w", "0", "-x", "hi", &relay.url()]).run();
        let head = server.head();
        assert_eq!(http::resource(&head), "/api/ws");
        for line in ["X-Tenant: blue", "origin: https://app.example", "User-Agent: default"] {
            assert!(head.contains(&format!("{line}\r\n")), "{line}: {head}");
        }
    }
    // A server that ends here connects to nobody, and reads no profiles.
    let home = Home::new("[defaults]\nnonsense = 1\n");
    Listening::of(home.tool().args(["listen", "--echo", "127.0.0.1:0"]).start());
    home.tool().args(["listen", "--forward", ":1", "127.0.0.1:0"]).run().code(2).says("there is no option `nonsense`");
}

#[test]
fn what_is_wrong_with_the_file_is_told_before_anything_connects() {
    for (config, args, words) in [
        ("[profile.prod]\nurl = \":1\"\n", &["@prd"][..], "did you mean `@prod`?"),
        ("[profile.prod]\nbearer = \"env:A\"\n", &["@prod"], "[profile.prod] in"),
        (
            "[profile.a]\nurl = \":1\"\nheder = \"A: b\"\n",
            &["@a"],
            "config.toml:3: there is no option `heder`; did you mean `header`?",
        ),
        ("[profile.a]\nurl = \":1\"\nconfig = \"x\"\n", &["@a"], "there is no option `config`"),
        (
            "[profile.a]\nurl = \":1\"\ntoken = \"x\"\n",
            &["@a"],
            "config.toml:3: there is no option `token`; did you mean `bearer`?\n",
        ),
        ("[defaults]\npassword = \"x\"\n", &[":1"], "`password`; did you mean `user`? (it takes `NAME:PASS`)\n"),
        ("[profile.a]\nuri = \":1\"\n", &["@a"], "there is no option `uri`; did you mean `url`?\n"),
        ("[defaults]\nuri = \":1\"\n", &[":1"], "there is no option `uri`\n"),
        ("[profile.a\n", &[":1"], "config.toml:1: this is not TOML"),
        ("[profile.a]\nurl = \":1\"\nextends = \"a\"\n", &["@a"], "extends itself"),
        ("[profile.a]\nurl = \":1\"\ntls-min = \"9\"\n", &["@a"], "(with options from [profile.a]"),
        ("[profile.a]\nurl = \":1\"\nbearer = \"cmd:exit 3\"\n", &["@a"], "the command for `bearer` failed"),
        ("[profile.a]\nurl = \":1\"\nbearer = \"cmd:true\"\n", &["@a"], "printed nothing"),
        ("", &["@a", "--no-config"], "`--no-config` reads no file of profiles"),
    ] {
        Home::new(config).tool().args(args).run().code(2).says(words);
    }
    tool().arg("@a").run().code(2).says("there is no home with a file of profiles");
    let nowhere = dir();
    tool().env("XDG_CONFIG_HOME", nowhere.path()).arg("@a").run().code(2).says("cannot read the file of profiles `");
}

#[test]
fn secrets_come_from_places_or_from_a_file_that_nobody_else_reads() {
    let server = Http::welcoming();
    let header = |line: &str| {
        let home = Home::new(&format!("[profile.a]\nurl = \"{}\"\n{line}\n", server.url("/")));
        std::fs::write(home.dir.path().join("wsprobe/token"), "filed\n").expect("a file");
        std::fs::write(home.dir.path().join("token"), "homely\n").expect("a file");
        home.tool().env("TOKEN", "varied").arg("@a").run().code(0);
        server.head()
    };
    for (line, expected) in [
        ("bearer = \"env:TOKEN\"", "Authorization: Bearer varied\r\n"),
        ("bearer = \"@token\"", "Authorization: Bearer filed\r\n"),
        ("bearer = \"@~/token\"", "Authorization: Bearer homely\r\n"),
        ("bearer = \"cmd:echo said; echo more\"", "Authorization: Bearer said\r\n"),
        // What a command says is data, even if it looks like a place.
        ("bearer = \"cmd:echo env:TOKEN\"", "Authorization: Bearer env:TOKEN\r\n"),
        ("bearer = \"literal\"", "Authorization: Bearer literal\r\n"),
        ("header = \"X-Api-Key: cmd:echo said\"", "X-Api-Key: said\r\n"),
        ("header = \"X-Api-Key: env:TOKEN\"", "X-Api-Key: varied\r\n"),
        ("header = \"X-Api-Key: @~/token\"", "X-Api-Key: homely\r\n"),
    ] {
        let head = header(line);
        assert!(head.contains(expected), "{line}: {head}");
    }
    for (line, is_secret) in [
        ("bearer = \"literal\"", true),
        ("user = \"me:secret\"", true),
        ("header = \"X-Api-Key: literal\"", true),
        ("cookie = \"a=b\"", true),
        ("bearer = \"cmd:echo x\"", false),
        ("header = \"X-Tenant: blue\"", false),
    ] {
        let home = Home::new(&format!("[profile.a]\nurl = \"{}\"\n{line}\n", server.url("/")));
        home.readable_by(0o640);
        let ran = home.tool().arg("@a").run();
        if is_secret {
            ran.code(2).says("is a secret that others can read");
        } else {
            ran.code(0);
        }
    }
    let home = Home::new("[profile.a]\nurl = \"ws://me:secret@127.0.0.1:1/\"\n");
    home.readable_by(0o644);
    home.tool().arg("@a").run().code(2).says("`url` in");
}

#[test]
fn nothing_is_read_from_the_working_directory() {
    let server = Http::welcoming();
    let place = dir();
    std::fs::create_dir(place.path().join("wsprobe")).expect("a folder");
    std::fs::write(place.path().join("wsprobe/config.toml"), "[defaults]\nuser-agent = \"here\"\n").expect("a file");
    // A relative path is no home (XDG Base Directory Specification).
    let script = format!("cd {} && exec \"$@\"", place.path().display());
    kit::tool_in_shell(&script).env("XDG_CONFIG_HOME", ".").arg(server.url("/")).run().code(0);
    assert!(server.head().contains("User-Agent: wsprobe/"));
}

#[test]
fn profiles_are_added_listed_shown_and_removed() {
    let home = Home::new("");
    std::fs::remove_file(home.file()).expect("it is there");
    let profile = |args: &[&str]| home.tool().arg("profile").args(args).run();
    profile(&["list"]).code(0).stdout("");
    profile(&["add", "one", "wss://one.example/?token=abc", "-H", "X-A: \"b\"", "-k", "--reply", "a", "b"])
        .code(0)
        .stdout("")
        .stderr("");
    let mode = std::fs::metadata(home.file()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    profile(&["add", "two", ":8080", "-u", "me:secret"]).code(0);
    profile(&["list"]).code(0).stdout("@one  wss://one.example/?token=***\n@two  :8080\n");
    profile(&["show", "two"]).code(0).stdout("[profile.two]\nurl = \":8080\"\nuser = \"me:***\"\n");
    let shown = profile(&["show", "@one"]).code(0).out();
    assert_eq!(
        shown,
        "[profile.one]\nurl = \"wss://one.example/?token=***\"\nreply = [[\"a\", \"b\"]]\nheader = \"X-A: \\\"b\\\"\"\ninsecure = true\n"
    );
    profile(&["add", "two", ":1"]).code(2).says("there is a profile `two`; `wsprobe profile remove two` removes it");
    profile(&["add", "a b", ":1"]).code(2).says("invalid name `a b`");
    profile(&["add", "three", "ftp://x"]).code(2).says("invalid URL");
    profile(&["remove", "three"]).code(2).says("there is no [profile.three]");
    // Others' lines, comments among them, stay.
    std::fs::write(home.file(), format!("# mine\n{}\n[defaults]\npretty = \"never\" # so\n", home.text()))
        .expect("a file");
    profile(&["remove", "one"]).code(0).stdout("");
    let text = home.text();
    assert!(
        text.starts_with("# mine\n[profile.two]\n") && text.ends_with("[defaults]\npretty = \"never\" # so\n"),
        "{text}"
    );
    assert!(!text.contains("one.example"), "{text}");
    // No secret goes into a file that others read.
    home.readable_by(0o644);
    profile(&["add", "four", ":1", "--bearer", "abc"]).code(2).says("is a secret that others can read");
    profile(&["add", "four", ":1", "--bearer", "env:ABC"]).code(0);
    let mode = std::fs::metadata(home.file()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn names_of_profiles_complete() {
    let home = Home::new("[profile.prod]\nurl = \":1\"\n[profile.test]\nurl = \":1\"\n");
    let ran = home.tool().args(["generate", "candidates", "--", "ping", "@"]).run().code(0);
    ran.stdout("@prod\n@test\n");
}

#[test]
fn the_file_of_a_message_is_beside_the_profiles() {
    let server = echo();
    let home = Home::new(&format!(
        "[profile.a]\nurl = \"{0}\"\nexecute = \"@login.json\"\n\n[profile.b]\nurl = \"{0}\"\nfile = \"login.json\"\n\n\
         [profile.c]\nurl = \"{0}\"\nexecute = \"@@login.json\"\n",
        url(&server)
    ));
    std::fs::write(home.file().with_file_name("login.json"), "{}\n").expect("a file");
    for (profile, sent) in [("@a", "{}\n"), ("@b", "{}\n"), ("@c", "@login.json\n")] {
        home.tool().args(["-q", "-1", profile]).run().code(0).stdout(sent);
    }
}
