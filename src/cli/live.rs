//! What lies in stores and at a provider of the jobs that another plan keeps otherwise: `sonae diff --live`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Failure, databases, output, slices, world};
use crate::calendar;
use crate::catalog::job_prefix;
use crate::diff::{Lying, kept_otherwise};
use crate::forecast::{self, StoreLocation, of_roots, snapshot_verdicts};
use crate::graph::{Graph, StepKind};
use crate::observe::{self, PointsSeen};
use crate::plan::{Backup, Plan, Way};
use crate::ports::{DatabaseSnapshot, Fault, StoreRead};
use crate::primitives::{JobName, Name, PathBytes, PointId, Slot};
use crate::prove::ProvenPlan;
use crate::report::points::DatabasePoints;
use crate::retention::{Rules, Verdict};

/// What lies of each job that the two plans keep otherwise, and which of it goes.
///
/// # Errors
/// When a store or a provider cannot be asked: then nobody knows what would be deleted.
pub(super) fn lying(old: &Plan, new: &ProvenPlan, base: &PathBytes, now: Timestamp) -> Result<Vec<Lying>, Failure> {
    let plan = new.plan();
    let jobs = kept_otherwise(old, plan);
    if jobs.is_empty() {
        return Ok(vec![]);
    }
    let hosts = |job: &JobName| {
        let target = plan.targets.iter().find(|target| target.name.value == job.target);
        target.into_iter().flat_map(|target| &target.hosts).map(|host| host.value.clone()).collect()
    };
    let hosts = jobs.iter().map(|(job, _)| (job.clone(), hosts(job))).collect();
    let asked =
        Asked { rules: jobs.iter().map(|(job, of)| (job.clone(), Keeping::of(old, plan, of))).collect(), hosts, now };
    let chosen: BTreeSet<JobName> = jobs.into_iter().map(|(job, _)| job).collect();
    let locations = forecast::locations(plan, base);
    let stores = world::reading(&locations);
    world::runtime()?.block_on(async {
        let mut found = vec![];
        for (job, store) in slices::asked(plan, &chosen, &stores) {
            let Some(roots) = roots_of(new.graph(), &job) else {
                output::say(&format!(
                    "{job}: what lies in {store} was not counted, as this version cannot carry it out"
                ));
                continue;
            };
            is_here(&locations, &store)?;
            let seen = seen(&stores, &store, &job_prefix(&plan.name.value, &job)).await?;
            found.extend(asked.in_store(&job, &store, &seen, roots));
        }
        let provider = world::databases();
        // Of automated backups, the days that the plan says are all there is to know.
        let is_counted =
            |of: &databases::DatabaseJob<'_>| chosen.contains(&of.job) && matches!(of.backup.way, Way::Snapshot(_));
        for of in databases::jobs(plan).filter(is_counted) {
            let points = of.points(&provider, &plan.name.value).await.map_err(|fault| unknown(&of.database, &fault))?;
            found.extend(asked.at_provider(&plan.name.value, &points));
        }
        Ok(found)
    })
}

/// A folder that is not here is one of another machine, of which an empty answer would say nothing.
fn is_here(locations: &BTreeMap<Name, StoreLocation>, store: &Name) -> Result<(), Failure> {
    match locations.get(store) {
        Some(StoreLocation::Local(folder)) if !folder.to_path().is_dir() => Err(Failure::error(format!(
            "what lies in {store} is not known, so what goes was not counted: there is no folder {folder} on this machine"
        ))),
        _ => Ok(()),
    }
}

async fn seen(stores: &BTreeMap<Name, Arc<dyn StoreRead>>, store: &Name, prefix: &str) -> Result<PointsSeen, Failure> {
    observe::points(&*stores[store], prefix).await.map_err(|fault| unknown(store, &fault))
}

fn unknown(place: &dyn std::fmt::Display, fault: &Fault) -> Failure {
    Failure::error(format!("what lies in {place} is not known, so what goes was not counted: {fault}"))
}

/// What a job holds; none where it cannot be carried out.
fn roots_of<'g>(graph: &'g Graph, of: &JobName) -> Option<&'g [PathBytes]> {
    graph.steps().iter().find_map(|step| match &step.kind {
        StepKind::Pack { job, roots, .. } if job == of => Some(&**roots),
        _ => None,
    })
}

/// Of one job, what is kept by either plan.
struct Keeping([(Rules, TimeZone); 2]);

impl Keeping {
    fn of(old: &Plan, new: &Plan, [before, after]: &[&Backup; 2]) -> Self {
        let of = |plan: &Plan, backup: &Backup| {
            let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
            (backup.retention.as_ref().map(Rules::of).unwrap_or_default(), zone)
        };
        Self([of(old, before), of(new, after)])
    }

    /// The points that the newer lets go and the older does not.
    fn goes(&self, verdicts: impl Fn(&Rules, &TimeZone) -> BTreeMap<PointId, Verdict>) -> BTreeSet<PointId> {
        let kept = |(rules, zone): &(Rules, TimeZone), keeps: bool| -> BTreeSet<PointId> {
            // Without rules everything is kept.
            let decided = verdicts(rules, zone).into_iter();
            decided.filter(|(_, verdict)| (rules.is_empty() || verdict.keeps()) == keeps).map(|(id, _)| id).collect()
        };
        &kept(&self.0[0], true) & &kept(&self.0[1], false)
    }
}

/// What is asked of which job.
struct Asked {
    rules: BTreeMap<JobName, Keeping>,
    /// The hosts of its target; none where they are not named.
    hosts: BTreeMap<JobName, BTreeSet<Name>>,
    now: Timestamp,
}

impl Asked {
    /// The point that the run makes which prunes: it is kept, whatever goes.
    fn next(&self) -> (PointId, Timestamp) {
        (PointId::new(Slot::new(self.now), 0), self.now)
    }

    /// Of each host by itself, as each prunes its own.
    fn in_store(&self, job: &JobName, store: &Name, seen: &PointsSeen, roots: &[PathBytes]) -> Vec<Lying> {
        // No run prunes what other hosts made.
        let own = &self.hosts[job];
        let hosts = of_roots(seen, roots).map(|(seen, _)| &seen.place.host);
        let hosts: BTreeSet<&Name> = hosts.filter(|host| own.is_empty() || own.contains(host)).collect();
        let lying = |of: Option<String>, there: Vec<Timestamp>, goes: Vec<Timestamp>| Lying {
            job: job.clone(),
            store: Some(store.clone()),
            of,
            there,
            goes,
        };
        if hosts.is_empty() {
            return vec![lying(None, vec![], vec![])];
        }
        let is_alone = hosts.len() == 1;
        let of_host = |host: &Name| {
            let own = PointsSeen {
                points: seen.points.iter().filter(|point| point.place.host == *host).cloned().collect(),
                ..PointsSeen::default()
            };
            let goes = self.rules[job]
                .goes(|rules, zone| forecast::verdicts(&own, roots, rules, Some(self.next()), self.now, zone));
            let moments = || of_roots(&own, roots).map(|(seen, manifest)| (&seen.place.point, manifest.moment));
            let there = moments().map(|(_, moment)| moment).collect();
            let goes = moments().filter(|(id, _)| goes.contains(id)).map(|(_, moment)| moment).collect();
            lying((!is_alone).then(|| format!("of {host}")), there, goes)
        };
        hosts.into_iter().map(of_host).collect()
    }

    /// The snapshots of a job, and their copies in another region.
    fn at_provider(&self, plan: &Name, points: &DatabasePoints) -> Vec<Lying> {
        let of_region = |of: Option<String>, snapshots: &[(PointId, DatabaseSnapshot)]| {
            let all: Vec<DatabaseSnapshot> = snapshots.iter().map(|(_, snapshot)| snapshot.clone()).collect();
            let goes = self.rules[&points.job].goes(|rules, zone| {
                snapshot_verdicts(&all, (plan, &points.job), rules, Some(self.next()), self.now, zone)
            });
            let usable = || snapshots.iter().filter(|(_, snapshot)| snapshot.is_available());
            let moments = |of: &dyn Fn(&PointId) -> bool| {
                let mut moments: Vec<Timestamp> =
                    usable().filter(|(id, _)| of(id)).filter_map(|(_, snapshot)| snapshot.taken).collect();
                moments.sort();
                moments
            };
            Lying {
                job: points.job.clone(),
                store: None,
                of,
                there: moments(&|_| true),
                goes: moments(&|id| goes.contains(id)),
            }
        };
        let copies = (!points.copies.is_empty()).then(|| of_region(Some("in the other region".into()), &points.copies));
        [of_region(None, &points.snapshots)].into_iter().chain(copies).collect()
    }
}
