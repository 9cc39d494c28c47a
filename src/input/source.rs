//! Where messages to send come from.

use std::path::PathBuf;

use super::payload::PayloadKind;
use super::splitter::Cut;

/// Where messages come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The input has ended before it began: `-x`.
    Ended,
    /// There is none: only listen.
    Nothing,
    Pipe(Cut),
    /// `--exec`: a command, whose output is cut so.
    Command(String, Cut),
    Prompt(PromptOptions),
}

/// The options of the prompt.
#[derive(Clone, Debug)]
pub(crate) struct PromptOptions {
    pub(crate) history: Option<PathBuf>,
    /// What `~` stands for.
    pub(crate) home: Option<PathBuf>,
    pub(crate) pager: String,
    pub(crate) editor: String,
    /// The terminal wraps rows anew when its width changes.
    pub(crate) wraps_anew: bool,
    /// Edit lines as vi does.
    pub(crate) vi: bool,
    /// What a line is sent as.
    pub(crate) kind: PayloadKind,
    pub(crate) exit_on_close: bool,
    pub(crate) guidance: Guidance,
}

/// When the prompt begins with a line about its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guidance {
    Never,
    WithoutHistory,
    Always,
}
