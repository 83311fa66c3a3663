//! The ledger in SQLite: one file in a folder of its own below the state folder.
//!
//! Unaware of journals. Invariants: reading makes no file; a power cut may take the last transactions, and no more (a write-ahead log and
//! `synchronous = NORMAL`); a connection is used by one call at a time.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the port on real files")]

mod look;
mod read;
mod schema;
mod write;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode};

use super::blocking::blocking;
use super::durable;
use crate::ports::{
    Cause, Certainty, Fault, LedgerRead, LedgerWrite, PastRestore, PointRow, RunDetail, RunEnd, RunRow, RunSummary,
    RunUpdate, RunsWanted, Series,
};
use crate::primitives::{Name, RunId};
use schema::Unusable;

/// Readable by its owner alone; SQLite gives the files beside it the same mode.
const FILE_MODE: u32 = 0o600;
/// How long a call waits for another process. Whoever writes holds the ledger for milliseconds.
const BUSY: Duration = Duration::from_secs(2);

/// The ledger of a folder, or one in memory.
#[derive(Debug, Clone)]
pub struct SqliteLedger {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// None for one in memory.
    file: Option<PathBuf>,
    access: Access,
    open: Mutex<Option<Open>>,
}

/// What may become of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// It is made, brought to this version, read and written.
    Keep,
    /// It is looked at as it is.
    Look,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    /// The file that it is: another may have its name by now. 0 for one in memory.
    inode: u64,
}

impl SqliteLedger {
    /// The ledger in `folder`, which is made by the first writing call, with the folders above it.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::of(Some(folder.into()), Access::Keep)
    }

    /// The ledger in `folder` for whoever changes nothing: writing calls are refused.
    pub fn looked_at(folder: impl Into<PathBuf>) -> Self {
        Self::of(Some(folder.into()), Access::Look)
    }

    /// An empty ledger that lives as long as this does.
    pub fn in_memory() -> Self {
        Self::of(None, Access::Keep)
    }

    fn of(folder: Option<PathBuf>, access: Access) -> Self {
        let file = folder.map(|folder| folder.join("ledger.sqlite"));
        Self { shared: Arc::new(Shared { file, access, open: Mutex::default() }) }
    }

    async fn call<T: Send + 'static>(
        &self,
        what: &'static str,
        writes: bool,
        act: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let shared = Arc::clone(&self.shared);
        blocking(what, move || {
            let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open.is_none() {
                *open = shared.open(writes).map_err(|unusable| shared.fault(what, unusable))?;
            }
            let done = match open.as_mut() {
                Some(open) => act(&mut open.connection),
                // Nothing was ever written.
                None => act(&mut empty().map_err(|unusable| shared.fault(what, unusable))?),
            };
            done.map_err(|error| shared.fault(what, error.into()))
        })
        .await
    }
}

/// A ledger of nothing.
fn empty() -> Result<Connection, Unusable> {
    let mut connection = Connection::open_in_memory()?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

impl Shared {
    /// Opens the file; where there is none, and nothing is to be written, answers none.
    fn open(&self, writes: bool) -> Result<Option<Open>, Unusable> {
        let Some(file) = &self.file else {
            return Ok(Some(Open { connection: empty()?, inode: 0 }));
        };
        let inode = match (inode(file), writes && self.access == Access::Keep) {
            (Ok(inode), _) => inode,
            (Err(error), false) if error.kind() == ErrorKind::NotFound => return Ok(None),
            (Err(error), true) if error.kind() == ErrorKind::NotFound => make(file).map_err(cannot_open)?,
            (Err(error), _) => return Err(cannot_open(error)),
        };
        if self.access == Access::Look {
            return Ok(Some(Open { connection: look::open(file)?, inode }));
        }
        let mut connection = Connection::open(file)?;
        connection.busy_timeout(BUSY)?;
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(Unusable::Damaged(format!("its journal mode stays {mode}")));
        }
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        schema::migrate(&mut connection)?;
        Ok(Some(Open { connection, inode }))
    }

    fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "in memory".into(), |file| file.display().to_string())
    }

    fn fault(&self, what: &str, unusable: Unusable) -> Fault {
        let action = format!("{what} {}", self.place());
        match unusable {
            Unusable::Damaged(why) => Fault::permanent(Cause::Invalid, action, why),
            Unusable::Older(version) => {
                let answer = format!("it is of version {version}; whatever writes it next brings it up to date");
                Fault::permanent(Cause::Other, action, answer)
            }
            Unusable::Newer(version) => {
                let answer = format!("it is of version {version}, which only a newer sonae understands");
                Fault::permanent(Cause::Other, action, answer)
            }
            Unusable::Sql(error) => sql_fault(action, &error),
        }
    }

    fn set_aside(&self) -> Result<String, Unusable> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let was = open.take().map(|open| open.inode);
        let Some(file) = &self.file else { return Ok(self.place()) };
        let aside = beside(file, ".damaged");
        let is_another = was.is_some_and(|was| inode(file).is_ok_and(|is| is != was));
        if !is_another {
            std::fs::rename(file, &aside).map_err(cannot_open)?;
            for end in ["-wal", "-shm"] {
                match std::fs::remove_file(beside(file, end)) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(cannot_open(error)),
                    _ => {}
                }
            }
        }
        *open = self.open(true)?;
        Ok(aside.display().to_string())
    }
}

fn inode(file: &Path) -> std::io::Result<u64> {
    let found = std::fs::metadata(file)?;
    if !found.is_file() {
        return Err(std::io::Error::new(ErrorKind::InvalidInput, "it is no file"));
    }
    Ok(found.ino())
}

/// Makes the file, so that its mode is ours to say.
fn make(file: &Path) -> std::io::Result<u64> {
    if let Some(folder) = file.parent() {
        durable::make_folders(folder)?;
    }
    OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(file)?;
    inode(file)
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// What the file system refuses is what SQLite would say in fewer words.
fn cannot_open(error: std::io::Error) -> Unusable {
    let code = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => rusqlite::ffi::SQLITE_FULL,
        _ => rusqlite::ffi::SQLITE_CANTOPEN,
    };
    Unusable::Sql(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(error.to_string())))
}

fn sql_fault(action: String, error: &rusqlite::Error) -> Fault {
    let cause = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Cause::Full,
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Cause::Denied,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation) => Cause::Invalid,
        // No such table or column.
        Some(ErrorCode::Unknown) => Cause::Invalid,
        Some(_) => Cause::Other,
        // A value that cannot be what it should be.
        None => Cause::Invalid,
    };
    let certainty = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Certainty::Transient,
        _ => Certainty::Permanent,
    };
    Fault { action, answer: error.to_string(), cause, certainty, retry_after: None }
}

#[async_trait::async_trait]
impl LedgerRead for SqliteLedger {
    async fn runs(&self, wanted: &RunsWanted) -> Result<Vec<RunSummary>, Fault> {
        let wanted = wanted.clone();
        self.call("read", false, move |connection| read::runs(connection, &wanted)).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Fault> {
        let run = run.clone();
        self.call("read", false, move |connection| read::run(connection, &run)).await
    }

    async fn ended_from(&self, from: &RunId) -> Result<BTreeSet<RunId>, Fault> {
        let from = from.clone();
        self.call("read", false, move |connection| read::ended_from(connection, &from)).await
    }

    async fn last_run(&self, of: &Series) -> Result<Option<(RunRow, RunEnd)>, Fault> {
        let of = of.clone();
        self.call("read", false, move |connection| read::last_run(connection, &of)).await
    }

    async fn restores(&self, plan: &Name, restore: &Name, limit: usize) -> Result<Vec<PastRestore>, Fault> {
        let (plan, restore) = (plan.clone(), restore.clone());
        self.call("read", false, move |connection| read::restores(connection, &plan, &restore, limit)).await
    }

    async fn points(&self, of: &Series) -> Result<Vec<PointRow>, Fault> {
        let of = of.clone();
        self.call("read", false, move |connection| read::points(connection, &of)).await
    }
}

#[async_trait::async_trait]
impl LedgerWrite for SqliteLedger {
    async fn put(&self, update: &RunUpdate) -> Result<(), Fault> {
        let update = update.clone();
        let known = self.call("write", true, move |connection| write::put(connection, &update)).await?;
        if known {
            return Ok(());
        }
        let action = format!("write {}", self.shared.place());
        Err(Fault::permanent(Cause::NotFound, action, "it does not know what came before"))
    }

    async fn see(&self, of: &Series, points: &[PointRow], at: Timestamp) -> Result<(), Fault> {
        let (of, points) = (of.clone(), points.to_vec());
        self.call("write", true, move |connection| write::see(connection, &of, &points, at)).await
    }

    async fn forget(&self, details: Timestamp, runs: Timestamp) -> Result<(), Fault> {
        self.call("write", true, move |connection| write::forget(connection, details, runs)).await
    }

    async fn set_aside(&self) -> Result<String, Fault> {
        let shared = Arc::clone(&self.shared);
        blocking("set aside", move || shared.set_aside().map_err(|unusable| shared.fault("set aside", unusable))).await
    }
}
