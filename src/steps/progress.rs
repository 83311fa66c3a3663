//! How far a step has come, read while it runs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters that one step writes and anyone reads.
#[derive(Debug, Default)]
pub struct Progress {
    entries: AtomicU64,
    bytes: AtomicU64,
    /// Zero: not known.
    bytes_total: AtomicU64,
}

/// What a [`Progress`] says at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Entries done.
    pub entries: u64,
    /// Bytes of content done.
    pub bytes: u64,
    /// Bytes of content in all, where that is known.
    pub bytes_total: Option<u64>,
}

impl Progress {
    /// Of a step that will move so many bytes of content, where that is known.
    pub fn new(bytes_total: Option<u64>) -> Self {
        Self { bytes_total: AtomicU64::new(bytes_total.unwrap_or(0)), ..Self::default() }
    }

    /// What it says now.
    pub fn counts(&self) -> Counts {
        let total = self.bytes_total.load(Relaxed);
        Counts {
            entries: self.entries.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            bytes_total: (total > 0).then_some(total),
        }
    }

    /// Says the bytes in all, where they become known only on the way.
    pub fn expect(&self, bytes_total: u64) {
        self.bytes_total.store(bytes_total, Relaxed);
    }

    pub(super) fn entry(&self) {
        self.entries.fetch_add(1, Relaxed);
    }

    pub(super) fn bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }
}
