//! A connection that speaks SFTP, and the requests that trees are made of.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use super::channel::{Channel, Coming, Lost};
use super::refusal::No;
use super::wire::{Ask, Attrs, OPEN_NEW, OPEN_READ, Request, Rest};
use crate::drivers::ssh::SshAddress;
use crate::drivers::ssh::address::Called;
use crate::drivers::ssh::failed;
use crate::ports::{Cause, Fault};

/// So many bytes are read or written by one request of a server that tells no limits: all take that many (section 3 of the draft).
const CHUNK_BYTES: usize = 32 * 1024;
/// And by one that tells more, at most.
const CHUNK_BYTES_MAX: usize = 255 * 1024;

/// An open connection. Requests are sent when they are made, and not when their answers are waited for.
pub(super) struct Session {
    channel: Channel,
    extensions: Vec<(String, String)>,
    read_bytes: usize,
    write_bytes: usize,
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// When that host is not reached, or has no SFTP.
    pub(super) async fn open(address: &SshAddress) -> Result<Self, Fault> {
        let calling = address.call(Called::Subsystem("sftp")).await?;
        let action = || format!("reach {} by SFTP", address.shown());
        let begun = Channel::begin(calling).await.map_err(|lost| match lost {
            Lost { broken: Some(broken), .. } => Fault::permanent(Cause::Invalid, action(), broken),
            Lost { said, .. } => failed::before(address, action(), &said),
        });
        let (channel, extensions) = begun?;
        let mut session = Self { channel, extensions, read_bytes: CHUNK_BYTES, write_bytes: CHUNK_BYTES };
        if session.has("limits@openssh.com") {
            session.ask_limits().await.map_err(|no| no.reading(action()))?;
        }
        Ok(session)
    }

    /// Longest packet, longest read, longest write, most handles (PROTOCOL, 4.8); 0 where there is no limit.
    async fn ask_limits(&mut self) -> Result<(), No> {
        let mut limits = Rest(self.channel.send(Request::extended("limits@openssh.com")).extended().await?);
        let mut next = || limits.u64().filter(|limit| *limit > 0).and_then(|limit| usize::try_from(limit).ok());
        let (_packet, read, write) = (next(), next(), next());
        self.read_bytes = read.map_or(CHUNK_BYTES, |limit| limit.min(CHUNK_BYTES_MAX));
        self.write_bytes = write.map_or(CHUNK_BYTES, |limit| limit.min(CHUNK_BYTES_MAX));
        Ok(())
    }

    fn has(&self, extension: &str) -> bool {
        self.extensions.iter().any(|(name, _)| name == extension)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.channel.is_lost()
    }

    /// So much is read by one request.
    pub(super) fn read_bytes(&self) -> usize {
        self.read_bytes
    }

    /// So much is written by one request.
    pub(super) fn write_bytes(&self) -> usize {
        self.write_bytes
    }

    fn of_path(&self, ask: Ask, path: &[u8]) -> Coming {
        self.channel.send(Request::new(ask).bytes(path))
    }

    /// Only where the server has the extension: one that has it not ends the connection over it, some do.
    async fn extended(&self, name: &str, request: impl FnOnce(Request) -> Request) -> Result<Coming, No> {
        if !self.has(name) {
            return Err(No::Unsupported);
        }
        Ok(self.channel.send(request(Request::extended(name))))
    }

    /// What is there, links not followed.
    pub(super) fn lstat(&self, path: &[u8]) -> impl Future<Output = Result<Attrs, No>> + use<> {
        self.of_path(Ask::Lstat, path).attrs()
    }

    /// What is there, links followed.
    pub(super) fn stat(&self, path: &[u8]) -> impl Future<Output = Result<Attrs, No>> + use<> {
        self.of_path(Ask::Stat, path).attrs()
    }

    pub(super) fn mkdir(&self, path: &[u8], mode: u32) -> impl Future<Output = Result<(), No>> + use<> {
        let attrs = Attrs { mode: Some(mode), ..Attrs::default() };
        self.channel.send(Request::new(Ask::Mkdir).bytes(path).attrs(&attrs)).done()
    }

    pub(super) fn rmdir(&self, path: &[u8]) -> impl Future<Output = Result<(), No>> + use<> {
        self.of_path(Ask::Rmdir, path).done()
    }

    pub(super) fn remove(&self, path: &[u8]) -> impl Future<Output = Result<(), No>> + use<> {
        self.of_path(Ask::Remove, path).done()
    }

    pub(super) async fn realpath(&self, path: &[u8]) -> Result<Bytes, No> {
        one_name(self.of_path(Ask::Realpath, path)).await
    }

    pub(super) async fn readlink(&self, path: &[u8]) -> Result<Bytes, No> {
        one_name(self.of_path(Ask::Readlink, path)).await
    }

    /// OpenSSH has the two in the other order than the draft (PROTOCOL, 4.1), and others follow it.
    pub(super) fn symlink(&self, link: &[u8], target: &[u8]) -> impl Future<Output = Result<(), No>> + use<> {
        self.channel.send(Request::new(Ask::Symlink).bytes(target).bytes(link)).done()
    }

    /// Renames, and not over what is there. Of a file OpenSSH makes a further name by link(2) and takes the old away; of all else it looks
    /// first whether the name is free (sftp-server.c, `process_rename`).
    pub(super) fn rename(&self, from: &[u8], to: &[u8]) -> impl Future<Output = Result<(), No>> + use<> {
        self.channel.send(Request::new(Ask::Rename).bytes(from).bytes(to)).done()
    }

    /// rename(2).
    pub(super) async fn rename_over(&self, from: &[u8], to: &[u8]) -> Result<(), No> {
        self.extended("posix-rename@openssh.com", |request| request.bytes(from).bytes(to)).await?.done().await
    }

    /// link(2).
    pub(super) async fn hard_link(&self, existing: &[u8], new: &[u8]) -> Result<(), No> {
        self.extended("hardlink@openssh.com", |request| request.bytes(existing).bytes(new)).await?.done().await
    }

    /// Sets attributes of what is there, a link not followed.
    pub(super) async fn set(&self, path: &[u8], attrs: &Attrs) -> Result<(), No> {
        self.extended("lsetstat@openssh.com", |request| request.bytes(path).attrs(attrs)).await?.done().await
    }

    /// Sets attributes of what is there, a link followed.
    fn set_followed(&self, path: &[u8], attrs: &Attrs) -> impl Future<Output = Result<(), No>> + use<> {
        self.channel.send(Request::new(Ask::Setstat).bytes(path).attrs(attrs)).done()
    }

    /// Sets attributes of a folder that is there. Where that cannot be done without following a link (fchmodat(2)), it is done following
    /// one.
    pub(super) async fn set_folder(&self, path: &[u8], attrs: &Attrs) -> Result<(), No> {
        match self.set(path, attrs).await {
            Err(No::Unsupported | No::Failure(_)) => self.set_followed(path, attrs).await,
            answer => answer,
        }
    }

    /// statvfs(2): so many bytes are free for this user, and the file system's number.
    pub(super) async fn statvfs(&self, path: &[u8]) -> Result<(u64, u64), No> {
        let told = self.extended("statvfs@openssh.com", |request| request.bytes(path)).await?.extended().await?;
        let mut told = Rest(told);
        let mut numbers = [0; 9];
        for number in &mut numbers {
            *number = told.u64().ok_or_else(No::confused)?;
        }
        let [_, fragment, _, _, available, .., number] = numbers;
        Ok((available.saturating_mul(fragment), number))
    }
}

/// What is open on the server, and closed when this is dropped.
pub(super) struct Handle {
    session: Arc<Session>,
    handle: Bytes,
    is_closed: bool,
}

impl Handle {
    async fn new(session: &Arc<Session>, coming: Coming) -> Result<Self, No> {
        let handle = coming.handle().await?;
        Ok(Self { session: Arc::clone(session), handle, is_closed: false })
    }

    /// Opens what is there to read it, a link followed: what is no folder or file must not be there.
    pub(super) fn read(session: &Arc<Session>, path: &[u8]) -> impl Future<Output = Result<Self, No>> + use<> {
        let request = Request::new(Ask::Open).bytes(path).u32(OPEN_READ).attrs(&Attrs::default());
        let (coming, session) = (session.channel.send(request), Arc::clone(session));
        async move { Self::new(&session, coming).await }
    }

    /// Makes a file to write it; nothing may be there, not even a link (open(2), `O_EXCL`).
    pub(super) fn create(session: &Arc<Session>, path: &[u8]) -> impl Future<Output = Result<Self, No>> + use<> {
        let attrs = Attrs { mode: Some(0o600), ..Attrs::default() };
        let request = Request::new(Ask::Open).bytes(path).u32(OPEN_NEW).attrs(&attrs);
        let (coming, session) = (session.channel.send(request), Arc::clone(session));
        async move { Self::new(&session, coming).await }
    }

    /// Opens a folder to list it, a link followed.
    pub(super) async fn folder(session: &Arc<Session>, path: &[u8]) -> Result<Self, No> {
        Self::new(session, session.of_path(Ask::Opendir, path)).await
    }

    /// The next names of a folder, with `.` and `..`; none where there are no more.
    pub(super) async fn next_names(&self) -> Result<Option<Vec<super::wire::Entry>>, No> {
        match self.session.of_path(Ask::Readdir, &self.handle).names().await {
            Err(No::End) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Reads at a place; `End` where that is at the end or behind it.
    pub(super) fn read_at(&self, offset: u64, length: u32) -> Coming {
        self.session.channel.send(Request::new(Ask::Read).bytes(&self.handle).u64(offset).u32(length))
    }

    /// Writes at a place.
    pub(super) fn write_at(&self, offset: u64, data: Bytes) -> Coming {
        self.session.channel.send(Request::new(Ask::Write).bytes(&self.handle).u64(offset).data(data))
    }

    pub(super) fn stat(&self) -> impl Future<Output = Result<Attrs, No>> + use<> {
        self.session.of_path(Ask::Fstat, &self.handle).attrs()
    }

    pub(super) fn set(&self, attrs: &Attrs) -> impl Future<Output = Result<(), No>> + use<> {
        self.session.channel.send(Request::new(Ask::Fsetstat).bytes(&self.handle).attrs(attrs)).done()
    }

    /// fsync(2).
    pub(super) async fn sync(&self) -> Result<(), No> {
        self.session.extended("fsync@openssh.com", |request| request.bytes(&self.handle)).await?.done().await
    }

    /// Closes, and says what went wrong then.
    pub(super) fn close(mut self) -> impl Future<Output = Result<(), No>> + use<> {
        self.is_closed = true;
        self.session.of_path(Ask::Close, &self.handle).done()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.is_closed {
            // Nobody waits for the answer.
            drop(self.session.of_path(Ask::Close, &self.handle));
        }
    }
}

async fn one_name(coming: Coming) -> Result<Bytes, No> {
    let mut names = coming.names().await?;
    names.pop().map(|entry| entry.name).ok_or_else(No::confused)
}
