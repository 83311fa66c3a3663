//! Packs folder trees into an archive, straight into the store, with the list of what is in it beside.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use tokio::sync::mpsc;

use super::Progress;
use super::first_names::FirstNames;
use super::listing::{Listed, Listing};
use super::object::{ContentsStream, ObjectStream};
use super::put::{Upload, passing};
use super::source::{ArchiveSink, Flaw, SourceFile, member};
use super::store_archive::{Stored, store_archive};
use super::verified::Expected;
use crate::archive::{Extent, MemberKind, Plain, Writer, ZipFrame};
use crate::catalog::{ContentsTrailer, Entry, Line, Named, Part, PointPlace, StoredObject, Totals};
use crate::observe::walk::{Visited, Walk, ordered_roots};
use crate::ports::{Cause, Certainty, Clock, Compute, EntryKind, Fault, Meta, PutMode, Scratch, StoreWrite, TreeRead};
use crate::primitives::{Compression, PathBytes};

/// What is packed, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRequest {
    /// Where the archive and the contents go. The point is this run's own.
    pub place: PointPlace,
    /// The folders, as absolute paths.
    pub roots: Vec<PathBytes>,
    /// Globs of what is left out ([`Walk::new`]).
    pub exclude: Vec<String>,
    /// Whether a source without any file is what is meant.
    pub allow_empty: bool,
    /// How the archive is compressed.
    pub compression: Compression,
}

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// When packing began.
    pub moment: Timestamp,
    /// The folders, in the archive's order.
    pub roots: Vec<PathBytes>,
    /// The archive.
    pub archive: StoredObject,
    /// The tar inside it.
    pub plain: Plain,
    /// The list of what is in it.
    pub contents: StoredObject,
    /// Where in the contents the segments begin.
    pub segments_at: u64,
    /// What is in it, in numbers.
    pub totals: Totals,
    /// What could not be read, or not to its end.
    pub unread: Named,
    /// What no archive holds: sockets, named pipes, devices.
    pub not_stored: Named,
    /// Files that changed while they were read.
    pub changed: Named,
}

impl Packed {
    /// Whether every file was read whole.
    pub fn clean(&self) -> bool {
        self.unread.count == 0 && self.changed.count == 0
    }

    /// What should be read back.
    pub fn expected(&self) -> Expected {
        let (archive, contents) = (self.archive.clone(), self.contents.clone());
        Expected { archive, contents, segments_at: self.segments_at, plain: self.plain, totals: self.totals }
    }
}

/// Packs the source into the store: the archive, then the contents, whose being there shows that the archive is whole.
/// Where the contents of this point are there already, an earlier try of the same run got that far, and what it made
/// is taken.
///
/// What cannot be read is named, not fatal; a root that is missing or no folder is, and so is a source without any file
/// where that is not what is meant.
///
/// # Errors
/// When the source is none, or the store refuses. Then no contents are there, and both uploads were thrown away as far
/// as the store let them; it may be tried again.
pub async fn pack(
    tree: &dyn TreeRead,
    store: &dyn StoreWrite,
    world: Beside<'_>,
    request: &PackRequest,
    progress: &Progress,
) -> Result<Packed, Fault> {
    let packed = match adopt(store, request).await {
        Ok(None) => pack_anew(tree, store, world, request, progress).await,
        Ok(Some(packed)) => Ok(packed),
        Err(fault) => Err(fault),
    };
    packed.map_err(passing)
}

/// What packing and recovering need beside a tree and a store.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// The time.
    pub clock: &'a dyn Clock,
    /// The processors.
    pub compute: &'a dyn Compute,
    /// Temporary tables.
    pub scratch: &'a dyn Scratch,
}

async fn pack_anew(
    tree: &dyn TreeRead,
    store: &dyn StoreWrite,
    world: Beside<'_>,
    request: &PackRequest,
    progress: &Progress,
) -> Result<Packed, Fault> {
    let walk = Walk::new(tree, &request.roots, &request.exclude)?;
    let mut archive = Upload::begin(store, &request.place.key(Part::Archive)).await?;
    let mut contents = match Upload::begin(store, &request.place.key(Part::Contents)).await {
        Ok(contents) => contents,
        Err(fault) => {
            archive.abort().await;
            return Err(fault);
        }
    };
    let packed = pack_into((&mut archive, &mut contents), tree, walk, world, request, progress).await;
    if packed.is_err() {
        archive.abort().await;
        contents.abort().await;
    }
    packed
}

/// Walks, and at the same time packs and stores what was found.
async fn pack_into<'a>(
    (archive, contents): (&mut Upload<'a>, &mut Upload<'a>),
    tree: &dyn TreeRead,
    walk: Walk<'_>,
    world: Beside<'_>,
    request: &PackRequest,
    progress: &Progress,
) -> Result<Packed, Fault> {
    let moment = world.clock.now();
    let method = request.compression.method();
    let frame = ZipFrame { name: request.place.tar_name(), at: moment, method };
    // One segment is packed on each core, one waits for it, and one for the store.
    let (sender, segments) = mpsc::channel(world.compute.width() + 1);
    let sink = ArchiveSink {
        writer: Writer::default(),
        segments: sender,
        compute: world.compute,
        compression: request.compression,
        listing: Listing::new(world.compute, ordered_roots(&request.roots)?, contents)?,
    };
    let walked = Packing::new(tree, world.scratch, request, sink, progress)?.pack(walk, request.allow_empty);
    let stored = store_archive(world.compute, &frame, archive, segments);
    let ((listed, found), stored) = tokio::try_join!(walked, stored)?;
    // The key holds this run's own point: only an earlier try of it can be there, which had no contents.
    archive.finish(PutMode::Replace, stored.archive).await?;
    finish_contents(listed, found, stored, moment, request).await
}

async fn finish_contents(
    listed: Listed<'_, '_>,
    found: Found,
    stored: Stored,
    moment: Timestamp,
    request: &PackRequest,
) -> Result<Packed, Fault> {
    let Found { roots, totals, unread, not_stored, changed } = found;
    let archive = StoredObject::new(request.place.key(Part::Archive), stored.archive);
    let trailer = ContentsTrailer { moment, totals, plain: stored.plain, archive, unread, not_stored, changed };
    let (upload, contents) = listed.end(&stored.segments, trailer.clone()).await?;
    upload.finish(PutMode::IfAbsent, contents.stored).await?;
    let object = StoredObject::new(request.place.key(Part::Contents), contents.stored);
    Ok(packed(trailer, roots, object, contents.segments_at))
}

/// What was found, in short.
#[derive(Default)]
struct Found {
    roots: Vec<PathBytes>,
    totals: Totals,
    unread: Named,
    not_stored: Named,
    changed: Named,
}

/// A packing that is under way.
struct Packing<'a, 'b> {
    tree: &'b dyn TreeRead,
    archive: ArchiveSink<'a, 'b>,
    progress: &'b Progress,
    found: Found,
    first_names: FirstNames,
}

impl<'a, 'b> Packing<'a, 'b> {
    fn new(
        tree: &'b dyn TreeRead,
        scratch: &dyn Scratch,
        request: &PackRequest,
        archive: ArchiveSink<'a, 'b>,
        progress: &'b Progress,
    ) -> Result<Self, Fault> {
        let found = Found { roots: ordered_roots(&request.roots)?, ..Found::default() };
        Ok(Self { tree, archive, progress, found, first_names: FirstNames::new(scratch.table()) })
    }

    /// Packs all that the walk finds. Ends the segments, so that whoever stores them knows that all came.
    async fn pack(mut self, walk: Walk<'_>, allow_empty: bool) -> Result<(Listed<'a, 'b>, Found), Fault> {
        self.walk(walk).await?;
        self.refuse_empty(allow_empty)?;
        Ok((self.archive.finish().await?, self.found))
    }

    async fn walk(&mut self, mut walk: Walk<'_>) -> Result<(), Fault> {
        while let Some(Visited { path, meta }) = walk.next().await? {
            match meta {
                Ok(meta) => self.visit(&path, &meta).await?,
                Err(fault) => self.unread(&path, fault).await?,
            }
        }
        Ok(())
    }

    async fn visit(&mut self, path: &PathBytes, meta: &Meta) -> Result<(), Fault> {
        self.progress.entry();
        match meta.kind {
            EntryKind::File => self.file(path, meta).await,
            EntryKind::Folder => {
                self.found.totals.folders += 1;
                self.plain(path, meta, MemberKind::Folder).await
            }
            EntryKind::Symlink => match self.tree.read_link(path).await {
                Ok(target) => {
                    self.found.totals.symlinks += 1;
                    self.plain(path, meta, MemberKind::Symlink { target }).await
                }
                Err(fault) => self.unread(path, fault).await,
            },
            EntryKind::Fifo => self.not_stored(path, "named pipe").await,
            EntryKind::Socket => self.not_stored(path, "socket").await,
            EntryKind::CharDevice => self.not_stored(path, "character device").await,
            EntryKind::BlockDevice => self.not_stored(path, "block device").await,
        }
    }

    /// A member without content.
    async fn plain(&mut self, path: &PathBytes, meta: &Meta, kind: MemberKind) -> Result<(), Fault> {
        let member = member(archive_path(path), meta, kind);
        let at = self.archive.member(&member).await?;
        self.archive.listing.entry(Entry::Stored { member, at, digest: None, flaw: None }).await
    }

    async fn file(&mut self, path: &PathBytes, listed: &Meta) -> Result<(), Fault> {
        if let Some(target) = self.first_names.of(listed).await? {
            self.found.totals.hard_links += 1;
            return self.plain(path, listed, MemberKind::HardLink { target }).await;
        }
        let file = match SourceFile::open(self.tree, path).await {
            Ok(file) => file,
            Err(fault) => return self.unread(path, fault).await,
        };
        let (meta, size) = (file.meta, file.size);
        let name = archive_path(path);
        let stored = file.store(name.clone(), &mut self.archive, self.progress).await?;
        self.found.totals.files += 1;
        self.found.totals.bytes = self.found.totals.bytes.saturating_add(size);
        match &stored.flaw {
            Some(Flaw::Unread(why)) => self.found.unread.push(path, why),
            Some(Flaw::Changed(why)) => self.found.changed.push(path, why),
            None => {}
        }
        let member = member(name.clone(), &meta, MemberKind::File { size });
        let flaw = stored.flaw.as_ref().map(|flaw| flaw.why().to_owned());
        self.archive.listing.file(Entry::Stored { member, at: stored.at, digest: None, flaw }).await?;
        if meta.links > 1 {
            self.first_names.stored(&meta, &name).await?;
        }
        Ok(())
    }

    async fn unread(&mut self, path: &PathBytes, fault: Fault) -> Result<(), Fault> {
        if fault.certainty == Certainty::Transient {
            return Err(fault);
        }
        self.found.unread.push(path, &fault.answer);
        self.archive.listing.entry(Entry::Unread { path: path.clone(), why: fault.answer }).await
    }

    async fn not_stored(&mut self, path: &PathBytes, kind: &str) -> Result<(), Fault> {
        self.found.not_stored.push(path, kind);
        self.archive.listing.entry(Entry::NotStored { path: path.clone(), kind: kind.to_owned() }).await
    }

    fn refuse_empty(&self, allow_empty: bool) -> Result<(), Fault> {
        if allow_empty || self.found.totals.files + self.found.totals.symlinks > 0 {
            return Ok(());
        }
        let why = match self.found.unread.count {
            0 => "there is no file in it".to_owned(),
            count => format!("none of its files could be read ({count} unreadable)"),
        };
        let roots: Vec<String> = self.found.roots.iter().map(ToString::to_string).collect();
        Err(Fault::permanent(Cause::Invalid, format!("pack {}", roots.join(", ")), why))
    }
}

/// A source's path as it is in an archive: without the leading `/`, as tars have it.
fn archive_path(path: &PathBytes) -> PathBytes {
    PathBytes::new(path.as_bytes().strip_prefix(b"/").unwrap_or(path.as_bytes()))
}

fn packed(trailer: ContentsTrailer, roots: Vec<PathBytes>, contents: StoredObject, segments_at: u64) -> Packed {
    let ContentsTrailer { moment, totals, plain, archive, unread, not_stored, changed } = trailer;
    Packed { moment, roots, archive, plain, contents, segments_at, totals, unread, not_stored, changed }
}

/// What an earlier try of the same run made, where it got as far as the contents.
async fn adopt(store: &dyn StoreWrite, request: &PackRequest) -> Result<Option<Packed>, Fault> {
    let key = request.place.key(Part::Contents);
    let Some(object) = store.head(&key).await? else { return Ok(None) };
    let mut contents = ContentsStream::new(ObjectStream::new(store, key.clone(), object.size));
    let (mut header, mut trailer) = (None, None);
    while let Some(line) = contents.next().await? {
        match line {
            Line::Header(line) => header = Some(line),
            Line::Trailer(line) => trailer = Some(line),
            Line::Entry(_) | Line::Segments(_) => {}
        }
    }
    let (Some(header), Some(trailer), Some(segments_at)) = (header, trailer, contents.segments_at()) else {
        return Err(contents.object().damaged("the contents are cut short"));
    };
    if trailer.archive.key != request.place.key(Part::Archive) || header.roots != ordered_roots(&request.roots)? {
        return Err(contents.object().damaged("the contents are of something else"));
    }
    ObjectStream::open(store, &trailer.archive).await?;
    // Whoever made them may have died before they were durable.
    store.settle(&trailer.archive.key).await?;
    store.settle(&key).await?;
    let extent = Extent { size: object.size, digest: contents.object().digest() };
    Ok(Some(packed(*trailer, header.roots, StoredObject::new(key, extent), segments_at)))
}
