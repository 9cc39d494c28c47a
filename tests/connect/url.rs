//! The forms of a URL, and from a host to its addresses.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use crate::kit::http::{Http, resource, welcome};
use crate::kit::{dir, field, path, read_head, switching, tool};

#[test]
fn every_short_form_reaches_the_server() {
    let server = Http::welcoming();
    let port = server.port();
    for (typed, host, asked) in [
        (format!(":{port}"), "localhost", "/"),
        (format!(":{port}/x"), "localhost", "/x"),
        (format!("localhost:{port}"), "localhost", "/"),
        (format!("app.localhost:{port}/x?y=1"), "app.localhost", "/x?y=1"),
        (format!("127.0.0.1:{port}/x"), "127.0.0.1", "/x"),
        (format!("http://127.0.0.1:{port}/x?next=http://a/b"), "127.0.0.1", "/x?next=http://a/b"),
        (format!("HTTP://LocalHost:{port}/ä b"), "localhost", "/%C3%A4%20b"),
        (format!("ws://127.0.0.1:{port}?q"), "127.0.0.1", "/?q"),
    ] {
        tool().arg(&typed).run().code(0).stdout("hi\n");
        let head = server.head();
        let expected = format!("{host}:{port}");
        assert_eq!((resource(&head), field(&head, "Host")), (asked, Some(expected.as_str())), "{typed}");
    }
}

#[test]
fn a_unix_socket_is_a_url_too() {
    let dir = dir();
    let socket = path(&dir, "app.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let server = std::thread::spawn(move || {
        listener.incoming().take(2).map(|stream| greet(stream.unwrap())).collect::<Vec<_>>()
    });
    let socket = socket.display();
    for url in [format!("ws+unix:{socket}:/chat?x=1"), format!("ws+unix://{socket}")] {
        tool().arg(url).run().code(0).stdout("hi\n").says(&format!("connected to ws+unix:{socket}:/"));
    }
    let heads = server.join().unwrap();
    assert_eq!((resource(&heads[0]), resource(&heads[1])), ("/chat?x=1", "/"));
    assert_eq!(field(&heads[0], "Host"), Some("localhost"));
}

/// Accepts the client, sends `hi`, and leaves when the client does.
fn greet(mut stream: std::os::unix::net::UnixStream) -> String {
    use std::io::Write as _;
    let head = read_head(&mut stream);
    stream.write_all(&welcome(&head)).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    head
}

#[test]
fn a_unix_socket_that_is_not_there_is_named_and_exits_3() {
    let dir = dir();
    let socket = path(&dir, "none.sock");
    let ran = tool().arg(format!("ws+unix:{}:/", socket.display())).run().code(3).stdout("");
    ran.says(&format!("cannot connect to the socket `{}`: No such file", socket.display()));
}

#[test]
fn user_and_password_of_a_url_become_basic_authentication() {
    let server = Http::welcoming();
    for (user, sent) in
        [("me:secret", "Basic bWU6c2VjcmV0"), ("me%40x:p%3Aw", "Basic bWVAeDpwOnc="), ("me", "Basic bWU6")]
    {
        tool().arg(format!("ws://{user}@127.0.0.1:{}/", server.port())).run().code(0);
        let head = server.head();
        assert_eq!(field(&head, "Authorization"), Some(sent));
        assert_eq!(field(&head, "Host"), Some(format!("127.0.0.1:{}", server.port()).as_str()));
    }
}

#[test]
fn what_is_no_url_is_refused_in_one_line_with_exit_2() {
    for (url, reason) in [
        ("ws://h/#top", "a WebSocket URL has no fragment: leave `#top` out, or write its `#` as %23"),
        ("ftp://h/", "`ftp://` is not a WebSocket scheme; use ws://, wss:// or ws+unix:"),
        ("ws://h:99999/", "invalid port number"),
        ("ws://", "empty host"),
        ("ws+unix:", "write a Unix socket as ws+unix:/run/app.sock:/path"),
    ] {
        tool().arg(url).run().code(2).stdout("").stderr(&format!("wsprobe: invalid URL `{url}`: {reason}\n"));
    }
}

#[test]
fn a_port_where_nobody_listens_exits_3_and_names_the_addresses() {
    // Bound but not listening, so that no other process gets it.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let ran = tool().arg(format!("ws://127.0.0.1:{port}/")).run().code(3).stdout("");
    ran.says(&format!("cannot connect to ws://127.0.0.1:{port}/: 127.0.0.1:{port}: Connection refused"));
}

#[test]
fn a_name_that_does_not_exist_exits_3() {
    // RFC 6761, section 6.4: no server has this name.
    let ran = tool().arg("ws://nowhere.invalid/").run().code(3).stdout("");
    ran.says("cannot resolve `nowhere.invalid`: ");
}

/// A port on both loopback addresses, so that `localhost` on it is surely ours; none where there is no IPv6.
fn both_families() -> Option<(TcpListener, socket2::Socket)> {
    loop {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = v4.local_addr().unwrap().port();
        let v6 = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).ok()?;
        match v6.bind(&std::net::SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port)).into()) {
            Ok(()) => return Some((v4, v6)),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(_) => {
                eprintln!("skipped: this machine has no IPv6");
                return None;
            }
        }
    }
}

#[test]
fn a_family_can_be_chosen() {
    let Some((v4, v6)) = both_families() else { return };
    v6.listen(8).unwrap();
    let port = v4.local_addr().unwrap().port();
    let four = Http::on(v4, welcome);
    let six = Http::on(v6.into(), welcome);
    for (args, server) in
        [(&["-4"][..], &four), (&["--ipv4"], &four), (&["-6"], &six), (&["--ipv6"], &six), (&[], &six)]
    {
        tool().args(args).arg(format!(":{port}")).run().code(0).stdout("hi\n");
        assert_eq!(server.heads().len(), 1, "{args:?}");
    }
    assert!(four.heads().is_empty() && six.heads().is_empty());
    tool().arg(format!("[::1]:{port}/x")).run().code(0).stdout("hi\n");
    assert_eq!(field(&six.head(), "Host"), Some(format!("[::1]:{port}").as_str()));
}

#[test]
fn a_family_that_the_host_lacks_exits_3_with_a_hint() {
    let ran = tool().args(["-6", "ws://127.0.0.1:1/"]).run();
    ran.code(3).stderr("wsprobe: `127.0.0.1` has no IPv6 address (try without -6)\n");
    let ran = tool().args(["-4", "ws://[::1]:1/"]).run();
    ran.code(3).stderr("wsprobe: `[::1]` has no IPv4 address (try without -4)\n");
    tool().args(["-4", "-6", "ws://[::1]:1/"]).run().code(2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_dead_first_address_does_not_cost_the_timeout() {
    let Some((v4, v6)) = both_families() else { return };
    let port = v4.local_addr().unwrap().port();
    // Linux drops the SYN when the queue of a listener is full, as a dead host does; this one has room for one.
    v6.listen(0).unwrap();
    let address = v6.local_addr().unwrap().as_socket().unwrap();
    let _in_the_queue = std::net::TcpStream::connect(address).unwrap();
    let _server = Http::on(v4, welcome);
    // The first is tried, or it would not take its head start; and the limit is longer than the test waits.
    let started = std::time::Instant::now();
    tool().args(["--connect-timeout", "1h"]).arg(format!(":{port}")).run().code(0).stdout("hi\n");
    assert!(started.elapsed() >= std::time::Duration::from_millis(250));
}

#[test]
fn a_server_that_never_answers_the_connection_exits_7() {
    #[cfg(target_os = "linux")]
    {
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        listener.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let _in_the_queue = std::net::TcpStream::connect(address).unwrap();
        let ran = tool().args(["--connect-timeout", "200ms"]).arg(format!("ws://{address}/")).run();
        ran.code(7).stderr("wsprobe: timed out after 200ms while connecting (--connect-timeout)\n");
    }
}

#[test]
fn a_server_that_never_answers_the_request_exits_7() {
    let (sender, heard) = crate::kit::channel();
    let server = crate::kit::Raw::start(move |stream, head| {
        sender.send((stream, switching(&head))).unwrap();
    });
    let ran = tool().args(["--handshake-timeout", "200ms"]).arg(server.url()).run();
    ran.code(7).says("timed out after 200ms while waiting for the answer to the opening request (--handshake-timeout)");
    drop(heard);
}

#[test]
fn an_ipv6_address_takes_its_interface_with_it_and_the_server_does_not_hear_of_that() {
    let Some((_, v6)) = both_families() else { return };
    v6.listen(8).unwrap();
    let port = v6.local_addr().unwrap().as_socket().unwrap().port();
    let server = Http::on(v6.into(), welcome);
    for (zone, shown) in [("%25lo", "lo"), ("%lo", "lo"), ("%251", "1")] {
        let ran = tool().arg(format!("[::1{zone}]:{port}/x")).run().code(0).stdout("hi\n");
        ran.says(&format!("connected to ws://[::1%25{shown}]:{port}/x\n"));
        assert_eq!(field(&server.head(), "Host"), Some(format!("[::1]:{port}").as_str()));
    }
    tool().arg("ws://[fe80::1%25nowhere0]:1/").run().code(3).says("wsprobe: cannot find the interface `nowhere0`: ");
    tool().arg("ws://[fe80::1%25]:1/").run().code(2).says("write one as in `[fe80::1%25eth0]`");
}
