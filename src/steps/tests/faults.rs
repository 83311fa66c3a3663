//! A store that fails once, at any call.

use super::memory::{Failure, MemoryStore};
use super::{do_pack, do_read_back, do_recover, request, small_tree};
use crate::ports::Certainty;

const FAILURES: [Failure; 4] = [
    Failure::Refused(Certainty::Transient),
    Failure::Refused(Certainty::Permanent),
    Failure::DoneUnknown,
    Failure::NotDoneUnknown,
];

#[test]
fn one_fault_while_packing_leaves_nothing_or_a_whole() {
    let tree = small_tree();
    let unbroken = MemoryStore::default();
    do_pack(&tree, &unbroken, &request(&["/srv/data"])).unwrap();
    let calls = unbroken.lock().calls;
    assert!(calls > 8, "{calls}");
    let mut survived = 0;
    for failure in FAILURES {
        for at in 1..=calls {
            let store = MemoryStore::default();
            store.lock().fail_at = Some((at, failure));
            match do_pack(&tree, &store, &request(&["/srv/data"])) {
                Ok(packed) => {
                    survived += 1;
                    do_read_back(&store, &packed).unwrap();
                }
                Err(fault) => assert_ne!(fault.certainty, Certainty::Unknown, "{failure:?} at {at}"),
            }
            // The executor tries again: it ends as if nothing had been.
            let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
            do_read_back(&store, &packed).unwrap();
            assert!(store.lock().uploads.is_empty(), "{failure:?} at {at}");
            assert_eq!(store.lock().objects, unbroken.lock().objects, "{failure:?} at {at}");
        }
    }
    // A part or finish that is refused for now is asked again; a lost answer to finish is looked up.
    assert!(survived >= 6, "{survived}");
}

#[test]
fn one_fault_while_reading_recovers_all_or_nothing_and_what_may_be_tried_again_ends_whole() {
    let tree = small_tree();
    let store = MemoryStore::default();
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    store.lock().calls = 0;
    let whole = do_recover(&store, &tree, &packed, None).unwrap();
    let expected = tree.snapshot("/back");
    let calls = store.lock().calls;
    for failure in FAILURES {
        for at in 1..=calls {
            let tree = small_tree();
            tree.lock().add(b"/.back-1", crate::ports::EntryKind::Folder, b"").unwrap();
            let before = store.lock().calls;
            store.lock().fail_at = Some((before + at, failure));
            let fault = do_recover(&store, &tree, &packed, None).unwrap_err();
            assert!(do_read_back(&store, &packed).is_ok());
            assert!(tree.snapshot("/back").is_empty(), "{failure:?} at {at}");
            let is_kept = fault.certainty != Certainty::Permanent;
            assert!(is_kept || tree.snapshot("/.back-1").is_empty(), "{failure:?} at {at}");
            assert_eq!(do_recover(&store, &tree, &packed, None).unwrap(), whole, "{failure:?} at {at}");
            assert!(tree.snapshot("/back") == expected && tree.snapshot("/.back-1").is_empty(), "{failure:?} at {at}");
        }
    }
}
