//! `SSLKEYLOGFILE`: the secrets of connections, for Wireshark, in the format of NSS.
//!
//! In place of rustls's own, which keeps everybody waiting where the file is a FIFO that nobody reads.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::sys::file;
use crate::text::hex::digits;

/// Writes a line for each secret, where there is a file for that.
#[derive(Debug)]
pub(crate) struct KeyLog(Option<File>);

impl KeyLog {
    /// Opens the file that the environment names; one that cannot be had is no reason not to connect.
    pub(crate) async fn open() -> Self {
        #[expect(clippy::disallowed_methods, reason = "as each program with TLS does it, whatever its own settings")]
        let path = std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty());
        match path {
            // A reader of a FIFO that does not read misses lines, and keeps nobody waiting.
            Some(path) => Self(file::append_without_waiting(Path::new(&path)).await.ok()),
            None => Self(None),
        }
    }
}

impl rustls::KeyLog for KeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        if let Some(mut file) = self.0.as_ref() {
            // In one piece, since others may write to it too. What cannot be written is of no use to the connection.
            let _ = file.write_all(line(label, client_random, secret).as_bytes());
        }
    }

    fn will_log(&self, _: &str) -> bool {
        self.0.is_some()
    }
}

fn line(label: &str, client_random: &[u8], secret: &[u8]) -> String {
    format!("{label} {} {}\n", digits(client_random), digits(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_label_and_both_in_hex() {
        assert_eq!(line("CLIENT_RANDOM", &[0, 0xff], &[0x10]), "CLIENT_RANDOM 00ff 10\n");
    }
}
