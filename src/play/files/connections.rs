//! What can be known to be wrong with the connections of a script before it is played.

use std::path::Path;

use crate::play::planner::{ConnectOption, ConnectionPlanner};
use crate::script::flaw::Flaw;
use crate::script::syntax::{Action, Piece, Script, Setting, Step, Template};
use crate::script::variables::Variables;

/// What is wrong with the options of a script's connections, as far as that can be known before it is played.
pub(crate) fn flaws(script: &Script, variables: &Variables, dial: &ConnectionPlanner, dir: &Path) -> Vec<Flaw> {
    let check = ConnectionCheck { variables, dial, head: &script.settings, dir };
    let mut flaws = check.settings(&script.settings);
    if flaws.is_empty() {
        check.steps(&script.steps, &mut flaws);
    }
    flaws
}

struct ConnectionCheck<'c> {
    variables: &'c Variables,
    dial: &'c ConnectionPlanner,
    head: &'c [Setting],
    dir: &'c Path,
}

impl ConnectionCheck<'_> {
    fn steps(&self, steps: &[Step], flaws: &mut Vec<Flaw>) {
        for step in steps {
            match &step.action {
                Action::Connect { url, settings } => {
                    let wrong = self.settings(settings);
                    if wrong.is_empty() {
                        flaws.extend(self.connect(step, url, settings));
                    }
                    flaws.extend(wrong);
                }
                Action::Repeat { steps, .. } | Action::Loop(steps) => self.steps(steps, flaws),
                Action::Parallel(branches) => branches.iter().for_each(|branch| self.steps(branch, flaws)),
                _ => {}
            }
        }
    }

    /// Each on its own.
    fn settings(&self, settings: &[Setting]) -> Vec<Flaw> {
        let known = settings.iter().filter_map(|setting| Some((setting, self.given(setting)??)));
        known
            .filter_map(|(setting, given)| {
                let wrong = self.dial.check(&given).err()?;
                Some(Flaw::new(setting.place, wrong))
            })
            .collect()
    }

    /// All that a connection has, together.
    fn connect(&self, step: &Step, url: &Template, settings: &[Setting]) -> Option<Flaw> {
        let all = |settings: &[Setting]| {
            settings.iter().filter_map(|setting| self.given(setting)).collect::<Option<Vec<_>>>()
        };
        let (url, head, own) = (self.known(url)?, all(self.head)?, all(settings)?);
        let error = self.dial.plan(&url, &head, &own, self.dir).err()?;
        Some(Flaw::new(step.place, error.chain()))
    }

    /// None for what is not an option; none inside for what is not known yet.
    fn given(&self, setting: &Setting) -> Option<Option<ConnectOption>> {
        if setting.option == "within" {
            return None;
        }
        let given = |value| ConnectOption { option: setting.option.clone(), value };
        Some(match &setting.value {
            None => Some(given(None)),
            Some(value) => self.known(value).map(|value| given(Some(value))),
        })
    }

    /// The text, if it is known before the script is played, and the same each time.
    fn known(&self, template: &Template) -> Option<String> {
        let is_fixed = |piece: &Piece| !matches!(piece, Piece::Uuid | Piece::Now | Piece::Random(..));
        template.0.iter().all(is_fixed).then(|| self.variables.text(template).ok()).flatten()
    }
}
