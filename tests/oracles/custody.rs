//! Where the log of every day is: each day of 28 years, with each backup that may hold it. Times are seconds since the epoch.

use sonae::primitives::Duration;
use sonae::prove::OfDay;

use super::clock::{Clock, DAY, date, day_of, minute};
use super::dice::Dice;
use super::kept::over;
use super::rhythm::{Rhythm, Schedule};
use super::{ZONES, for_each_seed};
use crate::corpus::compile;

/// What a backup packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packs {
    Days,
    /// All but the newest so many months.
    Months(i64),
    /// All that is in the folder, of which so many are kept.
    Folder(Option<i64>),
}

struct Backup {
    packs: Packs,
    schedule: Schedule,
    /// In minutes.
    takes: i64,
    within: Option<(i64, &'static str)>,
    is_kept_for_ever: bool,
    removes: bool,
    /// Whether it comes after the one before it.
    is_tied: bool,
    /// Its runs, in minutes.
    runs: Vec<i64>,
}

/// From a time on, until another.
type Stretch = (i64, i64);

const FOR_EVER: i64 = i64::MAX;

impl Backup {
    fn any(dice: &mut Dice, packs: Packs, clock: &Clock) -> Self {
        let schedule = loop {
            let schedule = Schedule::any(dice, 32);
            if !matches!(schedule.rhythm, Rhythm::Every(..720)) {
                break schedule;
            }
        };
        let is_kept_for_ever = dice.one_in(8);
        let within = match packs {
            Packs::Folder(_) => dice.one_in(2).then(|| (dice.between(1, 90), "d")),
            _ => Some((dice.between(1, 13), dice.of(&["w", "mo", "mo", "y"]))),
        };
        let runs = schedule.runs(clock, minute("2025-01-01T00:00:00Z"), minute("2055-01-01T00:00:00Z"));
        let removes = matches!(packs, Packs::Months(_)) && dice.one_in(2);
        let takes = dice.between(1, 180);
        let packs = match packs {
            Packs::Folder(_) => Packs::Folder(dice.one_in(2).then(|| dice.between(1, 20))),
            packs => packs,
        };
        Self { packs, schedule, takes, within, is_kept_for_ever, removes, is_tied: false, runs }
    }

    fn name(&self) -> &'static str {
        match self.packs {
            Packs::Days => "days",
            Packs::Months(_) => "months",
            Packs::Folder(_) => "folder",
        }
    }

    fn text(&self, before: Option<&Self>) -> String {
        let select = match self.packs {
            Packs::Days => "select \"unshipped-days\"; ".to_owned(),
            Packs::Months(newest) => format!("select \"whole-months\" keep-newest={newest}; "),
            Packs::Folder(_) => String::new(),
        };
        let generations = match self.packs {
            Packs::Folder(Some(count)) => format!(" generations={count}"),
            _ => String::new(),
        };
        let within = self.within.map_or_else(String::new, |(count, unit)| format!(" within=\"{count}{unit}\""));
        let rules = generations + &within;
        let retention =
            if self.is_kept_for_ever || rules.is_empty() { String::new() } else { format!("retention{rules}; ") };
        let after = before.filter(|_| self.is_tied);
        let after = after.map_or_else(String::new, |before| format!("after \"l/{}\"; ", before.name()));
        let removes = if self.removes { "remove-originals; " } else { "" };
        format!(
            "    backup \"{}\" {{ archive \"tar.zip\"; store \"s\"; {}; takes \"{}m\"; {select}{after}{removes}{retention}}}\n",
            self.name(),
            self.schedule.text(),
            self.takes
        )
    }

    /// Whether its points are never let go.
    fn keeps_for_ever(&self) -> bool {
        self.is_kept_for_ever || (self.within.is_none() && matches!(self.packs, Packs::Folder(None)))
    }

    /// The first run from a time on.
    fn run_from(&self, second: i64) -> Option<i64> {
        self.runs.get(self.runs.partition_point(|run| run * 60 < second)).copied()
    }
}

/// When the point of a run of a backup is there at the latest: those before it in the line may be tied.
fn there(line: &[Backup], place: usize, run: i64) -> i64 {
    (run + wait(line, place, run) + line[place].takes) * 60
}

fn wait(line: &[Backup], place: usize, run: i64) -> i64 {
    match place.checked_sub(1).filter(|_| line[place].is_tied) {
        Some(before) if line[before].runs.binary_search(&run).is_ok() => wait(line, before, run) + line[before].takes,
        _ => 0,
    }
}

/// When a period is over that began at a second.
fn over_seconds(clock: &Clock, second: i64, period: (i64, &'static str)) -> i64 {
    let (whole, rest) = (second.div_euclid(60), second.rem_euclid(60));
    let over = over(clock, whole, period);
    // Where there is no such day it is over as the next month begins.
    let is_same_time = clock.shows(over).rem_euclid(DAY) == clock.shows(whole).rem_euclid(DAY);
    over * 60 + if is_same_time { rest } else { 0 }
}

/// What becomes of the log of a day.
struct Day {
    /// When the day was over.
    over: i64,
    /// When its file leaves.
    leaves: i64,
    /// When it came to be in an archive of days or months.
    shipped: Option<i64>,
    is_lost: bool,
}

fn look(clock: &Clock, day: i64, keep: Option<(i64, &'static str)>, line: &[Backup]) -> Day {
    let starts = |day: i64| clock.rings(day * DAY) * 60;
    let (begin, over_at) = (starts(day), starts(day + 1));
    let last = over_at - 1;
    let on = date(day);
    let months_later = |months: i64| {
        let month = i64::from(on.year()) * 12 + i64::from(on.month()) - 1 + months;
        let year = i16::try_from(month.div_euclid(12)).expect("a year");
        day_of(jiff::civil::Date::constant(year, i8::try_from(month.rem_euclid(12) + 1).expect("a month"), 1))
    };
    let mut leaves = keep.map_or(FOR_EVER, |keep| over_seconds(clock, begin, keep));
    // Those that pack the day by itself or with its month, in the order in which they are there.
    let mut packed: Vec<(i64, usize)> = line
        .iter()
        .enumerate()
        .filter_map(|(place, backup)| {
            let from = match backup.packs {
                Packs::Days => over_at,
                Packs::Months(newest) => starts(months_later(newest)),
                Packs::Folder(_) => return None,
            };
            Some((there(line, place, backup.run_from(from)?), place))
        })
        .collect();
    packed.sort_unstable();
    let (mut held, mut shipped): (Vec<Stretch>, Option<i64>) = (vec![], None);
    for (there, place) in packed {
        if there > leaves {
            continue;
        }
        let backup = &line[place];
        let counted_from = match backup.packs {
            Packs::Months(_) => starts(months_later(1)) - 1,
            _ => last,
        };
        let kept = backup.within.filter(|_| !backup.keeps_for_ever());
        held.push((there, kept.map_or(FOR_EVER, |within| over_seconds(clock, counted_from, within))));
        shipped = shipped.or(Some(there));
        if backup.removes {
            leaves = leaves.min(there);
        }
    }
    for (place, backup) in line.iter().enumerate() {
        let Packs::Folder(generations) = backup.packs else { continue };
        let first = backup.run_from(over_at).map(|run| there(line, place, run));
        let Some(first) = first.filter(|there| *there <= leaves) else { continue };
        if backup.keeps_for_ever() || leaves == FOR_EVER {
            held.push((first, FOR_EVER));
            continue;
        }
        let begun = backup.runs.partition_point(|run| run * 60 <= leaves);
        let in_time = backup.runs[..begun].iter().rposition(|run| there(line, place, *run) <= leaves);
        let last = in_time.expect("the first");
        let later = usize::try_from(generations.unwrap_or(1)).expect("a count");
        let replaced = backup.runs.get(last + later).map_or(FOR_EVER, |run| run * 60);
        let within = backup.within.map(|within| over_seconds(clock, backup.runs[last] * 60, within));
        held.push((first, within.map_or(replaced, |within| within.max(replaced))));
    }
    let promised = line.iter().filter(|backup| !matches!(backup.packs, Packs::Folder(_))).map(|backup| {
        let within = backup.within.filter(|_| !backup.keeps_for_ever());
        within.map_or(FOR_EVER, |within| over_seconds(clock, last, within))
    });
    let until = promised.max().unwrap_or(leaves.saturating_add(1));
    // The folder first, then whatever reaches furthest.
    let mut held_until = leaves;
    while held_until < until {
        match held.iter().filter(|(from, to)| *from <= held_until && *to > held_until).map(|(_, to)| *to).max() {
            Some(to) => held_until = to,
            None => break,
        }
    }
    Day { over: over_at, leaves, shipped, is_lost: held_until < until }
}

#[test]
fn every_day_is_where_counting_shows() {
    for_each_seed(20, |dice| {
        let zone = dice.of(&ZONES);
        let clock = Clock::of_years(zone, 2020, 2070);
        let mut line: Vec<Backup> = vec![];
        for packs in [Packs::Days, Packs::Folder(None), Packs::Months(dice.between(1, 3))] {
            if !dice.one_in(3) {
                line.push(Backup::any(dice, packs, &clock));
            }
        }
        if line.is_empty() {
            return;
        }
        for backup in line.iter_mut().skip(1) {
            backup.is_tied = dice.one_in(2);
        }
        let keep = dice
            .one_in(2)
            .then(|| if dice.one_in(2) { (dice.between(2, 40), "d") } else { (dice.between(1, 4), "mo") });
        let rotates = keep.map_or_else(String::new, |(count, unit)| format!(" {{ rotates keep=\"{count}{unit}\"; }}"));
        let backups: String =
            (0..line.len()).map(|place| line[place].text(place.checked_sub(1).map(|before| &line[before]))).collect();
        let plan = format!(
            "plan \"p\" {{ timezone \"{zone}\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\ntarget \"l\" {{\n    logs \"/log\" \
             pattern=\"a-%Y%m%d.log\"{rotates}\n{backups}}}\nrestore \"l\" {{ recover \"l\" {{ into path=\"/back\"; }}; }}\n"
        );
        let days = day_of(jiff::civil::Date::constant(2025, 1, 1))..day_of(jiff::civil::Date::constant(2053, 1, 1));
        let mut shipped: Option<(i64, i64)> = None;
        let mut left: Option<(i64, i64)> = None;
        let mut lost = None;
        for day in days {
            let seen = look(&clock, day, keep, &line);
            if seen.is_lost {
                lost = Some(day);
                break;
            }
            let after = |time: i64| time - seen.over;
            if let Some(found) = seen.shipped.map(after).filter(|found| shipped.is_none_or(|(most, _)| *found > most)) {
                shipped = Some((found, day));
            }
            let leaves = (seen.leaves != FOR_EVER).then(|| after(seen.leaves));
            if let Some(found) = leaves.filter(|found| left.is_none_or(|(least, _)| *found < least)) {
                left = Some((found, day));
            }
        }
        let compiled = compile("plan.kdl", &plan);
        let broken = compiled.found.iter().find(|found| found.code.name == "sonae::custody::broken");
        match (lost, broken) {
            (Some(day), Some(found)) => {
                assert!(
                    found.message.contains(&format!("the log of {}", date(day))),
                    "{}: {}\n{plan}",
                    found.message,
                    date(day)
                );
            }
            (Some(day), None) => panic!("{} is lost: {:?}\n{plan}", date(day), compiled.codes()),
            (None, Some(found)) => panic!("none is lost: {}\n{plan}", found.message),
            (None, None) => {
                let proven = compiled.proven.unwrap_or_else(|| panic!("{:?}\n{plan}", compiled.found));
                let [custody] = proven.proofs().custody.as_slice() else { panic!("no custody of {plan}") };
                let told = |of: &Option<OfDay>| of.as_ref().map(|of| (of.after, of.day));
                let counted = |of: Option<(i64, i64)>| {
                    let seconds = |after: i64| Duration::from_seconds(u64::try_from(after).expect("after it"));
                    of.map(|(after, day)| (seconds(after), date(day)))
                };
                assert_eq!((told(&custody.shipped), told(&custody.left)), (counted(shipped), counted(left)), "{plan}");
            }
        }
    });
}
