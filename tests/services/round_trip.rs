//! What goes in comes out.

use std::ffi::OsStr;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Check;
use super::leftovers;
use super::nasty;
use super::needs::{Need, RSYNC, UNSHARE, in_namespace, is_root};
use super::scene::{ONE_JOB, SONAE, Said, Scene, done, fill};
use super::tree::{assert_rsync_agrees, assert_same, look, storable};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a tree of 20,000 entries comes back, and rsync finds no difference", needs: &[RSYNC], run: large },
    Check { name: "a nasty tree comes back, and what no archive holds is named", needs: &[RSYNC], run: nasty },
    Check {
        name: "what a restore may not set is named, and the rest comes back",
        needs: &[UNSHARE, Need::Namespaces],
        run: refused,
    },
    Check {
        name: "a sparse file of nine gigabytes comes back with its holes, and other tools agree",
        needs: &[
            Need::Program("unzip", "unzip"),
            Need::Program("tar", "tar"),
            Need::Program("bsdtar", "libarchive-tools"),
        ],
        run: huge,
    },
    Check {
        name: "another file system is entered, or named where the plan says so",
        needs: &[UNSHARE, Need::Namespaces],
        run: mounts,
    },
    Check {
        name: "a tree that is deeper than a path may be long comes back",
        needs: &[Need::Program("python3", "python3")],
        run: deep,
    },
    Check { name: "one path of a nasty tree comes back alone", needs: &[], run: one_path },
];

/// How many entries a large tree has at least.
const ENTRIES_MIN: usize = 20_000;
/// Beyond this, a real tree takes too long.
const BYTES_MAX: u64 = 1 << 30;

/// A real tree where it is large enough, else one of the same shape.
fn large_tree(scene: &Scene) -> PathBuf {
    let real = Path::new("/usr/share");
    let (entries, bytes) = count(real);
    if entries >= ENTRIES_MIN && bytes <= BYTES_MAX {
        return real.to_owned();
    }
    let made = scene.path("source");
    fill(&made, ENTRIES_MIN, 700);
    made
}

fn count(folder: &Path) -> (usize, u64) {
    let Ok(entries) = std::fs::read_dir(folder) else { return (0, 0) };
    entries.filter_map(Result::ok).fold((0, 0), |(number, bytes), entry| {
        let Ok(meta) = entry.metadata() else { return (number + 1, bytes) };
        let (below, more) = if meta.is_dir() { count(&entry.path()) } else { (0, meta.len()) };
        (number + 1 + below, bytes + more)
    })
}

fn large() {
    let scene = Scene::roomy("");
    let source = large_tree(&scene);
    let plan = ONE_JOB.replace("files \"source\"", &format!("files {:?}", source.display().to_string()));
    std::fs::write(scene.plan(), plan).unwrap();
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    scene.sonae(&["restore", "plan.kdl", "files"]).exits(0).says("every digest verified");
    let restored = scene.path("restored");
    let expected = storable(look(&source));
    assert!(expected.len() >= ENTRIES_MIN, "{} has {} entries", source.display(), expected.len());
    assert_same(&expected, &look(&restored));
    assert_rsync_agrees(&source, &restored);
    leftovers::assert_none(&scene);
}

fn nasty() {
    let scene = Scene::new(ONE_JOB);
    let source = scene.path("source");
    nasty::make(&source);
    let before = look(&source);
    let mut said = scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let listed = scene.points();
    let named: Vec<&str> = not_stored(&listed);
    for special in nasty::specials() {
        said = said.says(special);
        assert!(named.iter().any(|path| path.ends_with(special)), "{special} is not among {named:?}");
    }
    assert_eq!(named.len(), nasty::specials().len(), "{named:?}");
    assert_eq!(listed["points"][0]["clean"].as_bool(), Some(true), "{listed:#}");
    scene.sonae(&["restore", "plan.kdl", "files"]).exits(0);
    let restored = scene.path("restored");
    assert_same(&storable(before.clone()), &look(&restored));
    assert_rsync_agrees(&source, &restored);
    for name in ["hole", "holes", "many holes"] {
        let taken = |folder: &Path| std::fs::metadata(folder.join(name)).unwrap().blocks();
        assert_eq!(taken(&source), taken(&restored), "{name} has its holes");
    }
    // The source is only read.
    assert_same(&before, &look(&source));
}

/// In a user namespace that knows nobody but root, no other owner can be set, and no trusted attribute (user_namespaces(7)).
fn refused() {
    let scene = Scene::new(ONE_JOB);
    let source = scene.path("source");
    nasty::make(&source);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let arguments = ["--user", "--map-root-user", SONAE, "restore", "plan.kdl", "files"];
    let said = Said::of(&mut scene.command("unshare", &arguments)).exits(0).says("every digest verified");
    let (mut expected, mut found) = (storable(look(&source)), look(&scene.path("restored")));
    if is_root() {
        let said = said.says("not set").says("this user or file system may not set all that they had");
        assert!(said.stdout().contains("of-somebody (owner: "), "{said}");
        assert!(said.stdout().contains("trusted.note: "), "{said}");
        assert_eq!(found[&b"of-somebody"[..]].owner(), (0, 0));
    }
    for tree in [&mut expected, &mut found] {
        tree.values_mut().for_each(super::tree::Seen::forget_what_may_be_refused);
    }
    assert_same(&expected, &found);
}

/// More than the eleven octal digits of a tar's size say, and than four gigabytes of a zip.
fn huge() {
    const LENGTH: u64 = 9 << 30;
    const PLACES: [u64; 3] = [0, 5 << 30, LENGTH - 4096];
    let scene = Scene::roomy(ONE_JOB);
    std::fs::create_dir(scene.path("source")).unwrap();
    nasty::sparse(&scene.path("source/huge"), LENGTH, &PLACES);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0).says("1 file in 1 folder, 9.0 GiB");
    let stored = std::fs::metadata(scene.archive()).unwrap().len();
    assert!(stored < 100_000, "{stored} bytes for three blocks");
    scene.sonae(&["restore", "plan.kdl", "files"]).exits(0);
    let mut unpacked = vec![scene.path("restored/huge")];
    for tool in ["tar", "bsdtar"] {
        let out = scene.path(tool);
        std::fs::create_dir(&out).unwrap();
        let mut unpack = Command::new("unzip").arg("-p").arg(scene.archive()).stdout(Stdio::piped()).spawn().unwrap();
        done(Command::new(tool).arg("-xf").arg("-").arg("-C").arg(&out).stdin(unpack.stdout.take().unwrap()));
        assert!(unpack.wait().unwrap().success());
        let source = scene.path("source/huge");
        unpacked.push(out.join(source.strip_prefix("/").unwrap()));
    }
    for copy in unpacked {
        let meta = std::fs::metadata(&copy).unwrap();
        assert_eq!(meta.len(), LENGTH, "{}", copy.display());
        assert!(meta.blocks() < 1000, "{} takes {} blocks", copy.display(), meta.blocks());
        let file = std::fs::File::open(&copy).unwrap();
        for at in PLACES {
            let mut block = vec![0; 8192];
            let read = file.read_at(&mut block, at).unwrap();
            let expected = [nasty::block(at), vec![0; read - 4096]].concat();
            assert!(block[..read] == expected, "{} at {at}", copy.display());
        }
    }
}

/// Mounts a file system below the source, and backs up with either plan.
const MOUNTED: &str = r#"
mount -t tmpfs tmpfs source/mounted
echo inside > source/mounted/inside
for plan in crosses stays; do
    "$1" run $plan.kdl --all --dry-run > $plan.dry 2>&1
    "$1" run $plan.kdl --all > $plan.said 2>&1
    "$1" restore $plan.kdl files > $plan.restored 2>&1
    mv restored $plan
done
"$1" points stays.kdl --format json > points
"#;

fn mounts() {
    let scene = Scene::new("");
    std::fs::create_dir_all(scene.path("source/mounted")).unwrap();
    std::fs::write(scene.path("source/beside"), "beside").unwrap();
    std::fs::write(scene.path("crosses.kdl"), ONE_JOB).unwrap();
    let stays =
        ONE_JOB.replace("files \"source\"", "files \"source\" { one-file-system; }").replace("\"store\"", "\"other\"");
    std::fs::write(scene.path("stays.kdl"), stays).unwrap();
    Said::of(scene.surround(&mut in_namespace(MOUNTED, &[OsStr::new(SONAE)]))).exits(0);
    let text = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap();
    assert_eq!(text("crosses/mounted/inside"), "inside\n");
    assert_eq!((text("stays/beside"), scene.path("stays/mounted/inside").exists()), ("beside".to_owned(), false));
    assert!(scene.path("stays/mounted").is_dir());
    assert!(text("stays.dry").contains("not entered: 1 mount point"), "{}", text("stays.dry"));
    assert!(text("stays.said").contains("mounts     1: other file systems were not entered"), "{}", text("stays.said"));
    assert!(!text("crosses.dry").contains("mount point") && !text("crosses.said").contains("mounts"));
    let points: Value = serde_json::from_str(&text("points")).unwrap();
    let named = points["points"][0]["not_entered"]["first"][0]["path"].as_str().unwrap();
    assert!(named.ends_with("source/mounted"), "{points:#}");
    assert_eq!(points["points"][0]["clean"], true);
}

/// Makes, or reads, a file 300 folders down: the names are 9,000 bytes together, more than twice what a system call takes.
const DEEP: &str = "
import os, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
for level in range(300):
    name = 'level-%03d-' % level + 'x' * 20
    if sys.argv[2] == 'make':
        os.mkdir(name, dir_fd=folder)
    folder, above = os.open(name, os.O_RDONLY, dir_fd=folder), folder
    os.close(above)
if sys.argv[2] == 'make':
    file = os.open('bottom', os.O_CREAT | os.O_WRONLY, dir_fd=folder)
    os.write(file, b'far down')
    os.symlink('bottom', 'link', dir_fd=folder)
else:
    print(os.read(os.open('link', os.O_RDONLY, dir_fd=folder), 100).decode())
";

fn deep() {
    let scene = Scene::new(ONE_JOB);
    std::fs::create_dir(scene.path("source")).unwrap();
    let python = |folder: &str, what: &str| {
        done(Command::new("python3").args(["-c", DEEP]).arg(scene.path(folder)).arg(what)).stdout()
    };
    python("source", "make");
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0).says("1 file in 301 folders");
    scene.sonae(&["restore", "plan.kdl", "files"]).exits(0);
    assert_eq!(python("restored", "read"), "far down\n");
}

fn not_stored(points: &Value) -> Vec<&str> {
    let first = points["points"][0]["not_stored"]["first"].as_array().unwrap();
    first.iter().map(|named| named["path"].as_str().unwrap()).collect()
}

fn one_path() {
    let scene = Scene::new(ONE_JOB);
    nasty::make(&scene.path("source"));
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    // A further name of a file whose first name is elsewhere: the content comes along.
    scene.sonae(&["restore", "plan.kdl", "files", "--path", "b"]).exits(0);
    let expected = look(&scene.path("source/b"));
    let found = look(&scene.path("restored/b"));
    let told = |tree: &super::tree::Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(told(&expected), told(&found));
    let text = std::fs::read_to_string(scene.path("restored/b/c/original")).unwrap();
    assert_eq!(text, "one file, four names");
    let beside: Vec<_> =
        std::fs::read_dir(scene.path("restored")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["b"], "nothing else comes along");
}
