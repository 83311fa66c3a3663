//! What a change of a backup means: by every run of 28 years, and by every point that is there.

use std::sync::atomic::Ordering::Relaxed;

use sonae::diff::{Change, Judgement, diff};

use super::clock::{Clock, DAY, minute, timestamp};
use super::dice::Dice;
use super::kept::{Life, Retention, kept_at, lives};
use super::rhythm::{Rhythm, Schedule};
use super::{BACK, ZONES, for_each_seed, proven};

/// What is promised and kept of the only target.
#[derive(Clone)]
struct Promised {
    zone: &'static str,
    schedule: Schedule,
    retention: Retention,
    rpo: i64,
    rto: i64,
    shrink: i64,
    roots: Vec<&'static str>,
    approves: bool,
}

impl Promised {
    fn any(dice: &mut Dice) -> Self {
        Self {
            zone: dice.of(&ZONES),
            schedule: not_dense(dice),
            retention: Retention::any(dice),
            rpo: dice.between(1, 99),
            rto: dice.between(2, 99),
            shrink: dice.between(1, 99),
            roots: vec!["/a", "/b"],
            approves: true,
        }
    }

    fn text(&self) -> String {
        let roots: String = self.roots.iter().map(|root| format!(" \"{root}\"")).collect();
        let approve = if self.approves { "approve \"all is well\" by=\"ops\" takes=\"1m\";" } else { "" };
        format!(
            "plan \"p\" {{ timezone \"{}\"; waive \"sonae::rpo::broken\" reason=\"it may\" until=\"2100-01-01\"; }}\nrole \"ops\" {{ member \"a@example.jp\" \
             user=\"a\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\ntarget \"t\" {{\n    files{roots}\n    objective rpo=\"{}h\"\n    backup \"b\" {{ archive \
             \"tar.zip\"; store \"s\"; {}; takes \"1m\"; guard shrink=\"{}%\"; {} }}\n}}\nrestore \"r\" rto=\"{}h\" {{ recover \"t\" takes=\"1m\" {{ into path=\"/r\"; \
             }}; {approve} }}\n{BACK}",
            self.zone,
            self.rpo,
            self.schedule.text(),
            self.shrink,
            self.retention.text(),
            self.rto,
        )
    }
}

fn not_dense(dice: &mut Dice) -> Schedule {
    loop {
        let schedule = Schedule::any(dice, 32);
        if !matches!(schedule.rhythm, Rhythm::Every(..240)) {
            return schedule;
        }
    }
}

/// The promise that is changed: what it is of, its word, and what the change means where that does not hang on the calendar.
type Changed = (&'static str, &'static str, Option<Judgement>);

fn change(dice: &mut Dice, of: &Promised) -> (Promised, Changed) {
    let mut other = of.clone();
    let more_is_worse =
        |before: i64, after: i64| Some(if after > before { Judgement::Weakens } else { Judgement::Strengthens });
    let another = |dice: &mut Dice, than: i64, most: i64| loop {
        let number = dice.between(2, most);
        if number != than {
            return number;
        }
    };
    let changed = match dice.between(0, 6) {
        0 => {
            other.schedule = not_dense(dice);
            ("backup t/b", "schedule", None)
        }
        1 => {
            other.retention = Retention::any(dice);
            ("backup t/b", "retention", None)
        }
        2 => {
            other.rpo = another(dice, of.rpo, 99);
            ("target t", "rpo", more_is_worse(of.rpo, other.rpo))
        }
        3 => {
            other.rto = another(dice, of.rto, 99);
            ("restore r", "rto", more_is_worse(of.rto, other.rto))
        }
        4 => {
            other.shrink = another(dice, of.shrink, 99);
            ("backup t/b", "guard shrink", more_is_worse(of.shrink, other.shrink))
        }
        5 => {
            other.roots = dice.of(&[&["/a"][..], &["/a", "/b", "/c"], &["/a", "/c"]]).to_vec();
            let worse = !other.roots.contains(&"/b");
            ("target t", "folders", Some(if worse { Judgement::Weakens } else { Judgement::Strengthens }))
        }
        _ => {
            other.approves = false;
            ("step r: approve \"all is well\"", "", Some(Judgement::Weakens))
        }
    };
    (other, changed)
}

/// The longest time between two runs.
fn longest(schedule: &Schedule, clock: &Clock) -> i64 {
    let runs = schedule.runs(clock, minute("2025-01-01T00:00:00Z"), minute("2053-01-01T00:00:00Z"));
    runs.windows(2).map(|pair| pair[1] - pair[0]).max().expect("runs")
}

/// How many of the points that are there at a time the newer retention lets go, and the older would not.
fn gone(of: &Promised, other: &Promised, clock: &Clock, now: i64) -> Option<u64> {
    if of.retention.is_none() {
        return None;
    }
    let runs = of.schedule.runs(clock, minute("2020-01-01T00:00:00Z"), now);
    let there = |(_, committed, end): &(i64, i64, Option<i64>)| *committed <= now && end.is_none_or(|end| now < end);
    let moments: Vec<i64> =
        lives(clock, &runs, 1, &of.retention).iter().filter(|life| there(life)).map(|(moment, ..)| *moment).collect();
    let let_go = |moments: &[i64], at: i64| {
        let [before, after] = [of, other].map(|of| kept_at(clock, &of.retention, moments, at));
        before.iter().zip(after).filter(|(before, after)| **before && !after).count() as u64
    };
    // What the next run would let go anyhow does not go by the change.
    let next = other.schedule.runs(clock, now, now + 40 * DAY)[0];
    let gone = let_go(&moments, now);
    Some(if gone > 0 && let_go(&[&moments[..], &[next]].concat(), next) == 0 { 0 } else { gone })
}

fn is_of(change: &Change, subject: &str, word: &str) -> bool {
    (change.subject.to_string().as_str(), change.word().unwrap_or_default()) == (subject, word)
}

#[test]
fn a_change_is_named_and_judged_as_counting_shows() {
    for_each_seed(10, |dice| {
        let of = Promised::any(dice);
        let (other, (subject, word, judgement)) = change(dice, &of);
        let clock = Clock::of_years(of.zone, 2018, 2054);
        let now = minute("2026-03-01T00:00:00Z") + dice.between(0, 300 * 24 * 60);
        let (old, new) = (of.text(), other.text());
        let (before, after) = (proven(&old), proven(&new));
        let changes = diff(Some(before.plan()), Some(after.plan()), timestamp(now)).changes;
        let told = format!("{changes:#?}\n{old}\n{new}");
        assert!(changes.iter().all(|change| is_of(change, subject, word)), "{told}");
        let judged: Vec<Judgement> = changes.iter().map(|change| change.judgement).collect();
        if old == new {
            assert!(changes.is_empty(), "{told}");
            return;
        }
        let [judged] = judged[..] else { panic!("{told}") };
        match (word, judgement) {
            (_, Some(judgement)) => assert_eq!(judged, judgement, "{told}"),
            ("schedule", None) => {
                let (before, after) = (longest(&of.schedule, &clock), longest(&other.schedule, &clock));
                let is_weaker = after > before;
                assert!(
                    !is_weaker || (Judgement::Weakens..=Judgement::Deletes).contains(&judged),
                    "{before} → {after}: {told}"
                );
                // What comes round as often and is kept by its number may still reach back less far.
                let is_about_gaps =
                    changes.iter().any(|change| change.code.is_some_and(|code| code.name == "sonae::change::rarer"));
                assert_eq!(is_about_gaps, is_weaker && judged == Judgement::Weakens, "{before} → {after}: {told}");
            }
            _ => {
                let gone = gone(&of, &other, &clock, now);
                match gone {
                    Some(0) => assert_ne!(judged, Judgement::Deletes, "{told}"),
                    Some(1) => assert!(told.contains("deletes 1 recovery point in s, of "), "{told}"),
                    Some(gone) => {
                        assert!(told.contains(&format!("deletes {gone} recovery points in s, ")), "{gone}: {told}")
                    }
                    None => assert_eq!(judged, Judgement::Deletes, "{told}"),
                }
            }
        }
    });
}

/// The moments of the points that are there at a time, oldest first.
fn there(lives: &[Life], time: i64) -> Vec<i64> {
    let is_there = |(_, committed, end): &&Life| *committed <= time && end.is_none_or(|end| time < end);
    lives.iter().filter(is_there).map(|(moment, ..)| *moment).collect()
}

/// Whether of those there is one, older than the newest of the others, from which all others are farther than that.
fn is_any_alone(of: &[i64], others: &[i64], farther: i64) -> bool {
    let Some(newest) = others.last() else { return false };
    of.iter().any(|moment| moment < newest && others.iter().all(|other| (other - moment).abs() > farther))
}

#[test]
fn what_is_kept_no_more_in_the_long_run_is_told_and_nothing_else() {
    let [mut lost, mut none] = [0, 0].map(std::sync::atomic::AtomicU32::new);
    for_each_seed(5, |dice| {
        let mut of = Promised::any(dice);
        while of.retention.is_none() {
            of.retention = Retention::any(dice);
        }
        let mut other = of.clone();
        if dice.one_in(3) {
            other.retention = Retention::any(dice);
        }
        if dice.one_in(2) {
            other.schedule = not_dense(dice);
        }
        if other.retention.is_none() {
            return;
        }
        let clock = Clock::of_years(of.zone, 2018, 2054);
        let now = minute("2026-03-01T00:00:00Z") + dice.between(0, 300 * DAY);
        let (before, after) = (proven(&of.text()), proven(&other.text()));
        let changes = diff(Some(before.plan()), Some(after.plan()), timestamp(now)).changes;
        let told = format!("{changes:#?}\n{}\n{}", of.text(), other.text());
        let is_told = told.contains("in the long run");
        let until = now + 370 * DAY;
        let [older, newer] = [&of, &other].map(|promised| {
            let runs = promised.schedule.runs(&clock, minute("2020-01-01T00:00:00Z"), until);
            lives(&clock, &runs, 1, &promised.retention)
        });
        let is_same = of.schedule == other.schedule;
        let wait = if is_same { 0 } else { longest(&other.schedule, &clock) };
        // What goes at once is told as such.
        let some_go = gone(&of, &other, &clock, now) != Some(0);
        let stay = |time: i64| {
            let moments = there(&older, time);
            let [before, after] = [&of, &other].map(|of| kept_at(&clock, &of.retention, &moments, time));
            let stays = before.iter().zip(after).map(|(before, after)| *before && (after || !some_go));
            let stays = moments.iter().zip(stays).filter(|(_, stays)| *stays);
            stays.map(|(moment, _)| *moment).collect::<Vec<i64>>()
        };
        let unit = |(unit, _): &(&str, i64)| match *unit {
            "hourly" => 60,
            "daily" => DAY + 60,
            "weekly" => 7 * DAY + 60,
            "monthly" => 31 * DAY + 60,
            _ => 366 * DAY,
        };
        let units = of.retention.thinned.iter().chain(&other.retention.thinned).map(unit);
        let unit = units.max().unwrap_or(0);
        if is_any_alone(&stay(now), &there(&newer, now), wait + 2 * unit) {
            assert!(is_told, "{told}");
            lost.fetch_add(1, Relaxed);
        }
        let days = if is_same { 367 } else { longest(&other.schedule, &clock) / DAY + 8 };
        let mut times: Vec<i64> = older.iter().chain(&newer).map(|(_, committed, _)| *committed).collect();
        times.retain(|time| (now..=now + days * DAY).contains(time));
        times.push(now);
        if times.len() < 800 && !times.iter().any(|time| is_any_alone(&stay(*time), &there(&newer, *time), wait)) {
            assert!(!is_told, "{told}");
            none.fetch_add(1, Relaxed);
        }
    });
    assert!(*lost.get_mut() > 5 && *none.get_mut() > 5, "{lost:?} {none:?}");
}
