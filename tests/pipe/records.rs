//! Records hold all that happened: refusals, the kinds of errors, times in order; and files are not lost to them.
#![allow(clippy::disallowed_methods, reason = "tests own their processes and files")]

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::kit;
use super::kit::http::{Http, redirect, welcome};
use super::kit::schema::records;
use super::kit::{Ran, Tool, dir, echo, free_port, path, saying, serving, tool, url};

/// The last record of a run with `-j`, which is the same in the file of `--record`.
#[track_caller]
fn last_record(tool: Tool) -> (Value, Ran) {
    let dir = dir();
    let file = path(&dir, "record");
    let ran = tool.args(["-j", "--record"]).arg(&file).run();
    let (printed, recorded) = (records(&ran.out()), records(&std::fs::read_to_string(&file).unwrap()));
    assert_eq!(printed, recorded);
    (printed.last().expect("there is a record").clone(), ran)
}

#[test]
fn a_refusal_is_recorded_with_status_headers_and_body() {
    let server = Http::start(|_| b"HTTP/1.1 403 No\r\nX-Why: \xff\r\nContent-Length: 4\r\n\r\ngone".to_vec());
    let (record, _) = last_record(tool().arg(server.url("/")));
    assert_eq!(
        (&record["type"], &record["kind"], &record["status"]),
        (&"error".into(), &"refused".into(), &403.into())
    );
    assert_eq!((&record["headers"]["content-length"], &record["body"]), (&"4".into(), &"gone".into()));
    assert!(record["data"].as_str().unwrap().contains("the server answered 403 No"));
    let server = Http::start(|_| b"HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\n\x00\xff\x01".to_vec());
    let (record, _) = last_record(tool().arg(server.url("/")));
    assert_eq!((&record["body_base64"], &record["body_cut"]), (&"AP8B".into(), &true.into()));
    let server = Http::start(|_| b"HTTP/1.1 101 Hm\r\nX-Odd: 1\r\n\r\n".to_vec());
    let (record, _) = last_record(tool().arg(server.url("/")));
    assert_eq!(
        (&record["kind"], &record["status"], &record["headers"]["x-odd"]),
        (&"handshake".into(), &101.into(), &"1".into())
    );
}

#[test]
fn scripts_record_what_led_to_no_connection_too() {
    let server = Http::start(|_| b"HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\ngone".to_vec());
    let dir = dir();
    let (script, file) = (path(&dir, "x.wsp"), path(&dir, "record"));
    let nowhere = format!("ws://127.0.0.1:{}/", free_port());
    std::fs::write(&script, format!("connect {}\nstatus 403\nb: connect {nowhere}\n", server.url("/"))).unwrap();
    tool().args(["run", "--record"]).args([&file, &script]).run().code(3);
    let records = records(&std::fs::read_to_string(&file).unwrap());
    let kinds: Vec<_> = records.iter().map(|record| record["kind"].as_str().unwrap_or_default()).collect();
    assert_eq!((kinds, &records[0]["body"]), (vec!["refused", "unreachable"], &"gone".into()));
}

#[test]
fn each_error_and_each_end_has_its_kind() {
    let refused = format!("ws://127.0.0.1:{}/", free_port());
    let away = Http::start(|_| redirect(302, "ftp://h/"));
    let closing = serving(|client| async move { client.close(1008, "no").await });
    let quiet = echo();
    let cut = Http::start(|head| {
        let welcome = welcome(head);
        let end = welcome.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        welcome[..end].to_vec()
    });
    let broken = Http::start(|head| [kit::switching(head).as_bytes(), b"\x83\0"].concat());
    let not_utf8 = Http::start(|head| [kit::switching(head).as_bytes(), b"\x81\x01\xff"].concat());
    let saying = saying(&["a"]);
    for (args, kind, code) in [
        (&[refused.as_str()][..], "unreachable", 3),
        (&["ws://nowhere.invalid/"], "resolve", 3),
        (&["-L", &away.url("/")], "redirect", 4),
        (&[&url(&closing)], "closed", 6),
        (&["--timeout", "300ms", &url(&quiet)], "timed_out", 7),
        (&[&cut.url("/")], "cut", 5),
        (&["--expect", "b", "--wait", "0", &url(&saying)], "unmet", 1),
        (&["--count", "7", "-x", "a", "--wait", "50ms", &url(&quiet)], "unmet", 7),
    ] {
        let (record, ran) = last_record(tool().args(args));
        assert_eq!((record["kind"].as_str(), ran.code), (Some(kind), Some(code)), "{args:?}: {record} {}", ran.stderr);
        assert!(!record["data"].as_str().unwrap().is_empty());
    }
    for (server, kind) in [(broken, "protocol"), (not_utf8, "not_utf8")] {
        let ran = tool().args(["-j", &server.url("/")]).run().code(5);
        let errors: Vec<_> = records(&ran.out()).into_iter().filter(|record| record["type"] == "error").collect();
        assert_eq!(errors.iter().map(|error| &error["kind"]).collect::<Vec<_>>(), [kind], "once");
    }
    let (record, _) = last_record(tool().stdin(b"\xff\n").args([&url(&quiet)]));
    assert_eq!(record["kind"], "input");
}

#[test]
fn times_do_not_run_backwards_when_messages_pings_and_our_own_are_mixed() {
    let burst = [&b"\x81\x01a\x89\x01p"[..]].repeat(40).concat();
    let server = Http::start(move |head| [kit::switching(head).as_bytes(), &burst, kit::http::FAREWELL].concat());
    let args = ["-j", "--frames", "-x", "1", "-x", "2", "-x", "3"];
    let ran = tool().args(args).arg(server.url("/")).run();
    let times: Vec<_> = records(&ran.out()).iter().map(|record| record["time"].as_str().unwrap().to_owned()).collect();
    assert!(times.len() > 160, "{}", times.len());
    assert!(times.is_sorted(), "{times:#?}");
}

#[test]
fn a_subprotocol_that_was_not_chosen_is_told() {
    let server = Http::welcoming();
    let args = ["-s", "chat.v2", "-s", "bearer.sesame"];
    let ran = tool().args(args).arg("-j").arg(server.url("/")).run().code(0);
    let open = &records(&ran.out())[0];
    assert_eq!((&open["subprotocol"], &open["offered"]), (&Value::Null, &serde_json::json!(["chat.v2", "bearer.***"])));
    ran.says("the server chose none of the offered subprotocols: chat.v2, bearer.***\n");
    assert!(!tool().arg(server.url("/")).run().code(0).stderr.contains("subprotocol"));
}

#[test]
fn what_is_in_a_record_stays_until_there_is_something_to_record_in_its_place() {
    let dir = dir();
    let file = path(&dir, "record");
    std::fs::write(&file, "old\n").unwrap();
    let record = file.to_str().unwrap();
    tool().args(["--record", record, "--output", "nonsense", ":1"]).run().code(2);
    let silent = kit::Raw::start(|stream, _| {
        let _ = std::io::Read::read_to_end(&mut &stream, &mut Vec::new());
    });
    let running = tool().args(["--force", "--record", record, &silent.url()]).spawn();
    // It is opened before the connection, and that is made by now or never.
    while std::fs::read_dir(format!("/proc/{}/fd", running.child.id()))
        .unwrap()
        .flatten()
        .all(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to != file))
    {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old\n");
    drop(running);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old\n");
    tool().args(["--force", "--record", record, "-x", "a", "-1", &url(&echo())]).run().code(0);
    let now = std::fs::read_to_string(&file).unwrap();
    assert!(now.starts_with(r#"{"time":"#) && !now.contains("old"), "{now}");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_record_is_for_its_owner_alone_and_an_old_one_keeps_its_mode() {
    let dir = dir();
    let (new, old) = (path(&dir, "new"), path(&dir, "old"));
    std::fs::write(&old, "").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o640)).unwrap();
    for file in [&new, &old] {
        tool().args(["-x", "a", "-1", "--record"]).arg(file).arg(url(&echo())).run().code(0);
    }
    assert_eq!((mode(&new), mode(&old)), (0o600, 0o640));
}

#[test]
fn a_record_does_not_take_the_place_of_what_the_run_reads_or_prints() {
    let dir = dir();
    let file = path(&dir, "file");
    let name = file.to_str().unwrap();
    let server = url(&echo());
    let said = "{\"dir\":\"out\",\"data\":\"x\"}\n";
    let unharmed = |ran: Ran, why: &str| {
        ran.code(2).says(why);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), said);
    };
    std::fs::write(&file, said).unwrap();
    let stdin = tool().stdin_from(File::open(&file).unwrap()).args(["--record", name, &server]).run();
    unharmed(stdin, "it is the same file as stdin");
    let stdout = File::options().append(true).open(&file).unwrap();
    let stdout = tool().stdout_to(stdout).args(["--record", name, "-x", "a", &server]).run();
    unharmed(stdout, "it is the same file as stdout");
    let replayed = path(&dir, "link");
    std::os::unix::fs::symlink(&file, &replayed).unwrap();
    unharmed(tool().arg("replay").arg(&replayed).args(["--record", name, &server]).run(), "would be overwritten");
    unharmed(tool().args(["listen", ":0", "--replay", name, "--record", name]).run(), "would be overwritten");
    let script = path(&dir, "x.wsp");
    std::fs::write(&script, format!("connect {server}\n")).unwrap();
    let linked = path(&dir, "out.json");
    std::os::unix::fs::symlink(&script, &linked).unwrap();
    for output in [format!("--record={}", script.display()), format!("--report=json={}", linked.display())] {
        tool().args(["run", &output]).arg(&script).run().code(2).says("would be overwritten");
        assert_eq!(std::fs::read_to_string(&script).unwrap(), format!("connect {server}\n"));
    }
    // Nothing is lost in these.
    tool().args(["--record", "/dev/null", "-x", "a", "-1", &server]).run().code(0);
}
