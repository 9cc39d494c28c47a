//! What a server does by itself, learned before any case is tried.

use super::conversation::Conversation;
use super::probe::{GRACE, GREETING, Prober};
use crate::conformance::case::FrameStep;
use crate::conformance::frames;
use crate::conformance::observed::{Heard, HeardFrame, MARKER, Outlook, ServerTraits};
use crate::error::Error;
use crate::wire::deflate::Terms;

/// What is sent to see whether it is taken, and whether it comes back.
const PLAIN: &str = "wsprobe";

impl ServerTraits {
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
    let mut traits = ServerTraits { deflates, ..ServerTraits::default() };
    let (mut open, is_settled) = prober.open().await?;
    let heard = heard_in(&mut open);
    traits.greetings = heard.after.iter().filter(|frame| !frame.header.is_control()).count();
    traits.idle = if is_settled { Outlook::Stays } else { heard.outlook(MARKER) };
    if !is_settled {
        open.leave(GRACE).await;
        return Ok(traits);
    }
    open.say(&[PLAIN.to_owned()], prober.time_limit()).await;
    let heard = reaction(prober, &mut open).await;
    traits.text = heard.outlook(MARKER);
    // An answer may take longer than a pong.
    traits.echoes = came_back(&heard.after) || traits.text == Outlook::Stays && open.listen(GREETING, came_back).await;
    if traits.text != Outlook::Stays {
        open.leave(GRACE).await;
        (open, _) = prober.open().await?;
    }
    open.take_heard();
    open.play(&[FrameStep::Frame("binary wsprobe")], prober.time_limit()).await;
    traits.binary = reaction(prober, &mut open).await.outlook(MARKER);
    open.leave(GRACE).await;
    Ok(traits)
}

/// What came of a message, up to the pong to a ping that followed it.
async fn reaction(prober: &Prober<'_>, open: &mut Conversation<'_>) -> Heard {
    prober.mark(open).await;
    heard_in(open)
}

fn came_back(heard: &[HeardFrame]) -> bool {
    let messages = frames::heard_messages(heard, Terms::default()).unwrap_or_default();
    messages.iter().any(|(_, data)| data == PLAIN.as_bytes())
}

fn heard_in(open: &mut Conversation<'_>) -> Heard {
    Heard { after: open.take_heard(), end: open.end, ..Heard::default() }
}
