//! The prompt, on a real terminal.

mod kit;

use kit::pty::{Screen, prompt};
use kit::{Server, url};

fn echo() -> Server {
    Server::echo().expect("there are free ports")
}

/// The prompt of a client of this server, waiting for a line.
fn prompt_on(server: &Server) -> Screen {
    let screen = prompt([url(server)]).start();
    screen.prompt();
    screen
}

#[test]
fn typed_lines_are_sent_and_answers_appear_above_the_next() {
    let server = echo();
    let mut screen = prompt_on(&server);
    screen.keys("hello\r");
    screen.shows("> hello\n< hello\n>");
    screen.prompt();
    screen.keys("wörld 日本\r");
    screen.shows("> wörld 日本\n< wörld 日本\n>");
    screen.keys("\x04");
    screen.leaves_with(0);
}
