//! The recovery points of a job over the whole window, and which run lets each go.
//!
//! A run may be quicker than it says: so a point is gone from the slot of the run that lets it go, and not only when that run is over.

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::rhythms::WINDOW;
use crate::calendar::{After, Expiries};
use crate::primitives::Duration;
use crate::timeline::{Making, Points, TooMany};

/// A recovery point, in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// The slot of its run.
    pub(super) slot: i64,
    /// Of when its data is.
    pub(super) moment: i64,
    /// The slot of the run that lets it go; the end of time where none does.
    pub(super) gone: i64,
}

/// Every point that is there in the window, of runs before its end, oldest first. Of points that nothing lets go, those before it are left out
/// but for the newest.
///
/// # Errors
/// When too many are there at once.
pub(super) fn of_window(points: &Points) -> Result<Vec<Point>, TooMany> {
    let points = Points { takes: Duration::default(), ..points.clone() };
    let mut all = vec![];
    // Year by year, as there may be very many.
    for year in 2025..2053 {
        let first = |year| date(year, 1, 1).to_zoned(TimeZone::UTC).map_or(WINDOW.end, |start| start.timestamp());
        let (from, to) = (first(year), first(year + 1));
        let lives = points.between(from, to)?;
        let of_year = lives.iter().filter(|life| (from <= life.slot() || year == 2025) && life.slot() < to);
        all.extend(of_year.map(|life| Point {
            slot: life.slot().as_second(),
            moment: life.moment().as_second(),
            gone: life.let_go().map_or(i64::MAX, Timestamp::as_second),
        }));
    }
    Ok(all)
}

/// Which runs let go the points of one run after another, by the rules that keep all points up to some age or number. What keeps one of each
/// hour, day … besides is left out.
///
/// For some points, where there are too many to look at each.
pub(super) struct Leaving<'p> {
    points: &'p Points,
    runs: After<'p>,
    young: Option<(Expiries, After<'p>)>,
}

impl<'p> Leaving<'p> {
    pub(super) fn new(points: &'p Points) -> Self {
        debug_assert_eq!(points.making, Making::EachRun, "a point of a run's own slot");
        let runs = points.times.after(WINDOW.start);
        let young = points.rules.within.map(|period| (Expiries::new(period, points.zone.clone()), runs.clone()));
        Self { points, runs, young }
    }

    /// The slot of the first run after a time; the end of time where there is none.
    pub(super) fn next_run(&mut self, second: i64) -> i64 {
        self.runs.jump(second);
        or_never(self.runs.next())
    }

    /// The slot of the run that lets go the point of the run at `slot`; the end of time where none does.
    pub(super) fn of(&mut self, slot: i64) -> i64 {
        let rules = &self.points.rules;
        if slot == i64::MAX || (rules.generations.is_none() && rules.within.is_none()) {
            return i64::MAX;
        }
        // Not before it is both old enough and one of too many, of which the newest never is.
        let newer = rules.generations.map_or(1, |count| count.get() as usize);
        self.runs.jump(slot);
        let counted = or_never(self.runs.nth(newer - 1));
        let over = self.young.as_mut().map_or(i64::MIN, |(expiries, runs)| {
            runs.jump(expiries.of_second(slot) - 1);
            or_never(runs.next())
        });
        counted.max(over)
    }
}

fn or_never(run: Option<Timestamp>) -> i64 {
    run.map_or(i64::MAX, Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::{self, Occurrences};
    use crate::plan::{Rhythm, Schedule};
    use crate::primitives::{Period, Span, Spanned};
    use crate::retention::Rules;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn one_point_goes_when_it_does_among_all(
            expression in prop::sample::select(vec!["30 2 * * *", "0,30 1,2,3 * * *", "0 5 * * 1", "*/20 * * * *"]),
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
            generations in 0_u32..9,
            within in 0_u16..6,
            day in 0_i64..400,
        ) {
            let timezone = Spanned::new("America/New_York".to_owned(), Span::default());
            let rhythm = Rhythm::Cron { expression: expression.into() };
            let times = Occurrences::of(&Schedule { rhythm, timezone, span: Span::default() }).unwrap();
            let within = (within > 0).then(|| Period::parse(&format!("{within}d")).unwrap());
            let rules = Rules { generations: NonZeroU32::new(generations), within, ..Rules::default() };
            let zone = calendar::zone(zone).unwrap();
            let takes = Duration::from_seconds(600);
            let points = Points { times, making: Making::EachRun, takes, rules, zone, since: None };
            let from = Timestamp::from_second(1_735_689_600 + day * 86_400).unwrap();
            let to = from.checked_add(SignedDuration::from_hours(72)).unwrap();
            let mut leaving = Leaving::new(&points);
            for life in points.between(from, to).unwrap() {
                let known = life.let_go().map_or(i64::MAX, |gone| gone.as_second() - 600);
                prop_assert_eq!(leaving.of(life.slot().as_second()), known, "{:?}", life);
            }
        }
    }
}
