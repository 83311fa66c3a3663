//! Programs that do the same, in turns, and what they took.

use std::fmt::Write as _;
use std::time::Duration;

use super::launch::mebibytes;
use super::place::{Outcome, Place, Stage, Took};
use super::trees::bytes;

/// One way to do it.
pub(crate) struct Contender {
    pub(crate) name: String,
    /// Removed before each run, outside of the time.
    pub(crate) removed: &'static [&'static str],
    /// Put aside before each run, until the place is cleared: where many files were removed just now, some file systems are slow to make
    /// others (ext4 without a journal passes over each inode that was freed in the last minutes).
    pub(crate) aside: &'static [&'static str],
    /// What comes first, outside of the time.
    pub(crate) first: Option<Stage>,
    pub(crate) pipeline: Vec<Stage>,
    /// Where what it prints goes.
    pub(crate) output: Option<&'static str>,
    /// What it makes; its size is told.
    pub(crate) made: &'static str,
}

/// What became of one of them.
pub(crate) struct Standing {
    name: String,
    runs: Vec<Took>,
    /// The size of what it made in its last run.
    pub(crate) bytes: u64,
}

impl Contender {
    pub(crate) fn run(&self, place: &Place) -> Outcome<Took> {
        for name in self.removed {
            place.remove(name)?;
        }
        for name in self.aside {
            place.put_aside(name)?;
        }
        if let Some(first) = &self.first {
            place.run(std::slice::from_ref(first), None)?;
        }
        place.run(&self.pipeline, self.output)
    }
}

/// Runs each of them once unmeasured, then all of them in turns: what else the machine does meets all of them alike.
pub(crate) fn hold(place: &Place, contenders: &[Contender], rounds: usize) -> Outcome<Vec<Standing>> {
    let unmeasured = |contender: &Contender| Standing { name: contender.name.clone(), runs: vec![], bytes: 0 };
    let mut standings: Vec<Standing> = contenders.iter().map(unmeasured).collect();
    for round in 0..=rounds {
        eprintln!("archives: round {round} of {rounds}");
        for (contender, standing) in contenders.iter().zip(&mut standings) {
            let took = contender.run(place)?;
            standing.bytes = bytes(&place.path(contender.made))?;
            if round > 0 {
                standing.runs.push(took);
            }
        }
    }
    Ok(standings)
}

impl Standing {
    pub(crate) fn wall(&self) -> Duration {
        median(self.runs.iter().map(|took| took.wall))
    }

    /// The most of all runs, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.runs.iter().map(|took| took.peak).max().unwrap_or_default()
    }

    /// This one's wall time as a share of the other's: of the medians, and of each pair.
    fn against(&self, other: &Self) -> (f64, Vec<f64>) {
        let pairs = self.runs.iter().zip(&other.runs).map(|(own, other)| ratio(own.wall, other.wall)).collect();
        (ratio(self.wall(), other.wall()), pairs)
    }
}

/// Of the medians; and that in words, with each pair.
fn shares(own: &Standing, other: &Standing) -> (f64, String) {
    let (medians, pairs) = own.against(other);
    let mut found = format!("{medians:.2}; pair by pair");
    for pair in pairs {
        let _ = write!(found, " {pair:.2}");
    }
    (medians, found)
}

fn ratio(own: Duration, other: Duration) -> f64 {
    own.as_secs_f64() / other.as_secs_f64()
}

/// The middle one of an odd number, or the lower of the two in the middle.
pub(crate) fn median<T: Ord + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort();
    let middle = values.len().saturating_sub(1) / 2;
    values.into_iter().nth(middle).unwrap_or_default()
}

/// What was measured, as a table, and what was to be reached.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) text: String,
    pub(crate) missed: usize,
}

impl Findings {
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(crate) fn table(&mut self, standings: &[Standing], made: &str) {
        let rounds = standings.first().map_or(0, |standing| standing.runs.len());
        self.line(&format!("| median of {rounds} | wall time | CPU time | peak memory | {made} |"));
        self.line("| --- | --: | --: | --: | --: |");
        for standing in standings {
            let Standing { name, runs, bytes } = standing;
            let wall = standing.wall().as_secs_f64();
            let cpu = median(runs.iter().map(|took| took.cpu)).as_secs_f64();
            let peak = mebibytes(standing.peak());
            let made = mebibytes(*bytes);
            self.line(&format!("| {name} | {wall:.2} s | {cpu:.2} s | {peak:.0} MiB | {made:.1} MiB |"));
        }
        self.line("");
    }

    pub(crate) fn goals(&mut self) {
        self.line("| goal | found | |");
        self.line("| --- | --- | --- |");
    }

    /// A row of the goals.
    pub(crate) fn goal(&mut self, goal: &str, found: &str, met: bool) {
        self.missed += usize::from(!met);
        self.line(&format!("| {goal} | {found} | {} |", if met { "met" } else { "**MISSED**" }));
    }

    /// That one takes at most this share of the other's wall time.
    pub(crate) fn at_most(&mut self, own: &Standing, other: &Standing, share: f64) {
        let (medians, found) = shares(own, other);
        self.goal(&format!("wall time of {} / {} ≤ {share}", own.name, other.name), &found, medians <= share);
    }

    /// What share one takes of the wall time of another, which does less.
    pub(crate) fn told(&mut self, own: &Standing, other: &Standing) {
        let (_, found) = shares(own, other);
        self.line(&format!("| wall time of {} / {}, which does less | {found} | no goal |", own.name, other.name));
    }
}
