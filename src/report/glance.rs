//! What a step does, as far as a picture tells it at a glance.

use crate::forecast::{Action, OutlookStep};
use crate::graph::Effect;

/// What a step does, as far as it is told at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Looks,
    Waits,
    Adds,
    Runs,
    Replaces,
    Deletes,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [Self::Looks, Self::Waits, Self::Adds, Self::Runs, Self::Replaces, Self::Deletes];

    pub(super) fn of(step: &OutlookStep) -> Self {
        let (effect, waits) = match step {
            OutlookStep::Known(known) => (known.effect, matches!(known.action, Action::Approve { .. })),
            OutlookStep::NotObserved(of) => (of.effect, of.word == "approve"),
        };
        match effect {
            _ if waits => Self::Waits,
            Effect::Read => Self::Looks,
            Effect::Add => Self::Adds,
            Effect::Execute => Self::Runs,
            Effect::Replace => Self::Replaces,
            Effect::Delete => Self::Deletes,
        }
    }

    /// The sign, as in the text; what only looks has none.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Looks => "",
            Self::Waits => "? ",
            Self::Adds => "+ ",
            Self::Runs => "! ",
            Self::Replaces => "~ ",
            Self::Deletes => "− ",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Looks => "looks",
            Self::Waits => "waits",
            Self::Adds => "adds",
            Self::Runs => "runs",
            Self::Replaces => "replaces",
            Self::Deletes => "deletes",
        }
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Looks => "looks, and changes nothing",
            Self::Waits => "asks a person",
            Self::Adds => "adds what was not there",
            Self::Runs => "runs a program",
            Self::Replaces => "puts something in the place of what was there, which is kept",
            Self::Deletes => "takes away what was there",
        }
    }
}
