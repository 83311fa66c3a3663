//! What steps yield: journalled, and handed to the steps behind them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DatabaseOutput, Deployed, Launched, LeaseLost, Packed, ReadBack, Recovered, SnapshotMade};
use crate::catalog::Manifest;
use crate::forecast::{Action, Forecast, Suspension};
use crate::graph::{Argument, LAUNCHED, Output, OutputKind};
use crate::ports::{Cause, Fault, Word};
use crate::primitives::{PathBytes, PointId, StepId};

/// What a step yielded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "yield", content = "value", rename_all = "kebab-case")]
pub enum StepOutput {
    /// The source is there.
    Source {
        /// Its roots, each a folder.
        roots: Vec<PathBytes>,
        /// Those of them that are mount points.
        #[serde(default)]
        mounts: Vec<PathBytes>,
    },
    /// The archive and its contents are in the store.
    Packed(Box<Packed>),
    /// They were read back.
    ReadBack(ReadBack),
    /// The recovery point exists.
    Committed(Box<Manifest>),
    /// What was deleted, and what was not after all.
    Deleted(Deleted),
    /// A recovery point is beside what is there.
    Recovered(Recovered),
    /// A probe found all well.
    Probed,
    /// A person approved.
    Approved(Word),
    /// A program ended well.
    Ran(Said),
    /// A release is in place.
    Deployed(Deployed),
    /// Something was done with a database.
    Database(Box<DatabaseOutput>),
    /// A machine is up.
    Launched(Launched),
    /// A link points again to what it pointed to before.
    Linked,
    /// What was recovered is in its place.
    Switched {
        /// What was there is called so.
        kept: Vec<PathBytes>,
    },
}

/// What a program said, at its end ([`SAID_BYTES_MAX`](crate::ports::SAID_BYTES_MAX) each).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Said {
    /// On standard output.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout: String,
    /// On standard error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
    /// Whether a person said that it was done, where the run could not know.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_word: bool,
}

/// What a deletion did: never more than was forecast.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deleted {
    /// The recovery points that are gone.
    pub points: Vec<PointId>,
    /// Why no point was deleted, where a guard suspended that.
    #[serde(default)]
    pub suspended: Option<Suspension>,
    /// Why nothing more was deleted, where the lease of the job was not held, or not to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseLost>,
    /// The points that were forecast and are still there, each with why.
    pub omitted: Vec<(PointId, Omission)>,
    /// How many objects and uploads of unfinished runs are gone.
    pub leftovers: u64,
    /// The bytes that the points and leftovers held.
    pub bytes: u64,
    /// Until when a lock keeps the store from ending what is only hidden of them, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Timestamp>,
}

/// Why something that was forecast was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Omission {
    /// Somebody deleted it before.
    GoneAlready,
    /// Its manifest cannot be understood now, or its objects are not as the manifest has them: a person should look.
    Unusable,
    /// Asked again, a retention rule keeps it: other points that the forecast counted on are gone.
    KeptNow,
    /// A restore of this host reads points of its job.
    BeingRestored,
    /// A restore of another host, or of another state folder, reads it: a pin in the store says so.
    Pinned {
        /// The machine that the restore runs on, by its own name; none where the pin cannot be read.
        machine: Option<String>,
    },
    /// A guard suspended the deletion of points.
    Suspended,
    /// The lease of the job was not held: another run may be at work on its points.
    NoLease,
}

impl StepOutput {
    /// Whether everything that should be in it is: false for a pack that could not read every file whole, and for a recovery
    /// of what such a pack made.
    pub fn is_clean(&self) -> bool {
        match self {
            Self::Packed(packed) => packed.clean(),
            Self::Recovered(recovered) => recovered.clean(),
            _ => true,
        }
    }

    /// Why a guard suspended a deletion, if it did.
    pub fn suspension(&self) -> Option<&Suspension> {
        match self {
            Self::Deleted(deleted) => deleted.suspended.as_ref(),
            Self::Database(done) => done.suspension(),
            _ => None,
        }
    }

    /// Why a deletion stopped for want of a lease, if it did.
    pub fn lease_lost(&self) -> Option<&LeaseLost> {
        match self {
            Self::Deleted(deleted) => deleted.lease.as_ref(),
            _ => None,
        }
    }

    /// Whether something was to be deleted, and is left until a later run.
    pub fn is_held_back(&self) -> bool {
        self.suspension().is_some() || self.lease_lost().is_some()
    }

    /// Whether it is that, perhaps beside something else.
    fn yields(&self, kind: OutputKind) -> bool {
        match self {
            Self::Source { .. } => kind == OutputKind::Source,
            Self::Packed(_) => kind == OutputKind::Packed,
            Self::ReadBack(_) => kind == OutputKind::ReadBack,
            Self::Committed(_) => kind == OutputKind::Committed,
            Self::Recovered(_) | Self::Deployed(_) => kind == OutputKind::Path,
            Self::Launched(_) => LAUNCHED.contains(&kind),
            Self::Database(done) => done.yields(kind),
            _ => false,
        }
    }
}

/// What the steps that are done yielded.
#[derive(Debug, Clone, Default)]
pub struct Inputs(BTreeMap<StepId, StepOutput>);

impl Inputs {
    /// The outputs, by their step.
    pub fn new(outputs: BTreeMap<StepId, StepOutput>) -> Self {
        Self(outputs)
    }

    /// The output that a step takes in. The graph proved that it is there; a journal that was tampered with may lack it.
    pub(super) fn get(&self, output: Output) -> Result<&StepOutput, Fault> {
        let found = self.0.get(&output.step).filter(|found| found.yields(output.kind));
        found.ok_or_else(|| {
            let answer = format!("step {} did not yield it", output.step.0);
            Fault::permanent(Cause::Invalid, format!("take in {:?}", output.kind), answer)
        })
    }

    /// A program and its arguments, with what earlier steps yielded.
    pub(super) fn words(&self, argv: &[Argument], forecast: &Forecast) -> Result<Vec<String>, Fault> {
        argv.iter().map(|word| self.word(word, forecast)).collect()
    }

    /// One word.
    pub(super) fn word(&self, word: &Argument, forecast: &Forecast) -> Result<String, Fault> {
        match word {
            Argument::Text(text) => Ok(text.clone()),
            Argument::Output(output) => self.text(*output, forecast),
        }
    }

    /// What a step yielded, as a word.
    fn text(&self, output: Output, forecast: &Forecast) -> Result<String, Fault> {
        if let StepOutput::Launched(launched) = self.get(output)? {
            return match output.kind {
                OutputKind::Instance => Ok(launched.instance.clone()),
                OutputKind::Address => Ok(launched.address.clone()),
                _ => Err(mismatch(output)),
            };
        }
        if let StepOutput::Database(done) = self.get(output)? {
            return match (&**done, output.kind) {
                (DatabaseOutput::Recovered { database, .. }, OutputKind::Instance) => Ok(database.identifier.clone()),
                (DatabaseOutput::Recovered { address, .. }, OutputKind::Address) => Ok(address.clone()),
                _ => Err(mismatch(output)),
            };
        }
        let path = match &forecast.step(output.step).action {
            Action::Recover(recovery) => &recovery.into,
            Action::Deploy(deployment) => &deployment.into,
            _ => return Err(mismatch(output)),
        };
        String::from_utf8(path.as_bytes().to_vec()).map_err(|_| {
            let why = "its name is not UTF-8, and no program can be told of it";
            Fault::permanent(Cause::Invalid, format!("take in {path}"), why)
        })
    }

    pub(super) fn packed(&self, output: Output) -> Result<&Packed, Fault> {
        match self.get(output)? {
            StepOutput::Packed(packed) => Ok(packed),
            _ => Err(mismatch(output)),
        }
    }

    /// The mount points of a source that was found.
    pub(super) fn mounts(&self, output: Output) -> Result<&[PathBytes], Fault> {
        match self.get(output)? {
            StepOutput::Source { mounts, .. } => Ok(mounts),
            _ => Err(mismatch(output)),
        }
    }

    pub(super) fn committed(&self, output: Output) -> Result<&Manifest, Fault> {
        match self.get(output)? {
            StepOutput::Committed(manifest) => Ok(manifest),
            _ => Err(mismatch(output)),
        }
    }

    /// The snapshot that was made, or copied.
    pub(super) fn snapshot(&self, output: Output) -> Result<&SnapshotMade, Fault> {
        match self.get(output)? {
            StepOutput::Database(done) => match &**done {
                DatabaseOutput::Snapshot(made) | DatabaseOutput::Copy(made) => Ok(made),
                _ => Err(mismatch(output)),
            },
            _ => Err(mismatch(output)),
        }
    }

    pub(super) fn read_back(&self, output: Output) -> Result<&ReadBack, Fault> {
        match self.get(output)? {
            StepOutput::ReadBack(read_back) => Ok(read_back),
            _ => Err(mismatch(output)),
        }
    }
}

fn mismatch(output: Output) -> Fault {
    Fault::permanent(Cause::Invalid, format!("take in {:?}", output.kind), "it is of another kind")
}
