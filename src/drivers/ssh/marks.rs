//! What comes through one stream of a script: noise, its first line, what the program says, its last line.
//!
//! Unaware of what is read from. Invariant: what the program says is kept as [`Tail`] keeps it, without the script's own lines and without
//! what a login shell said before them.

use crate::drivers::tail::Tail;
use crate::ports::Hidden;

/// A line of the script is no longer than this: its mark, a blank, a word, the newline.
const LINE_BYTES_MAX: usize = 64;

/// What a stream said so far.
pub(super) struct Marks {
    mark: Vec<u8>,
    /// What may be the beginning of a line of the script, and was not taken yet.
    held: Vec<u8>,
    /// What was said before the first line, or else by the program.
    said: Tail,
    /// The word of the first line.
    pub(super) first: Option<String>,
    /// The word of the last.
    pub(super) last: Option<String>,
}

impl Marks {
    pub(super) fn new(mark: &str, hidden: Hidden) -> Self {
        let mark = format!("{mark} ").into_bytes();
        Self { mark, held: Vec::new(), said: Tail::new(hidden), first: None, last: None }
    }

    /// Takes what is read next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        while let Some(at) = memchr::memmem::find(&self.held, &self.mark) {
            let behind = at + self.mark.len();
            let Some(length) = self.held.get(behind..).and_then(|rest| memchr::memchr(b'\n', rest)) else { break };
            let word = String::from_utf8_lossy(self.held.get(behind..behind + length).unwrap_or_default()).into_owned();
            let before: Vec<u8> = self.held.drain(..behind + length + 1).take(at).collect();
            self.line(&before, word);
        }
        if self.last.is_none() {
            let surplus = self.held.len().saturating_sub(LINE_BYTES_MAX);
            self.said.push(self.held.get(..surplus).unwrap_or_default());
            self.held.drain(..surplus);
        } else {
            // Who was left behind says this.
            self.held.clear();
        }
    }

    fn line(&mut self, before: &[u8], word: String) {
        if self.first.is_none() {
            self.said.clear();
            self.first = Some(word);
        } else if self.last.is_none() {
            self.said.push(before);
            self.last = Some(word);
        }
    }

    /// What the program said; what the other side said at all where it did not come to the program.
    pub(super) fn text(mut self) -> String {
        if self.last.is_none() {
            self.said.push(&self.held);
        }
        self.said.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_lines_are_found_in_any_pieces() {
        let stream = b"Welcome!\nM1 ready\nno newline, M1\nM1M1 137\nleft behind";
        for piece in 1..stream.len() {
            let mut marks = Marks::new("M1", Hidden::default());
            stream.chunks(piece).for_each(|bytes| marks.push(bytes));
            assert_eq!((marks.first.as_deref(), marks.last.as_deref()), (Some("ready"), Some("137")), "{piece}");
            assert_eq!(marks.text(), "no newline, M1\nM1", "{piece}");
        }
        let mut marks = Marks::new("M1", Hidden::default());
        marks.push(b"This account is not available.\n");
        assert_eq!((marks.first.clone(), marks.text().as_str()), (None, "This account is not available.\n"));
    }

    #[test]
    fn long_speech_takes_no_more_memory_than_its_tail() {
        let mut marks = Marks::new("M1", Hidden::default());
        marks.push(b"M1 ready\n");
        for _ in 0..1000 {
            marks.push(&[b'x'; 4096]);
        }
        assert!(marks.held.len() <= LINE_BYTES_MAX);
        marks.push(b"endM1 0\n");
        assert_eq!(marks.last.as_deref(), Some("0"));
        assert!(marks.text().ends_with("xend"));
    }
}
