//! Steps on a simulated provider, each call of which can be the one that fails or the last that is heard of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::*;
use crate::catalog::{SnapshotPoint, TAG_RUN};
use crate::fakes::{Edge, FakeDatabases, World as Fakes};
use crate::forecast::{DatabaseSwitch, NewSnapshot, SnapshotDeletion, SnapshotOf, SnapshotPrune};
use crate::graph::{Output, OutputKind};
use crate::ports::{Cause, Clock as _, Database, DatabaseKind, DatabaseSnapshot, Databases as _, DatabasesRead as _};
use crate::primitives::{JobName, Name, RunId, Slot, StepId};
use crate::retention::Rules;
use crate::steps::tests::in_world;

/// A world whose clock stands still but while somebody waits.
struct Stage {
    fakes: Fakes,
    run: RunId,
}

impl Stage {
    fn new() -> Self {
        Self::of(7)
    }

    /// Each seed lets others have their turn at other moments.
    fn of(seed: u64) -> Self {
        let fakes = Fakes::tied_to_tokio(seed);
        let run = RunId::new(fakes.clock().now(), 1);
        Self { fakes, run }
    }

    fn databases(&self) -> Arc<FakeDatabases> {
        self.fakes.databases()
    }

    async fn switch(&self, of: &DatabaseSwitch) -> Result<DatabaseOutput, Fault> {
        within_a_day(in_world(&self.fakes, async |world| switch::switch(world, &self.run, of).await)).await
    }

    async fn make(&self, of: &NewSnapshot) -> Result<SnapshotMade, Fault> {
        within_a_day(in_world(&self.fakes, async |world| snapshot::make(world, of, &Progress::default()).await)).await
    }

    async fn prune(&self, of: &SnapshotPrune) -> SnapshotsDeleted {
        let run = (&plan(), self.run.began());
        let done =
            in_world(&self.fakes, async |world| prune::prune(world, run, of, None, &Progress::default()).await).await;
        match done {
            Ok(DatabaseOutput::Pruned(deleted)) => deleted,
            other => panic!("{other:?}"),
        }
    }

    /// How often that was asked for.
    fn calls(&self, op: &str) -> usize {
        self.fakes.history().iter().filter(|call| call.op == op).count()
    }

    /// The names of all databases, each with its identity.
    fn named(&self) -> BTreeMap<String, String> {
        self.databases().all().into_iter().map(|it| (it.name.identifier, it.resource)).collect()
    }

    /// What is in service, and beside it what this run recovered; their identities.
    fn with_recovered(&self) -> (String, String) {
        let in_service = self.databases().put(FakeDatabases::plain(prod()));
        (in_service, self.recovered())
    }

    fn recovered(&self) -> String {
        let tags = BTreeMap::from([(TAG_RUN.to_owned(), self.run.to_string())]);
        self.databases().put(Database { tags, ..FakeDatabases::plain(prod().renamed("shop-restored")) })
    }

    /// A snapshot of the job that is there, of so many days ago.
    async fn snapshot(&self, job: &str, days: i64) -> DatabaseSnapshot {
        let taken = self.run.began() - SignedDuration::from_hours(24 * days);
        let new = new_snapshot(job, &self.run, taken);
        self.databases().begin_snapshot(&prod(), &new.of.name, &new.of.tags).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        self.databases().snapshot(&new.of.name).await.unwrap().unwrap()
    }
}

/// As a step's timeout ends it: what waits for what never comes is to fail, and not to hang.
async fn within_a_day<T>(step: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_hours(24), step).await.expect("it ends")
}

fn plan() -> Name {
    Name::parse("home").unwrap()
}

fn weekly() -> JobName {
    JobName::parse("shop/weekly").unwrap()
}

fn prod() -> DatabaseName {
    DatabaseName { kind: DatabaseKind::Instance, identifier: "shop".into(), region: Some("eu-central-1".into()) }
}

fn switching(replaces: Option<&str>) -> DatabaseSwitch {
    DatabaseSwitch {
        target: Name::parse("shop").unwrap(),
        from: prod().renamed("shop-restored"),
        to: prod(),
        kept: prod().renamed("shop-until-then"),
        puts: None,
        replaces: replaces.map(str::to_owned),
        kept_days: Some(7),
    }
}

fn new_snapshot(job: &str, run: &RunId, slot: Timestamp) -> NewSnapshot {
    let job = JobName::parse(job).unwrap();
    let point = SnapshotPoint::new(&plan(), &job, Slot::new(slot));
    let (name, tags) = (point.name(&prod()), point.tags(run));
    let of = SnapshotOf { job, point: point.point, name, tags };
    NewSnapshot { of, database: prod(), allocated_gib: None }
}

fn pruning(snapshots: &[DatabaseSnapshot], generations: u32, failed: Vec<SnapshotName>) -> SnapshotPrune {
    let deletion = |snapshot: &DatabaseSnapshot| SnapshotDeletion {
        point: SnapshotPoint::of(snapshot).unwrap().point,
        name: snapshot.name.clone(),
        taken: snapshot.taken.unwrap(),
        reason: "it is old".into(),
    };
    SnapshotPrune {
        job: weekly(),
        database: prod(),
        rules: Some(Rules { generations: std::num::NonZeroU32::new(generations), ..Rules::default() }),
        timezone: "UTC".into(),
        snapshots: snapshots.iter().map(deletion).collect(),
        failed,
        guard: Default::default(),
        suspended: None,
        unseen: None,
        given: Output { step: StepId(0), kind: OutputKind::Committed },
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_recovered_serves_and_what_served_is_kept() {
    let stage = Stage::new();
    let (old, new) = stage.with_recovered();
    let done = stage.switch(&switching(Some(&old))).await.unwrap();
    assert_eq!(done, DatabaseOutput::Switched { kept: Some(prod().renamed("shop-until-then")) });
    assert_eq!(stage.named(), BTreeMap::from([("shop".into(), new), ("shop-until-then".into(), old)]));
    // Each is asked for once, however long it takes.
    assert_eq!(stage.calls("databases.begin-rename"), 2);
}

#[tokio::test(start_paused = true)]
async fn wherever_a_switch_is_killed_the_next_attempt_ends_it_with_two_renames_in_all() {
    for (edge, nth) in [Edge::Before, Edge::After].into_iter().flat_map(|edge| (1..=9).map(move |nth| (edge, nth))) {
        let stage = Stage::new();
        let (old, new) = stage.with_recovered();
        let of = switching(Some(&old));
        stage.fakes.crash_at("databases", nth, edge);
        tokio::select! {
            () = stage.fakes.crashed() => {}
            done = stage.switch(&of) => panic!("the {nth}th call did not come: {done:?}"),
        }
        let killed_before = stage.fakes.history().last().filter(|_| edge == Edge::Before).map(|call| call.op);
        stage.fakes.restart();
        stage.switch(&of).await.unwrap();
        assert_eq!(stage.named(), BTreeMap::from([("shop".into(), new), ("shop-until-then".into(), old)]));
        let renames = 2 + usize::from(killed_before == Some("databases.begin-rename"));
        assert_eq!(stage.calls("databases.begin-rename"), renames, "killed {edge:?} call {nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_put_out_of_service_that_is_not_the_one_that_was_there() {
    let stage = Stage::new();
    let (old, new) = stage.with_recovered();
    let refused = stage.switch(&switching(Some("db-another"))).await.unwrap_err();
    assert_eq!(refused.cause, Cause::Exists);
    assert!(refused.answer.contains("somebody is at work on it"), "{refused}");
    assert!(stage.switch(&switching(None)).await.is_err());
    assert_eq!(stage.named(), BTreeMap::from([("shop".into(), old), ("shop-restored".into(), new)]));
    assert_eq!(stage.calls("databases.begin-rename"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_serves_stays_until_what_replaces_it_is_available() {
    let stage = Stage::new();
    let (old, _) = stage.with_recovered();
    let from = prod().renamed("shop-restored");
    let by_hand =
        SnapshotName { kind: DatabaseKind::Instance, identifier: "by-hand".into(), region: from.region.clone() };
    stage.databases().begin_snapshot(&from, &by_hand, &BTreeMap::new()).await.unwrap();
    let began = stage.fakes.clock().now();
    stage.switch(&switching(Some(&old))).await.unwrap();
    let first = stage.fakes.history().into_iter().find(|call| call.op == "databases.begin-rename").unwrap();
    assert!(first.at.duration_since(began) >= SignedDuration::from_mins(6), "renamed at {}", first.at);
}

#[tokio::test(start_paused = true)]
async fn only_the_one_that_was_named_by_its_identity_is_put_back() {
    let stage = Stage::new();
    let (old, new) = stage.with_recovered();
    let of = DatabaseSwitch { puts: Some("db-another".into()), ..switching(Some(&old)) };
    let refused = stage.switch(&of).await.unwrap_err();
    assert_eq!(refused.cause, Cause::NotFound);
    assert_eq!(stage.named(), BTreeMap::from([("shop".into(), old.clone()), ("shop-restored".into(), new.clone())]));
    stage.switch(&DatabaseSwitch { puts: Some(new.clone()), ..of }).await.unwrap();
    assert_eq!(stage.named()["shop"], new);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_by_another_is_not_waited_for() {
    let stage = Stage::new();
    let (old, _) = stage.with_recovered();
    stage.databases().put(FakeDatabases::plain(prod().renamed("shop-until-then")));
    let refused = stage.switch(&switching(Some(&old))).await.unwrap_err();
    assert!(refused.answer.starts_with("there is one of that name already"), "{refused}");
    assert_eq!(stage.calls("databases.begin-rename"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_that_name_is_it_only_where_its_tags_say_so() {
    let stage = Stage::new();
    stage.databases().put(FakeDatabases::plain(prod()));
    let new = new_snapshot("shop/weekly", &stage.run, stage.run.began());
    // Of the same point of another job, by its tags.
    let others = new_snapshot("shop/monthly", &stage.run, stage.run.began());
    stage.databases().begin_snapshot(&prod(), &new.of.name, &others.of.tags).await.unwrap();
    let refused = stage.make(&new).await.unwrap_err();
    assert_eq!(refused.cause, Cause::Exists);
    assert!(refused.answer.contains("that this plan did not make"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_is_removed_and_made_anew() {
    let stage = Stage::new();
    stage.databases().put(FakeDatabases::plain(prod()));
    let new = new_snapshot("shop/weekly", &stage.run, stage.run.began());
    stage.databases().fail_next(&new.of.name.identifier);
    let failed = stage.make(&new).await.unwrap_err();
    assert!(failed.answer.contains("it is failed: run it again"), "{failed}");
    let made = stage.make(&new).await.unwrap();
    assert!(!made.was_there);
    let all = stage.databases().all_snapshots();
    assert_eq!(all.iter().map(|snapshot| &*snapshot.status).collect::<Vec<_>>(), ["available"]);
}

#[tokio::test(start_paused = true)]
async fn wherever_a_snapshot_is_killed_the_next_attempt_takes_the_one_that_was_begun() {
    for (edge, nth) in [Edge::Before, Edge::After].into_iter().flat_map(|edge| (1..=4).map(move |nth| (edge, nth))) {
        let stage = Stage::new();
        stage.databases().put(FakeDatabases::plain(prod()));
        let new = new_snapshot("shop/weekly", &stage.run, stage.run.began());
        stage.fakes.crash_at("databases", nth, edge);
        tokio::select! {
            () = stage.fakes.crashed() => {}
            done = stage.make(&new) => panic!("the {nth}th call did not come: {done:?}"),
        }
        stage.fakes.restart();
        let made = stage.make(&new).await.unwrap();
        assert_eq!(made.name, new.of.name);
        let begun = 1 + usize::from((edge, nth) == (Edge::Before, 2));
        assert_eq!(stage.calls("databases.begin-snapshot"), begun, "killed {edge:?} call {nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_faster_makes_the_one_snapshot_of_two_hosts() {
    let mut both_asked = 0;
    for seed in 0..20 {
        let stage = Stage::of(seed);
        stage.databases().put(FakeDatabases::plain(prod()));
        let (first, second) = (RunId::new(stage.run.began(), 1), RunId::new(stage.run.began(), 2));
        let new = |run: &RunId| new_snapshot("shop/weekly", run, stage.run.began());
        let (ours, theirs) = (new(&first), new(&second));
        let (one, other) = tokio::join!(stage.make(&ours), stage.make(&theirs));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.name, other.name);
        assert_ne!(one.was_there, other.was_there);
        assert_eq!(stage.databases().all_snapshots().len(), 1);
        both_asked += usize::from(stage.calls("databases.begin-snapshot") == 2);
    }
    assert!(both_asked > 0, "no seed let both look before one was faster");
}

#[tokio::test(start_paused = true)]
async fn retention_is_asked_again_before_a_snapshot_goes() {
    let stage = Stage::new();
    stage.databases().put(FakeDatabases::plain(prod()));
    let (oldest, newer, newest) = (
        stage.snapshot("shop/weekly", 30).await,
        stage.snapshot("shop/weekly", 20).await,
        stage.snapshot("shop/weekly", 10).await,
    );
    let forecast = pruning(&[oldest.clone(), newer.clone()], 1, vec![]);
    // The forecast counted on the newest, which somebody took away.
    stage.databases().forget(&newest.name);
    let deleted = stage.prune(&forecast).await;
    let point = |snapshot: &DatabaseSnapshot| SnapshotPoint::of(snapshot).unwrap().point;
    assert_eq!(deleted.points, [point(&oldest)]);
    assert_eq!(deleted.omitted, [(point(&newer), Omission::KeptNow)]);
    // Once more: what is gone is gone, and no call says otherwise.
    let again = stage.prune(&forecast).await;
    assert_eq!(again.omitted, [(point(&oldest), Omission::GoneAlready), (point(&newer), Omission::KeptNow)]);
    assert_eq!(stage.calls("databases.delete-snapshot"), 1);
}

#[tokio::test(start_paused = true)]
async fn more_than_the_guard_allows_stays_whole() {
    let stage = Stage::new();
    stage.databases().put(FakeDatabases::plain(prod()));
    let mut all = Vec::new();
    for days in [50, 40, 30, 20, 10] {
        all.push(stage.snapshot("shop/weekly", days).await);
    }
    let mut forecast = pruning(&all[..4], 1, vec![]);
    let deleted = stage.prune(&forecast).await;
    assert!(matches!(deleted.suspended, Some(Suspension::TooMany(_))), "{deleted:?}");
    assert_eq!((deleted.points.len(), deleted.omitted.len()), (0, 4));
    assert_eq!(stage.calls("databases.delete-snapshot"), 0);
    forecast.guard.accepted = true;
    assert_eq!(stage.prune(&forecast).await.points.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_failed_goes_only_while_it_is_failed() {
    let stage = Stage::new();
    stage.databases().put(FakeDatabases::plain(prod()));
    let new = new_snapshot("shop/weekly", &stage.run, stage.run.began());
    stage.databases().fail_next(&new.of.name.identifier);
    stage.make(&new).await.unwrap_err();
    let forecast = pruning(&[], 1, vec![new.of.name.clone()]);
    // Another attempt makes it good meanwhile.
    stage.make(&new).await.unwrap();
    let before = stage.calls("databases.delete-snapshot");
    assert_eq!(stage.prune(&forecast).await, SnapshotsDeleted::default());
    assert_eq!(stage.calls("databases.delete-snapshot"), before);
    assert_eq!(stage.databases().all_snapshots().len(), 1);
}

#[test]
fn an_output_is_of_an_action_only_where_it_names_the_same() {
    let run = RunId::new("2026-03-01T00:00:00Z".parse().unwrap(), 1);
    let new = new_snapshot("shop/weekly", &run, run.began());
    let made = |name: &SnapshotName| SnapshotMade {
        name: name.clone(),
        taken: run.began(),
        seen: run.began(),
        allocated_gib: 20,
        was_there: false,
    };
    let action = DatabaseAction::Snapshot(new.clone());
    assert!(DatabaseOutput::Snapshot(made(&new.of.name)).is_of(&action));
    let others = SnapshotName { identifier: "another".into(), ..new.of.name.clone() };
    assert!(!DatabaseOutput::Snapshot(made(&others)).is_of(&action));
    assert!(!DatabaseOutput::Copy(made(&new.of.name)).is_of(&action));
    let prune = DatabaseAction::Prune(pruning(&[], 1, vec![]));
    assert!(DatabaseOutput::Pruned(SnapshotsDeleted::default()).is_of(&prune));
    let more = SnapshotsDeleted { points: vec![new.of.point.clone()], ..SnapshotsDeleted::default() };
    assert!(!DatabaseOutput::Pruned(more).is_of(&prune));
    let failed = SnapshotsDeleted { failed: 1, ..SnapshotsDeleted::default() };
    assert!(!DatabaseOutput::Pruned(failed).is_of(&prune));
    let switch = DatabaseAction::Switch(switching(None));
    assert!(DatabaseOutput::Switched { kept: None }.is_of(&switch));
    assert!(!DatabaseOutput::Switched { kept: Some(prod()) }.is_of(&switch));
}
