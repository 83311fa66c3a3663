//! Process groups of programs that this one began.

use rustix::process::{Pid, Signal};
use tokio::process::Child;

/// A process group that is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Group(Option<Pid>);

impl Group {
    /// That which a child leads.
    pub(super) fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    /// It is not killed.
    pub(super) fn let_be(&mut self) {
        self.0 = None;
    }
}

impl Group {
    /// Kills it.
    pub(super) fn kill(&mut self) {
        if let Some(leader) = self.0.take() {
            // All of it is gone already, or belongs to somebody else: then nothing more can be done.
            let _gone = rustix::process::kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
