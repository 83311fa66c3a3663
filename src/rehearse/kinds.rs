//! What can go wrong, while what is done, and which of these pairs there are.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fakes::{Injected, Struck};
use crate::forecast::Action;
use crate::graph::ProbeCheck;
use crate::ports::Cause;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A call is refused for now, and nothing was done.
    Refused,
    /// A call is refused for good.
    Denied,
    /// A call is done, and its answer is lost.
    LostAnswer,
    /// For a while, all calls of a port are refused.
    Throttled,
    /// Half of the bytes arrive.
    PartialWrite,
    /// A listing shows what was, and no longer is.
    StaleListing,
    /// A call takes long.
    Slow,
    /// The host's clock is set, ahead or back.
    ClockJump,
    /// No space is left.
    DiskFull,
    /// The host dies; then the run is resumed.
    Crash,
    /// Somebody interrupts the run; then it is resumed.
    Interrupt,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Refused,
        Self::Denied,
        Self::LostAnswer,
        Self::Throttled,
        Self::PartialWrite,
        Self::StaleListing,
        Self::Slow,
        Self::ClockJump,
        Self::DiskFull,
        Self::Crash,
        Self::Interrupt,
    ];

    /// What strikes a call.
    pub fn of(struck: Struck) -> Self {
        match struck {
            Struck::Death(_) => Self::Crash,
            Struck::By(Injected::RefuseOnce(_)) => Self::Refused,
            Struck::By(Injected::RefuseForGood(Cause::Full)) => Self::DiskFull,
            Struck::By(Injected::RefuseForGood(_)) => Self::Denied,
            Struck::By(Injected::LoseAnswer) => Self::LostAnswer,
            Struck::By(Injected::Delay(_)) => Self::Slow,
            Struck::By(Injected::Throttle(_)) => Self::Throttled,
            Struck::By(Injected::Cut) => Self::PartialWrite,
            Struck::By(Injected::SetClock(_)) => Self::ClockJump,
        }
    }

    /// What it is, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Refused => "a call is refused for now",
            Self::Denied => "a call is refused for good",
            Self::LostAnswer => "a call is done, and its answer lost",
            Self::Throttled => "the store asks to come back later",
            Self::PartialWrite => "half of the bytes arrive",
            Self::StaleListing => "a listing shows what is gone",
            Self::Slow => "calls take long",
            Self::ClockJump => "the clock is set",
            Self::DiskFull => "no space is left",
            Self::Crash => "the host dies, and comes back",
            Self::Interrupt => "somebody interrupts, and resumes",
        }
    }
}

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Looks at the source again.
    Look,
    /// Packs the source and puts it.
    Pack,
    /// Reads it back.
    ReadBack,
    /// Writes the manifest.
    Commit,
    /// Deletes points and leftovers.
    Delete,
    /// Puts a point beside what is there.
    Recover,
    /// Looks whether something is there.
    Probe,
    /// Runs a program.
    Command,
    /// Waits for a person's word.
    Approve,
    /// Renames what was recovered into its place.
    Switch,
    /// Puts a release on a host.
    Deploy,
    /// Has a provider do something with a database.
    Database,
    /// Has a provider launch a machine.
    Launch,
}

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Look,
        Self::Pack,
        Self::ReadBack,
        Self::Commit,
        Self::Delete,
        Self::Recover,
        Self::Probe,
        Self::Command,
        Self::Approve,
        Self::Switch,
        Self::Deploy,
        Self::Database,
        Self::Launch,
    ];

    /// The kind of a step that does this.
    pub fn of(action: &Action) -> Self {
        match action {
            Action::Look { .. } => Self::Look,
            Action::Pack { .. } => Self::Pack,
            Action::ReadBack { .. } => Self::ReadBack,
            Action::Commit { .. } => Self::Commit,
            Action::Delete { .. } => Self::Delete,
            Action::Recover(_) => Self::Recover,
            Action::Probe { how: ProbeCheck::Command(_), .. } | Action::Command { .. } => Self::Command,
            Action::Probe { .. } => Self::Probe,
            Action::Approve { .. } => Self::Approve,
            // A plan forecasts no such step: it takes back what a restore did.
            Action::Link { .. } | Action::Switch { .. } => Self::Switch,
            Action::Deploy(_) => Self::Deploy,
            Action::Database(_) => Self::Database,
            Action::Launch(_) => Self::Launch,
        }
    }

    /// Whether it asks a store.
    fn asks_a_store(self) -> bool {
        !matches!(self, Self::Probe | Self::Command | Self::Approve | Self::Switch)
    }

    /// Whether it hands over bytes that are kept.
    fn writes(self) -> bool {
        matches!(self, Self::Pack | Self::Commit | Self::Recover | Self::Deploy)
    }
}

/// How often each kind of fault struck each kind of step.
pub type Pairs = BTreeMap<(FaultKind, StepKind), u64>;

/// Whether a fault of that kind can strike a step of that kind: by what the ports that it calls promise.
///
/// # Errors
/// Why it cannot.
pub fn possible(fault: FaultKind, step: StepKind) -> Result<(), &'static str> {
    match fault {
        FaultKind::Refused
        | FaultKind::Denied
        | FaultKind::LostAnswer
        | FaultKind::Slow
        | FaultKind::ClockJump
        | FaultKind::Crash
        | FaultKind::Interrupt => Ok(()),
        FaultKind::Throttled if step.asks_a_store() => Ok(()),
        FaultKind::Throttled => Err("stores throttle; file systems and programs do not"),
        FaultKind::PartialWrite | FaultKind::DiskFull if step.writes() => Ok(()),
        FaultKind::PartialWrite => Err("it hands no bytes over"),
        FaultKind::DiskFull => Err("it stores nothing"),
        FaultKind::StaleListing => {
            Err("a listing promises what is there: S3 has been strongly consistent since 2020, and a folder is")
        }
    }
}
