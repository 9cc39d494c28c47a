//! The tables of servers: ratios to the plain server, then what they are made of.

use std::fmt::Write as _;

use super::ServerCell;
use super::job::{ServerJob, Serves};
use super::program::ServerKind;
use crate::job::grouped;
use crate::table::{Spread, memory, ratio, time};

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

impl ServerCell {
    fn spread(&self) -> Option<Spread> {
        Spread::of(self.runs.as_ref()?.iter().filter_map(|run| run.value).collect())
    }

    /// The worst that was wrong.
    fn trouble(&self) -> Option<&str> {
        self.runs.as_ref()?.iter().find_map(|run| run.trouble.as_deref())
    }
}

pub fn ratios(rows: &[ServerRow]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let mut out = String::from("| CPU time of the server | plain |");
    first.cells.iter().skip(1).for_each(|cell| write!(out, " {} |", cell.server.name).expect("it is a string"));
    out.push_str("\n|---|---|");
    out.push_str(&"---|".repeat(first.cells.len() - 1));
    out.push('\n');
    for row in rows {
        let bound = row.cells[0].spread();
        let bound_said = bound.map_or("?".to_owned(), |bound| amount(&row.job, bound.median));
        write!(out, "| {} | {bound_said} |", row.job.title).expect("it is a string");
        for cell in &row.cells[1..] {
            let said = match (&cell.runs, cell.spread(), bound) {
                (None, ..) => "-".to_owned(),
                (Some(_), Some(spread), Some(bound)) => ratio(spread.median, bound.median),
                _ => String::new(),
            };
            let said = [said.as_str(), cell.trouble().unwrap_or_default()].join(" ");
            write!(out, " {} |", said.trim()).expect("it is a string");
        }
        out.push('\n');
    }
    out
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
