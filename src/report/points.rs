//! Recovery points, as a table.

use std::fmt::Write;

use serde::Serialize;

use super::words::{count, time};
use crate::catalog::{Manifest, PointPlace};
use crate::observe::PointsSeen;
use crate::primitives::{ByteSize, JobName, Name};

/// The points of one job.
pub struct JobPoints<'a> {
    /// Which job.
    pub job: &'a JobName,
    /// In which store.
    pub store: &'a Name,
    /// What the store holds of it.
    pub seen: &'a PointsSeen,
}

/// The points of some jobs, oldest first, with what is wrong said under them.
pub fn text(jobs: &[JobPoints<'_>], timezone: &str) -> String {
    let mut lines = String::new();
    for (at, JobPoints { job, store, seen }) in jobs.iter().enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        let _ = writeln!(lines, "{gap}{job} in {store}");
        for point in &seen.points {
            let _ = match &point.manifest {
                Ok(manifest) => writeln!(lines, "  {}", line(&point.place.host, manifest, timezone)),
                Err(fault) => {
                    writeln!(lines, "  {}  {}  cannot be used: {}", point.place.point, point.place.host, fault.answer)
                }
            };
        }
        if seen.points.is_empty() {
            let _ = writeln!(lines, "  no recovery point");
        }
        let unfinished = seen.leftovers.len() + seen.uploads.len();
        if unfinished > 0 {
            let _ =
                writeln!(lines, "  and {} left by unfinished runs; a later run removes them", count(unfinished as u64));
        }
    }
    lines
}

fn line(host: &Name, manifest: &Manifest, timezone: &str) -> String {
    let clean = if manifest.clean { "good" } else { "good, not clean" };
    let shrunk = manifest.shrunk_from.as_ref().map_or(String::new(), |from| format!(", much smaller than {from}"));
    let standing = format!("{clean}{shrunk}");
    format!(
        "{}  {}  {host}  {:>9} files  {:>10} stored  {standing}",
        manifest.point,
        time(manifest.moment, timezone),
        count(manifest.totals.files),
        ByteSize(manifest.archive.size),
    )
}

/// Recovery points for programs.
#[derive(Serialize, schemars::JsonSchema)]
pub struct PointsReport<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// The manifest of each good point, by job and the oldest first.
    points: Vec<&'a Manifest>,
    /// The points whose manifests cannot be used.
    unusable: Vec<Unusable<'a>>,
}

/// A point that cannot be used.
#[derive(Serialize, schemars::JsonSchema)]
struct Unusable<'a> {
    /// Where it is.
    place: &'a PointPlace,
    /// Why it cannot be used.
    why: String,
}

/// The same for programs: each point's manifest, and the points whose manifests cannot be used.
pub fn report<'a>(jobs: &[JobPoints<'a>]) -> PointsReport<'a> {
    let points = jobs.iter().flat_map(|job| job.seen.readable().map(|(_, manifest)| manifest)).collect();
    let unusable = jobs.iter().flat_map(|job| &job.seen.points).filter_map(|seen| {
        let why = seen.manifest.as_ref().err()?.to_string();
        Some(Unusable { place: &seen.place, why })
    });
    PointsReport { format_version: 1, points, unusable: unusable.collect() }
}
