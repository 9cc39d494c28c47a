//! Where a panic comes from, in a program without the names of its functions: as places in its file.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::ops::Range;
use std::panic;

/// From now on, a panic tells the places of its frames where `RUST_BACKTRACE` asks for frames and their names are not there.
///
/// `addr2line` turns them into names and lines, with a program of the same version that has its names.
pub(crate) fn tell_places() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured
            && let Some(program) = range_of_program()
            && let frames = format!("{backtrace:#}")
            && frames.contains("<unknown>")
        {
            let places = places(&frames, program).join(" ");
            #[expect(clippy::disallowed_methods, reason = "whoever owns it may have panicked")]
            let mut stderr = std::io::stderr();
            // There is nobody else to tell.
            let _ = writeln!(stderr, "places in the program, for addr2line: {places}");
        }
    }));
}

/// Where the system has put the program's file.
fn range_of_program() -> Option<Range<u64>> {
    let program = std::env::current_exe().ok()?;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let mut ranges = maps.lines().filter(|line| line.ends_with(&*program.to_string_lossy())).filter_map(range);
    let first = ranges.next()?;
    Some(first.start..ranges.next_back().unwrap_or(first).end)
}

/// The addresses at the beginning of a line: `55e9c0a00000-55e9c0b00000 r-xp …`.
fn range(line: &str) -> Option<Range<u64>> {
    let (start, end) = line.split(' ').next()?.split_once('-')?;
    Some(u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?)
}

/// The addresses of the program's frames, counted from its beginning: `   7:     0x55e9c0a1b2c3 - <unknown>`.
fn places(frames: &str, program: Range<u64>) -> Vec<String> {
    let addresses = frames.split_whitespace().filter_map(|word| word.strip_prefix("0x"));
    let addresses = addresses.filter_map(|digits| u64::from_str_radix(digits, 16).ok());
    addresses.filter(|at| program.contains(at)).map(|at| format!("{:#x}", at - program.start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_from_the_start_of_the_program() {
        let frames =
            "   0:     0x5500001234 - <unknown>\n   1:     0x54ffffffff - <unknown>\n   2:     0x5500005678 - main\n";
        assert_eq!(places(frames, 0x55_0000_0000..0x55_0001_0000), ["0x1234", "0x5678"]);
        assert_eq!(range("5500000000-5500010000 r-xp 00000000 fe:00 1 /wsprobe"), Some(0x55_0000_0000..0x55_0001_0000));
    }

    #[test]
    fn the_program_is_where_its_functions_are() {
        let function = tell_places as fn() as usize as u64;
        assert!(range_of_program().is_some_and(|program| program.contains(&function)));
    }
}
