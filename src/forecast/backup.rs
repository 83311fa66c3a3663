//! The forecast of a backup's steps.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    Action, Circumstances, Deletion, DeletionGuard, ForecastStep, Held, MountBefore, NewPoint, Selection, ShrinkGuard,
    Shrunk, Suspension, deletion, framed, mount, shrink, wrong_clock,
};
use crate::calendar::{self, Occurrences};
use crate::catalog::{Manifest, PointPlace, host_prefix};
use crate::graph::{Step, StepKind};
use crate::observe::{Observed, PointSeen, PointsSeen, SourceSeen};
use crate::plan::{Files, Guard, Plan, StoreKind};
use crate::ports::{Cause, Fault};
use crate::primitives::{JobName, Name, PathBytes, RunId, Slot};
use crate::retention::{Rules, Verdict};

/// The forecast of one step.
pub(super) fn step(plan: &Plan, step: &Step, observed: &Observed, who: &Circumstances, run: &RunId) -> ForecastStep {
    let new = |job: &JobName, store: &Name| new_point(plan, job, store, who, run);
    let action = match &step.kind {
        StepKind::Look { job, store, roots, files } => {
            let seen = observed.sources.get(job);
            let before = observed.points_of(job).filter(|_| !files.allow_unmounted);
            let mounts = before.map(|points| mount::before(points, roots, observed.at)).unwrap_or_default();
            let fault = seen.and_then(|seen| source_fault(seen, &mounts, &observed.mounts, files));
            let totals = seen.and_then(|seen| seen.as_ref().ok()).cloned();
            return framed(
                step,
                Action::Look {
                    job: job.clone(),
                    store: store.clone(),
                    selection: selection(roots, files),
                    seen: totals,
                    mounts,
                },
                fault,
            );
        }
        StepKind::Pack { job, store, roots, files, archive, source } => {
            let (selection, compression) = (selection(roots, files), archive.compression);
            let action = Action::Pack { selection, compression, new: new(job, store), source: *source };
            // A store that cannot be read now will hardly be written in a moment.
            let unreadable = observed.points.get(job).and_then(|seen| seen.as_ref().err()).cloned();
            return framed(step, action, unreadable.or_else(|| locks_nothing(plan, store, observed)));
        }
        StepKind::ReadBack { job, store, packed } => Action::ReadBack { new: new(job, store), packed: *packed },
        StepKind::Commit { job, store, roots, guard, packed, read_back } => {
            let guard = shrink_guard(*guard, job, roots, observed, who);
            Action::Commit { new: new(job, store), guard, packed: *packed, read_back: *read_back }
        }
        StepKind::Delete { job, store, roots, retention, guard, given } => {
            let new = new(job, store);
            let rules = retention.as_deref().map(Rules::of);
            let seen = observed.points_of(job);
            let points = match (seen, &rules) {
                (Some(seen), Some(rules)) => {
                    let gone = let_go(seen, roots, rules, &new, &plan.timezone.value, observed.at);
                    without_evidence(gone, newest_scheduled(plan, job, seen, &new))
                }
                _ => vec![],
            };
            let share = DeletionGuard { delete: guard.delete, accepted: who.accept_deletions };
            // The new point is one of them.
            let of = seen.map_or(0, |seen| deletion::of_roots(seen, roots).count() as u64) + 1;
            let too_many = share.judge(points.len() as u64, of).map(Suspension::TooMany);
            let shrunk = shrunk(*guard, job, roots, observed, who).map(Suspension::Shrunk);
            let clock = seen.and_then(|seen| wrong_clock(seen, None, observed.at));
            let leftovers = seen.filter(|_| clock.is_none()).map(|seen| deletion::leftovers(seen, observed.at));
            Action::Delete {
                store: store.clone(),
                job: job.clone(),
                prefix: host_prefix(&plan.name.value, job, &who.host),
                points,
                guard: share,
                suspended: clock.or(shrunk).or(too_many),
                leftovers: leftovers.unwrap_or_default(),
                keeping: observed.keeping.get(store).cloned().unwrap_or_default(),
                roots: roots.to_vec(),
                rules,
                timezone: plan.timezone.value.clone(),
                given: *given,
            }
        }
        StepKind::Database(of) => return super::database::backup(plan, step, of, observed, who, run),
        other => super::not_of_this_slice(other),
    };
    framed(step, action, None)
}

/// Why what is to be locked cannot be put: the store is known to lock nothing.
fn locks_nothing(plan: &Plan, store: &Name, observed: &Observed) -> Option<Fault> {
    let found = plan.stores.iter().find(|known| known.name.value == *store)?;
    let StoreKind::S3(s3) = &found.kind else { return None };
    let mode = s3.object_lock.as_ref()?;
    observed.keeping.get(store).filter(|keeping| keeping.locks_nothing())?;
    let answer = format!(
        "`object-lock=\"{mode}\"` needs a bucket that locks objects, and {} does not: make one with `aws s3api create-bucket \
         --object-lock-enabled-for-bucket`, or turn it on for this one with `aws s3api put-bucket-versioning` and then `aws s3api \
         put-object-lock-configuration`; or take `object-lock` out of the plan",
        s3.bucket.value,
        mode = mode.value,
    );
    Some(Fault::permanent(Cause::Invalid, format!("lock what is put into {store}"), answer))
}

fn selection(roots: &[PathBytes], files: &Files) -> Selection {
    Selection {
        roots: roots.to_vec(),
        exclude: files.exclude.iter().map(|glob| glob.value.clone()).collect(),
        allow_empty: files.allow_empty,
        one_file_system: files.one_file_system,
    }
}

/// The point that will be made: for the scheduled time that the job is due for, else for when the run began.
fn new_point(plan: &Plan, job: &JobName, store: &Name, who: &Circumstances, run: &RunId) -> NewPoint {
    let slot = who.slots.get(job).copied();
    let point = run.point(slot.unwrap_or_else(|| by_hand(plan, job, run.began())));
    let place = PointPlace { plan: plan.name.value.clone(), job: job.clone(), host: who.host.clone(), point };
    NewPoint { store: store.clone(), place }
}

/// The slot of a run that somebody started by hand: its start. One that falls on a scheduled time to the second is a second later, as it
/// consumes no scheduled slot.
pub(super) fn by_hand(plan: &Plan, job: &JobName, began: Timestamp) -> Slot {
    let slot = Slot::new(began);
    let is_scheduled = times_of(plan, job).is_some_and(|times| is_one(&times, slot));
    // A schedule comes round once a minute at most.
    let later = slot.time().checked_add(SignedDuration::from_secs(1)).ok().filter(|_| is_scheduled);
    later.map_or(slot, Slot::new)
}

fn times_of(plan: &Plan, job: &JobName) -> Option<Occurrences> {
    let schedule = plan.backup(job).and_then(|backup| backup.schedule.as_ref());
    schedule.and_then(|schedule| Occurrences::of(schedule).ok())
}

fn is_one(times: &Occurrences, slot: Slot) -> bool {
    times.last_at_or_before(slot.time()) == Some(slot.time())
}

/// The newest scheduled time that has a point, and will have none newer by this run. That point is all that says that the time was done: were it
/// let go for points that were made by hand, the time would be due once more.
fn newest_scheduled(plan: &Plan, job: &JobName, seen: &PointsSeen, new: &NewPoint) -> Option<Slot> {
    newest_of_schedule(plan, job, seen.points.iter().map(|seen| seen.place.point.slot).chain([new.place.point.slot]))
}

/// The newest of these slots that is a scheduled time of the job.
pub(super) fn newest_of_schedule(plan: &Plan, job: &JobName, slots: impl Iterator<Item = Slot>) -> Option<Slot> {
    let times = times_of(plan, job)?;
    slots.filter(|slot| is_one(&times, *slot)).max()
}

fn without_evidence(mut gone: Vec<Deletion>, evidence: Option<Slot>) -> Vec<Deletion> {
    gone.retain(|deletion| Some(deletion.place.point.slot) != evidence);
    gone
}

fn shrink_guard(
    guard: Guard,
    job: &JobName,
    roots: &[PathBytes],
    observed: &Observed,
    who: &Circumstances,
) -> ShrinkGuard {
    let than = observed.points_of(job).and_then(|seen| shrink::earlier(seen, roots, observed.at));
    ShrinkGuard { shrink: guard.shrink, than, accepted: who.accept_shrink }
}

/// What the new point will be smaller than, where what the source holds says so.
fn shrunk(
    guard: Guard,
    job: &JobName,
    roots: &[PathBytes],
    observed: &Observed,
    who: &Circumstances,
) -> Option<Shrunk> {
    let totals = observed.sources.get(job).and_then(|seen| seen.as_ref().ok())?;
    shrink_guard(guard, job, roots, observed, who).judge(Held::seen(totals))
}

/// Why a look at the source will fail, where what was seen says so.
fn source_fault(
    seen: &SourceSeen,
    before: &[MountBefore],
    mounts: &BTreeSet<PathBytes>,
    files: &Files,
) -> Option<Fault> {
    match seen {
        Err(fault) => Some(fault.clone()),
        // The folder below a mount that is gone is most often empty: what is said first tells more.
        Ok(_) if let Some(fault) = mount::foreseen(before, mounts) => Some(fault),
        Ok(totals) if totals.files + totals.symlinks == 0 && !files.allow_empty => {
            let answer = "there is no file in it; write `allow-empty` in `files` where that is meant";
            Some(Fault::permanent(Cause::NotFound, "look at the source", answer))
        }
        Ok(_) => None,
    }
}

/// What retention lets go once the new point exists.
fn let_go(
    seen: &PointsSeen,
    roots: &[PathBytes],
    rules: &Rules,
    new: &NewPoint,
    timezone: &str,
    at: Timestamp,
) -> Vec<Deletion> {
    let Some(zone) = calendar::zone(timezone) else { return vec![] };
    let new = Some((new.place.point.clone(), at));
    let verdicts = deletion::verdicts(seen, roots, rules, new, at, &zone);
    let deleted = |(seen, manifest): (&PointSeen, &Manifest)| match verdicts.get(&seen.place.point)? {
        Verdict::Keep(_) => None,
        Verdict::LetGo(reason) => {
            Some(Deletion { place: seen.place.clone(), bytes: manifest.stored_bytes(), reason: reason.to_string() })
        }
    };
    deletion::of_roots(seen, roots).filter_map(deleted).collect()
}
