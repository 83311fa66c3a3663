//! `run --due` with the real program: two weeks of ticks on a faked clock, ticks that are killed, and ticks beside a run.

use std::collections::BTreeMap;
use std::process::Command;

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rustix::process::Signal;
use sonae::catalog::ScheduleMark;
use sonae::primitives::Slot;

use super::Check;
use super::child::{Edge, killed_at};
use super::interrupts::{begun, runs, send, slow};
use super::leftovers::{journals, whole_points};
use super::needs::Need;
use super::noise::noise;
use super::scene::{ONE_JOB, SONAE, Said, Scene};

/// The clock of one program, faked by libfaketime.
pub(crate) const FAKETIME: Need = Need::Program("faketime", "faketime");

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "two weeks of ticks around a change of time fill each slot once",
        needs: &[FAKETIME],
        run: two_weeks,
    },
    Check { name: "a clock that jumps back and forth fills each slot once", needs: &[FAKETIME], run: jumps },
    Check { name: "a tick goes on with one that was killed, wherever that was", needs: &[], run: killed },
    Check { name: "a tick beside a run that is alive does nothing", needs: &[], run: alive },
    Check { name: "a tick does not wait for a slow job of the one before it", needs: &[], run: independent },
    Check {
        name: "a run that dies each time that a tick goes on with it is left for a while",
        needs: &[],
        run: in_vain,
    },
    Check { name: "a tick leaves to people what people interrupted", needs: &[], run: interrupted },
];

/// Two jobs on clocks of their own. Nothing is ever deleted, so that the points tell what was done.
const TWO_JOBS: &str = r#"
plan "one" { timezone "Europe/Berlin"; }
store "local" { local path="store"; }
target "files" {
    files "source"
    backup "night" { schedule "daily" at="02:30"; archive "tar.zip"; store "local"; }
    backup "often" { schedule every="8h"; archive "tar.zip"; store "local"; }
}
restore "files" { recover "files" { into path="restored"; }; }
"#;

const TICK: [&str; 4] = ["run", "plan.kdl", "--due", "--quiet"];

fn small(plan: &str) -> Scene {
    let scene = Scene::in_memory(plan);
    std::fs::create_dir(scene.path("source")).unwrap();
    std::fs::write(scene.path("source/file"), "x").unwrap();
    scene
}

/// faketime names what it shares with what it starts by its own process id, and ends where that is there: one that was killed leaves it to
/// whoever is given that id next. The shell's id is the one that faketime has after it.
const FAKED: &str =
    r#"rm -f "/dev/shm/sem.faketime_sem_$$" "/dev/shm/faketime_shm_$$"; exec faketime --exclude-monotonic -f "$@""#;

/// The program in this scene, its clock beginning at that time. The monotonic clock is left alone: timers go by it.
pub(crate) fn sonae_at(scene: &Scene, at: Timestamp) -> Command {
    let start = at.strftime("@%Y-%m-%d %H:%M:%S").to_string();
    let mut command = scene.command("sh", &["-c", FAKED, "faketime", &start, SONAE]);
    // The start is read as local time; what files say of their times stays as it is.
    command.env("TZ", "UTC").env("NO_FAKE_STAT", "1");
    command
}

/// A tick whose clock begins at that time. The files of the store have the kernel's own times, which are far from that: where a point was
/// made, that is noticed, and nothing is deleted.
fn tick_at(scene: &Scene, at: Timestamp) -> Said {
    let said = Said::of(sonae_at(scene, at).args(TICK));
    if said.stdout().contains("recovery point") {
        return said.exits(6).says("deletions are suspended");
    }
    said.exits(0)
}

/// How often each slot of a job was done.
fn done(scene: &Scene, job: &str) -> BTreeMap<Timestamp, u32> {
    let mut done = BTreeMap::new();
    for point in scene.points()["points"].as_array().unwrap() {
        if point["job"] == job {
            let slot = Slot::parse(point["slot"].as_str().unwrap()).unwrap();
            *done.entry(slot.time()).or_default() += 1;
        }
    }
    done
}

/// 02:30 in Berlin on each of these days of October 2026. The clock is set back on the 25th, and shows that time twice: the first is meant.
fn nights(days: impl Iterator<Item = i8>) -> Vec<(Timestamp, u32)> {
    let berlin = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
    days.map(|day| (berlin.to_timestamp(date(2026, 10, day).at(2, 30, 0, 0)).unwrap(), 1)).collect()
}

fn two_weeks() {
    let scene = small(TWO_JOBS);
    let (from, to): (Timestamp, Timestamp) =
        ("2026-10-17T22:07:00Z".parse().unwrap(), "2026-11-01T00:00:00Z".parse().unwrap());
    let is_off =
        |at: Timestamp| (date(2026, 10, 28)..date(2026, 10, 30)).contains(&at.to_zoned(jiff::tz::TimeZone::UTC).date());
    let (mut now, mut missed) = (from, vec![]);
    while now < to {
        if !is_off(now) {
            let said = tick_at(&scene, now);
            missed.extend(said.stderr().lines().map(str::to_owned));
        }
        now += SignedDuration::from_mins(40);
    }
    // The host was off for two nights: one of them was caught up, and the other is told.
    let on = "02:30:00 Europe/Berlin";
    assert_eq!(done(&scene, "files/night").into_iter().collect::<Vec<_>>(), nights((18..=27).chain([29, 30, 31])));
    let told: Vec<&String> =
        missed.iter().filter(|line| line.contains("files/night") && line.contains("missed")).collect();
    assert_eq!(told.len(), 1, "{missed:?}");
    assert!(told[0].contains(&format!("missed: 1, caught up by this one run: 2026-10-28 {on}")), "{missed:?}");
    let mut slot: Timestamp = "2026-10-18T00:00:00Z".parse().unwrap();
    let mut often = vec![];
    while slot < to {
        // When it is back, midnight's is the newest.
        if !is_off(slot) {
            often.push((slot, 1));
        }
        slot = slot.checked_add(8.hours()).unwrap();
    }
    assert_eq!(done(&scene, "files/often").into_iter().collect::<Vec<_>>(), often);
}

fn jumps() {
    let scene = small(TWO_JOBS);
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let ticks = |from: &str, to: &str| {
        let mut now = at(from);
        while now < at(to) {
            let _said = tick_at(&scene, now);
            now += SignedDuration::from_mins(20);
        }
    };
    ticks("2026-10-20T12:00:00Z", "2026-10-21T02:00:00Z");
    // Five hours back, and on again.
    ticks("2026-10-20T21:05:00Z", "2026-10-21T12:00:00Z");
    // A day and a half ahead, for one tick; then right again.
    let _said = tick_at(&scene, at("2026-10-23T01:00:00Z"));
    ticks("2026-10-21T12:10:00Z", "2026-10-24T02:00:00Z");
    let expected: Vec<(Timestamp, u32)> = nights(21..=24);
    let night = done(&scene, "files/night");
    assert!(night.values().all(|times| *times == 1), "{night:?}");
    // What ran ahead of its time was done, and the night before it with it.
    let filled: Vec<_> = expected.into_iter().filter(|(slot, _)| *slot != at("2026-10-22T00:30:00Z")).collect();
    assert_eq!(night.into_iter().collect::<Vec<_>>(), filled);
}

/// Says in the store that the job was seen days ago: so it is due.
pub(crate) fn seen(scene: &Scene, job: &str, schedule: &str) {
    seen_at(scene, job, schedule, Timestamp::now() - SignedDuration::from_hours(48));
}

/// Says in the store that the job was first seen then.
pub(crate) fn seen_at(scene: &Scene, job: &str, schedule: &str, at: Timestamp) {
    let at = Slot::new(at);
    let mark = ScheduleMark::of(schedule);
    let host = rustix::system::uname().nodename().to_str().unwrap().to_owned();
    let folder = scene.path("store/one").join(job).join(host);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("first-seen-{at}-{mark}.json")), "{}\n").unwrap();
}

fn killed() {
    let mut deaths = 0;
    for record in 1.. {
        let scene = small(ONE_JOB);
        seen(&scene, "files/now", "daily 05:30 UTC");
        let edge = if record % 2 == 0 { Edge::Before } else { Edge::After };
        let (_, at) = killed_at(&scene, &TICK, record, edge);
        let Some(at) = at else { break };
        deaths += 1;
        scene.sonae(&TICK).exits(0);
        scene.sonae(&TICK).exits(0);
        let points = whole_points(&scene);
        assert_eq!(points.len(), 1, "killed at {at}");
        assert!(points[0].1.contains("T053000Z-"), "killed at {at}: {points:?}");
    }
    assert!(deaths >= 10, "{deaths}");
}

fn alive() {
    let scene = slow();
    seen(&scene, "files/now", "daily 05:30 UTC");
    let (first, _) = begun(&scene, scene.start(&TICK), &[], 2);
    send(&first, Signal::STOP);
    let said = scene.sonae(&TICK).exits(0);
    assert_eq!((said.stdout(), said.stderr().contains("run")), (String::new(), false), "{said}");
    scene.sonae(&["run", "plan.kdl", "--due"]).exits(0).says("files/now: running: a run of it has not ended");
    scene.sonae(&["run", "plan.kdl", "--due", "--dry-run"]).exits(0).says("a run of it has not ended");
    scene.sonae(&["run", "plan.kdl", "files/now"]).exits(11);
    send(&first, Signal::CONT);
    Said::of_child(first).exits(0);
    scene.sonae(&TICK).exits(0);
    assert_eq!(whole_points(&scene).len(), 1);
}

/// A job that is done while the slow one of the same run takes its time.
const QUICK_JOB: &str = r#"
target "quick" { files "quick"; backup "now" { schedule every="1m"; archive "tar.zip"; store "local"; }; }
restore "quick" { recover "quick" { into path="restored-quick"; }; }
"#;

/// Whether somebody holds a lock whose name has this in it.
fn is_locked(scene: &Scene, name: &str) -> bool {
    let locks = std::fs::read_dir(scene.path("state/sonae/locks")).unwrap().map(|entry| entry.unwrap().path());
    let mut of_name = locks.filter(|path| path.to_string_lossy().contains(name)).peekable();
    assert!(of_name.peek().is_some(), "there is no lock of {name}");
    of_name.any(|path| std::fs::File::open(path).unwrap().try_lock().is_err())
}

fn independent() {
    let scene = slow();
    std::fs::write(scene.plan(), [ONE_JOB, QUICK_JOB].concat()).unwrap();
    std::fs::create_dir(scene.path("quick")).unwrap();
    std::fs::write(scene.path("quick/file"), "x").unwrap();
    for number in 4..12 {
        std::fs::write(scene.path("source").join(format!("large-{number}")), noise(number, 24 << 20)).unwrap();
    }
    seen(&scene, "files/now", "daily 05:30 UTC");
    seen(&scene, "quick/now", "every 60");
    let (first, run) = begun(&scene, scene.start(&TICK), &[], 2);
    // What ends a job is that what it keeps no longer is deleted.
    let ended = || {
        let ends = |line: &&String| line.contains(r#""record":"finished""#) && line.contains(r#""yield":"deleted""#);
        journals(&scene)[&run].iter().filter(ends).count()
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(120);
    // The lock is let go once that stands on the disk.
    while ended() == 0 || is_locked(&scene, "quick") {
        assert!(std::time::Instant::now() < patience, "the quick job does not come to its end");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    send(&first, Signal::STOP);
    // The slow one has much more to pack than the quick one: wherever it is by now, it has not ended.
    assert_eq!(ended(), 1, "the slow one has ended as well");
    assert_eq!((done(&scene, "files/now").len(), done(&scene, "quick/now").len()), (0, 1));
    scene.sonae(&["run", "plan.kdl", "files/now"]).exits(11);
    scene.sonae(&["run", "plan.kdl", "quick/now"]).exits(0);
    scene.sonae(&TICK).exits(0);
    assert!(done(&scene, "quick/now").len() >= 2);
    send(&first, Signal::CONT);
    Said::of_child(first).exits(0);
    assert_eq!(done(&scene, "files/now").len(), 1);
}

fn in_vain() {
    let scene = small(ONE_JOB);
    seen(&scene, "files/now", "daily 05:30 UTC");
    let (_, at) = killed_at(&scene, &TICK, 4, Edge::After);
    assert_eq!(at.as_deref(), Some("pack started"));
    // The first time at once: it resumes, begins to pack, and dies again.
    let (_, at) = killed_at(&scene, &TICK, 2, Edge::After);
    assert_eq!(at.as_deref(), Some("pack started"));
    let run = runs(&scene).pop().unwrap();
    for _ in 0..2 {
        let said = scene.sonae(&TICK).exits(75);
        let said = said.says(&format!("run {run} was resumed once, and died before anything more of it was done"));
        assert!(said.stdout().is_empty(), "{said}");
    }
    assert_eq!((runs(&scene).len(), whole_points(&scene).len()), (1, 0), "no other run is begun in its place");
    scene.sonae(&["resume", &run]).exits(0);
    scene.sonae(&TICK).exits(0);
    assert_eq!((runs(&scene).len(), whole_points(&scene).len()), (1, 1));
}

fn interrupted() {
    let scene = slow();
    seen(&scene, "files/now", "daily 05:30 UTC");
    // A tick that the machine stops, as when it is shut down, is gone on with.
    let (first, run) = begun(&scene, scene.start(&TICK), &[], 2);
    send(&first, Signal::TERM);
    Said::of_child(first).exits(130);
    scene.sonae(&["run", "plan.kdl", "--due"]).exits(0).says(&format!("resuming run {run}"));
    assert_eq!(whole_points(&scene).len(), 1);
    // A run by hand that somebody interrupts is theirs.
    let (second, run) = begun(&scene, scene.start(&["run", "plan.kdl", "files/now"]), &runs(&scene), 2);
    send(&second, Signal::INT);
    Said::of_child(second).exits(130);
    scene.sonae(&TICK).exits(0);
    assert_eq!(whole_points(&scene).len(), 1);
    scene.sonae(&["resume", &run]).exits(0);
    assert_eq!(whole_points(&scene).len(), 2);
}
