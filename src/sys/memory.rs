//! The memory of the process.

/// Gives memory that is free back to the system. The C library keeps it for the next crowd: pages in the middle of its heap
/// that nothing is on stay the process's until they are asked for.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back() {
    #[expect(unsafe_code, reason = "no crate at hand calls it")]
    // SAFETY: it looks at the allocator's own lists alone, and takes the allocator's locks.
    unsafe {
        nix::libc::malloc_trim(0);
    }
}

/// Other allocators do that by themselves, or not at all.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}

/// Keeps up to 4 MiB of what is free for what comes next. Otherwise the C library gives the end of its heap back after each
/// block of more than 128 KiB, and each page of the next block has to be asked for again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep_for_reuse() {
    use nix::libc::{M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, mallopt};
    const KEPT: i32 = 4 << 20;
    #[expect(unsafe_code, reason = "no crate at hand calls it")]
    // SAFETY: it sets numbers of the allocator's own, and takes the allocator's locks.
    unsafe {
        mallopt(M_TRIM_THRESHOLD, KEPT);
        mallopt(M_MMAP_THRESHOLD, KEPT);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_for_reuse() {}

/// The pieces to copy large blocks in: glibc copies what is longer than 2 KiB with `rep movsb`, which some processors do at a
/// fraction of the speed when the two places lie badly in their pages (its bug 30994).
pub(crate) fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(2 << 10)
}
