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
