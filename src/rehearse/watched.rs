//! The simulated ports, watched: every change is judged before it is made, and what holds is held after it.
//!
//! Unaware of what is promised: that is the law's. Invariant: a watched port answers what the port behind it answers.

use std::sync::Arc;

use bytes::Bytes;

use super::Law;
use crate::fakes::{FakeCommands, FakeJournal, FakeStore, FakeTree};
use crate::ports::{
    CommandExit, CommandRun, Destination, Fault, FileRead, JournalRead, JournalWrite, Meta, Names, ObjectInfo, Page,
    Program, PutMode, PutResult, ReadXattrs, StorePlace, StoreRead, StoreWrite, TreeRead, TreeWrite, UploadId, Users,
};
use crate::primitives::{Key, Name, PathBytes, RunId};

/// A store whose every change is judged.
pub(super) struct WatchedStore {
    pub(super) law: Arc<Law>,
    pub(super) inner: Arc<FakeStore>,
    pub(super) name: Name,
}

#[async_trait::async_trait]
impl StoreRead for WatchedStore {
    async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        // Pages of two, so that every listing of more than that has several.
        self.inner.list(prefix, after, limit.min(2)).await
    }
    async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        self.inner.head(key).await
    }
    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        self.inner.read(key, offset, length).await
    }
    async fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        self.inner.uploads(prefix).await
    }
    async fn real_place(&self) -> Result<StorePlace, Fault> {
        self.inner.real_place().await
    }
    fn place(&self, key: &Key) -> String {
        self.inner.place(key)
    }
}

#[async_trait::async_trait]
impl StoreWrite for WatchedStore {
    fn part_bytes(&self, number: u32) -> usize {
        self.inner.part_bytes(number)
    }
    async fn begin(&self, key: &Key) -> Result<UploadId, Fault> {
        self.law.may_write(&self.name, key);
        self.inner.begin(key).await
    }
    async fn part(&self, upload: &UploadId, number: u32, bytes: Bytes) -> Result<(), Fault> {
        self.law.may_write(&self.name, &upload.key);
        self.inner.part(upload, number, bytes).await
    }
    async fn finish(&self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, Fault> {
        self.law.may_write(&self.name, &upload.key);
        let answer = self.inner.finish(upload, parts, mode).await;
        self.law.hold();
        answer
    }
    async fn settle(&self, key: &Key) -> Result<(), Fault> {
        self.inner.settle(key).await
    }
    async fn abort(&self, upload: &UploadId) -> Result<(), Fault> {
        self.law.may_abort(&self.name, upload);
        self.inner.abort(upload).await
    }
    async fn delete(&self, key: &Key) -> Result<(), Fault> {
        self.law.may_delete(&self.name, key);
        let answer = self.inner.delete(key).await;
        self.law.hold();
        answer
    }
}

/// A tree whose changes are judged.
pub(super) struct WatchedTree {
    pub(super) law: Arc<Law>,
    pub(super) inner: Arc<FakeTree>,
}

#[async_trait::async_trait]
impl TreeRead for WatchedTree {
    async fn stat(&self, path: &PathBytes) -> Result<Option<Meta>, Fault> {
        self.inner.stat(path).await
    }
    async fn list(&self, folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault> {
        // Pages of two here as well.
        self.inner.list(folder, after, limit.min(2)).await
    }
    async fn look(&self, folder: &PathBytes, names: &[Vec<u8>]) -> Result<Vec<Result<Option<Meta>, Fault>>, Fault> {
        self.inner.look(folder, names).await
    }
    async fn read_link(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        self.inner.read_link(path).await
    }
    async fn xattrs(&self, path: &PathBytes) -> Result<ReadXattrs, Fault> {
        self.inner.xattrs(path).await
    }
    async fn open(&self, path: &PathBytes) -> Result<Box<dyn FileRead>, Fault> {
        self.inner.open(path).await
    }
    async fn real(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        self.inner.real(path).await
    }
    async fn free(&self, path: &PathBytes) -> Result<u64, Fault> {
        self.inner.free(path).await
    }
    fn mtime_step_ns(&self) -> u32 {
        self.inner.mtime_step_ns()
    }
}

#[async_trait::async_trait]
impl Users for WatchedTree {
    async fn user_name(&self, uid: u32) -> Result<Option<String>, Fault> {
        self.inner.user_name(uid).await
    }
    async fn group_name(&self, gid: u32) -> Result<Option<String>, Fault> {
        self.inner.group_name(gid).await
    }
    async fn uid(&self, name: &str) -> Result<Option<u32>, Fault> {
        self.inner.uid(name).await
    }
    async fn gid(&self, name: &str) -> Result<Option<u32>, Fault> {
        self.inner.gid(name).await
    }
}

#[async_trait::async_trait]
impl TreeWrite for WatchedTree {
    async fn create(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        self.law.may_make_folder(folder);
        self.inner.create(folder).await
    }
    async fn reopen(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        self.law.may_make(folder);
        self.inner.reopen(folder).await
    }
    async fn rename(&self, from: &PathBytes, to: &PathBytes) -> Result<(), Fault> {
        self.law.may_make(from);
        self.law.may_make(to);
        let answer = self.inner.rename(from, to).await;
        self.law.hold();
        answer
    }
    async fn settle(&self, folder: &PathBytes) -> Result<(), Fault> {
        self.inner.settle(folder).await
    }
    async fn remove(&self, folder: &PathBytes) -> Result<(), Fault> {
        self.law.may_make(folder);
        self.inner.remove(folder).await
    }
    async fn point_link(&self, link: &PathBytes, target: &PathBytes) -> Result<Option<PathBytes>, Fault> {
        self.law.may_make(link);
        self.inner.point_link(link, target).await
    }
}

/// A journal whose every line is heard.
pub(super) struct WatchedJournal {
    pub(super) law: Arc<Law>,
    pub(super) inner: Arc<FakeJournal>,
}

#[async_trait::async_trait]
impl JournalRead for WatchedJournal {
    async fn runs(&self) -> Result<Vec<RunId>, Fault> {
        self.inner.runs().await
    }
    async fn lines(&self, run: &RunId) -> Result<Option<Vec<String>>, Fault> {
        self.inner.lines(run).await
    }
    fn place(&self, run: &RunId) -> String {
        self.inner.place(run)
    }
}

#[async_trait::async_trait]
impl JournalWrite for WatchedJournal {
    async fn append(&self, run: &RunId, line: &str) -> Result<(), Fault> {
        let answer = self.inner.append(run, line).await;
        self.law.hear();
        answer
    }
    async fn remove(&self, run: &RunId) -> Result<(), Fault> {
        self.inner.remove(run).await
    }
}

/// Programs that are run only where a step says so.
pub(super) struct WatchedCommands {
    pub(super) law: Arc<Law>,
    pub(super) inner: Arc<FakeCommands>,
}

#[async_trait::async_trait]
impl CommandRun for WatchedCommands {
    async fn run(&self, program: &Program) -> Result<CommandExit, Fault> {
        self.law.may_run(&program.argv);
        self.inner.run(program).await
    }
}
