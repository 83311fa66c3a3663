//! The world that plans of the corpus are forecast in: their sources, and what some time of backups left in their stores.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sonae::archive::{Crc32, Plain};
use sonae::catalog::{
    MANIFEST_FORMAT_VERSION, Manifest, Named, Part, PointPlace, ReadBackRecord, StoredObject, Totals,
};
use sonae::fakes::{FakeDatabases, World};
use sonae::graph::{DatabaseStep, Graph, ReleaseSource, StepKind};
use sonae::ports::{Clock, Image, ImageWanted};
use sonae::primitives::{Digest, JobName, Key, Name, PathBytes, RunId, Slot};
use sonae::prove::ProvenPlan;

use crate::faults::scene::who;

/// How old the earlier points are, in hours: some hours, days, weeks, months and years.
const AGES: [i64; 14] =
    [1, 3, 24, 48, 72, 5 * 24, 8 * 24, 15 * 24, 22 * 24, 40 * 24, 70 * 24, 130 * 24, 400 * 24, 800 * 24];

/// A job, where its points go, and what they are of.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) name: JobName,
    pub(super) store: Name,
    pub(super) roots: Vec<PathBytes>,
}

pub(super) fn jobs(graph: &Graph) -> Vec<Job> {
    let job = |kind: &StepKind| match kind {
        StepKind::Look { job, store, roots, .. } => {
            Some(Job { name: job.clone(), store: store.clone(), roots: roots.to_vec() })
        }
        _ => None,
    };
    graph.steps().iter().filter_map(|step| job(&step.kind)).collect()
}

/// A few files in every source, and space; the stores are empty.
pub(super) fn fresh(proven: &ProvenPlan) -> World {
    let world = World::new(7);
    let tree = world.tree();
    tree.set_free(40 << 30);
    for (number, root) in jobs(proven.graph()).iter().flat_map(|job| &job.roots).enumerate() {
        let at = |name: &str| root.join(name.as_bytes()).as_bytes().to_vec();
        tree.put_file(at("readme"), vec![b'.'; 1_200 + 100 * number]);
        tree.put_file(at("2026/february"), vec![b'.'; 3 << 20]);
        tree.put_file(at("2026/unfinished.tmp"), "half");
        tree.put_symlink(at("latest"), "2026");
    }
    for step in proven.graph().steps() {
        if let StepKind::Deploy { from: ReleaseSource::Subversion { url }, .. } = &step.kind {
            world.subversion().commit(url, 41, &[("release", "1")]);
        }
        if let StepKind::Launch(of) = &step.kind
            && let ImageWanted::Id(id) = &of.image
        {
            let made = world.clock().now().checked_sub(SignedDuration::from_hours(24 * 40)).ok();
            let image = Image { id: id.clone(), name: "web 42".into(), state: "available".into(), made };
            world.machines().put_image(of.region.as_deref(), image, &[]);
        }
        if let StepKind::Database(of) = &step.kind
            && let DatabaseStep::Check { database, .. } | DatabaseStep::Snapshot { database, .. } = &**of
            && !world.databases().all().iter().any(|there| there.name == *database)
        {
            world.databases().put(FakeDatabases::plain(database.clone()));
        }
    }
    world
}

/// The same, with points of every age, the second of each job not clean; and a few of each host that a restore names.
pub(super) fn aged(proven: &ProvenPlan) -> World {
    let world = fresh(proven);
    let here = who().host;
    let elsewhere: BTreeSet<Name> = proven.graph().steps().iter().filter_map(|step| from_host(&step.kind)).collect();
    for (minutes, job) in (0..).zip(jobs(proven.graph())) {
        for (rank, hours) in AGES.into_iter().enumerate() {
            let age = SignedDuration::from_mins(60 * hours + minutes);
            plant(&world, proven, &job, &here, age, rank != 1);
            if rank < 2 {
                let earlier = age + SignedDuration::from_hours(12);
                elsewhere.iter().for_each(|host| drop(plant(&world, proven, &job, host, earlier, true)));
            }
        }
    }
    world
}

fn from_host(kind: &StepKind) -> Option<Name> {
    match kind {
        StepKind::Recover { from_host, .. } => from_host.clone(),
        _ => None,
    }
}

/// Puts a point of that age into the job's store.
pub(super) fn plant(
    world: &World,
    proven: &ProvenPlan,
    job: &Job,
    host: &Name,
    age: SignedDuration,
    clean: bool,
) -> PointPlace {
    let moment = world.clock().now().checked_sub(age).unwrap();
    store(world, job, &manifest(&proven.plan().name.value, job, host, moment, clean))
}

/// The same of folders that were all mount points.
pub(super) fn plant_mounted(world: &World, proven: &ProvenPlan, job: &Job, host: &Name, age: SignedDuration) {
    let moment = world.clock().now().checked_sub(age).unwrap();
    let manifest = manifest(&proven.plan().name.value, job, host, moment, true);
    store(world, job, &Manifest { mounts: manifest.roots.clone(), ..manifest });
}

fn store(world: &World, job: &Job, manifest: &Manifest) -> PointPlace {
    let store = world.store(job.store.as_str());
    for object in [&manifest.archive, &manifest.contents] {
        store.plant(&object.key, Some(Bytes::from(vec![0; usize::try_from(object.size).unwrap()])));
    }
    store.plant(&manifest.place().key(Part::Manifest), Some(manifest.encode().unwrap().into()));
    manifest.place()
}

/// What a run of that moment would have written.
fn manifest(plan: &Name, job: &Job, host: &Name, moment: Timestamp, clean: bool) -> Manifest {
    let told = Digest::of(format!("{plan} {} {host} {moment}", job.name).as_bytes());
    let [a, b, c, d, ..] = *told.as_bytes();
    let run = RunId::new(moment, u32::from_be_bytes([a, b, c, d]));
    let place = PointPlace {
        plan: plan.clone(),
        job: job.name.clone(),
        host: host.clone(),
        point: run.point(Slot::new(moment)),
    };
    let size = u64::from(a) * 7 + 20_000;
    let object = |key: Key, size: u64| StoredObject { digest: Digest::of(key.as_str().as_bytes()), key, size };
    let named = |count: u64| Named { count, first: vec![] };
    Manifest {
        format_version: MANIFEST_FORMAT_VERSION,
        plan: plan.clone(),
        job: job.name.clone(),
        host: host.to_string(),
        point: place.point.clone(),
        slot: Slot::new(moment),
        run,
        began: moment,
        moment,
        finished: moment + SignedDuration::from_mins(4),
        roots: job.roots.clone(),
        mounts: vec![],
        archive: object(place.key(Part::Archive), size),
        plain: Plain { size: 3 * size, crc32: Crc32(7) },
        segments_at: 1,
        contents: object(place.key(Part::Contents), 900),
        totals: Totals { files: 3, folders: 2, symlinks: 1, hard_links: 0, bytes: 2 * size, holes: 0 },
        read_back: ReadBackRecord { at: moment + SignedDuration::from_mins(4), entries: 6 },
        shrunk_from: None,
        clean,
        unread: named(u64::from(!clean)),
        not_stored: Named::default(),
        changed: Named::default(),
        not_entered: Named::default(),
    }
}
