//! `sonae init`.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Failure, load, output};
use crate::primitives::{Name, PathBytes};
use crate::run::ExitStatus;

/// A plan that works where it is written: it backs up the folder it is in.
const FIRST_PLAN: &str = include_str!("first-plan.kdl");
/// What stands in it for the plan's name.
const NAME: &str = "NAME";
/// The longest name that is made of a folder's.
const NAME_CHARS_MAX: usize = 48;

pub(super) fn init(file: &Path) -> Result<ExitStatus, Failure> {
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::error(format!("{} is there already, and is left as it is; name another file", file.display()))
        }
        _ => Failure::error(format!("cannot write {}: {error}", file.display())),
    };
    let name = name_of(&load::folder_of(file)?);
    let mut options = std::fs::OpenOptions::new();
    let mut made = options.write(true).create_new(true).mode(0o644).open(file).map_err(cannot)?;
    let text = FIRST_PLAN.replacen(NAME, name.as_str(), 1);
    made.write_all(text.as_bytes()).and_then(|()| made.sync_all()).map_err(cannot)?;
    let file = file.display();
    let printed = output::data(&format!(
        "wrote {file}, the plan \"{name}\"\n\n  sonae check {file}             what it promises\n  sonae run {file} --all --dry-run   what would happen\n  \
         sonae run {file} --all         back up, and read it back\n  sonae points {file}            what there is\n  \
         sonae restore {file} files     put it back, beside the original\n"
    ));
    // It is written all the same.
    if let Err(failure) = printed {
        output::say(&format!("sonae: wrote {file}, and {}", failure.message));
    }
    Ok(ExitStatus::Well)
}

/// The plan's name: the folder's, as far as a name can hold it; so that plans of several folders can share a store.
fn name_of(folder: &PathBytes) -> Name {
    let path = folder.to_path();
    let text = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if let Ok(name) = Name::parse(&text) {
        return name;
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let kept: String =
        text.chars().map(plain).skip_while(|c| !c.is_ascii_alphanumeric()).take(NAME_CHARS_MAX).collect();
    Name::parse(kept.trim_end_matches('-')).unwrap_or_else(|_| Name::parse("first").expect("it is a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_makes_a_name_that_can_be_one() {
        let long = "x".repeat(300);
        for (folder, name) in [
            ("/home/me/notes", "notes"),
            ("/home/me/My documents (old)", "My-documents--old"),
            ("/home/me/.config", "config"),
            ("/home/me/写真", "first"),
            ("/home/me/写真2026", "2026"),
            ("/", "first"),
            (&long, &long[..NAME_CHARS_MAX]),
        ] {
            assert_eq!(name_of(&PathBytes::new(folder.as_bytes())).as_str(), name, "{folder}");
        }
    }

    #[test]
    fn the_first_plan_has_one_place_for_its_name() {
        assert_eq!(FIRST_PLAN.matches(NAME).count(), 1);
        assert!(FIRST_PLAN.contains("plan \"NAME\" {"));
    }
}
