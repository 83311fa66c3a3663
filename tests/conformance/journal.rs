//! `JournalRead`, `JournalWrite` and `Locks`.

use sonae::drivers::StateFolder;
use sonae::fakes::World;
use sonae::ports::{Cause, JournalWrite, Locks};
use sonae::primitives::RunId;

use super::cause;

macro_rules! on_each_journal {
    ($($case:ident)*) => {
        mod folder {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(&super::StateFolder::new(folder.path().join("state/sonae"))).await;
            })*
        }
        mod fake {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&*super::World::new(1).journal()).await;
            })*
        }
    };
}

on_each_journal! {
    a_place_that_does_not_exist_holds_no_runs
    lines_come_back_as_they_were_appended
    runs_are_told_oldest_first
    a_journal_can_be_removed_twice
    a_lock_has_one_holder_at_a_time
    a_lock_is_shared_by_many_or_held_by_one
}

trait Journal: JournalWrite + Locks {}
impl<T: JournalWrite + Locks> Journal for T {}

fn run(text: &str) -> RunId {
    RunId::parse(text).unwrap()
}

async fn a_place_that_does_not_exist_holds_no_runs(journal: &dyn Journal) {
    let run = run("20260301T053000Z-00000001");
    assert_eq!(journal.runs().await.unwrap(), []);
    assert_eq!(journal.lines(&run).await.unwrap(), None);
    assert_eq!(journal.last_line(&run).await.unwrap(), None);
    journal.remove(&run).await.unwrap();
    assert!(journal.place(&run).contains("20260301T053000Z-00000001"));
}

async fn lines_come_back_as_they_were_appended(journal: &dyn Journal) {
    let run = run("20260301T053000Z-00000001");
    let long = "あ".repeat(5000);
    let lines = ["{}", "", &long, "\r", " x "];
    for line in lines {
        journal.append(&run, line).await.unwrap();
        assert_eq!(journal.last_line(&run).await.unwrap().as_deref(), Some(line));
    }
    assert_eq!(cause(journal.append(&run, "two\nlines").await), Cause::Invalid);
    assert_eq!(journal.lines(&run).await.unwrap().unwrap(), lines);
}

async fn runs_are_told_oldest_first(journal: &dyn Journal) {
    let runs = ["20260301T053000Z-00000002", "20251231T000000Z-ffffffff", "20260301T053000Z-00000001"].map(run);
    for run in &runs {
        journal.append(run, "{}").await.unwrap();
    }
    assert_eq!(journal.runs().await.unwrap(), [runs[1].clone(), runs[2].clone(), runs[0].clone()]);
    let asked = [runs[1].clone(), run("20300101T000000Z-00000000"), runs[0].clone()];
    let lines: Vec<Option<String>> = journal.last_lines(&asked).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(lines, [Some("{}".to_owned()), None, Some("{}".to_owned())], "in the order that was asked");
}

async fn a_journal_can_be_removed_twice(journal: &dyn Journal) {
    let run = run("20260301T053000Z-00000001");
    journal.append(&run, "first life").await.unwrap();
    journal.remove(&run).await.unwrap();
    journal.remove(&run).await.unwrap();
    assert_eq!(journal.runs().await.unwrap(), []);
    journal.append(&run, "second life").await.unwrap();
    assert_eq!(journal.lines(&run).await.unwrap().unwrap(), ["second life"]);
}

async fn a_lock_is_shared_by_many_or_held_by_one(journal: &dyn Journal) {
    let shares = [journal.try_share("r").await.unwrap(), journal.try_share("r").await.unwrap()];
    assert!(shares.iter().all(Option::is_some));
    assert!(journal.try_lock("r").await.unwrap().is_none());
    let [one, other] = shares;
    drop(one);
    assert!(journal.try_lock("r").await.unwrap().is_none(), "the other share is held");
    drop(other);
    let held = journal.try_lock("r").await.unwrap().expect("nobody holds it");
    assert!(journal.try_share("r").await.unwrap().is_none());
    assert!(journal.try_share("another").await.unwrap().is_some());
    drop(held);
    assert!(journal.try_share("r").await.unwrap().is_some());
}

async fn a_lock_has_one_holder_at_a_time(journal: &dyn Journal) {
    for resource in ["store/local", "..", "", &"long".repeat(200)] {
        let held = journal.try_lock(resource).await.unwrap().expect("nobody holds it");
        assert!(journal.try_lock(resource).await.unwrap().is_none(), "{resource}");
        assert!(journal.try_lock("another").await.unwrap().is_some(), "{resource}");
        drop(held);
        assert!(journal.try_lock(resource).await.unwrap().is_some(), "{resource}");
    }
}
