//! Trees through pack, read back and recover, in memory.

mod damage;
mod faults;
mod flips;
mod hostile;
mod memory;
mod recovery;
mod round_trip;
mod sources;
mod taken_up;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{MANIFEST_FORMAT_VERSION, Manifest, PointPlace, ReadBackRecord, Totals};
use crate::fakes::{FakeCompute, World};
use crate::ports::{Clock, EntryKind, Fault, StoreWrite};
use crate::primitives::{Compression, Key, Name, PathBytes};
use crate::steps::{
    Beside, Host, Leases, PackRequest, Packed, Progress, Reach, ReadBack, RecoverRequest, Recovered,
    World as StepWorld, pack, part_totals, read_back, recover,
};

use memory::{MemoryStore, MemoryTree};

/// Acts with all that a step has, of a simulated world. Hosts that earlier steps launched are that world's as well.
pub(in crate::steps) async fn in_world<T>(fakes: &World, act: impl AsyncFnOnce(&StepWorld<'_>) -> T) -> T {
    let (tree, commands, subversion) = (fakes.tree(), fakes.commands(), fakes.subversion());
    let (databases, machines, network) = (fakes.databases(), fakes.machines(), fakes.network());
    let (people, secrets, scratch) = (fakes.people(), fakes.secrets(), fakes.scratch());
    let (clock, locks, leases) = (fakes.clock(), fakes.journal(), Leases::Alone);
    let (stores, hosts) = (BTreeMap::<Name, Arc<dyn StoreWrite>>::new(), BTreeMap::new());
    let at = fakes.clone();
    let reach: Reach = Arc::new(move |_| Host { tree: at.tree(), commands: at.commands() });
    let world = StepWorld {
        tree: &*tree,
        stores: &stores,
        commands: &*commands,
        hosts: &hosts,
        reach: &reach,
        subversion: &*subversion,
        databases: &*databases,
        machines: &*machines,
        network: &*network,
        people: &*people,
        secrets: &*secrets,
        scratch: &*scratch,
        clock: &*clock,
        compute: &FakeCompute,
        locks: &*locks,
        leases: &leases,
    };
    act(&world).await
}

/// Runs to the end on this thread.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn path(text: &str) -> PathBytes {
    PathBytes::new(text.as_bytes())
}

fn request(roots: &[&str]) -> PackRequest {
    let key = Key::parse("plan/docs/daily/web-1/20260301T120000Z-0000002a.tar.zip").unwrap();
    PackRequest {
        place: PointPlace::parse(&key).unwrap().0,
        roots: roots.iter().map(|root| path(root)).collect(),
        exclude: Vec::new(),
        allow_empty: false,
        mounts: Vec::new(),
        compression: Compression::default(),
        one_file_system: false,
    }
}

fn do_pack(tree: &MemoryTree, store: &MemoryStore, request: &PackRequest) -> Result<Packed, Fault> {
    with_rest(async |beside| pack(tree, store, beside, request, &Progress::default()).await)
}

/// What is beside a tree and a store.
fn with_rest<T>(act: impl AsyncFnOnce(Beside<'_>) -> T) -> T {
    let scratch = World::new(1).scratch();
    run(async { act(Beside { clock: &Noon, compute: &FakeCompute, scratch: &*scratch }).await })
}

fn do_read_back(store: &MemoryStore, packed: &Packed) -> Result<ReadBack, Fault> {
    run(read_back(store, &FakeCompute, packed.expected(), &Progress::default()))
}

fn do_recover(store: &MemoryStore, tree: &MemoryTree, packed: &Packed, only: Option<&str>) -> Result<Recovered, Fault> {
    do_recover_point(store, tree, manifest(packed), only)
}

fn do_recover_point(
    store: &MemoryStore,
    tree: &MemoryTree,
    manifest: Manifest,
    only: Option<&str>,
) -> Result<Recovered, Fault> {
    let only = only.map(path);
    let request = RecoverRequest { manifest, into: path("/back"), staging: path("/.back-1"), only, set_owner: true };
    with_rest(async |beside| recover(store, tree, beside, &request, &Progress::default()).await)
}

/// What one path comes to, as it is known before anything is recovered.
fn do_part_totals(store: &MemoryStore, packed: &Packed, only: &str) -> Result<Totals, Fault> {
    let (manifest, only) = (manifest(packed), path(only));
    with_rest(async |beside| part_totals(store, beside.scratch, &manifest, &only).await)
}

fn manifest(packed: &Packed) -> Manifest {
    let place = PointPlace::parse(&packed.archive.key).unwrap().0;
    let at = Noon.now();
    Manifest {
        format_version: MANIFEST_FORMAT_VERSION,
        plan: place.plan,
        job: place.job,
        host: place.host.to_string(),
        run: crate::primitives::RunId::new(at, 0x2a),
        slot: place.point.slot,
        point: place.point,
        began: at,
        moment: packed.moment,
        finished: at,
        roots: packed.roots.clone(),
        mounts: packed.mounts.clone(),
        shrunk_from: None,
        archive: packed.archive.clone(),
        plain: packed.plain,
        contents: packed.contents.clone(),
        segments_at: packed.segments_at,
        totals: packed.totals,
        read_back: ReadBackRecord { at, entries: packed.totals.entries() },
        clean: packed.clean(),
        unread: packed.unread.clone(),
        not_stored: packed.not_stored.clone(),
        changed: packed.changed.clone(),
        not_entered: packed.not_entered.clone(),
    }
}

/// A small tree with one of each: `/srv/data` with two folders, files, links, hard links across folders.
fn small_tree() -> MemoryTree {
    let tree = MemoryTree::default();
    {
        let mut state = tree.lock();
        for folder in ["/srv", "/srv/data", "/srv/data/a", "/srv/data/a-b", "/srv/data/z", "/srv/data/z/deep"] {
            state.add(folder.as_bytes(), EntryKind::Folder, b"").unwrap();
        }
        let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        state.add(b"/srv/data/a/noise", EntryKind::File, &noise).unwrap();
        state.add(b"/srv/data/a/empty", EntryKind::File, b"").unwrap();
        state.add(b"/srv/data/a-b/text", EntryKind::File, b"some text\n").unwrap();
        state.add(b"/srv/data/z/to", EntryKind::Symlink, b"../a/noise").unwrap();
        state.link(b"/srv/data/z/deep/again", b"/srv/data/a/noise").unwrap();
        state.link(b"/srv/data/z/deep/third", b"/srv/data/a/noise").unwrap();
        state.add(b"/srv/data/z/pipe", EntryKind::Fifo, b"").unwrap();
        for (number, inode) in state.inodes.values_mut().enumerate() {
            inode.meta.mode = 0o500 + number as u32;
            (inode.meta.mtime_s, inode.meta.mtime_ns) = (1_000 + number as i64, number as u32);
        }
    }
    tree
}

/// A clock that stands.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        "2026-03-01T12:00:00.5Z".parse().unwrap()
    }
}
