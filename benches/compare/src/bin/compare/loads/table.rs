//! Their table.

use std::fmt::Write as _;

use super::program::{LoadKind, LoadProgram};
use super::{CONNECTIONS, LoadRun};

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

    fn median(&self, figure: impl Fn(&LoadRun) -> f64) -> Option<f64> {
        let mut figures: Vec<f64> = self.runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied()
    }

    /// Messages a second.
    fn rate(&self) -> Option<f64> {
        self.median(|run| run.messages / run.seconds)
    }

    /// Microseconds of CPU time for each message, with what starting takes.
    fn cpu(&self) -> Option<f64> {
        self.median(|run| run.cpu as f64 / 1e3 / run.messages)
    }
}

/// As Markdown.
pub fn table(rows: &[LoadRow]) -> String {
    let of = |kind: LoadKind, figure: fn(&LoadRow) -> Option<f64>| {
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
        let share = ours.map_or_else(String::new, |ours| format!("{:.2}x", rate / ours));
        let more = least.map_or_else(String::new, |least| format!("{:.2}x", cpu / least));
        writeln!(out, "| {name} | {rate:.0} | {share} | {cpu:.2} us | {more} | {count} |").expect("it is a string");
    }
    out
}
