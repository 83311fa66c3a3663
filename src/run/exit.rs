//! Exit statuses: what scripts and cron see.

/// How a command ends, for whoever called it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitStatus {
    /// All well.
    Well = 0,
    /// An error, before anything was changed.
    Error = 1,
    /// There is something to do (`--dry-run --detailed-exitcode`).
    Changes = 2,
    /// A weakening without a waiver.
    Weakening = 3,
    /// Some steps failed.
    Failed = 4,
    /// Done, but some source files could not be read whole.
    NotClean = 5,
    /// Somebody should look: a guard suspended deletions.
    Findings = 6,
    /// Another run holds the lock or the lease.
    Locked = 11,
    /// Wrong usage (`EX_USAGE` of sysexits(3)).
    Usage = 64,
    /// Waiting for a person or a later time (`EX_TEMPFAIL`).
    Waiting = 75,
    /// Interrupted by a signal (128 + SIGINT, as shells have it).
    Interrupted = 130,
}

impl ExitStatus {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Where several hold: interrupted, locked, failed, findings, not clean, waiting, well, in that order.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        const ORDER: [ExitStatus; 11] = [
            ExitStatus::Interrupted,
            ExitStatus::Locked,
            ExitStatus::Failed,
            ExitStatus::Findings,
            ExitStatus::NotClean,
            ExitStatus::Waiting,
            ExitStatus::Usage,
            ExitStatus::Error,
            ExitStatus::Weakening,
            ExitStatus::Changes,
            ExitStatus::Well,
        ];
        ORDER.into_iter().find(|status| *status == self || *status == other).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::ExitStatus::*;

    #[test]
    fn the_worse_of_two_is_said() {
        for (a, b, worse) in [
            (Well, NotClean, NotClean),
            (NotClean, Failed, Failed),
            (Failed, Interrupted, Interrupted),
            (Locked, Failed, Locked),
            (Waiting, NotClean, NotClean),
            (NotClean, Findings, Findings),
            (Findings, Failed, Failed),
        ] {
            assert_eq!((a.worse(b), b.worse(a)), (worse, worse));
        }
    }
}
