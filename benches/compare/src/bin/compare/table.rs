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

/// What one program made of a job.
pub trait Measured {
    fn name(&self) -> &str;

    /// What each run measured, and what was wrong with it; none when the program cannot do the job.
    fn results(&self) -> Option<impl Iterator<Item = (Option<u64>, Option<&str>)>>;

    fn spread(&self) -> Option<Spread> {
        Spread::of(self.results()?.filter_map(|(value, _)| value).collect())
    }

    /// The most serious error.
    fn trouble(&self) -> Option<&str> {
        self.results()?.find_map(|(_, trouble)| trouble)
    }
}

impl Measured for Cell {
    fn name(&self) -> &str {
        self.client.name
    }

    fn results(&self) -> Option<impl Iterator<Item = (Option<u64>, Option<&str>)>> {
        Some(self.runs.as_ref()?.iter().map(|run| (run.value, run.trouble.as_deref())))
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
    let head = ratios_head("| job | raw |", &first.cells);
    rows.iter().fold(head, |out, row| out + &ratios_row(&row.job.title, &row.cells, |value| amount(&row.job, value)))
}

/// The head of a table whose first column is what the others are compared with.
pub fn ratios_head(corner: &str, cells: &[impl Measured]) -> String {
    let names: String = cells.iter().skip(1).map(|cell| format!(" {} |", cell.name())).collect();
    format!("{corner}{names}\n|---|---|{}\n", "---|".repeat(cells.len() - 1))
}

/// A row of it: the amount of the first, and the others as ratios to it.
pub fn ratios_row(title: &str, cells: &[impl Measured], amount: impl Fn(u64) -> String) -> String {
    let bound = cells[0].spread();
    let bound_said = bound.map_or("?".to_owned(), |bound| amount(bound.median));
    let mut out = format!("| {title} | {bound_said} |");
    for cell in &cells[1..] {
        let said = match (cell.results().is_some(), cell.spread(), bound) {
            (false, ..) => "-".to_owned(),
            (true, Some(spread), Some(bound)) => ratio(spread.median, bound.median),
            _ => String::new(),
        };
        let said = [said.as_str(), cell.trouble().unwrap_or_default()].join(" ");
        write!(out, " {} |", said.trim()).expect("it is a string");
    }
    out + "\n"
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

/// As Markdown: what a round trip of a ping takes longer than the raw client's.
pub fn own_parts(rows: &[Row]) -> String {
    let pings = rows.iter().filter(|row| matches!(row.job.does, Does::Pings(..)));
    let mut out = String::new();
    for row in pings {
        let Some(bound) = row.cells.first().and_then(Measured::spread) else { continue };
        for cell in &row.cells[1..] {
            let Some(spread) = cell.spread() else { continue };
            let [took, least] = [spread, bound].map(|spread| spread.median as f64 / 1e3);
            let own = took - least;
            let (title, name) = (&row.job.title, cell.name());
            writeln!(out, "| {title} | {name} | {least:.1} us | {took:.1} us | {own:+.1} us |")
                .expect("it is a string");
        }
    }
    if out.is_empty() {
        return out;
    }
    format!("| pings | client | raw | its own | difference |\n|---|---|---|---|---|\n{out}")
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
