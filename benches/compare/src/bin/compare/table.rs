//! The table: ratios to the raw client, then what they are made of.

use std::fmt::Write as _;

use crate::client::{Client, Kind};
use crate::job::{Does, Job, grouped};
use crate::verdict::Ran;

/// All runs of a client in a job; none when it cannot do it.
pub struct Cell {
    pub client: Client,
    pub runs: Option<Vec<Ran>>,
}

/// A job with the results of all clients, the raw client first.
pub struct Row {
    pub job: Job,
    pub cells: Vec<Cell>,
}

/// The median of the measurements, and the quartiles.
#[derive(Clone, Copy)]
pub struct Spread {
    pub low: u64,
    pub median: u64,
    pub high: u64,
}

impl Cell {
    fn spread(&self) -> Option<Spread> {
        Spread::of(self.runs.as_ref()?.iter().filter_map(|run| run.value).collect())
    }

    /// The most serious error.
    fn trouble(&self) -> Option<&str> {
        self.runs.as_ref()?.iter().find_map(|run| run.trouble.as_deref())
    }
}

impl Row {
    pub fn trouble_of(&self, kind: Kind) -> bool {
        self.cells.iter().any(|cell| cell.client.kind == kind && cell.trouble().is_some())
    }
}

impl Spread {
    pub fn of(mut values: Vec<u64>) -> Option<Self> {
        values.sort_unstable();
        let (last, quarter) = (values.len().checked_sub(1)?, values.len() / 4);
        Some(Self { low: values[quarter], median: values[values.len() / 2], high: values[last - quarter] })
    }
}

/// As Markdown.
pub fn ratios(rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let mut out = String::from("| job | raw |");
    first.cells.iter().skip(1).for_each(|cell| write!(out, " {} |", cell.client.name).expect("it is a string"));
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

/// As Markdown: a line for each job and client.
pub fn details(rows: &[Row]) -> String {
    let mut out = String::from(
        "| job | client | median | middle half | runs | rate | arrived | CPU | peak memory |\n\
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
            let rate = spread.and_then(|spread| rate(&row.job, spread.median)).unwrap_or_default();
            let arrived = runs.iter().filter_map(|run| run.arrived).min().map_or(String::new(), grouped);
            let (arrived, trouble) = (arrived, cell.trouble().unwrap_or_default());
            let cpu = Spread::of(runs.iter().map(|run| run.cpu).collect()).map_or(0, |cpu| cpu.median);
            let peak = runs.iter().map(|run| run.peak).max().unwrap_or_default();
            writeln!(
                out,
                "| {} | {} | {median} | {range} | {} | {rate} | {} | {} | {} |",
                row.job.title,
                cell.client.name,
                runs.len(),
                [arrived.as_str(), trouble].join(" ").trim(),
                if cpu == 0 { "-".to_owned() } else { time(cpu) },
                if peak == 0 { "-".to_owned() } else { memory(peak) },
            )
            .expect("it is a string");
        }
    }
    out
}

/// As Markdown: the most memory that each client took.
pub fn peaks(rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let mut out = String::from("| client | peak memory, one message | in all other jobs |\n|---|---|---|\n");
    for (column, cell) in first.cells.iter().enumerate() {
        let peak = |one_message: bool| {
            let rows = rows.iter().filter(|row| row.job.is_one_message() == one_message);
            let runs = rows.filter_map(|row| row.cells[column].runs.as_ref()).flatten();
            runs.map(|run| run.peak).max().filter(|&peak| peak > 0).map_or("-".to_owned(), memory)
        };
        writeln!(out, "| {} | {} | {} |", cell.client.name, peak(true), peak(false)).expect("it is a string");
    }
    out
}

pub fn ratio(value: u64, bound: u64) -> String {
    let ratio = value as f64 / bound as f64;
    if ratio < 9.95 { format!("{ratio:.2}x") } else { format!("{ratio:.0}x") }
}

fn amount(job: &Job, value: u64) -> String {
    if matches!(job.does, Does::Idle | Does::Size) { memory(value) } else { time(value) }
}

fn rate(job: &Job, took: u64) -> Option<String> {
    let (Does::Send(load, _) | Does::Receive(load, _)) = job.does else { return None };
    let seconds = took as f64 / 1e9;
    Some(if load.size < 1024 {
        format!("{:.2} M/s", load.count as f64 / seconds / 1e6)
    } else {
        format!("{:.0} MB/s", load.bytes() as f64 / seconds / 1e6)
    })
}

pub fn time(nanoseconds: u64) -> String {
    match nanoseconds as f64 {
        few if few < 1e6 => format!("{:.1} us", few / 1e3),
        more if more < 1e9 => format!("{:.2} ms", more / 1e6),
        many => format!("{:.2} s", many / 1e9),
    }
}

pub fn memory(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
