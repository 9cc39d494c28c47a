//! Copies of the programs that were built here, as installed ones are copies.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// After this many runs a program is copied anew.
const RUNS: usize = 5;

/// A file written by a linker is laid out differently in the page cache than a copied file, and takes longer to map.
///
/// The layout of a copy varies too, by up to 4 % of the start time as measured here: so no copy is used for a whole job.
#[derive(Debug, Default)]
pub struct Copies {
    programs: Vec<(PathBuf, PathBuf)>,
}

impl Copies {
    /// Where the copy of this program is.
    pub fn add(&mut self, program: PathBuf, dir: &TempDir) -> PathBuf {
        let copy = dir.path().join(program.file_name().unwrap_or_default());
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
        // Otherwise its pages would be reused.
        std::fs::remove_file(copy)?;
    }
    std::fs::copy(program, copy).map(drop)
}
