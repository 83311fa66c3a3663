//! The scheduled times that runs are for: what stores and journals say of them afterwards.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sonae::catalog::{Part, PointPlace, host_prefix};
use sonae::fakes::Edge;
use sonae::forecast::{Forecast, Subject};
use sonae::observe;
use sonae::primitives::{JobName, Slot};
use sonae::run::{End, recent_runs, recorded};

use super::journey::{Journey, simulate, unbroken};
use super::scene::{Past, Scene, name};

fn job(text: &str) -> JobName {
    JobName::parse(text).unwrap()
}

/// A time of the schedule of `docs/daily`, on the day before that of `now`.
fn yesterday(scene: &Scene) -> Slot {
    let now = sonae::ports::Clock::now(&*scene.world.clock());
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date().yesterday().unwrap();
    Slot::new(day.at(5, 30, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp())
}

fn due(scene: &Scene, jobs: &[&str]) -> BTreeMap<JobName, Slot> {
    jobs.iter().map(|text| (job(text), yesterday(scene))).collect()
}

/// The slots of the points of a job, as the keys say them.
async fn done(scene: &Scene, text: &str) -> Vec<Slot> {
    let prefix = host_prefix(&name("sim"), &job(text), &name("web-1"));
    let store = if text == "docs/second" { "spare" } else { "vault" };
    let seen = observe::slots(&*scene.world.store(store), &prefix, None).await.unwrap();
    seen.done.into_iter().collect()
}

async fn recent(scene: &Scene, hours: i64) -> sonae::run::RecentRuns {
    let now = sonae::ports::Clock::now(&*scene.world.clock());
    recent_runs(&*scene.world.journal(), now - SignedDuration::from_hours(hours)).await.unwrap()
}

#[test]
fn a_point_is_of_the_time_that_it_was_due_for_and_of_its_start_where_nothing_was_due() {
    simulate(async {
        let scene = Scene::with(51, &Past::of_nothing(51));
        let forecast = scene.backup_due(due(&scene, &["docs/daily"])).await;
        assert_eq!(forecast.check(), Ok(()));
        let began = Slot::new(forecast.at);
        assert_eq!(unbroken(&scene.world, forecast, 2).await.end, End::Complete);
        assert_eq!(done(&scene, "docs/daily").await, [yesterday(&scene)]);
        assert_eq!(done(&scene, "mail/nightly").await, [began]);
    });
}

#[test]
fn a_run_by_hand_at_a_scheduled_time_consumes_no_slot() {
    simulate(async {
        let scene = Scene::with(52, &Past::of_nothing(52));
        let time: Timestamp = "2026-03-05T05:30:00Z".parse().unwrap();
        scene.world.clock().set(time);
        let forecast = scene.backup().await;
        assert_eq!(forecast.check(), Ok(()));
        assert_eq!(unbroken(&scene.world, forecast, 2).await.end, End::Complete);
        let later = Slot::new(time + SignedDuration::from_secs(1));
        assert_eq!(done(&scene, "docs/daily").await, [later]);
        // It is no scheduled time of the others.
        assert_eq!(done(&scene, "mail/nightly").await, [Slot::new(time)]);
    });
}

#[test]
fn runs_by_hand_do_not_let_go_what_says_that_a_time_was_done() {
    simulate(async {
        let scene = Scene::with(56, &Past::of_nothing(56));
        let slot = yesterday(&scene);
        let forecast = scene.backup_due(due(&scene, &["docs/daily"])).await;
        assert_eq!(unbroken(&scene.world, forecast, 2).await.end, End::Complete);
        // Two generations are kept: these two, and the one that is evidence.
        for _ in 0..4 {
            scene.world.clock().advance(SignedDuration::from_hours(1));
            assert_eq!(unbroken(&scene.world, scene.backup().await, 2).await.end, End::Complete);
        }
        let slots = done(&scene, "docs/daily").await;
        assert_eq!((slots.len(), slots[0]), (3, slot), "{slots:?}");
        // With the next scheduled one it goes.
        scene.world.clock().advance(SignedDuration::from_hours(24));
        let next = yesterday(&scene);
        let forecast = scene.backup_due(due(&scene, &["docs/daily"])).await;
        assert_eq!(unbroken(&scene.world, forecast, 2).await.end, End::Complete);
        let slots = done(&scene, "docs/daily").await;
        assert!(slots.len() == 2 && slots.contains(&next) && !slots.contains(&slot), "{slots:?}");
    });
}

#[test]
fn a_forecast_whose_points_are_of_other_slots_than_were_due_is_not_believed() {
    simulate(async {
        let scene = Scene::with(53, &Past::of_nothing(53));
        let mut forecast = scene.backup_due(due(&scene, &["docs/daily"])).await;
        let Subject::Backup { slots, .. } = &mut forecast.subject else { panic!("a backup") };
        *slots.get_mut(&job("docs/daily")).unwrap() = Slot::new(Timestamp::UNIX_EPOCH);
        let why = forecast.check().unwrap_err();
        assert!(why.contains("is not of the slot that is due"), "{why}");
    });
}

#[test]
fn a_journal_tells_which_slots_were_not_filled() {
    simulate(async {
        let scene = Scene::with(54, &Past::of_nothing(54));
        scene.world.tree().take_away("/srv/mail");
        let forecast = scene.backup_due(due(&scene, &["docs/daily", "mail/nightly"])).await;
        let run = forecast.run.clone();
        assert_eq!(unbroken(&scene.world, forecast, 2).await.end, End::Failed);
        let of = recent(&scene, 24).await;
        assert_eq!((of.open, of.failed), (vec![], vec![run.clone()]));
        let found = recorded(&*scene.world.journal(), &run).await.unwrap().unwrap();
        assert_eq!(found.unfilled(), [(job("mail/nightly"), yesterday(&scene))]);
        // A later run that is well says nothing, and an old one is not looked at.
        scene.world.clock().advance(SignedDuration::from_hours(30));
        scene.world.tree().put_folder("/srv/mail");
        let forecast = scene.backup_due(due(&scene, &["mail/nightly"])).await;
        assert_eq!(unbroken(&scene.world, forecast, 2).await.end, End::Complete);
        assert_eq!(recent(&scene, 24).await, sonae::run::RecentRuns::default());
    });
}

#[test]
fn a_run_that_died_is_open_until_it_was_gone_on_with_and_fills_the_same_slot() {
    simulate(async {
        for record in [1, 2, 5, 9] {
            let scene = Scene::with(55, &Past::of_nothing(55));
            let forecast: Forecast = scene.backup_due(due(&scene, &["docs/daily"])).await;
            let run = forecast.run.clone();
            let journey = Journey::new(&scene.world, forecast, 1);
            scene.world.crash_at("journal.append", record, Edge::After);
            assert!(
                journey.attempt(None).await.is_none_or(|ending| !matches!(ending, super::journey::Ending::Over(_)))
            );
            scene.world.restart();
            assert_eq!(recent(&scene, 24).await.open, [run], "record {record}");
            let outcome = journey.to_the_end().await;
            assert_eq!(outcome.end, End::Complete);
            assert_eq!(recent(&scene, 24).await.open, []);
            assert_eq!(done(&scene, "docs/daily").await, [yesterday(&scene)]);
            let keys = scene.world.store("vault").objects();
            let points = keys.keys().filter(|key| matches!(PointPlace::parse(key), Some((_, Part::Manifest))));
            assert_eq!(points.count(), 2, "one of each job in it");
        }
    });
}
