//! `sonae restore`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::arguments::{Form, RestoreArguments};
use super::hold::{Asker, Held, hold, unless_interrupted};
use super::{Failure, Seams, host, load, locks, output, run, slices, terminal, times, world};
use crate::calendar;
use crate::catalog::{self, Manifest, PointPlace, Totals};
use crate::diagnostic::nearest;
use crate::drivers::{Disk, SvnPrograms, SystemClock, TemporaryTables};
use crate::forecast::{self, Circumstances, Outlook, PointChoice, RestoreWish};
use crate::graph::{Graph, Slice};
use crate::observe::{self, Observed, Reading};
use crate::plan::Plan;
use crate::ports::Fault;
use crate::primitives::{HostPath, JobName, Name, PathBytes, PointId, RunId};
use crate::prove::ProvenPlan;
use crate::report;
use crate::run::{ExitStatus, recorded};
use crate::steps;

pub(super) fn restore(arguments: &RestoreArguments, seams: &Seams) -> Result<ExitStatus, Failure> {
    let loaded = load::load(&arguments.plan)?;
    let plan = loaded.proven.plan();
    let mut wish = wish(arguments, plan)?;
    let who = Circumstances {
        superuser: host::is_superuser(),
        fetched: world::fetched(),
        ..Circumstances::plain(host::name(None)?, loaded.base.clone())
    };
    let graph = loaded.proven.graph().of_restore(&wish.restore);
    let graph = match (&wish.only, &wish.into) {
        (None, None) => graph,
        (only, _) => graph.beside(only.is_none()),
    };
    if !arguments.dry.dry_run {
        slices::refuse(&graph)?;
    }
    let now = run::as_of(&arguments.dry, plan)?;
    if arguments.dry.offline {
        let (at, slice) = (now.unwrap_or_else(jiff::Timestamp::now), Slice::Restore(wish.restore.clone()));
        return print(&forecast::unasked(plan, &graph, at, &who, Some(&slice)), arguments, &loaded.proven);
    }
    let into: Vec<HostPath> = match &wish.into {
        Some(into) => {
            wish.planned = Some(only_destination(&graph)?);
            vec![HostPath::here(into.clone())]
        }
        None => graph.destinations(),
    };
    let locations = forecast::locations(plan, &loaded.base);
    let named = graph.steps().iter().filter_map(|step| step.kind.host());
    let hosts = forecast::host_locations(plan, &loaded.base, named);
    let superuser_on = hosts.iter().filter(|(_, at)| at.user.as_deref() == Some("root")).map(|(name, _)| name.clone());
    let who = Circumstances { superuser_on: superuser_on.collect(), ..who };
    let hosts = world::reading_hosts(&hosts);
    let stores = world::reading(&locations);
    let observed = async |held: Option<&Held>| {
        let reading = Reading {
            tree: &Disk,
            hosts: &hosts,
            stores: &stores,
            subversion: &SvnPrograms,
            scratch: &TemporaryTables,
            clock: &SystemClock,
        };
        let mut observed = observe::observe(&graph, &reading, &plan.name.value, &who.host).await;
        observe::destinations(&reading, &into, &mut observed).await;
        observed.at = now.unwrap_or(observed.at);
        observed.ended = ended(&observed, held).await;
        if let Some(only) = &wish.only {
            observed.parts = parts(&reading, &forecast::chosen(&graph, &observed, &who, &wish), only).await;
        }
        observed
    };
    world::runtime()?.block_on(async {
        if arguments.dry.dry_run {
            let outlook = forecast::restore(plan, &graph, &observed(None).await, &who, &wish);
            return print(&outlook, arguments, &loaded.proven);
        }
        let finder = locks::Finder { tree: &Disk, stores: &stores };
        let mut resources = finder.destinations(&into).await?;
        // Before any point is looked at, so that none is deleted between its choice and its use.
        let read = graph.recovered().into_iter();
        let prefix = |job: &JobName| catalog::job_prefix(&plan.name.value, job);
        resources.extend(finder.points(read.map(|(job, store)| (store, prefix(&job))).collect()).await?);
        let state = world::state()?;
        let asker = Asker { state: &state, locations: &locations, plan: arguments.plan.display().to_string() };
        let named = |at| forecast::run_id(plan, &who.host, at);
        let mut interrupts = terminal::interrupts()?;
        let held = hold(&asker, &resources, &named, run::waits(arguments.lock_wait), &mut interrupts).await?;
        held.during(async |held| {
            let observed = unless_interrupted(&mut interrupts, observed(Some(held))).await?;
            let forecast = run::performable(forecast::restore(plan, &graph, &observed, &who, &wish))?;
            // In the middle of the night a restore that cannot succeed is better refused at once, with nothing half done.
            if let Some((step, fault)) = forecast.refused() {
                return Err(Failure::error(format!("{} would fail, so nothing was done: {fault}", step.name)));
            }
            let form = arguments.dry.format.format;
            run::carry_out(forecast, form, &arguments.pace, held, &mut interrupts, seams).await
        })
        .await
    })
}

/// The dry run, and how long it takes where that is promised. Without some of its steps, it takes less.
fn print(outlook: &Outlook, arguments: &RestoreArguments, proven: &ProvenPlan) -> Result<ExitStatus, Failure> {
    let status = run::print(outlook, &arguments.dry)?;
    let mut times = proven.proofs().restores.iter();
    let time = times.find(|time| time.restore.as_str() == arguments.name).filter(|_| arguments.path.is_none());
    if let (Form::Text, Some(time)) = (arguments.dry.format.format, time) {
        output::data(&format!("\n{}", report::proofs::time(time)))?;
    }
    Ok(status)
}

fn wish(arguments: &RestoreArguments, plan: &Plan) -> Result<RestoreWish, Failure> {
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(jiff::tz::TimeZone::UTC);
    let malformed = |what: &str, bad: crate::primitives::Malformed| {
        Failure::usage(format!("{what}: {}; {}", bad.problem, bad.help))
    };
    let choice = match (&arguments.at, &arguments.point) {
        (Some(at), _) => PointChoice::At(times::parse(at, &zone)?),
        (None, Some(point)) => PointChoice::Point(PointId::parse(point).map_err(|bad| malformed("--point", bad))?),
        (None, None) => PointChoice::Latest,
    };
    let from_host = arguments.from_host.as_deref().map(Name::parse).transpose();
    Ok(RestoreWish {
        restore: named(plan, &arguments.name)?,
        choice,
        from_host: from_host.map_err(|bad| malformed("--from-host", bad))?,
        only: arguments.path.as_ref().map(PathBytes::from_path),
        into: arguments.into.as_deref().map(load::absolute).transpose()?,
        planned: None,
    })
}

/// What one path comes to in each of these points, as their contents say.
async fn parts(
    reading: &Reading<'_>,
    points: &[(&Name, &Manifest)],
    only: &PathBytes,
) -> BTreeMap<PointPlace, Result<Totals, Fault>> {
    let mut parts = BTreeMap::new();
    for (store, manifest) in points {
        if let Some(store) = reading.stores.get(store) {
            parts.insert(manifest.place(), steps::part_totals(&**store, reading.scratch, manifest, only).await);
        }
    }
    parts
}

/// Of the runs that left something beside a destination, those whose journals say that they ended. Where a dry run finds no place for
/// journals, none is known.
async fn ended(observed: &Observed, held: Option<&Held>) -> BTreeSet<RunId> {
    let state = match held {
        Some(held) => Arc::clone(&held.state),
        None => match world::state() {
            Ok(state) => state,
            Err(_) => return BTreeSet::new(),
        },
    };
    let left = observed.destinations.values().filter_map(|there| there.staging.as_ref().ok()).flatten();
    let mut ended = BTreeSet::new();
    for seen in left {
        // A journal that cannot be believed says nothing.
        if let Ok(Some(found)) = recorded(&*state, &seen.run).await
            && found.state.end().is_some()
        {
            ended.insert(seen.run.clone());
        }
    }
    ended
}

/// The restore of that name.
fn named(plan: &Plan, name: &str) -> Result<Name, Failure> {
    if let Some(found) = plan.restores.iter().find(|restore| restore.name.value.as_str() == name) {
        return Ok(found.name.value.clone());
    }
    let names: Vec<&str> = plan.restores.iter().map(|restore| restore.name.value.as_str()).collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None if names.is_empty() => "it declares none".into(),
        None => format!("its restores are {}", names.join(", ")),
    };
    Err(Failure::usage(format!("the plan has no restore {name}; {help}")))
}

/// The one folder that `--into` stands for.
fn only_destination(graph: &Graph) -> Result<PathBytes, Failure> {
    match graph.destinations().as_slice() {
        [one] => Ok(one.path.clone()),
        several => Err(Failure::usage(format!(
            "--into is for a restore with one destination, and this one has {}",
            several.len()
        ))),
    }
}
