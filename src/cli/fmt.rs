//! `sonae fmt`.

use std::path::{Path, PathBuf};

use super::{Failure, load, output};
use crate::diagnostic::Sources;
use crate::drivers;
use crate::report;
use crate::run::ExitStatus;
use crate::syntax::{self, Unformatted};

/// What stands for standard input.
const STDIN: &str = "-";

/// A plan's text and its canonical form.
struct Formed {
    text: String,
    canonical: String,
}

pub(super) fn fmt(plans: &[PathBuf], check: bool) -> Result<ExitStatus, Failure> {
    let mut status = ExitStatus::Well;
    for file in plans {
        let is_current = match formed(file)? {
            Some(formed) if check => shown(file, &formed)?,
            Some(formed) => write(file, &formed)?,
            None => false,
        };
        if !is_current {
            status = ExitStatus::Error;
        }
    }
    Ok(status)
}

fn name(file: &Path) -> String {
    if file == Path::new(STDIN) { "standard input".into() } else { file.display().to_string() }
}

/// The text of a plan and its canonical form; none where it cannot be read, which is said.
fn formed(file: &Path) -> Result<Option<Formed>, Failure> {
    let name = name(file);
    let text = if file == Path::new(STDIN) { load::standard_input()? } else { load::text(file)? };
    let mut sources = Sources::default();
    let id = sources.add(&name, &text);
    match syntax::format(id, &text) {
        Ok(canonical) => Ok(Some(Formed { text, canonical })),
        Err(Unformatted::Unreadable(found)) => {
            let problems = report::diagnostics::text(&found, &sources, load::colour(&std::io::stderr()));
            output::say(&format!("{problems}{name}: {}; it is left as it is", report::diagnostics::summary(&found)));
            Ok(None)
        }
        Err(Unformatted::TooLarge(bytes)) => Err(Failure::error(format!(
            "{name} is left as it is: its canonical form has {bytes} bytes, of which at most {} are read; split it into several plans",
            syntax::BYTES_MAX
        ))),
        Err(Unformatted::Bug(what)) => Err(Failure::error(format!(
            "{name} is left as it is: {what}. This is a bug of sonae: please report it, with the plan"
        ))),
    }
}

/// Shows what differs, and answers whether nothing does.
fn shown(file: &Path, formed: &Formed) -> Result<bool, Failure> {
    let name = name(file);
    let diff = report::changes((&name, &formed.text), (&format!("{name} (canonical)"), &formed.canonical));
    output::data(&diff)?;
    if diff.is_empty() {
        return Ok(true);
    }
    output::say(&format!("{name} is not in canonical form; write `sonae fmt {}`", file.display()));
    Ok(false)
}

/// Writes the canonical form where the text was; answers true, as it then is.
fn write(file: &Path, formed: &Formed) -> Result<bool, Failure> {
    if file == Path::new(STDIN) {
        output::data(&formed.canonical)?;
    } else if formed.text != formed.canonical {
        let cannot = |error| Failure::error(format!("cannot write {}: {error}", file.display()));
        drivers::replace(file, formed.canonical.as_bytes()).map_err(cannot)?;
        output::say(&format!("{}: formatted", file.display()));
    }
    Ok(true)
}
