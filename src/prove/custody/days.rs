//! Where the log of one day is, from its first second until nobody promises it any more.
//!
//! Unaware of how it is told. Invariant: an archive holds a day only where its file was in the folder until that archive was read back.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::calendar::{After, Expiries};
use crate::plan::{Backup, Logs, Retention, Selection, Target};
use crate::primitives::{Period, PeriodUnit};
use crate::prove::runs::{self, Runs};

/// Never, in seconds since the epoch.
pub(super) const NEVER: i64 = i64::MAX;
/// So many runs before a day's file leaves are looked at for one that was over by then: those behind take no longer.
const RUNS_BACK: usize = 64;
/// How many months a selection of whole months leaves where the plan says nothing.
const MONTHS_LEFT: u32 = 2;

/// One day, and its bounds in seconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    pub(super) date: Date,
    pub(super) start: i64,
    pub(super) over: i64,
}

/// What a backup of logs packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Packs {
    /// Each day, once it is over.
    Days,
    /// Each month, once it is not among the newest so many.
    Months(u32),
    /// All that is in the folder.
    Folder,
}

/// A backup of the logs.
#[derive(Debug)]
pub(super) struct Packer<'p, 'r> {
    pub(super) backup: &'p Backup,
    packs: Packs,
    /// How long it keeps a day by the age of the data; none where that is for ever.
    pub(super) within: Option<Period>,
    /// Whether no backup of days promises a day for longer.
    pub(super) outlasts: bool,
    kind: Option<usize>,
    /// Its runs, asked for ever later.
    runs: Option<After<'r>>,
    /// What was asked for last, and when that run's point is there.
    last: Option<(i64, Option<i64>)>,
}

impl Packer<'_, '_> {
    /// Whether it packs each day or month, and promises it for as long as its retention says.
    pub(super) fn is_of_days(&self) -> bool {
        self.packs != Packs::Folder
    }

    pub(super) fn removes(&self) -> bool {
        self.backup.stored().is_some_and(|stored| stored.remove_originals.is_some())
    }

    /// How many months stay out of it, where any do.
    pub(super) fn months_left(&self) -> Option<u32> {
        match self.packs {
            Packs::Months(left) => Some(left),
            Packs::Days | Packs::Folder => None,
        }
    }

    /// Lets so many months stay out of it.
    pub(super) fn leave(&mut self, months: u32) {
        self.packs = Packs::Months(months);
    }
}

/// All that the fate of days depends on: rotation, and of each backup what it packs, its kind, its rules and whether it removes.
pub(super) type Signature = (Option<Period>, Vec<(Packs, Option<usize>, String, bool)>);

/// When an archive holds a day, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    /// From its being read back on.
    From(i64),
    /// It would have been there by then, when the file was gone.
    TooLate(i64),
    /// No run of it comes.
    Never,
}

/// Where a day is for some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) from: i64,
    pub(super) until: i64,
    /// The backup, by its place; none is the folder.
    pub(super) by: Option<usize>,
}

/// What becomes of a day.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    /// When its file leaves the folder, and by which backup; by rotation where that is none.
    pub(super) gone: i64,
    pub(super) gone_by: Option<usize>,
    /// Of each backup of days or months, when it holds the day.
    pub(super) packed: Vec<(usize, Packed)>,
}

/// The backups of a logs target, and where its days are.
pub(super) struct Logbook<'p, 'r> {
    pub(super) packers: Vec<Packer<'p, 'r>>,
    pub(super) rotates: Option<Period>,
    runs: &'r Runs<'p>,
    pub(super) zone: &'r TimeZone,
    /// By how long something is kept.
    expiries: RefCell<HashMap<Period, Expiries>>,
}

impl<'p, 'r> Logbook<'p, 'r> {
    /// None where the days of the target are not told by a `pattern`, or a backup keeps some days and not others.
    pub(super) fn new(target: &'p Target, logs: &Logs, runs: &'r Runs<'p>, zone: &'r TimeZone) -> Option<Self> {
        logs.pattern.as_ref()?;
        let packers: Vec<_> = target.backups.iter().filter_map(|backup| packer(target, backup, runs)).collect();
        let thins = |packer: &Packer<'_, '_>| {
            packer.is_of_days() && packer.within.is_none() && packer.backup.retention.as_ref().is_some_and(has_rules)
        };
        if packers.is_empty() || packers.iter().any(thins) {
            return None;
        }
        let mut book = Self {
            packers,
            rotates: logs.rotates.as_ref().map(|keep| keep.value),
            runs,
            zone,
            expiries: RefCell::default(),
        };
        book.promise_anew();
        Some(book)
    }

    /// Sees which backups no other outlasts.
    pub(super) fn promise_anew(&mut self) {
        let of_days = |packer: &&Packer<'_, '_>| packer.is_of_days();
        let promised: Vec<_> = self.packers.iter().filter(of_days).map(|packer| packer.within).collect();
        for packer in self.packers.iter_mut().filter(|packer| packer.is_of_days()) {
            packer.outlasts = promised.iter().all(|other| outlasts(packer.within, *other));
        }
    }

    /// How long a backup may take from its slot on, with all that it waits for, in seconds.
    pub(super) fn longest(&self, place: usize) -> i64 {
        let packer = &self.packers[place];
        let length = runs::length(packer.backup);
        packer.kind.map_or(length, |kind| length.saturating_add(self.runs.wait_max(kind)))
    }

    /// All that a day's fate depends on.
    pub(super) fn signature(&self) -> Signature {
        let of = |packer: &Packer<'_, '_>| {
            let rules = packer.backup.retention.as_ref().map(crate::retention::Rules::of);
            (packer.packs, packer.kind, format!("{rules:?}"), packer.removes())
        };
        (self.rotates, self.packers.iter().map(of).collect())
    }

    /// What becomes of a day. Asked day by day, in their order.
    pub(super) fn fate(&mut self, day: &Day) -> Fate {
        let gone = self.rotates.map_or(NEVER, |keep| self.expiry(day.start, keep));
        let mut fate = Fate { gone, gone_by: None, packed: vec![] };
        let mut there = Vec::with_capacity(self.packers.len());
        for place in 0..self.packers.len() {
            let packs = self.packers[place].packs;
            let from = match packs {
                Packs::Folder => continue,
                Packs::Days => Some(day.over),
                Packs::Months(left) => self.start_of_month(day.date, left),
            };
            there.push((from.and_then(|from| self.there(place, from)).unwrap_or(NEVER), place));
        }
        // The one that is there first may remove the file before another packs it.
        there.sort_unstable();
        for (at, place) in there {
            let packed = match at {
                NEVER => Packed::Never,
                at if at > fate.gone => Packed::TooLate(at),
                at => Packed::From(at),
            };
            if matches!(packed, Packed::From(at) if at < fate.gone) && self.packers[place].removes() {
                (fate.gone, fate.gone_by) = (at, Some(place));
            }
            fate.packed.push((place, packed));
        }
        fate
    }

    /// When the point of the first run from a time on is there, at the latest.
    fn there(&mut self, place: usize, from: i64) -> Option<i64> {
        if let Some((_, known)) = self.packers[place].last.filter(|(asked, _)| *asked == from) {
            return known;
        }
        let packer = &mut self.packers[place];
        let slot = packer.runs.as_mut().and_then(|runs| {
            runs.jump(from - 1);
            runs.next().map(Timestamp::as_second)
        });
        let there = slot.zip(packer.kind).map(|(slot, kind)| there(self.runs, kind, slot));
        packer.last = Some((from, there));
        there
    }

    /// Until when a backup of days or months promises a day, counted from its last second.
    pub(super) fn promised(&self, place: usize, day: &Day) -> i64 {
        self.packers[place].within.map_or(NEVER, |within| self.expiry(day.over - 1, within))
    }

    /// Until when the archive that holds a day is kept: a month's counts from its last second.
    fn kept(&self, place: usize, day: &Day) -> i64 {
        let packer = &self.packers[place];
        let over = match packer.packs {
            Packs::Months(_) => self.start_of_month(day.date, 1).unwrap_or(NEVER),
            Packs::Days | Packs::Folder => day.over,
        };
        packer.within.map_or(NEVER, |within| self.expiry(over - 1, within))
    }

    /// Everywhere a day is. Points of the whole folder follow each other without a gap, for the newest is never let go.
    pub(super) fn held(&self, day: &Day, fate: &Fate) -> Vec<Held> {
        let mut held = vec![Held { from: day.start, until: fate.gone, by: None }];
        for (place, packed) in &fate.packed {
            if let Packed::From(from) = *packed {
                held.push(Held { from, until: self.kept(*place, day), by: Some(*place) });
            }
        }
        let folders = self.packers.iter().enumerate().filter(|(_, packer)| !packer.is_of_days());
        held.extend(folders.filter_map(|(place, packer)| self.in_folder_points(place, packer, day, fate)));
        held
    }

    fn in_folder_points(&self, place: usize, packer: &Packer<'_, '_>, day: &Day, fate: &Fate) -> Option<Held> {
        let kind = packer.kind?;
        let times = &self.runs.times(kind);
        let at = |second| Timestamp::from_second(second).ok();
        let first = times.after(at(day.over - 1)?).next()?.as_second();
        let from = there(self.runs, kind, first);
        if from > fate.gone {
            return None;
        }
        if fate.gone == NEVER {
            return Some(Held { from, until: NEVER, by: Some(place) });
        }
        let mut last = times.last_at_or_before(at(fate.gone.saturating_sub(self.runs.length(kind)))?)?.as_second();
        for _ in 0..RUNS_BACK {
            if there(self.runs, kind, last) <= fate.gone {
                break;
            }
            last = times.last_at_or_before(at(last - 1)?)?.as_second();
        }
        // That one was looked at, and was there in time.
        let last = if there(self.runs, kind, last) <= fate.gone { last.max(first) } else { first };
        Some(Held { from, until: self.let_go(packer, kind, last), by: Some(place) })
    }

    /// The earliest that a point of the whole folder may be let go.
    fn let_go(&self, packer: &Packer<'_, '_>, kind: usize, slot: i64) -> i64 {
        let Some(retention) = packer.backup.retention.as_ref().filter(|retention| has_rules(retention)) else {
            return NEVER;
        };
        let Ok(at) = Timestamp::from_second(slot) else { return NEVER };
        // The newest good one is never let go.
        let newer = retention.generations.as_ref().map_or(1, |generations| generations.value.get());
        let nth = self.runs.times(kind).after(at).nth(usize::try_from(newer - 1).unwrap_or(usize::MAX));
        let by_number = nth.map_or(NEVER, Timestamp::as_second);
        by_number.max(packer.within.map_or(0, |within| self.expiry(slot, within)))
    }

    fn expiry(&self, second: i64, period: Period) -> i64 {
        let mut expiries = self.expiries.borrow_mut();
        expiries.entry(period).or_insert_with(|| Expiries::new(period, self.zone.clone())).of_second(second)
    }

    /// The first second of the month that comes so many months later.
    fn start_of_month(&self, date: Date, later: u32) -> Option<i64> {
        let span = jiff::Span::new().try_months(later).ok()?;
        start_of(date.first_of_month().checked_add(span).ok()?, self.zone)
    }
}

/// The first second of a day.
pub(super) fn start_of(date: Date, zone: &TimeZone) -> Option<i64> {
    Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second())
}

/// When the point of a slot is there at the latest.
fn there(runs: &Runs<'_>, kind: usize, slot: i64) -> i64 {
    slot.saturating_add(runs.wait(kind, slot)).saturating_add(runs.length(kind))
}

fn packer<'p, 'r>(target: &'p Target, backup: &'p Backup, runs: &'r Runs<'p>) -> Option<Packer<'p, 'r>> {
    let packs = match &backup.stored()?.select {
        None => Packs::Folder,
        Some(select) => match (select.kind, &select.keep_newest) {
            (Selection::UnshippedDays, _) => Packs::Days,
            (Selection::WholeMonths, newest) => {
                Packs::Months(newest.as_ref().map_or(MONTHS_LEFT, |newest| newest.value.get()))
            }
        },
    };
    let kind = runs.kind_of(target, backup);
    let within = backup.retention.as_ref().and_then(|retention| Some(retention.within.as_ref()?.value));
    let runs = kind.map(|kind| runs.times(kind).after(crate::prove::rhythms::WINDOW.start));
    Some(Packer { backup, packs, within, outlasts: false, kind, runs, last: None })
}

/// Whether one period is over no earlier than another, whenever both begin; none is for ever.
fn outlasts(period: Option<Period>, other: Option<Period>) -> bool {
    let days = |period: Period| {
        let (least, most) = match period.unit {
            PeriodUnit::Days => (1, 1),
            PeriodUnit::Weeks => (7, 7),
            PeriodUnit::Months => (28, 31),
            PeriodUnit::Years => (365, 366),
        };
        (u32::from(period.count) * least, u32::from(period.count) * most)
    };
    match (period, other) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(period), Some(other)) => period == other || days(period).0 > days(other).1,
    }
}

/// Whether anything is ever let go by it.
fn has_rules(retention: &Retention) -> bool {
    let Retention { generations, within, hourly, daily, weekly, monthly, yearly, span: _ } = retention;
    within.is_some() || [generations, hourly, daily, weekly, monthly, yearly].iter().any(|rule| rule.is_some())
}
