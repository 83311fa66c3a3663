//! The tables, and how an older ledger comes to have them.
//!
//! Unaware of what rows mean. Invariant: a migration that was released is never changed; what comes after it is another one.

use rusqlite::{Connection, TransactionBehavior};

/// How the tables came to be: the n-th brings version n - 1 to n (`PRAGMA user_version`).
const MIGRATIONS: [&str; 3] = ["
    CREATE TABLE series (
        id INTEGER PRIMARY KEY, plan TEXT NOT NULL, job TEXT NOT NULL, host TEXT NOT NULL, place TEXT NOT NULL,
        UNIQUE (plan, job, host, place)
    ) STRICT;
    CREATE INDEX series_job ON series (job);
    -- Names of runs sort by the time at which they began. Times are microseconds since 1970.
    CREATE TABLE run (
        id TEXT PRIMARY KEY, plan TEXT NOT NULL, host TEXT NOT NULL, restore TEXT, began INTEGER NOT NULL, last INTEGER NOT NULL,
        outcome TEXT NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE run_job (
        series INTEGER NOT NULL, run TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (series, run)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX run_job_run ON run_job (run);
    CREATE TABLE step (
        run TEXT NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, outcome TEXT NOT NULL, attempts INTEGER NOT NULL,
        began INTEGER, ended INTEGER, fault TEXT, PRIMARY KEY (run, step)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE point (
        series INTEGER NOT NULL, point TEXT NOT NULL, run TEXT, moment INTEGER, clean INTEGER, files INTEGER, bytes INTEGER,
        stored INTEGER, gone_at INTEGER, gone_run TEXT, gone_why TEXT, PRIMARY KEY (series, point)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX point_run ON point (run) WHERE run IS NOT NULL;
    CREATE INDEX point_gone_run ON point (gone_run) WHERE gone_run IS NOT NULL;
    CREATE INDEX point_gone_at ON point (gone_at) WHERE gone_at IS NOT NULL;
", "
    -- What was planned, in seconds: of the whole of a restore, and of each step.
    ALTER TABLE run ADD COLUMN allowed INTEGER;
    ALTER TABLE run ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE step ADD COLUMN takes INTEGER;
    CREATE INDEX run_restore ON run (plan, restore, id) WHERE restore IS NOT NULL AND part = 0;
", "
    -- The run that this one takes back.
    ALTER TABLE run ADD COLUMN takes_back TEXT;
"];

/// What tells a ledger from another program's database (`PRAGMA application_id`): "sona".
const APPLICATION: i64 = 0x736f_6e61;

/// Why a database is no ledger that can be used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It is not one, or is damaged.
    Damaged(String),
    /// Of a version that has to be brought up to date first.
    Older(i64),
    /// Of a version that this program does not know.
    Newer(i64),
    /// The database said so.
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Makes the tables as this program knows them, of an older version or of nothing.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Unusable> {
    let newest = MIGRATIONS.len() as i64;
    if version(connection)? == newest {
        return is_ours(connection);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Looked at again: another process may have been quicker.
    let version = version(&transaction)?;
    if version > newest {
        return Err(Unusable::Newer(version));
    }
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (version, tables) {
        (0, 0) => transaction.pragma_update(None, "application_id", APPLICATION)?,
        (0, _) => return Err(Unusable::Damaged("it holds the tables of something else".into())),
        _ => is_ours(&transaction)?,
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", newest)?;
    Ok(transaction.commit()?)
}

/// Refuses what is no ledger of this version.
pub(super) fn require(connection: &Connection) -> Result<(), Unusable> {
    let newest = MIGRATIONS.len() as i64;
    match version(connection)? {
        version if version > newest => Err(Unusable::Newer(version)),
        version if version < newest => Err(Unusable::Older(version)),
        _ => is_ours(connection),
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn is_ours(connection: &Connection) -> Result<(), Unusable> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    match application {
        APPLICATION => Ok(()),
        _ => Err(Unusable::Damaged("it is another program's database".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_made_once_and_what_is_not_ours_is_left_as_it_is() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        migrate(&mut fresh).unwrap();
        assert_eq!(version(&fresh).unwrap(), MIGRATIONS.len() as i64);

        fresh.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut fresh), Err(Unusable::Newer(99))));

        // One of the first version keeps what it holds.
        let mut old = Connection::open_in_memory().unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch("INSERT INTO run VALUES ('1', 'home', 'web-1', 'photos', 1, 2, 'complete', 3, 4)").unwrap();
        old.pragma_update(None, "application_id", APPLICATION).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        migrate(&mut old).unwrap();
        let kept: (String, Option<i64>, bool) = old
            .query_row("SELECT id, allowed, part FROM run", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!((kept, version(&old).unwrap()), (("1".into(), None, false), MIGRATIONS.len() as i64));

        let mut other = Connection::open_in_memory().unwrap();
        other.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(migrate(&mut other), Err(Unusable::Damaged(_))));
        other.pragma_update(None, "user_version", MIGRATIONS.len() as i64).unwrap();
        assert!(matches!(migrate(&mut other), Err(Unusable::Damaged(_))));
        let theirs: i64 = other.query_row("SELECT count(*) FROM theirs", [], |row| row.get(0)).unwrap();
        assert_eq!(theirs, 0);
    }
}
