//! The README is correct: its recipes are run, its exit statuses are those of the manual.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

mod kit;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use kit::{Client, Said, Server};

const README: &str = include_str!("../README.md");

/// Separates the outputs of two commands.
const CUT: &str = "--8<--";

/// Commands and what they print.
type Recipe<'r> = Vec<(&'r str, String)>;

/// The first block of this kind.
fn block(kind: &str) -> &'static str {
    let block = README.split(&format!("```{kind}\n")).nth(1).and_then(|rest| rest.split("```").next());
    block.expect("the README has one")
}

fn recipes() -> Vec<Recipe<'static>> {
    let blocks = README.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let recipe = |block: &'static str| {
        let mut recipe: Recipe<'static> = Vec::new();
        for line in block.lines() {
            match (line.strip_prefix("$ "), recipe.last_mut()) {
                (Some(command), _) => recipe.push((command, String::new())),
                (None, Some((_, output))) => writeln!(output, "{line}").expect("a String takes all"),
                (None, None) => panic!("output before a command: {line}"),
            }
        }
        recipe
    };
    blocks.map(recipe).collect()
}

/// Echoes; at /headers it sends the request's headers, at /ticks it sends three messages and closes.
async fn serve(client: Client) {
    match client.resource() {
        "/headers" => {
            let fields = ["authorization", "x-tenant", "sec-websocket-protocol"];
            let shown = fields.map(|name| format!("{name}: {}", client.header(name).unwrap_or("none")));
            client.text(&shown.join(", ")).await;
        }
        "/ticks" => {
            for tick in ["one", "two", "three"] {
                client.text(tick).await;
            }
            return client.close(1000, "").await;
        }
        _ => {}
    }
    while let Some(said) = client.next().await {
        match said {
            Said::Text(text) => client.text(&text).await,
            Said::Binary(data) => client.binary(&data).await,
            _ => {}
        }
    }
}

#[test]
fn each_recipe_prints_what_the_readme_says() {
    let plain = Server::start(serve).expect("there are free ports");
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("rcgen makes keys");
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], certified.signing_key.into())
        .expect("the key fits the certificate");
    let secure = Server::start_tls(config.into(), serve).expect("there are free ports");
    let dir = kit::dir();
    std::fs::write(kit::path(&dir, "ca.pem"), certified.cert.pem()).expect("there is room for files");
    std::fs::write(kit::path(&dir, "chat.wsp"), block("wsp")).expect("there is room for files");
    let binary = Path::new(kit::binary()).parent().expect("it is in a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());

    let recipes = recipes();
    assert!(recipes.len() >= 9, "the recipes are found");
    for recipe in recipes {
        if recipe.iter().any(|(command, _)| command.contains("jq ")) && Command::new("jq").arg("-V").output().is_err() {
            eprintln!("NOT RUN, there is no jq here: {recipe:?}");
            continue;
        }
        let mut script = String::from("exec 2>&1\n");
        for (command, _) in &recipe {
            // The next command may ask for the status of this one.
            writeln!(script, "{command}\nstatus=$?\necho '{CUT}'\n(exit $status)").expect("a String takes all");
        }
        let script = script.replace("8080", &plain.port().to_string()).replace("8443", &secure.port().to_string());
        let ran = Command::new("sh").arg("-c").arg(script).current_dir(dir.path()).env("PATH", &path).output();
        let printed = String::from_utf8(ran.expect("there is a shell").stdout).expect("the recipes print text");
        // What names the server has the port of the README.
        let printed = printed.replace(&format!(":{}/", plain.port()), ":8080/");
        let printed: Vec<_> = printed.split(&format!("{CUT}\n")).collect();
        for ((command, expected), printed) in recipe.iter().zip(printed) {
            assert_eq!(printed, expected, "{command}");
        }
    }
}

#[test]
fn the_exit_statuses_are_those_of_the_manual() {
    let help = kit::tool().arg("--help").run().out();
    let statuses = help.split("Exit status:\n").nth(1).expect("the help tells them").split("\n\n").next().unwrap();
    assert_eq!(statuses.lines().count(), 9);
    for line in statuses.lines() {
        let (code, meaning) = line.trim().split_once("  ").expect("a code and its meaning");
        let meaning = meaning
            .trim()
            .replace("--expect, --expect-json", "`--expect`, `--expect-json`")
            .replace("--compare", "`--compare`");
        assert!(README.contains(&format!("| {code} | {meaning} |")), "{line}");
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
        let time = regex::Regex::new(r"\d+\.\d{3}s").expect("it is one");
        lines.iter().map(|line| time.replace(line, "TIME").trim_start().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(timeless(&said), timeless(&block("text").lines().collect::<Vec<_>>()));
}
