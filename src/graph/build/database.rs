//! The steps of what a provider keeps of its databases, and of the way back from that.

use std::sync::Arc;

use super::restore::Earlier;
use super::{Builder, needs};
use crate::graph::{DatabaseKept, DatabaseStep, Dependency, Output, OutputKind, StepKind, WantedBackups};
use crate::plan::{Backup, Into, IntoSettings, PointInTime, Recover, Snapshot, Source, Switch, Target, Way};
use crate::ports::{DatabaseName, DatabaseSettings};
use crate::primitives::{JobName, Name, Period, PeriodUnit, Span, Spanned, StepId, StepName};

impl Builder<'_> {
    /// What RDS keeps by itself is looked at.
    pub(super) fn point_in_time(
        &mut self,
        backup: &Backup,
        job: &JobName,
        kept: &PointInTime,
        database: DatabaseName,
        before: Option<StepId>,
    ) -> (StepId, StepId) {
        let within = backup.retention.as_ref().and_then(|retention| retention.within.as_ref());
        let wanted = WantedBackups {
            days: within.and_then(|within| days(within.value)),
            window: kept.window.as_ref().map(|window| window.value.clone()),
            max_lag: kept.max_lag.value,
            drift: kept.on_drift,
        };
        let step = DatabaseStep::Check { job: job.clone(), database, wanted };
        let check = self.database(job, "check", step, before, backup.span);
        self.steps[check.index()].takes = backup.takes.as_ref().map(|takes| takes.value);
        (check, check)
    }

    pub(super) fn snapshot(
        &mut self,
        backup: &Backup,
        job: &JobName,
        kept: &Snapshot,
        database: DatabaseName,
        before: Option<StepId>,
    ) -> (StepId, StepId) {
        let span = backup.span;
        let step = DatabaseStep::Snapshot { job: job.clone(), database: database.clone() };
        let made = self.database(job, "snapshot", step, before, span);
        self.steps[made.index()].takes = backup.takes.as_ref().map(|takes| takes.value);
        let committed = |step| Output { step, kind: OutputKind::Committed };
        let retention = backup.retention.clone().map(Arc::new);
        let prune = |builder: &mut Self, word: &str, database, given| {
            let (retention, guard) = (retention.clone(), backup.guard);
            let step = DatabaseStep::Prune { job: job.clone(), database, retention, guard, given };
            builder.database(job, word, step, None, span);
        };
        if let Some(region) = kept.copy_to.as_ref().map(|region| region.value.clone()) {
            let (kms_key, given) = (kept.kms_key.as_ref().map(|key| key.value.clone()), committed(made));
            let of = database.clone();
            let step = DatabaseStep::Copy { job: job.clone(), database: of, region: region.clone(), kms_key, given };
            let copied = self.database(job, "copy", step, None, span);
            let there = DatabaseName { region: Some(region.clone()), ..database.clone() };
            prune(self, &format!("delete-{region}"), there, committed(copied));
        }
        prune(self, "delete", database, committed(made));
        (made, made)
    }

    fn database(
        &mut self,
        job: &JobName,
        word: &str,
        step: DatabaseStep,
        before: Option<StepId>,
        span: Span,
    ) -> StepId {
        let kind = StepKind::Database(Box::new(step));
        let ties = before.map(|on| needs(on, span));
        let after: Vec<Dependency> = kind.inputs().map(|input| needs(input.step, span)).chain(ties).collect();
        self.add(StepName::new(job, word), kind, after, span)
    }

    /// A database that is made from what is kept of another. None where nothing of it is kept, which is told elsewhere.
    pub(super) fn recover_database<'s>(
        &mut self,
        restore: &Name,
        recover: &'s Recover,
        before: &[StepId],
        earlier: &mut Earlier<'s>,
    ) -> Option<StepId> {
        let (name, Into::Database { database: new, settings }) = (&recover.target.value, &recover.into) else {
            return None;
        };
        let target = self.targets.get(name).copied()?;
        let Some(Source::Rds(rds)) = target.source.as_ref() else { return None };
        let (database, into) = (rds.name(), rds.another(new));
        earlier.databases.insert(name, into.clone());
        let step = DatabaseStep::Recover {
            restore: restore.clone(),
            target: name.clone(),
            database,
            jobs: kept(target),
            into,
            settings: Box::new(of_plan(settings)),
        };
        let word = format!("recover-{name}");
        Some(self.named(restore, &word, StepKind::Database(Box::new(step)), before, recover.span))
    }

    /// None where it is no database that was recovered.
    pub(super) fn switch_database(
        &mut self,
        restore: &Name,
        switch: &Switch,
        before: &[StepId],
        earlier: &Earlier<'_>,
    ) -> Option<StepId> {
        let name = &switch.target.value;
        let from = earlier.databases.get(name)?.clone();
        let Some(Source::Rds(rds)) = self.targets.get(name)?.source.as_ref() else { return None };
        let (restore_name, target) = (restore.clone(), name.clone());
        let step = DatabaseStep::Switch { restore: restore_name, target, database: rds.name(), from };
        let word = format!("switch-{name}");
        Some(self.named(restore, &word, StepKind::Database(Box::new(step)), before, switch.span))
    }
}

/// The jobs by which a database can be brought back.
fn kept(target: &Target) -> Vec<(JobName, DatabaseKept)> {
    let of = |backup: &Backup| {
        let kept = match &backup.way {
            Way::PointInTime(_) => DatabaseKept::AnyMoment,
            Way::Snapshot(kept) => DatabaseKept::Snapshots(kept.copy_to.as_ref().map(|region| region.value.clone())),
            Way::Stored(_) => return None,
        };
        Some((target.job(backup), kept))
    };
    target.backups.iter().filter_map(of).collect()
}

fn of_plan(settings: &IntoSettings) -> DatabaseSettings {
    let text = |written: &Option<Spanned<String>>| written.as_ref().map(|text| text.value.clone());
    DatabaseSettings {
        class: text(&settings.class),
        subnet_group: text(&settings.subnet_group),
        security_groups: settings.security_groups.iter().map(|group| group.value.clone()).collect(),
        parameter_group: text(&settings.parameter_group),
        option_group: text(&settings.option_group),
        ..DatabaseSettings::default()
    }
}

/// RDS counts days; what is no number of them is told elsewhere.
fn days(within: Period) -> Option<u32> {
    match within.unit {
        PeriodUnit::Days => Some(within.count.into()),
        PeriodUnit::Weeks => Some(u32::from(within.count) * 7),
        PeriodUnit::Months | PeriodUnit::Years => None,
    }
}
