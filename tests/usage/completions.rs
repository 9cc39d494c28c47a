//! Completions, typed in the real shells; and what wsprobe tells them.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::kit;
use super::kit::pty::{Screen, on_terminal};
use super::kit::{daemon, dir, tool};
use portable_pty::CommandBuilder;

/// The candidates for the last of these words, without what they mean.
fn candidates(words: &[&str]) -> Vec<String> {
    let ran = tool().args(["generate", "candidates", "--"]).args(words).run().code(0).stderr("");
    ran.out().lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

/// The long options in a help text, at the beginning of a line as clap writes them.
fn long_options(help: &str) -> BTreeSet<String> {
    // Text that is wrapped may begin with an option too; it is indented further.
    let definitions = help.lines().filter(|line| !line.starts_with("        "));
    let names = definitions.filter_map(|line| {
        let option = line.trim_start();
        let option = if option.starts_with("--") {
            option
        } else {
            option.split_once(", ").filter(|(short, _)| short.len() == 2)?.1
        };
        let name = option.strip_prefix("--")?;
        Some(format!(
            "--{}",
            name.split(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c)).next()?.trim_end_matches('.')
        ))
    });
    names.filter(|name| name.len() > 2).collect()
}

#[test]
fn each_option_of_each_command_is_offered() {
    for command in [&[][..], &["demo"], &["listen"], &["run"], &["ping"], &["check"], &["replay"]] {
        let help = tool().args(command).arg("--help").run().code(0).out();
        let offered: BTreeSet<_> = candidates(&[command, &["--"]].concat()).into_iter().collect();
        let missing: Vec<_> = long_options(&help).difference(&offered).cloned().collect();
        assert!(missing.is_empty() && offered.len() > 10, "{command:?}: {missing:?} of {}", offered.len());
        // The same where others stand before.
        let later: BTreeSet<_> =
            candidates(&[command, &["-v", "--header", "A: b", "--"]].concat()).into_iter().collect();
        assert!(offered.is_subset(&later) || command == ["demo"], "{command:?}");
    }
}

#[test]
fn what_follows_depends_on_what_stands_before() {
    let is = |words: &[&str], expected: &[&str]| assert_eq!(candidates(words), expected, "{words:?}");
    is(&["lis"], &["listen"]);
    is(&["ws://h", "lis"], &[]);
    is(&["-v", "lis"], &[]);
    is(&["generate", "completions", ""], &["bash", "elvish", "fish", "powershell", "zsh"]);
    is(&["generate", "man", "rep"], &["replay"]);
    is(&["--output", ""], &["auto", "text", "hex", "base64", "raw"]);
    is(&["ws://h", "--output=h"], &["--output=hex"]);
    is(&["--compress", ""], &["auto", "off", "required"]);
    is(&["--color", "al"], &["always"]);
    is(&["--timestamps=u"], &["--timestamps=utc"]);
    is(&["--help", "t"], &["tls", "timing"]);
    is(&["listen", "--help", "l"], &["limits"]);
    is(&["help", "tl"], &["tls"]);
    // Its value would stand in the same word.
    is(&["-t", "--output", "r"], &["raw"]);
    is(&["-t"], &[]);
    is(&["check", "--only", "utf8/surr"], &["utf8/surrogate"]);
    is(&["run", "--report", "j"], &["junit", "json"]);
    is(&["--decode", "gzip,ms"], &["gzip,msgpack"]);
    is(&["listen", "--decode", "z"], &["zlib-stream"]);
    is(&["--encode", ""], &["msgpack", "cbor"]);
    is(&["--aws-sigv4", ""], &["aws:amz"]);
    is(&["--proxy", ""], &["http://", "https://", "socks5://", "socks5h://"]);
    is(&["--header", ""], &[]);
    is(&["--timeout", ""], &[]);
    // Paths are the shell's.
    for words in
        [&["--cacert", "x"][..], &["run", ""], &["replay", ""], &["listen", "--script", ""], &["--unix-socket", ""]]
    {
        assert_eq!(tool().args(["generate", "candidates", "--"]).args(words).run().out(), "\tfiles\t\n", "{words:?}");
    }
    assert_eq!(tool().args(["generate", "candidates", "--", "--cacert=x"]).run().out(), "\tfiles\t--cacert=\n");
    assert_eq!(tool().args(["generate", "candidates", "--new-word", "--", "run"]).run().out(), "\tfiles\t\n");
    // All commands begin a line, and no option does.
    let first = candidates(&[""]);
    assert!(first.contains(&"listen".to_owned()) && !first.iter().any(|word| word.starts_with('-')), "{first:?}");
}

#[test]
fn urls_of_the_history_are_offered_but_for_those_with_secrets() {
    let home = dir();
    let state = home.path().join("state/wsprobe");
    std::fs::create_dir_all(&state).expect("a folder");
    let history =
        "/connect wss://one.example/\nhello\n/connect wss://***@two.example/\n/connect wss://three.example/x\n";
    std::fs::write(state.join("history"), history).expect("a file");
    let told = |words: &[&str]| {
        let state = home.path().join("state");
        tool()
            .env("XDG_STATE_HOME", state.to_str().expect("UTF-8"))
            .args(["generate", "candidates", "--"])
            .args(words)
            .run()
            .out()
    };
    assert_eq!(told(&["wss://"]), "wss://three.example/x\nwss://one.example/\n");
    assert_eq!(told(&["ping", "-q", "wss://o"]), "wss://one.example/\n");
}

/// A folder with the program in `bin`, and files to be found.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = dir();
        std::fs::create_dir(dir.path().join("bin")).expect("a folder");
        symlink(kit::binary(), dir.path().join("bin/wsprobe")).expect("a link");
        std::fs::write(dir.path().join("my first test.wsp"), "").expect("a file");
        std::fs::write(dir.path().join("authority.pem"), "").expect("a file");
        let state = dir.path().join("state/wsprobe");
        std::fs::create_dir_all(&state).expect("a folder");
        std::fs::write(state.join("history"), "/connect wss://chat.example/room\n").expect("a file");
        Self { dir }
    }

    fn script(&self, shell: &str) -> PathBuf {
        let path = self.dir.path().join(format!("completions.{shell}"));
        let script = tool().args(["generate", "completions", shell]).run().code(0);
        std::fs::write(&path, &script.stdout).expect("a file");
        path
    }

    /// The shell on a terminal, as its user would start it.
    fn shell(&self, program: &str, args: &[&str]) -> Screen {
        let mut command = CommandBuilder::new(program);
        command.args(args);
        let path = format!("{}:{}", self.bin().display(), std::env::var("PATH").unwrap_or_default());
        on_terminal(command).size(60, 150).home(self.dir.path()).env("PATH", &path).env("LANG", "C.UTF-8").start()
    }

    fn bin(&self) -> PathBuf {
        self.dir.path().join("bin")
    }
}

/// What is typed, with a tab at its end, and what the shell makes of it.
const TYPED: &[(&str, &str)] = &[
    ("wsprobe lis", "wsprobe listen "),
    ("wsprobe listen --exe", "wsprobe listen --exec "),
    ("wsprobe -v ws://h/ --compress-o", "wsprobe -v ws://h/ --compress-options "),
    ("wsprobe --output he", "wsprobe --output hex "),
    ("wsprobe ws://h/ --output=ra", "wsprobe ws://h/ --output=raw "),
    ("wsprobe generate completions el", "wsprobe generate completions elvish "),
    ("wsprobe check --only utf8/surr", "wsprobe check --only utf8/surrogate "),
    ("wsprobe ping wss://ch", "wsprobe ping wss://chat.example/room "),
    ("wsprobe --cacert auth", "wsprobe --cacert authority.pem "),
    ("wsprobe listen --tls-cert=auth", "wsprobe listen --tls-cert=authority.pem "),
];

/// Types each line, looks at what the shell makes of it, and drops it.
#[track_caller]
fn all_complete(screen: &Screen, prompt: &str) {
    for (typed, completed) in TYPED {
        screen.keys(format!("{typed}\t"));
        // A character behind shows where the cursor is: after the space.
        screen.wait(completed, |screen| {
            let (row, column) = screen.cursor_position();
            let line = screen.rows(0, 150).nth(row.into()).unwrap_or_default();
            line.trim_end() == format!("{prompt}{}", completed.trim_end())
                && usize::from(column) == prompt.len() + completed.len()
        });
        screen.keys("\u{15}");
        screen.wait("an empty line", |screen| usize::from(screen.cursor_position().1) == prompt.len());
    }
}

#[test]
fn bash_completes() {
    let place = Place::new();
    let script = place.script("bash");
    let screen = place.shell("bash", &["--norc", "--noprofile", "-i"]);
    screen.keys(format!("PS1='$ '; source {}; clear\r", script.display()));
    screen.wait("a prompt", |screen| screen.contents().trim_end() == "$");
    all_complete(&screen, "$ ");
    screen.keys("wsprobe run my\t");
    screen.shows("$ wsprobe run my\\ first\\ test.wsp");
    screen.keys("\u{15}wsprobe --proxy ht\t\t\t");
    screen.shows("http://");
    assert!(!screen.contents().contains("authority.pem "), "{}", screen.contents());
}

#[test]
fn zsh_completes() {
    if !daemon::has("zsh") {
        return;
    }
    let place = Place::new();
    std::fs::rename(place.script("zsh"), place.bin().join("_wsprobe")).expect("it can be moved");
    let screen = place.shell("zsh", &["-f", "-i"]);
    let fpath = place.bin();
    screen.keys(format!(
        "PS1='$ '; fpath=({} $fpath); autoload -U compinit; compinit -u -d dump; clear\r",
        fpath.display()
    ));
    screen.wait("a prompt", |screen| screen.contents().trim_end() == "$");
    all_complete(&screen, "$ ");
    screen.keys("wsprobe run my\t");
    screen.shows("$ wsprobe run my\\ first\\ test.wsp");
    screen.keys("\u{15}wsprobe listen --max-\t");
    screen.shows("--max-clients");
    screen.shows("--max-message");
}

#[test]
fn zsh_completes_where_the_script_is_read_by_source() {
    if !daemon::has("zsh") {
        return;
    }
    let place = Place::new();
    let script = place.script("zsh");
    let screen = place.shell("zsh", &["-f", "-i"]);
    screen.keys(format!("PS1='$ '; autoload -U compinit; compinit -u -d dump; source {}; clear\r", script.display()));
    screen.wait("a prompt", |screen| screen.contents().trim_end() == "$");
    screen.keys("wsprobe lis\t");
    screen.shows("$ wsprobe listen");
}

#[test]
fn fish_completes() {
    if !daemon::has("fish") {
        return;
    }
    let place = Place::new();
    let script = place.script("fish");
    let path = format!("{}:{}", place.bin().display(), std::env::var("PATH").unwrap_or_default());
    let complete = |line: &str| {
        let mut fish = std::process::Command::new("fish");
        fish.args(["--no-config", "-c"]).arg(format!("source {}; complete -C {}", script.display(), quoted(line)));
        fish.current_dir(place.dir.path()).env("HOME", place.dir.path()).env("PATH", &path);
        let output = fish.env("XDG_STATE_HOME", place.dir.path().join("state")).output().expect("it runs");
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        said.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    for (typed, completed) in TYPED {
        let word = completed.trim_end().rsplit(' ').next().expect("a word");
        assert_eq!(complete(typed), [word], "{typed}");
    }
    assert_eq!(complete("wsprobe run my"), ["my first test.wsp"]);
    assert_eq!(complete("wsprobe --compress "), ["auto", "off", "required"]);
    assert_eq!(complete("wsprobe --timeout "), [""; 0]);
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

#[test]
fn elvish_completes() {
    if !daemon::has("elvish") {
        return;
    }
    let place = Place::new();
    let script = place.script("elvish");
    let rc = place.dir.path().join("rc.elv");
    std::fs::write(
        &rc,
        format!("set edit:prompt = {{ put '$ ' }}\nset edit:rprompt = {{ }}\neval (slurp < {})\n", script.display()),
    )
    .expect("a file");
    for (typed, completed) in TYPED {
        let screen = place.shell("elvish", &["-rc", rc.to_str().expect("UTF-8")]);
        screen.wait("a prompt", |screen| screen.contents().trim_end().ends_with('$'));
        screen.keys(format!("{typed}\t"));
        // Elvish quotes a word with `=`.
        let reads = |row: &str| row.replace('\'', "").trim_end() == format!("$ {}", completed.trim_end());
        screen.wait(completed, |screen| screen.rows(0, 150).any(|row| reads(&row)));
    }
}
