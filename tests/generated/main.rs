//! What is generated from the command line's definition and committed is what the binary writes now.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

#[path = "../kit/mod.rs"]
mod kit;

mod picture;

use std::path::Path;

use kit::tool;

/// Compares a committed file with a fresh run; `WSPROBE_UPDATE=1 cargo test --test generated` writes it.
#[track_caller]
fn same(file: &str, args: &[&str]) {
    let fresh = tool().args(args).run().code(0).stderr("").stdout;
    same_text(file, &fresh, &format!("`wsprobe {}`", args.join(" ")));
}

#[track_caller]
fn same_text(file: &str, fresh: &[u8], source: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("WSPROBE_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the checkout can be written");
        std::fs::write(&path, fresh).expect("the checkout can be written");
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    assert!(
        committed == fresh,
        "{file} is not what {source} has now; `WSPROBE_UPDATE=1 cargo test --test generated` writes it",
    );
}

#[test]
fn the_names_of_options_are_known_without_their_definitions() {
    same_text(
        "src/cli/options/names.txt",
        wsprobe::testing::option_names().as_bytes(),
        "the definition of the options",
    );
}

#[test]
fn each_shell_gets_its_script() {
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

/// The pages of the manual: their names and what they say.
fn pages() -> Vec<(String, String)> {
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("man")).expect("a folder of ours");
    let page = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.expect("it can be read").path();
        let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).expect("it is text"))
    };
    files.map(page).collect()
}

#[test]
fn mandoc_has_nothing_to_complain_about_in_the_man_pages() {
    let man = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    for (name, _) in pages() {
        match std::process::Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(man.join(&name)).output() {
            Ok(lint) => assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout)),
            Err(_) => return eprintln!("SKIPPED: mandoc is not installed"),
        }
    }
}

#[test]
fn each_man_page_has_the_sections_that_a_reader_looks_for() {
    let mut dates = std::collections::BTreeSet::new();
    for (name, page) in pages() {
        let title: Vec<_> = page.lines().next().expect("it has a title").split('"').collect();
        let words: Vec<_> = title[0].split_whitespace().collect();
        assert_eq!(words[1].to_lowercase(), name.rsplit_once('.').expect("a section").0, "{name}");
        assert!(title.contains(&concat!("wsprobe ", env!("CARGO_PKG_VERSION"))), "{name}: {title:?}");
        dates.insert(
            page.lines().next().and_then(|line| line.split_whitespace().nth(3)).map(|date| date.replace('"', "")),
        );
        for section in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"]
        {
            let heading = |line: &str| line.strip_prefix(".SH ").map(|title| title.trim_matches('"').to_owned());
            assert!(page.lines().filter_map(heading).any(|title| title == section), "{name} has no section {section}");
        }
        let command = name.trim_end_matches(".1").replace('-', " ");
        assert!(
            !page.replace("\\-", "-").contains(&format!("{command} --help")),
            "{name} sends its reader to the help"
        );
    }
    assert_eq!(dates.len(), 1, "the pages have one date: {dates:?}");
    assert!(dates.iter().flatten().all(|date| date.len() == "2026-11-28".len()), "{dates:?}");
}

#[test]
fn the_man_pages_are_up_to_date_and_name_every_option() {
    same("man/wsprobe.1", &["generate", "man"]);
    let page = man(&["generate", "man"]);
    names_options(&page, &["--help"]);
    // Each command with options of its own has a page, which this one refers to.
    let commands: Vec<_> = page
        .split("wsprobe-")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("(1)")?.0.to_owned()))
        .filter(|name| !name.contains(['(', ' ']))
        .collect();
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

#[test]
fn the_page_about_records_is_up_to_date_and_explains_each_field_of_the_schema() {
    same("man/wsprobe-json.5", &["generate", "man", "json"]);
    same("src/cli/schema.json", &["generate", "schema"]);
    let page = man(&["generate", "man", "json"]);
    let schema: serde_json::Value =
        serde_json::from_str(&tool().args(["generate", "schema"]).run().code(0).out()).unwrap();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        assert!(page.contains(&format!(".SS \"{name}\"")), "{name}");
        for (field, of) in definition["properties"].as_object().unwrap() {
            assert!(page.contains(&format!("\n{field} (")), "{name}: {field}");
            let is_explained = of["description"].is_string() || of["$ref"].is_string() || of["const"].is_string();
            assert!(is_explained || name == "percentiles" || name == "times", "{name}: {field} is not explained");
        }
    }
}

fn man(args: &[&str]) -> String {
    tool().args(args).run().code(0).out().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
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
