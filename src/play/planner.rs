//! What the options of a `connect` in a script mean.

use std::path::Path;
use std::sync::Arc;

use crate::client::options::ClientOptions;
use crate::error::Error;

/// An option of a connection as it is in a script: without its dashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectOption {
    pub(crate) option: String,
    pub(crate) value: Option<String>,
}

/// Knows what a URL and the options of a script mean beside those of the command line.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionPlanner(pub(crate) Arc<dyn PlanConnection>);

pub(crate) trait PlanConnection: std::fmt::Debug + Send + Sync {
    /// Whether an option takes this value.
    ///
    /// # Errors
    /// A message for the user.
    fn check(&self, given: &ConnectOption) -> Result<(), String>;

    /// The plan of a connection: its own options override those of the file's head, and both override the
    /// command line. `dir` is where the files are that a script names.
    ///
    /// # Errors
    /// What can be refused before a socket opens.
    fn plan(
        &self,
        url: &str,
        head: &[ConnectOption],
        own: &[ConnectOption],
        dir: &Path,
    ) -> Result<Box<ClientOptions>, Error>;
}

impl std::ops::Deref for ConnectionPlanner {
    type Target = dyn PlanConnection;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
