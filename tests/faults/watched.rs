//! The simulated stores and tree, watched: at every change the invariants are held against the world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sonae::catalog::{Manifest, Part, PointPlace, StoredObject};
use sonae::fakes::{FakeStore, FakeTree, World};
use sonae::forecast::{Action, Forecast, Leftover};
use sonae::ports::{
    Destination, Fault, FileRead, Meta, Names, ObjectInfo, Page, PutMode, PutResult, ReadXattrs, StorePlace, StoreRead,
    StoreWrite, TreeRead, TreeWrite, UploadId, Users,
};
use sonae::primitives::{Digest, Key, Name, PathBytes, StepId};

/// What a run may do to the world, and what became of the world so far.
#[derive(Debug)]
pub(super) struct Law {
    world: World,
    forecast: Forecast,
    /// The newest point that was ever there, of each job and host.
    newest: Mutex<BTreeMap<(Name, String), (jiff::Timestamp, Key)>>,
    /// The manifests that were ever there.
    manifests: Mutex<BTreeMap<Key, (Bytes, Manifest)>>,
    /// How many lines of the journal were read, and what they say is being performed.
    announced: Mutex<(usize, BTreeSet<StepId>)>,
}

impl Law {
    pub(super) fn new(world: &World, forecast: &Forecast) -> Arc<Self> {
        let law = Self {
            world: world.clone(),
            forecast: forecast.clone(),
            newest: Mutex::default(),
            manifests: Mutex::default(),
            announced: Mutex::default(),
        };
        law.hold();
        Arc::new(law)
    }

    /// Every point that a store shows is whole, and the newest good one is still there.
    pub(super) fn hold(&self) {
        for store in self.forecast.stores.keys() {
            self.hold_store(store);
        }
    }

    fn hold_store(&self, store: &Name) {
        let objects = self.world.store(store.as_str()).objects();
        let mut manifests = self.manifests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, bytes) in &objects {
            let Some((place, Part::Manifest)) = PointPlace::parse(key) else { continue };
            let decode = || Manifest::decode(bytes).unwrap_or_else(|error| panic!("{key}: {error}"));
            let (was, manifest) = manifests.entry(key.clone()).or_insert_with(|| (bytes.clone(), decode()));
            assert_eq!(was, bytes, "a manifest was overwritten");
            assert_eq!(manifest.place(), place, "a manifest speaks of its own place");
            verify(&objects, manifest);
            let owner = format!("{}/{}/{}", place.plan, place.job, place.host);
            let this = (manifest.moment, key.clone());
            let best = newest.entry((store.clone(), owner)).or_insert_with(|| this.clone());
            *best = best.clone().max(this);
        }
        for (_, (_, key)) in newest.iter().filter(|((of, _), _)| of == store) {
            assert!(objects.contains_key(key), "the newest good point {key} is gone");
        }
    }

    /// The step that may change that key so, and that it is being performed.
    fn assert_announced(&self, what: &str, may: impl Fn(&Action) -> bool) {
        let running = self.running();
        let allowed = self.forecast.steps.iter().find(|step| may(&step.action) && running.contains(&step.id));
        assert!(allowed.is_some(), "{what}: no step that was forecast to do so is announced; running: {running:?}");
    }

    /// What the journal says is being performed.
    fn running(&self) -> BTreeSet<StepId> {
        let lines = self.world.journal().written(&self.forecast.run).unwrap_or_default();
        let mut so_far = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, running) = &mut *so_far;
        for line in lines.iter().skip((*read).max(1)) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let step = line["step"].as_u64().map(|step| StepId(u32::try_from(step).unwrap()));
            match (line["record"].as_str(), step) {
                (Some("started"), Some(step)) => assert!(running.insert(step), "{step:?} is announced twice"),
                (Some("finished" | "failed"), Some(step)) => {
                    assert!(running.remove(&step), "{step:?} ended unannounced")
                }
                (Some("interrupted" | "resumed"), None) => running.clear(),
                (Some("ended"), None) => assert!(running.is_empty()),
                _ => panic!("{line}"),
            }
        }
        *read = lines.len();
        running.clone()
    }

    fn may_write(&self, store: &Name, key: &Key) {
        self.assert_announced(&format!("write {store}:{key}"), |action| match action {
            Action::Pack { new, .. } => {
                new.store == *store && [Part::Archive, Part::Contents].iter().any(|part| new.key(*part) == *key)
            }
            Action::Commit { new, .. } => new.store == *store && new.key(Part::Manifest) == *key,
            _ => false,
        });
    }

    fn may_delete(&self, store: &Name, key: &Key) {
        self.assert_announced(&format!("delete {key}"), |action| match action {
            Action::Delete { store: of, points, leftovers, suspended, .. } => {
                let points = if suspended.is_some() { &[] } else { points.as_slice() };
                let point = points.iter().any(|gone| Part::ALL.iter().any(|part| gone.place.key(*part) == *key));
                let left = |left: &Leftover| matches!(left, Leftover::Object(object) if object.key == *key);
                of == store && (point || leftovers.iter().any(left))
            }
            _ => false,
        });
        let (place, _) = PointPlace::parse(key).unwrap();
        let committed = self.forecast.steps.iter().any(|step| match &step.action {
            Action::Commit { new, .. } => {
                new.place.job == place.job
                    && self.world.store(store.as_str()).objects().contains_key(&new.key(Part::Manifest))
            }
            _ => false,
        });
        assert!(committed, "{key} is deleted before the new point exists");
        assert!(
            !self.is_shrunk(store, &place) || self.is_leftover(key),
            "{key} is deleted for a point that is too small"
        );
    }

    /// Whether the new point of the same job was found to be much smaller than before.
    fn is_shrunk(&self, store: &Name, place: &PointPlace) -> bool {
        let objects = self.world.store(store.as_str()).objects();
        self.forecast.steps.iter().any(|step| match &step.action {
            Action::Commit { new, .. } if new.place.job == place.job => {
                let manifest = objects.get(&new.key(Part::Manifest)).map(|bytes| Manifest::decode(bytes).unwrap());
                manifest.is_some_and(|manifest| manifest.shrunk_from.is_some())
            }
            _ => false,
        })
    }

    fn is_leftover(&self, key: &Key) -> bool {
        let is_key = |left: &Leftover| matches!(left, Leftover::Object(object) if object.key == *key);
        let of = |action: &Action| matches!(action, Action::Delete { leftovers, .. } if leftovers.iter().any(is_key));
        self.forecast.steps.iter().any(|step| of(&step.action))
    }

    fn may_abort(&self, store: &Name, upload: &UploadId) {
        self.assert_announced(&format!("abort {upload:?}"), |action| match action {
            Action::Pack { new, .. } => {
                new.store == *store && [Part::Archive, Part::Contents].iter().any(|part| new.key(*part) == upload.key)
            }
            Action::Commit { new, .. } => new.store == *store && new.key(Part::Manifest) == upload.key,
            Action::Delete { store: of, leftovers, .. } => {
                of == store && leftovers.iter().any(|left| *left == Leftover::Upload(upload.clone()))
            }
            _ => false,
        });
    }

    fn may_make(&self, path: &PathBytes) {
        self.assert_announced(&format!("change {path}"), |action| match action {
            Action::Recover(recovery) => {
                recovery.staging == *path || recovery.into == *path || recovery.leftovers.contains(path)
            }
            _ => false,
        });
    }
}

fn verify(objects: &BTreeMap<Key, Bytes>, manifest: &Manifest) {
    for StoredObject { key, size, digest } in [&manifest.archive, &manifest.contents] {
        let there = objects.get(key).unwrap_or_else(|| panic!("a manifest speaks of {key}, which is not there"));
        assert_eq!(there.len() as u64, *size, "{key}");
        assert_eq!(Digest::of(there), *digest, "{key}");
    }
}

/// A store whose every change is judged.
pub(super) struct WatchedStore {
    pub(super) law: Arc<Law>,
    pub(super) inner: Arc<FakeStore>,
    pub(super) name: Name,
}

#[async_trait::async_trait]
impl StoreRead for WatchedStore {
    async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        // Pages of two, so that every listing of more than that has several.
        self.inner.list(prefix, after, limit.min(2)).await
    }
    async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        self.inner.head(key).await
    }
    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        self.inner.read(key, offset, length).await
    }
    async fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        self.inner.uploads(prefix).await
    }
    async fn real_place(&self) -> Result<StorePlace, Fault> {
        self.inner.real_place().await
    }
    fn place(&self, key: &Key) -> String {
        self.inner.place(key)
    }
}

#[async_trait::async_trait]
impl StoreWrite for WatchedStore {
    fn part_bytes(&self, number: u32) -> usize {
        self.inner.part_bytes(number)
    }
    async fn begin(&self, key: &Key) -> Result<UploadId, Fault> {
        self.law.may_write(&self.name, key);
        self.inner.begin(key).await
    }
    async fn part(&self, upload: &UploadId, number: u32, bytes: Bytes) -> Result<(), Fault> {
        self.law.may_write(&self.name, &upload.key);
        self.inner.part(upload, number, bytes).await
    }
    async fn finish(&self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, Fault> {
        self.law.may_write(&self.name, &upload.key);
        let answer = self.inner.finish(upload, parts, mode).await;
        self.law.hold();
        answer
    }
    async fn settle(&self, key: &Key) -> Result<(), Fault> {
        self.inner.settle(key).await
    }
    async fn abort(&self, upload: &UploadId) -> Result<(), Fault> {
        self.law.may_abort(&self.name, upload);
        self.inner.abort(upload).await
    }
    async fn delete(&self, key: &Key) -> Result<(), Fault> {
        self.law.may_delete(&self.name, key);
        let answer = self.inner.delete(key).await;
        self.law.hold();
        answer
    }
}

/// A tree whose changes are judged.
pub(super) struct WatchedTree {
    pub(super) law: Arc<Law>,
    pub(super) inner: Arc<FakeTree>,
}

#[async_trait::async_trait]
impl TreeRead for WatchedTree {
    async fn stat(&self, path: &PathBytes) -> Result<Option<Meta>, Fault> {
        self.inner.stat(path).await
    }
    async fn list(&self, folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault> {
        // Pages of two here as well.
        self.inner.list(folder, after, limit.min(2)).await
    }
    async fn look(&self, folder: &PathBytes, names: &[Vec<u8>]) -> Result<Vec<Result<Option<Meta>, Fault>>, Fault> {
        self.inner.look(folder, names).await
    }
    async fn read_link(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        self.inner.read_link(path).await
    }
    async fn xattrs(&self, path: &PathBytes) -> Result<ReadXattrs, Fault> {
        self.inner.xattrs(path).await
    }
    async fn open(&self, path: &PathBytes) -> Result<Box<dyn FileRead>, Fault> {
        self.inner.open(path).await
    }
    async fn real(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        self.inner.real(path).await
    }
    async fn free(&self, path: &PathBytes) -> Result<u64, Fault> {
        self.inner.free(path).await
    }
}

#[async_trait::async_trait]
impl Users for WatchedTree {
    async fn user_name(&self, uid: u32) -> Result<Option<String>, Fault> {
        self.inner.user_name(uid).await
    }
    async fn group_name(&self, gid: u32) -> Result<Option<String>, Fault> {
        self.inner.group_name(gid).await
    }
    async fn uid(&self, name: &str) -> Result<Option<u32>, Fault> {
        self.inner.uid(name).await
    }
    async fn gid(&self, name: &str) -> Result<Option<u32>, Fault> {
        self.inner.gid(name).await
    }
}

#[async_trait::async_trait]
impl TreeWrite for WatchedTree {
    async fn create(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        self.law.may_make(folder);
        self.inner.create(folder).await
    }
    async fn reopen(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        self.law.may_make(folder);
        self.inner.reopen(folder).await
    }
    async fn rename(&self, from: &PathBytes, to: &PathBytes) -> Result<(), Fault> {
        self.law.may_make(from);
        self.law.may_make(to);
        self.inner.rename(from, to).await
    }
    async fn settle(&self, folder: &PathBytes) -> Result<(), Fault> {
        self.inner.settle(folder).await
    }
    async fn remove(&self, folder: &PathBytes) -> Result<(), Fault> {
        self.law.may_make(folder);
        self.inner.remove(folder).await
    }
}
