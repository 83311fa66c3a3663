//! Restores of one path: the space that it needs is known beforehand, and a restore that does not fit is refused as a whole.

use sonae::catalog::Part;
use sonae::fakes::{FaultScript, Injected};
use sonae::forecast::{Action, Forecast};
use sonae::ports::Cause;
use sonae::report;
use sonae::run::End;

use super::journey::{simulate, unbroken};
use super::scene::{Past, Scene};

/// Of this seed the lists hold 4,323 bytes, the mail 9,000, and the documents a few.
const SEED: u64 = 4_323;

fn past() -> Past {
    Past::of(SEED, 1)
}

fn shown(forecast: &Forecast) -> String {
    report::forecast::text(&forecast.into())
}

#[test]
fn one_path_is_held_against_the_free_disk() {
    let past = past();
    simulate(async {
        let scene = Scene::with(SEED, &past);
        scene.world.tree().set_free(8_000);
        assert_eq!(
            scene.restore().await.refused().map(|(_, fault)| fault.cause),
            Some(Cause::Full),
            "all does not fit"
        );
        let fits = scene.restore_path("/srv/lists").await;
        let full = scene.restore_path("/srv/mail").await;
        insta::assert_snapshot!("a_path_that_fits", shown(&fits));
        insta::assert_snapshot!("a_path_that_does_not_fit", shown(&full));
        assert_eq!(full.refused().map(|(step, fault)| (step.id.0, fault.cause)), Some((1, Cause::Full)));
    });
}

#[test]
fn a_path_of_one_target_is_restored_though_another_lacks_it() {
    let past = past();
    simulate(async {
        let scene = Scene::with(SEED, &past);
        let forecast = scene.restore_path("/srv/docs/a/text").await;
        insta::assert_snapshot!("a_path_of_one_target", shown(&forecast));
        assert_eq!(forecast.refused(), None);
        let outcome = unbroken(&scene.world, forecast, 2).await;
        assert_eq!(outcome.end, End::Failed, "it was not in the other");
        assert_eq!(scene.world.tree().content("/back/docs/a/text").unwrap(), b"some text\n");
    });
}

#[test]
fn a_path_of_nothing_is_refused_and_so_is_one_whose_contents_cannot_be_read() {
    let past = past();
    simulate(async {
        let scene = Scene::with(SEED, &past);
        let nothing = scene.restore_path("/srv/nothing").await;
        assert_eq!(nothing.refused().map(|(step, fault)| (step.id.0, fault.cause)), Some((0, Cause::NotFound)));
        assert!(shown(&nothing).contains("nothing of that path is in the backup"), "{}", shown(&nothing));
        let contents = |forecast: &Forecast| match &forecast.steps[0].action {
            Action::Recover(recovery) => recovery.manifest.as_ref().unwrap().place().key(Part::Contents),
            other => panic!("{other:?}"),
        };
        let object = format!(":{}", contents(&nothing));
        let refuse = Injected::RefuseForGood(Cause::Denied);
        scene.world.script(FaultScript::new().always_on("store.read", &object, refuse));
        let unread = scene.restore_path("/srv/docs/a").await;
        assert_eq!(unread.refused().map(|(step, fault)| (step.id.0, fault.cause)), Some((0, Cause::Denied)));
    });
}
