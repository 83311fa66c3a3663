//! An archive's segments, read from a store and unpacked side by side.
//!
//! Unaware of what is in them. Invariant: what the contents say of the segments, what the zip says of its entry and what is
//! unpacked agree, or nothing more is given.

use std::ops::Range;
use std::sync::Arc;
use std::vec;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::beside::{Digesting, Running, start};
use super::object::{ContentsStream, ObjectStream};
use super::pieces::Pieces;
use crate::archive::{self, ArchiveError, Locator, Plain, SEGMENT_BYTES, TarEntry, Unpackers, packed_size_max};
use crate::catalog::{Line, StoredObject};
use crate::ports::{Cause, Compute, Fault, StoreRead};

/// Read at once where it is not a segment.
const READ_BYTES: u64 = 1024 * 1024;

/// Where an archive's segments lie.
pub(super) struct Segments {
    archive: StoredObject,
    entry: TarEntry,
    contents: StoredObject,
    segments_at: u64,
    unpackers: Arc<Unpackers>,
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
    /// Finds the tar in the archive, and reads through what the contents say of its segments.
    pub(super) async fn open(
        store: &dyn StoreRead,
        archive: &StoredObject,
        contents: &StoredObject,
        segments_at: u64,
        plain: Plain,
    ) -> Result<Self, Fault> {
        let mut object = ObjectStream::open(store, archive).await?;
        let entry = locate(store, &mut object, archive).await?;
        if entry.plain_size != plain.size || entry.crc != plain.crc32.0 {
            return Err(object.damaged("the zip's entry is not the tar that was stored"));
        }
        let (archive, contents) = (archive.clone(), contents.clone());
        let unpackers = Arc::new(Unpackers::new(entry.method));
        let found = Self { archive, entry, contents, segments_at, unpackers };
        match found.contradiction(store).await? {
            None => Ok(found),
            Some(why) => Err(object.damaged(why)),
        }
    }

    /// What the zip and the contents say of one another, if they disagree. Nothing of a table that does not fit is held, however
    /// long it is.
    async fn contradiction(&self, store: &dyn StoreRead) -> Result<Option<String>, Fault> {
        let segments = self.entry.plain_size.div_ceil(SEGMENT_BYTES as u64);
        let mut left = self.entry.packed_size.checked_sub(archive::end(self.entry.method).len() as u64);
        let (mut sizes, mut seen) = (self.sizes(store).await?, 0);
        while let Some(size) = sizes.next().await? {
            if seen == segments {
                return Ok(Some(format!("it has more segments than {} bytes", self.entry.plain_size)));
            }
            if size == 0 || size as usize > packed_size_max(self.plain_size(seen)) {
                return Ok(Some("a segment is longer or shorter than it can be".into()));
            }
            left = left.and_then(|left| left.checked_sub(size.into()));
            seen += 1;
        }
        if seen != segments {
            return Ok(Some(format!("it has {seen} segments, which are not {} bytes", self.entry.plain_size)));
        }
        Ok((left != Some(0)).then(|| "its segments are not as long as the zip's entry".into()))
    }

    async fn sizes<'a>(&self, store: &'a dyn StoreRead) -> Result<Sizes<'a>, Fault> {
        let object = ObjectStream::open(store, &self.contents).await?;
        let lines = ContentsStream::at_segments(object, self.segments_at)?;
        Ok(Sizes { lines, line: Vec::new().into_iter() })
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
        let digest = Digesting::new(compute);
        let pieces = Pieces::new(store, self.archive.key.clone(), self.archive.size);
        let mut reading = Reading { store, archive: &self.archive, digest, at: 0, ahead: Bytes::new(), pieces };
        reading.pass(self.entry.start).await?;
        let (mut sizes, mut index) = (self.sizes(store).await?, 0);
        while let Some(size) = sizes.next().await? {
            let packed = reading.read(self.possible(store, index, size)?).await?;
            self.give(index, packed, compute, &segments).await?;
            index += 1;
        }
        // All segments are there: whoever takes them need not wait for the rest of the archive.
        drop(segments);
        reading.pass(self.archive.size).await?;
        match reading.digest.finish().await? == self.archive.digest {
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
        let (mut sizes, mut next, mut at) = (self.sizes(store).await?, 0, self.entry.start);
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let last = (part.end - 1) / SEGMENT_BYTES as u64;
            while next <= last
                && let Some(size) = sizes.next().await?
            {
                let size = self.possible(store, next, size)?;
                if next >= part.start / SEGMENT_BYTES as u64 {
                    let packed = read_exact(store, &self.archive, at, size).await?;
                    self.give(next, packed, compute, &segments).await?;
                }
                at += size;
                next += 1;
            }
        }
        Ok(())
    }

    /// The packed size of a segment, which was looked at when this was opened, but may be another now.
    fn possible(&self, store: &dyn StoreRead, index: u64, size: u32) -> Result<u64, Fault> {
        match size as usize <= packed_size_max(self.plain_size(index)) {
            true => Ok(size.into()),
            false => Err(damaged(store, &self.contents, "it is not what it was a moment ago")),
        }
    }

    async fn give(
        &self,
        index: u64,
        packed: Bytes,
        compute: &dyn Compute,
        segments: &mpsc::Sender<Unpacking>,
    ) -> Result<(), Fault> {
        let (unpackers, plain_size) = (self.unpackers.clone(), self.plain_size(index));
        let place = segments.reserve().await;
        let place = place.map_err(|_| Fault::permanent(Cause::Other, "read the archive", "it was given up"))?;
        let plain = start(compute, move || {
            let plain = unpackers.unpack(&packed, plain_size)?;
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
    digest: Digesting<'a>,
    /// The next byte that is not read yet.
    at: u64,
    /// What was read and not taken: a segment that packs well is much less than what is worth a call.
    ahead: Bytes,
    /// Where several reads are under way at once.
    pieces: Pieces<'a>,
}

impl Reading<'_> {
    /// Takes so many bytes.
    async fn read(&mut self, size: u64) -> Result<Bytes, Fault> {
        if self.store.reading().side_by_side > 1 {
            return self.read_pieces(size).await;
        }
        // A segment, or as much as is read at once.
        let lacking = size.saturating_sub(self.ahead.len() as u64);
        if lacking > 0 {
            let left = self.archive.size.saturating_sub(self.at);
            let bytes = read_exact(self.store, self.archive, self.at, lacking.max(READ_BYTES.min(left))).await?;
            self.at += bytes.len() as u64;
            self.digest.push(bytes.clone()).await?;
            self.ahead = if self.ahead.is_empty() { bytes } else { [&self.ahead[..], &bytes].concat().into() };
        }
        Ok(self.ahead.split_to(size as usize))
    }

    /// The same of a store that is best read in pieces of its own. Only what lies in two of them is copied.
    async fn read_pieces(&mut self, size: u64) -> Result<Bytes, Fault> {
        let size = usize::try_from(size).map_err(|_| damaged(self.store, self.archive, "it ends before its end"))?;
        if self.ahead.len() >= size {
            return Ok(self.ahead.split_to(size));
        }
        let mut whole = BytesMut::with_capacity(size);
        loop {
            let taken = self.ahead.split_to(self.ahead.len().min(size - whole.len()));
            whole.extend_from_slice(&taken);
            if whole.len() == size {
                return Ok(whole.freeze());
            }
            let Some(piece) = self.pieces.next().await? else {
                return Err(damaged(self.store, self.archive, "it ends before its end"));
            };
            self.at += piece.len() as u64;
            self.digest.push(piece.clone()).await?;
            self.ahead = piece;
        }
    }

    /// Takes all bytes before a place.
    async fn pass(&mut self, until: u64) -> Result<(), Fault> {
        loop {
            let left = until - (self.at - self.ahead.len() as u64);
            if left == 0 {
                return Ok(());
            }
            self.read(READ_BYTES.min(left)).await?;
        }
    }
}

/// The packed sizes of the segments, a line of the contents at a time.
struct Sizes<'a> {
    lines: ContentsStream<'a>,
    line: vec::IntoIter<u32>,
}

impl Sizes<'_> {
    async fn next(&mut self) -> Result<Option<u32>, Fault> {
        loop {
            if let Some(size) = self.line.next() {
                return Ok(Some(size));
            }
            match self.lines.next().await? {
                Some(Line::Segments(sizes)) => self.line = sizes.into_iter(),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }
}

async fn locate(
    store: &dyn StoreRead,
    object: &mut ObjectStream<'_>,
    archive: &StoredObject,
) -> Result<TarEntry, Fault> {
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
