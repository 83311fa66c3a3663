//! From a checked plan to its steps.

use std::collections::BTreeMap;

use super::{Dependency, Graph, Output, OutputKind, ProbeCheck, Step, StepKind, cycle, order, ties};
use crate::catalog::host_name;
use crate::check::CheckedPlan;
use crate::diagnostic::Diagnostics;
use crate::plan::{Backup, Files, Plan, Probe, ProbeKind, Recover, Restore, RestoreStep, Source, Target};
use crate::primitives::{Duration, JobName, Name, PathBytes, Span, StepId, StepName};

/// When to give up where the plan says nothing: a day.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_seconds(86_400);

/// Compiles every job and every restore of a plan. `base` is the folder, absolute, that relative paths are relative to.
/// None where the plan's ties go round in a circle, or are too many; `out` then shows which.
pub fn compile(checked: &CheckedPlan, base: &PathBytes, out: &mut Diagnostics) -> Option<Graph> {
    let plan = checked.plan();
    let circles = cycle::find(plan);
    if !circles.is_empty() {
        out.extend(circles);
        return None;
    }
    if let Some(found) = ties::too_many(plan) {
        out.push(found);
        return None;
    }
    let targets = plan.targets.iter().map(|target| (&target.name.value, target)).collect();
    let mut builder = Builder { base, targets, steps: vec![], names: BTreeMap::new(), commits: BTreeMap::new() };
    for target in &plan.targets {
        if let Some(Source::Files(files)) = &target.source {
            target.backups.iter().for_each(|backup| builder.backup(target, backup, files));
        }
    }
    builder.tie_jobs(plan);
    plan.restores.iter().for_each(|restore| builder.restore(restore));
    Some(order::sorted(builder.steps))
}

struct Builder<'a> {
    base: &'a PathBytes,
    targets: BTreeMap<&'a Name, &'a Target>,
    steps: Vec<Step>,
    /// The names that steps have, each with the number to try first where another step would be called the same.
    names: BTreeMap<StepName, u32>,
    /// The first and the last-but-deletion step of every job, for ties between jobs.
    commits: BTreeMap<JobName, (StepId, StepId)>,
}

impl Builder<'_> {
    fn add(&mut self, name: StepName, kind: StepKind, after: Vec<Dependency>, span: Span) -> StepId {
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        self.names.insert(name.clone(), 2);
        self.steps.push(Step { id, name, kind, after, takes: None, timeout: TIMEOUT_DEFAULT, span });
        id
    }

    /// The five steps of a backup: look, pack, read back, commit, delete.
    fn backup(&mut self, target: &Target, backup: &Backup, files: &Files) {
        let job = JobName { target: target.name.value.clone(), backup: backup.name.value.clone() };
        let store = backup.store.value.clone();
        let roots: Vec<PathBytes> = files.roots.iter().map(|root| self.absolute(&root.value)).collect();
        let first = self.steps.len();
        let span = backup.span;
        let add = |builder: &mut Self, kind: StepKind| {
            let after = kind.inputs().iter().map(|input| needs(input.step, span)).collect();
            builder.add(StepName::new(&job, kind.word()), kind, after, span)
        };
        let look = add(
            self,
            StepKind::Look { job: job.clone(), store: store.clone(), roots: roots.clone(), files: files.clone() },
        );
        let source = Output { step: look, kind: OutputKind::Source };
        let (archive, files) = (backup.archive, files.clone());
        let pack = add(
            self,
            StepKind::Pack { job: job.clone(), store: store.clone(), roots: roots.clone(), files, archive, source },
        );
        let packed = Output { step: pack, kind: OutputKind::Packed };
        let read_back = add(self, StepKind::ReadBack { job: job.clone(), store: store.clone(), packed });
        let read_back = Output { step: read_back, kind: OutputKind::ReadBack };
        let (guard, of) = (backup.guard, roots.clone());
        let commit =
            add(self, StepKind::Commit { job: job.clone(), store: store.clone(), roots: of, guard, packed, read_back });
        let given = Output { step: commit, kind: OutputKind::Committed };
        let retention = backup.retention.clone();
        add(self, StepKind::Delete { job: job.clone(), store, roots, retention, guard, given });
        for step in &mut self.steps[first..] {
            step.timeout = backup.timeout.as_ref().map_or(TIMEOUT_DEFAULT, |timeout| timeout.value);
        }
        self.steps[pack.index()].takes = backup.takes.as_ref().map(|takes| takes.value);
        self.commits.insert(job, (look, commit));
    }

    /// `after "target/backup"`: the job begins when the other's point exists, or when it has failed: order, not need.
    fn tie_jobs(&mut self, plan: &Plan) {
        for (target, backup) in plan.targets.iter().flat_map(|target| target.backups.iter().map(move |b| (target, b))) {
            let job = JobName { target: target.name.value.clone(), backup: backup.name.value.clone() };
            for tie in &backup.after {
                let (Some((begins, _)), Some((_, ends))) = (self.commits.get(&job), self.commits.get(&tie.value))
                else {
                    continue;
                };
                let after = &mut self.steps[begins.index()].after;
                // Said twice, it is one tie.
                if after.iter().all(|known| known.on != *ends) {
                    after.push(Dependency { on: *ends, span: tie.span, needs_success: false });
                }
            }
        }
    }

    fn restore(&mut self, restore: &Restore) {
        self.sequence(restore, &restore.steps, vec![]);
    }

    /// Adds steps one after the other; each waits for all that end the one before. Answers what ends the last.
    fn sequence(&mut self, restore: &Restore, steps: &[RestoreStep], before: Vec<StepId>) -> Vec<StepId> {
        steps.iter().fold(before, |before, step| match step {
            RestoreStep::Parallel(children) => {
                let ends: Vec<StepId> = children
                    .iter()
                    .flat_map(|child| self.sequence(restore, std::slice::from_ref(child), before.clone()))
                    .collect();
                if ends.is_empty() { before } else { ends }
            }
            RestoreStep::Recover(recover) => vec![self.recover(restore, recover, &before)],
            RestoreStep::Probe(probe) => {
                vec![self.probe(restore, probe, &before)]
            }
        })
    }

    fn probe(&mut self, restore: &Restore, probe: &Probe, before: &[StepId]) -> StepId {
        let how = match &probe.kind {
            ProbeKind::Path(path) => ProbeCheck::Path(self.absolute(&path.value)),
            ProbeKind::Command(argv) => ProbeCheck::Command(argv.iter().map(|word| word.value.clone()).collect()),
        };
        let kind = StepKind::Probe { restore: restore.name.value.clone(), shows: probe.name.value.clone(), how };
        let name = self.numbered(&restore.name.value, "probe");
        let after = before.iter().map(|on| needs(*on, probe.span)).collect();
        let id = self.add(name, kind, after, probe.span);
        self.steps[id.index()].takes = probe.takes.as_ref().map(|takes| takes.value);
        id
    }

    fn recover(&mut self, restore: &Restore, recover: &Recover, before: &[StepId]) -> StepId {
        let target = &recover.target.value;
        let backups = self.targets.get(target).into_iter().flat_map(|target| &target.backups);
        let jobs = backups
            .map(|backup| {
                let job = JobName { target: target.clone(), backup: backup.name.value.clone() };
                (job, backup.store.value.clone())
            })
            .collect();
        let kind = StepKind::Recover {
            restore: restore.name.value.clone(),
            target: target.clone(),
            jobs,
            from_host: recover.from_host.as_ref().map(|host| host_name(&host.value)),
            into: self.absolute(&recover.into.value),
        };
        let name = self.numbered(&restore.name.value, &format!("recover-{target}"));
        let after = before.iter().map(|on| needs(*on, recover.span)).collect();
        let id = self.add(name, kind, after, recover.span);
        self.steps[id.index()].takes = recover.takes.as_ref().map(|takes| takes.value);
        id
    }

    /// A name that no step has yet: the second `probe` of a restore is `probe-2`.
    fn numbered(&mut self, restore: &Name, word: &str) -> StepName {
        let owner = format!("restore/{restore}");
        let plain = StepName::new(&owner, word);
        let Some(first) = self.names.get(&plain).copied() else { return plain };
        let numbered = |n: u32| StepName::new(&owner, &format!("{word}-{n}"));
        let free = (first..).find(|n| !self.names.contains_key(&numbered(*n))).unwrap_or(u32::MAX);
        self.names.insert(plain, free.saturating_add(1));
        numbered(free)
    }

    fn absolute(&self, written: &str) -> PathBytes {
        PathBytes::new(written.as_bytes()).absolute(self.base)
    }
}

fn needs(on: StepId, span: Span) -> Dependency {
    Dependency { on, span, needs_success: true }
}
