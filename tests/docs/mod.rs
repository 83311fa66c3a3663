//! The documentation says what the compiler does: pages written from its tables are current, and examples compile.

mod examples;
mod exit_statuses;
mod generated;
mod worked_example;

pub(crate) use examples::plans_shown;
