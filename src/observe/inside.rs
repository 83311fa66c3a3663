//! Whether a store lies inside what is backed up to it, where links lead there: the plan's text alone does not say that.

use globset::{GlobBuilder, GlobSetBuilder};

use crate::ports::{Cause, Fault, StorePlace, StoreRead, TreeRead};
use crate::primitives::PathBytes;

/// Holds the real path of a store against those of the folders that are backed up to it; what `exclude` leaves out is left out.
///
/// # Errors
/// `Invalid` where the store lies inside one of them; else when a real path cannot be found, or a glob is malformed.
pub async fn outside(
    tree: &dyn TreeRead,
    store: &dyn StoreRead,
    roots: &[PathBytes],
    exclude: &[String],
) -> Result<(), Fault> {
    let StorePlace::Folder(place) = store.real_place().await? else { return Ok(()) };
    for root in roots {
        let real = tree.real(root).await?;
        if place.starts_with(&real) && !is_left_out(&place, &real, exclude)? {
            let answer = format!(
                "the store is really at {place}, inside {root}, which would be packed into itself; \
                 leave it out with `exclude`, or put the store elsewhere"
            );
            return Err(Fault::permanent(Cause::Invalid, format!("look at the source {root}"), answer));
        }
    }
    Ok(())
}

/// Whether a glob leaves the path out, or a folder above it, as a walk would.
fn is_left_out(place: &PathBytes, root: &PathBytes, exclude: &[String]) -> Result<bool, Fault> {
    let malformed = |error: globset::Error| Fault::permanent(Cause::Invalid, "read the excludes", error.to_string());
    let mut globs = GlobSetBuilder::new();
    for glob in exclude {
        globs.add(GlobBuilder::new(glob).literal_separator(true).build().map_err(malformed)?);
    }
    let globs = globs.build().map_err(malformed)?;
    let (place, root) = (place.to_path(), root.to_path());
    let Ok(below) = place.strip_prefix(root) else { return Ok(false) };
    Ok(below.ancestors().any(|path| !path.as_os_str().is_empty() && globs.is_match(path)))
}
