//! By which schemes a user name and a password may be sent, and when.

/// A scheme of authentication by user name and password, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PasswordScheme {
    /// RFC 7617
    Basic,
    /// MS-NLMP
    Ntlm,
    /// RFC 7616
    Digest,
}

/// What the user says of schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SchemeChoice {
    /// Nothing: Basic at once where nobody on the way can read it, and else what the peer asks for.
    #[default]
    Unnamed,
    /// `--anyauth`: the strongest of those that the peer asks for.
    AsAsked,
    /// `--basic`, `--digest`, `--ntlm`: one of these.
    Only { basic: bool, digest: bool, ntlm: bool },
}

impl PasswordScheme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Ntlm => "NTLM",
            Self::Digest => "Digest",
        }
    }
}

impl SchemeChoice {
    /// What the flags say together.
    pub(crate) fn of_flags(any: bool, [basic, digest, ntlm]: [bool; 3]) -> Self {
        match any {
            true => Self::AsAsked,
            false if basic || digest || ntlm => Self::Only { basic, digest, ntlm },
            false => Self::Unnamed,
        }
    }

    pub(crate) fn allows(self, scheme: PasswordScheme) -> bool {
        match self {
            Self::Unnamed | Self::AsAsked => true,
            Self::Only { basic, digest, ntlm } => match scheme {
                PasswordScheme::Basic => basic,
                PasswordScheme::Digest => digest,
                PasswordScheme::Ntlm => ntlm,
            },
        }
    }

    /// The scheme to begin with, before anything was asked for; Digest needs a challenge.
    pub(crate) fn at_once(self, is_private: bool) -> Option<PasswordScheme> {
        match self {
            Self::Unnamed if is_private => Some(PasswordScheme::Basic),
            Self::Only { basic: true, digest: false, ntlm: false } => Some(PasswordScheme::Basic),
            Self::Only { basic: false, digest: false, ntlm: true } => Some(PasswordScheme::Ntlm),
            _ => None,
        }
    }
}
