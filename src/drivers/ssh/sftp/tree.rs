//! The tree: one connection, made when it is needed, and made anew when it was lost.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::Mutex;

use super::destination::Filling;
use super::durable::{self, Syncing};
use super::read::OpenFile;
use super::refusal::No;
use super::session::Session;
use super::wire::Attrs;
use super::{list, remove};
use crate::drivers::beneath::{beside, plain};
use crate::drivers::durable::parent;
use crate::drivers::ssh::{SshAddress, SshPrograms};
use crate::ports::{
    Cause, Destination, EntryKind, Fault, FileRead, Meta, Names, Program, ReadXattrs, TreeRead, TreeWrite,
};
use crate::primitives::PathBytes;

/// Tells whether two paths lead to one file, in a word of its own: an account that runs no programs may answer any with success.
const SAME: &str = r#"if [ "$1" -ef "$2" ]; then echo same; else echo other; fi"#;
/// Names in one folder that are looked at side by side.
const LOOKED_AT: usize = 64;

/// The file systems of another host. Relative paths begin at the account's home.
///
/// What SFTP does not tell or keep is said where it is asked for: times are whole seconds from 1970 to 2106; a file has one name, takes its
/// size in space, has no holes and no extended attributes; its last change of attributes is that of its content; no path is longer than one
/// system call there takes.
pub struct SftpTree {
    address: SshAddress,
    pub(super) programs: SshPrograms,
    session: Mutex<Option<Arc<Session>>>,
}

impl std::fmt::Debug for SftpTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SftpTree").field("address", &self.address).finish_non_exhaustive()
    }
}

impl SftpTree {
    /// That of this host. Nothing is asked of it yet.
    pub fn new(address: SshAddress) -> Self {
        Self { programs: SshPrograms::new(address.clone()), address, session: Mutex::new(None) }
    }

    async fn session(&self) -> Result<Arc<Session>, Fault> {
        let mut known = self.session.lock().await;
        if let Some(session) = known.as_ref().filter(|session| !session.is_lost()) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session::open(&self.address).await?);
        *known = Some(Arc::clone(&session));
        Ok(session)
    }

    /// The connection, and the path as it is told to the server.
    async fn at(&self, path: &PathBytes) -> Result<(Arc<Session>, PathBytes), Fault> {
        let path = place(path)?;
        Ok((self.session().await?, path))
    }

    fn syncing(&self, session: &Arc<Session>) -> Syncing {
        Syncing { session: Arc::clone(session), programs: self.programs.clone() }
    }
}

/// The path as it is told to the server, which takes it for one that ends at a NUL.
pub(super) fn place(path: &PathBytes) -> Result<PathBytes, Fault> {
    if path.as_bytes().contains(&0) {
        return Err(Fault::permanent(Cause::Invalid, format!("name {path}"), "no path holds a NUL"));
    }
    Ok(plain(path))
}

/// What is at a path, links not followed; none where nothing is.
pub(super) async fn look(session: &Session, path: &PathBytes) -> Result<Option<Meta>, Fault> {
    told(path, session.lstat(path.as_bytes()).await)
}

fn told(path: &PathBytes, answer: Result<Attrs, No>) -> Result<Option<Meta>, Fault> {
    match answer {
        Err(No::Missing) => Ok(None),
        Err(no) => Err(no.reading(format!("look at {path}"))),
        Ok(attrs) => meta(path, &attrs).map(Some),
    }
}

/// The attributes of what is at a path.
pub(super) fn meta(path: &PathBytes, attrs: &Attrs) -> Result<Meta, Fault> {
    let invalid = |answer| Fault::permanent(Cause::Invalid, format!("look at {path}"), answer);
    let mode = attrs.mode.ok_or_else(|| invalid("the server does not say what it is"))?;
    let kind = kind(mode).ok_or_else(|| invalid("it is of a kind that inode(7) does not know"))?;
    let (uid, gid) = attrs.owner.unwrap_or_default();
    let size = if kind == EntryKind::File { attrs.size.unwrap_or_default() } else { 0 };
    let mtime_s = attrs.times.map_or(0, |(_, mtime)| mtime.into());
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    Ok(Meta {
        kind,
        mode: mode & 0o7777,
        uid,
        gid,
        size,
        allocated: size,
        mtime_s,
        mtime_ns: 0,
        ctime_s: mtime_s,
        ctime_ns: 0,
        device: 0,
        inode: hasher.finish(),
        links: 1,
    })
}

/// What `st_mode` says (inode(7)).
pub(super) fn kind(mode: u32) -> Option<EntryKind> {
    Some(match mode & 0o170_000 {
        0o100_000 => EntryKind::File,
        0o040_000 => EntryKind::Folder,
        0o120_000 => EntryKind::Symlink,
        0o010_000 => EntryKind::Fifo,
        0o140_000 => EntryKind::Socket,
        0o020_000 => EntryKind::CharDevice,
        0o060_000 => EntryKind::BlockDevice,
        _ => return None,
    })
}

/// That a folder is there, and no link to one.
pub(super) async fn require_folder(session: &Session, path: &PathBytes, action: &str) -> Result<(), Fault> {
    match look(session, path).await?.map(|meta| meta.kind) {
        None => Err(No::Missing.reading(format!("{action} {path}"))),
        Some(EntryKind::Folder) => Ok(()),
        Some(_) => Err(Fault::permanent(Cause::Invalid, format!("{action} {path}"), "it is no folder")),
    }
}

/// The fault of what was to make a name: SFTP does not say that it is taken.
pub(super) async fn not_made(session: &Session, path: &PathBytes, no: No, action: String) -> Fault {
    if matches!(no, No::Failure(_) | No::Denied) && matches!(look(session, path).await, Ok(Some(_))) {
        return Fault::permanent(Cause::Exists, action, "something is there already");
    }
    full_or(session, path, no, action).await
}

/// The fault of what was to take space: SFTP does not say that there is none.
pub(super) async fn full_or(session: &Session, path: &PathBytes, no: No, action: String) -> Fault {
    let above = parent(&path.to_path()).map(PathBytes::from_path);
    if let (No::Failure(_), Some(above)) = (&no, above)
        && let Ok((0, _)) = session.statvfs(above.as_bytes()).await
    {
        return Fault::permanent(Cause::Full, action, "no space is left");
    }
    no.writing(action)
}

#[async_trait::async_trait]
impl TreeRead for SftpTree {
    async fn stat(&self, path: &PathBytes) -> Result<Option<Meta>, Fault> {
        let (session, path) = self.at(path).await?;
        look(&session, &path).await
    }

    async fn list(&self, folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault> {
        let (session, folder) = self.at(folder).await?;
        list::list(&session, &folder, after, limit).await
    }

    async fn look(&self, folder: &PathBytes, names: &[Vec<u8>]) -> Result<Vec<Result<Option<Meta>, Fault>>, Fault> {
        let (session, folder) = self.at(folder).await?;
        require_folder(&session, &folder, "list").await?;
        let mut found = Vec::with_capacity(names.len());
        for some in names.chunks(LOOKED_AT) {
            let looked = some.iter().map(|name| {
                let (session, path) = (&session, place(&folder.join(name)));
                async move { look(session, &path?).await }
            });
            found.extend(join_all(looked).await);
        }
        Ok(found)
    }

    async fn read_link(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        let (session, path) = self.at(path).await?;
        let read = session.readlink(path.as_bytes()).await;
        read.map(|target| PathBytes::new(target.to_vec())).map_err(|no| no.reading(format!("read the link {path}")))
    }

    async fn xattrs(&self, path: &PathBytes) -> Result<ReadXattrs, Fault> {
        let (session, path) = self.at(path).await?;
        match look(&session, &path).await? {
            Some(_) => Ok(ReadXattrs::default()),
            None => Err(No::Missing.reading(format!("list the attributes of {path}"))),
        }
    }

    async fn open(&self, path: &PathBytes) -> Result<Box<dyn FileRead>, Fault> {
        let (session, path) = self.at(path).await?;
        Ok(Box::new(OpenFile::open(&session, path).await?))
    }

    async fn real(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        let (session, path) = self.at(path).await?;
        let (mut there, mut missing) = (path.to_path(), Vec::new());
        loop {
            let refuse = |no: No| no.reading(format!("find {path}"));
            let at = PathBytes::from_path(&there);
            match session.stat(at.as_bytes()).await {
                Ok(_) => {
                    let real: Bytes = session.realpath(at.as_bytes()).await.map_err(refuse)?;
                    let real = PathBytes::new(real.to_vec());
                    return Ok(missing.iter().rev().fold(real, |path, name: &PathBytes| path.join(name.as_bytes())));
                }
                Err(No::Missing) => {}
                Err(no) => return Err(refuse(no)),
            }
            let (Some(name), Some(above)) = (there.file_name(), parent(&there)) else {
                return Err(refuse(No::Missing));
            };
            missing.push(PathBytes::from_path(name));
            there = above;
        }
    }

    async fn free(&self, path: &PathBytes) -> Result<u64, Fault> {
        let (session, path) = self.at(path).await?;
        let mut there = path.to_path();
        loop {
            let refuse = |no: No| no.reading(format!("ask for the free space of {path}"));
            match session.statvfs(PathBytes::from_path(&there).as_bytes()).await {
                Ok((free, _)) => return Ok(free),
                Err(No::Missing) => there = parent(&there).ok_or_else(|| refuse(No::Missing))?,
                Err(no) => return Err(refuse(no)),
            }
        }
    }

    /// SFTP does not tell; a shell there does (test(1), `-ef`).
    async fn is_one_file(&self, one: &PathBytes, other: &PathBytes) -> Result<bool, Fault> {
        let ((session, one), other) = (self.at(one).await?, place(other)?);
        let (first, second) = (look(&session, &one).await?, look(&session, &other).await?);
        if !first
            .zip(second)
            .is_some_and(|(first, second)| first.kind == second.kind && first.kind != EntryKind::Symlink)
        {
            return Ok(false);
        }
        let words: [&[u8]; 6] = [b"sh", b"-c", SAME.as_bytes(), b"sh", one.as_bytes(), other.as_bytes()];
        let exit = self.programs.run_words(&words, &Program::default()).await?;
        match exit.stdout_tail.trim() {
            "same" => Ok(true),
            "other" => Ok(false),
            _ => {
                let action = format!("ask whether {one} and {other} are one file");
                Err(Fault::permanent(
                    Cause::Other,
                    action,
                    format!("the shell there does not say: {}", exit.stderr_tail.trim()),
                ))
            }
        }
    }

    fn mtime_step_ns(&self) -> u32 {
        1_000_000_000
    }
}

#[async_trait::async_trait]
impl TreeWrite for SftpTree {
    async fn create(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        let (session, folder) = self.at(folder).await?;
        let above = parent(&folder.to_path()).map(PathBytes::from_path);
        if let Some(above) = above {
            durable::make_folders(&session, &above).await?;
        }
        if let Err(no) = session.mkdir(folder.as_bytes(), 0o700).await {
            return Err(not_made(&session, &folder, no, format!("make the folder {folder}")).await);
        }
        Ok(Box::new(Filling::new(folder, self.syncing(&session))))
    }

    async fn reopen(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        let (session, folder) = self.at(folder).await?;
        require_folder(&session, &folder, "open the folder").await?;
        Ok(Box::new(Filling::new(folder, self.syncing(&session))))
    }

    async fn rename(&self, from: &PathBytes, to: &PathBytes) -> Result<(), Fault> {
        let (session, from) = self.at(from).await?;
        let to = place(to)?;
        let action = || format!("rename {from} to {to}");
        // The server looks as well, but where a link is on the way through it.
        if look(&session, &to).await?.is_some() {
            return Err(Fault::permanent(Cause::Exists, action(), "something is there already"));
        }
        if let Err(no) = session.rename(from.as_bytes(), to.as_bytes()).await {
            return Err(not_made(&session, &to, no, action()).await);
        }
        for path in [&to, &from] {
            if let Err(fault) = durable::sync_name(&session, path).await {
                // So that it is not taken for one that is durable.
                let _renamed_back = session.rename(to.as_bytes(), from.as_bytes()).await;
                return Err(Fault { action: action(), ..fault });
            }
        }
        Ok(())
    }

    async fn settle(&self, folder: &PathBytes) -> Result<(), Fault> {
        let (session, folder) = self.at(folder).await?;
        require_folder(&session, &folder, "make durable").await?;
        self.syncing(&session).all_below(&folder).await?;
        durable::sync_name(&session, &folder).await
    }

    async fn remove(&self, folder: &PathBytes) -> Result<(), Fault> {
        let (session, folder) = self.at(folder).await?;
        remove::remove(&session, &folder).await
    }

    async fn point_link(&self, link: &PathBytes, target: &PathBytes) -> Result<Option<PathBytes>, Fault> {
        let (session, link) = self.at(link).await?;
        let (target, action) = (place_target(target)?, || format!("point the link {link} to {target}"));
        let before = match look(&session, &link).await?.map(|meta| meta.kind) {
            None => None,
            Some(EntryKind::Symlink) => {
                let before = session.readlink(link.as_bytes()).await.map_err(|no| no.reading(action()))?;
                Some(PathBytes::new(before.to_vec()))
            }
            Some(_) => return Err(Fault::permanent(Cause::Exists, action(), "it is no symbolic link")),
        };
        let made = match &before {
            None => session.symlink(link.as_bytes(), target.as_bytes()).await,
            Some(before) if *before == target => Ok(()),
            Some(_) => replace_link(&session, &link, &target).await,
        };
        if let Err(no) = made {
            return Err(no.writing(action()));
        }
        durable::sync_name(&session, &link).await.map_err(|fault| Fault { action: action(), ..fault })?;
        Ok(before)
    }
}

/// The target of a link is only text, but holds no NUL either.
pub(super) fn place_target(target: &PathBytes) -> Result<PathBytes, Fault> {
    place(target).map(|_| target.clone())
}

/// Makes the link beside, and renames it (rename(2)): in one step there is the new where the old was.
async fn replace_link(session: &Session, link: &PathBytes, target: &PathBytes) -> Result<(), No> {
    let beside = beside(link);
    if let Err(No::Failure(_)) = session.symlink(beside.as_bytes(), target.as_bytes()).await {
        // An attempt that was cut short left it.
        session.remove(beside.as_bytes()).await?;
        session.symlink(beside.as_bytes(), target.as_bytes()).await?;
    }
    let renamed = session.rename_over(beside.as_bytes(), link.as_bytes()).await;
    if renamed.is_err() {
        // The fault that is told is the one that matters.
        let _gone = session.remove(beside.as_bytes()).await;
    }
    renamed
}
