//! A plan of several files.

use super::scene::{Scene, settings};
use super::transcript;

const PLAN: &str = "\
plan \"home\" {
    timezone \"UTC\"
}

include \"parts/photos.kdl\"
include \"parts/stores.kdl\"
";

const STORES: &str = "store \"shelf\" { local path=\"store\"; }\n";

const PHOTOS: &str = "\
include \"templates.kdl\"

target \"photos\" {
    use \"nightly\"
    files \"photos\"
}

restore \"photos\" rto=\"1h\" {
    recover \"photos\" takes=\"10m\" {
        into path=\"restored\"
    }
}
";

const TEMPLATES: &str = "\
template \"nightly\" {
    backup \"daily\" {
        schedule \"daily\" at=\"05:30\"
        archive \"tar.zip\"
        store \"shelf\"
        retention generations=2
    }
}
";

/// The folder of the plan is not the one in which commands are typed.
fn with_parts() -> Scene {
    let scene = Scene::new();
    for (name, text) in
        [("home", PLAN), ("parts/photos", PHOTOS), ("parts/stores", STORES), ("parts/templates", TEMPLATES)]
    {
        scene.write(&format!("plans/{name}.kdl"), text);
    }
    scene.write("plans/photos/cat.txt", "a cat\n");
    scene
}

#[test]
fn a_plan_of_several_files_is_run_restored_and_accepted() {
    let scene = with_parts();
    let told = scene.types_all(&[
        "check plans/home.kdl",
        "run plans/home.kdl --all --quiet --host web-1",
        "points plans/home.kdl",
        "restore plans/home.kdl photos --from-host web-1",
        "status plans/home.kdl --host web-1",
        "accept plans/home.kdl",
        "accept plans/home.kdl --check",
    ]);
    assert_eq!(std::fs::read_to_string(scene.path("plans/restored/cat.txt")).unwrap(), "a cat\n", "{told}");
    assert!(scene.path("plans/store").is_dir(), "paths are relative to the folder of the plan file");
    let accepted = std::fs::read_to_string(scene.path("plans/home.accepted")).unwrap();
    scene.write("plans/parts/templates.kdl", &TEMPLATES.replace("generations=2", "generations=1"));
    let changed =
        scene.types_all(&["accept plans/home.kdl --check", "run plans/home.kdl --all --accepted --host web-1"]);
    transcript!("includes", format!("{told}\n── generations=1\n{changed}\n── home.accepted\n{accepted}"));
}

#[test]
fn what_is_wrong_in_an_included_file_is_shown_there() {
    let scene = with_parts();
    let told = scene.types_all(&["check plans/parts/photos.kdl", "fmt --check plans/parts/photos.kdl plans/home.kdl"]);
    scene.write(
        "plans/parts/stores.kdl",
        "store \"shelf\" { local path=\"store\"; }\nstore \"shlef\" { lcoal path=\"x\"; }\n",
    );
    scene.write("plans/home.kdl", &format!("{PLAN}store \"shelf\" {{ local path=\"other\"; }}\n"));
    let wrong = scene.types_all(&[
        "check plans/home.kdl",
        "check plans/home.kdl --format github",
        "run plans/home.kdl --all --host web-1",
    ]);
    transcript!("include_errors", format!("{told}\n{wrong}"));
    assert!(!scene.path("plans/store").exists());
}

#[test]
fn what_cannot_be_included_is_told_at_its_place() {
    let scene = with_parts();
    std::fs::create_dir(scene.path("plans/folder")).unwrap();
    std::fs::write(scene.path("plans/latin1.kdl"), b"// caf\xe9\n").unwrap();
    scene.write("plans/large.kdl", &"// é\n".repeat((1 << 20) / 6 + 1));
    std::os::unix::fs::symlink("home.kdl", scene.path("plans/link.kdl")).unwrap();
    std::os::unix::fs::symlink("parts", scene.path("plans/other")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(scene.path("plans/pipe.kdl")).status().unwrap();
    assert!(made.success());
    let paths = [
        "nowhere.kdl",
        "folder",
        "/dev/zero",
        "pipe.kdl",
        "latin1.kdl",
        "large.kdl",
        "link.kdl",
        "other/stores.kdl",
        "../plans/parts/../parts/photos.kdl",
        "a\\u{0}b",
    ];
    let includes: String = paths.iter().map(|path| format!("include \"{path}\"\n")).collect();
    scene.write("plans/home.kdl", &format!("{PLAN}{includes}"));
    let told = scene.types_all(&["check plans/home.kdl", "check plans/large.kdl", "check plans/pipe.kdl"]);
    transcript!("include_refused", told);
}

#[test]
fn a_plan_of_several_files_is_rehearsed() {
    let scene = with_parts();
    let told = scene.types("rehearse plans/home.kdl --seeds 20");
    assert!(told.ends_with("── exit 0\n"), "{told}");
}
