//! Why a point is kept or let go, in data and in words. Times are shown in the zone that was decided in.

use std::fmt;
use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::rules::{CalendarUnit, Rules};
use crate::primitives::Period;

/// What becomes of a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is kept, for each of these reasons: at least one.
    Keep(Vec<KeepReason>),
    /// It may be deleted.
    LetGo(LetGo),
}

/// Why a point is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepReason {
    /// No rule lets anything go.
    NoRules,
    /// Its data is from after now: a clock is wrong, and nothing is deleted on the word of a wrong clock.
    FromTheFuture,
    /// It is the newest good point, which nothing lets go.
    NewestGood,
    /// It is among the newest so many good points.
    Generation {
        /// Its place, the newest being 1.
        rank: u32,
        /// How many are kept.
        of: NonZeroU32,
    },
    /// Its data is younger than a period.
    Within {
        /// The period.
        period: Period,
        /// When it is no longer: at that very instant it is let go.
        until: Timestamp,
        /// The same as the zone's clock shows it.
        until_local: DateTime,
    },
    /// It is the newest good point of its hour, day, week, month or year.
    NewestOf {
        /// Of what.
        unit: CalendarUnit,
        /// Of which: `2026-03-01 05h`, `2026-03-01`, `2026-W09`, `2026-03`, `2026`.
        name: String,
        /// That one's place among those with a good point, the newest being 1.
        rank: u32,
        /// Of how many one is kept.
        of: NonZeroU32,
    },
    /// It is not good, but no good point is newer: it may be all there is of that data.
    NothingNewer,
}

/// Why a point is let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetGo {
    /// It is good, and none of the rules keeps it.
    Outlived {
        /// The rules.
        rules: Rules,
    },
    /// It is not good, and a good one is newer.
    NotGood {
        /// The period that it is older than, where there is such a rule.
        within: Option<Period>,
        /// When the data of the newest good point is from, as the zone's clock shows it.
        newer_local: DateTime,
    },
}

impl Verdict {
    /// Whether it is kept.
    pub fn keeps(&self) -> bool {
        matches!(self, Self::Keep(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep(reasons) => {
                let reasons: Vec<String> = reasons.iter().map(KeepReason::to_string).collect();
                write!(f, "kept: {}", reasons.join("; "))
            }
            Self::LetGo(reason) => write!(f, "let go: {reason}"),
        }
    }
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRules => write!(f, "the plan has no retention for it"),
            Self::FromTheFuture => write!(f, "its data is from the future, a clock is wrong"),
            Self::NewestGood => write!(f, "the newest good point"),
            Self::Generation { rank, of } => write!(f, "among the newest {of} ({rank} of {of})"),
            Self::Within { period, until_local, .. } => write!(f, "within {period} until {}", shown(*until_local)),
            Self::NewestOf { unit, name, rank, of } => {
                write!(f, "the newest of {unit} {name} ({rank} of {of})")
            }
            Self::NothingNewer => write!(f, "not good, but no good point is newer"),
        }
    }
}

impl fmt::Display for LetGo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outlived { rules } => f.write_str(&listed(&failed(rules), "and")),
            Self::NotGood { within, newer_local } => {
                let older = within.map_or(String::new(), |period| format!(", older than {period}"));
                write!(f, "not good{older}, and there is a newer good point, of {}", shown(*newer_local))
            }
        }
    }
}

/// Each rule, denied.
fn failed(rules: &Rules) -> Vec<String> {
    let within = rules.within.map(|period| format!("older than {period}"));
    let generations = rules.generations.map(|count| match count.get() {
        1 => "not the newest".to_owned(),
        count => format!("not among the newest {count}"),
    });
    let thinned: Vec<String> =
        rules.thinned.iter().map(|(unit, count)| counted(count.get(), &unit.to_string())).collect();
    let thinned = match (thinned.as_slice(), rules.thinned.iter().next()) {
        ([_], Some((unit, count))) if count.get() == 1 => Some(format!("not the newest in the newest {unit}")),
        ([], _) => None,
        (periods, _) => Some(format!("not the newest in any of the newest {}", listed(periods, "or"))),
    };
    within.into_iter().chain(generations).chain(thinned).collect()
}

/// `1 day`, `2 days`.
fn counted(number: u32, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[String], last_word: &str) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {last_word} {last}", first.join(", ")),
    }
}

fn shown(local: DateTime) -> String {
    let form = if local.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    local.strftime(form).to_string()
}
