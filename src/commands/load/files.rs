//! The files that a run writes: a table a second, a log of histograms, a picture at the end.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::hdr_log::{self, MAXIMA, MEANS};
use super::plot::LoadPlot;
use super::report::{LoadSecond, LoadSummary};
use super::tallies::LoadTallies;
use crate::client::output_buffer::OutputBuffer;
use crate::client::output_file;
use crate::error::Error;
use crate::sys::file::Readers;

/// Where they are to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoadFilePaths {
    /// `--csv`
    pub(crate) csv: Option<PathBuf>,
    /// `--hdr`
    pub(crate) hdr: Option<PathBuf>,
    /// `--plot`
    pub(crate) plot: Option<PathBuf>,
}

/// A file that is open.
struct LoadFile {
    path: PathBuf,
    buffer: OutputBuffer,
}

/// Those that were asked for.
#[derive(Default)]
pub(super) struct LoadFiles {
    csv: Option<LoadFile>,
    hdr: Option<LoadFile>,
    plot: Option<(LoadFile, LoadPlot)>,
}

impl LoadFilePaths {
    /// Refuses a file that would be written twice, or that the run reads.
    ///
    /// # Errors
    /// There is one.
    pub(crate) fn check(&self, read: Option<&Path>) -> Result<(), Error> {
        let written: Vec<_> = [&self.csv, &self.hdr, &self.plot].into_iter().flatten().collect();
        for (at, path) in written.iter().enumerate() {
            if written[..at].contains(path) {
                return Err(Error::Usage(format!("`{}` would be written by two options", path.display())));
            }
            output_file::check_not_read(path, read)?;
        }
        Ok(())
    }

    /// Opens them; what is in them is replaced by what is written.
    ///
    /// # Errors
    /// One of them cannot be written.
    pub(super) async fn open(&self) -> Result<LoadFiles, Error> {
        Ok(LoadFiles {
            csv: open(self.csv.as_ref()).await?,
            hdr: open(self.hdr.as_ref()).await?,
            plot: open(self.plot.as_ref()).await?.map(|file| (file, LoadPlot::default())),
        })
    }
}

async fn open(path: Option<&PathBuf>) -> Result<Option<LoadFile>, Error> {
    let Some(path) = path else { return Ok(None) };
    let failed = |source| Error::File { what: "write", path: path.clone(), source };
    let file = output_file::open(path, Readers::Anyone).await.map_err(failed)?;
    Ok(Some(LoadFile { path: path.clone(), buffer: OutputBuffer::replacing(file).map_err(failed)? }))
}

impl LoadFile {
    fn append(&self, text: &str) {
        self.buffer.append(|out| out.extend_from_slice(text.as_bytes()));
    }

    async fn finish(self) -> Result<(), Error> {
        let path = self.path;
        self.buffer.finish().await.map_err(|source| Error::File { what: "write", path, source })
    }
}

impl LoadFiles {
    pub(super) fn begin(&self, start: SystemTime) {
        self.csv.iter().for_each(|csv| csv.append(LoadSecond::CSV_HEAD));
        self.hdr.iter().for_each(|hdr| hdr.append(&hdr_log::head(start)));
    }

    pub(super) fn second(&mut self, second: &LoadSecond<'_>) {
        self.csv.iter().for_each(|csv| csv.append(&second.csv_row()));
        let from = second.at.saturating_sub(second.length);
        let line = |hdr: &LoadFile| hdr.append(&hdr_log::line(None, from, second.length, &second.tallies.latency));
        self.hdr.iter().for_each(line);
        self.plot.iter_mut().for_each(|(_, plot)| plot.second(second));
    }

    /// What a reader that waits would miss.
    pub(super) async fn flush(&self) {
        for file in self.csv.iter().chain(&self.hdr) {
            // What cannot be written is told at the end.
            let _ = file.buffer.flush().await;
        }
    }

    /// Writes what is known only at the end: the other histograms, the figures beside them, the picture.
    pub(super) fn end(&self, summary: &LoadSummary<'_>, took: Duration) {
        if let Some(hdr) = &self.hdr {
            let LoadTallies { late, steps, receivers, .. } = summary.tallies;
            let others = steps.iter().map(|(name, times)| (*name, times)).chain([("late", late)]);
            let receivers = [(MEANS, &receivers.means), (MAXIMA, &receivers.maxima)];
            let others = others.chain(receivers.into_iter().filter(|(_, times)| times.count() > 0));
            others.for_each(|(tag, times)| hdr.append(&hdr_log::line(Some(tag), Duration::ZERO, took, times)));
            let mut record = String::new();
            summary.record(&mut record);
            hdr.append(&format!("{}{}]\n", hdr_log::FIGURES, record.trim_end()));
        }
        self.plot.iter().for_each(|(file, plot)| file.append(&plot.svg(summary.url)));
    }

    /// # Errors
    /// The first that could not be written.
    pub(super) async fn finish(self) -> Result<(), Error> {
        for file in [self.csv, self.hdr, self.plot.map(|(file, _)| file)].into_iter().flatten() {
            file.finish().await?;
        }
        Ok(())
    }
}
