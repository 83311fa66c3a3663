//! Listing a folder page by page, in the order of bytes, though the system tells names in none (readdir(3)).
//!
//! Invariant: one pass for a page, and no more memory than a page and a quarter, however many names there are.

use rustix::fs::Dir;

use super::fault;
use super::reach::reach;
use crate::drivers::beneath::open_folder;
use crate::ports::{Fault, Names};
use crate::primitives::PathBytes;

/// The names in a folder behind `after`, the first `limit` of them.
pub(super) fn list(folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault> {
    let refuse = |errno| fault(format!("list {folder}"), errno);
    let open = reach(folder.as_bytes()).and_then(|at| open_folder(at.folder(), at.rest())).map_err(refuse)?;
    let mut smallest = Smallest { limit, ..Smallest::default() };
    for entry in Dir::read_from(&open).map_err(refuse)? {
        let entry = entry.map_err(refuse)?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") && after.is_none_or(|after| name > after) {
            smallest.offer(name);
        }
    }
    Ok(smallest.finish())
}

/// The smallest names so far, and some that may turn out not to be.
#[derive(Default)]
struct Smallest {
    limit: usize,
    bytes: Vec<u8>,
    /// Where each name lies in `bytes`.
    spans: Vec<Span>,
    /// What comes behind this is none of them.
    bound: Option<Vec<u8>>,
    more: bool,
}

/// Where a name lies.
#[derive(Clone, Copy)]
struct Span {
    from: usize,
    to: usize,
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.from..self.to).unwrap_or_default()
    }
}

impl Smallest {
    fn push(&mut self, name: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.spans.push(Span { from, to: self.bytes.len() });
    }

    fn offer(&mut self, name: &[u8]) {
        if self.bound.as_deref().is_some_and(|bound| name > bound) {
            self.more = true;
            return;
        }
        self.push(name);
        if self.spans.len() > self.limit.saturating_add(self.limit / 4) {
            self.shrink();
        }
    }

    /// Orders the names, and drops those beyond the limit.
    fn shrink(&mut self) {
        let (bytes, mut spans) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.spans));
        let name = |span: &Span| span.of(&bytes);
        spans.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        // A folder that changes while it is read may tell a name twice (readdir(3)).
        spans.dedup_by(|a, b| name(a) == name(b));
        if spans.len() > self.limit {
            self.more = true;
            spans.truncate(self.limit);
            self.bound = Some(spans.last().map(name).unwrap_or_default().to_vec());
        }
        for span in &spans {
            self.push(name(span));
        }
    }

    fn finish(mut self) -> Names {
        self.shrink();
        let mut names: Names = self.spans.iter().map(|span| span.of(&self.bytes)).collect();
        names.more = self.more;
        names
    }
}
