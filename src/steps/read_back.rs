//! Reads an archive and its contents back from the store, and holds one against the other.

use serde::{Deserialize, Serialize};

use super::Progress;
use super::verified::{Event, Expected, Pair, Verified};
use crate::ports::{Compute, Fault, StoreRead};

/// What was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReadBack {
    /// Members.
    pub entries: u64,
    /// Bytes of content.
    pub bytes: u64,
}

/// Reads both objects from the store, whole, and verifies their sizes and digests, the zip's CRC-32, the tar's structure,
/// that each member is the one that the contents list, and each file's digest.
///
/// # Errors
/// `Invalid` with the first difference; `NotFound` where an object is missing; else when the store cannot be read.
pub async fn read_back(
    store: &dyn StoreRead,
    compute: &dyn Compute,
    expected: Expected,
    progress: &Progress,
) -> Result<ReadBack, Fault> {
    let pair = Pair::open(store, compute, expected).await.map_err(Fault::passing)?;
    read(&pair, progress).await.map_err(Fault::passing)
}

async fn read(pair: &Pair<'_>, progress: &Progress) -> Result<ReadBack, Fault> {
    let (supply, verified) = pair.read(None).await?;
    let ((), read_back) = tokio::try_join!(supply.run(), count(verified, progress))?;
    Ok(read_back)
}

async fn count(mut verified: Verified<'_>, progress: &Progress) -> Result<ReadBack, Fault> {
    while let Some(event) = verified.next().await? {
        match event {
            Event::Member(..) => progress.entry(),
            Event::Data(bytes) => progress.bytes(bytes.len() as u64),
            Event::Hole(length) => progress.bytes(length),
            Event::EndOfMember => {}
        }
    }
    let totals = verified.totals();
    Ok(ReadBack { entries: totals.entries(), bytes: totals.bytes })
}
