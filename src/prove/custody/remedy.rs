//! What would keep a day that is lost, in numbers. Unaware of how it is told.
//!
//! Invariant: what is looked for is only answered where all days, looked through once more with it in place, are in custody; how far apart runs may be
//! follows from the earliest that a file leaves.

use jiff::Timestamp;

use super::days::{Day, Fate, Logbook, NEVER, Packed};
use super::{Lost, looked_through};
use crate::calendar::{self, DAY_SECONDS};
use crate::primitives::{Period, PeriodUnit};

/// No more days can be written.
const DAYS_MAX: u16 = 9_999;
/// So many numbers of months are tried.
const MONTHS_TRIED_MAX: u32 = 12;

/// What would keep every day, each by itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Remedies {
    /// Rotation that keeps each file for so long.
    pub(super) rotation: Option<Period>,
    /// Runs of the backup that comes too late, or never, so many seconds apart at most.
    pub(super) apart: Option<u64>,
    /// So many months left where it packs months.
    pub(super) keep_newest: Option<u32>,
    /// Archives of the backup that has the day last, kept as long as days are promised; for ever, where there is no period in it.
    pub(super) kept: Option<Option<Period>>,
}

/// Looks for them. `fresh` makes the book of the plan, `left` is the shortest in seconds from the end of a day until its file leaves.
pub(super) fn remedies<'p, 'r>(
    fresh: &dyn Fn() -> Option<Logbook<'p, 'r>>,
    days: &[Day],
    lost: &Lost,
    left: Option<i64>,
) -> Remedies {
    let holds = |change: &dyn Fn(&mut Logbook<'p, 'r>)| {
        let book = fresh().map(|mut book| {
            change(&mut book);
            book.promise_anew();
            book
        });
        book.is_some_and(|mut book| looked_through(&mut book, days).lost.is_none())
    };
    let late = lost.fate.packed.iter().find(|(_, packed)| !matches!(packed, Packed::From(_))).map(|(place, _)| *place);
    let mut found = Remedies::default();
    if let Some(place) = late {
        let needs = [first_of, |fate: &Fate, place: usize| of_place(fate, place)];
        let needs = needs.into_iter().filter_map(|of| needed(&mut fresh()?, days, |fate| of(fate, place)));
        found.rotation =
            needs.filter(|_| lost.fate.gone_by.is_none()).find(|keep| holds(&|book| book.rotates = Some(*keep)));
    }
    let book = fresh();
    if let Some((place, book)) = late.zip(book.as_ref()) {
        match book.packers[place].months_left() {
            Some(months) => {
                let fewer = (1..months).rev().take(MONTHS_TRIED_MAX as usize);
                found.keep_newest = fewer.into_iter().find(|fewer| holds(&|book| book.packers[place].leave(*fewer)));
            }
            None => {
                let room = left.map(|left| left.saturating_sub(book.longest(place)));
                found.apart = room.and_then(|room| u64::try_from(room).ok()).filter(|room| *room > 0);
            }
        }
    }
    if let Some((last, (promising, _))) = lost.last.zip(lost.promised) {
        let within = book.and_then(|book| book.packers[promising].within);
        found.kept = holds(&|book| book.packers[last].within = within).then_some(within);
    }
    found
}

/// When the first of all packs a day.
fn first_of(fate: &Fate, _: usize) -> Option<i64> {
    fate.packed.iter().filter_map(|(_, packed)| at(*packed)).min()
}

/// When that one does.
fn of_place(fate: &Fate, place: usize) -> Option<i64> {
    fate.packed.iter().find(|(of, _)| *of == place).and_then(|(_, packed)| at(*packed))
}

fn at(packed: Packed) -> Option<i64> {
    match packed {
        Packed::From(at) | Packed::TooLate(at) => Some(at).filter(|at| *at < NEVER),
        Packed::Never => None,
    }
}

/// The fewest whole days for which rotation keeps every file until then; none where that is never for one.
fn needed(book: &mut Logbook<'_, '_>, days: &[Day], until: impl Fn(&Fate) -> Option<i64>) -> Option<Period> {
    let mut keep = Period { count: 1, unit: PeriodUnit::Days };
    for day in days {
        let until = until(&book.fate(day))?;
        let lasts = |keep: Period| {
            let start = Timestamp::from_second(day.start).unwrap_or(Timestamp::MAX);
            calendar::expiry(start, keep, book.zone).as_second() >= until
        };
        // A day less than there are in seconds is enough where a clock is set back.
        let about = (until - day.start).div_euclid(DAY_SECONDS) - 1;
        keep.count = keep.count.max(u16::try_from(about).unwrap_or(if about < 0 { 0 } else { DAYS_MAX }));
        while keep.count < DAYS_MAX && !lasts(keep) {
            keep.count += 1;
        }
    }
    Some(keep).filter(|keep| keep.count < DAYS_MAX)
}
