//! Schedules in words.

use jiff::civil::Weekday;

use crate::plan::{Rhythm, Schedule};

/// A schedule in a reader's words: `daily at 05:30 Asia/Tokyo`.
pub fn describe(schedule: &Schedule) -> String {
    let zone = &schedule.timezone.value;
    match &schedule.rhythm {
        Rhythm::Daily { at } => format!("daily at {at} {zone}"),
        Rhythm::Weekly { weekday, at } => format!("weekly on {} at {at} {zone}", name(*weekday)),
        Rhythm::Monthly { day, at } if *day > 28 => {
            format!("monthly on day {day}, or the month's last, at {at} {zone}")
        }
        Rhythm::Monthly { day, at } => format!("monthly on day {day} at {at} {zone}"),
        Rhythm::Yearly { month, day, at } => format!("yearly on {month:02}-{day:02} at {at} {zone}"),
        Rhythm::Every { period } => format!("every {period}"),
        Rhythm::Cron { expression } => format!("cron \"{expression}\" {zone}"),
    }
}

fn name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
