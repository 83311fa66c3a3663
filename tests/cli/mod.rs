//! Transcripts of the command line: what is typed, standard output, standard error, exit status.

mod accept;
mod check_forms;
mod deploys;
mod diffs;
mod due;
mod exports;
mod fmt;
mod guards;
mod includes;
mod leases;
mod ledger;
mod pages;
mod rehearse;
mod restores;
mod reviews;
mod rollbacks;
mod scene;
mod schemas;
mod secrets;
mod slices;
mod status;
mod timeline;
mod warnings;

use std::os::unix::fs::PermissionsExt;

use scene::{Scene, settings};

macro_rules! transcript {
    ($name:literal, $text:expr) => {
        settings().bind(|| insta::assert_snapshot!($name, $text))
    };
}
use transcript;

#[test]
fn the_whole_help_is_one_snapshot() {
    let scene = Scene::new();
    let commands = [
        "init",
        "check",
        "fmt",
        "accept",
        "run",
        "points",
        "restore",
        "approve",
        "resume",
        "roll-back",
        "unlock",
        "status",
        "diff",
        "timeline",
        "history",
        "history show",
        "rehearse",
        "explain",
        "completions",
    ];
    let mut help = scene.types("--help");
    for command in commands {
        help.push_str(&format!("\n{}", scene.types(&format!("{command} --help"))));
    }
    transcript!("help", help);
}

#[test]
fn a_first_plan_works_at_once() {
    let scene = Scene::new();
    scene.write("notes.txt", "remember\n");
    let told = scene.types_all(&[
        "init",
        "init",
        "check sonae.kdl",
        "run sonae.kdl --all --quiet",
        "restore sonae.kdl files",
        "run sonae.kdl --all --quiet",
    ]);
    transcript!("first_plan", told);
    assert_eq!(std::fs::read_to_string(scene.path("sonae-restored/notes.txt")).unwrap(), "remember\n");
    assert!(!scene.path("sonae-restored/sonae-store").exists(), "a backup must not hold the store");
}

#[test]
fn a_backup_is_made_listed_and_restored() {
    let scene = Scene::with_plan();
    let told = scene.types_all(&[
        "run plan.kdl --all --dry-run --host web-1",
        "run plan.kdl --all --dry-run --detailed-exitcode --host web-1",
        "run plan.kdl photos/daily --host web-1",
        "points plan.kdl",
        "restore plan.kdl photos",
        "restore plan.kdl photos --from-host web-1 --dry-run",
        "restore plan.kdl photos --from-host web-1",
        "restore plan.kdl photos --from-host web-1",
        "restore plan.kdl photos --from-host web-1 --into beside",
        "restore plan.kdl photos --from-host web-1 --path holidays --into elsewhere --dry-run",
        "restore plan.kdl photos --from-host web-1 --path holidays --into elsewhere",
        "restore plan.kdl photos --from-host web-1 --path nowhere --into nothing --dry-run",
        "restore plan.kdl photos --from-host web-1 --path nowhere --into nothing",
        "restore plan.kdl photos --from-host web-1 --at 2020-01-01 --into nothing",
        "restore plan.kdl photos --from-host web-1 --point 20200101T000000Z-00000000 --into nothing",
    ]);
    transcript!("backup_and_restore", told);
    assert_eq!(std::fs::read_to_string(scene.path("restored/holidays/sea.txt")).unwrap(), "the sea\n");
    assert!(!scene.path("nothing").exists());
}

#[test]
fn retention_deletes_the_third_generation_and_says_so() {
    let scene = Scene::with_plan();
    for _ in 0..2 {
        scene.types("run plan.kdl --all --quiet --host web-1");
    }
    let told = scene.types_all(&[
        "run plan.kdl --all --dry-run --host web-1",
        "run plan.kdl --all --host web-1",
        "points plan.kdl",
    ]);
    transcript!("retention", told);
}

/// A plan of two jobs, of which the first has a source that is not there.
fn with_a_missing_source() -> Scene {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let plan = plan.replace("files \"photos\"", "files \"nowhere\"");
    let other =
        "target \"music\" {\n    files \"photos\"\n    backup \"daily\" { archive \"tar.zip\"; store \"shelf\" }\n}\n";
    let restore = "restore \"music\" { recover \"music\" { into path=\"music-restored\" } }\n";
    scene.write("plan.kdl", &format!("{plan}{other}{restore}"));
    scene
}

#[test]
fn a_source_that_is_missing_or_empty_fails_its_job_alone() {
    let scene = with_a_missing_source();
    let told = scene
        .types_all(&["run plan.kdl --all --dry-run --host web-1", "run plan.kdl --all --side-by-side 1 --host web-1"]);
    transcript!("missing_source", told);
    std::fs::create_dir(scene.path("nowhere")).unwrap();
    transcript!("empty_source", scene.types_all(&["run plan.kdl photos/daily --host web-1", "points plan.kdl"]));
}

#[test]
fn a_run_that_fails_fast_begins_no_further_backup() {
    let scene = with_a_missing_source();
    let told = scene.types_all(&[
        "run plan.kdl --all --fail-fast --side-by-side 1 --host web-1",
        "run plan.kdl music/daily --fail-fast --quiet --host web-1",
    ]);
    transcript!("fail_fast", told);
}

#[test]
fn wrong_usage_says_what_to_write_instead() {
    let scene = Scene::with_plan();
    scene.write("broken.kdl", "plan \"broken\" {\n    timezon \"UTC\"\n}\n");
    std::fs::write(scene.path("latin1.kdl"), b"plan \"caf\xe9\"\n").unwrap();
    let told = scene.types_all(&[
        "",
        "ruin plan.kdl",
        "run plan.kdl",
        "run plan.kdl photos/dayly",
        "run plan.kdl photos",
        "run plan.kdl --all --now 2026-03-01",
        "run plan.kdl --all --dry-run --now yesterday",
        "run plan.kdl --all --host 'a host'",
        "run nowhere.kdl --all",
        "run photos --all",
        "run latin1.kdl --all",
        "run broken.kdl --all",
        "restore plan.kdl phtos",
        "restore plan.kdl photos --at noon",
        "restore plan.kdl photos --point newest",
        "resume",
        "resume 20200101T000000Z-00000000",
        "resume nonsense",
        "explain sonae::store::unkown",
        "completions tcsh",
    ]);
    transcript!("wrong_usage", told);
}

#[test]
fn a_run_that_has_ended_is_not_resumed() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet");
    let journals = std::fs::read_dir(scene.path("../state/sonae/runs")).unwrap();
    let names: Vec<String> = journals.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let run = names[0].strip_suffix(".jsonl").unwrap();
    transcript!("resume_ended", scene.types_all(&["resume", &format!("resume {run}")]));
}

/// The journals of a scene, oldest first.
fn journals(scene: &Scene) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(scene.path("../state/sonae/runs")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Makes a journal that of a run which was killed after so many records.
fn kill_after(journal: &std::path::Path, records: usize) {
    let text = std::fs::read_to_string(journal).unwrap();
    let kept: Vec<&str> = text.split_inclusive('\n').take(records).collect();
    std::fs::write(journal, kept.concat()).unwrap();
}

#[test]
fn a_journal_that_does_not_hold_is_left_alone_and_the_others_are_resumed() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    scene.write("plan.kdl", &plan.replace("generations=2", "generations=9"));
    for _ in 0..4 {
        scene.types("run plan.kdl --all --quiet --host web-1");
    }
    let all = journals(&scene);
    all.iter().for_each(|journal| kill_after(journal, 4));
    let replace = |journal: &std::path::Path, from: &str, to: &str| {
        let text = std::fs::read_to_string(journal).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(journal, text.replacen(from, to, 1)).unwrap();
    };
    replace(&all[0], "\"step\":1,\"attempt\":1", "\"step\":77,\"attempt\":1");
    replace(&all[1], "/photos\"", "/photoz\"");
    let copied = std::fs::read(&all[3]).unwrap();
    std::fs::write(&all[2], copied).unwrap();
    let told = scene.types("resume");
    transcript!("resume_damaged", told);
}

#[test]
fn what_killed_restores_left_is_removed_when_nobody_can_be_alive() {
    let scene = Scene::with_plan();
    scene.types_all(&["run plan.kdl --all --quiet --host web-1", "restore plan.kdl photos --from-host web-1"]);
    let ended = journals(&scene).pop().unwrap().file_stem().unwrap().to_str().unwrap().to_owned();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(100_000);
    let (now, old) = (jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ-0000000a"), "20200101T000000Z-0000000b");
    let leave = |name: &str, run: &str, then: std::time::SystemTime| {
        let folder = scene.path(&format!("{name}.restoring-{run}"));
        scene.write(&format!("{name}.restoring-{run}/half/file"), "x");
        std::fs::File::open(&folder).unwrap().set_modified(then).unwrap();
        folder
    };
    let goes = [leave("back", &ended, std::time::SystemTime::now()), leave("back", old, long_ago)];
    let stays = [
        leave("back", &now.to_string(), long_ago),
        leave("back", "20200101T000000Z-0000000c", std::time::SystemTime::now()),
        leave("other", old, long_ago),
        leave("back", "20200101T000000Z", long_ago),
    ];
    scene.write("back.restoring-20200101T000000Z-0000000d", "a file");
    let restore = "restore plan.kdl photos --from-host web-1 --into back";
    let told = scene.types(&format!("{restore} --dry-run"));
    assert!(goes.iter().all(|folder| folder.exists()), "{told}");
    let done = scene.types(restore);
    transcript!("restore_leftovers", format!("{told}\n{done}"));
    assert!(!goes.iter().any(|folder| folder.exists()), "{done}");
    assert!(stays.iter().all(|folder| folder.join("half/file").exists()), "{done}");
    assert!(scene.path("back.restoring-20200101T000000Z-0000000d").is_file());
}

#[test]
fn a_destination_may_have_the_longest_name_there_is() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet --host web-1");
    for length in [218, 219, 220, 254, 255] {
        let name = "d".repeat(length);
        let told = scene.types(&format!("restore plan.kdl photos --from-host web-1 --into {name}"));
        assert!(told.ends_with("── exit 0\n"), "{told}");
        assert!(scene.path(&format!("{name}/cat.txt")).exists());
    }
    let told = scene.types(&format!("restore plan.kdl photos --from-host web-1 --into {}", "d".repeat(256)));
    assert!(told.contains("File name too long") && told.ends_with("── exit 1\n"), "{told}");
}

#[test]
fn the_exit_status_says_what_became_of_a_run_also_where_nobody_reads_its_summary() {
    let scene = Scene::with_plan();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let mut told = vec![];
    for line in ["run plan.kdl --all --host web-1", "run plan.kdl --all --host web-1 --format json"] {
        told.push(scene.types_to(line, full()));
        told.push(scene.types_to(line, closed()));
    }
    told.push(scene.types_to("restore plan.kdl photos --from-host web-1", full()));
    // Nothing else is what these are for.
    told.push(scene.types_to("run plan.kdl --all --host web-1 --dry-run", full()));
    told.push(scene.types_to("points plan.kdl", full()));
    told.push(scene.types_to("points plan.kdl", closed()));
    std::fs::remove_dir_all(scene.path("photos")).unwrap();
    told.push(scene.types_to("run plan.kdl --all --host web-1", full()));
    transcript!("nobody_reads", told.join("\n"));
}

#[test]
fn a_store_that_a_link_leads_into_its_source_is_refused_before_anything_is_made() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    std::os::unix::fs::symlink("photos", scene.path("link")).unwrap();
    let linked = plan.replace("local path=\"store\"", "local path=\"link/inner/store\"");
    scene.write("linked.kdl", &linked);
    let exclude = "files \"photos\" { exclude \"inner\"; }";
    scene.write("excluded.kdl", &linked.replace("files \"photos\"", exclude));
    let told = scene.types_all(&[
        "check linked.kdl",
        "run linked.kdl --all --dry-run --host web-1",
        "run linked.kdl --all --host web-1",
    ]);
    assert!(!scene.path("photos/inner").exists(), "{told}");
    let fine = scene.types("run excluded.kdl --all --quiet --host web-1");
    transcript!("store_by_link", format!("{told}\n{fine}"));
    // The other way round: the link is above the source.
    let above = plan.replace("files \"photos\"", "files \"above/photos\"").replace("\"store\"", "\"photos/store\"");
    std::os::unix::fs::symlink(".", scene.path("above")).unwrap();
    scene.write("above.kdl", &above);
    let told = scene.types("run above.kdl --all --quiet --host web-1");
    assert!(told.contains("the store is really at /scene/photos/store") && told.ends_with("── exit 4\n"), "{told}");
    assert!(!scene.path("photos/store").exists());
}

#[test]
fn a_run_removes_old_journals_and_a_dry_run_does_not() {
    let scene = Scene::with_plan();
    let path = |run: &str| format!("../state/sonae/runs/{run}.jsonl");
    let old = path("20200101T000000Z-00000001");
    // One that was never begun: there is nothing to resume.
    scene.write(&old, "");
    for number in 0..100 {
        scene.write(&path(&format!("20210101T000000Z-{number:08x}")), "");
    }
    let _told = scene.types("run plan.kdl --all --dry-run");
    assert!(scene.path(&old).exists());
    let told = scene.types("run plan.kdl --all --quiet");
    assert_eq!(told, "$ sonae run plan.kdl --all --quiet\n── exit 0\n");
    assert!(!scene.path(&old).exists());
    assert_eq!(journals(&scene).len(), 101, "the newest hundred, and its own");
}

#[test]
fn machines_read_the_same_as_json() {
    let scene = Scene::with_plan();
    scene.write("broken.kdl", "plan \"broken\" {\n    timezon \"UTC\"\n}\n");
    transcript!("check_json", scene.types("check plan.kdl broken.kdl --format json"));
    let typed = scene.types("run plan.kdl --all --host web-1 --format json");
    let json: serde_json::Value =
        serde_json::from_str(typed.split_once('\n').unwrap().1.split("── ").next().unwrap()).unwrap();
    assert_eq!(json["end"], "complete");
    assert_eq!(json["forecast"]["format_version"], 1);
    let typed = scene.types("points plan.kdl --format json");
    let json: serde_json::Value =
        serde_json::from_str(typed.split_once('\n').unwrap().1.split("── ").next().unwrap()).unwrap();
    assert_eq!(json["points"][0]["totals"]["files"], 2);
}

#[test]
fn what_is_made_is_readable_by_its_owner_alone() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet");
    let mut folders = vec![scene.path("store"), scene.path("../state/sonae")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            assert_eq!(meta.permissions().mode() & 0o077, 0, "{}", entry.path().display());
            seen += 1;
            if meta.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    assert!(seen > 8, "store and state were looked at");
}

#[test]
fn every_page_is_explained_and_every_shell_completed() {
    let scene = Scene::new();
    let list = scene.types("explain");
    let codes =
        list.lines().filter_map(|line| line.split_whitespace().next().filter(|word| word.starts_with("sonae::")));
    let mut explained = 0;
    for code in codes {
        let page = scene.types(&format!("explain {code}"));
        assert!(page.contains(&format!("# {code}")) && page.ends_with("── exit 0\n"), "{page}");
        explained += 1;
    }
    assert!(explained > 10, "{list}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(scene.types(&format!("completions {shell}")).contains("resume"), "{shell}");
    }
}

/// The files of the store whose names end so, in order.
fn stored(scene: &Scene, ending: &str) -> Vec<std::path::PathBuf> {
    let folder = scene.path("store/home/photos/daily/web-1");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.filter(|path| path.to_str().unwrap().ends_with(ending)).collect();
    found.sort();
    found
}

#[test]
fn a_point_whose_archive_is_gone_counts_for_nothing() {
    let scene = Scene::with_plan();
    let run = "run plan.kdl --all --quiet --host web-1";
    scene.types(run);
    let first = stored(&scene, ".tar.zip");
    scene.types(run);
    let second = stored(&scene, ".tar.zip").into_iter().find(|path| !first.contains(path)).unwrap();
    std::fs::remove_file(second).unwrap();
    let told = scene.types_all(&[
        "points plan.kdl",
        "restore plan.kdl photos --from-host web-1 --dry-run",
        "run plan.kdl --all --dry-run --host web-1",
        run,
    ]);
    transcript!("damaged_point", told);
    assert_eq!(
        stored(&scene, ".tar.zip").len(),
        2,
        "the sound points are kept: a broken one is none of the newest two"
    );
}

#[test]
fn a_restore_of_a_point_that_is_not_clean_names_what_was_unread() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet --host web-1");
    let path = stored(&scene, ".manifest.json").remove(0);
    let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let root = manifest["roots"][0].as_str().unwrap().to_owned();
    let named = |word: &str, count: u64, listed: u64| {
        let one = |number| serde_json::json!({ "path": format!("{root}/{word}/{number}"), "why": "permission denied" });
        serde_json::json!({ "count": count, "first": (0..listed).map(one).collect::<Vec<_>>() })
    };
    manifest["clean"] = false.into();
    manifest["unread"] = named("secret", 12, 12);
    manifest["changed"] = named("log", 200, 100);
    std::fs::write(&path, manifest.to_string()).unwrap();
    let told = scene.types_all(&[
        "restore plan.kdl photos --from-host web-1 --dry-run",
        "restore plan.kdl photos --from-host web-1 --dry-run --path secret/1 --into part",
        "restore plan.kdl photos --from-host web-1 --dry-run --path cat.txt --into part",
    ]);
    transcript!("restore_not_clean", told);
}

#[test]
fn a_plan_of_the_same_name_for_other_folders_deletes_nothing_of_this_one() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap().replace("generations=2", "generations=1");
    scene.write("plan.kdl", &plan);
    scene.write("other.kdl", &plan.replace("files \"photos\"", "files \"music\""));
    scene.write("music/song.txt", "a song\n");
    let run = |plan: &str| format!("run {plan} --all --quiet --host web-1");
    let told = scene.types_all(&[&run("plan.kdl"), &run("other.kdl"), &run("other.kdl"), &run("plan.kdl")]);
    assert_eq!(stored(&scene, ".manifest.json").len(), 2, "one of each: {told}");
}

#[test]
fn a_backup_that_lacks_only_its_manifest_is_not_removed_at_once() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet --host web-1");
    std::fs::remove_file(&stored(&scene, ".manifest.json")[0]).unwrap();
    let in_days = |days: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        scene.types(&format!("run plan.kdl --all --dry-run --host web-1 --now {at}"))
    };
    assert!(in_days(2).contains("delete    nothing"), "{}", in_days(2));
    assert!(in_days(31).contains("2 leftovers"), "{}", in_days(31));
    std::fs::remove_file(&stored(&scene, ".contents.jsonl.gz")[0]).unwrap();
    assert!(in_days(0).contains("delete    nothing"), "it may be of a run that is alive");
    assert!(in_days(2).contains("1 leftover"), "{}", in_days(2));
}

#[test]
fn programs_are_told_how_an_archive_is_compressed() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let compression = |written: &str| {
        scene.write("plan.kdl", &plan.replace("archive \"tar.zip\"", &format!("archive \"tar.zip\" {written}")));
        let told = scene.types("run plan.kdl --all --dry-run --format json --host web-1");
        let json = &told[told.find('{').unwrap()..=told.rfind('}').unwrap()];
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        json.pointer("/steps/1/action/compression").cloned().unwrap_or_else(|| panic!("{json:#}"))
    };
    assert_eq!(compression(""), serde_json::json!({ "method": "deflate", "level": 6 }));
    assert_eq!(compression("method=\"zstd\""), serde_json::json!({ "method": "zstd", "level": 3 }));
    assert_eq!(compression("method=\"zstd\" level=19"), serde_json::json!({ "method": "zstd", "level": 19 }));
}
