//! An archive and its contents read from a store side by side: what comes out agrees.

use bytes::Bytes;

use super::object::{ArchiveStream, ContentsStream, ObjectStream};
use crate::archive::{Extent, Member, MemberKind, TarEvent};
use crate::catalog::{ContentsHeader, ContentsTrailer, Entry, Line, StoredObject, Totals};
use crate::observe::walk::path_order;
use crate::ports::{Fault, StoreRead};
use crate::primitives::{Digest, Hasher, PathBytes};

/// What comes out of a verified pair.
pub(super) enum Event {
    /// A member, as archive and contents both have it, and what is wrong with its content.
    Member(Member, Option<String>),
    /// The next bytes of its content.
    Data(Bytes),
    /// So many zeros of its content, which are a hole.
    Hole(u64),
    /// Its content is complete, and its digest is right.
    EndOfMember,
}

/// The pair. When `next` has answered none, everything was verified: sizes and digests of both objects, the CRC-32,
/// the tar's structure and digest, each member and each file's digest.
pub(super) struct Verified<'a> {
    archive: ArchiveStream<'a>,
    contents: ContentsStream<'a>,
    expected: Expected,
    header: ContentsHeader,
    open: Option<(PathBytes, Option<Digest>, Hasher)>,
    last: Option<PathBytes>,
    totals: Totals,
}

/// What the objects should be.
#[derive(Clone)]
pub(super) struct Expected {
    pub(super) archive: StoredObject,
    pub(super) contents: StoredObject,
    pub(super) plain: Extent,
}

/// Opens contents and reads the header.
pub(super) async fn open_contents<'a>(
    store: &'a dyn StoreRead,
    object: &StoredObject,
) -> Result<(ContentsStream<'a>, ContentsHeader), Fault> {
    let mut contents = ContentsStream::new(ObjectStream::open(store, object).await?);
    match contents.next().await? {
        Some(Line::Header(header)) => Ok((contents, header)),
        _ => Err(contents.object().damaged("the contents have no header")),
    }
}

impl<'a> Verified<'a> {
    pub(super) async fn open(store: &'a dyn StoreRead, expected: Expected) -> Result<Verified<'a>, Fault> {
        let (contents, header) = open_contents(store, &expected.contents).await?;
        let archive = ArchiveStream::open(ObjectStream::open(store, &expected.archive).await?).await?;
        Ok(Self { archive, contents, expected, header, open: None, last: None, totals: Totals::default() })
    }

    /// The folders it is of.
    pub(super) fn roots(&self) -> &[PathBytes] {
        &self.header.roots
    }

    /// What was seen so far.
    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// The next event; none when all was verified.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Fault> {
        match self.archive.next().await? {
            Some(TarEvent::Member { member, offset }) => self.member(member, offset).await.map(Some),
            Some(TarEvent::Data(bytes)) => {
                if let Some((_, _, hasher)) = &mut self.open {
                    hasher.update(&bytes);
                }
                self.totals.bytes += bytes.len() as u64;
                Ok(Some(Event::Data(bytes)))
            }
            Some(TarEvent::Hole(length)) => {
                if let Some((_, _, hasher)) = &mut self.open {
                    hasher.zeros(length);
                }
                self.totals.bytes = self.totals.bytes.saturating_add(length);
                self.totals.holes = self.totals.holes.saturating_add(length);
                // Much of this may come with nothing to wait for: somebody may want to stop it.
                tokio::task::yield_now().await;
                Ok(Some(Event::Hole(length)))
            }
            Some(TarEvent::EndOfMember) => self.end_of_member().map(Some),
            Some(TarEvent::End) | None => self.end().await.map(|()| None),
        }
    }

    async fn member(&mut self, member: Member, offset: u64) -> Result<Event, Fault> {
        let listed = loop {
            match self.contents.next().await? {
                Some(Line::Entry(Entry::Stored { member, at, digest, flaw })) => break (member, at, digest, flaw),
                Some(Line::Entry(Entry::Unread { .. } | Entry::NotStored { .. } | Entry::NotEntered { .. })) => {}
                _ => return Err(self.damaged(format!("{} is not in the contents", member.path))),
            }
        };
        let (listed, at, digest, flaw) = listed;
        if listed != member || at != offset {
            return Err(self.damaged(format!(
                "{} comes where the contents have {}, or with other attributes",
                member.path, listed.path
            )));
        }
        if self.last.as_ref().is_some_and(|last| path_order(last, &member.path).is_ge()) {
            return Err(self.damaged(format!("{} is out of order or comes twice", member.path)));
        }
        match member.kind {
            MemberKind::File { .. } => self.totals.files += 1,
            MemberKind::Folder => self.totals.folders += 1,
            MemberKind::Symlink { .. } => self.totals.symlinks += 1,
            MemberKind::HardLink { .. } => self.totals.hard_links += 1,
        }
        if digest.is_some() != matches!(member.kind, MemberKind::File { .. }) {
            return Err(self.damaged(format!("{} has a digest and no content, or content and no digest", member.path)));
        }
        self.last = Some(member.path.clone());
        self.open = Some((member.path.clone(), digest, Hasher::default()));
        Ok(Event::Member(member, flaw))
    }

    fn end_of_member(&mut self) -> Result<Event, Fault> {
        if let Some((path, Some(digest), hasher)) = self.open.take()
            && hasher.finish() != digest
        {
            return Err(self.damaged(format!("the content of {path} is not what was stored")));
        }
        Ok(Event::EndOfMember)
    }

    async fn end(&mut self) -> Result<(), Fault> {
        while self.archive.next().await?.is_some() {}
        let trailer = loop {
            match self.contents.next().await? {
                Some(Line::Entry(Entry::Stored { member, .. })) => {
                    return Err(self.damaged(format!("{} is missing", member.path)));
                }
                Some(Line::Trailer(trailer)) => break trailer,
                Some(_) => {}
                None => return Err(self.contents.object().damaged("the contents have no trailer")),
            }
        };
        self.check_trailer(&trailer)?;
        while self.contents.next().await?.is_some() {}
        self.archive.object().check_digest(self.expected.archive.digest).await?;
        self.contents.object().check_digest(self.expected.contents.digest).await
    }

    fn check_trailer(&mut self, trailer: &ContentsTrailer) -> Result<(), Fault> {
        let plain = self.archive.plain();
        if plain != self.expected.plain || plain != trailer.plain {
            return Err(self.damaged("the tar is not the one that was stored"));
        }
        if trailer.archive != self.expected.archive || trailer.totals != self.totals {
            return Err(self.contents.object().damaged("the contents are of another archive"));
        }
        Ok(())
    }

    pub(super) fn damaged(&mut self, answer: impl Into<String>) -> Fault {
        self.archive.object().damaged(answer)
    }
}
