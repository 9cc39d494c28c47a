//! The limits of a script, and how soon it ends when stopped.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::kit::net::Lines;
use crate::kit::{self, Client};
use crate::{Scripts, played};

/// On a busy machine; without being stopped, these take minutes.
const SOON: Duration = Duration::from_secs(5);

/// Says something large, and never answers a Close.
async fn deaf(client: Client) {
    client.text(&"x".repeat(4 << 20)).await;
    std::future::pending::<()>().await;
}

/// What takes long, each in its own way.
const LONG: [(&str, &str); 8] = [
    ("exec.wsp", "exec trap '' TERM INT; sleep 1000\n"),
    ("pause.wsp", "pause 1h\n"),
    ("expect.wsp", "connect {{url}}\nexpect text\nexpect within 1h text\n"),
    ("loop.wsp", "repeat 4000000000 {\n  set a = 1\n}\n"),
    ("parallel.wsp", "parallel {\n  pause 1h\n} {\n  repeat 4000000000 {\n  }\n}\n"),
    ("regex.wsp", "connect {{url}}\nexpect within 1h text matches /(?:x{0,300}){0,30}[yx]{4}$y/\n"),
    ("rule.wsp", "connect {{url}}\nignore text matches /(?:x{0,300}){0,30}[yx]{4}$y/\nexpect within 1h text\n"),
    (
        "large.wsp",
        "set a = \"{{x}}\"\nrepeat 22 {\n  set a = {{a}}{{a}}\n}\nrepeat 1000000 {\n  set b = {{a}}\n  set b = \"\"\n}\n",
    ),
];

#[test]
fn whatever_takes_long_ends_with_the_time_limit_and_with_a_signal() {
    let server = kit::serving(deaf);
    let url = format!("url={}", kit::url(&server));
    for (name, script) in LONG {
        let scripts = Scripts::new([(name, script)]);
        let begun = Instant::now();
        let timed_out = scripts.run(&[name, "--var", &url, "--var", "x=x", "--timeout", "500ms"]).run();
        assert_eq!(timed_out.code, Some(7), "{name}: {}", timed_out.stderr);
        assert!(begun.elapsed() < SOON, "{name} took {:?}", begun.elapsed());
        let mut running = scripts.run(&[name, "-v", "--var", &url, "--var", "x=x"]).start();
        let said = Lines::of(running.child.stderr.take().expect("it is piped"));
        said.find(&format!("{name}:1: "));
        let begun = Instant::now();
        running.signal(Signal::SIGINT);
        assert_eq!(running.wait_code(), Some(130), "{name}: {:?}", said.rest());
        assert!(begun.elapsed() < SOON, "{name} took {:?}", begun.elapsed());
    }
}

#[test]
fn variables_and_files_end_where_memory_would() {
    let script = "set a = \"0123456789abcdefg\"\nrepeat 40 {\n  set a = {{a}}{{a}}\n}\n";
    let ran = played("ws://h", script).code(1);
    assert!(
        ran.stderr.contains("x.wsp:3: set a = {{a}}{{a}}\n  with its variables replaced, this is larger than 64 MiB")
    );
    let server = kit::echo();
    for (path, why) in [
        ("/dev/zero", "it is not a regular file"),
        ("fifo", "it is not a regular file"),
        (
            "huge",
            "larger than 64 \
            MiB",
        ),
    ] {
        let scripts = Scripts::new([("x.wsp", &*format!("connect {{{{url}}}}\nsend binary file {path}\n"))]);
        nix::unistd::mkfifo(&scripts.path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::fs::File::create(scripts.path("huge")).unwrap().set_len((64 << 20) + 1).unwrap();
        let ran = scripts.run(&["x.wsp", "--var", &format!("url={}", kit::url(&server))]).run().code(1);
        assert!(ran.stderr.contains(&format!("cannot read `{path}`: ")) && ran.stderr.contains(why), "{}", ran.stderr);
    }
    let scripts = Scripts::new([("x.wsp", "log x\n")]);
    scripts.run(&["/dev/zero"]).run().code(2).says("a script must not be larger than 64 MiB");
    std::os::unix::fs::symlink("/dev/zero", scripts.path("zero.env")).unwrap();
    scripts.run(&["x.wsp", "--vars", "zero.env"]).run().code(2).says("it is larger than 64 MiB");
}
