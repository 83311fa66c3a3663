//! A file whose content comes in pieces.
//!
//! Unaware of what brings it. Invariant: a small file is not made before all of it came, so that many can be made in one call.

use bytes::Bytes;

use super::making::{Orders, name_refused};
use crate::catalog::Named;
use crate::ports::{Attributes, Cause, Destination, Fault, FileWrite, WholeFile};
use crate::primitives::PathBytes;

/// A file of no more bytes is made when all of it came.
const GATHERED_BYTES_MAX: u64 = 256 * 1024;

/// A file whose content comes.
pub(super) enum Coming {
    /// A small one: it is made when all of it came.
    Gathered(WholeFile),
    Written(PathBytes, Box<dyn FileWrite>, Attributes),
}

impl Coming {
    /// Begins a file of so many bytes, which has holes or not.
    pub(super) async fn begin(
        destination: &dyn Destination,
        path: PathBytes,
        (size, has_holes): (u64, bool),
        attributes: Attributes,
    ) -> Result<Self, Fault> {
        Ok(match size {
            ..=GATHERED_BYTES_MAX if !has_holes => Self::Gathered(WholeFile { path, content: Vec::new(), attributes }),
            _ => Self::Written(path.clone(), destination.file(&path).await?, attributes),
        })
    }

    pub(super) async fn data(&mut self, bytes: Bytes) -> Result<(), Fault> {
        match self {
            Self::Gathered(whole) => {
                whole.content.push(bytes);
                Ok(())
            }
            Self::Written(_, file, _) => file.write(bytes).await,
        }
    }

    pub(super) async fn hole(&mut self, length: u64) -> Result<(), Fault> {
        match self {
            // Only what is sparse has holes, and that is not gathered.
            Self::Gathered(whole) => {
                Err(Fault::permanent(Cause::Invalid, format!("write {}", whole.path), "a hole in a file that has none"))
            }
            Self::Written(_, file, _) => file.hole(length).await,
        }
    }

    /// Makes it, or orders that; names in `unset` what it could not be given.
    pub(super) async fn end(self, orders: &mut Orders, unset: &mut Named) -> Result<(), Fault> {
        match self {
            Self::Gathered(whole) => orders.file(whole).await,
            Self::Written(path, file, attributes) => {
                let refused = file.finish(&attributes).await?;
                name_refused(unset, &path, &refused);
                Ok(())
            }
        }
    }
}
