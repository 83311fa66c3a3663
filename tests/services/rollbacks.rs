//! A restore that is taken back on another host: its link and its folder, over SFTP.

use std::path::Path;

use sonae::primitives::Digest;

use super::Check;
use super::scene::Scene;
use super::sshd::{SSHD, Sshd};

pub(crate) const CHECKS: &[Check] = &[Check {
    name: "a restore on another host is taken back there, its link and its folder",
    needs: SSHD,
    run: taken_back,
}];

/// A release of one file.
fn archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(vec![]);
    let mut header = tar::Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_mode(0o644);
    header.set_size(4);
    tar.append_data(&mut header, "version", &b"new\n"[..]).unwrap();
    tar.into_inner().unwrap()
}

fn plan(scene: &Scene, host: &Sshd, images: &Path) {
    let (archive, root) = (archive(), scene.root().display());
    let digest = Digest::of(&archive).to_string();
    let digest = digest.trim_start_matches("sha256:");
    std::fs::write(scene.path("shop.tar"), archive).unwrap();
    let plan = format!(
        r#"plan "site" {{ timezone "UTC"; }}
host "web-1" {{ {ssh}; }}
store "vault" {{ local path="store"; }}
target "images" {{ files {images:?}; backup "daily" {{ archive "tar.zip"; store "vault"; }}; }}
target "shop" {{ release archive="shop.tar" sha256="{digest}"; no-backup "kept where it is built"; }}
restore "site" {{
    recover "images" {{ into host="web-1" path="{root}/served/images.restored"; }}
    deploy "shop" {{ into host="web-1" path="{root}/served/releases" link="{root}/served/current"; }}
    switch "images"
}}
"#,
        ssh = host.ssh_line(),
    );
    std::fs::write(scene.path("plan.kdl"), plan).unwrap();
}

fn taken_back() {
    let (scene, host) = (Scene::new(""), Sshd::start());
    let images = scene.path("served/images");
    std::fs::create_dir_all(&images).unwrap();
    std::fs::create_dir_all(scene.path("served/releases/old")).unwrap();
    std::fs::write(images.join("index"), "good\n").unwrap();
    std::fs::write(scene.path("served/releases/old/version"), "old\n").unwrap();
    std::os::unix::fs::symlink("releases/old", scene.path("served/current")).unwrap();
    plan(&scene, &host, &images);
    scene.sonae(&["run", "plan.kdl", "--all", "--quiet"]).exits(0);
    std::fs::write(images.join("index"), "broken\n").unwrap();
    let serves = || ["images/index", "current/version"].map(|name| reads(&scene.path("served").join(name)));
    let told = scene.sonae(&["restore", "plan.kdl", "site"]).exits(0).stdout();
    assert_eq!(serves(), ["good\n", "new\n"]);
    let run = told.split("sonae roll-back ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    // The plan is not asked.
    std::fs::remove_file(scene.path("plan.kdl")).unwrap();
    let dry = scene.sonae(&["roll-back", &run, "--dry-run"]).exits(0).stdout();
    assert!(dry.contains("current on web-1 points to releases/old again"), "{dry}");
    assert_eq!(serves(), ["good\n", "new\n"], "a dry run only looks");
    let told = scene.sonae(&["roll-back", &run]).exits(0).stdout();
    assert_eq!(serves(), ["broken\n", "old\n"], "{told}");
    assert_eq!(std::fs::read_link(scene.path("served/current")).unwrap(), Path::new("releases/old"));
    assert_eq!(reads(&scene.path(&format!("served/releases/shop-{run}/version"))), "new\n", "nothing is deleted");
    let entries = std::fs::read_dir(scene.path("served")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = entries.filter(|path| path.display().to_string().contains(".before-")).collect();
    assert_eq!(kept.iter().map(|path| reads(&path.join("index"))).collect::<Vec<_>>(), ["good\n"]);
}

fn reads(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
