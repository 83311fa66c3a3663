//! The forms of `check` that a code review reads.

use std::collections::BTreeSet;

use serde_json::Value;
use sonae::diagnostic::codes;

use super::scene::{Scene, settings};
use super::transcript;

/// A plan with errors: one of two places, one on the line of a wide character.
const FLAWED: &str = r#"plan "写真" {
    timezone "UTC"
}
store "shelf" { local path="store"; }
store "shelf" { local path="other"; }
target "photos" {
    files "photos"
    backup "daily" { /* 写 */ archive "tar.zip"; store "shlef" }
}
"#;

/// A plan with warnings and advice alone.
const LAX: &str = r#"plan "lax" {
    waive "sonae::rpo::broken" reason="it was once" until="2999-12-31"
}
store "shelf" { local path="store"; }
target "photos" {
    files "photos"
    backup "daily" { archive "tar.zip"; store "shelf" }
}
restore "photos" { recover "photos" { into path="restored" } }
"#;

/// What a waiver sets aside.
const WAIVED: &str = r#"plan "waived" {
}
notify "mail" { command "sendmail" "root"; events "failure"; }
notify "dead-man" { ping (env)"PING_URL"; events "success"; }
store "shelf" { local path="store"; access { write "backup"; read "backup"; prune "sysadmin"; }; }
target "photos" {
    files "photos"
    backup "daily" {
        schedule "daily" at="05:30"; archive "tar.zip"; store "shelf"
        waive "sonae::retention::none" reason="kept for ever \"by law\"" until="2999-12-31"
    }
}
restore "photos" { recover "photos" { into path="restored" } }
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "*"; depth "read"; }
"#;

/// Standard output of a transcript.
fn stdout(told: &str) -> &str {
    told.split_once('\n').unwrap().1.split("── ").next().unwrap()
}

fn sarif(scene: &Scene, line: &str) -> Value {
    let told = scene.types(line);
    serde_json::from_str(stdout(&told)).unwrap_or_else(|error| panic!("{error}: {told}"))
}

/// Holds a log against what the standard says of each property that is used.
fn is_sarif(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("/sarif-schema-2.1.0.json"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert_eq!((&driver["name"], &driver["version"]), (&"sonae".into(), &env!("CARGO_PKG_VERSION").into()));
    let levels = ["error", "warning", "note"];
    let rules = driver["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len(), "ids are unique");
    assert_eq!(ids, codes::all().map(|code| code.name).collect());
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
        assert!(!rule["help"]["markdown"].as_str().unwrap().contains("must-fail"), "{rule}");
        assert!(levels.contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()), "{rule}");
    }
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(levels.contains(&result["level"].as_str().unwrap()), "{result}");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "{result}");
        assert_eq!(result["locations"].as_array().unwrap().len(), 1, "{result}");
        let related = result["relatedLocations"].as_array().map_or(&[][..], Vec::as_slice);
        for place in result["locations"].as_array().unwrap().iter().chain(related) {
            is_place(place);
        }
    }
}

fn is_place(place: &Value) {
    let uri = place["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
    assert!(!uri.starts_with('/') && !uri.contains([' ', '\\']) && uri.is_ascii(), "{uri}");
    let at = |name: &str| place["physicalLocation"]["region"][name].as_u64().unwrap();
    let (start, end) = ((at("startLine"), at("startColumn")), (at("endLine"), at("endColumn")));
    assert!(start >= (1, 1) && start.1 >= 1 && end.1 >= 1 && start <= end, "{place}");
    assert!(!place["message"]["text"].as_str().unwrap().is_empty(), "{place}");
}

#[test]
fn code_scanning_reads_what_was_found() {
    let scene = Scene::with_plan();
    scene.write("plans/the flawed.kdl", FLAWED);
    let folder = scene.path("plans").display().to_string();
    scene.write("lax.kdl", LAX);
    let mut log = sarif(&scene, "check plan.kdl 'plans/the flawed.kdl' lax.kdl --format sarif");
    is_sarif(&log);
    // Given absolutely, a file below the folder has the same name.
    let absolute = sarif(&scene, &format!("check plan.kdl '{folder}/the flawed.kdl' lax.kdl --format sarif"));
    assert_eq!(log, absolute);
    // The rules are the table, which docs/diagnostics/ shows.
    log["runs"][0]["tool"]["driver"].as_object_mut().unwrap().remove("rules");
    transcript!("check_sarif", serde_json::to_string_pretty(&log).unwrap());
    let told = scene.types("check plan.kdl --format sarif");
    assert!(told.ends_with("── exit 0\n"), "{told}");
    let told = scene.types("check 'plans/the flawed.kdl' --format sarif");
    assert!(told.ends_with("── exit 1\n"), "{told}");
}

#[test]
fn what_is_waived_is_suppressed_with_its_reason() {
    let scene = Scene::with_plan();
    scene.write("waived.kdl", WAIVED);
    let log = sarif(&scene, "check waived.kdl --format sarif");
    is_sarif(&log);
    let [result] = log["runs"][0]["results"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(result["ruleId"], "sonae::retention::none");
    let reason = "kept for ever \"by law\"";
    let suppression = serde_json::json!([{ "kind": "inSource", "status": "accepted", "justification": reason }]);
    assert_eq!(result["suppressions"], suppression);
    // The other forms say nothing of it.
    assert_eq!(
        scene.types("check waived.kdl --format github"),
        "$ sonae check waived.kdl --format github\n── exit 0\n"
    );
}

#[test]
fn columns_count_characters_and_no_byte_order_mark() {
    let scene = Scene::with_plan();
    scene.write("marked.kdl", "\u{feff}plam \"home\"\r\n");
    scene.write("wide.kdl", "plan \"home\"; /* 写真 */ stroe \"x\"\r\n");
    let log = sarif(&scene, "check marked.kdl wide.kdl --format sarif");
    is_sarif(&log);
    let region = |file: &str| {
        let mut results = log["runs"][0]["results"].as_array().unwrap().iter();
        let place = results.find_map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            (result["ruleId"] == "sonae::word::unknown-node" && place["artifactLocation"]["uri"] == file)
                .then_some(place)
        });
        let region = &place.unwrap_or_else(|| panic!("{log}"))["region"];
        (region["startColumn"].as_u64().unwrap(), region["endColumn"].as_u64().unwrap())
    };
    assert_eq!(region("marked.kdl"), (1, 5));
    assert_eq!(region("wide.kdl"), (23, 28));
}

#[test]
fn a_pull_request_shows_what_was_found() {
    let scene = Scene::with_plan();
    scene.write("plans/flawed,100%.kdl", FLAWED);
    scene.write("lax.kdl", LAX);
    scene.write("unclosed.kdl", "plan \"home\" { timezone \"\"\"\n  x\n y\n \"\"\" }\n");
    let told = scene.types_all(&[
        "check plan.kdl --format github",
        "check plan.kdl plans/flawed,100%.kdl unclosed.kdl --format github",
        "check lax.kdl --format github",
        "check lax.kdl --format github --deny warnings",
    ]);
    transcript!("check_github", told);
}
