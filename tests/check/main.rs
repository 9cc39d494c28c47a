//! `wsprobe check`: against servers that keep the rules, and one that breaks each in turn.
#![allow(clippy::disallowed_methods, reason = "tests own their processes")]

#[path = "../kit/mod.rs"]
mod kit;

mod broken;
mod frames;
mod options;

use broken::Broken;
use kit::listening::listen_quietly;
use kit::tool;

/// Everything that can be sent.
const ALL: [&str; 7] = ["check", "--echo", "--malformed", "--limits", "--strict", "--rate", "1000"];

/// A case's name, its verdict, and what came.
fn verdicts(report: &str) -> Vec<(String, String, String)> {
    let report: serde_json::Value = serde_json::from_str(report).expect("JSON");
    kit::schema::holds(&report);
    let text = |case: &serde_json::Value, key: &str| case[key].as_str().expect("a text").to_owned();
    let cases = report["cases"].as_array().expect("a list").iter();
    cases.map(|case| (text(case, "name"), text(case, "verdict"), text(case, "received"))).collect()
}

#[test]
fn a_server_that_keeps_all_rules_passes_all_cases() {
    let server = Broken::start("");
    let ran = tool().args(ALL).args(["--report", "json", "-"]).arg(server.url()).run();
    for (name, verdict, came) in verdicts(&ran.out()) {
        let is_fine = ["ok", "noted"].contains(&&*verdict) || verdict == "skipped" && name.starts_with("tls/");
        assert!(is_fine, "{name} is {verdict}: {came}");
    }
    assert_eq!(ran.code, Some(0));
}

#[test]
fn our_own_server_passes_all_cases() {
    let server = listen_quietly(&["--echo"]);
    let ran = tool().args(ALL).args(["--report", "json", "-"]).arg(server.url()).run();
    for (name, verdict, came) in verdicts(&ran.out()) {
        let is_fine = ["ok", "noted"].contains(&&*verdict) || verdict == "skipped" && name.starts_with("tls/");
        assert!(is_fine, "{name} is {verdict}: {came}");
    }
    assert_eq!(ran.code, Some(0));
}

#[test]
fn each_case_fails_on_a_server_that_breaks_its_rule() {
    let wrong = broken::with_each(broken::names(), |name| {
        let server = Broken::start(name);
        let only = ["--only", name, "--report", "json", "-"];
        let ran = tool().args(ALL).args(only).arg(server.url()).run();
        let verdicts = verdicts(&ran.out());
        match &verdicts[..] {
            [(_, verdict, _)] if verdict == "fail" && ran.code == Some(1) => Ok(()),
            other => Err(format!("exit {:?}, {other:?}", ran.code)),
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_case_is_a_script_that_is_well_formed_and_most_pass_on_a_right_server() {
    let dir = kit::dir();
    let server = listen_quietly(&["--echo"]);
    let url = format!("url={}", server.url());
    let wrong = broken::with_each(broken::names(), |name| {
        let script = tool().args(["check", "--show", name]).run().code(0).out();
        let path = kit::path(&dir, &format!("{}.wsp", name.replace('/', ".")));
        std::fs::write(&path, &script).expect("there is room");
        let checked = tool().args(["run", "--check"]).arg(&path).run();
        // What a script cannot say may pass or not, as may a status that is one of several; and our server is slow unoptimised.
        let is_loose = script.contains("cannot say") || script.contains("will do") || name.starts_with("limit/");
        if checked.code != Some(0) || is_loose {
            return if checked.code == Some(0) { Ok(()) } else { Err(checked.stderr) };
        }
        let ran = tool().args(["run", "--var", &url]).arg(&path).run();
        if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr) }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
