//! What a restore calls what lies beside: where it is made before it gets its name, so that the last step is a rename; and what was in
//! the place that it then gets; and the folder of a release.
//!
//! Unaware of the world. Invariant: the name is the run's and the destination's own, fits a file system, and is recognised by
//! whoever restores to the same destination later.

use crate::primitives::{Digest, PathBytes, RunId};

/// What stands between the destination's name and the run.
const MARK: &[u8] = b".restoring-";
/// Likewise of what was in the place.
const KEPT: &[u8] = b".before-";
/// Likewise of a release.
const RELEASE: &[u8] = b"-";
/// The longest name of a file or folder, in bytes (`NAME_MAX`, limits.h(0p)).
const NAME_BYTES_MAX: usize = 255;
/// The bytes of a run's text: `20260301T053002Z-9f3a2c1b`.
const RUN_BYTES: usize = 25;
/// The hexadecimal digits that tell long names apart when they are cut.
const DIGITS: usize = 16;

/// The folder that a run fills for a destination.
pub fn staging(into: &PathBytes, run: &RunId) -> PathBytes {
    beside(into, MARK, run)
}

/// What is in a place is called so once a run has put something else there.
pub fn kept_beside(place: &PathBytes, run: &RunId) -> PathBytes {
    beside(place, KEPT, run)
}

/// The folder that a run gives a release of a target: no run before it had that name, and none after it will.
pub fn release_folder(place: &PathBytes, run: &RunId) -> PathBytes {
    beside(place, RELEASE, run)
}

/// The run that called what was in this place so; none where the name is another.
pub(super) fn kept_run(place: &PathBytes, name: &[u8]) -> Option<RunId> {
    marked_run(place, KEPT, name)
}

/// The run whose release of a target this folder is; none where it is another.
pub fn release_run(place: &PathBytes, folder: &PathBytes) -> Option<RunId> {
    let ((above, _), (of, name)) = (split(place), split(folder));
    marked_run(place, RELEASE, name).filter(|_| above == of)
}

fn beside(path: &PathBytes, mark: &[u8], run: &RunId) -> PathBytes {
    let (above, _) = split(path);
    let name = [prefix(path, mark).as_slice(), run.to_string().as_bytes()].concat();
    PathBytes::new([above, &name].concat())
}

/// The run whose folder for this destination has that name, in the same folder; none where the name is another.
pub fn staging_run(into: &PathBytes, name: &[u8]) -> Option<RunId> {
    marked_run(into, MARK, name)
}

fn marked_run(path: &PathBytes, mark: &[u8], name: &[u8]) -> Option<RunId> {
    let run = name.strip_prefix(prefix(path, mark).as_slice())?;
    RunId::parse(std::str::from_utf8(run).ok()?).ok()
}

/// What the names of all such folders of a destination begin with: its own name, which is cut where it is long.
fn prefix(into: &PathBytes, mark: &[u8]) -> Vec<u8> {
    let (_, name) = split(into);
    let room = NAME_BYTES_MAX - mark.len() - RUN_BYTES;
    if name.len() <= room {
        return [name, mark].concat();
    }
    let hex: String = Digest::of(name).as_bytes().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    [kept(name, room - DIGITS - 1), b"~", hex.as_bytes(), mark].concat()
}

/// The beginning of a name, at most so long; whole characters of a name that is text, as some file systems take no other.
fn kept(name: &[u8], length: usize) -> &[u8] {
    let length = std::str::from_utf8(name).map_or(length, |text| text.floor_char_boundary(length));
    name.get(..length).unwrap_or(name)
}

/// The path up to and with its last `/`, and the name behind it.
fn split(path: &PathBytes) -> (&[u8], &[u8]) {
    let bytes = path.as_bytes();
    bytes.split_at(bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run() -> RunId {
        RunId::parse("20260301T053002Z-9f3a2c1b").unwrap()
    }

    #[test]
    fn short_names_are_kept_and_long_ones_cut_between_characters() {
        let of = |name: &str| staging(&PathBytes::new(format!("/srv/{name}").as_bytes()), &run()).to_string();
        assert_eq!(of("docs"), "/srv/docs.restoring-20260301T053002Z-9f3a2c1b");
        let long = of(&"備".repeat(85));
        assert!(long.starts_with(&format!("/srv/{}~", "備".repeat(67))), "{long}");
        assert!(long.ends_with(".restoring-20260301T053002Z-9f3a2c1b"), "{long}");
        assert_ne!(of(&format!("{}a", "x".repeat(250))), of(&format!("{}b", "x".repeat(250))));
    }

    proptest! {
        #[test]
        fn a_name_fits_and_is_recognised_for_its_own_destination_alone(
            name in prop::collection::vec(any::<u8>().prop_map(|byte| if byte == b'/' { b'x' } else { byte }), 1..=255),
            other in prop::collection::vec(any::<u8>().prop_map(|byte| if byte == b'/' { b'x' } else { byte }), 1..=255),
        ) {
            let into = |name: &[u8]| PathBytes::new(*b"/srv").join(name);
            let path = staging(&into(&name), &run());
            let made = path.as_bytes().strip_prefix(b"/srv/").unwrap();
            prop_assert!(made.len() <= NAME_BYTES_MAX && !made.contains(&b'/'));
            prop_assert_eq!(staging_run(&into(&name), made), Some(run()));
            prop_assert_eq!(staging_run(&into(&other), made), (name == other).then(run));
            prop_assert_eq!(staging_run(&into(&name), &name), None);
        }
    }
}
