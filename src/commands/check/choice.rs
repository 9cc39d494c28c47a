//! Which cases are tried: `--only`, `--skip`, and the kinds of traffic that are asked for.

use regex::Regex;

use crate::conformance::case::{Act, CheckCase, Traffic};
use crate::conformance::cases;
use crate::error::Error;
use crate::text::patterns::glob;

/// Which cases are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaseChoice {
    /// Names of cases, in which `*` is anything; all cases if there are none.
    pub(crate) only: Vec<String>,
    pub(crate) skip: Vec<String>,
    pub(crate) echo: bool,
    pub(crate) malformed: bool,
    pub(crate) limits: bool,
    pub(crate) vanish: bool,
}

impl CaseChoice {
    /// The cases that are named, whatever they need.
    ///
    /// # Errors
    /// A name that no case has.
    pub(super) fn named(&self) -> Result<Vec<&'static CheckCase>, Error> {
        let [only, skip] = [&self.only, &self.skip].map(|patterns| patterns.iter().map(|it| glob(it)).collect());
        let (only, skip): (Vec<Regex>, Vec<Regex>) = (only, skip);
        for (pattern, given) in only.iter().chain(&skip).zip(self.only.iter().chain(&self.skip)) {
            if !cases::all().any(|case| pattern.is_match(case.name)) {
                return Err(Error::Usage(format!("no case is named `{given}`: `wsprobe check --list` shows them")));
            }
        }
        let is_meant = |case: &&CheckCase| {
            (only.is_empty() || only.iter().any(|it| it.is_match(case.name)))
                && !skip.iter().any(|it| it.is_match(case.name))
        };
        Ok(cases::all().filter(is_meant).collect())
    }

    /// The cases to try, and how many more there would be with other options.
    ///
    /// # Errors
    /// A name that no case has, or that of a case that needs another option; or nothing is left.
    pub(super) fn cases(&self) -> Result<(Vec<&'static CheckCase>, usize), Error> {
        let named = self.named()?;
        if let Some(case) = named.iter().find(|case| self.only.iter().any(|only| only == case.name))
            && let Some(option) = self.lacks(case)
        {
            return Err(Error::Usage(format!("`{}` needs `{option}`", case.name)));
        }
        let (chosen, others): (Vec<&CheckCase>, Vec<&CheckCase>) =
            named.into_iter().partition(|case| self.lacks(case).is_none());
        match others.first().and_then(|case| self.lacks(case)) {
            Some(option) if chosen.is_empty() => Err(Error::Usage(format!("these cases need `{option}`"))),
            None if chosen.is_empty() => {
                Err(Error::Usage("there is no case to run: `--skip` excludes all of them".to_owned()))
            }
            _ => Ok((chosen, others.len())),
        }
    }

    /// The option that a case waits for.
    fn lacks(&self, case: &CheckCase) -> Option<&'static str> {
        let is_missing = match (case.act, case.traffic) {
            (Act::Vanish, _) => !self.vanish,
            (_, Traffic::WellFormed) => false,
            (_, Traffic::Malformed) => !self.malformed,
            (_, Traffic::Large) => !self.limits,
        };
        case.option().filter(|_| is_missing).or((case.needs_echo && !self.echo).then_some("--echo"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(choice: &CaseChoice) -> Vec<&'static str> {
        choice.cases().unwrap().0.iter().map(|case| case.name).collect()
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_star_is_anything_and_skipping_wins() {
        let only =
            CaseChoice { only: strings(&["control/ping*"]), skip: strings(&["*/ping-1*"]), ..CaseChoice::default() };
        assert_eq!(names(&only), ["control/ping", "control/ping-empty", "control/ping-bytes", "control/pings"]);
    }

    #[test]
    fn kinds_of_traffic_have_to_be_asked_for() {
        let (usual, more) = CaseChoice::default().cases().unwrap();
        assert!(usual.iter().all(|case| case.option().is_none() && !case.needs_echo));
        let all = CaseChoice { echo: true, malformed: true, limits: true, vanish: true, ..CaseChoice::default() };
        assert_eq!(all.cases().unwrap().0.len(), usual.len() + more);
        assert_eq!(all.cases().unwrap().1, 0);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refused = |only: &[&str], skip: &[&str]| {
            let choice = CaseChoice { only: strings(only), skip: strings(skip), ..CaseChoice::default() };
            choice.cases().unwrap_err().to_string()
        };
        assert_eq!(refused(&["none"], &[]), "no case is named `none`: `wsprobe check --list` shows them");
        assert_eq!(refused(&["frame/rsv2"], &[]), "`frame/rsv2` needs `--malformed`");
        assert_eq!(refused(&["frame/rsv*"], &[]), "these cases need `--malformed`");
        assert_eq!(refused(&[], &["*"]), "there is no case to run: `--skip` excludes all of them");
    }
}
