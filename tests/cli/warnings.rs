//! Who is told of a plan's warnings and advice, and who is not.

use super::scene::{Scene, settings};

const UNUSED: &str = r#"store "left-over" {
    local path="left-over"
    access { write "backup"; read "sysadmin"; prune "sysadmin" }
}
"#;

#[test]
fn a_person_is_told_of_warnings_and_a_clock_is_not() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    scene.write("plan.kdl", &format!("{plan}\n{UNUSED}"));
    // From here on, the job is not new.
    scene.types("run plan.kdl --due --host web-1");
    for unattended in [
        "run plan.kdl --due --host web-1",
        "run plan.kdl --all --quiet --host web-1",
        "run plan.kdl --due --quiet --host web-1",
        "status plan.kdl --nagios --host web-1",
    ] {
        let told = scene.types(unattended);
        assert!(!told.contains("stderr") && told.ends_with("── exit 0\n"), "{told}");
    }
    for attended in [
        "run plan.kdl --due --dry-run --host web-1",
        "run plan.kdl --all --quiet --dry-run --host web-1",
        "run plan.kdl --all --host web-1",
        "points plan.kdl",
    ] {
        let told = scene.types(attended);
        let warns = told.contains("sonae::store::unused") && !told.contains("sonae::store::no-access");
        assert!(warns && told.ends_with("── exit 0\n"), "{told}");
    }
}

#[test]
fn an_error_is_told_to_everybody() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    scene.write("plan.kdl", &format!("{}\n{UNUSED}", plan.replace("store \"shelf\"\n", "store \"shelve\"\n")));
    let told = scene.types("run plan.kdl --due --quiet --host web-1");
    assert!(told.contains("sonae::store::unknown") && !told.contains("sonae::store::unused"), "{told}");
    assert!(told.contains("nothing was done") && told.ends_with("── exit 1\n"), "{told}");
}

#[test]
fn warnings_count_where_that_is_asked_for_and_advice_never_does() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let waiver = "    waive \"sonae::store::unused\" reason=\"it comes in May\" until=\"2100-01-01\"\n";
    scene.write("warned.kdl", &format!("{plan}\n{UNUSED}"));
    scene.write("waived.kdl", &format!("{plan}\n{}", UNUSED.replace("\n}", &format!("\n{waiver}}}"))));
    let told = scene.types_all(&[
        "check plan.kdl --deny warnings",
        "check waived.kdl --deny warnings",
        "check warned.kdl",
        "check warned.kdl --deny warnings",
    ]);
    settings().bind(|| insta::assert_snapshot!("warnings", told));
}
