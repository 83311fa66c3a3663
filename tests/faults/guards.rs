//! Sources that lost much, and disks that are not mounted: nothing is deleted, and somebody is told.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use sonae::catalog::{Manifest, Part, PointPlace};
use sonae::fakes::{Edge, FaultScript, Injected};
use sonae::forecast::{Action, Forecast, Suspension, TooMany};
use sonae::primitives::{PathBytes, Percentage, PointId};
use sonae::run::{End, Outcome, StepEnd};
use sonae::steps::{Deleted, Omission, StepOutput};

use super::journey::{Ending, Journey, assert_consistent, assert_subset, simulate, unbroken};
use super::scene::{Past, Scene};

/// A day passes, and what that forecast says is carried out.
async fn carry_out(scene: &Scene, forecast: Forecast) -> Outcome {
    let outcome = unbroken(&scene.world, forecast, 2).await;
    assert_consistent(&outcome);
    assert_subset(&outcome);
    scene.world.clock().advance(SignedDuration::from_hours(24));
    outcome
}

async fn run(scene: &Scene) -> Outcome {
    carry_out(scene, scene.backup().await).await
}

/// What became of the deletion of a job.
fn deleted(outcome: &Outcome, job: &str) -> Deleted {
    let name = format!("{job}/delete");
    let of = |step: &&sonae::run::StepOutcome| outcome.forecast.step(step.step).name.as_str() == name;
    match &outcome.steps.iter().find(of).unwrap().end {
        StepEnd::Done(output) => match &**output {
            StepOutput::Deleted(deleted) => deleted.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// The points of `docs/daily`, oldest first.
fn points(scene: &Scene) -> BTreeMap<PointId, Manifest> {
    let objects = scene.world.store("vault").objects();
    let manifests = objects.iter().filter_map(|(key, bytes)| {
        let (place, part) = PointPlace::parse(key)?;
        let wanted = part == Part::Manifest && place.job.to_string() == "docs/daily";
        wanted.then(|| (place.point, Manifest::decode(bytes).unwrap()))
    });
    manifests.collect()
}

#[test]
fn what_was_lost_is_told_every_day_until_it_is_back() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past).with_leftovers().await;
        let before: Vec<PointId> = points(&scene).into_keys().collect();
        let whole = scene.world.tree().content("/srv/docs/a/text").unwrap();
        scene.lose_much();
        for day in 0..4 {
            assert!(scene.backup().await.suspends());
            let outcome = run(&scene).await;
            assert_eq!((outcome.end, outcome.end.exit().code()), (End::Suspended, 6));
            let deleted = deleted(&outcome, "docs/daily");
            let Some(Suspension::Shrunk(shrunk)) = &deleted.suspended else { panic!("day {day}: {deleted:?}") };
            assert_eq!(shrunk.than.point, before[1], "day {day}");
            assert!(deleted.omitted.contains(&(before[0].clone(), Omission::Suspended)), "what the rules would let go");
            assert!(deleted.omitted.iter().all(|(_, why)| *why == Omission::Suspended), "{deleted:?}");
            assert_eq!(deleted.leftovers, u64::from(day == 0), "what is no point goes all the same");
            let now = points(&scene);
            assert!(before.iter().all(|point| now.contains_key(point)));
            assert_eq!(now.values().last().unwrap().shrunk_from, Some(before[1].clone()));
        }
        scene.world.tree().put_file("/srv/docs/a/text", whole);
        // Four of seven would go, which is more than half.
        assert!(matches!(deleted(&run(&scene).await, "docs/daily").suspended, Some(Suspension::TooMany(_))));
        let outcome = carry_out(&scene, scene.backup_deleting().await).await;
        // The lists are still not what they were.
        assert_eq!((outcome.end, deleted(&outcome, "docs/daily").suspended), (End::Suspended, None));
        let now = points(&scene);
        assert!(!now.contains_key(&before[0]) && !now.contains_key(&before[1]), "none but the newest two stay");
        assert!(now.len() == 2 && now.values().all(|manifest| manifest.shrunk_from.is_none()));
    });
}

#[test]
fn what_was_lost_is_let_go_where_somebody_says_that_it_is_meant() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past);
        scene.lose_much();
        assert_eq!(run(&scene).await.end, End::Suspended);
        let forecast = scene.backup_accepted().await;
        assert!(!forecast.suspends());
        let outcome = carry_out(&scene, forecast).await;
        assert_eq!(outcome.end, End::Complete);
        assert_eq!(deleted(&outcome, "docs/daily").points.len(), 1);
        assert_eq!(points(&scene).values().last().unwrap().shrunk_from, None);
        // From now on that is the usual size.
        let outcome = run(&scene).await;
        assert_eq!((outcome.end, deleted(&outcome, "docs/daily").points.len()), (End::Complete, 2));
    });
}

#[test]
fn what_is_lost_after_the_forecast_suspends_what_was_forecast() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past);
        let forecast = scene.backup().await;
        assert!(!forecast.suspends());
        scene.lose_much();
        let outcome = carry_out(&scene, forecast).await;
        assert_eq!(outcome.end, End::Suspended);
        let deleted = deleted(&outcome, "docs/daily");
        assert_eq!((deleted.points.len(), deleted.omitted.len()), (0, 1));
        assert!(points(&scene).values().last().unwrap().shrunk_from.is_some());
    });
}

#[test]
fn what_is_back_after_the_forecast_is_a_usual_point_and_yet_deletes_no_more_than_was_forecast() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past);
        let tree = scene.world.tree();
        let whole = ["/srv/docs/a/text", "/srv/lists/members"].map(|path| (path, tree.content(path).unwrap()));
        scene.lose_much();
        let forecast = scene.backup().await;
        whole.into_iter().for_each(|(path, content)| tree.put_file(path, content));
        let outcome = carry_out(&scene, forecast).await;
        assert_eq!((outcome.end, deleted(&outcome, "docs/daily").points.len()), (End::Suspended, 0));
        assert_eq!(points(&scene).values().last().unwrap().shrunk_from, None);
        let outcome = run(&scene).await;
        assert_eq!((outcome.end, deleted(&outcome, "docs/daily").points.len()), (End::Complete, 2));
    });
}

/// The same scene under a plan that keeps all for so long that nothing of it goes.
fn keeping_all(past: &Past) -> Scene {
    Scene::with(41, past).replacing("generations=2", "generations=50")
}

#[test]
fn a_retention_that_was_shortened_deletes_nothing_until_somebody_says_that_it_is_meant() {
    simulate(async {
        let scene = keeping_all(&Past::of_nothing(41));
        for _ in 0..7 {
            assert_eq!(run(&scene).await.end, End::Complete);
        }
        let scene = scene.replacing("generations=50", "generations=2");
        for day in 0..3_usize {
            let before = points(&scene);
            let forecast = scene.backup().await;
            assert!(forecast.suspends());
            let outcome = carry_out(&scene, forecast).await;
            assert_eq!((outcome.end, outcome.end.exit().code()), (End::Suspended, 6), "day {day}");
            let deleted = deleted(&outcome, "docs/daily");
            let (points_gone, of) = (6 + day as u64, 8 + day as u64);
            let many = TooMany { points: points_gone, of, delete: Percentage::HALF };
            assert_eq!(deleted.suspended, Some(Suspension::TooMany(many)));
            assert_eq!((deleted.points.len(), deleted.omitted.len()), (0, 6 + day));
            assert!(deleted.omitted.iter().all(|(_, why)| *why == Omission::Suspended));
            let now = points(&scene);
            assert!(now.len() == before.len() + 1 && before.keys().all(|point| now.contains_key(point)));
        }
        let forecast = scene.backup_deleting().await;
        assert!(!forecast.suspends());
        let outcome = carry_out(&scene, forecast).await;
        assert_eq!((outcome.end, deleted(&outcome, "docs/daily").points.len()), (End::Complete, 9));
        assert_eq!(points(&scene).len(), 2);
        // For that run alone, and from now on there is no need.
        assert_eq!(run(&scene).await.end, End::Complete);
        assert_eq!(points(&scene).len(), 2);
    });
}

#[test]
fn what_was_accepted_of_a_smaller_source_is_not_accepted_of_many_deletions() {
    simulate(async {
        let scene = keeping_all(&Past::of_nothing(41));
        for _ in 0..5 {
            assert_eq!(run(&scene).await.end, End::Complete);
        }
        let scene = scene.replacing("generations=50", "generations=2");
        scene.lose_much();
        let outcome = carry_out(&scene, scene.backup_accepted().await).await;
        let deleted = deleted(&outcome, "docs/daily");
        assert!(matches!(deleted.suspended, Some(Suspension::TooMany(_))), "{deleted:?}");
        assert_eq!((deleted.points.len(), points(&scene).len()), (0, 6));
    });
}

#[test]
fn how_many_go_is_counted_again_of_what_is_there_when_they_go() {
    simulate(async {
        let scene = keeping_all(&Past::of_nothing(41));
        for _ in 0..7 {
            assert_eq!(run(&scene).await.end, End::Complete);
        }
        // Four of eight are half.
        let scene = scene.replacing("generations=50", "within=\"4d\"");
        let forecast = scene.backup().await;
        assert!(!forecast.suspends());
        // Somebody takes two away that would stay: four of six are more.
        for manifest in points(&scene).into_values().skip(4).take(2) {
            let part = |part: &Part| scene.world.store("vault").plant(&manifest.place().key(*part), None);
            Part::ALL.iter().for_each(part);
        }
        let outcome = carry_out(&scene, forecast).await;
        let many = TooMany { points: 4, of: 6, delete: Percentage::HALF };
        let deleted = deleted(&outcome, "docs/daily");
        assert_eq!((deleted.points.len(), deleted.suspended), (0, Some(Suspension::TooMany(many))));
    });
}

/// Why the deletions of `docs/daily` are suspended in a run of now, of which nothing is deleted, not even leftovers.
async fn suspended_by_clock(scene: &Scene, foreseen: bool) -> Suspension {
    let forecast = scene.backup().await;
    assert_eq!(forecast.suspends(), foreseen);
    suspended_in(scene, forecast).await
}

async fn suspended_in(scene: &Scene, forecast: Forecast) -> Suspension {
    let before = points(scene);
    let outcome = carry_out(scene, forecast).await;
    assert_eq!((outcome.end, outcome.end.exit().code()), (End::Suspended, 6));
    let deleted = deleted(&outcome, "docs/daily");
    assert_eq!((deleted.points.len(), deleted.leftovers), (0, 0), "{deleted:?}");
    assert!(before.keys().all(|point| points(scene).contains_key(point)));
    deleted.suspended.unwrap()
}

#[test]
fn a_store_whose_clock_is_far_from_this_hosts_suspends_deletion_until_one_is_set() {
    let past = Past::of(41, 3);
    for (hours, ahead) in [(3, true), (-3, false)] {
        simulate(async {
            let scene = Scene::with(41, &past).with_leftovers().await;
            let vault = scene.world.store("vault");
            vault.set_clock_ahead(SignedDuration::from_hours(hours));
            for _ in 0..2 {
                let Suspension::ClocksApart(apart) = suspended_by_clock(&scene, false).await else { panic!() };
                assert_eq!(apart.store.duration_since(apart.here).as_hours().abs(), 3);
                assert_eq!(apart.store > apart.here, ahead);
            }
            // Within an hour is well, and what was kept goes.
            vault.set_clock_ahead(SignedDuration::from_mins(if ahead { 59 } else { -59 }));
            let outcome = carry_out(&scene, scene.backup_deleting().await).await;
            assert_eq!(outcome.end, End::Complete);
            let deleted = deleted(&outcome, "docs/daily");
            assert_eq!((deleted.points.len(), deleted.leftovers), (3, 1), "{deleted:?}");
        });
    }
}

#[test]
fn a_clock_that_is_far_behind_the_store_is_told_by_the_dry_run() {
    simulate(async {
        let scene = Scene::with(41, &Past::of_nothing(41));
        scene.world.store("vault").set_clock_ahead(SignedDuration::from_hours(30));
        assert!(matches!(suspended_by_clock(&scene, false).await, Suspension::ClocksApart(_)));
        // A day later, what was stored then is six hours ahead.
        assert!(matches!(suspended_by_clock(&scene, true).await, Suspension::ClocksApart(_)));
    });
}

#[test]
fn a_clock_that_is_behind_the_newest_point_suspends_deletion_until_it_is_set() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past).with_leftovers().await;
        assert_eq!(run(&scene).await.end, End::Complete);
        let newest = points(&scene).into_values().last().unwrap();
        let back = SignedDuration::from_hours(24 * 10);
        scene.world.clock().advance(-back);
        // The store's clock is another one.
        for name in ["vault", "spare"] {
            scene.world.store(name).set_clock_ahead(SignedDuration::ZERO);
        }
        let vault = scene.world.store("vault");
        let objects = vault.objects();
        objects.iter().for_each(|(key, bytes)| vault.plant(key, Some(bytes.clone())));
        let Suspension::PointAhead(ahead) = suspended_by_clock(&scene, true).await else { panic!() };
        assert_eq!((ahead.point, ahead.moment), (newest.point, newest.moment));
        scene.world.clock().advance(back);
        assert_eq!(carry_out(&scene, scene.backup_deleting().await).await.end, End::Complete);
    });
}

#[test]
fn a_clock_that_is_set_back_after_the_forecast_is_noticed_before_anything_is_deleted() {
    let past = Past::of(41, 3);
    simulate(async {
        let scene = Scene::with(41, &past).with_leftovers().await;
        let forecast = scene.backup().await;
        assert!(!forecast.suspends());
        scene.world.clock().advance(SignedDuration::from_hours(-36));
        assert!(suspended_in(&scene, forecast).await.is_of_clocks());
    });
}

/// A scene whose documents lie on a disk of their own, with a point of then.
async fn mounted() -> Scene {
    let scene = Scene::with(41, &Past::of_nothing(41));
    scene.world.tree().put_on("/srv/docs", 2);
    assert_eq!(run(&scene).await.end, End::Complete);
    let point = points(&scene).into_values().next().unwrap();
    assert_eq!(point.mounts, [PathBytes::new(*b"/srv/docs")]);
    scene
}

/// The steps of an outcome that failed, and why.
fn failed(outcome: &Outcome) -> Vec<String> {
    let why = |step: &sonae::run::StepOutcome| match &step.end {
        StepEnd::Failed(fault) => Some(format!("{}: {}", outcome.forecast.step(step.step).name, fault.answer)),
        _ => None,
    };
    outcome.steps.iter().filter_map(why).collect()
}

#[test]
fn a_disk_that_is_not_mounted_makes_no_point_and_deletes_nothing() {
    simulate(async {
        let scene = mounted().await;
        let first = points(&scene);
        scene.world.tree().put_on("/srv/docs", 1);
        for _ in 0..2 {
            let forecast = scene.backup().await;
            let foreseen: Vec<String> =
                forecast.foreseen().map(|(step, fault)| format!("{}: {}", step.name, fault.answer)).collect();
            let outcome = carry_out(&scene, forecast).await;
            assert_eq!(outcome.end, End::Failed);
            assert_eq!(failed(&outcome), foreseen, "the dry run says what the run says");
            let [daily, second] = foreseen.as_slice() else { panic!("{foreseen:?}") };
            assert!(
                daily.starts_with("docs/daily/look: it was a mount point when ")
                    && second.starts_with("docs/second/look: ")
            );
            assert!(daily.contains(&first.keys().next().unwrap().to_string()) && daily.contains("`allow-unmounted`"));
            assert_eq!(points(&scene), first);
        }
        scene.world.tree().put_on("/srv/docs", 3);
        assert_eq!(run(&scene).await.end, End::Complete, "another disk is one");
    });
}

#[test]
fn a_disk_that_goes_after_the_forecast_is_noticed_by_the_run() {
    simulate(async {
        let scene = mounted().await;
        let forecast = scene.backup().await;
        assert_eq!(forecast.foreseen().count(), 0);
        scene.world.tree().put_on("/srv/docs", 1);
        let outcome = carry_out(&scene, forecast).await;
        assert!(
            failed(&outcome)[0].starts_with("docs/daily/look: it was a mount point when "),
            "{:?}",
            failed(&outcome)
        );
        assert_eq!(points(&scene).len(), 1);
    });
}

#[test]
fn a_disk_that_goes_between_a_look_and_a_resumed_run_is_noticed() {
    simulate(async {
        let scene = mounted().await;
        let journey = Journey::new(&scene.world, scene.backup().await, 1);
        scene.world.crash_at("store.begin", 1, Edge::Before);
        assert!(matches!(journey.attempt(None).await, Some(Ending::Died)));
        scene.world.tree().put_on("/srv/docs", 1);
        let outcome = journey.to_the_end().await;
        assert!(
            failed(&outcome)[0].starts_with("docs/daily/pack: it was a mount point when the source"),
            "{:?}",
            failed(&outcome)
        );
        assert_eq!(points(&scene).len(), 1);
    });
}

#[test]
fn a_disk_that_goes_while_it_is_packed_is_noticed() {
    simulate(async {
        let scene = mounted().await;
        let journey = Journey::new(&scene.world, scene.backup().await, 1);
        let slow = Injected::Delay(Duration::from_secs(60));
        scene.world.script(FaultScript::new().always_on("tree.open", "/srv/docs", slow));
        let goes = async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            scene.world.tree().put_on("/srv/docs", 1);
        };
        let (ending, ()) = tokio::join!(journey.attempt(None), goes);
        let Some(Ending::Over(outcome)) = ending else { panic!("it is over") };
        assert!(
            failed(&outcome)[0].starts_with("docs/daily/pack: it was a mount point when the source"),
            "{:?}",
            failed(&outcome)
        );
        assert_eq!(points(&scene).len(), 1);
        assert_eq!(scene.world.store("vault").unfinished(), []);
    });
}

#[test]
fn a_disk_that_may_be_unmounted_is_backed_up_as_it_is() {
    simulate(async {
        let scene = mounted().await.allowing_unmounted();
        scene.world.tree().put_on("/srv/docs", 1);
        let forecast = scene.backup().await;
        let looks = forecast
            .steps
            .iter()
            .filter(|step| matches!(&step.action, Action::Look { mounts, .. } if !mounts.is_empty()));
        assert_eq!(looks.count(), 0);
        assert_eq!(carry_out(&scene, forecast).await.end, End::Complete);
        assert_eq!(points(&scene).values().last().unwrap().mounts, []);
        // It was none when the newest point was made, so the word can go again.
        let scene = scene.replacing("; allow-unmounted", "");
        assert_eq!(run(&scene).await.end, End::Complete);
    });
}
