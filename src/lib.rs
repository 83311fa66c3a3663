//! *sonae* (備え, "being prepared"): a backup-and-recovery plan compiler and executor.
pub mod archive;
pub mod catalog;
pub mod diagnostic;
pub mod observe;
pub mod plan;
pub mod ports;
pub mod primitives;
pub mod steps;
