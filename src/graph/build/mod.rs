//! From a checked plan to its steps.

mod backup;
mod database;
mod driven;
mod launch;
mod restore;
mod watch;

use std::collections::HashMap;

use super::{
    Dependency, Driver, Effect, Graph, Output, OutputKind, Slice, Step, StepKind, Undriven, cycle, order, size,
};
use crate::check::CheckedPlan;
use crate::diagnostic::Diagnostics;
use crate::plan::{Host, Plan, Restore, Role, Store, StoreKind, Target};
use crate::primitives::{Duration, JobName, Name, PathBytes, Span, Spanned, StepId, StepName};

/// When to give up where the plan says nothing: a day.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_seconds(86_400);

/// Compiles every job, restore, verification, drill and notice of a plan. `base` is the folder, absolute, that relative paths are relative
/// to. None where the plan's ties go round in a circle, or are too many; `out` then shows which.
pub fn compile(checked: &CheckedPlan, base: &PathBytes, out: &mut Diagnostics) -> Option<Graph> {
    let plan = checked.plan();
    let circles = cycle::find(plan);
    if !circles.is_empty() {
        out.extend(circles);
        return None;
    }
    if let Some(found) = size::too_large(plan) {
        out.push(found);
        return None;
    }
    let mut builder = Builder::new(plan, base);
    for (target, backup) in plan.backups() {
        builder.backup(target, backup);
    }
    builder.tie_jobs();
    plan.restores.iter().for_each(|restore| builder.restore(restore));
    plan.verifies.iter().for_each(|verify| builder.verify(plan, verify));
    plan.drills.iter().for_each(|drill| builder.drill(drill));
    plan.announces.iter().for_each(|announce| builder.announce(announce));
    Some(order::sorted(builder.steps))
}

struct Builder<'a> {
    base: &'a PathBytes,
    targets: HashMap<&'a Name, &'a Target>,
    stores: HashMap<&'a Name, &'a Store>,
    restores: HashMap<&'a Name, &'a Restore>,
    roles: HashMap<&'a Name, &'a Role>,
    hosts: HashMap<&'a str, &'a Host>,
    steps: Vec<Step>,
    /// The names that might come twice, each with the number to try first where another step would be called the same.
    names: HashMap<StepName, u32>,
    /// The first step of every job that comes after others, with its ties.
    tied: Vec<(StepId, &'a [Spanned<JobName>])>,
    /// Of every job that another comes after, the step with which its point exists.
    ends: HashMap<JobName, Option<StepId>>,
}

/// What an undriven step is, but for where it stands.
struct Deed {
    word: &'static str,
    what: String,
    details: Vec<String>,
    effect: Effect,
    yields: &'static [OutputKind],
    lacks: Driver,
}

impl<'a> Builder<'a> {
    fn new(plan: &'a Plan, base: &'a PathBytes) -> Self {
        Self {
            base,
            targets: plan.targets.iter().map(|target| (&target.name.value, target)).collect(),
            stores: plan.stores.iter().map(|store| (&store.name.value, store)).collect(),
            restores: plan.restores.iter().map(|restore| (&restore.name.value, restore)).collect(),
            roles: plan.roles.iter().map(|role| (&role.name.value, role)).collect(),
            hosts: plan.hosts.iter().map(|host| (host.name.value.as_str(), host)).collect(),
            steps: vec![],
            names: HashMap::new(),
            tied: vec![],
            ends: plan.backups().flat_map(|(_, backup)| &backup.after).map(|tie| (tie.value.clone(), None)).collect(),
        }
    }

    fn add(&mut self, name: StepName, kind: StepKind, after: Vec<Dependency>, span: Span) -> StepId {
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        let lacks = None;
        self.steps.push(Step { id, name, kind, after, takes: None, timeout: TIMEOUT_DEFAULT, lacks, span });
        id
    }

    /// Adds what no driver does yet, under the first name that is free.
    fn undriven(
        &mut self,
        slice: &Slice,
        name: &str,
        deed: Deed,
        inputs: Vec<Output>,
        after: Vec<Dependency>,
        span: Span,
    ) -> StepId {
        let after = awaiting(inputs.iter().copied(), after, span);
        let Deed { word, what, details, effect, yields, lacks } = deed;
        let store = match slice {
            Slice::Job(job) => self.store_of(job),
            _ => None,
        };
        let (slice_of, yields) = (slice.clone(), yields.to_vec());
        let undriven = Undriven { slice: slice_of, store, word, what, details, effect, yields, inputs };
        let name = self.numbered(&slice.owner(), name);
        let id = self.add(name, StepKind::Undriven(Box::new(undriven)), after, span);
        self.steps[id.index()].lacks = Some(lacks);
        id
    }

    /// The store that a job puts its recovery points into.
    fn store_of(&self, job: &JobName) -> Option<Name> {
        let backup = self.targets.get(&job.target)?.backup(&job.backup)?;
        backup.store().map(|store| store.value.clone())
    }

    /// What a store needs and this version does not have.
    fn store_lacks(&self, store: &Name) -> Option<Driver> {
        let store = self.stores.get(store)?;
        match &store.kind {
            StoreKind::Sftp(_) => Some(Driver::Sftp),
            StoreKind::Local { .. } | StoreKind::S3(_) if !store.encrypt.is_empty() => Some(Driver::Encryption),
            StoreKind::Local { .. } | StoreKind::S3(_) => store.upload.as_ref().map(|_| Driver::UploadLimit),
        }
    }

    /// A name that no step has yet: the second `probe` of a restore is `probe-2`.
    fn numbered(&mut self, owner: &str, word: &str) -> StepName {
        let plain = StepName::new(owner, word);
        let name = match self.names.get(&plain).copied() {
            None => plain,
            Some(first) => {
                let numbered = |n: u32| StepName::new(owner, &format!("{word}-{n}"));
                let free = (first..).find(|n| !self.names.contains_key(&numbered(*n))).unwrap_or(u32::MAX);
                self.names.insert(plain, free.saturating_add(1));
                numbered(free)
            }
        };
        self.names.insert(name.clone(), 2);
        name
    }

    fn absolute(&self, written: &str) -> PathBytes {
        PathBytes::new(written.as_bytes()).absolute(self.base)
    }
}

fn needs(on: StepId, span: Span) -> Dependency {
    Dependency { on, span, needs_success: true }
}

/// The ties, and those to the steps that yield what is taken in.
fn awaiting(inputs: impl Iterator<Item = Output>, mut after: Vec<Dependency>, span: Span) -> Vec<Dependency> {
    for input in inputs {
        if after.iter().all(|tie| tie.on != input.step) {
            after.push(needs(input.step, span));
        }
    }
    after
}

/// `(a) b …`: a program and its arguments, as it is shown.
fn argv<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("{word:?}")).collect();
    words.join(" ")
}
