//! A tick with nothing due: what cron calls every few minutes, for years, and what most of its calls come to.

use std::fs;
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sonae::primitives::{RunId, Slot};

use super::contest::{Findings, median};
use super::launch::mebibytes;
use super::machine;
use super::place::{Outcome, Place, SONAE, Took, stage};

const BYTES_FREE: u64 = 1 << 30;
const FILES_FREE: u64 = 40_000;

/// A backup every five minutes.
const EVERY: SignedDuration = SignedDuration::from_mins(5);
/// Its points: of a month and some days.
const POINTS: u32 = 10_000;
/// Its journals, of which a tick looks at those of the last day.
const JOURNALS: u32 = 300;
const ROUNDS: usize = 31;

const WALL_MS_MAX: u128 = 25;
const PEAK_MAX: u64 = 20 << 20;

const PLAN: &str = r#"
plan "bench" { timezone "UTC"; }
store "disk" { local path="store"; }
target "tree" { files "tree"; backup "often" { schedule every="5m"; archive "tar.zip"; store "disk"; }; }
restore "tree" { recover "tree" { into path="restored"; }; }
"#;

const TICK: [&str; 5] = [SONAE, "run", "plan.kdl", "--due", "--host=web-1"];

/// The tick, beside another tool of which not more is asked than its version.
pub(crate) fn tick() -> Outcome<Findings> {
    let place = Place::new(BYTES_FREE, FILES_FREE)?;
    fs::write(place.path("plan.kdl"), PLAN)?;
    fs::create_dir(place.path("tree"))?;
    fs::write(place.path("tree/file"), "a file")?;
    // The first tick takes note that the backup is new; the point and the journal that a run makes are then multiplied.
    place.run(&[stage(TICK)], None)?;
    place.run(&[stage([SONAE, "run", "plan.kdl", "--all", "--quiet", "--host=web-1"])], None)?;
    eprintln!("archives: making {POINTS} points and {JOURNALS} journals");
    let now = a_slot_with_time_left();
    points(&place.path("store/bench/tree/often/web-1"), now)?;
    journals(&place.path("state/sonae/runs"), now)?;
    let tick = measured(&place, &TICK)?;
    let said = fs::read_to_string(place.path("told"))?;
    if !said.contains("nothing is due") {
        return Err(format!("something was due: {said}").into());
    }
    let peer = ["borgmatic", "--version"];
    let peer = match machine::install(&peer[..1]) {
        Ok(()) => Some((format!("{} (`--version`)", machine::version(peer[0])?), measured(&place, &peer)?)),
        Err(_not_to_be_had) => None,
    };
    Ok(findings(&tick, peer.as_ref()))
}

fn findings(tick: &[Took], peer: Option<&(String, Vec<Took>)>) -> Findings {
    let mut findings = Findings::default();
    findings.line(&format!("| median of {ROUNDS} | wall time | CPU time | peak memory |"));
    findings.line("| --- | --: | --: | --: |");
    let mut row = |name: &str, runs: &[Took]| {
        let [wall, cpu] = [wall_ms(runs), median(runs.iter().map(|took| took.cpu)).as_secs_f64() * 1000.0];
        findings.line(&format!("| {name} | {wall:.1} ms | {cpu:.1} ms | {:.1} MiB |", mebibytes(peak(runs))));
    };
    row("sonae run --due", tick);
    if let Some((name, runs)) = peer {
        row(name, runs);
    }
    findings.line("");
    findings.goals();
    let slowest = tick.iter().map(|took| took.wall).max().unwrap_or_default().as_secs_f64() * 1000.0;
    let is_quick = median(tick.iter().map(|took| took.wall)).as_millis() < WALL_MS_MAX;
    let goal = format!("wall time, median of {ROUNDS}, ≤ {WALL_MS_MAX} ms");
    findings.goal(&goal, &format!("{:.1} ms; the slowest {slowest:.1} ms", wall_ms(tick)), is_quick);
    let goal = format!("peak memory ≤ {:.0} MiB", mebibytes(PEAK_MAX));
    findings.goal(&goal, &format!("{:.1} MiB", mebibytes(peak(tick))), peak(tick) <= PEAK_MAX);
    findings
}

fn wall_ms(runs: &[Took]) -> f64 {
    median(runs.iter().map(|took| took.wall)).as_secs_f64() * 1000.0
}

fn peak(runs: &[Took]) -> u64 {
    runs.iter().map(|took| took.peak).max().unwrap_or_default()
}

/// Runs it once unmeasured, so that what it reads is in memory, and then again and again.
fn measured(place: &Place, words: &[&str]) -> Outcome<Vec<Took>> {
    let pipeline = [stage(words.iter().copied())];
    place.run(&pipeline, Some("told"))?;
    (0..ROUNDS).map(|_| place.run(&pipeline, Some("told"))).collect()
}

/// The time that is the newest one scheduled, with a minute or more until the next: no backup becomes due while it is measured.
fn a_slot_with_time_left() -> Timestamp {
    let every_s = EVERY.as_secs();
    loop {
        let now = Timestamp::now().as_second();
        if now % every_s < every_s - 60 {
            return Timestamp::from_second(now - now % every_s).expect("it is about now");
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

/// Gives the files of the one point that is there the names of many: one each five minutes, the last at `newest`.
fn points(folder: &Path, newest: Timestamp) -> io::Result<()> {
    let made: Vec<(String, std::path::PathBuf)> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())))
        .collect::<io::Result<_>>()?;
    let of_point = |(name, path): (String, std::path::PathBuf)| Some((name.split_once('.')?.1.to_owned(), path));
    let parts: Vec<(String, std::path::PathBuf)> =
        made.into_iter().filter(|(name, _)| name.starts_with('2')).filter_map(of_point).collect();
    for number in (0..POINTS).rev() {
        let slot = newest - EVERY * i32::try_from(number).unwrap_or(i32::MAX);
        let point = RunId::new(slot, number).point(Slot::new(slot));
        for (end, path) in &parts {
            fs::hard_link(path, folder.join(format!("{point}.{end}")))?;
        }
    }
    Ok(())
}

/// Gives the journal that is there the names of many.
fn journals(folder: &Path, newest: Timestamp) -> Outcome<()> {
    let made = fs::read_dir(folder)?.next().ok_or("a run leaves a journal")??.path();
    for number in 0..JOURNALS {
        let began = newest - EVERY * i32::try_from(number)?;
        fs::copy(&made, folder.join(format!("{}.jsonl", RunId::new(began, number))))?;
    }
    Ok(())
}
