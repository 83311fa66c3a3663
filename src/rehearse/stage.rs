//! A simulated host for a plan: sources of every kind of entry, stores with a past of some days, and forecasts of what the plan can do.
//!
//! Unaware of what goes wrong. Invariant: what is set up depends on the plan alone, so that two worlds of one plan differ only in what
//! happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jiff::SignedDuration;

use super::life::Reference;
use super::{Journey, Sound, databases, machines, releases, sources};
use crate::calendar::Occurrences;
use crate::catalog::{Part, PointPlace, host_prefix};
use crate::fakes::World;
use crate::forecast::{self, Action, Circumstances, Forecast, Outlook, PointChoice, RestoreWish};
use crate::graph::{Graph, StepKind};
use crate::observe::{self, Observed, Reading};
use crate::plan::{Plan, Source};
use crate::ports::{Clock as _, StoreRead, TreeRead};
use crate::primitives::{JobName, Key, Name, PathBytes, Slot};
use crate::prove::ProvenPlan;

/// So many days without a mishap lie behind.
const DAYS: u32 = 4;

/// What a run of the plan is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// All jobs are backed up.
    Backup,
    /// The jobs that have a schedule are backed up, for its last time.
    Due,
    /// This restore is carried out.
    Restore(Name),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Backup => f.write_str("a backup of all jobs"),
            Self::Due => f.write_str("a backup of the jobs that are due"),
            Self::Restore(name) => write!(f, "restore {name}"),
        }
    }
}

/// What, beside its subject, tells one run of a plan from another where nothing goes wrong.
pub(super) type Variant = (Subject, bool, bool);

/// A plan, and all that is set up for it.
pub struct Stage {
    pub(super) proven: ProvenPlan,
    base: PathBytes,
    host: Name,
    /// What each store held at the beginning.
    past: Vec<(Name, BTreeMap<Key, Bytes>)>,
    /// All that the plan can do.
    subjects: Vec<Subject>,
    /// What each run comes to where nothing goes wrong, once it was asked for.
    pub(super) references: Mutex<BTreeMap<Variant, Arc<Reference>>>,
}

impl Stage {
    /// Sets the stage for a plan whose relative paths are relative to `base`.
    ///
    /// # Errors
    /// Why the plan cannot be carried out at all, though nothing goes wrong.
    pub fn set(proven: &ProvenPlan, base: &PathBytes) -> Result<Self, String> {
        let host = Name::parse("rehearsal").map_err(|error| error.to_string())?;
        let references = Mutex::default();
        let (proven, base) = (proven.clone(), base.clone());
        let mut stage = Self { proven, base, host, past: vec![], subjects: vec![], references };
        stage.past = super::simulate(stage.some_days())?;
        stage.subjects = stage.all_subjects();
        Ok(stage)
    }

    fn plan(&self) -> &Plan {
        self.proven.plan()
    }

    /// A backup of everything once a day, on this host and on each whose points are restored.
    async fn some_days(&self) -> Result<Vec<(Name, BTreeMap<Key, Bytes>)>, String> {
        let world = self.bare(0);
        let first = world.clock().now();
        for day in 1..=i64::from(DAYS) {
            for host in self.hosts() {
                let who = Circumstances { host, ..self.who() };
                let forecast = self.backup(&world, &who).await;
                let journey = Journey::new(&world, forecast, 1, Box::new(Sound), &[]);
                let outcome = journey.to_the_end().await;
                if let Some(broken) = journey.law().broken() {
                    return Err(broken.what);
                }
                let failed = outcome.as_ref().and_then(|outcome| outcome.steps.iter().find_map(failure));
                if let Some(why) = failed {
                    return Err(why);
                }
            }
            // What a day took is a part of it: the next begins when it is over, to the instant.
            let took = world.clock().now().duration_since(first);
            world.clock().advance(SignedDuration::from_hours(24 * day) - took);
        }
        Ok(self.stores().map(|store| (store.clone(), world.store(store.as_str()).objects())).collect())
    }

    fn stores(&self) -> impl Iterator<Item = &Name> {
        self.plan().stores.iter().map(|store| &store.name.value)
    }

    fn hosts(&self) -> BTreeSet<Name> {
        let others = self.proven.graph().steps().iter().filter_map(|step| match &step.kind {
            StepKind::Recover { from_host, .. } => from_host.clone(),
            _ => None,
        });
        others.chain([self.host.clone()]).collect()
    }

    /// The sources alone.
    fn bare(&self, seed: u64) -> World {
        let world = World::tied_to_tokio(seed);
        sources::fill(&world, self.proven.graph());
        releases::plant(&world, self.proven.graph());
        databases::plant(&world, self.proven.graph());
        machines::plant(&world, self.proven.graph());
        world
    }

    /// The sources, and the past.
    pub(super) fn world(&self, seed: u64) -> World {
        let world = self.bare(seed);
        for (store, objects) in &self.past {
            for (key, bytes) in objects {
                world.store(store.as_str()).plant(key, Some(bytes.clone()));
            }
        }
        world.clock().advance(SignedDuration::from_hours(24 * i64::from(DAYS)));
        world
    }

    /// Whether a store held these very bytes at the beginning.
    pub(super) fn is_past(&self, store: &Name, key: &Key, bytes: &Bytes) -> bool {
        let held = self.past.iter().find(|(name, _)| name == store).and_then(|(_, objects)| objects.get(key));
        held.is_some_and(|was| was.as_ptr() == bytes.as_ptr() && was.len() == bytes.len())
    }

    /// All that the plan can do: of three, two are backups.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    fn all_subjects(&self) -> Vec<Subject> {
        let mut subjects = vec![];
        let restores = self.plan().restores.iter().map(|restore| Subject::Restore(restore.name.value.clone()));
        let restores: Vec<Subject> = restores.collect();
        if self.plan().job_names().next().is_some() {
            let due = if self.slots(&self.world(0)).is_empty() { Subject::Backup } else { Subject::Due };
            for _ in 0..restores.len().max(1) {
                subjects.extend([Subject::Backup, due.clone()]);
            }
        }
        subjects.extend(restores);
        subjects
    }

    fn who(&self) -> Circumstances {
        Circumstances {
            host: self.host.clone(),
            base: self.base.clone(),
            fetched: PathBytes::new(*b"/var/lib/sonae/fetched"),
            superuser: true,
            superuser_on: BTreeSet::new(),
            accept_shrink: true,
            accept_deletions: true,
            accept_old_image: true,
            slots: BTreeMap::new(),
            fail_fast: false,
        }
    }

    /// The last scheduled time of each job that has any.
    fn slots(&self, world: &World) -> BTreeMap<JobName, Slot> {
        let now = world.clock().now();
        let slot = |job: JobName| {
            let schedule = self.plan().backup(&job)?.due()?;
            let last = Occurrences::of(&schedule).ok()?.last_at_or_before(now)?;
            Some((job, Slot::new(last)))
        };
        self.plan().job_names().filter_map(slot).collect()
    }

    async fn observe(&self, graph: &Graph, world: &World, host: &Name) -> Observed {
        let reading = |store: &Name| (store.clone(), world.store(store.as_str()) as Arc<dyn StoreRead>);
        let stores: BTreeMap<Name, Arc<dyn StoreRead>> = self.stores().map(reading).collect();
        let (tree, scratch, clock) = (world.tree(), world.scratch(), world.clock());
        let (subversion, databases, machines) = (world.subversion(), world.databases(), world.machines());
        // What is there is there by whatever host it is looked at.
        let seen = |name: &str| (name.to_owned(), world.tree() as Arc<dyn TreeRead>);
        let hosts = graph.steps().iter().filter_map(|step| step.kind.host()).map(seen).collect();
        let reading = Reading {
            tree: &*tree,
            hosts: &hosts,
            stores: &stores,
            subversion: &*subversion,
            databases: &*databases,
            machines: &*machines,
            scratch: &*scratch,
            clock: &*clock,
        };
        observe::observe(graph, &reading, &self.plan().name.value, host).await
    }

    async fn backup(&self, world: &World, who: &Circumstances) -> Forecast {
        let chosen = |job: &JobName| who.slots.is_empty() || who.slots.contains_key(job);
        let graph = self.proven.graph().of_jobs(&self.plan().job_names().filter(chosen).collect());
        let observed = self.observe(&graph, world, &who.host).await;
        performable(forecast::backup(self.plan(), &graph, &observed, who))
    }

    /// The forecast of a subject, as the world is now. `accepted` says that somebody accepts what guards would suspend.
    pub(super) async fn forecast(&self, world: &World, subject: &Subject, fail_fast: bool, accepted: bool) -> Forecast {
        let who = Circumstances { accept_shrink: accepted, accept_deletions: accepted, fail_fast, ..self.who() };
        match subject {
            Subject::Backup => self.backup(world, &who).await,
            Subject::Due => self.backup(world, &Circumstances { slots: self.slots(world), ..who }).await,
            Subject::Restore(restore) => {
                let (restore, choice) = (restore.clone(), PointChoice::Latest);
                let wish = RestoreWish { restore, choice, from_host: None, only: None, into: None, planned: None };
                let graph = self.proven.graph().of_restore(&wish.restore);
                let observed = self.observe(&graph, world, &who.host).await;
                releases::of_what_is_there(performable(forecast::restore(self.plan(), &graph, &observed, &who, &wish)))
            }
        }
    }

    /// What each target leaves out.
    pub(super) fn excludes(&self) -> BTreeMap<Name, Vec<String>> {
        let of = |target: &crate::plan::Target| {
            let files = target.source.as_ref().and_then(Source::files)?;
            Some((target.name.value.clone(), files.exclude.iter().map(|glob| glob.value.clone()).collect()))
        };
        self.plan().targets.iter().filter_map(of).collect()
    }

    /// The jobs that have no recovery point on this host.
    pub(super) fn without_points(&self, world: &World) -> Vec<JobName> {
        let has_none = |(job, store): &(JobName, Name)| {
            let prefix = host_prefix(&self.plan().name.value, job, &self.host);
            let objects = world.store(store.as_str()).objects();
            let is_point = |key: &Key| matches!(PointPlace::parse(key), Some((_, Part::Manifest)));
            !objects.keys().any(|key| key.as_str().starts_with(&prefix) && is_point(key))
        };
        self.plan().jobs().filter(has_none).map(|(job, _)| job).collect()
    }

    /// Another hand takes away the newest recovery point of the first job that has several: one that was to be kept.
    pub(super) fn take_one_away(&self, world: &World, forecast: &Forecast) {
        for step in &forecast.steps {
            let Action::Delete { store, prefix, points, .. } = &step.action else { continue };
            let store = world.store(store.as_str());
            let places = store.objects().into_keys().filter(|key| key.as_str().starts_with(prefix.as_str()));
            let places: BTreeSet<PointPlace> =
                places.filter_map(|key| PointPlace::parse(&key)).map(|(place, _)| place).collect();
            let kept = |place: &&PointPlace| !points.iter().any(|gone| gone.place == **place);
            if places.len() > 1
                && let Some(newest) = places.iter().rev().find(kept)
            {
                Part::ALL.iter().for_each(|part| store.plant(&newest.key(*part), None));
                return;
            }
        }
    }
}

fn failure(step: &crate::run::StepOutcome) -> Option<String> {
    match &step.end {
        crate::run::StepEnd::Failed(fault) => Some(fault.to_string()),
        _ => None,
    }
}

/// What is rehearsed has drivers: whoever sets the stage leaves the rest out.
fn performable(outlook: Outlook) -> Forecast {
    outlook.performable().unwrap_or_else(|step| unreachable!("{} has no driver", step.name))
}
