//! Pages as they are asked for: which commands print one, with which exit status, and which refuse to.

use super::scene::{Scene, data, settings};
use super::{journals, transcript};

/// What is printed where a page is; what is said beside it; how it ends.
fn page(scene: &Scene, line: &str, status: u8) -> String {
    let told = scene.types(line);
    let page = data(&told);
    assert!(
        page.starts_with("<!DOCTYPE html><html lang=\"en\">") && page.ends_with("</html>\n"),
        "{line}: {told:.2000}"
    );
    assert!(told.ends_with(&format!("── exit {status}\n")), "{line}: {}", &told[told.len() - 300..]);
    page.to_owned()
}

#[test]
fn dry_runs_timelines_and_runs_that_were_have_pages() {
    let scene = Scene::with_plan();
    let backup = page(&scene, "run plan.kdl --all --dry-run --host web-1 --format html", 0);
    assert!(backup.contains("exit status 0") && backup.contains("would make 1 recovery point"));
    let detailed = page(&scene, "run plan.kdl --all --dry-run --detailed-exitcode --host web-1 --format html", 2);
    assert!(detailed.contains("exit status 2: there is something to do"));
    let due = page(&scene, "run plan.kdl --due --dry-run --host web-1 --format html", 0);
    assert!(due.contains("What is due"), "{due}");
    assert!(page(&scene, "run plan.kdl --all --dry-run --offline --format html", 0).contains("not observed"));
    assert!(
        page(&scene, "restore plan.kdl photos --dry-run --from-host web-1 --format html", 4).contains("exit status 4")
    );
    assert!(page(&scene, "timeline plan.kdl --from 2026-03-01 --format html", 0).contains("class=\"calendar\""));
    scene.types("run plan.kdl --all --quiet --host web-1");
    let run = journals(&scene)[0].file_stem().unwrap().to_str().unwrap().to_owned();
    let was = page(&scene, &format!("history show {run} --format html"), 0);
    assert!(was.contains("1 recovery point made"));
    assert!(
        was.contains("✓ done") && was.contains(", done") && !was.contains("✕"),
        "its graph says what became of it: {was}"
    );
    // What failed, and what was skipped for it.
    std::fs::remove_dir_all(scene.path("photos")).unwrap();
    scene.types("run plan.kdl --all --quiet --host web-1");
    let names = journals(&scene).into_iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let other = names.into_iter().find(|name| *name != run).unwrap();
    let failed = page(&scene, &format!("history show {other} --format html"), 0);
    for said in ["✕ failed", ", failed", "↷ skipped, as another failed", ", skipped"] {
        assert!(failed.contains(said), "{said}: {failed}");
    }
}

#[test]
fn what_has_no_page_says_so() {
    let scene = Scene::with_plan();
    scene.write("old.kdl", &std::fs::read_to_string(scene.path("plan.kdl")).unwrap());
    let told = [
        scene.types("run plan.kdl --all --format html"),
        scene.types("run plan.kdl --due --format html"),
        scene.types("restore plan.kdl photos --format html"),
        scene.types("timeline plan.kdl --compare old.kdl --format svg"),
        scene.types("history --format html"),
    ];
    transcript!("pages_refused", told.join("\n"));
    assert!(!scene.path("store").exists(), "nothing was done");
}
