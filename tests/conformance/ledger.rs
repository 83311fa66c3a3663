//! `LedgerRead` and `LedgerWrite`.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sonae::drivers::SqliteLedger;
use sonae::fakes::World;
use sonae::ports::{
    Cause, JobRow, LedgerRead as _, LedgerWrite, PointGone, PointMade, PointRow, RunEnd, RunRow, RunUpdate, RunsWanted,
    Series, StepEnd, StepRow,
};
use sonae::primitives::{Duration, JobName, Name, PointId, RunId, Slot};

use super::cause;

macro_rules! on_each_ledger {
    ($($case:ident)*) => {
        mod folder {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(&super::SqliteLedger::new(folder.path().join("state/ledger"))).await;
            })*
        }
        mod memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&super::SqliteLedger::in_memory()).await;
            })*
        }
        mod fake {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&*super::World::new(1).ledger()).await;
            })*
        }
    };
}

on_each_ledger! {
    an_empty_ledger_knows_nothing
    what_is_put_is_told
    what_is_older_changes_nothing_and_what_has_no_ground_is_refused
    runs_are_told_newest_first_by_job_and_time
    runs_of_one_second_are_told_by_their_moment
    of_a_point_everything_that_was_said_is_known_in_any_order
    a_store_has_the_last_word
    runs_that_ended_are_known_to_have
    of_a_restore_the_newest_whole_runs_are_told_with_their_steps
    what_is_too_old_is_forgotten
    a_ledger_that_is_set_aside_is_empty_and_works
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_323_200 + second).unwrap()
}

fn run(second: i64) -> RunId {
    RunId::new(at(second), 7)
}

fn series(job: &str, place: &str) -> Series {
    let name = |text| Name::parse(text).unwrap();
    Series { plan: name("home"), job: JobName::parse(job).unwrap(), host: name("web-1"), place: place.into() }
}

fn point(second: i64) -> PointId {
    run(second).point(Slot::new(at(second)))
}

fn update(second: i64, jobs: &[(&str, RunEnd)]) -> RunUpdate {
    let row = RunRow {
        run: run(second),
        plan: Name::parse("home").unwrap(),
        host: Name::parse("web-1").unwrap(),
        restore: jobs.is_empty().then(|| Name::parse("photos").unwrap()),
        takes_back: None,
        allowed: jobs.is_empty().then(|| Duration::from_seconds(1800)),
        part: false,
        began: at(second),
        last: at(second + 5),
        end: RunEnd::Complete,
        entries: 3,
        bytes: 1 << 40,
    };
    let step = |step: u32| StepRow {
        step,
        name: format!("photos/daily/{step}"),
        end: if step == 0 { StepEnd::Failed } else { StepEnd::Skipped },
        takes: (step == 1).then(|| Duration::from_seconds(60)),
        attempts: 4 * u32::from(step == 0),
        began: (step == 0).then(|| at(second)),
        ended: (step == 0).then(|| at(second + 1)),
        fault: (step == 0).then(|| "read /srv: 'no' \"such\" \u{1b} 写真".into()),
    };
    let jobs = jobs.iter().map(|(job, end)| JobRow { series: series(job, "/store"), end: *end });
    RunUpdate { since: 0, run: row, jobs: jobs.collect(), steps: vec![step(0), step(1)], points: vec![] }
}

fn made(second: i64) -> PointRow {
    let made =
        PointMade { run: run(second), moment: at(second), clean: second % 2 == 0, files: 1, bytes: 2, stored: 3 };
    PointRow { series: series("a/daily", "/store"), point: point(second), made: Some(made), gone: None }
}

fn gone(second: i64, by: i64) -> PointRow {
    let gone = PointGone { at: at(by), run: Some(run(by)), why: "not among the newest 2".into() };
    PointRow { made: None, gone: Some(gone), ..made(second) }
}

async fn names(ledger: &dyn LedgerWrite, wanted: RunsWanted) -> Vec<RunId> {
    ledger.runs(&wanted).await.unwrap().into_iter().map(|found| found.run.run).collect()
}

async fn an_empty_ledger_knows_nothing(ledger: &dyn LedgerWrite) {
    let all = RunsWanted { limit: 10, ..RunsWanted::default() };
    assert_eq!(names(ledger, all).await, []);
    assert_eq!(ledger.run(&run(0)).await.unwrap(), None);
    assert_eq!(ledger.ended_from(&run(0)).await.unwrap().len(), 0);
    assert_eq!(ledger.last_run(&series("a/daily", "/store")).await.unwrap(), None);
    assert_eq!(ledger.points(&series("a/daily", "/store")).await.unwrap(), []);
    ledger.forget(at(0), at(0)).await.unwrap();
}

async fn what_is_put_is_told(ledger: &dyn LedgerWrite) {
    let mut told = update(0, &[("a/daily", RunEnd::Failed), ("b/daily", RunEnd::Complete)]);
    told.points = vec![made(0), gone(-100, 0)];
    ledger.put(&told).await.unwrap();
    let found = ledger.run(&run(0)).await.unwrap().unwrap();
    assert_eq!((&found.run.run, &found.run.jobs, &found.steps), (&told.run, &told.jobs, &told.steps));
    assert_eq!((found.made, found.deleted), (vec![made(0)], vec![gone(-100, 0)]));
    let last = ledger.last_run(&series("a/daily", "/store")).await.unwrap();
    assert_eq!(last, Some((told.run.clone(), RunEnd::Failed)));
    assert_eq!(ledger.last_run(&series("a/daily", "/elsewhere")).await.unwrap(), None);
    ledger.put(&update(9, &[])).await.unwrap();
    let restore = ledger.run(&run(9)).await.unwrap().unwrap();
    assert_eq!(restore.run.run.restore, Some(Name::parse("photos").unwrap()));
    assert_eq!(restore.run.jobs, []);
}

async fn what_is_older_changes_nothing_and_what_has_no_ground_is_refused(ledger: &dyn LedgerWrite) {
    let later = |since: u64, entries: u64, end: RunEnd| {
        let mut told = update(0, &[("a/daily", end)]);
        (told.since, told.run.entries, told.run.end) = (since, entries, end);
        told
    };
    assert_eq!(cause(ledger.put(&later(2, 3, RunEnd::Open)).await), Cause::NotFound);
    assert_eq!(ledger.run(&run(0)).await.unwrap(), None);
    ledger.put(&later(0, 2, RunEnd::Open)).await.unwrap();
    ledger.put(&later(2, 3, RunEnd::Complete)).await.unwrap();
    for old in [later(0, 2, RunEnd::Open), later(0, 3, RunEnd::Failed), later(2, 3, RunEnd::Failed)] {
        ledger.put(&old).await.unwrap();
        assert_eq!(ledger.run(&run(0)).await.unwrap().unwrap().run.jobs[0].end, RunEnd::Complete);
    }
    assert_eq!(cause(ledger.put(&later(4, 5, RunEnd::Failed)).await), Cause::NotFound);
    let mut step = later(3, 4, RunEnd::Failed);
    step.steps.truncate(1);
    step.steps[0].end = StepEnd::Done;
    ledger.put(&step).await.unwrap();
    let found = ledger.run(&run(0)).await.unwrap().unwrap();
    assert_eq!((found.steps.len(), found.steps[0].end, found.steps[1].end), (2, StepEnd::Done, StepEnd::Skipped));
}

async fn runs_are_told_newest_first_by_job_and_time(ledger: &dyn LedgerWrite) {
    for second in [30, 10, 20, 40] {
        let jobs: &[(&str, RunEnd)] = match second {
            40 => &[],
            20 => &[("a/daily", RunEnd::Complete), ("b/daily", RunEnd::Complete)],
            _ => &[("a/daily", RunEnd::Complete)],
        };
        ledger.put(&update(second, jobs)).await.unwrap();
    }
    let mut elsewhere = update(25, &[("a/daily", RunEnd::Complete)]);
    elsewhere.jobs[0].series.place = "/elsewhere".into();
    ledger.put(&elsewhere).await.unwrap();
    let wanted = |job: Option<&str>, since: Option<i64>, limit: usize| RunsWanted {
        job: job.map(|job| JobName::parse(job).unwrap()),
        since: since.map(at),
        limit,
    };
    assert_eq!(names(ledger, wanted(None, None, 9)).await, [40, 30, 25, 20, 10].map(run));
    assert_eq!(names(ledger, wanted(None, Some(20), 2)).await, [40, 30].map(run));
    assert_eq!(names(ledger, wanted(Some("a/daily"), None, 9)).await, [30, 25, 20, 10].map(run));
    assert_eq!(names(ledger, wanted(Some("a/daily"), Some(20), 2)).await, [30, 25].map(run));
    assert_eq!(names(ledger, wanted(Some("a/daily"), Some(20), 9)).await, [30, 25, 20].map(run));
    assert_eq!(names(ledger, wanted(Some("b/daily"), None, 9)).await, [20].map(run));
    assert_eq!(names(ledger, wanted(Some("c/daily"), None, 9)).await, []);
    let last = ledger.last_run(&series("a/daily", "/store")).await.unwrap().unwrap();
    assert_eq!(last.0.run, run(30));
}

async fn runs_of_one_second_are_told_by_their_moment(ledger: &dyn LedgerWrite) {
    // Three runs of one second, whose names sort otherwise; one before them and one of the same moment.
    let begun = [(9, 0, 1), (10, 1, 9), (10, 2, 5), (10, 3, 1), (10, 3, 2)];
    let names: Vec<RunId> = begun.iter().map(|(second, _, nonce)| RunId::new(at(*second), *nonce)).collect();
    for ((second, millisecond, _), name) in begun.iter().zip(&names) {
        let mut told = update(*second, &[("a/daily", RunEnd::Complete)]);
        told.run.run = name.clone();
        told.run.began = at(*second) + SignedDuration::from_millis(*millisecond);
        ledger.put(&told).await.unwrap();
    }
    let newest: Vec<RunId> = names.iter().rev().cloned().collect();
    let job = JobName::parse("a/daily").unwrap();
    for limit in 0..=6 {
        for job in [None, Some(job.clone())] {
            let wanted = RunsWanted { job, since: None, limit };
            assert_eq!(self::names(ledger, wanted).await, newest[..limit.min(5)], "{limit}");
        }
    }
    let last = ledger.last_run(&series("a/daily", "/store")).await.unwrap().unwrap();
    assert_eq!(last.0.run, newest[0]);
}

async fn runs_that_ended_are_known_to_have(ledger: &dyn LedgerWrite) {
    let ends = [
        RunEnd::Complete,
        RunEnd::Open,
        RunEnd::Failed,
        RunEnd::Interrupted,
        RunEnd::NotClean,
        RunEnd::Suspended,
        RunEnd::LeaseLost,
    ];
    for (second, end) in (0..).zip(ends) {
        let mut told = update(second, &[]);
        told.run.end = end;
        ledger.put(&told).await.unwrap();
    }
    let ended = |from: i64, all: &[i64]| (run(from), all.iter().copied().map(run).collect::<BTreeSet<_>>());
    for (from, expected) in [ended(0, &[0, 2, 4, 5, 6]), ended(1, &[2, 4, 5, 6]), ended(5, &[5, 6]), ended(7, &[])] {
        assert_eq!(ledger.ended_from(&from).await.unwrap(), expected);
    }
}

async fn of_a_point_everything_that_was_said_is_known_in_any_order(ledger: &dyn LedgerWrite) {
    let told = |second: i64, points: Vec<PointRow>| RunUpdate { points, ..update(second, &[]) };
    ledger.put(&told(5, vec![gone(1, 5)])).await.unwrap();
    assert_eq!(ledger.points(&made(1).series).await.unwrap(), []);
    ledger.put(&told(1, vec![made(1)])).await.unwrap();
    ledger.put(&told(2, vec![made(2)])).await.unwrap();
    assert_eq!(ledger.points(&made(1).series).await.unwrap(), [made(2)]);
    let both = PointRow { gone: gone(1, 5).gone, ..made(1) };
    assert_eq!(ledger.run(&run(1)).await.unwrap().unwrap().made, std::slice::from_ref(&both));
    assert_eq!(ledger.run(&run(5)).await.unwrap().unwrap().deleted, [both]);
}

async fn a_store_has_the_last_word(ledger: &dyn LedgerWrite) {
    let of = made(0).series;
    let told = RunUpdate { points: vec![made(1), made(2), gone(3, 9)], ..update(9, &[]) };
    ledger.put(&told).await.unwrap();
    ledger.see(&of, &[made(2), made(3), made(4)], at(50)).await.unwrap();
    assert_eq!(ledger.points(&of).await.unwrap(), [made(2), made(3), made(4)]);
    let detail = ledger.run(&run(9)).await.unwrap().unwrap();
    assert_eq!(detail.deleted, [], "a point that is there was not deleted");
    ledger.see(&of, &[], at(60)).await.unwrap();
    assert_eq!(ledger.points(&of).await.unwrap(), []);
    ledger.see(&series("b/daily", "/store"), &[], at(60)).await.unwrap();
}

async fn what_is_too_old_is_forgotten(ledger: &dyn LedgerWrite) {
    for second in [10, 20, 30] {
        let told = RunUpdate { points: vec![made(second)], ..update(second, &[("a/daily", RunEnd::Complete)]) };
        ledger.put(&told).await.unwrap();
    }
    let told = RunUpdate { points: vec![gone(10, 15), gone(20, 35)], ..update(35, &[("a/daily", RunEnd::Complete)]) };
    ledger.put(&told).await.unwrap();
    ledger.forget(at(25), at(15)).await.unwrap();
    let all = RunsWanted { limit: 10, ..RunsWanted::default() };
    assert_eq!(names(ledger, all).await, [35, 30, 20].map(run));
    let steps = async |second: i64| ledger.run(&run(second)).await.unwrap().unwrap().steps.len();
    assert_eq!((steps(20).await, steps(30).await), (0, 2));
    let deleted = ledger.run(&run(35)).await.unwrap().unwrap().deleted;
    assert_eq!(deleted.iter().map(|row| row.point.clone()).collect::<Vec<_>>(), [point(20)]);
    assert_eq!(ledger.points(&made(0).series).await.unwrap(), [made(30)], "a point that is there is never forgotten");
    let long_ago = at(0).checked_sub(SignedDuration::from_hours(24)).unwrap();
    ledger.forget(long_ago, long_ago).await.unwrap();
}

async fn a_ledger_that_is_set_aside_is_empty_and_works(ledger: &dyn LedgerWrite) {
    ledger.put(&update(0, &[("a/daily", RunEnd::Complete)])).await.unwrap();
    ledger.set_aside().await.unwrap();
    an_empty_ledger_knows_nothing(ledger).await;
    ledger.put(&update(0, &[("a/daily", RunEnd::Complete)])).await.unwrap();
    ledger.set_aside().await.unwrap();
    assert_eq!(ledger.run(&run(0)).await.unwrap(), None);
}

async fn of_a_restore_the_newest_whole_runs_are_told_with_their_steps(ledger: &dyn LedgerWrite) {
    let name = |text| Name::parse(text).unwrap();
    assert_eq!(ledger.restores(&name("home"), &name("photos"), 9).await.unwrap(), []);
    for second in 0..5 {
        ledger.put(&update(second, &[])).await.unwrap();
    }
    // None of these is of the restore as a whole.
    let mut part = update(5, &[]);
    part.run.part = true;
    let mut other = update(6, &[]);
    other.run.restore = Some(name("mail"));
    let mut elsewhere = update(7, &[]);
    elsewhere.run.plan = name("office");
    for told in [part, other, elsewhere, update(8, &[("photos/daily", RunEnd::Complete)])] {
        ledger.put(&told).await.unwrap();
    }
    let found = ledger.restores(&name("home"), &name("photos"), 3).await.unwrap();
    let told: Vec<_> = found.iter().map(|past| past.run.run.clone()).collect();
    assert_eq!(told, [run(4), run(3), run(2)]);
    assert_eq!((&found[0].run, &found[0].steps), (&update(4, &[]).run, &update(4, &[]).steps));
    assert_eq!(ledger.restores(&name("home"), &name("photos"), 9).await.unwrap().len(), 5);
    assert_eq!(ledger.run(&run(5)).await.unwrap().map(|found| found.run.run.part), Some(true));
}

/// What is in a folder: names and contents. Of the memory that connections share only the name: those of one process note there who reads.
fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
    let read = |(name, path): (String, std::path::PathBuf)| match name.ends_with("-shm") {
        true => (name, vec![]),
        false => (name, std::fs::read(path).unwrap()),
    };
    let mut files: Vec<_> = named.map(read).collect();
    files.sort();
    files
}

#[tokio::test]
async fn whoever_only_looks_at_a_ledger_changes_nothing_and_sees_what_is_written() {
    let name = |text| Name::parse(text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // A name that a URI would read otherwise.
    let place = folder.path().join("state #1?mode=rw%20");
    let known = async || {
        let ledger = SqliteLedger::looked_at(&place);
        ledger.restores(&name("home"), &name("photos"), 9).await.map(|found| found.len())
    };
    assert_eq!(known().await, Ok(0));
    assert!(!place.exists(), "nothing is made");
    let writer = SqliteLedger::new(&place);
    writer.put(&update(0, &[])).await.unwrap();
    // While it is open, what it wrote lies in its log.
    let before = files(&place);
    assert!(before.len() > 1, "there is a log: {before:?}");
    assert_eq!(known().await, Ok(1));
    assert_eq!(files(&place), before);
    drop(writer);
    let before = files(&place);
    assert_eq!((before.len(), known().await), (1, Ok(1)));
    let refused = SqliteLedger::looked_at(&place).put(&update(9, &[])).await.unwrap_err();
    assert_eq!(refused.cause, Cause::Denied, "{refused}");
    assert_eq!(files(&place), before);
    // One of before is not brought up to date by looking.
    let old = rusqlite::Connection::open(place.join("ledger.sqlite")).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    let older = known().await.unwrap_err();
    assert_eq!(older.answer, "it is of version 1; whatever writes it next brings it up to date");
}
