//! The last messages of a connection in a line each, as they are shown with a failure.

use crate::events::EventKind;
use crate::message::{Direction, Message};
use crate::render::text::{ping, pong};
use crate::script::judge::closing;
use crate::text::escape::{Keep, escape};
use crate::text::hex::digits;

/// How much of each is shown, in bytes.
const SHOWN: usize = 160;

/// An event among the last messages, safe for a terminal.
pub(crate) fn shown(what: &EventKind) -> Option<String> {
    Some(match what {
        EventKind::Message(direction, message) => format!("{} {}", mark(*direction), preview(message)),
        EventKind::Ping(direction, data) => format!("{} {}", mark(*direction), ping(data)),
        EventKind::Pong(direction, data, round_trip) => format!("{} {}", mark(*direction), pong(data, *round_trip)),
        EventKind::Close { by, close, clean } => {
            let how = if *clean { "" } else { ", not clean" };
            format!("{} {}{how}", mark(*by), escape(&closing(close), Keep::Nothing))
        }
        EventKind::Error(error) => format!("! {}", escape(&error.words, Keep::Nothing)),
        EventKind::Listening(_) | EventKind::Open(_) | EventKind::Frame(_) | EventKind::Answered(_) => return None,
        EventKind::Part(_) | EventKind::Run(..) | EventKind::Excerpt(..) => return None,
    })
}

fn mark(direction: Direction) -> char {
    match direction {
        Direction::In => '<',
        Direction::Out => '>',
    }
}

fn preview(message: &Message) -> String {
    let data = message.data();
    let more = if data.len() > SHOWN { format!("… [{} bytes]", data.len()) } else { String::new() };
    match message {
        Message::Text(text) => {
            format!("{}{more}", escape(&text[..text.floor_char_boundary(SHOWN)], Keep::Nothing))
        }
        Message::Binary(data) => format!("binary {}{more}", digits(&data[..data.len().min(SHOWN)])),
    }
}
