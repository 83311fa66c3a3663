//! What a graph needs to know of the world, and the answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::walk::Wanted;
use super::{PointsSeen, SourceTotals, points, walk};
use crate::catalog::{host_prefix, job_prefix};
use crate::graph::{Graph, StepKind};
use crate::plan::Files;
use crate::ports::{Clock, Fault, Scratch, StoreRead, TreeRead};
use crate::primitives::{JobName, Name, PathBytes};

/// The reading halves of the world.
pub struct Reading<'a> {
    /// Folder trees of this host.
    pub tree: &'a dyn TreeRead,
    /// The stores, by the plan's names.
    pub stores: &'a BTreeMap<Name, Arc<dyn StoreRead>>,
    /// Temporary tables: they change nothing that anybody else sees.
    pub scratch: &'a dyn Scratch,
    /// The time.
    pub clock: &'a dyn Clock,
}

/// What a source holds, or why that cannot be said.
pub type SourceSeen = Result<SourceTotals, Fault>;

/// What is where a restore will put something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationSeen {
    /// Whether something is there already.
    pub exists: Result<bool, Fault>,
    /// Bytes free.
    pub free: Result<u64, Fault>,
}

/// All that was asked.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When.
    pub at: Timestamp,
    /// What each job's source holds.
    pub sources: BTreeMap<JobName, SourceSeen>,
    /// Which points each job has on this host, or why its store cannot say; for a restore, on every host.
    pub points: BTreeMap<JobName, Result<PointsSeen, Fault>>,
    /// What is where something will be put.
    pub destinations: BTreeMap<PathBytes, DestinationSeen>,
}

impl Observed {
    /// What the store of a job holds of it, where it could say so.
    pub fn points_of(&self, job: &JobName) -> Option<&PointsSeen> {
        self.points.get(job).and_then(|seen| seen.as_ref().ok())
    }
}

/// Asks what the graph's steps need to know. `plan` and `host` are whose points are looked for. What cannot be answered
/// is an answer: it concerns its own job, and no other.
pub async fn observe(graph: &Graph, reading: &Reading<'_>, plan: &Name, host: &Name) -> Observed {
    let mut observed = Observed {
        at: reading.clock.now(),
        sources: BTreeMap::new(),
        points: BTreeMap::new(),
        destinations: BTreeMap::new(),
    };
    for step in graph.steps() {
        match &step.kind {
            StepKind::Look { job, roots, files, .. } => {
                let seen = source(reading, roots, files).await;
                observed.sources.insert(job.clone(), seen);
            }
            StepKind::Delete { job, store, .. } => {
                let prefix = host_prefix(plan, job, host);
                ask_points(reading, job, store, &prefix, &mut observed).await;
            }
            StepKind::Recover { jobs, into, .. } => {
                for (job, store) in jobs {
                    let prefix = job_prefix(plan, job);
                    ask_points(reading, job, store, &prefix, &mut observed).await;
                }
                destinations(reading.tree, std::slice::from_ref(into), &mut observed).await;
            }
            _ => {}
        }
    }
    observed
}

/// Looks at where something will be put.
pub async fn destinations(tree: &dyn TreeRead, folders: &[PathBytes], observed: &mut Observed) {
    for folder in folders {
        let exists = tree.stat(folder).await.map(|found| found.is_some());
        let free = tree.free(folder).await;
        observed.destinations.insert(folder.clone(), DestinationSeen { exists, free });
    }
}

async fn source(reading: &Reading<'_>, roots: &[PathBytes], files: &Files) -> SourceSeen {
    let exclude: Vec<String> = files.exclude.iter().map(|glob| glob.value.clone()).collect();
    let wanted = Wanted { roots, exclude: &exclude, one_file_system: files.one_file_system };
    walk::totals(reading.tree, reading.scratch, wanted).await
}

async fn ask_points(reading: &Reading<'_>, job: &JobName, store: &Name, prefix: &str, observed: &mut Observed) {
    if let (false, Some(store)) = (observed.points.contains_key(job), reading.stores.get(store)) {
        observed.points.insert(job.clone(), points(&**store, prefix).await);
    }
}
