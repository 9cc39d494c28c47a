//! Judges what was seen: plain code, without I/O.

mod answer;
mod talk;
mod verdict;

pub(crate) use self::verdict::{Judgement, Verdict};

use crate::conformance::case::{Act, CheckCase, Layer, OpeningCheck};
use crate::conformance::observed::{Observed, ServerTraits};

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
