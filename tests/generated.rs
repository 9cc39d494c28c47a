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
fn the_man_page_of_scripts_is_good_troff() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("man/wsprobe.wsp.5");
    match std::process::Command::new("mandoc").args(["-Tlint", "-W", "warning"]).arg(page).output() {
        Ok(lint) => assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout)),
        Err(_) => eprintln!("SKIPPED: mandoc is not installed"),
    }
}

#[test]
fn the_man_pages_are_up_to_date_and_name_every_option() {
    same("man/wsprobe.1", &["generate", "man"]);
    let page = man(&["generate", "man"]);
    names_options(&page, &["--help"]);
    // Each command with options of its own has a page, which this one refers to.
    let commands: Vec<_> =
        page.split("wsprobe-").skip(1).filter_map(|rest| Some(rest.split_once("(1)")?.0.to_owned())).collect();
    assert!(commands.contains(&"listen".to_owned()), "{commands:?}");
    for command in commands {
        same(&format!("man/wsprobe-{command}.1"), &["generate", "man", &command]);
        names_options(&man(&["generate", "man", &command]), &[&command, "--help"]);
    }
    tool()
        .args(["generate", "man", "demo"])
        .run()
        .code(2)
        .says("`demo` has no manual page of its own; these commands do: listen");
}

fn man(args: &[&str]) -> String {
    tool().args(args).run().code(0).out().replace("\\-", "-")
}

#[track_caller]
fn names_options(page: &str, help: &[&str]) {
    let help = tool().args(help).run().code(0).out();
    let options = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
    for option in options {
        let name = option.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-').trim_start_matches("--");
        let name = name.split(['[', '=', '`']).next().unwrap_or_default();
        assert!(page.contains(&format!("--{name}")), "--{name} is not in the man page");
    }
}
