//! `--script`: what each connection plays, and which scripts can be played by many.

use std::sync::Arc;

use super::variables::{ClientTable, OURS};
use crate::error::Error;
use crate::play::LoadedScript;
use crate::play::files::{self, Scripts};
use crate::play::planner::ConnectionPlanner;
use crate::runtime::complain;
use crate::script::flaw::Flaw;
use crate::script::syntax::{Action, Expect, Pattern, Position, RuleAnswer, Script, Step};
use crate::script::variables::Variables;
use crate::session;
use crate::term::diagnostics::Diagnostics;

/// The script that is to be played.
#[derive(Clone, Debug)]
pub(crate) struct LoadScript {
    pub(crate) scripts: Scripts,
    /// Those that are the same for all.
    pub(crate) variables: Variables,
    /// How a connection is held meanwhile.
    pub(crate) session: session::options::Options,
}

/// The script that each connection plays.
#[derive(Debug)]
pub(super) struct PlayedScript {
    pub(super) file: LoadedScript,
    pub(super) variables: Variables,
    pub(super) session: session::options::Options,
    /// No step asks for it.
    pub(super) dial: ConnectionPlanner,
}

impl LoadScript {
    /// `scripts` with the names that each client has values for.
    pub(crate) fn new(scripts: Scripts, table: &ClientTable, session: session::options::Options) -> Self {
        let variables = scripts.variables.clone().unwrap_or_else(|| Variables::new(|_| None));
        let mut known = variables.clone();
        OURS.into_iter().chain(table.names.iter().map(String::as_str)).for_each(|name| known.set(name, ""));
        Self { scripts: Scripts { variables: Some(known), ..scripts }, variables, session }
    }

    /// # Errors
    /// The exit status, when all that is wrong has been told.
    pub(super) fn read(&self, diagnostics: Diagnostics) -> Result<Arc<PlayedScript>, u8> {
        match <[_; 1]>::try_from(files::load_for(&self.scripts, diagnostics, objections)?) {
            Ok([(source, script)]) => Ok(Arc::new(PlayedScript {
                file: LoadedScript::new(&source, script),
                variables: self.variables.clone(),
                session: self.session.clone(),
                dial: self.scripts.dial.clone(),
            })),
            Err(_) => Err(complain(&Error::Usage("`--script <FILE>` takes a single script, not a folder".to_owned()))),
        }
    }
}

/// Why it cannot be played by many connections, again and again.
fn objections(script: &Script) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for setting in script.settings.iter().filter(|setting| setting.option != "within") {
        let what = format!("`{}` has no effect here: `load` opens the connections", setting.option);
        flaws.push(Flaw::new(setting.place, what).hint(format!("give it as `--{}`", setting.option)));
    }
    for answer in &script.answers {
        flaws.push(Flaw::new(answer.place, "this is for a server"));
    }
    if script.steps.is_empty() {
        flaws.push(Flaw::new(Position { line: 1, column: 1 }, "there is nothing to play"));
    }
    script.steps.iter().for_each(|step| object(step, &mut flaws));
    flaws
}

fn object(step: &Step, flaws: &mut Vec<Flaw>) {
    let what = match &step.action {
        Action::Connect { .. } => "many connections play this script, and `load` opens them: leave this line out",
        Action::Close { .. } | Action::Drop | Action::HalfClose => ENDS,
        Action::Expect(Expect { pattern: Pattern::Close { .. }, .. }) => ENDS,
        Action::Exec { .. } => "many connections play this script, and each would run the command, again and again",
        Action::Log(_) => "many connections play this script, and each would print this line, again and again",
        Action::Loop(_) => "the connection plays this script again and again, and this has no end: leave it out",
        Action::Repeat { steps, .. }
        | Action::Reply { with: RuleAnswer::Steps(steps) | RuleAnswer::Play(steps), .. } => {
            return steps.iter().for_each(|step| object(step, flaws));
        }
        Action::Parallel(branches) => return branches.iter().flatten().for_each(|step| object(step, flaws)),
        _ => return,
    };
    flaws.push(Flaw::new(step.place, what));
}

const ENDS: &str = "the connection plays this script again and again, and this ends it";
