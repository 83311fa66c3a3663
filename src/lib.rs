//! *sonae* (備え, "being prepared"): a backup-and-recovery plan compiler and executor.
pub mod archive;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod diagnostic;
pub mod drivers;
pub mod fakes;
pub mod forecast;
pub mod graph;
pub mod observe;
pub mod plan;
pub mod ports;
pub mod primitives;
pub mod report;
pub mod run;
pub mod steps;
