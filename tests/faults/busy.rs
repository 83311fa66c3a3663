//! Files that cannot be had just now: they are tried again, then named; they do not fail the whole backup, as a shortage of the machine does.

use std::time::Duration;

use sonae::catalog::{Named, Part, PointPlace};
use sonae::fakes::{FaultScript, Injected};
use sonae::ports::Cause;
use sonae::primitives::Key;
use sonae::run::{End, Outcome};
use sonae::steps::StepOutput;

use super::journey::{simulate, unbroken};
use super::scene::{Past, Scene};

/// Of this seed the mail has 9,000 bytes, and this file 3,000: without it, no guard speaks up.
const SEED: u64 = 3;
const FILE: &str = "/srv/mail/new/1";
const BUSY: Injected = Injected::RefuseOnce(Cause::Busy);

/// The next backup, where this goes wrong.
async fn run(past: &Past, script: FaultScript) -> (Scene, Outcome) {
    let scene = Scene::with(SEED, past);
    scene.world.tree().put_file("/srv/mail/old/x", "old");
    let forecast = scene.backup().await;
    scene.world.script(script);
    let outcome = unbroken(&scene.world, forecast, 1).await;
    (scene, outcome)
}

/// What the new point of the mail could not read, and which archive it is.
fn mail(outcome: &Outcome) -> Option<(Named, Key)> {
    let of_step = |step: &sonae::run::StepOutcome| match &step.end {
        sonae::run::StepEnd::Done(output) => match &**output {
            StepOutput::Committed(manifest) if manifest.job.to_string() == "mail/nightly" => {
                Some((manifest.unread.clone(), PointPlace::key(&manifest.place(), Part::Archive)))
            }
            _ => None,
        },
        _ => None,
    };
    outcome.steps.iter().find_map(of_step)
}

#[test]
fn a_file_that_is_busy_for_a_moment_is_backed_up() {
    let past = Past::of(SEED, 1);
    simulate(async {
        let (scene, outcome) = run(&past, FaultScript::new()).await;
        assert_eq!(outcome.end, End::Complete);
        let (_, key) = mail(&outcome).unwrap();
        let whole = scene.world.store("vault").objects()[&key].clone();
        for op in ["tree.open", "file.read"] {
            for times in 1..=3 {
                let script = (1..=times).fold(FaultScript::new(), |script, nth| script.nth_on(op, FILE, nth, BUSY));
                let before = tokio::time::Instant::now();
                let (scene, outcome) = run(&past, script).await;
                assert_eq!(outcome.end, End::Complete, "{op} {times}");
                assert_eq!(mail(&outcome), Some((Named::default(), key.clone())), "{op} {times}");
                assert!(scene.world.store("vault").objects()[&key] == whole, "{op} {times}: another archive");
                // It was waited for, and the step was not begun anew after its second.
                let waited = before.elapsed();
                assert_eq!(waited, Duration::from_millis(250 * times), "{op} {times}");
            }
        }
    });
}

#[test]
fn a_file_that_stays_busy_is_named_and_the_rest_is_backed_up() {
    let past = Past::of(SEED, 1);
    simulate(async {
        // A folder is named as a file is, and what is in it is left out.
        for (op, path) in [("tree.open", FILE), ("file.read", FILE), ("tree.list", "/srv/mail/old")] {
            let (_, outcome) = run(&past, FaultScript::new().always_on(op, path, BUSY)).await;
            assert_eq!((outcome.end, outcome.end.exit().code()), (End::NotClean, 5), "{op}");
            let (unread, _) = mail(&outcome).unwrap();
            assert_eq!((unread.count, unread.first[0].path.to_string().as_str()), (1, path), "{op}");
            assert_eq!(unread.first[0].why, "refused for now", "{op}");
        }
    });
}

#[test]
fn thousands_of_busy_files_are_not_waited_for() {
    let past = Past::of(SEED, 1);
    simulate(async {
        let scene = Scene::with(SEED, &past);
        for number in 0..2_000 {
            scene.world.tree().put_file(format!("/srv/mail/busy/{number:04}"), "x");
        }
        let forecast = scene.backup().await;
        scene.world.script(FaultScript::new().always_on("tree.open", "/srv/mail/busy", BUSY));
        let before = tokio::time::Instant::now();
        let outcome = unbroken(&scene.world, forecast, 1).await;
        assert_eq!(mail(&outcome).unwrap().0.count, 2_000);
        assert_eq!(before.elapsed(), Duration::from_secs(30));
    });
}

#[test]
fn a_shortage_of_the_machine_names_no_file_and_the_step_is_tried_again() {
    let past = Past::of(SEED, 1);
    simulate(async {
        let short = Injected::RefuseOnce(Cause::Other);
        let (_, outcome) = run(&past, FaultScript::new().nth_on("tree.open", FILE, 1, short)).await;
        assert_eq!(outcome.end, End::Complete, "the second try of the step finds all well");
        assert_eq!(mail(&outcome).unwrap().0, Named::default());
        let (_, outcome) = run(&past, FaultScript::new().always_on("tree.open", FILE, short)).await;
        assert_eq!((outcome.end, mail(&outcome)), (End::Failed, None), "no point lacks a file for that");
    });
}
