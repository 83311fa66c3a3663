//! Reading files: what comes next is asked for before it is wanted.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::channel::Coming;
use super::refusal::No;
use super::session::{Handle, Session};
use super::tree::{look, meta};
use crate::ports::{Cause, EntryKind, Fault, FileRead, Meta, ReadXattrs};
use crate::primitives::{DataSegment, PathBytes};

/// So many bytes of one file are asked for at once.
const AHEAD_BYTES: usize = 4 << 20;

/// A regular file, open for reading.
pub(super) struct OpenFile {
    open: Handle,
    path: PathBytes,
    opened: Meta,
    piece: usize,
    at_hand: Bytes,
    /// Where what is asked for next begins.
    next: u64,
    /// What was asked for: where, how much, and the answer that is to come.
    asked: VecDeque<(u64, usize, Coming)>,
    ended: bool,
}

impl OpenFile {
    /// Opens it. What it is is looked at first, as opening a pipe would stop the server.
    pub(super) async fn open(session: &Arc<Session>, path: PathBytes) -> Result<Self, Fault> {
        let action = || format!("open {path}");
        let regular = |meta: Meta| match meta.kind {
            EntryKind::File => Ok(meta),
            _ => Err(Fault::permanent(Cause::Invalid, action(), "it is no regular file")),
        };
        let there = look(session, &path).await?.ok_or_else(|| No::Missing.reading(action()))?;
        regular(there)?;
        let open = Handle::read(session, path.as_bytes()).await.map_err(|no| no.reading(action()))?;
        let attrs = open.stat().await.map_err(|no| no.reading(action()))?;
        let opened = regular(meta(&path, &attrs)?)?;
        let (at_hand, asked) = (Bytes::new(), VecDeque::new());
        Ok(Self { open, path, opened, piece: session.read_bytes(), at_hand, next: 0, asked, ended: false })
    }

    /// Asks ahead, up to the end that it had: behind that one piece at a time.
    fn ask(&mut self) {
        let ahead = (AHEAD_BYTES / self.piece.max(1)).max(1);
        while self.asked.is_empty() || (self.asked.len() < ahead && self.next < self.opened.size) {
            let length = u32::try_from(self.piece).unwrap_or(u32::MAX);
            self.asked.push_back((self.next, self.piece, self.open.read_at(self.next, length)));
            self.next = self.next.saturating_add(self.piece as u64);
        }
    }

    /// Takes the first answer.
    async fn answer(&mut self) -> Result<(), Fault> {
        let Some((from, wanted, coming)) = self.asked.pop_front() else { return Ok(()) };
        match coming.data().await {
            Ok(data) => {
                if data.len() < wanted {
                    // What was asked for behind it lies elsewhere.
                    self.asked.clear();
                    self.next = from.saturating_add(data.len() as u64);
                }
                self.at_hand = data;
                Ok(())
            }
            Err(No::End) => {
                self.asked.clear();
                self.next = from;
                self.ended = true;
                Ok(())
            }
            Err(no) => Err(no.reading(format!("read {}", self.path))),
        }
    }
}

#[async_trait::async_trait]
impl FileRead for OpenFile {
    async fn read(&mut self, limit: usize) -> Result<Bytes, Fault> {
        while self.at_hand.is_empty() && !self.ended {
            self.ask();
            self.answer().await?;
        }
        Ok(self.at_hand.split_to(limit.min(self.at_hand.len())))
    }

    async fn segments(&mut self, _count_max: usize) -> Result<Vec<DataSegment>, Fault> {
        self.seek(0);
        let all = DataSegment { offset: 0, length: self.opened.size };
        Ok(if all.length == 0 { vec![] } else { vec![all] })
    }

    fn seek(&mut self, to: u64) {
        self.asked.clear();
        (self.at_hand, self.next, self.ended) = (Bytes::new(), to, false);
    }

    fn opened(&self) -> Meta {
        self.opened
    }

    async fn stat(&mut self) -> Result<Meta, Fault> {
        let attrs = self.open.stat().await.map_err(|no| no.reading(format!("look at {}", self.path)))?;
        meta(&self.path, &attrs)
    }

    async fn xattrs(&mut self) -> Result<ReadXattrs, Fault> {
        Ok(ReadXattrs::default())
    }
}
