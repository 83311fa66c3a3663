//! What was read once of objects that never change, kept on this host: a store that is far away and holds many is asked for each of them
//! once, and not by every command.
//!
//! Unaware of what is in them. Invariants: what is answered is what the store held under that key when it was as large, and as old, as it is
//! listed now; whatever becomes of the file, the worst is that the store is asked again. What was looked up beside its neighbours and is not
//! listed any more is forgotten once all is listed.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the port on real files")]

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, params};

use super::blocking::{Begun, begin, blocking};
use crate::ports::{Fault, HiddenPage, Keeping, ObjectInfo, Page, Reading, StorePlace, StoreRead, UploadId};
use crate::primitives::Key;

/// What is larger is not kept.
const BYTES_MAX: u64 = 64 * 1024;
/// So many are looked up at once, and written at once.
const AT_ONCE: usize = 512;
/// The layout of the file; one of another layout is emptied.
const LAYOUT: i64 = 1;
/// How long a call waits for another process.
const BUSY: Duration = Duration::from_millis(500);

/// An object as it was listed: its size in bytes, and when it was stored, in nanoseconds since 1970.
type Version = (u64, i64);

/// A store of which some objects are remembered.
pub struct Remembering {
    inner: Arc<dyn StoreRead>,
    /// Which objects never change.
    never_changes: fn(&Key) -> bool,
    listed: Mutex<Listed>,
    near: tokio::sync::Mutex<Near>,
    fresh: Mutex<Vec<Row>>,
    table: Arc<Mutex<Table>>,
}

/// What listings said.
#[derive(Default)]
struct Listed {
    objects: HashMap<Key, Version>,
    /// How the keys begin that were listed from the first to the last.
    whole: BTreeSet<String>,
    /// Those of which the first page was seen.
    begun: BTreeSet<String>,
    /// What was looked up and was not listed so far.
    unlisted: BTreeSet<Key>,
}

impl Listed {
    /// A page was listed, the first or another.
    fn turned(&mut self, prefix: &str, is_first: bool, more: bool) {
        if is_first {
            self.begun.insert(prefix.to_owned());
        }
        if !more && self.begun.remove(prefix) {
            self.whole.insert(prefix.to_owned());
        }
    }

    /// Where to look for a key: with those before it that were listed with it, so that the oldest that are gone are found. They are looked at
    /// once.
    fn from(&self, near: &Near, key: &Key) -> String {
        let mut prefixes =
            self.begun.iter().chain(&self.whole).filter(|prefix| key.as_str().starts_with(prefix.as_str()));
        let is_there = |prefix: &String| near.from.as_ref().is_some_and(|from| from.starts_with(prefix.as_str()));
        prefixes.find(|prefix| !is_there(prefix)).cloned().unwrap_or_else(|| key.to_string())
    }

    fn looked_up<'k>(&mut self, keys: impl Iterator<Item = &'k Key>) {
        let unlisted = keys.filter(|key| !self.objects.contains_key(key));
        self.unlisted.extend(unlisted.cloned());
    }

    /// What was looked up, would be in the listing if it were there, and is not.
    fn gone(&mut self) -> Vec<Key> {
        self.unlisted.retain(|key| !self.objects.contains_key(key));
        let is_whole = |key: &Key| self.whole.iter().any(|prefix| key.as_str().starts_with(prefix.as_str()));
        let (gone, unlisted) = std::mem::take(&mut self.unlisted).into_iter().partition(is_whole);
        self.unlisted = unlisted;
        gone.into_iter().collect()
    }
}

/// What was looked up last: all that is known of the keys between two.
#[derive(Default)]
struct Near {
    /// It need not be a key itself.
    from: Option<String>,
    /// None where nothing follows.
    to: Option<Key>,
    rows: HashMap<Key, Row>,
    /// What follows, which is being looked up.
    ahead: Option<Begun<Self>>,
}

impl Near {
    fn covers(&self, key: &Key) -> bool {
        self.from.as_deref().is_some_and(|from| from <= key.as_str()) && self.to.as_ref().is_none_or(|to| key <= to)
    }
}

/// An object that was read.
#[derive(Clone)]
struct Row {
    key: Key,
    version: Version,
    bytes: Bytes,
}

impl Remembering {
    /// That store, of which what never changes is remembered in a file of that folder. Nothing is made before something is remembered.
    pub fn new(inner: Arc<dyn StoreRead>, folder: &Path, never_changes: fn(&Key) -> bool) -> Self {
        let table = Table { file: folder.join("read.sqlite"), store: String::new(), open: None };
        Self {
            inner,
            never_changes,
            listed: Mutex::default(),
            near: tokio::sync::Mutex::default(),
            fresh: Mutex::default(),
            table: Arc::new(Mutex::new(table)),
        }
    }

    fn listed(&self) -> MutexGuard<'_, Listed> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, objects: &[ObjectInfo]) {
        let mut listed = self.listed();
        for object in objects.iter().filter(|object| (self.never_changes)(&object.key)) {
            let stored = object.stored.and_then(nanoseconds);
            if let Some(stored) = stored.filter(|_| object.size <= BYTES_MAX) {
                listed.objects.insert(object.key.clone(), (object.size, stored));
            }
        }
    }

    /// What is remembered of it, as it is listed.
    async fn remembered(&self, key: &Key, version: Version) -> Result<Option<Bytes>, Fault> {
        let mut near = self.near.lock().await;
        if !near.covers(key) {
            // Mostly what is wanted next lies behind what was wanted last.
            if let Some(mut ahead) = near.ahead.take() {
                *near = ahead.done().await?;
                self.listed().looked_up(near.rows.keys());
            }
            while !near.covers(key) {
                let from = self.listed().from(&near, key);
                *near = self.look_up(from).await?.done().await?;
                self.listed().looked_up(near.rows.keys());
            }
            self.forget().await?;
            if let Some(to) = near.to.clone() {
                near.ahead = Some(self.look_up(to.into()).await?);
            }
        }
        Ok(near.rows.get(key).filter(|row| row.version == version).map(|row| row.bytes.clone()))
    }

    /// Begins to look up what is known from that key on.
    async fn look_up(&self, from: String) -> Result<Begun<Near>, Fault> {
        let store = self.inner.real_place().await?.to_string();
        let table = Arc::clone(&self.table);
        Ok(begin("look at what was read before", move || Ok(lock(&table).after(&store, from))))
    }

    /// What was looked up, and is not in the store any more.
    async fn forget(&self) -> Result<(), Fault> {
        let gone = self.listed().gone();
        if gone.is_empty() {
            return Ok(());
        }
        let table = Arc::clone(&self.table);
        blocking("forget what was read before", move || {
            lock(&table).change(|open, store| forget_rows(open, store, &gone));
            Ok(())
        })
        .await
    }

    async fn remember(&self, row: Row) -> Result<(), Fault> {
        let rows = {
            let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
            fresh.push(row);
            if fresh.len() < AT_ONCE {
                return Ok(());
            }
            std::mem::take(&mut *fresh)
        };
        let table = Arc::clone(&self.table);
        blocking("keep what was read", move || {
            lock(&table).change(|open, store| put_rows(open, store, &rows));
            Ok(())
        })
        .await
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanoseconds(time: Timestamp) -> Option<i64> {
    i64::try_from(time.as_nanosecond()).ok()
}

impl Drop for Remembering {
    /// The last of them, for the next command.
    fn drop(&mut self) {
        let rows = std::mem::take(&mut *self.fresh.lock().unwrap_or_else(PoisonError::into_inner));
        if !rows.is_empty() {
            lock(&self.table).change(|open, store| put_rows(open, store, &rows));
        }
    }
}

#[async_trait::async_trait]
impl StoreRead for Remembering {
    async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        let page = self.inner.list(prefix, after, limit).await?;
        self.note(&page.objects);
        self.listed().turned(prefix, after.is_none(), page.more);
        if !page.more {
            self.forget().await?;
        }
        Ok(page)
    }

    async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        self.inner.head(key).await
    }

    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        let whole = |version: &Version| offset == 0 && u64::try_from(length).is_ok_and(|length| version.0 <= length);
        let Some(version) = self.listed().objects.get(key).copied().filter(whole) else {
            return self.inner.read(key, offset, length).await;
        };
        if let Some(bytes) = self.remembered(key, version).await? {
            return Ok(bytes);
        }
        let bytes = self.inner.read(key, offset, length).await?;
        if bytes.len() as u64 == version.0 {
            self.remember(Row { key: key.clone(), version, bytes: bytes.clone() }).await?;
        }
        Ok(bytes)
    }

    fn reading(&self) -> Reading {
        self.inner.reading()
    }

    fn small_side_by_side(&self) -> usize {
        self.inner.small_side_by_side()
    }

    async fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        self.inner.uploads(prefix).await
    }

    async fn keeping(&self) -> Keeping {
        self.inner.keeping().await
    }

    async fn hidden(&self, prefix: &str, after: Option<&Key>) -> Result<HiddenPage, Fault> {
        self.inner.hidden(prefix, after).await
    }

    async fn locked_until(&self, key: &Key) -> Result<Option<Timestamp>, Fault> {
        self.inner.locked_until(key).await
    }

    async fn real_place(&self) -> Result<StorePlace, Fault> {
        self.inner.real_place().await
    }

    fn place(&self, key: &Key) -> String {
        self.inner.place(key)
    }
}

/// The file. What cannot be read or written of it is as what was never there: the store has it all.
struct Table {
    file: PathBuf,
    /// Which store's.
    store: String,
    open: Option<Connection>,
}

impl Table {
    /// What is known from that key on.
    fn after(&mut self, store: &str, from: String) -> Near {
        store.clone_into(&mut self.store);
        let nothing = Near { from: Some(from.clone()), ..Near::default() };
        let is_there = self.open.is_some() || self.file.exists();
        let found = is_there.then(|| self.connection().and_then(|open| rows_after(open, store, &from)));
        match found {
            Some(Ok(rows)) => Near {
                to: rows.last().filter(|_| rows.len() == AT_ONCE).map(|row| row.key.clone()),
                rows: rows.into_iter().map(|row| (row.key.clone(), row)).collect(),
                ..nothing
            },
            Some(Err(error)) => {
                self.give_up(&error);
                nothing
            }
            None => nothing,
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Connection, &str) -> rusqlite::Result<()>) {
        let store = self.store.clone();
        let changed = self.connection().and_then(|open| change(open, &store));
        if let Err(error) = changed {
            self.give_up(&error);
        }
    }

    /// A file that is none of SQLite's, or is damaged, is made anew by the next command.
    fn give_up(&mut self, error: &rusqlite::Error) {
        self.open = None;
        if matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)) {
            // Where it cannot be removed, the store is asked each time.
            let _asked_again = fs::remove_file(&self.file);
        }
    }

    fn connection(&mut self) -> rusqlite::Result<&mut Connection> {
        if self.open.is_none() {
            self.open = Some(open(&self.file)?);
        }
        self.open.as_mut().ok_or(rusqlite::Error::InvalidQuery)
    }
}

/// It can be thrown away, so nothing of it is synced.
fn open(file: &Path) -> rusqlite::Result<Connection> {
    let unusable = |error: std::io::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
    }
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file).map_err(unusable)?;
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")?;
    let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if layout != LAYOUT {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             DROP TABLE IF EXISTS object;
             CREATE TABLE object (
                 store TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, stored INTEGER NOT NULL,
                 digest BLOB NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (store, key)
             ) WITHOUT ROWID;
             PRAGMA user_version = {LAYOUT};
             COMMIT;"
        ))?;
    }
    Ok(connection)
}

fn rows_after(open: &Connection, store: &str, from: &str) -> rusqlite::Result<Vec<Row>> {
    let mut statement = open.prepare_cached(
        "SELECT key, size, stored, digest, bytes FROM object WHERE store = ?1 AND key >= ?2 ORDER BY key LIMIT ?3",
    )?;
    let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    let mut found = statement.query(params![store, from, limit])?;
    let mut rows = Vec::with_capacity(AT_ONCE);
    while let Some(row) = found.next()? {
        let (key, size, stored): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (digest, bytes) = (row.get_ref(3)?.as_blob()?, row.get_ref(4)?.as_blob()?);
        let Ok(key) = Key::parse(&key) else { return Err(rusqlite::Error::InvalidQuery) };
        // What the file lost is not what the store holds.
        let is_whole = blake3::hash(bytes).as_bytes() == digest;
        let size = u64::try_from(size).ok().filter(|_| is_whole).unwrap_or(u64::MAX);
        rows.push(Row { key, version: (size, stored), bytes: Bytes::copy_from_slice(bytes) });
    }
    Ok(rows)
}

fn forget_rows(open: &mut Connection, store: &str, keys: &[Key]) -> rusqlite::Result<()> {
    let transaction = open.transaction()?;
    for key in keys {
        transaction.execute("DELETE FROM object WHERE store = ?1 AND key = ?2", params![store, key.as_str()])?;
    }
    transaction.commit()
}

fn put_rows(open: &mut Connection, store: &str, rows: &[Row]) -> rusqlite::Result<()> {
    let transaction = open.transaction()?;
    {
        let mut statement =
            transaction.prepare_cached("INSERT OR REPLACE INTO object VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for Row { key, version: (size, stored), bytes } in rows {
            let size = i64::try_from(*size).unwrap_or(i64::MAX);
            let digest = blake3::hash(bytes);
            statement.execute(params![store, key.as_str(), size, stored, &digest.as_bytes()[..], &bytes[..]])?;
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests;
