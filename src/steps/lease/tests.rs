//! Contenders for one lease in simulated time: they stall, lose answers, die, and disagree on the time of day.
#![expect(clippy::disallowed_methods, reason = "a simulation reads tokio's (paused) clock")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use super::chain::{self, StoreTime};
use super::{Broken, HeldLease, LASTS, LeaseLost, LeaseTaken, LeaseWanted, PinWanted, break_lease, leases_of};
use crate::catalog::{Lease, LeaseHolder, Pin, PointPlace};
use crate::fakes::{FakeStore, FaultScript, Injected, World};
use crate::ports::{Cause, Clock, Fault, StoreRead as _, StoreWrite as _};
use crate::primitives::{Key, RunId};

const PREFIX: &str = "home/photos/daily/nas/";

/// Runs on one thread, in paused time.
fn simulated<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

/// A host's clock, which is not the store's.
struct Skewed(Arc<dyn Clock>, SignedDuration);

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }
}

fn run(number: u32) -> RunId {
    RunId::new("2026-03-01T05:30:00Z".parse().unwrap(), number)
}

/// What a host asks for in one of its lives.
fn wanted(world: &World, host: u32, life: u32, boot: u32) -> LeaseWanted {
    let holder = LeaseHolder {
        run: run(host * 1000 + life),
        machine: format!("host-{host}"),
        process: life,
        state: format!("state-{host}"),
        boot: format!("boot-{host}-{boot}"),
        lock: "the lock".into(),
    };
    let hours = [0, 2, -3, 26][host as usize % 4];
    let clock = Arc::new(Skewed(world.clock(), SignedDuration::from_hours(hours)));
    LeaseWanted { store: world.store("shelf"), prefix: PREFIX.into(), holder, clock }
}

async fn held(wanted: LeaseWanted) -> Arc<HeldLease> {
    match wanted.take().await.unwrap() {
        LeaseTaken::Held(lease) => lease,
        LeaseTaken::By(seen) => panic!("it is held: {seen:?}"),
    }
}

fn objects(store: &FakeStore) -> Vec<String> {
    store.objects().keys().map(|key| key.as_str().strip_prefix(PREFIX).unwrap().to_owned()).collect()
}

/// Numbers that look random and are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    async fn pause(&mut self) {
        // Most often short, now and then so long that a lease runs out.
        let limit = [2_000, 20_000, 90_000, 400_000][self.below(4) as usize];
        sleep(Duration::from_millis(self.below(limit))).await;
    }
}

/// Until when each host believes that it holds the lease, and what was seen that must not be.
#[derive(Default)]
struct Beliefs {
    until: BTreeMap<u32, Instant>,
    taken: u64,
    lost: u64,
    violations: Vec<String>,
}

type Shared = Arc<Mutex<Beliefs>>;

/// A host says for how long it believes; nobody else may.
fn believes(beliefs: &Shared, host: u32, time: Duration) {
    let (mut beliefs, now) = (beliefs.lock().unwrap(), Instant::now());
    beliefs.until.insert(host, now + time);
    let other = beliefs.until.iter().find(|(other, until)| **other != host && **until > now);
    if let Some((other, _)) = other.filter(|_| time > Duration::ZERO) {
        let violation = format!("both {host} and {other} at {now:?}");
        beliefs.violations.push(violation);
    }
}

/// Takes a lease as one must not.
type Take = fn(LeaseWanted) -> std::pin::Pin<Box<dyn Future<Output = Result<LeaseTaken, Fault>> + Send>>;

/// One life of a host: it asks for the lease, renews it and looks at it, and gives it back.
async fn live(wanted: LeaseWanted, host: u32, mut dice: Dice, beliefs: Shared, take: Take) {
    dice.pause().await;
    let Ok(LeaseTaken::Held(lease)) = take(wanted).await else { return };
    beliefs.lock().unwrap().taken += 1;
    believes(&beliefs, host, lease.believed_for().await);
    for _ in 0..dice.below(12) {
        dice.pause().await;
        match dice.below(3) {
            0 => match lease.look().await {
                Ok(None) => {}
                Ok(Some(_)) => {
                    beliefs.lock().unwrap().lost += 1;
                    believes(&beliefs, host, Duration::ZERO);
                    break;
                }
                Err(_) => continue,
            },
            _ => drop(lease.renew().await),
        }
        believes(&beliefs, host, lease.believed_for().await);
    }
    believes(&beliefs, host, Duration::ZERO);
    let _what_stays_runs_out = lease.release().await;
}

/// Several hosts, each of several lives.
async fn contend(seed: u64, take: Take) -> Beliefs {
    let world = World::tied_to_tokio(seed);
    let script = FaultScript::new()
        .chance("store", 12, Injected::Delay(Duration::from_secs(400)))
        .chance("store", 40, Injected::Delay(Duration::from_secs(3)))
        .chance("store.finish", 60, Injected::LoseAnswer)
        .chance("store.delete", 60, Injected::LoseAnswer)
        .chance("store", 15, Injected::RefuseOnce(Cause::Other));
    world.script(script);
    let beliefs = Shared::default();
    let host = |host: u32| {
        let (world, beliefs, mut dice) = (world.clone(), Arc::clone(&beliefs), Dice(seed * 31 + u64::from(host)));
        async move {
            let mut boot = 0;
            for life in 0..6 {
                let wanted = wanted(&world, host, life, boot);
                let living = live(wanted, host, Dice(dice.below(u64::MAX)), Arc::clone(&beliefs), take);
                // Some are killed, at any point; the next life holds the lock, perhaps after a start of the machine.
                let killed_after = Duration::from_millis(dice.below(900_000));
                match dice.below(3) {
                    0 => drop(tokio::time::timeout(killed_after, living).await),
                    _ => living.await,
                }
                beliefs.lock().unwrap().until.remove(&host);
                boot += u32::from(dice.below(3) == 0);
            }
        }
    };
    tokio::join!(host(1), host(2), host(3));
    afterwards(&world).await;
    Arc::try_unwrap(beliefs).unwrap_or_default().into_inner().unwrap()
}

/// When all are gone, whoever comes next gets it in time, and leaves nothing.
async fn afterwards(world: &World) {
    world.script(FaultScript::new());
    sleep(LASTS + Duration::from_secs(3_600)).await;
    let lease = held(wanted(world, 9, 1, 1)).await;
    assert_eq!(lease.look().await.unwrap(), None);
    lease.release().await.unwrap();
    assert_eq!((objects(&world.store("shelf")), world.store("shelf").unfinished()), (vec![], vec![]));
}

const SEEDS: u64 = 400;

#[test]
fn no_two_believe_that_they_hold_it() {
    let (mut taken, mut lost) = (0, 0);
    for seed in 0..SEEDS {
        let beliefs = simulated(contend(seed, |wanted| Box::pin(wanted.take())));
        assert_eq!(beliefs.violations, Vec::<String>::new(), "seed {seed}");
        taken += beliefs.taken;
        lost += beliefs.lost;
    }
    assert!(taken > SEEDS * 4 && lost > SEEDS / 10, "it is not for want of trying: {taken} taken, {lost} lost");
}

/// Writes an object where all that is there is dead, and believes that this is enough.
fn without_looking_again(
    wanted: LeaseWanted,
) -> std::pin::Pin<Box<dyn Future<Output = Result<LeaseTaken, Fault>> + Send>> {
    Box::pin(async move {
        let there = wanted.look().await?.leases;
        let now = chain::store_time(&*wanted.store, PREFIX, "careless", &*wanted.clock).await?;
        if let Some(alive) = there.iter().map(|found| found.seen(&now)).find(|seen| !seen.has_run_out()) {
            return Ok(LeaseTaken::By(Box::new(alive)));
        }
        let number = there.last().map_or(1, |found| found.number + 1);
        let own = wanted.write(number, wanted.clock.now()).await?;
        let own = own.ok_or_else(|| chain::busy(PREFIX))?;
        Ok(LeaseTaken::Held(Arc::new(HeldLease::new(wanted, own))))
    })
}

/// Goes by the hosts' own clocks.
fn by_the_clock_on_the_wall(
    wanted: LeaseWanted,
) -> std::pin::Pin<Box<dyn Future<Output = Result<LeaseTaken, Fault>> + Send>> {
    Box::pin(async move {
        let now = wanted.clock.now();
        for found in wanted.look().await?.leases {
            let renewed = found.lease.as_ref().map(|lease| lease.renewed);
            if renewed.is_some_and(|renewed| now.duration_since(renewed).abs() > SignedDuration::from_secs(300)) {
                wanted.store.delete(&found.key).await?;
            }
        }
        wanted.take().await
    })
}

#[test]
fn the_simulation_notices_those_who_leave_out_a_rule() {
    for careless in [without_looking_again as Take, by_the_clock_on_the_wall] {
        let noticed = (0..SEEDS).any(|seed| !simulated(contend(seed, careless)).violations.is_empty());
        assert!(noticed);
    }
}

#[test]
fn it_is_taken_renewed_and_given_back() {
    simulated(async {
        let world = World::tied_to_tokio(1);
        let store = world.store("shelf");
        let lease = held(wanted(&world, 1, 1, 1)).await;
        assert_eq!(objects(&store), ["lease-000000000001.json"]);
        for _ in 0..20 {
            sleep(super::LEASE_RENEWED_EVERY).await;
            lease.renew().await.unwrap();
            assert_eq!(lease.look().await.unwrap(), None);
        }
        assert_eq!(objects(&store), ["lease-000000000020.json", "lease-000000000021.json"]);
        let LeaseTaken::By(seen) = wanted(&world, 2, 1, 1).take().await.unwrap() else { panic!("it is held") };
        assert_eq!((seen.age.as_secs(), seen.left().as_secs(), seen.held_for().as_secs()), (0, 300, 1_200));
        lease.release().await.unwrap();
        assert_eq!((objects(&store), store.unfinished()), (vec![], vec![]));
        assert_eq!(lease.look().await.unwrap(), Some(LeaseLost::Gone));
    });
}

#[test]
fn the_dead_are_succeeded_at_once_on_their_kernel_and_in_time_elsewhere() {
    simulated(async {
        let world = World::tied_to_tokio(1);
        drop(held(wanted(&world, 1, 1, 1)).await);
        drop(held(wanted(&world, 1, 2, 1)).await);
        let refused = async |host, boot| matches!(wanted(&world, host, 3, boot).take().await, Ok(LeaseTaken::By(_)));
        assert!(refused(1, 2).await, "another start of the machine, or a copy of its disk");
        assert!(refused(2, 1).await, "another host, whose clock is hours ahead");
        sleep(LASTS).await;
        assert!(refused(2, 1).await, "not a moment too soon");
        sleep(Duration::from_secs(1)).await;
        let lease = held(wanted(&world, 2, 3, 1)).await;
        assert_eq!(objects(&world.store("shelf")).len(), 1, "what the dead left is removed");
        lease.release().await.unwrap();
    });
}

#[test]
fn a_holder_that_slept_goes_on_if_nobody_came_and_else_has_lost_it() {
    simulated(async {
        let world = World::tied_to_tokio(1);
        let lease = held(wanted(&world, 1, 1, 1)).await;
        sleep(LASTS * 3).await;
        assert_eq!(lease.look().await.unwrap(), None, "it was taken anew");
        sleep(LASTS * 3).await;
        let other = held(wanted(&world, 2, 1, 1)).await;
        assert_eq!(lease.look().await.unwrap(), Some(LeaseLost::Gone));
        lease.renew().await.unwrap();
        assert_eq!(lease.look().await.unwrap(), Some(LeaseLost::Gone), "for good");
        assert_eq!(other.look().await.unwrap(), None);
        lease.release().await.unwrap();
        assert_eq!(other.look().await.unwrap(), None, "who lost it takes nothing away");
    });
}

#[test]
fn a_clock_that_is_set_forward_makes_a_holder_doubt_and_look() {
    simulated(async {
        let world = World::tied_to_tokio(1);
        let lease = held(wanted(&world, 1, 1, 1)).await;
        world.clock().advance(SignedDuration::from_secs(280));
        assert_eq!(lease.believed_for().await, Duration::ZERO);
        assert_eq!(lease.look().await.unwrap(), None);
        assert!(lease.believed_for().await > Duration::ZERO);
    });
}

#[test]
fn a_store_that_refuses_costs_the_lease_only_when_its_time_is_up() {
    simulated(async {
        let world = World::tied_to_tokio(1);
        let lease = held(wanted(&world, 1, 1, 1)).await;
        world.script(FaultScript::new().always_on("store.begin", "", Injected::RefuseForGood(Cause::Full)));
        lease.renew().await.unwrap_err();
        assert_eq!(lease.look().await.unwrap(), None);
        sleep(LASTS).await;
        let Some(LeaseLost::NotRenewed { fault }) = lease.look().await.unwrap() else { panic!("it cannot be renewed") };
        assert_eq!(fault.cause, Cause::Full);
        world.script(FaultScript::new());
        assert_eq!(lease.look().await.unwrap(), None, "there is space again, and nobody came");
    });
}

#[test]
fn a_lease_is_broken_by_force_or_when_it_has_run_out_and_by_its_run_alone() {
    simulated(async {
        let world = World::tied_to_tokio(1);
        let (store, clock) = (world.store("shelf"), world.clock());
        let lease = held(wanted(&world, 1, 1, 1)).await;
        lease.renew().await.unwrap();
        let shown = leases_of(&*store, "home/photos/daily/", &*clock).await.unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].prefix.as_str(), shown[0].seen.lease.as_ref().unwrap().number), (PREFIX, 2));
        let broken = async |of, force| break_lease(&*store, PREFIX, &run(of), force, &*clock).await.unwrap();
        assert_eq!(broken(7, true).await, Broken::NotThere);
        assert!(matches!(broken(1001, false).await, Broken::Alive(_)));
        assert_eq!(lease.look().await.unwrap(), None);
        assert_eq!(broken(1001, true).await, Broken::Gone);
        let other = held(wanted(&world, 2, 1, 1)).await;
        // The other's first object has the key that the first one's had.
        assert_eq!(lease.look().await.unwrap(), Some(LeaseLost::Gone));
        lease.release().await.unwrap();
        drop(other);
        sleep(LASTS + Duration::from_secs(1)).await;
        assert_eq!(broken(2001, false).await, Broken::Gone);
        // Who renews before he looks takes back what he wrote.
        let lease = held(wanted(&world, 1, 2, 1)).await;
        assert_eq!(broken(1002, true).await, Broken::Gone);
        lease.renew().await.unwrap();
        assert_eq!(objects(&store), Vec::<String>::new());
        assert_eq!(lease.look().await.unwrap(), Some(LeaseLost::Gone));
    });
}

#[test]
fn an_object_that_says_nothing_lasts_an_hour_and_one_of_the_future_not_for_ever() {
    simulated(async {
        let world = World::tied_to_tokio(1);
        let store = world.store("shelf");
        store.plant(&Lease::key(PREFIX, 7).unwrap(), Some("no lease".into()));
        let refused = async || matches!(wanted(&world, 1, 1, 1).take().await, Ok(LeaseTaken::By(_)));
        sleep(Duration::from_secs(3_600)).await;
        assert!(refused().await);
        sleep(Duration::from_secs(1)).await;
        drop(held(wanted(&world, 1, 1, 1)).await);
        // The store's clock is set back by a year.
        store.set_clock_ahead(SignedDuration::from_hours(-24 * 365));
        drop(held(wanted(&world, 2, 1, 1)).await);
        assert_eq!(objects(&store).len(), 1);
    });
}

#[test]
fn where_a_store_does_not_say_when_hosts_may_be_an_hour_apart() {
    let now: Timestamp = "2026-03-01T05:30:00Z".parse().unwrap();
    let world = World::new(1);
    let holder = wanted(&world, 1, 1, 1).holder;
    let lease =
        |renewed| Lease { format_version: 1, holder: holder.clone(), number: 1, taken: now, renewed, lasts_s: 300 };
    let has_run_out = |seconds: i64| {
        let lease = lease(now - SignedDuration::from_secs(seconds));
        let (key, bytes) = (Lease::key(PREFIX, 1).unwrap(), lease.encode().unwrap().into());
        let found = chain::Found { key, number: 1, stored: None, bytes, lease: Some(lease) };
        found.seen(&StoreTime { store: Some(now), here: now }).has_run_out()
    };
    assert_eq!([301, 3_900, 3_901, -3_900, -3_901].map(has_run_out), [false, false, true, false, true]);
}

#[test]
fn what_was_left_of_a_pin_by_a_run_that_is_gone_is_thrown_away_with_the_next_pin() {
    simulated(async {
        let world = World::new(1);
        let store = world.store("shelf");
        let key = PREFIX.to_owned() + "20260201T000000Z-00000007.tar.zip";
        let (place, _) = PointPlace::parse(&Key::parse(&key).unwrap()).unwrap();
        let now = world.clock().now();
        let began = |hours: i64| RunId::new(now - SignedDuration::from_hours(hours), 3);
        for run in [began(23), began(25)] {
            store.begin(&Pin::key(&place, &run, 1).unwrap()).await.unwrap();
        }
        let LeaseWanted { holder, clock, .. } = wanted(&world, 0, 1, 1);
        let pin = PinWanted { store: store.clone(), place: place.clone(), holder, clock }.put().await.unwrap();
        let left: Vec<Key> = store.uploads("").await.unwrap().into_iter().map(|upload| upload.key).collect();
        assert_eq!(left, [Pin::key(&place, &began(23), 1).unwrap()]);
        pin.release().await.unwrap();
    });
}
