//! Copies of the programs that were built here, as installed ones are copies.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// After so many runs a program is copied anew.
const RUNS: usize = 5;

/// What a linker has written lies in other pieces in the system's memory than what was copied, and takes longer to be mapped.
///
/// How well a copy lies there is luck as well, and worth 4 % of a start, seen here: so none is used for all of a job.
#[derive(Debug, Default)]
pub struct Copies {
    programs: Vec<(PathBuf, PathBuf)>,
}

impl Copies {
    /// Where the copy of this program is.
    pub fn add(&mut self, program: PathBuf, name: &str, dir: &TempDir) -> PathBuf {
        let copy = dir.path().join(name);
        self.programs.push((program, copy.clone()));
        copy
    }

    /// Makes them before the first run of a job, and again when it is time.
    pub fn renew(&self, run: usize) -> io::Result<()> {
        if run.is_multiple_of(RUNS) {
            self.programs.iter().try_for_each(|(program, copy)| renew(program, copy))?;
        }
        Ok(())
    }
}

fn renew(program: &Path, copy: &Path) -> io::Result<()> {
    if copy.exists() {
        // Or its memory would be used again.
        std::fs::remove_file(copy)?;
    }
    std::fs::copy(program, copy).map(drop)
}
