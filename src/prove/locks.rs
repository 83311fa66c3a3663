//! Whether what a store locks is kept as long as it is locked.
//!
//! Unaware of what else holds a point: pins and holds only keep it longer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lives::Point;
use super::rhythms::Rhythms;
use crate::calendar;
use crate::diagnostic::codes::prove::LOCKED_LONGER;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Backup, Plan, StoreKind, Target};
use crate::primitives::{Duration, Name, Span, Spanned};
use crate::timeline::{Kept, of_backup};

/// The stores of a plan that lock what is put there, each with for how long.
pub(super) struct Locks<'p> {
    lasting: BTreeMap<&'p Name, &'p Spanned<Duration>>,
    zone: TimeZone,
}

/// The point that is let go youngest.
struct Youngest {
    point: Point,
    /// How it is kept.
    span: Span,
}

impl<'p> Locks<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let lasting = plan.stores.iter().filter_map(|store| match &store.kind {
            StoreKind::S3(s3) => {
                s3.object_lock.as_ref().and(s3.lock_for.as_ref()).map(|lasts| (&store.name.value, lasts))
            }
            StoreKind::Local { .. } | StoreKind::Sftp(_) => None,
        });
        let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
        Self { lasting: lasting.collect(), zone }
    }

    /// Warns of each backup and copy of a target of which something is let go while it is locked.
    pub(super) fn of_target(&self, target: &'p Target, rhythms: &mut Rhythms, out: &mut Diagnostics) {
        if self.lasting.is_empty() {
            return;
        }
        for backup in target.backups.iter().filter(|backup| backup.stored().is_some()) {
            for series in of_backup(target, backup, &self.zone, None) {
                let Some((store, lasts)) = series.place.store().and_then(|store| self.lasting.get_key_value(store))
                else {
                    continue;
                };
                // What is made by hand alone goes by no schedule, and nothing is known of it.
                let Kept::Points(points) = &series.kept else { continue };
                let retention = retention(backup, store);
                let youngest = self.youngest(backup, points, rhythms).zip(retention);
                let youngest = youngest.map(|(point, span)| Youngest { point, span });
                out.extend(youngest.and_then(|youngest| self.longer(target, backup, store, lasts, &youngest)));
            }
        }
    }

    /// None where nothing is let go, or where there are too many points to look at.
    fn youngest(&self, backup: &Backup, points: &crate::timeline::Points, rhythms: &mut Rhythms) -> Option<Point> {
        if points.rules.is_empty() {
            return None;
        }
        let rhythm = rhythms.of(backup.schedule.as_ref()?).ok()?;
        let lives = rhythms.lives(rhythm, points).ok()?;
        lives.iter().filter(|point| point.gone < i64::MAX).min_by_key(|point| (age(point), point.slot)).copied()
    }

    fn longer(
        &self,
        target: &Target,
        backup: &Backup,
        store: &Name,
        lasts: &Spanned<Duration>,
        youngest: &Youngest,
    ) -> Option<Diagnostic> {
        let Youngest { point, span } = youngest;
        let (age, locked, job) = (age(point), lasts.value, target.job(backup));
        if locked.seconds <= age.seconds + SET {
            return None;
        }
        let message = format!("`{job}` lets recovery points go after {age}, and `{store}` locks them for {locked}");
        let help = format!(
            "what is deleted before its lock is over is only hidden, stays and is paid for: write `lock-for=\"{}\"`, or keep every point as \
             long as it is locked, as in `within=\"{}\"`",
            whole(Duration::from_seconds(age.seconds + SET)),
            days(locked),
        );
        let label = format!("the point of {} is let go on {}", self.shown(point.slot), self.shown(point.gone));
        let found = Diagnostic::new(&LOCKED_LONGER, message, lasts.span, "longer than that", help);
        Some(found.also(*span, label))
    }

    fn shown(&self, second: i64) -> String {
        calendar::local(Timestamp::from_second(second).unwrap_or(Timestamp::MAX), &self.zone)
    }
}

/// Where it is written how long something is kept in that store.
fn retention(backup: &Backup, store: &Name) -> Option<Span> {
    let stored = backup.stored()?;
    let copy = stored.copies.iter().find(|copy| copy.to.value == *store && stored.store.value != *store);
    let retention = copy.map_or(backup.retention.as_ref(), |copy| copy.retention.as_ref());
    retention.map(|retention| retention.span)
}

fn age(point: &Point) -> Duration {
    Duration::from_seconds(u64::try_from(point.gone.saturating_sub(point.slot)).unwrap_or(0))
}

/// In whole days where there are any, else in whole minutes: no longer than that.
fn whole(age: Duration) -> Duration {
    let unit = if age.seconds >= DAY { DAY } else { 60 };
    Duration::from_seconds(age.seconds / unit * unit)
}

/// As a period of `within`, which has no hours: no shorter than that.
fn days(locked: Duration) -> String {
    format!("{}d", locked.seconds.div_ceil(DAY))
}

/// Seconds.
const DAY: u64 = 86_400;
/// So much shorter are days at most between which a clock is set: a lock that outlasts a point by that much is as long as it, for whoever wrote both.
const SET: u64 = 3 * 3_600;
