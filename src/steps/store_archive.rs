//! Brings an archive's segments into a store, in order, as they are packed.
//!
//! Unaware of what is in them. Invariant: what is in the store behind the frame's head is what was digested.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::beside::{Digesting, Running};
use super::put::Upload;
use super::source::malformed;
use crate::archive::{self, ArchiveError, Crc32, Extent, Framed, PackedSegment, Plain, ZipFrame};
use crate::ports::{Compute, Fault};

/// A segment on its way: it is being packed.
pub(super) type OnTheWay = Running<Result<PackedSegment, ArchiveError>>;

/// What was brought there.
pub(super) struct Stored {
    pub(super) archive: Extent,
    pub(super) plain: Plain,
    /// The packed size of each segment: four bytes for a mebibyte of the tar.
    pub(super) segments: Vec<u32>,
}

/// Puts the zip's head, the segments until there are no more, and the zip's tail. The upload is not finished.
pub(super) async fn store_archive(
    compute: &dyn Compute,
    frame: &ZipFrame,
    upload: &mut Upload<'_>,
    mut segments: mpsc::Receiver<OnTheWay>,
) -> Result<Stored, Fault> {
    let mut sink = Sink { upload, digest: Digesting::new(compute), size: 0 };
    sink.put(frame.head().map_err(malformed)?.into()).await?;
    let (mut framed, mut crc) = (Framed { packed_size: 0, plain_size: 0, crc: 0 }, crc32fast::Hasher::new());
    let mut sizes = Vec::new();
    while let Some(segment) = segments.recv().await {
        let segment = segment.done().await?.map_err(malformed)?;
        framed.packed_size += segment.bytes.len() as u64;
        framed.plain_size += segment.plain_size as u64;
        crc.combine(&segment.crc);
        // A packed segment is not much longer than a plain one.
        sizes.push(segment.bytes.len() as u32);
        sink.put(segment.bytes).await?;
    }
    let end = archive::end(frame.method);
    framed.packed_size += end.len() as u64;
    framed.crc = crc.finalize();
    sink.put(Bytes::from_static(end)).await?;
    sink.put(frame.tail(framed).map_err(malformed)?.into()).await?;
    let plain = Plain { size: framed.plain_size, crc32: Crc32(framed.crc) };
    let archive = Extent { size: sink.size, digest: sink.digest.finish().await? };
    Ok(Stored { archive, plain, segments: sizes })
}

struct Sink<'a, 'b> {
    upload: &'b mut Upload<'a>,
    digest: Digesting<'b>,
    size: u64,
}

impl Sink<'_, '_> {
    async fn put(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.size += bytes.len() as u64;
        self.digest.push(bytes.clone()).await?;
        self.upload.push(bytes).await
    }
}
