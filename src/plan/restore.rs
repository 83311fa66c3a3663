//! Restores: how things come back.

use super::Waiver;
use crate::primitives::{Duration, Name, Span, Spanned};

/// A way back, step by step.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Its name.
    pub name: Spanned<Name>,
    /// Within how long all of it is done.
    pub rto: Option<Spanned<Duration>>,
    /// What is done, in the order written.
    pub steps: Vec<RestoreStep>,
    /// Problems set aside for this restore.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

/// One line of a restore.
#[derive(Debug, Clone)]
pub enum RestoreStep {
    /// Puts a target's recovery point beside.
    Recover(Recover),
    /// Runs its children side by side.
    Parallel(Vec<RestoreStep>),
    /// Looks whether it is well.
    Probe(Probe),
}

/// Puts a target's recovery point beside what is there.
#[derive(Debug, Clone)]
pub struct Recover {
    /// Which target.
    pub target: Spanned<Name>,
    /// Whose points: a host's name; the host that restores where the plan says nothing.
    pub from_host: Option<Spanned<String>>,
    /// The folder that is made, as written; a relative one is relative to the plan file's folder.
    pub into: Spanned<String>,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Looks whether what was restored is well.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What it shows, in a person's words.
    pub name: Spanned<String>,
    /// How it looks.
    pub kind: ProbeKind,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// How a probe looks.
#[derive(Debug, Clone)]
pub enum ProbeKind {
    /// Something is at that path, as written; a relative one is relative to the plan file's folder.
    Path(Spanned<String>),
    /// That command, never through a shell, exits with 0.
    Command(Vec<Spanned<String>>),
}
