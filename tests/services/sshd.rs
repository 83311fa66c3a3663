//! SSH servers of the test's own: on ports that are free, with keys that nobody else has, gone with the test.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sonae::drivers::SshAddress;
use tempfile::TempDir;

use super::needs::{Need, is_root, program};
use super::scene::done;

/// What a check with a server needs.
pub(crate) const SSHD: &[Need] = &[
    Need::Program("sshd", "openssh-server"),
    Need::Program("ssh", "openssh-client"),
    Need::Program("ssh-keygen", "openssh-client"),
];
/// A server that is not up by then never will be.
const UP_WITHIN: Duration = Duration::from_secs(10);

/// A server, to which the user that runs the tests may connect with one key.
pub(crate) struct Sshd {
    folder: TempDir,
    server: Child,
    port: u16,
}

impl Sshd {
    /// One that does as OpenSSH does.
    pub(crate) fn start() -> Self {
        Self::with("Subsystem sftp internal-sftp")
    }

    /// One that writes down every program that it is asked to run, a line each.
    pub(crate) fn noting() -> Self {
        let server = ["/usr/lib/openssh", "/usr/lib/ssh", "/usr/libexec/openssh", "/usr/libexec"]
            .map(|folder| Path::new(folder).join("sftp-server"))
            .into_iter()
            .find(|path| path.exists())
            .expect("sftp-server comes with sshd");
        // The server hands over what was asked for (sshd_config(5), "ForceCommand").
        // What programs are told comes through their input.
        let noted = r#"sh -c 'echo "= $SSH_ORIGINAL_COMMAND" >> FOLDER/noted; case $SSH_ORIGINAL_COMMAND in */sftp-server) exec $SSH_ORIGINAL_COMMAND;; esac; tee -a FOLDER/noted | sh -c "$SSH_ORIGINAL_COMMAND"'"#;
        Self::with(&format!("ForceCommand {noted}\nSubsystem sftp {}", server.display()))
    }

    /// What it was asked to run so far.
    pub(crate) fn noted(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("noted")).unwrap_or_default()
    }

    /// Nothing was asked so far.
    pub(crate) fn forget_noted(&self) {
        std::fs::write(self.folder.path().join("noted"), "").unwrap();
    }

    /// One with these lines in its configuration (sshd_config(5)), of which the first of a kind count.
    pub(crate) fn with(lines: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("sonae-sshd-").tempdir().unwrap();
        for key in ["host", "user"] {
            keygen(&folder.path().join(key));
        }
        std::fs::copy(folder.path().join("user.pub"), folder.path().join("authorized_keys")).unwrap();
        if is_root() {
            // Of Debian's server, which a package of a service makes as well.
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let port = free_port();
        let server = launch(folder.path(), port, lines);
        let mut sshd = Self { folder, server, port };
        sshd.wait_until_up();
        sshd
    }

    /// The same server once more, on the same port: it was killed.
    pub(crate) fn again(&mut self) {
        self.kill();
        self.server = launch(self.folder.path(), self.port, "Subsystem sftp internal-sftp");
        self.wait_until_up();
    }

    fn wait_until_up(&mut self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.server.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < UP_WITHIN, "sshd is not up: {ended:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where it is, with the key of its user and its own.
    pub(crate) fn address(&self) -> SshAddress {
        SshAddress {
            port: Some(self.port),
            user: Some(user()),
            identity: Some(self.identity()),
            host_key: Some(self.host_key()),
            ..SshAddress::new("127.0.0.1")
        }
    }

    /// The same as a plan says it: `ssh address="127.0.0.1" …`.
    pub(crate) fn ssh_line(&self) -> String {
        format!(
            "ssh address=\"127.0.0.1\" port={} user={:?} identity=(file){:?} host-key={:?}",
            self.port,
            user(),
            self.identity(),
            self.host_key()
        )
    }

    /// The file of the private key that it lets in.
    pub(crate) fn identity(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    /// Its public key, type and digits.
    pub(crate) fn host_key(&self) -> String {
        public_key(&self.folder.path().join("host"))
    }

    /// A private key that is nobody's.
    pub(crate) fn other_key(&self) -> PathBuf {
        let path = self.folder.path().join("other");
        if !path.exists() {
            keygen(&path);
        }
        path
    }

    /// Lets in every account of this host by the same key.
    pub(crate) fn admit_others(&self) {
        std::fs::set_permissions(self.folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// It and all its connections stand still: nothing is answered any more, and nothing is closed.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// They go on.
    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// It and all its connections are gone at once.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.server.wait().unwrap();
    }

    /// To all of sshd's own processes; the programs that it runs for others are theirs.
    fn signal(&self, signal: Signal) {
        for pid in family(self.server.id()) {
            // One that ended in the meantime is no error.
            let _gone = Pid::from_raw(pid.cast_signed()).map(|pid| kill_process(pid, signal));
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _reaped = self.server.wait();
    }
}

/// The name of the user that runs the tests.
pub(crate) fn user() -> String {
    done(Command::new("id").arg("-un")).stdout().trim().to_owned()
}

/// The public key beside a private one, type and digits.
pub(crate) fn public_key(private: &Path) -> String {
    let line = std::fs::read_to_string(private.with_extension("pub")).unwrap();
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

fn keygen(path: &Path) {
    done(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(path));
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn launch(folder: &Path, port: u16, lines: &str) -> Child {
    let shown = folder.display();
    let lines = lines.replace("FOLDER", &shown.to_string());
    let config = format!(
        "{lines}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\nAuthorizedKeysFile {shown}/authorized_keys\n\
         PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nMaxStartups 100\nUseDNS no\nPrintMotd no\n"
    );
    let path = folder.join("config");
    std::fs::File::create(&path).unwrap().write_all(config.as_bytes()).unwrap();
    let mut command = Command::new(program("sshd").unwrap());
    command.arg("-D").arg("-f").arg(path).arg("-E").arg(folder.join("log"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap()
}

/// A process and all below it that are called sshd, or `sshd-session` as in later versions.
fn family(top: u32) -> Vec<u32> {
    let mut found = vec![top];
    let mut at = 0;
    let all: Vec<(u32, u32, String)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let (name, rest) = stat.split_once(") ")?;
            Some((pid, rest.split(' ').nth(1)?.parse().ok()?, name.split_once('(')?.1.to_owned()))
        })
        .collect();
    while let Some(parent) = found.get(at).copied() {
        found
            .extend(all.iter().filter(|(_, of, name)| *of == parent && name.starts_with("sshd")).map(|(pid, ..)| *pid));
        at += 1;
    }
    found
}
