//! What the dry run of a restore tells whoever carries it out: in a world with a past, as text and as a page.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::SignedDuration;
use sonae::fakes::{FaultScript, Injected, World};
use sonae::forecast::{self, Known, PastTime, PointChoice, RestoreWish};
use sonae::ports::Cause;
use sonae::prove::ProvenPlan;
use sonae::report::runbook::{DryRun, Typed, markdown, text};

use super::{compile, compile_file, past};
use crate::faults::scene;

/// Two targets to one moment, with a person, a program and a switch between them.
const SHOP: &str = r#"
plan "shop" { timezone "Asia/Tokyo" }
role "sysadmin" { member "admin-1@example.jp" user="admin1"; member "admin-2@example.jp" user="admin2" }
store "vault" { local path="/backup/vault" }
host "web-2" { ssh address="web-2.example.jp" user="restore" }
target "documents" {
    files "/srv/documents"
    backup "daily" { takes "10m"; schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention generations=7 }
}
target "images" {
    files "/srv/images"
    backup "daily" { takes "10m"; schedule "daily" at="11:00"; archive "tar.zip"; store "vault"; retention generations=7 }
}
restore "shop" rto="1h" {
    moment "latest" spread="25h"
    approve "the shop is lost" by="sysadmin" takes="5m"
    parallel {
        recover "documents" takes="20m" { into path="/srv/documents.restored" }
        recover "images" takes="12m" { into path="/srv/images.restored" }
    }
    switch "documents" takes="1m"
    command "/usr/local/sbin/reindex" "--all" takes="9m"
    probe "it answers" takes="30s" { tcp "127.0.0.1" port=443 }
}
restore "far" {
    recover "documents" takes="20m" { into path="/srv/documents.restored" host="web-2" }
    recover "images" { into path="/srv/images.restored" host="web-2" }
    probe "it answers" takes="1m" { tcp "127.0.0.1" port=443 }
}
"#;

fn shop() -> ProvenPlan {
    compile("shop.kdl", SHOP).proven.expect("it compiles")
}

/// The shop with points of both targets, so many minutes old.
fn world(proven: &ProvenPlan, documents: i64, images: i64) -> World {
    let world = past::fresh(proven);
    for job in past::jobs(proven.graph()) {
        let age = if job.name.to_string().starts_with("documents") { documents } else { images };
        past::plant(&world, proven, &job, &scene::who().host, SignedDuration::from_mins(age), true);
    }
    world
}

/// What both points come to.
fn needed(proven: &ProvenPlan, world: &World) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outlook = runtime.block_on(scene::restore_outlook(proven, world, "shop"));
    forecast::recoveries(&outlook).map(|found| found.manifest.as_ref().unwrap().totals.bytes).sum()
}

type Past = [(&'static str, u64, u64)];

/// The runbook as it is printed: as text, and as a page where that is asked for. What programs get holds to its schema.
fn shown(proven: &ProvenPlan, world: &World, wish: &RestoreWish, past: &Past, page: bool) -> String {
    let graph = proven.graph().of_restore(&wish.restore);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let observed = runtime.block_on(scene::observe(proven.plan(), &graph, world));
    let outlook = forecast::restore(proven.plan(), &graph, &observed, &scene::who(), wish);
    let times = proven.proofs().restores.iter();
    let took = |(name, runs, seconds): &(&str, u64, u64)| {
        ((*name).to_owned(), PastTime { runs: *runs, took_ms: seconds * 1000 })
    };
    let known = Known {
        proven: times.clone().find(|time| time.restore == wish.restore),
        observed: Some(&observed),
        choice: Some(&wish.choice),
        past: past.iter().map(took).collect(),
        past_unknown: None,
    };
    let runbook = forecast::runbook(proven.plan(), &graph, &outlook, known);
    let dry = DryRun { forecast: &outlook, runbook: Some(&runbook) };
    crate::docs::holds_and_nothing_else("dry-run.schema.json", &serde_json::to_value(&dry).unwrap());
    let typed = Typed { begin: format!("sonae restore plan.kdl {}", wish.restore) };
    let mut told = text(&outlook, &runbook, &typed, "");
    if page {
        let _ = write!(told, "\n{}", markdown(&outlook, &runbook, &typed));
    }
    told
}

fn wish(restore: &str, choice: PointChoice) -> RestoreWish {
    let restore = scene::name(restore);
    RestoreWish { restore, choice, from_host: None, only: None, into: None, planned: None }
}

#[test]
fn all_of_it() {
    let (proven, latest) = (shop(), wish("shop", PointChoice::Latest));
    let past = [
        ("restore/shop/approve", 6, 200),
        ("restore/shop/recover-documents", 6, 1625),
        ("restore/shop/recover-images", 1, 300),
        ("restore/shop/command", 6, 2400),
    ];
    insta::assert_snapshot!(shown(&proven, &world(&proven, 450, 120), &latest, &past, true));
}

#[test]
fn the_moment_is_long_ago_and_the_points_are_too_far_apart() {
    let proven = shop();
    let world = world(&proven, 60 * 40, 120);
    let now = sonae::ports::Clock::now(&*world.clock());
    let at = |minutes| wish("shop", PointChoice::At(now - SignedDuration::from_mins(minutes)));
    let told = shown(&proven, &world, &at(30), &[], false);
    let none = shown(&proven, &world, &at(60 * 39), &[], false);
    insta::assert_snapshot!(format!("{told}\n{none}"));
}

#[test]
fn what_fits_by_itself_and_not_together_is_said() {
    let proven = shop();
    let world = world(&proven, 450, 120);
    let latest = wish("shop", PointChoice::Latest);
    let facts = |told: &str| told.split("\nsteps\n").next().unwrap().to_owned();
    let needed: u64 = needed(&proven, &world);
    world.tree().set_free(needed);
    let fits = facts(&shown(&proven, &world, &latest, &[], false));
    assert!(!fits.contains("too little"), "{fits}");
    world.tree().set_free(needed - 1);
    insta::assert_snapshot!(facts(&shown(&proven, &world, &latest, &[], false)));
}

#[test]
fn on_another_host_and_with_times_that_the_plan_does_not_say() {
    let proven = shop();
    let (world, latest) = (world(&proven, 450, 450), wish("far", PointChoice::Latest));
    world.script(FaultScript::new().always_on("tree.free", "/srv", Injected::RefuseForGood(Cause::Other)));
    insta::assert_snapshot!(shown(&proven, &world, &latest, &[], true));
}

#[test]
fn what_lies_in_cold_storage_is_waited_for() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/plans/cold.kdl");
    let proven = compile_file(&path).proven.unwrap();
    let latest = wish("documents", PointChoice::Latest);
    insta::assert_snapshot!(shown(&proven, &past::aged(&proven), &latest, &[], false));
}

/// The longest path of the steps is the one that is proven, where no store makes anybody wait.
#[test]
fn what_a_runbook_adds_up_to_is_what_is_proven() {
    let mut compared = BTreeMap::new();
    for folder in ["plans", "tests/corpus/plans"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "kdl")) {
            let Some(proven) = compile_file(&path).proven else { continue };
            let plan = proven.plan();
            if plan.stores.iter().any(|store| store.side_by_side.is_some()) {
                continue;
            }
            let who = scene::who();
            for time in &proven.proofs().restores {
                let graph = proven.graph().of_restore(&time.restore);
                let slice = sonae::graph::Slice::Restore(time.restore.clone());
                let outlook = forecast::unasked(plan, &graph, jiff::Timestamp::UNIX_EPOCH, &who, Some(&slice));
                let runbook = forecast::runbook(plan, &graph, &outlook, Known::default());
                compared.insert((plan.name.value.clone(), time.restore.clone()), (runbook.takes, Some(time.takes)));
            }
        }
    }
    assert!(compared.len() > 8, "{compared:?}");
    for (restore, (told, proven)) in compared {
        assert_eq!(told, proven, "{restore:?}");
    }
}
