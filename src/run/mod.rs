//! Floor 10: a forecast carried out.
//!
//! Unaware of what a step does with the world (`steps`) and of how it is shown (`report`, `cli`). Invariant: every effect stands
//! in the journal before it begins and after it ended; the state is a fold over the journal, so a run that was killed goes
//! on from it as if it had not been.

mod dispatcher;
mod executor;
mod exit;
mod forget;
mod journal;
mod keeper;
mod outcome;
mod past;
mod retry;
mod roll_back;
mod room;
mod state;
#[cfg(test)]
mod tests;
mod times;

pub use dispatcher::{Command, Event, turn};
pub use executor::{Decision, Ports, Turn, Watch, performing, resume, resume_by, run, run_by};
pub use exit::ExitStatus;
pub use forget::forget;
pub use journal::{Entry, LineSums, Record, Recorded, recorded, replay};
pub use keeper::{Keeper, LeaseName};
pub use outcome::{End, OUTCOME_FORMAT_VERSION, Outcome, StepEnd, StepOutcome};
pub use past::{RecentRuns, recent_runs};
pub use roll_back::roll_backs;
pub use state::{State, StepState};
pub use times::{Pace, Times};
