//! Floor 8: what would happen, as a value. Printed, it is the dry run; run, it is the run.
//!
//! Unaware of how anything is performed. Pure: a graph, what was observed, and a time go in. Invariant: what is performed
//! later is a subset of what stands here; nothing is selected, named or chosen for deletion after it.

mod action;
mod backup;
mod clock;
mod database;
mod deletion;
mod deploy;
mod launch;
mod mount;
mod outlook;
mod restore;
mod roll_back;
mod runbook;
mod share;
mod shrink;
mod sound;
mod suspension;
#[cfg(test)]
mod tests;

pub use action::{Action, Deletion, Leftover, Move, NewPoint, Recovery, Selection};
pub use clock::{ClocksApart, PointAhead, wrong_clock};
pub use database::{
    BackupsCheck, BackupsDrift, BackupsSetting, DatabaseAction, DatabaseRecovery, DatabaseSwitch, KeptAs, NewSnapshot,
    SnapshotCopy, SnapshotDeletion, SnapshotOf, SnapshotPrune, snapshot_verdicts,
};
pub use deletion::{of_roots, verdicts};
pub use deploy::{Deployment, LinkMove};
pub use launch::{Launch, MachineLeft, UserData, image_age, image_chosen, image_too_old, terminates};
pub use mount::MountBefore;
pub use outlook::{NotObserved, Outlook, OutlookStep, StepView, Why};
pub use restore::{PointChoice, RestoreWish, chosen};
pub use roll_back::{Placed, Put, RollBack, roll_back};
pub use runbook::{
    Approval, Known, PAST_RUNS_MAX, PastTime, Runbook, Space, Spread, Stage, ends, past_times, recoveries, runbook,
};
pub use share::{DeletionGuard, TooMany};
pub use shrink::{Earlier, Held, ShrinkGuard, Shrunk};
pub use suspension::Suspension;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::graph::{Effect, Graph, OutputKind, Slice, Step, StepKind};
use crate::observe::Observed;
use crate::plan::{Plan, S3, Secret, Store, StoreKind};
use crate::ports::{Cause, Fault, SecretPlace};
use crate::primitives::{Digest, Duration, JobName, Name, PathBytes, RunId, Slot, Spanned, StepId, StepName};

/// The version of a serialised forecast.
pub const FORMAT_VERSION: u32 = 1;

/// All that a run will do, in order. Only one whose every step is known can be run; what is shown before may hold others
/// (see [`Outlook`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Forecast<S = ForecastStep> {
    /// The version of this form.
    #[schemars(extend("const" = FORMAT_VERSION))]
    pub format_version: u32,
    /// Of which plan.
    pub plan: Name,
    /// The run it is for.
    pub run: RunId,
    /// The host it is for.
    pub host: Name,
    /// What it is about.
    pub subject: Subject,
    /// When the world was observed.
    pub at: Timestamp,
    /// The zone in which times are shown.
    pub timezone: String,
    /// The folder that the plan's relative paths are relative to, absolute: programs begin in it.
    #[serde(default = "root")]
    pub base: PathBytes,
    /// Where the stores are.
    pub stores: BTreeMap<Name, StoreLocation>,
    /// How other hosts are reached that its steps name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<String, HostLocation>,
    /// Where the plan's secrets are: what is there is left out of what programs say.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<SecretPlace>,
    /// How many steps may use a store at once, where the plan limits it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<Name, NonZeroU32>,
    /// Whether nothing more is begun once a step has failed for good.
    #[serde(default)]
    pub fail_fast: bool,
    /// Its steps; a step's id is its place.
    pub steps: Vec<S>,
}

/// Of a forecast that does not say it.
fn root() -> PathBytes {
    PathBytes::new(*b"/")
}

/// What a run is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// These jobs are backed up.
    Backup {
        /// In the plan's order.
        jobs: Vec<JobName>,
        /// Those that are backed up for a scheduled time, and for which. What is not here was asked for by a person.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        slots: BTreeMap<JobName, Slot>,
    },
    /// This restore is carried out.
    Restore {
        /// Its name.
        restore: Name,
        /// Within how long all of it is to be done.
        budget: Option<Duration>,
    },
    /// What a restore put into service is taken back.
    RollBack(RollBack),
    /// Something else of the plan, which is only shown.
    Slice(Slice),
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StoreLocation {
    /// A folder of this host, absolute.
    Local(PathBytes),
    /// A bucket of S3.
    S3(Bucket),
}

/// Where a bucket is, and how things are put into it; what nothing is said of is as the environment and the bucket say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Bucket {
    /// The bucket.
    pub bucket: String,
    /// Its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What every key begins with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// The service's URL, where it is not Amazon's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Where requests name the bucket, as a plan writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressing: Option<String>,
    /// The storage class of what is put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// With whose keys the service encrypts, as a plan writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<String>,
    /// The key of AWS KMS that the service encrypts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// How the objects of recovery points are locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<BucketLock>,
}

/// A lock on what is put into a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BucketLock {
    /// Who may take away what it holds, as a plan writes it.
    pub mode: String,
    /// How long it lasts, from when something is put.
    pub lasts: Duration,
}

impl Bucket {
    /// Where it is, as its users write it.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// How another host is reached (ssh(1)); what nothing is said of is what ssh itself would take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HostLocation {
    /// Its name in DNS, or its IP address.
    pub address: String,
    /// The TCP port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// As whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The file of the private key, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<PathBytes>,
    /// The only public key that is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<String>,
}

impl HostLocation {
    /// One of which only the address is known: all else is as ssh itself would take it.
    pub fn by_itself(address: &str) -> Self {
        Self { address: address.to_owned(), port: None, user: None, identity: None, host_key: None }
    }
}

/// One step, with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ForecastStep {
    /// Its place.
    pub id: StepId,
    /// Its stable name.
    pub name: StepName,
    /// What it does to the world.
    pub effect: Effect,
    /// The steps before it; where `true`, their failure prevents it.
    pub after: Vec<(StepId, bool)>,
    /// When to give up.
    pub timeout: Duration,
    /// How long the plan expects it to take.
    pub takes: Option<Duration>,
    /// What it does.
    pub action: Action,
    /// What it yields.
    pub yields: Option<OutputKind>,
    /// Why it will fail, where that is plain to see already.
    pub foreseen: Option<Fault>,
}

impl<S: StepView> Forecast<S> {
    /// The step of an id.
    pub fn step(&self, id: StepId) -> &S {
        &self.steps[id.index()]
    }

    /// The steps of which all is known.
    pub fn known(&self) -> impl Iterator<Item = &ForecastStep> {
        self.steps.iter().filter_map(StepView::known)
    }

    /// Whether a guard will plainly suspend a deletion.
    pub fn suspends(&self) -> bool {
        self.known().any(|step| match &step.action {
            Action::Delete { suspended, .. } => suspended.is_some(),
            Action::Database(action) => matches!(&**action, DatabaseAction::Prune(of) if of.suspended.is_some()),
            _ => false,
        })
    }

    /// The steps that will plainly fail.
    pub fn foreseen(&self) -> impl Iterator<Item = (&ForecastStep, &Fault)> {
        self.known().filter_map(|step| step.foreseen.as_ref().map(|fault| (step, fault)))
    }

    /// Why a restore is refused as a whole, before anything is done: its first step that will plainly fail. That one path is not in the
    /// point of one target is no such reason while it is in that of another.
    pub fn refused(&self) -> Option<(&ForecastStep, &Fault)> {
        let lacks = |step: &ForecastStep, recovery: &Recovery| {
            let is_missing = step.foreseen.as_ref().is_some_and(|fault| fault.cause == Cause::NotFound);
            recovery.only.is_some() && recovery.manifest.is_some() && is_missing
        };
        let lacks_path =
            |step: &ForecastStep| matches!(&step.action, Action::Recover(recovery) if lacks(step, recovery));
        let elsewhere = self.known().any(|step| !lacks_path(step));
        self.foreseen().find(|(step, _)| !(elsewhere && lacks_path(step)))
    }
}

/// Who runs, where and when: what a forecast needs beside the graph and the world.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// This host.
    pub host: Name,
    /// The folder that relative paths are relative to, absolute.
    pub base: PathBytes,
    /// The folder of this host in which releases are put that go to another host, absolute.
    pub fetched: PathBytes,
    /// Whether this is the superuser.
    pub superuser: bool,
    /// The other hosts that are reached as their superuser.
    pub superuser_on: BTreeSet<String>,
    /// Whether a person said that recovery points which are much smaller than before are meant.
    pub accept_shrink: bool,
    /// The scheduled times that jobs are backed up for; one that is not here is backed up because a person asks for it.
    pub slots: BTreeMap<JobName, Slot>,
    /// Whether a person said that all deletions are meant, however many.
    pub accept_deletions: bool,
    /// Whether a person said that machines may be launched from images that are older than the plan allows.
    pub accept_old_image: bool,
    /// Whether nothing more is to be begun once a step has failed for good.
    pub fail_fast: bool,
}

impl Circumstances {
    /// Those of a host on which nobody accepted anything, and nothing is due.
    pub fn plain(host: Name, base: PathBytes) -> Self {
        let (slots, superuser, superuser_on) = (BTreeMap::new(), false, BTreeSet::new());
        let (accept_shrink, accept_deletions, accept_old_image, fail_fast) = (false, false, false, false);
        let fetched = PathBytes::new(*b"/var/lib/sonae/fetched");
        Self {
            host,
            base,
            fetched,
            superuser,
            superuser_on,
            accept_shrink,
            slots,
            accept_deletions,
            accept_old_image,
            fail_fast,
        }
    }

    /// Whether files may be given away on this host, or on that (chown(2)).
    fn may_set_owner(&self, host: Option<&str>) -> bool {
        host.map_or(self.superuser, |host| self.superuser_on.contains(host))
    }
}

/// Forecasts the backup of the graph's jobs.
pub fn backup(plan: &Plan, graph: &Graph, observed: &Observed, who: &Circumstances) -> Outlook {
    let jobs = jobs(graph);
    let run = run_id(plan, &who.host, observed.at);
    let steps = outlook::steps(graph, |step| backup::step(plan, step, observed, who, &run));
    let known: BTreeSet<&JobName> = jobs.iter().collect();
    let slots = who.slots.iter().filter(|(job, _)| known.contains(job));
    let slots = slots.map(|(job, slot)| (job.clone(), *slot)).collect();
    forecast(plan, run, Subject::Backup { jobs, slots }, observed.at, who, steps)
}

/// Forecasts the restore that the graph is of.
pub fn restore(plan: &Plan, graph: &Graph, observed: &Observed, who: &Circumstances, wish: &RestoreWish) -> Outlook {
    let subject = of_restore(plan, &wish.restore);
    let run = run_id(plan, &who.host, observed.at);
    let steps = outlook::steps(graph, |step| restore::step(plan, step, observed, who, wish, &run));
    forecast(plan, run, subject, observed.at, who, steps)
}

/// What would be done, of which nothing is asked: for whoever cannot, or need not, see what is there.
pub fn unasked(plan: &Plan, graph: &Graph, at: Timestamp, who: &Circumstances, slice: Option<&Slice>) -> Outlook {
    let subject = match slice {
        Some(Slice::Restore(restore)) => of_restore(plan, restore),
        Some(other) => Subject::Slice(other.clone()),
        None => Subject::Backup { jobs: jobs(graph), slots: BTreeMap::new() },
    };
    let steps = graph.steps().iter().map(|step| outlook::not_observed(step, Why::NotAsked)).collect();
    forecast(plan, run_id(plan, &who.host, at), subject, at, who, steps)
}

fn of_restore(plan: &Plan, name: &Name) -> Subject {
    let restore = plan.restores.iter().find(|restore| restore.name.value == *name);
    let budget = restore.and_then(|restore| restore.rto.as_ref()).map(|rto| rto.value);
    Subject::Restore { restore: name.clone(), budget }
}

/// The jobs of a graph, each once, in its order.
fn jobs(graph: &Graph) -> Vec<JobName> {
    let mut known = BTreeSet::new();
    let of_steps = graph.steps().iter().filter_map(|step| step.kind.job());
    of_steps.filter(|job| known.insert(*job)).cloned().collect()
}

fn forecast(
    plan: &Plan,
    run: RunId,
    subject: Subject,
    at: Timestamp,
    who: &Circumstances,
    steps: Vec<OutlookStep>,
) -> Outlook {
    let named = steps.iter().filter_map(|step| step.known()?.action.host());
    let hosts = host_locations(plan, &who.base, named);
    Forecast {
        format_version: FORMAT_VERSION,
        plan: plan.name.value.clone(),
        run,
        host: who.host.clone(),
        subject,
        at,
        timezone: plan.timezone.value.clone(),
        base: who.base.clone(),
        stores: locations(plan, &who.base),
        hosts,
        secrets: secrets(plan, &who.base),
        limits: limits(plan),
        fail_fast: who.fail_fast,
        steps,
    }
}

/// Where those of a plan's stores are that this version has a driver for; relative paths are relative to `base`, an absolute folder.
pub fn locations(plan: &Plan, base: &PathBytes) -> BTreeMap<Name, StoreLocation> {
    let location = |store: &Store| {
        let at = match &store.kind {
            StoreKind::Local { path } => StoreLocation::Local(PathBytes::new(path.value.as_bytes()).absolute(base)),
            StoreKind::S3(s3) => StoreLocation::S3(bucket(s3)),
            StoreKind::Sftp(_) => return None,
        };
        Some((store.name.value.clone(), at))
    };
    plan.stores.iter().filter_map(location).collect()
}

fn bucket(s3: &S3) -> Bucket {
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    Bucket {
        bucket: s3.bucket.value.clone(),
        region: text(&s3.region),
        prefix: text(&s3.prefix).unwrap_or_default().trim_matches('/').to_owned(),
        endpoint: text(&s3.endpoint),
        addressing: s3.addressing.as_ref().map(|addressing| addressing.value.to_string()),
        storage_class: text(&s3.storage_class),
        encryption: s3.encryption.as_ref().map(|encryption| encryption.value.to_string()),
        kms_key: text(&s3.kms_key),
        lock: s3
            .object_lock
            .as_ref()
            .zip(s3.lock_for.as_ref())
            .map(|(mode, lasts)| BucketLock { mode: mode.value.to_string(), lasts: lasts.value }),
    }
}

/// How these hosts are reached, declared in the plan or by their address alone.
pub fn host_locations<'h>(
    plan: &Plan,
    base: &PathBytes,
    named: impl Iterator<Item = &'h str>,
) -> BTreeMap<String, HostLocation> {
    let location = |name: &str| {
        let ssh = plan.hosts.iter().find(|host| host.name.value.as_str() == name).and_then(|host| host.ssh.as_ref());
        let file = |secret: &Secret| match secret {
            Secret::File(path) => Some(PathBytes::new(path.as_bytes()).absolute(base)),
            // Refused before: `ssh` takes a key from a file.
            Secret::Env(_) => None,
        };
        HostLocation {
            address: ssh.map_or_else(|| name.to_owned(), |ssh| ssh.address.value.clone()),
            port: ssh.and_then(|ssh| ssh.port.as_ref()).map(|port| port.value),
            user: ssh.and_then(|ssh| ssh.user.as_ref()).map(|user| user.value.clone()),
            identity: ssh.and_then(|ssh| ssh.identity.as_ref()).and_then(|identity| file(&identity.value)),
            host_key: ssh.and_then(|ssh| ssh.host_key.as_ref()).map(|key| key.value.clone()),
        }
    };
    named.map(|name| (name.to_owned(), location(name))).collect()
}

/// Where the plan's secrets are, whichever it needs: a program may tell any of them.
fn secrets(plan: &Plan, base: &PathBytes) -> BTreeSet<SecretPlace> {
    let place = |secret: &Secret| match secret {
        Secret::Env(name) => SecretPlace::Env(name.clone()),
        Secret::File(path) => SecretPlace::File(PathBytes::new(path.as_bytes()).absolute(base)),
    };
    plan.secrets().map(place).collect()
}

fn limits(plan: &Plan) -> BTreeMap<Name, NonZeroU32> {
    let limit = |store: &Store| {
        let limit = store.side_by_side.as_ref().filter(|_| !matches!(store.kind, StoreKind::Sftp(_)))?;
        Some((store.name.value.clone(), limit.value))
    };
    plan.stores.iter().filter_map(limit).collect()
}

/// The run's identity, from what tells it from every other: plan, host, and the time to the nanosecond when the world is observed. So a
/// forecast made twice for the same moment is the same.
pub fn run_id(plan: &Plan, host: &Name, at: Timestamp) -> RunId {
    run_of(&plan.name.value, host, at)
}

/// The same for whoever has only the plan's name.
pub fn run_of(plan: &Name, host: &Name, at: Timestamp) -> RunId {
    let told = format!("{plan}\n{host}\n{}", at.as_nanosecond());
    let [a, b, c, d, ..] = *Digest::of(told.as_bytes()).as_bytes();
    RunId::new(at, u32::from_be_bytes([a, b, c, d]))
}

/// What is the same for every kind of step.
fn framed(step: &Step, action: Action, foreseen: Option<Fault>) -> ForecastStep {
    ForecastStep {
        id: step.id,
        name: step.name.clone(),
        effect: step.kind.effect(),
        after: step.after.iter().map(|tie| (tie.on, tie.needs_success)).collect(),
        timeout: step.timeout,
        takes: step.takes,
        action,
        yields: step.kind.yields().first().copied(),
        foreseen,
    }
}

/// A step of the other subject in a slice is a bug of the slicing.
fn not_of_this_slice(kind: &StepKind) -> ! {
    unreachable!("a slice of the graph holds only its own steps, not {}", kind.word())
}
