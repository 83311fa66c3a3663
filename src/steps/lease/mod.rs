//! Leases in stores: one run at a time, on whatever host, deletes of a job's points of one host.
//!
//! Unaware of jobs and of locks on a host. A lease is a chain of objects (`catalog::Lease`), as a store can say only "put this where
//! nothing is", "list" and "delete". The rules, which contenders keep in a simulation that notices those who do not (`tests.rs`):
//!
//! - To take it, look; judge whatever is there dead, or give up; write an object of the next number; **look again**. Whoever now finds
//!   an object that it did not judge takes its own away. Of two who ask at once, at least one finds the other.
//! - An object is dead when the *store's* clock says that it was stored longer ago than it lasts: both times are the store's, so hosts
//!   may disagree on the time. Or when it is of a process that held the lock of the operating system which one holds now.
//! - To renew it, write the next object, and take away all but the last two. So a listing that does not show one moment, as those of
//!   folders do not, misses all of them only if it takes longer than a renewal; and one that takes so long is made again.
//! - The holder believes in it for a minute less than it lasts, from *before* it wrote the object on, by whichever of its clocks says
//!   that more time has passed: one stands still while a laptop sleeps, the other can be set. When its time was up, it takes the lease
//!   anew, or has lost it.
//! - Before each deletion the holder reads its last object again: whoever takes a lease removes the objects of the dead first.
//!
//! Invariant: no two believe that they hold a lease at one time, as long as the store's clock is not set while one is held. Even then the
//! one whose object was taken away deletes nothing more.

mod breaking;
mod chain;
mod held;
mod moment;
mod pin;
mod set;
mod take;
#[cfg(test)]
mod tests;

pub use breaking::{Broken, LeaseShown, break_lease, leases_of};
pub use chain::LeaseSeen;
pub use held::{HeldLease, LeaseLost};
pub use pin::{HeldPin, PinWanted, pinned};
pub(super) use pin::{PinLook, Pins, put_back};
pub use set::{LeaseEntry, Leases};
pub use take::{LeaseTaken, LeaseWanted};

use std::time::Duration;

/// How long a lease lasts: long enough for a store that does not answer for a while, short enough to wait for a host that died.
pub(super) const LASTS: Duration = Duration::from_secs(300);
/// How long its holder believes in it. The rest is for a deletion that is under way, and for clocks of unlike speed.
const TRUSTED: Duration = Duration::from_secs(240);
/// How often its holder renews it: three renewals may fail.
pub const LEASE_RENEWED_EVERY: Duration = Duration::from_secs(60);
