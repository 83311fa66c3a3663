//! The canonical form of a plan.

use std::os::unix::fs::PermissionsExt;

use super::scene::{Scene, settings};
use super::transcript;

const UNTIDY: &str = "\
// the whole house
plan home {
  timezone  \"UTC\"   // of all
}


/- store \"old\" { local path=\"old\"; }
\"store\" shelf { local path=\"store\"; }
target photos {
\tfiles photos; backup \"daily\" { archive \\ // why not zstd?
   level=6 \"tar.zip\"
     store \"shelf\" } }
restore \"photos\" { recover \"photos\" { into path=\"restored\"; } }
";

#[test]
fn a_plan_has_one_form() {
    let scene = Scene::new();
    scene.write("plan.kdl", UNTIDY);
    scene.write("broken.kdl", "plan \"x\" {\n  timezone \"UTC\n}\n");
    let told = scene.types_all(&["fmt --check plan.kdl", "fmt plan.kdl", "fmt --check plan.kdl", "fmt plan.kdl"]);
    let form = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let others =
        scene.types_all(&["fmt broken.kdl plan.kdl", "fmt --check broken.kdl", "fmt nowhere.kdl", "fmt .", "fmt"]);
    transcript!("fmt", format!("{told}\n{others}\n── plan.kdl\n{form}"));
    let broken = std::fs::read_to_string(scene.path("broken.kdl")).unwrap();
    assert_eq!(broken, "plan \"x\" {\n  timezone \"UTC\n}\n", "it is left as it is");
}

#[test]
fn a_plan_that_is_piped_in_is_piped_out() {
    let scene = Scene::new();
    let told = [
        scene.types_with("fmt -", UNTIDY),
        scene.types_with("fmt - --check", "plan \"a\"\n"),
        scene.types_with("fmt - --check", "plan a\n"),
        scene.types_with("fmt -", "plan {\n"),
    ];
    transcript!("fmt_piped", told.join("\n"));
}

#[test]
fn formatting_keeps_the_mode_and_follows_a_link() {
    let scene = Scene::new();
    scene.write("real/plan.kdl", "plan  home\n");
    std::fs::set_permissions(scene.path("real/plan.kdl"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real/plan.kdl", scene.path("plan.kdl")).unwrap();
    let told = scene.types("fmt plan.kdl");
    assert!(told.ends_with("── exit 0\n"), "{told}");
    assert_eq!(std::fs::read_to_string(scene.path("real/plan.kdl")).unwrap(), "plan \"home\"\n");
    let mode = std::fs::metadata(scene.path("real/plan.kdl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert!(std::fs::symlink_metadata(scene.path("plan.kdl")).unwrap().is_symlink());
    assert_eq!(std::fs::read_dir(scene.path("real")).unwrap().count(), 1, "nothing is left beside");
}
