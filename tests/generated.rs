//! What is generated from the command line's definition and committed is what the binary writes now.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

mod kit;

use std::path::Path;

use kit::tool;

/// Compares a committed file with a fresh run; `WSPROBE_UPDATE=1 cargo test --test generated` writes it.
#[track_caller]
fn same(file: &str, args: &[&str]) {
    let fresh = tool().args(args).run().code(0).stderr("");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("WSPROBE_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the checkout can be written");
        std::fs::write(&path, &fresh.stdout).expect("the checkout can be written");
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    assert!(committed == fresh.stdout, "{file} is not what `wsprobe {}` writes now", args.join(" "));
}

#[test]
fn completions_are_up_to_date() {
    for (shell, file) in [
        ("bash", "completions/wsprobe.bash"),
        ("zsh", "completions/_wsprobe"),
        ("fish", "completions/wsprobe.fish"),
        ("powershell", "completions/_wsprobe.ps1"),
        ("elvish", "completions/wsprobe.elv"),
    ] {
        same(file, &["generate", "completions", shell]);
    }
}

#[test]
fn the_man_page_is_up_to_date_and_names_every_option() {
    same("man/wsprobe.1", &["generate", "man"]);
    let page = tool().args(["generate", "man"]).run().out().replace("\\-", "-");
    let help = tool().arg("--help").run().out();
    let options = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
    for option in options {
        let name = option.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-').trim_start_matches("--");
        let name = name.split(['[', '=', '`']).next().unwrap_or_default();
        assert!(page.contains(&format!("--{name}")), "--{name} is not in the man page");
    }
}
