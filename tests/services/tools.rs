//! What `tests/tools.sh` asks of each package manager, where the programs that the tests need are missing. The managers are not real: they
//! note what they are asked for, and bring it or not.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Check;
use super::needs::Need;

const BASH: Need = Need::Program("bash", "bash");

pub(crate) const CHECKS: &[Check] = &[Check {
    name: "every package manager is asked for what brings the tools that are missing",
    needs: &[BASH],
    run: managers,
}];

/// Those of `tests/all`, but for those that are there.
const WANTED: [&str; 18] = [
    "cc",
    "rsync",
    "unzip",
    "7z",
    "bsdtar",
    "strace",
    "python3",
    "unshare",
    "mount",
    "setpriv",
    "tar",
    "sshd",
    "ssh",
    "ssh-keygen",
    "mariadbd",
    "mariadb-install-db",
    "my_print_defaults",
    "openssl",
];

/// A folder that holds all the programs there are.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// One whose user has this number.
    fn of_user(uid: u32) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(machine.bin()).unwrap();
        machine.program("id", &format!("echo {uid}"));
        symlink("/usr/bin/env", machine.bin().join("env")).unwrap();
        machine
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.bin().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A manager that notes what it is asked for, and brings all programs but `lacks`.
    fn manager(&self, name: &str, lacks: &str) {
        let brought: Vec<&str> = WANTED.into_iter().filter(|program| *program != lacks).collect();
        let (bin, asked) = (self.bin(), self.folder.path().join("asked"));
        self.program(
            name,
            &format!(
                "printf '%s\\n' \"{name} $*\" >> {asked}\n[ \"$1\" != update ] || exit 0\n\
                 for brought in {}; do printf '#!/bin/sh\\n' > {bin}/$brought; /bin/chmod 755 {bin}/$brought; done",
                brought.join(" "),
                asked = asked.display(),
                bin = bin.display()
            ),
        );
    }

    /// A Python that notes what it brings into a virtual environment; it can make one as soon as a manager brought what that takes.
    fn python(&self) {
        let (asked, here) = (self.folder.path().join("asked"), self.folder.path().join("python/bin"));
        let pip = "for one in \"$@\"; do case $one in moto*) printf '#!/bin/sh\\n' > HERE/moto_server; /bin/chmod 755 HERE/moto_server;; esac; done";
        let script = format!(
            "case $1 in -c) [ -e {}/ensurepip ];; -m) echo \"python3 $1 $2\" >> {asked}; /bin/mkdir -p {here}; /bin/cat > {here}/pip <<'END'\n#!/bin/sh\necho \"pip $*\" >> {asked}\n{}\nEND\n/bin/chmod 755 {here}/pip;; esac",
            self.bin().display(),
            pip.replace("HERE", &here.display().to_string()),
            asked = asked.display(),
            here = here.display(),
        );
        self.program("python3", &script);
    }

    /// Runs the script for all; answers what the managers were asked for, what was said, and how it ended.
    fn asks(&self) -> String {
        self.asks_for(&WANTED)
    }

    fn asks_for(&self, wanted: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools.sh");
        let bash = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .map(|folder| folder.join("bash"))
            .find(|bash| bash.is_file())
            .unwrap();
        let mut command = Command::new(bash);
        command
            .arg(script)
            .args(wanted)
            .env_clear()
            .env("PATH", self.bin())
            .env("SONAE_ADMINISTRATORS", self.bin())
            .env("SONAE_PYTHON", self.folder.path().join("python"))
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.stdout.is_empty(), "standard output is for data");
        let asked = std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default();
        let said = String::from_utf8(output.stderr).unwrap();
        format!("{asked}{said}exit {}\n", output.status.code().unwrap_or(-1))
    }
}

fn managers() {
    let mut text = String::new();
    for manager in ["apt-get", "dnf", "apk", "brew"] {
        let machine = Machine::of_user(0);
        machine.manager(manager, "");
        text += &format!("# {manager}\n{}# once more\n{}\n", machine.asks(), once_more(&machine));
    }
    let lacking = Machine::of_user(0);
    lacking.manager("dnf", "strace");
    text += &format!("# a manager that lacks strace\n{}\n", lacking.asks());
    let somebody = Machine::of_user(1000);
    somebody.manager("apk", "");
    text += &format!("# nobody's root, without sudo\n{}\n", somebody.asks());
    somebody.program("sudo", "exec \"$@\"");
    text += &format!("# with sudo\n{}\n", somebody.asks());
    text += &format!("# no manager\n{}\n", Machine::of_user(0).asks());
    let of_python = Machine::of_user(1000);
    of_python.python();
    of_python.program("ensurepip", "");
    let wanted = ["moto_server", "python3"];
    text += &format!("# Python alone\n{}# once more\n", of_python.asks_for(&wanted));
    std::fs::remove_file(of_python.folder.path().join("asked")).unwrap();
    text += &format!("{}\n", of_python.asks_for(&wanted));
    let debian = Machine::of_user(0);
    debian.python();
    debian.program(
        "apt-get",
        &format!("echo \"apt-get $*\" >> {}/asked; : > {0}/bin/ensurepip", debian.folder.path().display()),
    );
    text += &format!("# Python without environments\n{}", debian.asks_for(&wanted));
    insta::assert_snapshot!("tools", text);
}

/// Where nothing is missing nobody is asked.
fn once_more(machine: &Machine) -> String {
    std::fs::remove_file(machine.folder.path().join("asked")).unwrap();
    machine.asks()
}
