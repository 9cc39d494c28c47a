//! `wsprobe run --check` and `--fmt`: errors in scripts are shown with their place, and scripts are formatted.

use std::fs::{create_dir, read_to_string, write};
use std::path::Path;

use super::kit::pty::prompt;
use super::kit::{Ran, dir, tool};

/// Runs it in this folder.
#[track_caller]
fn run(folder: &Path, args: &[&str]) -> Ran {
    let mut tool = tool().arg("run").args(args);
    tool.command.current_dir(folder);
    tool.run()
}

const UNTIDY: &str = "connect   :80   # here\n    insecure\n\n\nsend  {\"a\":  1}\n";
const TIDY: &str = "connect :80  # here\n  insecure\n\nsend {\"a\":  1}\n";

#[test]
fn every_error_of_every_file_is_told_with_its_line_and_a_mark() {
    let folder = dir();
    write(folder.path().join("a.wsp"), "connect :80\n  heder A: b\nsned hello\nexpect json {\"a\":}\n").unwrap();
    write(folder.path().join("b.wsp"), "connect :80\nrepeat 2 {\n  ping\n").unwrap();
    write(folder.path().join("good.wsp"), "connect :80\n").unwrap();
    write(folder.path().join("bytes.wsp"), b"connect :80\nsend \xe9\n").unwrap();
    let ran = run(folder.path(), &["--check", "a.wsp", "b.wsp", "good.wsp", "bytes.wsp"]);
    let expected = r#"a.wsp:2:3: a connection has no option `heder`; did you mean `header`?
    heder A: b
    ^
a.wsp:3:1: unknown step `sned`; did you mean `send`?
  sned hello
  ^
a.wsp:4:18: this is not JSON: expected value
  expect json {"a":}
                   ^
b.wsp:2:1: this `repeat` is not closed; end it with `}` on a separate line
  repeat 2 {
  ^
bytes.wsp:2:6: the byte e9 is not UTF-8; `send binary hex …` sends any bytes
  send �
       ^
wsprobe: 5 errors in 3 files, nothing was run
"#;
    ran.code(2).stdout("").stderr(expected);
}

#[test]
fn errors_are_in_colour_on_a_terminal() {
    let folder = dir();
    let script = folder.path().join("a.wsp");
    write(&script, "sned hello\n").unwrap();
    let mut screen = prompt(["run", "--check", script.to_str().unwrap()]).without_env("NO_COLOR").start();
    screen.wrote("\x1b[38;5;1m");
    screen.shows("did you mean `send`?");
    screen.leaves_with(2);
}

#[test]
fn an_option_of_another_tool_below_connect_leads_to_the_one_that_does_it_here() {
    let folder = dir();
    let script = "connect :1\n  token abc\n  password x\n  skip-verify\n  message hi\n";
    write(folder.path().join("a.wsp"), script).unwrap();
    let mut ran = run(folder.path(), &["--check", "a.wsp"]).code(2);
    for error in [
        "2:3: a connection has no option `token`; did you mean `bearer`?\n",
        "3:3: a connection has no option `password`; did you mean `user`? (it takes `NAME:PASS`)\n",
        "4:3: a connection has no option `skip-verify`; did you mean `cacert`? (`-k` checks nothing)\n",
        // A message is a step.
        "5:3: a connection has no option `message`; use those of `wsprobe run --help`, without their dashes\n",
    ] {
        ran = ran.says(error);
    }
}

#[test]
fn a_folder_means_the_scripts_in_it_and_below_in_their_order() {
    let folder = dir();
    for below in ["b", "a", ".hidden"] {
        create_dir(folder.path().join(below)).unwrap();
        write(folder.path().join(below).join("x.wsp"), "oops\n").unwrap();
    }
    write(folder.path().join("c.wsp"), "oops\n").unwrap();
    write(folder.path().join("notes.txt"), "oops\n").unwrap();
    let ran = run(folder.path(), &["--check", "."]).code(2);
    let places: Vec<_> =
        ran.stderr.lines().filter_map(|line| line.split_once(":1:1: ")).map(|(name, _)| name).collect();
    assert_eq!(places, ["./a/x.wsp", "./b/x.wsp", "./c.wsp"]);

    let empty = dir();
    run(empty.path(), &["--check", "."]).code(2).stderr("wsprobe: there is no script (*.wsp) in `.`\n");
    run(empty.path(), &["--check", "none.wsp"]).code(2).says("cannot read `none.wsp`");
    run(empty.path(), &["--check", "-", "-"]).code(2).stderr("wsprobe: stdin (`-`) can be read only once\n");
}

#[test]
fn variables_are_checked_when_some_are_given() {
    let folder = dir();
    let script = "connect {{server.url}}\nsend {{token}} {{name}}\nexpect text \"x\" capture name\n";
    write(folder.path().join("a.wsp"), script).unwrap();
    write(folder.path().join("vars.toml"), "token = 'no'\n[server]\nurl = ':80'\n").unwrap();
    write(folder.path().join("vars.json"), r#"{"token": 5}"#).unwrap();
    write(folder.path().join(".env"), "export name='x' # y\n").unwrap();
    run(folder.path(), &["--check", "a.wsp"]).code(0).stderr("");
    let ran = run(folder.path(), &["--check", "a.wsp", "--vars", "vars.toml", "--var", "token=x"]).code(2);
    assert!(ran.stderr.starts_with("a.wsp:2:16: the variable `name` has no value here; "), "{}", ran.stderr);
    run(folder.path(), &["--check", "a.wsp", "--vars", "vars.toml", "--vars", "vars.json", "--vars", ".env"]).code(0);

    write(folder.path().join("bad.toml"), "a = 1\nb = \n").unwrap();
    for (args, error) in [
        (["--vars", "bad.toml"], "cannot use the variables of `bad.toml`: this is not TOML: "),
        (["--vars", "a.wsp"], "cannot use the variables of `a.wsp`: its name must end in .toml, .json or .env"),
        (["--vars", "none.json"], "cannot read `none.json`"),
        (["--var", "a"], "invalid value `a` for `--var <NAME=VALUE>`: expected `NAME=VALUE`"),
        (["--var", "1=a"], "begins with a letter"),
    ] {
        run(folder.path(), &[&["--check", "a.wsp"], &args[..]].concat()).code(2).says(error);
    }
}

#[test]
fn scripts_are_brought_into_form_in_place_and_stdin_to_stdout() {
    let folder = dir();
    let script = folder.path().join("a.wsp");
    write(&script, UNTIDY).unwrap();
    run(folder.path(), &["--fmt", "--check", "."])
        .code(1)
        .stdout("")
        .stderr("wsprobe: `./a.wsp` is not in its canonical form (--fmt)\n");
    assert_eq!(read_to_string(&script).unwrap(), UNTIDY);
    run(folder.path(), &["--fmt", "."]).code(0).stdout("").stderr("");
    assert_eq!(read_to_string(&script).unwrap(), TIDY);
    let written = script.metadata().unwrap().modified().unwrap();
    run(folder.path(), &["--fmt", "--check", "."]).code(0).stderr("");
    run(folder.path(), &["--fmt", "."]).code(0).stderr("");
    assert_eq!(script.metadata().unwrap().modified().unwrap(), written);

    tool().args(["run", "--fmt", "-"]).stdin(UNTIDY).run().code(0).stdout(TIDY).stderr("");
    tool().args(["run", "--fmt", "--check", "-"]).stdin(UNTIDY).run().code(1).stdout("").says("`<stdin>` is not in");
}

#[test]
fn nothing_is_written_when_one_file_has_an_error() {
    let folder = dir();
    write(folder.path().join("a.wsp"), UNTIDY).unwrap();
    write(folder.path().join("b.wsp"), "sned\n").unwrap();
    run(folder.path(), &["--fmt", "."]).code(2).says("1 error in 1 file, nothing was run");
    assert_eq!(read_to_string(folder.path().join("a.wsp")).unwrap(), UNTIDY);
}
