//! What no run may leave behind, and what every listed point must be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::scene::Scene;
use super::tree::{digest_text, sha256};

/// The files below a folder; none where it is not there.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let mut found = vec![];
    for entry in entries {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found.sort();
    found
}

/// The objects of leases in the store.
pub(crate) fn leases(scene: &Scene) -> Vec<PathBuf> {
    called(scene, "lease-")
}

/// The objects of the store whose names begin so.
fn called(scene: &Scene, begins: &str) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(begins);
    files(&scene.path("store")).into_iter().filter(is_one).collect()
}

/// The same where a run may have been killed after its end: then nobody gave its lease and its pins back, and they run out.
pub(crate) fn assert_none_but_leases(scene: &Scene) {
    // One that was being put is thrown away with a later pin.
    let runs_out = [leases(scene), called(scene, "pin-"), called(scene, ".upload-pin-")].concat();
    runs_out.iter().for_each(|object| std::fs::remove_file(object).unwrap());
    assert_none(scene);
}

/// That the store holds whole points and nothing else, and that no half-made restore is anywhere in the scene.
pub(crate) fn assert_none(scene: &Scene) {
    const ENDINGS: [&str; 3] = [".tar.zip", ".contents.jsonl.gz", ".manifest.json"];
    let mut parts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in files(&scene.path("store")) {
        let text = path.to_str().unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let ending = ENDINGS.iter().find(|ending| text.ends_with(**ending) && !name.starts_with('.'));
        let ending = ending.unwrap_or_else(|| panic!("{text} is left over"));
        parts.entry(text.strip_suffix(ending).unwrap().to_owned()).or_default().push(ending);
    }
    for (point, parts) in parts {
        assert_eq!(parts.len(), ENDINGS.len(), "of {point} there is only {parts:?}");
    }
    for entry in std::fs::read_dir(scene.root()).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(!name.to_string_lossy().contains(".restoring-"), "{name:?} is left over");
    }
}

/// A point that is listed: its job, its id, and what it holds.
pub(crate) type Listed = (String, String, String);

/// That every point that is listed is whole: its archive and contents are what its manifest says.
pub(crate) fn whole_points(scene: &Scene) -> Vec<Listed> {
    let points = scene.points();
    assert_eq!(points["unusable"].as_array().map(Vec::len), Some(0), "{points:#}");
    let mut listed = vec![];
    for point in points["points"].as_array().unwrap() {
        for part in ["archive", "contents"] {
            let object = scene.path("store").join(point[part]["key"].as_str().unwrap());
            let size = std::fs::metadata(&object).unwrap_or_else(|error| panic!("{}: {error}", object.display())).len();
            assert_eq!(point[part]["size"].as_u64(), Some(size), "{}", object.display());
            assert_eq!(point[part]["digest"].as_str(), Some(digest_text(&sha256(&object)).as_str()));
        }
        let text = |word: &str| point[word].as_str().unwrap().to_owned();
        listed.push((text("job"), text("point"), format!("{} clean: {}", point["totals"], point["clean"])));
    }
    listed.sort();
    listed
}

/// The journals of the scene's runs, by run: their whole lines.
pub(crate) fn journals(scene: &Scene) -> BTreeMap<String, Vec<String>> {
    let mut runs = BTreeMap::new();
    for path in files(&scene.path("state/sonae/runs")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let run = path.file_stem().unwrap().to_str().unwrap().to_owned();
        runs.insert(run, whole.lines().map(str::to_owned).collect());
    }
    runs
}

/// Whether a journal's last line says that the run ended.
pub(crate) fn has_ended(lines: &[String]) -> bool {
    lines.last().is_some_and(|line| line.contains(r#""record":"ended""#))
}
