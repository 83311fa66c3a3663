//! Lists what is packed, beside the packing: each file's digest is taken from its content as it passes by.
//!
//! Unaware of where the content goes. Invariant: entries are in the order in which they were given.

use bytes::Bytes;

use super::beside::Lane;
use super::put::Upload;
use crate::catalog::{CatalogError, Contents, ContentsHeader, ContentsTrailer, ContentsWriter, Entry};
use crate::ports::{Cause, Compute, Fault};
use crate::primitives::FileHasher;

/// What an entry without content weighs: its paths and numbers.
const ENTRY_BYTES: usize = 512;

enum Order {
    /// The next bytes of the file whose entry follows.
    Data(Bytes),
    /// So many zeros of it.
    Zeros(u64),
    /// An entry; the digest of the content before it is to be its own.
    File(Entry),
    /// An entry without content.
    Other(Entry),
}

struct State {
    writer: ContentsWriter,
    hasher: FileHasher,
}

/// The contents that are being written, on their way into a store.
pub(super) struct Listing<'a, 'b> {
    lane: Lane<'b, State, Order, Result<Vec<u8>, CatalogError>>,
    upload: &'b mut Upload<'a>,
}

impl<'a, 'b> Listing<'a, 'b> {
    pub(super) fn new(
        compute: &'b dyn Compute,
        header: ContentsHeader,
        upload: &'b mut Upload<'a>,
    ) -> Result<Self, Fault> {
        let state = State { writer: ContentsWriter::new(header).map_err(unlisted)?, hasher: FileHasher::default() };
        Ok(Self { lane: Lane::new(compute, state, write), upload })
    }

    /// The next bytes of a file.
    pub(super) async fn data(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let weight = bytes.len();
        self.push(Order::Data(bytes), weight).await
    }

    /// So many zeros of it, which are a hole.
    pub(super) async fn zeros(&mut self, length: u64) -> Result<(), Fault> {
        self.push(Order::Zeros(length), usize::try_from(length).unwrap_or(usize::MAX)).await
    }

    /// The file whose content this was.
    pub(super) async fn file(&mut self, entry: Entry) -> Result<(), Fault> {
        self.push(Order::File(entry), ENTRY_BYTES).await
    }

    /// Something without content.
    pub(super) async fn entry(&mut self, entry: Entry) -> Result<(), Fault> {
        self.push(Order::Other(entry), ENTRY_BYTES).await
    }

    async fn push(&mut self, order: Order, weight: usize) -> Result<(), Fault> {
        if let Some(made) = self.lane.push(order, weight).await? {
            self.upload.push(made.map_err(unlisted)?.into()).await?;
        }
        Ok(())
    }

    /// Waits for all entries.
    pub(super) async fn all_listed(self) -> Result<Listed<'a, 'b>, Fault> {
        let (state, rest) = self.lane.finish().await?;
        for made in rest {
            self.upload.push(made.map_err(unlisted)?.into()).await?;
        }
        Ok(Listed { writer: state.writer, upload: self.upload })
    }
}

/// Contents that lack only their end.
pub(super) struct Listed<'a, 'b> {
    writer: ContentsWriter,
    upload: &'b mut Upload<'a>,
}

impl<'a, 'b> Listed<'a, 'b> {
    /// Writes the end. The upload is still to be finished.
    pub(super) async fn end(
        self,
        segments: &[u32],
        trailer: ContentsTrailer,
    ) -> Result<(&'b mut Upload<'a>, Contents), Fault> {
        let contents = self.writer.finish(segments, trailer).map_err(unlisted)?;
        self.upload.push(contents.rest.clone().into()).await?;
        Ok((self.upload, contents))
    }
}

fn write(state: &mut State, orders: Vec<Order>) -> Result<Vec<u8>, CatalogError> {
    for order in orders {
        match order {
            Order::Data(bytes) => state.hasher.update(&bytes),
            Order::Zeros(length) => state.hasher.zeros(length),
            Order::Other(entry) => state.writer.entry(entry)?,
            Order::File(mut entry) => {
                let content = state.hasher.finish();
                if let Entry::Stored { digest, .. } = &mut entry {
                    *digest = Some(content);
                }
                state.writer.entry(entry)?;
            }
        }
    }
    Ok(state.writer.take())
}

fn unlisted(error: CatalogError) -> Fault {
    Fault::permanent(Cause::Invalid, "write the contents", error.to_string())
}
