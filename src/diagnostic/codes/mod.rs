//! The table of every diagnostic: one row a code, one file an area. `explain` and the docs are made from it.

pub mod any_point;
pub mod backup;
pub mod change;
pub mod collision;
pub mod custody;
pub mod detection;
pub mod graph;
pub mod include;
pub mod people;
pub mod plan;
pub mod prove;
pub mod restore;
pub mod skew;
pub mod step;
pub mod store;
pub mod syntax;
pub mod target;
pub mod template;
pub mod value;
pub mod watch;
pub mod way;
pub mod word;

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

/// The areas of the table, in the order of the documentation.
const AREAS: &[&[&Code]] = &[
    syntax::ALL,
    word::ALL,
    value::ALL,
    include::ALL,
    template::ALL,
    plan::ALL,
    people::ALL,
    store::ALL,
    target::ALL,
    backup::ALL,
    way::ALL,
    restore::ALL,
    step::ALL,
    watch::ALL,
    graph::ALL,
    prove::ALL,
    any_point::ALL,
    detection::ALL,
    skew::ALL,
    custody::ALL,
    collision::ALL,
    change::ALL,
];

impl Code {
    /// An error that nobody may set aside.
    pub const fn error(name: &'static str, title: &'static str, page: &'static str) -> Self {
        Self { name, severity: Severity::Error, waivable: false, title, page }
    }

    /// A warning that a person may set aside.
    pub const fn warning(name: &'static str, title: &'static str, page: &'static str) -> Self {
        Self { name, severity: Severity::Warning, waivable: true, title, page }
    }

    /// Advice that a person may set aside.
    pub const fn advice(name: &'static str, title: &'static str, page: &'static str) -> Self {
        Self { name, severity: Severity::Advice, waivable: true, title, page }
    }

    /// The same, set aside where a person says why and until when.
    #[must_use]
    pub const fn waivable(self) -> Self {
        Self { waivable: true, ..self }
    }
}

/// Every code.
pub fn all() -> impl Iterator<Item = &'static Code> {
    AREAS.iter().flat_map(|area| area.iter().copied())
}

/// The code of that name.
pub fn by_name(name: &str) -> Option<&'static Code> {
    all().find(|code| code.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_lower_case_and_pages_show_what_to_write() {
        let mut seen = BTreeSet::new();
        for code in all() {
            assert!(seen.insert(code.name), "{} is there twice", code.name);
            let parts: Vec<_> = code.name.split("::").collect();
            assert!(parts.len() == 3 && parts[0] == "sonae", "{}", code.name);
            assert!(code.name.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == ':'), "{}", code.name);
            assert!(code.page.ends_with('\n') && !code.page.starts_with('\n'), "{}", code.name);
            assert!(!code.title.is_empty() && !code.title.ends_with('.'), "{}", code.name);
            assert_eq!(by_name(code.name), Some(code));
        }
    }
}
