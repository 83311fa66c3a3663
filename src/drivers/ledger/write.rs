//! Rows written, each call in one transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::read::{RUN_ENDS, STEP_ENDS, points, series_id};
use crate::ports::{JobRow, PointRow, RunRow, RunUpdate, Series, StepRow};
use crate::primitives::{PointId, Slot};

fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    // Not when the first row is written: what was read before it would be stale, and the call refused.
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// False where what the update stands on is not known.
pub(super) fn put(connection: &mut Connection, update: &RunUpdate) -> rusqlite::Result<bool> {
    let transaction = begin(connection)?;
    let known: Option<i64> = transaction
        .prepare_cached("SELECT entries FROM run WHERE id = ?1")?
        .query_row([update.run.run.to_string()], |row| row.get(0))
        .optional()?;
    let known = known.map_or(0, |known| u64::try_from(known).unwrap_or(0));
    if known >= update.run.entries {
        return Ok(true);
    }
    if known < update.since {
        return Ok(false);
    }
    run(&transaction, &update.run)?;
    let name = update.run.run.to_string();
    for row in &update.jobs {
        job(&transaction, &name, row)?;
    }
    for row in &update.steps {
        step(&transaction, &name, row)?;
    }
    for row in &update.points {
        point(&transaction, row)?;
    }
    transaction.commit()?;
    Ok(true)
}

fn run(transaction: &Transaction<'_>, row: &RunRow) -> rusqlite::Result<()> {
    let mut statement = transaction
        .prepare_cached("INSERT OR REPLACE INTO run VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?;
    statement.execute(params![
        row.run.to_string(),
        row.plan.as_str(),
        row.host.as_str(),
        row.restore.as_ref().map(crate::primitives::Name::as_str),
        row.began.as_microsecond(),
        row.last.as_microsecond(),
        word(row.end, &RUN_ENDS),
        count(row.entries),
        count(row.bytes),
        row.allowed.map(|allowed| count(allowed.seconds)),
        row.part,
        row.takes_back.as_ref().map(ToString::to_string),
    ])?;
    Ok(())
}

fn job(transaction: &Transaction<'_>, run: &str, row: &JobRow) -> rusqlite::Result<()> {
    let series = series(transaction, &row.series)?;
    let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO run_job VALUES (?1, ?2, ?3)")?;
    statement.execute(params![series, run, word(row.end, &RUN_ENDS)])?;
    Ok(())
}

fn step(transaction: &Transaction<'_>, run: &str, row: &StepRow) -> rusqlite::Result<()> {
    let mut statement =
        transaction.prepare_cached("INSERT OR REPLACE INTO step VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    statement.execute(params![
        run,
        row.step,
        row.name,
        word(row.end, &STEP_ENDS),
        row.attempts,
        row.began.map(Timestamp::as_microsecond),
        row.ended.map(Timestamp::as_microsecond),
        row.fault,
        row.takes.map(|takes| count(takes.seconds)),
    ])?;
    Ok(())
}

/// What is said of a point is added to what is known: runs may be taken in in any order.
fn point(transaction: &Transaction<'_>, row: &PointRow) -> rusqlite::Result<()> {
    let series = series(transaction, &row.series)?;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO point VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (series, point) DO UPDATE SET
             run = coalesce(excluded.run, run), moment = coalesce(excluded.moment, moment),
             clean = coalesce(excluded.clean, clean), files = coalesce(excluded.files, files),
             bytes = coalesce(excluded.bytes, bytes), stored = coalesce(excluded.stored, stored),
             gone_run = CASE WHEN excluded.gone_at IS NULL THEN gone_run ELSE excluded.gone_run END,
             gone_at = coalesce(excluded.gone_at, gone_at), gone_why = coalesce(excluded.gone_why, gone_why)",
    )?;
    let (made, gone) = (row.made.as_ref(), row.gone.as_ref());
    statement.execute(params![
        series,
        row.point.to_string(),
        made.map(|made| made.run.to_string()),
        made.map(|made| made.moment.as_microsecond()),
        made.map(|made| made.clean),
        made.map(|made| count(made.files)),
        made.map(|made| count(made.bytes)),
        made.map(|made| count(made.stored)),
        gone.map(|gone| gone.at.as_microsecond()),
        gone.and_then(|gone| gone.run.as_ref()).map(ToString::to_string),
        gone.map(|gone| &gone.why),
    ])?;
    Ok(())
}

/// Why a point is gone that a store does not show, and no run of this host deleted.
const NOT_SHOWN: &str = "the store does not show it any more";

pub(super) fn see(connection: &mut Connection, of: &Series, shown: &[PointRow], at: Timestamp) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    let id = series(&transaction, of)?;
    for row in shown {
        point(&transaction, row)?;
        let mut there = transaction.prepare_cached(
            "UPDATE point SET gone_at = NULL, gone_run = NULL, gone_why = NULL
             WHERE series = ?1 AND point = ?2 AND gone_at IS NOT NULL",
        )?;
        there.execute(params![id, row.point.to_string()])?;
    }
    let still: BTreeSet<&PointId> = shown.iter().map(|row| &row.point).collect();
    for row in points(&transaction, of)?.iter().filter(|row| !still.contains(&row.point)) {
        let mut gone = transaction
            .prepare_cached("UPDATE point SET gone_at = ?3, gone_why = ?4 WHERE series = ?1 AND point = ?2")?;
        gone.execute(params![id, row.point.to_string(), at.as_microsecond(), NOT_SHOWN])?;
    }
    transaction.commit()
}

pub(super) fn forget(connection: &mut Connection, details: Timestamp, runs: Timestamp) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    let (details_from, runs_from) = (Slot::new(details).to_string(), Slot::new(runs).to_string());
    transaction.execute("DELETE FROM step WHERE run < ?1", [details_from.max(runs_from.clone())])?;
    transaction.execute("DELETE FROM point WHERE gone_at < ?1", [details.as_microsecond()])?;
    transaction.execute("DELETE FROM run_job WHERE run < ?1", [&runs_from])?;
    transaction.execute("DELETE FROM run WHERE id < ?1", [&runs_from])?;
    transaction.commit()
}

/// The number of a series, which is made where it is new.
fn series(transaction: &Transaction<'_>, of: &Series) -> rusqlite::Result<i64> {
    if let Some(id) = series_id(transaction, of)? {
        return Ok(id);
    }
    let mut statement =
        transaction.prepare_cached("INSERT INTO series (plan, job, host, place) VALUES (?1, ?2, ?3, ?4)")?;
    statement.insert(params![of.plan.as_str(), of.job.to_string(), of.host.as_str(), of.place])
}

fn word<T: Copy + PartialEq>(value: T, words: &[(T, &'static str)]) -> Option<&'static str> {
    words.iter().find(|(of, _)| *of == value).map(|(_, word)| *word)
}

/// SQLite's integers are signed; nothing that is counted here comes near their limit.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
