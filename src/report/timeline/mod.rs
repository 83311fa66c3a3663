//! The recovery points of a plan through time, for people.

mod comparison;
mod markdown;
mod svg;
mod text;

pub use comparison::{markdown as compared_markdown, text as compared_text};
pub use markdown::markdown;
pub use svg::svg;
pub(super) use svg::{told, within};
pub use text::text;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::words::{count, counted};
use crate::calendar;
use crate::primitives::{Duration, Name, on_one_line};
use crate::timeline::{JobTimeline, Keeps, KeptPoints, Making, Place, Recoverable, Sequence, Timeline};

/// What a timeline takes for granted.
pub(super) const AS_IF: &str = "as if every run begins on time, takes what `takes` says and succeeds";

/// How times are shown.
pub(super) struct Clock {
    zone: TimeZone,
}

impl Clock {
    pub(super) fn of(timezone: &str) -> Self {
        Self { zone: calendar::zone(timezone).unwrap_or(TimeZone::UTC) }
    }

    /// `2026-03-01 05:30`
    pub(super) fn time(&self, time: Timestamp) -> String {
        calendar::local(time, &self.zone)
    }

    /// `2026-03-01` where that is its first moment, else with the time.
    pub(super) fn date_or_time(&self, time: Timestamp) -> String {
        let shown = self.time(time);
        shown.strip_suffix(" 00:00").map(str::to_owned).unwrap_or(shown)
    }

    /// Of when the data of a point is: a day or a month, where it is all of that.
    fn moment(&self, moment: Timestamp, making: Making) -> String {
        let local = self.zone.to_datetime(moment);
        match making {
            Making::EachRun => self.time(moment),
            Making::EachDay => local.date().to_string(),
            Making::EachMonth { .. } => local.strftime("%Y-%m").to_string(),
        }
    }
}

/// `2026-03-01 to 2026-04-01 Asia/Tokyo`
pub(super) fn period(of: &Timeline, clock: &Clock) -> String {
    let since = of.since.map_or_else(String::new, |since| format!(", begun {}", clock.date_or_time(since)));
    let (from, to) = (clock.date_or_time(of.from), clock.date_or_time(of.to));
    format!("{from} to {to} {}{since}", on_one_line(&of.timezone))
}

/// `in vault`, `copied to offsite`, `by the provider`
pub(super) fn place(place: &Place) -> String {
    match place {
        Place::Store(store) => format!("in {store}"),
        Place::Copy(store) => format!("copied to {store}"),
        Place::Provider => "by the provider".into(),
    }
}

/// `web-1`, `web-1 and web-2, each`
pub(super) fn hosts(hosts: &[Name]) -> Option<String> {
    let [others @ .., last] = hosts else { return None };
    let others: Vec<&str> = others.iter().map(Name::as_str).collect();
    Some(if others.is_empty() { last.to_string() } else { format!("{} and {last}, each", others.join(", ")) })
}

/// `daily at 05:30 Asia/Tokyo, takes 40m`
pub(super) fn schedule(job: &JobTimeline) -> String {
    let by_hand = match job.keeps {
        Keeps::Range(_) => "always",
        Keeps::Points(_) | Keeps::ByHand => "when it is named",
    };
    let schedule = job.schedule.as_deref().map_or_else(|| by_hand.to_owned(), on_one_line);
    match job.takes {
        Some(takes) => format!("{schedule}, takes {takes}"),
        None => schedule,
    }
}

/// What can be recovered at a time, without the time.
pub(super) fn recoverable(of: &Recoverable, making: Option<Making>, clock: &Clock) -> String {
    let moment = |moment: Timestamp| making.map_or_else(|| clock.time(moment), |making| clock.moment(moment, making));
    let Some(latest) = of.latest else { return "nothing".into() };
    let latest = moment(latest);
    match (of.points, of.earliest.map(moment), making) {
        (Some(1), ..) => format!("1 point of {latest}"),
        (Some(points), Some(earliest), _) => format!("{} of {earliest} to {latest}", counted(points, "point")),
        (_, None, Some(_)) => format!("every point since it was first run, to {latest}"),
        (_, Some(earliest), _) => format!("any moment from {earliest} to {latest}"),
        (_, None, None) => format!("any moment up to {latest}, as far back as the provider keeps it"),
    }
}

/// What is made and let go: `31 made, 31 let go, longest gap 24h (2026-03-01 05:30 → 2026-03-02 05:30)`
pub(super) fn turnover(of: &KeptPoints, clock: &Clock) -> String {
    let gone = match of.forever {
        true => "none ever let go".to_owned(),
        false => format!("{} let go", count(of.let_go)),
    };
    let gap = of.longest_gap.map_or_else(String::new, |gap| {
        let (from, to) = (clock.moment(gap.from, of.making), clock.moment(gap.to, of.making));
        let set = calendar::set_between(gap.from, gap.to, &clock.zone);
        format!(", longest gap {} ({from} → {to}{set})", Duration::from_seconds(gap.seconds()))
    });
    format!("{} made, {gone}{gap}", counted(of.made, "point"))
}

/// One sequence of points: `31 points of 2026-03-01 05:30 to 2026-03-31 05:30, let go 2026-03-09 06:10 to 2026-04-08 06:10`
fn sequence(of: &Sequence, making: Making, clock: &Clock) -> String {
    let range = |first: String, last: String| if first == last { first } else { format!("{first} to {last}") };
    let moments = range(clock.moment(of.first, making), clock.moment(of.last, making));
    let end = |end: Option<Timestamp>| end.map_or_else(|| "never".to_owned(), |end| clock.time(end));
    let fate = match (of.let_go, of.last_let_go, of.there) {
        (None, None, _) => "kept".to_owned(),
        (first, last, true) if first == last => format!("kept until {}", end(first)),
        (first, last, true) => format!("kept until {} to {}", end(first), end(last)),
        (first, last, false) => format!("let go {}", range(end(first), end(last))),
    };
    let gap = if of.after_gap { ", after a gap" } else { "" };
    format!("{} of {moments}, {fate}{gap}", counted(of.points, "point"))
}

/// So many sequences of a job are shown, half of them the first and half the last.
const SHOWN_MAX: usize = 12;

/// The sequences of a job, one line each, with those in the middle left out where there are many.
pub(super) fn sequences(of: &KeptPoints, clock: &Clock) -> Vec<String> {
    let line = |one: &Sequence| sequence(one, of.making, clock);
    let beyond = of.sequences.len().saturating_sub(SHOWN_MAX);
    if beyond <= 1 && of.omitted == 0 {
        return of.sequences.iter().map(line).collect();
    }
    let (first, rest) = of.sequences.split_at(SHOWN_MAX / 2);
    let last = &rest[beyond..];
    let omitted = of.omitted + beyond as u64;
    let more = format!("… {} in between", counted(omitted, "sequence"));
    first.iter().map(line).chain([more]).chain(last.iter().map(line)).collect()
}
