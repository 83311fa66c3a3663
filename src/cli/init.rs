//! `sonae init`.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Failure, output};
use crate::run::ExitStatus;

/// A plan that works where it is written: it backs up the folder it is in.
const FIRST_PLAN: &str = include_str!("first-plan.kdl");

pub(super) fn init(file: &Path) -> Result<ExitStatus, Failure> {
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::error(format!("{} is there already, and is left as it is; name another file", file.display()))
        }
        _ => Failure::error(format!("cannot write {}: {error}", file.display())),
    };
    let mut options = std::fs::OpenOptions::new();
    let mut made = options.write(true).create_new(true).mode(0o644).open(file).map_err(cannot)?;
    made.write_all(FIRST_PLAN.as_bytes()).and_then(|()| made.sync_all()).map_err(cannot)?;
    let file = file.display();
    output::data(&format!(
        "wrote {file}\n\n  sonae check {file}             what it promises\n  sonae run {file} --all --dry-run   what would happen\n  \
         sonae run {file} --all         back up, and read it back\n  sonae points {file}            what there is\n  \
         sonae restore {file} files     put it back, beside the original\n"
    ))?;
    Ok(ExitStatus::Well)
}
