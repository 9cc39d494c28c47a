//! Judges what was seen: plain code, without I/O.

mod answer;
mod talk;

use crate::conformance::case::{Act, CheckCase, Layer, OpeningCheck};
use crate::conformance::observed::{Observed, ServerTraits};

/// How a case went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Ok,
    /// Right in effect, not in form.
    Loose,
    Fail,
    /// What was seen has more than one meaning.
    Unclear,
    /// Evidence.
    Noted,
    /// There was nothing to try it on.
    Skipped,
}

/// A verdict, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    /// What came, or why it was not tried.
    pub(crate) came: String,
}

impl Judgement {
    pub(crate) fn new(verdict: Verdict, came: impl Into<String>) -> Self {
        Self { verdict, came: came.into() }
    }
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Loose => "loose",
            Self::Fail => "FAIL",
            Self::Unclear => "unclear",
            Self::Noted => "noted",
            Self::Skipped => "skipped",
        }
    }
}

/// Holds what was seen against what was to come.
pub(crate) fn judge(case: &CheckCase, traits: &ServerTraits, observed: &Observed) -> Judgement {
    match (case.act, observed) {
        // Whether there is such a way is what was asked.
        (Act::Ask(OpeningCheck { layer, .. }), Observed::Unreached(why)) if layer != Layer::AsUsual => {
            Judgement::new(Verdict::Noted, format!("not let in: {why}"))
        }
        (_, Observed::Unreached(why)) => Judgement::new(Verdict::Unclear, why),
        (Act::Ask(check), Observed::Answered(reply)) => answer::judge(&check, traits, reply),
        (_, Observed::Answered(reply)) => {
            Judgement::new(Verdict::Unclear, format!("no connection: {}", answer::in_words(reply)))
        }
        (Act::Talk { .. }, Observed::Heard(heard)) if case.offer.is_some() && heard.deflate.is_none() => {
            Judgement::new(Verdict::Skipped, "the server declined the offer")
        }
        (Act::Talk { sent, expected }, Observed::Heard(heard)) => talk::judge(sent, expected, traits, heard),
        (_, Observed::Watched(heard, time)) => talk::watched(heard, *time),
        (Act::Ask(_) | Act::Vanish, Observed::Heard(_)) => Judgement::new(Verdict::Unclear, "nothing was asked"),
    }
}
