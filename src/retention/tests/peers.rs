//! The examples that the documentation of other backup programs has, by the rules that mean the same there.

use jiff::civil::date;

use super::*;

const RULES_OF_NONE: Rules = Rules { generations: None, within: None, thinned: BTreeMap::new() };

/// Whether each of these days is kept, of a point at 11:00 UTC each, and the reasons told.
fn kept(days: &[jiff::civil::Date], thinned_by: &[(CalendarUnit, u32)]) -> Vec<(String, Verdict)> {
    let moment = |day: &jiff::civil::Date| day.at(11, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let point = |(id, day): (usize, &jiff::civil::Date)| Candidate { id, moment: moment(day), good: true };
    let points: Vec<_> = days.iter().enumerate().map(point).collect();
    let rules = Rules { thinned: thinned(thinned_by), ..RULES_OF_NONE };
    let now = points.iter().map(|point| point.moment).max().unwrap();
    let verdicts = decide(&points, &rules, now, &TimeZone::UTC);
    let kept = days.iter().zip(verdicts).filter(|(_, verdict)| verdict.keeps());
    kept.map(|(day, verdict)| (day.to_string(), verdict)).collect()
}

fn days_between(first: jiff::civil::Date, last: jiff::civil::Date, step: jiff::Span) -> Vec<jiff::civil::Date> {
    first.series(step).take_while(|day| *day <= last).collect()
}

/// restic, "Removing backup snapshots": a backup on every Sunday for 12 weeks, and `--keep-daily 4`.
#[test]
fn restic_keeps_the_last_four_sundays() {
    let sundays = days_between(date(2019, 9, 1), date(2019, 11, 17), jiff::Span::new().weeks(1));
    assert_eq!(sundays.len(), 12);
    let kept: Vec<String> = kept(&sundays, &[(CalendarUnit::Day, 4)]).into_iter().map(|(day, _)| day).collect();
    assert_eq!(kept, ["2019-10-27", "2019-11-03", "2019-11-10", "2019-11-17"]);
}

/// The same page: a backup every day for 100 years, and `--keep-daily 7 --keep-weekly 5 --keep-monthly 12 --keep-yearly 75`.
#[test]
fn restic_thins_a_hundred_years_out() {
    let days = days_between(date(1919, 11, 18), date(2019, 11, 17), jiff::Span::new().days(1));
    let rules = [(CalendarUnit::Day, 7), (CalendarUnit::Week, 5), (CalendarUnit::Month, 12), (CalendarUnit::Year, 75)];
    let kept = kept(&days, &rules);
    let of = |unit: CalendarUnit| {
        let says = |reason: &KeepReason| matches!(reason, KeepReason::NewestOf { unit: of, .. } if *of == unit);
        let kept =
            kept.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Keep(reasons) if reasons.iter().any(says)));
        kept.map(|(day, _)| day.as_str()).collect::<Vec<_>>()
    };
    let daily = of(CalendarUnit::Day);
    assert_eq!((daily.len(), daily.first(), daily.last()), (7, Some(&"2019-11-11"), Some(&"2019-11-17")));
    // Weeks end on Sunday; the seven dailies hold one of them already.
    assert_eq!(of(CalendarUnit::Week), ["2019-10-20", "2019-10-27", "2019-11-03", "2019-11-10", "2019-11-17"]);
    let monthly = of(CalendarUnit::Month);
    assert_eq!((monthly.len(), monthly.first(), monthly.get(10)), (12, Some(&"2018-12-31"), Some(&"2019-10-31")));
    let yearly = of(CalendarUnit::Year);
    assert_eq!((yearly.len(), yearly.first(), yearly.get(73)), (75, Some(&"1945-12-31"), Some(&"2018-12-31")));
    // 7 of days, 4 more of weeks, 11 of months; of the years, 2019 and 2018 are there already.
    assert_eq!(kept.len(), 7 + 4 + 11 + 73);
}

/// borg, "borg prune visualized": on every day of 2015 but 19 December, and `--keep-daily 14 --keep-monthly 6 --keep-yearly 1`.
///
/// borg takes its rules one after the other and what one keeps fills no other; here each counts for itself. So its six months beside
/// December are seven here. And where there is less than a rule asks for, borg keeps the oldest archive besides, here 1 January.
#[test]
fn borg_keeps_a_year() {
    let days = days_between(date(2015, 1, 1), date(2015, 12, 31), jiff::Span::new().days(1));
    let days: Vec<_> = days.into_iter().filter(|day| *day != date(2015, 12, 19)).collect();
    let rules = [(CalendarUnit::Day, 14), (CalendarUnit::Month, 7), (CalendarUnit::Year, 1)];
    let kept: Vec<String> = kept(&days, &rules).into_iter().map(|(day, _)| day).collect();
    let of_borg = [
        "2015-06-30",
        "2015-07-31",
        "2015-08-31",
        "2015-09-30",
        "2015-10-31",
        "2015-11-30",
        "2015-12-17",
        "2015-12-18",
        "2015-12-20",
        "2015-12-21",
        "2015-12-22",
        "2015-12-23",
        "2015-12-24",
        "2015-12-25",
        "2015-12-26",
        "2015-12-27",
        "2015-12-28",
        "2015-12-29",
        "2015-12-30",
        "2015-12-31",
    ];
    assert_eq!(kept, of_borg);
}
