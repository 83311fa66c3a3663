//! What people said, in the state folder: `words/<run>/<step>.json`.
//!
//! Unaware of who may say what. Invariant: what was said once stays as it was said.
#![expect(clippy::disallowed_methods, reason = "this is the port on real files")]

use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

use super::StateFolder;
use super::durable;
use crate::ports::{Cause, Fault, Word};
use crate::primitives::{Digest, RunId, StepName};

impl StateFolder {
    /// What was said of a step of a run, if anything was.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn word(&self, run: &RunId, step: &StepName) -> Result<Option<Word>, Fault> {
        let path = self.word_place(run, step);
        let read = self.off("read", path, |_, path| match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        read.await
    }

    /// Writes down what somebody says, durably; answers whether it could be said: false where something was said already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn leave_word(&self, run: &RunId, step: &StepName, word: &Word) -> Result<bool, Fault> {
        let path = self.word_place(run, step);
        let text = serde_json::to_vec(word)
            .map_err(|error| Fault::permanent(Cause::Other, "write down a word", error.to_string()))?;
        let written = self.off("write", path, move |_, path| {
            let folder = path.parent().map(PathBuf::from).ok_or(ErrorKind::InvalidInput)?;
            durable::make_folders(&folder)?;
            // Made readable by its owner alone.
            let mut file = tempfile::Builder::new().prefix(".word-").tempfile_in(&folder)?;
            file.write_all(&text)?;
            file.as_file().sync_all()?;
            match file.persist_noclobber(path) {
                Ok(_) => {
                    durable::sync_folder(&folder)?;
                    Ok(true)
                }
                Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Ok(false),
                Err(failed) => Err(failed.error),
            }
        });
        written.await
    }

    /// A step's name may hold what no file name can.
    fn word_place(&self, run: &RunId, step: &StepName) -> PathBuf {
        let hex: String =
            Digest::of(step.as_str().as_bytes()).as_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.words_of(run).join(format!("{hex}.json"))
    }
}
