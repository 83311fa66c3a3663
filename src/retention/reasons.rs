//! Why a point is kept or let go, as data and in words.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Rules;
use crate::primitives::Period;

/// A stretch of the calendar, of which one point is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bucket {
    /// An hour; where the clock is set back, two hours of one name are two.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday (ISO 8601).
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Bucket {
    /// The rule's word in a plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hour => "hourly",
            Self::Day => "daily",
            Self::Week => "weekly",
            Self::Month => "monthly",
            Self::Year => "yearly",
        }
    }
}

/// Why a point is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepReason {
    /// There are no rules.
    NoRules,
    /// It is the newest good point.
    NewestGood,
    /// Its data is of the future: a clock is wrong, and nothing is deleted on the word of a wrong clock.
    FromTheFuture,
    /// It is one of the newest good points: the so-manieth.
    Generation(u32),
    /// Its data is young enough, until then.
    Within(Period, Timestamp),
    /// It is the newest good point of its hour, day, week, month or year.
    NewestOf(Bucket),
    /// It is not good, but no newer one is.
    NoNewerGood,
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRules => f.write_str("there is no retention rule"),
            Self::NewestGood => f.write_str("the newest good point is never deleted"),
            Self::FromTheFuture => f.write_str("its data is of the future: a clock is wrong"),
            Self::Generation(rank) => write!(f, "generation {rank}"),
            Self::Within(period, until) => write!(f, "within {period}, until {until}"),
            Self::NewestOf(bucket) => write!(f, "{}", bucket.word()),
            Self::NoNewerGood => f.write_str("no newer point is good"),
        }
    }
}

/// Why a point is let go: no rule keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetGoReason {
    /// Whether it is good.
    pub good: bool,
    /// The rules, none of which keeps it.
    pub rules: Rules,
}

impl fmt::Display for LetGoReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = vec![];
        if !self.good {
            parts.push("not good, and a newer one is".to_owned());
        }
        if let Some(within) = self.rules.within {
            parts.push(format!("not younger than {within}"));
        }
        if let (true, Some(generations)) = (self.good, self.rules.generations) {
            parts.push(format!("not among the newest {generations}"));
        }
        if let (true, false) = (self.good, self.rules.buckets.is_empty()) {
            let words: Vec<String> =
                self.rules.buckets.iter().map(|(bucket, count)| format!("{}={count}", bucket.word())).collect();
            parts.push(format!("not kept by {}", words.join(" ")));
        }
        f.write_str(&parts.join(", "))
    }
}
