//! `kill -9` before and after every record of the journal: a resumed run ends as if nobody had killed it.

use std::collections::BTreeMap;

use super::Check;
use super::child::{Edge, killed_at};
use super::leftovers::{self, Listed, has_ended, journals, whole_points};
use super::scene::{Scene, fill};
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "a backup killed before and after each journal record ends as if it had not been",
        needs: &[],
        run: backups,
    },
    Check {
        name: "a restore killed before and after each journal record ends as if it had not been",
        needs: &[],
        run: restores,
    },
    Check { name: "a resumed backup that is killed too ends as if it had not been", needs: &[], run: killed_twice },
];

/// Three jobs, so that every kind of step is killed three times on each side of each of its records; the retention is filled in.
const THREE_JOBS: &str = r#"
plan "three" { timezone "UTC"; }
store "local" { local path="store"; }
target "a" { files "source/a"; backup "now" { archive "tar.zip"; store "local"; retention generations=KEPT; }; }
target "b" { files "source/b"; backup "now" { archive "tar.zip"; store "local"; retention generations=KEPT; }; }
target "c" { files "source/c"; backup "now" { archive "tar.zip"; store "local"; retention generations=KEPT; }; }
restore "all" {
    recover "a" { into path="restored-a"; }
    recover "b" { into path="restored-b"; }
    recover "c" { into path="restored-c"; }
    probe "a is there" { path "restored-a/000"; }
    probe "b is there" { path "restored-b/000"; }
    probe "c can be listed" { command "ls" "restored-c"; }
}
"#;
const TARGETS: [&str; 3] = ["a", "b", "c"];
/// More records than any of these runs writes.
const RECORDS_MAX: u32 = 200;
/// Each kind of step is killed so often on each side of each of its records.
const KILLS_MIN: u32 = 3;

/// Three recovery points of each job, of which a run deletes all but one.
fn template() -> Scene {
    let scene = Scene::in_memory(&THREE_JOBS.replace("KEPT", "9"));
    for target in TARGETS {
        fill(&scene.path("source").join(target), 12, 3_000);
    }
    for _ in 0..3 {
        scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    }
    std::fs::write(scene.plan(), THREE_JOBS.replace("KEPT", "2")).unwrap();
    scene
}

/// How often a run was killed where: by step kind and record, and edge.
type Histogram = BTreeMap<(String, Edge), u32>;

/// One way to run and kill.
struct Story<'a> {
    template: &'a Scene,
    arguments: &'a [&'a str],
    /// Around which record of the resumption it is killed as well.
    again: fn(u32) -> Option<u32>,
    /// What must hold at the end.
    ends: &'a dyn Fn(&Scene),
}

impl Story<'_> {
    /// Kills around each record, until a run has no more of them.
    fn tell(&self, edges: &[Edge], histogram: &mut Histogram) {
        for edge in edges {
            for record in 1..RECORDS_MAX {
                let scene = self.template.copy();
                let (said, at) = killed_at(&scene, self.arguments, record, *edge);
                let Some(at) = at else {
                    let _said = said.exits(0);
                    break;
                };
                assert!(said.was_killed(), "{said}");
                *histogram.entry((at.clone(), *edge)).or_default() += 1;
                let _points = whole_points(&scene);
                self.go_on(&scene, &at, (self.again)(record));
                (self.ends)(&scene);
                leftovers::assert_none_but_leases(&scene);
            }
        }
    }

    fn go_on(&self, scene: &Scene, at: &str, again: Option<u32>) {
        let before = journals(self.template);
        let new = || journals(scene).into_iter().find(|(run, _)| !before.contains_key(run));
        let resumable = |lines: &[String]| !lines.is_empty() && !has_ended(lines);
        if new().is_some_and(|(_, lines)| resumable(&lines)) {
            if let Some(record) = again {
                let (said, at) = killed_at(scene, &["resume"], record, Edge::After);
                assert!(at.is_none() || said.was_killed(), "{said}");
                let _points = whole_points(scene);
            }
            if new().is_some_and(|(_, lines)| resumable(&lines)) {
                scene.sonae(&["resume"]).exits(0);
            }
        } else if at == "run forecast" {
            // It never began: there is nothing to resume, and nothing in the way.
            scene.sonae(&["resume"]).exits(1).says("no run of this host can be resumed");
            scene.sonae(self.arguments).exits(0);
        }
        let ended = journals(scene).into_iter().filter(|(run, _)| !before.contains_key(run));
        for (run, lines) in ended.filter(|(_, lines)| !lines.is_empty()) {
            assert!(has_ended(&lines), "killed {at}, run {run} did not end: {:?}", lines.last());
        }
    }
}

/// Points without what differs from run to run: those that the template has keep their ids.
fn plain(points: Vec<Listed>, old: &[Listed]) -> Vec<Listed> {
    let known = |point: &String| old.iter().any(|(_, id, _)| id == point);
    let mut plain: Vec<Listed> = points
        .into_iter()
        .map(|(job, point, holds)| {
            let point = if known(&point) { point } else { "new".into() };
            (job, point, holds)
        })
        .collect();
    plain.sort();
    plain
}

/// What an unbroken run leaves.
fn unbroken(template: &Scene, arguments: &[&str], old: &[Listed]) -> Vec<Listed> {
    let scene = template.copy();
    scene.sonae(arguments).exits(0);
    let points = plain(whole_points(&scene), old);
    let new = points.iter().filter(|(_, point, _)| point == "new").count();
    assert_eq!((old.len(), points.len(), new), (9, 6, 3), "of nine points three stay, and three are new: {points:?}");
    points
}

fn backup_story(edges: &[Edge], side_by_side: &str, again: fn(u32) -> Option<u32>, histogram: &mut Histogram) {
    let template = template();
    let old = whole_points(&template);
    let arguments = ["run", "plan.kdl", "--all", "--side-by-side", side_by_side];
    let expected = unbroken(&template, &arguments, &old);
    let ends = |scene: &Scene| assert_eq!(expected, plain(whole_points(scene), &old));
    Story { template: &template, arguments: &arguments, again, ends: &ends }.tell(edges, histogram);
}

fn backups() {
    let mut histogram = Histogram::new();
    backup_story(&Edge::BOTH, "1", |_| None, &mut histogram);
    assert_often(&histogram, &["look", "pack", "read-back", "commit", "delete"]);
    backup_story(&Edge::BOTH, "3", |_| None, &mut histogram);
    print("backups", &histogram);
}

fn restores() {
    let template = template();
    let mut histogram = Histogram::new();
    let expected = TARGETS.map(|target| look(&template.path("source").join(target)));
    let points = whole_points(&template);
    let ends = |scene: &Scene| {
        for (target, expected) in TARGETS.iter().zip(&expected) {
            assert_same(expected, &look(&scene.path(&format!("restored-{target}"))));
        }
        assert_eq!(points, whole_points(scene));
    };
    for side_by_side in ["1", "3"] {
        let arguments = ["restore", "plan.kdl", "all", "--side-by-side", side_by_side];
        let story = Story { template: &template, arguments: &arguments, again: |_| None, ends: &ends };
        story.tell(&Edge::BOTH, &mut histogram);
        assert_often(&histogram, &["recover", "probe"]);
    }
    print("restores", &histogram);
}

fn killed_twice() {
    let mut histogram = Histogram::new();
    // The resumption writes `resumed`, then begins steps: it is killed at one of its first records.
    backup_story(&[Edge::After], "2", |record| Some(1 + record % 5), &mut histogram);
}

fn assert_often(histogram: &Histogram, kinds: &[&str]) {
    for kind in kinds {
        for record in ["started", "finished"] {
            for edge in Edge::BOTH {
                let times = histogram.get(&(format!("{kind} {record}"), edge)).copied().unwrap_or(0);
                assert!(times >= KILLS_MIN, "{} {kind} {record}: killed {times} times", edge.word());
            }
        }
    }
}

fn print(what: &str, histogram: &Histogram) {
    eprintln!("{what} killed by kill -9, and resumed:");
    let mut rows: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    for ((at, edge), times) in histogram {
        rows.entry(at).or_default()[*edge as usize] += times;
    }
    for (at, [before, after]) in rows {
        eprintln!("  {at:<20} {before:>3} times before the record, {after:>3} after");
    }
}
