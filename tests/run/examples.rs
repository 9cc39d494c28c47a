//! The examples: each script against its server, which is a script too.

use std::path::{Path, PathBuf};

use crate::kit::tool;
use crate::listen;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Plays an example against its server; both have to pass.
#[track_caller]
fn passes(name: &str, server_args: &[&str]) {
    let script = examples().join("servers").join(name).with_extension("wsp");
    let server = match script.exists() {
        true => listen(&[server_args, &["--script", script.to_str().expect("a path of ours")]].concat()),
        false => listen(server_args),
    };
    let url = format!("url=ws://localhost:{}", server.port);
    let ran = tool().args(["run", "--var", &url]).arg(examples().join(name).with_extension("wsp")).run();
    ran.code(0).says("1 file, 1 passed (");
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(!script.exists() || said.contains(&format!("{name}.wsp passed\n")), "{said}");
}

#[test]
fn an_echo_server() {
    passes("echo", &["--echo"]);
}

#[test]
fn a_json_rpc_service() {
    passes("json-rpc", &[]);
}

#[test]
fn graphql_transport_ws() {
    passes("graphql-transport-ws", &["-s", "graphql-transport-ws"]);
}

#[test]
fn stomp() {
    passes("stomp", &["-s", "v12.stomp"]);
}

#[test]
fn signalr() {
    passes("signalr", &[]);
}

#[test]
fn socket_io() {
    passes("socket-io", &[]);
}

#[test]
fn mqtt() {
    passes("mqtt", &["-s", "mqtt"]);
}

#[test]
fn examples_are_in_their_canonical_form() {
    let scripts = |dir: PathBuf| {
        let entries = std::fs::read_dir(dir).expect("the examples are there");
        let paths = entries.map(|entry| entry.expect("it can be read").path());
        paths.filter(|path| path.extension().is_some_and(|it| it == "wsp")).collect::<Vec<_>>()
    };
    let (clients, servers) = (scripts(examples()), scripts(examples().join("servers")));
    assert_eq!((clients.len(), servers.len()), (7, 6));
    tool().args(["run", "--check", "--fmt"]).args(clients).args(servers).run().code(0);
}
