//! A failed step stops what depends on it, and nothing else.

use std::time::Duration;

use sonae::fakes::{FaultScript, Injected};
use sonae::ports::{Cause, Locks as _, Meta, StoreRead as _};
use sonae::primitives::PathBytes;
use sonae::run::{End, StepEnd};
use sonae::steps::{Omission, StepOutput, points_lock};

use super::journey::{Ending, Journey, assert_consistent, assert_subset, simulate, unbroken};
use super::scene::{Past, Scene};

/// What each step came to, when every call of `op` on `key` is refused for good.
fn with_refusal(op: &str, key: &str, side_by_side: usize) -> (End, Vec<String>) {
    let past = Past::of(41, 1);
    simulate(async {
        let scene = Scene::with(41, &past);
        let forecast = scene.backup().await;
        scene.world.script(FaultScript::new().always_on(op, key, Injected::RefuseForGood(Cause::Denied)));
        let outcome = unbroken(&scene.world, forecast, side_by_side).await;
        assert_consistent(&outcome);
        let said = outcome.steps.iter().map(|step| {
            let word = match &step.end {
                StepEnd::Done(_) => "done",
                StepEnd::Failed(_) => "failed",
                StepEnd::Skipped(_) => "skipped",
                StepEnd::Unanswered(_) => "unanswered",
                StepEnd::Open => "open",
            };
            format!("{} {word}", outcome.forecast.step(step.step).name)
        });
        (outcome.end, said.filter(|step| !step.ends_with(" done")).collect())
    })
}

#[test]
fn a_job_that_fails_stops_itself_alone() {
    for side_by_side in 1..=3 {
        let (end, steps) = with_refusal("store.begin", "docs/daily", side_by_side);
        assert_eq!(end.exit().code(), 4);
        // `docs/second` comes after it, and does not need it.
        assert_eq!(
            steps,
            [
                "docs/daily/pack failed",
                "docs/daily/read-back skipped",
                "docs/daily/commit skipped",
                "docs/daily/delete skipped"
            ]
        );
    }
}

#[test]
fn a_deletion_that_is_refused_leaves_the_new_point() {
    let (end, steps) = with_refusal("store.list", "mail/nightly", 2);
    assert_eq!((end, steps), (End::Failed, vec!["mail/nightly/delete failed".to_owned()]));
}

#[test]
fn a_source_that_is_gone_stops_the_jobs_of_it() {
    let (end, steps) = with_refusal("tree.stat", "/srv/docs", 3);
    assert_eq!(end, End::Failed);
    assert_eq!(steps.iter().filter(|step| step.starts_with("docs/")).count(), 10);
    assert_eq!(steps.len(), 10);
}

#[test]
fn a_point_is_not_deleted_while_a_restore_reads_points_of_its_job() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past);
        let store = scene.world.store("vault");
        let place = store.real_place().await.unwrap();
        let share = scene.world.journal().try_share(&points_lock(&place, "sim/docs/daily/")).await.unwrap().unwrap();
        let deleted = async || {
            let forecast = scene.backup().await;
            let outcome = unbroken(&scene.world, forecast, 2).await;
            assert_eq!(outcome.end, End::Complete, "a backup is not kept up by a restore");
            assert_subset(&outcome);
            let of_daily = outcome.steps.iter().find_map(|step| match &step.end {
                StepEnd::Done(output) if outcome.forecast.step(step.step).name.as_str() == "docs/daily/delete" => {
                    Some(output.clone())
                }
                _ => None,
            });
            match of_daily.map(|output| *output) {
                Some(StepOutput::Deleted(deleted)) => deleted,
                other => panic!("{other:?}"),
            }
        };
        let while_restored = deleted().await;
        assert_eq!(while_restored.points, []);
        let reasons: Vec<Omission> = while_restored.omitted.iter().map(|(_, why)| why.clone()).collect();
        assert_eq!(reasons, [Omission::BeingRestored]);
        drop(share);
        scene.world.clock().advance(jiff::SignedDuration::from_hours(24));
        let after = deleted().await;
        assert_eq!((after.points.len(), after.omitted.len()), (2, 0), "what was left then goes now");
    });
}

/// A run of which each call of `op` takes two days; it is interrupted after an hour, or not.
fn slow(restore: bool, op: &str, interrupt: bool) {
    let past = Past::of(41, 2);
    simulate(async {
        let scene = Scene::with(41, &past);
        let forecast = if restore { scene.restore().await } else { scene.backup().await };
        let delay = Injected::Delay(Duration::from_secs(2 * 86_400));
        scene.world.script(FaultScript::new().always_on(op, "", delay));
        let journey = Journey::new(&scene.world, forecast, 3);
        let ending = journey.attempt(interrupt.then_some(Duration::from_secs(3_600))).await;
        let Some(Ending::Over(outcome)) = ending else { panic!("it is over") };
        assert_eq!(outcome.end, if interrupt { End::Interrupted } else { End::Failed });
        let timed_out = |end: &StepEnd| matches!(end, StepEnd::Failed(why) if why.answer.contains("not done within"));
        assert_eq!(outcome.steps.iter().any(|step| timed_out(&step.end)), !interrupt, "{op}");
        for store in ["vault", "spare"] {
            assert_eq!(scene.world.store(store).unfinished(), [], "{op}");
        }
        let back = scene.world.tree().everything("/back");
        let left = |back: &[(PathBytes, Meta)]| back.iter().any(|(path, _)| path.to_string().contains(".restoring-"));
        // What a restore made until it was interrupted stays for whoever resumes it.
        assert!(interrupt || !left(&back), "{op}: {back:?}");
        if interrupt {
            assert_eq!(journey.to_the_end().await.end, End::Complete);
            assert!(!left(&scene.world.tree().everything("/back")), "{op}");
        }
    });
}

#[test]
fn a_step_that_is_stopped_leaves_nothing_under_way() {
    for interrupt in [false, true] {
        slow(false, "store.part", interrupt);
        slow(false, "store.finish", interrupt);
        slow(true, "store.read", interrupt);
        slow(true, "tree.rename", interrupt);
    }
}
