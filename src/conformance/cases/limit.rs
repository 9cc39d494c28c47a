//! Large messages, and many (RFC 6455, section 10.4): each is taken, or refused in order.

use crate::conformance::case::{CheckCase, FrameStep, Reaction};

use FrameStep::{Deflated, Filled, Frame, Times};
use Reaction::{Pongs, TakesOrRefuses};

const MIB: usize = 1 << 20;

const fn should(name: &'static str, section: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::should(name, section, rule).large()
}

pub(super) const CASES: &[CheckCase] = &[
    should("limit/message-1mib", "RFC 6455, 10.4", "takes a message of 1 MiB, or refuses it with 1009")
        .sends(&[Filled("binary", MIB)], TakesOrRefuses),
    should("limit/message-16mib", "RFC 6455, 10.4", "takes a message of 16 MiB, or refuses it with 1009")
        .sends(&[Filled("binary", 16 * MIB)], TakesOrRefuses),
    should("limit/fragments-16mib", "RFC 6455, 10.4", "takes 16 MiB in frames of 1 MiB, or refuses them with 1009")
        .sends(
            &[
                Filled("binary fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation fin=0", MIB),
                Filled("continuation", MIB),
            ],
            TakesOrRefuses,
        ),
    should("limit/fragments", "RFC 6455, 10.4", "takes a message in 10000 frames, or refuses it with 1009")
        .sends(&[Frame("text fin=0 a"), Times(9998, "continuation fin=0 a"), Frame("continuation a")], TakesOrRefuses),
    should("limit/pings", "RFC 6455, 5.5.3", "answers the last of 1000 pings")
        .sends(&[Times(999, "ping one of many"), Frame("ping the last")], Pongs),
    should("limit/inflated-16mib", "RFC 7692, 8", "takes 16 KiB that inflate to 16 MiB, or refuses them with 1009")
        .offers("permessage-deflate")
        .sends(&[Deflated("binary rsv=1", 16 * MIB)], TakesOrRefuses),
    should("limit/echo-inflated-1mib", "RFC 7692, 8", "sends 1 MiB back that came as 1 KiB, or refuses it with 1009")
        .with_echo()
        .offers("permessage-deflate")
        .sends(&[Deflated("binary rsv=1", MIB)], Reaction::SendsBackOrRefuses),
];
