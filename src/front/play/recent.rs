//! The last messages of a connection in a line each, as they are shown with a failure.

use crate::event::{Direction, Happening, Message};
use crate::render::hex::digits;
use crate::render::text::{ping, pong};
use crate::script::judge::closing;
use crate::term::escape::{Keep, escape};

/// How much of each is shown, in bytes.
const SHOWN: usize = 160;

/// An event among the last messages, safe for a terminal.
pub(super) fn shown(what: &Happening) -> Option<String> {
    Some(match what {
        Happening::Message(direction, message) => format!("{} {}", mark(*direction), preview(message)),
        Happening::Ping(direction, data) => format!("{} {}", mark(*direction), ping(data)),
        Happening::Pong(direction, data, round_trip) => format!("{} {}", mark(*direction), pong(data, *round_trip)),
        Happening::Close { by, close, clean } => {
            let how = if *clean { "" } else { ", not clean" };
            format!("{} {}{how}", mark(*by), escape(&closing(close), Keep::Nothing))
        }
        Happening::Error(error) => format!("! {}", escape(&error.words, Keep::Nothing)),
        Happening::Listening(_) | Happening::Open(_) | Happening::Frame(_) | Happening::Answered(_) => return None,
        Happening::Part(_) | Happening::Run(_) => return None,
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
