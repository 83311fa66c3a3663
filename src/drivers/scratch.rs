//! Tables that begin in memory and go on in a private temporary database of SQLite (<https://sqlite.org/inmemorydb.html>,
//! "Temporary Databases"): a file without a name, gone with the process, where `SQLITE_TMPDIR`, `TMPDIR`, `/var/tmp` or `/tmp` is.
//!
//! Invariant: a table takes no more memory than [`NEAR_BYTES_MAX`] and SQLite's cache.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use super::blocking::blocking;
use crate::ports::{Cause, Fault, Scratch, ScratchTable};

/// What a table holds in memory before it writes all of it to its file: of names of 100 bytes, some 25,000.
const NEAR_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What an entry takes beside its bytes: two vectors and their allocations, and its place in the map.
const ENTRY_BYTES: usize = 96;
/// The pages that SQLite holds, in KiB.
const CACHE_KIB: u32 = 2048;

/// Tables of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct TemporaryTables;

impl Scratch for TemporaryTables {
    fn table(&self) -> Box<dyn ScratchTable> {
        Box::new(Table { near: HashMap::new(), near_bytes: 0, near_bytes_max: NEAR_BYTES_MAX, far: None })
    }
}

/// A table. What is near is newer than what is far.
#[derive(Debug)]
struct Table {
    near: HashMap<Vec<u8>, Vec<u8>>,
    near_bytes: usize,
    near_bytes_max: usize,
    far: Option<Arc<Mutex<Connection>>>,
}

impl Table {
    fn forget_near(&mut self, key: &[u8]) {
        if let Some(value) = self.near.remove(key) {
            self.near_bytes = self.near_bytes.saturating_sub(key.len() + value.len() + ENTRY_BYTES);
        }
    }

    /// Moves all that is near into the file.
    async fn move_away(&mut self) -> Result<(), Fault> {
        let (near, far) = (std::mem::take(&mut self.near), self.far.take());
        self.near_bytes = 0;
        let far = blocking("write a temporary table", move || {
            let far = match far {
                Some(far) => far,
                None => Arc::new(Mutex::new(open().map_err(fault)?)),
            };
            insert(&far.lock().unwrap_or_else(PoisonError::into_inner), &near).map_err(fault)?;
            Ok(far)
        });
        self.far = Some(far.await?);
        Ok(())
    }

    async fn far<T: Send + 'static>(
        &self,
        key: &[u8],
        act: impl FnOnce(&Connection, &[u8]) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Option<T>, Fault> {
        let Some(far) = self.far.clone() else { return Ok(None) };
        let key = key.to_vec();
        let done = blocking("use a temporary table", move || {
            act(&far.lock().unwrap_or_else(PoisonError::into_inner), &key).map_err(fault)
        });
        done.await.map(Some)
    }
}

/// A database without a name. Nobody else sees it, and nobody needs it after a crash: so no journal, no syncing, and one
/// transaction from its beginning to its end.
fn open() -> rusqlite::Result<Connection> {
    let connection = Connection::open("")?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIB};
         CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
         BEGIN;"
    ))?;
    Ok(connection)
}

fn insert(far: &Connection, near: &HashMap<Vec<u8>, Vec<u8>>) -> rusqlite::Result<()> {
    let mut statement = far.prepare_cached("INSERT OR REPLACE INTO entry VALUES (?1, ?2)")?;
    // In the order of keys, so that neighbours share a page.
    let mut entries: Vec<_> = near.iter().collect();
    entries.sort_unstable();
    for (key, value) in entries {
        statement.execute(params![key, value])?;
    }
    Ok(())
}

fn fault(error: rusqlite::Error) -> Fault {
    let cause = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Cause::Full,
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Cause::Denied,
        _ => Cause::Other,
    };
    let answer = format!("{error}; it lies where TMPDIR says, else in /var/tmp or /tmp");
    Fault::permanent(cause, "use a temporary table", answer)
}

#[async_trait::async_trait]
impl ScratchTable for Table {
    async fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        if let Some(value) = self.near.get(key) {
            return Ok(Some(value.clone()));
        }
        let found = self.far(key, |far, key| {
            far.prepare_cached("SELECT value FROM entry WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
        });
        found.await.map(Option::flatten)
    }

    async fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        self.forget_near(key);
        self.near_bytes += key.len() + value.len() + ENTRY_BYTES;
        self.near.insert(key.to_vec(), value.to_vec());
        if self.near_bytes > self.near_bytes_max {
            self.move_away().await?;
        }
        Ok(())
    }

    async fn remove(&mut self, key: &[u8]) -> Result<(), Fault> {
        self.forget_near(key);
        let removed = self.far(key, |far, key| far.prepare_cached("DELETE FROM entry WHERE key = ?1")?.execute([key]));
        removed.await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_into_memory_is_found_again() {
        let mut table = Table { near: HashMap::new(), near_bytes: 0, near_bytes_max: 10_000, far: None };
        let key = |number: u32| number.wrapping_mul(2_654_435_761).to_le_bytes();
        for number in 0..2_000_u32 {
            table.put(&key(number), &number.to_le_bytes()).await.unwrap();
            assert!(table.near_bytes <= 10_000 && table.near.len() < 200);
        }
        assert!(table.far.is_some());
        for number in (0..2_000_u32).step_by(3) {
            table.remove(&key(number)).await.unwrap();
        }
        for number in (1..2_000_u32).step_by(3) {
            table.put(&key(number), b"anew").await.unwrap();
        }
        for number in 0..2_000_u32 {
            let expected = match number % 3 {
                0 => None,
                1 => Some(b"anew".to_vec()),
                _ => Some(number.to_le_bytes().to_vec()),
            };
            assert_eq!(table.get(&key(number)).await.unwrap(), expected, "{number}");
        }
    }
}
