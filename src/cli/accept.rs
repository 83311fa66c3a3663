//! `sonae accept`: the compiled plan beside the plan, and whether a plan is still the one that was accepted.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Failure, load, output};
use crate::drivers;
use crate::prove::ProvenPlan;
use crate::report;
use crate::run::ExitStatus;

/// What a plan's accepted form is called after: `plan.kdl` → `plan.accepted`.
const EXTENSION: &str = "accepted";

/// The largest accepted form that is read, in bytes: far more than any plan comes to.
const BYTES_MAX: u64 = 1 << 26;

pub(super) fn accept(plans: &[PathBuf], check: bool) -> Result<ExitStatus, Failure> {
    let mut status = ExitStatus::Well;
    for plan in plans {
        status = status.worse(one(plan, check)?);
    }
    Ok(status)
}

fn one(plan: &Path, check: bool) -> Result<ExitStatus, Failure> {
    let file = beside(plan)?;
    let loaded = load::load(plan)?;
    let compiled = report::accepted(&loaded.proven);
    let accepted = if check { Some(known(plan, &file)?) } else { read(&file)? };
    let diff = accepted.as_ref().map(|accepted| changes(&file, plan, accepted, &compiled));
    if let Some(diff) = &diff {
        output::data(diff)?;
    }
    match diff.as_deref() {
        Some("") => output::say(&format!("{} is current", file.display())),
        _ if check => {
            output::say(&format!("{} is not current; {}", file.display(), help(plan)));
            return Ok(ExitStatus::Error);
        }
        _ => {
            let cannot = |error| Failure::error(format!("cannot write {}: {error}", file.display()));
            drivers::replace(&file, compiled.as_bytes()).map_err(cannot)?;
            output::say(&format!("wrote {}", file.display()));
        }
    }
    Ok(ExitStatus::Well)
}

/// Refuses a plan that is not the one that was accepted.
pub(super) fn require(plan: &Path, proven: &ProvenPlan) -> Result<(), Failure> {
    let file = beside(plan)?;
    let diff = changes(&file, plan, &known(plan, &file)?, &report::accepted(proven));
    if diff.is_empty() {
        return Ok(());
    }
    let (plan_name, file) = (plan.display(), file.display());
    let help = help(plan);
    Err(Failure::error(format!(
        "{plan_name} is not the plan that {file} accepts, so nothing was done\n\n{diff}\n{help}"
    )))
}

fn help(plan: &Path) -> String {
    format!("read what differs; where it is meant, write `sonae accept {}`", plan.display())
}

fn changes(file: &Path, plan: &Path, accepted: &str, compiled: &str) -> String {
    let compiled_name = format!("{} (compiled)", plan.display());
    report::changes((&file.display().to_string(), accepted), (&compiled_name, compiled))
}

fn beside(plan: &Path) -> Result<PathBuf, Failure> {
    let file = plan.with_extension(EXTENSION);
    if file == plan {
        return Err(Failure::error(format!("{} is what is accepted, not a plan; name the plan", plan.display())));
    }
    Ok(file)
}

/// What was accepted; an error where nothing was.
fn known(plan: &Path, file: &Path) -> Result<String, Failure> {
    read(file)?.ok_or_else(|| {
        let (plan, file) = (plan.display(), file.display());
        Failure::error(format!("{file} is missing: no plan was accepted; write it with `sonae accept {plan}`"))
    })
}

fn read(file: &Path) -> Result<Option<String>, Failure> {
    let cannot = |error: std::io::Error| Failure::error(format!("cannot read {}: {error}", file.display()));
    match std::fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(error)),
        Ok(meta) if !meta.is_file() => {
            return Err(Failure::error(format!("{} is not a file; remove it, and accept again", file.display())));
        }
        Ok(meta) if meta.len() > BYTES_MAX => {
            return Err(Failure::error(format!("{} is no accepted plan; remove it, and accept again", file.display())));
        }
        Ok(_) => {}
    }
    // Whatever it holds is shown beside what it should hold.
    let bytes = std::fs::read(file).map_err(cannot)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
