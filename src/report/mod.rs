//! `--report`: how tests went, for programs; what is a test is its command's business.

mod finished;
mod junit;
mod point;
mod tap;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use self::finished::FinishedTests;
pub(crate) use self::point::{PointFailure, PointResult, TestPoint};

use serde_json::Value;

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
    /// Those that have ended.
    points: RefCell<Vec<TestPoint>>,
}

impl Reports {
    /// Opens the files, so that what cannot be written is known before anything is tested.
    pub(crate) async fn open(wanted: &[ReportRequest]) -> Result<Self, Error> {
        let mut reports = Self { files: Vec::new(), stdout: None, points: RefCell::default() };
        for ReportRequest { format, file } in wanted {
            match file {
                Some(path) => {
                    let file = output_file::open(path, Readers::Anyone).await;
                    let buffer =
                        file.and_then(OutputBuffer::replacing).map_err(|source| unwritten(path.clone(), source))?;
                    reports.files.push((*format, path.clone(), buffer));
                }
                None => {
                    let writer = FileWriter::to_stdout().map_err(Error::stdout)?;
                    reports.stdout = Some((*format, OutputBuffer::new(writer)));
                }
            }
        }
        Ok(reports)
    }

    /// The number of tests that follow.
    pub(crate) fn begin(&self, total: usize) {
        if let Some((ReportFormat::Tap, buffer)) = &self.stdout {
            buffer.append(|out| out.extend_from_slice(tap::plan(total).as_bytes()));
        }
    }

    /// A test has ended. TAP on stdout is written as results arrive; where nothing is reported, nobody asks for the point.
    pub(crate) fn put(&self, point: impl FnOnce() -> TestPoint) {
        if self.files.is_empty() && self.stdout.is_none() {
            return;
        }
        let mut points = self.points.borrow_mut();
        let point = point();
        if let Some((ReportFormat::Tap, buffer)) = &self.stdout {
            buffer.append(|out| out.extend_from_slice(tap::point(points.len() + 1, &point).as_bytes()));
        }
        points.push(point);
    }

    /// Hands over what was put. Cancel-safe.
    pub(crate) async fn flush(&self) {
        if let Some((ReportFormat::Tap, buffer)) = &self.stdout {
            // The reader may have left.
            let _ = buffer.flush().await;
        }
    }

    /// Writes all the rest; `json` is the command's own.
    pub(crate) async fn finish(self, finished: &FinishedTests, json: &dyn Fn() -> Value) -> Result<(), Error> {
        let points = self.points.into_inner();
        let page = |format| match format {
            ReportFormat::Tap => tap::page(&points, finished),
            ReportFormat::Json => format!("{:#}\n", json()),
            ReportFormat::Junit => junit::page(&points, finished),
        };
        for (format, path, buffer) in self.files {
            buffer.append(|out| out.extend_from_slice(page(format).as_bytes()));
            buffer.finish().await.map_err(|source| unwritten(path, source))?;
        }
        if let Some((format, buffer)) = self.stdout {
            if format != ReportFormat::Tap {
                buffer.append(|out| out.extend_from_slice(page(format).as_bytes()));
            }
            buffer.finish().await.map_err(Error::stdout)?;
        }
        Ok(())
    }
}

/// In milliseconds' precision.
pub(crate) fn rounded(time: Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}

fn unwritten(path: PathBuf, source: std::io::Error) -> Error {
    Error::File { what: "write the report (--report) to", path, source }
}
