//! Floor 9: performing, one file a kind of step. What moves bytes is here, above the ports, so that every store
//! and every tree, the simulated ones too, goes through the same code.
//!
//! Unaware of plans, graphs and journals. Invariant: a step that answers with a fault has left nothing that could be
//! taken for a result, and may be performed again.

mod abandon;
mod approve;
mod beside;
mod coming;
mod command;
mod commit;
mod database;
mod delete;
mod deploy;
mod filling;
mod first_names;
mod launch;
mod lease;
mod link;
mod listing;
mod look;
mod making;
mod object;
mod output;
mod owners;
mod pack;
mod patience;
mod perform;
mod pieces;
mod probe;
mod progress;
mod prune;
mod put;
mod read_ahead;
mod read_back;
mod recover;
mod recover_names;
mod recovered_before;
mod segments;
mod source;
mod store_archive;
mod switch;
mod taken_up;
mod tar_stream;
mod verified;
mod wait;

#[cfg(test)]
mod tests;

pub use abandon::abandon;
pub use database::{DatabaseOutput, SnapshotMade, SnapshotsDeleted};
pub use delete::points_lock;
pub use deploy::Deployed;
pub use launch::Launched;
pub use lease::{
    Broken, HeldLease, HeldPin, LEASE_RENEWED_EVERY, LeaseEntry, LeaseLost, LeaseSeen, LeaseShown, LeaseTaken,
    LeaseWanted, Leases, PinWanted, break_lease, leases_of, pinned,
};
pub use output::{Deleted, Inputs, Omission, Said, StepOutput};
pub use pack::{Beside, PackRequest, Packed, pack};
pub use perform::{Host, Reach, World, perform};
pub use progress::{Counts, Progress};
pub use put::put_object;
pub use read_back::{ReadBack, read_back};
pub use recover::{RecoverRequest, Recovered, recover};
pub use recover_names::part_totals;
pub use verified::Expected;
