//! Their table.

use std::fmt::Write as _;

use super::program::{LoadKind, LoadProgram};
use super::{CONNECTIONS, LoadRun};
use crate::table::{Spread, ratio, time};

/// A generator with its runs.
pub struct LoadRow {
    pub program: LoadProgram,
    pub runs: Vec<LoadRun>,
    pub trouble: Option<String>,
}

impl LoadRow {
    pub fn is_ours_in_trouble(&self) -> bool {
        self.program.kind == LoadKind::Wsprobe && self.trouble.is_some()
    }

    fn median(&self, figure: impl Fn(&LoadRun) -> f64) -> Option<u64> {
        Spread::of(self.runs.iter().map(|run| figure(run).round() as u64).collect()).map(|spread| spread.median)
    }

    /// Messages a second.
    fn rate(&self) -> Option<u64> {
        self.median(|run| run.messages / run.seconds)
    }

    /// Nanoseconds of CPU time for each message, with what starting takes.
    fn cpu(&self) -> Option<u64> {
        self.median(|run| run.cpu as f64 / run.messages)
    }
}

/// As Markdown.
pub fn table(rows: &[LoadRow]) -> String {
    let of = |kind: LoadKind, figure: fn(&LoadRow) -> Option<u64>| {
        rows.iter().find(|row| row.program.kind == kind).and_then(figure)
    };
    let (ours, least) = (of(LoadKind::Wsprobe, LoadRow::rate), of(LoadKind::Raw, LoadRow::cpu));
    let mut out = format!(
        "| closed-loop echo, {CONNECTIONS} connections | messages/s | of wsprobe's | CPU a message | to raw | runs |\n\
         |---|---|---|---|---|---|\n"
    );
    for row in rows {
        let (name, count) = (row.program.name, row.runs.len());
        let (Some(rate), Some(cpu)) = (row.rate(), row.cpu()) else {
            let trouble = row.trouble.as_deref().unwrap_or("was not run");
            writeln!(out, "| {name} | {trouble} |  |  |  | {count} |").expect("it is a string");
            continue;
        };
        let share = ours.map_or_else(String::new, |ours| ratio(rate, ours));
        let more = least.map_or_else(String::new, |least| ratio(cpu, least));
        writeln!(out, "| {name} | {rate} | {share} | {} | {more} | {count} |", time(cpu)).expect("it is a string");
    }
    out
}
