//! `--report`: how tests went, for programs; what is a test is its command's business.

mod finished;
mod junit;
mod point;
mod tap;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use self::finished::FinishedTests;
pub(crate) use self::point::{PointFailure, PointResult, TestPoint};

use crate::client::output_buffer::OutputBuffer;
use crate::client::output_file;
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
    /// Opens the files, so that what cannot be written is known before anything is tested.
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

    /// The number of tests that follow.
    pub(crate) fn begin(&self, total: usize) {
        if let Some((ReportFormat::Tap, spool)) = &self.stdout {
            spool.append(|out| out.extend_from_slice(tap::plan(total).as_bytes()));
        }
    }

    /// TAP on stdout is written as results arrive.
    pub(crate) fn put(&self, number: usize, point: &TestPoint) {
        if let Some((ReportFormat::Tap, spool)) = &self.stdout {
            spool.append(|out| out.extend_from_slice(tap::point(number, point).as_bytes()));
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
    pub(crate) async fn finish(self, finished: &FinishedTests) -> Result<(), Error> {
        for (format, path, spool) in self.files {
            spool.append(|out| out.extend_from_slice(page(format, finished).as_bytes()));
            spool.finish().await.map_err(|source| unwritten(path, source))?;
        }
        if let Some((format, spool)) = self.stdout {
            if format != ReportFormat::Tap {
                spool.append(|out| out.extend_from_slice(page(format, finished).as_bytes()));
            }
            spool.finish().await.map_err(stdout_failed)?;
        }
        Ok(())
    }
}

/// In milliseconds' precision.
pub(crate) fn rounded(time: Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}

fn page(format: ReportFormat, finished: &FinishedTests) -> String {
    match format {
        ReportFormat::Tap => {
            let points = finished.points.iter().enumerate().map(|(at, point)| tap::point(at + 1, point));
            tap::plan(finished.total) + &points.collect::<String>()
        }
        ReportFormat::Json => format!("{:#}\n", finished.json),
        ReportFormat::Junit => junit::page(finished),
    }
}

fn unwritten(path: PathBuf, source: std::io::Error) -> Error {
    Error::File { what: "write the report (--report) to", path, source }
}

fn stdout_failed(source: std::io::Error) -> Error {
    Error::Local { what: "write to stdout", source }
}
