//! What a graph needs to know of the world, and the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::releases::{self, LinkSeen, ReleaseSeen};
use super::walk::Wanted;
use super::{DatabasesSeen, MachinesSeen, PointsSeen, SourceTotals, mounts, outside, points, staging_run, walk};
use crate::catalog::{PointPlace, Totals, host_prefix, job_prefix};
use crate::graph::{Graph, ReleaseSource, StepKind, release_place};
use crate::plan::Files;
use crate::ports::{
    Cause, Clock, DatabasesRead, EntryKind, Fault, Keeping, MachinesRead, Scratch, StoreRead, SubversionRead, TreeRead,
};
use crate::primitives::{HostPath, JobName, Name, PathBytes, RunId};

/// The reading halves of the world.
pub struct Reading<'a> {
    /// Folder trees of this host.
    pub tree: &'a dyn TreeRead,
    /// And of others, by the plan's names.
    pub hosts: &'a BTreeMap<String, Arc<dyn TreeRead>>,
    /// The stores, by the plan's names.
    pub stores: &'a BTreeMap<Name, Arc<dyn StoreRead>>,
    /// Repositories of Subversion.
    pub subversion: &'a dyn SubversionRead,
    /// Databases that providers run.
    pub databases: &'a dyn DatabasesRead,
    /// Machines that providers run, and their images.
    pub machines: &'a dyn MachinesRead,
    /// Temporary tables: they change nothing that anybody else sees.
    pub scratch: &'a dyn Scratch,
    /// The time.
    pub clock: &'a dyn Clock,
}

impl Reading<'_> {
    /// The trees of this host, or of that.
    pub(super) fn tree_of(&self, host: Option<&str>) -> Result<&dyn TreeRead, Fault> {
        let Some(host) = host else { return Ok(self.tree) };
        let unknown = || Fault::permanent(Cause::NotFound, format!("reach {host}"), "nothing says how it is reached");
        self.hosts.get(host).map(|tree| &**tree).ok_or_else(unknown)
    }
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
    /// The file system that it would be on; none where nobody can tell, as of other hosts.
    pub disk: Option<u64>,
    /// Folders beside it in which restores were made, or are; none where the folder above is not there.
    pub staging: Result<Vec<StagingSeen>, Fault>,
}

/// A folder in which a run makes, or made, what it restores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagingSeen {
    /// Where it is.
    pub folder: PathBytes,
    /// Whose.
    pub run: RunId,
    /// When something was last made in it, itself: seconds since 1970.
    pub mtime_s: i64,
}

/// What is in a place that something recovered will get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceSeen {
    /// Whether something is there.
    pub there: bool,
    /// Whether the folder above it is.
    pub above: bool,
    /// Whether it is on the file system of what it gets: only within one can be renamed.
    pub beside: bool,
}

/// All that was asked.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When.
    pub at: Timestamp,
    /// What each job's source holds.
    pub sources: BTreeMap<JobName, SourceSeen>,
    /// Those of the sources' folders that are mount points.
    pub mounts: BTreeSet<PathBytes>,
    /// Which points each job has on this host, or why its store cannot say; for a restore, on every host.
    pub points: BTreeMap<JobName, Result<PointsSeen, Fault>>,
    /// What the stores keep of what is deleted there, those from which something may be.
    pub keeping: BTreeMap<Name, Keeping>,
    /// What is where something will be put.
    pub destinations: BTreeMap<HostPath, DestinationSeen>,
    /// What is in the places that something recovered will get.
    pub places: BTreeMap<HostPath, Result<PlaceSeen, Fault>>,
    /// What is where releases come from.
    pub releases: BTreeMap<ReleaseSource, Result<ReleaseSeen, Fault>>,
    /// What is at the links that will be set to a release.
    pub links: BTreeMap<HostPath, Result<LinkSeen, Fault>>,
    /// What providers say of databases.
    pub databases: DatabasesSeen,
    /// What they say of the images of machines.
    pub machines: MachinesSeen,
    /// Of the points that one path of is restored, what that path comes to, or why it cannot be restored.
    pub parts: BTreeMap<PointPlace, Result<Totals, Fault>>,
    /// Of the runs that left something beside a destination, those that this host knows to have ended.
    pub ended: BTreeSet<RunId>,
}

impl Observed {
    /// Of a world of which nothing was asked.
    pub fn nothing(at: Timestamp) -> Self {
        Self {
            at,
            sources: BTreeMap::new(),
            mounts: BTreeSet::new(),
            points: BTreeMap::new(),
            keeping: BTreeMap::new(),
            destinations: BTreeMap::new(),
            places: BTreeMap::new(),
            releases: BTreeMap::new(),
            links: BTreeMap::new(),
            databases: DatabasesSeen::default(),
            machines: MachinesSeen::default(),
            parts: BTreeMap::new(),
            ended: BTreeSet::new(),
        }
    }

    /// What the store of a job holds of it, where it could say so.
    pub fn points_of(&self, job: &JobName) -> Option<&PointsSeen> {
        self.points.get(job).and_then(|seen| seen.as_ref().ok())
    }
}

/// Asks what the graph's steps need to know. `plan` and `host` are whose points are looked for. What cannot be answered
/// is an answer: it concerns its own job, and no other.
pub async fn observe(graph: &Graph, reading: &Reading<'_>, plan: &Name, host: &Name) -> Observed {
    let mut observed = Observed::nothing(reading.clock.now());
    let mut known = Sources::default();
    for step in graph.steps().iter().filter(|step| step.lacks.is_none()) {
        match &step.kind {
            StepKind::Look { job, store, roots, files } => {
                let seen = known.source(reading, (store, roots, files), &mut observed.mounts).await;
                observed.sources.insert(job.clone(), seen);
            }
            StepKind::Delete { job, store, .. } => {
                let prefix = host_prefix(plan, job, host);
                ask_points(reading, job, store, &prefix, &mut observed).await;
                if let Some(open) = reading.stores.get(store).filter(|_| !observed.keeping.contains_key(store)) {
                    observed.keeping.insert(store.clone(), open.keeping().await);
                }
            }
            StepKind::Recover { jobs, into, .. } => {
                for (job, store) in jobs {
                    let prefix = job_prefix(plan, job);
                    ask_points(reading, job, store, &prefix, &mut observed).await;
                }
                destinations(reading, std::slice::from_ref(into), &mut observed).await;
            }
            StepKind::Switch { on, moves, .. } => {
                for (from, to) in moves {
                    let seen = match reading.tree_of(on.as_deref()) {
                        Ok(tree) => place(tree, from, to).await,
                        Err(fault) => Err(fault),
                    };
                    observed.places.insert(HostPath { host: on.clone(), path: to.clone() }, seen);
                }
            }
            StepKind::Deploy { target, from, into, link, .. } => {
                let seen = releases::release(reading, from).await;
                observed.releases.insert(from.clone(), seen);
                if let Some(link) = link {
                    let seen = match reading.tree_of(into.host.as_deref()) {
                        Ok(tree) => releases::link(tree, link).await,
                        Err(fault) => Err(fault),
                    };
                    observed.links.insert(HostPath { host: into.host.clone(), path: link.clone() }, seen);
                }
                destinations(reading, &[release_place(into, target)], &mut observed).await;
            }
            StepKind::Database(step) => observed.databases.ask(reading, step).await,
            StepKind::Launch(step) => observed.machines.ask(reading, step).await,
            _ => {}
        }
    }
    observed
}

/// What is known of sources: the backups of a target look at the same folders, which are walked once.
#[derive(Default)]
struct Sources<'g>(BTreeMap<Asked<'g>, SourceSeen>);

/// The store, the roots, what is left out, and whether other file systems are.
type Asked<'g> = (&'g Name, &'g [PathBytes], Vec<&'g str>, bool);

impl<'g> Sources<'g> {
    async fn source(
        &mut self,
        reading: &Reading<'_>,
        (store, roots, files): (&'g Name, &'g [PathBytes], &'g Files),
        mounted: &mut BTreeSet<PathBytes>,
    ) -> SourceSeen {
        let exclude = files.exclude.iter().map(|glob| glob.value.as_str()).collect();
        let asked: Asked<'g> = (store, roots, exclude, files.one_file_system);
        if let Some(seen) = self.0.get(&asked) {
            return seen.clone();
        }
        let mut seen = source(reading, reading.stores.get(store).map(|store| &**store), roots, files).await;
        match mounts(reading.tree, roots).await {
            Ok(mounts) => mounted.extend(mounts),
            Err(fault) => seen = seen.and(Err(fault)),
        }
        self.0.insert(asked, seen.clone());
        seen
    }
}

/// Looks at where something will be put.
pub async fn destinations(reading: &Reading<'_>, folders: &[HostPath], observed: &mut Observed) {
    for place in folders {
        let folder = &place.path;
        let tree = match reading.tree_of(place.host.as_deref()) {
            Ok(tree) => tree,
            Err(fault) => {
                let (exists, free, staging) = (Err(fault.clone()), Err(fault.clone()), Err(fault));
                observed.destinations.insert(place.clone(), DestinationSeen { exists, free, disk: None, staging });
                continue;
            }
        };
        let exists = tree.stat(folder).await.map(|found| found.is_some());
        let free = tree.free(folder).await;
        let staging = staging_beside(tree, folder).await;
        let disk = match place.host {
            None => device(tree, folder).await.ok().flatten(),
            Some(_) => None,
        };
        observed.destinations.insert(place.clone(), DestinationSeen { exists, free, disk, staging });
    }
}

async fn place(tree: &dyn TreeRead, from: &PathBytes, to: &PathBytes) -> Result<PlaceSeen, Fault> {
    let there = tree.stat(to).await?.is_some();
    let above = match to.to_path().parent() {
        Some(above) => tree.stat(&PathBytes::from_path(above)).await?.is_some(),
        None => false,
    };
    let beside = device(tree, from).await? == device(tree, to).await?;
    Ok(PlaceSeen { there, above, beside })
}

/// The file system that something is on, or would be: that of the nearest folder above it that is there.
async fn device(tree: &dyn TreeRead, path: &PathBytes) -> Result<Option<u64>, Fault> {
    let path = path.to_path();
    for above in path.ancestors().skip(1) {
        if let Some(meta) = tree.stat(&PathBytes::from_path(above)).await? {
            return Ok(Some(meta.device));
        }
    }
    Ok(None)
}

/// Names of the folder that a destination lies in, read at once.
const NAMES_AT_ONCE: usize = 4096;

/// What in a folder, which need not be there, has a name that says something.
pub(super) async fn named_in<T: Send>(
    tree: &dyn TreeRead,
    folder: &PathBytes,
    said: &(dyn Fn(&[u8]) -> Option<T> + Sync),
) -> Result<Vec<(Vec<u8>, T)>, Fault> {
    let (mut seen, mut after) = (Vec::new(), None::<Vec<u8>>);
    loop {
        let page = match tree.list(folder, after.as_deref(), NAMES_AT_ONCE).await {
            Err(fault) if fault.cause == Cause::NotFound => return Ok(seen),
            answer => answer?,
        };
        let all = || (0..page.len()).filter_map(|at| page.get(at));
        seen.extend(all().filter_map(|name| Some((name.to_vec(), said(name)?))));
        after = all().next_back().filter(|_| page.more).map(<[u8]>::to_vec);
        if after.is_none() {
            return Ok(seen);
        }
    }
}

async fn staging_beside(tree: &dyn TreeRead, into: &PathBytes) -> Result<Vec<StagingSeen>, Fault> {
    let Some(above) = into.to_path().parent().map(PathBytes::from_path) else { return Ok(vec![]) };
    let named = named_in(tree, &above, &|name| staging_run(into, name)).await?;
    if named.is_empty() {
        return Ok(vec![]);
    }
    let names: Vec<Vec<u8>> = named.iter().map(|(name, _)| name.clone()).collect();
    let mut seen = vec![];
    for ((name, run), meta) in named.into_iter().zip(tree.look(&above, &names).await?) {
        if let Ok(Some(meta)) = meta
            && meta.kind == EntryKind::Folder
        {
            seen.push(StagingSeen { folder: above.join(&name), run, mtime_s: meta.mtime_s });
        }
    }
    Ok(seen)
}

async fn source(
    reading: &Reading<'_>,
    store: Option<&dyn StoreRead>,
    roots: &[PathBytes],
    files: &Files,
) -> SourceSeen {
    let exclude: Vec<String> = files.exclude.iter().map(|glob| glob.value.clone()).collect();
    let wanted = Wanted { roots, exclude: &exclude, one_file_system: files.one_file_system };
    if let Some(store) = store {
        outside(reading.tree, store, roots, &exclude).await?;
    }
    walk::totals(reading.tree, reading.scratch, wanted).await
}

async fn ask_points(reading: &Reading<'_>, job: &JobName, store: &Name, prefix: &str, observed: &mut Observed) {
    if observed.points.contains_key(job) {
        return;
    }
    let seen = match reading.stores.get(store) {
        Some(store) => points(&**store, prefix).await,
        None => Err(Fault::permanent(
            Cause::Other,
            format!("list what store {store} holds"),
            "this version has no driver for it",
        )),
    };
    observed.points.insert(job.clone(), seen);
}
