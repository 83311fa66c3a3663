//! What is costly to make, kept for whoever needs it next.
//!
//! Unaware of what it is kept for. Invariant: no more is kept than was in use at once, so that whoever bounds the one bounds the
//! other.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is not in use.
#[derive(Debug)]
pub(super) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Pool<T> {
    /// The one that was used last, which is the likeliest to be in a cache; none where all are in use.
    pub(super) fn take(&self) -> Option<T> {
        self.idle().pop()
    }

    pub(super) fn give_back(&self, used: T) {
        self.idle().push(used);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<T>> {
        // Nothing panics while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Buffers that come back by themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers(Arc<Pool<Vec<u8>>>);

impl Buffers {
    /// A buffer, with whatever it held last; an empty one where all are in use.
    pub(super) fn lend(&self) -> Buffer {
        Buffer { bytes: self.0.take().unwrap_or_default(), home: self.0.clone() }
    }
}

/// A buffer that is lent.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    home: Arc<Pool<Vec<u8>>>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.bytes));
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// So many bytes of a buffer, whatever they hold: it is made longer where it is shorter, and nothing is cleared twice.
pub(super) fn room(buffer: &mut Vec<u8>, bytes: usize) -> &mut [u8] {
    if buffer.len() < bytes {
        buffer.resize(bytes, 0);
    }
    buffer.get_mut(..bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_as_it_is_and_no_more_are_kept_than_were_lent() {
        let buffers = Buffers::default();
        let (mut one, two) = (buffers.lend(), buffers.lend());
        room(&mut one, 3).copy_from_slice(b"abc");
        let place = one.as_ptr();
        drop((two, one));
        assert_eq!(buffers.0.idle().len(), 2);
        let mut again = buffers.lend();
        assert_eq!(again.as_ptr(), place);
        assert_eq!(room(&mut again, 2), b"ab");
        assert_eq!(room(&mut again, 4), b"abc\0");
        assert_eq!(buffers.0.idle().len(), 1);
    }
}
