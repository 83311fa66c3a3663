//! The rules of a plan's `retention`, without their places in the text.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::plan::Retention;
use crate::primitives::Period;

/// What keeps a point. They add up: it is kept while any of them keeps it. Without any, everything is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rules {
    /// The newest so many good points.
    pub generations: Option<NonZeroU32>,
    /// All whose data is younger.
    pub within: Option<Period>,
    /// Of each of the newest so many hours, days … that have a good point, the newest good one.
    pub thinned: BTreeMap<CalendarUnit, NonZeroU32>,
}

impl Rules {
    /// The rules of a plan's `retention`.
    pub fn of(retention: &Retention) -> Self {
        let thinned = [
            (CalendarUnit::Hour, &retention.hourly),
            (CalendarUnit::Day, &retention.daily),
            (CalendarUnit::Week, &retention.weekly),
            (CalendarUnit::Month, &retention.monthly),
            (CalendarUnit::Year, &retention.yearly),
        ];
        Self {
            generations: retention.generations.as_ref().map(|rule| rule.value),
            within: retention.within.as_ref().map(|rule| rule.value),
            thinned: thinned.into_iter().filter_map(|(unit, rule)| Some((unit, rule.as_ref()?.value))).collect(),
        }
    }

    /// Whether there is none, so that everything is kept.
    pub fn is_empty(&self) -> bool {
        self.generations.is_none() && self.within.is_none() && self.thinned.is_empty()
    }
}

/// What a calendar is divided in. Local time of the plan's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CalendarUnit {
    /// An hour of the clock; one that the clock shows twice is two.
    Hour,
    /// A date.
    Day,
    /// A week from Monday (ISO 8601).
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl CalendarUnit {
    /// The hour, day … that a local time is in, as people write it: `2026-03-01 05h`, `2026-03-01`, `2026-W09`,
    /// `2026-03`, `2026`.
    pub(super) fn name_of(self, local: DateTime) -> String {
        match self {
            Self::Hour => local.strftime("%Y-%m-%d %Hh").to_string(),
            Self::Day => local.date().to_string(),
            Self::Week => {
                let week = local.date().iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month => local.strftime("%Y-%m").to_string(),
            Self::Year => local.strftime("%Y").to_string(),
        }
    }
}

impl fmt::Display for CalendarUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        })
    }
}
