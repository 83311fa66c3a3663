//! Backups: when, how, where to, and how long they are kept.

use std::num::NonZeroU32;

use super::Waiver;
use crate::primitives::{Compression, Duration, JobName, Name, Percentage, Period, Span, Spanned};

/// One way a target is backed up.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Its name within the target.
    pub name: Spanned<Name>,
    /// When; without one it runs only when it is named.
    pub schedule: Option<Schedule>,
    /// How it is packed.
    pub archive: Archive,
    /// Where to.
    pub store: Spanned<Name>,
    /// How long; without one nothing is ever deleted.
    pub retention: Option<Retention>,
    /// What suspends deletion.
    pub guard: Guard,
    /// How long it is expected to take, for planning and proof.
    pub takes: Option<Spanned<Duration>>,
    /// When to give up; a day where the plan says nothing.
    pub timeout: Option<Spanned<Duration>>,
    /// The jobs that come before it where they run together.
    pub after: Vec<Spanned<JobName>>,
    /// Problems set aside for this backup.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

/// What suspends deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// By how much a new point may be smaller than the one before; half where the plan says nothing.
    pub shrink: Percentage,
    /// How much of a job's points one run may delete; half where the plan says nothing.
    pub delete: Percentage,
}

impl Default for Guard {
    fn default() -> Self {
        Self { shrink: Percentage::HALF, delete: Percentage::HALF }
    }
}

/// How a backup is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive {
    /// What it is.
    pub format: ArchiveFormat,
    /// How it is compressed.
    pub compression: Compression,
}

/// What an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// A zip that holds one tar.
    TarZip,
}

/// When a backup is due.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The times.
    pub rhythm: Rhythm,
    /// The IANA time zone of the times of day.
    pub timezone: Spanned<String>,
    /// The node's name and arguments.
    pub span: Span,
}

/// The times of a schedule. Times of day are of the schedule's zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rhythm {
    /// Once a day.
    Daily {
        /// When.
        at: TimeOfDay,
    },
    /// Once a week.
    Weekly {
        /// On which day.
        weekday: jiff::civil::Weekday,
        /// When.
        at: TimeOfDay,
    },
    /// Once a month.
    Monthly {
        /// On which day, 1 to 31; in a month without it, on the month's last.
        day: i8,
        /// When.
        at: TimeOfDay,
    },
    /// Once a year.
    Yearly {
        /// In which month, 1 to 12.
        month: i8,
        /// On which day; 29 February is the 28th in a common year.
        day: i8,
        /// When.
        at: TimeOfDay,
    },
    /// Every so often, counted from 1970-01-01T00:00:00Z, whatever the zone.
    Every {
        /// How often: at least a minute.
        period: Duration,
    },
    /// A cron expression of five fields (crontab(5)).
    Cron {
        /// As written; it was found to be well formed.
        expression: String,
    },
}

/// A time of day to the minute, `"05:30"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// How long recovery points are kept. The rules add up: a point is kept while any of them keeps it.
#[derive(Debug, Clone)]
pub struct Retention {
    /// The newest so many good points.
    pub generations: Option<Spanned<NonZeroU32>>,
    /// All whose data is younger.
    pub within: Option<Spanned<Period>>,
    /// The newest of each of the newest so many hours that have one.
    pub hourly: Option<Spanned<NonZeroU32>>,
    /// Likewise of days.
    pub daily: Option<Spanned<NonZeroU32>>,
    /// Likewise of weeks, which begin on Monday (ISO 8601).
    pub weekly: Option<Spanned<NonZeroU32>>,
    /// Likewise of months.
    pub monthly: Option<Spanned<NonZeroU32>>,
    /// Likewise of years.
    pub yearly: Option<Spanned<NonZeroU32>>,
    /// The node's name and arguments.
    pub span: Span,
}
