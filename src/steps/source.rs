//! Reads one file of the source into an archive.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::Progress;
use super::beside::start;
use super::listing::{Listed, Listing};
use super::owners::Owners;
use super::patience::Patience;
use super::store_archive::OnTheWay;
use crate::archive::{
    ArchiveError, HOLE_BYTES_MAX, Member, MemberKind, Packers, SEGMENTS_MAX, Segment, Sparse, Writer, sparse_map,
};
use crate::ports::{Cause, Compute, Fault, FileRead, Meta, ReadXattrs};
use crate::primitives::{DataSegment, PathBytes, Xattrs};

/// Read at once.
const READ_BYTES: usize = 1024 * 1024;
/// What is held of a file that says it has no bytes and has some, as those of /proc (proc(5)) and of some FUSE file systems do:
/// a tar wants the size first. Such files are small; of a longer one this much is stored.
const SIZELESS_BYTES_MAX: usize = 1024 * 1024;
/// Holes that are less than this together are stored as zeros: the pax records and the map of a sparse file take up to 2 KiB
/// more, and readers that do not know of holes get the file as it is.
const HOLE_BYTES_MIN: u64 = 64 * 1024;
/// What stands for content that could not be read.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// An archive that is being written: its segments go on their way to be packed and stored, and what is in it to be listed.
pub(super) struct ArchiveSink<'a, 'b> {
    pub(super) writer: Writer,
    pub(super) segments: mpsc::Sender<OnTheWay>,
    pub(super) compute: &'b dyn Compute,
    pub(super) packers: Arc<Packers>,
    pub(super) listing: Listing<'a, 'b>,
}

impl<'a, 'b> ArchiveSink<'a, 'b> {
    /// Adds a member without content.
    pub(super) async fn member(&mut self, member: &Member) -> Result<u64, Fault> {
        let at = self.writer.entry(member).map_err(malformed)?;
        self.writer.end_entry().map_err(malformed)?;
        self.send_whole().await?;
        Ok(at)
    }

    /// The next bytes of the open member.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.writer.data(bytes).map_err(malformed)?;
        self.send_whole().await
    }

    /// Sends segments that are whole on their way; waits where enough are.
    async fn send_whole(&mut self) -> Result<(), Fault> {
        while let Some(segment) = self.writer.segment() {
            send(&self.segments, self.compute, &self.packers, segment).await?;
        }
        Ok(())
    }

    /// Ends the tar, and lists what is left to be listed.
    pub(super) async fn finish(self) -> Result<Listed<'a, 'b>, Fault> {
        let (rest, _) = self.writer.finish().map_err(malformed)?;
        for segment in rest {
            send(&self.segments, self.compute, &self.packers, segment).await?;
        }
        self.listing.all_listed().await
    }
}

async fn send(
    segments: &mpsc::Sender<OnTheWay>,
    compute: &dyn Compute,
    packers: &Arc<Packers>,
    segment: Segment,
) -> Result<(), Fault> {
    // A place first, then the work: no more is packed ahead than may wait.
    let place = segments.reserve().await;
    let place = place.map_err(|_| Fault::permanent(Cause::Other, "store the archive", "it was given up"))?;
    let packers = packers.clone();
    place.send(start(compute, move || packers.pack(segment)));
    Ok(())
}

/// The content of a file on its way into an archive. It is digested as the file has it, holes as the zeros that they are.
struct Content<'s, 'a, 'b> {
    sink: &'s mut ArchiveSink<'a, 'b>,
    progress: &'s Progress,
    patience: &'s mut Patience,
    /// What of it was given to be digested.
    position: u64,
}

impl Content<'_, '_, '_> {
    async fn data(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.progress.bytes(bytes.len() as u64);
        self.position += bytes.len() as u64;
        self.sink.write(&bytes).await?;
        self.sink.listing.data(bytes).await
    }

    /// Zeros up to a place, of which nothing is stored.
    async fn hole(&mut self, until: u64) -> Result<(), Fault> {
        while self.position < until {
            let length = (until - self.position).min(HOLE_BYTES_MAX);
            self.progress.bytes(length);
            self.position += length;
            self.sink.listing.zeros(length).await?;
            // A hole can be long, and somebody may want to stop this.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Zeros for what the file lacks, and for its last hole.
    async fn fill(mut self, size: u64) -> Result<(), Fault> {
        while self.sink.writer.lacking() > 0 {
            self.sink.write(&ZEROS).await?;
        }
        self.hole(size).await
    }
}

/// What the archive refuses of a source.
pub(super) fn malformed(error: ArchiveError) -> Fault {
    Fault::permanent(Cause::Invalid, "write the archive", error.to_string())
}

/// A file that is open, as it was then.
pub(super) struct SourceFile {
    reader: Box<dyn FileRead>,
    pub(super) meta: Meta,
    /// What it is stored with: what it said, but for a file that said nothing.
    pub(super) size: u64,
    /// Read before the size was known.
    ahead: Bytes,
}

/// A file that was stored.
pub(super) struct StoredFile {
    pub(super) member: Member,
    /// Where it begins in the tar.
    pub(super) at: u64,
    pub(super) flaw: Option<Flaw>,
}

/// Why what was stored is not the file as it was at one moment.
pub(super) enum Flaw {
    /// It could not be read to its end, and zeros stand for the rest; or some of its attributes could not be read.
    Unread(String),
    /// It changed while it was read.
    Changed(String),
}

impl Flaw {
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Unread(why) | Self::Changed(why) => why,
        }
    }
}

impl SourceFile {
    /// A file that is open.
    pub(super) async fn new(mut reader: Box<dyn FileRead>) -> Result<Self, Fault> {
        let meta = reader.opened();
        let ahead = if meta.size == 0 { sizeless(&mut *reader).await? } else { Bytes::new() };
        let size = meta.size.max(ahead.len() as u64);
        Ok(Self { reader, meta, size, ahead })
    }

    /// Stores it with the size it had when it was opened: what is behind is left, what is missing becomes zeros, holes stay holes.
    pub(super) async fn store(
        mut self,
        path: PathBytes,
        (owners, patience): (&mut Owners<'_>, &mut Patience),
        sink: &mut ArchiveSink<'_, '_>,
        progress: &Progress,
    ) -> Result<StoredFile, Fault> {
        let (xattrs, lost) = readable(self.reader.xattrs().await)?;
        let size = self.size;
        let segments = self.segments().await?;
        let sparse = segments.as_ref().map(|(segments, map)| {
            let data = DataSegment::total(segments);
            Sparse { stored: map.len() as u64 + data, holes: size.saturating_sub(data) }
        });
        let member = member(path, &self.meta, MemberKind::File { size, sparse }, xattrs, owners).await;
        let at = sink.writer.entry(&member).map_err(malformed)?;
        let mut content = Content { sink, progress, patience: &mut *patience, position: 0 };
        let mut flaw = match segments {
            None => self.stretch(size, &mut content).await?,
            Some((segments, map)) => self.sparse(&segments, &map, &mut content).await?,
        };
        content.fill(size).await?;
        sink.writer.end_entry().map_err(malformed)?;
        sink.send_whole().await?;
        if flaw.is_none() {
            flaw = self.changed().await;
        }
        if flaw.is_none() {
            flaw = self.goes_on(patience).await?;
        }
        Ok(StoredFile { member, at, flaw: flaw.or(lost) })
    }

    /// Where it holds data, and the map that says so; none where it is stored in one piece, as its holes are worth nothing.
    async fn segments(&mut self) -> Result<Option<(Vec<DataSegment>, Vec<u8>)>, Fault> {
        if self.meta.allocated.saturating_add(HOLE_BYTES_MIN) > self.meta.size {
            return Ok(None);
        }
        // One more says where it ends.
        let segments = match self.reader.segments(SEGMENTS_MAX - 1).await {
            Ok(segments) => segments,
            Err(fault) if fault.is_general() => return Err(fault),
            // Then it is read from its beginning to its end, which says what is wrong with it.
            Err(_) => return Ok(None),
        };
        let holes = self.size.saturating_sub(DataSegment::total(&segments));
        let map = sparse_map(&segments, self.size);
        Ok((holes >= HOLE_BYTES_MIN).then_some((segments, map)))
    }

    async fn sparse(
        &mut self,
        segments: &[DataSegment],
        map: &[u8],
        content: &mut Content<'_, '_, '_>,
    ) -> Result<Option<Flaw>, Fault> {
        content.sink.write(map).await?;
        for segment in segments {
            content.hole(segment.offset).await?;
            self.reader.seek(segment.offset);
            let flaw = self.stretch(segment.length, content).await?;
            if flaw.is_some() {
                return Ok(flaw);
            }
        }
        self.reader.seek(self.size);
        Ok(None)
    }

    /// Stores the next bytes.
    async fn stretch(&mut self, length: u64, content: &mut Content<'_, '_, '_>) -> Result<Option<Flaw>, Fault> {
        let end = content.position.saturating_add(length);
        while content.position < end {
            let left = end - content.position;
            let limit = usize::try_from(left).map_or(READ_BYTES, |left| left.min(READ_BYTES));
            let read = match self.ahead.is_empty() {
                true => self.read(content.position, limit, content.patience).await,
                false => Ok(self.ahead.split_to(limit.min(self.ahead.len()))),
            };
            match read {
                Ok(bytes) if bytes.is_empty() => {
                    let lacking = self.size.saturating_sub(content.position);
                    return Ok(Some(Flaw::Changed(format!("it became {lacking} bytes shorter while it was read"))));
                }
                Ok(bytes) => content.data(bytes).await?,
                Err(fault) if fault.is_general() => return Err(fault),
                Err(fault) => return Ok(Some(Flaw::Unread(fault.answer))),
            }
        }
        Ok(None)
    }

    /// What comes at a place, which is where reading is; where the file is busy, that is tried again.
    async fn read(&mut self, at: u64, limit: usize, patience: &mut Patience) -> Result<Bytes, Fault> {
        let mut tries = 0;
        loop {
            let read = self.reader.read(limit).await;
            tries += 1;
            match read {
                // What a call read before it failed is lost.
                Err(fault) if patience.again(tries, &fault).await => self.reader.seek(at),
                answer => return answer,
            }
        }
    }

    /// Looks whether there is more than was stored, though the file says that it did not change.
    async fn goes_on(&mut self, patience: &mut Patience) -> Result<Option<Flaw>, Fault> {
        match self.read(self.size, 1, patience).await {
            Ok(more) if more.is_empty() => Ok(None),
            Ok(_) => {
                let (stored, said) = (self.size, self.meta.size);
                Ok(Some(Flaw::Changed(format!(
                    "it holds more than its size says ({said} bytes); the first {stored} are stored"
                ))))
            }
            Err(fault) if fault.is_general() => Err(fault),
            Err(fault) => Ok(Some(Flaw::Unread(fault.answer))),
        }
    }

    /// Looks whether the file is still what it was when it was opened.
    async fn changed(&mut self) -> Option<Flaw> {
        match self.reader.stat().await {
            Err(fault) => Some(Flaw::Changed(format!("whether it changed cannot be said: {}", fault.answer))),
            Ok(after) => {
                let of = |meta: &Meta| (meta.size, meta.mtime_s, meta.mtime_ns);
                let changed = of(&after) != of(&self.meta);
                changed.then(|| Flaw::Changed("it changed while it was read".into()))
            }
        }
    }
}

/// What a file holds that says it is empty.
async fn sizeless(reader: &mut dyn FileRead) -> Result<Bytes, Fault> {
    let mut content = BytesMut::new();
    while content.len() < SIZELESS_BYTES_MAX {
        let bytes = reader.read(SIZELESS_BYTES_MAX - content.len()).await?;
        if bytes.is_empty() {
            break;
        }
        content.extend_from_slice(&bytes);
    }
    Ok(content.freeze())
}

/// The member of what was found at a path.
pub(super) async fn member(
    path: PathBytes,
    meta: &Meta,
    kind: MemberKind,
    xattrs: Xattrs,
    owners: &mut Owners<'_>,
) -> Member {
    let (user, group) = owners.names(meta.uid, meta.gid).await;
    Member {
        path,
        kind,
        mode: meta.mode & 0o7777,
        uid: meta.uid,
        gid: meta.gid,
        user,
        group,
        mtime_s: meta.mtime_s,
        mtime_ns: meta.mtime_ns,
        xattrs,
    }
}

/// The attributes that could be read, and why others could not.
pub(super) fn readable(read: Result<ReadXattrs, Fault>) -> Result<(Xattrs, Option<Flaw>), Fault> {
    let read = match read {
        Ok(read) => read,
        Err(fault) if fault.is_general() => return Err(fault),
        Err(fault) => return Ok((Xattrs::default(), Some(Flaw::Unread(format!("its attributes: {}", fault.answer))))),
    };
    let lost: Vec<String> =
        read.unread.iter().map(|lost| format!("its attribute {}: {}", lost.what, lost.why)).collect();
    let flaw = (!lost.is_empty()).then(|| Flaw::Unread(lost.join("; ")));
    Ok((read.kept, flaw))
}
