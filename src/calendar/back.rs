//! So many occurrences back. Unaware of what they are of.

use jiff::{SignedDuration, Timestamp};

use super::occurrences::{Occurrences, Timing};

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Occurrences {
    /// A time from which on at least `count` occurrences come up to `until`, that one among them, and not many more than twice as many; `earliest`
    /// where there are not so many after it.
    pub fn back(&self, until: Timestamp, count: u64, earliest: Timestamp) -> Timestamp {
        match self.timing() {
            Timing::Every(period) => {
                let length = i64::try_from(count).ok().and_then(|count| count.checked_mul(*period));
                let start = length.and_then(|length| until.checked_sub(SignedDuration::from_secs(length)).ok());
                start.map_or(earliest, |start| start.max(earliest))
            }
            Timing::Clock(_) => self.back_by_doubling(until, count, earliest),
        }
    }

    fn back_by_doubling(&self, until: Timestamp, count: u64, earliest: Timestamp) -> Timestamp {
        let mut length = DAY;
        loop {
            let start = until.checked_sub(length).ok().filter(|start| earliest < *start);
            let Some(start) = start else { return earliest };
            let counted = self.after(start).take_while(|time| *time <= until).zip(0..count).count();
            if counted as u64 == count {
                return start;
            }
            length = length + length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Rhythm, Schedule, TimeOfDay};
    use crate::primitives::{Duration, Span, Spanned};

    #[test]
    fn there_are_so_many_back_to_it() {
        let at = TimeOfDay { hour: 2, minute: 30 };
        let rhythms = [
            Rhythm::Daily { at },
            Rhythm::Yearly { month: 2, day: 29, at },
            Rhythm::Every { period: Duration::from_seconds(300) },
            Rhythm::Cron { expression: "*/7 1-3 * 1 mon".into() },
        ];
        let (until, earliest) =
            ("2026-11-01T06:30:00Z".parse().unwrap(), "1926-11-01T06:30:00Z".parse::<Timestamp>().unwrap());
        for rhythm in rhythms {
            let timezone = Spanned::new("America/New_York".to_owned(), Span::default());
            let times = Occurrences::of(&Schedule { rhythm, timezone, span: Span::default() }).unwrap();
            for count in [0, 1, 7, 90] {
                let start = times.back(until, count, earliest);
                let found = times.after(start).take_while(|time| *time <= until).count() as u64;
                assert!(found >= count && start >= earliest && start <= until, "{count} of {times:?}: {found}");
            }
            assert_eq!(times.back(until, 1_000_000_000, earliest), earliest);
        }
    }
}
