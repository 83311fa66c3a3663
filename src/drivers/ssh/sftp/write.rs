//! Writing new files: many writes are under way at once.
//!
//! Invariant: what is under way is bounded by bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::channel::Coming;
use super::destination::{Object, finishable};
use super::session::{Handle, Session};
use super::tree::full_or;
use super::wire::Attrs;
use crate::ports::{Attributes, Cause, Fault, FileWrite, Refused, WholeFile};
use crate::primitives::PathBytes;

/// So many bytes of one file are under way: what a fast line and a long way hold together (1 Gbit/s and 30 ms).
const UNDER_WAY_BYTES: usize = 4 << 20;

/// A new file.
pub(super) struct NewFile {
    session: Arc<Session>,
    open: Handle,
    path: PathBytes,
    /// Where what is gathered begins.
    at: u64,
    gathered: BytesMut,
    /// Whether what was written last is a hole, which gives a file no length by itself.
    ends_in_hole: bool,
    under_way: VecDeque<(usize, Coming)>,
    under_way_bytes: usize,
}

impl NewFile {
    pub(super) fn new(session: Arc<Session>, open: Handle, path: PathBytes) -> Self {
        let (gathered, under_way) = (BytesMut::new(), VecDeque::new());
        Self { session, open, path, at: 0, gathered, ends_in_hole: false, under_way, under_way_bytes: 0 }
    }

    fn action(&self) -> String {
        format!("write {}", self.path)
    }

    /// Waits for the first of what is under way.
    async fn first(&mut self) -> Result<(), Fault> {
        let Some((length, coming)) = self.under_way.pop_front() else { return Ok(()) };
        self.under_way_bytes -= length;
        match coming.done().await {
            Ok(()) => Ok(()),
            Err(no) => Err(full_or(&self.session, &self.path, no, self.action()).await),
        }
    }

    /// Sends bytes that one request takes.
    async fn send(&mut self, bytes: Bytes) -> Result<(), Fault> {
        while self.under_way_bytes + bytes.len() > UNDER_WAY_BYTES {
            self.first().await?;
        }
        let length = bytes.len();
        self.under_way.push_back((length, self.open.write_at(self.at, bytes)));
        self.under_way_bytes += length;
        self.at += length as u64;
        Ok(())
    }

    /// Sends what was gathered.
    async fn flush(&mut self) -> Result<(), Fault> {
        let gathered = self.gathered.split().freeze();
        if gathered.is_empty() { Ok(()) } else { self.send(gathered).await }
    }
}

#[async_trait::async_trait]
impl FileWrite for NewFile {
    async fn write(&mut self, mut bytes: Bytes) -> Result<(), Fault> {
        self.ends_in_hole &= bytes.is_empty();
        let piece = self.session.write_bytes();
        if self.gathered.len() + bytes.len() < piece {
            self.gathered.extend_from_slice(&bytes);
            return Ok(());
        }
        self.flush().await?;
        while bytes.len() >= piece {
            self.send(bytes.split_to(piece)).await?;
        }
        self.gathered.extend_from_slice(&bytes);
        Ok(())
    }

    async fn hole(&mut self, length: u64) -> Result<(), Fault> {
        if length == 0 {
            return Ok(());
        }
        self.flush().await?;
        let end = self.at.checked_add(length).filter(|end| i64::try_from(*end).is_ok());
        self.at = end.ok_or_else(|| Fault::permanent(Cause::Invalid, self.action(), "no file can be so long"))?;
        self.ends_in_hole = true;
        Ok(())
    }

    async fn finish(mut self: Box<Self>, attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        self.flush().await?;
        while !self.under_way.is_empty() {
            self.first().await?;
        }
        finishable(&self.path, attributes)?;
        let (action, session) = (self.action(), Arc::clone(&self.session));
        if self.ends_in_hole {
            let size = Attrs { size: Some(self.at), ..Attrs::default() };
            if let Err(no) = self.open.set(&size).await {
                return Err(full_or(&session, &self.path, no, action).await);
            }
        }
        finish(&session, self.open, &self.path, attributes).await
    }
}

/// Gives a written file its attributes, and closes it.
async fn finish(
    session: &Session,
    open: Handle,
    path: &PathBytes,
    attributes: &Attributes,
) -> Result<Vec<Refused>, Fault> {
    let set = Object::File(&open).set(attributes).await;
    let refused = set.map_err(|no| no.writing(format!("set the attributes of {path}")))?;
    match open.close().await {
        Ok(()) => Ok(refused),
        Err(no) => Err(full_or(session, path, no, format!("write {path}")).await),
    }
}

/// Writes a file whose content is at hand.
pub(super) async fn write_whole(
    session: &Arc<Session>,
    open: Handle,
    path: PathBytes,
    whole: WholeFile,
) -> Result<Vec<Refused>, Fault> {
    let mut file = Box::new(NewFile::new(Arc::clone(session), open, path));
    for bytes in whole.content {
        file.write(bytes).await?;
    }
    file.finish(&whole.attributes).await
}
