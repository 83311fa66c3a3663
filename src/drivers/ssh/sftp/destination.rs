//! Filling a new folder.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{join, join_all};

use super::durable::Syncing;
use super::refusal::No;
use super::session::{Handle, Session};
use super::tree::{look, meta, not_made, place_target};
use super::wire::Attrs;
use super::write::{NewFile, write_whole};
use crate::drivers::beneath::{components, split_last};
use crate::ports::{Attributes, Cause, Destination, EntryKind, Fault, FileWrite, Refused, WholeFile};
use crate::primitives::PathBytes;

/// So many files are made side by side: what is waited for is the network. Sixteen such calls at once, as many as there may be cores, hold
/// half of the files that a server may have open (getrlimit(2), the usual soft limit).
const FILES_AT_ONCE: usize = 32;

/// A new folder that is being filled.
pub(super) struct Filling {
    place: PathBytes,
    syncing: Syncing,
    /// The folder that was used last, relative to this one, which was then a folder all the way.
    last: Mutex<Vec<u8>>,
}

impl Filling {
    pub(super) fn new(place: PathBytes, syncing: Syncing) -> Self {
        Self { place, syncing, last: Mutex::new(Vec::new()) }
    }

    fn session(&self) -> &Arc<Session> {
        &self.syncing.session
    }

    /// The whole path of a path below this folder, when all that it passes through is known to be folders.
    async fn way(&self, path: &PathBytes, what: &str) -> Result<PathBytes, Fault> {
        let refused = |cause, answer: &str| {
            Fault::permanent(cause, format!("{what} {}", self.place.join(path.as_bytes())), answer)
        };
        components(path.as_bytes()).ok_or_else(|| refused(Cause::Invalid, "the path leads outside"))?;
        let (folder, _) = split_last(path.as_bytes());
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !folder.is_empty() && folder != last {
            let ends =
                folder.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([folder.len()]);
            let ways = ends.filter_map(|end| folder.get(..end)).map(|way| self.place.join(way));
            let looked: Vec<_> = ways.map(|way| (self.session().lstat(way.as_bytes()), way)).collect();
            for (found, way) in looked {
                let found = found.await.map_err(|no| no.reading(format!("look at {way}")))?;
                if meta(&way, &found)?.kind != EntryKind::Folder {
                    return Err(refused(Cause::Invalid, &format!("{way} is no folder")));
                }
            }
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = folder.to_vec();
        }
        Ok(self.place.join(path.as_bytes()))
    }

    async fn made(&self, at: &PathBytes, made: Result<(), No>, what: &str) -> Result<(), Fault> {
        match made {
            Ok(()) => Ok(()),
            Err(no) => Err(not_made(self.session(), at, no, format!("{what} {at}")).await),
        }
    }

    /// Makes some files, side by side as far as they are made in order. Answers of those that were made what was refused, and the first
    /// fault.
    async fn some_files(&self, files: Vec<WholeFile>) -> (Vec<Vec<Refused>>, Option<Fault>) {
        let (mut opening, mut fault) = (Vec::new(), None);
        for whole in files {
            match self
                .way(&whole.path, "make the file")
                .await
                .and_then(|at| finishable(&at, &whole.attributes).map(|()| at))
            {
                Ok(at) => opening.push((Handle::create(self.session(), at.as_bytes()), at, whole)),
                Err(found) => {
                    fault = Some(found);
                    break;
                }
            }
        }
        let (mut opened, mut behind) = (Vec::new(), Vec::new());
        let mut is_refused = false;
        for (open, at, whole) in opening {
            match open.await {
                Ok(_) if is_refused => behind.push(at),
                Ok(open) => opened.push((open, at, whole)),
                Err(_) if is_refused => {}
                Err(no) => {
                    is_refused = true;
                    fault = Some(not_made(self.session(), &at, no, format!("make the file {at}")).await);
                }
            }
        }
        let paths: Vec<PathBytes> = opened.iter().map(|(_, at, _)| at.clone()).collect();
        let written = opened.into_iter().map(|(open, at, whole)| write_whole(self.session(), open, at, whole));
        let mut refused = Vec::new();
        let mut is_refused = false;
        for (at, written) in paths.into_iter().zip(join_all(written).await) {
            match written {
                _ if is_refused => behind.push(at),
                Ok(of_it) => refused.push(of_it),
                Err(found) => {
                    is_refused = true;
                    fault = Some(found);
                }
            }
        }
        for at in behind {
            // It was made here, in this call; the fault that is told is the one that matters.
            let _gone = self.session().remove(at.as_bytes()).await;
        }
        (refused, fault)
    }
}

/// Whether a file can be given such attributes.
pub(super) fn finishable(path: &PathBytes, attributes: &Attributes) -> Result<(), Fault> {
    if attributes.mtime_ns > 999_999_999 {
        let action = format!("set the attributes of {path}");
        return Err(Fault::permanent(Cause::Invalid, action, "a second has 1,000,000,000 nanoseconds"));
    }
    Ok(())
}

#[async_trait::async_trait]
impl Destination for Filling {
    async fn folder(&self, path: &PathBytes) -> Result<(), Fault> {
        let at = self.way(path, "make the folder").await?;
        let made = self.session().mkdir(at.as_bytes(), 0o700).await;
        self.made(&at, made, "make the folder").await
    }

    async fn file(&self, path: &PathBytes) -> Result<Box<dyn FileWrite>, Fault> {
        let at = self.way(path, "make the file").await?;
        match Handle::create(self.session(), at.as_bytes()).await {
            Ok(open) => Ok(Box::new(NewFile::new(Arc::clone(self.session()), open, at))),
            Err(no) => Err(not_made(self.session(), &at, no, format!("make the file {at}")).await),
        }
    }

    async fn files(&self, files: Vec<WholeFile>) -> Result<Vec<Vec<Refused>>, Fault> {
        let mut refused = Vec::with_capacity(files.len());
        let mut files = files.into_iter().peekable();
        while files.peek().is_some() {
            let (of_some, fault) = self.some_files(files.by_ref().take(FILES_AT_ONCE).collect()).await;
            if let Some(fault) = fault {
                return Err(fault);
            }
            refused.extend(of_some);
        }
        Ok(refused)
    }

    async fn symlink(&self, path: &PathBytes, target: &PathBytes) -> Result<(), Fault> {
        let (at, target) = (self.way(path, "make the link").await?, place_target(target)?);
        let made = self.session().symlink(at.as_bytes(), target.as_bytes()).await;
        self.made(&at, made, "make the link").await
    }

    async fn hard_link(&self, path: &PathBytes, existing: &PathBytes) -> Result<(), Fault> {
        let (at, from) =
            (self.way(path, "make the hard link").await?, self.way(existing, "make a hard link to").await?);
        match look(self.session(), &from).await?.map(|meta| meta.kind) {
            None => return Err(No::Missing.reading(format!("make a hard link to {from}"))),
            Some(EntryKind::File) => {}
            Some(_) => {
                return Err(Fault::permanent(
                    Cause::Invalid,
                    format!("make a hard link to {from}"),
                    "it is no regular file",
                ));
            }
        }
        let made = self.session().hard_link(from.as_bytes(), at.as_bytes()).await;
        self.made(&at, made, "make the hard link").await
    }

    async fn remove(&self, path: &PathBytes) -> Result<(), Fault> {
        let at = self.way(path, "remove").await?;
        match self.session().remove(at.as_bytes()).await {
            Ok(()) | Err(No::Missing) => Ok(()),
            Err(no) => match look(self.session(), &at).await? {
                Some(meta) if meta.kind == EntryKind::Folder => {
                    Err(Fault::permanent(Cause::Invalid, format!("remove {at}"), "it is a folder"))
                }
                _ => Err(no.writing(format!("remove {at}"))),
            },
        }
    }

    async fn set(&self, path: &PathBytes, attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        let what = "set the attributes of";
        let at = if path.as_bytes().is_empty() { self.place.clone() } else { self.way(path, what).await? };
        finishable(&at, attributes)?;
        let object = match look(self.session(), &at).await?.map(|meta| meta.kind) {
            None => return Err(No::Missing.reading(format!("{what} {at}"))),
            Some(EntryKind::Folder) => Object::Folder(self.session(), &at),
            Some(EntryKind::Symlink) => Object::Link(self.session(), &at),
            Some(_) => {
                return Err(Fault::permanent(Cause::Invalid, format!("{what} {at}"), "it is neither folder nor link"));
            }
        };
        object.set(attributes).await.map_err(|no| no.writing(format!("{what} {at}")))
    }

    async fn sync(&self) -> Result<(), Fault> {
        self.syncing.all_below(&self.place).await
    }
}

/// What attributes are set of.
pub(super) enum Object<'a> {
    File(&'a Handle),
    Folder(&'a Session, &'a PathBytes),
    Link(&'a Session, &'a PathBytes),
}

impl Object<'_> {
    /// Sets what this user may set, and answers the rest. The owner comes first: chown(2) takes set-user-ID away.
    pub(super) async fn set(&self, attributes: &Attributes) -> Result<Vec<Refused>, No> {
        let mut out = Vec::new();
        if attributes.owner.is_some() {
            permitted("owner", self.one(&Attrs { owner: attributes.owner, ..Attrs::default() }).await, &mut out)?;
        }
        let no_xattrs =
            |name: &[u8]| Refused { what: PathBytes::new(name).to_string(), why: "SFTP sets none".to_owned() };
        let mode = if out.is_empty() { 0o7777 } else { 0o1777 } & attributes.mode;
        out.extend(attributes.xattrs.iter().map(|(name, _)| no_xattrs(name)));
        let mode = Attrs { mode: Some(mode), ..Attrs::default() };
        let time =
            u32::try_from(attributes.mtime_s).map(|time| Attrs { times: Some((time, time)), ..Attrs::default() });
        let set_mode = async {
            // Of a link, the mode means nothing (symlink(7)).
            if matches!(self, Self::Link(..)) { Ok(()) } else { self.one(&mode).await }
        };
        let set_time = async {
            match &time {
                Ok(time) => self.one(time).await,
                Err(_) => Ok(()),
            }
        };
        let (mode_set, time_set) = join(set_mode, set_time).await;
        permitted("mode", mode_set, &mut out)?;
        permitted("time", time_set, &mut out)?;
        if time.is_err() {
            out.push(Refused { what: "time".to_owned(), why: "SFTP has times from 1970 to 2106 alone".to_owned() });
        }
        Ok(out)
    }

    async fn one(&self, attrs: &Attrs) -> Result<(), No> {
        match self {
            Self::File(open) => open.set(attrs).await,
            Self::Folder(session, path) => session.set_folder(path.as_bytes(), attrs).await,
            Self::Link(session, path) => session.set(path.as_bytes(), attrs).await,
        }
    }
}

/// What this user may not do, or that server or its file system does not do.
fn permitted(what: &str, answer: Result<(), No>, out: &mut Vec<Refused>) -> Result<(), No> {
    let why = match answer {
        Err(No::Denied) => "permission denied",
        Err(No::Unsupported) => "the server's SFTP does not know how",
        Err(No::Invalid) if what == "owner" => "no such owner",
        answer => return answer,
    };
    out.push(Refused { what: what.to_owned(), why: why.to_owned() });
    Ok(())
}
