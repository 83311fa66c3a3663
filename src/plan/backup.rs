//! Backups: when, how, where to, and how long they are kept.

use std::borrow::Cow;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::Waiver;
use crate::primitives::{Compression, Duration, JobName, Name, Percentage, Period, Span, Spanned};

/// One way a target is backed up.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Its name within the target.
    pub name: Spanned<Name>,
    /// When; without one it runs only when it is named.
    pub schedule: Option<Schedule>,
    /// How it is made, and by whom.
    pub way: Way,
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
    /// The program that is run before anything is packed; never through a shell.
    pub before_backup: Vec<Spanned<String>>,
    /// The program that is run when the recovery point exists, or when making it failed; never through a shell.
    pub after_backup: Vec<Spanned<String>>,
    /// How much of the host it may take.
    pub priority: Option<Spanned<Priority>>,
    /// Problems set aside for this backup.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

impl Backup {
    /// When it is due: by its schedule; what a provider keeps by itself, as often as it is looked at.
    pub fn due(&self) -> Option<Cow<'_, Schedule>> {
        if let Some(schedule) = &self.schedule {
            return Some(Cow::Borrowed(schedule));
        }
        let Way::PointInTime(PointInTime { check_every: Some(every), .. }) = &self.way else { return None };
        // No schedule comes round more often than once a minute.
        let period = Duration::from_seconds(every.value.seconds.max(60));
        let timezone = Spanned { value: "UTC".to_owned(), span: every.span };
        Some(Cow::Owned(Schedule { rhythm: Rhythm::Every { period }, timezone, span: every.span }))
    }

    /// What is put into a store, where this is what it does.
    pub fn stored(&self) -> Option<&Stored> {
        match &self.way {
            Way::Stored(stored) => Some(stored),
            Way::PointInTime(_) | Way::Snapshot(_) => None,
        }
    }

    /// The store that it is put into, where there is one.
    pub fn store(&self) -> Option<&Spanned<Name>> {
        self.stored().map(|stored| &stored.store)
    }
}

/// How a backup is made.
#[derive(Debug, Clone)]
pub enum Way {
    /// Packed here and put into a store.
    Stored(Stored),
    /// Kept by the provider of a database, to any moment.
    PointInTime(PointInTime),
    /// Kept by the provider of a database, as a snapshot.
    Snapshot(Snapshot),
}

impl Way {
    /// The word that says so.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Stored(Stored { content: Content::Archive(_), .. }) => "archive",
            Self::Stored(Stored { content: Content::Dump(_), .. }) => "dump",
            Self::Stored(Stored { content: Content::BinaryLog(_), .. }) => "binary-log",
            Self::PointInTime(_) => "point-in-time",
            Self::Snapshot(_) => "snapshot",
        }
    }

    /// Whether it makes recovery points one by one, each with the names of its plan and its job, and not a stretch of moments.
    pub fn is_of_points(&self) -> bool {
        !matches!(self, Self::PointInTime(_))
    }
}

/// What is put into a store.
#[derive(Debug, Clone)]
pub struct Stored {
    /// What it is.
    pub content: Content,
    /// The store.
    pub store: Spanned<Name>,
    /// Which files; all where the plan says nothing.
    pub select: Option<Select>,
    /// Where it is said that the originals are removed.
    pub remove_originals: Option<Span>,
    /// Further copies, in source order.
    pub copies: Vec<CopyTo>,
    /// The word that says how it is made.
    pub span: Span,
}

/// What a recovery point is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Files, packed.
    Archive(Archive),
    /// A consistent dump of databases.
    Dump(Compression),
    /// What databases changed since the last one.
    BinaryLog(Compression),
}

/// Which files of a log folder.
#[derive(Debug, Clone)]
pub struct Select {
    /// By which rule.
    pub kind: Selection,
    /// How many months stay, the running one among them; for whole months.
    pub keep_newest: Option<Spanned<NonZeroU32>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// A rule that selects files by the day they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Every day that is over and not in the store: one recovery point a day.
    UnshippedDays,
    /// Every whole month but the newest: one recovery point a month.
    WholeMonths,
}

impl std::fmt::Display for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::UnshippedDays => "unshipped-days",
            Self::WholeMonths => "whole-months",
        })
    }
}

/// A second copy of every recovery point.
#[derive(Debug, Clone)]
pub struct CopyTo {
    /// In which store.
    pub to: Spanned<Name>,
    /// How long it is kept there; without one nothing is ever deleted there.
    pub retention: Option<Retention>,
    /// How long it is expected to take once the first is there, for planning and proof.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Recovery to any moment, as a provider keeps it: Amazon RDS's automated backups.
#[derive(Debug, Clone)]
pub struct PointInTime {
    /// When the provider makes its daily full backup, in the plan's zone; the provider's own choice where the plan says nothing.
    pub window: Option<Spanned<Window>>,
    /// How far the newest moment may lie back: the provider's word, held against it when it is looked at.
    pub max_lag: Spanned<Duration>,
    /// How often it is looked at.
    pub check_every: Option<Spanned<Duration>>,
    /// What is done where the database is set otherwise than the plan says.
    pub on_drift: Drift,
    /// The node's name and arguments.
    pub span: Span,
}

/// What is done where a database is set otherwise than the plan says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// It is told.
    #[default]
    Tell,
    /// It is set as the plan says, unless automated backups are off, or history would be lost.
    Correct,
    /// Likewise; and automated backups are turned on where they are off.
    Enable,
}

impl std::fmt::Display for Drift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Tell => "tell",
            Self::Correct => "correct",
            Self::Enable => "enable",
        })
    }
}

/// A snapshot, as a provider keeps it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// A further region that it is copied to.
    pub copy_to: Option<Spanned<String>>,
    /// The key of AWS KMS that the copy is encrypted with there.
    pub kms_key: Option<Spanned<String>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// A time of every day and how long it lasts, `"03:00/30m"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// When it begins.
    pub at: TimeOfDay,
    /// How long it lasts.
    pub length: Duration,
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.at, self.length)
    }
}

/// How much of the host a backup may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// As any other program.
    Normal,
    /// Less than others (nice(1)).
    Low,
    /// What nobody else wants (nice(1), ionice(1)).
    Idle,
}

impl std::fmt::Display for Priority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Normal => "normal",
            Self::Low => "low",
            Self::Idle => "idle",
        })
    }
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
