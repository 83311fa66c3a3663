//! Stores held against a map, and what only some of them say.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sonae::drivers::LocalStore;
use sonae::fakes::World;
use sonae::ports::{Cause, Clock as _, PutMode, PutResult, StoreRead as _, StoreWrite};

use super::cause;
use super::store::{fill, key, keys, put};

#[tokio::test]
async fn a_folder_stores_by_the_time_of_its_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::new(folder.path());
    let before = jiff::Timestamp::now();
    fill(&store, &["a"]).await;
    let stored = store.head(&key("a")).await.unwrap().unwrap().stored.unwrap();
    // The kernel's coarse clock may be a few milliseconds behind.
    assert!(stored.duration_since(before).abs() < jiff::SignedDuration::from_mins(10), "{stored} {before}");
}

#[tokio::test]
async fn a_simulated_store_has_a_clock_of_its_own() {
    let world = World::new(1);
    let store = world.store("fake");
    store.set_clock_ahead(jiff::SignedDuration::from_hours(3));
    fill(&*store, &["a"]).await;
    store.set_clock_ahead(jiff::SignedDuration::from_hours(-3));
    fill(&*store, &["b"]).await;
    let mut hours = vec![];
    for name in ["a", "b"] {
        let stored = store.head(&key(name)).await.unwrap().unwrap().stored.unwrap();
        hours.push(stored.duration_since(world.clock().now()).as_hours());
    }
    assert_eq!(hours, [3, -3]);
}

/// Keys of which none is a folder of another, as a folder cannot hold such.
const POOL: [&str; 9] = ["a/x", "a-b/x", "a.b", "a0/y/z", "ab", "b/c/d", "b/c-d", "b/c.e", "b-"];

#[derive(Debug, Clone)]
enum Op {
    Put(usize, Vec<u8>, bool),
    GiveUp(usize),
    Delete(usize),
    List(String, Option<usize>, usize),
    Read(usize, u64, usize),
}

fn op() -> impl Strategy<Value = Op> {
    let which = || 0..POOL.len();
    prop_oneof![
        4 => (which(), prop::collection::vec(any::<u8>(), 0..20), any::<bool>()).prop_map(|(k, v, r)| Op::Put(k, v, r)),
        1 => which().prop_map(Op::GiveUp),
        2 => which().prop_map(Op::Delete),
        3 => ("(a|b|a/|b/c|a-|)", prop::option::of(which()), 1..5usize).prop_map(|(p, a, l)| Op::List(p, a, l)),
        2 => (which(), 0..25u64, 0..25usize).prop_map(|(k, o, l)| Op::Read(k, o, l)),
    ]
}

async fn perform(store: &dyn StoreWrite, model: &mut BTreeMap<String, Vec<u8>>, op: Op) {
    match op {
        Op::Put(at, content, replace) => {
            let mode = if replace { PutMode::Replace } else { PutMode::IfAbsent };
            let stays = !replace && model.contains_key(POOL[at]);
            let expected = if stays { PutResult::AlreadyThere } else { PutResult::Stored };
            assert_eq!(put(store, &key(POOL[at]), &content, mode).await, expected);
            if !stays {
                model.insert(POOL[at].to_owned(), content);
            }
        }
        Op::GiveUp(at) => {
            let upload = store.begin(&key(POOL[at])).await.unwrap();
            assert_eq!(store.uploads("").await.unwrap(), std::slice::from_ref(&upload));
            store.abort(&upload).await.unwrap();
        }
        Op::Delete(at) => {
            store.delete(&key(POOL[at])).await.unwrap();
            model.remove(POOL[at]);
        }
        Op::List(prefix, after, limit) => {
            let after = after.map(|at| POOL[at]);
            let follows = |name: &str| after.is_none_or(|after| name > after);
            let all: Vec<&String> = model.keys().filter(|name| name.starts_with(&prefix) && follows(name)).collect();
            let expected: Vec<String> = all.iter().take(limit).map(|name| (*name).clone()).collect();
            let page = keys(store, &prefix, after.map(key).as_ref(), limit).await;
            assert_eq!(page, (expected, all.len() > limit));
        }
        Op::Read(at, offset, length) => {
            let answer = store.read(&key(POOL[at]), offset, length).await;
            match model.get(POOL[at]) {
                None => assert_eq!(cause(answer), Cause::NotFound),
                Some(content) => {
                    let expected: Vec<u8> = content.iter().skip(offset as usize).take(length).copied().collect();
                    assert_eq!(answer.unwrap(), expected);
                }
            }
        }
    }
}

fn agrees_with_a_map(store: &dyn StoreWrite, ops: Vec<Op>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut model = BTreeMap::new();
        for op in ops {
            perform(store, &mut model, op).await;
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn a_local_store_agrees_with_a_map(ops in prop::collection::vec(op(), 1..16)) {
        let folder = tempfile::tempdir().unwrap();
        agrees_with_a_map(&LocalStore::new(folder.path()), ops);
    }

    #[test]
    fn a_fake_store_agrees_with_a_map(ops in prop::collection::vec(op(), 1..40)) {
        agrees_with_a_map(&*World::new(1).store("fake"), ops);
    }
}
