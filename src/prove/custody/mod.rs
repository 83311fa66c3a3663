//! Whether every day of a log is somewhere at every moment: in its folder, or in an archive that was read back.
//!
//! Log rotation, selections, compaction and retention each take it away somewhere, by calendars of their own.

mod days;
mod proof;
mod remedy;
mod told;

pub use proof::{Custody, OfDay};

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::days::{Day, Fate, Held, Logbook, NEVER, Packed, Signature};
use self::remedy::{Remedies, remedies};
use super::runs::Runs;
use crate::calendar;
use crate::diagnostic::Diagnostics;
use crate::plan::{Plan, Source, Target};

/// So many sets of backups and rotation are looked at through the whole window.
const SETS_WHOLE_MAX: usize = 16;
/// So many days of the others, four years.
const FEW_DAYS: usize = 1_461;

/// The days of the window in the zone of a plan.
pub(super) struct Days {
    zone: TimeZone,
    all: Vec<Day>,
}

impl Days {
    /// They are worked out only where there are logs.
    pub(super) fn of(plan: &Plan) -> Self {
        let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
        let any = plan
            .targets
            .iter()
            .any(|target| matches!(&target.source, Some(Source::Logs(logs)) if logs.pattern.is_some()));
        let all = if any { days(&zone) } else { vec![] };
        Self { zone, all }
    }
}

fn days(zone: &TimeZone) -> Vec<Day> {
    let mut days = vec![];
    let (mut date, end) = (Date::constant(2025, 1, 1), Date::constant(2053, 1, 1));
    let mut start = days::start_of(date, zone);
    while let (Some(first), Ok(tomorrow)) = (start, date.tomorrow()) {
        if date >= end {
            break;
        }
        start = days::start_of(tomorrow, zone);
        // A day that a zone leaves out has no log.
        days.extend(start.filter(|over| *over > first).map(|over| Day { date, start: first, over }));
        date = tomorrow;
    }
    days
}

/// What was found out of one set of backups and rotation. Many targets have the same.
#[derive(Debug, Clone)]
struct Outcome {
    seen: Seen,
    /// The first day that is not in custody at every moment.
    lost: Option<Lost>,
}

/// A day that is nowhere.
#[derive(Debug, Clone)]
struct Lost {
    date: Date,
    fate: Fate,
    /// Since when, in seconds since the epoch; it was held by that backup until then, or lay in the folder.
    since: i64,
    last: Option<usize>,
    /// Who promises it for longer, and until when.
    promised: Option<(usize, i64)>,
}

/// The extremes over the days that were looked at.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// The latest that a day came to be in an archive, in seconds after it was over; with that day and the backup.
    shipped: Option<(i64, Date, usize)>,
    /// The earliest that a file left the folder, likewise; by rotation where there is no backup.
    left: Option<(i64, Date, Option<usize>)>,
}

/// The logs of a plan, each set of backups and rotation looked at once.
pub(super) struct Logs<'p, 'r> {
    runs: &'r Runs<'p>,
    days: &'r Days,
    known: HashMap<Signature, (Outcome, Remedies)>,
}

impl<'p, 'r> Logs<'p, 'r> {
    pub(super) fn new(runs: &'r Runs<'p>, days: &'r Days) -> Self {
        Self { runs, days, known: HashMap::new() }
    }

    /// Shows that every day of a target's logs is in custody, where it can be said; reports the first that is not.
    pub(super) fn of_target(&mut self, target: &'p Target, out: &mut Diagnostics) -> Option<Custody> {
        let Some(Source::Logs(logs)) = &target.source else { return None };
        let mut book = Logbook::new(target, logs, self.runs, &self.days.zone)?;
        let many = self.known.len() >= SETS_WHOLE_MAX;
        let days = self.days.all.get(..if many { FEW_DAYS } else { usize::MAX }).unwrap_or(&self.days.all);
        let (Outcome { seen, lost }, remedies) = self.known.entry(book.signature()).or_insert_with(|| {
            let outcome = looked_through(&mut book, days);
            let fresh = || Logbook::new(target, logs, self.runs, &self.days.zone);
            let left = outcome.seen.left.map(|(seconds, ..)| seconds);
            let remedies = outcome.lost.as_ref().map(|lost| remedies(&fresh, days, lost, left));
            (outcome, remedies.unwrap_or_default())
        });
        match lost {
            Some(lost) => {
                out.push(told::lost(target, logs, &book, lost, remedies, seen.left.map(|(seconds, ..)| seconds)));
                None
            }
            None => Some(told::custody(target, logs, &book, seen)),
        }
    }
}

fn looked_through(book: &mut Logbook<'_, '_>, days: &[Day]) -> Outcome {
    let mut outcome = Outcome { seen: Seen::default(), lost: None };
    for day in days {
        let fate = book.fate(day);
        outcome.seen.note(day, &fate);
        if outcome.lost.is_none() && !is_handed_over(book, &fate) {
            outcome.lost = lost(book, day, &fate);
        }
    }
    outcome
}

/// Whether a backup that nobody outlasts took the day over from the folder: then it is in custody without a closer look.
fn is_handed_over(book: &Logbook<'_, '_>, fate: &Fate) -> bool {
    let took = |(place, packed): &(usize, Packed)| matches!(packed, Packed::From(_)) && book.packers[*place].outlasts;
    fate.packed.iter().any(took)
}

/// Since when a day is nowhere, though it is promised for longer.
fn lost(book: &Logbook<'_, '_>, day: &Day, fate: &Fate) -> Option<Lost> {
    let held = book.held(day, fate);
    let promised =
        fate.packed.iter().map(|(place, _)| (*place, book.promised(*place, day))).max_by_key(|(_, until)| *until);
    // Where no backup is of days, a file that leaves must be in one of the folder.
    let until = promised.map_or(fate.gone.saturating_add(1), |(_, until)| until);
    let (mut at, mut last) = (day.start, None);
    while at < until && at < NEVER {
        let holds = held.iter().filter(|held: &&Held| held.from <= at && at < held.until);
        let Some(longest) = holds.max_by_key(|held| held.until) else {
            return Some(Lost { date: day.date, fate: fate.clone(), since: at, last, promised });
        };
        (at, last) = (longest.until, longest.by);
    }
    None
}

impl Seen {
    fn note(&mut self, day: &Day, fate: &Fate) {
        let held = fate.packed.iter().filter_map(|(place, packed)| match packed {
            Packed::From(at) => Some((*at, *place)),
            Packed::TooLate(_) | Packed::Never => None,
        });
        if let Some((at, place)) = held.min() {
            let after = at - day.over;
            if self.shipped.is_none_or(|(longest, ..)| after > longest) {
                self.shipped = Some((after, day.date, place));
            }
        }
        if fate.gone < NEVER {
            let after = fate.gone - day.over;
            if self.left.is_none_or(|(shortest, ..)| after < shortest) {
                self.left = Some((after, day.date, fate.gone_by));
            }
        }
    }
}
