//! README and the guide are correct: their examples are run, their links lead somewhere, their options exist.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

mod kit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use regex::{Captures, Regex};

/// Separates the outputs of two commands.
const CUT: &str = "--8<--";

/// A port in the examples, which is a free port when they are run.
static PORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b8(?:0\d\d|443)\b").expect("it is one"));

/// What the pages name of other tools.
const OF_OTHERS: [&str; 4] = ["--pinnedpubkey", "--data-raw", "--data-binary", "--data-urlencode"];

/// Commands and what they print.
type Example = (String, String);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(page: &str) -> String {
    std::fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// README, and the pages that the guide's summary lists.
fn pages() -> Vec<String> {
    let summary = text("docs/SUMMARY.md");
    let link = Regex::new(r"\]\((.+?\.md)\)").expect("it is one");
    let listed = link.captures_iter(&summary).map(|link| format!("docs/{}", &link[1]));
    ["README.md".to_owned()].into_iter().chain(listed).collect()
}

/// The blocks of a kind, each with what is before it.
fn blocks<'t>(text: &'t str, kind: &str) -> Vec<(&'t str, &'t str)> {
    let fence = format!("```{kind}\n");
    let block = |(at, _)| {
        let body = &text[at + fence.len()..];
        (&text[..at], body.split_once("```").expect("it ends").0)
    };
    text.match_indices(&fence).map(block).collect()
}

/// The first block of this kind in the page about scripts.
fn block(kind: &str) -> String {
    blocks(&text("docs/scripts-in-ci.md"), kind).first().expect("the page has one").1.to_owned()
}

fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for line in blocks(&text(page), "console").iter().flat_map(|(_, block)| block.lines()) {
        match (line.strip_prefix("$ "), examples.last_mut()) {
            (Some(command), _) => examples.push((command.to_owned(), String::new())),
            (None, Some((_, output))) => writeln!(output, "{line}").expect("a String takes all"),
            (None, None) => panic!("{page}: output before a command: {line}"),
        }
    }
    examples
}

/// A port below those that the system gives to connections, so that none of them takes it meanwhile.
fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).expect("it is small") * 10;
    loop {
        let port = first + TAKEN.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A command, then, if it is a server in the background, a wait for its port, then the mark.
fn in_shell(command: &str, script: &mut String) {
    writeln!(script, "{command}\nstatus=$?").expect("a String takes all");
    // Its own is the last one of a relay.
    let port = PORT.find_iter(command).last().map(|port| port.as_str());
    if let Some(port) = port.filter(|_| command.contains("listen ") && command.ends_with('&')) {
        let tries = format!("(exec 3<>/dev/tcp/127.0.0.1/{port}) 2> /dev/null");
        writeln!(script, "until {tries}; do kill -0 $! || exit 9; sleep 0.02; done").expect("a String takes all");
    }
    // The next command may ask for the status of this one.
    writeln!(script, "echo '{CUT}'\n(exit $status)").expect("a String takes all");
}

/// `…` is anything in a line, or any lines if it stands alone.
fn expected(output: &str) -> Regex {
    let line = |line: &str| match line {
        "…" => "(?:.*\n)*?".to_owned(),
        _ => format!("{}\n", regex::escape(line).replace('…', ".*")),
    };
    Regex::new(&format!("^{}$", output.lines().map(line).collect::<String>())).expect("it is one")
}

/// Runs all examples of a page, one after the other, in one shell and one folder.
fn run(page: &str) {
    let examples = examples(page);
    if examples.iter().any(|(command, _)| command.contains("jq ")) && Command::new("jq").arg("-V").output().is_err() {
        return eprintln!("NOT RUN, there is no jq here: {page}");
    }
    let dir = kit::dir();
    std::os::unix::fs::symlink(root().join("examples"), dir.path().join("examples")).expect("it is a new folder");
    let text = text(page);
    for (before, block) in ["wsp", "json"].into_iter().flat_map(|kind| blocks(&text, kind)) {
        let name = before.rsplit('`').nth(1).expect("the name of the file stands before its text");
        std::fs::write(kit::path(&dir, name), block).expect("there is room for files");
    }
    // The shell is in a group of its own: all that it has started ends with it.
    let mut script = String::from("exec 2>&1\ntrap 'trap \"\" TERM; kill -TERM 0; wait' EXIT\n");
    examples.iter().for_each(|(command, _)| in_shell(command, &mut script));
    let mut ports = BTreeMap::new();
    let free = |port: &Captures<'_>| ports.entry(port[0].to_owned()).or_insert_with(|| free_port().to_string()).clone();
    let script = PORT.replace_all(&script, free).into_owned();
    let binary = Path::new(kit::binary()).parent().expect("it is in a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(script).current_dir(dir.path()).env("PATH", &path).stdin(Stdio::null()).process_group(0);
    // The examples have a home of their own.
    shell.env("HOME", dir.path()).env("XDG_CONFIG_HOME", dir.path().join("config"));
    shell.env("XDG_STATE_HOME", dir.path().join("state"));
    let printed = String::from_utf8(shell.output().expect("there is bash").stdout).expect("the examples print text");
    let printed = ports.iter().fold(printed, |printed, (port, free)| printed.replace(free, port));
    let printed: Vec<_> = printed.split(&format!("{CUT}\n")).collect();
    assert_eq!(printed.len(), examples.len() + 1, "{page} was not run to its end:\n{}", printed.join("\n"));
    for ((command, output), printed) in examples.iter().zip(printed) {
        assert!(expected(output).is_match(printed), "{page}: {command}\nprints\n{printed}\ninstead of\n{output}");
    }
}

#[test]
fn each_recipe_prints_what_the_readme_says() {
    assert!(examples("README.md").len() >= 9, "the recipes are found");
    run("README.md");
}

#[test]
fn each_example_prints_what_the_guide_says() {
    let guide: Vec<_> = pages().into_iter().filter(|page| page.starts_with("docs/")).collect();
    assert!(guide.iter().map(|page| examples(page).len()).sum::<usize>() >= 50, "the examples are found");
    std::thread::scope(|scope| {
        for page in &guide {
            scope.spawn(move || run(page));
        }
    });
}

/// The options that the help of a command names.
fn options(command: &[&str]) -> BTreeSet<String> {
    let help = kit::tool().args(command).arg("--help").run().out();
    let option = Regex::new("--[a-z0-9][a-z0-9-]*").expect("it is one");
    option.find_iter(&help).map(|option| option.as_str().to_owned()).collect()
}

#[test]
fn each_option_that_the_pages_name_exists() {
    let commands = ["listen", "run", "ping", "load", "check", "replay", "record-to-script", "import"];
    let of_all: BTreeSet<_> = commands.iter().flat_map(|&name| options(&[name])).chain(options(&[])).collect();
    let option = Regex::new("(?:^| )(--[a-z0-9][a-z0-9-]*)").expect("it is one");
    let code = Regex::new("`((?:wsprobe |--)[^`\n]+)`").expect("it is one");
    for page in pages().into_iter().filter(|page| page != "docs/measurements.md") {
        let text = text(&page);
        let lines = blocks(&text, "sh").into_iter().flat_map(|(_, block)| block.lines());
        let lines = lines.filter(|line| line.starts_with("wsprobe ")).map(str::to_owned);
        let inline = code.captures_iter(&text).map(|code| code[1].to_owned());
        for line in lines.chain(inline) {
            let command = commands.iter().find(|&&name| line.starts_with(&format!("wsprobe {name} ")));
            let known = command.map_or_else(|| of_all.clone(), |&name| options(&[name]));
            for option in option.captures_iter(&line) {
                let name = &option[1];
                assert!(known.contains(name) || OF_OTHERS.contains(&name), "{page}: `{line}`: there is no {name}");
            }
        }
    }
}

/// The headings of a page as they are in links.
fn anchors(text: &str) -> BTreeSet<String> {
    let kept = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == ' ';
    let slug = |title: &str| title.to_lowercase().chars().filter(|&c| kept(c)).collect::<String>().replace(' ', "-");
    text.lines().filter(|line| line.starts_with('#')).map(|line| slug(line.trim_start_matches('#').trim())).collect()
}

#[test]
fn each_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("it is one");
    let others = ["CONTRIBUTING.md", "BENCHMARKS.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md"];
    for page in pages().into_iter().chain(others.map(str::to_owned)).chain(["docs/SUMMARY.md".to_owned()]) {
        let folder = Path::new(&page).parent().map(Path::to_owned).unwrap_or_default();
        let text_of_page = text(&page);
        for link in link.captures_iter(&text_of_page).map(|link| link[1].to_owned()) {
            if link.contains("://") {
                assert!(link.starts_with("https://"), "{page}: {link}");
                continue;
            }
            let (file, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { PathBuf::from(&page) } else { folder.join(file) };
            assert!(root().join(&target).exists(), "{page}: {link} does not exist");
            let has = |anchor: &str| anchors(&text(target.to_str().expect("it is text"))).contains(anchor);
            assert!(anchor.is_none_or(has), "{page}: {link} is no heading");
        }
    }
}

#[test]
fn the_summary_lists_every_page_of_the_guide() {
    let listed: BTreeSet<_> = pages().into_iter().collect();
    for file in std::fs::read_dir(root().join("docs")).expect("a folder of ours") {
        let name = format!("docs/{}", file.expect("it can be read").file_name().to_string_lossy());
        assert!(!name.ends_with(".md") || name == "docs/SUMMARY.md" || listed.contains(&name), "{name} is not listed");
    }
}

#[test]
fn the_exit_statuses_are_those_of_the_manual() {
    let help = kit::tool().arg("--help").run().out();
    let statuses = help.split("Exit status:\n").nth(1).expect("the help tells them").split("\n\n").next().unwrap();
    assert_eq!(statuses.lines().count(), 10);
    let page = text("docs/scripts-in-ci.md");
    for line in statuses.lines() {
        let (code, meaning) = line.trim().split_once("  ").expect("a code and its meaning");
        let meaning = meaning
            .trim()
            .replace("--expect, --expect-json", "`--expect`, `--expect-json`")
            .replace("--compare", "`--compare`");
        assert!(page.contains(&format!("| {code} | {meaning} |")), "{line}");
    }
}

#[test]
fn a_failed_step_looks_as_the_readme_shows_it() {
    let server = kit::echo();
    let dir = kit::dir();
    let script = block("wsp").replace("\"id\":{{id}},\"text\":\"hello\"", "\"id\":7,\"text\":\"hallo\"");
    std::fs::write(kit::path(&dir, "chat.wsp"), script).expect("there is room for files");
    let url = format!("url=ws://127.0.0.1:{}", server.port());
    let mut tool = kit::tool().args(["run", "--var", &url, "--var", "tenant=blue", "chat.wsp"]);
    tool.command.current_dir(dir.path());
    let said = tool.run().code(1).stderr;
    let said: Vec<_> = said.lines().filter(|line| !line.starts_with("wsprobe: ")).collect();
    let timeless = |lines: &[&str]| {
        let time = Regex::new(r"\d+\.\d{3}s").expect("it is one");
        lines.iter().map(|line| time.replace(line, "TIME").trim_start().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(timeless(&said), timeless(&block("text").lines().collect::<Vec<_>>()));
}

#[test]
fn the_readme_has_two_screens_and_the_benchmarks_one() {
    for (page, most) in [("README.md", 120), ("BENCHMARKS.md", 48)] {
        let lines = text(page).lines().count();
        assert!(lines <= most, "{page} has {lines} lines of {most}");
    }
}

#[test]
fn the_benchmarks_are_those_that_were_measured() {
    let measured = text("docs/measurements.md");
    for row in text("BENCHMARKS.md").lines().filter(|line| line.starts_with('|')) {
        assert!(measured.lines().any(|line| line == row), "docs/measurements.md does not have {row}");
    }
}
