//! What is remembered of a tree while it is worked through, and may be more than memory should hold.

use super::Fault;

/// Makes tables. They are private to whoever asked, hold nothing that outlives them, and have no name that anybody else
/// could find.
pub trait Scratch: Send + Sync {
    /// An empty table.
    fn table(&self) -> Box<dyn ScratchTable>;
}

/// Values by keys, both bytes. Held in memory while they are few, else in a temporary file: the memory that a table takes is
/// bounded, whatever is put into it.
#[async_trait::async_trait]
pub trait ScratchTable: Send + Sync {
    /// The value of a key; none where there is none.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    async fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// Gives a key a value, in place of the one that it had.
    ///
    /// # Errors
    /// `Full` where the temporary file has no space; else when it cannot be written.
    async fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Fault>;

    /// Takes a key and its value away; a key that is not there is no error.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    async fn remove(&mut self, key: &[u8]) -> Result<(), Fault>;
}
