//! The drivers that reach another host, against a real server: what the ports promise, and what happens when the server does not do as it
//! is asked.

use std::collections::BTreeSet;
use std::future::Future;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sonae::catalog::Manifest;
use sonae::drivers::{Cores, LocalStore, SftpTree, SshAddress, SshPrograms, SystemClock, TemporaryTables};
use sonae::ports::{
    Cause, Certainty, CommandExit, CommandRun as _, Fault, Program, TreeRead as _, TreeWrite, Users as _,
};
use sonae::primitives::PathBytes;
use sonae::steps::{Beside, Progress, RecoverRequest, Recovered, recover};

use super::Check;
use super::conformance::stage::{OnDisk, Stage, attributes, path};
use super::conformance::{command, destination, stage, tree};
use super::leftovers::files;
use super::nasty;
use super::needs::is_root;
use super::scene::{ONE_JOB, Scene, done, fill};
use super::sshd::{SSHD, Sshd};
use super::tree::{Seen, assert_same, look, storable};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a tree over SFTP is what a tree is", needs: SSHD, run: trees },
    Check { name: "programs over SSH are what programs are", needs: SSHD, run: programs },
    Check { name: "over SSH only who is known is talked to, and what to do is said", needs: SSHD, run: strangers },
    Check {
        name: "an account over SSH that runs no programs is not taken for one that ran them",
        needs: SSHD,
        run: forced,
    },
    Check { name: "what a login over SSH says is no part of what a program says", needs: SSHD, run: noise },
    Check { name: "a server over SSH that falls silent is noticed", needs: SSHD, run: silence },
    Check { name: "a server over SSH that is gone is noticed, and found again", needs: SSHD, run: gone },
    Check { name: "a program over SSH whose end is not heard is not said to have ended", needs: SSHD, run: unheard },
    Check {
        name: "a restore over SFTP brings back all that SFTP keeps, and says what it does not",
        needs: SSHD,
        run: recovers,
    },
    Check { name: "a restore over SFTP whose server died goes on where it was", needs: SSHD, run: taken_up },
    Check { name: "a plan says how a host is reached", needs: SSHD, run: planned },
    Check { name: BIG_CHECK, needs: SSHD, run: big },
];

/// Runs what waits.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// A folder of this machine, looked at directly and over SFTP.
struct OverSftp {
    here: OnDisk,
    tree: SftpTree,
}

impl OverSftp {
    fn new(address: SshAddress) -> Self {
        Self { here: OnDisk(tempfile::tempdir().unwrap()), tree: SftpTree::new(address) }
    }
}

impl Stage for OverSftp {
    fn tree(&self) -> &dyn TreeWrite {
        &self.tree
    }
    fn path(&self, below: &[u8]) -> PathBytes {
        self.here.path(below)
    }
    fn file(&self, below: &[u8], content: &[u8]) {
        self.here.file(below, content);
    }
    fn symlink(&self, below: &[u8], target: &[u8]) {
        self.here.symlink(below, target);
    }
    fn fifo(&self, below: &[u8]) {
        self.here.fifo(below);
    }
    fn hard_link(&self, below: &[u8], existing: &[u8]) {
        self.here.hard_link(below, existing);
    }
    fn content(&self, below: &[u8]) -> Option<Vec<u8>> {
        self.here.content(below)
    }
    fn tells_all(&self) -> bool {
        false
    }
}

/// Does all cases, also those behind one that fails.
pub(crate) fn each<C>(cases: &[(&'static str, C)], run: impl Fn(&str)) {
    let failed = |(name, _): &(&'static str, C)| {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(name)));
        outcome.is_err().then_some(*name)
    };
    let failed: Vec<&str> = cases.iter().filter_map(failed).collect();
    assert!(failed.is_empty(), "these cases fail: {failed:?}");
}

fn trees() {
    let sshd = Sshd::start();
    for cases in [tree::CASES, destination::CASES] {
        each(cases, |name| wait(stage::run(cases, name, &OverSftp::new(sshd.address()))));
    }
}

fn programs() {
    let sshd = Sshd::start();
    each(command::CASES, |name| wait(command::run(name, &SshPrograms::new(sshd.address()))));
}

fn argv(words: &[&str]) -> Program {
    Program { argv: words.iter().map(|word| (*word).to_owned()).collect(), ..Program::default() }
}

/// What both drivers say of a host that is not reached.
async fn refused(address: SshAddress) -> Fault {
    let of_program = SshPrograms::new(address.clone()).run(&argv(&["true"])).await.unwrap_err();
    let of_tree = SftpTree::new(address).stat(&path("/")).await.unwrap_err();
    assert_eq!(
        (of_program.cause, of_program.certainty, &of_program.answer),
        (of_tree.cause, of_tree.certainty, &of_tree.answer)
    );
    of_program
}

fn strangers() {
    let (sshd, other) = (Sshd::start(), Sshd::start());
    wait(async {
        let key = SshAddress { identity: Some(sshd.other_key()), ..sshd.address() };
        let fault = refused(key).await;
        assert_eq!((fault.cause, fault.certainty), (Cause::Denied, Certainty::Permanent), "{fault}");
        assert!(fault.answer.contains("authorized_keys"), "{fault}");
        let nowhere = SshAddress { identity: Some(sshd.identity().with_extension("gone")), ..sshd.address() };
        let fault = refused(nowhere).await;
        assert_eq!((fault.cause, fault.certainty), (Cause::NotFound, Certainty::Permanent), "{fault}");
        // The key of another host: this one was made anew, or somebody is in between.
        let changed = SshAddress { host_key: Some(other.host_key()), ..sshd.address() };
        let fault = refused(changed).await;
        assert_eq!((fault.cause, fault.certainty), (Cause::Invalid, Certainty::Permanent), "{fault}");
        assert!(fault.answer.contains("another key") && fault.answer.contains("SHA256:"), "{fault}");
        // No key is said, and known_hosts has none.
        let unknown = SshAddress { host_key: None, ..sshd.address() };
        let fault = refused(unknown).await;
        assert_eq!((fault.cause, fault.certainty), (Cause::Invalid, Certainty::Permanent), "{fault}");
        assert!(fault.answer.contains("not known"), "{fault}");
        let mut gone = other;
        gone.kill();
        let fault = refused(gone.address()).await;
        assert_eq!(fault.certainty, Certainty::Transient, "{fault}");
        assert!(fault.answer.contains("refused"), "{fault}");
    });
}

fn forced() {
    let sshd = Sshd::with("Subsystem sftp internal-sftp\nForceCommand internal-sftp");
    wait(async {
        let fault = SshPrograms::new(sshd.address()).run(&argv(&["true"])).await.unwrap_err();
        assert_eq!((fault.cause, fault.certainty), (Cause::Denied, Certainty::Permanent), "{fault}");
        // All that a tree needs no program for is well, also what is made durable.
        let stage = OverSftp::new(sshd.address());
        let into = stage.tree.create(&stage.path(b"d")).await.unwrap();
        into.folder(&path("folder")).await.unwrap();
        into.symlink(&path("link"), &path("nowhere")).await.unwrap();
        let mut file = into.file(&path("folder/file")).await.unwrap();
        file.write(Bytes::from_static(b"text")).await.unwrap();
        file.finish(&attributes(0o400)).await.unwrap();
        into.sync().await.unwrap();
        stage.tree.settle(&stage.path(b"d")).await.unwrap();
        assert!(stage.tree.uid("root").await.is_err(), "an owner is not guessed");
    });
    let sshd = Sshd::with("Subsystem sftp internal-sftp\nForceCommand echo 'This account is not available.'; exit 1");
    wait(async {
        let fault = SshPrograms::new(sshd.address()).run(&argv(&["true"])).await.unwrap_err();
        assert_eq!((fault.cause, fault.certainty), (Cause::Denied, Certainty::Permanent), "{fault}");
        assert!(fault.answer.contains("This account is not available."), "{fault}");
        let fault = SftpTree::new(sshd.address()).stat(&path("/")).await.unwrap_err();
        assert_eq!((fault.cause, fault.certainty), (Cause::Invalid, Certainty::Permanent), "{fault}");
        assert!(fault.answer.contains("no SFTP"), "{fault}");
    });
    // A server without SFTP.
    let sshd = Sshd::with("");
    wait(async {
        let fault = SftpTree::new(sshd.address()).stat(&path("/")).await.unwrap_err();
        assert_eq!((fault.cause, fault.certainty), (Cause::Invalid, Certainty::Permanent), "{fault}");
        assert!(fault.answer.contains("Subsystem sftp"), "{fault}");
    });
}

/// A shell whose start is not quiet.
fn noise() {
    let sshd = Sshd::with("ForceCommand echo Welcome; echo 'a warning' >&2; eval \"$SSH_ORIGINAL_COMMAND\"");
    wait(async {
        let exit =
            SshPrograms::new(sshd.address()).run(&argv(&["sh", "-c", "printf said; printf no >&2; exit 7"])).await;
        let expected = CommandExit { status: Some(7), stdout_tail: "said".into(), stderr_tail: "no".into() };
        assert_eq!(exit.unwrap(), expected);
    });
}

fn silence() {
    let sshd = Sshd::start();
    wait(async {
        let address = SshAddress { silence: Duration::from_secs(4), ..sshd.address() };
        let stage = OverSftp::new(address.clone());
        let programs = SshPrograms::new(address);
        let into = stage.tree.create(&stage.path(b"d")).await.unwrap();
        let mut file = into.file(&path("file")).await.unwrap();
        file.write(Bytes::from(vec![1; 1 << 20])).await.unwrap();
        let begun = stage.here.0.path().join("begun");
        let script = format!("touch {}; exec sleep 1000", begun.display());
        let words = argv(&["sh", "-c", &script]);
        let running = async {
            tokio::join!(programs.run(&words), async {
                while !begun.exists() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                sshd.pause();
            })
        };
        let (ended, ()) = running.await;
        let fault = ended.unwrap_err();
        assert_eq!(fault.certainty, Certainty::Unknown, "{fault}");
        assert!(fault.answer.contains("not responding"), "{fault}");
        let from = Instant::now();
        let fault = loop {
            if let Err(fault) = file.write(Bytes::from(vec![1; 1 << 20])).await {
                break fault;
            }
        };
        assert_eq!(fault.certainty, Certainty::Unknown, "{fault}");
        assert!(fault.answer.contains("not responding"), "{fault}");
        assert!(from.elapsed() < Duration::from_secs(20), "it took {:?}", from.elapsed());
        sshd.go_on();
        // The connection is made anew, and the program is gone with its own.
        assert!(stage.tree.stat(&stage.path(b"d/file")).await.unwrap().is_some());
    });
}

fn gone() {
    let mut sshd = Sshd::start();
    let stage = OverSftp::new(sshd.address());
    wait(async {
        let into = stage.tree.create(&stage.path(b"d")).await.unwrap();
        let mut file = into.file(&path("file")).await.unwrap();
        file.write(Bytes::from(vec![1; 9 << 20])).await.unwrap();
        stage.file(b"read", &vec![7; 9 << 20]);
        let mut reading = stage.tree.open(&stage.path(b"read")).await.unwrap();
        assert!(!reading.read(1000).await.unwrap().is_empty());
        sshd.kill();
        let fault = loop {
            if let Err(fault) = file.write(Bytes::from(vec![1; 1 << 20])).await {
                break fault;
            }
        };
        assert_eq!(fault.certainty, Certainty::Unknown, "{fault}");
        let fault = loop {
            if let Err(fault) = reading.read(1 << 20).await {
                break fault;
            }
        };
        assert_eq!(fault.certainty, Certainty::Transient, "{fault}");
        let fault = stage.tree.stat(&stage.path(b"d")).await.unwrap_err();
        assert_eq!(fault.certainty, Certainty::Transient, "{fault}");
        sshd.again();
        // What was begun is there, and is taken up.
        assert!(stage.tree.stat(&stage.path(b"d/file")).await.unwrap().is_some());
        let into = stage.tree.reopen(&stage.path(b"d")).await.unwrap();
        into.remove(&path("file")).await.unwrap();
        let file = into.file(&path("file")).await.unwrap();
        file.finish(&attributes(0o600)).await.unwrap();
        into.sync().await.unwrap();
    });
}

fn unheard() {
    let mut sshd = Sshd::start();
    let folder = tempfile::tempdir().unwrap();
    let programs = SshPrograms::new(sshd.address());
    wait(async {
        // ssh's own status for its own troubles, from a program.
        let exit = programs.run(&argv(&["sh", "-c", "exit 255"])).await.unwrap();
        assert_eq!(exit.status, Some(255));
        let pid = folder.path().join("pid");
        let script = format!("echo $$ >{0}.new; mv {0}.new {0}; echo begun >&2; exec sleep 1000", pid.display());
        let words = argv(&["sh", "-c", &script]);
        let begun = async {
            while !pid.exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            sshd.kill();
        };
        let (ended, ()) = tokio::join!(programs.run(&words), begun);
        let fault = ended.unwrap_err();
        assert_eq!(fault.certainty, Certainty::Unknown, "{fault}");
        // The shell there saw that its connection is gone.
        let pid = std::fs::read_to_string(&pid).unwrap();
        let stat = format!("/proc/{}/stat", pid.trim());
        let from = Instant::now();
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z")) {
            assert!(from.elapsed() < Duration::from_secs(10), "the program goes on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

/// The one point of a scene's store, recovered into `restored` of the scene as a step does.
async fn recover_into(scene: &Scene, tree: &SftpTree, set_owner: bool) -> Result<Recovered, Fault> {
    let manifests: Vec<_> = files(&scene.path("store"))
        .into_iter()
        .filter(|file| file.to_string_lossy().ends_with(".manifest.json"))
        .collect();
    let [manifest] = &manifests[..] else { panic!("one point: {manifests:?}") };
    let manifest = Manifest::decode(&std::fs::read(manifest).unwrap()).unwrap();
    let at = |name: &str| PathBytes::from_path(scene.path(name));
    let request =
        RecoverRequest { manifest, into: at("restored"), staging: at("restored.staging"), only: None, set_owner };
    let (store, compute) = (LocalStore::new(scene.path("store")), Cores::new());
    let world = Beside { clock: &SystemClock, compute: &compute, scratch: &TemporaryTables };
    recover(&store, tree, world, &request, &Progress::new(None)).await
}

fn recovers() {
    let (sshd, scene) = (Sshd::start(), Scene::new(ONE_JOB));
    let source = scene.path("source");
    nasty::make(&source);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let (mut expected, tree) = (storable(look(&source)), SftpTree::new(sshd.address()));
    let recovered = wait(recover_into(&scene, &tree, is_root())).unwrap();
    let mut found = look(&scene.path("restored"));
    assert!(!scene.path("restored.staging").exists());
    let unset: Vec<&str> = recovered.unset.first.iter().map(|named| named.why.as_str()).collect();
    assert!(unset.iter().any(|why| why.contains("time: SFTP")), "{unset:?}");
    for (name, seen) in &mut expected {
        if u32::try_from(seen.mtime_s()).is_err() {
            seen.forget_time();
            found.get_mut(name).unwrap().forget_time();
        }
    }
    for tree in [&mut expected, &mut found] {
        tree.values_mut().for_each(Seen::forget_what_sftp_does_not_keep);
    }
    assert_same(&expected, &found);
    // What is there is not what this would make, as far as SFTP tells: nothing is overwritten.
    let fault = wait(recover_into(&scene, &tree, is_root())).unwrap_err();
    assert_eq!(fault.cause, Cause::Exists, "{fault}");
}

fn taken_up() {
    const FILES: usize = 1000;
    let (mut sshd, scene) = (Sshd::start(), Scene::new(ONE_JOB));
    fill(&scene.path("source"), FILES, 64 << 10);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let tree = SftpTree::new(sshd.address());
    let staging = scene.path("restored.staging");
    let fault = wait(async {
        let dying = async {
            while files(&staging).len() < 200 && !scene.path("restored").exists() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            sshd.kill();
        };
        let (recovered, ()) = tokio::join!(recover_into(&scene, &tree, false), dying);
        recovered.unwrap_err()
    });
    assert_ne!(fault.certainty, Certainty::Permanent, "{fault}");
    let inodes = |folder: &Path| {
        files(folder).iter().map(|file| std::fs::metadata(file).unwrap().ino()).collect::<BTreeSet<_>>()
    };
    let before = inodes(&staging);
    assert!(before.len() < FILES, "it was all made");
    sshd.again();
    let recovered = wait(recover_into(&scene, &tree, false)).unwrap();
    assert_eq!((recovered.totals.files, recovered.unset.count), (FILES as u64, 0));
    let kept = inodes(&scene.path("restored")).intersection(&before).count();
    assert!(kept > 50, "{kept} of {} files were kept", before.len());
    let (mut expected, mut found) = (look(&scene.path("source")), look(&scene.path("restored")));
    for tree in [&mut expected, &mut found] {
        tree.values_mut().for_each(Seen::forget_what_sftp_does_not_keep);
    }
    assert_same(&expected, &found);
    // The attempt before ended without being able to say so: its work is known again.
    assert_eq!(wait(recover_into(&scene, &tree, false)).unwrap().totals, recovered.totals);
}

fn planned() {
    let sshd = Sshd::start();
    let plan = format!("{ONE_JOB}\nhost \"away\" {{ {}; }}\n", sshd.ssh_line());
    let scene = Scene::new(&plan);
    scene.sonae(&["check", "plan.kdl"]).exits(0);
}

const BIG_CHECK: &str = "a big file goes over SFTP fast, and in little memory";
/// Only the process that does this check has it.
const ALONE: &str = "SONAE_TEST_ALONE";
/// Of these bytes.
const BIG: usize = 64 << 20;

fn big() {
    // In a process of its own, so that the memory is nobody else's.
    if std::env::var_os(ALONE).is_none() {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let said = done(alone.args(["--exact", BIG_CHECK]).env(ALONE, "1"));
        eprintln!("{}", said.stderr().lines().filter(|line| line.contains("MiB/s")).collect::<String>());
        return;
    }
    let sshd = Sshd::start();
    let stage = OverSftp::new(sshd.address());
    wait(async {
        let into = stage.tree.create(&stage.path(b"d")).await.unwrap();
        let piece: Vec<u8> = (0..1_000_003_u32).map(|at| (at / 3 % 251) as u8).collect();
        let piece = Bytes::from(piece);
        let mut file = into.file(&path("big")).await.unwrap();
        let before = resident_bytes();
        let (from, mut most) = (Instant::now(), 0);
        let mut left = BIG;
        while left > 0 {
            let some = piece.slice(..left.min(piece.len()));
            left -= some.len();
            file.write(some).await.unwrap();
            most = most.max(resident_bytes());
        }
        assert!(file.finish(&attributes(0o640)).await.unwrap().is_empty());
        let written = from.elapsed();
        into.sync().await.unwrap();
        let from = Instant::now();
        let mut reading = stage.tree.open(&stage.path(b"d/big")).await.unwrap();
        let mut read = 0;
        loop {
            let some = reading.read(1 << 20).await.unwrap();
            if some.is_empty() {
                break;
            }
            let expected = some.iter().zip(piece.iter().cycle().skip(read % piece.len()));
            assert!(expected.take(64).all(|(found, expected)| found == expected), "at {read}");
            read += some.len();
            most = most.max(resident_bytes());
        }
        assert_eq!(read, BIG);
        let speed = |took: Duration| (BIG >> 20) as f64 / took.as_secs_f64();
        eprintln!(
            "64 MiB over loopback: written at {:.0} MiB/s, read at {:.0} MiB/s",
            speed(written),
            speed(from.elapsed())
        );
        assert!(most.saturating_sub(before) < 32 << 20, "{} MiB were taken", (most - before) >> 20);
        let content = stage.content(b"d/big").unwrap();
        assert!(content.len() == BIG && content.chunks(piece.len()).all(|some| some == &piece[..some.len()]));
    });
}

/// What this process takes in memory just now (proc(5), `status`).
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}
