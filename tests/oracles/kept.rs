//! Which points are there when: every run made, and every point looked at by it.

use jiff::civil::Date;
use sonae::timeline::{self, Kept};

use super::clock::{Clock, DAY, date, day_of, timestamp};
use super::dice::Dice;
use super::rhythm::{Rhythm, Schedule};
use super::{BACK, ZONES, for_each_seed, proven};

/// A retention as a plan says it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retention {
    pub(crate) generations: Option<i64>,
    /// So many, and of what.
    pub(crate) within: Option<(i64, &'static str)>,
    pub(crate) thinned: Vec<(&'static str, i64)>,
}

impl Retention {
    pub(crate) fn any(dice: &mut Dice) -> Self {
        let mut any = Self::default();
        if dice.one_in(2) {
            any.generations = Some(dice.between(1, 9));
        }
        if dice.one_in(2) {
            let unit = dice.of(&["d", "d", "w", "mo"]);
            any.within = Some((dice.between(1, if unit == "d" { 20 } else { 2 }), unit));
        }
        for (unit, most) in [("hourly", 30), ("daily", 12), ("weekly", 5), ("monthly", 2), ("yearly", 2)] {
            if dice.one_in(4) {
                any.thinned.push((unit, dice.between(1, most)));
            }
        }
        any
    }

    pub(crate) fn is_none(&self) -> bool {
        self.generations.is_none() && self.within.is_none() && self.thinned.is_empty()
    }

    pub(crate) fn text(&self) -> String {
        if self.is_none() {
            return String::new();
        }
        let generations = self.generations.map(|count| format!(" generations={count}"));
        let within = self.within.map(|(count, unit)| format!(" within=\"{count}{unit}\""));
        let thinned = self.thinned.iter().map(|(unit, count)| format!(" {unit}={count}"));
        let rules: String = generations.into_iter().chain(within).chain(thinned).collect();
        format!("retention{rules};")
    }

    /// Of these points, oldest first, which are kept at a time.
    fn keeps(&self, points: &[Point], now: i64) -> Vec<bool> {
        let mut kept = vec![self.is_none(); points.len()];
        let count = |count: i64| usize::try_from(count).expect("a count");
        let newest = count(self.generations.unwrap_or(0)).max(1);
        kept.iter_mut().rev().take(newest).for_each(|kept| *kept = true);
        for (kept, point) in kept.iter_mut().zip(points) {
            *kept |= point.over.is_some_and(|over| now < over);
        }
        for (rule, (_, most)) in self.thinned.iter().enumerate() {
            let mut seen = vec![];
            for (kept, point) in kept.iter_mut().zip(points).rev() {
                let unit = point.units[rule];
                // What is of one unit stands side by side.
                if seen.last() != Some(&unit) && seen.len() < count(*most) {
                    *kept = true;
                }
                if seen.last() != Some(&unit) {
                    seen.push(unit);
                }
            }
        }
        kept
    }
}

/// A point, and what does not change about it.
struct Point {
    /// Its place among all lives.
    place: usize,
    /// When the retention's period is over.
    over: Option<i64>,
    /// Its unit, by each rule that thins out.
    units: Vec<(i64, i64)>,
}

/// When a period is over that began at a moment.
pub(crate) fn over(clock: &Clock, moment: i64, (count, unit): (i64, &str)) -> i64 {
    let shown = clock.shows(moment);
    let (day, time) = (shown.div_euclid(DAY), shown.rem_euclid(DAY));
    let months_later = |months: i64| {
        let on = date(day);
        let month = i64::from(on.year()) * 12 + i64::from(on.month()) - 1 + months;
        let first = |month: i64| {
            let year = i16::try_from(month.div_euclid(12)).expect("a year");
            Date::constant(year, i8::try_from(month.rem_euclid(12) + 1).expect("a month"), 1)
        };
        // Where there is no such day, the month must be over.
        match on.day() <= first(month).days_in_month() {
            true => (day_of(first(month)) + i64::from(on.day()) - 1) * DAY + time,
            false => day_of(first(month + 1)) * DAY,
        }
    };
    clock.rings(match unit {
        "d" => shown + count * DAY,
        "w" => shown + count * 7 * DAY,
        "mo" => months_later(count),
        _ => months_later(count * 12),
    })
}

/// The hour, day, week, month or year of a moment. An hour that is shown twice is two.
fn unit_of(clock: &Clock, moment: i64, unit: &str) -> (i64, i64) {
    let shown = clock.shows(moment);
    let day = shown.div_euclid(DAY);
    let on = date(day);
    match unit {
        "hourly" => (shown.div_euclid(60), shown - moment),
        "daily" => (day, 0),
        // 1970-01-01 was a Thursday; weeks begin on Monday.
        "weekly" => ((day + 3).div_euclid(7), 0),
        "monthly" => (i64::from(on.year()) * 12 + i64::from(on.month()), 0),
        _ => (i64::from(on.year()), 0),
    }
}

/// A point from its run to its end, in minutes: the moment of its data, when it is there, and when no longer.
pub(crate) type Life = (i64, i64, Option<i64>);

/// The points of a job: each run looks at all that there are, and keeps what the retention keeps.
pub(crate) fn lives(clock: &Clock, runs: &[i64], takes: i64, retention: &Retention) -> Vec<Life> {
    let mut lives: Vec<Life> = vec![];
    let mut there: Vec<Point> = vec![];
    for run in runs {
        let units = retention.thinned.iter().map(|(unit, _)| unit_of(clock, *run, unit)).collect();
        let over = retention.within.map(|within| over(clock, *run, within));
        there.push(Point { place: lives.len(), over, units });
        lives.push((*run, run + takes, None));
        let mut kept = retention.keeps(&there, *run).into_iter();
        there.retain(|point| {
            let stays = kept.next().expect("one for each");
            if !stays {
                lives[point.place].2 = Some(run + takes);
            }
            stays
        });
    }
    lives
}

/// Of points with data of these moments, oldest first, which are kept at a time.
pub(crate) fn kept_at(clock: &Clock, retention: &Retention, moments: &[i64], now: i64) -> Vec<bool> {
    let point = |(place, moment): (usize, &i64)| Point {
        place,
        over: retention.within.map(|within| over(clock, *moment, within)),
        units: retention.thinned.iter().map(|(unit, _)| unit_of(clock, *moment, unit)).collect(),
    };
    let points: Vec<Point> = moments.iter().enumerate().map(point).collect();
    retention.keeps(&points, now)
}

/// The points of the plan's only job that were, are or will be there from one time to another.
fn through_time(plan: &str, since: Option<i64>, from: i64, to: i64) -> Vec<Life> {
    let proven = proven(plan);
    let series = timeline::series(proven.plan(), since.map(timestamp));
    let [only] = series.as_slice() else { panic!("{} series of {plan}", series.len()) };
    let Kept::Points(points) = &only.kept else { panic!("no points of {plan}") };
    let minute = |time: jiff::Timestamp| time.as_second().div_euclid(60);
    let lives = points.between(timestamp(from), timestamp(to)).expect("not too many");
    lives.iter().map(|life| (minute(life.moment()), minute(life.committed()), life.let_go().map(minute))).collect()
}

#[test]
fn points_are_there_as_long_as_counting_shows() {
    for_each_seed(1, |dice| {
        // The year in which Samoa left a day out, and one like any other.
        let (zone, year) = if dice.one_in(6) { ("Pacific/Apia", 2011) } else { (dice.of(&ZONES), 2025) };
        let clock = Clock::of_years(zone, year - 2, year + 4);
        let schedule = Schedule::any(dice, 32);
        let (retention, takes) = (Retention::any(dice), dice.between(1, 600));
        let plan = format!(
            "plan \"p\" {{ timezone \"{zone}\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\ntarget \"t\" {{\n    files \"/data\"\n    backup \"b\" {{ \
             archive \"tar.zip\"; store \"s\"; {}; takes \"{takes}m\"; {} }}\n}}\n{BACK}",
            schedule.text(),
            retention.text(),
        );
        let begin = super::clock::minute(&format!("{year}-01-01T00:00:00Z")) + dice.between(0, 364 * DAY);
        let days = if matches!(schedule.rhythm, Rhythm::Every(..=90)) { 2 } else { 60 };
        let (since, from) = (begin, begin + dice.between(0, days * DAY));
        let to = from + dice.between(0, days / 2 * DAY);
        // Where it always ran, so long that nothing of before can be left; and so long behind that all there was by then has ended.
        let always = dice.one_in(2)
            && retention.thinned.is_empty()
            && !retention.is_none()
            && !matches!(schedule.rhythm, Rhythm::Every(..720) | Rhythm::Yearly(..));
        let first = if always { since - 340 * DAY } else { since };
        let runs = schedule.runs(&clock, first, to + 800 * DAY);
        let counted = runs.partition_point(|run| *run <= to) + 150;
        let runs = &runs[..counted.min(runs.len())];
        let last = runs.last().copied().unwrap_or(to);
        let is_there = |(_, committed, end): &Life| *committed <= to && end.is_none_or(|end| from < end);
        let mut counted: Vec<Life> = lives(&clock, runs, takes, &retention).into_iter().filter(is_there).collect();
        let mut found = through_time(&plan, (!always).then_some(since), from, to);
        // What ends beyond what was counted is not known here.
        found.iter_mut().for_each(|life| life.2 = life.2.filter(|end| *end <= last));
        counted.iter_mut().for_each(|life| life.2 = life.2.filter(|end| *end <= last));
        assert_eq!(found, counted, "since {}, from {} to {}\n{plan}", timestamp(since), timestamp(from), timestamp(to));
    });
}
