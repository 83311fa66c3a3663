//! The simulated world: its determinism, its faults, its deaths.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use sonae::fakes::{Edge, FaultScript, Injected, World};
use sonae::ports::{
    Cause, Certainty, Clock as _, Fault, JournalRead as _, JournalWrite as _, Locks as _, PutMode, PutResult,
    StoreRead as _, StoreWrite as _, TreeRead as _, TreeWrite as _,
};
use sonae::primitives::{Key, PathBytes, RunId};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn run() -> RunId {
    RunId::parse("20260301T053000Z-00000001").unwrap()
}

async fn put(world: &World, at: &str) -> Result<PutResult, Fault> {
    let store = world.store("s");
    let upload = store.begin(&key(at)).await?;
    store.part(&upload, 1, Bytes::from_static(b"x")).await?;
    store.finish(&upload, 1, PutMode::IfAbsent).await
}

/// Many at once, with chance faults: what happened, in order.
async fn busy(seed: u64) -> Vec<String> {
    let world = World::tied_to_tokio(seed);
    let flaky = FaultScript::new()
        .chance("store.part", 300, Injected::RefuseOnce(Cause::Other))
        .chance("store", 200, Injected::Delay(Duration::from_secs(3)))
        .chance("journal", 100, Injected::LoseAnswer);
    world.script(flaky);
    let one = |number: usize| {
        let world = world.clone();
        async move {
            for round in 0..5 {
                let stored = put(&world, &format!("{number}/{round}")).await;
                let _lost = world.journal().append(&run(), &format!("{number} {stored:?}")).await;
            }
        }
    };
    let tasks: Vec<_> = (0..4).map(|number| tokio::spawn(one(number))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    world.history().iter().map(|call| format!("{} {} {}", call.at, call.op, call.key)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_history_and_another_gives_another() {
    let first = busy(1).await;
    assert!(first.len() > 40, "{first:#?}");
    assert_eq!(first, busy(1).await);
    assert_ne!(first, busy(2).await);
}

#[tokio::test(start_paused = true)]
async fn time_goes_with_tokio_or_by_hand() {
    let tied = World::tied_to_tokio(1);
    let beginning = tied.clock().now();
    assert_eq!(beginning.to_string(), "2026-03-01T00:00:00Z");
    tokio::time::sleep(Duration::from_secs(90)).await;
    tied.clock().advance(SignedDuration::from_secs(-30));
    assert_eq!(tied.clock().now().to_string(), "2026-03-01T00:01:00Z");
    let still = World::new(1);
    still.clock().set("2027-01-01T00:00:00Z".parse().unwrap());
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(still.clock().now().to_string(), "2027-01-01T00:00:00Z");
}

#[tokio::test]
async fn refusals_do_nothing_and_lost_answers_did_it() {
    let world = World::new(1);
    let script = FaultScript::new()
        .nth("store.finish", 1, Injected::RefuseOnce(Cause::Full))
        .nth("store.finish", 2, Injected::LoseAnswer)
        .nth_on("store.head", "b", 1, Injected::RefuseForGood(Cause::Denied));
    world.script(script);
    let store = world.store("s");
    let refused = put(&world, "a").await.unwrap_err();
    assert_eq!((refused.cause, refused.certainty), (Cause::Full, Certainty::Transient));
    assert!(store.objects().is_empty() && store.unfinished().len() == 1);
    assert_eq!(put(&world, "b").await.unwrap_err().certainty, Certainty::Unknown);
    assert_eq!(store.objects().into_keys().collect::<Vec<_>>(), [key("b")]);
    assert_eq!(store.head(&key("b")).await.unwrap_err().cause, Cause::Denied);
    assert!(store.head(&key("b")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_dead_world_answers_nobody_until_it_is_revived() {
    for (edge, lines) in [(Edge::Before, 1), (Edge::After, 2)] {
        let world = World::new(1);
        world.crash_at("journal.append", 2, edge);
        let journal = world.journal();
        let held = journal.try_lock("r").await.unwrap();
        let going = async {
            put(&world, "a").await.unwrap();
            let _begun = world.store("s").begin(&key("b")).await.unwrap();
            for line in ["1", "2", "3"] {
                journal.append(&run(), line).await.unwrap();
            }
        };
        tokio::select! {
            () = going => panic!("the world did not die"),
            () = world.crashed() => {}
        }
        assert!(world.is_dead());
        tokio::select! {
            biased;
            _ = journal.runs() => panic!("a dead world answered"),
            () = std::future::ready(()) => {}
        }
        world.restart();
        assert_eq!(journal.lines(&run()).await.unwrap().unwrap().len(), lines, "{edge:?}");
        assert_eq!(world.store("s").objects().len(), 1);
        assert_eq!(world.store("s").uploads("").await.unwrap().len(), 1, "unfinished uploads stay");
        let again = journal.try_lock("r").await.unwrap();
        assert!(again.is_some(), "a death releases locks");
        drop(held);
        assert!(journal.try_lock("r").await.unwrap().is_none(), "the dead holder's end releases no lock of the living");
        journal.append(&run(), "3").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_began_before_a_death_does_nothing_after_it() {
    let world = World::tied_to_tokio(1);
    let into = world.tree().create(&PathBytes::new("/restored")).await.unwrap();
    let mut file = into.file(&PathBytes::new("file")).await.unwrap();
    file.write(Bytes::from_static(b"half")).await.unwrap();
    world.script(FaultScript::new().nth("store.delete", 1, Injected::Delay(Duration::from_secs(60))));
    put(&world, "a").await.unwrap();
    let late = Arc::clone(&world.store("s"));
    let late = tokio::spawn(async move { late.delete(&key("a")).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.crash_at("store", 1, Edge::Before);
    let other = world.clone();
    let dying = tokio::spawn(async move { put(&other, "b").await });
    world.crashed().await;
    world.restart();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!late.is_finished() && !dying.is_finished());
    assert_eq!(world.store("s").objects().len(), 1, "the delayed deletion never came");
    let stuck = tokio::time::timeout(Duration::from_secs(600), file.write(Bytes::from_static(b"more"))).await;
    assert!(stuck.is_err());
    assert_eq!(world.tree().content("/restored/file").unwrap(), b"half");
    assert!(world.tree().stat(&PathBytes::new("/restored/file")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_world_can_be_denied_and_full() {
    let world = World::new(1);
    let tree = world.tree();
    tree.put_file("/srv/closed/file", "x");
    tree.put_file("/srv/file", "x");
    tree.deny("/srv/closed");
    tree.deny("/srv/file");
    let at = PathBytes::new;
    assert_eq!(super::cause(tree.list(&at("/srv/closed"), None, 10).await), Cause::Denied);
    assert_eq!(super::cause(tree.open(&at("/srv/file")).await), Cause::Denied);
    assert_eq!(super::cause(tree.stat(&at("/srv/closed/file")).await), Cause::Denied);
    assert_eq!(tree.list(&at("/srv"), None, 10).await.unwrap().len(), 2);
    tree.set_free(3);
    world.store("s").set_free(0);
    let into = tree.create(&at("/new")).await.unwrap();
    let mut file = into.file(&at("file")).await.unwrap();
    file.write(Bytes::from_static(b"123")).await.unwrap();
    assert_eq!(super::cause(file.write(Bytes::from_static(b"4")).await), Cause::Full);
    assert_eq!(super::cause(put(&world, "a").await), Cause::Full);
    tree.remove(&at("/new")).await.unwrap();
    assert_eq!(tree.free(&at("/")).await.unwrap(), 3);
}
