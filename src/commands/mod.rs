//! One file or folder for each command: the order of its run. A command never imports another.

pub(crate) mod check;
pub(crate) mod check_scripts;
pub(crate) mod import;
pub(crate) mod listen;
pub(crate) mod load;
pub(crate) mod ping;
pub(crate) mod pipe;
pub(crate) mod prompt;
pub(crate) mod record_to_script;
pub(crate) mod replay;
pub(crate) mod run;
