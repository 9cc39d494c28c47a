//! Times, sizes and counts, as people write them.

use std::fmt::Display;
use std::time::Duration;

/// A hundred years: longer than any run, and short enough to be added to any clock.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// `500ms`, `5s`, `1m30s`; a bare number is seconds.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let time =
        seconds(text).ok_or("expected a time like 500ms, 5s, 1.5s, 2m, 1m30s or 1h; a bare number is seconds")?;
    Duration::try_from_secs_f64(time)
        .ok()
        .filter(|time| *time <= LONGEST)
        .ok_or_else(|| "expected at most 100 years".to_owned())
}

/// Bytes: `64`, `64K`, `64KiB`, `1MB`.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let Some(scale) = bytes_in(unit).filter(|_| !number.is_empty()) else {
        return Err("expected a size like 64, 64K, 64KiB, 1MB or 2G".to_owned());
    };
    // All digits, so it can only be too large.
    let size = number.parse().ok().and_then(|number: usize| number.checked_mul(scale));
    match size {
        Some(0) => Err("expected a size of at least 1".to_owned()),
        Some(size) => Ok(size),
        None => Err("this is more than this machine can address".to_owned()),
    }
}

/// `1 byte`, `2 bytes`
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(number: N, what: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {what}{ending}")
}

/// The sum of numbers with units, or one number without.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    if text.chars().all(is_digit) {
        return text.parse().ok();
    }
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !is_digit(c))?);
        let (unit, after) = after.split_at(after.find(is_digit).unwrap_or(after.len()));
        let scale = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    Some(sum)
}

/// Powers of ten only where the unit says so with a bare `B`.
fn bytes_in(unit: &str) -> Option<usize> {
    match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!([0, 1, 2].map(|number: usize| counted(number, "byte")), ["0 bytes", "1 byte", "2 bytes"]);
    }
}
