//! Reads one file of the source into an archive.

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::Progress;
use super::beside::start;
use super::listing::{Listed, Listing};
use super::store_archive::OnTheWay;
use crate::archive::{ArchiveError, Member, MemberKind, Segment, Writer};
use crate::ports::{Cause, Certainty, Compute, EntryKind, Fault, FileRead, Meta, TreeRead};
use crate::primitives::{Compression, PathBytes};

/// Read at once.
const READ_BYTES: usize = 512 * 1024;
/// What is held of a file that says it has no bytes and has some, as those of /proc (proc(5)) and of some FUSE file systems do:
/// a tar wants the size first. Such files are small; of a longer one this much is stored.
const SIZELESS_BYTES_MAX: usize = 1024 * 1024;
/// What stands for content that could not be read.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// An archive that is being written: its segments go on their way to be packed and stored, and what is in it to be listed.
pub(super) struct ArchiveSink<'a, 'b> {
    pub(super) writer: Writer,
    pub(super) segments: mpsc::Sender<OnTheWay>,
    pub(super) compute: &'b dyn Compute,
    pub(super) compression: Compression,
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

    /// The next bytes of a file's content, of which the member takes as many as it lacks.
    async fn data(&mut self, mut bytes: Bytes) -> Result<(), Fault> {
        let taken = self.writer.data(&bytes).map_err(malformed)?;
        bytes.truncate(taken);
        self.listing.data(bytes).await?;
        self.send_whole().await
    }

    /// Sends segments that are whole on their way; waits where enough are.
    async fn send_whole(&mut self) -> Result<(), Fault> {
        while let Some(segment) = self.writer.segment() {
            send(&self.segments, self.compute, self.compression, segment).await?;
        }
        Ok(())
    }

    /// Ends the tar, and lists what is left to be listed.
    pub(super) async fn finish(self) -> Result<Listed<'a, 'b>, Fault> {
        let (rest, _) = self.writer.finish().map_err(malformed)?;
        for segment in rest {
            send(&self.segments, self.compute, self.compression, segment).await?;
        }
        self.listing.all_listed().await
    }
}

async fn send(
    segments: &mpsc::Sender<OnTheWay>,
    compute: &dyn Compute,
    compression: Compression,
    segment: Segment,
) -> Result<(), Fault> {
    // A place first, then the work: no more is packed ahead than may wait.
    let place = segments.reserve().await;
    let place = place.map_err(|_| Fault::permanent(Cause::Other, "store the archive", "it was given up"))?;
    place.send(start(compute, move || segment.pack(compression)));
    Ok(())
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
    /// Where it begins in the tar.
    pub(super) at: u64,
    pub(super) flaw: Option<Flaw>,
}

/// Why what was stored is not the file as it was at one moment.
pub(super) enum Flaw {
    /// It could not be read to its end; zeros stand for the rest.
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
    pub(super) async fn open(tree: &dyn TreeRead, path: &PathBytes) -> Result<Self, Fault> {
        let mut reader = tree.open(path).await?;
        let meta = reader.stat().await?;
        if meta.kind != EntryKind::File {
            return Err(Fault::permanent(Cause::Invalid, format!("open {path}"), "it is no regular file any more"));
        }
        let ahead = if meta.size == 0 { sizeless(&mut *reader).await? } else { Bytes::new() };
        let size = meta.size.max(ahead.len() as u64);
        Ok(Self { reader, meta, size, ahead })
    }

    /// Stores it with the size it had when it was opened: what is behind is left, what is missing becomes zeros.
    pub(super) async fn store(
        mut self,
        path: PathBytes,
        sink: &mut ArchiveSink<'_, '_>,
        progress: &Progress,
    ) -> Result<StoredFile, Fault> {
        let member = member(path, &self.meta, MemberKind::File { size: self.size });
        let at = sink.writer.entry(&member).map_err(malformed)?;
        let mut flaw = self.content(sink, progress).await?;
        while sink.writer.lacking() > 0 {
            sink.data(Bytes::from_static(&ZEROS)).await?;
        }
        sink.writer.end_entry().map_err(malformed)?;
        sink.send_whole().await?;
        if flaw.is_none() {
            flaw = self.changed().await;
        }
        if flaw.is_none() {
            flaw = self.goes_on().await?;
        }
        Ok(StoredFile { at, flaw })
    }

    async fn content(&mut self, sink: &mut ArchiveSink<'_, '_>, progress: &Progress) -> Result<Option<Flaw>, Fault> {
        loop {
            let lacking = sink.writer.lacking();
            if lacking == 0 {
                return Ok(None);
            }
            let limit = usize::try_from(lacking).map_or(READ_BYTES, |lacking| lacking.min(READ_BYTES));
            let read = match self.ahead.is_empty() {
                true => self.reader.read(limit).await,
                false => Ok(self.ahead.split_to(limit.min(self.ahead.len()))),
            };
            match read {
                Ok(bytes) if bytes.is_empty() => {
                    return Ok(Some(Flaw::Changed(format!("it became {lacking} bytes shorter while it was read"))));
                }
                Ok(bytes) => {
                    progress.bytes(bytes.len() as u64);
                    sink.data(bytes).await?;
                }
                Err(fault) if fault.certainty == Certainty::Transient => return Err(fault),
                Err(fault) => return Ok(Some(Flaw::Unread(fault.answer))),
            }
        }
    }

    /// Looks whether there is more than was stored, though the file says that it did not change.
    async fn goes_on(&mut self) -> Result<Option<Flaw>, Fault> {
        match self.reader.read(1).await {
            Ok(more) if more.is_empty() => Ok(None),
            Ok(_) => {
                let (stored, said) = (self.size, self.meta.size);
                Ok(Some(Flaw::Changed(format!(
                    "it holds more than its size says ({said} bytes); the first {stored} are stored"
                ))))
            }
            Err(fault) if fault.certainty == Certainty::Transient => Err(fault),
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
pub(super) fn member(path: PathBytes, meta: &Meta, kind: MemberKind) -> Member {
    Member {
        path,
        kind,
        mode: meta.mode & 0o7777,
        uid: meta.uid,
        gid: meta.gid,
        mtime_s: meta.mtime_s,
        mtime_ns: meta.mtime_ns,
    }
}
