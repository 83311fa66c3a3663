//! A backup on one host, and a restore on another that reads what the backup would delete.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use sonae::catalog::{LeaseHolder, Part, Pin, PointPlace};
use sonae::fakes::{FakeCompute, FaultScript, Injected, World};
use sonae::forecast::{Action, Forecast};
use sonae::ports::{Cause, StoreRead as _, StoreWrite};
use sonae::primitives::{Name, RunId};
use sonae::run::{self, Keeper, Outcome, Ports, StepEnd};
use sonae::steps::{Deleted, LeaseWanted, Leases, Omission, PinWanted, StepOutput, pinned, points_lock};
use tokio::sync::mpsc;

use super::journey::{Nobody, assert_subset, simulate};
use super::scene::{Past, Scene, name};

const DAILY: &str = "sim/docs/daily/web-1/";

fn holder(machine: &str, lock: &str) -> LeaseHolder {
    LeaseHolder {
        run: RunId::parse("20260301T053000Z-0000002a").unwrap(),
        machine: machine.into(),
        process: 7,
        state: machine.into(),
        boot: machine.into(),
        lock: lock.into(),
    }
}

/// The lock of this host that a restore shares while it reads points of `docs/daily`.
async fn shared_lock(world: &World) -> String {
    points_lock(&world.store("vault").real_place().await.unwrap(), "sim/docs/daily/")
}

/// The pin that a restore on that machine has at a point.
async fn pin(world: &World, machine: &str, place: &PointPlace) -> PinWanted {
    let holder = holder(machine, &shared_lock(world).await);
    PinWanted { store: world.store("vault"), place: place.clone(), holder, clock: world.clock() }
}

/// A backup on `web-1`, which has the lease of `docs/daily` alone.
async fn backup(world: &World, forecast: Forecast) -> Outcome {
    let keeper = Keeper::default();
    let store = world.store("vault");
    let wanted = LeaseWanted { store, prefix: DAILY.into(), holder: holder("web-1", "job"), clock: world.clock() };
    assert!(keeper.take((name("vault"), DAILY.into()), wanted).await.is_none(), "no pin keeps a backup off");
    let store = |name: &Name| (name.clone(), world.store(name.as_str()) as Arc<dyn StoreWrite>);
    let ports = Ports {
        tree: world.tree(),
        stores: forecast.stores.keys().map(store).collect(),
        commands: world.commands(),
        hosts: BTreeMap::new(),
        network: world.network(),
        people: world.people(),
        subversion: world.subversion(),
        databases: world.databases(),
        machines: world.machines(),
        reach: super::scene::reach(world),
        secrets: world.secrets(),
        scratch: world.scratch(),
        clock: world.clock(),
        compute: Arc::new(FakeCompute),
        journal: world.journal(),
        locks: world.journal(),
        leases: keeper.leases(),
    };
    assert!(matches!(ports.leases, Leases::Of(_)));
    let (_sender, mut interrupts) = mpsc::channel(1);
    let one = NonZeroUsize::new(1).unwrap();
    let outcome = run::run(forecast, one, &ports, &Nobody, &mut interrupts).await.unwrap();
    keeper.close().await;
    assert_subset(&outcome);
    outcome
}

/// What the deletion of `docs/daily` was to delete.
fn foretold(forecast: &Forecast) -> Vec<PointPlace> {
    let of = |step: &sonae::forecast::ForecastStep| match &step.action {
        Action::Delete { points, prefix, .. } if prefix == DAILY => {
            Some(points.iter().map(|point| point.place.clone()).collect())
        }
        _ => None,
    };
    forecast.steps.iter().find_map(of).unwrap()
}

/// What it did; none where it failed.
fn deleted(outcome: &Outcome) -> Option<Deleted> {
    let is_daily = |step: &&run::StepOutcome| outcome.forecast.step(step.step).name.as_str() == "docs/daily/delete";
    let step = outcome.steps.iter().find(is_daily).unwrap();
    let StepEnd::Done(output) = &step.end else { return None };
    match &**output {
        StepOutput::Deleted(deleted) => Some(deleted.clone()),
        other => panic!("{other:?}"),
    }
}

fn is_there(world: &World, place: &PointPlace, part: Part) -> bool {
    world.store("vault").objects().contains_key(&place.key(part))
}

/// Whether what a restore reads is there.
fn is_readable(world: &World, place: &PointPlace) -> bool {
    is_there(world, place, Part::Archive) && is_there(world, place, Part::Contents)
}

fn pins(world: &World) -> usize {
    world.store("vault").objects().keys().filter(|key| Pin::parse(key, DAILY).is_some()).count()
}

async fn tomorrow(scene: &Scene) -> Forecast {
    scene.world.clock().advance(jiff::SignedDuration::from_hours(24));
    scene.backup().await
}

#[test]
fn a_point_that_a_restore_of_another_host_reads_is_left_said_and_deleted_later() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past);
        let (world, restore) = (&scene.world, Keeper::default());
        let forecast = scene.backup().await;
        let place = foretold(&forecast).remove(0);
        assert!(restore.pin(pin(world, "nas", &place).await).await.unwrap(), "the point is there");
        // Longer than a pin lasts: it is renewed.
        tokio::time::sleep(Duration::from_secs(1_800)).await;
        assert_eq!(pins(world), 2);
        let seen = pinned(&*world.store("vault"), DAILY, &*world.clock()).await.unwrap();
        assert_eq!(seen, BTreeMap::from([(place.point.clone(), Some("nas".to_owned()))]));
        let outcome = backup(world, forecast).await;
        let why = Omission::Pinned { machine: Some("nas".into()) };
        assert_eq!(deleted(&outcome).unwrap().omitted, [(place.point.clone(), why)]);
        assert!(is_readable(world, &place) && is_there(world, &place, Part::Manifest));
        let told = sonae::report::outcome::text(&outcome, &|_, key| key.to_string());
        let line = format!("docs/daily: did not delete {}: a restore on nas reads it; a later", place.point);
        assert!(told.contains(&line), "{told}");
        // Other jobs have no lease here; that of `docs/daily` is no reason for another exit status.
        assert!(deleted(&outcome).unwrap().lease.is_none());
        assert_eq!(restore.close().await, []);
        assert_eq!((pins(world), world.store("vault").unfinished().len()), (0, 0));
        let outcome = backup(world, tomorrow(&scene).await).await;
        assert!(deleted(&outcome).unwrap().points.contains(&place.point));
    });
}

#[test]
fn the_pin_of_a_restore_that_died_runs_out_elsewhere_and_is_no_pin_at_all_on_its_own_host() {
    let past = Past::of(41, 3);
    for (machine, waited, goes) in [("nas", 200, false), ("nas", 301, true), ("web-1", 0, true)] {
        simulate(async {
            let scene = Scene::with(41, &past);
            let world = &scene.world;
            let forecast = scene.backup().await;
            let place = foretold(&forecast).remove(0);
            drop(pin(world, machine, &place).await.put().await.unwrap());
            assert_eq!(pins(world), 1);
            tokio::time::sleep(Duration::from_secs(waited)).await;
            let deleted = deleted(&backup(world, forecast).await).unwrap();
            assert_eq!(deleted.points.contains(&place.point), goes, "{machine}, {waited} s: {deleted:?}");
            assert_eq!(is_there(world, &place, Part::Archive), !goes);
            assert_eq!(pins(world), usize::from(!goes), "what the dead left is removed");
        });
    }
}

#[test]
fn a_run_that_is_resumed_takes_its_pin_over_and_sees_that_a_point_is_gone() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past);
        let world = &scene.world;
        let forecast = scene.backup().await;
        let place = foretold(&forecast).remove(0);
        drop(pin(world, "nas", &place).await.put().await.unwrap());
        let resumed = pin(world, "nas", &place).await.put().await.unwrap();
        assert!(resumed.holds().await.unwrap());
        assert_eq!(pins(world), 2);
        resumed.release().await.unwrap();
        assert_eq!(pins(world), 0, "what the same run left is its own");
        backup(world, forecast).await;
        let late = pin(world, "nas", &place).await.put().await.unwrap();
        assert!(!late.holds().await.unwrap());
    });
}

#[test]
fn a_pin_that_comes_between_the_look_and_the_deletion_keeps_what_is_read() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past);
        let world = &scene.world;
        let forecast = scene.backup().await;
        let place = foretold(&forecast).remove(0);
        // The store takes its time to delete the manifest.
        let manifest = place.key(Part::Manifest).to_string();
        let delay = Injected::Delay(Duration::from_secs(20));
        world.script(FaultScript::new().nth_on("store.delete", &manifest, 1, delay));
        let restore = async {
            let wanted = pin(world, "nas", &place).await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            let pin = wanted.put().await.unwrap();
            (pin.holds().await.unwrap(), pin)
        };
        let (outcome, (was_there, pin)) = tokio::join!(backup(world, forecast), restore);
        assert!(was_there);
        assert_eq!(deleted(&outcome).unwrap().points, []);
        assert_eq!(deleted(&outcome).unwrap().omitted.len(), 1);
        assert!(is_readable(world, &place) && is_there(world, &place, Part::Manifest), "it was put back");
        backup(world, tomorrow(&scene).await).await;
        assert!(!is_readable(world, &place), "a day later the pin has run out");
        pin.release().await.unwrap();
    });
}

#[test]
fn a_store_that_refuses_takes_no_pin_and_keeps_nothing_of_it() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past);
        let world = &scene.world;
        let place = foretold(&scene.backup().await).remove(0);
        world.script(FaultScript::new().always_on("store.begin", "pin-", Injected::RefuseForGood(Cause::Denied)));
        let restore = Keeper::default();
        let fault = restore.pin(pin(world, "nas", &place).await).await.unwrap_err();
        assert_eq!((fault.cause, pins(world)), (Cause::Denied, 0));
        assert_eq!(restore.close().await, []);
        // A pin that nobody can read is believed for an hour.
        world.script(FaultScript::new());
        drop(pin(world, "nas", &place).await.put().await.unwrap());
        world.script(FaultScript::new().always_on("store.read", "pin-", Injected::RefuseForGood(Cause::Denied)));
        tokio::time::sleep(Duration::from_secs(3_500)).await;
        let outcome = backup(world, scene.backup().await).await;
        assert_eq!(deleted(&outcome).unwrap().omitted, [(place.point, Omission::Pinned { machine: None })]);
    });
}

/// A restore that reads for a while, and a backup that would delete what it reads, in a store that stalls, refuses and loses answers. Answers
/// whether the restore found its point, what it lost while it read, and whether the backup left something for it.
async fn contend(seed: u64, past: &Past, careful: bool) -> (bool, bool, bool) {
    let scene = Scene::with(seed, past);
    let world = &scene.world;
    let forecast = scene.backup().await;
    let place = foretold(&forecast).remove(0);
    let script = FaultScript::new()
        .chance("store.delete", 300, Injected::Delay(Duration::from_secs(1)))
        .chance("store.list", 200, Injected::Delay(Duration::from_millis(700)))
        .chance("store.head", 200, Injected::Delay(Duration::from_millis(300)))
        .chance("store.finish", 60, Injected::LoseAnswer)
        .chance("store.delete", 60, Injected::LoseAnswer)
        .chance("store.read", 10, Injected::RefuseOnce(Cause::Other));
    world.script(script);
    let restore = Keeper::default();
    let reading = async {
        let wanted = pin(world, "nas", &place).await;
        tokio::time::sleep(Duration::from_millis(seed * 379 % 9_000)).await;
        let found = match careful {
            true => matches!(restore.pin(wanted).await, Ok(true)),
            false => is_there(world, &place, Part::Manifest),
        };
        let mut lost = false;
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_secs(10)).await;
            lost |= found && !is_readable(world, &place);
        }
        (found, lost)
    };
    let (outcome, (found, lost)) = tokio::join!(backup(world, forecast), reading);
    let is_pinned = |(_, why): &(_, Omission)| matches!(why, Omission::Pinned { .. });
    let left = deleted(&outcome).is_some_and(|deleted| deleted.omitted.iter().any(is_pinned));
    world.script(FaultScript::new());
    let _what_stays_runs_out = restore.close().await;
    // Whatever was begun, the next backup ends, and leaves nothing.
    backup(world, tomorrow(&scene).await).await;
    assert_eq!(pins(world), 0, "seed {seed}");
    // An attempt that failed between the manifest and the rest leaves what goes when it is old.
    let is_pair = is_readable(world, &place) && !is_there(world, &place, Part::Manifest);
    assert!(is_pair || Part::ALL.iter().all(|part| !is_there(world, &place, *part)), "seed {seed}");
    (found, lost, left)
}

const SEEDS: u64 = 120;

#[test]
fn who_found_a_point_after_pinning_it_reads_it_to_the_end() {
    let past = Past::of(41, 3);
    let (mut found, mut left) = (0, 0);
    for seed in 0..SEEDS {
        let (was_found, lost, was_left) = simulate(contend(seed, &past, true));
        assert!(!lost, "seed {seed}: what is read was deleted");
        found += u64::from(was_found);
        left += u64::from(was_left);
    }
    assert!(found > SEEDS / 10 && left > SEEDS / 10 && found < SEEDS, "{found} found it, {left} were left");
    let noticed = (0..SEEDS).any(|seed| simulate(contend(seed, &past, false)).1);
    assert!(noticed, "the simulation notices a restore that puts no pin");
}
