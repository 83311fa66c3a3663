//! The end of what a program says.

use std::collections::VecDeque;

use crate::ports::SAID_BYTES_MAX;

/// The last bytes that were said, at most [`SAID_BYTES_MAX`].
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<u8>);

impl Tail {
    /// Takes what is said next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let surplus = self.0.len().saturating_sub(SAID_BYTES_MAX);
        self.0.drain(..surplus);
    }

    /// As text. What is not UTF-8 grows when it is replaced, and the first character may have lost its beginning: both
    /// cost only the front of the tail.
    pub(super) fn text(self) -> String {
        let bytes: Vec<u8> = self.0.into_iter().collect();
        let cut = bytes.len() == SAID_BYTES_MAX;
        let broken = if cut { bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count() } else { 0 };
        let mut text = String::from_utf8_lossy(&bytes[broken..]).into_owned();
        let surplus = text.len().saturating_sub(SAID_BYTES_MAX);
        text.drain(..text.ceil_char_boundary(surplus));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end_in_whole_characters_and_bounded() {
        let mut tail = Tail::default();
        for _ in 0..8000 {
            tail.push("あ".as_bytes());
        }
        tail.push(b"end");
        let text = tail.text();
        assert!(text.len() <= SAID_BYTES_MAX && text.len() > SAID_BYTES_MAX - 6, "{}", text.len());
        assert!(text.starts_with('あ') && text.ends_with("あend"), "{text}");

        let mut noise = Tail::default();
        noise.push(&[0xff; 40_000]);
        assert!(noise.text().len() <= SAID_BYTES_MAX);
    }
}
