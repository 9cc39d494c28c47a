//! `--report`: how the scripts went, for programs.

mod json;
mod junit;
mod tap;

use std::path::PathBuf;

use super::results::{Ran, Results};
use crate::client::output_buffer::OutputBuffer;
use crate::client::output_file;
use crate::compare::diff::{DiffLine, DiffSide};
use crate::error::Error;
use crate::sys::file::Readers;
use crate::term::FileWriter;

/// A report that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportRequest {
    pub(crate) format: ReportFormat,
    /// Stdout, if there is none.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportFormat {
    /// TAP 14
    Tap,
    Json,
    /// The XML of Ant's task junit, as CI servers read it.
    Junit,
}

/// The reports of a run.
pub(crate) struct Reports {
    files: Vec<(ReportFormat, PathBuf, OutputBuffer)>,
    stdout: Option<(ReportFormat, OutputBuffer)>,
}

impl Reports {
    /// Opens the files, so that what cannot be written is known before anything is played.
    pub(crate) async fn open(wanted: &[ReportRequest]) -> Result<Self, Error> {
        let mut reports = Self { files: Vec::new(), stdout: None };
        for ReportRequest { format, file } in wanted {
            match file {
                Some(path) => {
                    let file = output_file::open(path, Readers::Anyone).await;
                    let spool =
                        file.and_then(OutputBuffer::replacing).map_err(|source| unwritten(path.clone(), source))?;
                    reports.files.push((*format, path.clone(), spool));
                }
                None => {
                    let lane = FileWriter::to_stdout().map_err(stdout_failed)?;
                    reports.stdout = Some((*format, OutputBuffer::new(lane)));
                }
            }
        }
        Ok(reports)
    }

    /// The number of runs that follow.
    pub(crate) fn begin(&self, total: usize) {
        if let Some((ReportFormat::Tap, spool)) = &self.stdout {
            spool.append(|out| out.extend_from_slice(tap::plan(total).as_bytes()));
        }
    }

    /// TAP on stdout is written as results arrive.
    pub(crate) fn put(&self, number: usize, ran: &Ran) {
        if let Some((ReportFormat::Tap, spool)) = &self.stdout {
            spool.append(|out| out.extend_from_slice(tap::point(number, ran).as_bytes()));
        }
    }

    /// Hands over what was put. Cancel-safe.
    pub(crate) async fn flush(&self) {
        if let Some((ReportFormat::Tap, spool)) = &self.stdout {
            // The reader may have left.
            let _ = spool.flush().await;
        }
    }

    /// Writes all the rest.
    pub(crate) async fn finish(self, results: &Results) -> Result<(), Error> {
        for (format, path, spool) in self.files {
            spool.append(|out| out.extend_from_slice(page(format, results).as_bytes()));
            spool.finish().await.map_err(|source| unwritten(path, source))?;
        }
        if let Some((format, spool)) = self.stdout {
            if format != ReportFormat::Tap {
                spool.append(|out| out.extend_from_slice(page(format, results).as_bytes()));
            }
            spool.finish().await.map_err(stdout_failed)?;
        }
        Ok(())
    }
}

fn page(format: ReportFormat, results: &Results) -> String {
    match format {
        ReportFormat::Tap => {
            let points = results.runs.iter().enumerate().map(|(at, ran)| tap::point(at + 1, ran));
            tap::plan(results.total()) + &points.collect::<String>()
        }
        ReportFormat::Json => json::page(results),
        ReportFormat::Junit => junit::page(results),
    }
}

fn unwritten(path: PathBuf, source: std::io::Error) -> Error {
    Error::File { what: "write the report (--report) to", path, source }
}

fn stdout_failed(source: std::io::Error) -> Error {
    Error::Local { what: "write to stdout", source }
}

/// A line of a diff: `- ` was expected, `+ ` came.
fn shown(line: &DiffLine) -> String {
    let sign = match line.side {
        DiffSide::Both | DiffSide::Gap => ' ',
        DiffSide::Expected => '-',
        DiffSide::Came => '+',
    };
    format!("{sign} {}", line.spans.iter().map(|span| span.text.as_str()).collect::<String>())
}
