//! The pipe, sentence by sentence as DESIGN.md promises it.

mod kit;

use kit::{Server, tool, url};

fn echo() -> Server {
    Server::echo().expect("there are free ports")
}

#[test]
fn a_line_is_a_message_and_the_last_needs_no_line_end() {
    let server = echo();
    let ran = tool().arg(url(&server)).stdin("a\nb").run();
    ran.code(0).stdout("a\nb\n").says("closed 1000 (normal closure)");
}
