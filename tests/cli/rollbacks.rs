//! Restores that are taken back: what is shown, done, refused, and gone on with.

use std::path::PathBuf;

use sonae::primitives::Digest;

use super::scene::{Scene, data, settings};

macro_rules! transcript {
    ($name:literal, $text:expr) => {
        settings().bind(|| insta::assert_snapshot!($name, $text))
    };
}

/// Photos that were damaged, and a shop of which a release serves.
struct Site {
    scene: Scene,
}

const STEPS: &str = r#"
    recover "photos" { into path="photos.restored" }
    deploy "shop" { into path="releases" link="current" }
    switch "photos"
"#;

impl Site {
    fn new() -> Self {
        Self::of(STEPS)
    }

    fn of(steps: &str) -> Self {
        let site = Self { scene: Scene::new() };
        site.builds("2.0", steps);
        site.scene.write("photos/cat.txt", "a cat\n");
        let told = site.scene.types("run plan.kdl --all --quiet");
        assert!(told.ends_with("── exit 0\n"), "{told}");
        site.scene.write("photos/cat.txt", "damaged\n");
        site.scene.write("releases/old/version", "1.0\n");
        std::os::unix::fs::symlink("releases/old", site.scene.path("current")).unwrap();
        site
    }

    /// A new release of the shop, which the plan names from then on.
    fn builds(&self, version: &str, steps: &str) {
        let mut archive = tar::Builder::new(vec![]);
        let mut header = tar::Header::new_gnu();
        let content = format!("{version}\n");
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, "version", content.as_bytes()).unwrap();
        let archive = archive.into_inner().unwrap();
        let digest = Digest::of(&archive).to_string().replace("sha256:", "");
        std::fs::write(self.scene.path("shop.tar"), archive).unwrap();
        self.scene.write(
            "plan.kdl",
            &format!(
                r#"plan "site"
store "shelf" {{ local path="store" }}
target "photos" {{
    files "photos"
    backup "daily" {{ archive "tar.zip"; store "shelf" }}
}}
target "shop" {{
    release archive="shop.tar" sha256="{digest}"
    no-backup "kept where it is built"
}}
restore "site" {{{steps}}}
restore "photos" {{ recover "photos" {{ into path="elsewhere" }} }}
"#
            ),
        );
    }

    /// Each in a second of its own, as people do.
    fn types_all(&self, lines: &[&str]) -> String {
        self.scene.types_apart(lines)
    }

    /// Restores, and answers which run that was, with what was said.
    fn restores(&self) -> (String, String) {
        let told = self.types_all(&["restore plan.kdl site"]);
        let run = told.split("\nrun ").nth(1).unwrap().split(':').next().unwrap().to_owned();
        (run, told)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.scene.path(name)).unwrap_or_default()
    }

    /// What serves: the release, and the photos.
    fn serves(&self) -> (String, String) {
        (self.read("current/version"), self.read("photos/cat.txt"))
    }

    /// The journal that was written last.
    fn last_journal(&self) -> PathBuf {
        super::journals(&self.scene).pop().unwrap()
    }

    /// What in the folder was put out of the way.
    fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.scene.path("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("photos.before-")).collect()
    }
}

fn both(release: &str, cat: &str) -> (String, String) {
    (format!("{release}\n"), format!("{cat}\n"))
}

#[test]
fn what_a_restore_put_into_service_is_taken_back() {
    let site = Site::new();
    let (run, restored) = site.restores();
    assert_eq!(site.serves(), both("2.0", "a cat"));
    let dry =
        site.types_all(&[&format!("roll-back {run} --dry-run"), &format!("roll-back {run} --dry-run --format json")]);
    let json: serde_json::Value = serde_json::from_str(data(dry.split("\n\n$ ").nth(1).unwrap())).unwrap();
    assert_eq!(json["subject"]["roll-back"]["of"], run.as_str());
    let dry = dry.split("\n\n$ ").next().unwrap();
    assert_eq!(site.serves(), both("2.0", "a cat"), "a dry run only looks");
    let done = site.types_all(&[
        &format!("roll-back {run}"),
        &format!("roll-back {run}"),
        &format!("roll-back {run} --dry-run"),
    ]);
    assert_eq!(site.serves(), both("1.0", "damaged"));
    // Nothing is deleted: what served until then lies beside.
    let [kept] = site.kept().try_into().unwrap();
    assert_eq!(site.read(&format!("{kept}/cat.txt")), "a cat\n");
    assert_eq!(site.read(&format!("releases/shop-{run}/version")), "2.0\n");
    let back = kept.strip_prefix("photos.before-").unwrap();
    let later = site.types_all(&[
        "history --limit 2",
        &format!("history show {back} --format markdown"),
        &format!("history show {back} --format json"),
        &format!("roll-back {back}"),
        &format!("resume {back}"),
    ]);
    assert!(later.contains(&format!(r#""takes_back": "{run}""#)), "{later}");
    let later: Vec<&str> = later.split("\n\n$ ").filter(|told| !told.contains("--format json")).collect();
    transcript!("roll_back", [&restored, dry, &done, &later.join("\n\n$ ")].join("\n\n"));
}

#[test]
fn what_cannot_be_taken_back_is_refused_with_why() {
    let site = Site::new();
    let backup = site.last_journal().file_stem().unwrap().to_str().unwrap().to_owned();
    let told = site.types_all(&[
        "roll-back nonsense",
        "roll-back 20200101T000000Z-00000000",
        &format!("roll-back {backup}"),
        &format!("roll-back {backup} --format json"),
    ]);
    transcript!("roll_back_refused", told);
}

#[test]
fn where_nothing_was_before_there_is_nothing_to_go_back_to() {
    let site = Site::new();
    std::fs::remove_file(site.scene.path("current")).unwrap();
    let (run, told) = site.restores();
    assert!(told.contains(&format!("to take it back: `sonae roll-back {run}`")), "{told}");
    let back = site.types_all(&[&format!("roll-back {run} --dry-run"), &format!("roll-back {run}")]);
    assert_eq!(site.serves(), both("2.0", "damaged"), "the link stays");
    // Now of the link alone: there is nothing at all.
    let site = Site::of("deploy \"shop\" { into path=\"releases\" link=\"current\" }");
    std::fs::remove_file(site.scene.path("current")).unwrap();
    let (run, restored) = site.restores();
    assert!(!restored.contains("roll-back"), "{restored}");
    transcript!("roll_back_nothing", [back, site.types_all(&[&format!("roll-back {run}")])].join("\n\n"));
}

#[test]
fn what_was_put_there_later_is_taken_back_first() {
    let site = Site::new();
    let (first, _) = site.restores();
    site.builds("3.0", STEPS);
    std::fs::write(site.scene.path("photos/cat.txt"), "damaged again\n").unwrap();
    let (second, _) = site.restores();
    let back = |run: &str| format!("roll-back {run}");
    let refused = site.types_all(&[&format!("{} --dry-run", back(&first)), &back(&first)]);
    assert_eq!(site.serves(), both("3.0", "a cat"), "nothing was done");
    assert!(refused.contains(&second), "it is named: {refused}");
    let done = site.types_all(&[&format!("{} --quiet", back(&second)), &format!("{} --quiet", back(&first))]);
    assert_eq!(site.serves(), both("1.0", "damaged"));
    transcript!("roll_back_of_an_earlier_one", [refused, done].join("\n\n"));
}

#[test]
fn what_somebody_changed_by_hand_is_left_alone() {
    let site = Site::new();
    let (run, _) = site.restores();
    let link = |to: &str| {
        std::fs::remove_file(site.scene.path("current")).unwrap();
        std::os::unix::fs::symlink(to, site.scene.path("current")).unwrap();
    };
    let release = std::fs::read_link(site.scene.path("current")).unwrap();
    link("releases/elsewhere");
    let mut told = site.types_all(&[&format!("roll-back {run}")]);
    link("releases/old");
    told += &site.types_all(&[&format!("roll-back {run}")]);
    link(release.to_str().unwrap());
    std::fs::remove_dir_all(site.scene.path("releases/old")).unwrap();
    told += &site.types_all(&[&format!("roll-back {run}")]);
    site.scene.write("releases/old/version", "1.0\n");
    let kept = site.kept().pop().unwrap();
    std::fs::rename(site.scene.path(&kept), site.scene.path("gone")).unwrap();
    told += &site.types_all(&[&format!("roll-back {run}")]);
    assert_eq!(site.serves(), both("2.0", "a cat"));
    transcript!("roll_back_of_what_changed", told);
}

#[test]
fn one_that_was_killed_is_gone_on_with() {
    let site = Site::new();
    let (run, _) = site.restores();
    site.types_all(&[&format!("roll-back {run} --quiet")]);
    // The photos are back, and the link still to come.
    super::kill_after(&site.last_journal(), 3);
    std::fs::remove_file(site.scene.path("current")).unwrap();
    std::os::unix::fs::symlink(site.scene.path(&format!("releases/shop-{run}")), site.scene.path("current")).unwrap();
    assert_eq!(site.serves(), both("2.0", "damaged"));
    let told = site.types_all(&[&format!("roll-back {run}"), "resume", &format!("roll-back {run}")]);
    assert_eq!(site.serves(), both("1.0", "damaged"));
    transcript!("roll_back_resumed", told);
}

#[test]
fn a_restore_that_failed_is_taken_back_and_not_gone_on_with() {
    let site = Site::of(&format!("{STEPS}    command \"false\"\n"));
    let (run, told) = site.restores();
    let back = site.types_all(&[&format!("roll-back {run}"), &format!("resume {run}")]);
    assert_eq!(site.serves(), both("1.0", "damaged"));
    transcript!("roll_back_of_a_failed_one", [told, back].join("\n\n"));
}

#[test]
fn one_that_has_not_ended_is_not_taken_back() {
    let site = Site::new();
    let (run, _) = site.restores();
    let whole = std::fs::read_to_string(site.last_journal()).unwrap();
    super::kill_after(&site.last_journal(), whole.lines().count() - 1);
    let told = site.types_all(&[&format!("roll-back {run}"), "resume --quiet", &format!("roll-back {run} --quiet")]);
    assert_eq!(site.serves(), both("1.0", "damaged"));
    transcript!("roll_back_of_an_open_one", told);
}
