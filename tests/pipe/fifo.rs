//! Files that never open and never end: neither signals nor time limits wait for them.
#![allow(clippy::disallowed_methods, reason = "tests own their processes and files")]

use std::io::Read as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::kit;
use super::kit::{PATIENCE, Running, Tool, tool};
use nix::sys::signal::Signal;

/// A FIFO that nobody reads or writes.
fn fifo(dir: &tempfile::TempDir) -> PathBuf {
    let path = kit::path(dir, "fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("there is room");
    path
}

/// Waits until the process handles the signal itself (`SigCgt` in proc(5)): what it opens from then on must not delay that.
#[track_caller]
fn has_taken_over(running: &Running, signal: Signal) {
    let path = format!("/proc/{}/status", running.child.id());
    let end = Instant::now() + PATIENCE;
    let caught = || {
        let status = std::fs::read_to_string(&path).expect("it runs");
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("proc(5)");
        u64::from_str_radix(mask.trim(), 16).expect("proc(5)") & (1 << (signal as u32 - 1)) != 0
    };
    while !caught() {
        assert!(Instant::now() < end, "it does not handle {signal}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Each of these has to end in time, by whatever ends it.
fn ends_by_signal_and_limit(start: impl Fn() -> Tool, limit_code: Option<i32>) {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut running = start().start();
        has_taken_over(&running, signal);
        running.signal(signal);
        assert_eq!(running.wait_code(), Some(code), "{signal}");
    }
    if let Some(code) = limit_code {
        start().args(["--timeout", "300ms"]).run().code(code);
    }
}

#[test]
fn a_record_waits_for_the_reader_of_a_fifo_and_for_nothing_else() {
    let (server, dir) = (kit::echo(), kit::dir());
    let (fifo, url) = (fifo(&dir), kit::url(&server));
    ends_by_signal_and_limit(|| tool().args(["-x", "a", "-1", "--record"]).arg(&fifo).arg(&url), Some(7));
    let running = tool().args(["-q", "-x", "hello", "-1", "--record"]).arg(&fifo).arg(&url).start();
    let mut record = String::new();
    std::fs::File::open(&fifo).and_then(|mut file| file.read_to_string(&mut record)).expect("it is written");
    running.wait().code(0).stdout("hello\n");
    assert!(record.contains(r#""type":"close""#), "{record}");
}

#[test]
fn a_server_that_records_into_a_fifo_ends_by_signals() {
    let dir = kit::dir();
    let fifo = fifo(&dir);
    ends_by_signal_and_limit(|| tool().args(["listen", "127.0.0.1:0", "--record"]).arg(&fifo), None);
}

#[test]
fn a_report_waits_for_its_reader_and_for_nothing_else() {
    let (dir, other) = (kit::dir(), kit::dir());
    let (fifo, script) = (fifo(&dir), kit::path(&other, "x.wsp"));
    std::fs::write(&script, "pause 1ms\n").expect("there is room");
    let report = format!("--report=junit={}", fifo.display());
    ends_by_signal_and_limit(|| tool().args(["run", &report]).arg(&script), None);
    ends_by_signal_and_limit(|| tool().args(["run", "--record"]).arg(&fifo).arg(&script), None);
}

#[test]
fn secrets_of_tls_in_a_fifo_keep_no_limit_waiting() {
    let (authority, dir) = (kit::tls::Authority::new("fifo"), kit::dir());
    let (fifo, ca) = (fifo(&dir), authority.file(&dir));
    let server = kit::Server::start_tls(authority.server(&["localhost"]), |client| async move {
        while client.next().await.is_some() {}
    })
    .expect("there are free ports");
    let url = format!("wss://localhost:{}/", server.port());
    let start = || tool().args(["-x", "a", "-1", "--cacert"]).arg(&ca).arg(&url).env("SSLKEYLOGFILE", &fifo);
    ends_by_signal_and_limit(start, Some(7));
    let log = kit::path(&dir, "keys");
    tool().args(["-w", "0", "-x", "a", "--cacert"]).arg(&ca).arg(&url).env("SSLKEYLOGFILE", &log).run().code(0);
    let log = std::fs::read_to_string(log).expect("it is written");
    assert!(log.lines().any(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")), "{log}");
}

#[test]
fn what_has_no_end_is_refused_with_its_size() {
    let url = "ws://127.0.0.1:1/";
    tool().args(["--bearer", "@/dev/zero", url]).run().code(2).says("it is larger than 64 MiB");
    tool().args(["--cacert", "/dev/zero", url]).run().code(2).says("it is larger than 64 MiB");
    tool().args(["listen", "--send-file", "/dev/zero"]).run().code(2).says("it is larger than 64 MiB");
    tool().args(["run", "/dev/zero"]).run().code(2).says("a script must not be larger than 64 MiB");
    tool().args(["replay", "/dev/zero", url]).run().code(2).says("it is not a file that can be read twice");
}

#[test]
fn an_option_of_a_script_that_waits_for_a_fifo_keeps_no_limit_waiting() {
    let (dir, other) = (kit::dir(), kit::dir());
    let (fifo, script) = (fifo(&dir), kit::path(&other, "x.wsp"));
    std::fs::write(&script, format!("set a = {}\nconnect ws://127.0.0.1:1/\n  header @{{{{a}}}}\n", fifo.display()))
        .expect("there is room");
    ends_by_signal_and_limit(|| tool().arg("run").arg(&script), Some(7));
}

#[test]
fn a_recording_that_is_a_fifo_is_refused_at_once() {
    let dir = kit::dir();
    let fifo = fifo(&dir);
    tool().arg("replay").arg(&fifo).arg("ws://127.0.0.1:1/").run().code(2).says("not a file that can be read twice");
    tool().args(["listen", "--replay"]).arg(&fifo).run().code(2).says("not a file that can be read twice");
    tool().arg("record-to-script").arg(&fifo).run().code(2).says("not a file that can be read twice");
}

#[test]
fn the_prompt_goes_on_while_a_file_has_no_end() {
    let (server, dir) = (kit::echo(), kit::dir());
    let fifo = fifo(&dir);
    let mut screen = kit::pty::prompt([kit::url(&server)]).start();
    screen.prompt();
    screen.answers("/file /dev/zero\r", "it is larger than 64 MiB");
    screen.answers(&format!("/record {}\r", fifo.display()), "nobody reads this FIFO");
    screen.answers(&format!("/file {}\r", fifo.display()), "it is sent when all of it is read");
    screen.answers("hello\r", "< hello");
    std::fs::write(&fifo, "late").expect("it is read");
    screen.shows("< late");
    screen.keys(format!("/save {}\r", fifo.display()));
    screen.shows("still writing `");
    screen.keys(format!("/file {}\r", fifo.display()));
    screen.shows("bytes written to");
    screen.keys(format!("/file {}\r", fifo.display()));
    screen.keys("/quit\r");
    assert_eq!(screen.code(), 0);
}
