//! `sonae unlock`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::arguments::{Form, UnlockArguments};
use super::{Failure, load, output, run, slices, world};
use crate::catalog::job_prefix;
use crate::drivers::SystemClock;
use crate::forecast;
use crate::plan::Plan;
use crate::ports::StoreWrite;
use crate::primitives::{Name, RunId};
use crate::report::lease::{JobLease, report, text, unbroken};
use crate::run::ExitStatus;
use crate::steps::{Broken, break_lease, leases_of};

type Stores = BTreeMap<Name, Arc<dyn StoreWrite>>;

pub(super) fn unlock(arguments: &UnlockArguments) -> Result<ExitStatus, Failure> {
    let loaded = load::load(&arguments.plan)?;
    let plan = loaded.proven.plan();
    let malformed = |bad: crate::primitives::Malformed| Failure::usage(format!("--run: {}; {}", bad.problem, bad.help));
    let run = arguments.run.as_deref().map(RunId::parse).transpose().map_err(malformed)?;
    let stores = world::stores(&forecast::locations(plan, &loaded.base));
    world::runtime()?.block_on(async {
        let mut leases = leases(arguments, plan, &stores).await?;
        if let Some(run) = &run {
            leases.retain(|(_, lease)| lease.seen.lease.as_ref().is_some_and(|lease| lease.holder.run == *run));
            if leases.is_empty() {
                let known = arguments.plan.display();
                let message =
                    format!("run {run} holds no lease of these jobs; `sonae unlock {known}` shows those there are");
                return Err(Failure::error(message));
            }
            for (prefix, lease) in &mut leases {
                break_one(arguments, &stores, prefix, run, lease).await?;
            }
        }
        let leases: Vec<JobLease> = leases.into_iter().map(|(_, lease)| lease).collect();
        match arguments.format.format {
            Form::Text => output::data(&text(&leases, arguments.dry_run))?,
            Form::Json => output::json(&report(&leases))?,
        }
        Ok(ExitStatus::Well)
    })
}

/// The leases of the jobs, each with what the keys of its job's points of its host begin with.
async fn leases(arguments: &UnlockArguments, plan: &Plan, stores: &Stores) -> Result<Vec<(String, JobLease)>, Failure> {
    let chosen = run::choose(plan, &arguments.jobs)?;
    let mut leases = vec![];
    for (job, store) in slices::asked(plan, &chosen, stores) {
        let all = job_prefix(&plan.name.value, &job);
        for shown in leases_of(&*stores[&store], &all, &SystemClock).await? {
            let host = shown.prefix.strip_prefix(&all).unwrap_or_default().trim_end_matches('/').to_owned();
            let lease = JobLease { job: job.clone(), host, store: store.clone(), seen: shown.seen, broken: false };
            leases.push((shown.prefix, lease));
        }
    }
    Ok(leases)
}

/// Breaks one; by the store's clock, as whoever would take it.
async fn break_one(
    arguments: &UnlockArguments,
    stores: &Stores,
    prefix: &str,
    run: &RunId,
    lease: &mut JobLease,
) -> Result<(), Failure> {
    let alive = match arguments.dry_run {
        true => (!arguments.force && !lease.seen.has_run_out()).then(|| Box::new(lease.seen.clone())),
        false => match break_lease(&*stores[&lease.store], prefix, run, arguments.force, &SystemClock).await? {
            Broken::Alive(seen) => Some(seen),
            Broken::Gone | Broken::NotThere => None,
        },
    };
    let Some(seen) = alive else {
        lease.broken = true;
        return Ok(());
    };
    let what = format!("job {} in {}", prefix.trim_end_matches('/'), lease.store);
    Err(Failure { status: ExitStatus::Locked, message: unbroken(&what, &seen) })
}
