//! What a plan says of backups.

use super::Flat;
use crate::diagnostic::codes::change::{GUARD, LOST, OBJECTIVE, OPEN, RARER, RETENTION};
use crate::diff::change::Kind;
use crate::diff::fact::{Aspect, Entity, Fact, Rule, Value};
use crate::plan::{
    ArchiveFormat, Backup, Content, CopyTo, Drift, PointInTime, Retention, Select, Selection, Snapshot, Stored, Target,
    Way,
};
use crate::primitives::Span;
use crate::retention::Rules;
use crate::timeline::Making;

pub(in crate::diff) static SCHEDULE: Aspect =
    Aspect::judged("schedule", Rule::Schedule(&RARER), "the longest wait is longer", "the longest wait is shorter");
pub(in crate::diff) static RETENTION_OF_POINTS: Aspect =
    Aspect::judged("retention", Rule::Retention(&RETENTION), "less is kept", "more is kept");
static WAY: Aspect =
    Aspect::told("way", "from now on it is made another way; what was made so far is restored as it was made");
static STORE: Aspect =
    Aspect::judged("store", Rule::Place, "the points made so far stay in the store that was named before", "");
static COMPRESSION: Aspect = Aspect::told("compression", "what was made so far stays as it is, and readable");
pub(in crate::diff) static SELECT: Aspect = Aspect::judged(
    "select",
    Rule::Select(&RARER),
    "a day's files are packed only once their month is over",
    "a day's files do not wait for the end of their month",
);
static KEEP_NEWEST: Aspect = Aspect::judged(
    "keep-newest",
    Rule::Less(&RARER),
    "a month comes into the store later",
    "a month comes into the store sooner",
)
.of_both();
/// What that means for originals that go once they are in the store.
static ORIGINALS: Aspect = Aspect::judged(
    "months of originals",
    Rule::More(&GUARD),
    "fewer months of originals stay",
    "more months of originals stay",
)
.of_both();
static REMOVE_ORIGINALS: Aspect = Aspect::judged(
    "remove-originals",
    Rule::HaveNot(&GUARD),
    "originals are deleted once they are in the store",
    "originals stay where they are",
);
pub(in crate::diff) static COPY: Aspect =
    Aspect::judged("copy to", Rule::Have(&LOST), "there is one copy less", "there is one copy more");
pub(in crate::diff) static COPY_RETENTION: Aspect =
    Aspect::judged("retention in", Rule::Retention(&RETENTION), "less is kept", "more is kept").within(&COPY);
static COPY_TAKES: Aspect = Aspect::neutral("takes in").within(&COPY);
static WINDOW: Aspect = Aspect::neutral("window");
static MAX_LAG: Aspect = Aspect::judged("max-lag", Rule::Less(&OBJECTIVE), "more may be lost", "less may be lost");
static CHECK_EVERY: Aspect = Aspect::judged(
    "check-every",
    Rule::Less(&RARER),
    "the provider is looked at less often",
    "the provider is looked at more often",
);
pub(in crate::diff) static ON_DRIFT: Aspect = Aspect::judged("on-drift", Rule::Drift, "", "");
static COPY_TO: Aspect = Aspect::judged(
    "copy-to",
    Rule::HaveThere(&LOST),
    "there is no copy in another region any more",
    "there is a copy in another region",
);
static KMS_KEY: Aspect =
    Aspect::judged("kms-key", Rule::Have(&OPEN), "no key of one's own is named", "a key of one's own is named");
static SHRINK: Aspect = Aspect::judged(
    "guard shrink",
    Rule::Less(&GUARD),
    "a backup may shrink by more before deletions are suspended",
    "deletions are suspended sooner where a backup shrinks",
);
static DELETE: Aspect =
    Aspect::judged("guard delete", Rule::Less(&GUARD), "one run may delete more", "one run may delete less");
static TAKES: Aspect =
    Aspect::told("takes", "the proofs reckon with another length of a run; nothing is run otherwise");
static TIMEOUT: Aspect = Aspect::neutral("timeout");
static AFTER: Aspect = Aspect::neutral("after");
static BEFORE_BACKUP: Aspect = Aspect::judged(
    "before-backup",
    Rule::Have(&GUARD),
    "nothing makes ready any more what is backed up",
    "something makes ready what is backed up",
);
static AFTER_BACKUP: Aspect =
    Aspect::told("after-backup", "what runs once the backup is made is another program, or none");
static PRIORITY: Aspect = Aspect::neutral("priority");

/// The store that a backup goes to.
pub(in crate::diff) fn store_of(backup: &Entity) -> Option<&Fact> {
    backup.facts.iter().find(|fact| is_store(fact))
}

/// Whether it says which store a backup goes to.
pub(in crate::diff) fn is_store(fact: &Fact) -> bool {
    *fact.aspect == STORE
}

impl Flat<'_> {
    /// The newer plan's name of a job.
    fn job(&self, target: &str, backup: &str) -> String {
        let of = self.names.of(Kind::Target, target);
        self.names.of(Kind::Backup, &format!("{of}/{backup}"))
    }

    pub(super) fn backup(&mut self, target: &Target, backup: &Backup) {
        let job = self.job(target.name.value.as_str(), backup.name.value.as_str());
        let mut entity = Entity::new(Kind::Backup, job, backup.span);
        entity.owner = Some(self.names.name(Kind::Target, &target.name.value));
        entity.names_points = backup.way.is_of_points();
        entity.say(&WAY, backup.way.word(), backup.span);
        match &backup.way {
            Way::Stored(stored) => self.stored(&mut entity, stored),
            Way::PointInTime(kept) => point_in_time(&mut entity, kept),
            Way::Snapshot(snapshot) => snapshot_facts(&mut entity, snapshot),
        }
        self.schedule(&mut entity, &SCHEDULE, backup.schedule.as_ref());
        if let Some((rules, span)) = rules(backup.retention.as_ref()) {
            entity.say(&RETENTION_OF_POINTS, Value::Rules(Box::new(rules)), span);
        }
        entity.say(&SHRINK, backup.guard.shrink, backup.span);
        entity.say(&DELETE, backup.guard.delete, backup.span);
        self.runs(&mut entity, backup);
        self.add(entity, &backup.waivers);
    }

    /// How it is run.
    fn runs(&self, entity: &mut Entity, backup: &Backup) {
        entity.maybe(&TAKES, backup.takes.as_ref());
        entity.maybe(&TIMEOUT, backup.timeout.as_ref());
        if let Some(first) = backup.after.first() {
            let job = |job: &crate::primitives::JobName| self.job(job.target.as_str(), job.backup.as_str());
            let after = backup.after.iter().map(|after| job(&after.value)).collect();
            entity.say(&AFTER, Value::Set(after), first.span);
        }
        entity.list(&BEFORE_BACKUP, &backup.before_backup);
        entity.list(&AFTER_BACKUP, &backup.after_backup);
        entity.maybe_shown(&PRIORITY, backup.priority.as_ref());
    }

    fn stored(&self, entity: &mut Entity, stored: &Stored) {
        let compression = match stored.content {
            Content::Archive(archive) => match archive.format {
                ArchiveFormat::TarZip => archive.compression,
            },
            Content::Dump(compression) | Content::BinaryLog(compression) => compression,
        };
        let compression = format!("{:?} {}", compression.method(), compression.level()).to_lowercase();
        entity.say(&COMPRESSION, compression, stored.span);
        entity.say(&STORE, self.names.name(Kind::Store, &stored.store.value), stored.store.span);
        if let Some(select) = &stored.select {
            let Select { kind, keep_newest, span } = select;
            let grain = match kind {
                Selection::WholeMonths => 1,
                Selection::UnshippedDays => 2,
            };
            entity.say(&SELECT, Value::Level(grain, kind.to_string()), *span);
            let left = Making::months_left(select);
            let span = keep_newest.as_ref().map_or(*span, |said| said.span);
            if let Some(left) = left {
                entity.say(&KEEP_NEWEST, Value::Count(left.into()), span);
            }
            if stored.remove_originals.is_some() {
                entity.say(&ORIGINALS, Value::Count(left.unwrap_or(0).into()), span);
            }
        }
        entity.flag(
            &REMOVE_ORIGINALS,
            stored.remove_originals.is_some(),
            stored.remove_originals.unwrap_or(stored.span),
        );
        stored.copies.iter().for_each(|copy| self.copy(entity, copy));
    }

    fn copy(&self, entity: &mut Entity, copy: &CopyTo) {
        let to = self.names.name(Kind::Store, &copy.to.value);
        entity.say_of(&COPY, to.clone(), Value::Said, copy.span);
        if let Some((rules, span)) = rules(copy.retention.as_ref()) {
            entity.say_of(&COPY_RETENTION, to.clone(), Value::Rules(Box::new(rules)), span);
        }
        if let Some(takes) = &copy.takes {
            entity.say_of(&COPY_TAKES, to, takes.value.into(), takes.span);
        }
    }
}

fn rules(retention: Option<&Retention>) -> Option<(Rules, Span)> {
    retention.map(|retention| (Rules::of(retention), retention.span))
}

fn point_in_time(entity: &mut Entity, kept: &PointInTime) {
    entity.maybe_shown(&WINDOW, kept.window.as_ref());
    entity.maybe(&MAX_LAG, Some(&kept.max_lag));
    entity.maybe(&CHECK_EVERY, kept.check_every.as_ref());
    if kept.on_drift != Drift::default() {
        entity.say(&ON_DRIFT, kept.on_drift.to_string(), kept.span);
    }
}

fn snapshot_facts(entity: &mut Entity, snapshot: &Snapshot) {
    entity.maybe(&COPY_TO, snapshot.copy_to.as_ref());
    entity.maybe(&KMS_KEY, snapshot.kms_key.as_ref());
}
