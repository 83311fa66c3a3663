//! Walks folder trees in one order: a folder before what is in it, names by their bytes.
//!
//! Links are never followed. What is held is bounded, whatever the tree (`level.rs`). Because roots neither repeat nor contain
//! each other, paths ascend strictly, part by part, over the whole walk.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::level::{Level, bound};
use crate::ports::{Cause, Certainty, EntryKind, Fault, Meta, Scratch, ScratchTable, TreeRead};
use crate::primitives::PathBytes;

/// Something that was found, or that could not be looked at.
#[derive(Debug, Clone)]
pub struct Visited {
    /// Its absolute path.
    pub path: PathBytes,
    /// What it is, or why that cannot be said. A folder that cannot be listed comes twice: as it is, then with the fault.
    pub meta: Result<Meta, Fault>,
}

/// A walk that is pulled.
pub struct Walk<'a> {
    tree: &'a dyn TreeRead,
    exclude: GlobSet,
    /// Roots still to come, the next one last.
    roots: Vec<PathBytes>,
    levels: Vec<Level>,
    /// The folder that was told last: what is in it comes next.
    pending: Option<Pending>,
}

struct Pending {
    folder: PathBytes,
    root_length: usize,
    is_root: bool,
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
    /// A walk over `roots`, leaving out what a glob of `exclude` matches, as a path below its root; a folder that
    /// matches is left out with all below it. `*` does not cross folders, `**` does.
    ///
    /// # Errors
    /// When the roots cannot be walked together ([`ordered_roots`]), or a glob is malformed.
    pub fn new(tree: &'a dyn TreeRead, roots: &[PathBytes], exclude: &[String]) -> Result<Self, Fault> {
        let mut roots = ordered_roots(roots)?;
        roots.reverse();
        let malformed =
            |error: globset::Error| Fault::permanent(Cause::Invalid, "read the excludes", error.to_string());
        let mut globs = GlobSetBuilder::new();
        for glob in exclude {
            globs.add(GlobBuilder::new(glob).literal_separator(true).build().map_err(malformed)?);
        }
        let exclude = globs.build().map_err(malformed)?;
        Ok(Self { tree, exclude, roots, levels: Vec::new(), pending: None })
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
            let root_length = level.root_length;
            let wanted = |path: &PathBytes| !self.exclude.is_match(below(path, root_length).to_path());
            match level.next(self.tree, wanted).await {
                Ok(Some((path, meta))) => return self.tell(path, root_length, meta).map(Some),
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

    fn tell(&mut self, path: PathBytes, root_length: usize, meta: Result<Meta, Fault>) -> Result<Visited, Fault> {
        match &meta {
            Ok(meta) if meta.kind == EntryKind::Folder => {
                self.pending = Some(Pending { folder: path.clone(), root_length, is_root: false });
            }
            Err(fault) if fault.certainty == Certainty::Transient => return Err(fault.clone()),
            Ok(_) | Err(_) => {}
        }
        Ok(Visited { path, meta })
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
        let root_length = root.as_bytes().len();
        self.pending = Some(Pending { folder: root.clone(), root_length, is_root: true });
        Ok(Visited { path: root, meta: Ok(meta) })
    }

    /// Lists the folder that was told last; answers it once more where it cannot be listed.
    async fn descend(&mut self) -> Result<Option<Visited>, Fault> {
        let Some(Pending { folder, root_length, is_root }) = self.pending.take() else { return Ok(None) };
        match Level::enter(self.tree, folder.clone(), root_length).await {
            Ok(level) => {
                self.levels.push(level);
                bound(&mut self.levels);
                Ok(None)
            }
            Err(fault) if is_root || fault.certainty == Certainty::Transient => Err(fault),
            Err(fault) => Ok(Some(Visited { path: folder, meta: Err(fault) })),
        }
    }
}

impl Walk<'_> {
    /// A folder that cannot be read any more: what is left of it is left out, and it is told once more, with why.
    fn cut_short(&mut self, fault: Fault) -> Result<Visited, Fault> {
        match self.levels.pop() {
            Some(level)
                if fault.certainty != Certainty::Transient && level.folder.as_bytes().len() > level.root_length =>
            {
                Ok(Visited { path: level.folder, meta: Err(fault) })
            }
            _ => Err(fault),
        }
    }
}

/// A path as it is below its root.
fn below(path: &PathBytes, root_length: usize) -> PathBytes {
    let rest = path.as_bytes().get(root_length..).unwrap_or_default();
    PathBytes::new(rest.strip_prefix(b"/").unwrap_or(rest))
}

/// What a walk would find, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
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
}

/// Walks, and counts.
///
/// # Errors
/// As [`Walk::next`].
pub async fn totals(
    tree: &dyn TreeRead,
    scratch: &dyn Scratch,
    roots: &[PathBytes],
    exclude: &[String],
) -> Result<WalkTotals, Fault> {
    let mut walk = Walk::new(tree, roots, exclude)?;
    let mut totals = WalkTotals::default();
    // Files of several names alone.
    let mut seen = scratch.table();
    while let Some(visited) = walk.next().await? {
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
