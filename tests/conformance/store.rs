//! `StoreRead` and `StoreWrite`.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use sonae::drivers::LocalStore;
use sonae::fakes::World;
use sonae::ports::{Cause, Clock, PutMode, PutResult, StoreRead, StoreWrite, UploadId};
use sonae::primitives::Key;

use super::cause;

macro_rules! on_each_store {
    ($($case:ident)*) => {
        mod local {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(&super::LocalStore::new(folder.path().join("a/store"))).await;
            })*
        }
        mod fake {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&*super::World::new(1).store("fake")).await;
            })*
        }
    };
}

on_each_store! {
    a_store_that_does_not_exist_is_empty
    listings_are_in_the_order_of_whole_keys_page_by_page
    nothing_is_visible_before_it_is_finished
    absent_leaves_and_replace_replaces
    an_upload_can_be_thrown_away_twice
    uploads_are_listed_by_prefix
    parts_come_in_order_and_the_last_may_be_put_again
    an_upload_that_is_not_there_cannot_go_on
    ranges_end_at_the_end
    what_is_not_there_is_told
    what_is_there_can_be_settled_and_nothing_else
    deleting_is_for_good_and_for_all
    the_store_says_when_it_stored_what_it_holds
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

async fn put(store: &dyn StoreWrite, at: &Key, content: &[u8], mode: PutMode) -> PutResult {
    let upload = store.begin(at).await.unwrap();
    store.part(&upload, 1, Bytes::copy_from_slice(content)).await.unwrap();
    store.finish(&upload, 1, mode).await.unwrap()
}

async fn fill(store: &dyn StoreWrite, keys: &[&str]) {
    for name in keys {
        assert_eq!(put(store, &key(name), name.as_bytes(), PutMode::IfAbsent).await, PutResult::Stored);
    }
}

async fn keys(store: &dyn StoreWrite, prefix: &str, after: Option<&Key>, limit: usize) -> (Vec<String>, bool) {
    let page = store.list(prefix, after, limit).await.unwrap();
    (page.objects.iter().map(|object| object.key.to_string()).collect(), page.more)
}

async fn a_store_that_does_not_exist_is_empty(store: &dyn StoreWrite) {
    assert_eq!(keys(store, "", None, 10).await, (vec![], false));
    assert_eq!(store.head(&key("a/b")).await.unwrap(), None);
    assert_eq!(store.uploads("").await.unwrap(), []);
    store.delete(&key("a/b")).await.unwrap();
    assert_eq!(cause(store.read(&key("a/b"), 0, 1).await), Cause::NotFound);
}

async fn listings_are_in_the_order_of_whole_keys_page_by_page(store: &dyn StoreWrite) {
    let mut all = ["a/x", "a-b/x", "a.zip", "a0", "ab/c/d", "ab/c-d", "ab/c.d", "b", "a/x-y/z", "a/x.y"];
    fill(store, &all).await;
    all.sort_unstable();
    assert!(all.iter().position(|name| *name == "a-b/x") < all.iter().position(|name| *name == "a/x"));
    for limit in 1..=all.len() + 1 {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (page, more) = keys(store, "", after.as_ref(), limit).await;
            assert_eq!(page.len(), limit.min(all.len() - seen.len()));
            seen.extend(page);
            after = seen.last().map(|last| key(last));
            if !more {
                break;
            }
        }
        assert_eq!(seen, all, "in pages of {limit}");
    }
    assert_eq!(keys(store, "a/x", None, 10).await.0, ["a/x", "a/x-y/z", "a/x.y"]);
    assert_eq!(keys(store, "ab/c/", None, 10).await.0, ["ab/c/d"]);
    assert_eq!(keys(store, "a/x", Some(&key("a/x-y/z")), 10).await.0, ["a/x.y"]);
    assert_eq!(keys(store, "../", None, 10).await.0, [""; 0]);
    // A key that is not there is a place in the order as well.
    assert_eq!(keys(store, "", Some(&key("a/zzz")), 2).await, (vec!["a0".to_owned(), "ab/c-d".to_owned()], true));
    assert_eq!(keys(store, "", None, 0).await, (vec![], true));
}

async fn nothing_is_visible_before_it_is_finished(store: &dyn StoreWrite) {
    let at = key("a/b");
    let upload = store.begin(&at).await.unwrap();
    store.part(&upload, 1, Bytes::from_static(b"1")).await.unwrap();
    assert_eq!(store.head(&at).await.unwrap(), None);
    assert_eq!(keys(store, "", None, 10).await.0, [""; 0]);
    store.part(&upload, 2, Bytes::from_static(b"2")).await.unwrap();
    assert_eq!(store.finish(&upload, 2, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    let object = store.head(&at).await.unwrap().unwrap();
    assert_eq!((&object.key, object.size), (&at, 2));
    assert_eq!(store.list("", None, 1).await.unwrap().objects, [object]);
    assert_eq!(&store.read(&at, 0, 10).await.unwrap()[..], b"12");
    assert_eq!(store.uploads("").await.unwrap(), []);
    assert!(store.place(&at).ends_with("a/b"));
}

async fn absent_leaves_and_replace_replaces(store: &dyn StoreWrite) {
    let at = key("a/b");
    assert_eq!(put(store, &at, b"first", PutMode::IfAbsent).await, PutResult::Stored);
    assert_eq!(put(store, &at, b"second", PutMode::IfAbsent).await, PutResult::AlreadyThere);
    assert_eq!(&store.read(&at, 0, 10).await.unwrap()[..], b"first");
    assert_eq!(store.uploads("").await.unwrap(), [], "the upload is gone");
    assert_eq!(put(store, &at, b"3rd", PutMode::Replace).await, PutResult::Stored);
    assert_eq!(&store.read(&at, 0, 10).await.unwrap()[..], b"3rd");
    assert_eq!(put(store, &key("new"), b"", PutMode::Replace).await, PutResult::Stored);
    assert_eq!(store.head(&key("new")).await.unwrap().unwrap().size, 0);
}

async fn the_store_says_when_it_stored_what_it_holds(store: &dyn StoreWrite) {
    let stored = async |name: &str| store.head(&key(name)).await.unwrap().unwrap().stored.unwrap();
    fill(store, &["a", "b"]).await;
    let [first, second] = [stored("a").await, stored("b").await];
    assert!(first <= second && second.duration_since(first) < jiff::SignedDuration::from_mins(10));
    assert_eq!(put(store, &key("a"), b"anew", PutMode::IfAbsent).await, PutResult::AlreadyThere);
    assert_eq!(stored("a").await, first, "what is left is as old as it was");
    assert_eq!(put(store, &key("a"), b"anew", PutMode::Replace).await, PutResult::Stored);
    assert!(stored("a").await >= second);
}

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

async fn an_upload_can_be_thrown_away_twice(store: &dyn StoreWrite) {
    let upload = store.begin(&key("a/b")).await.unwrap();
    store.part(&upload, 1, Bytes::from_static(b"1")).await.unwrap();
    store.abort(&upload).await.unwrap();
    store.abort(&upload).await.unwrap();
    assert_eq!(store.uploads("").await.unwrap(), []);
    assert_eq!(cause(store.finish(&upload, 1, PutMode::Replace).await), Cause::NotFound);
    assert_eq!(store.head(&key("a/b")).await.unwrap(), None);
}

async fn uploads_are_listed_by_prefix(store: &dyn StoreWrite) {
    let mut begun = Vec::new();
    for name in ["a/x", "a/x", "a-b/x", "top"] {
        begun.push(store.begin(&key(name)).await.unwrap());
    }
    let listed = |mut uploads: Vec<UploadId>| {
        uploads.sort();
        uploads
    };
    assert_eq!(listed(store.uploads("").await.unwrap()), listed(begun.clone()));
    assert_eq!(listed(store.uploads("a/").await.unwrap()), listed(begun[..2].to_vec()));
    assert_eq!(listed(store.uploads("a").await.unwrap()), listed(begun[..3].to_vec()));
    assert_eq!(store.uploads("top/").await.unwrap(), []);
}

async fn parts_come_in_order_and_the_last_may_be_put_again(store: &dyn StoreWrite) {
    let at = key("a");
    let upload = store.begin(&at).await.unwrap();
    assert_eq!(cause(store.part(&upload, 0, Bytes::new()).await), Cause::Invalid);
    assert_eq!(cause(store.part(&upload, 2, Bytes::new()).await), Cause::Invalid);
    for (number, part) in [(1, "one"), (2, "too long"), (2, "two"), (3, "three"), (3, "3")] {
        store.part(&upload, number, Bytes::from_static(part.as_bytes())).await.unwrap();
    }
    assert_eq!(cause(store.part(&upload, 1, Bytes::new()).await), Cause::Invalid);
    assert_eq!(cause(store.finish(&upload, 2, PutMode::IfAbsent).await), Cause::Invalid);
    assert_eq!(store.finish(&upload, 3, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    assert_eq!(&store.read(&at, 0, 100).await.unwrap()[..], b"onetwo3");
}

async fn an_upload_that_is_not_there_cannot_go_on(store: &dyn StoreWrite) {
    let upload = store.begin(&key("a")).await.unwrap();
    assert_eq!(store.finish(&upload, 0, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    assert_eq!(cause(store.part(&upload, 1, Bytes::new()).await), Cause::NotFound);
    assert_eq!(cause(store.finish(&upload, 0, PutMode::IfAbsent).await), Cause::NotFound);
    store.abort(&upload).await.unwrap();
    assert_eq!(store.head(&key("a")).await.unwrap().unwrap().size, 0, "the object stays");
}

async fn ranges_end_at_the_end(store: &dyn StoreWrite) {
    let at = key("a");
    put(store, &at, b"0123456789", PutMode::IfAbsent).await;
    for (offset, length, expected) in
        [(0, 4, "0123"), (4, 6, "456789"), (8, 100, "89"), (10, 1, ""), (u64::MAX, 1, ""), (3, 0, "")]
    {
        assert_eq!(store.read(&at, offset, length).await.unwrap(), expected, "{length} from {offset}");
    }
}

async fn what_is_not_there_is_told(store: &dyn StoreWrite) {
    fill(store, &["a/b"]).await;
    for missing in ["a/c", "a", "c", "a/b/c"] {
        assert_eq!(store.head(&key(missing)).await.unwrap(), None, "{missing}");
        assert_eq!(cause(store.read(&key(missing), 0, 1).await), Cause::NotFound, "{missing}");
        store.delete(&key(missing)).await.unwrap();
    }
    assert_eq!(keys(store, "", None, 10).await.0, ["a/b"]);
}

async fn what_is_there_can_be_settled_and_nothing_else(store: &dyn StoreWrite) {
    assert_eq!(cause(store.settle(&key("a/b/c")).await), Cause::NotFound);
    fill(store, &["a/b/c"]).await;
    store.settle(&key("a/b/c")).await.unwrap();
    assert_eq!(cause(store.settle(&key("a/b")).await), Cause::NotFound);
    let _unfinished = store.begin(&key("a/b/d")).await.unwrap();
    assert_eq!(cause(store.settle(&key("a/b/d")).await), Cause::NotFound);
    assert_eq!(&store.read(&key("a/b/c"), 0, 10).await.unwrap()[..], b"a/b/c");
}

async fn deleting_is_for_good_and_for_all(store: &dyn StoreWrite) {
    fill(store, &["a/b/c", "a/b/d", "e/f/g"]).await;
    for gone in ["a/b/c", "e/f/g", "e/f/g"] {
        store.delete(&key(gone)).await.unwrap();
    }
    assert_eq!(keys(store, "", None, 10).await.0, ["a/b/d"]);
    fill(store, &["e/f/g"]).await;
    assert_eq!(keys(store, "", None, 10).await.0, ["a/b/d", "e/f/g"]);
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
