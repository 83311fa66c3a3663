//! Recovery points, as a table.

use std::fmt::Write;

use serde::Serialize;

use super::words::{count, time};
use crate::catalog::{Manifest, PointPlace};
use crate::observe::PointsSeen;
use crate::ports::{AutomatedBackups, DatabaseName, DatabaseSnapshot};
use crate::primitives::{ByteSize, JobName, Name, PointId};

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
pub fn text(jobs: &[JobPoints<'_>], databases: &[DatabasePoints], timezone: &str) -> String {
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
    for (at, of) in databases.iter().enumerate() {
        let gap = if at == 0 && jobs.is_empty() { "" } else { "\n" };
        let _ = writeln!(lines, "{gap}{} of {}", of.job, of.database);
        of.lines(timezone, &mut lines);
    }
    lines
}

/// What a provider keeps of a database for a job.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct DatabasePoints {
    /// Which job.
    pub job: JobName,
    /// Of which database.
    pub database: DatabaseName,
    /// For how many days it can be brought back to any moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The stretches of time of which each moment is kept: of the living database, and of those that were called so.
    pub windows: Vec<AutomatedBackups>,
    /// Its snapshots, each with the recovery point that it is.
    pub snapshots: Vec<(PointId, DatabaseSnapshot)>,
    /// Their copies in another region.
    pub copies: Vec<(PointId, DatabaseSnapshot)>,
}

impl DatabasePoints {
    /// Of which nothing is known yet.
    pub fn new(job: JobName, database: DatabaseName) -> Self {
        Self { job, database, days: None, windows: vec![], snapshots: vec![], copies: vec![] }
    }

    fn lines(&self, timezone: &str, lines: &mut String) {
        let or_unknown = |at: Option<jiff::Timestamp>| at.map_or_else(|| "?".to_owned(), |at| time(at, timezone));
        for window in &self.windows {
            let of = if window.retained { format!(", of {}, which is gone", window.resource) } else { String::new() };
            let (earliest, latest) = (or_unknown(window.earliest), or_unknown(window.latest));
            let _ = writeln!(lines, "  any moment from {earliest} to {latest}{of}");
        }
        if self.days == Some(0) {
            let _ = writeln!(lines, "  automated backups are off: it cannot be brought back to any moment");
        }
        for (point, snapshot) in &self.snapshots {
            let _ = writeln!(lines, "  {}", self.line(point, snapshot, timezone));
        }
        if self.days.is_none() && self.snapshots.is_empty() {
            let _ = writeln!(lines, "  no recovery point");
        }
    }

    fn line(&self, point: &PointId, snapshot: &DatabaseSnapshot, timezone: &str) -> String {
        let taken = snapshot.taken.map_or_else(|| "not taken yet".to_owned(), |taken| time(taken, timezone));
        let percent = snapshot.percent.map_or_else(String::new, |percent| format!(", {percent} %"));
        let standing =
            if snapshot.is_available() { "good".to_owned() } else { format!("{}{percent}", snapshot.status) };
        let copied = self.copies.iter().find(|(of, copy)| of == point && copy.is_available());
        let copied = copied.and_then(|(_, copy)| copy.name.region.as_ref());
        let copied = copied.map_or_else(String::new, |region| format!(", copied to {region}"));
        format!("{point}  {taken}  {:>5} GiB  {standing}{copied}", snapshot.allocated_gib)
    }
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
    /// What providers keep of databases.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    databases: &'a [DatabasePoints],
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
pub fn report<'a>(jobs: &[JobPoints<'a>], databases: &'a [DatabasePoints]) -> PointsReport<'a> {
    let points = jobs.iter().flat_map(|job| job.seen.readable().map(|(_, manifest)| manifest)).collect();
    let unusable = jobs.iter().flat_map(|job| &job.seen.points).filter_map(|seen| {
        let why = seen.manifest.as_ref().err()?.to_string();
        Some(Unusable { place: &seen.place, why })
    });
    PointsReport { format_version: 1, points, unusable: unusable.collect(), databases }
}
