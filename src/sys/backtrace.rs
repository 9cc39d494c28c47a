//! Where a panic comes from, in a program that has frame pointers instead of tables to unwind the stack, and no names.

#![cfg_attr(not(frame_pointers), allow(dead_code, reason = "others have std's backtrace"))]

use std::io::Write as _;
use std::ops::Range;
use std::{fs, panic};

/// Asks for frames.
const VARIABLE: &str = "RUST_BACKTRACE";

/// More than this nobody reads.
const MOST: usize = 100;

/// From now on, a panic tells the places of its frames where `RUST_BACKTRACE` asks for them.
///
/// `addr2line` turns them into names and lines, with a program of the same version that has its names.
pub(crate) fn tell_places() {
    #[expect(clippy::disallowed_methods, reason = "std reads it too, and `cli` may be what panics")]
    let asked = std::env::var_os(VARIABLE).is_some_and(|asked| asked != "0");
    if !asked {
        return;
    }
    // SAFETY: there is no other thread yet.
    #[expect(unsafe_code, reason = "std's own backtrace would look for the tables, and end the process there")]
    unsafe {
        std::env::remove_var(VARIABLE);
    }
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        let places = places().unwrap_or_default().join(" ");
        #[expect(clippy::disallowed_methods, reason = "whoever owns it may have panicked")]
        let mut stderr = std::io::stderr();
        // There is nobody else to tell.
        let _ = writeln!(stderr, "places in the program, for addr2line: {places}");
    }));
}

/// The return addresses on this thread's stack, counted from the program's beginning.
#[inline(never)]
fn places() -> Option<Vec<String>> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let frame = frame_pointer();
    let stack = mapping(&maps, frame)?.0;
    let file = mapping(&maps, places as fn() -> Option<Vec<String>> as usize)?.1;
    let mut parts = maps.lines().filter_map(parsed).filter(|(_, name)| *name == file).map(|(range, _)| range);
    let first = parts.next()?;
    let program = first.start..parts.next_back().unwrap_or(first).end;
    let inside = callers(frame, stack).into_iter().filter(|address| program.contains(address));
    Some(inside.map(|address| format!("{:#x}", address - program.start)).collect())
}

/// Follows the chain of frames from the innermost on: each has the place of the next, then the return address.
fn callers(mut frame: usize, stack: Range<usize>) -> Vec<usize> {
    const WORD: usize = size_of::<usize>();
    let mut found = Vec::new();
    while frame.is_multiple_of(WORD) && stack.contains(&frame) && stack.contains(&(frame + 2 * WORD - 1)) {
        // SAFETY: aligned, and within the memory that the system has given to this stack, which can be read.
        #[expect(unsafe_code, reason = "the stack is read where it lies")]
        let [next, caller] = unsafe { std::ptr::with_exposed_provenance::<[usize; 2]>(frame).read_volatile() };
        found.push(caller);
        // A stack grows downwards, so that a chain that does not go up is none.
        if next <= frame || found.len() == MOST {
            break;
        }
        frame = next;
    }
    found
}

/// Of the function that this is inlined into.
#[inline(always)]
#[expect(unsafe_code, reason = "no other way to a register")]
fn frame_pointer() -> usize {
    let frame: usize;
    // SAFETY: a register is read, and nothing else is touched.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("mov {}, x29", out(reg) frame, options(nomem, nostack, preserves_flags));
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            frame = 0;
        }
    }
    frame
}

/// The mapping of an address, and the file behind it.
fn mapping(maps: &str, address: usize) -> Option<(Range<usize>, &str)> {
    maps.lines().filter_map(parsed).find(|(range, _)| range.contains(&address))
}

/// A line of `/proc/self/maps`: `55e9c0a00000-55e9c0b00000 r-xp 00000000 fe:00 1234   /usr/bin/wsprobe`.
fn parsed(line: &str) -> Option<(Range<usize>, &str)> {
    let (start, rest) = line.split_once('-')?;
    let (end, rest) = rest.split_once(' ')?;
    let name = rest.splitn(5, ' ').nth(4)?.trim_start();
    Some((usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_found_by_an_address_in_it() {
        let maps = "5500000000-5500010000 r-xp 00000000 fe:00 1          /bin/a b\n7f00000000-7f00001000 rw-p 00000000 00:00 0 \n";
        assert_eq!(mapping(maps, 0x55_0000_1234), Some((0x55_0000_0000..0x55_0001_0000, "/bin/a b")));
        assert_eq!(mapping(maps, 0x7f_0000_0000), Some((0x7f_0000_0000..0x7f_0000_1000, "")));
        assert_eq!(mapping(maps, 0x7f_0000_1000), None);
    }

    #[test]
    fn a_chain_is_followed_while_it_goes_up_within_the_stack() {
        const WORD: usize = size_of::<usize>();
        let mut stack = Box::new([0; 8]);
        let start = stack.as_ptr().expose_provenance();
        *stack = [start + 2 * WORD, 11, start + 6 * WORD, 22, 0, 0, start, 33];
        let bounds = start..start + 8 * WORD;
        assert_eq!(callers(start, bounds.clone()), [11, 22, 33]);
        assert_eq!(callers(start, start..start + 7 * WORD), [11, 22]);
        assert_eq!(callers(start + 1, bounds.clone()), [0; 0]);
        stack[2] = 1 << 40;
        assert_eq!(callers(start, bounds), [11, 22]);
    }
}
