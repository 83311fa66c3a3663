//! A store without room, and a place without room for what is restored.

use std::ffi::OsStr;

use super::Check;
use super::needs::{Need, UNSHARE, in_namespace};
use super::scene::{ONE_JOB, SONAE, Said, Scene, fill};
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "a full disk is said, leaves nothing half made, and more room is enough to go on",
        needs: &[UNSHARE, Need::Namespaces],
        run: full,
    },
    Check {
        name: "a ledger whose disk is full, or cannot be written, costs no backup, and is had again",
        needs: &[UNSHARE, Need::Namespaces],
        run: full_ledger,
    },
    Check {
        name: "a restore of one path that does not fit is refused before anything is written",
        needs: &[UNSHARE, Need::Namespaces],
        run: one_path,
    },
];

/// The ledger has a disk of its own: too small, then filled by somebody else, then read-only, then with room.
const LEDGER_SCRIPT: &str = r#"
mkdir -p state/sonae/ledger
mount -t tmpfs -o size=8k,mode=700 tmpfs state/sonae/ledger
"$1" run plan.kdl --all --quiet > small.said 2>&1
mount -o remount,size=1m state/sonae/ledger
"$1" run plan.kdl --all --quiet > enough.said 2>&1
head -c 2m /dev/zero > state/sonae/ledger/filler 2> /dev/null || true
"$1" run plan.kdl --all --quiet > filled.said 2>&1
"$1" history > filled.history 2> filled.history.said
rm state/sonae/ledger/filler
mount -o remount,ro state/sonae/ledger
"$1" run plan.kdl --all --quiet > read-only.said 2>&1
"$1" history > read-only.history 2> read-only.history.said
mount -o remount,rw state/sonae/ledger
"$1" history > again.history 2> again.said
"#;

fn full_ledger() {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 3, 1000);
    Said::of(scene.surround(&mut in_namespace(LEDGER_SCRIPT, &[OsStr::new(SONAE)]))).exits(0);
    let text = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap();
    for (name, said) in [("small", true), ("enough", false), ("filled", true), ("read-only", true)] {
        let text = text(&format!("{name}.said"));
        assert_eq!(text.contains("the ledger was not kept, which harms no backup"), said, "{name}: {text}");
        assert_eq!(text.lines().count(), usize::from(said), "{name}: it is said once, and nothing else: {text}");
    }
    for (name, runs) in [("filled", 3), ("read-only", 4), ("again", 4)] {
        let told = text(&format!("{name}.history"));
        assert_eq!(told.matches("  done  ").count(), runs, "{name}: {told}");
    }
    assert_eq!(text("again.said"), "");
}

/// `$1` is the program; its exit statuses and what the store holds go to files of the scene.
const SCRIPT: &str = r#"
mkdir store
mount -t tmpfs -o size=1m,mode=700 tmpfs store
"$1" run plan.kdl --all > full.said 2>&1 || echo $? > full.status
"$1" points plan.kdl > full.points 2>&1
find store -type f > full.files
mount -o remount,size=64m store
"$1" run plan.kdl --all > roomy.said 2>&1
"$1" points plan.kdl --format json > roomy.points
find store -type f > roomy.files
"#;

fn full() {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 40, 100_000);
    let before = look(&scene.path("source"));
    Said::of(scene.surround(&mut in_namespace(SCRIPT, &[OsStr::new(SONAE)]))).exits(0);
    let text = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap();
    let said = text("full.said");
    assert_eq!(text("full.status"), "4\n", "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    let points = text("full.points");
    assert!(points.contains("no recovery point") && !points.contains("unfinished"), "{points}");
    assert_eq!(text("full.files"), "");
    assert_same(&before, &look(&scene.path("source")));
    let listed: serde_json::Value = serde_json::from_str(&text("roomy.points")).unwrap();
    assert_eq!(listed["points"].as_array().map(Vec::len), Some(1), "{}", text("roomy.said"));
    assert_eq!(text("roomy.files").lines().count(), 3, "{}", text("roomy.files"));
}

/// `$1` is the program. A folder of the source is twice as large as the disk to which it is restored, and one is a quarter of it.
const ONE_PATH: &str = r#"
"$1" run plan.kdl --all --quiet
mkdir small
mount -t tmpfs -o size=1m,mode=700 tmpfs small
tried() {
    name=$1
    shift
    "$SONAE" restore plan.kdl files --into "small/$name" "$@" > "$name.said" 2>&1 && echo 0 > "$name.status" || echo $? > "$name.status"
}
SONAE=$1
tried all
tried foreseen --path 000 --dry-run
tried large --path 000
find small -mindepth 1 > refused.files
tried small --path 001
find small -type f > small.files
"#;

fn one_path() {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 112, 20_000);
    Said::of(scene.surround(&mut in_namespace(ONE_PATH, &[OsStr::new(SONAE)]))).exits(0);
    let text = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap();
    for (name, status) in [("all", "1\n"), ("foreseen", "4\n"), ("large", "1\n"), ("small", "0\n")] {
        let said = text(&format!("{name}.said"));
        assert_eq!(text(&format!("{name}.status")), status, "{name}: {said}");
        assert_eq!(said.contains("are free"), name != "small", "{name}: {said}");
    }
    assert!(text("foreseen.said").contains("only 000: 100 files, 1.9 MiB; 1.0 MiB free"), "{}", text("foreseen.said"));
    assert!(text("large.said").contains("nothing was done"), "{}", text("large.said"));
    assert_eq!(text("refused.files"), "", "nothing was written where it does not fit");
    assert_eq!(text("small.files").lines().count(), 12, "{}", text("small.files"));
}
