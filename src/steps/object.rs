//! Objects of a store as streams: of bytes, of contents lines, of tar events.

use bytes::Bytes;

use crate::archive::{ArchiveError, Extent, Inflate, Locator, TarEntry, TarEvent, TarReader};
use crate::catalog::{CatalogError, ContentsReader, Line, StoredObject};
use crate::ports::{Cause, Fault, StoreRead};
use crate::primitives::{Digest, Hasher, Key};

/// Read at once.
const READ_BYTES: usize = 1024 * 1024;

/// An object's bytes, from the first to the last, digested on the way.
pub(super) struct ObjectStream<'a> {
    store: &'a dyn StoreRead,
    key: Key,
    size: u64,
    position: u64,
    hasher: Hasher,
}

impl<'a> ObjectStream<'a> {
    pub(super) fn new(store: &'a dyn StoreRead, key: Key, size: u64) -> Self {
        Self { store, key, size, position: 0, hasher: Hasher::default() }
    }

    /// An object that must be there, and of the size it is said to have.
    pub(super) async fn open(store: &'a dyn StoreRead, object: &StoredObject) -> Result<ObjectStream<'a>, Fault> {
        let stream = Self::new(store, object.key.clone(), object.size);
        match store.head(&object.key).await? {
            Some(there) if there.size == object.size => Ok(stream),
            Some(there) => Err(stream.damaged(format!("it has {} bytes and not {}", there.size, object.size))),
            None => Err(Fault::permanent(Cause::NotFound, stream.action(), "it is not there")),
        }
    }

    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let left = self.size - self.position;
        if left == 0 {
            return Ok(None);
        }
        let limit = usize::try_from(left).map_or(READ_BYTES, |left| left.min(READ_BYTES));
        let bytes = self.store.read(&self.key, self.position, limit).await?;
        if bytes.is_empty() || bytes.len() > limit {
            return Err(self.damaged("it ends before its end"));
        }
        self.position += bytes.len() as u64;
        self.hasher.update(&bytes);
        Ok(Some(bytes))
    }

    /// The digest of what was read.
    pub(super) fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// Reads what is left, and holds the digest of all against what it should be.
    pub(super) async fn check_digest(&mut self, expected: Digest) -> Result<(), Fault> {
        while self.next().await?.is_some() {}
        match self.digest() == expected {
            true => Ok(()),
            false => Err(self.damaged("its digest is not what was stored")),
        }
    }

    pub(super) fn damaged(&self, answer: impl Into<String>) -> Fault {
        Fault::permanent(Cause::Invalid, self.action(), answer)
    }

    fn action(&self) -> String {
        format!("read {}", self.store.place(&self.key))
    }
}

/// A contents object as lines.
pub(super) struct ContentsStream<'a> {
    object: ObjectStream<'a>,
    reader: ContentsReader,
    input: Bytes,
}

impl<'a> ContentsStream<'a> {
    pub(super) fn new(object: ObjectStream<'a>) -> Self {
        Self { object, reader: ContentsReader::new(), input: Bytes::new() }
    }

    /// The next line; none when the object is used up and ended as it should.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, Fault> {
        loop {
            let pushed = self.reader.push(&mut self.input);
            if let Some(line) = pushed.map_err(|error| self.wrong(&error))? {
                return Ok(Some(line));
            }
            match self.object.next().await? {
                Some(bytes) => self.input = bytes,
                None => return self.reader.finish().map(|()| None).map_err(|error| self.wrong(&error)),
            }
        }
    }

    /// The object, when all lines were read.
    pub(super) fn object(&mut self) -> &mut ObjectStream<'a> {
        &mut self.object
    }

    fn wrong(&self, error: &CatalogError) -> Fault {
        self.object.damaged(error.to_string())
    }
}

/// An archive object as tar events.
pub(super) struct ArchiveStream<'a> {
    object: ObjectStream<'a>,
    entry: TarEntry,
    inflate: Option<Inflate>,
    tar: TarReader,
    packed: Bytes,
    plain: Bytes,
    plain_size: u64,
    plain_hasher: Hasher,
}

impl<'a> ArchiveStream<'a> {
    /// Finds the tar in the object.
    pub(super) async fn open(object: ObjectStream<'a>) -> Result<ArchiveStream<'a>, Fault> {
        let mut locator = Locator::new(object.size);
        let entry = loop {
            match locator.locate().map_err(|error| object.damaged(error.to_string()))? {
                Ok(entry) => break entry,
                Err(need) => {
                    let bytes = object.store.read(&object.key, need.offset, need.length).await?;
                    if bytes.is_empty() {
                        return Err(object.damaged("it ends before its end"));
                    }
                    locator.supply(need.offset, &bytes);
                }
            }
        };
        let (packed, plain) = (Bytes::new(), Bytes::new());
        let (tar, inflate) = (TarReader::new(), Some(Inflate::new(entry)));
        Ok(Self { object, entry, inflate, tar, packed, plain, plain_size: 0, plain_hasher: Hasher::default() })
    }

    /// The next event; none when the tar, and the packed bytes, ended as they should.
    pub(super) async fn next(&mut self) -> Result<Option<TarEvent>, Fault> {
        loop {
            let event = self.tar.push(&mut self.plain);
            if let Some(event) = event.map_err(|error| self.wrong(&error))? {
                return Ok(Some(event));
            }
            if !self.refill().await? {
                self.tar.finish().map_err(|error| self.wrong(&error))?;
                return Ok(None);
            }
        }
    }

    /// Unpacks a little more; false at the end.
    async fn refill(&mut self) -> Result<bool, Fault> {
        loop {
            let Some(inflate) = &mut self.inflate else { return Ok(false) };
            let plain = inflate.push(&mut self.packed).map_err(|error| self.object.damaged(error.to_string()))?;
            if let Some(plain) = plain {
                self.plain_size += plain.len() as u64;
                self.plain_hasher.update(&plain);
                self.plain = plain;
                return Ok(true);
            }
            match self.packed_bytes().await? {
                Some(packed) => self.packed = packed,
                None => {
                    let ended = self.inflate.take().map_or(Ok(()), Inflate::finish);
                    ended.map_err(|error| self.wrong(&error))?;
                }
            }
        }
    }

    /// The next bytes of the object that belong to the entry.
    async fn packed_bytes(&mut self) -> Result<Option<Bytes>, Fault> {
        let end = self.entry.start + self.entry.packed_size;
        loop {
            let began = self.object.position;
            if began >= end {
                return Ok(None);
            }
            let Some(bytes) = self.object.next().await? else { return Ok(None) };
            let length = bytes.len() as u64;
            let from = self.entry.start.saturating_sub(began).min(length);
            let to = (end - began).min(length);
            // Both are at most the length of what was read, which is in memory.
            let piece = bytes.slice(from as usize..to as usize);
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    /// What the tar came to.
    pub(super) fn plain(&self) -> Extent {
        Extent { size: self.plain_size, digest: self.plain_hasher.clone().finish() }
    }

    /// The object, when all events were read.
    pub(super) fn object(&mut self) -> &mut ObjectStream<'a> {
        &mut self.object
    }

    fn wrong(&self, error: &ArchiveError) -> Fault {
        self.object.damaged(error.to_string())
    }
}
