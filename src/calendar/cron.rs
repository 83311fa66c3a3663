//! Cron expressions of five fields, crontab(5). `croner` reads them and says which days they mean; it is named nowhere
//! else but in `pattern`. Where a clock is set forward or back its own answers are not asked: see `occurrences`.

use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, CronPattern, Weekday};
use jiff::civil::Date;

use super::pattern::{Days, Pattern, month_after, month_before};
use crate::primitives::Malformed;

/// The Gregorian calendar brings any weekday back to 29 February within 40 years (across 2100): a day that isn't
/// found within 41 is none.
const SEARCH_DAYS_MAX: u32 = 41 * 366;

/// Whether a text is a cron expression of five fields that comes round at all.
///
/// # Errors
/// When it has another form, or means no day that there is (31 February).
pub fn check_cron(expression: &str) -> Result<(), Malformed> {
    parse(expression).map(|_| ())
}

/// Reads an expression.
pub(super) fn parse(expression: &str) -> Result<Pattern, Malformed> {
    let help = "write minute, hour, day of month, month and day of week, as in \"30 5 * * mon\"";
    let malformed = |what: &str| Malformed::new(format!("`{expression}` {what}"), help);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | ',' | '-' | '/' | ' ' | '\t');
    if let Some(bad) = expression.chars().find(|c| !allowed(*c)) {
        return Err(malformed(&format!("has a {bad:?}, which a cron expression has not")));
    }
    let fields = expression.split_ascii_whitespace().count();
    if fields != 5 {
        return Err(malformed(&format!("has {fields} fields where cron has five")));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let Ok(Cron { pattern }) = parser.parse(expression) else {
        return Err(malformed("is not a cron expression"));
    };
    // `L`, `W` and `#` are not of crontab(5).
    if pattern.days.has_modifiers() || pattern.days_of_week.has_modifiers() {
        return Err(malformed("uses `L` or `W`, which crontab(5) has not"));
    }
    let times = times(&pattern);
    // Most mean every day, and need not ask which.
    if !times.is_empty() && expression.split_ascii_whitespace().skip(2).all(|field| field == "*") {
        return Ok(Pattern { days: Days::Every, times });
    }
    let starts = Date::constant(2000, 1, 1);
    if times.is_empty() || day_at_or_after(&pattern, starts).is_none() {
        return Err(malformed("never comes round: no month has that day"));
    }
    Ok(Pattern { days: Days::Cron(Box::new(pattern)), times })
}

fn times(pattern: &CronPattern) -> Vec<i64> {
    let minutes = pattern.minutes.values();
    let hours = pattern.hours.values();
    let of_hour = |hour: &u16| {
        let hour = i64::from(*hour);
        minutes.iter().map(move |minute| hour * 3600 + i64::from(*minute) * 60).collect::<Vec<_>>()
    };
    hours.iter().flat_map(of_hour).collect()
}

/// The first day of the pattern that is not before `date`.
pub(super) fn day_at_or_after(pattern: &CronPattern, mut date: Date) -> Option<Date> {
    for _ in 0..SEARCH_DAYS_MAX {
        date = if !month_matches(pattern, date) {
            let (year, month) = month_after(date);
            Date::new(year, month, 1).ok()?
        } else if day_matches(pattern, date) {
            return Some(date);
        } else {
            date.tomorrow().ok()?
        };
    }
    None
}

/// The last day of the pattern that is not after `date`.
pub(super) fn day_at_or_before(pattern: &CronPattern, mut date: Date) -> Option<Date> {
    for _ in 0..SEARCH_DAYS_MAX {
        date = if !month_matches(pattern, date) {
            let (year, month) = month_before(date);
            Date::new(year, month, 1).ok()?.last_of_month()
        } else if day_matches(pattern, date) {
            return Some(date);
        } else {
            date.yesterday().ok()?
        };
    }
    None
}

fn month_matches(pattern: &CronPattern, date: Date) -> bool {
    pattern.month_match(date.month().unsigned_abs().into()).unwrap_or(false)
}

fn day_matches(pattern: &CronPattern, date: Date) -> bool {
    let weekday = Weekday::from_days_from_sunday(date.weekday().to_sunday_zero_offset().unsigned_abs().into());
    let (month, day) = (date.month().unsigned_abs().into(), date.day().unsigned_abs().into());
    pattern.day_match(date.year().into(), month, day, weekday).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn five_fields_are_read() {
        for good in ["* * * * *", "30 5 * * mon", "*/15 8-18 1,15 JAN-MAR *", "0 0 29 2 *", "0 0 * * 7", "0 0 31 * *"] {
            assert_eq!(check_cron(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_not_crontab_is_refused() {
        for bad in [
            "",
            "@daily",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 * * 5#2",
            "0 0 * * 5L",
            "0 0 + * *",
            "0 0 ? * *",
            "0 0 30 2 *",
            "0 0 31 4,6 *",
            "ü * * * *",
            "5/ * * * *",
            "* * * * *\n",
        ] {
            let refused = check_cron(bad).expect_err(bad);
            assert!(refused.problem.contains(&format!("`{bad}`")), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9*,/#LWA-Z -]{0,24}|.{0,12}") {
            let _ = check_cron(&text);
        }
    }
}
