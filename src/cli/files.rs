//! The files of a plan, read from disk: the one that is named, and all that it includes.

use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use super::Failure;
use crate::diagnostic::Sources;
use crate::lower;
use crate::primitives::FileId;
use crate::syntax::BYTES_MAX;

/// Why a file is no text that the compiler takes.
pub(super) enum Unread {
    /// It cannot be read.
    Failed(io::Error),
    /// It is a folder or a device.
    NoFile,
    /// From this byte on, it is no text.
    NoText(usize),
}

impl Unread {
    /// The end of a command that needs the file of that name.
    pub(super) fn of(self, name: &str) -> Failure {
        Failure::error(match self {
            Self::Failed(error) => format!("cannot read {name}: {error}"),
            Self::NoFile => format!("{name} is not a file; name a plan file"),
            Self::NoText(at) => format!("{name} is not UTF-8 text (byte {at}); a plan is written in UTF-8"),
        })
    }

    /// In a few words, where another file includes it.
    fn in_words(&self) -> String {
        match self {
            Self::Failed(error) => error.to_string(),
            Self::NoFile => "it is not a file".to_owned(),
            Self::NoText(at) => format!("it is not UTF-8 text (byte {at})"),
        }
    }
}

/// A plan file and all that it includes; the id is the plan file's.
pub(super) fn load(file: &Path) -> Result<(Sources, FileId), Unread> {
    let (opened, meta) = open(file)?;
    let mut sources = Sources::default();
    let root = sources.add(file.display().to_string(), text_of(opened)?);
    let mut files = Files { paths: vec![file.to_owned()], known: BTreeMap::from([(identity(&meta), root)]) };
    lower::load(&mut sources, root, &mut |sources, by, path| files.include(sources, by, path));
    Ok((sources, root))
}

/// The text of a file.
pub(super) fn text(file: &Path) -> Result<String, Unread> {
    text_of(open(file)?.0)
}

/// The files that were opened so far.
struct Files {
    /// Their paths, by id.
    paths: Vec<PathBuf>,
    /// Two paths may lead to one file.
    known: BTreeMap<(u64, u64), FileId>,
}

impl Files {
    /// The file to which a path leads that stands in another; an error says why it cannot be read.
    fn include(&mut self, sources: &mut Sources, by: FileId, path: &str) -> Result<FileId, String> {
        let folder = self.paths.get(by.0 as usize).and_then(|path| path.parent()).unwrap_or(Path::new(""));
        let path = folder.join(path);
        let why = |unread: Unread| format!("{}: {}", path.display(), unread.in_words());
        let (opened, meta) = open(&path).map_err(why)?;
        if let Some(known) = self.known.get(&identity(&meta)) {
            return Ok(*known);
        }
        let text = text_of(opened).map_err(why)?;
        if text.len() > BYTES_MAX {
            return Err(format!("{} has more than {BYTES_MAX} bytes", path.display()));
        }
        let file = sources.add(name(&path, &meta).display().to_string(), text);
        self.known.insert(identity(&meta), file);
        self.paths.push(path);
        Ok(file)
    }
}

/// What tells a file from all others of this machine.
fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

/// A path without its `.` and `..`, where that is the same file: behind a link, `..` leads elsewhere.
fn name(path: &Path, meta: &Metadata) -> PathBuf {
    let mut short = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(short.components().next_back(), Some(Component::Normal(_))) => {
                short.pop();
            }
            component => short.push(component),
        }
    }
    let is_same = std::fs::metadata(&short).is_ok_and(|found| identity(&found) == identity(meta));
    if is_same { short } else { path.to_owned() }
}

/// Opens a file, and nothing that is none: opening a pipe that nobody writes to would wait for ever.
fn open(file: &Path) -> Result<(File, Metadata), Unread> {
    let at_once = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = OpenOptions::new().read(true).custom_flags(at_once).open(file).map_err(Unread::Failed)?;
    let meta = opened.metadata().map_err(Unread::Failed)?;
    if meta.is_file() { Ok((opened, meta)) } else { Err(Unread::NoFile) }
}

/// Reads little more than the compiler takes, so that a huge file is refused, not swallowed.
pub(super) fn text_of(reader: impl io::Read) -> Result<String, Unread> {
    let mut bytes = vec![];
    // A character that lies across the limit is cut.
    let cut_max = char::MAX.len_utf8();
    reader.take((BYTES_MAX + cut_max) as u64).read_to_end(&mut bytes).map_err(Unread::Failed)?;
    let is_cut = bytes.len() == BYTES_MAX + cut_max;
    String::from_utf8(bytes).or_else(|error| {
        let at = error.utf8_error().valid_up_to();
        let mut bytes = error.into_bytes();
        bytes.truncate(at);
        if is_cut && at > BYTES_MAX {
            String::from_utf8(bytes).map_err(|_| Unread::NoText(at))
        } else {
            Err(Unread::NoText(at))
        }
    })
}
