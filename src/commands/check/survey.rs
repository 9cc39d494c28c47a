//! What a server does by itself, learned before any case is tried.

use super::conversation::Conversation;
use super::probe::{GRACE, GREETING, Prober, is_close};
use crate::conformance::case::FrameStep;
use crate::conformance::frames;
use crate::conformance::observed::{Heard, HeardFrame, MARKER, Outlook, ServerTraits};
use crate::error::Error;
use crate::wire::deflate::Terms;
use crate::wire::frame::{BINARY, PONG, TEXT};

/// What is sent to see whether it is taken, and whether it comes back.
const PLAIN: &str = "wsprobe";

impl ServerTraits {
    /// Of a server whose handshake is no good, so that nothing else is known.
    pub(super) fn without_a_handshake(why: String) -> Self {
        let idle = Outlook::Silent;
        Self { bad_handshake: Some(why), greetings: 0, idle, text: idle, binary: idle, echoes: false, deflates: false }
    }

    /// In a line, for people.
    pub(super) fn in_words(&self) -> String {
        let mut words = Vec::new();
        match self.greetings {
            0 => {}
            1 => words.push("sends a message first".to_owned()),
            count => words.push(format!("sends {count} messages first")),
        }
        words.push(match self.idle {
            Outlook::Stays => "answers pings".to_owned(),
            Outlook::Silent => "does not answer pings".to_owned(),
            Outlook::Closes(_) | Outlook::Cuts => format!("closes by itself: {}", self.idle.in_words()),
        });
        if self.idle == Outlook::Stays {
            for (kind, outlook) in [("text", self.text), ("binary messages", self.binary)] {
                if outlook != Outlook::Stays {
                    words.push(format!("does not accept {kind}: {}", outlook.in_words()));
                }
            }
        }
        if self.echoes {
            words.push("echoes messages".to_owned());
        }
        words.push(if self.deflates { "compresses" } else { "does not compress" }.to_owned());
        words.join(", ")
    }
}

/// Connects, and says what cannot be wrong.
///
/// # Errors
/// There is no connection.
pub(super) async fn survey(prober: &mut Prober<'_>, deflates: bool) -> Result<ServerTraits, Error> {
    let mut traits = ServerTraits { deflates, bad_handshake: None, ..ServerTraits::without_a_handshake(String::new()) };
    let (mut open, is_settled) = prober.open(true).await?;
    let heard = heard_in(&mut open);
    traits.greetings = heard.after.iter().filter(|frame| !frame.header.is_control()).count();
    traits.idle = if is_settled { Outlook::Stays } else { heard.outlook(MARKER) };
    if !is_settled {
        open.leave(GRACE).await;
        return Ok(traits);
    }
    let (outlook, echoes) = say(prober, &mut open, TEXT).await;
    (traits.text, traits.echoes) = (outlook, echoes);
    if outlook != Outlook::Stays {
        open.leave(GRACE).await;
        (open, _) = prober.open(true).await?;
        open.take_heard();
    }
    (traits.binary, _) = say(prober, &mut open, BINARY).await;
    open.leave(GRACE).await;
    Ok(traits)
}

/// Sends a message, and tells how it was taken and whether it came back.
async fn say(prober: &Prober<'_>, open: &mut Conversation<'_>, opcode: u8) -> (Outlook, bool) {
    if opcode == TEXT {
        open.say(&[PLAIN.to_owned()], prober.patience).await;
    } else {
        open.play(&[FrameStep::Frame("binary wsprobe")], prober.patience).await;
    }
    open.ping(MARKER, prober.patience).await;
    let is_told = |frame: &HeardFrame| frame.header.opcode == PONG && frame.payload == MARKER || is_close(frame);
    open.listen(prober.patience, |heard| heard.iter().any(is_told)).await;
    let mut heard = heard_in(open);
    let outlook = heard.outlook(MARKER);
    if outlook == Outlook::Stays && !came_back(&heard) {
        // An answer may take longer than a pong.
        open.listen(GREETING, |heard| heard.iter().any(|frame| !frame.header.is_control())).await;
        heard = heard_in(open);
    }
    (outlook, came_back(&heard))
}

fn came_back(heard: &Heard) -> bool {
    let messages = frames::heard_messages(&heard.after, Terms::default()).unwrap_or_default();
    messages.iter().any(|(_, data)| data == PLAIN.as_bytes())
}

fn heard_in(open: &mut Conversation<'_>) -> Heard {
    Heard { after: open.take_heard(), end: open.end, ..Heard::default() }
}
