//! A failed step stops what depends on it, and nothing else.

use sonae::fakes::{FaultScript, Injected};
use sonae::ports::Cause;
use sonae::run::{End, StepEnd};

use super::journey::{assert_consistent, simulate, unbroken};
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
