//! The form of a plan that is accepted.

use super::scene::{Scene, settings};
use super::transcript;

#[test]
fn only_the_plan_that_was_accepted_is_run() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let mut told = scene.types_all(&[
        "run plan.kdl --all --accepted --host web-1",
        "accept --check plan.kdl",
        "accept plan.kdl",
        "accept plan.kdl",
        "accept --check plan.kdl",
        "run plan.kdl --all --accepted --quiet --host web-1",
    ]);
    let accepted = std::fs::read_to_string(scene.path("plan.accepted")).unwrap();
    // Written otherwise, it is the same plan.
    let (head, rest) = plan.split_once("\nrestore ").unwrap();
    scene.write("plan.kdl", &format!("// moved\nrestore {rest}\n\n{head}"));
    told.push_str(&format!("\n{}", scene.types("accept --check plan.kdl")));
    scene.write("plan.kdl", &plan.replace("generations=2", "generations=1"));
    let points = scene.types("points plan.kdl");
    told.push_str("\n── generations=1\n");
    told.push_str(&scene.types_all(&[
        "accept --check plan.kdl",
        "run plan.kdl --all --accepted --host web-1",
        "run plan.kdl --all --accepted --dry-run --format json --host web-1",
        "run plan.kdl --due --accepted --host web-1",
        "accept plan.accepted",
    ]));
    transcript!("accept", format!("{told}\n── plan.accepted\n{accepted}"));
    assert_eq!(scene.types("points plan.kdl"), points, "nothing was done");
    assert_eq!(super::journals(&scene).len(), 1, "nothing was begun");
    let told = scene.types_all(&["accept plan.kdl", "run plan.kdl --all --accepted --quiet --host web-1"]);
    assert!(told.ends_with("── exit 0\n"), "{told}");
}

#[test]
fn a_refused_plan_takes_no_lock_and_makes_no_folder() {
    let scene = Scene::with_plan();
    for line in ["run plan.kdl --all --accepted", "run plan.kdl --due --accepted"] {
        let told = scene.types(line);
        assert!(told.contains("plan.accepted is missing") && told.ends_with("── exit 1\n"), "{told}");
    }
    assert!(!scene.path("store").exists() && !scene.path("../state").exists());
    std::fs::create_dir(scene.path("plan.accepted")).unwrap();
    let told = scene.types("run plan.kdl --all --accepted");
    assert!(told.contains("plan.accepted is not a file") && told.ends_with("── exit 1\n"), "{told}");
}
