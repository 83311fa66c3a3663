//! Rows read. Each question uses an index, so that none of them takes longer because there are more runs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::ports::{
    JobRow, PastRestore, PointGone, PointMade, PointRow, RunDetail, RunEnd, RunRow, RunSummary, RunsWanted, Series,
    StepEnd, StepRow,
};
use crate::primitives::{Duration, JobName, Malformed, Name, PointId, RunId, Slot};

const RUN: &str = "id, plan, host, restore, began, last, outcome, entries, bytes, allowed, part, takes_back";
const POINT: &str = "series.plan, series.job, series.host, series.place, point.point, point.run, moment, clean, files, bytes, stored, \
                     gone_at, gone_run, gone_why";

pub(super) fn runs(connection: &Connection, wanted: &RunsWanted) -> rusqlite::Result<Vec<RunSummary>> {
    let limit = i64::try_from(wanted.limit).unwrap_or(i64::MAX);
    // Names of runs begin with the time, and `0` stands before every digit that follows.
    let since = wanted.since.map_or_else(|| "0".to_owned(), |since| Slot::new(since).to_string());
    let mut begun: Vec<Begun> = match &wanted.job {
        None => connection
            .prepare_cached(
                "SELECT began, id FROM run WHERE id >= max(?1, coalesce((SELECT substr(id, 1, 16) FROM run WHERE id >= ?1 \
                 ORDER BY id DESC LIMIT 1 OFFSET ?2 - 1), ?1))",
            )?
            .query_map(params![since, limit], begun)?
            .collect::<Result<_, _>>()?,
        Some(job) => runs_of(connection, job, &since, limit)?,
    };
    begun.sort_unstable_by(|a, b| b.cmp(a));
    begun.truncate(wanted.limit);
    let mut found = Vec::with_capacity(begun.len());
    for (_, name) in begun {
        found.extend(summary(connection, &name)?);
    }
    Ok(found)
}

/// When a run began, in microseconds since 1970, and its name. What runs of one second are told apart by in their names says nothing of their
/// order; so as many are looked up by name as are wanted, and then all of the last one's second.
type Begun = (i64, String);

fn begun(row: &Row<'_>) -> rusqlite::Result<Begun> {
    Ok((row.get(0)?, row.get(1)?))
}

/// The newest runs of a job, in no order: those of each of its series.
fn runs_of(connection: &Connection, job: &JobName, since: &str, limit: i64) -> rusqlite::Result<Vec<Begun>> {
    let mut series = connection.prepare_cached("SELECT id FROM series WHERE job = ?1")?;
    let series: Vec<i64> = series.query_map([job.to_string()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found = BTreeSet::new();
    let mut of = connection.prepare_cached(
        "SELECT began, run FROM run_job JOIN run ON run.id = run_job.run WHERE series = ?1 AND run >= max(?2, coalesce((SELECT \
         substr(run, 1, 16) FROM run_job WHERE series = ?1 AND run >= ?2 ORDER BY run DESC LIMIT 1 OFFSET ?3 - 1), ?2))",
    )?;
    for id in series {
        for run in of.query_map(params![id, since, limit], begun)? {
            found.insert(run?);
        }
    }
    Ok(found.into_iter().collect())
}

fn summary(connection: &Connection, name: &str) -> rusqlite::Result<Option<RunSummary>> {
    let Some(run) = row_of(connection, name)? else { return Ok(None) };
    let mut jobs = connection.prepare_cached(
        "SELECT plan, job, host, place, outcome FROM run_job JOIN series ON series.id = series WHERE run = ?1 ORDER BY job, place",
    )?;
    let jobs = jobs.query_map([name], |row| Ok(JobRow { series: series(row)?, end: end(row, 4)? }))?;
    Ok(Some(RunSummary { run, jobs: jobs.collect::<Result<_, _>>()? }))
}

pub(super) fn ended_from(connection: &Connection, from: &RunId) -> rusqlite::Result<BTreeSet<RunId>> {
    let mut ended = connection.prepare_cached("SELECT id, outcome FROM run WHERE id >= ?1")?;
    let mut rows = ended.query([from.to_string()])?;
    // In order already: a set of all of them at once is made much faster than one that grows.
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !matches!(end(row, 1)?, RunEnd::Open | RunEnd::Interrupted) {
            found.push(parsed(row, 0, RunId::parse)?);
        }
    }
    Ok(found.into_iter().collect())
}

fn row_of(connection: &Connection, name: &str) -> rusqlite::Result<Option<RunRow>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {RUN} FROM run WHERE id = ?1"))?;
    statement.query_row([name], run_row).optional()
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        run: parsed(row, 0, RunId::parse)?,
        plan: parsed(row, 1, Name::parse)?,
        host: parsed(row, 2, Name::parse)?,
        restore: parsed_if(row, 3, Name::parse)?,
        takes_back: parsed_if(row, 11, RunId::parse)?,
        allowed: duration_if(row, 9)?,
        part: row.get(10)?,
        began: time(row, 4)?,
        last: time(row, 5)?,
        end: end(row, 6)?,
        entries: number(row, 7)?,
        bytes: number(row, 8)?,
    })
}

pub(super) fn restores(
    connection: &Connection,
    plan: &Name,
    restore: &Name,
    limit: usize,
) -> rusqlite::Result<Vec<PastRestore>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut newest = connection.prepare_cached(&format!(
        "SELECT {RUN} FROM run WHERE plan = ?1 AND restore = ?2 AND restore IS NOT NULL AND part = 0 ORDER BY id DESC LIMIT ?3"
    ))?;
    let runs = newest.query_map(params![plan.as_str(), restore.as_str(), limit], run_row)?;
    runs.map(|run| {
        let run = run?;
        Ok(PastRestore { steps: steps(connection, &run.run.to_string())?, run })
    })
    .collect()
}

pub(super) fn run(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<RunDetail>> {
    let name = run.to_string();
    let Some(run) = summary(connection, &name)? else { return Ok(None) };
    let steps = steps(connection, &name)?;
    let points = |column: &str| -> rusqlite::Result<Vec<PointRow>> {
        let sql = format!(
            "SELECT {POINT} FROM point JOIN series ON series.id = series WHERE point.{column} = ?1 ORDER BY job, point.point"
        );
        connection.prepare_cached(&sql)?.query_map([&name], point)?.collect()
    };
    Ok(Some(RunDetail { run, steps, made: points("run")?, deleted: points("gone_run")? }))
}

fn steps(connection: &Connection, run: &str) -> rusqlite::Result<Vec<StepRow>> {
    let mut steps = connection.prepare_cached(
        "SELECT step, name, outcome, attempts, began, ended, fault, takes FROM step WHERE run = ?1 ORDER BY step",
    )?;
    let step = |row: &Row<'_>| {
        Ok(StepRow {
            step: row.get(0)?,
            name: row.get(1)?,
            end: step_end(row, 2)?,
            takes: duration_if(row, 7)?,
            attempts: row.get(3)?,
            began: time_if(row, 4)?,
            ended: time_if(row, 5)?,
            fault: row.get(6)?,
        })
    };
    steps.query_map([run], step)?.collect()
}

pub(super) fn last_run(connection: &Connection, of: &Series) -> rusqlite::Result<Option<(RunRow, RunEnd)>> {
    let Some(id) = series_id(connection, of)? else { return Ok(None) };
    let mut last =
        connection.prepare_cached(
            "SELECT run, run_job.outcome FROM run_job JOIN run ON run.id = run_job.run WHERE series = ?1 AND run >= (SELECT \
             substr(max(run), 1, 16) FROM run_job WHERE series = ?1) ORDER BY began DESC, run DESC LIMIT 1",
        )?;
    let found: Option<(String, RunEnd)> = last.query_row([id], |row| Ok((row.get(0)?, end(row, 1)?))).optional()?;
    match found {
        Some((name, end)) => Ok(row_of(connection, &name)?.map(|run| (run, end))),
        None => Ok(None),
    }
}

pub(super) fn points(connection: &Connection, of: &Series) -> rusqlite::Result<Vec<PointRow>> {
    let Some(id) = series_id(connection, of)? else { return Ok(vec![]) };
    let sql = format!(
        "SELECT {POINT} FROM point JOIN series ON series.id = series WHERE series = ?1 AND gone_at IS NULL ORDER BY point.point"
    );
    connection.prepare_cached(&sql)?.query_map([id], point)?.collect()
}

pub(super) fn series_id(connection: &Connection, of: &Series) -> rusqlite::Result<Option<i64>> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM series WHERE plan = ?1 AND job = ?2 AND host = ?3 AND place = ?4")?;
    let keys = params![of.plan.as_str(), of.job.to_string(), of.host.as_str(), of.place];
    statement.query_row(keys, |row| row.get(0)).optional()
}

fn series(row: &Row<'_>) -> rusqlite::Result<Series> {
    Ok(Series {
        plan: parsed(row, 0, Name::parse)?,
        job: parsed(row, 1, JobName::parse)?,
        host: parsed(row, 2, Name::parse)?,
        place: row.get(3)?,
    })
}

fn point(row: &Row<'_>) -> rusqlite::Result<PointRow> {
    let made = match parsed_if(row, 5, RunId::parse)? {
        None => None,
        Some(run) => Some(PointMade {
            run,
            moment: time(row, 6)?,
            clean: row.get(7)?,
            files: number(row, 8)?,
            bytes: number(row, 9)?,
            stored: number(row, 10)?,
        }),
    };
    let gone = match time_if(row, 11)? {
        None => None,
        Some(at) => Some(PointGone { at, run: parsed_if(row, 12, RunId::parse)?, why: row.get(13)? }),
    };
    Ok(PointRow { series: series(row)?, point: parsed(row, 4, PointId::parse)?, made, gone })
}

/// How outcomes of runs are written.
pub(super) const RUN_ENDS: [(RunEnd, &str); 7] = [
    (RunEnd::Open, "open"),
    (RunEnd::Interrupted, "interrupted"),
    (RunEnd::Complete, "complete"),
    (RunEnd::Suspended, "suspended"),
    (RunEnd::LeaseLost, "lease-lost"),
    (RunEnd::NotClean, "not-clean"),
    (RunEnd::Failed, "failed"),
];
/// How outcomes of steps are written.
pub(super) const STEP_ENDS: [(StepEnd, &str); 6] = [
    (StepEnd::Waiting, "waiting"),
    (StepEnd::Running, "running"),
    (StepEnd::Pausing, "pausing"),
    (StepEnd::Done, "done"),
    (StepEnd::Failed, "failed"),
    (StepEnd::Skipped, "skipped"),
];

fn end(row: &Row<'_>, at: usize) -> rusqlite::Result<RunEnd> {
    word(row, at, &RUN_ENDS)
}

fn step_end(row: &Row<'_>, at: usize) -> rusqlite::Result<StepEnd> {
    word(row, at, &STEP_ENDS)
}

fn word<T: Copy>(row: &Row<'_>, at: usize, words: &[(T, &str)]) -> rusqlite::Result<T> {
    parsed(row, at, |text| {
        let found = words.iter().find(|(_, word)| *word == text).map(|(value, _)| *value);
        found.ok_or_else(|| Malformed::new(format!("`{text}` is no outcome"), ""))
    })
}

fn parsed<T>(row: &Row<'_>, at: usize, parse: impl Fn(&str) -> Result<T, Malformed>) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    parse(&text).map_err(|bad| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, bad.into()))
}

fn parsed_if<T>(row: &Row<'_>, at: usize, parse: impl Fn(&str) -> Result<T, Malformed>) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(at)?;
    text.map(|_| parsed(row, at, parse)).transpose()
}

fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<Timestamp> {
    let microseconds: i64 = row.get(at)?;
    Timestamp::from_microsecond(microseconds)
        .map_err(|bad| rusqlite::Error::FromSqlConversionFailure(at, Type::Integer, bad.into()))
}

fn time_if(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Timestamp>> {
    let there: Option<i64> = row.get(at)?;
    there.map(|_| time(row, at)).transpose()
}

fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(at)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, number))
}

fn duration_if(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Duration>> {
    let there: Option<i64> = row.get(at)?;
    there.map(|_| Ok(Duration::from_seconds(number(row, at)?))).transpose()
}
