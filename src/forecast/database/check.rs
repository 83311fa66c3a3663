//! Automated backups, held against what the plan promises.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::graph::WantedBackups;
use crate::observe::Observed;
use crate::plan::{Drift, Plan, Window};
use crate::ports::{Cause, Database, DatabaseName, Fault};
use crate::primitives::{Duration, JobName};

/// A look at the automated backups of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BackupsCheck {
    /// For which job.
    pub job: JobName,
    /// Which database.
    pub database: DatabaseName,
    /// For how many days it should be kept at least; as it is set where the plan says nothing.
    pub days: Option<u32>,
    /// When the daily backup should be made, `18:00-18:30` in UTC; as it is set where the plan says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// How far the newest moment may lie back.
    pub max_lag: Duration,
    /// The oldest moment to which it could be brought back when the forecast was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Timestamp>,
    /// The newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
    /// For how many days it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_days: Option<u32>,
    /// What was set otherwise than the plan says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<BackupsDrift>,
}

/// A setting that is not as the plan says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BackupsDrift {
    /// Which.
    pub setting: BackupsSetting,
    /// What it is.
    pub is: String,
    /// What the plan says.
    pub planned: String,
    /// Whether it is set so; else it is only told.
    pub corrected: bool,
}

/// What is set of automated backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BackupsSetting {
    /// For how many days they are kept.
    Days,
    /// When the daily one is made, in UTC.
    Window,
}

impl BackupsCheck {
    /// What is set as the plan says.
    pub fn corrections(&self) -> impl Iterator<Item = &BackupsDrift> {
        self.drift.iter().filter(|drift| drift.corrected)
    }

    /// What is to be set of one setting, if it is.
    pub fn correction(&self, setting: BackupsSetting) -> Option<&BackupsDrift> {
        self.corrections().find(|drift| drift.setting == setting)
    }

    /// Why what a database is now does not keep the promise, if it does not.
    pub fn broken(&self, seen: Option<&Database>, now: Timestamp) -> Option<Fault> {
        let fault = |cause, answer: String| Some(Fault::permanent(cause, format!("check {}", self.database), answer));
        let Some(seen) = seen else { return fault(Cause::NotFound, "there is no such database".into()) };
        let days = self.days.unwrap_or(1);
        match (seen.backup_days, seen.latest) {
            (0, _) => fault(
                Cause::Invalid,
                "automated backups are off, so nothing is kept of it: turn them on, or have the plan say `on-drift=\"enable\"`".into(),
            ),
            (kept, _) if kept < days => fault(
                Cause::Invalid,
                format!(
                    "it is kept for {}, and the plan promises {}: set it so, or have the plan say `on-drift=\"correct\"`",
                    of_days(kept),
                    of_days(days)
                ),
            ),
            (_, None) => fault(Cause::NotFound, "RDS names no moment yet to which it can be brought back".into()),
            (_, Some(latest)) => {
                let lag = now.duration_since(latest);
                if lag <= self.max_lag.signed() {
                    return None;
                }
                let lag = Duration::from_seconds(u64::try_from(lag.as_secs()).unwrap_or(0));
                fault(
                    Cause::Other,
                    format!("the newest moment to which it can be brought back is {latest}, {lag} ago, and `max-lag` is {}", self.max_lag),
                )
            }
        }
    }
}

pub(super) fn check(
    plan: &Plan,
    (job, database): (&JobName, &DatabaseName),
    wanted: &WantedBackups,
    observed: &Observed,
) -> (BackupsCheck, Option<Fault>) {
    let seen = observed.databases.databases.get(database);
    let itself = seen.and_then(|seen| seen.as_ref().ok()).and_then(Option::as_ref);
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
    let automated = observed.databases.automated.get(database).and_then(|seen| seen.as_ref().ok());
    let living = automated.and_then(|all| all.iter().find(|of| !of.retained));
    let check = BackupsCheck {
        job: job.clone(),
        database: database.clone(),
        days: wanted.days,
        window: wanted.window.as_ref().map(|window| in_utc(window, &zone, observed.at)),
        max_lag: wanted.max_lag,
        earliest: living.and_then(|of| of.earliest),
        latest: itself.and_then(|itself| itself.latest),
        kept_days: itself.map(|itself| itself.backup_days),
        drift: itself.map(|itself| drift(itself, wanted, &zone, observed.at)).unwrap_or_default(),
    };
    let foreseen = match seen {
        Some(Err(fault)) => Some(fault.clone()),
        // Where it is set anew, what comes of that is seen when it is.
        _ if check.corrections().next().is_some() => None,
        _ => check.broken(itself, observed.at),
    };
    (check, foreseen)
}

fn drift(seen: &Database, wanted: &WantedBackups, zone: &TimeZone, at: Timestamp) -> Vec<BackupsDrift> {
    // Nobody's word but an explicit one turns backups on: that may stop the database for a moment.
    let may_set = match wanted.drift {
        Drift::Tell => false,
        Drift::Correct => seen.backup_days > 0,
        Drift::Enable => true,
    };
    let days = wanted.days.filter(|days| *days != seen.backup_days).map(|days| BackupsDrift {
        setting: BackupsSetting::Days,
        is: of_days(seen.backup_days),
        planned: of_days(days),
        // To keep less is to lose history, which a person does.
        corrected: may_set && days > seen.backup_days,
    });
    let window = wanted.window.as_ref().map(|window| in_utc(window, zone, at));
    let window = window.filter(|window| seen.window.as_ref() != Some(window)).map(|window| BackupsDrift {
        setting: BackupsSetting::Window,
        is: seen.window.as_ref().map_or_else(|| "not set".to_owned(), |window| format!("{window} UTC")),
        planned: format!("{window} UTC"),
        corrected: may_set,
    });
    days.into_iter().chain(window).collect()
}

fn of_days(days: u32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// A window of the plan's zone as RDS has it, `18:00-18:30` in UTC: where the zone's clocks change, as they stand on the day of `at`.
fn in_utc(window: &Window, zone: &TimeZone, at: Timestamp) -> String {
    let day = zone.to_datetime(at).date();
    let begins = zone.to_ambiguous_zoned(day.at(window.at.hour, window.at.minute, 0, 0)).compatible();
    let begins = begins.map_or(at, |begins| begins.timestamp());
    let length = SignedDuration::try_from(window.length.to_std()).unwrap_or(SignedDuration::ZERO);
    let ends = begins.checked_add(length).unwrap_or(begins);
    format!("{}-{}", begins.strftime("%H:%M"), ends.strftime("%H:%M"))
}
