//! What is remembered, of a store that counts how often it is read.

use std::collections::BTreeMap;

use super::*;

/// A store that counts how often it is read.
#[derive(Default)]
struct Far {
    objects: Mutex<BTreeMap<Key, (Bytes, i64)>>,
    reads: Mutex<usize>,
}

impl Far {
    fn put(&self, key: &str, bytes: &str, second: i64) {
        self.objects.lock().unwrap().insert(key_of(key), (Bytes::copy_from_slice(bytes.as_bytes()), second));
    }

    fn reads(&self) -> usize {
        std::mem::take(&mut *self.reads.lock().unwrap())
    }
}

fn key_of(key: &str) -> Key {
    Key::parse(key).unwrap()
}

#[async_trait::async_trait]
impl StoreRead for Far {
    async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        let objects = self.objects.lock().unwrap();
        let found = objects.iter().filter(|(key, _)| key.as_str().starts_with(prefix) && after < Some(key));
        let info = |(key, (bytes, second)): (&Key, &(Bytes, i64))| ObjectInfo {
            key: key.clone(),
            size: bytes.len() as u64,
            stored: Timestamp::from_second(*second).ok(),
        };
        let all: Vec<ObjectInfo> = found.map(info).collect();
        Ok(Page { more: all.len() > limit, objects: all.into_iter().take(limit).collect() })
    }

    async fn head(&self, _key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        Ok(None)
    }

    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        *self.reads.lock().unwrap() += 1;
        let (bytes, _) = self.objects.lock().unwrap()[key].clone();
        let offset = usize::try_from(offset).unwrap().min(bytes.len());
        Ok(bytes.slice(offset..bytes.len().min(offset + length)))
    }

    async fn uploads(&self, _prefix: &str) -> Result<Vec<UploadId>, Fault> {
        Ok(vec![])
    }

    async fn real_place(&self) -> Result<StorePlace, Fault> {
        Ok(StorePlace::Elsewhere("far".into()))
    }

    fn place(&self, key: &Key) -> String {
        key.to_string()
    }
}

fn is_kept(key: &Key) -> bool {
    key.as_str().ends_with(".json")
}

/// Lists all below a prefix, and reads each page while the next is there already.
async fn paged(store: &Remembering, prefix: &str) -> Vec<String> {
    let (mut read, mut page) = (Vec::new(), store.list(prefix, None, 100).await.unwrap());
    loop {
        let last = page.objects.last().filter(|_| page.more);
        let next = match last {
            Some(last) => Some(store.list(prefix, Some(&last.key), 100).await.unwrap()),
            None => None,
        };
        for object in &page.objects {
            let bytes = store.read(&object.key, 0, 100).await.unwrap();
            read.push(String::from_utf8(bytes.to_vec()).unwrap());
        }
        match next {
            Some(next) => page = next,
            None => return read,
        }
    }
}

#[tokio::test]
async fn what_is_read_while_more_is_listed_is_remembered_and_forgotten_as_well() {
    let (far, folder) = (Arc::new(Far::default()), tempfile::tempdir().unwrap());
    for (job, number) in [("a", 0..1500), ("b", 0..700)].into_iter().flat_map(|(job, of)| of.map(move |at| (job, at))) {
        far.put(&format!("{job}/{number:04}.json"), &format!("{job} {number}"), 5);
    }
    let command = async || {
        let store = Remembering::new(Arc::clone(&far) as _, folder.path(), is_kept);
        let read = [paged(&store, "a/").await, paged(&store, "b/").await];
        (read.map(|read| (read.len(), read.first().cloned(), read.last().cloned())), far.reads())
    };
    let of = |first: &str, last: &str| (Some(first.to_owned()), Some(last.to_owned()));
    let ((first, last), b) = (of("a 0", "a 1499"), (700, Some("b 0".to_owned()), Some("b 699".to_owned())));
    assert_eq!(command().await, ([(1500, first.clone(), last.clone()), b.clone()], 2200));
    assert_eq!(command().await, ([(1500, first, last), b.clone()], 0));
    let count = || -> i64 {
        let open = Connection::open(folder.path().join("read.sqlite")).unwrap();
        open.query_row("SELECT count(*) FROM object", [], |row| row.get(0)).unwrap()
    };
    // More of the oldest than are looked up at once.
    for number in 0..600 {
        far.objects.lock().unwrap().remove(&key_of(&format!("a/{number:04}.json")));
    }
    let (first, last) = of("a 600", "a 1499");
    assert_eq!(command().await, ([(900, first.clone(), last.clone()), b.clone()], 0));
    assert_eq!(count(), 2200 - 512);
    assert_eq!(command().await, ([(900, first, last), b], 0));
    assert_eq!(count(), 1600);
}

/// Lists all and reads all, as a command does; what was read.
async fn command(far: &Arc<Far>, folder: &Path) -> Vec<String> {
    let store = Remembering::new(Arc::clone(far) as _, folder, is_kept);
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let page = store.list("", after.as_ref(), 100).await.unwrap();
        keys.extend(page.objects.iter().map(|object| object.key.clone()));
        after = keys.last().cloned();
        if !page.more {
            break;
        }
    }
    let mut read = Vec::new();
    for key in keys {
        let bytes = store.read(&key, 0, 100).await.unwrap();
        read.push(String::from_utf8(bytes.to_vec()).unwrap());
    }
    read
}

#[tokio::test]
async fn what_was_read_once_is_read_once_and_is_what_is_listed_now() {
    let (far, folder) = (Arc::new(Far::default()), tempfile::tempdir().unwrap());
    for number in 0..1500 {
        far.put(&format!("a/{number:04}.json"), &format!("of {number}"), 5);
    }
    far.put("a/lease", "mine", 5);
    let first = command(&far, folder.path()).await;
    assert_eq!(far.reads(), 1501);
    assert_eq!(command(&far, folder.path()).await, first);
    // What may change is read each time.
    assert_eq!(far.reads(), 1);
    // As long as before, and younger; longer, and as old.
    far.put("a/0700.json", "OF 700", 6);
    far.put("a/0701.json", "of 701, more", 5);
    let third = command(&far, folder.path()).await;
    assert_eq!((far.reads(), &*third[700], &*third[701]), (3, "OF 700", "of 701, more"));
    assert_eq!(command(&far, folder.path()).await, third);
    assert_eq!(far.reads(), 1);
}

#[tokio::test]
async fn what_is_gone_is_forgotten_and_a_damaged_file_is_as_none() {
    let (far, folder) = (Arc::new(Far::default()), tempfile::tempdir().unwrap());
    for number in 0..10 {
        far.put(&format!("a/{number}.json"), "it", 5);
    }
    command(&far, folder.path()).await;
    let file = folder.path().join("read.sqlite");
    let count = || -> i64 {
        let open = Connection::open(&file).unwrap();
        open.query_row("SELECT count(*) FROM object", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count(), 10);
    // The oldest, and the youngest.
    for number in [0, 1, 2, 6, 7, 8, 9] {
        far.objects.lock().unwrap().remove(&key_of(&format!("a/{number}.json")));
    }
    command(&far, folder.path()).await;
    assert_eq!(count(), 3);
    let open = Connection::open(&file).unwrap();
    open.execute("UPDATE object SET bytes = 'at'", []).unwrap();
    drop(open);
    far.reads();
    assert_eq!(command(&far, folder.path()).await, ["it"; 3]);
    assert_eq!(far.reads(), 3);
    // And is as it was.
    assert_eq!(command(&far, folder.path()).await, ["it"; 3]);
    assert_eq!(far.reads(), 0);
    for beside in ["read.sqlite-wal", "read.sqlite-shm"] {
        let _none_there = fs::remove_file(folder.path().join(beside));
    }
    fs::write(&file, "no database").unwrap();
    assert_eq!(command(&far, folder.path()).await, ["it"; 3]);
    assert_eq!(far.reads(), 3);
    assert_eq!(command(&far, folder.path()).await, ["it"; 3]);
    assert_eq!(far.reads(), 0);
}

#[tokio::test]
async fn where_nothing_can_be_kept_the_store_is_asked() {
    let (far, folder) = (Arc::new(Far::default()), tempfile::tempdir().unwrap());
    far.put("a/1.json", "it", 5);
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    for _ in 0..2 {
        assert_eq!(command(&far, &file).await, ["it"]);
        assert_eq!(far.reads(), 1);
    }
}
