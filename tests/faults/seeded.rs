//! Faults chosen by a seed: refusals, lost answers, delays, deaths, interrupts and clocks that jump, at any call.

use std::collections::BTreeMap;
use std::time::Duration;

use sonae::fakes::{Call, Edge, FaultScript, Injected};
use sonae::ports::Cause;
use sonae::primitives::Digest;
use sonae::run::{End, Outcome, StepEnd};
use sonae::steps::StepOutput;

use super::journey::{
    Ending, Journey, assert_consistent, assert_no_leftovers, assert_restored, assert_subset, keys, read_all, simulate,
    unbroken,
};
use super::scene::{Past, Scene};

/// A row of numbers that a seed gives.
struct Dice(u64, u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.1 += 1;
        let digest = Digest::of(format!("{} {}", self.0, self.1).as_bytes());
        digest.as_bytes().iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte)) % limit
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// The calls that a backup or a restore makes.
const OPS: [&str; 20] = [
    "store",
    "store.list",
    "store.head",
    "store.read",
    "store.uploads",
    "store.begin",
    "store.part",
    "store.finish",
    "store.abort",
    "store.delete",
    "tree",
    "tree.stat",
    "tree.list",
    "tree.open",
    "tree.rename",
    "tree.remove",
    "file",
    "destination",
    "command",
    "journal",
];

fn injected(dice: &mut Dice) -> Injected {
    match dice.below(8) {
        0 => Injected::RefuseOnce(Cause::Busy),
        1..3 => Injected::RefuseOnce(Cause::Other),
        3..6 => Injected::LoseAnswer,
        6 => Injected::Delay(Duration::from_millis(dice.below(90_000))),
        _ => Injected::RefuseForGood(dice.one_of(&[Cause::Denied, Cause::Full, Cause::Other])),
    }
}

fn script(dice: &mut Dice) -> FaultScript {
    let rules = dice.below(6);
    let script = (0..rules).fold(FaultScript::new(), |script, _| {
        let (op, what) = (dice.one_of(&OPS), injected(dice));
        if dice.below(3) == 0 {
            script.chance(op, 1 + dice.below(200), what)
        } else {
            script.nth(op, 1 + dice.below(12), what)
        }
    });
    // Slow enough for an interrupt to come in between.
    script.chance("store", 300, Injected::Delay(Duration::from_millis(500)))
}

/// What a seed led to.
#[derive(Debug, PartialEq, Eq)]
struct Story {
    history: Vec<Call>,
    left: Vec<String>,
    end: End,
    deaths: u64,
    interrupts: u64,
    restarts: u64,
    jumped: bool,
}

/// Runs through what the seed has in store, then to the end without faults.
async fn suffer(scene: &Scene, journey: &Journey, dice: &mut Dice, story: &mut Story) -> Outcome {
    for _ in 0..1 + dice.below(4) {
        scene.world.restart();
        scene.world.script(script(dice));
        for _ in 0..dice.below(4) {
            let edge = dice.one_of(&[Edge::Before, Edge::After]);
            scene.world.crash_at(dice.one_of(&OPS), 1 + dice.below(25), edge);
        }
        if dice.below(5) == 0 {
            story.jumped = true;
            scene.world.clock().advance(jiff::SignedDuration::from_hours(dice.below(100) as i64 - 50));
        }
        let interrupt = (dice.below(3) == 0).then(|| Duration::from_millis(dice.below(12_000)));
        story.restarts += 1;
        match journey.attempt(interrupt).await {
            None => break,
            Some(Ending::Over(outcome)) if outcome.end != End::Interrupted => break,
            Some(Ending::Over(outcome)) => {
                story.interrupts += 1;
                assert_consistent(&outcome);
            }
            Some(Ending::Died) => story.deaths += 1,
            Some(Ending::Broken) => {}
        }
    }
    journey.to_the_end().await
}

/// Whether a deletion did less than was forecast: a manifest that was refused for good when it was looked at again, for instance, is none
/// that may go.
fn has_omitted(outcome: &Outcome) -> bool {
    outcome.steps.iter().any(|step| {
        let StepEnd::Done(output) = &step.end else { return false };
        matches!(&**output, StepOutput::Deleted(deleted) if !deleted.omitted.is_empty())
    })
}

/// One seed from its first day to its last.
fn live(seed: u64, past: &Past) -> Story {
    simulate(async {
        let mut dice = Dice(seed, 0);
        let scene = Scene::with(seed, past);
        let scene = if dice.below(2) == 0 { scene.with_leftovers().await } else { scene };
        let is_backup = dice.below(3) > 0;
        let forecast = if is_backup { scene.backup().await } else { scene.restore().await };
        let journey = Journey::new(&scene.world, forecast, 1 + dice.below(3) as usize);
        let (left, end) = (vec![], End::Failed);
        let mut story = Story { history: vec![], left, end, deaths: 0, interrupts: 0, restarts: 0, jumped: false };
        let outcome = suffer(&scene, &journey, &mut dice, &mut story).await;
        assert_consistent(&outcome);
        assert_subset(&outcome);
        story.end = outcome.end;
        let held = read_all(&scene.world, journey.forecast()).await;
        story.left = held.iter().map(|(place, what)| format!("{place:?} {what}")).collect();
        match (is_backup, outcome.end) {
            (true, End::Complete) if !story.jumped && !has_omitted(&outcome) => {
                as_unbroken(&scene, &journey, past, &held).await
            }
            (true, _) => {}
            (false, End::Complete) => {
                assert_restored(&scene.world, &[("/srv/docs", "/back/docs"), ("/srv/mail", "/back/mail/srv/mail")])
            }
            (false, _) => {}
        }
        if is_backup {
            days_later(&scene).await;
        }
        story.history = scene.world.history();
        story
    })
}

/// The stores are what they are where nothing goes wrong. What leftovers there were is gone either way.
async fn as_unbroken(
    scene: &Scene,
    journey: &Journey,
    past: &Past,
    held: &BTreeMap<sonae::catalog::PointPlace, String>,
) {
    assert_no_leftovers(&scene.world, journey.forecast(), false);
    let other = Scene::with(journey.forecast().at.as_second() as u64, past);
    other.world.clock().set(journey.forecast().at);
    let forecast = other.backup().await;
    assert_eq!(forecast.run, journey.forecast().run);
    unbroken(&other.world, forecast, 1).await;
    assert_eq!(keys(&other.world, journey.forecast()), keys(&scene.world, journey.forecast()));
    assert_eq!(read_all(&other.world, journey.forecast()).await, *held);
}

/// Whatever happened, a run of all jobs some days later succeeds and leaves nothing lying about. (So many days that a
/// clock which was set back has come far enough.)
async fn days_later(scene: &Scene) {
    scene.world.clock().advance(jiff::SignedDuration::from_hours(10 * 24));
    let forecast = scene.backup().await;
    let outcome = unbroken(&scene.world, forecast.clone(), 2).await;
    assert_eq!(outcome.end, End::Complete, "{outcome:#?}");
    assert_no_leftovers(&scene.world, &forecast, true);
    read_all(&scene.world, &forecast).await;
}

#[test]
fn whatever_happens_no_point_is_lost_and_the_run_ends_as_if_nothing_had() {
    let asked = std::env::var("SONAE_SEEDS").ok();
    let seeds: u64 = asked.as_deref().map_or(50, |text| text.parse().expect("SONAE_SEEDS is a number"));
    let past = Past::of(41, 4);
    let (mut ends, mut deaths, mut interrupts, mut restarts, mut calls) = (BTreeMap::new(), 0, 0, 0, 0);
    for seed in 0..seeds {
        let story = std::panic::catch_unwind(|| live(seed, &past)).unwrap_or_else(|_| panic!("seed {seed}"));
        *ends.entry(story.end.exit().code()).or_insert(0_u64) += 1;
        deaths += story.deaths;
        interrupts += story.interrupts;
        restarts += story.restarts;
        calls += story.history.len();
    }
    let figures = format!(
        "{seeds} seeds, {calls} calls: {restarts} attempts under faults, {deaths} deaths, {interrupts} interrupts; exit statuses {ends:?}"
    );
    if asked.is_some() {
        sonae_says(&figures);
    }
    assert!(deaths > seeds / 5 && interrupts > 0 && ends.contains_key(&0) && ends.contains_key(&4), "{figures}");
}

#[expect(clippy::print_stderr, reason = "the long mode is asked for by a person, who wants the figures")]
fn sonae_says(figures: &str) {
    eprintln!("{figures}");
}

#[test]
fn the_same_seed_is_the_same_story() {
    let past = Past::of(41, 2);
    for seed in 0..6 {
        assert_eq!(live(seed, &past), live(seed, &past), "seed {seed}");
    }
}
