//! The documentation says what the compiler does: pages written from its tables are current, and examples compile.

mod examples;
mod exit_statuses;
mod generated;

pub(crate) use examples::plans_shown;
