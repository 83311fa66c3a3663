//! Recovery points that were deleted and are still there below, with what brings them back.

use std::fmt::Write;

use serde::Serialize;

use super::kept::stays;
use super::words::time;
use crate::observe::PointHidden;
use crate::ports::{HiddenObject, Keeping};
use crate::primitives::{ByteSize, JobName, Name, PointId};

/// What a store hides of a job.
pub struct JobHidden {
    /// Which job.
    pub job: JobName,
    /// In which store.
    pub store: Name,
    /// What the store keeps of what is deleted.
    pub keeping: Keeping,
    /// The points, oldest first.
    pub points: Vec<PointHidden>,
}

/// The points that are hidden, each with the commands that bring it back.
pub fn text(jobs: &[JobHidden], timezone: &str) -> String {
    let mut lines = String::new();
    for (at, of) in jobs.iter().enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        let _ = writeln!(lines, "{gap}{} in {}", of.job, of.store);
        if of.keeping.is_gone() {
            let _ = writeln!(lines, "  the store keeps nothing of what is deleted");
            continue;
        }
        for line in stays(&of.keeping, None) {
            let _ = writeln!(lines, "  {line}");
        }
        if of.points.is_empty() {
            let _ = writeln!(lines, "  no recovery point is hidden");
        }
        for point in &of.points {
            let _ = writeln!(lines, "  {}", line(point, timezone));
            for (_, object) in &point.objects {
                let _ = writeln!(lines, "    {}", object.back);
            }
        }
    }
    lines
}

fn line(of: &PointHidden, timezone: &str) -> String {
    let bytes = of.objects.iter().map(|(_, object)| object.size).sum();
    let deleted = of.objects.iter().filter_map(|(_, object)| object.deleted).max();
    let deleted = deleted.map_or_else(|| "deleted".to_owned(), |at| format!("deleted {}", time(at, timezone)));
    format!("{}  {}  {:>10}  {deleted}; what brings it back:", of.place.point, of.place.host, ByteSize(bytes))
}

/// Hidden recovery points for programs.
#[derive(Serialize, schemars::JsonSchema)]
pub struct HiddenReport<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// Each job in each of its stores.
    jobs: Vec<JobReport<'a>>,
}

/// What a store hides of a job.
#[derive(Serialize, schemars::JsonSchema)]
struct JobReport<'a> {
    /// Which job.
    job: &'a JobName,
    /// In which store.
    store: &'a Name,
    /// What the store keeps of what is deleted.
    keeping: &'a Keeping,
    /// The points that were deleted and are still there, oldest first.
    points: Vec<PointReport<'a>>,
}

/// A point that is hidden.
#[derive(Serialize, schemars::JsonSchema)]
struct PointReport<'a> {
    /// Which.
    point: &'a PointId,
    /// On which host it was made.
    host: &'a Name,
    /// What of it is hidden, in the order in which it is to be brought back.
    objects: Vec<&'a HiddenObject>,
}

/// The same for programs.
pub fn report(jobs: &[JobHidden]) -> HiddenReport<'_> {
    HiddenReport { format_version: 1, jobs: jobs.iter().map(job_report).collect() }
}

fn job_report(of: &JobHidden) -> JobReport<'_> {
    let points = of.points.iter().map(point_report).collect();
    JobReport { job: &of.job, store: &of.store, keeping: &of.keeping, points }
}

fn point_report(of: &PointHidden) -> PointReport<'_> {
    let objects = of.objects.iter().map(|(_, object)| object).collect();
    PointReport { point: &of.place.point, host: &of.place.host, objects }
}
