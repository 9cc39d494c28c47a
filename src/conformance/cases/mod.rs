//! The tables of cases, a file for each group or two.

mod close;
mod control;
mod deflate;
mod fragment;
mod frame;
mod handshake;
mod limit;
mod negotiation;
mod origin;
mod utf8;

use crate::conformance::case::CheckCase;

const TABLES: [&[CheckCase]; 10] = [
    handshake::CASES,
    negotiation::CASES,
    frame::CASES,
    fragment::CASES,
    control::CASES,
    utf8::CASES,
    close::CASES,
    deflate::CASES,
    limit::CASES,
    origin::CASES,
];

/// All cases, in the order in which they are run.
pub(crate) fn all() -> impl Iterator<Item = &'static CheckCase> {
    TABLES.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::conformance::case::{Act, Level, Traffic};
    use crate::conformance::frames;
    use crate::wire::frame::{FrameHeader, Rules, Side};

    #[test]
    fn names_are_words_in_a_group_and_no_two_are_the_same() {
        let names: BTreeSet<_> = all().map(|case| case.name).collect();
        assert_eq!(names.len(), all().count());
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        for name in names {
            let (group, rest) = name.split_once('/').unwrap();
            assert!(group.chars().all(is_word) && rest.chars().all(is_word), "{name}");
        }
    }

    #[test]
    fn each_case_says_what_it_is_about() {
        for case in all() {
            let is_evidence = case.level == Level::Evidence;
            assert!(case.section.starts_with("RFC ") || is_evidence, "{}", case.name);
            assert!(!case.rule.is_empty() && !case.rule.ends_with('.'), "{}", case.name);
        }
    }

    /// Frames that a peer may not send, by the rules of the other side of our own.
    fn breaks_rules(case: &CheckCase) -> bool {
        let Act::Talk { sent, .. } = case.act else { return false };
        let rules = Rules { side: Side::Server, deflate: case.offer.is_some() };
        let mut in_message = false;
        frames::of(sent).iter().any(|frame| {
            let mut bytes = bytes::BytesMut::new();
            frame.write(frame.mask(Side::Client, [7; 4]), &mut bytes);
            let found = FrameHeader::read(&bytes).unwrap();
            let is_broken = rules.check(&found, in_message).is_err();
            in_message = if found.header.is_control() { in_message } else { !found.header.fin };
            is_broken
        })
    }

    #[test]
    fn what_breaks_the_rules_of_framing_is_sent_only_when_that_is_asked_for() {
        for case in all().filter(|case| breaks_rules(case)) {
            assert_eq!(case.traffic, Traffic::Malformed, "{}", case.name);
        }
    }

    #[test]
    fn nothing_is_larger_than_16_mib() {
        for case in all() {
            let Act::Talk { sent, .. } = case.act else { continue };
            let size: usize = frames::of(sent).iter().map(|frame| frame.payload.len()).sum();
            assert!(size <= frames::LARGEST, "{}", case.name);
            assert!(size <= 1 << 17 || case.traffic == Traffic::Large, "{}", case.name);
        }
    }
}
