//! The globs of what is left out, compiled.

use std::cell::OnceCell;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::primitives::Spanned;

/// The longest glob, in bytes: nobody writes a longer one, and compiling it could take all memory.
const BYTES_MAX: usize = 1_000;

/// The most that are left out of one source: each takes some kilobytes while they are compiled.
pub(super) const GLOBS_MAX: usize = 10_000;

/// All globs as one set. A `*` stays within a folder.
///
/// # Errors
/// Says what is wrong with them.
pub(super) fn compile<'a>(globs: impl IntoIterator<Item = &'a Spanned<String>>) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for (before, glob) in globs.into_iter().enumerate() {
        if before == GLOBS_MAX {
            return Err(format!("more than {GLOBS_MAX}"));
        }
        if glob.value.len() > BYTES_MAX {
            return Err(format!("it is longer than {BYTES_MAX} bytes"));
        }
        set.add(
            GlobBuilder::new(&glob.value).literal_separator(true).build().map_err(|error| error.kind().to_string())?,
        );
    }
    set.build().map_err(|error| error.kind().to_string())
}

/// What a target leaves out, compiled when it is first asked: seldom needed, and slow to make.
pub(super) struct LeftOut<'p> {
    globs: &'p [Spanned<String>],
    compiled: OnceCell<Option<GlobSet>>,
}

impl<'p> LeftOut<'p> {
    pub(super) fn new(globs: &'p [Spanned<String>]) -> Self {
        Self { globs, compiled: OnceCell::new() }
    }

    /// Whether a path is backed up: no glob leaves it out, nor a folder above it. `below` is the path below its root. Where the globs are
    /// wrong, nothing is said to be: that is told by their own rule.
    pub(super) fn leaves_in(&self, below: &[&str]) -> bool {
        let compiled = self.compiled.get_or_init(|| compile(self.globs).ok());
        let above = (1..=below.len()).filter_map(|length| below.get(..length));
        let left_out = |globs: &GlobSet| above.into_iter().any(|parts| globs.is_match(parts.join("/")));
        compiled.as_ref().is_some_and(|globs| globs.is_empty() || !left_out(globs))
    }
}
