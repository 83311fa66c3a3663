//! What a change of a plan means, from the command line: of files, of folders, and of commits.

use std::process::Command;

use serde_json::Value;

use super::scene::{Scene, data, settings};
use super::transcript;

/// A plan whose points are kept and promised for so long.
pub(super) fn plan(name: &str, generations: u32, rpo: &str, more: &str) -> String {
    format!(
        r#"plan "{name}" {{
}}
notify "mail" {{ command "sendmail" "root"; events "failure"; }}
notify "dead-man" {{ ping (env)"PING_URL"; events "success"; }}
store "shelf" {{ local path="store"; access {{ write "backup"; read "backup"; prune "sysadmin"; }}; }}
target "photos" {{
    files "photos"
    objective rpo="{rpo}"
    backup "daily" {{
        schedule "daily" at="05:30"; archive "tar.zip"; store "shelf"; retention generations={generations}; takes "20m"
        {more}
    }}
}}
restore "photos" {{ recover "photos" {{ into path="restored" }} }}
verify "monthly" {{ schedule "monthly" day=1 at="10:00"; targets "*"; depth "read"; }}
"#
    )
}

const NOW: &str = "--now 2026-03-01T12:00:00Z";

/// A repository with a commit of these files.
pub(super) fn repository(files: &[(&str, &str)]) -> Scene {
    let scene = Scene::new();
    git(&scene, &["init", "--quiet", "--initial-branch=main"]);
    commit(&scene, files);
    scene
}

pub(super) fn commit(scene: &Scene, files: &[(&str, &str)]) {
    for (name, text) in files {
        scene.write(name, text);
    }
    git(scene, &["add", "--all"]);
    git(scene, &["commit", "--quiet", "--allow-empty", "--message=plans"]);
}

fn git(scene: &Scene, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(scene.path("")).args(arguments);
    for (name, value) in [
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.jp"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.jp"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ] {
        git.env(name, value);
    }
    let output = git.output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_change_is_told_for_people_and_ends_with_its_status() {
    let scene = Scene::new();
    scene.write("old.kdl", &plan("album", 30, "25h", ""));
    scene.write("weaker.kdl", &plan("album", 7, "2d", ""));
    scene.write("stronger.kdl", &plan("album", 60, "24h30m", ""));
    let waived = "waive \"sonae::change::deletes\" reason=\"the older ones are on tape\" until=\"2026-06-30\"";
    scene.write("accepted.kdl", &plan("album", 7, "25h", waived));
    scene.write(
        "broken.kdl",
        "plan \"album\" {\n}\ntarget \"photos\" {\n    files \"photos\"\n    backup \"daily\" { }\n}\n",
    );
    let told = scene.types_all(&[
        &format!("diff old.kdl weaker.kdl {NOW}"),
        &format!("diff old.kdl stronger.kdl {NOW}"),
        &format!("diff old.kdl accepted.kdl {NOW}"),
        &format!("diff old.kdl old.kdl {NOW}"),
        &format!("diff old.kdl broken.kdl {NOW}"),
        &format!("diff broken.kdl old.kdl {NOW}"),
        &format!("diff old.kdl nowhere.kdl {NOW}"),
        "diff old.kdl .",
    ]);
    transcript!("diff", told);
}

/// What goes is counted where it lies: three points, of which the plan's schedule knows nothing.
#[test]
fn what_goes_is_counted_in_the_real_store() {
    let scene = Scene::new();
    for (name, generations) in [("old.kdl", 30), ("new.kdl", 2), ("more.kdl", 60)] {
        scene.write(name, &plan("album", generations, "25h", ""));
    }
    scene.write("renamed.kdl", &plan("pictures", 2, "25h", ""));
    scene.write("nowhere.kdl", &plan("album", 2, "25h", "").replace("path=\"store\"", "path=\"old.kdl\""));
    scene.write("photos/cat.txt", "a cat\n");
    let mut told = scene.types("diff old.kdl new.kdl --live");
    for _ in 0..3 {
        scene.types("run old.kdl --all --quiet --host web-1");
    }
    told.push_str(&scene.types_all(&[
        "diff old.kdl new.kdl --live",
        "diff old.kdl more.kdl --live",
        "diff old.kdl old.kdl --live",
        "diff old.kdl renamed.kdl --live",
        "diff old.kdl nowhere.kdl --live",
    ]));
    // Of each host by itself, as each prunes its own.
    scene.types("run old.kdl --all --quiet --host web-2");
    told.push_str(&scene.types("diff old.kdl new.kdl --live"));
    // Nor does any prune those of a host that is the target's no more.
    for (name, generations, hosts) in [("both.kdl", 30, "\"web-1\" \"web-2\""), ("one.kdl", 2, "\"web-2\"")] {
        let text = plan("album", generations, "25h", "").replace("    files", &format!("    hosts {hosts}\n    files"));
        let text = text.replace("{ into path", "{ from host=\"web-2\"; into path");
        scene.write(name, &format!("{text}host \"web-1\"\nhost \"web-2\"\n"));
    }
    told.push_str(&scene.types("diff both.kdl one.kdl --live"));
    let mut settings = settings();
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?", "[time]");
    settings.add_filter(r"back \d+[hd], where it is \d+d", "back [age], where it is [age]");
    settings.bind(|| insta::assert_snapshot!("diff_live", told));
    // That is what goes: the run makes one, and keeps one of the three that there were.
    let pruned = scene.types("run new.kdl photos/daily --quiet --host web-1 --accept-deletions");
    assert!(pruned.contains("── exit 0"), "{pruned}");
    let left: Value = serde_json::from_str(data(&scene.types("points new.kdl --format json"))).expect("JSON");
    let of_host =
        |host: &str| left["points"].as_array().expect("points").iter().filter(|point| point["host"] == host).count();
    assert_eq!((of_host("web-1"), of_host("web-2")), (2, 1), "{left}");
}

#[test]
fn what_a_commit_has_is_compared_with_what_is_here() {
    let parts = "plan \"album\" {\n}\ninclude \"../parts/all.kdl\"\n";
    let part = |generations| {
        let text = plan("album", generations, "25h", "");
        text.split_once("}\n").map(|(_, rest)| rest.to_owned()).expect("a plan")
    };
    let scene = repository(&[("plans/album.kdl", parts), ("parts/all.kdl", &part(30))]);
    commit(&scene, &[("parts/all.kdl", &part(14))]);
    scene.write("parts/all.kdl", &part(7));
    let told = scene.types_all(&[
        &format!("diff git:main plans/album.kdl {NOW}"),
        &format!("diff git:main~1:plans/album.kdl git:main:plans/album.kdl {NOW}"),
        &format!("diff git:main~1 plans {NOW}"),
        &format!("diff git:main git:main {NOW}"),
        &format!("diff git:nowhere plans/album.kdl {NOW}"),
        &format!("diff git:main:plans/other.kdl plans/album.kdl {NOW}"),
        &format!("diff git:--help plans/album.kdl {NOW}"),
    ]);
    transcript!("diff_git", told);
}

#[test]
fn a_plan_that_is_gone_is_told_wherever_it_was() {
    let plans = [
        ("plans/album.kdl", plan("album", 30, "25h", "")),
        ("plans/broken.kdl", "plan \"broken\" {\n}\ntarget \"t\" { }\n".into()),
    ];
    let scene = repository(&plans.each_ref().map(|(path, text)| (*path, text.as_str())));
    scene.write("plans/other.kdl", &plan("other", 30, "25h", ""));
    std::fs::remove_file(scene.path("plans/album.kdl")).unwrap();
    let mut told = scene.types_all(&[
        &format!("diff git:main plans/album.kdl {NOW}"),
        &format!("diff git:main plans/album.kdl --format github {NOW}"),
        &format!("diff git:main plans {NOW}"),
        &format!("diff git:main plans/nowhere.kdl {NOW}"),
        &format!("diff git:main:plans/album.kdl plans/nowhere.kdl {NOW}"),
    ]);
    std::fs::remove_dir_all(scene.path("plans")).unwrap();
    told.push_str(&scene.types(&format!("diff git:main plans --format github {NOW}")));
    transcript!("diff_gone", told);
}

#[test]
fn what_repairs_or_removes_a_broken_plan_can_be_reviewed() {
    let broken = plan("album", 30, "25h", "").replace("generations", "generation");
    let scene = repository(&[("plans/album.kdl", &broken)]);
    scene.write("plans/album.kdl", &plan("album", 30, "25h", ""));
    scene.write("broken.kdl", &broken);
    let mut told = scene.types_all(&[
        &format!("diff git:main plans {NOW}"),
        &format!("diff git:main plans/album.kdl --format markdown {NOW}"),
        // What is here can be mended.
        &format!("diff broken.kdl plans/album.kdl {NOW}"),
    ]);
    std::fs::remove_file(scene.path("plans/album.kdl")).unwrap();
    told.push_str(&scene.types(&format!("diff git:main plans/album.kdl {NOW}")));
    // What a commit lacks is not broken: a weakening may not pass by it.
    let elsewhere = format!(
        "include \"../../stores.kdl\"\n{}",
        plan("album", 30, "25h", "").replace("store \"shelf\" {", "store \"other\" {")
    );
    scene.write("../stores.kdl", "store \"shelf\" { local path=\"/store\" }\n");
    commit(&scene, &[("plans/album.kdl", &elsewhere)]);
    scene.write("plans/album.kdl", &elsewhere.replace("generations=30", "generations=3"));
    told.push_str(&scene.types(&format!("diff git:main plans {NOW}")));
    // Of two names for one place either will do.
    let twice = plan("album", 30, "25h", "")
        .replace("store \"shelf\"; retention", "store \"rack\"; retention")
        .replace("notify \"mail\"", "store \"rack\" { local path=\"store\"; access { write \"backup\"; read \"backup\"; prune \"sysadmin\"; }; }\nnotify \"mail\"");
    scene.write("twice.kdl", &twice);
    scene.write("once.kdl", &plan("album", 30, "25h", ""));
    told.push_str(&scene.types(&format!("diff twice.kdl once.kdl {NOW}")));
    transcript!("diff_repaired", told);
}

#[test]
fn a_plan_whose_file_is_moved_is_not_the_same() {
    let scene = repository(&[("plans/album.kdl", &plan("album", 30, "25h", ""))]);
    commit(&scene, &[("plans/prod/album.kdl", &plan("album", 30, "25h", ""))]);
    let absolute = plan("album", 30, "25h", "").replace("path=\"", "path=\"/srv/").replace("files \"", "files \"/srv/");
    scene.write("plans/album.kdl", &absolute);
    scene.write("plans/prod/album.kdl", &absolute);
    let mut told = scene.types_all(&[
        &format!("diff git:main~1:plans/album.kdl git:main:plans/prod/album.kdl {NOW}"),
        &format!("diff git:main:plans/album.kdl plans/prod/album.kdl {NOW}"),
        &format!("diff plans/album.kdl plans/prod/album.kdl {NOW}"),
    ]);
    // Another path, and another name.
    scene.write("plans/prod/album.kdl", &plan("prints", 7, "25h", ""));
    std::fs::remove_file(scene.path("plans/album.kdl")).unwrap();
    told.push_str(&scene.types(&format!("diff git:main~1 plans {NOW}")));
    transcript!("diff_moved", told);
}

#[test]
fn folders_are_compared_plan_by_plan() {
    let scene = Scene::new();
    scene.write("old/album.kdl", &plan("album", 30, "25h", ""));
    scene.write("old/moved.kdl", &plan("letters", 30, "25h", ""));
    scene.write("old/gone.kdl", &plan("gone", 30, "25h", ""));
    scene.write("new/album.kdl", &plan("album", 14, "25h", ""));
    scene.write("new/below/moved.kdl", &plan("letters", 60, "25h", ""));
    scene.write("new/come.kdl", &plan("come", 30, "25h", ""));
    scene.write("new/part.kdl", "store \"other\" { local path=\"other\" }\n");
    scene.write("empty/readme.txt", "nothing\n");
    let told = scene.types_all(&[&format!("diff old new {NOW}"), "diff empty empty"]);
    transcript!("diff_folders", told);
}

#[test]
fn a_review_reads_it_in_its_own_forms() {
    let scene = Scene::new();
    scene.write("old.kdl", &plan("album", 30, "25h", ""));
    scene.write("new.kdl", &plan("album", 7, "2d", ""));
    let line = format!("diff old.kdl new.kdl {NOW} --format");
    transcript!("diff_markdown", scene.types(&format!("{line} markdown")));
    transcript!("diff_github", scene.types(&format!("{line} github")));
    transcript!("diff_json", scene.types(&format!("{line} json")));
    let sarif: Value = serde_json::from_str(data(&scene.types(&format!("{line} sarif")))).expect("JSON");
    let results: Vec<String> = sarif["runs"][0]["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| {
            let at = &result["locations"][0]["physicalLocation"];
            format!("{} {} {}", result["ruleId"], at["artifactLocation"]["uri"], at["region"])
        })
        .collect();
    transcript!("diff_sarif", results.join("\n"));
    let (written, told) = (scene.path("page.md"), scene.types(&format!("{line} markdown --output page.md")));
    assert_eq!(std::fs::read_to_string(written).unwrap(), data(&scene.types(&format!("{line} markdown"))));
    assert_eq!(data(&told), data(&scene.types(&format!("{line} text"))), "findings are printed all the same");
}

#[test]
fn logs_for_code_scanning_are_what_the_standard_says() {
    let mut schema: Value = serde_json::from_str(include_str!("sarif/sarif-schema-2.1.0.json")).expect("a schema");
    // As it was published, with a `]` too many: no regular expression.
    for of in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][of]["properties"]["language"];
        assert!(language.as_object_mut().and_then(|language| language.remove("pattern")).is_some());
    }
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let scene = Scene::new();
    let waived = "waive \"sonae::change::deletes\" reason=\"the older ones are on tape\" until=\"2026-06-30\"";
    scene.write("old.kdl", &plan("album", 30, "25h", ""));
    scene.write("new.kdl", &plan("album", 7, "2d", waived));
    for line in [
        format!("diff old.kdl new.kdl {NOW} --format sarif"),
        format!("diff old.kdl old.kdl {NOW} --format sarif"),
        "check old.kdl new.kdl --format sarif".to_owned(),
    ] {
        let log: Value = serde_json::from_str(data(&scene.types(&line))).expect("JSON");
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{line}: {errors:#?}");
    }
    // A validator that lets all pass would show nothing.
    assert!(!validator.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] })));
}
