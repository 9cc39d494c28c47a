//! Draws the pictures of the README and the guide, `docs/session.svg` and `docs/load.svg`, from real runs on a real terminal.
//!
//! Nothing to check, so it only runs when asked to: `cargo test --test generated picture -- --ignored`.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::kit;
use super::kit::pty::on_terminal;
use super::kit::{Client, Said, Server};
use portable_pty::CommandBuilder;

const COLUMNS: u16 = 80;

/// The size of a character and of the frame, in pixels.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 19.0;
const MARGIN: f32 = 18.0;
const TITLE_BAR: f32 = 34.0;

const BACKGROUND: &str = "#1d2129";
const BAR: &str = "#2a303b";
const BORDER: &str = "#4b5464";
const TEXT: &str = "#dfe4ec";

/// The sixteen colours that programs name by number, of about the same lightness and legible on the background.
const COLOURS: [&str; 16] = [
    "#4b5464", "#f2777a", "#93c87b", "#e6c070", "#6cb0f2", "#d29be0", "#5fc4cc", "#dfe4ec", "#8c96a8", "#f2777a",
    "#93c87b", "#e6c070", "#6cb0f2", "#d29be0", "#5fc4cc", "#ffffff",
];

const QUOTE: &str = r#"{"symbol":"ACME","bid":101.250,"ask":101.50,"depth":[[101.25,300],[101.2,1200],[101.1,90]],"open":true,"halted":null}"#;

/// Sends a few messages for the picture.
async fn quotes(client: Client) {
    client.text("welcome to the quote feed").await;
    while let Some(said) = client.next().await {
        match said {
            Said::Text(text) if text == "quote ACME" => client.text(QUOTE).await,
            Said::Text(text) if text == "logo" => {
                client.binary(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20\x08\x06\0\0\0szz").await;
            }
            Said::Text(_) => client.text("what? \x1b[31mtry `quote ACME` or `logo`").await,
            _ => {}
        }
    }
}

#[test]
#[ignore = "it writes docs/session.svg"]
fn the_picture_of_a_session() {
    let server = Server::start(quotes).expect("there are free ports");
    let mut shell = CommandBuilder::new("sh");
    let line = r#"printf '$ wsprobe %s\n' "$1"; "$0" "$1"; printf '$ '; read -r line"#;
    shell.args(["-c", line, kit::binary(), &format!(":{}/quotes", server.port())]);
    let screen = on_terminal(shell).size(40, COLUMNS).without_env("NO_COLOR").start();
    for (typed, answer) in [
        ("", "welcome to the quote feed"),
        ("quote ACME", "\"halted\": null"),
        ("logo", "binary, 32 bytes"),
        ("hello?", "or `logo`"),
        ("/ping still there?", "pong still there?"),
        ("/close 1000 thanks", "closed 1000"),
    ] {
        if !typed.is_empty() {
            screen.keys(format!("{typed}\r"));
        }
        screen.shows(answer);
        if !typed.starts_with("/close") {
            screen.prompt();
        }
    }
    // After a /close the prompt stays.
    screen.keys("\x04");
    screen.line("$", 2);
    let picture = screen.look(|screen| draw(screen, "A session of wsprobe in a terminal", server.port()));
    write("session.svg", &picture);
}

/// Sends back what it gets, later from second to second, and late in each sixth, on all connections at once.
async fn stalling(client: Client) {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    while let Some(Said::Text(text)) = client.next().await {
        let second = BEGUN.elapsed().as_secs() % 6;
        let stall = Duration::from_millis(if second == 4 { 120 } else { second });
        tokio::time::sleep(stall).await;
        client.text(&text).await;
    }
}

#[test]
#[ignore = "it writes docs/load.svg"]
fn the_picture_of_a_load() {
    let server = Server::start(stalling).expect("there are free ports");
    let mut shell = CommandBuilder::new("sh");
    let options = "--ramp 10s:100 --rate 5 -x hello --duration 10s";
    let line = r#"printf '$ wsprobe load %s %s\n' "$1" "$2"; exec "$0" load $1 "$2""#;
    shell.args(["-c", line, kit::binary(), options, &format!(":{}", server.port())]);
    let mut screen = on_terminal(shell).size(20, COLUMNS).without_env("NO_COLOR").start();
    screen.shows("18 s of 20 s");
    screen.shows("p99         ");
    let picture = screen.look(|screen| draw(screen, "A load of wsprobe in a terminal", server.port()));
    write("load.svg", &picture);
    assert_eq!(screen.code(), 0);
}

fn write(name: &str, picture: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    std::fs::create_dir_all(&folder).expect("the repository can be written");
    std::fs::write(folder.join(name), picture).expect("the repository can be written");
}

/// A window around what is on the screen, down to the cursor.
fn draw(screen: &vt100::Screen, label: &str, port: u16) -> String {
    let (last, cursor) = screen.cursor_position();
    let width = f32::from(COLUMNS) * WIDTH + 2.0 * MARGIN;
    let height = f32::from(last + 1) * HEIGHT + TITLE_BAR + 2.0 * MARGIN - 6.0;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" aria-label="{label}">
<rect x="0.5" y="0.5" width="{:.0}" height="{:.0}" rx="9" fill="{BACKGROUND}" stroke="{BORDER}"/>
<path d="M1 {TITLE_BAR}V9.5a8.5 8.5 0 0 1 8.5-8.5H{:.1}a8.5 8.5 0 0 1 8.5 8.5V{TITLE_BAR}z" fill="{BAR}"/>
<circle cx="20" cy="17.5" r="6" fill="#f2777a"/><circle cx="40" cy="17.5" r="6" fill="#e6c070"/><circle cx="60" cy="17.5" r="6" fill="#93c87b"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="{TEXT}" xml:space="preserve">
<text x="{:.0}" y="22" text-anchor="middle" fill="{}">wsprobe</text>
"##,
        width - 1.0,
        height - 1.0,
        width - 9.5,
        width / 2.0,
        COLOURS[8],
    );
    for row in 0..=last {
        let y = TITLE_BAR + MARGIN + 9.0 + f32::from(row) * HEIGHT;
        let runs = runs(screen, row, port);
        if !runs.is_empty() {
            writeln!(svg, r#"<text y="{y:.1}">{runs}</text>"#).expect("a String takes all");
        }
    }
    let (x, y) = (MARGIN + f32::from(cursor) * WIDTH, TITLE_BAR + MARGIN - 5.0 + f32::from(last) * HEIGHT);
    writeln!(svg, r#"</g><rect x="{x:.1}" y="{y:.1}" width="{WIDTH}" height="17" fill="{TEXT}"/></svg>"#)
        .expect("a String takes all");
    svg
}

/// The pieces of a row that have one colour each, where they stand. Blanks need no drawing.
fn runs(screen: &vt100::Screen, row: u16, port: u16) -> String {
    let mut pieces: Vec<(u16, vt100::Color, String)> = Vec::new();
    for column in 0..COLUMNS {
        let cell = screen.cell(row, column).expect("the screen is that wide");
        let text = if cell.has_contents() { cell.contents() } else { " " };
        match pieces.last_mut() {
            // Not all browsers keep blanks, whatever `xml:space` says: what is behind some is a piece of its own.
            Some((_, colour, piece)) if text == " " || *colour == cell.fgcolor() && !piece.ends_with("  ") => {
                piece.push_str(text);
            }
            None if text == " " => {}
            _ => pieces.push((column, cell.fgcolor(), text.to_owned())),
        }
    }
    let mut runs = String::new();
    for (column, colour, text) in pieces.iter().filter(|(_, _, text)| !text.trim().is_empty()) {
        // A reader would look for the reason of another port than the usual one.
        let text = text.trim_end().replace(&format!(":{port}"), ":8080");
        let x = MARGIN + f32::from(*column) * WIDTH;
        // Every font has its own idea of a column; ours holds.
        let length = f32::from(u16::try_from(text.chars().count()).expect("it is a row")) * WIDTH;
        let fill = fill(*colour).map_or_else(String::new, |fill| format!(r#" fill="{fill}""#));
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        write!(
            runs,
            r#"<tspan x="{x:.1}" textLength="{length:.1}" lengthAdjust="spacingAndGlyphs"{fill}>{text}</tspan>"#
        )
        .expect("a String takes all");
    }
    runs
}

fn fill(colour: vt100::Color) -> Option<String> {
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) => COLOURS.get(usize::from(index)).map(|colour| (*colour).to_owned()),
        vt100::Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}
