//! What a store gives back differently is noticed.

use bytes::Bytes;
use proptest::prelude::*;

use super::memory::MemoryStore;
use super::{do_pack, do_read_back, do_recover, request, small_tree};
use crate::archive::Writer;
use crate::ports::Cause;

fn packed() -> (MemoryStore, crate::steps::Packed) {
    let store = MemoryStore::default();
    let packed = do_pack(&small_tree(), &store, &request(&["/srv/data"])).unwrap();
    (store, packed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flipped_bit_is_noticed(contents in any::<bool>(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (store, packed) = packed();
        let key = if contents { &packed.contents.key } else { &packed.archive.key };
        let mut bytes = store.lock().objects[key].to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        store.lock().objects.insert(key.clone(), bytes.into());
        let fault = do_read_back(&store, &packed).unwrap_err();
        prop_assert_eq!(fault.cause, Cause::Invalid);
    }

    #[test]
    fn a_cut_object_is_noticed(contents in any::<bool>(), at in any::<prop::sample::Index>()) {
        let (store, packed) = packed();
        let key = if contents { &packed.contents.key } else { &packed.archive.key };
        let bytes = store.lock().objects[key].clone();
        let cut = bytes.slice(..at.index(bytes.len()));
        store.lock().objects.insert(key.clone(), cut.clone());
        do_read_back(&store, &packed).unwrap_err();
        // Even one that claims to be what it is.
        let mut forged = packed.clone();
        let object = if contents { &mut forged.contents } else { &mut forged.archive };
        (object.size, object.digest) = (cut.len() as u64, crate::primitives::Digest::of(&cut));
        do_read_back(&store, &forged).unwrap_err();
    }
}

#[test]
fn a_missing_object_is_not_found() {
    let (store, packed) = packed();
    store.lock().objects.remove(&packed.archive.key);
    assert_eq!(do_read_back(&store, &packed).unwrap_err().cause, Cause::NotFound);
}

/// An archive and a manifest that agree, with a member that no contents list.
#[test]
fn a_member_that_is_not_in_the_contents_is_refused() {
    let (store, mut packed) = packed();
    let mut writer = Writer::new("x.tar", packed.moment).unwrap();
    let member = crate::archive::Member {
        path: super::path("srv/data/smuggled"),
        kind: crate::archive::MemberKind::File { size: 0, sparse: None },
        mode: 0o644,
        uid: 0,
        gid: 0,
        user: String::new(),
        group: String::new(),
        mtime_s: 0,
        mtime_ns: 0,
        xattrs: crate::primitives::Xattrs::default(),
    };
    writer.entry(&member).unwrap();
    writer.end_entry().unwrap();
    let finished = writer.finish().unwrap();
    (packed.archive.size, packed.archive.digest) = (finished.stored.size, finished.stored.digest);
    packed.plain = finished.plain;
    store.lock().objects.insert(packed.archive.key.clone(), Bytes::from(finished.rest));
    let tree = small_tree();
    let fault = do_recover(&store, &tree, &packed, None).unwrap_err();
    insta::assert_snapshot!(fault, @"read memory:plan/docs/daily/web-1/20260301T120000Z-0000002a.tar.zip: srv/data/smuggled comes where the contents have srv/data, or with other attributes");
    assert!(tree.snapshot("/back").is_empty());
}
