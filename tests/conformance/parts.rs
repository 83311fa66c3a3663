//! What of a part is signed, and what becomes of one that is changed on its way.

use bytes::Bytes;
use sonae::ports::{Cause, Certainty, PutMode, PutResult, StoreRead as _, StoreWrite as _};
use sonae::primitives::Key;

use super::s3::{Checksums, Parts, Server, store};

const PART: usize = 5 << 20;

fn part(of: u8) -> Bytes {
    vec![of; PART].into()
}

fn key() -> Key {
    Key::parse("of/parts").unwrap()
}

/// Puts an object of two parts. Answers what the server saw.
async fn put(server: &Server) -> Parts {
    let store = store(&server.endpoint());
    let upload = store.begin(&key()).await.unwrap();
    store.part(&upload, 1, part(1)).await.unwrap();
    store.part(&upload, 2, part(2)).await.unwrap();
    assert_eq!(store.finish(&upload, 2, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    assert_eq!(store.read(&key(), PART as u64 - 1, 2).await.unwrap(), [1, 2][..]);
    *server.parts()
}

#[tokio::test]
async fn what_does_not_leave_this_machine_is_not_digested_for_its_signature() {
    let server = Server::start();
    assert_eq!(put(&server).await, Parts { unsigned: 2, ..Parts::default() });
}

#[tokio::test]
async fn a_service_that_wants_parts_signed_gets_them_so() {
    let server = Server::start();
    server.parts().must_be_signed = true;
    let seen = put(&server).await;
    assert_eq!((seen.unsigned, seen.signed), (1, 2), "it is asked once, and then known");
}

#[tokio::test]
async fn a_service_that_looks_at_no_checksum_gets_its_parts_signed() {
    let server = Server::start();
    server.parts().checksums = Checksums::Unknown;
    let seen = put(&server).await;
    assert_eq!((seen.unsigned, seen.signed), (1, 2), "the first is put again, for nothing else guards it");
}

#[tokio::test]
async fn a_part_that_a_service_found_changed_and_took_is_put_again() {
    let server = Server::start();
    *server.parts() = Parts { checksums: Checksums::Told, spoils_next: true, ..Parts::default() };
    let seen = put(&server).await;
    assert_eq!((seen.unsigned, seen.signed), (1, 2));
    // Where nothing is changed, it is as with any other.
    *server.parts() = Parts { checksums: Checksums::Told, ..Parts::default() };
    store(&server.endpoint()).delete(&key()).await.unwrap();
    let seen = put(&server).await;
    assert_eq!((seen.unsigned, seen.signed), (2, 0));
}

#[tokio::test]
async fn a_service_that_denies_a_part_once_it_took_others_gets_it_signed() {
    let server = Server::start();
    let store = store(&server.endpoint());
    let upload = store.begin(&key()).await.unwrap();
    store.part(&upload, 1, part(1)).await.unwrap();
    server.parts().must_be_signed = true;
    store.part(&upload, 2, part(2)).await.unwrap();
    store.part(&upload, 3, part(3)).await.unwrap();
    assert_eq!(store.finish(&upload, 3, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    let seen = *server.parts();
    assert_eq!((seen.unsigned, seen.signed), (2, 2));
}

#[tokio::test]
async fn a_part_that_is_changed_on_its_way_is_refused_and_may_be_put_again() {
    let server = Server::start();
    let store = store(&server.endpoint());
    let upload = store.begin(&key()).await.unwrap();
    server.parts().spoils_next = true;
    let fault = store.part(&upload, 1, part(1)).await.unwrap_err();
    assert_eq!((fault.cause, fault.certainty), (Cause::Other, Certainty::Transient), "{fault:?}");
    store.part(&upload, 1, part(1)).await.unwrap();
    assert_eq!(store.finish(&upload, 1, PutMode::IfAbsent).await.unwrap(), PutResult::Stored);
    assert_eq!(*server.parts(), Parts { unsigned: 2, ..Parts::default() }, "it was no matter of the signature");
}
