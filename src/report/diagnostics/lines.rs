//! Where the lines of a text begin: very many places may be asked for in a very long text.

use std::collections::BTreeMap;

use crate::diagnostic::Sources;
use crate::primitives::FileId;

/// The lines of each file, looked for when the first place in it is asked for.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<FileId, Lines>);

impl Index {
    /// Line and column of a byte of a file, as [`Lines::position`] has them.
    pub(super) fn position(&mut self, sources: &Sources, file: FileId, at: u32) -> (usize, usize) {
        let text = &sources.get(file).text;
        self.0.entry(file).or_insert_with(|| Lines::of(text)).position(text, at as usize)
    }
}

/// The lines of one text.
#[derive(Debug)]
pub(super) struct Lines {
    /// The first byte of each, rising; the first is 0.
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes());
        Self { starts: std::iter::once(0).chain(breaks.map(|at| at + 1)).collect() }
    }

    /// The line of a byte, from 0, and its first byte.
    pub(super) fn line(&self, at: usize) -> (usize, usize) {
        self.line_and_start(self.starts.partition_point(|start| *start <= at).saturating_sub(1))
    }

    /// The line that is so many lines above that of a byte, or the first, and its first byte.
    pub(super) fn line_above(&self, at: usize, lines: usize) -> (usize, usize) {
        self.line_and_start(self.line(at).0.saturating_sub(lines))
    }

    fn line_and_start(&self, line: usize) -> (usize, usize) {
        (line, self.starts.get(line).copied().unwrap_or(0))
    }

    /// Line and column of a byte of the text, both from 1; the column counts characters, of which a byte order mark is none.
    pub(super) fn position(&self, text: &str, at: usize) -> (usize, usize) {
        let (line, start) = self.line(at);
        let before = text.get(start..at).unwrap_or_default();
        let before = if line == 0 { before.strip_prefix('\u{feff}').unwrap_or(before) } else { before };
        (line + 1, before.chars().count() + 1)
    }
}
