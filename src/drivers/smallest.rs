//! The first names of many, in the order of bytes, though they come in none.
//!
//! Invariant: no more memory than a page and a quarter, however many names there are.

use crate::ports::Names;

/// The smallest names so far, and some that may turn out not to be.
#[derive(Default)]
pub(super) struct Smallest {
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
    /// So many are wanted.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    fn push(&mut self, name: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.spans.push(Span { from, to: self.bytes.len() });
    }

    /// One more that there is.
    pub(super) fn offer(&mut self, name: &[u8]) {
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

    /// Those that are wanted, in order.
    pub(super) fn finish(mut self) -> Names {
        self.shrink();
        let mut names: Names = self.spans.iter().map(|span| span.of(&self.bytes)).collect();
        names.more = self.more;
        names
    }
}
