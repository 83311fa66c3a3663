//! Repositories of Subversion of the test's own, served on a port that is free.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sonae::drivers::{Disk, SvnPrograms};
use sonae::ports::{Certainty, SubversionRead as _};
use sonae::primitives::PathBytes;
use tempfile::TempDir;

use super::Check;
use super::conformance::subversion::{Repository, all};
use super::needs::Need;
use super::scene::{Scene, done};
use super::ssh::wait;

/// What a check with a repository needs.
pub(crate) const SVN: &[Need] = &[
    Need::Program("svn", "subversion"),
    Need::Program("svnadmin", "subversion"),
    Need::Program("svnserve", "subversion"),
];

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a repository of Subversion is what one is, in a folder and served", needs: SVN, run: repositories },
    Check { name: "a repository that nobody serves may be served later", needs: SVN, run: unserved },
];

/// A repository, and who serves it.
pub(crate) struct Svnserve {
    folder: TempDir,
    server: Option<Child>,
    port: u16,
}

impl Svnserve {
    /// One whose folder `release` has these files since revision 3.
    pub(crate) fn start(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("sonae-svn-").tempdir().unwrap();
        done(Command::new("svnadmin").arg("create").arg(folder.path().join("shop")));
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut served = Self { folder, server: None, port };
        let release = format!("{}/release", served.file_url());
        done(Command::new("svn").args(["mkdir", "-q", "-m", "made", &format!("{}/tags", served.file_url())]));
        done(Command::new("svn").args(["mkdir", "-q", "-m", "made", &release]));
        done(Command::new("svn").args(["checkout", "-q", &release]).arg(served.copy()));
        served.commit(files);
        served.serve();
        served
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join("copy")
    }

    /// Commits files, whose number is the next.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) {
        for (path, content) in files {
            let file = self.copy().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, content).unwrap();
        }
        done(Command::new("svn").args(["add", "-q", "--force", "."]).current_dir(self.copy()));
        done(Command::new("svn").args(["commit", "-q", "-m", "released"]).current_dir(self.copy()));
    }

    /// The repository as a folder of this host.
    pub(crate) fn file_url(&self) -> String {
        format!("file://{}/shop", self.folder.path().display())
    }

    /// The same, served.
    pub(crate) fn url(&self) -> String {
        format!("svn://127.0.0.1:{}/shop", self.port)
    }

    /// What was asked of it so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Serves it on its port.
    pub(crate) fn serve(&mut self) {
        let server = launch(self.folder.path(), self.port, &self.log_file());
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "svnserve is not up");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server = Some(server);
    }

    /// Serves it no more.
    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }
}

impl Drop for Svnserve {
    fn drop(&mut self) {
        self.stop();
    }
}

fn launch(folder: &Path, port: u16, log: &Path) -> Child {
    let mut command = Command::new("svnserve");
    command.args(["--daemon", "--foreground", "--listen-host", "127.0.0.1", "--listen-port", &port.to_string()]);
    command.arg("--root").arg(folder).arg("--log-file").arg(log);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn repositories() {
    let served = Svnserve::start(&[("bin/run", "run")]);
    // One more revision, of something else.
    done(Command::new("svn").args(["mkdir", "-q", "-m", "made", &format!("{}/other", served.file_url())]));
    served.commit(&[("bin/more", "more")]);
    for url in [served.file_url(), served.url()] {
        let folder = tempfile::tempdir().unwrap();
        let folder = PathBytes::from_path(folder.path());
        std::fs::create_dir_all(folder.to_path()).unwrap();
        wait(all(&Repository { subversion: &SvnPrograms, tree: &Disk, url, folder }));
    }
}

fn unserved() {
    let mut served = Svnserve::start(&[("bin/run", "run")]);
    served.stop();
    let fault = wait(SvnPrograms.last_changed(&format!("{}/release", served.url()))).unwrap_err();
    assert_eq!(fault.certainty, Certainty::Transient, "{fault}");
    let plan = r#"plan "shop" { timezone "UTC"; }
target "shop" { release svn="URL/release"; no-backup "in Subversion"; }
restore "shop" { deploy "shop" { into path="srv" link="current"; }; probe "it is there" { path "current/bin/run"; }; }
"#;
    let scene = Scene::new(&plan.replace("URL", &served.url()));
    let told = scene.sonae(&["restore", "plan.kdl", "shop", "--dry-run"]).exits(0).stdout();
    assert!(told.contains("it cannot be looked at now, and will be when the step begins"), "{told}");
    served.serve();
    assert_eq!(wait(SvnPrograms.last_changed(&format!("{}/release", served.url()))).unwrap().number, 3);
    scene.sonae(&["restore", "plan.kdl", "shop"]).exits(0);
    // A path that the repository does not have is no matter of time.
    std::fs::write(scene.plan(), plan.replace("URL", &served.url()).replace("/release\"", "/another\"")).unwrap();
    let told = scene.sonae(&["restore", "plan.kdl", "shop"]).exits(1).stderr();
    assert!(told.contains("would fail, so nothing was done") && told.contains("/another"), "{told}");
}
