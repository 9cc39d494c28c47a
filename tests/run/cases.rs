//! The cases of tests/scripts, in wsprobe's own language.

use std::path::Path;

use crate::kit::{self, Client, tool};
use crate::listen;

/// Sends its request as JSON.
async fn tell(client: Client) {
    let names = ["x-tenant", "x-other", "user-agent", "origin", "cookie", "authorization", "host"];
    let fields = names.map(|name| format!("\"{name}\":\"{}\"", client.header(name).unwrap_or_default()));
    client.text(&format!("{{{}}}", fields.join(","))).await;
    while client.next().await.is_some() {}
}

#[test]
fn the_scripts_of_the_project_pass() {
    let echo = listen(&["--echo", "-s", "chat.v2", "--max-message", "1K"]);
    let guarded = listen(&["--echo", "--auth", "me:pw"]);
    let busy = listen(&["--refuse", "503:come back later", "-H", "Retry-After: 5"]);
    let tell = kit::serving(tell);
    let cutting = kit::serving(|client| async move { client.text("before the cut").await });
    let variables = [
        ("echo", echo.url()),
        ("guarded", guarded.url()),
        ("busy", busy.url()),
        ("tell", kit::url(&tell)),
        ("cutting", kit::url(&cutting)),
    ];
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let variables = variables.iter().flat_map(|(name, url)| ["--var".to_owned(), format!("{name}={url}")]);
    let ran = tool().arg("run").args(variables).arg(scripts).run();
    let files = ran.stderr.lines().filter(|line| line.contains(".wsp passed (")).count();
    assert!(files >= 10, "{}", ran.stderr);
    ran.code(0).stdout("").says(&format!("wsprobe: {files} files, {files} passed ("));
}
