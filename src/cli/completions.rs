//! `sonae completions`.

use clap::CommandFactory;

use super::{Failure, arguments::Arguments, output};
use crate::run::ExitStatus;

pub(super) fn completions(shell: clap_complete::Shell) -> Result<ExitStatus, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "sonae", &mut script);
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Well)
}
