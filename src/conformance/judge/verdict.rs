//! How a case went, and what says so.

/// How a case went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
