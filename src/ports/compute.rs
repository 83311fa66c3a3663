//! The processors of this host.

/// A piece of pure work.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does pure work beside the task that asks for it. How a job tells its result is between it and whoever started it.
pub trait Compute: Send + Sync {
    /// How many jobs run at once, at least 1. More than that many may be started; they wait.
    fn width(&self) -> usize;

    /// Starts a job. One that panics ends alone.
    fn start(&self, job: Job);
}
