//! Work on all cores.
#![expect(clippy::disallowed_methods, reason = "jobs leave the executor's threads, as blocking calls do")]

use crate::ports::{Compute, Job};

/// All cores that this process may use, by the runtime's threads for blocking calls. Must be used within a runtime.
#[derive(Debug)]
pub struct Cores {
    width: usize,
}

impl Cores {
    /// The cores there are (sched_getaffinity(2), cgroup limits).
    pub fn new() -> Self {
        Self { width: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

impl Default for Cores {
    fn default() -> Self {
        Self::new()
    }
}

impl Compute for Cores {
    fn width(&self) -> usize {
        self.width
    }

    fn start(&self, job: Job) {
        drop(tokio::task::spawn_blocking(job));
    }
}
