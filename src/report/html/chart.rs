//! Bars over time, a row each: a Gantt chart whose rows are those of a table, so that it is read as well as seen.
//!
//! Unaware of what a bar stands for. Invariant: no bar is beyond the chart, whatever the times.

use maud::{Markup, html};

use crate::primitives::Duration;

/// How wide a chart is, in pixels, and how high a row.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 24.0;
/// So far lines go on beyond a row, so that they meet those of the next where a text makes it higher. The style cuts them off.
const BEYOND: f64 = 600.0;
/// A line at more than so many times the length is left out.
const ALLOWED_MAX: u64 = 4;
/// So many marks stand on its axis at most.
const MARKS_MAX: u64 = 6;
/// The distances of marks that people read easily, in seconds.
const DISTANCES: [u64; 20] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/// What of it is seen: on paper it is smaller.
fn view() -> String {
    format!("0 0 {WIDTH} {HEIGHT}")
}

/// A chart of so much time, of which so much is allowed.
pub(super) struct Chart {
    pub(super) length: Duration,
    pub(super) allowed: Option<Duration>,
}

/// How a bar is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bar {
    /// Full.
    Full,
    /// An outline.
    Hollow,
    /// An outline, higher than the others.
    Frame,
    /// Full, with a cross at its end.
    Broken,
}

impl Chart {
    /// A chart in which all of it has room, and what is allowed, where that does not make all else too small to be seen.
    pub(super) fn new(length: Duration, allowed: Option<Duration>) -> Self {
        let allowed = allowed.filter(|allowed| allowed.seconds / ALLOWED_MAX <= length.seconds.max(1));
        let longest = length.seconds.max(allowed.map_or(0, |allowed| allowed.seconds)).max(1);
        Self { length: Duration::from_seconds(longest.saturating_add(longest / 40)), allowed }
    }

    /// What the line means at which what is allowed ends.
    pub(super) fn told(&self, allowed: Duration) -> Markup {
        html! {
            li {
                @if self.allowed.is_some() {
                    svg.sample width="16" height="24" aria-hidden="true" { line.allowed x1="8" x2="8" y1="0" y2="24" {} }
                    "the broken line: the end of the " (allowed) " allowed"
                } @else {
                    "the " (allowed) " allowed end far beyond the right edge"
                }
            }
        }
    }

    fn x(&self, seconds: f64) -> f64 {
        (seconds / self.length.seconds.max(1) as f64).clamp(0.0, 1.0) * WIDTH
    }

    /// The distance of the marks.
    fn distance(&self) -> u64 {
        let fits = |distance: &u64| self.length.seconds / distance <= MARKS_MAX;
        let days = |of: u64| of.div_ceil(86_400).saturating_mul(86_400).max(1);
        DISTANCES.into_iter().find(fits).unwrap_or_else(|| days(self.length.seconds / MARKS_MAX))
    }

    /// The times along the top.
    pub(super) fn axis(&self) -> Markup {
        let distance = self.distance();
        let marks = (0..=self.length.seconds / distance).map(|mark| mark.saturating_mul(distance));
        // What has no room before the edge is left out.
        let marks: Vec<u64> = marks.filter(|mark| self.x(*mark as f64) < WIDTH - 40.0).collect();
        html! {
            svg.axis width=(WIDTH) height=(HEIGHT) viewBox=(view()) aria-hidden="true" {
                @for mark in marks {
                    text x=(round(self.x(mark as f64) + 2.0)) y="17" { (Duration::from_seconds(mark)) }
                }
            }
        }
    }

    /// A row: bars from a time to another, in seconds from the start.
    pub(super) fn row(&self, bars: &[(Bar, f64, f64)]) -> Markup {
        let distance = self.distance();
        let marks = (0..=self.length.seconds / distance).map(|mark| self.x(mark.saturating_mul(distance) as f64));
        html! {
            svg.row width=(WIDTH) height=(HEIGHT) viewBox=(view()) aria-hidden="true" {
                @for x in marks { line.grid x1=(round(x)) x2=(round(x)) y1=(-BEYOND) y2=(BEYOND) {} }
                @for (bar, from, to) in bars { (self.bar(*bar, *from, *to)) }
                @if let Some(allowed) = self.allowed {
                    @let x = round(self.x(allowed.seconds as f64));
                    line.allowed x1=(x) x2=(x) y1=(-BEYOND) y2=(BEYOND) {}
                }
            }
        }
    }

    fn bar(&self, bar: Bar, from: f64, to: f64) -> Markup {
        let (left, right) = (self.x(from), self.x(to));
        let (class, top) = match bar {
            Bar::Full => ("full", 6.0),
            Bar::Hollow => ("hollow", 6.0),
            Bar::Frame => ("frame", 2.5),
            Bar::Broken => ("full broken", 6.0),
        };
        // What took no time is still seen.
        let width = (right - left).max(2.0);
        let left = left.min(WIDTH - width);
        html! {
            rect class=(class) x=(round(left)) y=(top) width=(round(width)) height=(HEIGHT - 2.0 * top) {}
            @if bar == Bar::Broken {
                @let (x, middle) = (round((left + width).clamp(5.0, WIDTH - 5.0)), HEIGHT / 2.0);
                path.cross d={ "M" (x - 5.0) " " (middle - 5.0) "l10 10m0 -10l-10 10" } {}
            }
        }
    }
}

/// A length without digits that nobody sees.
pub(super) fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

/// A sample of a bar, for a legend.
pub(super) fn sample(bar: Bar) -> Markup {
    let chart = Chart { length: Duration::from_seconds(WIDTH as u64), allowed: None };
    html! { svg.sample width="34" height=(HEIGHT) aria-hidden="true" { (chart.bar(bar, 3.0, 29.0)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_few_and_read_easily() {
        let marks = |seconds: u64| {
            let chart = Chart::new(Duration::from_seconds(seconds), None);
            (Duration::from_seconds(chart.distance()).to_string(), chart.length.seconds / chart.distance())
        };
        assert_eq!(marks(0), ("1s".into(), 1));
        assert_eq!(marks(3600), ("10m".into(), 6));
        let line = |hours: u64| {
            Chart::new(Duration::from_seconds(3600), Some(Duration::from_seconds(hours * 3600))).allowed.is_some()
        };
        assert_eq!((line(4), line(48)), (true, false));
        assert_eq!(marks(4 * 3600), ("1h".into(), 4));
        assert!(marks(u64::MAX).1 <= MARKS_MAX);
    }
}
