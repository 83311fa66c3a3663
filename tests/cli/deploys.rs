//! Releases that are deployed: what is shown before, what is done, and what is refused.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use sonae::primitives::Digest;

use super::scene::{Scene, settings};

macro_rules! transcript {
    ($scene:expr, $name:literal, $text:expr) => {
        settings().bind(|| insta::assert_snapshot!($name, $scene.told($text)))
    };
}

/// A release in an archive, and restores that deploy it.
struct Shop {
    scene: Scene,
}

impl Shop {
    fn new() -> Self {
        let shop = Self { scene: Scene::new() };
        shop.release("1\n");
        shop
    }

    /// Packs a version of the release, below one folder, and writes the plan that knows its digest.
    fn release(&self, version: &str) {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, content, mode) in
            [("shop/version", version, 0o644), ("shop/bin/serve", "#!/bin/sh\necho serving\n", 0o4755)]
        {
            let mut header = tar::Header::new_gnu();
            header.set_mode(mode);
            header.set_uid(7);
            header.set_gid(7);
            header.set_mtime(1_772_323_200);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        let tar = zstd::bulk::compress(&tar.into_inner().unwrap(), 3).unwrap();
        let sum = Digest::of(&tar).to_string().replace("sha256:", "");
        std::fs::create_dir_all(self.scene.path("releases")).unwrap();
        std::fs::write(self.scene.path("releases/shop.tar.zst"), tar).unwrap();
        self.plan(&sum);
    }

    fn plan(&self, sum: &str) {
        let plan = r#"plan "shop"
target "shop" area="application" {
    release archive="releases/shop.tar.zst" sha256="SUM" strip=1
    no-backup "released as an archive"
}
restore "shop" rto="10m" {
    deploy "shop" takes="5m" { into path="srv/releases" link="srv/current"; }
    command "sh" "-c" "$1/bin/serve" "sh" (output)"shop.path" takes="1m"
    probe "it serves" takes="1m" { command "test" "-x" (output)"shop.path"; }
}
"#;
        self.scene.write("plan.kdl", &plan.replace("SUM", sum));
    }

    fn told(&self, text: &str) -> String {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        text.replace(&format!(" on {host},"), " on [host],")
    }

    fn version(&self) -> String {
        std::fs::read_to_string(self.scene.path("srv/current/version")).unwrap_or_default()
    }
}

#[test]
fn a_release_gets_a_folder_of_its_own_and_the_link_points_to_the_newest() {
    let shop = Shop::new();
    let foretold = shop.scene.types("restore plan.kdl shop --dry-run");
    assert!(!shop.scene.path("srv").exists(), "a dry run only looks");
    let first = shop.scene.types("restore plan.kdl shop");
    assert_eq!(shop.version(), "1\n");
    let before = std::fs::canonicalize(shop.scene.path("srv/current")).unwrap();
    let mode = std::fs::metadata(before.join("bin/serve")).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o755, "it takes on nobody's rights");
    for folder in ["srv", "srv/releases"] {
        let mode = std::fs::metadata(shop.scene.path(folder)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o755, "who serves {folder} is not who deploys it");
    }
    shop.release("2\n");
    let second = shop.scene.types("restore plan.kdl shop");
    assert_eq!(shop.version(), "2\n");
    assert_eq!(std::fs::read_to_string(before.join("version")).unwrap(), "1\n", "what was there stays");
    transcript!(shop, "a_release_is_deployed_twice", &[foretold, first, second].concat());
}

#[test]
fn what_cannot_be_deployed_is_said_so_and_changes_nothing() {
    let shop = Shop::new();
    let mut told = String::new();
    // Another archive than the plan's.
    shop.plan(&"0".repeat(64));
    told += &shop.scene.types("restore plan.kdl shop");
    assert!(!shop.scene.path("srv/current").exists());
    assert_eq!(std::fs::read_dir(shop.scene.path("srv/releases")).unwrap().count(), 0);
    // Nothing of it is read as an archive before that.
    std::fs::write(shop.scene.path("releases/shop.tar.zst"), "neither the one nor an archive").unwrap();
    let said = shop.scene.types("restore plan.kdl shop");
    assert!(said.contains("its digest is sha256:"), "{said}");
    // No archive at all.
    std::fs::write(
        shop.scene.path("releases/shop.tar.zst"),
        "this is a text, and long enough to be told from an archive by that",
    )
    .unwrap();
    let sum = Digest::of(&std::fs::read(shop.scene.path("releases/shop.tar.zst")).unwrap()).to_string();
    shop.plan(&sum.replace("sha256:", ""));
    told += &shop.scene.types("restore plan.kdl shop");
    // Something that is no link.
    shop.release("1\n");
    shop.scene.write("srv/current/mine", "somebody's");
    told += &shop.scene.types("restore plan.kdl shop");
    assert_eq!(std::fs::read_to_string(shop.scene.path("srv/current/mine")).unwrap(), "somebody's");
    // Nothing where the archive should be.
    std::fs::remove_file(shop.scene.path("releases/shop.tar.zst")).unwrap();
    std::fs::remove_dir_all(shop.scene.path("srv/current")).unwrap();
    told += &shop.scene.types("restore plan.kdl shop");
    transcript!(shop, "what_cannot_be_deployed", &told);
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused() {
    let shop = Shop::new();
    for (name, link) in [("../out", None), ("in/../../out", None), ("bad", Some(("bad/out", "/tmp")))] {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        header.set_size(0);
        if let Some((_, to)) = link {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_link_name(to).unwrap();
        }
        // The crate itself would refuse the name.
        let path = format!("shop/{name}");
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        tar.append(&header, &[][..]).unwrap();
        if let Some((through, _)) = link {
            let mut file = tar::Header::new_gnu();
            file.set_mode(0o644);
            file.set_uid(0);
            file.set_gid(0);
            file.set_mtime(1);
            file.set_size(3);
            tar.append_data(&mut file, format!("shop/{through}"), &b"out"[..]).unwrap();
        }
        let bytes = tar.into_inner().unwrap();
        std::fs::write(shop.scene.path("releases/shop.tar.zst"), &bytes).unwrap();
        shop.plan(&Digest::of(&bytes).to_string().replace("sha256:", ""));
        let said = shop.scene.types("restore plan.kdl shop");
        assert!(said.contains("failed: restore/shop/deploy-shop"), "{said}");
        assert!(!shop.scene.path("srv/current").exists() && !shop.scene.path("srv/out").exists(), "{said}");
        assert!(!std::path::Path::new("/tmp/out").exists());
        assert_eq!(std::fs::read_dir(shop.scene.path("srv/releases")).unwrap().count(), 0, "{said}");
    }
    // A release of a tool that is here, as it packs a folder.
    if Command::new("tar").arg("--version").output().is_ok_and(|out| out.status.success()) {
        shop.scene.write("made/version", "3\n");
        shop.scene.write("made/bin/serve", "#!/bin/sh\n");
        std::fs::set_permissions(shop.scene.path("made/bin/serve"), PermissionsExt::from_mode(0o755)).unwrap();
        let packed = shop.scene.path("releases/shop.tar.zst");
        let parent = shop.scene.path("");
        let status = Command::new("tar").current_dir(parent).arg("-czf").arg(&packed).arg("./made").status().unwrap();
        assert!(status.success());
        shop.plan(&Digest::of(&std::fs::read(packed).unwrap()).to_string().replace("sha256:", ""));
        let said = shop.scene.types("restore plan.kdl shop");
        assert_eq!(shop.version(), "3\n", "{said}");
    }
}
