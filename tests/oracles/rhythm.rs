//! Schedules: how a plan says them, and when they come round by the clock alone.

use super::clock::{Clock, DAY, date};
use super::dice::Dice;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rhythm {
    Daily,
    /// By the day of the week, Monday being 0.
    Weekly(i64),
    Monthly(i8),
    Yearly(i8, i8),
    /// Every so many minutes.
    Every(i64),
    /// At these hours, and the minute of the schedule, on working days alone or on all.
    Cron(Vec<i64>, bool),
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) rhythm: Rhythm,
    /// Minutes after midnight.
    pub(crate) at: i64,
}

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Schedule {
    /// Any, of which at least one comes round in each stretch of so many days.
    pub(crate) fn any(dice: &mut Dice, days_max: i64) -> Self {
        let rhythm = loop {
            let rhythm = match dice.between(0, 9) {
                0..=2 => Rhythm::Daily,
                3 | 4 => Rhythm::Weekly(dice.between(0, 6)),
                5 => Rhythm::Monthly(dice.of(&[1, 2, 15, 28, 29, 30, 31])),
                6 => Rhythm::Yearly(dice.of(&[1, 2, 3, 10, 12]), dice.of(&[1, 15, 27])),
                7 | 8 => Rhythm::Every(dice.of(&[20, 30, 60, 90, 240, 360, 720, 1_440, 2_880, 10_080])),
                _ => {
                    let mut hours: Vec<i64> = (0..dice.between(1, 4)).map(|_| dice.between(0, 23)).collect();
                    hours.sort_unstable();
                    hours.dedup();
                    Rhythm::Cron(hours, dice.one_in(2))
                }
            };
            let longest = match rhythm {
                Rhythm::Daily | Rhythm::Every(_) | Rhythm::Cron(..) => 7,
                Rhythm::Weekly(_) => 8,
                Rhythm::Monthly(_) => 32,
                Rhythm::Yearly(..) => 367,
            };
            if longest <= days_max {
                break rhythm;
            }
        };
        // Often where clocks are set.
        let at = if dice.one_in(2) {
            dice.of(&[0, 1, 15, 30, 59, 60, 90, 119, 120, 135, 150, 179, 180, 210])
        } else {
            dice.between(0, DAY - 1)
        };
        Self { rhythm, at }
    }

    /// As a plan says it.
    pub(crate) fn text(&self) -> String {
        let at = format!("at=\"{:02}:{:02}\"", self.at / 60, self.at % 60);
        match &self.rhythm {
            Rhythm::Daily => format!("schedule \"daily\" {at}"),
            Rhythm::Weekly(day) => {
                let day = WEEKDAYS[usize::try_from(*day).expect("one of seven")];
                format!("schedule \"weekly\" weekday=\"{day}\" {at}")
            }
            Rhythm::Monthly(day) => format!("schedule \"monthly\" day={day} {at}"),
            Rhythm::Yearly(month, day) => format!("schedule \"yearly\" date=\"{month:02}-{day:02}\" {at}"),
            Rhythm::Every(minutes) => format!("schedule every=\"{minutes}m\""),
            Rhythm::Cron(hours, working) => {
                let hours: Vec<String> = hours.iter().map(i64::to_string).collect();
                let days = if *working { "1-5" } else { "*" };
                format!("schedule cron=\"{} {} * * {days}\"", self.at % 60, hours.join(","))
            }
        }
    }

    /// Every time at which it comes round from `from` on and before `to`.
    pub(crate) fn runs(&self, clock: &Clock, from: i64, to: i64) -> Vec<i64> {
        if let Rhythm::Every(minutes) = self.rhythm {
            let first = (from..).find(|time| time % minutes == 0).expect("a multiple");
            return (first..to).step_by(usize::try_from(minutes).expect("minutes")).collect();
        }
        let days = clock.day(from) - 2..=clock.day(to) + 2;
        let mut runs: Vec<i64> = days
            .filter(|day| self.is_on(*day))
            .flat_map(|day| self.times_of_day().into_iter().map(move |at| day * DAY + at))
            .map(|shown| clock.rings(shown))
            .filter(|time| (from..to).contains(time))
            .collect();
        runs.sort_unstable();
        // Two times that come to the same instant are one.
        runs.dedup();
        runs
    }

    fn times_of_day(&self) -> Vec<i64> {
        match &self.rhythm {
            Rhythm::Cron(hours, _) => hours.iter().map(|hour| hour * 60 + self.at % 60).collect(),
            _ => vec![self.at],
        }
    }

    fn is_on(&self, day: i64) -> bool {
        // 1970-01-01 was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        let on = || date(day);
        match self.rhythm {
            Rhythm::Daily => true,
            Rhythm::Weekly(of) => weekday == of,
            // In a shorter month on its last day.
            Rhythm::Monthly(of) => on().day() == of.min(on().days_in_month()),
            Rhythm::Yearly(month, of) => on().month() == month && on().day() == of.min(on().days_in_month()),
            Rhythm::Every(_) => unreachable!("it knows no days"),
            Rhythm::Cron(_, working) => !working || weekday < 5,
        }
    }
}
