//! What the dry run of every plan that compiles says, in a world with sources and a past; and of one plan in worlds where
//! something is amiss.

use std::fmt::Write;
use std::path::Path;

use jiff::SignedDuration;
use sonae::catalog::Part;
use sonae::fakes::{FaultScript, Injected, World};
use sonae::forecast::Circumstances;
use sonae::ports::{Cause, StoreWrite};
use sonae::prove::ProvenPlan;
use sonae::report;

use super::{compile_file, past};
use crate::faults::scene;

#[test]
fn forecasts_look_as_they_did() {
    let look = |path: &Path| {
        if let Some(proven) = compile_file(path).proven {
            insta::assert_snapshot!(shown(&proven, &past::aged(&proven)));
        }
    };
    insta::glob!("../../plans", "*.kdl", look);
    insta::glob!("plans/*.kdl", look);
    insta::glob!("diagnostics/*.kdl", look);
}

/// What `--format json` prints of it.
fn holds_to_schema(outlook: &sonae::forecast::Outlook) {
    crate::docs::holds("dry-run.schema.json", &serde_json::to_value(outlook).unwrap());
}

/// The dry run of all jobs, then of each restore. Most of the worlds have a past in which nothing was ever deleted, which is accepted.
fn shown(proven: &ProvenPlan, world: &World) -> String {
    shown_to(proven, world, &Circumstances { accept_deletions: true, ..scene::who() })
}

fn shown_to(proven: &ProvenPlan, world: &World, who: &Circumstances) -> String {
    let mut text = String::new();
    let future = async {
        // Such a plan is refused before anything is forecast.
        if proven.plan().job_names().next().is_some() {
            let forecast = scene::outlook_by(proven, world, who).await;
            holds_to_schema(&forecast);
            let _ = write!(text, "$ sonae run --all --dry-run\n{}", report::forecast::text(&forecast));
        } else {
            text.push_str("no backup to run\n");
        }
        for restore in &proven.plan().restores {
            let name = &restore.name.value;
            let forecast = scene::restore_outlook(proven, world, name.as_str()).await;
            holds_to_schema(&forecast);
            let _ = write!(text, "\n$ sonae restore {name} --dry-run\n{}", report::forecast::text(&forecast));
        }
        for slice in super::graphs::others(proven.plan()) {
            let graph = proven.graph().of_slice(&slice);
            let outlook = sonae::forecast::unasked(
                proven.plan(),
                &graph,
                sonae::ports::Clock::now(&*world.clock()),
                who,
                Some(&slice),
            );
            let _ = write!(
                text,
                "\n$ sonae {} --dry-run\n{}",
                slice.to_string().replace('"', ""),
                report::forecast::text(&outlook)
            );
        }
    };
    wait_for(future);
    text
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The plan of the worlds below: one target in two stores, another of two folders.
fn two_stores() -> ProvenPlan {
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/plans/two-stores.kdl");
    compile_file(&plan).proven.unwrap()
}

#[test]
fn a_first_run() {
    let proven = two_stores();
    insta::assert_snapshot!(shown(&proven, &past::fresh(&proven)));
}

#[test]
fn a_source_is_missing() {
    let proven = two_stores();
    let world = past::aged(&proven);
    world.tree().take_away("/srv/lists");
    insta::assert_snapshot!(shown(&proven, &world));
}

#[test]
fn a_source_is_empty_or_partly_unreadable() {
    let proven = two_stores();
    let world = past::aged(&proven);
    world.tree().take_away("/srv/documents");
    world.tree().put_folder("/srv/documents");
    world.tree().deny("/srv/mail/2026");
    insta::assert_snapshot!(shown(&proven, &world));
}

#[test]
fn a_source_lost_most_of_its_files() {
    let proven = two_stores();
    let world = past::aged(&proven);
    world.tree().take_away("/srv/documents/2026");
    world.tree().put_file("/srv/documents/readme", "gone");
    insta::assert_snapshot!(shown(&proven, &world));
}

#[test]
fn many_points_would_go() {
    let proven = two_stores();
    insta::assert_snapshot!(shown_to(&proven, &past::aged(&proven), &scene::who()));
}

#[test]
fn a_mount_is_gone() {
    let proven = two_stores();
    let world = past::aged(&proven);
    let here = scene::who().host;
    for job in past::jobs(proven.graph()) {
        past::plant_mounted(&world, &proven, &job, &here, SignedDuration::from_mins(30));
    }
    world.tree().put_on("/srv/lists", 2);
    insta::assert_snapshot!(shown(&proven, &world));
}

#[test]
fn a_store_cannot_be_read() {
    let proven = two_stores();
    let world = past::aged(&proven);
    world.script(FaultScript::new().always_on("store.list", "vault:", Injected::RefuseForGood(Cause::Denied)));
    insta::assert_snapshot!(shown(&proven, &world));
}

#[test]
fn a_destination_is_in_the_way_and_another_too_small() {
    let proven = two_stores();
    let world = past::aged(&proven);
    world.tree().put_file("/srv/back/mail/old", "something");
    world.tree().set_free(10_000);
    insta::assert_snapshot!(shown(&proven, &world));
}

#[test]
fn only_another_host_has_points() {
    let proven = two_stores();
    let world = past::fresh(&proven);
    let other = scene::name("web-2");
    for job in past::jobs(proven.graph()) {
        past::plant(&world, &proven, &job, &other, SignedDuration::from_hours(5), true);
    }
    insta::assert_snapshot!(shown(&proven, &world));
}

#[test]
fn points_are_damaged_and_runs_left_something() {
    let proven = two_stores();
    let world = past::aged(&proven);
    let here = scene::who().host;
    let hours = SignedDuration::from_hours;
    for job in past::jobs(proven.graph()) {
        let store = world.store(job.store.as_str());
        let plant = |age| past::plant(&world, &proven, &job, &here, age, true);
        // Newer than all others: one without its archive, one whose manifest is no manifest.
        store.plant(&plant(SignedDuration::from_mins(20)).key(Part::Archive), None);
        store.plant(&plant(SignedDuration::from_mins(30)).key(Part::Manifest), Some("{}".into()));
        // Killed: of an hour ago, of two days ago, and before its manifest, of two months ago.
        store.plant(&plant(SignedDuration::from_mins(90)).key(Part::Manifest), None);
        let half = plant(hours(50));
        [Part::Manifest, Part::Contents].iter().for_each(|part| store.plant(&half.key(*part), None));
        store.plant(&plant(hours(1_440)).key(Part::Manifest), None);
        let begun = plant(hours(52));
        Part::ALL.iter().for_each(|part| store.plant(&begun.key(*part), None));
        wait_for(store.begin(&begun.key(Part::Archive))).unwrap();
    }
    insta::assert_snapshot!(shown(&proven, &world));
}
