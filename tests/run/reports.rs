//! Reports, the summary, and which files are played.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::Scripts;
use crate::kit;
use crate::kit::net::Lines;

/// One that passes, one that fails with what XML cannot hold, one that cannot connect.
fn three() -> (Scripts, kit::Server, String) {
    let server = kit::saying(&["<a & \u{1b}\u{0}\u{fffe} \"b\">"]);
    let scripts = Scripts::new([
        ("good.wsp", "connect {{url}}\nexpect text\n"),
        ("bad.wsp", "connect {{url}}\nexpect text x\n"),
        ("lost.wsp", "connect 127.0.0.1:1\nexpect text x\n"),
    ]);
    let url = format!("url={}", kit::url(&server));
    (scripts, server, url)
}

#[test]
fn each_file_has_a_line_and_all_have_one() {
    let (scripts, _server, url) = three();
    let ran = scripts.run(&["--var", &url, "."]).run().code(1).stdout("");
    for line in ["wsprobe: ./good.wsp passed (", "wsprobe: ./bad.wsp failed (", "wsprobe: ./lost.wsp failed ("] {
        assert!(ran.stderr.contains(line), "{}", ran.stderr);
    }
    ran.says("wsprobe: 3 files, 1 passed, 2 failed (");
    let quiet = scripts.run(&["-q", "--var", &url, "good.wsp"]).run().code(0).stdout("");
    assert_eq!(quiet.stderr, "");
}

#[test]
fn tap_goes_to_stdout() {
    let (scripts, _server, url) = three();
    let ran = scripts.run(&["--var", &url, "--jobs", "1", "--report", "tap", "bad.wsp", "good.wsp"]).run().code(1);
    let tap = ran.out();
    assert!(tap.starts_with("TAP version 14\n1..2\n"), "{tap}");
    assert!(tap.contains("\nnot ok 1 - bad.wsp\n  ---\n") || tap.contains("\nnot ok 2 - bad.wsp\n  ---\n"), "{tap}");
    assert!(tap.contains("- good.wsp\n") && tap.contains("\n  message: \"the text differs\"\n"), "{tap}");
    assert!(tap.contains("\n  at: \"bad.wsp:2\"\n") && tap.ends_with("  ...\n"), "{tap}");
}

#[test]
fn json_and_junit_go_to_files_together() {
    let (scripts, _server, url) = three();
    let reports = ["--report", "junit", "out.xml", "--report", "json=out.json"];
    scripts.run(&["--var", &url]).args(reports).args(["bad.wsp", "good.wsp", "lost.wsp"]).run().code(1);
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(scripts.path("out.json")).expect("it was written")).expect("JSON");
    crate::kit::schema::holds(&json);
    assert_eq!((&json["files"], &json["passed"], &json["failed"]), (&3.into(), &1.into(), &2.into()));
    let runs = json["runs"].as_array().expect("a list");
    let bad = runs.iter().find(|run| run["file"] == "bad.wsp").expect("it was played");
    assert_eq!((&bad["result"], &bad["failure"]["line"]), (&"failed".into(), &2.into()));
    assert_eq!(bad["failure"]["diff"][1], "+ <a & \u{1b}\u{0}\u{fffe} \"b\">");

    let check = "import sys, xml.etree.ElementTree as tree\n\
                 root = tree.parse('out.xml').getroot()\n\
                 print(root.get('tests'), root.get('failures'), root.get('errors'))\n\
                 for case in root.iter('testcase'):\n    \
                     print(case.get('name'), [child.tag for child in case], sum(len(child.text) > 20 for child in case))\n";
    let python = Command::new("python3").args(["-c", check]).current_dir(scripts.path("")).output();
    let Ok(checked) = python else { return eprintln!("NOT RUN, there is no python3 here") };
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.starts_with("3 1 1\n"), "{said}{}", String::from_utf8_lossy(&checked.stderr));
    for line in ["bad.wsp ['failure'] 1", "good.wsp [] 0", "lost.wsp ['error'] 1"] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn a_report_never_overwrites_a_script() {
    let (scripts, _server, url) = three();
    scripts.run(&["--report", "junit", "good.wsp"]).run().code(2).says("would overwrite `good.wsp`");
    scripts.run(&["--report", "json"]).run().code(2).says("`--report json` needs a file");
    scripts.run(&["--report", "xml", "x", "good.wsp"]).run().code(2).says("invalid report `xml`");
    let missing = ["--var", &url, "--report", "json", "no/where.json", "good.wsp"];
    scripts.run(&missing).run().code(2).says("cannot write the report (--report) to `no/where.json`");
}

#[test]
fn files_are_played_side_by_side() {
    // Each waits for what the other one does.
    let scripts = Scripts::new([
        ("a.wsp", "exec mkfifo ab; echo x > ab\n"),
        ("b.wsp", "exec until test -p ab; do :; done; read x < ab; printf '%s' \"$x\" capture x\nlog {{x}}\n"),
    ]);
    scripts.run(&["--jobs", "2", "a.wsp", "b.wsp"]).run().code(0).says("b.wsp: x\n");
}

#[test]
fn with_one_job_files_are_played_in_order() {
    let scripts = Scripts::new([("a.wsp", "log one\n"), ("b.wsp", "log two\n")]);
    let ran = scripts.run(&["--jobs", "1", "--repeat", "2", "."]).run().code(0);
    let said: Vec<_> = ran.stderr.lines().filter(|line| line.contains("log") || line.contains(": ./")).collect();
    assert!(said.len() >= 2, "{said:?}");
    let order: Vec<_> = ran.stderr.lines().filter_map(|line| line.split_once(".wsp: ")).map(|(_, text)| text).collect();
    assert_eq!(order, ["one", "two", "one", "two"]);
    ran.says("wsprobe: 2 files, 2 times each, 4 passed (").says("./a.wsp #2 passed");
}

#[test]
fn fail_fast_plays_nothing_after_the_first_failure() {
    let scripts = Scripts::new([("a.wsp", "exec false\n"), ("b.wsp", "log two\n"), ("c.wsp", "log three\n")]);
    let ran = scripts.run(&["--jobs", "1", "--fail-fast", "."]).run().code(1);
    assert!(!ran.stderr.contains("two"), "{}", ran.stderr);
    ran.says("3 files, 0 passed, 1 failed, 2 not run (");
    let ended = Scripts::new([("a.wsp", "exec false\n"), ("b.wsp", "pause 1h\n")]);
    ended.run(&["--jobs", "2", "--fail-fast", "."]).run().code(1).says("2 files, 0 passed, 1 failed, 1 not run (");
}

#[test]
fn a_filter_chooses_by_path() {
    let scripts = Scripts::new([("chat.wsp", "log chat\n"), ("feed.wsp", "log feed\n")]);
    scripts.run(&["--filter", "cha", "."]).run().code(0).says("1 file, 1 passed (");
    scripts.run(&["--filter", "x", "."]).run().code(2).says("`--filter` matches none");
}

#[test]
fn a_file_has_so_much_time() {
    let scripts = Scripts::new([("a.wsp", "log begun\npause 1h\n")]);
    let ran = scripts.run(&["--timeout", "50ms", "a.wsp"]).run().code(7);
    ran.says("a.wsp:2: pause 1h\n  the script did not finish within 50ms (--timeout)");
}

#[test]
fn a_terminal_shows_how_far_it_is() {
    let scripts = Scripts::new([("a.wsp", "pause 1s\n")]);
    let mut screen = kit::pty::prompt(["run".as_ref(), scripts.path("a.wsp").as_os_str()]).start();
    screen.shows("[0/1] ");
    screen.shows("1 file, 1 passed");
    screen.leaves_with(0);
    assert!(!screen.contents().contains("[0/1]"), "{}", screen.contents());
}

#[test]
fn a_signal_ends_a_run_whose_report_nobody_reads() {
    let nobody = kit::net::Place::new();
    let script = format!("connect {}{}\n", nobody.url(), "x".repeat(4000));
    let scripts = Scripts::new([("x.wsp", &*script), ("y.wsp", "pause 1h\n")]);
    // The reports do not fit in the pipe.
    for (files, last) in [(&["x.wsp"][..], "0 passed, 1000 failed ("), (&["x.wsp", "y.wsp"], "x.wsp #1000 failed (")] {
        let args = ["--report", "tap", "--repeat", "1000", "--jobs", "2000"];
        let mut running = scripts.run(&args).args(files).start();
        let stderr = Lines::of(running.child.stderr.take().expect("it is piped"));
        stderr.find(last);
        running.signal(Signal::SIGINT);
        assert_eq!(running.wait_code(), Some(130));
    }
}
