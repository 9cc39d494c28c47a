//! The script that `listen --script` plays with each client.

use crate::error::Error;
use crate::play::LoadedScript;
use crate::play::files::{self, Scripts};
use crate::play::planner::ConnectionPlanner;
use crate::runtime::complain;
use crate::script::variables::Variables;
use crate::term::diagnostics::Diagnostics;

/// The script that each client is to get.
#[derive(Clone, Debug)]
pub(crate) struct ServerScript {
    pub(crate) scripts: Scripts,
    pub(crate) variables: Variables,
}

/// The script that each client gets.
#[derive(Clone, Debug)]
pub(crate) struct LoadedServerScript {
    pub(crate) file: LoadedScript,
    pub(crate) variables: Variables,
    /// For the connections that it opens itself.
    pub(crate) dial: ConnectionPlanner,
}

impl ServerScript {
    /// # Errors
    /// The exit status, when all that is wrong has been told.
    pub(crate) fn read(&self, diagnostics: Diagnostics) -> Result<LoadedServerScript, u8> {
        let Self { scripts, variables } = self;
        match <[_; 1]>::try_from(files::load(scripts, diagnostics)?) {
            Ok([(file, script)]) => Ok(LoadedServerScript {
                file: LoadedScript::new(&file, script),
                variables: variables.clone(),
                dial: scripts.dial.clone(),
            }),
            Err(_) => Err(complain(&Error::Usage("`--script <FILE>` takes a single script, not a folder".to_owned()))),
        }
    }
}
