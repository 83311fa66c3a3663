//! `sonae points`.

use std::path::Path;

use super::arguments::Form;
use super::{Failure, databases, load, output, run, slices, world};
use crate::catalog;
use crate::observe::{self, PointsSeen};
use crate::primitives::{JobName, Name};
use crate::report::hidden::{self, JobHidden};
use crate::report::points::{JobPoints, report, text};
use crate::run::ExitStatus;

pub(super) fn points(file: &Path, jobs: &[String], form: Form) -> Result<ExitStatus, Failure> {
    let loaded = load::load(file)?;
    let plan = loaded.proven.plan();
    let chosen = run::choose(plan, jobs)?;
    let stores = world::reading(&crate::forecast::locations(plan, &loaded.base));
    let mut status = ExitStatus::Well;
    let (seen, of_databases) = world::runtime()?.block_on(async {
        let (mut seen, mut of_databases): (Vec<(JobName, Name, PointsSeen)>, _) = (vec![], vec![]);
        for (job, store) in slices::asked(plan, &chosen, &stores) {
            let prefix = catalog::job_prefix(&plan.name.value, &job);
            let points = observe::points(&*stores[&store], &prefix).await?;
            seen.push((job, store, points));
        }
        let provider = world::databases();
        for of in databases::jobs(plan).filter(|of| chosen.contains(&of.job)) {
            match of.points(&provider, &plan.name.value).await {
                Ok(points) => of_databases.push(points),
                Err(fault) => {
                    output::say(&format!("{}: what is kept of {} is not known: {fault}", of.job, of.database));
                    status = ExitStatus::Failed;
                }
            }
        }
        Ok::<_, Failure>((seen, of_databases))
    })?;
    let table: Vec<JobPoints<'_>> = seen.iter().map(|(job, store, seen)| JobPoints { job, store, seen }).collect();
    match form {
        Form::Text => output::data(&text(&table, &of_databases, &plan.timezone.value))?,
        Form::Json => output::json(&report(&table, &of_databases))?,
    }
    Ok(status)
}

/// `sonae points --deleted`: those that a store still hides. A provider's snapshots are gone when they are deleted.
pub(super) fn deleted(file: &Path, jobs: &[String], form: Form) -> Result<ExitStatus, Failure> {
    let loaded = load::load(file)?;
    let plan = loaded.proven.plan();
    let chosen = run::choose(plan, jobs)?;
    let stores = world::reading(&crate::forecast::locations(plan, &loaded.base));
    let found = world::runtime()?.block_on(async {
        let mut found = vec![];
        for (job, store) in slices::asked(plan, &chosen, &stores) {
            let open = &*stores[&store];
            let keeping = open.keeping().await;
            let points = if keeping.is_gone() {
                vec![]
            } else {
                observe::hidden(open, &catalog::job_prefix(&plan.name.value, &job)).await?
            };
            found.push(JobHidden { job, store, keeping, points });
        }
        Ok::<_, Failure>(found)
    })?;
    match form {
        Form::Text => output::data(&hidden::text(&found, &plan.timezone.value))?,
        Form::Json => output::json(&hidden::report(&found))?,
    }
    Ok(ExitStatus::Well)
}
