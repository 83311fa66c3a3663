//! What is held against a run that is over, and the world that it left.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{Broken, Invariant};
use crate::catalog::{Manifest, Part, PointPlace};
use crate::fakes::{FakeCompute, World};
use crate::forecast::{Action, Forecast, Move, Recovery};
use crate::observe::walk::{Walk, Wanted};
use crate::ports::{EntryKind, Meta, TreeRead as _};
use crate::primitives::{Key, Name, PathBytes, Xattrs};
use crate::run::{Outcome, StepEnd};
use crate::steps::{Expected, Progress, StepOutput, read_back};

/// That something is so, or what is broken.
pub type Verdict<T = ()> = Result<T, Broken>;

fn broken<T>(invariant: Invariant, what: impl Into<String>) -> Verdict<T> {
    Err(Broken { invariant, what: what.into() })
}

fn hold(holds: bool, invariant: Invariant, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { broken(invariant, what()) }
}

/// The outcome says of each step what its ties allow, and the exit status says the worst of it.
///
/// # Errors
/// What it says that cannot be.
pub fn consistent(outcome: &Outcome) -> Verdict {
    let failed = |end: &StepEnd| matches!(end, StepEnd::Failed(_) | StepEnd::Skipped(_));
    for step in &outcome.steps {
        let after = &outcome.forecast.step(step.step).after;
        let lost = after.iter().any(|(on, needs)| *needs && failed(&outcome.steps[on.index()].end));
        let skipped = matches!(step.end, StepEnd::Skipped(_));
        let stopped = outcome.forecast.fail_fast && skipped;
        hold(lost == skipped || stopped, Invariant::Order, || format!("what its ties do not allow: {step:?}"))?;
    }
    let any_failed = outcome.steps.iter().any(|step| failed(&step.end));
    let open = outcome.steps.iter().any(|step| step.end == StepEnd::Open);
    let suspended = |end: &StepEnd| matches!(end, StepEnd::Done(output) if output.suspension().is_some());
    let any_suspended = outcome.steps.iter().any(|step| suspended(&step.end));
    let code = outcome.end.exit().code();
    let holds = match (open, any_failed) {
        (true, _) => code == 130,
        (false, true) => code == 4,
        (false, false) => [0, 5, 6].contains(&code) && (code == 6) == any_suspended,
    };
    hold(holds, Invariant::Ends, || format!("exit status {code} does not follow from its steps"))
}

/// What was deleted is what was forecast, or less, each omission named.
///
/// # Errors
/// What is more, or not named.
pub fn subset(outcome: &Outcome) -> Verdict {
    for step in &outcome.steps {
        let of = outcome.forecast.step(step.step);
        let (Action::Delete { points, leftovers, .. }, StepEnd::Done(output)) = (&of.action, &step.end) else {
            continue;
        };
        let StepOutput::Deleted(deleted) = &**output else {
            return broken(Invariant::Forecast, format!("{} yielded {output:?}", of.name));
        };
        let told: BTreeSet<_> =
            deleted.points.iter().chain(deleted.omitted.iter().map(|(point, _)| point)).cloned().collect();
        let forecast: BTreeSet<_> = points.iter().map(|deletion| deletion.place.point.clone()).collect();
        let holds = told == forecast
            && (deleted.suspended.is_none() || deleted.points.is_empty())
            && deleted.leftovers <= leftovers.len() as u64;
        hold(holds, Invariant::Forecast, || format!("{}: {deleted:?} is not what was forecast", of.name))?;
    }
    Ok(())
}

/// All that was forecast was performed.
///
/// # Errors
/// What was not, though nothing went wrong.
pub fn equal(outcome: &Outcome) -> Verdict {
    for step in &outcome.steps {
        let name = &outcome.forecast.step(step.step).name;
        let StepEnd::Done(output) = &step.end else {
            return broken(
                Invariant::Forecast,
                format!("{name} was not done, though nothing went wrong: {:?}", step.end),
            );
        };
        if let StepOutput::Deleted(deleted) = &**output {
            let holds = deleted.omitted.is_empty() || deleted.suspended.is_some();
            hold(holds, Invariant::Forecast, || format!("{name} left what was forecast: {:?}", deleted.omitted))?;
        }
    }
    Ok(())
}

/// How many deletions did less than was forecast, and how many steps were not clean: a manifest that was refused for good when it was
/// looked at again, for instance, is none that may go.
pub fn less(outcome: &Outcome) -> (usize, usize) {
    let done = outcome.steps.iter().filter_map(|step| match &step.end {
        StepEnd::Done(output) => Some(&**output),
        _ => None,
    });
    let mut less = (0, 0);
    for output in done {
        less.0 += usize::from(matches!(output, StepOutput::Deleted(deleted) if !deleted.omitted.is_empty()));
        less.1 += usize::from(!output.is_clean());
    }
    less
}

/// The keys of every store.
pub fn keys(world: &World, forecast: &Forecast) -> BTreeSet<(Name, Key)> {
    let of = |store: &Name| {
        let keys = world.store(store.as_str()).objects().into_keys();
        let store = store.clone();
        keys.map(move |key| (store.clone(), key))
    };
    forecast.stores.keys().flat_map(of).collect()
}

/// Every point of every store, read back through the steps' own eyes; answers what each holds. The tar holds neither the time of packing
/// nor of anything else but its members. What `is_known` was read before, and is not read again.
///
/// # Errors
/// The point that cannot be read.
pub async fn read_all(
    world: &World,
    forecast: &Forecast,
    is_known: &dyn Fn(&Name, &Key, &Bytes) -> bool,
) -> Verdict<BTreeMap<PointPlace, String>> {
    let mut all = BTreeMap::new();
    for name in forecast.stores.keys() {
        let store = world.store(name.as_str());
        let objects = store.objects();
        for (key, bytes) in &objects {
            let Some((place, Part::Manifest)) = PointPlace::parse(key) else { continue };
            let unreadable = |why: String| Broken { invariant: Invariant::Recoverable, what: format!("{key}: {why}") };
            let manifest = Manifest::decode(bytes).map_err(|error| unreadable(error.to_string()))?;
            let archive = &manifest.archive.key;
            if !objects.get(archive).is_some_and(|bytes| is_known(name, archive, bytes)) {
                let read = read_back(&*store, &FakeCompute, Expected::of(&manifest), &Progress::default()).await;
                let read = read.map_err(|fault| unreadable(fault.to_string()))?;
                hold(read.entries == manifest.totals.entries(), Invariant::Recoverable, || {
                    format!("{key} has not what its manifest says")
                })?;
            }
            all.insert(place, format!("{:?} {:?} {}", manifest.plain, manifest.totals, manifest.clean));
        }
    }
    Ok(all)
}

/// Nothing is left of what was not finished: every object belongs to a point, no upload is open. An archive and contents
/// that lack only their manifest stay for a month, where `but_whole` says that they may.
///
/// # Errors
/// What is left.
pub fn no_leftovers(world: &World, forecast: &Forecast, but_whole: bool) -> Verdict {
    for name in forecast.stores.keys() {
        let store = world.store(name.as_str());
        let uploads = store.unfinished();
        hold(uploads.is_empty(), Invariant::Resumed, || {
            let keys: Vec<&str> = uploads.iter().map(|upload| upload.key.as_str()).collect();
            format!("uploads that nobody finishes: {}", keys.join(", "))
        })?;
        let objects = store.objects();
        // What lies elsewhere, a release for one, is nothing that a run puts there.
        let own = format!("{}/", forecast.plan);
        for key in objects.keys().filter(|key| key.as_str().starts_with(&own)) {
            let Some((place, _)) = PointPlace::parse(key) else {
                return broken(Invariant::Resumed, format!("{key} is no part of a point"));
            };
            let holds = |part| objects.contains_key(&place.key(part));
            let whole = but_whole && holds(Part::Archive) && holds(Part::Contents);
            hold(holds(Part::Manifest) || whole, Invariant::Resumed, || format!("{key} was left over"))?;
        }
    }
    Ok(())
}

/// Something in a tree, without what a restore gives anew.
#[derive(Debug, PartialEq)]
struct Thing {
    path: Vec<u8>,
    meta: (EntryKind, u32, (u32, u32), (i64, u32), u64),
    content: Option<Vec<u8>>,
    xattrs: Xattrs,
}

impl Thing {
    fn differs_from(&self, was: &Self) -> String {
        let path = String::from_utf8_lossy(&self.path);
        if self.path != was.path {
            return format!("{path} is there, where {} was", String::from_utf8_lossy(&was.path));
        }
        match (self.meta == was.meta, self.content == was.content) {
            (false, _) => format!("{path} is {:?} and was {:?}", self.meta, was.meta),
            (true, false) => format!("{path} has another content"),
            (true, true) => format!("{path} has other extended attributes"),
        }
    }
}

fn thing(world: &World, path: &PathBytes, below: &[u8], meta: &Meta, names: u64) -> Thing {
    let tree = world.tree();
    Thing {
        path: below.to_vec(),
        meta: (meta.kind, meta.mode, (meta.uid, meta.gid), (meta.mtime_s, meta.mtime_ns), names),
        content: tree.content(path.as_bytes()),
        xattrs: tree.extended(path.as_bytes()),
    }
}

/// What a restore made is what is at the source, and nothing else lies beside it. The source is what it was when the point was made. Answers
/// how many of its steps made something.
///
/// # Errors
/// The first difference.
pub async fn restored(world: &World, outcome: &Outcome, exclude: &BTreeMap<Name, Vec<String>>) -> Verdict<usize> {
    let mut made = 0;
    for step in &outcome.steps {
        let Action::Recover(recovery) = &outcome.forecast.step(step.step).action else { continue };
        // What a restore that failed could not take away is a leftover, which the next one removes.
        if !matches!(step.end, StepEnd::Done(_)) {
            continue;
        }
        made += 1;
        let moves: Vec<&Move> = moves_of(outcome, &recovery.target).collect();
        as_the_source(world, recovery, &moves, exclude.get(&recovery.target).map_or(&[], Vec::as_slice)).await?;
        hold(!world.tree().is_there(&recovery.staging), Invariant::Restored, || {
            format!("{} is left beside what was restored", recovery.staging)
        })?;
    }
    Ok(made)
}

/// What is renamed of what was recovered of a target.
fn moves_of<'o>(outcome: &'o Outcome, target: &'o Name) -> impl Iterator<Item = &'o Move> {
    let switched = outcome.forecast.steps.iter().filter_map(move |step| match &step.action {
        Action::Switch { target: of, moves, .. } if of == target => Some(moves),
        _ => None,
    });
    switched.flatten()
}

async fn as_the_source(world: &World, recovery: &Recovery, moves: &[&Move], exclude: &[String]) -> Verdict {
    let there = |path: &PathBytes| world.tree().is_there(path);
    let roots = recovery.manifest.as_ref().map_or(&[][..], |manifest| &manifest.roots);
    for root in roots {
        let to = match roots {
            [_] => recovery.into.clone(),
            _ => recovery.into.join(root.as_bytes().strip_prefix(b"/").unwrap_or(root.as_bytes())),
        };
        // However far a switch came, both are somewhere.
        let kept = moves.iter().find(|step| step.to == *root && there(&step.kept)).map_or(root, |step| &step.kept);
        let to = moves.iter().find(|step| step.from == to && !there(&to)).map_or(to.clone(), |step| step.to.clone());
        let (was, is) = (below(world, kept, exclude).await?, below(world, &to, &[]).await?);
        if let Some((was, is)) = was.iter().zip(&is).find(|(was, is)| was != is) {
            let what = format!("{to} is not what was at {root}: {}", is.differs_from(was));
            return broken(Invariant::Restored, what);
        }
        hold(was.len() == is.len(), Invariant::Restored, || {
            format!("{to} has {} entries, and {root} had {}", is.len(), was.len())
        })?;
    }
    Ok(())
}

/// What is in a folder, and is backed up: no pipes, sockets or devices.
async fn below(world: &World, folder: &PathBytes, exclude: &[String]) -> Verdict<Vec<Thing>> {
    let cannot = |fault: crate::ports::Fault| Broken { invariant: Invariant::Restored, what: fault.to_string() };
    let tree = world.tree();
    let wanted = Wanted { roots: std::slice::from_ref(folder), exclude, one_file_system: false };
    let mut walk = Walk::new(&*tree, wanted).map_err(cannot)?;
    let mut entries = vec![];
    while let Some(visited) = walk.next().await.map_err(cannot)? {
        let meta = visited.meta.map_err(cannot)?;
        if matches!(meta.kind, EntryKind::File | EntryKind::Folder | EntryKind::Symlink) {
            entries.push((visited.path, meta));
        }
    }
    let mut found = Vec::with_capacity(entries.len());
    for (path, meta) in &entries {
        let rest = path.as_bytes().get(folder.as_bytes().len()..).unwrap_or_default();
        // The names that a file has in here: one that was left out is none.
        let names = entries.iter().filter(|(_, other)| other.inode == meta.inode).count() as u64;
        let mut thing = thing(world, path, rest, meta, names);
        if meta.kind == EntryKind::Symlink {
            thing.content = Some(tree.read_link(path).await.map_err(cannot)?.as_bytes().to_vec());
        }
        found.push(thing);
    }
    Ok(found)
}
