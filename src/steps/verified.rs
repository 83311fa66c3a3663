//! An archive and its contents read from a store side by side: what comes out agrees.

use std::ops::Range;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::beside::Lane;
use super::object::{ContentsStream, ObjectStream};
use super::recover_names::Chosen;
use super::segments::{Segments, Unpacking};
use super::tar_stream::{Parts, Stop, TarStream};
use crate::archive::{Member, MemberKind, Plain, TarEvent};
use crate::catalog::{ContentsHeader, ContentsTrailer, Entry, Line, Manifest, Named, StoredObject, Totals};
use crate::observe::walk::path_order;
use crate::ports::{Cause, Compute, Fault, StoreRead};
use crate::primitives::{FileDigest, FileHasher, PathBytes};

/// What comes out of a verified pair.
pub(super) enum Event {
    /// A member, as archive and contents both have it, and what is wrong with its content.
    Member(Member, Option<String>),
    /// The next bytes of its content.
    Data(Bytes),
    /// So many zeros of its content, which are a hole.
    Hole(u64),
    /// Its content is complete. Its digest is verified beside: at the latest when `next` answers none.
    EndOfMember,
}

/// What a point's archive and contents should be.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The archive.
    pub archive: StoredObject,
    /// Its contents.
    pub contents: StoredObject,
    /// Where in the contents the segments begin.
    pub segments_at: u64,
    /// The tar inside the archive.
    pub plain: Plain,
    /// What is in it: no more is given out.
    pub totals: Totals,
}

impl Expected {
    /// What a manifest says.
    pub fn of(manifest: &Manifest) -> Self {
        let (archive, contents) = (manifest.archive.clone(), manifest.contents.clone());
        let Manifest { segments_at, plain, totals, .. } = *manifest;
        Self { archive, contents, segments_at, plain, totals }
    }
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

/// The pair before it is read.
pub(super) struct Pair<'a> {
    store: &'a dyn StoreRead,
    compute: &'a dyn Compute,
    expected: Expected,
    segments: Segments,
}

/// Brings the archive from the store while a [`Verified`] is read; to be awaited beside it.
pub(super) struct Supply<'p> {
    pair: &'p Pair<'p>,
    sender: mpsc::Sender<Unpacking>,
    parts: Option<Vec<Range<u64>>>,
}

impl<'a> Pair<'a> {
    pub(super) async fn open(
        store: &'a dyn StoreRead,
        compute: &'a dyn Compute,
        expected: Expected,
    ) -> Result<Pair<'a>, Fault> {
        let Expected { archive, contents, segments_at, plain, .. } = &expected;
        let segments = Segments::open(store, archive, contents, *segments_at, *plain).await?;
        Ok(Self { store, compute, expected, segments })
    }

    /// All of it, or the members that lie in these parts of the tar.
    pub(super) async fn read(&self, parts: Option<Vec<Range<u64>>>) -> Result<(Supply<'_>, Verified<'_>), Fault> {
        let (contents, header) = open_contents(self.store, &self.expected.contents).await?;
        // One segment is unpacked on each core, and some wait to be read, or for one before them that takes longer.
        let (sender, receiver) = mpsc::channel(self.compute.width() + 4);
        let of_tar = match &parts {
            None => Parts::All(self.segments.crc()),
            Some(parts) => Parts::Some(parts.clone().into_iter()),
        };
        let verified = Verified {
            pair: self,
            tar: TarStream::new(receiver, of_tar, self.segments.plain()),
            contents,
            header,
            whole: parts.is_none(),
            digests: Lane::new(self.compute, FileHasher::default(), check),
            open: None,
            last: None,
            totals: Totals::default(),
            unread: None,
        };
        Ok((Supply { pair: self, sender, parts }, verified))
    }

    pub(super) fn damaged(&self, answer: impl Into<String>) -> Fault {
        let place = self.store.place(&self.segments.archive().key);
        Fault::permanent(Cause::Invalid, format!("read {place}"), answer)
    }
}

impl Supply<'_> {
    pub(super) async fn run(self) -> Result<(), Fault> {
        let Pair { store, compute, segments, .. } = self.pair;
        match self.parts {
            None => segments.give_all(*store, *compute, self.sender).await,
            Some(parts) => segments.give_some(*store, *compute, &parts, self.sender).await,
        }
    }
}

/// What a file takes in a tar beside its content, and about what its path takes here. However small files are, what waits to be
/// digested keeps no more than a segment or two from being forgotten.
const FILE_BYTES: usize = 2048;

/// What is done with content beside.
enum Order {
    Data(Bytes),
    /// So many zeros.
    Zeros(u64),
    /// The file's digest is to be this.
    Check(PathBytes, FileDigest),
}

/// Digests content; answers the file whose digest is wrong.
fn check(hasher: &mut FileHasher, orders: Vec<Order>) -> Result<(), PathBytes> {
    for order in orders {
        match order {
            Order::Data(bytes) => hasher.update(&bytes),
            Order::Zeros(length) => hasher.zeros(length),
            Order::Check(path, digest) => {
                if hasher.finish() != digest {
                    return Err(path);
                }
            }
        }
    }
    Ok(())
}

/// The pair while it is read. When `next` has answered none and the supply has ended, everything was verified: sizes and digests
/// of both objects, the CRC-32, the tar's structure, each member and each file's digest. Of parts: the contents whole, and of
/// the archive each member and each file's digest.
pub(super) struct Verified<'p> {
    pair: &'p Pair<'p>,
    tar: TarStream,
    contents: ContentsStream<'p>,
    header: ContentsHeader,
    whole: bool,
    digests: Lane<'p, FileHasher, Order, Result<(), PathBytes>>,
    /// The member whose content comes, and what its digest is to be.
    open: Option<(PathBytes, Option<FileDigest>)>,
    last: Option<PathBytes>,
    totals: Totals,
    /// What is asked for, and what of it could not be read when it was backed up.
    unread: Option<(Chosen, Named)>,
}

impl Verified<'_> {
    /// The folders it is of.
    pub(super) fn roots(&self) -> &[PathBytes] {
        &self.header.roots
    }

    /// What was seen so far.
    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// From here on, remembers what the contents say could not be read, of what is chosen.
    pub(super) fn remember_unread(&mut self, chosen: Chosen) {
        self.unread = Some((chosen, Named::default()));
    }

    /// What was remembered.
    pub(super) fn unread(self) -> Named {
        self.unread.map(|(_, unread)| unread).unwrap_or_default()
    }

    /// Passes over a line that is of no member.
    fn skip(&mut self, line: &Line) {
        if let Some((chosen, unread)) = &mut self.unread
            && let Some((path, why)) = chosen.unread(line)
        {
            unread.push(path, why);
        }
    }

    /// The next event; none when all was verified.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Fault> {
        match self.event().await? {
            Some(TarEvent::Member { member, offset }) => self.member(member, offset).await.map(Some),
            Some(TarEvent::Data(bytes)) => {
                self.totals.bytes += bytes.len() as u64;
                self.check_totals()?;
                self.order(Order::Data(bytes.clone()), bytes.len()).await?;
                Ok(Some(Event::Data(bytes)))
            }
            Some(TarEvent::Hole(length)) => {
                self.order(Order::Zeros(length), usize::try_from(length).unwrap_or(usize::MAX)).await?;
                self.totals.bytes = self.totals.bytes.saturating_add(length);
                self.totals.holes = self.totals.holes.saturating_add(length);
                // Much of this may come with nothing to wait for: somebody may want to stop it.
                tokio::task::yield_now().await;
                Ok(Some(Event::Hole(length)))
            }
            Some(TarEvent::EndOfMember) => self.end_of_member().await.map(Some),
            Some(TarEvent::End) | None => self.end().await.map(|()| None),
        }
    }

    async fn event(&mut self) -> Result<Option<TarEvent>, Fault> {
        self.tar.next().await.map_err(|stop| match stop {
            Stop::Fault(fault) => fault,
            Stop::Archive(error) => self.damaged(error.to_string()),
        })
    }

    async fn order(&mut self, order: Order, weight: usize) -> Result<(), Fault> {
        match self.digests.push(order, weight).await? {
            Some(Err(path)) => Err(self.other_content(&path)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn other_content(&self, path: &PathBytes) -> Fault {
        self.damaged(format!("the content of {path} is not what was stored"))
    }

    async fn member(&mut self, member: Member, offset: u64) -> Result<Event, Fault> {
        let (listed, at, digest, flaw) = self.listed(&member, offset).await?;
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
        self.check_totals()?;
        if digest.is_some() != matches!(member.kind, MemberKind::File { .. }) {
            return Err(self.damaged(format!("{} has a digest and no content, or content and no digest", member.path)));
        }
        self.last = Some(member.path.clone());
        self.open = Some((member.path.clone(), digest));
        Ok(Event::Member(member, flaw))
    }

    /// The contents' entry for a member. Where parts are read, those before it are passed over.
    async fn listed(
        &mut self,
        member: &Member,
        offset: u64,
    ) -> Result<(Member, u64, Option<FileDigest>, Option<String>), Fault> {
        let whole = self.whole;
        loop {
            match self.contents.next_wanted(|glance| whole || glance.at >= offset).await? {
                // Its path is no text: it was read whole, and is passed over all the same.
                Some(Line::Entry(Entry::Stored { at, .. })) if !whole && at < offset => {}
                Some(Line::Entry(Entry::Stored { member, at, digest, flaw })) => return Ok((member, at, digest, flaw)),
                Some(line @ Line::Entry(Entry::Unread { .. } | Entry::NotStored { .. } | Entry::NotEntered { .. })) => {
                    self.skip(&line);
                }
                _ => return Err(self.damaged(format!("{} is not in the contents", member.path))),
            }
        }
    }

    /// The disk was held against what was said beforehand: more is not given out.
    fn check_totals(&self) -> Result<(), Fault> {
        match self.totals.within(&self.pair.expected.totals) {
            true => Ok(()),
            false => Err(self.damaged("it holds more than the manifest says")),
        }
    }

    async fn end_of_member(&mut self) -> Result<Event, Fault> {
        if let Some((path, Some(digest))) = self.open.take() {
            self.order(Order::Check(path, digest), FILE_BYTES).await?;
        }
        Ok(Event::EndOfMember)
    }

    async fn end(&mut self) -> Result<(), Fault> {
        while self.event().await?.is_some() {}
        self.all_digests().await?;
        let whole = self.whole;
        let trailer = loop {
            match self.contents.next_wanted(|_| whole).await? {
                Some(Line::Entry(Entry::Stored { member, .. })) if whole => {
                    return Err(self.damaged(format!("{} is missing", member.path)));
                }
                Some(Line::Trailer(trailer)) => break trailer,
                Some(line) => self.skip(&line),
                None => return Err(self.contents.object().damaged("the contents have no trailer")),
            }
        };
        self.check_trailer(&trailer)?;
        while self.contents.next().await?.is_some() {}
        self.contents.object().check_digest(self.pair.expected.contents.digest).await
    }

    async fn all_digests(&mut self) -> Result<(), Fault> {
        let fresh = Lane::new(self.pair.compute, FileHasher::default(), check);
        let (_, results) = std::mem::replace(&mut self.digests, fresh).finish().await?;
        let wrong = results.into_iter().find_map(Result::err);
        wrong.map_or(Ok(()), |path| Err(self.other_content(&path)))
    }

    fn check_trailer(&mut self, trailer: &ContentsTrailer) -> Result<(), Fault> {
        let expected = &self.pair.expected;
        if trailer.plain != expected.plain {
            return Err(self.damaged("the tar is not the one that was stored"));
        }
        if trailer.archive != expected.archive || (self.whole && trailer.totals != self.totals) {
            return Err(self.contents.object().damaged("the contents are of another archive"));
        }
        if expected.totals != trailer.totals {
            return Err(self.damaged("its totals are not what the manifest says"));
        }
        if self.contents.segments_at() != Some(expected.segments_at) {
            return Err(self.contents.object().damaged("the segments do not begin where the manifest says"));
        }
        Ok(())
    }

    pub(super) fn damaged(&self, answer: impl Into<String>) -> Fault {
        self.pair.damaged(answer)
    }
}
