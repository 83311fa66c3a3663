//! The rules one by one; then any past against an oracle that walks minute by minute and watches the clock on the wall; then a year of
//! ticks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::catalog::FirstSeen;
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::Plan;
use crate::ports::{Cause, Fault};
use crate::primitives::{JobName, Name, PathBytes, Slot};
use crate::{lower, syntax};

fn plan(zone: &str, schedules: &[(&str, &str)]) -> Plan {
    let backup = |(name, schedule): &(&str, &str)| {
        format!("backup \"{name}\" {{ {schedule}; archive \"tar.zip\"; store \"shelf\"; }}\n")
    };
    let backups: String = schedules.iter().map(backup).collect();
    let text = format!(
        "plan \"home\" {{ timezone \"{zone}\"; }}\nstore \"shelf\" {{ local path=\"store\"; }}\n\
         target \"photos\" {{ files \"photos\"; {backups} }}\n"
    );
    let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
    let id = sources.add("plan.kdl", text.clone());
    let document = syntax::parse(id, &text, &mut found);
    let plan = lower::lower(&[document], &mut found).unwrap();
    assert!(found.into_sorted().is_empty(), "{text}");
    plan
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn slot(text: &str) -> Slot {
    Slot::new(time(text))
}

fn job_name(backup: &str) -> JobName {
    JobName::parse(&format!("photos/{backup}")).unwrap()
}

fn base() -> PathBytes {
    PathBytes::new(*b"/plans")
}

/// One job with one schedule, and its past.
struct Scene {
    plan: Plan,
    past: JobHistory,
    strangers: Vec<Stranger>,
}

impl Scene {
    /// `daily` at 05:30 in UTC, first seen so.
    fn seen(at: &str) -> Self {
        Self::of("UTC", "schedule \"daily\" at=\"05:30\"", at)
    }

    fn of(zone: &str, schedule: &str, seen: &str) -> Self {
        let plan = plan(zone, &[("daily", schedule)]);
        let mut scene = Self { plan, past: JobHistory::default(), strangers: vec![] };
        scene.see(seen);
        scene
    }

    fn mark(&self) -> ScheduleMark {
        mark(self.plan.targets[0].backups[0].schedule.as_ref().unwrap())
    }

    fn see(&mut self, at: &str) {
        self.past.first_seen.push(FirstSeen { at: slot(at), schedule: self.mark() });
    }

    fn done(mut self, slots: &[&str]) -> Self {
        self.past.done.extend(slots.iter().map(|text| slot(text)));
        self
    }

    fn failed(mut self, of: &str, at: &[&str]) -> Self {
        self.past.failed.extend(at.iter().map(|at| Failed { slot: slot(of), at: time(at) }));
        self
    }

    fn history(&self) -> History {
        let jobs = BTreeMap::from([(job_name("daily"), Ok(self.past.clone()))]);
        History { host: Name::parse("nas").unwrap(), jobs, strangers: self.strangers.clone() }
    }

    fn at(&self, now: &str) -> JobDue {
        due(&self.plan, &base(), &self.history(), time(now)).jobs.remove(0)
    }

    fn verdict(&self, now: &str) -> Verdict {
        self.at(now).verdict
    }
}

fn due_for(of: &str) -> Verdict {
    Verdict::Due { slot: slot(of), failures: 0 }
}

fn idle(done: &str) -> Verdict {
    Verdict::Idle { done: Some(slot(done)) }
}

const NOTHING: Verdict = Verdict::Idle { done: None };

#[test]
fn nothing_fires_because_a_plan_is_new() {
    let mut scene = Scene::seen("2026-03-03T12:00:00Z");
    scene.past.first_seen.clear();
    assert_eq!(scene.verdict("2026-03-03T05:30:00Z"), Verdict::New { news: News::Job });
    scene.see("2026-03-03T05:30:00Z");
    assert_eq!(scene.verdict("2026-03-03T05:30:00Z"), NOTHING, "it was seen in that second, and not before");
    assert_eq!(scene.verdict("2026-03-04T05:29:59Z"), NOTHING);
    assert_eq!(scene.verdict("2026-03-04T05:30:00Z"), due_for("2026-03-04T05:30:00Z"));
}

#[test]
fn a_slot_is_due_until_it_is_done() {
    let scene = Scene::seen("2026-03-01T12:00:00Z").done(&["2026-03-02T05:30:00Z"]);
    assert_eq!(scene.verdict("2026-03-03T05:29:00Z"), idle("2026-03-02T05:30:00Z"));
    for late in ["2026-03-03T05:30:00Z", "2026-03-03T18:00:00Z", "2026-03-04T05:29:59.9Z"] {
        assert_eq!(scene.verdict(late), due_for("2026-03-03T05:30:00Z"), "{late}");
    }
    let of = scene.at("2026-03-03T05:31:00Z");
    assert_eq!((of.missed, of.next), (Missed::default(), Some(time("2026-03-04T05:30:00Z"))));
    let scene = scene.done(&["2026-03-03T05:30:00Z"]);
    assert_eq!(scene.verdict("2026-03-03T05:31:00Z"), idle("2026-03-03T05:30:00Z"));
}

#[test]
fn a_run_by_hand_consumes_no_slot() {
    // Its slot is its start, which is no scheduled time.
    let scene = Scene::seen("2026-03-01T12:00:00Z").done(&["2026-03-02T05:30:00Z", "2026-03-03T05:30:01Z"]);
    assert_eq!(scene.verdict("2026-03-03T06:00:00Z"), due_for("2026-03-03T05:30:00Z"));
}

#[test]
fn what_was_missed_is_named_and_caught_up_once() {
    let scene = Scene::seen("2026-02-01T12:00:00Z").done(&["2026-03-02T05:30:00Z"]);
    let of = scene.at("2026-03-09T08:00:00Z");
    assert_eq!(of.verdict, due_for("2026-03-09T05:30:00Z"));
    assert_eq!((of.missed.count, of.missed.more), (6, false));
    assert_eq!(of.missed.newest.first(), Some(&slot("2026-03-08T05:30:00Z")));
    assert_eq!(of.missed.newest.last(), Some(&slot("2026-03-03T05:30:00Z")));
    // The hole is not caught up again.
    let of = scene.done(&["2026-03-09T05:30:00Z"]).at("2026-03-09T08:05:00Z");
    assert_eq!((of.verdict, of.missed), (idle("2026-03-09T05:30:00Z"), Missed::default()));
}

#[test]
fn what_came_before_the_job_was_seen_was_not_missed() {
    let of = Scene::seen("2026-03-07T05:30:00Z").at("2026-03-09T08:00:00Z");
    assert_eq!((of.missed.count, of.missed.newest), (1, vec![slot("2026-03-08T05:30:00Z")]));
}

#[test]
fn very_many_missed_slots_are_not_all_counted() {
    let scene = Scene::of("UTC", "schedule every=\"1m\"", "1970-01-01T00:00:00Z");
    let missed = scene.at("2026-03-09T08:00:00Z").missed;
    assert_eq!((missed.count, missed.more, missed.newest.len()), (1000, true, 10));
}

#[test]
fn a_slot_that_failed_is_tried_again_later_and_later() {
    let of = "2026-03-03T05:30:00Z";
    let host = Name::parse("nas").unwrap();
    let mut waits = vec![];
    for failures in 1..=8 {
        let wait = delay(failures, &host, &job_name("daily"), slot(of)).as_secs();
        assert_eq!(wait, delay(failures, &host, &job_name("daily"), slot(of)).as_secs(), "it is always the same");
        waits.push(wait);
    }
    for (wait, least) in waits.iter().zip([300, 600, 1200, 2400, 3600, 3600, 3600, 3600]) {
        assert!((least..=least + least / 4).contains(wait), "{waits:?}");
    }
    let scene = Scene::seen("2026-03-01T12:00:00Z").failed(of, &["2026-03-03T05:30:10Z", "2026-03-03T05:40:00Z"]);
    let until = time("2026-03-03T05:40:00Z") + SignedDuration::from_secs(waits[1].try_into().unwrap());
    let waiting = Verdict::Waiting { slot: slot(of), failures: 2, until };
    assert_eq!(scene.verdict("2026-03-03T05:40:00Z"), waiting);
    assert_eq!(scene.verdict(&(until - SignedDuration::from_secs(1)).to_string()), waiting);
    assert_eq!(scene.verdict(&until.to_string()), Verdict::Due { slot: slot(of), failures: 2 });
    // The next slot has not failed.
    assert_eq!(scene.verdict("2026-03-04T05:30:00Z"), due_for("2026-03-04T05:30:00Z"));
    // The clock was set back since: nobody waits for a time that may be years away.
    assert_eq!(scene.verdict("2026-03-03T05:30:05Z"), Verdict::Due { slot: slot(of), failures: 2 });
}

#[test]
fn hosts_do_not_try_again_together() {
    let wait = |host: &str| delay(3, &Name::parse(host).unwrap(), &job_name("daily"), slot("2026-03-03T05:30:00Z"));
    let waits: BTreeSet<_> = (0..50).map(|number| wait(&format!("web-{number}"))).collect();
    assert!(waits.len() > 40, "{waits:?}");
    assert_eq!(
        delay(u32::MAX, &Name::parse("nas").unwrap(), &job_name("daily"), slot("2026-03-03T05:30:00Z")).as_secs()
            / 3600,
        1
    );
}

#[test]
fn a_job_that_runs_is_left_alone() {
    let mut scene = Scene::seen("2026-03-01T12:00:00Z");
    scene.past.running = true;
    let slot = Some(slot("2026-03-03T05:30:00Z"));
    assert_eq!(scene.verdict("2026-03-03T06:00:00Z"), Verdict::Running { slot });
}

#[test]
fn a_job_without_schedule_and_one_whose_store_cannot_be_read_are_not_due() {
    let plan =
        plan("UTC", &[("daily", "schedule \"daily\" at=\"05:30\""), ("weekly", "schedule \"daily\" at=\"05:30\"")]);
    let fault = Fault::permanent(Cause::Denied, "list a store", "permission denied");
    let past = JobHistory {
        first_seen: vec![FirstSeen {
            at: slot("2026-03-01T00:00:00Z"),
            schedule: Scene::seen("2026-03-01T00:00:00Z").mark(),
        }],
        ..JobHistory::default()
    };
    let jobs = BTreeMap::from([(job_name("daily"), Err(fault.clone())), (job_name("weekly"), Ok(past))]);
    let history = History { host: Name::parse("nas").unwrap(), jobs, strangers: vec![] };
    let found = due(&plan, &base(), &history, time("2026-03-03T06:00:00Z"));
    assert_eq!(found.jobs[0].verdict, Verdict::Unknown { fault });
    assert_eq!(found.slots().collect::<Vec<_>>(), [(&job_name("weekly"), slot("2026-03-03T05:30:00Z"))]);

    let mut unscheduled = Scene::seen("2026-03-01T12:00:00Z");
    unscheduled.plan.targets[0].backups[0].schedule = None;
    assert_eq!(unscheduled.verdict("2026-03-03T06:00:00Z"), Verdict::Unscheduled);
}

#[test]
fn a_schedule_that_was_changed_begins_anew() {
    let old = Scene::seen("2026-02-01T00:00:00Z").done(&["2026-03-03T05:30:00Z"]);
    let mut new = Scene::of("UTC", "schedule \"monthly\" day=1 at=\"05:30\"", "2026-03-03T12:00:00Z");
    let of_new = std::mem::replace(&mut new.past, old.past.clone()).first_seen;
    assert_eq!(new.verdict("2026-03-03T12:00:00Z"), Verdict::New { news: News::Schedule });
    new.past.first_seen.extend(of_new);
    assert_eq!(new.verdict("2026-03-03T12:00:00Z"), NOTHING);
    assert_eq!(new.verdict("2026-04-01T05:30:00Z"), due_for("2026-04-01T05:30:00Z"));
    // And back again: what the other schedule did meanwhile fills no slot of this one, and none is caught up.
    let mut back = Scene { past: new.past.clone(), ..old };
    assert_eq!(back.verdict("2026-03-20T12:00:00Z"), Verdict::New { news: News::Schedule });
    back.see("2026-03-20T12:00:00Z");
    let of = back.at("2026-03-21T05:30:00Z");
    assert_eq!((of.verdict, of.missed.count), (due_for("2026-03-21T05:30:00Z"), 0));
}

#[test]
fn a_schedule_means_the_same_whatever_the_version() {
    let marks: Vec<String> = [
        "\"daily\" at=\"05:30\"",
        "\"weekly\" weekday=\"mon\" at=\"05:30\"",
        "\"monthly\" day=1 at=\"05:30\"",
        "\"yearly\" date=\"06-01\" at=\"05:30\"",
        "every=\"6h\"",
        "cron=\"30  5 * * mon\"",
    ]
    .iter()
    .map(|schedule| Scene::of("Asia/Tokyo", &format!("schedule {schedule}"), "2026-03-01T00:00:00Z").mark().to_string())
    .collect();
    let texts = [
        "daily 05:30 Asia/Tokyo",
        "weekly 1 05:30 Asia/Tokyo",
        "monthly 1 05:30 Asia/Tokyo",
        "yearly 06-01 05:30 Asia/Tokyo",
        "every 21600",
        "cron 30 5 * * mon Asia/Tokyo",
    ];
    assert_eq!(marks, texts.map(|text| ScheduleMark::of(text).to_string()));
    assert_eq!(marks[0], "b3f222a1");
}

#[test]
fn a_job_of_another_name_is_pointed_out_and_not_taken_over() {
    let mut scene = Scene::seen("2026-03-01T00:00:00Z");
    let stranger = |job: &str, root: &str| Stranger {
        job: JobName::parse(job).unwrap(),
        roots: vec![PathBytes::new(root.as_bytes())],
    };
    scene.strangers = vec![
        stranger("photos/nightly", "/else"),
        stranger("pictures/daily", "/plans/photos"),
        stranger("music/daily", "/plans/music"),
    ];
    let of = scene.at("2026-03-02T06:00:00Z");
    let names: Vec<String> = of.resembles.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["photos/nightly", "pictures/daily"]);
    assert_eq!(of.verdict, due_for("2026-03-02T05:30:00Z"));
    assert_eq!(scene.done(&["2026-03-02T05:30:00Z"]).at("2026-03-02T06:00:00Z").resembles, []);
}

#[test]
fn a_clock_that_is_set_back_does_nothing_twice() {
    // Generations of one: the point of the day before is gone.
    let scene = Scene::seen("2026-02-01T00:00:00Z").done(&["2026-03-03T05:30:00Z"]);
    for back in ["2026-03-03T05:29:00Z", "2026-03-02T05:31:00Z"] {
        assert_eq!(scene.verdict(back), idle("2026-03-02T05:30:00Z"), "{back}");
    }
    assert_eq!(scene.verdict("2026-03-03T05:30:00Z"), idle("2026-03-03T05:30:00Z"));
}

#[test]
fn a_clock_that_was_years_ahead_does_not_keep_backups_from_being_made() {
    let mut scene = Scene::seen("2026-03-01T00:00:00Z").done(&["2026-03-02T05:30:00Z"]);
    let of = scene.at("2030-01-01T06:00:00Z");
    assert_eq!((of.verdict, of.missed.more), (due_for("2030-01-01T05:30:00Z"), true));
    scene = scene.done(&["2030-01-01T05:30:00Z"]);
    // A job that was seen first by that clock.
    scene.see("2030-01-01T06:00:00Z");
    assert_eq!(scene.verdict("2026-03-03T06:00:00Z"), due_for("2026-03-03T05:30:00Z"));
    scene.past.first_seen.remove(0);
    assert_eq!(scene.verdict("2026-03-03T06:00:00Z"), Verdict::New { news: News::Job });
}

/// A schedule as the oracle has it.
#[derive(Debug, Clone, Copy)]
enum Plain {
    Daily(i8, i8),
    Hourly(i8),
    Every(i64),
}

impl Plain {
    fn words(self) -> String {
        match self {
            Self::Daily(hour, minute) => format!("schedule \"daily\" at=\"{hour:02}:{minute:02}\""),
            Self::Hourly(minute) => format!("schedule cron=\"{minute} * * * *\""),
            Self::Every(minutes) => format!("schedule every=\"{minutes}m\""),
        }
    }

    fn is_meant(self, minute_of_day: i64) -> bool {
        match self {
            Self::Daily(hour, minute) => minute_of_day == i64::from(hour) * 60 + i64::from(minute),
            Self::Hourly(minute) => minute_of_day % 60 == i64::from(minute),
            Self::Every(_) => false,
        }
    }

    /// Its minutes since the epoch in `from..to`: walks through time, and watches the clock on the wall.
    fn walk(self, zone: &TimeZone, from: i64, to: i64) -> BTreeSet<i64> {
        if let Self::Every(minutes) = self {
            return (from..to).filter(|minute| minute % minutes == 0).collect();
        }
        let wall = |minute: i64| -> (Date, i64) {
            let shown = zone.to_datetime(Timestamp::from_second(minute * 60).unwrap());
            (shown.date(), i64::from(shown.hour()) * 60 + i64::from(shown.minute()))
        };
        let (mut rang, mut found) = (BTreeSet::new(), BTreeSet::new());
        // A day earlier, so that what was shown before is known.
        let mut before = wall(from - 1441).1;
        for minute in from - 1440..to {
            let (date, shown) = wall(minute);
            // What the clock jumped over rings as long after the jump as it would have after the minute before it.
            let jumped = if shown > before + 1 { before + 1..shown } else { 0..0 };
            for (passed, _) in jumped.clone().enumerate().filter(|(_, missed)| self.is_meant(*missed)) {
                found.insert(minute + i64::try_from(passed).unwrap());
            }
            if self.is_meant(shown) && rang.insert((date, shown)) {
                found.insert(minute);
            }
            before = shown;
        }
        found.into_iter().filter(|minute| (from..to).contains(minute)).collect()
    }
}

/// What the oracle says: the minute that is due, and those that were missed; none where nothing is due.
fn oracle(slots: &BTreeSet<i64>, done: &BTreeSet<i64>, seen: i64, now: i64) -> Option<(i64, Vec<i64>)> {
    let mut minute = now;
    while !slots.contains(&minute) {
        minute -= 1;
        if minute <= seen {
            return None;
        }
    }
    let mut next = now + 1;
    while !slots.contains(&next) {
        next += 1;
    }
    if minute <= seen || done.contains(&minute) || done.contains(&next) {
        return None;
    }
    let mut missed = vec![];
    for earlier in (seen + 1..minute).rev().filter(|earlier| slots.contains(earlier)) {
        if done.contains(&earlier) {
            break;
        }
        missed.push(earlier);
    }
    Some((minute, missed))
}

fn plains() -> impl Strategy<Value = Plain> {
    prop_oneof![
        (0_i8..24, 0_i8..60).prop_map(|(hour, minute)| Plain::Daily(hour, minute)),
        (0_i8..5, prop_oneof![Just(0_i8), Just(30), 0_i8..60]).prop_map(|(hour, minute)| Plain::Daily(hour, minute)),
        (0_i8..60).prop_map(Plain::Hourly),
        prop_oneof![Just(60_i64), Just(360), 90_i64..2000].prop_map(Plain::Every),
    ]
}

/// A zone, and a day near a change of its clock.
fn places() -> impl Strategy<Value = (&'static str, i64)> {
    let changes = [
        ("America/New_York", "2026-03-08T07:00:00Z"),
        ("America/New_York", "2026-11-01T06:00:00Z"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        ("Asia/Tokyo", "2026-05-05T00:00:00Z"),
    ];
    prop::sample::select(changes.to_vec()).prop_map(|(zone, at)| (zone, time(at).as_second() / 60))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_past_is_judged_as_by_whoever_watches_the_clock(
        plain in plains(),
        (zone, change) in places(),
        seen in -3000_i64..2000,
        now in -1500_i64..4000,
        seconds in 0_i64..60,
        picks in prop::collection::vec(any::<bool>(), 400),
    ) {
        let rules = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
        let slots = plain.walk(&rules, change - 4500, change + 8000);
        let done: BTreeSet<i64> = slots.iter().zip(&picks).filter(|(_, pick)| **pick).map(|(slot, _)| *slot).collect();
        let (seen, now) = (change + seen.min(now), change + now);
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let mut scene = Scene::of(zone, &plain.words(), &at(seen).to_string());
        scene.past.done = done.iter().map(|minute| Slot::new(at(*minute))).collect();
        let found = scene.at(&(at(now) + SignedDuration::from_secs(seconds)).to_string());
        match oracle(&slots, &done, seen, now) {
            None => prop_assert!(matches!(found.verdict, Verdict::Idle { .. }), "{found:?}"),
            Some((minute, missed)) => {
                prop_assert_eq!(found.verdict, Verdict::Due { slot: Slot::new(at(minute)), failures: 0 });
                prop_assert_eq!(found.missed.count, u64::try_from(missed.len()).unwrap());
                let named: Vec<Slot> = missed.iter().take(10).map(|minute| Slot::new(at(*minute))).collect();
                prop_assert_eq!(found.missed.newest, named);
            }
        }
    }
}

/// Ticks every five minutes from one time to another, at each of which what is due is done; how often each slot was done, and what was
/// missed.
struct Ticks {
    scene: Scene,
    done: BTreeMap<Slot, u32>,
    missed: BTreeSet<Slot>,
}

impl Ticks {
    fn of(zone: &str, plain: Plain, from: &str) -> Self {
        Self { scene: Scene::of(zone, &plain.words(), from), done: BTreeMap::new(), missed: BTreeSet::new() }
    }

    fn go(&mut self, from: Timestamp, to: Timestamp) {
        let mut history = self.scene.history();
        let mut now = from;
        while now < to {
            let of = due(&self.scene.plan, &base(), &history, now).jobs.remove(0);
            if let Verdict::Due { slot, .. } = of.verdict {
                *self.done.entry(slot).or_default() += 1;
                self.missed.extend(of.missed.newest);
                self.scene.past.done.insert(slot);
                // Retention keeps one generation.
                let newest = *self.scene.past.done.last().unwrap();
                self.scene.past.done.retain(|slot| *slot == newest);
                history = self.scene.history();
            }
            now += SignedDuration::from_mins(5);
        }
    }
}

/// The slots that the oracle sees after `from`, up to `to`.
fn expected(zone: &str, plain: Plain, from: Timestamp, to: Timestamp) -> Vec<Slot> {
    let rules = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
    let minutes = plain.walk(&rules, from.as_second() / 60 + 1, to.as_second() / 60);
    minutes.iter().map(|minute| Slot::new(Timestamp::from_second(minute * 60).unwrap())).collect()
}

#[test]
fn in_a_year_of_ticks_each_slot_is_done_once() {
    let (year, next) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let cases = [
        ("America/New_York", Plain::Daily(2, 30), year, next),
        ("Asia/Tokyo", Plain::Daily(5, 30), year, next),
        ("Europe/Berlin", Plain::Every(90), year, next),
        // Reading a cron expression at each tick takes long: a month with a change of time.
        ("Europe/Berlin", Plain::Hourly(15), "2026-10-10T00:00:00Z", "2026-11-10T00:00:00Z"),
    ];
    for (zone, plain, from, to) in cases {
        let mut ticks = Ticks::of(zone, plain, from);
        let (from, to) = (time(from), time(to));
        ticks.go(from, to);
        assert!(ticks.done.values().all(|times| *times == 1), "{zone}");
        assert_eq!(ticks.done.keys().copied().collect::<Vec<_>>(), expected(zone, plain, from, to), "{zone}");
        assert_eq!(ticks.missed, BTreeSet::new(), "{zone}");
    }
}

#[test]
fn a_week_of_outage_is_caught_up_once_and_told() {
    for (zone, plain) in [("America/New_York", Plain::Daily(2, 30)), ("Asia/Tokyo", Plain::Hourly(0))] {
        let mut ticks = Ticks::of(zone, plain, "2026-03-01T00:00:00Z");
        let (off, on) = (time("2026-03-04T00:00:00Z"), time("2026-03-11T00:00:00Z"));
        ticks.go(time("2026-03-01T00:00:00Z"), off);
        let before = ticks.done.len();
        ticks.go(on, on + SignedDuration::from_mins(30));
        let while_off = expected(zone, plain, off - SignedDuration::from_mins(5), on + SignedDuration::from_secs(60));
        let (newest, older) = while_off.split_last().unwrap();
        assert_eq!(ticks.done.len(), before + 1, "{zone}");
        assert_eq!(ticks.done.get(newest), Some(&1), "{zone}");
        let named: BTreeSet<Slot> = older.iter().rev().take(10).copied().collect();
        assert_eq!(ticks.missed, named, "{zone}");
    }
}

#[test]
fn clocks_that_jump_do_nothing_twice_and_leave_nothing_out() {
    let zone = "Europe/Berlin";
    let plain = Plain::Hourly(0);
    let at = |minutes: i64| time("2026-03-01T00:00:00Z") + SignedDuration::from_mins(minutes);
    // An hour and a half back, in the middle: everything is done once.
    let mut ticks = Ticks::of(zone, plain, "2026-03-01T00:00:00Z");
    ticks.go(at(0), at(600));
    ticks.go(at(551), at(1200));
    assert!(ticks.done.values().all(|times| *times == 1));
    assert_eq!(ticks.done.keys().copied().collect::<Vec<_>>(), expected(zone, plain, at(0), at(1200)));
    // Forwards: the newest is done, those between are told.
    let mut ticks = Ticks::of(zone, plain, "2026-03-01T00:00:00Z");
    ticks.go(at(0), at(600));
    ticks.go(at(901), at(1200));
    assert!(ticks.done.values().all(|times| *times == 1));
    let all: BTreeSet<Slot> = ticks.done.keys().chain(&ticks.missed).copied().collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), expected(zone, plain, at(0), at(1200)));
    assert_eq!(ticks.missed.len(), 5, "{:?}", ticks.missed);
}
