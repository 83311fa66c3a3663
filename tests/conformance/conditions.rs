//! The driver of buckets on services that pass over conditions.

use bytes::Bytes;
use sonae::ports::{Cause, PutMode, PutResult, StoreRead as _, StoreWrite as _};
use sonae::primitives::Key;

use super::cause;
use super::s3::{Server, Unconditional, store};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

#[tokio::test]
async fn a_service_that_passes_over_conditions_is_refused_with_the_first_object() {
    for of in [Unconditional::Puts, Unconditional::Uploads] {
        let server = Server::start();
        server.passes_over_conditions_of(of);
        let store = store(&server.endpoint());
        let first = store.put(&key("first"), Bytes::from_static(b"1"), PutMode::IfAbsent).await;
        assert_eq!(cause(first), Cause::Invalid, "{of:?}");
        let second = store.put(&key("second"), Bytes::from_static(b"2"), PutMode::IfAbsent).await;
        assert_eq!((cause(second), store.head(&key("second")).await.unwrap()), (Cause::Invalid, None), "{of:?}");
        // What may be replaced relies on nothing.
        let third = store.put(&key("third"), Bytes::from_static(b"3"), PutMode::Replace).await;
        assert_eq!(third.unwrap(), PutResult::Stored, "{of:?}");
        assert_eq!(store.read(&key("first"), 0, 9).await.unwrap(), "1", "what was tried with is as it was");
    }
}
