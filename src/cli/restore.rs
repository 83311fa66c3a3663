//! `sonae restore`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::arguments::{Form, Pace, RestoreArguments, RestoreForm};
use super::hold::{Asker, Held, hold, unless_interrupted};
use super::locks::Resource;
use super::{Failure, Seams, host, load, locks, output, pins, run, slices, terminal, times, world};
use crate::calendar;
use crate::catalog::{self, Manifest, PointPlace, Totals};
use crate::diagnostic::nearest;
use crate::drivers::{Disk, SvnPrograms, SystemClock, TemporaryTables};
use crate::forecast::{
    self, Circumstances, Known, Outlook, PAST_RUNS_MAX, PastTime, PointChoice, RestoreWish, Runbook,
};
use crate::graph::{Graph, Slice};
use crate::observe::{self, Observed, Reading};
use crate::plan::Plan;
use crate::ports::{Fault, LedgerRead as _};
use crate::primitives::{HostPath, JobName, Name, PathBytes, PointId, RunId, command_line};
use crate::prove::ProvenPlan;
use crate::report;
use crate::report::runbook::{DryRun, Typed};
use crate::run::{ExitStatus, recorded};
use crate::steps;

pub(super) fn restore(arguments: &RestoreArguments, seams: &Seams) -> Result<ExitStatus, Failure> {
    let loaded = load::load(&arguments.plan)?;
    let plan = loaded.proven.plan();
    let mut wish = wish(arguments, plan)?;
    let who = Circumstances {
        superuser: host::is_superuser(),
        fetched: world::fetched(),
        accept_old_image: arguments.accept_old_image,
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
    let form = form(arguments)?;
    let show = Show { arguments, proven: &loaded.proven, graph: &graph, wish: wish.clone() };
    let now = run::as_of(&arguments.dry, plan)?;
    if arguments.dry.offline {
        let (at, slice) = (now.unwrap_or_else(jiff::Timestamp::now), Slice::Restore(wish.restore.clone()));
        let outlook = forecast::unasked(plan, &graph, at, &who, Some(&slice));
        return world::runtime()?.block_on(show.print(&outlook, None));
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
    let machines = world::machines();
    let observed = async |held: Option<&Held>| {
        let reading = Reading {
            tree: &Disk,
            hosts: &hosts,
            stores: &stores,
            subversion: &SvnPrograms,
            databases: &world::databases(),
            machines: &*machines,
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
            let observed = observed(None).await;
            return show.print(&forecast::restore(plan, &graph, &observed, &who, &wish), Some(&observed)).await;
        }
        let finder = locks::Finder { tree: &Disk, stores: &stores };
        let mut resources = finder.destinations(&into).await?;
        resources.extend(graph.databases().map(Resource::of_new_database));
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
            let gone = unless_interrupted(&mut interrupts, pins::pin(held, &locations, &forecast, &|_| true)).await??;
            if let Some(point) = gone.first() {
                return Err(Failure::error(format!("{}, so nothing was done: begin again", pins::gone(point))));
            }
            run::carry_out(forecast, form, &arguments.pace, held, &mut interrupts, seams).await
        })
        .await
    })
}

/// The form of the summary.
fn form(arguments: &RestoreArguments) -> Result<Form, Failure> {
    match arguments.format {
        RestoreForm::Text => Ok(Form::Text),
        RestoreForm::Json => Ok(Form::Json),
        _ if arguments.dry.dry_run => Ok(Form::Text),
        RestoreForm::Markdown => Err(run::only_dry("markdown")),
        RestoreForm::Html => Err(run::only_dry("html")),
        RestoreForm::Mermaid => Err(run::only_dry("mermaid")),
        RestoreForm::Dot => Err(run::only_dry("dot")),
    }
}

/// What the dry run is made from, beside its forecast.
struct Show<'a> {
    arguments: &'a RestoreArguments,
    proven: &'a ProvenPlan,
    graph: &'a Graph,
    wish: RestoreWish,
}

impl Show<'_> {
    /// The dry run, with how long it takes and took.
    async fn print(&self, outlook: &Outlook, observed: Option<&Observed>) -> Result<ExitStatus, Failure> {
        let Self { arguments, proven, graph, wish } = self;
        let time = proven.proofs().restores.iter().find(|time| time.restore == wish.restore);
        // Without some of its steps, it takes less.
        let whole = time.filter(|_| wish.only.is_none() && wish.into.is_none());
        let (past, past_unknown) = match &wish.only {
            // How long all of it took says nothing of one path.
            Some(_) => (BTreeMap::new(), None),
            None => match past(proven.plan(), &wish.restore).await {
                Ok(past) => (past, None),
                Err(failure) => (BTreeMap::new(), Some(failure.message)),
            },
        };
        let known = Known { proven: whole, observed, choice: Some(&wish.choice), past, past_unknown };
        let runbook = forecast::runbook(proven.plan(), graph, outlook, known);
        let typed = Typed { begin: begin(arguments, &runbook) };
        let times = time.filter(|_| wish.only.is_none()).map_or_else(String::new, report::proofs::time);
        let status = run::foretold(outlook, &arguments.dry);
        match arguments.format {
            RestoreForm::Text => output::data(&report::runbook::text(outlook, &runbook, &typed, &times))?,
            RestoreForm::Html => output::data(&report::html::restore(outlook, &runbook, &typed, &times, status))?,
            RestoreForm::Markdown => output::data(&report::runbook::markdown(outlook, &runbook, &typed))?,
            RestoreForm::Json => output::json(&DryRun { forecast: outlook, runbook: Some(&runbook) })?,
            RestoreForm::Mermaid => output::data(&report::diagram::mermaid(outlook, Some(&runbook)))?,
            RestoreForm::Dot => output::data(&report::diagram::dot(outlook, Some(&runbook)))?,
        }
        Ok(status)
    }
}

/// How long the steps of a restore took before, as far as the ledger knows. It is only read: a dry run changes nothing.
async fn past(plan: &Plan, restore: &Name) -> Result<BTreeMap<String, PastTime>, Failure> {
    let runs = world::ledger_looked_at()?.restores(&plan.name.value, restore, PAST_RUNS_MAX).await?;
    Ok(forecast::past_times(&runs))
}

/// The command line that begins the same for real.
fn begin(arguments: &RestoreArguments, runbook: &Runbook) -> String {
    let mut line = vec!["sonae".to_owned(), "restore".to_owned(), arguments.plan.display().to_string()];
    line.push(arguments.name.clone());
    let mut option =
        |word: &str, value: Option<String>| line.extend(value.into_iter().flat_map(|value| [word.to_owned(), value]));
    option("--at", arguments.at.clone());
    option("--point", arguments.point.clone());
    option("--path", arguments.path.as_ref().map(|path| path.to_string_lossy().into_owned()));
    option("--into", arguments.into.as_ref().map(|into| into.display().to_string()));
    option("--from-host", arguments.from_host.clone());
    let given = arguments.pace.side_by_side.get();
    let wide = runbook.side_by_side.max(given);
    option("--side-by-side", (wide != Pace::SIDE_BY_SIDE).then(|| wide.to_string()));
    line.extend(arguments.accept_old_image.then(|| "--accept-old-image".to_owned()));
    command_line(&line)
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
