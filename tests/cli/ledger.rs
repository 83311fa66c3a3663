//! The history of a host's runs, and whatever may become of the ledger that it is told from.

use std::os::unix::fs::PermissionsExt;

use super::scene::{Scene, data, settings};
use super::{journals, transcript};

/// Where the ledger of a scene lies.
fn ledger(scene: &Scene) -> std::path::PathBuf {
    scene.path("../state/sonae/ledger")
}

fn ledger_file(scene: &Scene) -> std::path::PathBuf {
    ledger(scene).join("ledger.sqlite")
}

fn runs(scene: &Scene) -> Vec<String> {
    let stem = |path: std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    journals(scene).into_iter().map(stem).collect()
}

#[test]
fn history_tells_what_ran() {
    let scene = Scene::with_plan();
    let told = scene.types("history");
    assert!(!ledger(&scene).exists(), "asking makes nothing");
    scene.types_apart(&[
        "run plan.kdl --all --quiet --host web-1",
        "run plan.kdl --all --quiet --host web-1",
        "run plan.kdl --all --quiet --host web-1",
        "restore plan.kdl photos --quiet --from-host web-1",
    ]);
    std::fs::rename(scene.path("photos"), scene.path("gone")).unwrap();
    scene.types_apart(&["run plan.kdl --all --quiet --host web-1"]);
    let runs = runs(&scene);
    let show = |run: &str, more: &str| scene.types(&format!("history show {run}{more}"));
    let told = [
        told,
        scene.types("history"),
        scene.types("history --job photos/daily --limit 1"),
        scene.types("history --since 2100-01-01"),
        scene.types("history --format markdown"),
        show(&runs[2], ""),
        show(&runs[2], " --format markdown"),
        show(&runs[0], ""),
        show(&runs[3], ""),
        show(&runs[4], ""),
        show("20200101T000000Z-00000000", ""),
        scene.types("history --job photos"),
        scene.types("history --limit 0"),
    ];
    transcript!("history", told.join("\n"));
    let json: serde_json::Value = serde_json::from_str(data(&scene.types("history --format json"))).unwrap();
    assert_eq!((json["format_version"].as_u64(), json["runs"].as_array().map(Vec::len)), (Some(1), Some(5)));
    assert_eq!(json["runs"][0]["end"], "failed");
    let json: serde_json::Value = serde_json::from_str(data(&show(&runs[2], " --format json"))).unwrap();
    assert_eq!(json["run"]["deleted"][0]["gone"]["why"], "not among the newest 2");
    // For a run whose journal is gone, the rows suffice.
    let before = show(&runs[2], "");
    journals(&scene).iter().for_each(|journal| std::fs::remove_file(journal).unwrap());
    assert_eq!(show(&runs[2], ""), before);
}

#[test]
fn whatever_becomes_of_the_ledger_no_backup_fails_and_it_is_had_again() {
    let scene = Scene::with_plan();
    let backup = "run plan.kdl --all --quiet --host web-1";
    scene.types(backup);
    let file = ledger_file(&scene);
    let whole = std::fs::read(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let mut told = vec![];
    let mut happens = |what: &str, harm: &dyn Fn()| {
        harm();
        let said = scene.types_apart(&[backup]);
        assert!(said.ends_with("── exit 0\n"), "{what}: {said}");
        assert!(said.matches("the ledger").count() <= 1, "{what} is said once: {said}");
        let runs = runs(&scene).len();
        let json = scene.types("history --limit 100 --format json");
        let json: serde_json::Value = serde_json::from_str(data(&json)).unwrap();
        assert_eq!(json["runs"].as_array().map(Vec::len), Some(runs), "{what}: all runs are known");
        assert!(json["runs"].as_array().unwrap().iter().all(|run| run["end"] == "complete"), "{what}: {json}");
        told.push(format!("# {what}\n{said}{}", scene.types("history --limit 1")));
    };
    let sql = |text: &str| rusqlite::Connection::open(&file).unwrap().execute_batch(text).unwrap();
    happens("it is deleted", &|| std::fs::remove_dir_all(ledger(&scene)).unwrap());
    happens("it is garbage", &|| std::fs::write(&file, b"garbage ".repeat(5000)).unwrap());
    happens("it is cut off", &|| std::fs::write(&file, &whole[..whole.len() / 3]).unwrap());
    happens("it is empty", &|| std::fs::write(&file, "").unwrap());
    happens("its tables are others", &|| sql("DROP TABLE step; CREATE TABLE step (x)"));
    happens("its rows are nonsense", &|| sql("UPDATE run SET outcome = 'well'"));
    happens("it is another program's", &|| {
        std::fs::remove_file(&file).unwrap();
        sql("CREATE TABLE theirs (x)");
    });
    transcript!("ledger_harmed", told.join("\n"));
}

#[test]
fn a_ledger_that_cannot_be_used_is_said_and_left_alone() {
    let scene = Scene::with_plan();
    let backup = "run plan.kdl --all --quiet --host web-1";
    scene.types(backup);
    let file = ledger_file(&scene);
    let connection = rusqlite::Connection::open(&file).unwrap();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let newer = scene.types_apart(&[backup, "history"]);
    connection.pragma_update(None, "user_version", version).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let locked = scene.types_apart(&[backup]);
    connection.execute_batch("ROLLBACK").unwrap();
    drop(connection);
    let after = scene.types("history");
    std::fs::remove_dir_all(ledger(&scene)).unwrap();
    std::fs::write(ledger(&scene), "in the way").unwrap();
    let no_folder = scene.types_apart(&[backup, "history"]);
    let told = format!("# newer\n{newer}\n# locked\n{locked}\n# free again\n{after}\n# no folder\n{no_folder}");
    transcript!("ledger_unusable", told);
}
