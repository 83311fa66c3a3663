//! Walks folder trees in one order: a folder before what is in it, names by their bytes.
//!
//! Links are never followed. What is held is bounded, whatever the tree (`level.rs`). Because roots neither repeat nor contain
//! each other, paths ascend strictly, part by part, over the whole walk.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::level::{Level, bound};
use crate::ports::{Cause, EntryKind, Fault, Meta, Scratch, ScratchTable, TreeRead};
use crate::primitives::PathBytes;

/// Something that was found, or that could not be looked at.
#[derive(Debug, Clone)]
pub struct Visited {
    /// Its absolute path.
    pub path: PathBytes,
    /// What it is, or why that cannot be said. A folder that cannot be listed comes twice: as it is, then with the fault.
    pub meta: Result<Meta, Fault>,
    /// Whether it is a folder on another file system than its root, which is not entered.
    pub not_entered: bool,
}

/// What is walked.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The folders, as absolute paths.
    pub roots: &'a [PathBytes],
    /// Globs of what is left out, as a path below its root; a folder that matches is left out with all below it. `*` does not
    /// cross folders, `**` does.
    pub exclude: &'a [String],
    /// Whether other file systems are not entered.
    pub one_file_system: bool,
}

/// A walk that is pulled.
pub struct Walk<'a> {
    tree: &'a dyn TreeRead,
    exclude: GlobSet,
    one_file_system: bool,
    /// Roots still to come, the next one last.
    roots: Vec<PathBytes>,
    levels: Vec<Level>,
    /// The folder that was told last: what is in it comes next.
    pending: Option<Pending>,
}

struct Pending {
    folder: PathBytes,
    root: Root,
    is_root: bool,
}

/// What is known of the root that something lies in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Root {
    /// The length of its path.
    length: usize,
    /// Its file system.
    device: u64,
}

/// The order of a walk: by whole parts, so that what is in a folder follows it directly.
pub fn path_order(a: &PathBytes, b: &PathBytes) -> std::cmp::Ordering {
    a.as_bytes().split(|byte| *byte == b'/').cmp(b.as_bytes().split(|byte| *byte == b'/'))
}

/// The roots in the order of a walk, without a `/` at their end.
///
/// # Errors
/// When one is not absolute, holds `.` or `..`, is named twice, or lies in another.
pub fn ordered_roots(roots: &[PathBytes]) -> Result<Vec<PathBytes>, Fault> {
    let mut ordered = roots.iter().map(plain_root).collect::<Result<Vec<_>, _>>()?;
    ordered.sort_by(path_order);
    for pair in ordered.windows(2) {
        if let [outer, inner] = pair
            && inner.starts_with(outer)
        {
            let why = if inner == outer { "it is named twice".into() } else { format!("it lies in {outer}") };
            return Err(refused(inner, why));
        }
    }
    Ok(ordered)
}

fn plain_root(root: &PathBytes) -> Result<PathBytes, Fault> {
    let Some(below) = root.as_bytes().strip_prefix(b"/") else {
        return Err(refused(root, "it is not an absolute path"));
    };
    let parts: Vec<&[u8]> = below.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| *part == b"." || *part == b"..") {
        return Err(refused(root, "it holds `.` or `..`"));
    }
    Ok(PathBytes::new([b"/", parts.join(&b'/').as_slice()].concat()))
}

fn refused(path: &PathBytes, why: impl Into<String>) -> Fault {
    Fault::permanent(Cause::Invalid, format!("look at the source {path}"), why)
}

impl<'a> Walk<'a> {
    /// A walk.
    ///
    /// # Errors
    /// When the roots cannot be walked together ([`ordered_roots`]), or a glob is malformed.
    pub fn new(tree: &'a dyn TreeRead, wanted: Wanted<'_>) -> Result<Self, Fault> {
        let mut roots = ordered_roots(wanted.roots)?;
        roots.reverse();
        let malformed =
            |error: globset::Error| Fault::permanent(Cause::Invalid, "read the excludes", error.to_string());
        let mut globs = GlobSetBuilder::new();
        for glob in wanted.exclude {
            globs.add(GlobBuilder::new(glob).literal_separator(true).build().map_err(malformed)?);
        }
        let exclude = globs.build().map_err(malformed)?;
        let one_file_system = wanted.one_file_system;
        Ok(Self { tree, exclude, one_file_system, roots, levels: Vec::new(), pending: None })
    }

    /// The next thing; none at the end.
    ///
    /// # Errors
    /// When a root is no folder or cannot be read: then there is no source. Also when something could not be looked at
    /// for a reason that may pass.
    pub async fn next(&mut self) -> Result<Option<Visited>, Fault> {
        if let Some(unlisted) = self.descend().await? {
            return Ok(Some(unlisted));
        }
        while let Some(level) = self.levels.last_mut() {
            let root = level.root;
            let wanted = |path: &PathBytes| !self.exclude.is_match(below(path, root).to_path());
            match level.next(self.tree, wanted).await {
                Ok(Some((path, meta))) => return self.tell(path, root, meta).map(Some),
                Ok(None) => {
                    self.levels.pop();
                }
                Err(fault) => return self.cut_short(fault).map(Some),
            }
        }
        match self.roots.pop() {
            Some(root) => self.root(root).await.map(Some),
            None => Ok(None),
        }
    }

    fn tell(&mut self, path: PathBytes, root: Root, meta: Result<Meta, Fault>) -> Result<Visited, Fault> {
        let mut not_entered = false;
        match &meta {
            Ok(meta) if meta.kind == EntryKind::Folder => {
                not_entered = self.one_file_system && meta.device != root.device;
                let pending = Pending { folder: path.clone(), root, is_root: false };
                self.pending = (!not_entered).then_some(pending);
            }
            Err(fault) if fault.is_general() => return Err(fault.clone()),
            Ok(_) | Err(_) => {}
        }
        Ok(Visited { path, meta, not_entered })
    }

    async fn root(&mut self, root: PathBytes) -> Result<Visited, Fault> {
        let Some(meta) = self.tree.stat(&root).await? else {
            let action = format!("look at the source {root}");
            return Err(Fault::permanent(Cause::NotFound, action, "it does not exist"));
        };
        match meta.kind {
            EntryKind::Folder => {}
            EntryKind::Symlink => {
                return Err(refused(&root, "it is a symbolic link; write the folder it points to"));
            }
            _ => return Err(refused(&root, "it is no folder; write the folder it is in")),
        }
        let of_root = Root { length: root.as_bytes().len(), device: meta.device };
        self.pending = Some(Pending { folder: root.clone(), root: of_root, is_root: true });
        Ok(Visited { path: root, meta: Ok(meta), not_entered: false })
    }

    /// Lists the folder that was told last; answers it once more where it cannot be listed.
    async fn descend(&mut self) -> Result<Option<Visited>, Fault> {
        let Some(Pending { folder, root, is_root }) = self.pending.take() else { return Ok(None) };
        match Level::enter(self.tree, folder.clone(), root).await {
            Ok(level) => {
                self.levels.push(level);
                bound(&mut self.levels);
                Ok(None)
            }
            Err(fault) if is_root || fault.is_general() => Err(fault),
            Err(fault) => Ok(Some(unlisted(folder, fault))),
        }
    }
}

impl Walk<'_> {
    /// A folder that cannot be read any more: what is left of it is left out, and it is told once more, with why.
    fn cut_short(&mut self, fault: Fault) -> Result<Visited, Fault> {
        match self.levels.pop() {
            Some(level) if !fault.is_general() && level.folder.as_bytes().len() > level.root.length => {
                Ok(unlisted(level.folder, fault))
            }
            _ => Err(fault),
        }
    }
}

/// A folder that is told once more, with why it cannot be listed.
fn unlisted(path: PathBytes, fault: Fault) -> Visited {
    Visited { path, meta: Err(fault), not_entered: false }
}

/// A path as it is below its root.
fn below(path: &PathBytes, root: Root) -> PathBytes {
    let rest = path.as_bytes().get(root.length..).unwrap_or_default();
    PathBytes::new(rest.strip_prefix(b"/").unwrap_or(rest))
}

/// What a walk would find, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct WalkTotals {
    /// Names of regular files.
    pub files: u64,
    /// Folders, the roots among them.
    pub folders: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Sockets, named pipes and devices.
    pub special: u64,
    /// The files' content; a file of several names counts once.
    pub bytes: u64,
    /// What could not be looked at, or listed.
    pub unreadable: u64,
    /// Folders on other file systems that are not entered.
    #[serde(default)]
    pub not_entered: u64,
}

/// Walks, and counts.
///
/// # Errors
/// As [`Walk::next`].
pub async fn totals(tree: &dyn TreeRead, scratch: &dyn Scratch, wanted: Wanted<'_>) -> Result<WalkTotals, Fault> {
    let mut walk = Walk::new(tree, wanted)?;
    let mut totals = WalkTotals::default();
    // Files of several names alone.
    let mut seen = scratch.table();
    while let Some(visited) = walk.next().await? {
        totals.not_entered += u64::from(visited.not_entered);
        match visited.meta {
            Err(_) => totals.unreadable += 1,
            Ok(meta) => match meta.kind {
                EntryKind::File => {
                    totals.files += 1;
                    if meta.links < 2 || is_new(&mut *seen, &meta).await? {
                        totals.bytes = totals.bytes.saturating_add(meta.size);
                    }
                }
                EntryKind::Folder => totals.folders += 1,
                EntryKind::Symlink => totals.symlinks += 1,
                EntryKind::Fifo | EntryKind::Socket | EntryKind::CharDevice | EntryKind::BlockDevice => {
                    totals.special += 1;
                }
            },
        }
    }
    Ok(totals)
}

/// Whether no name of this file was seen before.
async fn is_new(seen: &mut dyn ScratchTable, meta: &Meta) -> Result<bool, Fault> {
    let key = meta.identity();
    let is_new = seen.get(&key).await?.is_none();
    if is_new {
        seen.put(&key, &[]).await?;
    }
    Ok(is_new)
}
