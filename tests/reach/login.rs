//! Credentials that are in files: netrc, and cookie jars.

use crate::kit::http::{Http, redirect, resource, welcome};
use crate::kit::{dir, field, path, tool};

const NETRC: &str = "machine 127.0.0.1 login me password sesame\nmachine 127.0.0.1 login you password 2\n\
                     default login anonymous password guest\n";

#[test]
fn user_and_password_come_from_netrc() {
    let home = dir();
    std::fs::write(path(&home, ".netrc"), NETRC).unwrap();
    let file = path(&home, ".netrc").display().to_string();
    let server = Http::welcoming();
    let port = server.port();
    let (plain, localhost) = (server.url("/"), format!("ws://localhost:{port}/"));
    for (args, expected) in [
        (&["--netrc", &plain][..], Some("Basic bWU6c2VzYW1l")),
        (&["--netrc-file", &file, &plain], Some("Basic bWU6c2VzYW1l")),
        (&["--netrc", &format!("ws://you@127.0.0.1:{port}/")], Some("Basic eW91OjI=")),
        (&["--netrc", &format!("ws://a:b@127.0.0.1:{port}/")], Some("Basic YTpi")),
        (&["--netrc", "-u", "a:b", &plain], Some("Basic YTpi")),
        (&["--netrc", "--bearer", "t", &plain], Some("Bearer t")),
        (&["--netrc", &localhost], Some("Basic YW5vbnltb3VzOmd1ZXN0")),
        (&[&plain], None),
    ] {
        let ran = tool().env("HOME", home.path()).args(["-vv", "-j"]).args(args).run().code(0);
        assert!(!ran.stderr.contains("sesame") && !ran.out().contains("sesame"), "{ran:?}");
        assert_eq!(field(&server.head(), "Authorization"), expected, "{args:?}");
    }
    let ran = tool().args(["--netrc-file", "/nowhere", ":1"]).run().code(2);
    ran.says("cannot read user and password in `/nowhere`: No such file");
    tool().args(["--netrc", ":1"]).run().code(2).says("HOME");
}

#[test]
fn a_jar_gives_the_cookies_that_are_meant_for_the_request() {
    let dir = dir();
    let jar = path(&dir, "cookies.txt");
    let content = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tall\tsesame\n\
        #HttpOnly_127.0.0.1\tFALSE\t/chat\tFALSE\t4102444800\tchat\t2\n127.0.0.1\tFALSE\t/\tTRUE\t0\tsecure\t3\n\
        other.example\tTRUE\t/\tFALSE\t0\tother\t4\n127.0.0.1\tFALSE\t/\tFALSE\t1\told\t5\n";
    std::fs::write(&jar, content).unwrap();
    let at_jar = format!("@{}", jar.display());
    let server = Http::welcoming();
    for (resource, expected) in [("/", "x=0; all=sesame"), ("/chat?y", "x=0; chat=2; all=sesame")] {
        let ran = tool().args(["-vv", "--cookie", "x=0", "--cookie", &at_jar, &server.url(resource)]).run().code(0);
        assert!(!ran.stderr.contains("sesame"));
        ran.says("> Cookie: ***\n");
        assert_eq!(field(&server.head(), "Cookie"), Some(expected));
    }
    let secure = Http::start_tls(crate::kit::tls::stranger(), welcome);
    tool().args(["-k", "--cookie", &at_jar, &secure.url("/")]).run().code(0);
    assert_eq!(field(&secure.head(), "Cookie"), Some("all=sesame; secure=3"));
    let elsewhere = format!("ws://localhost:{}/", server.port());
    tool().args(["--cookie", &at_jar, &elsewhere]).run().code(0);
    assert_eq!(field(&server.head(), "Cookie"), None);
}

#[test]
fn a_jar_is_asked_again_at_each_path_and_stays_behind_at_another_origin() {
    let dir = dir();
    let jar = path(&dir, "cookies.txt");
    std::fs::write(&jar, "127.0.0.1\tFALSE\t/a\tFALSE\t0\ta\t1\n127.0.0.1\tFALSE\t/b\tFALSE\t0\tb\t2\n").unwrap();
    let end = Http::welcoming();
    let away = end.url("/b");
    let server = Http::start(move |head| redirect(302, if resource(head) == "/a" { "/b" } else { &away }));
    let at_jar = format!("@{}", jar.display());
    tool().args(["-L", "--cookie", &at_jar, &server.url("/a")]).run().code(0).stdout("hi\n");
    assert_eq!(field(&server.head(), "Cookie"), Some("a=1"));
    assert_eq!(field(&server.head(), "Cookie"), Some("b=2"));
    assert_eq!(field(&end.head(), "Cookie"), None);
}

#[test]
fn a_file_with_one_cookie_is_still_taken_and_another_refused() {
    let dir = dir();
    let file = path(&dir, "cookie");
    let at_file = format!("@{}", file.display());
    let server = Http::welcoming();
    std::fs::write(&file, "a=1\n").unwrap();
    tool().args(["--cookie", &at_file, &server.url("/")]).run().code(0);
    assert_eq!(field(&server.head(), "Cookie"), Some("a=1"));
    for content in ["", "sesame", "127.0.0.1\tFALSE\t/\tFALSE\tsoon\ta\tsesame\n", "a=sesame\nb=2\n"] {
        std::fs::write(&file, content).unwrap();
        let ran = tool().args(["--cookie", &at_file, &server.url("/")]).run().code(2);
        assert!(!ran.stderr.contains("sesame"));
        ran.says("expected a name, `=` and a value on one line, or Netscape's format\n");
    }
}
