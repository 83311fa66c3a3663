//! The page of a timeline: the calendar, what can be recovered when, and each job's points.

use maud::{Markup, PreEscaped, html};

use super::page::{Page, Section, lines, wide};
use crate::report::timeline::{
    AS_IF, Clock, compared_text, hosts, period, place, recoverable, schedule, sequences, told, turnover, within,
};
use crate::report::words::count;
use crate::timeline::{AnyMoment, Comparison, JobTimeline, Keeps, KeptPoints, Making, Recoverable, Timeline};

/// Which recovery points there are when.
pub fn timeline(of: &Timeline) -> String {
    let clock = Clock::of(&of.timezone);
    let lead = html! {
        p.sum { bdi { (AS_IF) } }
        @if of.jobs.is_empty() { p { "nothing of it is backed up" } }
    };
    let calendar = wide("The calendar of recovery points; the jobs below say the same", &PreEscaped(within(of)));
    let overview = overview(of, &clock);
    let jobs = html! { @for job in &of.jobs { (of_job(of, job, &clock)) } };
    let sections = vec![
        Section::new("calendar", "The calendar", calendar),
        Section::new("overview", "What can be recovered when", overview),
        Section::new("jobs", "Job by job", jobs),
    ];
    let sections = if of.jobs.is_empty() { vec![] } else { sections };
    Page { title: format!("{}: {}", of.plan, period(of, &clock)), lead, sections }.file()
}

/// What becomes of the recovery points where a plan takes the place of another: the older's timeline, and the newer's.
pub fn timelines(of: &Comparison, [old, new]: [&Timeline; 2]) -> String {
    let clock = Clock::of(&new.timezone);
    let told = compared_text(of);
    let (rest, sum) = told.trim_end().rsplit_once('\n').unwrap_or(("", told.trim_end()));
    let lead = html! { p.sum { bdi { (sum) } } p { bdi { (AS_IF) } } };
    let differs = Section::new(
        "differs",
        "What differs",
        lines(rest.lines().map(|line| line.strip_prefix("  ").unwrap_or(line))),
    );
    let calendar = |id, heading: &str, of: &Timeline| {
        let what = format!("{heading}; what differs is told above");
        Section::new(id, heading, wide(&what, &PreEscaped(within(of))))
    };
    let calendars = [
        calendar("older", "The calendar of the older plan", old),
        calendar("newer", "The calendar of the newer plan", new),
    ];
    let sections = (!rest.is_empty()).then_some(differs).into_iter().chain(calendars).collect();
    Page { title: format!("{}: {}", new.plan, period(new, &clock)), lead, sections }.file()
}

fn overview(of: &Timeline, clock: &Clock) -> Markup {
    let all =
        of.jobs.iter().map(|job| job.keeps.recoverable()).chain(of.any_moment.iter().map(|one| &*one.recoverable));
    let times = all.max_by_key(|times| times.len()).unwrap_or_default();
    let table = html! {
        table {
            caption { "How many points are made and let go, and what can be recovered." }
            thead {
                tr {
                    @for head in ["job", "kept", "made", "let go"] { th scope="col" { (head) } }
                    @for one in times { th scope="col" { "at " (clock.date_or_time(one.at)) } }
                }
            }
            tbody {
                @for job in &of.jobs { (row(job, times.len(), clock)) }
                @for one in &of.any_moment {
                    tr {
                        th scope="row" { (one.job) " with its dumps" }
                        td { (place(&one.place)) }
                        td {}
                        td {}
                        @for one in &one.recoverable { td { (recoverable(one, None, clock)) } }
                    }
                }
            }
        }
    };
    wide("What can be recovered when", &table)
}

fn row(job: &JobTimeline, times: usize, clock: &Clock) -> Markup {
    let points = match &job.keeps {
        Keeps::Points(points) => Some(points),
        Keeps::Range(_) | Keeps::ByHand => None,
    };
    html! {
        tr {
            th scope="row" { (job.job) }
            td { (place(&job.place)) }
            td.number { @if let Some(points) = points { (count(points.made)) } }
            td.number { @if let Some(points) = points { (count(points.let_go)) } }
            @for one in job.keeps.recoverable() { td { (recoverable(one, points.map(|points| points.making), clock)) } }
            @if matches!(job.keeps, Keeps::ByHand) { @for _ in 0..times { td { "by hand" } } }
        }
    }
}

fn of_job(of: &Timeline, job: &JobTimeline, clock: &Clock) -> Markup {
    let on = hosts(&job.hosts).map_or_else(String::new, |hosts| format!(" on {hosts}"));
    html! {
        h3 { (job.job) " " (place(&job.place)) (on) }
        p { bdi { (schedule(job)) } }
        @match &job.keeps {
            Keeps::Points(points) => {
                p { (turnover(points, clock)) }
                (times(&points.recoverable, Some(points.making), clock))
                details open {
                    summary { "its points, and how long each is there" }
                    (lines(sequences(points, clock)))
                }
                (columns(of, points, clock))
            }
            Keeps::Range(range) => (times(range, None, clock)),
            Keeps::ByHand => p { "nobody can say which points there are" },
        }
        @for together in of.any_moment.iter().filter(|one| (&one.job, &one.place) == (&job.job, &job.place)) {
            (any_moment(together, clock))
        }
    }
}

fn any_moment(of: &AnyMoment, clock: &Clock) -> Markup {
    let dumps: Vec<String> = of.dumps.iter().map(ToString::to_string).collect();
    html! { p { "with " (dumps.join(", ")) } (times(&of.recoverable, None, clock)) }
}

fn times(all: &[Recoverable], making: Option<Making>, clock: &Clock) -> Markup {
    lines(all.iter().map(|one| format!("at {}  {}", clock.time(one.at), recoverable(one, making, clock))))
}

/// The row of the calendar in words, for whoever does not see it.
fn columns(of: &Timeline, points: &KeptPoints, clock: &Clock) -> Markup {
    let cells = of.columns.starts.iter().zip(&points.cells).filter(|(_, cell)| cell.made > 0);
    let cells = cells.map(|(start, cell)| format!("{}: {}", clock.date_or_time(*start), told(cell)));
    let earlier = (points.earlier > 0).then(|| format!("{} of before are there", count(points.earlier)));
    let all: Vec<String> = earlier.into_iter().chain(cells).collect();
    html! {
        @if !all.is_empty() { details { summary { "its row of the calendar, in words" } (lines(&all)) } }
    }
}
