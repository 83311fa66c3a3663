//! Decisions by hand, and against an oracle that looks at one point at a time.

mod peers;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::calendar::zone;
use crate::primitives::{Period, PeriodUnit};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn count(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

fn days(count: u16) -> Option<Period> {
    Some(Period { count, unit: PeriodUnit::Days })
}

fn thinned(rules: &[(CalendarUnit, u32)]) -> BTreeMap<CalendarUnit, NonZeroU32> {
    rules.iter().map(|(unit, newest)| (*unit, count(*newest))).collect()
}

/// Points of these moments, all good unless a `!` is before.
fn points(moments: &[&str]) -> Vec<Candidate<usize>> {
    let point = |(id, text): (usize, &&str)| Candidate {
        id,
        moment: time(text.trim_start_matches('!')),
        good: !text.starts_with('!'),
    };
    moments.iter().enumerate().map(point).collect()
}

/// A table of moments and verdicts.
fn told(moments: &[&str], rules: &Rules, now: &str, zone_name: &str) -> String {
    let verdicts = decide(&points(moments), rules, time(now), &zone(zone_name).unwrap());
    moments.iter().zip(verdicts).map(|(moment, verdict)| format!("{moment}  {verdict}\n")).collect()
}

#[test]
fn the_boundary_of_within_is_exact() {
    let rules = Rules { within: days(7), ..Rules::default() };
    let moments = ["2026-03-07T00:00:00Z", "2026-03-01T05:30:00.000000001Z", "2026-03-01T05:30:00Z"];
    insta::assert_snapshot!(told(&moments, &rules, "2026-03-08T05:30:00Z", "Asia/Tokyo"), @"
    2026-03-07T00:00:00Z  kept: the newest good point; within 7d until 2026-03-14 09:00
    2026-03-01T05:30:00.000000001Z  kept: within 7d until 2026-03-08 14:30
    2026-03-01T05:30:00Z  let go: older than 7d
    ");
}

#[test]
fn rules_add_up() {
    let rules = Rules {
        generations: Some(count(2)),
        within: days(7),
        thinned: thinned(&[(CalendarUnit::Week, 2), (CalendarUnit::Month, 3), (CalendarUnit::Year, 1)]),
    };
    let moments = [
        "2026-03-01T20:30:00Z",
        "!2026-02-28T20:30:00Z",
        "2026-02-27T20:30:00Z",
        "2026-02-22T20:30:00Z",
        "2026-02-21T20:30:00Z",
        "!2026-02-20T20:30:00Z",
        "2026-01-31T20:30:00Z",
        "2026-01-31T14:30:00Z",
        "2025-12-31T20:30:00Z",
    ];
    insta::assert_snapshot!(told(&moments, &rules, "2026-03-02T00:00:00Z", "Asia/Tokyo"), @"
    2026-03-01T20:30:00Z  kept: the newest good point; among the newest 2 (1 of 2); the newest of week 2026-W10 (1 of 2); the newest of month 2026-03 (1 of 3); the newest of year 2026 (1 of 1); within 7d until 2026-03-09 05:30
    !2026-02-28T20:30:00Z  kept: within 7d until 2026-03-08 05:30
    2026-02-27T20:30:00Z  kept: among the newest 2 (2 of 2); the newest of week 2026-W09 (2 of 2); the newest of month 2026-02 (2 of 3); within 7d until 2026-03-07 05:30
    2026-02-22T20:30:00Z  let go: older than 7d, not among the newest 2 and not the newest in any of the newest 2 weeks, 3 months or 1 year
    2026-02-21T20:30:00Z  let go: older than 7d, not among the newest 2 and not the newest in any of the newest 2 weeks, 3 months or 1 year
    !2026-02-20T20:30:00Z  let go: not good, older than 7d, and there is a newer good point, of 2026-03-02 05:30
    2026-01-31T20:30:00Z  let go: older than 7d, not among the newest 2 and not the newest in any of the newest 2 weeks, 3 months or 1 year
    2026-01-31T14:30:00Z  kept: the newest of month 2026-01 (3 of 3)
    2025-12-31T20:30:00Z  let go: older than 7d, not among the newest 2 and not the newest in any of the newest 2 weeks, 3 months or 1 year
    ");
}

#[test]
fn the_newest_good_point_and_what_is_newer_are_never_let_go() {
    let rules = Rules { within: days(1), ..Rules::default() };
    let moments = ["!2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "!2026-01-01T12:00:00Z"];
    insta::assert_snapshot!(told(&moments, &rules, "2026-03-08T00:00:00Z", "UTC"), @"
    !2026-01-03T00:00:00Z  kept: not good, but no good point is newer
    2026-01-02T00:00:00Z  kept: the newest good point
    2026-01-01T00:00:00Z  let go: older than 1d
    !2026-01-01T12:00:00Z  let go: not good, older than 1d, and there is a newer good point, of 2026-01-02 00:00
    ");
}

#[test]
fn a_point_of_the_future_is_kept_and_replaces_nothing() {
    let rules = Rules { generations: Some(count(1)), ..Rules::default() };
    let moments = ["2026-03-09T00:00:00Z", "2026-03-08T00:00:00Z", "2026-03-07T00:00:00Z"];
    insta::assert_snapshot!(told(&moments, &rules, "2026-03-08T00:00:00Z", "UTC"), @"
    2026-03-09T00:00:00Z  kept: its data is from the future, a clock is wrong
    2026-03-08T00:00:00Z  kept: the newest good point; among the newest 1 (1 of 1)
    2026-03-07T00:00:00Z  let go: not the newest
    ");
}

#[test]
fn without_rules_everything_is_kept() {
    let moments = ["!1999-01-01T00:00:00Z", "2026-03-07T00:00:00Z"];
    insta::assert_snapshot!(told(&moments, &Rules::default(), "2026-03-08T00:00:00Z", "UTC"), @"
    !1999-01-01T00:00:00Z  kept: the plan has no retention for it
    2026-03-07T00:00:00Z  kept: the plan has no retention for it; the newest good point
    ");
}

#[test]
fn an_hour_shown_twice_is_two_hours() {
    let rules = Rules { thinned: thinned(&[(CalendarUnit::Hour, 2)]), ..Rules::default() };
    // 01:40 and 01:10 after the clock was set back, 01:50 and 01:20 before.
    let moments = ["2026-11-01T06:40:00Z", "2026-11-01T06:10:00Z", "2026-11-01T05:50:00Z", "2026-11-01T05:20:00Z"];
    insta::assert_snapshot!(told(&moments, &rules, "2026-11-02T00:00:00Z", "America/New_York"), @"
    2026-11-01T06:40:00Z  kept: the newest good point; the newest of hour 2026-11-01 01h (1 of 2)
    2026-11-01T06:10:00Z  let go: not the newest in any of the newest 2 hours
    2026-11-01T05:50:00Z  kept: the newest of hour 2026-11-01 01h (2 of 2)
    2026-11-01T05:20:00Z  let go: not the newest in any of the newest 2 hours
    ");
}

#[test]
fn of_two_with_one_moment_the_greater_id_is_newer() {
    let rules = Rules { generations: Some(count(1)), ..Rules::default() };
    let moments = ["2026-03-07T00:00:00Z", "2026-03-07T00:00:00Z"];
    let verdicts = decide(&points(&moments), &rules, time("2026-03-08T00:00:00Z"), &TimeZone::UTC);
    assert_eq!(verdicts.iter().map(Verdict::keeps).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_verdict_survives_serialisation() {
    let rules = Rules { within: days(2), thinned: thinned(&[(CalendarUnit::Month, 1)]), ..Rules::default() };
    let moments = ["2026-03-07T00:00:00Z", "2026-03-01T00:00:00Z", "!2026-03-02T00:00:00Z", "2027-01-01T00:00:00Z"];
    let verdicts = decide(&points(&moments), &rules, time("2026-03-08T00:00:00Z"), &TimeZone::UTC);
    let text = serde_json::to_string(&verdicts).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Verdict>>(&text).unwrap(), verdicts);
}

fn all_rules() -> impl Strategy<Value = Rules> {
    let number = || prop::option::of((1_u32..6).prop_map(count));
    let units = [CalendarUnit::Hour, CalendarUnit::Day, CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Year];
    let within = prop::option::of((1_u16..40).prop_map(|count| Period { count, unit: PeriodUnit::Days }));
    (
        number(),
        within,
        prop::collection::btree_map(prop::sample::select(units.to_vec()), (1_u32..6).prop_map(count), 0..3),
    )
        .prop_map(|(generations, within, thinned)| Rules { generations, within, thinned })
}

/// Up to thirty points of the year around 2026-11-01, some at one moment, some of the future.
fn all_points() -> impl Strategy<Value = Vec<Candidate<usize>>> {
    let near = (-40_i64..20).prop_map(|half_hours| half_hours * 1800);
    let far = (-400_i64..20).prop_map(|days| days * 86_400);
    let point = (prop_oneof![near, far], prop::bool::weighted(0.8));
    prop::collection::vec(point, 0..30).prop_map(|points| {
        let moment = |offset| time("2026-11-01T12:00:00Z") + SignedDuration::from_secs(offset);
        let point = |(id, (offset, good))| Candidate { id, moment: moment(offset), good };
        points.into_iter().enumerate().map(point).collect()
    })
}

const NOW: &str = "2026-11-01T15:00:00Z";

fn zones() -> impl Strategy<Value = TimeZone> {
    prop::sample::select(vec!["America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"])
        .prop_map(|name| zone(name).unwrap())
}

/// Whether one point is kept, by counting what is newer.
fn naive(all: &[Candidate<usize>], point: &Candidate<usize>, rules: &Rules, now: Timestamp, zone: &TimeZone) -> bool {
    let newer: Vec<_> = all
        .iter()
        .filter(|other| other.good && other.moment <= now)
        .filter(|other| other.moment > point.moment || (other.moment == point.moment && other.id > point.id))
        .collect();
    let young = rules.within.is_some_and(|period| {
        let start = point.moment.to_zoned(zone.clone());
        start.checked_add(jiff::Span::new().days(period.count)).unwrap().timestamp() > now
    });
    let label = |unit: &CalendarUnit, moment: Timestamp| {
        let form = match unit {
            CalendarUnit::Hour => "%Y-%m-%d %H %:z",
            CalendarUnit::Day => "%Y-%m-%d",
            CalendarUnit::Week => "%G-%V",
            CalendarUnit::Month => "%Y-%m",
            CalendarUnit::Year => "%Y",
        };
        moment.to_zoned(zone.clone()).strftime(form).to_string()
    };
    let represents = |unit: &CalendarUnit, newest: u32| {
        let own = label(unit, point.moment);
        let newer: std::collections::BTreeSet<_> = newer.iter().map(|other| label(unit, other.moment)).collect();
        !newer.contains(&own) && newer.len() < newest as usize
    };
    rules.is_empty()
        || point.moment > now
        || young
        || newer.is_empty()
        || (point.good && rules.generations.is_some_and(|newest| newer.len() < newest.get() as usize))
        || (point.good && rules.thinned.iter().any(|(unit, newest)| represents(unit, newest.get())))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_decision_is_that_of_looking_at_each_point(points in all_points(), rules in all_rules(), zone in zones()) {
        let now = time(NOW);
        let expected: Vec<_> = points.iter().map(|point| naive(&points, point, &rules, now, &zone)).collect();
        let decided: Vec<bool> = decide(&points, &rules, now, &zone).iter().map(Verdict::keeps).collect();
        prop_assert_eq!(&decided, &expected);
        prop_assert_eq!(kept(&points, &rules, now, &zone), expected);
    }

    #[test]
    fn the_order_of_points_is_all_one(points in all_points(), rules in all_rules(), zone in zones()) {
        let verdicts = decide(&points, &rules, time(NOW), &zone);
        let mut backwards = points;
        backwards.reverse();
        let mut again = decide(&backwards, &rules, time(NOW), &zone);
        again.reverse();
        prop_assert_eq!(verdicts, again);
    }

    #[test]
    fn more_rules_let_nothing_more_go(
        points in all_points(), rules in all_rules(), more in all_rules(), zone in zones(),
    ) {
        prop_assume!(!rules.is_empty());
        let both = Rules {
            generations: rules.generations.max(more.generations),
            within: [rules.within, more.within].into_iter().flatten().max_by_key(|period| period.count),
            thinned: more.thinned.iter().chain(&rules.thinned).fold(BTreeMap::new(), |mut thinned, (unit, newest)| {
                let most = thinned.entry(*unit).or_insert(*newest);
                *most = (*most).max(*newest);
                thinned
            }),
        };
        let (few, many) = (kept(&points, &rules, time(NOW), &zone), kept(&points, &both, time(NOW), &zone));
        prop_assert!(few.iter().zip(many).all(|(few, many)| !few || many));
    }

    #[test]
    fn deciding_again_on_what_was_kept_keeps_it(points in all_points(), rules in all_rules(), zone in zones()) {
        let first = kept(&points, &rules, time(NOW), &zone);
        let left: Vec<_> = points.into_iter().zip(first).filter_map(|(point, kept)| kept.then_some(point)).collect();
        prop_assert!(kept(&left, &rules, time(NOW), &zone).into_iter().all(|kept| kept));
    }

    #[test]
    fn what_was_let_go_stays_so(points in all_points(), rules in all_rules(), zone in zones(), hours in 0_i64..2000) {
        let first = kept(&points, &rules, time(NOW), &zone);
        let later = kept(&points, &rules, time(NOW) + SignedDuration::from_hours(hours), &zone);
        prop_assert!(first.iter().zip(later).all(|(first, later)| *first || !later));
    }

    #[test]
    fn the_newest_good_point_is_always_kept(points in all_points(), rules in all_rules(), zone in zones()) {
        let verdicts = kept(&points, &rules, time(NOW), &zone);
        let newest = points.iter().filter(|point| point.good && point.moment <= time(NOW));
        if let Some(newest) = newest.max_by_key(|point| (point.moment, point.id)) {
            prop_assert!(verdicts[newest.id]);
        }
        // And a reader is told something of each.
        for verdict in decide(&points, &rules, time(NOW), &zone) {
            prop_assert!(verdict.to_string().len() > "kept: ".len());
            prop_assert!(!matches!(verdict, Verdict::Keep(reasons) if reasons.is_empty()));
        }
    }
}
