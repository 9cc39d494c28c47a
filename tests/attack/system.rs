//! What the system may lack.

use super::kit::{self, Ran, tool_in_shell};
use super::{Attack, check};

#[test]
fn nothing_that_the_system_lacks_is_more_than_a_sentence() {
    check(ATTACKS, |script| run(script));
}

/// A command line of sh, in which `"$@"` is wsprobe; `$URL` is an echo.
fn run(script: &str) -> Ran {
    let (server, dir) = (kit::echo(), kit::dir());
    let mut tool = tool_in_shell(script).env("URL", kit::url(&server));
    tool.command.current_dir(&dir);
    tool.run()
}

const ATTACKS: &[Attack<&str>] = &[
    ("no stdin", "exec \"$@\" -x hi -1 \"$URL\" <&-", 0, "closed 1000 (normal closure)"),
    ("no stdout", "exec \"$@\" -x hi -1 \"$URL\" >&-", 0, "closed 1000 (normal closure)"),
    ("no stderr", "exec \"$@\" -x hi -1 \"$URL\" 2>&-", 0, ""),
    ("nothing of the three", "exec \"$@\" -x hi -1 \"$URL\" <&- >&- 2>&-", 0, ""),
    (
        "a full disk for stdout",
        "exec \"$@\" -x hi -1 \"$URL\" >/dev/full",
        2,
        "cannot write to stdout: No space left on device",
    ),
    ("a full disk for stderr", "exec \"$@\" -x hi -1 \"$URL\" 2>/dev/full", 0, ""),
    (
        "a full disk for the record",
        "exec \"$@\" -x hi -1 --record /dev/full \"$URL\"",
        2,
        "cannot write the record: No space left on device",
    ),
    (
        "a full disk for a report",
        "echo \"pause 1ms\" >a.wsp; exec \"$@\" run --report=tap=/dev/full a.wsp",
        2,
        "cannot write the report (--report) to `/dev/full`: No space left on device",
    ),
    ("a full disk for help", "exec \"$@\" --help >/dev/full", 2, "cannot write to stdout: No space left on device"),
    (
        "a folder for the record",
        "exec \"$@\" -x hi -1 --record / \"$URL\"",
        2,
        "cannot write the record (--record) to `/`: Is a directory",
    ),
    (
        "a record where nothing may be written",
        "exec \"$@\" -x hi -1 --record /proc/nowhere \"$URL\"",
        2,
        "cannot write the record (--record) to `/proc/nowhere`: No such file or directory",
    ),
    (
        "two file descriptors",
        "ulimit -n 5; exec \"$@\" -x hi -1 \"$URL\"",
        2,
        "cannot start: there are too few file descriptors (`ulimit -n`): Too many open files",
    ),
    (
        "ten file descriptors",
        "ulimit -n 10; exec \"$@\" -x hi -1 \"$URL\"",
        2,
        "cannot start: there are too few file descriptors (`ulimit -n`): Too many open files",
    ),
    (
        "ten file descriptors for a server",
        "ulimit -n 10; exec \"$@\" listen 127.0.0.1:0",
        2,
        "cannot start: there are too few file descriptors (`ulimit -n`): Too many open files",
    ),
    (
        "no working directory",
        "mkdir gone; cd gone; rmdir ../gone; exec \"$@\" -x hi -1 \"$URL\"",
        0,
        "closed 1000 (normal closure)",
    ),
    ("no HOME", "unset HOME; exec \"$@\" -x hi -1 --netrc \"$URL\"", 2, "`--netrc` looks in HOME, which is not set"),
    (
        "a terminal that is unknown",
        "TERM=\"$(printf \"\\\\033[31m\")\" exec \"$@\" -x hi -1 \"$URL\"",
        0,
        "closed 1000 (normal closure)",
    ),
    ("a locale that is unknown", "LC_ALL=xx_YY.ZZ exec \"$@\" -x hi -1 \"$URL\"", 0, "closed 1000 (normal closure)"),
    ("a reader that leaves", "\"$@\" -x hi \"$URL\" | true", 0, ""),
    (
        "an address in use",
        "exec \"$@\" listen 127.0.0.1:$(echo \"$URL\" | tr -dc 0-9: | cut -d: -f3)",
        3,
        "cannot listen on",
    ),
    (
        "an address of nobody here",
        "exec \"$@\" listen 192.0.2.1:0",
        3,
        "cannot listen on `192.0.2.1:0`: Cannot assign requested address",
    ),
    (
        "arguments that are not UTF-8",
        "exec \"$@\" \"$(printf \"\\\\377\")\"",
        2,
        "invalid UTF-8 was detected in one or more arguments",
    ),
    ("an empty argument", "exec \"$@\" \"\"", 2, "invalid URL ``: the URL is empty"),
    (
        "an argument of 100 KiB",
        "exec \"$@\" -x hi -1 -H \"X: $(head -c 100000 /dev/zero | tr \"\\\\0\" a)\" \"$URL\"",
        4,
        "the server answered 431 Request Header Fields Too Large instead of switching to WebSocket",
    ),
];
