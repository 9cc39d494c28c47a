//! The prompt in a window that is made wider and narrower, in a terminal that wraps its rows anew.

use std::sync::Arc;

use super::kit::tmux::{Tmux, tmux};
use super::kit::{Server, serving, url};
use regex::Regex;
use tokio::sync::Notify;

/// Longer than a row of 80 columns.
const TYPED: &str =
    "a-line-that-is-typed-at-the-prompt-and-that-is-wrapped-in-every-window-of-less-than-one-hundred-columns";

const WIDTHS: [(u32, &[u32]); 3] = [(80, &[120, 40, 80]), (40, &[80, 120, 40]), (120, &[80, 40, 120])];

/// As many messages fill the screen: rows that a wider or narrower window needs or spares come and go at its top.
const FILLING: u32 = 31;

/// A server that fills the screen.
fn saying() -> Server {
    serving(|client| async move {
        for n in 1..=FILLING {
            client.text(&format!("#{n}#")).await;
        }
        while client.next().await.is_some() {}
    })
}

/// The same, but that it counts on: three further each time that it is asked to.
fn saying_more() -> (Server, Arc<Notify>) {
    let more = Arc::new(Notify::new());
    let wanted = Arc::clone(&more);
    let server = serving(move |client| {
        let wanted = Arc::clone(&wanted);
        async move {
            for n in 1_u32.. {
                if n > FILLING && (n - FILLING) % 3 == 1 {
                    tokio::select! {
                        () = wanted.notified() => {}
                        said = client.next() => if said.is_none() { return },
                    }
                }
                client.text(&format!("#{n}#")).await;
            }
        }
    });
    (server, more)
}

/// The last on the screen are the message and the line, which is there once.
fn is_whole(lines: &str, message: &Regex, line: &str) -> bool {
    let text = lines.lines().map(str::trim_end).collect::<String>();
    let before = text.strip_suffix(line);
    before.is_some_and(|before| message.is_match(before)) && text.matches("a-line-that-is").count() == 1
}

fn message(number: u32) -> Regex {
    Regex::new(&format!("< #{number}#$")).expect("a pattern of ours")
}

fn typed(screen: &Tmux) -> String {
    screen.wait("the prompt", |lines| lines.trim_end().ends_with(&format!("< #{FILLING}#\n>")));
    screen.keys(TYPED);
    let line = format!("> {TYPED}");
    // Drawn anew earlier, it may still be so short that no rows below it are erased.
    screen.wait("the line", |lines| is_whole(lines, &message(FILLING), &line));
    line
}

#[test]
fn a_wrapped_line_is_there_once_and_the_message_above_it_stays() {
    let server = saying();
    let message = message(FILLING);
    for (first, widths) in WIDTHS {
        let screen = tmux(&url(&server), first);
        let mut line = typed(&screen);
        for width in widths {
            screen.resize(*width);
            screen.keys("+");
            line.push('+');
            screen.wait(&format!("the line after {width} columns"), |lines| is_whole(lines, &message, &line));
        }
    }
}

#[test]
fn a_wrapped_line_is_there_once_and_no_message_is_lost_while_they_come() {
    let (server, more) = saying_more();
    for (first, widths) in WIDTHS {
        let screen = tmux(&url(&server), first);
        let mut line = typed(&screen);
        let mut last = FILLING;
        for width in widths {
            screen.resize(*width);
            more.notify_one();
            last += 3;
            let message = message(last);
            screen.wait("the messages", |lines| is_whole(lines, &message, &line));
            screen.keys("+");
            line.push('+');
            screen.wait(&format!("the line after {width} columns"), |lines| is_whole(lines, &message, &line));
        }
        let lines = screen.lines();
        let numbers: Vec<u32> = lines.lines().filter_map(|row| row.split('#').nth(1)?.parse().ok()).collect();
        assert!(numbers.into_iter().eq(1..=last), "{lines}");
    }
}
