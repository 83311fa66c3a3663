//! A plan rehearsed in a simulated world.

use super::scene::{Scene, settings};
use super::transcript;

/// What a transcript says, but for figures, which another order of calls changes.
fn without_figures(told: &str) -> String {
    let mut plain = String::with_capacity(told.len());
    for c in told.chars() {
        match c {
            '0'..='9' if plain.ends_with('#') => {}
            '0'..='9' => plain.push('#'),
            _ => plain.push(c),
        }
    }
    // Whether there were one or more of them.
    plain.replace("# seeds;", "# seed;").replace("  # seed;", " # seed;")
}

#[test]
fn every_promise_holds_in_every_weather_and_nothing_real_is_touched() {
    let scene = Scene::with_plan();
    let told = scene.types("rehearse plan.kdl --seeds 60");
    assert!(told.ends_with("── exit 0\n"), "{told}");
    let promises = told.split("what went wrong").next().unwrap();
    transcript!("rehearse", without_figures(promises));
    for fault in ["the host dies, and comes back", "calls take long", "all seeds"] {
        assert!(told.contains(&format!("  {fault}")), "{fault}: {told}");
    }
    assert!(!scene.path("../state").exists() && !scene.path("store").exists(), "nothing is made");
    let json = scene.types("rehearse plan.kdl --seeds 60 --format json");
    let json = json.split_once('\n').unwrap().1.split("── ").next().unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((json["format_version"].as_u64(), json["rehearsal"]["all"]["seeds"].as_u64()), (Some(1), Some(60)));
    assert_eq!(json["rehearsal"]["all"]["promises"]["secret"], serde_json::json!({ "asked": 60, "held": 60 }));
    let markdown = scene.types("rehearse plan.kdl --seeds 60 --format markdown");
    assert!(markdown.contains("| all seeds | 60 |") && markdown.contains("| 60 of 60 |"), "{markdown}");
}

#[test]
fn a_seed_is_replayed_and_tells_the_same_story() {
    let scene = Scene::with_plan();
    let story = scene.types("rehearse plan.kdl --seed 3");
    assert_eq!(story, scene.types("rehearse plan.kdl --seed 3"));
    let lines: Vec<&str> = story.lines().collect();
    assert!(lines[1].starts_with("seed 3: ") && lines.contains(&"  -- then nothing goes wrong"), "{story}");
    assert_eq!(lines[lines.len() - 2..], ["every promise held", "── exit 0"]);
    let json = scene.types("rehearse plan.kdl --seed 3 --format json");
    assert!(json.contains("\"broken\": null") && json.contains("\"story\": ["), "{json}");
}

#[test]
fn what_cannot_be_rehearsed_says_why() {
    let scene = Scene::with_plan();
    scene.write("nothing.kdl", "plan \"nothing\"\n");
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let nothing_left = plan.replace("files \"photos\"\n", "files \"photos\" { exclude \"**\" }\n");
    scene.write("empty.kdl", &nothing_left);
    let told = scene.types_all(&[
        "rehearse nothing.kdl",
        "rehearse empty.kdl",
        "rehearse nowhere.kdl",
        "rehearse plan.kdl --seeds 0",
        "rehearse plan.kdl --seeds 5 --seed 5",
    ]);
    transcript!("rehearse_usage", told);
}

/// Whether a process hears that signal (proc_pid_status(5), `SigCgt`).
fn hears(pid: u32, signal: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    caught & (1 << (signal - 1)) != 0
}

#[test]
fn a_rehearsal_that_is_interrupted_tells_what_it_found_so_far() {
    let scene = Scene::with_plan();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_sonae"))
        .args(["rehearse", "plan.kdl", "--seeds", "4000000000"])
        .current_dir(scene.path("."))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !hears(child.id(), 2) {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("home: ") && told.contains(" of 4,000,000,000 seeds, and "), "{told}");
}
