//! SIGINT and SIGTERM: a run stops, says how to go on, and goes on.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Check;
use super::leftovers::{self, has_ended, journals, whole_points};
use super::noise::noise;
use super::scene::{ONE_JOB, Said, Scene};
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a backup stops for SIGINT and for SIGTERM, and can be resumed", needs: &[], run: backups },
    Check { name: "a restore stops for SIGINT and for SIGTERM, and can be resumed", needs: &[], run: restores },
    Check { name: "a restore that goes on keeps the files that were whole", needs: &[], run: restores_go_on },
];

/// So long to pack that every signal comes in time.
pub(crate) fn slow() -> Scene {
    let scene = Scene::roomy(ONE_JOB);
    let source = scene.path("source");
    std::fs::create_dir(&source).unwrap();
    for number in 0..4 {
        std::fs::write(source.join(format!("large-{number}")), noise(number, 24 << 20)).unwrap();
    }
    scene
}

/// Waits until a run has begun so many steps; answers the run.
pub(crate) fn begun(scene: &Scene, mut child: Child, known: &[String], steps: usize) -> (Child, String) {
    let patience = Instant::now() + Duration::from_secs(120);
    loop {
        let started = |lines: &Vec<String>| lines.iter().filter(|line| line.contains(r#""record":"started""#)).count();
        let found = journals(scene).into_iter().find(|(run, lines)| !known.contains(run) && started(lines) >= steps);
        if let Some((run, _)) = found {
            return (child, run);
        }
        if child.try_wait().unwrap().is_some() || Instant::now() > patience {
            panic!("the run was over before it began step {steps}: {}", Said::of_child(child));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The runs of a scene until now.
pub(crate) fn runs(scene: &Scene) -> Vec<String> {
    journals(scene).into_keys().collect()
}

pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Interrupts a run in its step of that number, and resumes it.
fn interrupt(scene: &Scene, arguments: &[&str], steps: usize, signal: Signal) {
    let known = runs(scene);
    let (child, run) = begun(scene, scene.start(arguments), &known, steps);
    send(&child, signal);
    Said::of_child(child).exits(130).says(&format!("sonae resume {run}")).says("interrupted");
    assert!(!has_ended(&journals(scene)[&run]), "an interrupted run has not ended");
    let _points = whole_points(scene);
    scene.sonae(&["resume", &run]).exits(0).says(&run);
    assert!(has_ended(&journals(scene)[&run]), "a resumed run ends");
    leftovers::assert_none(scene);
    scene.sonae(&["resume", &run]).exits(1).says("has ended");
}

fn backups() {
    let scene = slow();
    // The second step packs, the third reads back.
    for (steps, signal) in [(2, Signal::INT), (2, Signal::TERM), (3, Signal::TERM)] {
        interrupt(&scene, &["run", "plan.kdl", "--all"], steps, signal);
    }
    assert_eq!(whole_points(&scene).len(), 2, "two generations are kept");
}

fn restores() {
    let scene = slow();
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let expected = look(&scene.path("source"));
    for signal in [Signal::INT, Signal::TERM] {
        interrupt(&scene, &["restore", "plan.kdl", "files"], 1, signal);
        assert_same(&expected, &look(&scene.path("restored")));
        std::fs::remove_dir_all(scene.path("restored")).unwrap();
    }
}

/// Files that were whole when it was interrupted, or killed, are the very files that are there at the end.
fn restores_go_on() {
    let scene = slow();
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let expected = look(&scene.path("source"));
    for signal in [Signal::INT, Signal::KILL] {
        let known = runs(&scene);
        let (child, run) = begun(&scene, scene.start(&["restore", "plan.kdl", "files"]), &known, 1);
        let first = until_whole(&scene, "large-0");
        send(&child, signal);
        let _ended = Said::of_child(child);
        if !scene.path("restored").exists() {
            let kept = std::fs::metadata(staged(&scene, "large-0").expect("what was made stays")).unwrap().ino();
            assert_eq!(kept, first);
            scene.sonae(&["resume", &run]).exits(0);
        }
        assert_eq!(std::fs::metadata(scene.path("restored/large-0")).unwrap().ino(), first, "it was made anew");
        assert_same(&expected, &look(&scene.path("restored")));
        leftovers::assert_none(&scene);
        std::fs::remove_dir_all(scene.path("restored")).unwrap();
    }
}

/// Where a file is while its folder is being restored.
fn staged(scene: &Scene, name: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(scene.root()).unwrap().map(|entry| entry.unwrap());
    let staging = entries.filter(|entry| entry.file_name().to_string_lossy().contains(".restoring-"));
    staging.map(|staging| staging.path().join(name)).find(|path| path.exists())
}

/// Waits until a file that is being restored is whole: its time is set last. Answers its inode.
fn until_whole(scene: &Scene, name: &str) -> u64 {
    let mtime = std::fs::metadata(scene.path("source").join(name)).unwrap().modified().unwrap();
    let patience = Instant::now() + Duration::from_secs(120);
    while Instant::now() < patience {
        let places = staged(scene, name).into_iter().chain([scene.path("restored").join(name)]);
        let metas = places.filter_map(|path| std::fs::metadata(path).ok());
        if let Some(meta) = metas.into_iter().find(|meta| meta.modified().unwrap() == mtime) {
            return meta.ino();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{name} was never whole")
}
