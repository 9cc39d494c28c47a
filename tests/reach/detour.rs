//! Other routes to a host: sockets, addresses and ports that the URL does not name.

use std::io::Write as _;
use std::os::unix::net::UnixListener;

use crate::kit::http::{FAREWELL, Http, redirect, resource, welcome};
use crate::kit::tls::Authority;
use crate::kit::{dir, field, free_port, path, read_head, switching, tool};

#[test]
fn a_unix_socket_stands_for_the_host_of_the_url() {
    let dir = dir();
    let socket = path(&dir, "app.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let (sender, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = read_head(&mut stream);
            let _ = stream.write_all(&[switching(&head).as_bytes(), FAREWELL].concat());
            let _ = sender.send(head);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    let ran = tool().args(["-v", "--unix-socket", socket.to_str().unwrap(), "ws://app.example/chat?x"]).run().code(0);
    ran.says(&format!("* connected to {} for ws://app.example/chat?x\n", socket.display()));
    let head = heads.recv().unwrap();
    assert!(head.starts_with("GET /chat?x HTTP/1.1\r\nHost: app.example\r\n"), "{head}");
    // No proxy is used for a socket, and no name is resolved.
    let url = format!("ws+unix:{}:/chat", socket.display());
    tool().env("ALL_PROXY", "http://nowhere.invalid").arg(&url).run().code(0).stdout("hi\n");
    tool()
        .env("ALL_PROXY", "http://nowhere.invalid")
        .args(["--unix-socket", socket.to_str().unwrap(), "ws://nowhere.invalid/"])
        .run()
        .code(0);
    let ran = tool().args(["--proxy", "http://h:1", &url]).run().code(2);
    ran.says("`--proxy` cannot be used with the URL of a Unix socket");
    let none = path(&dir, "none.sock");
    let ran = tool().args(["--unix-socket", none.to_str().unwrap(), "ws://app.example/"]).run().code(3);
    ran.says(&format!("cannot connect to the socket `{}`: No such file", none.display()));
}

#[test]
fn a_name_may_be_given_its_addresses() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let server = Http::start_tls(authority.server(&["app.example"]), welcome);
    let port = server.port();
    let url = format!("wss://app.example:{port}/");
    for entry in [format!("app.example:{port}:127.0.0.1"), format!("*:{port}:[::1],127.0.0.1")] {
        let cacert = authority.file(&dir);
        tool().arg("--cacert").arg(cacert).args(["--resolve", &entry, &url]).run().code(0).stdout("hi\n");
        assert_eq!(field(&server.head(), "Host"), Some(format!("app.example:{port}").as_str()));
    }
    tool().args(["--resolve", "a:1:127.0.0.1", "ws://nowhere.invalid/"]).run().code(3).says("cannot resolve");
    tool().args(["--resolve", "a:1:b", ":1"]).run().code(2).says("expected HOST:PORT:ADDR");
    tool().args(["-6", "--resolve", "a.example:1:127.0.0.1", "ws://a.example:1"]).run().code(3).says("no IPv6 address");
}

#[test]
fn a_connection_may_be_led_elsewhere() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let server = Http::start_tls(authority.server(&["app.example"]), welcome);
    let port = server.port();
    for entry in [format!("app.example:443:127.0.0.1:{port}"), format!("::127.0.0.1:{port}")] {
        let cacert = authority.file(&dir);
        tool().arg("--cacert").arg(cacert).args(["--connect-to", &entry, "wss://app.example/"]).run().code(0);
        assert_eq!(field(&server.head(), "Host"), Some("app.example"));
    }
    tool().args(["--connect-to", "a:b:c:d", ":1"]).run().code(2).says("expected HOST1:PORT1:HOST2:PORT2");
}

#[test]
fn a_connection_begins_at_the_address_or_interface_that_is_named() {
    let server = Http::welcoming();
    let from = |origin: &str| tool().args(["-v", "--interface", origin, &server.url("/")]).run();
    from("127.0.0.1").code(0).stdout("hi\n");
    if cfg!(target_os = "linux") {
        from("127.0.0.9").code(0).stdout("hi\n");
        from("lo").code(0).stdout("hi\n");
    }
    from("no-such-interface").code(2).says("expected an address of this machine");
    from("192.0.2.1").code(3).says("annot assign requested address");
    let url = format!("ws://localhost:{}/", server.port());
    tool().args(["--interface", "127.0.0.1", &url]).run().code(0).stdout("hi\n");
    let ran = tool().args(["-6", "--interface", "127.0.0.1", &url]).run().code(2);
    ran.says("`-4` or `-6` excludes the family of the address in `--interface`");
}

#[test]
fn an_insecure_redirect_is_followed_only_when_asked_for() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let plain = Http::welcoming();
    let to = plain.url("/end");
    let secure = Http::start_tls(authority.server(&["127.0.0.1"]), move |_| redirect(302, &to));
    let tool = || tool().arg("--cacert").arg(authority.file(&dir)).args(["-u", "me:pw", "-L"]);
    tool().arg(secure.url("/")).run().code(4).says("--insecure-redirect follows it");
    tool().args(["--insecure-redirect", &secure.url("/")]).run().code(0).stdout("hi\n");
    assert_eq!(field(&plain.head(), "Authorization"), None);
    crate::kit::tool().args(["--insecure-redirect", ":1"]).run().code(2).says("--location");
}

#[test]
fn the_name_that_was_given_stays_behind_at_another_host() {
    let (dir, authority) = (dir(), Authority::new("ours"));
    let end = Http::start_tls(authority.server(&["localhost"]), welcome);
    let to = format!("wss://localhost:{}/end", end.port());
    let start = Http::start_tls(authority.server(&["app.example"]), move |_| redirect(302, &to));
    let cacert = authority.file(&dir);
    let ran = tool().arg("--cacert").arg(cacert).args(["--sni", "app.example", "-L", &start.url("/")]).run();
    ran.code(0).stdout("hi\n");
}

#[test]
fn a_redirect_takes_the_detours_of_where_it_leads() {
    let server =
        Http::start(|head| if resource(head) == "/end" { welcome(head) } else { redirect(302, "ws://b.example/end") });
    let entry = format!("::127.0.0.1:{}", server.port());
    tool().args(["-L", "--connect-to", &entry, "ws://a.example/"]).run().code(0).stdout("hi\n");
    server.head();
    assert_eq!(field(&server.head(), "Host"), Some("b.example"));
}

#[test]
fn a_port_without_a_server_names_each_address_that_was_tried() {
    let port = free_port();
    let ran = tool()
        .args(["--resolve", &format!("a.example:{port}:127.0.0.1,127.0.0.2"), &format!("ws://a.example:{port}")])
        .run();
    ran.code(3).says(&format!("127.0.0.1:{port}: ")).says(&format!("127.0.0.2:{port}: "));
}
