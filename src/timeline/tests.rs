//! The lives of points by hand, and against the decision of each run.

mod overview;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::births::Births;
use super::*;
use crate::calendar::{self, Occurrences, zone};
use crate::plan::{Rhythm, Schedule, TimeOfDay};
use crate::primitives::{Duration, Period, PeriodUnit, Span, Spanned};
use crate::retention::{self, CalendarUnit, Candidate, Rules, Verdict};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn points(rhythm: Rhythm, zone_name: &str, rules: Rules) -> Points {
    let timezone = Spanned::new(zone_name.to_owned(), Span::default());
    let times = Occurrences::of(&Schedule { rhythm, timezone, span: Span::default() }).unwrap();
    Points {
        times,
        making: Making::EachRun,
        takes: Duration::from_seconds(600),
        rules,
        zone: zone(zone_name).unwrap(),
        since: None,
    }
}

fn daily(hour: i8, minute: i8) -> Rhythm {
    Rhythm::Daily { at: TimeOfDay { hour, minute } }
}

fn within(count: u16, unit: PeriodUnit) -> Rules {
    Rules { within: Some(Period { count, unit }), ..Rules::default() }
}

fn generations(count: u32) -> Rules {
    Rules { generations: NonZeroU32::new(count), ..Rules::default() }
}

/// Moment, commit and end of each point, as the zone's clock shows them.
fn told(points: &Points, from: &str, to: &str) -> String {
    let shown = |time| calendar::local(time, &points.zone);
    let line = |life: Life| {
        let end = life.let_go().map_or("never".to_owned(), shown);
        format!("{}  {}  {end}\n", shown(life.moment()), shown(life.committed()))
    };
    points.between(at(from), at(to)).unwrap().into_iter().map(line).collect()
}

#[test]
fn a_point_goes_at_the_end_of_the_first_run_that_nothing_keeps_it_at() {
    let points = points(daily(5, 30), "Asia/Tokyo", within(2, PeriodUnit::Days));
    insta::assert_snapshot!(told(&points, "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"), @"
    2026-02-28 05:30  2026-02-28 05:40  2026-03-02 05:40
    2026-03-01 05:30  2026-03-01 05:40  2026-03-03 05:40
    2026-03-02 05:30  2026-03-02 05:40  2026-03-04 05:40
    ");
}

#[test]
fn generations_count_points() {
    let weekly = Rhythm::Weekly { weekday: jiff::civil::Weekday::Sunday, at: TimeOfDay { hour: 2, minute: 0 } };
    let points = points(weekly, "UTC", generations(3));
    insta::assert_snapshot!(told(&points, "2026-03-01T00:00:00Z", "2026-03-10T00:00:00Z"), @"
    2026-02-08 02:00  2026-02-08 02:10  2026-03-01 02:10
    2026-02-15 02:00  2026-02-15 02:10  2026-03-08 02:10
    2026-02-22 02:00  2026-02-22 02:10  2026-03-15 02:10
    2026-03-01 02:00  2026-03-01 02:10  2026-03-22 02:10
    2026-03-08 02:00  2026-03-08 02:10  2026-03-29 02:10
    ");
}

#[test]
fn a_day_and_a_month_of_a_log_are_points_of_their_last_second() {
    let mut points = points(daily(2, 0), "Asia/Tokyo", within(2, PeriodUnit::Days));
    points.making = Making::EachDay;
    insta::assert_snapshot!(told(&points, "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"), @"
    2026-02-27 23:59:59  2026-02-28 02:10  2026-03-02 02:10
    2026-02-28 23:59:59  2026-03-01 02:10  2026-03-03 02:10
    2026-03-01 23:59:59  2026-03-02 02:10  2026-03-04 02:10
    ");
    points.making = Making::EachMonth { newest: 2 };
    points.rules = within(1, PeriodUnit::Years);
    insta::assert_snapshot!(told(&points, "2026-02-01T00:00:00Z", "2026-03-02T00:00:00Z"), @"
    2025-02-28 23:59:59  2025-04-01 02:10  2026-03-01 02:10
    2025-03-31 23:59:59  2025-05-01 02:10  2026-04-01 02:10
    2025-04-30 23:59:59  2025-06-01 02:10  2026-05-01 02:10
    2025-05-31 23:59:59  2025-07-01 02:10  2026-06-01 02:10
    2025-06-30 23:59:59  2025-08-01 02:10  2026-07-01 02:10
    2025-07-31 23:59:59  2025-09-01 02:10  2026-08-01 02:10
    2025-08-31 23:59:59  2025-10-01 02:10  2026-09-01 02:10
    2025-09-30 23:59:59  2025-11-01 02:10  2026-10-01 02:10
    2025-10-31 23:59:59  2025-12-01 02:10  2026-11-01 02:10
    2025-11-30 23:59:59  2026-01-01 02:10  2026-12-01 02:10
    2025-12-31 23:59:59  2026-02-01 02:10  2027-01-01 02:10
    2026-01-31 23:59:59  2026-03-01 02:10  2027-02-01 02:10
    ");
}

#[test]
fn a_day_that_never_was_is_no_point() {
    let mut points = points(daily(2, 0), "Pacific/Apia", within(2, PeriodUnit::Days));
    points.making = Making::EachDay;
    insta::assert_snapshot!(told(&points, "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z"), @"
    2011-12-26 23:59:59  2011-12-27 02:10  2011-12-29 02:10
    2011-12-27 23:59:59  2011-12-28 02:10  2011-12-31 02:10
    2011-12-28 23:59:59  2011-12-29 02:10  2012-01-01 02:10
    2011-12-29 23:59:59  2011-12-31 02:10  2012-01-01 02:10
    ");
}

#[test]
fn without_rules_points_stay_and_those_of_before_are_not_told() {
    let points = points(daily(5, 30), "UTC", Rules::default());
    insta::assert_snapshot!(told(&points, "2026-03-01T00:00:00Z", "2026-03-02T12:00:00Z"), @"
    2026-02-28 05:30  2026-02-28 05:40  never
    2026-03-01 05:30  2026-03-01 05:40  never
    2026-03-02 05:30  2026-03-02 05:40  never
    ");
}

#[test]
fn the_first_run_may_be_that_of_the_very_time() {
    let mut points = points(daily(5, 30), "UTC", within(7, PeriodUnit::Days));
    points.since = Some(at("2026-03-01T05:30:00Z"));
    insta::assert_snapshot!(told(&points, "2026-02-01T00:00:00Z", "2026-03-02T12:00:00Z"), @"
    2026-03-01 05:30  2026-03-01 05:40  2026-03-08 05:40
    2026-03-02 05:30  2026-03-02 05:40  2026-03-09 05:40
    ");
}

#[test]
fn more_than_can_be_counted_is_an_error() {
    let rhythm = Rhythm::Every { period: Duration::from_seconds(60) };
    let points = points(rhythm, "UTC", generations(u32::MAX));
    assert_eq!(points.between(at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")), Err(TooMany));
    let few = super::tests::points(Rhythm::Every { period: Duration::from_seconds(60) }, "UTC", generations(2));
    assert_eq!(few.between(at("2026-03-01T00:00:00Z"), at("2056-03-02T00:00:00Z")), Err(TooMany));
}

#[test]
fn the_ends_of_time_are_no_panic() {
    for rhythm in [daily(0, 0), Rhythm::Every { period: Duration::from_seconds(1 << 40) }] {
        for making in [Making::EachRun, Making::EachDay, Making::EachMonth { newest: 3 }] {
            let mut points = points(rhythm.clone(), "Asia/Tokyo", generations(3));
            points.making = making;
            points.takes = Duration::from_seconds(u64::MAX);
            for (from, to) in [(Timestamp::MIN, Timestamp::MIN), (Timestamp::MAX, Timestamp::MAX)] {
                assert!(points.between(from, to).is_ok());
            }
        }
    }
}

#[test]
fn what_a_provider_keeps_moves_on() {
    let zone = zone("America/New_York").unwrap();
    let within = Some(Period { count: 7, unit: PeriodUnit::Days });
    let mut moving = Moving { within, lag: Duration::from_seconds(300), zone, since: None };
    // Clocks were set forward in between.
    let stretch = |from: Option<&str>, to: &str| Some(Stretch { from: from.map(at), to: at(to) });
    let time = at("2026-03-10T12:00:00Z");
    assert_eq!(moving.at(time), stretch(Some("2026-03-03T13:00:00Z"), "2026-03-10T11:55:00Z"));
    moving.since = Some(at("2026-03-09T00:00:00Z"));
    assert_eq!(moving.at(time), stretch(Some("2026-03-09T00:00:00Z"), "2026-03-10T11:55:00Z"));
    assert_eq!(moving.at(at("2026-03-09T00:04:59Z")), None);
    (moving.since, moving.within) = (None, None);
    assert_eq!(moving.at(time), stretch(None, "2026-03-10T11:55:00Z"));
}

/// What a daily dump at 02:00 and hourly changes recover on 10 March at 12:34, the dump kept for so long, and the changes by those rules.
fn recovered(dumps_kept: Rules, changes_kept: Rules) -> Option<Stretch> {
    let dumps = points(daily(2, 0), "UTC", dumps_kept);
    let changes = points(Rhythm::Every { period: Duration::from_seconds(3_600) }, "UTC", changes_kept);
    let time = at("2026-03-10T12:34:00Z");
    let lives = |of: &Points| of.between(time, time).unwrap();
    unbroken(&lives(&dumps), &lives(&changes), &changes, time)
}

#[test]
fn a_dump_and_unbroken_changes_recover_any_moment() {
    let stretch = |from| Some(Stretch { from: Some(at(from)), to: at("2026-03-10T12:00:00Z") });
    let days = |count| within(count, PeriodUnit::Days);
    // The changes reach back to 8 March, 13:00.
    assert_eq!(recovered(days(7), days(2)), stretch("2026-03-09T02:00:00Z"));
    assert_eq!(recovered(days(2), days(7)), stretch("2026-03-09T02:00:00Z"));
    assert_eq!(recovered(days(7), days(7)), stretch("2026-03-04T02:00:00Z"));
    // Of each day its newest changes alone, which hold an hour.
    let thinned =
        |unit, count| Rules { thinned: BTreeMap::from([(unit, NonZeroU32::new(count).unwrap())]), ..Rules::default() };
    assert_eq!(recovered(days(7), thinned(CalendarUnit::Day, 7)), None);
    assert_eq!(recovered(days(7), thinned(CalendarUnit::Hour, 10)), stretch("2026-03-10T02:00:00Z"));
    assert_eq!(recovered(days(7), thinned(CalendarUnit::Hour, 9)), None);
}

/// A point as a run made it, and the slots at which that was and at which it was let go.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stepped {
    slot: Timestamp,
    moment: Timestamp,
    end: Option<Timestamp>,
}

/// Every run of a stretch of time, each of which decides on all that is there.
fn stepped(points: &Points, start: Timestamp, end: Timestamp) -> Vec<Stepped> {
    let mut births = Births::since(points.making, &points.zone, start);
    let mut all: Vec<Stepped> = vec![];
    let mut there: Vec<usize> = vec![];
    let before = start - SignedDuration::from_nanos(1);
    for slot in points.times.after(before).take_while(|slot| *slot <= end) {
        let mut moments = vec![];
        births.of_run(slot, &mut moments);
        for moment in moments {
            there.push(all.len());
            all.push(Stepped { slot, moment: Timestamp::from_second(moment).unwrap(), end: None });
        }
        let candidates: Vec<Candidate<usize>> =
            there.iter().map(|id| Candidate { id: *id, moment: all[*id].moment, good: true }).collect();
        let verdicts = retention::decide(&candidates, &points.rules, slot, &points.zone);
        let kept: Vec<bool> = verdicts.iter().map(Verdict::keeps).collect();
        for (id, kept) in there.iter().zip(&kept) {
            if !kept {
                all[*id].end = Some(slot);
            }
        }
        let mut kept = kept.into_iter();
        there.retain(|_| kept.next().unwrap());
    }
    all
}

#[test]
fn a_run_that_is_under_way_has_made_no_point_yet() {
    for rules in [generations(3), within(3, PeriodUnit::Days)] {
        let points = points(daily(5, 30), "UTC", rules);
        let at = |time: &str| time.parse::<Timestamp>().unwrap();
        let newest = |time: &str| points.there(at(time)).unwrap().last().copied();
        assert_eq!(newest("2026-03-05T05:39:59Z"), Some(at("2026-03-04T05:30:00Z")));
        assert_eq!(newest("2026-03-05T05:40:00Z"), Some(at("2026-03-05T05:30:00Z")));
    }
}

fn rhythms() -> impl Strategy<Value = Rhythm> {
    let cron = |expression: &str| Rhythm::Cron { expression: expression.into() };
    prop::sample::select(vec![
        daily(2, 30),
        daily(0, 0),
        Rhythm::Weekly { weekday: jiff::civil::Weekday::Sunday, at: TimeOfDay { hour: 1, minute: 30 } },
        Rhythm::Monthly { day: 31, at: TimeOfDay { hour: 23, minute: 45 } },
        Rhythm::Every { period: Duration::from_seconds(5 * 3_600) },
        Rhythm::Every { period: Duration::from_seconds(50 * 3_600) },
        cron("*/20 0-2 * * sun"),
        cron("15 */4 1-7 * *"),
    ])
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        "Asia/Tokyo",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "America/St_Johns",
        "Pacific/Apia",
    ])
}

fn all_rules() -> impl Strategy<Value = Rules> {
    let number = |most: u32| (1..=most).prop_map(|count| NonZeroU32::new(count).unwrap());
    let unit = prop_oneof![
        (Just(CalendarUnit::Hour), number(24)),
        (Just(CalendarUnit::Day), number(24)),
        (Just(CalendarUnit::Week), number(8)),
        (Just(CalendarUnit::Month), number(4)),
        (Just(CalendarUnit::Year), number(1)),
    ];
    let units = vec![PeriodUnit::Days, PeriodUnit::Weeks, PeriodUnit::Months];
    let period = (1_u16..5, prop::sample::select(units)).prop_map(|(count, unit)| Period { count, unit });
    let thinned = prop::collection::vec(unit, 0..3).prop_map(|rules| rules.into_iter().collect::<BTreeMap<_, _>>());
    let rules = (prop::option::of(number(6)), prop::option::of(period), thinned);
    rules.prop_map(|(generations, within, thinned)| Rules { generations, within, thinned })
}

fn makings() -> impl Strategy<Value = Making> {
    prop_oneof![
        3 => Just(Making::EachRun),
        1 => Just(Making::EachDay),
        1 => (1_u32..4).prop_map(|newest| Making::EachMonth { newest }),
    ]
}

const HISTORY: SignedDuration = SignedDuration::from_hours(800 * 24);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn lives_are_those_of_deciding_at_each_run(
        rhythm in rhythms(), zone_name in zones(), rules in all_rules(), making in makings(),
        year in prop::sample::select(vec![2009, 2011, 2025]), day in 0_i64..300, length in 0_i64..40,
        takes in prop::sample::select(vec![0_u64, 600, 7_000]), began in prop::option::of(-50_i64..30),
    ) {
        let mut points = points(rhythm, zone_name, rules);
        (points.making, points.takes) = (making, Duration::from_seconds(takes));
        let from = jiff::civil::date(year, 1, 1).to_zoned(TimeZone::UTC).unwrap().timestamp() + SignedDuration::from_hours(day * 24 + 7);
        let to = from + SignedDuration::from_hours(length * 24);
        points.since = began.map(|days| from + SignedDuration::from_hours(days * 24));
        // A run long before makes all that are of before it at once: they are gone by then.
        let start = points.since.unwrap_or(from - HISTORY);
        let takes = SignedDuration::from_secs(i64::try_from(takes).unwrap());
        let expected: Vec<Stepped> = stepped(&points, start, to + HISTORY)
            .into_iter()
            .filter(|point| point.slot + takes <= to && point.end.is_none_or(|end| end + takes > from))
            .collect();
        let newest = |all: &[Stepped]| all.last().cloned();
        let found: Vec<Stepped> = points
            .between(from, to)
            .unwrap()
            .into_iter()
            .map(|life| Stepped { slot: life.slot(), moment: life.moment(), end: life.let_go().map(|end| end - takes) })
            .collect();
        if points.rules.is_empty() {
            prop_assert_eq!(newest(&found), newest(&expected));
            prop_assert!(expected.ends_with(&found) || points.since.is_some());
        } else {
            prop_assert_eq!(found, expected);
        }
        let there: Vec<Timestamp> = points.between(from, from).unwrap().iter().map(Life::moment).collect();
        prop_assert_eq!(points.oldest(from).unwrap(), there.first().copied());
        prop_assert_eq!(points.there(from).unwrap(), there);
    }
}
