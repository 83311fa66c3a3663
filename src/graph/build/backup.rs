//! The steps of a backup.

use std::sync::Arc;

use super::{Builder, Deed, TIMEOUT_DEFAULT, argv, needs};
use crate::graph::{Dependency, Driver, Effect, Output, OutputKind, Slice, StepKind};
use crate::plan::{Backup, Content, Files, Logs, Priority, Retention, Selection, Source, Stored, Target, Way};
use crate::primitives::{JobName, PathBytes, Span, Spanned, StepId, StepName};

impl<'a> Builder<'a> {
    /// The steps of a backup, and what holds for all of them.
    pub(super) fn backup(&mut self, target: &Target, backup: &'a Backup) {
        let job = target.job(backup);
        let begins = self.steps.len();
        let before = self.hook(&job, "before-backup", &backup.before_backup, vec![], backup.span);
        let made = self.made(target, backup, &job, before);
        if let Some((first, commit)) = made {
            let ended = vec![Dependency { on: commit, span: backup.span, needs_success: false }];
            self.hook(&job, "after-backup", &backup.after_backup, ended, backup.span);
            if !backup.after.is_empty() {
                self.tied.push((before.unwrap_or(first), &backup.after));
            }
            if self.ends.contains_key(&job) {
                self.ends.insert(job, Some(commit));
            }
        }
        let timeout = backup.timeout.as_ref().map_or(TIMEOUT_DEFAULT, |timeout| timeout.value);
        for step in &mut self.steps[begins..] {
            step.timeout = timeout;
        }
        let usual = backup.priority.as_ref().is_none_or(|priority| priority.value == Priority::Normal);
        if let Some((first, _)) = made.filter(|_| !usual) {
            self.steps[first.index()].lacks.get_or_insert(Driver::Priorities);
        }
    }

    /// What makes the recovery point: its first step, and the one with which the point exists. None where the way and the source do not
    /// fit, which is set aside nowhere.
    fn made(
        &mut self,
        target: &Target,
        backup: &Backup,
        job: &JobName,
        before: Option<StepId>,
    ) -> Option<(StepId, StepId)> {
        let source = target.source.as_ref()?;
        match (&backup.way, source) {
            (Way::Stored(stored), Source::Logs(logs)) if stored.select.is_some() => {
                Some(self.selected(backup, job, stored, logs, before))
            }
            (Way::Stored(stored), source) => match (source.files(), source) {
                (Some(files), _) => Some(self.packed(backup, job, stored, files, before)),
                (None, Source::Mysql(mysql)) => {
                    let of = mysql.address.to_string();
                    Some(self.dumped(backup, job, stored, &of, before))
                }
                _ => None,
            },
            (Way::PointInTime(kept), Source::Rds(rds)) => {
                Some(self.point_in_time(backup, job, kept, rds.name(), before))
            }
            (Way::Snapshot(kept), Source::Rds(rds)) => Some(self.snapshot(backup, job, kept, rds.name(), before)),
            _ => None,
        }
    }

    /// A program before or after, where there is one.
    fn hook(
        &mut self,
        job: &JobName,
        word: &'static str,
        program: &[Spanned<String>],
        after: Vec<Dependency>,
        span: Span,
    ) -> Option<StepId> {
        program.first()?;
        let what = argv(program.iter().map(|word| word.value.as_str()));
        let deed = Deed { word, what, details: vec![], effect: Effect::Execute, yields: &[], lacks: Driver::Hooks };
        Some(self.undriven(&Slice::Job(job.clone()), word, deed, vec![], after, span))
    }

    /// The five steps of packed files: look, pack, read back, commit, delete.
    fn packed(
        &mut self,
        backup: &Backup,
        job: &JobName,
        stored: &Stored,
        files: &Files,
        before: Option<StepId>,
    ) -> (StepId, StepId) {
        let Content::Archive(archive) = stored.content else { return self.dumped(backup, job, stored, "", before) };
        let store = stored.store.value.clone();
        let roots: Arc<[PathBytes]> = files.roots.iter().map(|root| self.absolute(&root.value)).collect();
        let span = backup.span;
        let add = |builder: &mut Self, kind: StepKind, ties: Vec<Dependency>| {
            let after = kind.inputs().map(|input| needs(input.step, span)).chain(ties).collect();
            builder.add(StepName::new(job, kind.word()), kind, after, span)
        };
        let (files, of) = (Arc::new(files.clone()), || (job.clone(), store.clone(), roots.clone()));
        let (name, to, from) = of();
        let kind = StepKind::Look { job: name, store: to, roots: from, files: files.clone() };
        let look = add(self, kind, before.map(|on| needs(on, span)).into_iter().collect());
        let source = Output { step: look, kind: OutputKind::Source };
        let (name, to, from) = of();
        let pack = add(self, StepKind::Pack { job: name, store: to, roots: from, files, archive, source }, vec![]);
        let packed = Output { step: pack, kind: OutputKind::Packed };
        let (name, to, _) = of();
        let read_back = add(self, StepKind::ReadBack { job: name, store: to, packed }, vec![]);
        let read_back = Output { step: read_back, kind: OutputKind::ReadBack };
        let (guard, (name, to, from)) = (backup.guard, of());
        let kind = StepKind::Commit { job: name, store: to, roots: from, guard, packed, read_back };
        let commit = add(self, kind, vec![]);
        self.copies(job, stored, commit);
        let given = Output { step: commit, kind: OutputKind::Committed };
        let (retention, (name, to, from)) = (backup.retention.clone().map(Arc::new), of());
        let kind = StepKind::Delete { job: name, store: to, roots: from, retention, guard, given };
        let delete = add(self, kind, vec![]);
        let lacks = self.store_lacks(&store);
        for step in [pack, read_back.step, commit, delete] {
            self.steps[step.index()].lacks = lacks;
        }
        self.steps[pack.index()].takes = backup.takes.as_ref().map(|takes| takes.value);
        (look, commit)
    }

    /// Logs by the day that they are of.
    fn selected(
        &mut self,
        backup: &Backup,
        job: &JobName,
        stored: &Stored,
        logs: &Logs,
        before: Option<StepId>,
    ) -> (StepId, StepId) {
        let (slice, span, lacks) = (Slice::Job(job.clone()), backup.span, Driver::LogDays);
        let roots: Vec<String> = logs.files.roots.iter().map(|root| self.absolute(&root.value).to_string()).collect();
        let rule = stored.select.as_ref().map_or(Selection::UnshippedDays, |select| select.kind);
        let newest = stored.select.as_ref().and_then(|select| select.keep_newest.as_ref());
        let what = match rule {
            Selection::UnshippedDays => "every day that is over and not in the store".to_owned(),
            Selection::WholeMonths => {
                format!("every whole month but the newest {}", newest.map_or(2, |newest| newest.value.get()))
            }
        };
        let pattern = logs.pattern.as_ref().map(|pattern| format!("named {}", pattern.value));
        let details = vec![format!("in {}", roots.join(", "))].into_iter().chain(pattern).collect();
        let look = Deed { word: "select", what, details, effect: Effect::Read, yields: &[OutputKind::Selected], lacks };
        let ties = before.map(|on| needs(on, span)).into_iter().collect();
        let select = self.undriven(&slice, "select", look, vec![], ties, span);
        let commit = self.put(backup, job, stored, Output { step: select, kind: OutputKind::Selected }, lacks);
        if let Some(span) = stored.remove_originals {
            let deed = Deed {
                word: "remove-originals",
                what: "the files whose archive was read back".into(),
                details: vec!["one that changed since, or is open, stays".into()],
                effect: Effect::Delete,
                yields: &[],
                lacks,
            };
            let given = Output { step: commit, kind: OutputKind::Committed };
            self.undriven(&slice, "remove-originals", deed, vec![given], vec![], span);
        }
        (select, commit)
    }

    /// A dump of databases, or what they changed since.
    fn dumped(
        &mut self,
        backup: &Backup,
        job: &JobName,
        stored: &Stored,
        of: &str,
        before: Option<StepId>,
    ) -> (StepId, StepId) {
        let (slice, span, lacks) = (Slice::Job(job.clone()), backup.span, Driver::Mysql);
        let what = match stored.content {
            Content::BinaryLog(_) => format!("the binary log of {of} since the newest recovery point"),
            _ => format!("the databases of {of}"),
        };
        let deed =
            Deed { word: "look", what, details: vec![], effect: Effect::Read, yields: &[OutputKind::Source], lacks };
        let ties = before.map(|on| needs(on, span)).into_iter().collect();
        let look = self.undriven(&slice, "look", deed, vec![], ties, span);
        let commit = self.put(backup, job, stored, Output { step: look, kind: OutputKind::Source }, lacks);
        (look, commit)
    }

    /// Packs, reads back, commits and deletes what a step yields; answers the step with which the point exists.
    fn put(&mut self, backup: &Backup, job: &JobName, stored: &Stored, source: Output, lacks: Driver) -> StepId {
        let (slice, span, store) = (Slice::Job(job.clone()), backup.span, &stored.store.value);
        let mut chain = |word: &'static str, what: String, effect, yields, input: Output| {
            let deed = Deed { word, what, details: vec![], effect, yields, lacks };
            let step = self.undriven(&slice, word, deed, vec![input], vec![], span);
            Output { step, kind: yields.first().copied().unwrap_or(OutputKind::Committed) }
        };
        let word = match stored.content {
            Content::Archive(_) => "pack",
            Content::Dump(_) => "dump",
            Content::BinaryLog(_) => "ship",
        };
        let packed = chain(word, format!("into {store}"), Effect::Add, &[OutputKind::Packed], source);
        let read_back = chain("read-back", format!("from {store}"), Effect::Read, &[OutputKind::ReadBack], packed);
        let commit =
            chain("commit", format!("the recovery point in {store}"), Effect::Add, &[OutputKind::Committed], read_back);
        let kept = kept(backup.retention.as_ref());
        chain("delete", format!("in {store}: {kept}"), Effect::Delete, &[], commit);
        self.copies(job, stored, commit.step);
        self.steps[packed.step.index()].takes = backup.takes.as_ref().map(|takes| takes.value);
        commit.step
    }

    /// The second copies of a recovery point, each with its own retention.
    fn copies(&mut self, job: &JobName, stored: &Stored, commit: StepId) {
        let slice = Slice::Job(job.clone());
        for copy in &stored.copies {
            let to = &copy.to.value;
            let deed = Deed {
                word: "copy",
                what: format!("the recovery point into {to}, and read back"),
                details: vec![],
                effect: Effect::Add,
                yields: &[OutputKind::Committed],
                lacks: Driver::Copies,
            };
            let given = Output { step: commit, kind: OutputKind::Committed };
            let copied = self.undriven(&slice, &format!("copy-{to}"), deed, vec![given], vec![], copy.span);
            self.steps[copied.index()].takes = copy.takes.as_ref().map(|takes| takes.value);
            let deed = Deed {
                word: "delete",
                what: format!("in {to}: {}", kept(copy.retention.as_ref())),
                details: vec![],
                effect: Effect::Delete,
                yields: &[],
                lacks: Driver::Copies,
            };
            let given = Output { step: copied, kind: OutputKind::Committed };
            self.undriven(&slice, &format!("delete-{to}"), deed, vec![given], vec![], copy.span);
        }
    }

    /// `after "target/backup"`: the job begins when the other's point exists, or when it has failed: order, not need.
    pub(super) fn tie_jobs(&mut self) {
        for (begins, ties) in std::mem::take(&mut self.tied) {
            for tie in ties {
                let Some(ends) = self.ends.get(&tie.value).copied().flatten() else { continue };
                let after = &mut self.steps[begins.index()].after;
                // Said twice, it is one tie.
                if after.iter().all(|known| known.on != ends) {
                    after.push(Dependency { on: ends, span: tie.span, needs_success: false });
                }
            }
        }
    }
}

/// What a retention keeps, in a few words.
fn kept(retention: Option<&Retention>) -> String {
    let Some(retention) = retention else { return "nothing, the plan sets no retention".into() };
    let counts = [
        ("hourly", &retention.hourly),
        ("daily", &retention.daily),
        ("weekly", &retention.weekly),
        ("monthly", &retention.monthly),
        ("yearly", &retention.yearly),
    ];
    let generations = retention.generations.as_ref().map(|count| format!("the newest {}", count.value));
    let within = retention.within.as_ref().map(|within| format!("all within {}", within.value));
    let counts = counts.into_iter().filter_map(|(word, count)| Some(format!("{} {word}", count.as_ref()?.value)));
    let kept: Vec<String> = generations.into_iter().chain(within).chain(counts).collect();
    format!("what is not kept by {}", kept.join(", "))
}
