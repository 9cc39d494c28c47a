//! What a case is: plain data. The tables are in `cases`, what they lead to is judged in `judge`.

/// One rule, and how it is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckCase {
    /// `GROUP/NAME`, which stays as it is from release to release.
    pub(crate) name: &'static str,
    /// What a server does that keeps the rule.
    pub(crate) rule: &'static str,
    /// Where the rule stands, as in `RFC 6455, 5.2`.
    pub(crate) section: &'static str,
    pub(crate) level: Level,
    pub(crate) traffic: Traffic,
    /// Only for a server that sends everything back (`--echo`).
    pub(crate) needs_echo: bool,
    /// The value of Sec-WebSocket-Extensions; without it, no compression is offered.
    pub(crate) offer: Option<&'static str>,
    pub(crate) act: Act,
}

/// How much a rule binds (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Must,
    Should,
    /// No rule of an RFC: what is seen is told, and nothing is wrong about it.
    Evidence,
}

/// What kind of traffic a case sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    WellFormed,
    /// `--malformed`: frames that break the rules.
    Malformed,
    /// `--limits`: 16 MiB at most.
    Large,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// A request and its answer.
    Ask(OpeningCheck),
    /// What is sent over a connection that is open, and what is to come of it.
    Talk { sent: &'static [FrameStep], expected: Reaction },
    /// Nothing is sent for the time of `--vanish`, and no ping is answered.
    Vanish,
}

/// An opening request: what of it is not as usual, and the answer that is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpeningCheck {
    /// Fields in place of those of the same name; an empty value removes one. `{scheme}`, `{authority}` and `{host}` are
    /// those of the URL.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    pub(crate) method: &'static str,
    pub(crate) version: &'static str,
    /// Sent a few bytes at a time.
    pub(crate) in_pieces: bool,
    /// Without the credentials and cookies that were given.
    pub(crate) anonymous: bool,
    pub(crate) layer: Layer,
    pub(crate) expected: AnswerRule,
}

/// What is below the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    AsUsual,
    /// `ws://` where the URL says `wss://`.
    Plain,
    Tls12,
    Tls13,
}

/// Which answer to an opening request keeps the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerRule {
    Switches,
    /// Anything but a 101.
    StaysHttp,
    /// An error, best with one of these statuses.
    Refuses(&'static [u16]),
    RightAccept,
    RightUpgrade,
    RightConnection,
    Http11,
    /// A refusal that lists the versions that it knows.
    ListsVersions,
    NoSubprotocol,
    /// It cannot know the one that is offered.
    UnknownSubprotocol,
    /// One of those that are offered, or none.
    OneSubprotocol,
    /// It cannot have the one that is offered, if there is one.
    NoExtension,
    /// permessage-deflate is not used: the offer is none that may be taken.
    DeclinesDeflate,
    /// permessage-deflate is not used, or as the offer lets it.
    FitsDeflate,
    /// Whether it lets in.
    Told,
}

/// A step of what is sent. Frames are written as for `frame` in scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameStep {
    Frame(&'static str),
    /// A byte at a time.
    Dripped(&'static str),
    /// So many of them.
    Times(u32, &'static str),
    /// With so many bytes of payload, all of them `a`.
    Filled(&'static str, usize),
    /// With a payload that inflates to so many bytes.
    Deflated(&'static str, usize),
    /// With so many bytes that do not compress, and the same once more.
    Noise(&'static str, usize),
}

/// Which reaction to frames keeps the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// The pong to a ping that follows comes.
    StaysOpen,
    /// The connection is failed, best with one of these codes.
    Fails(&'static [u16]),
    /// The last of the pings that were sent is answered, with its payload.
    Pongs,
    /// A Close comes, with a code that may be sent or none.
    AnswersClose,
    /// A Close comes, with the code that was sent.
    EchoesCode,
    /// After the closing handshake, the transport ends.
    EndsTransport,
    /// No message follows its Close.
    SendsNoMore,
    /// Each message comes back.
    SendsBack,
    /// The same, or it is refused with 1009.
    SendsBackOrRefuses,
    /// Whatever comes is framed so.
    Frames(FrameRule),
    /// The message is taken, or refused with 1009.
    TakesOrRefuses,
}

/// What holds for each frame of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameRule {
    Unmasked,
    NoReserved,
    ShortestLength,
    ShortControl,
    /// No reserved bits in control frames.
    PlainControl,
}

impl CheckCase {
    const fn new(name: &'static str, section: &'static str, level: Level, rule: &'static str) -> Self {
        let act = Act::Ask(OpeningCheck::USUAL);
        let (traffic, needs_echo, offer) = (Traffic::WellFormed, false, None);
        Self { name, rule, section, level, traffic, needs_echo, offer, act }
    }

    /// A rule that binds.
    pub(crate) const fn must(name: &'static str, section: &'static str, rule: &'static str) -> Self {
        Self::new(name, section, Level::Must, rule)
    }

    /// A rule that may have its exceptions.
    pub(crate) const fn should(name: &'static str, section: &'static str, rule: &'static str) -> Self {
        Self::new(name, section, Level::Should, rule)
    }

    /// Something to be told.
    pub(crate) const fn evidence(name: &'static str, section: &'static str, rule: &'static str) -> Self {
        Self::new(name, section, Level::Evidence, rule)
    }

    pub(crate) const fn asks(self, check: OpeningCheck) -> Self {
        Self { act: Act::Ask(check), ..self }
    }

    pub(crate) const fn sends(self, sent: &'static [FrameStep], expected: Reaction) -> Self {
        Self { act: Act::Talk { sent, expected }, ..self }
    }

    pub(crate) const fn vanishes(self) -> Self {
        Self { act: Act::Vanish, ..self }
    }

    /// With frames that break the rules.
    pub(crate) const fn malformed(self) -> Self {
        Self { traffic: Traffic::Malformed, ..self }
    }

    /// With large messages, or many.
    pub(crate) const fn large(self) -> Self {
        Self { traffic: Traffic::Large, ..self }
    }

    /// For a server that sends everything back.
    pub(crate) const fn with_echo(self) -> Self {
        Self { needs_echo: true, ..self }
    }

    pub(crate) const fn offers(self, offer: &'static str) -> Self {
        Self { offer: Some(offer), ..self }
    }

    /// What stands before the slash.
    pub(crate) fn group(&self) -> &'static str {
        self.parts().0
    }

    /// What stands after it.
    pub(crate) fn name_in_group(&self) -> &'static str {
        self.parts().1
    }

    fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once('/').expect("a test reads all names")
    }

    /// Whether it is about TLS, so that there is nothing to try without it.
    pub(crate) fn needs_tls(&self) -> bool {
        matches!(self.act, Act::Ask(OpeningCheck { layer, .. }) if layer != Layer::AsUsual)
    }

    /// The option that it waits for, besides `--echo`.
    pub(crate) fn option(&self) -> Option<&'static str> {
        match (self.act, self.traffic) {
            (Act::Vanish, _) => Some("--vanish"),
            (_, Traffic::WellFormed) => None,
            (_, Traffic::Malformed) => Some("--malformed"),
            (_, Traffic::Large) => Some("--limits"),
        }
    }
}

impl FrameStep {
    /// Its frame, as it is written.
    pub(crate) fn text(&self) -> &'static str {
        match self {
            Self::Frame(text)
            | Self::Dripped(text)
            | Self::Times(_, text)
            | Self::Filled(text, _)
            | Self::Deflated(text, _)
            | Self::Noise(text, _) => text,
        }
    }
}

impl OpeningCheck {
    pub(crate) const USUAL: Self = Self {
        fields: &[],
        method: "GET",
        version: "HTTP/1.1",
        in_pieces: false,
        anonymous: false,
        layer: Layer::AsUsual,
        expected: AnswerRule::Switches,
    };

    /// With these fields.
    pub(crate) const fn with(fields: &'static [(&'static str, &'static str)], expected: AnswerRule) -> Self {
        Self { fields, expected, ..Self::USUAL }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Evidence => "evidence",
        })
    }
}
