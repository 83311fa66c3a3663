//! Standard output is the data asked for; all else is standard error.

use std::io::{ErrorKind, Write};

/// Writes data. A reader that went away (`| head`) is no error.
pub(super) fn data(text: &str) -> Result<(), super::Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(super::Failure::error(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes data for programs.
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), super::Failure> {
    data(&json_text(value)?)
}

/// Data for programs, as it is written.
pub(super) fn json_text(value: &impl serde::Serialize) -> Result<String, super::Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| super::Failure::error(error.to_string()))?;
    Ok(text + "\n")
}

/// Says something to the person. Where standard error is closed there is nobody to tell.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
