//! The manifest: the small object that makes a recovery point.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CatalogError, PointPlace, StoredObject, host_name};
use crate::archive::{MemberKind, Plain};
use crate::primitives::{JobName, Name, PathBytes, PointId, RunId, Slot, on_one_line};

/// The version that this program writes, and the only one it reads.
pub const MANIFEST_FORMAT_VERSION: u32 = 1;
/// A manifest is at most so many bytes.
pub const MANIFEST_BYTES_MAX: usize = 1024 * 1024;
/// Of what is named, the first so many are listed,
const NAMED_MAX: usize = 100;
/// and no more than so many bytes of them: escaped, four lists of them still fit a manifest.
const NAMED_BYTES_MAX: usize = 32 * 1024;

/// What a recovery point is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Manifest {
    /// Which version of this form it has.
    #[schemars(extend("const" = MANIFEST_FORMAT_VERSION))]
    pub format_version: u32,
    /// The plan it was made by.
    pub plan: Name,
    /// The job.
    pub job: JobName,
    /// The host it is of, as it calls itself.
    pub host: String,
    /// Its identity within job and host.
    pub point: PointId,
    /// The run that made it.
    pub run: RunId,
    /// What it is for.
    pub slot: Slot,
    /// When the run began.
    pub began: Timestamp,
    /// When packing began: the data is as of then, or younger.
    pub moment: Timestamp,
    /// When it was read back and complete.
    pub finished: Timestamp,
    /// The folders it is of, in the archive's order.
    pub roots: Vec<PathBytes>,
    /// Those of them that were mount points: on another file system than the folder above.
    #[serde(default)]
    pub mounts: Vec<PathBytes>,
    /// The archive.
    pub archive: StoredObject,
    /// The tar inside it.
    pub plain: Plain,
    /// The list of what is in the archive.
    pub contents: StoredObject,
    /// Where in the contents the part begins that says how long each segment of the archive is.
    pub segments_at: u64,
    /// What is in the archive.
    pub totals: Totals,
    /// That it was read from the store, and when.
    pub read_back: ReadBackRecord,
    /// The newest earlier point that was of a usual size, where this one is much smaller and nobody has said that it is meant to be. It
    /// is as good as any, but no reason to delete another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk_from: Option<PointId>,
    /// Whether every file was read whole: nothing is `unread` or `changed`.
    pub clean: bool,
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

impl Manifest {
    /// Whether it is the manifest of the point at that place.
    pub fn is_of(&self, place: &PointPlace) -> bool {
        let PointPlace { plan, job, host, point } = place;
        // Most hosts are called as their places are.
        let is_host = self.host == host.as_str() || host_name(&self.host) == *host;
        (&self.plan, &self.job, &self.point) == (plan, job, point) && is_host
    }

    /// Where the point it makes lies.
    pub fn place(&self) -> PointPlace {
        PointPlace {
            plan: self.plan.clone(),
            job: self.job.clone(),
            host: host_name(&self.host),
            point: self.point.clone(),
        }
    }

    /// What deleting the point frees, in bytes: its archive and its contents.
    pub fn stored_bytes(&self) -> u64 {
        self.archive.size.saturating_add(self.contents.size)
    }
}

/// That an archive and its contents were read from the store, and agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReadBackRecord {
    /// When that was done.
    pub at: Timestamp,
    /// How many members were seen.
    pub entries: u64,
}

/// What an archive holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Totals {
    /// Regular files.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Further names of files.
    pub hard_links: u64,
    /// The files' content.
    pub bytes: u64,
    /// Those of these bytes that are holes of sparse files, and take no space.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub holes: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Totals {
    /// How many members.
    pub fn entries(&self) -> u64 {
        [self.folders, self.symlinks, self.hard_links].iter().fold(self.files, |sum, part| sum.saturating_add(*part))
    }

    /// What the files take, in bytes, where holes take nothing.
    pub fn space(&self) -> u64 {
        self.bytes.saturating_sub(self.holes)
    }

    /// Counts a member.
    pub fn count(&mut self, kind: &MemberKind) {
        match kind {
            MemberKind::File { size, sparse } => {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(*size);
                self.holes = self.holes.saturating_add(sparse.map_or(0, |sparse| sparse.holes));
            }
            MemberKind::Folder => self.folders += 1,
            MemberKind::Symlink { .. } => self.symlinks += 1,
            MemberKind::HardLink { .. } => self.hard_links += 1,
        }
    }

    /// Adds each number to its counterpart.
    pub fn add(&mut self, other: Self) {
        let Self { files, folders, symlinks, hard_links, bytes, holes } = self;
        let pairs = [
            (files, other.files),
            (folders, other.folders),
            (symlinks, other.symlinks),
            (hard_links, other.hard_links),
            (bytes, other.bytes),
            (holes, other.holes),
        ];
        for (own, more) in pairs {
            *own = own.saturating_add(more);
        }
    }

    /// Whether no number is larger than its counterpart.
    pub fn within(&self, most: &Self) -> bool {
        let Self { files, folders, symlinks, hard_links, bytes, holes } = *self;
        let members = files <= most.files && folders <= most.folders;
        let links = symlinks <= most.symlinks && hard_links <= most.hard_links;
        members && links && bytes <= most.bytes && holes <= most.holes && self.space() <= most.space()
    }
}

/// How many, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Named {
    /// How many there are.
    pub count: u64,
    /// The first, up to a hundred.
    pub first: Vec<NamedPath>,
}

/// A path, and why it is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NamedPath {
    /// The path in the source.
    pub path: PathBytes,
    /// Why, in the world's own words.
    pub why: String,
}

impl Named {
    /// Counts one more, and keeps it where there is room.
    pub fn push(&mut self, path: &PathBytes, why: impl Into<String>) {
        self.count += 1;
        let why = why.into();
        let kept: usize = self.first.iter().map(|named| named.path.as_bytes().len() + named.why.len()).sum();
        let fits = kept + path.as_bytes().len() + why.len() <= NAMED_BYTES_MAX;
        if self.first.len() < NAMED_MAX && self.first.len() as u64 + 1 == self.count && fits {
            self.first.push(NamedPath { path: path.clone(), why });
        }
    }

    /// Counts others as well, and keeps them where there is room.
    pub fn add(&mut self, others: Self) {
        let unnamed = others.count - others.first.len() as u64;
        others.first.into_iter().for_each(|named| self.push(&named.path, named.why));
        self.count += unnamed;
    }
}

impl Manifest {
    /// The manifest as it is stored: JSON.
    ///
    /// # Errors
    /// When it would be too large to be read.
    pub fn encode(&self) -> Result<Vec<u8>, CatalogError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| CatalogError(error.to_string()))?;
        bytes.push(b'\n');
        check_size(bytes.len())?;
        Ok(bytes)
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is too large, of another version, or malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, CatalogError> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        check_size(bytes.len())?;
        let malformed = |error: serde_json::Error| {
            CatalogError(format!("the manifest is malformed: {}", on_one_line(&error.to_string())))
        };
        // What another version says is not held against this one's form.
        let manifest = serde_json::from_slice::<Self>(bytes);
        let version = match &manifest {
            Ok(manifest) => manifest.format_version,
            Err(_) => serde_json::from_slice::<Version>(bytes).map_err(malformed)?.format_version,
        };
        if version != MANIFEST_FORMAT_VERSION {
            return Err(CatalogError(format!(
                "the manifest has format version {version}, and this program reads version {MANIFEST_FORMAT_VERSION}"
            )));
        }
        manifest.map_err(malformed)
    }
}

fn check_size(bytes: usize) -> Result<(), CatalogError> {
    match bytes <= MANIFEST_BYTES_MAX {
        true => Ok(()),
        false => Err(CatalogError(format!("a manifest of {bytes} bytes is too large"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Crc32;
    use crate::primitives::{Digest, Key};

    fn manifest() -> Manifest {
        let object =
            |key: &str| StoredObject { key: Key::parse(key).unwrap(), size: 3, digest: Digest::of(key.as_bytes()) };
        let at: Timestamp = "2026-03-01T05:30:02Z".parse().unwrap();
        let run = RunId::new(at, 0x9f3a_2c1b);
        let slot = Slot::new("2026-03-01T05:30:00Z".parse().unwrap());
        let earlier = RunId::new(at, 7).point(slot);
        Manifest {
            format_version: MANIFEST_FORMAT_VERSION,
            plan: Name::parse("smaregi").unwrap(),
            job: JobName::parse("shop/full").unwrap(),
            host: "web-1".into(),
            point: run.point(slot),
            run,
            slot,
            began: at,
            moment: at,
            finished: at,
            roots: vec![PathBytes::new(*b"/srv/shop"), PathBytes::new(*b"/srv/\xff")],
            mounts: vec![PathBytes::new(*b"/srv/\xff")],
            archive: object("a.tar.zip"),
            plain: Plain { size: 10_240, crc32: Crc32(0x0a1b_2c3d) },
            contents: object("a.contents.jsonl.gz"),
            segments_at: 2,
            totals: Totals { files: 1, folders: 2, symlinks: 3, hard_links: 4, bytes: 5, holes: 0 },
            read_back: ReadBackRecord { at, entries: 10 },
            shrunk_from: Some(earlier),
            clean: false,
            unread: Named {
                count: 1,
                first: vec![NamedPath { path: PathBytes::new(*b"/srv/shop/k"), why: "no".into() }],
            },
            not_stored: Named::default(),
            changed: Named::default(),
            not_entered: Named::default(),
        }
    }

    #[test]
    fn a_manifest_reads_back_and_another_version_is_refused() {
        let bytes = manifest().encode().unwrap();
        insta::assert_snapshot!(String::from_utf8(bytes.clone()).unwrap());
        assert_eq!(Manifest::decode(&bytes).unwrap(), manifest());
        let text = String::from_utf8(bytes).unwrap();
        let newer = text.replace("\"format_version\": 1", "\"format_version\": 2");
        insta::assert_snapshot!(Manifest::decode(newer.as_bytes()).unwrap_err(), @"the manifest has format version 2, and this program reads version 1");
        insta::assert_snapshot!(Manifest::decode(b"{}").unwrap_err(), @"the manifest is malformed: missing field `format_version` at line 1 column 2");
        // One of before these were written says nothing of them.
        let older: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut older = older.as_object().unwrap().clone();
        for field in ["mounts", "shrunk_from", "not_entered"] {
            assert!(older.remove(field).is_some(), "{field}");
        }
        let older = Manifest::decode(serde_json::to_string(&older).unwrap().as_bytes()).unwrap();
        assert_eq!(older, Manifest { mounts: vec![], shrunk_from: None, ..manifest() });
        assert!(Manifest::decode(&vec![b' '; MANIFEST_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn the_worst_names_still_fit_a_manifest() {
        let mut worst = manifest();
        let path = PathBytes::new(vec![1; 4_095]);
        for _ in 0..1_000 {
            for named in [&mut worst.unread, &mut worst.not_stored, &mut worst.changed, &mut worst.not_entered] {
                named.push(&path, "\u{1}");
            }
        }
        assert_eq!((worst.unread.count, worst.unread.first.len()), (1_001, 8));
        assert_eq!(Manifest::decode(&worst.encode().unwrap()).unwrap(), worst);
    }
}
