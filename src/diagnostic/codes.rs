//! The table of every diagnostic: one row a code. `explain` and the docs are made from it.

use super::Severity;

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Its stable name: `sonae::area::problem`.
    pub name: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// Whether a `waive` may set it aside.
    pub waivable: bool,
    /// One line: what is wrong.
    pub title: &'static str,
    /// The page: why it is so, and what to do. Markdown.
    pub page: &'static str,
}
