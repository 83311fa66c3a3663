//! What a plan promises, as text.

use std::fmt::Write;

use crate::prove::{Objective, Promise, Standing};

/// One line a promise, and under it the sum that it stands on.
pub fn text(promises: &[Promise]) -> String {
    let mut lines = String::new();
    for promise in promises {
        let objective = match promise.objective {
            Objective::Rpo => "rpo",
            Objective::Rto => "rto",
        };
        let standing = match promise.standing {
            Standing::Proven => "proven",
            Standing::Waived => "waived",
        };
        let comes_to =
            promise.because.as_ref().map_or(String::new(), |because| format!(", comes to {}", because.total()));
        let promised = promise.promised;
        let _ = writeln!(lines, "  {standing}  {objective} {promised} of {}{comes_to}", promise.subject);
        if let Some(because) = &promise.because {
            let _ = writeln!(lines, "          {because}");
        }
    }
    lines
}
