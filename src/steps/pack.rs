//! Packs folder trees into an archive, straight into the store, with the list of what is in it beside.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use tokio::sync::mpsc;

use super::Progress;
use super::first_names::FirstNames;
use super::listing::{Listed, Listing};
use super::object::{ContentsStream, ObjectStream};
use super::owners::Owners;
use super::patience::Patience;
use super::put::Upload;
use super::read_ahead::{Ahead, read_ahead};
use super::source::{ArchiveSink, Flaw, SourceFile, member, readable};
use super::store_archive::{Stored, store_archive};
use super::verified::Expected;
use crate::archive::{Extent, MemberKind, PATH_BYTES_MAX, Packers, Plain, Writer, ZipFrame};
use crate::catalog::{ContentsHeader, ContentsTrailer, Entry, Line, Named, Part, PointPlace, StoredObject, Totals};
use crate::observe;
use crate::observe::walk::{Visited, Walk, Wanted, ordered_roots};
use crate::ports::{
    Cause, Clock, Compute, EntryKind, Fault, FileRead, Meta, PutMode, ReadXattrs, Scratch, StoreWrite, TreeRead,
};
use crate::primitives::{Compression, PathBytes};

/// What is packed, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRequest {
    /// Where the archive and the contents go. The point is this run's own.
    pub place: PointPlace,
    /// The folders, as absolute paths.
    pub roots: Vec<PathBytes>,
    /// Those of them that are mount points; where one is none any more, its disk is gone.
    pub mounts: Vec<PathBytes>,
    /// Globs of what is left out ([`Wanted`]).
    pub exclude: Vec<String>,
    /// Whether a source without any file is what is meant.
    pub allow_empty: bool,
    /// Whether other file systems that are mounted below the roots are left out.
    pub one_file_system: bool,
    /// How the archive is compressed.
    pub compression: Compression,
}

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Packed {
    /// When packing began.
    pub moment: Timestamp,
    /// The folders, in the archive's order.
    pub roots: Vec<PathBytes>,
    /// Those of them that were mount points.
    #[serde(default)]
    pub mounts: Vec<PathBytes>,
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
    /// Mount points that were not entered.
    #[serde(default)]
    pub not_entered: Named,
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
/// What cannot be read is named, not fatal; what is busy is tried a few times before. A root that is missing or no folder is, and so is a source without any file
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
    packed.map(|packed| Packed { mounts: request.mounts.clone(), ..packed }).map_err(Fault::passing)
}

/// Packing may take long, and a disk may go meanwhile: what was read below its folder then is not what is meant.
async fn still_mounted(tree: &dyn TreeRead, mounts: &[PathBytes]) -> Result<(), Fault> {
    for root in mounts {
        if !observe::is_mount(tree, root).await? {
            let answer = "it was a mount point when the source was looked at, and is none now: was it unmounted?";
            return Err(Fault::permanent(Cause::NotFound, format!("pack {root}"), answer));
        }
    }
    Ok(())
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
    still_mounted(tree, &request.mounts).await?;
    let PackRequest { roots, exclude, one_file_system, .. } = request;
    let walk = Walk::new(tree, Wanted { roots, exclude, one_file_system: *one_file_system })?;
    let header = ContentsHeader::new(ordered_roots(roots)?);
    let mut archive = Upload::new(store, request.place.key(Part::Archive));
    let mut contents = Upload::new(store, request.place.key(Part::Contents));
    let packed = pack_into((&mut archive, &mut contents), tree, (walk, header), world, request, progress).await;
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
    (walk, header): (Walk<'_>, ContentsHeader),
    world: Beside<'_>,
    request: &PackRequest,
    progress: &Progress,
) -> Result<Packed, Fault> {
    let moment = world.clock.now();
    let method = request.compression.method();
    let frame = ZipFrame { name: request.place.tar_name(), at: moment, method };
    // One segment is packed on each core, and as many wait for a core, or for one before them that takes longer.
    let (sender, segments) = mpsc::channel(2 * world.compute.width() + 2);
    let sink = ArchiveSink {
        writer: Writer::default(),
        segments: sender,
        compute: world.compute,
        packers: Arc::new(Packers::new(request.compression)),
        listing: Listing::new(world.compute, header.clone(), contents)?,
    };
    let packing = Packing::new((tree, world.scratch), header, sink, progress);
    let stored = store_archive(world.compute, &frame, archive, segments);
    let ((listed, found), stored) = tokio::try_join!(packing.pack(walk, request.allow_empty), stored)?;
    still_mounted(tree, &request.mounts).await?;
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
    let Found { header, totals, unread, not_stored, changed, not_entered } = found;
    let archive = StoredObject::new(request.place.key(Part::Archive), stored.archive);
    let plain = stored.plain;
    let trailer = ContentsTrailer { moment, totals, plain, archive, unread, not_stored, changed, not_entered };
    let (upload, contents) = listed.end(&stored.segments, trailer.clone()).await?;
    upload.finish(PutMode::IfAbsent, contents.stored).await?;
    let object = StoredObject::new(request.place.key(Part::Contents), contents.stored);
    Ok(packed(trailer, header, object, contents.segments_at))
}

/// What was found, in short.
struct Found {
    header: ContentsHeader,
    totals: Totals,
    unread: Named,
    not_stored: Named,
    changed: Named,
    not_entered: Named,
}

/// A file that was opened ahead, or why it could not be.
type Opened = Option<Result<Box<dyn FileRead>, Fault>>;

/// A packing that is under way.
struct Packing<'a, 'b> {
    tree: &'b dyn TreeRead,
    archive: ArchiveSink<'a, 'b>,
    progress: &'b Progress,
    found: Found,
    first_names: FirstNames,
    owners: Owners<'b>,
    patience: Patience,
}

impl<'a, 'b> Packing<'a, 'b> {
    fn new(
        (tree, scratch): (&'b dyn TreeRead, &dyn Scratch),
        header: ContentsHeader,
        archive: ArchiveSink<'a, 'b>,
        progress: &'b Progress,
    ) -> Self {
        let found = Found {
            header,
            totals: Totals::default(),
            unread: Named::default(),
            not_stored: Named::default(),
            changed: Named::default(),
            not_entered: Named::default(),
        };
        let first_names = FirstNames::new(scratch.table());
        let (owners, patience) = (Owners::new(tree), Patience::default());
        Self { tree, archive, progress, found, first_names, owners, patience }
    }

    /// Packs all that the walk finds. Ends the segments, so that whoever stores them knows that all came.
    async fn pack(mut self, walk: Walk<'_>, allow_empty: bool) -> Result<(Listed<'a, 'b>, Found), Fault> {
        self.walk(walk).await?;
        self.refuse_empty(allow_empty)?;
        Ok((self.archive.finish().await?, self.found))
    }

    async fn walk(&mut self, mut walk: Walk<'_>) -> Result<(), Fault> {
        let tree = self.tree;
        let mut found = read_ahead(tree, &mut walk).await?;
        while !found.is_empty() {
            let ((), next) = tokio::try_join!(self.pack_found(found), read_ahead(tree, &mut walk))?;
            found = next;
        }
        Ok(())
    }

    async fn pack_found(&mut self, found: Vec<Ahead>) -> Result<(), Fault> {
        for Ahead { visited: Visited { path, meta, not_entered }, opened } in found {
            match meta {
                Ok(meta) => self.visit(&path, &meta, opened).await?,
                Err(fault) => self.unread(&path, fault).await?,
            }
            if not_entered {
                self.found.not_entered.push(&path, "another file system");
                self.archive.listing.entry(Entry::NotEntered { path }).await?;
            }
        }
        Ok(())
    }

    async fn visit(&mut self, path: &PathBytes, meta: &Meta, opened: Opened) -> Result<(), Fault> {
        self.progress.entry();
        if path.as_bytes().len() > PATH_BYTES_MAX {
            let answer = format!("its path has more than {PATH_BYTES_MAX} bytes, and is not stored");
            return self.unread(path, Fault::permanent(Cause::Invalid, "write the archive", answer)).await;
        }
        match meta.kind {
            EntryKind::File => self.file(path, meta, opened).await,
            EntryKind::Folder => {
                self.found.totals.folders += 1;
                let read = self.tree.xattrs(path).await;
                self.plain(path, meta, MemberKind::Folder, read).await
            }
            EntryKind::Symlink => match self.tree.read_link(path).await {
                Ok(target) => {
                    self.found.totals.symlinks += 1;
                    let read = self.tree.xattrs(path).await;
                    self.plain(path, meta, MemberKind::Symlink { target }, read).await
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
    async fn plain(
        &mut self,
        path: &PathBytes,
        meta: &Meta,
        kind: MemberKind,
        read: Result<ReadXattrs, Fault>,
    ) -> Result<(), Fault> {
        let (xattrs, flaw) = readable(read)?;
        let member = member(archive_path(path), meta, kind, xattrs, &mut self.owners).await;
        let at = self.archive.member(&member).await?;
        let flaw = self.flawed(path, flaw);
        self.archive.listing.entry(Entry::Stored { member, at, digest: None, flaw }).await
    }

    /// Names a flaw, and answers its words.
    fn flawed(&mut self, path: &PathBytes, flaw: Option<Flaw>) -> Option<String> {
        let flaw = flaw?;
        match &flaw {
            Flaw::Unread(why) => self.found.unread.push(path, why),
            Flaw::Changed(why) => self.found.changed.push(path, why),
        }
        Some(flaw.why().to_owned())
    }

    async fn file(&mut self, path: &PathBytes, listed: &Meta, opened: Opened) -> Result<(), Fault> {
        if let Some(target) = self.first_names.of(listed).await? {
            self.found.totals.hard_links += 1;
            // Its attributes are the file's, and stored with it.
            return self.plain(path, listed, MemberKind::HardLink { target }, Ok(ReadXattrs::default())).await;
        }
        let file = match self.open(path, opened).await {
            Ok(file) => file,
            Err(fault) => return self.unread(path, fault).await,
        };
        let meta = file.meta;
        let name = archive_path(path);
        let with = (&mut self.owners, &mut self.patience);
        let stored = file.store(name.clone(), with, &mut self.archive, self.progress).await?;
        self.found.totals.files += 1;
        if let MemberKind::File { size, sparse } = stored.member.kind {
            self.found.totals.bytes = self.found.totals.bytes.saturating_add(size);
            let holes = sparse.map_or(0, |sparse| sparse.holes);
            self.found.totals.holes = self.found.totals.holes.saturating_add(holes);
        }
        let flaw = self.flawed(path, stored.flaw);
        self.archive.listing.file(Entry::Stored { member: stored.member, at: stored.at, digest: None, flaw }).await?;
        if meta.links > 1 {
            self.first_names.stored(&meta, &name).await?;
        }
        Ok(())
    }

    /// The file, open; one that is busy is tried again.
    async fn open(&mut self, path: &PathBytes, mut opened: Opened) -> Result<SourceFile, Fault> {
        let mut tries = 0;
        loop {
            let opened = match opened.take() {
                Some(opened) => opened,
                None => self.tree.open(path).await,
            };
            let file = match opened {
                Ok(reader) => SourceFile::new(reader).await,
                Err(fault) => Err(fault),
            };
            tries += 1;
            match file {
                Err(fault) if self.patience.again(tries, &fault).await => {}
                answer => return answer,
            }
        }
    }

    async fn unread(&mut self, path: &PathBytes, fault: Fault) -> Result<(), Fault> {
        if fault.is_general() {
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
        let roots: Vec<String> = self.found.header.roots.iter().map(ToString::to_string).collect();
        Err(Fault::permanent(Cause::Invalid, format!("pack {}", roots.join(", ")), why))
    }
}

/// A source's path as it is in an archive: without the leading `/`, as tars have it.
fn archive_path(path: &PathBytes) -> PathBytes {
    PathBytes::new(path.as_bytes().strip_prefix(b"/").unwrap_or(path.as_bytes()))
}

fn packed(trailer: ContentsTrailer, header: ContentsHeader, contents: StoredObject, segments_at: u64) -> Packed {
    let ContentsTrailer { moment, totals, plain, archive, unread, not_stored, changed, not_entered } = trailer;
    Packed {
        moment,
        roots: header.roots,
        mounts: vec![],
        archive,
        plain,
        contents,
        segments_at,
        totals,
        unread,
        not_stored,
        changed,
        not_entered,
    }
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
    Ok(Some(packed(*trailer, header, StoredObject::new(key, extent), segments_at)))
}
