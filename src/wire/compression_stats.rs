//! Statistics of the compression.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of compressed messages: on the wire, and as they were.
#[derive(Debug, Default)]
pub(crate) struct CompressionStats {
    received: [AtomicU64; 2],
    sent: [AtomicU64; 2],
}

impl CompressionStats {
    pub(crate) fn received(&self, on_wire: usize, data: usize) {
        add(&self.received, on_wire, data);
    }

    pub(crate) fn sent(&self, on_wire: usize, data: usize) {
        add(&self.sent, on_wire, data);
    }

    /// The ratio of each direction in words: `received 4.0 (400 bytes in 100)`.
    pub(crate) fn shown(&self) -> String {
        let ratio = |name: &str, [on_wire, data]: &[AtomicU64; 2]| {
            let (on_wire, data) = (on_wire.load(Ordering::Relaxed), data.load(Ordering::Relaxed));
            match on_wire {
                0 => format!("{name} none"),
                _ => format!("{name} {:.1} ({data} bytes in {on_wire})", data as f64 / on_wire as f64),
            }
        };
        format!("{}, {}", ratio("received", &self.received), ratio("sent", &self.sent))
    }
}

fn add([wire, plain]: &[AtomicU64; 2], on_wire: usize, data: usize) {
    wire.fetch_add(on_wire as u64, Ordering::Relaxed);
    plain.fetch_add(data as u64, Ordering::Relaxed);
}
