//! Locks and leases that somebody else holds: who, since when, and the way out.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use super::words::lasting;
use crate::primitives::{JobName, Name, RunId, on_one_line};
use crate::steps::LeaseSeen;

/// The note that a run leaves at a lock of this host. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockNote {
    /// The run, once it is known.
    pub run: Option<RunId>,
    /// The process.
    pub process: u32,
    /// When the lock was taken.
    pub since: jiff::Timestamp,
}

/// Who is at work on the same, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// `another run holds the lock of …: run …, process 7, for 12m03s`
    pub who: String,
    /// `wait until it is done, or …`
    pub way_out: String,
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.who, self.way_out)
    }
}

/// Somebody who holds a lock of this host. Its process lives, or the lock would be free.
pub fn locked(what: &str, note: Option<&LockNote>, now: jiff::Timestamp) -> Other {
    let who = note.map_or(String::new(), |note| {
        let run = note.run.as_ref().map_or(String::new(), |run| format!("run {run}, "));
        format!(": {run}process {}, for {}", note.process, lasting(now.duration_since(note.since)))
    });
    let way_out = "wait until it is done; `--lock-wait 10m` has this one wait".into();
    Other { who: format!("another run holds the lock of {what}{who}"), way_out }
}

/// Somebody who holds a lease. `plan` is how people name the plan's file.
pub fn leased(what: &str, seen: &LeaseSeen, plan: &str, job: &str) -> Other {
    let left = lasting(seen.left());
    let Some(lease) = &seen.lease else {
        let who = format!(
            "another run may hold the lease of {what}, which cannot be read: it is damaged, or of a newer sonae"
        );
        return Other { who, way_out: format!("wait until it runs out in {left}; `--lock-wait 2h` has this one wait") };
    };
    let unlock = format!("sonae unlock {plan} {job} --run {} --force", lease.holder.run);
    let way_out = format!(
        "wait until it is done; `--lock-wait 10m` has this one wait. If it is dead, its lease runs out in {left}, or break it: `{unlock}`"
    );
    Other { who: format!("another run holds the lease of {what}: {}", who(seen)), way_out }
}

/// Why a lease is not broken.
pub fn unbroken(what: &str, seen: &LeaseSeen) -> String {
    format!(
        "the lease of {what} is not broken, as its run may be alive: {}; it runs out in {}, and then the next run takes it over. \
         If you know that the run is dead, add `--force`",
        who(seen),
        lasting(seen.left())
    )
}

/// `run … on nas (process 7), for 12m03s, renewed 20.0s ago`
pub fn who(seen: &LeaseSeen) -> String {
    let Some(lease) = &seen.lease else { return "somebody: it cannot be read".into() };
    let holder = &lease.holder;
    format!(
        "run {} on {} (process {}), for {}, renewed {} ago",
        holder.run,
        on_one_line(&holder.machine),
        holder.process,
        lasting(seen.held_for()),
        lasting(seen.age)
    )
}

/// A lease of a plan's job, and what became of it.
#[derive(Debug)]
pub struct JobLease {
    /// The job.
    pub job: JobName,
    /// The host whose points it is for.
    pub host: String,
    /// The store.
    pub store: Name,
    /// What is known of it.
    pub seen: LeaseSeen,
    /// Whether it was broken; in a dry run, whether it would be.
    pub broken: bool,
}

/// All of them, for people.
pub fn text(leases: &[JobLease], dry: bool) -> String {
    let mut lines = String::new();
    for JobLease { job, host, store, seen, broken } in leases {
        let _ = writeln!(lines, "{job} on {host}, in {store}");
        let _ = writeln!(lines, "  held by    {}", who(seen));
        let standing = match (broken, seen.has_run_out()) {
            (true, _) if dry => "would be broken".into(),
            (true, _) => "broken: its run deletes nothing more".into(),
            (false, true) => "it has run out: the next run takes it over".into(),
            (false, false) => format!("it runs out in {}, unless it is renewed", lasting(seen.left())),
        };
        let _ = writeln!(lines, "  standing   {standing}");
    }
    if leases.is_empty() {
        lines.push_str("no lease: no run is at work in these stores\n");
    }
    lines
}

/// The same for programs.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct LeasesReport<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// The leases that there are.
    leases: Vec<Row<'a>>,
}

/// A lease: a run's word that it alone deletes points of a job.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Lease")]
struct Row<'a> {
    /// Of which job.
    job: &'a JobName,
    /// Of whose points.
    host: &'a str,
    /// In which store.
    store: &'a Name,
    /// The run that holds it. None, and so for the next two, where the lease cannot be read.
    run: Option<&'a RunId>,
    /// The machine that it is on.
    machine: Option<&'a str>,
    /// Its process there.
    process: Option<u32>,
    /// How long it has been held, in seconds.
    held_s: i64,
    /// How long ago it was renewed, in seconds.
    age_s: i64,
    /// How long it lasts from then on, in seconds.
    lasts_s: i64,
    /// Whether that is over.
    has_run_out: bool,
    /// Whether it was broken just now.
    broken: bool,
}

/// All of them, for programs.
pub fn report(leases: &[JobLease]) -> LeasesReport<'_> {
    LeasesReport { format_version: 1, leases: leases.iter().map(row).collect() }
}

fn row(of: &JobLease) -> Row<'_> {
    let holder = of.seen.lease.as_ref().map(|lease| &lease.holder);
    Row {
        job: &of.job,
        host: &of.host,
        store: &of.store,
        run: holder.map(|holder| &holder.run),
        machine: holder.map(|holder| holder.machine.as_str()),
        process: holder.map(|holder| holder.process),
        held_s: of.seen.held_for().as_secs(),
        age_s: of.seen.age.as_secs(),
        lasts_s: of.seen.lasts.as_secs(),
        has_run_out: of.seen.has_run_out(),
        broken: of.broken,
    }
}
