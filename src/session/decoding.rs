//! How the messages of sessions are decoded (`--decode`, `--decode-with`, `/decode`): by our decoders, or by a command.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::decode_command::DecodeCommand;
use crate::codec::{DecoderChain, Decoding, MessageDecoder};
use crate::message::{Direction, Message};

/// What decodes messages.
#[derive(Clone, Debug)]
pub(crate) enum DecodeHow {
    Chain(DecoderChain),
    Command(DecodeCommand),
}

/// What decodes the messages of all sessions that share it; it may change at any time.
#[derive(Clone, Debug)]
pub(crate) struct DecodeSwitch {
    shared: Arc<SwitchState>,
    /// How many bytes a message may become (`--max-message`).
    limit: usize,
}

#[derive(Debug)]
struct SwitchState {
    how: Mutex<Option<DecodeHow>>,
    /// How often it has changed.
    changes: AtomicUsize,
}

impl DecodeSwitch {
    pub(crate) fn new(how: Option<DecodeHow>, limit: usize) -> Self {
        Self { shared: Arc::new(SwitchState { how: Mutex::new(how), changes: AtomicUsize::new(0) }), limit }
    }

    /// Decodes messages so from now on, or no more.
    pub(crate) fn set(&self, how: Option<DecodeHow>) {
        *self.shared.how.lock().unwrap_or_else(PoisonError::into_inner) = how;
        self.shared.changes.fetch_add(1, Ordering::Release);
    }

    /// As the user named it; none if messages are not decoded.
    pub(crate) fn name(&self) -> Option<String> {
        self.how().map(|how| match how {
            DecodeHow::Chain(chain) => chain.name,
            DecodeHow::Command(command) => command.line().to_owned(),
        })
    }

    fn how(&self) -> Option<DecodeHow> {
        self.shared.how.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Decodes the messages of one session.
pub(super) struct SessionDecoder {
    switch: DecodeSwitch,
    subprotocol: Option<String>,
    // Borrowed between awaits only.
    state: RefCell<FollowedSwitch>,
}

struct FollowedSwitch {
    /// Those of the switch that are known here.
    changes: usize,
    how: ActiveDecoder,
}

enum ActiveDecoder {
    Off,
    /// What is received, and what is sent.
    Chains(Box<[MessageDecoder; 2]>),
    Command(DecodeCommand),
}

impl SessionDecoder {
    pub(super) fn new(switch: &DecodeSwitch, subprotocol: Option<&str>) -> Self {
        let state = FollowedSwitch { changes: usize::MAX, how: ActiveDecoder::Off };
        Self { switch: switch.clone(), subprotocol: subprotocol.map(str::to_owned), state: RefCell::new(state) }
    }

    /// What a message says; none if it is to be read as it is. Not more than one message of a direction at a time.
    pub(super) async fn decode(&self, direction: Direction, message: &Message) -> Option<Arc<Decoding>> {
        let command = {
            let state = &mut *self.state.borrow_mut();
            self.follow(state);
            match &mut state.how {
                ActiveDecoder::Off => return None,
                ActiveDecoder::Chains(chains) => return chains[direction as usize].decode(message),
                ActiveDecoder::Command(command) => command.clone(),
            }
        };
        command.decode(message, self.switch.limit).await
    }

    fn follow(&self, state: &mut FollowedSwitch) {
        let changes = self.switch.shared.changes.load(Ordering::Acquire);
        if state.changes != changes {
            let start = |chain: &DecoderChain| chain.start(self.subprotocol.as_deref(), self.switch.limit);
            state.changes = changes;
            state.how = match self.switch.how() {
                None => ActiveDecoder::Off,
                Some(DecodeHow::Chain(chain)) => ActiveDecoder::Chains(Box::new([start(&chain), start(&chain)])),
                Some(DecodeHow::Command(command)) => ActiveDecoder::Command(command),
            };
        }
    }
}
