//! `sonae status`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::arguments::{Page, StatusArguments};
use super::ledger::Asked;
use super::{Failure, databases, host, load, output, run, slices, times, world};
use crate::calendar;
use crate::catalog::{self, FirstSeen};
use crate::forecast;
use crate::ledger::{self, Known, Source, Standing, standings};
use crate::observe;
use crate::plan::Plan;
use crate::ports::{DatabasesRead, Fault, LedgerRead as _, LedgerWrite as _, PointRow, Series, StoreRead};
use crate::primitives::{JobName, Name, Slot};
use crate::report;
use crate::report::status::Urgency;
use crate::run::ExitStatus;

/// How the jobs of a plan stand (`sonae status --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Jobs<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// As of when.
    at: Timestamp,
    /// Each of them.
    jobs: &'a [Standing],
}

pub(super) fn status(arguments: &StatusArguments) -> Result<ExitStatus, Failure> {
    let stands = stands(arguments);
    if !arguments.nagios {
        let (timezone, standings, now) = stands?;
        return tell(&standings, &timezone, now, arguments.page.format);
    }
    // A monitoring plugin says everything on one line, also that it cannot say anything.
    let (line, status) = match stands {
        Ok((timezone, standings, _)) => {
            let (line, urgency) = report::status::nagios(&standings, &timezone);
            (line, monitored(urgency))
        }
        Err(failure) => {
            (format!("SONAE UNKNOWN - {}\n", crate::primitives::on_one_line(&failure.message)), ExitStatus::Weakening)
        }
    };
    output::data(&line)?;
    Ok(status)
}

/// The exit statuses of monitoring plugins are their own, and are the same numbers as three of this program's.
fn monitored(urgency: Urgency) -> ExitStatus {
    match urgency {
        Urgency::Ok => ExitStatus::Well,
        Urgency::Warning => ExitStatus::Error,
        Urgency::Critical => ExitStatus::Changes,
    }
}

fn tell(standings: &[Standing], timezone: &str, now: Timestamp, page: Page) -> Result<ExitStatus, Failure> {
    match page {
        Page::Text => output::data(&report::status::text(standings, timezone))?,
        Page::Markdown => output::data(&report::status::markdown(standings, timezone))?,
        Page::Json => output::json(&Jobs { format_version: 1, at: now, jobs: standings })?,
    }
    let well = standings.iter().all(|standing| standing.findings.is_empty());
    Ok(if well { ExitStatus::Well } else { ExitStatus::Findings })
}

fn stands(arguments: &StatusArguments) -> Result<(String, Vec<Standing>, Timestamp), Failure> {
    let loaded = load::load_for(arguments.nagios, &arguments.plan)?;
    let plan = loaded.proven.plan();
    let jobs = run::choose(plan, &arguments.jobs)?;
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(jiff::tz::TimeZone::UTC);
    let as_of = arguments.now.as_deref().map(|text| times::parse(text, &zone)).transpose()?;
    let series = series(plan, &loaded, arguments.host.as_deref())?;
    let host = host::name(arguments.host.as_deref())?;
    let jobs = slices::of_host(plan, jobs, !arguments.jobs.is_empty(), &host)?;
    let undone = slices::undone(loaded.proven.graph());
    let stores = world::reading(&forecast::locations(plan, &loaded.base));
    let known = world::runtime()?.block_on(async {
        let asked = Asked::open().await?;
        let mut known = BTreeMap::new();
        // Those of the same target as well, as any of its backups keeps its objective.
        let of_targets: BTreeSet<&Name> = jobs.iter().map(|job| &job.target).collect();
        let of_them = plan.jobs().filter(|(job, _)| of_targets.contains(&job.target) && !undone.contains_key(job));
        for (job, store) in of_them {
            let store = (!arguments.offline).then(|| &*stores[&store]);
            known.insert(job.clone(), of_job(&asked, &series[&job], store, as_of.is_none()).await?);
        }
        let provider = world::databases();
        let of_them =
            databases::jobs(plan).filter(|of| of_targets.contains(&of.job.target) && !undone.contains_key(&of.job));
        for of in of_them {
            let provider = (!arguments.offline).then_some(&provider as &dyn DatabasesRead);
            let series = databases::series(&plan.name.value, &host, &of);
            let stands = asked.ask(async |ledger| of.known(provider, ledger, &series).await).await?;
            known.insert(of.job, stands);
        }
        Ok::<_, Failure>(known)
    })?;
    let now = as_of.unwrap_or_else(Timestamp::now);
    let mut standings = standings(plan, now, |job| known.get(job).cloned(), |job| undone.get(job).cloned());
    standings.retain(|standing| jobs.contains(&standing.job));
    Ok((plan.timezone.value.clone(), standings, now))
}

/// Whose points each job's are, on this host or the one that is named.
fn series(plan: &Plan, loaded: &load::Loaded, host: Option<&str>) -> Result<BTreeMap<JobName, Series>, Failure> {
    let host = host::name(host)?;
    let locations = forecast::locations(plan, &loaded.base);
    let of = |(job, store)| {
        let place = locations.get(&store).map(ledger::place).unwrap_or_default();
        (JobName::clone(&job), Series { plan: plan.name.value.clone(), job, host: host.clone(), place })
    };
    Ok(plan.jobs().map(of).collect())
}

/// What the ledger and the store say of a job. Where the store is not to be asked, does not answer, or shows nothing although there was
/// something, points are told from the ledger, and that is said. `remembers` is whether the ledger takes in what the store shows.
async fn of_job(
    asked: &Asked,
    series: &Series,
    store: Option<&dyn StoreRead>,
    remembers: bool,
) -> Result<Known, Failure> {
    let (last_run, remembered) =
        asked.ask(async |ledger| Ok((ledger.last_run(series).await?, ledger.points(series).await?))).await?;
    let from_ledger =
        |from: Source| Known { points: remembered.clone(), from, last_run: last_run.clone(), ..Known::default() };
    let Some(store) = store else { return Ok(from_ledger(Source::Ledger)) };
    let Shown { points, unusable, first_seen } = match shown(store, series).await {
        Err(fault) => return Ok(from_ledger(Source::Unanswered(fault.to_string()))),
        Ok(Shown { points, unusable: 0, .. }) if points.is_empty() && !remembered.is_empty() => {
            return Ok(from_ledger(Source::Vanished));
        }
        Ok(shown) => shown,
    };
    // What the store shows is remembered for the day on which it does not answer. That it cannot be is no trouble of today.
    if remembers && points != remembered {
        let _best_effort = asked.ledger.see(series, &points, Timestamp::now()).await;
    }
    Ok(Known { points, from: Source::Store, last_run, unusable, first_seen })
}

/// What a store shows of a job: its good points, how many others, and since when it has a schedule.
struct Shown {
    points: Vec<PointRow>,
    unusable: u64,
    first_seen: Vec<FirstSeen>,
}

async fn shown(store: &dyn StoreRead, series: &Series) -> Result<Shown, Fault> {
    let prefix = catalog::host_prefix(&series.plan, &series.job, &series.host);
    let seen = observe::points(store, &prefix).await?;
    let points: Vec<PointRow> = seen.readable().map(|(_, manifest)| ledger::made(series, manifest)).collect();
    let unusable = (seen.points.len() - points.len()) as u64;
    // Behind the keys of all points that there are so far stand the records alone.
    let first_seen = observe::slots(store, &prefix, Some(Slot::new(Timestamp::now()))).await?.first_seen;
    Ok(Shown { points, unusable, first_seen })
}
