//! A release out of an archive, a file of this host or an object of a store: its digest is looked at first, and again of what was
//! unpacked.

use bytes::Bytes;

use super::laying::Laying;
use crate::archive::{ArchiveError, ForeignTar, Member, MemberKind, TarEvent};
use crate::graph::ReleaseSource;
use crate::ports::{Cause, Fault, FileRead, StoreRead};
use crate::primitives::{Digest, Hasher, Key, PathBytes};
use crate::steps::World;

/// So much of it is read at a time.
const READ_BYTES: usize = 1024 * 1024;

/// Its bytes, from the first to the last.
enum Reading<'a> {
    File(Box<dyn FileRead>),
    Object { store: &'a dyn StoreRead, key: &'a Key, at: u64 },
}

impl<'a> Reading<'a> {
    async fn open(world: &'a World<'_>, from: &'a ReleaseSource) -> Result<Self, Fault> {
        match from {
            ReleaseSource::Object { store, key, .. } => Ok(Self::Object { store: world.store(store)?, key, at: 0 }),
            // What is called as the newest is may be a link to it.
            ReleaseSource::File { path, .. } => Ok(Self::File(world.tree.open(&world.tree.real(path).await?).await?)),
            ReleaseSource::Subversion { url } => {
                Err(Fault::permanent(Cause::Invalid, format!("read {url}"), "a repository is no archive"))
            }
        }
    }

    async fn next(&mut self) -> Result<Bytes, Fault> {
        match self {
            Self::File(file) => file.read(READ_BYTES).await,
            Self::Object { store, key, at } => {
                let bytes = store.read(key, *at, READ_BYTES).await?;
                *at += bytes.len() as u64;
                Ok(bytes)
            }
        }
    }
}

/// Lays all that the archive holds.
pub(super) async fn lay(world: &World<'_>, from: &ReleaseSource, laying: &mut Laying<'_>) -> Result<(), Fault> {
    let (ReleaseSource::File { sha256, strip, .. } | ReleaseSource::Object { sha256, strip, .. }) = from else {
        return Err(Fault::permanent(Cause::Invalid, format!("unpack {from}"), "a repository is no archive"));
    };
    let mut reading = Reading::open(world, from).await?;
    let mut hasher = Hasher::default();
    loop {
        let bytes = reading.next().await?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(&bytes);
    }
    compare(from, sha256, hasher)?;
    unpack(world, from, (sha256, *strip), laying).await
}

/// What is unpacked is what was looked at, though somebody may write to it.
async fn unpack(
    world: &World<'_>,
    from: &ReleaseSource,
    (sha256, strip): (&Digest, u32),
    laying: &mut Laying<'_>,
) -> Result<(), Fault> {
    let wrong = |error: ArchiveError| Fault::permanent(Cause::Invalid, format!("unpack {from}"), error.to_string());
    let mut reading = Reading::open(world, from).await?;
    let (mut hasher, mut tar) = (Hasher::default(), ForeignTar::default());
    // Whether the member that comes is left out.
    let mut is_out = false;
    loop {
        let mut bytes = reading.next().await?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(&bytes);
        while let Some(event) = tar.push(&mut bytes).map_err(wrong)? {
            match event {
                TarEvent::Member { member, .. } => is_out = !begin(member, strip, laying).await?,
                TarEvent::Data(bytes) if !is_out => laying.data(bytes).await?,
                TarEvent::Hole(length) if !is_out => laying.hole(length).await?,
                TarEvent::EndOfMember if !is_out => laying.end_of_file().await?,
                _ => {}
            }
        }
    }
    tar.finish().map_err(wrong)?;
    compare(from, sha256, hasher)
}

/// Begins what a member stands for; answers whether it does, and is not one of the folders that are left out.
async fn begin(member: Member, strip: u32, laying: &mut Laying<'_>) -> Result<bool, Fault> {
    let Some(path) = stripped(&member.path, strip) else { return Ok(false) };
    let marks = (member.mode, member.mtime_s);
    match member.kind {
        MemberKind::Folder => laying.folder(path, marks).await?,
        MemberKind::Symlink { target } => laying.symlink(path, &target).await?,
        MemberKind::HardLink { target } => {
            let unknown = || {
                let answer = format!("it is one more name of {target}, which is left out");
                Fault::permanent(Cause::Invalid, format!("unpack {}", member.path), answer)
            };
            let target = stripped(&target, strip).ok_or_else(unknown)?;
            laying.hard_link(path, &target).await?;
        }
        MemberKind::File { size, .. } => laying.file(path, size, marks).await?,
    }
    Ok(true)
}

/// A path without its first folders; none where that is all of it.
fn stripped(path: &PathBytes, strip: u32) -> Option<PathBytes> {
    let mut bytes = path.as_bytes();
    for _ in 0..strip {
        let slash = bytes.iter().position(|byte| *byte == b'/')?;
        bytes = bytes.get(slash + 1..)?;
    }
    Some(PathBytes::new(bytes))
}

fn compare(from: &ReleaseSource, expected: &Digest, hasher: Hasher) -> Result<(), Fault> {
    let found = hasher.finish();
    if found == *expected {
        return Ok(());
    }
    let answer = format!("its digest is {found}, and the plan has {expected}: it is another archive, or was changed");
    Err(Fault::permanent(Cause::Invalid, format!("read the release {from}"), answer))
}
