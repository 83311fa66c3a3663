//! Work that is done at once: the same seed gives the same history.

use crate::ports::{Compute, Job};

/// One core, which has done a job when it was started.
#[derive(Debug, Default)]
pub struct FakeCompute;

impl Compute for FakeCompute {
    fn width(&self) -> usize {
        2
    }

    fn start(&self, job: Job) {
        job();
    }
}
