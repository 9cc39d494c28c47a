//! nginx in front of a server: it ends TLS, redirects, and passes WebSocket on.

use std::process::Command;

use crate::kit::daemon::{has, openssl, start};
use crate::kit::{dir, echo, free_port, tool};

#[test]
fn nginx_redirects_to_tls_and_passes_on_to_the_server() {
    if !has("nginx") || !has("openssl") {
        return;
    }
    let dir = dir();
    let at = dir.path().display();
    openssl(
        dir.path(),
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=x -addext subjectAltName=DNS:localhost",
    );
    let server = echo();
    let secure = free_port();
    let front = start(|port| {
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;
            events {{}}
            http {{
                access_log off;
                client_body_temp_path {at}/a; proxy_temp_path {at}/b; fastcgi_temp_path {at}/c;
                uwsgi_temp_path {at}/d; scgi_temp_path {at}/e;
                server {{ listen 127.0.0.1:{port}; return 301 https://localhost:{secure}$request_uri; }}
                server {{
                    listen 127.0.0.1:{secure} ssl;
                    ssl_certificate {at}/cert.pem; ssl_certificate_key {at}/key.pem;
                    location /old {{ return 308 chat; }}
                    location /chat {{
                        proxy_pass http://127.0.0.1:{};
                        proxy_http_version 1.1;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection upgrade;
                    }}
                }}
            }}",
            server.port()
        );
        std::fs::write(dir.path().join("nginx.conf"), config).unwrap();
        let mut command = Command::new("nginx");
        command.args(["-p", &at.to_string(), "-c", &format!("{at}/nginx.conf")]);
        command
    });
    let tool = || tool().args(["--cacert", &format!("{at}/cert.pem"), "-x", "a", "-1"]);
    let url = format!("ws://127.0.0.1:{}/old", front.port);
    let ran = tool().args(["-L", &url]).run().code(0).stdout("a\n");
    ran.says(&format!("redirected to wss://localhost:{secure}/old\n"))
        .says(&format!("redirected to wss://localhost:{secure}/chat\n"));
    tool().arg(&url).run().code(4).says("answered 301 Moved Permanently and points to `https://localhost:");
    tool().arg(format!("wss://localhost:{secure}/none")).run().code(4).says("answered 404 Not Found");
    tool().arg(format!("wss://127.0.0.1:{secure}/chat")).run().code(3).says("is for localhost, not for `127.0.0.1`");
    tool().arg(format!("ws://127.0.0.1:{secure}/chat")).run().code(4).says("(the port is for TLS: use wss://)");
    tool().args(["--sni", "localhost", &format!("wss://127.0.0.1:{secure}/chat")]).run().code(0).stdout("a\n");
}
