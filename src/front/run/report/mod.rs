//! `--report`: how the scripts went, for programs.

mod json;
mod junit;
mod tap;

use std::path::PathBuf;

use super::results::{Ran, Results};
use crate::error::Error;
use crate::front::output_file;
use crate::front::spool::Spool;
use crate::script::judge::diff::{Line, Side};
use crate::term::Lane;

/// A report that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) format: Format,
    /// Stdout, if there is none.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// TAP 14
    Tap,
    Json,
    /// The XML of Ant's task junit, as CI servers read it.
    Junit,
}

/// The reports of a run.
pub(super) struct Reports {
    files: Vec<(Format, PathBuf, Spool)>,
    stdout: Option<(Format, Spool)>,
}

impl Reports {
    /// Opens the files, so that what cannot be written is known before anything is played.
    pub(super) async fn open(wanted: &[Wanted]) -> Result<Self, Error> {
        let mut reports = Self { files: Vec::new(), stdout: None };
        for Wanted { format, file } in wanted {
            match file {
                Some(path) => {
                    let file = output_file::open(path, output_file::SHARED).await;
                    let spool = file.and_then(Spool::replacing).map_err(|source| unwritten(path.clone(), source))?;
                    reports.files.push((*format, path.clone(), spool));
                }
                None => {
                    let lane = Lane::to_stdout().map_err(stdout_failed)?;
                    reports.stdout = Some((*format, Spool::new(lane)));
                }
            }
        }
        Ok(reports)
    }

    /// So many runs are to come.
    pub(super) fn begin(&self, total: usize) {
        if let Some((Format::Tap, spool)) = &self.stdout {
            spool.append(|out| out.extend_from_slice(tap::plan(total).as_bytes()));
        }
    }

    /// TAP on stdout is told as it comes.
    pub(super) fn put(&self, number: usize, ran: &Ran) {
        if let Some((Format::Tap, spool)) = &self.stdout {
            spool.append(|out| out.extend_from_slice(tap::point(number, ran).as_bytes()));
        }
    }

    /// Hands over what was put. Cancel-safe.
    pub(super) async fn flush(&self) {
        if let Some((Format::Tap, spool)) = &self.stdout {
            // Whoever reads it may have seen enough.
            let _ = spool.flush().await;
        }
    }

    /// Writes all the rest.
    pub(super) async fn finish(self, results: &Results) -> Result<(), Error> {
        for (format, path, spool) in self.files {
            spool.append(|out| out.extend_from_slice(page(format, results).as_bytes()));
            spool.finish().await.map_err(|source| unwritten(path, source))?;
        }
        if let Some((format, spool)) = self.stdout {
            if format != Format::Tap {
                spool.append(|out| out.extend_from_slice(page(format, results).as_bytes()));
            }
            spool.finish().await.map_err(stdout_failed)?;
        }
        Ok(())
    }
}

fn page(format: Format, results: &Results) -> String {
    match format {
        Format::Tap => {
            let points = results.runs.iter().enumerate().map(|(at, ran)| tap::point(at + 1, ran));
            tap::plan(results.total()) + &points.collect::<String>()
        }
        Format::Json => json::page(results),
        Format::Junit => junit::page(results),
    }
}

fn unwritten(path: PathBuf, source: std::io::Error) -> Error {
    Error::File { what: "write the report (--report) to", path, source }
}

fn stdout_failed(source: std::io::Error) -> Error {
    Error::Local { what: "write to stdout", source }
}

/// A line of a diff: `- ` was expected, `+ ` came.
fn shown(line: &Line) -> String {
    let sign = match line.side {
        Side::Both | Side::Gap => ' ',
        Side::Expected => '-',
        Side::Came => '+',
    };
    format!("{sign} {}", line.spans.iter().map(|span| span.text.as_str()).collect::<String>())
}
