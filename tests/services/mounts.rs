//! A source on a disk of its own, which is not mounted one day.

use std::ffi::OsStr;

use super::Check;
use super::needs::{Need, UNSHARE, in_namespace};
use super::noise::noise;
use super::scene::{ONE_JOB, SONAE, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[Check {
    name: "a disk that is not mounted makes no point and deletes nothing, and is backed up again once it is",
    needs: &[UNSHARE, Need::Namespaces],
    run: vanished,
}];

/// `$1` is the program; what it said and its exit statuses go to files of the scene. Below the mount point lies a folder that is not empty, so
/// that nothing but the mount itself tells.
const SCRIPT: &str = r#"
run() { name="$1"; shift; "$@" > "$name.said" 2>&1 || echo $? > "$name.status"; }
sonae="$1"
mount -t tmpfs -o size=8m tmpfs source
cp noise source/a; cp noise source/b
run first "$sonae" run plan.kdl --all
run second "$sonae" run plan.kdl --all
umount source
cp noise source/below; cp noise source/here
run dry "$sonae" run plan.kdl --all --dry-run
run gone "$sonae" run plan.kdl --all
run gone-again "$sonae" run plan.kdl --all --quiet
"$sonae" points plan.kdl --format json > gone.points
mount -t tmpfs -o size=8m tmpfs source
cp noise source/a; cp noise source/b
run back "$sonae" run plan.kdl --all
"$sonae" points plan.kdl --format json > back.points
umount source
run allowed "$sonae" run allowed.kdl --all
run after "$sonae" run plan.kdl --all
"$sonae" points plan.kdl --format json > after.points
"#;

fn vanished() {
    let scene = Scene::new(ONE_JOB);
    std::fs::create_dir(scene.path("source")).unwrap();
    std::fs::write(scene.path("noise"), noise(1, 100_000)).unwrap();
    let allowed = ONE_JOB.replace("files \"source\"", "files \"source\" { allow-unmounted; }");
    assert_ne!(allowed, ONE_JOB);
    std::fs::write(scene.path("allowed.kdl"), allowed).unwrap();
    Said::of(scene.surround(&mut in_namespace(SCRIPT, &[OsStr::new(SONAE)]))).exits(0);

    let text = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap_or_default();
    let points = |name: &str| -> Vec<serde_json::Value> {
        let json: serde_json::Value = serde_json::from_str(&text(name)).unwrap();
        json["points"].as_array().unwrap().clone()
    };
    let source = scene.path("source").canonicalize().unwrap();
    for name in ["first", "second", "back", "allowed", "after"] {
        assert_eq!(text(&format!("{name}.status")), "", "{}", text(&format!("{name}.said")));
    }
    let before = points("gone.points");
    assert_eq!(before.len(), 2);
    // Points of one second are listed in no order of time.
    let newest =
        before.iter().max_by_key(|point| point["moment"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap());
    let newest = newest.unwrap()["point"].as_str().unwrap();
    for name in ["dry", "gone", "gone-again"] {
        let said = text(&format!("{name}.said"));
        assert_eq!(text(&format!("{name}.status")), "4\n", "{said}");
        let words = format!("{}: it was a mount point when {newest} was made, and is none now", source.display());
        assert!(said.contains(&words), "{words}:\n{said}");
    }
    let mounts = |points: &[serde_json::Value]| points.iter().map(|point| point["mounts"].clone()).collect::<Vec<_>>();
    let (mounted, plain) = (serde_json::json!([source.to_str().unwrap()]), serde_json::json!([]));
    assert_eq!(mounts(&before), [mounted.clone(), mounted.clone()]);
    // Two generations are kept.
    assert_eq!(mounts(&points("back.points")), [mounted.clone(), mounted]);
    assert_eq!(mounts(&points("after.points")), [plain.clone(), plain]);
}
