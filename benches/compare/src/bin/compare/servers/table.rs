//! The tables of servers: ratios to the plain server, then what they are made of.

use std::fmt::Write as _;

use super::ServerCell;
use super::job::{ServerJob, Serves};
use super::program::ServerKind;
use crate::job::grouped;
use crate::table::{Measured, Spread, memory, ratios_head, ratios_row, time};

/// A job with what all servers made of it, the plain one first.
pub struct ServerRow {
    pub job: ServerJob,
    pub cells: Vec<ServerCell>,
}

impl ServerRow {
    pub fn trouble_of(&self, kind: ServerKind) -> bool {
        self.cells.iter().any(|cell| cell.server.kind == kind && cell.trouble().is_some())
    }
}

impl Measured for ServerCell {
    fn name(&self) -> &str {
        self.server.name
    }

    fn results(&self) -> Option<impl Iterator<Item = (Option<u64>, Option<&str>)>> {
        Some(self.runs.as_ref()?.iter().map(|run| (run.value, run.trouble.as_deref())))
    }
}

pub fn ratios(rows: &[ServerRow]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let head = ratios_head("| CPU time of the server | plain |", &first.cells);
    rows.iter().fold(head, |out, row| out + &ratios_row(&row.job.title, &row.cells, |value| amount(&row.job, value)))
}

/// Who could not be had.
pub fn absent(missing: &[&str]) -> String {
    missing.iter().map(|name| format!("{name} could not be had on this machine.\n")).collect()
}

/// A line for each job and server.
pub fn details(rows: &[ServerRow]) -> String {
    let mut out = String::from(
        "| job | server | CPU or memory, median | middle half | runs | took | messages | arrived | peak memory |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        for cell in &row.cells {
            let Some(runs) = &cell.runs else { continue };
            let spread = cell.spread();
            let median = spread.map_or("-".to_owned(), |spread| amount(&row.job, spread.median));
            let range = spread.map_or("-".to_owned(), |spread| {
                format!("{} to {}", amount(&row.job, spread.low), amount(&row.job, spread.high))
            });
            let took = Spread::of(runs.iter().map(|run| run.took).filter(|&took| took > 0).collect());
            let arrived = runs.iter().filter_map(|run| run.arrived).min();
            let rate = took.zip(arrived).map_or(String::new(), |(took, arrived)| per_second(arrived, took.median));
            let arrived = [arrived.map_or(String::new(), grouped), cell.trouble().unwrap_or_default().to_owned()];
            let peak = runs.iter().map(|run| run.peak).max().unwrap_or_default();
            writeln!(
                out,
                "| {} | {} | {median} | {range} | {} | {} | {rate} | {} | {} |",
                row.job.title,
                cell.server.name,
                runs.len(),
                took.map_or(String::new(), |took| time(took.median)),
                arrived.join(" ").trim(),
                if peak == 0 { "-".to_owned() } else { memory(peak) },
            )
            .expect("it is a string");
        }
    }
    out
}

fn amount(job: &ServerJob, value: u64) -> String {
    match job.does {
        Serves::Idle(_) => format!("{:.1} KiB", value as f64 / 1024.0),
        Serves::Echo(_) | Serves::Broadcast(..) => time(value),
    }
}

fn per_second(count: u64, nanoseconds: u64) -> String {
    let rate = (count as f64 / (nanoseconds as f64 / 1e9)).round();
    format!("{}/s", grouped(rate as u64))
}
