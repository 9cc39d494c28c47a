//! Scripts that a stranger wrote.

use super::kit::{self, Ran, tool};
use super::{Attack, check};

#[test]
fn no_script_runs_for_ever_or_does_what_the_check_refuses() {
    check(ATTACKS, |script| run(script));
}

fn run(script: &str) -> Ran {
    let dir = kit::dir();
    let path = kit::path(&dir, "attack.wsp");
    std::fs::write(&path, script).expect("there is room");
    let server = kit::echo();
    let url = format!("URL={}", kit::url(&server));
    // In its own folder, as what a script may do is done there.
    let mut tool = tool().args(["run", "--timeout", "3s", "--var", &url]).arg(&path);
    tool.command.current_dir(&dir);
    let mut ran = tool.run();
    assert!(!kit::path(&dir, "PWNED").exists(), "{script}");
    ran.stderr += &ran.out();
    ran
}

const ATTACKS: &[Attack<&str>] = &[
    ("nothing", "", 0, "passed"),
    ("zeros", "\0\0\0\0", 2, "unknown step `\\x00\\x00\\x00\\x00`; wsprobe.wsp(5) lists all steps"),
    ("no step that is known", "destroy everything\n", 2, "unknown step `destroy`; wsprobe.wsp(5) lists all steps"),
    (
        "a step that drives the terminal",
        "\u{1b}[31msend\n",
        2,
        "unknown step `\\e[31msend`; wsprobe.wsp(5) lists all steps",
    ),
    (
        "a variable in a command",
        "set who = a\nexec touch PWNED; echo {{who}}\n",
        2,
        "`{{who}}` cannot be used in a command: the shell would run its value; write `\"$who\"`: variables are",
    ),
    (
        "what came in a command",
        "connect {{URL}}\nsend \"a'; touch PWNED; echo '\"\nexpect text capture who\nexec echo \"$who\"\n",
        0,
        "passed",
    ),
    ("a command that fails", "exec false\n", 1, "exec false"),
    ("a command that does not end", "exec within 100ms sleep 60\n", 1, "exec within 100ms sleep 60"),
    ("a command that does not end within the run", "exec within 60s sleep 60\n", 7, "exec within 60s sleep 60"),
    ("a command that cannot be found", "exec ./does-not-exist\n", 1, "exec ./does-not-exist"),
    ("a command that a signal ends", "exec kill -9 $$\n", 1, "exec kill -9 $$"),
    ("a command that prints without end", "exec within 1s yes capture much\n", 1, "exec within 1s yes capture much"),
    (
        "a variable that is unknown",
        "send {{nobody}}\n",
        2,
        "this step has no connection; `connect URL` makes one; a server's script is for `wsprobe listen",
    ),
    (
        "a variable that grows without end",
        "set a = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\nset a = {{a}}{{a}}\n",
        1,
        "set a = {{a}}{{a}}",
    ),
    ("a repetition without end", "repeat 1000000000 {\n  pause 1ms\n}\n", 7, "pause 1ms"),
    (
        "repetitions in repetitions",
        "repeat 100000 {\nrepeat 100000 {\nrepeat 100000 {\nset a = b\n}\n}\n}\n",
        7,
        "set a = b",
    ),
    (
        "braces without end",
        "repeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\nrepeat 2 {\n",
        2,
        "blocks can be nested at most 32 levels deep",
    ),
    (
        "a brace that is not closed",
        "repeat 2 {\n",
        2,
        "this `repeat` is not closed; end it with `}` on a separate line",
    ),
    ("a brace that was not opened", "}\n", 2, "there is no block to close here"),
    (
        "a regular expression without end",
        "connect {{URL}}\nexpect text matches /(((((a{1000}){1000}){1000}){1000}){1000})/\n",
        2,
        "this is not a regular expression: Compiled regex exceeds size limit of 10485760 bytes.",
    ),
    (
        "a regular expression that is none",
        "connect {{URL}}\nexpect text matches /(/\n",
        2,
        "this is not a regular expression: unclosed group",
    ),
    (
        "a JSON path that is none",
        "expect json $[[[ == 1\n",
        2,
        "`$[[[ == 1` is not a JSONPath: at position 1, parser error; write it like `$.op`, `$.list[0].id` or",
    ),
    ("a JSON value that is none", "send json {\n", 2, "this is not JSON: EOF while parsing an object"),
    (
        "JSON in JSON without end",
        "send json [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
        2,
        "this is not JSON: recursion limit exceeded",
    ),
    (
        "hex of an odd number of digits",
        "send binary hex abc\n",
        2,
        "a hex digit is missing; each byte has two, as in `00 ff 10",
    ),
    ("hex that is none", "send binary hex zz\n", 2, "`zz` is not hex; as in `00 ff 10"),
    ("a file that is not there", "connect {{URL}}\nsend binary file nowhere.bin\n", 1, "send binary file nowhere.bin"),
    ("a file without end", "connect {{URL}}\nsend binary file /dev/zero\n", 1, "send binary file /dev/zero"),
    ("a folder in place of a file", "connect {{URL}}\nsend binary file /\n", 1, "send binary file /"),
    (
        "a URL that is none",
        "connect ht!tp://\n",
        2,
        "this is not a URL: `ht!tp://` is not a WebSocket scheme; use ws://, wss:// or ws+unix:",
    ),
    (
        "a URL of another kind",
        "connect file:///etc/passwd\n",
        2,
        "this is not a URL: `file://` is not a WebSocket scheme; use ws://, wss:// or ws+unix:",
    ),
    ("a port that nobody listens on", "connect ws://127.0.0.1:1/\n", 3, "connect ws://127.0.0.1:1/"),
    ("a pause without end", "pause 1000h\n", 7, "pause 1000h"),
    (
        "a pause beyond all numbers",
        "pause 99999999999999999999999h\n",
        2,
        "`99999999999999999999999h` is not a time; expected at most 100 years",
    ),
    (
        "a message that never comes",
        "connect {{URL}}\nexpect within 200ms text hello\n",
        1,
        "expect within 200ms text hello",
    ),
    ("a wait without end", "connect {{URL}}\nexpect text hello\n", 7, "expect text hello"),
    (
        "a message to nobody",
        "send hello\n",
        2,
        "this step has no connection; `connect URL` makes one; a server's script is for `wsprobe listen",
    ),
    (
        "a Close with 99999",
        "connect {{URL}}\nclose 99999\n",
        2,
        "`99999` is not a close code that may be sent; expected 1000-1003, 1007-1014 or 3000-4999; `frame",
    ),
    (
        "two hundred bad lines",
        "bad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\nbad line\n",
        2,
        "unknown step `bad`; wsprobe.wsp(5) lists all steps",
    ),
];
