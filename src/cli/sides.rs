//! What is compared: files, folders, and either as a commit has it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::git::Commit;
use super::{Failure, files, load};
use crate::diagnostic::{Diagnostics, Sources};
use crate::diff::{self, Moved};
use crate::lower;
use crate::primitives::{FileId, PathBytes};
use crate::syntax;

/// How a revision is told from a file.
const GIT: &str = "git:";

/// What was named, and where its plans are.
pub(super) struct Side {
    /// As people call it.
    name: String,
    tree: Tree,
    /// A file or a folder; of a commit, relative to the top of its work tree.
    path: PathBuf,
    is_folder: bool,
}

enum Tree {
    Disk,
    Git(Commit),
    /// What a commit has may be there no more.
    Gone,
}

/// A plan file with all that it includes.
pub(super) struct PlanText {
    /// As people call it.
    pub(super) name: String,
    pub(super) sources: Sources,
    pub(super) root: FileId,
    /// The folder that its relative paths are relative to, absolute.
    pub(super) base: PathBytes,
}

/// Two versions of a plan, of which one may not be there.
pub(super) struct Pair {
    pub(super) old: Option<PlanText>,
    pub(super) new: Option<PlanText>,
    /// Where both are, and not in the same folder of what is compared.
    pub(super) moved: Option<Moved>,
}

impl PlanText {
    /// Its text by the name of the file that it is in, or would be in.
    pub(super) fn alone(&self) -> Sources {
        let name = self.name.rsplit([':', '/']).next().unwrap_or(&self.name);
        let mut alone = Sources::default();
        alone.add(self.base.to_path().join(name).display().to_string(), self.sources.get(self.root).text.clone());
        alone
    }

    /// Whether it is as a commit has it, and not as a file is now.
    pub(super) fn is_of_a_commit(&self) -> bool {
        self.name.starts_with(GIT)
    }

    /// Whether it says what another does, letter by letter, with all that both include.
    fn is_same(&self, other: &Self) -> bool {
        let texts = |of: &Self| of.sources.all().iter().map(|source| source.text.clone()).collect::<Vec<_>>();
        texts(self) == texts(other)
    }
}

impl Pair {
    fn of(old: Option<PlanText>, new: Option<PlanText>, folders: Option<[&Path; 2]>) -> Self {
        let shown = |folder: &Path| match folder == Path::new("") {
            true => ".".to_owned(),
            false => format!("./{}", folder.display()),
        };
        let moved = folders.filter(|[old, new]| old != new);
        Self { old, new, moved: moved.map(|[old, new]| Moved { old: shown(old), new: shown(new) }) }
    }

    /// Whether nothing was done to it.
    pub(super) fn is_untouched(&self) -> bool {
        self.moved.is_none() && self.old.as_ref().zip(self.new.as_ref()).is_some_and(|(old, new)| old.is_same(new))
    }
}

/// The plans of both sides, each with the other's of the same path, else of the same plan name.
pub(super) fn pairs(old: &str, new: &str) -> Result<Vec<Pair>, Failure> {
    let (old, new) = sides(old, new)?;
    if old.is_folder != new.is_folder {
        let (folder, file) = if old.is_folder { (&old, &new) } else { (&new, &old) };
        let message = format!("{} is a folder, and {} a file; name two files, or two folders", folder.name, file.name);
        return Err(Failure::usage(message));
    }
    if !old.is_folder {
        let (before, after) = (old.plan(&old.path)?, new.plan(&new.path)?);
        if before.is_none() && after.is_none() {
            return Err(Failure::error(format!("neither {} nor {} is there", old.name, new.name)));
        }
        // Of two files on disk nobody knows where either is meant to be; what a commit has is where it was.
        let top = old.top().or(new.top());
        let folder = |text: &Option<PlanText>| below(top?, &text.as_ref()?.base.to_path());
        let folders = folder(&before).zip(folder(&after));
        let folders = folders.as_ref().map(|(old, new)| [&**old, &**new]);
        return Ok(vec![Pair::of(before, after, folders)]);
    }
    let (mut before, after) = (old.plans()?, new.plans()?);
    if before.is_empty() && after.is_empty() {
        return Err(Failure::error(format!("there is no plan in {}, and none in {}", old.name, new.name)));
    }
    let mut pairs: Vec<Pair> = vec![];
    let mut alone = vec![];
    for (path, plan) in after {
        match before.remove(&path) {
            Some(old) => pairs.push(Pair::of(Some(old), Some(plan), None)),
            None => alone.push((path, plan)),
        }
    }
    // Who is known by name is not another's by what stands in it.
    for find in [named, alike] {
        for (path, plan) in std::mem::take(&mut alone) {
            let Some((from, old)) = find(&before, &plan).and_then(|path| before.remove_entry(&path)) else {
                alone.push((path, plan));
                continue;
            };
            let folders = [from.parent(), path.parent()].map(|folder| folder.unwrap_or(Path::new("")));
            pairs.push(Pair::of(Some(old), Some(plan), Some(folders)));
        }
    }
    pairs.extend(alone.into_iter().map(|(_, plan)| Pair::of(None, Some(plan), None)));
    pairs.extend(before.into_values().map(|old| Pair::of(Some(old), None, None)));
    Ok(pairs)
}

/// Which of these plans has that one's name.
fn named(before: &BTreeMap<PathBuf, PlanText>, plan: &PlanText) -> Option<PathBuf> {
    before.iter().find(|(_, old)| plan_name(old) == plan_name(plan)).map(|(path, _)| path.clone())
}

/// Which of these plans says the most of what that one does, and enough of it.
fn alike(before: &BTreeMap<PathBuf, PlanText>, plan: &PlanText) -> Option<PathBuf> {
    let shares = before.iter().map(|(path, old)| (shared(old, plan), path));
    let most = shares.filter(|(share, _)| *share >= diff::ALIKE).max_by(|(a, _), (b, _)| a.total_cmp(b));
    most.map(|(_, path)| path.clone())
}

/// How many of the lines of two plan files are in both.
fn shared(one: &PlanText, other: &PlanText) -> f64 {
    let lines = |of: &'_ PlanText| -> BTreeSet<String> {
        let lines = of.sources.get(of.root).text.lines().map(|line| line.trim().to_owned());
        lines.filter(|line| line.len() > 1).collect()
    };
    let (one, other) = (lines(one), lines(other));
    one.intersection(&other).count() as f64 / one.union(&other).count().max(1) as f64
}

/// A folder as it is below the top of a work tree; none where it is not.
fn below(top: &Path, folder: &Path) -> Option<PathBuf> {
    // One that is not there any more can have no links.
    let real = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    real.strip_prefix(top).ok().map(Path::to_owned)
}

fn sides(old: &str, new: &str) -> Result<(Side, Side), Failure> {
    let path_of = |side: &str| -> Option<PathBuf> {
        match side.strip_prefix(GIT) {
            None => Some(side.into()),
            Some(revision) => revision.split_once(':').map(|(_, path)| path.into()),
        }
    };
    // Where a revision alone is named, it is the same file as on the other side.
    let (of_old, of_new) = (path_of(old), path_of(new));
    // What of the two is no file may be gone, or new.
    let may_be_gone = of_old.is_none() || of_new.is_none();
    let mut old = Side::of(old, of_old.as_deref().or(of_new.as_deref()), may_be_gone)?;
    let mut new = Side::of(new, of_new.as_deref().or(of_old.as_deref()), may_be_gone)?;
    match (&old.tree, &new.tree) {
        (Tree::Gone, _) => old.is_folder = new.is_folder,
        (_, Tree::Gone) => new.is_folder = old.is_folder,
        _ => {}
    }
    Ok((old, new))
}

impl Side {
    fn of(named: &str, path: Option<&Path>, may_be_gone: bool) -> Result<Self, Failure> {
        let path = path.unwrap_or(Path::new("."));
        let Some(revision) = named.strip_prefix(GIT) else {
            let side = |tree, is_folder| Self { name: named.into(), tree, path: path.into(), is_folder };
            return match std::fs::metadata(path) {
                Ok(found) => Ok(side(Tree::Disk, found.is_dir())),
                Err(error) if may_be_gone && error.kind() == ErrorKind::NotFound => Ok(side(Tree::Gone, false)),
                Err(error) => Err(Failure::error(format!("cannot read {named}: {error}"))),
            };
        };
        let revision = revision.split_once(':').map_or(revision, |(revision, _)| revision);
        let near = nearest_folder(path);
        let commit = Commit::of(revision, &near)?;
        let path = within(commit.top(), path)?;
        let is_file = commit.text(&path)?.is_some();
        let is_there = is_file || path == Path::new("") || !commit.files(&path)?.is_empty();
        // A path of the other side may be new or gone. One that this side names is meant to be there.
        if !is_there && named.split(':').nth(2).is_some() {
            let help = "name one that it has, or leave the path away: then it is that of the other side";
            return Err(Failure::error(format!("commit {revision} has no {}; {help}", path.display())));
        }
        let is_folder = !is_file && (is_there || is_folder_here(&commit, &path));
        Ok(Self { name: named.into(), tree: Tree::Git(commit), path, is_folder })
    }

    /// The top of the work tree, of a commit.
    fn top(&self) -> Option<&Path> {
        match &self.tree {
            Tree::Git(commit) => Some(commit.top()),
            Tree::Disk | Tree::Gone => None,
        }
    }

    /// The plans of a folder, by their paths in it.
    fn plans(&self) -> Result<BTreeMap<PathBuf, PlanText>, Failure> {
        let paths = match &self.tree {
            Tree::Disk => files_below(&self.path)?,
            Tree::Git(commit) => commit.files(&self.path)?.into_iter().filter(|path| !is_hidden(path)).collect(),
            Tree::Gone => vec![],
        };
        let mut plans = BTreeMap::new();
        for path in paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "kdl")) {
            if let Some(plan) = self.plan(&path)?.filter(|plan| plan_name(plan).is_some()) {
                plans.insert(path.strip_prefix(&self.path).unwrap_or(&path).to_owned(), plan);
            }
        }
        Ok(plans)
    }

    /// The plan of a file; none where a commit does not have it.
    fn plan(&self, path: &Path) -> Result<Option<PlanText>, Failure> {
        match &self.tree {
            Tree::Disk => {
                let name = path.display().to_string();
                let (sources, root) = files::load(path).map_err(|unread| unread.of(&name))?;
                Ok(Some(PlanText { name, sources, root, base: load::folder_of(path)? }))
            }
            Tree::Git(commit) => self.of_commit(commit, path),
            Tree::Gone => Ok(None),
        }
    }

    fn of_commit(&self, commit: &Commit, path: &Path) -> Result<Option<PlanText>, Failure> {
        let Some(bytes) = commit.text(path)? else { return Ok(None) };
        let revision = self.name.split(':').nth(1).unwrap_or_default();
        let name = format!("{GIT}{revision}:{}", path.display());
        let text = files::text_of(bytes.as_slice()).map_err(|unread| unread.of(&name))?;
        let mut sources = Sources::default();
        let root = sources.add(name.clone(), text);
        let mut paths = vec![path.to_owned()];
        lower::load(&mut sources, root, &mut |sources, by, included| {
            let folder = paths.get(by.0 as usize).and_then(|path| path.parent()).unwrap_or(Path::new(""));
            let path = normal(&folder.join(included)).ok_or("it is outside of the repository")?;
            if let Some(known) = paths.iter().position(|other| *other == path) {
                return Ok(FileId(u32::try_from(known).unwrap_or(u32::MAX)));
            }
            let bytes = commit.text(&path).map_err(|failure| failure.message)?;
            let bytes = bytes.ok_or_else(|| format!("{} is not in this commit", path.display()))?;
            let text = files::text_of(bytes.as_slice()).map_err(|_| format!("{} is not UTF-8 text", path.display()))?;
            let file = sources.add(format!("{GIT}{revision}:{}", path.display()), text);
            paths.push(path);
            Ok(file)
        });
        let base = PathBytes::from_path(commit.top().join(path.parent().unwrap_or(Path::new(""))));
        Ok(Some(PlanText { name, sources, root, base }))
    }
}

/// What a file calls its plan; none where it has no plan, as what plans include.
fn plan_name(plan: &PlanText) -> Option<String> {
    let text = &plan.sources.get(plan.root).text;
    let document = syntax::parse(plan.root, text, &mut Diagnostics::default());
    let plan = document.nodes.iter().find(|node| node.name.value == "plan")?;
    Some(text[plan.header.range()].to_owned())
}

/// A folder that is there, at or above a path: a file that a commit has may be gone.
fn nearest_folder(path: &Path) -> PathBuf {
    let folders = path.ancestors().filter(|folder| !folder.as_os_str().is_empty());
    folders.into_iter().find(|folder| folder.is_dir()).unwrap_or(Path::new(".")).to_owned()
}

fn is_folder_here(commit: &Commit, path: &Path) -> bool {
    commit.top().join(path).is_dir()
}

/// A path as it is below the top of a work tree.
fn within(top: &Path, path: &Path) -> Result<PathBuf, Failure> {
    let absolute = load::absolute(path)?.to_path();
    // The top is named by git without links.
    let near = nearest_folder(&absolute);
    let real = std::fs::canonicalize(&near)
        .map_err(|error| Failure::error(format!("cannot read {}: {error}", near.display())))?;
    let rest = absolute.strip_prefix(&near).unwrap_or(Path::new(""));
    let outside = || Failure::error(format!("{} is not in the git repository {}", path.display(), top.display()));
    let below = real.join(rest);
    let below = normal(&below).ok_or_else(outside)?;
    below.strip_prefix(top).map(Path::to_owned).map_err(|_| outside())
}

/// Without `.` and `..`; none where it leads out.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            component => normal.push(component),
        }
    }
    Some(normal)
}

/// Whether a path below a folder leads through what is hidden.
fn is_hidden(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
}

/// All files of a folder and below it; what is hidden is left out.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unread = |error: std::io::Error| Failure::error(format!("cannot read {}: {error}", folder.display()));
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type().map_err(unread)?;
        if kind.is_dir() {
            found.extend(files_below(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
