//! `sonae points`.

use std::path::Path;

use super::arguments::Form;
use super::{Failure, load, output, run, slices, world};
use crate::catalog;
use crate::observe::{self, PointsSeen};
use crate::primitives::{JobName, Name};
use crate::report::points::{JobPoints, report, text};
use crate::run::ExitStatus;

pub(super) fn points(file: &Path, jobs: &[String], form: Form) -> Result<ExitStatus, Failure> {
    let loaded = load::load(file)?;
    let plan = loaded.proven.plan();
    let chosen = run::choose(plan, jobs)?;
    let stores = world::reading(&crate::forecast::locations(plan, &loaded.base));
    let seen: Vec<(JobName, Name, PointsSeen)> = world::runtime()?.block_on(async {
        let mut seen = vec![];
        for (job, store) in slices::asked(plan, &chosen, &stores) {
            let prefix = catalog::job_prefix(&plan.name.value, &job);
            let points = observe::points(&*stores[&store], &prefix).await?;
            seen.push((job, store, points));
        }
        Ok::<_, Failure>(seen)
    })?;
    let table: Vec<JobPoints<'_>> = seen.iter().map(|(job, store, seen)| JobPoints { job, store, seen }).collect();
    match form {
        Form::Text => output::data(&text(&table, &plan.timezone.value))?,
        Form::Json => output::json(&report(&table))?,
    }
    Ok(ExitStatus::Well)
}
