//! Files of a commit, as git has them.
//!
//! git itself is asked: what a revision means is its own (gitrevisions(7)). Nothing is checked out.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::Failure;

/// A commit of a repository.
pub(super) struct Commit {
    /// The work tree's folder.
    top: PathBuf,
    /// Its full name.
    id: String,
}

impl Commit {
    /// The commit of a revision, of the repository that a folder is in.
    pub(super) fn of(revision: &str, folder: &Path) -> Result<Self, Failure> {
        let top = asked(folder, ["rev-parse", "--show-toplevel"])?;
        if !top.status.success() {
            return Err(Failure::error(format!("{} is in no git repository{}", shown(folder), said(&top))));
        }
        let top = PathBuf::from(std::ffi::OsString::from_vec(trimmed(top.stdout)));
        let commit = format!("{revision}^{{commit}}");
        let id = asked(folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        if !id.status.success() {
            let help =
                "name a branch, a tag or a commit that is here; a shallow clone has few: `git fetch --unshallow`";
            return Err(Failure::error(format!("git knows no commit `{revision}` here; {help}")));
        }
        Ok(Self { top, id: String::from_utf8_lossy(&trimmed(id.stdout)).into_owned() })
    }

    /// The folder of the work tree.
    pub(super) fn top(&self) -> &Path {
        &self.top
    }

    /// The plan files at a path and below it, relative to the top. Empty where there is none.
    pub(super) fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Failure> {
        let mut arguments: Vec<&OsStr> =
            ["ls-tree", "-r", "-z", "--name-only", "--full-tree", &self.id, "--"].into_iter().map(OsStr::new).collect();
        if path != Path::new("") {
            arguments.push(path.as_os_str());
        }
        let listed = asked(&self.top, arguments)?;
        if !listed.status.success() {
            return Err(Failure::error(format!("git cannot list {}{}", shown(path), said(&listed))));
        }
        let names = listed.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect())
    }

    /// The text of a file, where there is one; a link is followed as long as it stays in the repository.
    pub(super) fn text(&self, path: &Path) -> Result<Option<Vec<u8>>, Failure> {
        if path.as_os_str().as_bytes().contains(&b'\n') {
            return Ok(None);
        }
        let mut git = git(&self.top);
        git.args(["cat-file", "--batch", "--follow-symlinks"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let failed = |error: std::io::Error| Failure::error(format!("git cannot be run: {error}"));
        let mut git = git.stderr(Stdio::piped()).spawn().map_err(|error| not_here(&error))?;
        if let Some(mut stdin) = git.stdin.take() {
            let mut asked = format!("{}:", self.id).into_bytes();
            asked.extend_from_slice(path.as_os_str().as_bytes());
            asked.push(b'\n');
            stdin.write_all(&asked).map_err(failed)?;
        }
        let answer = git.wait_with_output().map_err(failed)?;
        // `<id> blob <size>`, the bytes, a line's end; or what it is that is not there.
        let end = answer.stdout.iter().position(|byte| *byte == b'\n').unwrap_or(answer.stdout.len());
        let (head, rest) = answer.stdout.split_at(end);
        let head = String::from_utf8_lossy(head);
        let mut words = head.rsplit(' ');
        let size = words.next().and_then(|size| size.parse::<usize>().ok());
        match (words.next(), size, answer.status.success()) {
            (Some("blob"), Some(size), true) => Ok(rest.get(1..=size).map(<[u8]>::to_vec)),
            (_, _, true) => Ok(None),
            _ => Err(Failure::error(format!("git cannot read {}{}", shown(path), said(&answer)))),
        }
    }
}

fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    // A hook of git has these set, and what is asked of is the folder's repository: with them, its top would be any folder.
    git.arg("-C").arg(folder).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
    git
}

fn asked<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Result<Output, Failure> {
    git(folder).args(arguments).stdin(Stdio::null()).output().map_err(|error| not_here(&error))
}

fn not_here(error: &std::io::Error) -> Failure {
    Failure::error(format!("git cannot be run: {error}; install it, or name files"))
}

fn shown(path: &Path) -> String {
    if path == Path::new("") { "the repository".to_owned() } else { path.display().to_string() }
}

/// What git says of what went wrong.
fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    if said.is_empty() { String::new() } else { format!(": {}", crate::primitives::on_one_line(said)) }
}

/// Without the line's end.
fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    while bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}
