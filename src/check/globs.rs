//! The globs of what is left out, compiled.

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
