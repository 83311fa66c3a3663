//! An archive's segments, read from a store and unpacked side by side.
//!
//! Unaware of what is in them. Invariant: what the contents say of the segments, what the zip says of its entry and what is
//! unpacked agree, or nothing more is given.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::beside::{Lane, Running, start};
use super::object::{ContentsStream, ObjectStream};
use crate::archive::{self, ArchiveError, Locator, Plain, SEGMENT_BYTES, TarEntry, packed_size_max};
use crate::catalog::{Line, StoredObject};
use crate::ports::{Cause, Compute, Fault, StoreRead};
use crate::primitives::Hasher;

/// Read at once where it is not a segment.
const READ_BYTES: u64 = 1024 * 1024;

/// Where an archive's segments lie.
pub(super) struct Segments {
    archive: StoredObject,
    entry: TarEntry,
    /// The packed size of each: four bytes for a mebibyte of the tar.
    sizes: Vec<u32>,
}

/// The plain bytes of a segment, in pieces, and their CRC-32.
type Unpacked = Result<(Vec<Bytes>, crc32fast::Hasher), ArchiveError>;

/// A segment that is being unpacked, and its place in the order.
pub(super) struct Unpacking {
    pub(super) index: u64,
    plain: Running<Unpacked>,
}

impl Unpacking {
    pub(super) async fn done(self) -> Result<Unpacked, Fault> {
        self.plain.done().await
    }
}

impl Segments {
    /// Finds the tar in the archive, and reads from the contents how long its segments are.
    pub(super) async fn open(
        store: &dyn StoreRead,
        archive: &StoredObject,
        contents: &StoredObject,
        segments_at: u64,
        plain: Plain,
    ) -> Result<Self, Fault> {
        let sizes = sizes(store, contents, segments_at).await?;
        let object = ObjectStream::open(store, archive).await?;
        let entry = locate(store, &object, archive).await?;
        let found = Self { archive: archive.clone(), entry, sizes };
        match found.contradiction(plain) {
            None => Ok(found),
            Some(why) => Err(object.damaged(why)),
        }
    }

    /// What the zip and the contents say of one another, if they disagree.
    fn contradiction(&self, plain: Plain) -> Option<String> {
        let packed: u64 = self.sizes.iter().map(|size| u64::from(*size)).sum();
        let end = archive::end(self.entry.method).len() as u64;
        if self.entry.plain_size != plain.size || self.entry.crc != plain.crc32.0 {
            return Some("the zip's entry is not the tar that was stored".into());
        }
        if self.sizes.len() as u64 != plain.size.div_ceil(SEGMENT_BYTES as u64) {
            return Some(format!("it has {} segments, which are not {} bytes", self.sizes.len(), plain.size));
        }
        if packed + end != self.entry.packed_size {
            return Some("its segments are not as long as the zip's entry".into());
        }
        let too_long = |(index, size): (usize, &u32)| *size as usize > packed_size_max(self.plain_size(index as u64));
        self.sizes.iter().enumerate().any(too_long).then(|| "a segment is longer than it can be".into())
    }

    /// The plain bytes of a segment.
    fn plain_size(&self, index: u64) -> usize {
        let left = self.entry.plain_size.saturating_sub(index * SEGMENT_BYTES as u64);
        usize::try_from(left).map_or(SEGMENT_BYTES, |left| left.min(SEGMENT_BYTES))
    }

    /// The tar's size in bytes.
    pub(super) fn plain(&self) -> u64 {
        self.entry.plain_size
    }

    /// The CRC-32 of the whole tar, as the zip says.
    pub(super) fn crc(&self) -> u32 {
        self.entry.crc
    }

    /// The archive.
    pub(super) fn archive(&self) -> &StoredObject {
        &self.archive
    }

    /// Reads the whole archive, byte for byte, and gives its segments. When this is done, the digest of all was right.
    pub(super) async fn give_all(
        &self,
        store: &dyn StoreRead,
        compute: &dyn Compute,
        segments: mpsc::Sender<Unpacking>,
    ) -> Result<(), Fault> {
        let lane = Lane::new(compute, Hasher::default(), |hasher: &mut Hasher, pieces: Vec<Bytes>| {
            pieces.iter().for_each(|piece| hasher.update(piece));
        });
        let mut reading = Reading { store, archive: &self.archive, digest: lane };
        reading.pass(0..self.entry.start).await?;
        let mut at = self.entry.start;
        for (index, size) in self.sizes.iter().enumerate() {
            let packed = reading.read(at, u64::from(*size)).await?;
            at += u64::from(*size);
            self.give(index as u64, packed, compute, &segments).await?;
        }
        // All segments are there: whoever takes them need not wait for the rest of the archive.
        drop(segments);
        reading.pass(at..self.archive.size).await?;
        let (hasher, _) = reading.digest.finish().await?;
        match hasher.finish() == self.archive.digest {
            true => Ok(()),
            false => Err(damaged(store, &self.archive, "its digest is not what was stored")),
        }
    }

    /// Reads only the segments that hold these parts of the tar, which ascend.
    pub(super) async fn give_some(
        &self,
        store: &dyn StoreRead,
        compute: &dyn Compute,
        parts: &[Range<u64>],
        segments: mpsc::Sender<Unpacking>,
    ) -> Result<(), Fault> {
        let (mut next, mut at) = (0, self.entry.start);
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let last = (part.end - 1) / SEGMENT_BYTES as u64;
            while next <= last
                && let Some(size) = self.sizes.get(next as usize)
            {
                if next >= part.start / SEGMENT_BYTES as u64 {
                    let packed = read_exact(store, &self.archive, at, u64::from(*size)).await?;
                    self.give(next, packed, compute, &segments).await?;
                }
                at += u64::from(*size);
                next += 1;
            }
        }
        Ok(())
    }

    async fn give(
        &self,
        index: u64,
        packed: Bytes,
        compute: &dyn Compute,
        segments: &mpsc::Sender<Unpacking>,
    ) -> Result<(), Fault> {
        let (method, plain_size) = (self.entry.method, self.plain_size(index));
        let place = segments.reserve().await;
        let place = place.map_err(|_| Fault::permanent(Cause::Other, "read the archive", "it was given up"))?;
        let plain = start(compute, move || {
            let plain = archive::unpack(method, &packed, plain_size)?;
            let mut crc = crc32fast::Hasher::new();
            plain.iter().for_each(|piece| crc.update(piece));
            Ok((plain, crc))
        });
        place.send(Unpacking { index, plain });
        Ok(())
    }
}

/// An archive that is read from its first byte to its last, and digested.
struct Reading<'a> {
    store: &'a dyn StoreRead,
    archive: &'a StoredObject,
    digest: Lane<'a, Hasher, Bytes, ()>,
}

impl Reading<'_> {
    async fn read(&mut self, at: u64, size: u64) -> Result<Bytes, Fault> {
        let bytes = read_exact(self.store, self.archive, at, size).await?;
        self.digest.push(bytes.clone(), bytes.len()).await?;
        Ok(bytes)
    }

    async fn pass(&mut self, range: Range<u64>) -> Result<(), Fault> {
        let mut at = range.start;
        while at < range.end {
            at += self.read(at, READ_BYTES.min(range.end - at)).await?.len() as u64;
        }
        Ok(())
    }
}

async fn sizes(store: &dyn StoreRead, contents: &StoredObject, at: u64) -> Result<Vec<u32>, Fault> {
    let mut lines = ContentsStream::at_segments(ObjectStream::open(store, contents).await?, at)?;
    let mut sizes = Vec::new();
    while let Some(line) = lines.next().await? {
        if let Line::Segments(some) = line {
            sizes.extend(some);
        }
    }
    Ok(sizes)
}

async fn locate(store: &dyn StoreRead, object: &ObjectStream<'_>, archive: &StoredObject) -> Result<TarEntry, Fault> {
    let mut locator = Locator::new(archive.size);
    loop {
        match locator.locate().map_err(|error| object.damaged(error.to_string()))? {
            Ok(entry) => return Ok(entry),
            Err(need) => {
                let bytes = read_exact(store, archive, need.offset, need.length as u64).await?;
                locator.supply(need.offset, &bytes);
            }
        }
    }
}

/// So many bytes of an object: fewer at once are put together.
async fn read_exact(store: &dyn StoreRead, object: &StoredObject, at: u64, size: u64) -> Result<Bytes, Fault> {
    let short = || damaged(store, object, "it ends before its end");
    // What is read at once is a segment or less.
    let size = usize::try_from(size).map_err(|_| short())?;
    let first = store.read(&object.key, at, size).await?;
    if first.len() == size {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    while whole.len() < size {
        let more = store.read(&object.key, at + whole.len() as u64, size - whole.len()).await?;
        if more.is_empty() || more.len() > size - whole.len() {
            return Err(short());
        }
        whole.extend_from_slice(&more);
    }
    Ok(whole.freeze())
}

fn damaged(store: &dyn StoreRead, object: &StoredObject, answer: &str) -> Fault {
    Fault::permanent(Cause::Invalid, format!("read {}", store.place(&object.key)), answer)
}
