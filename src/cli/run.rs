//! `sonae run`, and what every command that acts has in common: print the forecast, or carry it out.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;

use super::arguments::{Dry, Form, Pace, RunArguments, RunForm};
use super::hold::{Asker, Held, hold, unless_interrupted};
use super::locks::Resource;
use super::{
    Failure, Seams, accept, databases, host, ledger, load, locks, output, pins, slices, terminal, times, world,
};
use crate::calendar;
use crate::catalog;
use crate::drivers::{Disk, SvnPrograms, SystemClock, TemporaryTables};
use crate::forecast::{self, Circumstances, Forecast, Outlook};
use crate::observe::{self, Reading};
use crate::plan::Plan;
use crate::ports::Fault;
use crate::primitives::{Duration, JobName, RunId};
use crate::report::{self, runbook::DryRun};
use crate::run::{ExitStatus, Outcome, Ports, Times, forget};

pub(super) fn run(arguments: &RunArguments, seams: &Seams) -> Result<ExitStatus, Failure> {
    let loaded = load::load_for(arguments.pace.quiet && !arguments.dry.dry_run, &arguments.plan)?;
    if arguments.accepted {
        accept::require(&arguments.plan, &loaded.proven)?;
    }
    let (plan, form) = (loaded.proven.plan(), form(arguments)?);
    let host = host::name(arguments.host.as_deref())?;
    let jobs = choose(plan, &arguments.jobs)?;
    if jobs.is_empty() {
        return Err(Failure::error("the plan has no backup to run"));
    }
    let jobs = slices::of_host(plan, jobs, !arguments.jobs.is_empty(), &host)?;
    let who = Circumstances {
        host,
        base: loaded.base.clone(),
        fetched: world::fetched(),
        superuser: host::is_superuser(),
        superuser_on: BTreeSet::new(),
        accept_shrink: arguments.accept_shrink,
        slots: BTreeMap::new(),
        accept_deletions: arguments.accept_deletions,
        accept_old_image: false,
        fail_fast: arguments.fail_fast,
    };
    let graph = loaded.proven.graph().of_jobs(&jobs);
    let now = as_of(&arguments.dry, plan)?;
    if !arguments.dry.dry_run {
        slices::refuse(&graph)?;
    }
    let untold: Vec<String> = slices::untold(plan).into_iter().collect();
    if arguments.dry.dry_run && arguments.format == RunForm::Text {
        untold.iter().for_each(|line| output::say(line));
    }
    let print_page = |outlook: &Outlook, beside: &[String]| {
        let status = foretold(outlook, &arguments.dry);
        output::data(&report::html::run(outlook, plan, beside, status)).map(|()| status)
    };
    if arguments.dry.offline {
        let outlook = forecast::unasked(plan, &graph, now.unwrap_or_else(jiff::Timestamp::now), &who, None);
        return match arguments.format {
            RunForm::Html => print_page(&outlook, &untold),
            RunForm::Mermaid | RunForm::Dot => draw(&outlook, arguments),
            RunForm::Text | RunForm::Json => print(&outlook, &arguments.dry, form),
        };
    }
    let locations = forecast::locations(plan, &loaded.base);
    let stores = world::reading(&locations);
    let observed = async || {
        let reading = Reading {
            tree: &Disk,
            hosts: &BTreeMap::new(),
            stores: &stores,
            subversion: &SvnPrograms,
            databases: &world::databases(),
            machines: &*world::machines(),
            scratch: &TemporaryTables,
            clock: &SystemClock,
        };
        observe::observe(&graph, &reading, &plan.name.value, &who.host).await
    };
    world::runtime()?.block_on(async {
        if arguments.dry.dry_run {
            let mut observed = observed().await;
            observed.at = now.unwrap_or(observed.at);
            let outlook = forecast::backup(plan, &graph, &observed, &who);
            let read = if form == Form::Text { pins::told_read(&stores, &outlook).await } else { vec![] };
            if arguments.format == RunForm::Html {
                return print_page(&outlook, &[untold, read].concat());
            }
            if let RunForm::Mermaid | RunForm::Dot = arguments.format {
                return draw(&outlook, arguments);
            }
            read.iter().for_each(|line| output::say(line));
            return print(&outlook, &arguments.dry, form);
        }
        let state = world::state()?;
        let finder = locks::Finder { tree: &Disk, stores: &stores };
        let chosen = plan.jobs().filter(|(job, _)| jobs.contains(job));
        let prefix = |job: &JobName| catalog::host_prefix(&plan.name.value, job, &who.host);
        let mut written = finder.jobs(chosen.map(|(job, store)| (store, prefix(&job))).collect()).await?;
        let of_databases = databases::jobs(plan).filter(|of| jobs.contains(&of.job));
        written.extend(of_databases.map(|of| Resource::of_database_job(&plan.name.value, &of.job)));
        let asker = Asker { state: &state, locations: &locations, plan: arguments.plan.display().to_string() };
        let named = |at| forecast::run_id(plan, &who.host, at);
        let mut interrupts = terminal::interrupts()?;
        // Before anything is looked at: what another run of the job is doing must not be taken for a leftover.
        let held = hold(&asker, &written, &named, waits(arguments.lock_wait), &mut interrupts).await?;
        held.during(async |held| {
            let mut observed = unless_interrupted(&mut interrupts, observed()).await?;
            // The run has the name that its leases have.
            observed.at = held.at;
            let forecast = performable(forecast::backup(plan, &graph, &observed, &who))?;
            held.settle(&asker, &forecast).await?;
            carry_out(forecast, form, &arguments.pace, held, &mut interrupts, seams).await
        })
        .await
    })
}

/// The form of the summary. A page is of what would happen.
pub(super) fn form(arguments: &RunArguments) -> Result<Form, Failure> {
    match arguments.format {
        RunForm::Json => Ok(Form::Json),
        RunForm::Text => Ok(Form::Text),
        RunForm::Html | RunForm::Mermaid | RunForm::Dot if arguments.dry.dry_run => Ok(Form::Text),
        RunForm::Html => Err(only_dry("html")),
        RunForm::Mermaid => Err(only_dry("mermaid")),
        RunForm::Dot => Err(only_dry("dot")),
    }
}

fn draw(outlook: &Outlook, arguments: &RunArguments) -> Result<ExitStatus, Failure> {
    output::data(&drawn(Some(outlook), arguments.format)).map(|()| foretold(outlook, &arguments.dry))
}

/// A graph in the words of a program that draws; an empty one where there is nothing to do.
pub(super) fn drawn(outlook: Option<&Outlook>, form: RunForm) -> String {
    match (form, outlook) {
        (RunForm::Dot, Some(outlook)) => report::diagram::dot(outlook, None),
        (RunForm::Dot, None) => "digraph {\n}\n".to_owned(),
        (_, Some(outlook)) => report::diagram::mermaid(outlook, None),
        (_, None) => "flowchart TD\n".to_owned(),
    }
}

/// Refuses a form of dry runs alone.
pub(super) fn only_dry(form: &str) -> Failure {
    Failure::usage(format!("--format {form} shows what would happen: add --dry-run"))
}

/// How long to wait for others, if at all.
pub(super) fn waits(given: Option<Duration>) -> Option<std::time::Duration> {
    given.map(Duration::to_std)
}

/// The time that a dry run is as of, where one was given.
pub(super) fn as_of(dry: &Dry, plan: &Plan) -> Result<Option<jiff::Timestamp>, Failure> {
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(jiff::tz::TimeZone::UTC);
    dry.now.as_deref().map(|text| times::parse(text, &zone)).transpose()
}

/// The jobs that are named, or all.
pub(super) fn choose(plan: &Plan, named: &[String]) -> Result<BTreeSet<JobName>, Failure> {
    let all: BTreeSet<JobName> = plan.job_names().collect();
    if named.is_empty() {
        return Ok(all);
    }
    let known = |text: &String| {
        let job = JobName::parse(text).map_err(|bad| Failure::usage(format!("{}; {}", bad.problem, bad.help)))?;
        if all.contains(&job) {
            return Ok(job);
        }
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        let near = crate::diagnostic::nearest(text, names.iter().map(String::as_str));
        let help =
            near.map_or_else(|| format!("its jobs are {}", names.join(", ")), |near| format!("did you mean {near}?"));
        Err(Failure::usage(format!("the plan has no job {job}; {help}")))
    };
    named.iter().map(known).collect()
}

/// Carries a forecast out. What is held is held until it is over, and longer.
pub(super) async fn carry_out(
    forecast: Forecast,
    form: Form,
    pace: &Pace,
    held: &Held,
    interrupts: &mut mpsc::Receiver<()>,
    seams: &Seams,
) -> Result<ExitStatus, Failure> {
    held.note(&forecast.run).await;
    let ports = Ports { leases: held.keeper.leases(), ..world::writing(&forecast, &held.state, seams) };
    tidy(&ports).await;
    let watch = ledger::watched(terminal::watch(pace.quiet, Times::default()), &held.state, None).await?;
    let run = forecast.run.clone();
    let outcome = crate::run::run(forecast, pace.side_by_side, &ports, &watch, interrupts).await;
    watch.close().await;
    let outcome = outcome.map_err(|fault| stopped(&run, &fault))?;
    Ok(tell(&outcome, form, pace.quiet))
}

/// Removes journals of runs that ended long ago. Where that fails, it is said, and is no reason not to run.
pub(super) async fn tidy(ports: &Ports) {
    if let Err(fault) = forget(&*ports.journal, ports.clock.now()).await {
        output::say(&format!("old journals stay: {fault}"));
    }
}

/// The journal could not be written: what was begun is in doubt, and the journal so far tells what to look at.
pub(super) fn stopped(run: &RunId, fault: &Fault) -> Failure {
    let message = format!(
        "the run was stopped, because its journal cannot be written: {fault}; mend that, then `sonae resume {run}`"
    );
    Failure { status: ExitStatus::Failed, message }
}

/// The forecast of what was not refused.
pub(super) fn performable(outlook: Outlook) -> Result<Forecast, Failure> {
    outlook
        .performable()
        .map_err(|step| Failure::error(format!("nothing is known of {}, so nothing was done", step.name)))
}

/// The dry run.
pub(super) fn print(forecast: &Outlook, dry: &Dry, form: Form) -> Result<ExitStatus, Failure> {
    match form {
        Form::Text => output::data(&report::forecast::text(forecast))?,
        Form::Json => output::json(&DryRun { forecast, runbook: None })?,
    }
    Ok(foretold(forecast, dry))
}

/// What a dry run ends with.
pub(super) fn foretold(forecast: &Outlook, dry: &Dry) -> ExitStatus {
    match forecast.foreseen().next() {
        Some(_) => ExitStatus::Failed,
        // It would be refused.
        None if forecast.steps.iter().any(|step| step.lacks().is_some()) => ExitStatus::Error,
        None if forecast.suspends() => ExitStatus::Findings,
        None if dry.detailed_exitcode => ExitStatus::Changes,
        None => ExitStatus::Well,
    }
}

/// The summary and the exit status, from one value. A summary that cannot be printed changes nothing of what became of the run: that is
/// told on standard error, and the exit status is the run's.
pub(super) fn tell(outcome: &Outcome, form: Form, quiet: bool) -> ExitStatus {
    let status = outcome.end.exit();
    if quiet && status == ExitStatus::Well {
        return status;
    }
    let place = |store: &_, key: &_| world::place(&outcome.forecast.stores, store, key);
    let printed = match form {
        Form::Text => output::data(&report::outcome::text(outcome, &place)),
        Form::Json => output::json(outcome),
    };
    if let Err(failure) = printed {
        output::say(&format!("sonae: the summary could not be printed: {}", failure.message));
        output::say(&report::outcome::closing(outcome));
    }
    status
}
