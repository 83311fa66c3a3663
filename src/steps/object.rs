//! Objects of a store as streams: of bytes, of contents lines.

use bytes::Bytes;

use super::pieces::Pieces;
use crate::catalog::{CatalogError, ContentsReader, Glance, Line, StoredObject, Told};
use crate::ports::{Cause, Fault, StoreRead};
use crate::primitives::{Digest, Hasher, Key};

/// An object's bytes, from the first to the last, digested on the way.
pub(super) struct ObjectStream<'a> {
    pieces: Pieces<'a>,
    hasher: Hasher,
}

impl<'a> ObjectStream<'a> {
    pub(super) fn new(store: &'a dyn StoreRead, key: Key, size: u64) -> Self {
        Self { pieces: Pieces::new(store, key, size), hasher: Hasher::default() }
    }

    /// An object that must be there, and of the size it is said to have.
    pub(super) async fn open(store: &'a dyn StoreRead, object: &StoredObject) -> Result<ObjectStream<'a>, Fault> {
        let stream = Self::new(store, object.key.clone(), object.size);
        match store.head(&object.key).await? {
            Some(there) if there.size == object.size => Ok(stream),
            Some(there) => Err(stream.damaged(format!("it has {} bytes and not {}", there.size, object.size))),
            None => Err(Fault::permanent(Cause::NotFound, stream.pieces.action(), "it is not there")),
        }
    }

    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let piece = self.pieces.next().await?;
        if let Some(bytes) = &piece {
            self.hasher.update(bytes);
        }
        Ok(piece)
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
        self.pieces.damaged(answer)
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

    /// The lines from the segments on, which begin at that byte of the object.
    pub(super) fn at_segments(mut object: ObjectStream<'a>, at: u64) -> Result<Self, Fault> {
        if at >= object.pieces.size() {
            return Err(object.damaged("its segments would begin behind its end"));
        }
        object.pieces.go_on_at(at);
        Ok(Self { object, reader: ContentsReader::at_segments(), input: Bytes::new() })
    }

    /// Where the segments begin, when that was passed.
    pub(super) fn segments_at(&self) -> Option<u64> {
        self.reader.segments_at()
    }

    /// The next line; none when the object is used up and ended as it should.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, Fault> {
        self.next_wanted(|_| true).await
    }

    /// The next line that is of no member, or of one that is wanted.
    pub(super) async fn next_wanted(&mut self, wanted: impl Fn(&Glance<'_>) -> bool) -> Result<Option<Line>, Fault> {
        loop {
            match self.next_where(&wanted).await? {
                Some(Told::Line(line)) => return Ok(Some(*line)),
                Some(Told::PassedOver { .. }) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next line, or member that is not wanted and was passed over.
    pub(super) async fn next_where(&mut self, wanted: impl Fn(&Glance<'_>) -> bool) -> Result<Option<Told>, Fault> {
        loop {
            let pushed = self.reader.push_where(&mut self.input, &wanted);
            if let Some(told) = pushed.map_err(|error| self.wrong(&error))? {
                return Ok(Some(told));
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
