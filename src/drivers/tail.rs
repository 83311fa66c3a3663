//! The end of what a program says.
//!
//! Invariant: of a secret not even the end is told, wherever the tail begins.

use std::collections::VecDeque;

use crate::ports::{Hidden, SAID_BYTES_MAX};

/// The last bytes that were said, at most [`SAID_BYTES_MAX`], without the secrets among them.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// These, and as many before them as a secret may reach back.
    bytes: VecDeque<u8>,
    hidden: Hidden,
}

impl Tail {
    /// Of one who may say these.
    pub(super) fn new(hidden: Hidden) -> Self {
        Self { bytes: VecDeque::new(), hidden }
    }

    /// Takes what is said next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let most = SAID_BYTES_MAX + self.hidden.longest().saturating_sub(1);
        let surplus = self.bytes.len().saturating_sub(most);
        self.bytes.drain(..surplus);
    }

    /// Forgets what was said.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// As text. What is not UTF-8 grows when it is replaced, as a short secret does, and the first character may have lost its beginning: all
    /// of it costs only the front of the tail.
    pub(super) fn text(self) -> String {
        let said: Vec<u8> = self.bytes.into_iter().collect();
        let cut = said.len() >= SAID_BYTES_MAX;
        let bytes = self.hidden.without(&said, said.len().saturating_sub(SAID_BYTES_MAX));
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
    use crate::ports::Revealed;

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

    #[test]
    fn a_secret_is_hidden_wherever_the_tail_begins() {
        let secret = "correct horse battery staple";
        for behind in SAID_BYTES_MAX - 2 * secret.len()..SAID_BYTES_MAX + secret.len() {
            for piece in [1, 7, 4096] {
                let mut tail = Tail::new(Hidden::new([Revealed::new(secret)]));
                let said = format!("{secret}{secret}{}", ".".repeat(behind));
                said.as_bytes().chunks(piece.max(said.len() / 100)).for_each(|bytes| tail.push(bytes));
                let text = tail.text();
                let told = text.trim_end_matches('.');
                assert!(text.len() <= SAID_BYTES_MAX && "(hidden)(hidden)".ends_with(told), "{behind}: {told}");
            }
        }
        // Many short ones become longer, and long ones shorter.
        for secret in ["abcd", secret] {
            let mut tail = Tail::new(Hidden::new([Revealed::new(secret)]));
            tail.push(secret.repeat(10_000).as_bytes());
            let text = tail.text();
            assert!(text.len() <= SAID_BYTES_MAX && text.replace("(hidden)", "").len() < 8, "{text}");
        }
    }
}
