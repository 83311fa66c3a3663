//! Packs folder trees into an archive, straight into the store, with the list of what is in it beside.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Progress;
use super::first_names::FirstNames;
use super::object::{ContentsStream, ObjectStream};
use super::owners::Owners;
use super::put::{Upload, passing};
use super::source::{ArchiveSink, Flaw, SourceFile, malformed, member, readable};
use crate::archive::{Extent, MemberKind, Writer};
use crate::catalog::{
    CatalogError, ContentsTrailer, ContentsWriter, Entry, Line, Named, Part, PointPlace, StoredObject, Totals,
};
use crate::observe::walk::{Visited, Walk, Wanted, mounted, ordered_roots};
use crate::ports::{
    Cause, Certainty, Clock, EntryKind, Fault, Meta, PutMode, ReadXattrs, Scratch, StoreWrite, TreeRead,
};
use crate::primitives::PathBytes;

/// What is packed, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRequest {
    /// Where the archive and the contents go. The point is this run's own.
    pub place: PointPlace,
    /// The folders, as absolute paths.
    pub roots: Vec<PathBytes>,
    /// Globs of what is left out ([`Wanted`]).
    pub exclude: Vec<String>,
    /// Whether a source without any file is what is meant.
    pub allow_empty: bool,
    /// Whether other file systems that are mounted below the roots are left out.
    pub one_file_system: bool,
}

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// When packing began.
    pub moment: Timestamp,
    /// The folders, in the archive's order.
    pub roots: Vec<PathBytes>,
    /// Those of them that were mount points; none where that was not looked at.
    #[serde(default)]
    pub mounted_roots: Option<Vec<PathBytes>>,
    /// The archive.
    pub archive: StoredObject,
    /// The tar inside it.
    pub plain: Extent,
    /// The list of what is in it.
    pub contents: StoredObject,
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
    scratch: &dyn Scratch,
    store: &dyn StoreWrite,
    clock: &dyn Clock,
    request: &PackRequest,
    progress: &Progress,
) -> Result<Packed, Fault> {
    let packed = match adopt(store, request).await {
        Ok(None) => pack_anew(tree, scratch, store, clock, request, progress).await,
        Ok(Some(packed)) => Ok(packed),
        Err(fault) => Err(fault),
    };
    packed.map_err(passing)
}

async fn pack_anew(
    tree: &dyn TreeRead,
    scratch: &dyn Scratch,
    store: &dyn StoreWrite,
    clock: &dyn Clock,
    request: &PackRequest,
    progress: &Progress,
) -> Result<Packed, Fault> {
    let PackRequest { roots, exclude, one_file_system, .. } = request;
    let walk = Walk::new(tree, Wanted { roots, exclude, one_file_system: *one_file_system })?;
    let roots = ordered_roots(roots)?;
    let mounted = mounted(tree, &roots).await?;
    let moment = clock.now();
    let mut archive = Upload::begin(store, &request.place.key(Part::Archive)).await?;
    let mut contents = match Upload::begin(store, &request.place.key(Part::Contents)).await {
        Ok(contents) => contents,
        Err(fault) => {
            archive.abort().await;
            return Err(fault);
        }
    };
    let packed = async {
        let mut packing =
            Packing::new((tree, scratch), request, moment, (&mut archive, &mut contents), progress, (roots, mounted))?;
        packing.walk(walk).await?;
        packing.refuse_empty(request.allow_empty)?;
        packing.finish(request).await
    }
    .await;
    if packed.is_err() {
        archive.abort().await;
        contents.abort().await;
    }
    packed
}

/// A packing that is under way.
struct Packing<'a, 'b> {
    tree: &'b dyn TreeRead,
    archive: ArchiveSink<'a, 'b>,
    contents: ContentsWriter,
    contents_upload: &'b mut Upload<'a>,
    progress: &'b Progress,
    moment: Timestamp,
    roots: Vec<PathBytes>,
    mounted: Vec<PathBytes>,
    totals: Totals,
    unread: Named,
    not_stored: Named,
    changed: Named,
    not_entered: Named,
    first_names: FirstNames,
    owners: Owners<'b>,
}

impl<'a, 'b> Packing<'a, 'b> {
    fn new(
        (tree, scratch): (&'b dyn TreeRead, &dyn Scratch),
        request: &PackRequest,
        moment: Timestamp,
        (archive, contents): (&'b mut Upload<'a>, &'b mut Upload<'a>),
        progress: &'b Progress,
        (roots, mounted): (Vec<PathBytes>, Vec<PathBytes>),
    ) -> Result<Self, Fault> {
        let writer = Writer::new(&request.place.tar_name(), moment).map_err(malformed)?;
        Ok(Self {
            tree,
            archive: ArchiveSink { writer, upload: archive },
            contents: ContentsWriter::new(roots.clone(), Some(mounted.clone())).map_err(unlisted)?,
            contents_upload: contents,
            progress,
            moment,
            roots,
            mounted,
            totals: Totals::default(),
            unread: Named::default(),
            not_stored: Named::default(),
            changed: Named::default(),
            not_entered: Named::default(),
            first_names: FirstNames::new(scratch.table()),
            owners: Owners::new(tree),
        })
    }

    async fn walk(&mut self, mut walk: Walk<'_>) -> Result<(), Fault> {
        while let Some(Visited { path, meta, not_entered }) = walk.next().await? {
            match meta {
                Ok(meta) => self.visit(&path, &meta).await?,
                Err(fault) => self.unread(&path, fault)?,
            }
            if not_entered {
                self.not_entered.push(&path, "another file system");
                self.entry(Entry::NotEntered { path })?;
            }
            self.archive.drain().await?;
            if self.contents.waiting() > 0 {
                let made = self.contents.take();
                self.contents_upload.push(&made).await?;
            }
        }
        Ok(())
    }

    async fn visit(&mut self, path: &PathBytes, meta: &Meta) -> Result<(), Fault> {
        self.progress.entry();
        match meta.kind {
            EntryKind::File => self.file(path, meta).await,
            EntryKind::Folder => {
                self.totals.folders += 1;
                let read = self.tree.xattrs(path).await;
                self.plain(path, meta, MemberKind::Folder, read).await
            }
            EntryKind::Symlink => match self.tree.read_link(path).await {
                Ok(target) => {
                    self.totals.symlinks += 1;
                    let read = self.tree.xattrs(path).await;
                    self.plain(path, meta, MemberKind::Symlink { target }, read).await
                }
                Err(fault) => self.unread(path, fault),
            },
            EntryKind::Fifo => self.not_stored(path, "named pipe"),
            EntryKind::Socket => self.not_stored(path, "socket"),
            EntryKind::CharDevice => self.not_stored(path, "character device"),
            EntryKind::BlockDevice => self.not_stored(path, "block device"),
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
        let at = self.archive.member(&member)?;
        let flaw = self.flawed(path, flaw);
        self.entry(Entry::Stored { member, at, digest: None, flaw })
    }

    /// Names a flaw, and answers its words.
    fn flawed(&mut self, path: &PathBytes, flaw: Option<Flaw>) -> Option<String> {
        let flaw = flaw?;
        match &flaw {
            Flaw::Unread(why) => self.unread.push(path, why),
            Flaw::Changed(why) => self.changed.push(path, why),
        }
        Some(flaw.why().to_owned())
    }

    async fn file(&mut self, path: &PathBytes, listed: &Meta) -> Result<(), Fault> {
        if let Some(target) = self.first_names.of(listed).await? {
            self.totals.hard_links += 1;
            // Its attributes are the file's, and stored with it.
            return self.plain(path, listed, MemberKind::HardLink { target }, Ok(ReadXattrs::default())).await;
        }
        let file = match SourceFile::open(self.tree, path).await {
            Ok(file) => file,
            Err(fault) => return self.unread(path, fault),
        };
        let meta = file.meta;
        let name = archive_path(path);
        let stored = file.store(name.clone(), &mut self.owners, &mut self.archive, self.progress).await?;
        self.totals.files += 1;
        if let MemberKind::File { size, sparse } = stored.member.kind {
            self.totals.bytes = self.totals.bytes.saturating_add(size);
            let holes = sparse.map_or(0, |sparse| sparse.holes);
            self.totals.holes = self.totals.holes.saturating_add(holes);
        }
        let flaw = self.flawed(path, stored.flaw);
        self.entry(Entry::Stored { member: stored.member, at: stored.at, digest: Some(stored.digest), flaw })?;
        if meta.links > 1 {
            self.first_names.stored(&meta, &name).await?;
        }
        Ok(())
    }

    fn unread(&mut self, path: &PathBytes, fault: Fault) -> Result<(), Fault> {
        if fault.certainty == Certainty::Transient {
            return Err(fault);
        }
        self.unread.push(path, &fault.answer);
        self.entry(Entry::Unread { path: path.clone(), why: fault.answer })
    }

    fn not_stored(&mut self, path: &PathBytes, kind: &str) -> Result<(), Fault> {
        self.not_stored.push(path, kind);
        self.entry(Entry::NotStored { path: path.clone(), kind: kind.to_owned() })
    }

    fn entry(&mut self, entry: Entry) -> Result<(), Fault> {
        self.contents.entry(entry).map_err(unlisted)
    }

    fn refuse_empty(&self, allow_empty: bool) -> Result<(), Fault> {
        if allow_empty || self.totals.files + self.totals.symlinks > 0 {
            return Ok(());
        }
        let why = match self.unread.count {
            0 => "there is no file in it".to_owned(),
            count => format!("none of its files could be read ({count} unreadable)"),
        };
        let roots: Vec<String> = self.roots.iter().map(ToString::to_string).collect();
        Err(Fault::permanent(Cause::Invalid, format!("pack {}", roots.join(", ")), why))
    }

    async fn finish(self, request: &PackRequest) -> Result<Packed, Fault> {
        let ArchiveSink { writer, upload } = self.archive;
        let archive = writer.finish().map_err(malformed)?;
        upload.push(&archive.rest).await?;
        // The key holds this run's own point: only an earlier try of it can be there, which had no contents.
        upload.finish(PutMode::Replace, archive.stored).await?;
        let trailer = ContentsTrailer {
            moment: self.moment,
            totals: self.totals,
            plain: archive.plain,
            archive: StoredObject::new(request.place.key(Part::Archive), archive.stored),
            unread: self.unread,
            not_stored: self.not_stored,
            changed: self.changed,
            not_entered: self.not_entered,
        };
        let contents = self.contents.finish(trailer.clone()).map_err(unlisted)?;
        self.contents_upload.push(&contents.rest).await?;
        self.contents_upload.finish(PutMode::IfAbsent, contents.stored).await?;
        let contents = StoredObject::new(request.place.key(Part::Contents), contents.stored);
        Ok(packed(trailer, (self.roots, Some(self.mounted)), contents))
    }
}

/// A source's path as it is in an archive: without the leading `/`, as tars have it.
fn archive_path(path: &PathBytes) -> PathBytes {
    PathBytes::new(path.as_bytes().strip_prefix(b"/").unwrap_or(path.as_bytes()))
}

fn unlisted(error: CatalogError) -> Fault {
    Fault::permanent(Cause::Invalid, "write the contents", error.to_string())
}

fn packed(
    trailer: ContentsTrailer,
    (roots, mounted_roots): (Vec<PathBytes>, Option<Vec<PathBytes>>),
    contents: StoredObject,
) -> Packed {
    let ContentsTrailer { moment, totals, plain, archive, unread, not_stored, changed, not_entered } = trailer;
    Packed { moment, roots, mounted_roots, archive, plain, contents, totals, unread, not_stored, changed, not_entered }
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
            Line::Entry(_) => {}
        }
    }
    let (Some(header), Some(trailer)) = (header, trailer) else {
        return Err(contents.object().damaged("the contents are cut short"));
    };
    if trailer.archive.key != request.place.key(Part::Archive) || header.roots != ordered_roots(&request.roots)? {
        return Err(contents.object().damaged("the contents are of something else"));
    }
    ObjectStream::open(store, &trailer.archive).await?;
    let extent = Extent { size: object.size, digest: contents.object().digest() };
    Ok(Some(packed(*trailer, (header.roots, header.mounted_roots), StoredObject::new(key, extent))))
}
