//! Whether a service holds to conditions. One that knows nothing of `If-None-Match` does not say so: it stores, and answers that all is well.
//! So it is tried, once in each process, when the first object that was to lie where nothing is has been put: what is there is put once more,
//! in one request and as an upload, and both must be refused.
//!
//! Unaware of what relies on it. Invariant: an object has the same bytes after the try as before it, whatever the service does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::S3Store;
use super::faults::Asked;
use crate::ports::{Cause, Fault, PutMode, PutResult, StoreWrite as _};
use crate::primitives::Key;

/// What is known of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conditions {
    /// It holds to them.
    Held,
    /// It does not, in this call.
    Ignored(&'static str),
}

/// What this process has found out, by endpoint and bucket: leases are put by another store of the same bucket than what they guard.
static FOUND: Mutex<BTreeMap<(Option<String>, String), Conditions>> = Mutex::new(BTreeMap::new());

impl S3Store {
    /// Whether that may be asked: nothing is put by a condition that the service is known to pass over.
    pub(super) fn may_rely(&self, mode: PutMode, asked: &Asked) -> Result<(), Fault> {
        match self.found() {
            Some(Conditions::Ignored(call)) if mode == PutMode::IfAbsent => Err(ignored(asked, call)),
            _ => Ok(()),
        }
    }

    /// Tries it with an object that was just put where nothing was, unless it was tried before. What it lost of the way is tried with the next one.
    pub(super) async fn try_conditions(&self, key: &Key, bytes: Bytes, asked: &Asked) -> Result<(), Fault> {
        if self.found().is_some() {
            return Ok(());
        }
        // A fault says nothing of the service: the object may be gone by now, or the call is not allowed for this key.
        let Ok(put) = self.send_whole(key, bytes.clone(), PutMode::IfAbsent).await else { return Ok(()) };
        if put == PutResult::Stored {
            return self.know(Conditions::Ignored("PutObject"), asked);
        }
        let Ok(upload) = self.begin_upload(key).await else { return Ok(()) };
        let part = self.put_part(&upload, 1, bytes).await;
        let finished = match part.and_then(|()| self.known(&upload, &asked.action)) {
            Ok(parts) => self.put_together(&upload, parts, PutMode::IfAbsent).await,
            Err(fault) => Err(fault),
        };
        match finished {
            Ok(PutResult::AlreadyThere) => self.know(Conditions::Held, asked),
            Ok(PutResult::Stored) => self.know(Conditions::Ignored("CompleteMultipartUpload"), asked),
            Err(_) => {
                // What stays is swept as a leftover.
                let _best_effort = self.abort(&upload).await;
                Ok(())
            }
        }
    }

    fn know(&self, found: Conditions, asked: &Asked) -> Result<(), Fault> {
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).insert(self.service(), found);
        self.may_rely(PutMode::IfAbsent, asked)
    }

    fn found(&self) -> Option<Conditions> {
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).get(&self.service()).copied()
    }

    fn service(&self) -> (Option<String>, String) {
        let address = &self.shared.address;
        (address.endpoint.clone(), address.bucket.clone())
    }
}

fn ignored(asked: &Asked, call: &str) -> Fault {
    let answer = format!(
        "{} ignores `If-None-Match` of {call}: it replaces what may not be replaced. Manifests and leases rely on it, so two runs could write \
         over each other and neither would know. Nothing is backed up there: update the service to a version that knows conditional writes, or \
         take away what drops the header on the way (a proxy), or take another store",
        asked.service
    );
    Fault::permanent(Cause::Invalid, asked.action.clone(), answer)
}
