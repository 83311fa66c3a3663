//! The forecast of a restore's steps: one moment, and for each target the newest point at or before it.

use super::{Action, Circumstances, ForecastStep, Move, Recovery, framed};
use crate::catalog::{Manifest, Totals};
use crate::graph::{Graph, ProbeCheck, Step, StepKind};
use crate::observe::{DestinationSeen, Observed, PlaceSeen, PointSeen, PointsSeen, StagingSeen, kept_beside, staging};
use crate::plan::Plan;
use crate::ports::{Cause, Fault, Person};
use crate::primitives::{ByteSize, HostPath, JobName, Name, PathBytes, PointId, RunId, Slot};
use jiff::{SignedDuration, Timestamp};

/// A step that restores is given up after a day, so what it began before that is of nobody who is alive.
const ALIVE: SignedDuration = SignedDuration::from_hours(24);

/// What somebody who restores asks for, beside the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreWish {
    /// Which restore.
    pub restore: Name,
    /// Which point.
    pub choice: PointChoice,
    /// Whose points, where neither this host's nor the plan's choice is meant.
    pub from_host: Option<Name>,
    /// The one path that is restored.
    pub only: Option<PathBytes>,
    /// Another folder than the plan's, absolute.
    pub into: Option<PathBytes>,
    /// The folder that it stands for, absolute.
    pub planned: Option<PathBytes>,
}

impl RestoreWish {
    /// Whose points are looked for.
    fn host<'a>(&'a self, planned: Option<&'a Name>, who: &'a Circumstances) -> &'a Name {
        self.from_host.as_ref().or(planned).unwrap_or(&who.host)
    }
}

/// The points that a restore puts back, each with its store: those that its forecast chooses from the same observations.
pub fn chosen<'a>(
    graph: &'a Graph,
    observed: &'a Observed,
    who: &'a Circumstances,
    wish: &'a RestoreWish,
) -> Vec<(&'a Name, &'a Manifest)> {
    let of_step = |step: &'a Step| match &step.kind {
        StepKind::Recover { jobs, from_host, .. } => {
            choose(jobs, observed, wish.host(from_host.as_ref(), who), &wish.choice)
        }
        _ => None,
    };
    graph.steps().iter().filter_map(of_step).collect()
}

/// Which point is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointChoice {
    /// The newest.
    Latest,
    /// The newest whose data is of that moment or before.
    At(Timestamp),
    /// That one.
    Point(PointId),
}

/// The forecast of one step.
pub(super) fn step(
    plan: &Plan,
    step: &Step,
    observed: &Observed,
    who: &Circumstances,
    wish: &RestoreWish,
    run: &RunId,
) -> ForecastStep {
    match &step.kind {
        StepKind::Recover { .. } => recover(step, observed, who, wish, run),
        StepKind::Probe { shows, how, patience, .. } => {
            let how = match how {
                ProbeCheck::Path(path) => ProbeCheck::Path(moved(path, wish)),
                other => other.clone(),
            };
            framed(step, Action::Probe { shows: shows.clone(), how, patience: *patience }, None)
        }
        StepKind::Approve { what, role, people, .. } => {
            let action = Action::Approve { what: what.clone(), role: role.clone(), people: people.clone() };
            framed(step, action, nobody(what, role, people))
        }
        StepKind::Command { argv, on, repeatable, .. } => {
            framed(step, Action::Command { argv: argv.clone(), on: on.clone(), repeatable: *repeatable }, None)
        }
        StepKind::Switch { .. } => switch(step, observed, run),
        StepKind::Deploy { .. } => super::deploy::deploy(step, observed, who, run),
        StepKind::Launch(of) => super::launch::launch(plan, step, of, observed, who, run),
        StepKind::Database(of) => super::database::restore(plan, step, of, observed, wish, run),
        other => super::not_of_this_slice(other),
    }
}

/// Nobody can approve what is of a role that nobody has.
fn nobody(what: &str, role: &Name, people: &[Person]) -> Option<Fault> {
    let fault =
        || Fault::permanent(Cause::NotFound, format!("approve {what:?}"), format!("nobody has the role {role}"));
    people.is_empty().then(fault)
}

fn switch(step: &Step, observed: &Observed, run: &RunId) -> ForecastStep {
    let StepKind::Switch { target, on, moves, .. } = &step.kind else { super::not_of_this_slice(&step.kind) };
    let of = |to: &PathBytes| observed.places.get(&HostPath { host: on.clone(), path: to.clone() });
    let foreseen = moves.iter().find_map(|(from, to)| place_fault(from, to, of(to)?));
    let seen = |to: &PathBytes| of(to).and_then(|seen| seen.as_ref().ok()).is_some_and(|seen| seen.there);
    let renamed = moves.iter().map(|(from, to)| Move {
        from: from.clone(),
        to: to.clone(),
        kept: kept_beside(to, run),
        replaces: seen(to),
    });
    framed(step, Action::Switch { target: target.clone(), on: on.clone(), moves: renamed.collect() }, foreseen)
}

/// Why something cannot get a place.
fn place_fault(from: &PathBytes, to: &PathBytes, seen: &Result<PlaceSeen, Fault>) -> Option<Fault> {
    let fault = |cause, answer: String| Some(Fault::permanent(cause, format!("switch {to}"), answer));
    match seen {
        Err(fault) => Some(fault.clone()),
        Ok(PlaceSeen { above: false, .. }) => {
            fault(Cause::NotFound, "the folder above it is not there: make it".into())
        }
        Ok(PlaceSeen { beside: false, .. }) => fault(
            Cause::Invalid,
            format!(
                "{from} is on another file system, and only within one can be renamed: recover into a folder beside {to}"
            ),
        ),
        Ok(_) => None,
    }
}

fn recover(step: &Step, observed: &Observed, who: &Circumstances, wish: &RestoreWish, run: &RunId) -> ForecastStep {
    let StepKind::Recover { target, jobs, from_host, into, .. } = &step.kind else {
        super::not_of_this_slice(&step.kind)
    };
    let host = wish.host(from_host.as_ref(), who);
    let chosen = choose(jobs, observed, host, &wish.choice);
    let part = wish.only.as_ref().and(chosen).and_then(|(_, manifest)| observed.parts.get(&manifest.place()));
    let place = wish.into.clone().map_or_else(|| into.clone(), HostPath::here);
    let there = observed.destinations.get(&place);
    let HostPath { host: on, path: into } = &place;
    let unread = jobs.iter().find_map(|(job, _)| observed.points.get(job)?.as_ref().err().cloned());
    let foreseen = match &chosen {
        None => unread.or_else(|| Some(no_point(target, jobs, observed, host, &wish.choice))),
        Some((_, manifest)) => {
            // Without the totals of the one path nothing is known of the space that it needs.
            let needed =
                if wish.only.is_none() { Some(&manifest.totals) } else { part.and_then(|part| part.as_ref().ok()) };
            let in_the_way = there.and_then(|there| destination_fault(into, there, needed));
            in_the_way.or_else(|| part.and_then(|part| part.as_ref().err()).cloned())
        }
    };
    let recovery = Recovery {
        target: target.clone(),
        host: host.clone(),
        store: chosen.as_ref().map(|(store, _)| (*store).clone()),
        manifest: chosen.map(|(_, manifest)| manifest.clone()),
        staging: staging(into, run),
        leftovers: leftovers(there, observed),
        into: into.clone(),
        on: on.clone(),
        only: wish.only.clone(),
        part: part.and_then(|part| part.as_ref().ok()).copied(),
        unread_stores: unread_stores(jobs, observed),
        unusable: unusable(jobs, observed, host, chosen.as_ref().map(|(_, manifest)| manifest.moment)),
        set_owner: who.may_set_owner(on.as_deref()),
        free: there.and_then(|there| there.free.as_ref().ok()).copied(),
    };
    framed(step, Action::Recover(Box::new(recovery)), foreseen)
}

/// A probe looks where the files go, also where that is not the plan's folder.
fn moved(path: &PathBytes, wish: &RestoreWish) -> PathBytes {
    match (&wish.planned, &wish.into) {
        (Some(planned), Some(into)) => path.moved(planned, into),
        _ => path.clone(),
    }
}

/// The points of a host that cannot be used and whose data is newer than that of the one chosen, oldest first. Where no manifest says the
/// moment, it is known to the second: one of the same second may be newer.
fn unusable(
    jobs: &[(JobName, Name)],
    observed: &Observed,
    host: &Name,
    chosen: Option<Timestamp>,
) -> Vec<(PointId, Fault)> {
    let all = jobs.iter().filter_map(|(job, _)| observed.points_of(job)).flat_map(|seen| &seen.points);
    let may_be_newer = |seen: &PointSeen| chosen.is_none_or(|chosen| Slot::new(seen.moment) >= Slot::new(chosen));
    let mut newer: Vec<&PointSeen> = all.filter(|seen| seen.place.host == *host && may_be_newer(seen)).collect();
    newer.sort_by_key(|seen| (seen.moment, &seen.place));
    let unusable = |seen: &PointSeen| Some((seen.place.point.clone(), seen.manifest.as_ref().err()?.clone()));
    newer.into_iter().filter_map(unusable).collect()
}

/// The stores that could not say what they hold, and why: a newer point may be there.
fn unread_stores(jobs: &[(JobName, Name)], observed: &Observed) -> Vec<(Name, Fault)> {
    let unread = |(job, store): &(JobName, Name)| {
        let fault = observed.points.get(job)?.as_ref().err()?;
        Some((store.clone(), fault.clone()))
    };
    jobs.iter().filter_map(unread).collect()
}

/// The newest point that will do, of any of the target's jobs.
fn choose<'a>(
    jobs: &'a [(JobName, Name)],
    observed: &'a Observed,
    host: &Name,
    choice: &PointChoice,
) -> Option<(&'a Name, &'a Manifest)> {
    let of_host = |(job, store): &'a (JobName, Name)| {
        let seen = observed.points_of(job).into_iter().flat_map(PointsSeen::readable);
        seen.filter(|(seen, _)| seen.place.host == *host).map(move |(seen, manifest)| (store, seen, manifest))
    };
    let will_do = |(_, seen, manifest): &(&Name, &crate::observe::PointSeen, &Manifest)| match choice {
        PointChoice::Latest => true,
        PointChoice::At(moment) => manifest.moment <= *moment,
        PointChoice::Point(point) => seen.place.point == *point,
    };
    let newest = jobs.iter().flat_map(of_host).filter(will_do);
    newest
        .max_by_key(|(_, seen, manifest)| (manifest.moment, &seen.place.point))
        .map(|(store, _, manifest)| (store, manifest))
}

/// Why there is no point to restore, and what to ask for instead.
fn no_point(target: &Name, jobs: &[(JobName, Name)], observed: &Observed, host: &Name, choice: &PointChoice) -> Fault {
    let all = || jobs.iter().filter_map(|(job, _)| observed.points_of(job)).flat_map(PointsSeen::readable);
    let of_host = || all().filter(|(seen, _)| seen.place.host == *host);
    let mut others: Vec<String> =
        all().filter(|(seen, _)| seen.place.host != *host).map(|(seen, _)| seen.place.host.to_string()).collect();
    others.sort();
    others.dedup();
    let damaged = unusable(jobs, observed, host, None);
    let answer = match (choice, of_host().map(|(_, manifest)| manifest.moment).min()) {
        (_, None) if !damaged.is_empty() => {
            let why: Vec<String> = damaged.iter().map(|(point, fault)| format!("{point}: {fault}")).collect();
            format!("none of host {host} can be used: {}", why.join("; "))
        }
        (_, None) if others.is_empty() => {
            "the stores hold no readable recovery point of it; run its backup first".into()
        }
        (_, None) => {
            format!("there is none of host {host}; there are some of {}: name one with --from-host", others.join(", "))
        }
        (PointChoice::Latest, Some(_)) => format!("none of host {host} can be read"),
        (PointChoice::At(moment), Some(oldest)) => {
            format!("the oldest is of {oldest}, and you asked for {moment} or before")
        }
        (PointChoice::Point(point), Some(_)) => {
            let there: Vec<&PointId> = of_host().map(|(seen, _)| &seen.place.point).collect();
            format!("there is no point {point}; {}; `sonae points` lists all", nearest_points(point, there))
        }
    };
    Fault::permanent(Cause::NotFound, format!("choose a recovery point of {target}"), answer)
}

/// So many points are named in place of one that is not there.
const NEAREST_POINTS: usize = 3;

/// Those that were made for times nearest to its own.
fn nearest_points(point: &PointId, mut there: Vec<&PointId>) -> String {
    let apart = |other: &PointId| other.slot.time().duration_since(point.slot.time()).abs();
    there.sort_by_key(|other| (apart(other), *other));
    there.dedup();
    there.truncate(NEAREST_POINTS);
    match there.as_slice() {
        [one] => format!("the nearest is {one}"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(ToString::to_string).collect();
            format!("the nearest are {} and {last}", first.join(", "))
        }
        [] => "there is none".into(),
    }
}

/// Why the destination will not do, for what comes to these totals.
fn destination_fault(into: &PathBytes, there: &DestinationSeen, needed: Option<&Totals>) -> Option<Fault> {
    let action = || format!("restore into {into}");
    match (&there.exists, &there.free) {
        (Err(fault), _) => Some(fault.clone()),
        (Ok(true), _) => Some(Fault::permanent(
            Cause::Exists,
            action(),
            "something is there, and a restore goes beside, never over: name another folder with --into, or move it away",
        )),
        (Ok(false), Ok(free))
            if let Some(needed) = needed
                && *free < needed.space() =>
        {
            let (needed, free) = (ByteSize(needed.space()), ByteSize(*free));
            Some(Fault::permanent(Cause::Full, action(), format!("it needs {needed}, and {free} are free")))
        }
        _ => None,
    }
}

/// What killed restores to the same destination left: of runs that this host knows to have ended, and of those that are older than
/// any restore that is alive. Whoever restores holds the destination's lock, so none of this host is.
pub(super) fn leftovers(there: Option<&DestinationSeen>, observed: &Observed) -> Vec<PathBytes> {
    let seen = there.and_then(|there| there.staging.as_ref().ok()).into_iter().flatten();
    let is_old = |seen: &StagingSeen| {
        let age_s = |since: i64| observed.at.as_second().saturating_sub(since);
        age_s(seen.run.began().as_second()).min(age_s(seen.mtime_s)) >= ALIVE.as_secs()
    };
    let left = seen.filter(|seen| observed.ended.contains(&seen.run) || is_old(seen));
    left.map(|seen| seen.folder.clone()).collect()
}
