//! What other backup programs keep by their rules, beside what is kept here by the same ones: `docs/calendar.md` says where they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::process::Command;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use sonae::retention::{CalendarUnit, Candidate, Rules, Verdict, decide};

use super::Check;
use super::needs::Need;
use super::scene::Scene;

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "restic keeps the same points by the same rules",
        needs: &[Need::Program("restic", "restic")],
        run: restic,
    },
    Check {
        name: "borg keeps the same points by each of its rules alone",
        needs: &[Need::Program("borg", "borgbackup")],
        run: borg,
    },
];

/// The moments that points are of: daily for a month with a few more on some days, then ever rarer, over three years and a leap day.
fn moments() -> Vec<Timestamp> {
    let newest = Timestamp::constant(1_741_426_200, 0);
    let hours = [0, 1, 2, 5, 23, 24, 25, 48, 49, 71, 72, 100, 168, 169, 190, 336, 400, 504, 700, 720, 1_440, 2_000];
    let rare = [2_200, 2_904, 4_400, 6_600, 8_760, 8_808, 9_000, 13_000, 17_544, 26_280];
    hours.into_iter().chain(rare).map(|hours| newest - jiff::SignedDuration::from_hours(hours)).collect()
}

const UNITS: [(CalendarUnit, &str); 5] = [
    (CalendarUnit::Hour, "hourly"),
    (CalendarUnit::Day, "daily"),
    (CalendarUnit::Week, "weekly"),
    (CalendarUnit::Month, "monthly"),
    (CalendarUnit::Year, "yearly"),
];

/// So many of each, where it is not 0: the newest, and those thinned out.
type Counts = (u32, [u32; 5]);

fn rules((generations, thinned): &Counts) -> Rules {
    let thinned = UNITS.iter().zip(thinned);
    let thinned = thinned.filter_map(|((unit, _), count)| Some((*unit, NonZeroU32::new(*count)?)));
    Rules { generations: NonZeroU32::new(*generations), within: None, thinned: thinned.collect::<BTreeMap<_, _>>() }
}

fn kept_here(counts: &Counts) -> BTreeSet<Timestamp> {
    let moments = moments();
    let point = |(id, moment): (usize, &Timestamp)| Candidate { id, moment: *moment, good: true };
    let points: Vec<_> = moments.iter().enumerate().map(point).collect();
    let verdicts = decide(&points, &rules(counts), moments[0], &TimeZone::UTC);
    let kept = points.iter().zip(&verdicts).filter(|(_, verdict)| Verdict::keeps(verdict));
    kept.map(|(point, _)| point.moment).collect()
}

/// The options of another program that say the same.
fn options((generations, thinned): &Counts) -> Vec<String> {
    let option = |word: &str, count: u32| (count > 0).then(|| format!("--keep-{word}={count}"));
    let thinned = UNITS.iter().zip(thinned).filter_map(|((_, word), count)| option(word, *count));
    option("last", *generations).into_iter().chain(thinned).collect()
}

/// What a program prints; it must succeed.
fn printed(command: &mut Command) -> String {
    let output = command.env("TZ", "UTC").output().unwrap();
    let (said, complaint) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}{complaint}");
    said + &complaint
}

fn restic() {
    let scene = Scene::in_memory("");
    let restic = |words: &[&str]| {
        let mut command = Command::new("restic");
        let repository = scene.path("repository");
        command.args(["--quiet", "--no-cache", "--repo"]).arg(repository).args(words).current_dir(scene.root());
        printed(command.env("RESTIC_PASSWORD", "known to all").env("HOME", scene.root()))
    };
    restic(&["init"]);
    for moment in moments() {
        let time = moment.strftime("%Y-%m-%d %H:%M:%S").to_string();
        restic(&["backup", "--host", "one", "--time", &time, "plan.kdl"]);
    }
    let all: [Counts; 9] = [
        (3, [0; 5]),
        (0, [4, 0, 0, 0, 0]),
        (0, [0, 7, 0, 0, 0]),
        (0, [0, 0, 5, 0, 0]),
        (0, [0, 0, 0, 12, 0]),
        (0, [0, 0, 0, 0, 2]),
        (0, [0, 7, 5, 12, 75]),
        (2, [24, 7, 4, 6, 1]),
        (1, [1, 1, 1, 1, 1]),
    ];
    for counts in all {
        let mut words = vec!["forget".to_owned(), "--dry-run".into(), "--json".into()];
        words.extend(options(&counts));
        let said = restic(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let groups: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
        let snapshots = groups[0]["keep"].as_array().unwrap();
        let kept: BTreeSet<Timestamp> =
            snapshots.iter().map(|snapshot| snapshot["time"].as_str().unwrap().parse().unwrap()).collect();
        let mut here = kept_here(&counts);
        // While a rule is not filled, newer versions keep the oldest one more.
        if kept.len() > here.len() && !is_filled(&counts) {
            here.insert(oldest());
        }
        assert_eq!(here, kept, "{words:?}");
    }
}

/// Whether there are enough points for every rule.
fn is_filled((generations, thinned): &Counts) -> bool {
    let alone = thinned.iter().enumerate().map(|(unit, count)| {
        let mut only = [0; 5];
        only[unit] = *count;
        (0, only)
    });
    let filled = |counts: Counts| {
        let asked = counts.0 + counts.1.iter().sum::<u32>();
        asked == 0 || kept_here(&counts).len() >= asked as usize
    };
    alone.chain([(*generations, [0; 5])]).all(filled)
}

fn oldest() -> Timestamp {
    moments().into_iter().min().unwrap()
}

fn borg() {
    let scene = Scene::in_memory("");
    let repository = scene.path("repository");
    let borg = |words: &[&str]| {
        let mut command = Command::new("borg");
        command.args(words).current_dir(scene.root()).env("BORG_BASE_DIR", scene.root());
        printed(command.env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes").env("BORG_REPO", &repository))
    };
    borg(&["init", "--encryption", "none"]);
    for (number, moment) in moments().iter().enumerate() {
        let time = moment.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        borg(&["create", "--timestamp", &time, &format!("::p{number}"), "plan.kdl"]);
    }
    for (unit, most) in [[4_u32, 40], [7, 30], [5, 20], [12, 30], [2, 9]].iter().enumerate() {
        for count in most {
            let mut thinned = [0; 5];
            thinned[unit] = *count;
            let mut words = vec!["prune".to_owned(), "--dry-run".into(), "--list".into()];
            words.extend(options(&(0, thinned)));
            let said = borg(&words.iter().map(String::as_str).collect::<Vec<_>>());
            let mut here = kept_here(&(0, thinned));
            // While a rule is not filled, borg keeps the oldest one more.
            if !is_filled(&(0, thinned)) {
                here.insert(oldest());
            }
            assert_eq!(here, kept_by_borg(&said), "{words:?}");
        }
    }
}

/// `Keeping archive (rule: daily #1): p0   Sat, 2025-03-08 09:30:00 […]`, each a line.
fn kept_by_borg(said: &str) -> BTreeSet<Timestamp> {
    let kept = said.lines().filter(|line| line.starts_with("Keeping archive"));
    let number = |line: &str| {
        let name = line.split_whitespace().find_map(|word| word.strip_prefix('p')?.parse::<usize>().ok());
        moments()[name.unwrap_or_else(|| panic!("{line}"))]
    };
    kept.map(number).collect()
}
