//! Work on all cores.
#![expect(clippy::disallowed_methods, reason = "jobs leave the executor's threads, as blocking calls do")]

use crate::ports::{Compute, Job};

/// What is used of a machine at most.
const CORES_MAX: usize = 16;

/// All cores that this process may use, by the runtime's threads for blocking calls. Must be used within a runtime.
#[derive(Debug)]
pub struct Cores {
    width: usize,
}

impl Cores {
    /// The cores there are (sched_getaffinity(2), cgroup limits); of more than 16, 16: each takes a few mebibytes for what it works on.
    pub fn new() -> Self {
        Self { width: std::thread::available_parallelism().map_or(1, usize::from).min(CORES_MAX) }
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
