//! The documentation says what the compiler does: pages written from its tables are current, and examples compile.

mod book;
mod commands;
mod examples;
mod exit_statuses;
mod generated;
mod plan_schema;
mod schemas;
mod tutorial;
mod worked_example;

pub(crate) use examples::plans_shown;
pub(crate) use schemas::{holds, holds_and_nothing_else, schema_of};
