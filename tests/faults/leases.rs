//! What a run deletes without its lease: nothing.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use sonae::catalog::LeaseHolder;
use sonae::fakes::{FakeCompute, FaultScript, Injected, World};
use sonae::forecast::{Action, Forecast};
use sonae::ledger::catch_up;
use sonae::ports::{Cause, Fault, LedgerRead as _, RunEnd, RunsWanted, StoreWrite};
use sonae::primitives::{Name, RunId};
use sonae::run::{self, End, LeaseName, Outcome, Ports, StepEnd};
use sonae::steps::{Deleted, HeldLease, LeaseEntry, LeaseLost, LeaseTaken, LeaseWanted, Leases, Omission, StepOutput};
use tokio::sync::mpsc;

use super::journey::{Nobody, assert_consistent, assert_subset, simulate};
use super::scene::{Past, Scene, name};

const DAILY: &str = "sim/docs/daily/web-1/";

async fn lease(world: &World, machine: &str) -> Option<Arc<HeldLease>> {
    let holder = LeaseHolder {
        run: RunId::parse("20260301T053000Z-0000002a").unwrap(),
        machine: machine.into(),
        process: 7,
        state: machine.into(),
        boot: machine.into(),
        lock: machine.into(),
    };
    let wanted = LeaseWanted { store: world.store("vault"), prefix: DAILY.into(), holder, clock: world.clock() };
    match wanted.take().await.unwrap() {
        LeaseTaken::Held(lease) => Some(lease),
        LeaseTaken::By(_) => None,
    }
}

async fn carry_out(world: &World, forecast: Forecast, leases: BTreeMap<LeaseName, LeaseEntry>) -> Outcome {
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
        leases: Leases::Of(leases),
    };
    let (_sender, mut interrupts) = mpsc::channel(1);
    run::run(forecast, NonZeroUsize::new(1).unwrap(), &ports, &Nobody, &mut interrupts).await.unwrap()
}

/// All jobs but `docs/daily` have their lease, and that has this one.
async fn backup(scene: &Scene, forecast: Forecast, of_daily: Option<LeaseEntry>) -> Outcome {
    let world = &scene.world;
    let mut leases = BTreeMap::new();
    for (store, job) in [("vault", "mail/nightly"), ("spare", "docs/second")] {
        let prefix = format!("sim/{job}/web-1/");
        let holder = LeaseHolder {
            run: forecast.run.clone(),
            machine: "web-1".into(),
            process: 1,
            state: job.into(),
            boot: "b0".into(),
            lock: job.into(),
        };
        let wanted = LeaseWanted { store: world.store(store), prefix: prefix.clone(), holder, clock: world.clock() };
        let LeaseTaken::Held(held) = wanted.take().await.unwrap() else { panic!("nobody has it") };
        leases.insert((name(store), prefix), LeaseEntry::Held(held));
    }
    leases.extend(of_daily.map(|entry| ((name("vault"), DAILY.to_owned()), entry)));
    let outcome = carry_out(world, forecast, leases).await;
    assert_consistent_but_for_leases(&outcome);
    assert_subset(&outcome);
    outcome
}

fn assert_consistent_but_for_leases(outcome: &Outcome) {
    let lost =
        outcome.steps.iter().any(|step| matches!(&step.end, StepEnd::Done(output) if output.lease_lost().is_some()));
    match lost {
        true => assert_eq!((outcome.end, outcome.end.exit().code()), (End::Suspended, 6)),
        false => assert_consistent(outcome),
    }
}

/// What the deletion of `docs/daily` did, and of how many points and leftovers it was to be.
fn deleted(outcome: &Outcome) -> (Deleted, usize, usize) {
    let is_daily = |step: &&run::StepOutcome| outcome.forecast.step(step.step).name.as_str() == "docs/daily/delete";
    let step = outcome.steps.iter().find(is_daily).unwrap();
    let Action::Delete { points, leftovers, .. } = &outcome.forecast.step(step.step).action else { panic!() };
    let StepEnd::Done(output) = &step.end else { panic!("{step:?}") };
    let StepOutput::Deleted(deleted) = &**output else { panic!("{output:?}") };
    (deleted.clone(), points.len(), leftovers.len())
}

fn assert_nothing_deleted(outcome: &Outcome) {
    let (deleted, points, leftovers) = deleted(outcome);
    assert!(points > 0 && leftovers > 0, "there was something to delete");
    assert_eq!((deleted.points.len(), deleted.leftovers, deleted.bytes), (0, 0, 0));
    assert_eq!(deleted.omitted.len(), points);
    assert!(deleted.omitted.iter().all(|(_, why)| *why == Omission::NoLease));
    let told = sonae::report::outcome::text(outcome, &|_, key| key.to_string());
    assert!(told.contains("docs/daily: nothing more was deleted: the lease of its points"), "{told}");
    assert!(told.contains("not all was deleted, as a lease was not held"), "{told}");
}

/// How the host remembers the last run, and the part of `docs/daily` in it.
async fn remembered(world: &World) -> (RunEnd, RunEnd) {
    catch_up(&*world.ledger(), &*world.journal()).await.unwrap();
    let found = world.ledger().runs(&RunsWanted { limit: 1, ..RunsWanted::default() }).await.unwrap().remove(0);
    let of_daily = found.jobs.iter().find(|row| row.series.job.to_string() == "docs/daily").unwrap();
    (found.run.end, of_daily.end)
}

#[test]
fn a_run_that_has_its_leases_deletes_as_ever() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past).with_leftovers().await;
        let held = lease(&scene.world, "web-1").await.unwrap();
        let outcome = backup(&scene, scene.backup().await, Some(LeaseEntry::Held(held))).await;
        let (deleted, points, leftovers) = deleted(&outcome);
        assert_eq!((outcome.end, deleted.points.len(), deleted.leftovers), (End::Complete, points, leftovers as u64));
        assert!(points > 0 && leftovers > 0 && deleted.lease.is_none());
    });
}

#[test]
fn a_run_without_its_lease_makes_its_point_and_deletes_nothing() {
    let past = Past::of(41, 3);
    let fault = Fault::permanent(Cause::Denied, "begin", "no");
    for (entry, lost) in [
        (None, LeaseLost::Gone),
        (Some(LeaseEntry::NotTaken(fault.clone())), LeaseLost::NotTaken { fault: fault.clone() }),
    ] {
        simulate(async {
            let scene = Scene::with(41, &past).with_leftovers().await;
            let outcome = backup(&scene, scene.backup().await, entry).await;
            assert_nothing_deleted(&outcome);
            assert_eq!(deleted(&outcome).0.lease, Some(lost));
            // No guard suspended anything.
            assert_eq!(remembered(&scene.world).await, (RunEnd::LeaseLost, RunEnd::LeaseLost));
        });
    }
}

#[test]
fn a_run_whose_lease_is_broken_or_cannot_be_renewed_deletes_nothing() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past).with_leftovers().await;
        let held = lease(&scene.world, "web-1").await.unwrap();
        let store = scene.world.store("vault");
        let object = store.objects().into_keys().find(|key| key.as_str().contains("lease-")).unwrap();
        store.plant(&object, None);
        let outcome = backup(&scene, scene.backup().await, Some(LeaseEntry::Held(held))).await;
        assert_nothing_deleted(&outcome);
        assert_eq!(deleted(&outcome).0.lease, Some(LeaseLost::Gone));
    });
    simulate(async {
        let scene = Scene::with(41, &past).with_leftovers().await;
        let held = lease(&scene.world, "web-1").await.unwrap();
        let forecast = scene.backup().await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        let refuse = Injected::RefuseForGood(Cause::Denied);
        scene.world.script(FaultScript::new().always_on("store.begin", "lease-", refuse));
        let entry = ((name("vault"), DAILY.to_owned()), LeaseEntry::Held(held));
        let outcome = carry_out(&scene.world, forecast, BTreeMap::from([entry])).await;
        assert_nothing_deleted(&outcome);
        assert!(matches!(deleted(&outcome).0.lease, Some(LeaseLost::NotRenewed { .. })));
    });
}

#[test]
fn a_lease_that_is_lost_between_two_deletions_stops_the_second() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past).with_leftovers().await;
        let held = lease(&scene.world, "web-1").await.unwrap();
        let forecast = scene.backup().await;
        // The store takes an hour for the first deletion, and another machine comes meanwhile.
        let delay = Injected::Delay(Duration::from_secs(3_600));
        scene.world.script(FaultScript::new().nth_on("store.delete", "sim/docs/daily/", 1, delay));
        let run = backup(&scene, forecast, Some(LeaseEntry::Held(held)));
        let other = async {
            tokio::time::sleep(Duration::from_secs(1_800)).await;
            lease(&scene.world, "nas").await
        };
        let (outcome, other) = tokio::join!(run, other);
        assert!(other.is_some());
        let (deleted, points, leftovers) = deleted(&outcome);
        assert_eq!((deleted.points.len(), deleted.leftovers, deleted.lease), (1, 0, Some(LeaseLost::Gone)));
        assert!(points == 1 && leftovers > 0, "the leftovers stay");
    });
}
