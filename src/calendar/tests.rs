//! Occurrences against an oracle that walks through time minute by minute and looks at the clock.

use std::str::FromStr;

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::plan::{Rhythm, TimeOfDay};
use crate::primitives::{Duration, Span, Spanned};

const ZONES: [&str; 7] = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Tokyo",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Europe/Dublin",
];

fn schedule(rhythm: Rhythm, zone: &str) -> Schedule {
    Schedule { rhythm, timezone: Spanned::new(zone.into(), Span::default()), span: Span::default() }
}

fn at(hour: i8, minute: i8) -> TimeOfDay {
    TimeOfDay { hour, minute }
}

fn daily(hour: i8, minute: i8) -> Rhythm {
    Rhythm::Daily { at: at(hour, minute) }
}

fn cron(expression: &str) -> Rhythm {
    Rhythm::Cron { expression: expression.into() }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next occurrences after a civil time, as the zone's people read them.
fn following(rhythm: Rhythm, zone_name: &str, after: &str, count: usize) -> Vec<String> {
    let tz = zone(zone_name).unwrap();
    let after = tz.to_timestamp(after.parse::<DateTime>().unwrap()).unwrap();
    let found = next(&schedule(rhythm, zone_name), after, count).unwrap();
    found.into_iter().map(|at| at.to_zoned(tz.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string()).collect()
}

#[test]
fn a_jump_of_the_clock_moves_what_it_jumps_over() {
    assert_eq!(
        following(daily(2, 30), "America/New_York", "2026-03-06T12:00", 3),
        ["2026-03-07 02:30 -05:00", "2026-03-08 03:30 -04:00", "2026-03-09 02:30 -04:00"]
    );
    // Half an hour is all the clock moves on Lord Howe Island.
    assert_eq!(
        following(daily(2, 15), "Australia/Lord_Howe", "2026-10-03T12:00", 2),
        ["2026-10-04 02:45 +11:00", "2026-10-05 02:15 +11:00"]
    );
    // Cron obeys the same rule, and what comes to the same instant is one occurrence.
    assert_eq!(following(cron("30 2 * * *"), "America/New_York", "2026-03-07T12:00", 1), ["2026-03-08 03:30 -04:00"]);
    assert_eq!(
        following(cron("0,30 2,3 * * *"), "America/New_York", "2026-03-07T12:00", 3),
        ["2026-03-08 03:00 -04:00", "2026-03-08 03:30 -04:00", "2026-03-09 02:00 -04:00"]
    );
    assert_eq!(following(cron("15 2 * * *"), "America/New_York", "2026-03-08T03:14", 1), ["2026-03-08 03:15 -04:00"]);
}

#[test]
fn a_time_shown_twice_occurs_the_first_time() {
    assert_eq!(
        following(daily(1, 30), "America/New_York", "2026-10-31T12:00", 2),
        ["2026-11-01 01:30 -04:00", "2026-11-02 01:30 -05:00"]
    );
    assert_eq!(
        following(cron("0,30 * * * *"), "America/New_York", "2026-11-01T00:45", 3),
        ["2026-11-01 01:00 -04:00", "2026-11-01 01:30 -04:00", "2026-11-01 02:00 -05:00"]
    );
    // `every` doesn't look at the clock.
    let hourly = Rhythm::Every { period: Duration::from_seconds(3600) };
    assert_eq!(
        following(hourly, "America/New_York", "2026-11-01T00:45", 3),
        ["2026-11-01 01:00 -04:00", "2026-11-01 01:00 -05:00", "2026-11-01 02:00 -05:00"]
    );
}

#[test]
fn a_day_that_a_month_has_not_is_its_last() {
    assert_eq!(
        following(Rhythm::Monthly { day: 31, at: at(2, 0) }, "Asia/Tokyo", "2028-01-31T02:00", 3),
        ["2028-02-29 02:00 +09:00", "2028-03-31 02:00 +09:00", "2028-04-30 02:00 +09:00"]
    );
    assert_eq!(
        following(Rhythm::Yearly { month: 2, day: 29, at: at(2, 0) }, "UTC", "2026-12-31T00:00", 2),
        ["2027-02-28 02:00 +00:00", "2028-02-29 02:00 +00:00"]
    );
    assert_eq!(
        following(Rhythm::Weekly { weekday: Weekday::Monday, at: at(10, 0) }, "Asia/Tokyo", "2026-03-02T10:00", 1),
        ["2026-03-09 10:00 +09:00"]
    );
}

#[test]
fn a_day_that_a_zone_left_out_is_no_second_occurrence() {
    // Samoa went from 29 December 2011 to the 31st; the 30th's would be at the 31st's instant.
    assert_eq!(
        following(daily(5, 30), "Pacific/Apia", "2011-12-28T12:00", 3),
        ["2011-12-29 05:30 -10:00", "2011-12-31 05:30 +14:00", "2012-01-01 05:30 +14:00"]
    );
}

#[test]
fn the_limits_of_time_end_an_iteration() {
    let rhythms = [
        daily(5, 30),
        Rhythm::Weekly { weekday: Weekday::Sunday, at: at(0, 0) },
        Rhythm::Monthly { day: 31, at: at(23, 59) },
        Rhythm::Yearly { month: 2, day: 29, at: at(0, 0) },
        Rhythm::Every { period: Duration::from_seconds(60) },
        Rhythm::Every { period: Duration::from_seconds(u64::MAX / 2) },
        cron("* * * * *"),
        cron("0 0 29 2 *"),
    ];
    for (rhythm, zone) in rhythms.into_iter().flat_map(|rhythm| ZONES.map(|zone| (rhythm.clone(), zone))) {
        let times = Occurrences::of(&schedule(rhythm, zone)).unwrap();
        let late = Timestamp::MAX - SignedDuration::from_hours(240);
        assert!(times.after(late).count() <= 15_000);
        assert_eq!(times.after(Timestamp::MAX).next(), None);
        assert!(times.last_at_or_before(Timestamp::MIN).is_none_or(|last| last == Timestamp::MIN));
        assert!(times.after(Timestamp::MIN).take(3).is_sorted());
        assert!(
            times.last_at_or_before(Timestamp::MAX).is_some()
                || matches!(times.timing(), occurrences::Timing::Every(_))
        );
    }
}

#[test]
fn what_is_no_schedule_is_refused() {
    assert!(Occurrences::of(&schedule(daily(5, 30), "Asia/Tokio")).is_err());
    assert!(Occurrences::of(&schedule(cron("@daily"), "UTC")).is_err());
    assert!(Occurrences::of(&schedule(Rhythm::Every { period: Duration::from_seconds(0) }, "UTC")).is_err());
}

#[test]
fn schedules_are_described() {
    let say = |rhythm| describe(&schedule(rhythm, "Asia/Tokyo"));
    assert_eq!(say(daily(5, 30)), "daily at 05:30 Asia/Tokyo");
    assert_eq!(say(Rhythm::Weekly { weekday: Weekday::Monday, at: at(10, 0) }), "weekly on Monday at 10:00 Asia/Tokyo");
    assert_eq!(say(Rhythm::Monthly { day: 1, at: at(2, 0) }), "monthly on day 1 at 02:00 Asia/Tokyo");
    assert_eq!(
        say(Rhythm::Monthly { day: 31, at: at(2, 0) }),
        "monthly on day 31, or the month's last, at 02:00 Asia/Tokyo"
    );
    assert_eq!(say(Rhythm::Yearly { month: 6, day: 1, at: at(10, 0) }), "yearly on 06-01 at 10:00 Asia/Tokyo");
    assert_eq!(say(Rhythm::Every { period: Duration::from_seconds(300) }), "every 5m");
    assert_eq!(say(cron("0 3 * * 1")), "cron \"0 3 * * 1\" Asia/Tokyo");
}

fn rhythms() -> impl Strategy<Value = Rhythm> {
    let times = (0_i8..24, 0_i8..60).prop_map(|(hour, minute)| at(hour, minute));
    // Small hours, when clocks are set.
    let times = prop_oneof![times, (0_i8..4, 0_i8..60).prop_map(|(hour, minute)| at(hour, minute))];
    let weekday = (0_i8..7).prop_map(|day| Weekday::from_monday_zero_offset(day).unwrap());
    prop_oneof![
        times.clone().prop_map(|at| Rhythm::Daily { at }),
        (weekday, times.clone()).prop_map(|(weekday, at)| Rhythm::Weekly { weekday, at }),
        (1_i8..=31, times.clone()).prop_map(|(day, at)| Rhythm::Monthly { day, at }),
        (1_i8..=12, 1_i8..=31, times).prop_map(|(month, day, at)| Rhythm::Yearly { month, day, at }),
        (1_u64..20_000).prop_map(|minutes| Rhythm::Every { period: Duration::from_seconds(minutes * 60) }),
        prop::sample::select(vec![
            "* * * * *",
            "*/15 * * * *",
            "0 * * * *",
            "30 2 * * *",
            "7,52 1-3 * * *",
            "0 2 * * sun",
            "45 0 1,15 * *",
            "10 2 31 * 0",
            "0 0 28-31 * *",
            "59 23 * 3,10,11 *",
            "0 */2 * * 1-5",
        ])
        .prop_map(cron),
    ]
}

/// Whether a clock that shows `civil` shows a time of the rhythm; `cron` is its expression, read.
fn shows(rhythm: &Rhythm, cron: Option<&croner::Cron>, civil: DateTime) -> bool {
    let is = |at: &TimeOfDay| (civil.hour(), civil.minute()) == (at.hour, at.minute);
    let last = civil.date().days_in_month();
    match rhythm {
        Rhythm::Daily { at } => is(at),
        Rhythm::Weekly { weekday, at } => is(at) && civil.weekday() == *weekday,
        Rhythm::Monthly { day, at } => is(at) && civil.day() == (*day).min(last),
        Rhythm::Yearly { month, day, at } => is(at) && civil.month() == *month && civil.day() == (*day).min(last),
        Rhythm::Every { .. } => false,
        Rhythm::Cron { .. } => cron.is_some_and(|cron| cron.is_time_matching(&civil).unwrap()),
    }
}

/// Every occurrence in `start..end` (whole minutes), found by looking at the clock each minute from a day before.
fn walk(rhythm: &Rhythm, zone: &TimeZone, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let cron = match rhythm {
        Rhythm::Cron { expression } => Some(croner::Cron::from_str(expression).unwrap()),
        _ => None,
    };
    let mut found = std::collections::BTreeSet::new();
    let mut shown = std::collections::BTreeSet::new();
    let mut now = start - SignedDuration::from_hours(24);
    let mut previous = zone.to_datetime(now - SignedDuration::from_mins(1));
    while now < end {
        let civil = zone.to_datetime(now);
        let (mut skipped, mut moved) = (previous + 1.minute(), now);
        while skipped < civil {
            if shows(rhythm, cron.as_ref(), skipped) {
                found.insert(moved);
            }
            (skipped, moved) = (skipped + 1.minute(), moved + SignedDuration::from_mins(1));
        }
        let every = matches!(rhythm, Rhythm::Every { period } if now.as_second() % period.seconds.cast_signed() == 0);
        if every || (shown.insert(civil) && shows(rhythm, cron.as_ref(), civil)) {
            found.insert(now);
        }
        (previous, now) = (civil, now + SignedDuration::from_mins(1));
    }
    found.into_iter().filter(|at| (start..end).contains(at)).collect()
}

/// Two days and a half, more often than not around a setting of the clock.
fn windows() -> impl Strategy<Value = (&'static str, Timestamp, Timestamp)> {
    (prop::sample::select(&ZONES[..]), 0_i64..2_600_000_000, any::<[bool; 2]>(), 0_i64..1440).prop_map(
        |(name, second, [a, b], minutes)| {
            let tz = zone(name).unwrap();
            let random = Timestamp::from_second(second - second % 60).unwrap();
            let set = tz.following(random).next().map(|set| set.timestamp()).filter(|_| a || b);
            let start = set.map_or(random, |set| set - SignedDuration::from_mins(minutes));
            (name, start, start + SignedDuration::from_hours(60))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn occurrences_are_those_of_a_walk_through_time(
        rhythm in rhythms(), (name, start, end) in windows(), ask in 0_i64..3600,
    ) {
        let times = Occurrences::of(&schedule(rhythm.clone(), name)).unwrap();
        let before = start - SignedDuration::from_nanos(1);
        let found: Vec<_> = times.after(before).take_while(|at| *at < end).collect();
        let walked = walk(&rhythm, times.zone(), start, end);
        prop_assert_eq!(&found, &walked);

        let ask = start + SignedDuration::from_mins(ask) - SignedDuration::from_nanos(1);
        let last = times.last_at_or_before(ask).filter(|at| *at >= start);
        prop_assert_eq!(last, walked.iter().copied().rfind(|at| *at <= ask));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn back_and_forth_agree_in_every_zone_at_every_time(
        rhythm in rhythms(),
        name in prop::sample::select(zone_names()),
        second in prop_oneof![-377_000_000_000_i64..253_000_000_000, -3_000_000_000_i64..3_000_000_000],
        nanos in 0_i64..1_000_000_000,
    ) {
        let times = Occurrences::of(&schedule(rhythm, &name)).unwrap();
        let now = Timestamp::from_second(second).unwrap() + SignedDuration::from_nanos(nanos);
        if let Some(next) = times.after(now).next() {
            prop_assert!(next > now);
            prop_assert_eq!(times.last_at_or_before(next), Some(next));
            let just_before = next - SignedDuration::from_nanos(1);
            prop_assert_eq!(times.last_at_or_before(just_before), times.last_at_or_before(now));
        }
        if let Some(last) = times.last_at_or_before(now) {
            prop_assert!(last <= now);
            prop_assert_eq!(times.after(last - SignedDuration::from_nanos(1)).next(), Some(last));
        }
    }

    #[test]
    fn gaps_are_those_of_the_occurrences(rhythm in rhythms(), (name, start, _) in windows(), hours in 1_i64..3_000) {
        let times = Occurrences::of(&schedule(rhythm, name)).unwrap();
        let end = start + SignedDuration::from_hours(hours);
        let all: Vec<_> = times.after(start - SignedDuration::from_nanos(1)).take_while(|at| *at < end).collect();
        let pairs = || all.windows(2).map(|pair| Gap { from: pair[0], to: pair[1] });
        let longest = pairs().rev().max_by_key(Gap::seconds);
        let shortest = pairs().min_by_key(Gap::seconds);
        let found = times.gaps(start, end);
        prop_assert_eq!(found.map(|gaps| gaps.longest.seconds()), longest.map(|gap| gap.seconds()));
        prop_assert_eq!(found.map(|gaps| gaps.shortest.seconds()), shortest.map(|gap| gap.seconds()));
        for gap in found.iter().flat_map(|gaps| [gaps.longest, gaps.shortest]) {
            prop_assert!(pairs().any(|pair| pair == gap));
        }
    }
}

#[test]
fn each_day_has_its_occurrence_and_only_one() {
    for (name, hour, minute) in ZONES.iter().flat_map(|name| [(name, 0, 0), (name, 2, 10), (name, 2, 30)]) {
        let times = Occurrences::of(&schedule(daily(hour, minute), name)).unwrap();
        let days: Vec<_> =
            times.after(time("2024-01-01T12:00:00Z")).take(800).map(|at| times.zone().to_datetime(at).date()).collect();
        assert!(days.windows(2).all(|pair| pair[0].tomorrow().unwrap() == pair[1]), "{name}");
    }
}

#[test]
fn a_fold_is_the_longest_gap_of_an_hourly_cron() {
    let times = Occurrences::of(&schedule(cron("0 * * * *"), "America/New_York")).unwrap();
    let gaps = times.gaps(time("2026-01-01T00:00:00Z"), time("2027-01-01T00:00:00Z")).unwrap();
    assert_eq!(gaps.longest.seconds(), 7200);
    assert_eq!(gaps.longest.from, time("2026-11-01T05:00:00Z"));
    assert_eq!(gaps.shortest.seconds(), 3600);
}

/// The first day, from the start of 2026 on, whose time jiff finds to be in a gap or a fold; and when jiff says it is.
fn first_unusual(at: TimeOfDay, tz: &TimeZone, days: i64) -> Option<(DateTime, Does, Timestamp)> {
    let noon = DateTime::constant(2026, 1, 1, at.hour, at.minute, 0, 0);
    (0..days).map(|day| noon + day.days()).find_map(|meant| {
        let ambiguous = tz.to_ambiguous_timestamp(meant);
        let does = match ambiguous.offset() {
            jiff::tz::AmbiguousOffset::Unambiguous { .. } => return None,
            jiff::tz::AmbiguousOffset::Gap { .. } => Does::JumpsOver,
            jiff::tz::AmbiguousOffset::Fold { .. } => Does::ShowsTwice,
        };
        Some((meant, does, ambiguous.compatible().unwrap()))
    })
}

#[test]
fn the_first_unusual_time_is_the_one_that_a_walk_through_the_days_meets() {
    let (start, end) = (time("2026-01-01T00:00:00Z"), time("2031-01-01T00:00:00Z"));
    let (mut unusual, mut usual) = (0, 0);
    for name in ZONES {
        let tz = zone(name).unwrap();
        let changes = Changes::of(&tz, start, end);
        for (hour, minute) in (0..5).flat_map(|hour| [0, 15, 30, 59].map(|minute| (hour, minute))) {
            let occurrences = Occurrences::of(&schedule(daily(hour, minute), name)).unwrap();
            let found = changes.first(&occurrences).map(|found| (found.meant, found.does, found.occurs));
            // Both ends of the window are some hours from a change.
            assert_eq!(found, first_unusual(at(hour, minute), &tz, 5 * 365), "{name} {hour}:{minute}");
            if let Some((_, _, occurs)) = found {
                assert!(occurrences.after(occurs - SignedDuration::from_secs(1)).next() == Some(occurs), "{name}");
            }
            match changes.undisturbed_near(at(hour, minute)) {
                Some(free) if free == at(hour, minute) => usual += 1,
                Some(free) => {
                    unusual += 1;
                    assert_eq!(first_unusual(free, &tz, 5 * 365), None, "{name} {free}");
                }
                None => panic!("{name} has no undisturbed time near {hour}:{minute}"),
            }
            assert_eq!(found.is_none(), changes.undisturbed_near(at(hour, minute)) == Some(at(hour, minute)));
        }
    }
    assert!(unusual > 20 && usual > 40, "{unusual} {usual}");
}

#[test]
fn only_what_looks_at_a_clock_has_unusual_times() {
    let tz = zone("America/New_York").unwrap();
    let changes = Changes::of(&tz, time("2026-01-01T00:00:00Z"), time("2031-01-01T00:00:00Z"));
    let first = |rhythm| changes.first(&Occurrences::of(&schedule(rhythm, "America/New_York")).unwrap());
    assert_eq!(first(Rhythm::Every { period: Duration::from_seconds(3600) }), None);
    // The clock is set on Sundays.
    assert_eq!(first(Rhythm::Weekly { weekday: Weekday::Monday, at: at(2, 30) }), None);
    assert_eq!(first(cron("30 2 * * 1-6")), None);
    let found = first(cron("0 * * * *")).unwrap();
    assert_eq!((found.meant.to_string().as_str(), found.does), ("2026-03-08T02:00:00", Does::JumpsOver));
    let yearly = first(Rhythm::Yearly { month: 11, day: 7, at: at(1, 30) }).unwrap();
    assert_eq!((yearly.meant.to_string().as_str(), yearly.does), ("2027-11-07T01:30:00", Does::ShowsTwice));
    assert_eq!(changes.undisturbed_near(at(1, 30)), Some(at(0, 30)));
    assert_eq!(changes.undisturbed_near(at(2, 15)), Some(at(3, 15)));
}
