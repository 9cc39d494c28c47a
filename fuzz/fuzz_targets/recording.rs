//! Any file as a recording: it is refused, or each connection can be read and becomes a script.
#![no_main]

use std::io::{Seek as _, Write as _};
use std::sync::{LazyLock, Mutex};

use tempfile::NamedTempFile;

static FILE: LazyLock<Mutex<NamedTempFile>> =
    LazyLock::new(|| Mutex::new(NamedTempFile::new().expect("there is room for a file")));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut file = FILE.lock().expect("nobody panicked");
    file.as_file().set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(input)).expect("there is room");
    wsprobe::testing::fuzz_recording(file.path());
});
