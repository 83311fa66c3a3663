//! MariaDB servers of the test's own: each with its data in a folder of its own, on a port that is free, gone with the test.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::needs::{Need, program};
use super::scene::done;
use super::sshd::{free_port, user};

/// What a check with a server needs.
pub(crate) const MARIADB: &[Need] = &[
    Need::Program("mariadbd", "mariadb-server-core"),
    Need::Program("mariadb-install-db", "mariadb-server-core"),
    Need::Program("my_print_defaults", "mariadb-client-core"),
    Need::Program("openssl", "openssl"),
];
/// A server that is not up by then never will be.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// The password of its user `sonae`.
pub(crate) const PASSWORD: &str = "correct horse; battery'staple";
/// What it holds, a statement a line: its user may read, and add to one table.
const CONTENT: &str = "CREATE DATABASE shop;
CREATE TABLE shop.orders (id INT);
INSERT INTO shop.orders VALUES (1), (2), (3);
CREATE TABLE shop.returned (id INT);
CREATE DATABASE other;
CREATE TABLE other.things (id INT);
CREATE USER 'sonae'@'%' IDENTIFIED BY 'correct horse; battery\\'staple';
GRANT SELECT ON shop.* TO 'sonae'@'%';
GRANT SELECT ON gone.* TO 'sonae'@'%';
GRANT INSERT, DELETE, DROP ON shop.returned TO 'sonae'@'%';
";

/// A server. It can encrypt, with a certificate for 127.0.0.1.
pub(crate) struct Mariadb {
    folder: TempDir,
    server: Option<Child>,
    port: u16,
}

impl Mariadb {
    /// One that holds the database `shop`, in which a table has rows and another none.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("sonae-mariadb-").tempdir().unwrap();
        let data = folder.path().join("data");
        let mut make = Command::new("mariadb-install-db");
        make.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        done(make.arg(format!("--user={}", user())).arg(format!("--datadir={}", data.display())));
        certify(folder.path(), "server");
        std::fs::write(folder.path().join("content"), CONTENT).unwrap();
        let mut mariadb = Self { folder, server: None, port: free_port() };
        mariadb.launch(&[&format!("--init-file={}", mariadb.path("content").display())]);
        mariadb
    }

    /// Starts it again, after it was stopped, with these options beside its own. It has what it had, and does what the file says.
    pub(crate) fn again(&mut self, options: &[&str], statements: &str) {
        std::fs::write(self.path("statements"), statements).unwrap();
        let statements = format!("--init-file={}", self.path("statements").display());
        self.launch(&[options, &[statements.as_str()]].concat());
    }

    fn launch(&mut self, options: &[&str]) {
        let mut command = Command::new(program("mariadbd").unwrap());
        command.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]);
        command.arg(format!("--user={}", user())).arg(format!("--port={}", self.port));
        let own = [("datadir", "data"), ("socket", "socket"), ("ssl-cert", "server.pem"), ("ssl-key", "server.key")];
        command.args(own.map(|(option, name)| format!("--{option}={}", self.path(name).display()))).args(options);
        let log = std::fs::File::create(self.path("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut server = command.spawn().unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = server.try_wait().unwrap();
            let log = || std::fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(ended.is_none() && begun.elapsed() < UP_WITHIN, "mariadbd is not up: {ended:?}\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server = Some(server);
    }

    /// It is gone at once.
    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The file of the certificate that vouches for it.
    pub(crate) fn ca(&self) -> PathBuf {
        self.path("server.pem")
    }

    /// A certificate that vouches for another.
    pub(crate) fn other_ca(&self) -> PathBuf {
        certify(self.folder.path(), "other");
        self.path("other.pem")
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Makes `NAME.pem` and `NAME.key`: a certificate for this host that vouches for itself.
fn certify(folder: &Path, name: &str) {
    let mut make = Command::new("openssl");
    make.current_dir(folder).args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test".split(' '));
    make.args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]);
    done(make.args(["-out", &format!("{name}.pem"), "-keyout", &format!("{name}.key")]));
}
