//! Locks and leases that others hold: who, since when, and the way out.

use sonae::drivers::StateFolder;
use sonae::ports::Locks as _;

use super::scene::{Scene, settings};
use super::stored;

/// How long ago something was is not the same twice.
macro_rules! transcript {
    ($name:literal, $text:expr) => {{
        let mut settings = settings();
        settings.add_filter(r"\b\d+m\d\ds\b", "[took]");
        settings.add_filter(r#""(age_s|held_s)": \d+"#, r#""$1": [seconds]"#);
        settings.bind(|| insta::assert_snapshot!($name, $text))
    }};
}

const LEASE: &str = "store/home/photos/daily/web-1/lease-000000000003.json";

/// The lease of a run of another machine, which was renewed just now.
fn leased(scene: &Scene) {
    let now = jiff::Timestamp::now();
    let lease = serde_json::json!({
        "format_version": 1,
        "run": "20260301T053000Z-0000002a",
        "machine": "nas",
        "process": 7,
        "state": "5a",
        "boot": "b0",
        "lock": "job home/photos/daily/web-1 in /mnt/shelf",
        "number": 3,
        "taken": now - jiff::SignedDuration::from_secs(150),
        "renewed": now,
        "lasts_s": 300
    });
    scene.write(LEASE, &lease.to_string());
}

#[test]
fn a_lease_of_another_machine_is_told_with_the_way_out() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet --host web-1");
    leased(&scene);
    let told = scene.types_all(&[
        "run plan.kdl --all --host web-1",
        "run plan.kdl photos/daily --host web-1 --lock-wait 1s",
        "run plan.kdl --all --host web-1 --dry-run --quiet --detailed-exitcode --format json --now 2020-01-01",
        "unlock plan.kdl",
        "unlock plan.kdl photos/daily --format json",
        "unlock plan.kdl --run 20260301T053000Z-0000002b",
        "unlock plan.kdl --run 20260301T053000Z-0000002a --dry-run",
        "unlock plan.kdl --run 20260301T053000Z-0000002a",
        "unlock plan.kdl --run 20260301T053000Z-0000002a --force --dry-run",
        "unlock plan.kdl --run 20260301T053000Z-0000002a --force",
        "unlock plan.kdl",
        "unlock plan.kdl --force",
        "unlock plan.kdl --run nonsense",
    ]);
    let told: Vec<&str> = told.split("\n\n$ ").filter(|command| !command.contains("--dry-run --quiet")).collect();
    transcript!("leases", told.join("\n\n$ "));
    assert!(scene.types("run plan.kdl --all --quiet --host web-1").ends_with("── exit 0\n"));
    assert_eq!(stored(&scene, ".json").len(), 2, "two manifests, and no lease");
}

#[test]
fn what_reads_is_not_kept_off_by_a_lease_and_other_names_of_a_host_have_their_own() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet --host web-1");
    leased(&scene);
    let ends = |line: &str| scene.types(line).lines().last().unwrap().to_owned();
    for line in [
        "run plan.kdl --all --dry-run --host web-1",
        "points plan.kdl",
        "run plan.kdl --all --quiet --host web-2",
        "restore plan.kdl photos --from-host web-1 --quiet",
    ] {
        assert_eq!(ends(line), "── exit 0", "{line}");
    }
    assert!(scene.path(LEASE).exists());
}

#[test]
fn a_lease_that_has_run_out_is_taken_over_and_one_that_says_nothing_is_told() {
    let scene = Scene::with_plan();
    let run = "run plan.kdl --all --quiet --host web-1";
    scene.types(run);
    let set_back = |seconds| {
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
        std::fs::File::open(scene.path(LEASE)).unwrap().set_modified(then).unwrap();
    };
    leased(&scene);
    set_back(290);
    assert!(scene.types(run).ends_with("── exit 11\n"));
    set_back(301);
    assert!(scene.types(run).ends_with("── exit 0\n"));
    assert!(!scene.path(LEASE).exists());
    scene.write(LEASE, "{}");
    transcript!("lease_unreadable", scene.types_all(&[run, "unlock plan.kdl"]));
    set_back(3_601);
    assert!(scene.types(run).ends_with("── exit 0\n"));
}

#[test]
fn a_lock_of_this_host_is_told_with_its_holder() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet --host web-1");
    let root = std::fs::canonicalize(scene.path(".")).unwrap();
    let store = format!("job home/photos/daily/web-1 in {}/store", root.display());
    let restored = format!("restore {}/restored", root.display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _held = runtime.block_on(async {
        let state = StateFolder::new(scene.path("../state/sonae"));
        let held = [state.try_lock(&store).await.unwrap(), state.try_lock(&restored).await.unwrap()];
        assert!(held.iter().all(Option::is_some));
        let since = jiff::Timestamp::now();
        let note = serde_json::json!({ "run": "20260301T053000Z-0000002a", "process": 7, "since": since });
        state.leave_note(&store, &note.to_string()).await.unwrap();
        // What is no note is no holder.
        state.leave_note(&restored, "7").await.unwrap();
        held
    });
    let told = scene.types_all(&[
        "run plan.kdl --all --host web-1",
        "run plan.kdl --all --host web-1 --lock-wait 1s",
        "restore plan.kdl photos --from-host web-1",
        "run plan.kdl --all --lock-wait soon",
        "run plan.kdl --due --lock-wait 1m",
    ]);
    transcript!("locks", told);
}
