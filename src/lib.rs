//! *sonae* (備え, "being prepared"): a backup-and-recovery plan compiler and executor.
pub mod check;
pub mod diagnostic;
pub mod lower;
pub mod plan;
pub mod ports;
pub mod primitives;
pub mod report;
pub mod syntax;
