//! No schedule has a time that the clock jumps over or shows twice.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Scene;
use crate::calendar::{self, Changes, Does, Occurrences, Unusual};
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Rhythm, Schedule, TimeOfDay};

/// How far ahead is looked, five years: what comes later, a country may have changed by then.
const AHEAD: SignedDuration = SignedDuration::from_hours(5 * 366 * 24);

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let start = scene.today.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |today| today.timestamp());
    let end = start.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    // Many backups have the same schedule, and most the same zone.
    let (mut zones, mut seen) = (HashMap::new(), HashMap::new());
    for schedule in scene.schedules() {
        let zone = schedule.timezone.value.as_str();
        let unusual = seen.entry((&schedule.rhythm, zone)).or_insert_with(|| {
            let occurrences = Occurrences::of(schedule).ok()?;
            let changes = zones.entry(zone).or_insert_with(|| Changes::of(occurrences.zone(), start, end));
            let unusual = changes.first(&occurrences)?;
            Some((unusual, calendar::local(unusual.occurs, occurrences.zone())))
        });
        if let (Some((unusual, occurs)), Some(changes)) = (unusual, zones.get(zone)) {
            out.push(found(schedule, unusual, occurs, changes));
        }
    }
}

fn found(schedule: &Schedule, unusual: &Unusual, occurs: &str, changes: &Changes) -> Diagnostic {
    let zone = &schedule.timezone;
    let (time, day) = (unusual.meant.strftime("%H:%M"), unusual.meant.date());
    let time_of = |local: &str| local.split_once(' ').map_or_else(String::new, |(_, time)| time.to_owned());
    let (message, label) = match unusual.does {
        Does::JumpsOver => (
            format!("in {} the clock jumps over {time} on {day}", zone.value),
            format!("runs at {} on that day", time_of(occurs)),
        ),
        Does::ShowsTwice => (
            format!("in {} the clock shows {time} twice on {day}", zone.value),
            "runs the first time only on that day".to_owned(),
        ),
    };
    let found = Diagnostic::new(&codes::backup::CLOCK_CHANGE, message, schedule.span, label, help(schedule, changes));
    let is_own = schedule.span.range().contains(&(zone.span.start as usize)) && zone.span.file == schedule.span.file;
    if is_own { found } else { found.also(zone.span, "the zone of its times") }
}

fn help(schedule: &Schedule, changes: &Changes) -> String {
    let free = time_of_day(&schedule.rhythm).and_then(|at| changes.undisturbed_near(at));
    match free {
        Some(free) => format!("write `at=\"{free}\"`, a time that comes just once on every day"),
        None => "write times that come just once on every day, or `every=`, which knows no clock".to_owned(),
    }
}

fn time_of_day(rhythm: &Rhythm) -> Option<TimeOfDay> {
    match rhythm {
        Rhythm::Daily { at } | Rhythm::Weekly { at, .. } | Rhythm::Monthly { at, .. } | Rhythm::Yearly { at, .. } => {
            Some(*at)
        }
        Rhythm::Every { .. } | Rhythm::Cron { .. } => None,
    }
}
