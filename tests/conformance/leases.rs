//! Leases are the same over every store: what is asked of a store for them, each store does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sonae::catalog::LeaseHolder;
use sonae::drivers::{LocalStore, SystemClock};
use sonae::fakes::World;
use sonae::ports::StoreWrite;
use sonae::primitives::RunId;
use sonae::steps::{Broken, HeldLease, LeaseLost, LeaseTaken, LeaseWanted, break_lease, leases_of};

const PREFIX: &str = "home/photos/daily/nas/";

macro_rules! on_each_store {
    ($($case:ident)*) => {
        mod local {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(super::Arc::new(super::LocalStore::new(folder.path().join("a/store")))).await;
            })*
        }
        mod fake {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::World::new(1).store("fake")).await;
            })*
        }
    };
}

on_each_store! {
    one_holds_it_until_it_is_given_back
    what_the_dead_left_is_removed
    a_broken_lease_is_lost
}

type Store = Arc<dyn StoreWrite>;

fn run(number: u32) -> RunId {
    RunId::new("2026-03-01T05:30:00Z".parse().unwrap(), number)
}

fn wanted(store: &Store, machine: u32) -> LeaseWanted {
    let holder = LeaseHolder {
        run: run(machine),
        machine: format!("machine-{machine}"),
        process: machine,
        state: format!("state-{machine}"),
        boot: "b0".into(),
        lock: "the lock".into(),
    };
    LeaseWanted { store: Arc::clone(store), prefix: PREFIX.into(), holder, clock: Arc::new(SystemClock) }
}

async fn taken(store: &Store, machine: u32) -> Option<Arc<HeldLease>> {
    match wanted(store, machine).take().await.unwrap() {
        LeaseTaken::Held(lease) => Some(lease),
        LeaseTaken::By(seen) => {
            assert!(!seen.has_run_out() && seen.left().as_secs() > 200, "{seen:?}");
            None
        }
    }
}

/// All that is there of leases.
async fn there(store: &Store) -> usize {
    let page = store.list(PREFIX, None, 100).await.unwrap();
    page.objects.len() + store.uploads(PREFIX).await.unwrap().len()
}

async fn one_holds_it_until_it_is_given_back(store: Store) {
    let lease = taken(&store, 1).await.unwrap();
    for _ in 0..3 {
        lease.renew().await.unwrap();
        assert_eq!(lease.look().await.unwrap(), None);
        assert!(taken(&store, 2).await.is_none());
    }
    assert_eq!(there(&store).await, 2, "the last two objects");
    lease.release().await.unwrap();
    assert_eq!((there(&store).await, lease.look().await.unwrap()), (0, Some(LeaseLost::Gone)));
    let other = taken(&store, 2).await.unwrap();
    lease.release().await.unwrap();
    assert_eq!(other.look().await.unwrap(), None);
}

async fn what_the_dead_left_is_removed(store: Store) {
    drop(taken(&store, 1).await.unwrap());
    let key = store.list(PREFIX, None, 1).await.unwrap().objects.remove(0).key;
    let _upload = store.begin(&key).await.unwrap();
    let again = taken(&store, 1).await.expect("who holds its lock succeeds the dead");
    assert_eq!(there(&store).await, 1);
    again.release().await.unwrap();
    assert_eq!(there(&store).await, 0);
}

async fn a_broken_lease_is_lost(store: Store) {
    let lease = taken(&store, 1).await.unwrap();
    let shown = leases_of(&*store, "home/photos/daily/", &SystemClock).await.unwrap();
    assert_eq!((shown.len(), shown[0].prefix.as_str()), (1, PREFIX));
    assert_eq!(shown[0].seen.lease.as_ref().unwrap().holder.run, run(1));
    let broken = async |force| break_lease(&*store, PREFIX, &run(1), force, &SystemClock).await.unwrap();
    assert!(matches!(broken(false).await, Broken::Alive(_)));
    assert_eq!((broken(true).await, broken(true).await), (Broken::Gone, Broken::NotThere));
    let _other = taken(&store, 2).await.unwrap();
    assert_eq!(lease.look().await.unwrap(), Some(LeaseLost::Gone));
    lease.renew().await.unwrap();
    assert_eq!((there(&store).await, lease.look().await.unwrap()), (1, Some(LeaseLost::Gone)));
}

/// A listing of a real folder is not of one moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_ask_for_it_over_a_real_folder_one_holds_it_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (holders, times) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let contender = |machine: u32| {
        let store: Store = Arc::new(LocalStore::new(folder.path().join("store")));
        let (holders, times) = (Arc::clone(&holders), Arc::clone(&times));
        async move {
            for _ in 0..25 {
                // That others ask at the same time is no error of the test.
                let Ok(LeaseTaken::Held(lease)) = wanted(&store, machine).take().await else {
                    tokio::time::sleep(Duration::from_millis(u64::from(machine))).await;
                    continue;
                };
                assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "somebody else holds it");
                lease.renew().await.unwrap();
                assert_eq!(lease.look().await.unwrap(), None);
                holders.fetch_sub(1, Ordering::SeqCst);
                times.fetch_add(1, Ordering::SeqCst);
                lease.release().await.unwrap();
            }
        }
    };
    let contenders: Vec<_> = (1..=4).map(|machine| tokio::spawn(contender(machine))).collect();
    for contender in contenders {
        contender.await.unwrap();
    }
    assert!(times.load(Ordering::SeqCst) >= 4, "it was held {times:?} times");
}
