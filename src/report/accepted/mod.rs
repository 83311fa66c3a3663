//! The compiled plan as text that is kept beside the plan and read in a review: one fact a line, each with what it is of, so that a
//! hunk of a diff is understood by itself.
//!
//! Nothing of the machine or the time is in it, and nothing of how the plan is written: comments, formatting and the order of its
//! blocks. What a plan leaves to a default is written out.

mod backup;
mod people;
mod restore;
mod source;

use std::fmt::Display;

use crate::calendar;
use crate::plan::{Plan, Retention, Schedule, Store, StoreKind, Target, Waiver};
use crate::primitives::{Name, Spanned};
use crate::prove::{Kind, Proofs, ProvenPlan, Subject};

/// The version of this form.
const FORMAT_VERSION: u32 = 1;

/// The accepted form of a plan.
pub fn accepted(proven: &ProvenPlan) -> String {
    let plan = proven.plan();
    let mut facts = Facts { text: format!("sonae accepted plan, format {FORMAT_VERSION}\n") };
    facts.head(plan);
    by_name(&plan.roles, |role| &role.name.value).into_iter().for_each(|role| facts.role(role));
    by_name(&plan.hosts, |host| &host.name.value).into_iter().for_each(|host| facts.host(host));
    by_name(&plan.stores, |store| &store.name.value).into_iter().for_each(|store| facts.store(store));
    by_name(&plan.notifies, |notify| &notify.name.value).into_iter().for_each(|notify| facts.notify(notify));
    let targets = by_name(&plan.targets, |target| &target.name.value);
    targets.iter().for_each(|target| facts.target(target));
    let restores = by_name(&plan.restores, |restore| &restore.name.value);
    restores.iter().for_each(|restore| facts.restore(restore));
    by_name(&plan.verifies, |verify| &verify.name.value).into_iter().for_each(|verify| facts.verify(verify));
    by_name(&plan.drills, |drill| &drill.name.value).into_iter().for_each(|drill| facts.drill(drill));
    by_name(&plan.announces, |announce| &announce.name.value).into_iter().for_each(|of| facts.announce(of));
    targets.iter().for_each(|target| facts.promises_of(target, proven.proofs()));
    targets.iter().for_each(|target| facts.kept_of(target, proven.proofs()));
    for restore in restores {
        let subject = Subject::Restore(restore.name.value.clone());
        facts.promise(&subject, Kind::Rto, restore.rto.is_some(), proven.proofs());
        facts.promise(&subject, Kind::Spread, restore.spread.is_some(), proven.proofs());
    }
    facts.text
}

fn by_name<T>(blocks: &[T], name: impl Fn(&T) -> &Name) -> Vec<&T> {
    let mut sorted: Vec<&T> = blocks.iter().collect();
    sorted.sort_by(|a, b| name(a).cmp(name(b)));
    sorted
}

/// The lines so far.
struct Facts {
    text: String,
}

impl Facts {
    fn fact(&mut self, of: &str, fact: impl Display) {
        self.text.push_str(&format!("{of}: {fact}\n"));
    }

    /// A line each, in order of the alphabet; where there is none, that.
    fn each(&mut self, of: &str, word: &str, values: impl Iterator<Item = String>) {
        let mut values: Vec<String> = values.collect();
        values.sort();
        values.dedup();
        if values.is_empty() {
            self.fact(of, format!("{word} none"));
        }
        values.iter().for_each(|value| self.fact(of, format!("{word} {value}")));
    }

    fn waivers(&mut self, of: &str, waivers: &[Waiver]) {
        let one = |waiver: &Waiver| {
            let Waiver { code, reason, until, .. } = waiver;
            format!("{} until {}, because {}", code.value, until.value, quoted(&reason.value))
        };
        self.each(of, "waiver", waivers.iter().map(one));
    }

    fn head(&mut self, plan: &Plan) {
        let of = format!("plan {}", plan.name.value);
        self.fact(&of, format!("timezone {}", quoted(&plan.timezone.value)));
        self.fact(&of, format!("owner {}", or_none(plan.owner.as_ref().map(|owner| quoted(&owner.value)))));
        self.fact(&of, format!("evidence store {}", or_none(value(plan.evidence.as_ref()))));
        self.waivers(&of, &plan.waivers);
    }

    /// A fact with a value that may be left out.
    fn optional<T: Display>(&mut self, of: &str, word: &str, written: Option<&Spanned<T>>) {
        self.fact(of, format!("{word} {}", or_none(value(written))));
    }

    /// The same of a text.
    fn optional_text(&mut self, of: &str, word: &str, written: Option<&Spanned<String>>) {
        self.fact(of, format!("{word} {}", or_none(written.map(|text| quoted(&text.value)))));
    }

    fn schedule(&mut self, of: &str, schedule: Option<&Schedule>) {
        let schedule = schedule.map(calendar::describe);
        self.fact(of, format!("schedule {}", schedule.unwrap_or_else(|| "none, runs only when it is named".into())));
    }

    fn store(&mut self, store: &Store) {
        let of = format!("store {}", store.name.value);
        match &store.kind {
            StoreKind::Local { path } => self.fact(&of, format!("local path {}", quoted(&path.value))),
            StoreKind::S3(s3) => {
                self.fact(&of, format!("s3 bucket {}", quoted(&s3.bucket.value)));
                self.optional_text(&of, "s3 region", s3.region.as_ref());
                self.optional_text(&of, "s3 prefix", s3.prefix.as_ref());
                self.optional_text(&of, "s3 endpoint", s3.endpoint.as_ref());
                self.optional(&of, "s3 addressing", s3.addressing.as_ref());
                self.optional_text(&of, "s3 storage-class", s3.storage_class.as_ref());
                self.optional(&of, "s3 retrieval", s3.retrieval.as_ref());
                self.optional(&of, "s3 encryption", s3.encryption.as_ref());
                self.optional_text(&of, "s3 kms-key", s3.kms_key.as_ref());
                self.optional(&of, "s3 object-lock", s3.object_lock.as_ref());
                self.optional(&of, "s3 lock-for", s3.lock_for.as_ref());
            }
            StoreKind::Sftp(sftp) => {
                self.fact(&of, format!("sftp host {}", quoted(&sftp.host.value)));
                self.fact(&of, format!("sftp port {}", sftp.port.as_ref().map_or(22, |port| port.value)));
                self.fact(&of, format!("sftp user {}", quoted(&sftp.user.value)));
                self.fact(&of, format!("sftp path {}", quoted(&sftp.path.value)));
                self.optional(&of, "sftp identity", sftp.identity.as_ref());
                self.optional_text(&of, "sftp host-key", sftp.host_key.as_ref());
            }
        }
        self.optional(&of, "limit side-by-side", store.side_by_side.as_ref());
        self.optional(&of, "limit upload", store.upload.as_ref());
        self.each(&of, "encrypt", texts(&store.encrypt));
        let access = store.access.as_ref();
        let none: &[Spanned<String>] = &[];
        self.each(&of, "access write", texts(access.map_or(none, |access| &access.write)));
        self.each(&of, "access read", texts(access.map_or(none, |access| &access.read)));
        self.each(&of, "access prune", texts(access.map_or(none, |access| &access.prune)));
        self.waivers(&of, &store.waivers);
    }

    fn target(&mut self, target: &Target) {
        let of = format!("target {}", target.name.value);
        self.fact(&of, format!("area {}", or_none(value(target.area.as_ref()))));
        self.each(&of, "host", target.hosts.iter().map(|host| host.value.to_string()));
        self.source(&of, target.source.as_ref());
        self.fact(&of, format!("no-backup {}", or_none(target.no_backup.as_ref().map(|why| quoted(&why.value)))));
        let objective = target.objective.as_ref();
        self.fact(&of, format!("objective rpo {}", or_none(value(objective.and_then(|of| of.rpo.as_ref())))));
        self.fact(&of, format!("objective rto {}", or_none(value(objective.and_then(|of| of.rto.as_ref())))));
        self.fact(
            &of,
            format!("objective any-point {}", or_none(value(objective.and_then(|of| of.any_point.as_ref())))),
        );
        self.waivers(&of, &target.waivers);
        by_name(&target.backups, |backup| &backup.name.value)
            .into_iter()
            .for_each(|backup| self.backup(target, backup));
    }

    fn retention(&mut self, of: &str, retention: Option<&Retention>) {
        let Some(retention) = retention else { return self.fact(of, "retention none, nothing is ever deleted") };
        let rules = [
            ("generations", value(retention.generations.as_ref())),
            ("within", value(retention.within.as_ref())),
            ("hourly", value(retention.hourly.as_ref())),
            ("daily", value(retention.daily.as_ref())),
            ("weekly", value(retention.weekly.as_ref())),
            ("monthly", value(retention.monthly.as_ref())),
            ("yearly", value(retention.yearly.as_ref())),
        ];
        for (rule, value) in rules {
            self.fact(of, format!("retention {rule} {}", or_none(value)));
        }
    }

    fn promises_of(&mut self, target: &Target, proofs: &Proofs) {
        let subject = Subject::Target(target.name.value.clone());
        let Some(objective) = &target.objective else { return };
        self.promise(&subject, Kind::Rpo, objective.rpo.is_some(), proofs);
        self.promise(&subject, Kind::Rto, objective.rto.is_some(), proofs);
        if let Some(promised) = &objective.any_point {
            let found = proofs.any_points.iter().find(|found| found.target == target.name.value);
            let shown =
                found.map_or("not shown to hold, set aside by a waiver".into(), |found| found.standing.to_string());
            self.fact(&format!("promise {subject} any-point"), format!("{shown}, the last {}", promised.value));
        }
    }

    /// What its newest points are worth, and whether damage is seen in time.
    fn kept_of(&mut self, target: &Target, proofs: &Proofs) {
        let of = format!("kept target {}", target.name.value);
        for reach in proofs.reaches.iter().filter(|reach| reach.job.target == target.name.value) {
            self.fact(
                &of,
                format!("{}, the newest {} reach back {}", reach.job.backup, reach.generations, reach.reach),
            );
        }
        for found in proofs.detections.iter().filter(|found| found.target == target.name.value) {
            let unseen =
                found.unseen.as_ref().map_or("never".into(), |unseen| format!("after at most {}", unseen.length));
            self.fact(&of, format!("{}, damage is seen {unseen}", found.standing));
        }
    }

    /// What a promise stands on. One that was not shown to hold is in a proven plan only where a waiver sets that aside.
    fn promise(&mut self, subject: &Subject, kind: Kind, is_made: bool, proofs: &Proofs) {
        let found = proofs.promises.iter().find(|promise| promise.subject == *subject && promise.kind == kind);
        let of = format!("promise {subject} {kind}");
        match found {
            Some(promise) => {
                self.fact(&of, format!("{}, {} ≤ {}", promise.standing, promise.proven, promise.promised));
            }
            None if is_made => self.fact(&of, "not shown to hold, set aside by a waiver"),
            None => {}
        }
    }
}

fn value<T: Display>(written: Option<&Spanned<T>>) -> Option<String> {
    written.map(|written| written.value.to_string())
}

fn texts(written: &[Spanned<String>]) -> impl Iterator<Item = String> {
    written.iter().map(|text| quoted(&text.value))
}

fn or_none(value: Option<String>) -> String {
    value.unwrap_or_else(|| "none".into())
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Text in quotes. What does not show, or changes the direction of writing, is written as KDL's escapes: a reviewer sees it.
fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            c if c.is_control() || does_not_show(c) => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.push('"');
    shown
}

/// Marks of direction, joiners, and spaces and line ends other than the usual.
fn does_not_show(c: char) -> bool {
    let marks = ['\u{ad}', '\u{61c}', '\u{180e}', '\u{3164}', '\u{feff}', '\u{ffa0}'];
    let ranges = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{e0000}'..='\u{e007f}'];
    (c.is_whitespace() && c != ' ') || marks.contains(&c) || ranges.iter().any(|range| range.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_does_not_show_is_written_out() {
        let text = "caf\u{e9} \"写\" \\ a\nb\u{202e}c\u{a0}d\u{200b}\u{1b}[2J";
        assert_eq!(quoted(text), "\"café \\\"写\\\" \\\\ a\\u{a}b\\u{202e}c\\u{a0}d\\u{200b}\\u{1b}[2J\"");
    }
}
