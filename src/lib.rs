//! *sonae* (備え, "being prepared"): a backup-and-recovery plan compiler and executor.
pub mod diagnostic;
pub mod drivers;
pub mod fakes;
pub mod plan;
pub mod ports;
pub mod primitives;
