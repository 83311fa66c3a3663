//! `StoreRead` and `StoreWrite`.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use sonae::ports::{Cause, PutMode, PutResult, StoreWrite, UploadId};
use sonae::primitives::Key;

use super::cause;

/// A case and its name.
pub(crate) type Case = (&'static str, for<'a> fn(&'a dyn StoreWrite) -> Pin<Box<dyn Future<Output = ()> + 'a>>);

macro_rules! on_each_store {
    ($($case:ident)*) => {
        /// Each wants a store that holds nothing.
        pub(crate) const CASES: &[Case] = &[$((stringify!($case), |store| Box::pin($case(store)))),*];
        mod local {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::run(stringify!($case), &sonae::drivers::LocalStore::new(folder.path().join("a/store"))).await;
            })*
        }
        mod s3 {
            $(#[tokio::test]
            async fn $case() {
                let server = crate::conformance::s3::Server::start();
                super::run(stringify!($case), &crate::conformance::s3::store(&server.endpoint())).await;
            })*
        }
        mod fake {
            $(#[tokio::test]
            async fn $case() {
                super::run(stringify!($case), &*sonae::fakes::World::new(1).store("fake")).await;
            })*
        }
    };
}

on_each_store! {
    a_store_that_does_not_exist_is_empty
    listings_are_in_the_order_of_whole_keys_page_by_page
    what_is_put_at_once_is_put_as_an_upload_is
    parts_may_come_side_by_side
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

/// Does one case.
pub(crate) async fn run(name: &str, store: &dyn StoreWrite) {
    let (_, case) = CASES.iter().find(|(known, _)| *known == name).unwrap();
    case(store).await;
}

pub(super) fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

pub(super) async fn put(store: &dyn StoreWrite, at: &Key, content: &[u8], mode: PutMode) -> PutResult {
    let upload = store.begin(at).await.unwrap();
    store.part(&upload, 1, Bytes::copy_from_slice(content)).await.unwrap();
    store.finish(&upload, 1, mode).await.unwrap()
}

/// A part that is not the last: as long as it has to be, and of one letter.
fn part(store: &dyn StoreWrite, number: u32, letter: u8) -> Bytes {
    vec![letter; store.part_bytes(number)].into()
}

pub(super) async fn fill(store: &dyn StoreWrite, keys: &[&str]) {
    for name in keys {
        assert_eq!(put(store, &key(name), name.as_bytes(), PutMode::IfAbsent).await, PutResult::Stored);
    }
}

pub(super) async fn keys(
    store: &dyn StoreWrite,
    prefix: &str,
    after: Option<&Key>,
    limit: usize,
) -> (Vec<String>, bool) {
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
    store.part(&upload, 1, part(store, 1, b'1')).await.unwrap();
    assert_eq!(store.head(&at).await.unwrap(), None);
    assert_eq!(keys(store, "", None, 10).await.0, [""; 0]);
    store.part(&upload, 2, Bytes::from_static(b"2")).await.unwrap();
    assert_eq!(store.finish(&upload, 2, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    let object = store.head(&at).await.unwrap().unwrap();
    let first = store.part_bytes(1) as u64;
    assert_eq!((&object.key, object.size), (&at, first + 1));
    let listed = store.list("", None, 1).await.unwrap().objects;
    assert_eq!((&listed[0].key, listed[0].size), (&at, first + 1));
    assert_eq!(&store.read(&at, first - 1, 10).await.unwrap()[..], b"12");
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
    let in_order = store.side_by_side(1) == 1;
    if in_order {
        assert_eq!(cause(store.part(&upload, 2, Bytes::new()).await), Cause::Invalid);
    }
    for (number, letter) in [(1, b'1'), (2, b'?'), (2, b'2')] {
        store.part(&upload, number, part(store, number, letter)).await.unwrap();
    }
    for last in ["three", "3"] {
        store.part(&upload, 3, Bytes::from_static(last.as_bytes())).await.unwrap();
    }
    if in_order {
        assert_eq!(cause(store.part(&upload, 1, Bytes::new()).await), Cause::Invalid);
    }
    assert_eq!(cause(store.finish(&upload, 2, PutMode::IfAbsent).await), Cause::Invalid);
    assert_eq!(cause(store.finish(&upload, 4, PutMode::IfAbsent).await), Cause::Invalid);
    assert_eq!(store.finish(&upload, 3, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    let whole = [&part(store, 1, b'1')[..], &part(store, 2, b'2'), b"3"].concat();
    assert_eq!(store.head(&at).await.unwrap().unwrap().size, whole.len() as u64);
    assert!(store.read(&at, 0, whole.len() + 1).await.unwrap() == whole);
}

async fn parts_may_come_side_by_side(store: &dyn StoreWrite) {
    let at = key("a");
    let upload = store.begin(&at).await.unwrap();
    let several = u32::try_from(store.side_by_side(1)).unwrap();
    let letter = |number: u32| b'a' + u8::try_from(number).unwrap();
    // The last is the first to begin.
    let parts = (1..=several).rev().map(|number| store.part(&upload, number, part(store, number, letter(number))));
    for put in futures_util::future::join_all(parts).await {
        put.unwrap();
    }
    assert_eq!(store.finish(&upload, several, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    let whole: Vec<u8> = (1..=several).flat_map(|number| part(store, number, letter(number))).collect();
    let reading = store.reading();
    let pieces = (0..whole.len()).step_by(reading.bytes).map(|at| (at, whole.len().min(at + reading.bytes)));
    for (from, to) in pieces {
        assert!(store.read(&at, from as u64, to - from).await.unwrap() == whole[from..to], "{from} to {to}");
    }
}

async fn what_is_put_at_once_is_put_as_an_upload_is(store: &dyn StoreWrite) {
    let at = key("a/b");
    let put = async |content: &'static str, mode| store.put(&at, content.into(), mode).await.unwrap();
    assert_eq!(put("first", PutMode::IfAbsent).await, PutResult::Stored);
    assert_eq!(put("second", PutMode::IfAbsent).await, PutResult::AlreadyThere);
    assert_eq!(store.read(&at, 0, 10).await.unwrap(), "first");
    assert_eq!(put("3rd", PutMode::Replace).await, PutResult::Stored);
    assert_eq!(store.read(&at, 0, 10).await.unwrap(), "3rd");
    assert_eq!(put("", PutMode::Replace).await, PutResult::Stored);
    assert_eq!(store.head(&at).await.unwrap().unwrap().size, 0);
    assert_eq!(store.uploads("").await.unwrap(), []);
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
