//! Other people's tools read our archives: nobody depends on this program for their data.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Check;
use super::nasty;
use super::needs::{Need, is_root};
use super::scene::{ONE_JOB, Said, Scene, done};
use super::tree::{Tree, assert_same, look, storable};

const UNZIP: Need = Need::Program("unzip", "unzip");
const BSDTAR: Need = Need::Program("bsdtar", "libarchive-tools");

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "unzip finds an archive sound", needs: &[UNZIP], run: unzip },
    Check { name: "7z finds an archive sound", needs: &[Need::Program("7z", "p7zip-full")], run: seven_zip },
    Check {
        name: "bsdtar lists an archive and the tar in it without a complaint",
        needs: &[UNZIP, BSDTAR],
        run: bsdtar,
    },
    Check {
        name: "Python reads an archive, and every member of the tar in it",
        needs: &[Need::Program("python3", "python3")],
        run: python,
    },
    Check {
        name: "unzip and GNU tar unpack an archive to what was backed up",
        needs: &[UNZIP, Need::Program("tar", "tar")],
        run: gnu_tar,
    },
    Check {
        name: "GNU tar compares an archive with what was backed up, and finds no difference",
        needs: &[UNZIP, Need::Program("tar", "tar")],
        run: gnu_tar_compares,
    },
    Check { name: "bsdtar unpacks an archive to what was backed up", needs: &[UNZIP, BSDTAR], run: bsdtar_unpacks },
];

/// A nasty tree, backed up, and what should come out of it.
fn backed_up() -> (Scene, Tree) {
    let scene = Scene::new(ONE_JOB);
    nasty::make(&scene.path("source"));
    let tree = storable(look(&scene.path("source")));
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    (scene, tree)
}

fn unzip() {
    let (scene, _) = backed_up();
    done(Command::new("unzip").arg("-t").arg(scene.archive())).says("No errors detected");
}

fn seven_zip() {
    let (scene, _) = backed_up();
    done(Command::new("7z").arg("t").arg(scene.archive())).says("Everything is Ok");
}

fn bsdtar() {
    let (scene, tree) = backed_up();
    let archive = scene.archive();
    let inside = done(Command::new("bsdtar").arg("-tf").arg(&archive)).stdout();
    assert_eq!((inside.lines().count(), inside.trim_end().ends_with(".tar")), (1, true), "{inside}");
    let mut unpack = Command::new("unzip").arg("-p").arg(&archive).stdout(Stdio::piped()).spawn().unwrap();
    let mut list = Command::new("bsdtar");
    let listed = done(list.args(["-tf", "-"]).env("LC_ALL", "C.UTF-8").stdin(unpack.stdout.take().unwrap()));
    assert!(unpack.wait().unwrap().success());
    assert_eq!(listed.stderr(), "");
    // bsdtar writes line breaks in names as `\n`.
    assert_eq!(listed.stdout().lines().count(), tree.len());
}

const PYTHON: &str = "
import sys, tarfile, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    [name] = archive.namelist()
    with archive.open(name) as inner, tarfile.open(fileobj=inner, mode='r|') as tar:
        for member in tar:
            if member.isfile():
                assert len(tar.extractfile(member).read()) == member.size
            print(member.type.decode(), member.name.encode('utf-8', 'surrogateescape').hex())
";

fn python() {
    let (scene, tree) = backed_up();
    let listed = done(Command::new("python3").args(["-c", PYTHON]).arg(scene.archive())).stdout();
    assert_eq!(listed.lines().count(), tree.len());
}

fn gnu_tar() {
    let (scene, tree) = backed_up();
    let out = scene.path("unpacked");
    std::fs::create_dir(&out).unwrap();
    let mut unpack = Command::new("unzip").arg("-p").arg(scene.archive()).stdout(Stdio::piped()).spawn().unwrap();
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--file=-", "--preserve-permissions", "--numeric-owner", "--delay-directory-restore"]);
    tar.args(["--xattrs", "--xattrs-include=*", "--acls"]);
    if is_root() {
        tar.arg("--same-owner");
    }
    let _said: Said = done(tar.arg("-C").arg(&out).stdin(unpack.stdout.take().unwrap()));
    assert!(unpack.wait().unwrap().success());
    let source = scene.path("source");
    assert_same(&tree, &look(&out.join(source.strip_prefix("/").unwrap_or(Path::new("")))));
}

fn gnu_tar_compares() {
    let (scene, _) = backed_up();
    let mut unpack = Command::new("unzip").arg("-p").arg(scene.archive()).stdout(Stdio::piped()).spawn().unwrap();
    let mut tar = Command::new("tar");
    tar.args(["--compare", "--file=-", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "-C", "/"]);
    let said = done(tar.stdin(unpack.stdout.take().unwrap()));
    assert!(unpack.wait().unwrap().success());
    // Of names that are no UTF-8, libarchive wants to be told; GNU tar says that it passes over this.
    let complaints: Vec<String> =
        said.stderr().lines().filter(|line| !line.ends_with("keyword 'hdrcharset'")).map(str::to_owned).collect();
    assert_eq!((said.stdout(), complaints), (String::new(), vec![]));
}

/// What libarchive 3.6 gets wrong, whoever made the archive: it takes the fraction of a time before 1970 for one behind it, and composes
/// characters of names.
fn libarchive_misreads(path: &[u8]) -> bool {
    let text = String::from_utf8_lossy(path);
    text.starts_with("folder-before-1970") || text.starts_with("folder-in-1910") || text.contains(['\u{301}', 'é'])
}

fn bsdtar_unpacks() {
    let (scene, mut tree) = backed_up();
    let out = scene.path("unpacked");
    std::fs::create_dir(&out).unwrap();
    let mut unpack = Command::new("unzip").arg("-p").arg(scene.archive()).stdout(Stdio::piped()).spawn().unwrap();
    let mut tar = Command::new("bsdtar");
    tar.args(["-xpf", "-", "--numeric-owner", "--acls", "--xattrs", "-C"]).arg(&out).env("LC_ALL", "C.UTF-8");
    let _said: Said = done(tar.stdin(unpack.stdout.take().unwrap()));
    assert!(unpack.wait().unwrap().success());
    let source = scene.path("source");
    let mut found = look(&out.join(source.strip_prefix("/").unwrap_or(Path::new(""))));
    for tree in [&mut tree, &mut found] {
        tree.retain(|path, _| !libarchive_misreads(path));
    }
    assert_same(&tree, &found);
}
