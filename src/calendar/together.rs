//! Where the occurrences of a schedule fall on those of others.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::gaps::Gap;
use super::occurrences::{After, Occurrences, Timing};

/// The occurrences of a schedule at which the same others occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// Which of the others, by their places; never none.
    pub with: Vec<usize>,
    /// The first of the longest gaps that end with such an occurrence; none where each of them is the first of the window.
    pub before: Option<Gap>,
    /// The first of the shortest gaps that begin with one; none where each of them is the last.
    pub behind: Option<Gap>,
}

impl Occurrences {
    /// The occurrences from `start` on and before `end` at the very instant of one of `others`, by which of these it is. Exact; in the time
    /// that the sparser of the two takes.
    pub fn together(&self, others: &[Self], start: Timestamp, end: Timestamp) -> Vec<Together> {
        let before = start.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(start);
        let end = end.as_second().min(self.round(others, start).unwrap_or(i64::MAX));
        let heads = others.iter().map(|other| Head::new(other.after(before))).collect();
        let join = Join { of: self, own: Head::new(self.after(before)), previous: None, heads, found: BTreeMap::new() };
        join.until(start.as_second(), end)
    }

    /// When all has come round twice, where no clock is asked; none where one is, or that is beyond time.
    fn round(&self, others: &[Self], start: Timestamp) -> Option<i64> {
        let period = |of: &Self| match of.timing() {
            Timing::Every(period) => Some(*period),
            Timing::Clock(_) => None,
        };
        let own = period(self)?;
        let all = others.iter().try_fold(own, |all, other| least_common_multiple(all, period(other)?))?;
        start.as_second().checked_add(all.checked_mul(2)?)?.checked_add(own.checked_mul(2)?)
    }
}

fn least_common_multiple(a: i64, b: i64) -> Option<i64> {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor).checked_mul(b)
}

/// A schedule, and the second at which it occurs next; none where it never does again.
struct Head<'a> {
    times: After<'a>,
    at: Option<i64>,
}

impl<'a> Head<'a> {
    fn new(times: After<'a>) -> Self {
        let mut head = Self { times, at: None };
        head.next();
        head
    }

    fn next(&mut self) {
        self.at = self.times.next().map(Timestamp::as_second);
    }

    /// Goes on to the first occurrence that is not before a second. Answers the one just before that, where it came by it.
    fn seek(&mut self, second: i64) -> Option<i64> {
        let passed = self.at.filter(|at| *at < second)?;
        self.next();
        if self.at.is_none_or(|at| at >= second) {
            return Some(passed);
        }
        self.times.jump(second - 1);
        self.next();
        None
    }
}

/// Both going on in turn, whichever is behind.
struct Join<'a> {
    of: &'a Occurrences,
    own: Head<'a>,
    /// The occurrence before `own`, where it was come by.
    previous: Option<i64>,
    heads: Vec<Head<'a>>,
    found: BTreeMap<Vec<usize>, (Option<Gap>, Option<Gap>)>,
}

impl Join<'_> {
    fn until(mut self, start: i64, end: i64) -> Vec<Together> {
        let mut with = vec![];
        while let Some(due) = self.heads.iter().filter_map(|head| head.at).min().filter(|due| *due < end) {
            if self.own.at.is_some_and(|at| at < due) {
                self.previous = self.own.seek(due);
            }
            let Some(at) = self.own.at.filter(|at| *at < end) else { break };
            if at > due {
                for head in &mut self.heads {
                    head.seek(at);
                }
                continue;
            }
            with.clear();
            with.extend(self.heads.iter().enumerate().filter(|(_, head)| head.at == Some(due)).map(|(place, _)| place));
            with.iter().for_each(|place| self.heads[*place].next());
            self.met(&with, due, start, end);
        }
        let together = |(with, (before, behind))| Together { with, before, behind };
        self.found.into_iter().map(together).collect()
    }

    /// It occurs with these at `due`. Goes on to what comes behind.
    fn met(&mut self, with: &[usize], due: i64, start: i64, end: i64) {
        let before = self.previous.or_else(|| {
            let earlier = Timestamp::from_second(due - 1).ok()?;
            self.of.last_at_or_before(earlier).map(Timestamp::as_second)
        });
        self.own.next();
        self.previous = Some(due);
        let before = before.filter(|before| *before >= start).and_then(|before| gap(before, due));
        let behind = self.own.at.filter(|behind| *behind < end).and_then(|behind| gap(due, behind));
        let known = match self.found.get_mut(with) {
            Some(known) => known,
            None => self.found.entry(with.to_vec()).or_default(),
        };
        let (longest, shortest) = known;
        if before.is_some_and(|gap| longest.is_none_or(|known| gap.seconds() > known.seconds())) {
            *longest = before;
        }
        if behind.is_some_and(|gap| shortest.is_none_or(|known| gap.seconds() < known.seconds())) {
            *shortest = behind;
        }
    }
}

fn gap(from: i64, to: i64) -> Option<Gap> {
    Some(Gap { from: Timestamp::from_second(from).ok()?, to: Timestamp::from_second(to).ok()? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::{Rhythm, Schedule};
    use crate::primitives::{Duration, Span, Spanned};

    fn times(rhythm: &str, zone: &str) -> Occurrences {
        let rhythm = match rhythm.strip_prefix("every ") {
            Some(minutes) => Rhythm::Every { period: Duration::from_seconds(minutes.parse::<u64>().unwrap() * 60) },
            None => Rhythm::Cron { expression: rhythm.to_owned() },
        };
        let timezone = Spanned::new(zone.to_owned(), Span::default());
        Occurrences::of(&Schedule { rhythm, timezone, span: Span::default() }).unwrap()
    }

    /// The same, minute by minute.
    fn by_minutes(of: &Occurrences, others: &[Occurrences], start: i64, end: i64) -> Vec<Together> {
        let at = |second| Timestamp::from_second(second).unwrap();
        let occurs = |times: &Occurrences, second| times.last_at_or_before(at(second)) == Some(at(second));
        let own: Vec<i64> = (start..end).step_by(60).filter(|second| occurs(of, *second)).collect();
        let mut found: BTreeMap<Vec<usize>, (Option<Gap>, Option<Gap>)> = BTreeMap::new();
        for (place, second) in own.iter().enumerate() {
            let with: Vec<usize> = (0..others.len()).filter(|other| occurs(&others[*other], *second)).collect();
            if with.is_empty() {
                continue;
            }
            let known = found.entry(with).or_default();
            let before = place.checked_sub(1).and_then(|before| gap(own[before], *second));
            let behind = own.get(place + 1).and_then(|behind| gap(*second, *behind));
            if before.is_some_and(|gap| known.0.is_none_or(|known| gap.seconds() > known.seconds())) {
                known.0 = before;
            }
            if behind.is_some_and(|gap| known.1.is_none_or(|known| gap.seconds() < known.seconds())) {
                known.1 = behind;
            }
        }
        found.into_iter().map(|(with, (before, behind))| Together { with, before, behind }).collect()
    }

    #[test]
    fn what_knows_no_clock_is_looked_at_until_it_has_come_round() {
        let (own, others) = (times("every 10", "UTC"), [times("every 15", "UTC"), times("every 60", "UTC")]);
        let (start, end) = (Timestamp::constant(1_735_689_600, 0), Timestamp::constant(2_619_302_400, 0));
        let found = own.together(&others, start, end);
        let with: Vec<_> = found.iter().map(|of| of.with.as_slice()).collect();
        assert_eq!(with, [[0].as_slice(), &[0, 1]]);
        assert!(found.iter().all(|of| of.before.unwrap().seconds() == 600 && of.behind.unwrap().seconds() == 600));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn they_meet_where_they_do_minute_by_minute(
            rhythms in prop::collection::vec(prop::sample::select(vec![
                "30 2 * * *", "30 3 * * *", "0 2 * * 1", "0,30 1,2,3 * * *", "0 * * * *", "0 2 1 * *", "every 7", "every 30", "every 60", "every 1440",
            ]), 2..5),
            zone in prop::sample::select(vec!["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"]),
            day in 0_i64..400,
        ) {
            let mut times: Vec<Occurrences> = rhythms.iter().map(|rhythm| times(rhythm, zone)).collect();
            let own = times.remove(0);
            let start = 1_735_689_600 + day * 86_400;
            let end = start + 9 * 86_400;
            let at = |second| Timestamp::from_second(second).unwrap();
            let (quick, slow) = (own.together(&times, at(start), at(end)), by_minutes(&own, &times, start, end));
            prop_assert_eq!(quick, slow);
        }
    }
}
