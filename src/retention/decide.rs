//! The decision.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::reason::{KeepReason, LetGo, Verdict};
use super::rules::{CalendarUnit, Rules};
use crate::calendar::Expiries;
use crate::primitives::Period;

/// A recovery point to be decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<Id> {
    /// What tells it from others; of two with the same moment, the greater is the newer.
    pub id: Id,
    /// When its *data* is from.
    pub moment: Timestamp,
    /// Whether it is complete and was read back.
    pub good: bool,
}

/// Decides on all recovery points of one job and host; the verdicts are in the order of the points, whatever that is.
///
/// - `generations`, `hourly` … count good points alone; `within` keeps any point whose data is younger. The boundary is exact: at the
///   instant of [`crate::calendar::expiry`] a point is let go.
/// - A point that is not good is let go once a good one is newer, unless `within` keeps it.
/// - Points of after `now` are kept and count for nothing: they neither fill a rule nor replace what is there.
/// - With more rules nothing more is let go, but for the first: without any, everything is kept.
/// - Deciding again on what was kept, at the same time, keeps all of it.
pub fn decide<Id: Ord>(points: &[Candidate<Id>], rules: &Rules, now: Timestamp, zone: &TimeZone) -> Vec<Verdict> {
    let decision = Decision::of(points, rules, now, zone);
    let mut reasons: Vec<Vec<KeepReason>> = points.iter().map(|point| decision.at_once(point.moment)).collect();
    for (index, reason) in decision.newest_good().chain(decision.generations()).chain(decision.thinned()) {
        reasons[index].push(reason);
    }
    let within = decision.young().map(|(index, period, until)| {
        (index, KeepReason::Within { period, until, until_local: zone.to_datetime(until) })
    });
    for (index, reason) in within.chain(decision.nothing_newer()) {
        reasons[index].push(reason);
    }
    let verdict = |(point, reasons): (&Candidate<Id>, Vec<KeepReason>)| match reasons.is_empty() {
        true => Verdict::LetGo(decision.let_go(point)),
        false => Verdict::Keep(reasons),
    };
    points.iter().zip(reasons).map(verdict).collect()
}

/// Which points [`decide`] keeps, without the reasons.
pub fn kept<Id: Ord>(points: &[Candidate<Id>], rules: &Rules, now: Timestamp, zone: &TimeZone) -> Vec<bool> {
    let decision = Decision::of(points, rules, now, zone);
    let mut kept: Vec<bool> = points.iter().map(|point| !decision.at_once(point.moment).is_empty()).collect();
    let ranked = decision.newest_good().chain(decision.generations()).chain(decision.thinned());
    let others = decision.young().map(|(index, ..)| index).chain(decision.nothing_newer().map(|(index, _)| index));
    ranked.map(|(index, _)| index).chain(others).for_each(|index| kept[index] = true);
    kept
}

/// What a decision is made from.
struct Decision<'a, Id> {
    points: &'a [Candidate<Id>],
    rules: &'a Rules,
    now: Timestamp,
    zone: &'a TimeZone,
    /// Indices of the points that are not of the future, the newest first.
    order: Vec<usize>,
}

impl<'a, Id: Ord> Decision<'a, Id> {
    fn of(points: &'a [Candidate<Id>], rules: &'a Rules, now: Timestamp, zone: &'a TimeZone) -> Self {
        let mut order: Vec<usize> = (0..points.len()).filter(|index| points[*index].moment <= now).collect();
        order.sort_by(|a, b| (points[*b].moment, &points[*b].id).cmp(&(points[*a].moment, &points[*a].id)));
        Self { points, rules, now, zone, order }
    }

    /// What can be said of a point without the others.
    fn at_once(&self, moment: Timestamp) -> Vec<KeepReason> {
        let future = (moment > self.now).then_some(KeepReason::FromTheFuture);
        future.into_iter().chain(self.rules.is_empty().then_some(KeepReason::NoRules)).collect()
    }

    /// The good points with their place, the newest first, being 1.
    fn good(&self) -> impl Iterator<Item = (u32, usize)> {
        (1..).zip(self.order.iter().copied().filter(|index| self.points[*index].good))
    }

    fn newest_good(&self) -> impl Iterator<Item = (usize, KeepReason)> {
        self.good().take(1).map(|(_, index)| (index, KeepReason::NewestGood))
    }

    fn generations(&self) -> impl Iterator<Item = (usize, KeepReason)> {
        self.rules.generations.into_iter().flat_map(|of| {
            let newest = self.good().take_while(move |(rank, _)| *rank <= of.get());
            newest.map(move |(rank, index)| (index, KeepReason::Generation { rank, of }))
        })
    }

    fn thinned(&self) -> impl Iterator<Item = (usize, KeepReason)> {
        self.rules.thinned.iter().flat_map(|(unit, of)| self.newest_of_each(*unit, *of))
    }

    fn newest_of_each(&self, unit: CalendarUnit, of: NonZeroU32) -> impl Iterator<Item = (usize, KeepReason)> {
        let mut seen = BTreeSet::new();
        let first_of_its_own = self.good().filter_map(move |(_, index)| {
            let moment = self.points[index].moment;
            let name = unit.name_of(self.zone.to_datetime(moment));
            // An hour that the clock shows twice is two hours.
            let offset = (unit == CalendarUnit::Hour).then(|| self.zone.to_offset(moment));
            seen.insert((name.clone(), offset)).then_some((index, name))
        });
        (1..=of.get())
            .zip(first_of_its_own)
            .map(move |(rank, (index, name))| (index, KeepReason::NewestOf { unit, name, rank, of }))
    }

    /// Those whose data is younger than a period, with when it no longer is.
    fn young(&self) -> impl Iterator<Item = (usize, Period, Timestamp)> {
        self.rules.within.into_iter().flat_map(move |period| {
            let mut expiries = Expiries::new(period, self.zone.clone());
            self.order.iter().filter_map(move |index| {
                let until = expiries.of(self.points[*index].moment);
                (self.now < until).then_some((*index, period, until))
            })
        })
    }

    fn nothing_newer(&self) -> impl Iterator<Item = (usize, KeepReason)> {
        let newest = self.order.iter().take_while(|index| !self.points[**index].good);
        newest.map(|index| (*index, KeepReason::NothingNewer))
    }

    /// Why a point that nothing keeps is let go.
    fn let_go(&self, point: &Candidate<Id>) -> LetGo {
        match self.good().next() {
            Some((_, newest)) if !point.good => LetGo::NotGood {
                within: self.rules.within,
                newer_local: self.zone.to_datetime(self.points[newest].moment),
            },
            _ => LetGo::Outlived { rules: self.rules.clone() },
        }
    }
}
