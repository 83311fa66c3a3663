//! The simulated provider of databases: its time, its faults, its deaths.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sonae::fakes::{Edge, FakeDatabases, FaultScript, Injected, Takes, World};
use sonae::ports::{
    Cause, Certainty, Clock as _, DatabaseKind, DatabaseName, DatabaseSettings, Databases as _, DatabasesRead as _,
    Fault, NewDatabase, RestoreFrom, SnapshotName,
};

fn shop() -> DatabaseName {
    DatabaseName { kind: DatabaseKind::Instance, identifier: "shop".to_owned(), region: None }
}

fn snapshot(identifier: &str) -> SnapshotName {
    SnapshotName { kind: DatabaseKind::Instance, identifier: identifier.to_owned(), region: None }
}

/// A world with the instance `shop`, whose time the test sets.
fn world() -> (World, Arc<FakeDatabases>) {
    let world = World::new(1);
    let databases = world.databases();
    databases.put(FakeDatabases::plain(shop()));
    (world, databases)
}

async fn begin(databases: &FakeDatabases, identifier: &str) -> Result<(), Fault> {
    databases.begin_snapshot(&shop(), &snapshot(identifier), &BTreeMap::new()).await
}

fn minutes(world: &World, minutes: i64) {
    world.clock().advance(SignedDuration::from_mins(minutes));
}

#[tokio::test]
async fn a_snapshot_goes_on_with_the_clock_and_fails_where_that_is_planted() {
    let (world, databases) = world();
    databases.fail_next("bad");
    for (identifier, ends) in [("a-bad-one", "failed"), ("a-bad-name-again", "available")] {
        begin(&databases, identifier).await.unwrap();
        let mut percents = vec![];
        for _ in 0..6 {
            let seen = databases.snapshot(&snapshot(identifier)).await.unwrap().unwrap();
            assert_eq!((seen.status.as_str(), seen.taken), ("creating", None));
            assert_eq!(databases.database(&shop()).await.unwrap().unwrap().status, "backing-up");
            percents.extend(seen.percent);
            minutes(&world, 1);
        }
        assert_eq!(percents, [0, 16, 33, 50, 66, 83]);
        let ended = databases.snapshot(&snapshot(identifier)).await.unwrap().unwrap();
        assert_eq!((ended.status.as_str(), ended.taken.is_some()), (ends, ends == "available"));
        assert!(databases.database(&shop()).await.unwrap().unwrap().is_available());
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_and_lost_answers_and_throttling_are_as_they_are_elsewhere() {
    let (world, databases) = world();
    let script = FaultScript::new()
        .nth("databases.begin-snapshot", 1, Injected::RefuseOnce(Cause::Other))
        .nth("databases.begin-snapshot", 2, Injected::LoseAnswer)
        .nth("databases.begin-snapshot", 3, Injected::Throttle(Duration::from_secs(30)));
    world.script(script);
    assert_eq!(begin(&databases, "refused").await.unwrap_err().certainty, Certainty::Transient);
    assert_eq!(databases.snapshot(&snapshot("refused")).await.unwrap(), None);
    assert_eq!(begin(&databases, "lost").await.unwrap_err().certainty, Certainty::Unknown);
    assert!(databases.snapshot(&snapshot("lost")).await.unwrap().is_some(), "it was done");
    let throttled = begin(&databases, "throttled").await.unwrap_err();
    assert_eq!(throttled.retry_after, Some(sonae::primitives::Duration::from_seconds(30)));
    assert_eq!(databases.database(&shop()).await.unwrap_err().certainty, Certainty::Transient, "all of them are");
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(databases.database(&shop()).await.unwrap().is_some());
}

#[tokio::test]
async fn what_was_asked_for_goes_on_after_a_death() {
    for (edge, is_there) in [(Edge::Before, false), (Edge::After, true)] {
        let (world, databases) = world();
        world.crash_at("databases.begin-snapshot", 1, edge);
        tokio::select! {
            _ = begin(&databases, "night") => panic!("the world did not die"),
            () = world.crashed() => {}
        }
        minutes(&world, 10);
        world.restart();
        let seen = databases.snapshot(&snapshot("night")).await.unwrap();
        assert_eq!(seen.is_some_and(|seen| seen.is_available()), is_there, "{edge:?}");
    }
}

#[tokio::test]
async fn a_quota_is_full_until_something_is_deleted() {
    let (world, databases) = world();
    databases.set_quota(1);
    databases.set_takes(Takes { snapshot: SignedDuration::from_mins(1), ..Takes::default() });
    begin(&databases, "first").await.unwrap();
    minutes(&world, 1);
    let full = begin(&databases, "second").await.unwrap_err();
    assert_eq!((full.cause, full.certainty), (Cause::Full, Certainty::Permanent));
    databases.delete_snapshot(&snapshot("first")).await.unwrap();
    begin(&databases, "second").await.unwrap();
    assert_eq!(databases.all_snapshots().len(), 1);
}

#[tokio::test]
async fn the_newest_moment_lags_and_stands_still_where_no_logs_are_shipped() {
    let (world, databases) = world();
    let latest = async || databases.database(&shop()).await.unwrap().unwrap().latest.unwrap();
    let now = || world.clock().now();
    let mut lags = vec![];
    for _ in 0..10 {
        lags.push(now().duration_since(latest().await).as_mins());
        minutes(&world, 1);
    }
    assert_eq!(lags, [5, 1, 2, 3, 4, 5, 1, 2, 3, 4]);
    databases.stop_logs(&shop());
    let stopped = latest().await;
    minutes(&world, 60);
    assert_eq!(latest().await, stopped);
}

fn restored(resource: &str, at: Option<Timestamp>) -> NewDatabase {
    let (resource, database) = (resource.to_owned(), "shop".to_owned());
    NewDatabase {
        name: shop().renamed("restored"),
        from: RestoreFrom::Moment { resource, database, at },
        engine: "mysql".to_owned(),
        settings: DatabaseSettings::default(),
        tags: BTreeMap::new(),
    }
}

#[tokio::test]
async fn what_is_left_of_a_deleted_database_is_kept_for_its_days() {
    let (world, databases) = world();
    let resource = databases.database(&shop()).await.unwrap().unwrap().resource;
    begin(&databases, "manual").await.unwrap();
    minutes(&world, 10);
    databases.delete(&shop(), true);
    let last = databases.automated_backups(&shop()).await.unwrap()[0].latest.unwrap();
    minutes(&world, 24 * 60);
    databases.begin_restore(&restored(&resource, Some(last))).await.unwrap();
    let at = databases.data_of(&shop().renamed("restored"));
    assert_eq!(at, Some(last), "its data is from that moment");
    minutes(&world, 7 * 24 * 60);
    assert_eq!(databases.automated_backups(&shop()).await.unwrap(), []);
    let again = NewDatabase { name: shop().renamed("again"), ..restored(&resource, None) };
    assert_eq!(databases.begin_restore(&again).await.unwrap_err().cause, Cause::NotFound);
    let left = databases.snapshots(&shop()).await.unwrap();
    assert_eq!(left.len(), 1, "manual ones stay, automated ones go with the automated backups: {left:?}");
}

#[tokio::test]
async fn a_daily_snapshot_is_made_in_the_window_and_kept_for_the_days() {
    let (world, databases) = world();
    let daily = async || {
        let all = databases.snapshots(&shop()).await.unwrap();
        all.into_iter().filter_map(|snapshot| snapshot.taken).map(|taken| taken.to_string()).collect::<Vec<_>>()
    };
    let before = daily().await;
    assert_eq!((before.len(), before.last().unwrap().as_str()), (7, "2026-02-28T18:00:00Z"));
    minutes(&world, 18 * 60);
    let after = daily().await;
    assert_eq!((after.len(), after.last().unwrap().as_str()), (7, "2026-03-01T18:00:00Z"));
    databases.set_backups(&shop(), 0, None).await.unwrap();
    minutes(&world, 1);
    assert_eq!(daily().await, Vec::<String>::new(), "they go with the automated backups");
    assert_eq!(databases.database(&shop()).await.unwrap().unwrap().latest, None);
}
