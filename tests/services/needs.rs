//! What a check needs of the machine, and whether it is there.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Something that a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A program, and the Debian package that brings it.
    Program(&'static str, &'static str),
    /// A program that Python's package index brings, into a folder of the tests' own.
    Python(&'static str),
    /// A variable of the environment that names something of whoever runs the tests: nobody demands that there is one.
    Named(&'static str),
    /// That the program is built with a feature, and whether it is.
    Feature(&'static str, bool),
    /// The right to mount in a namespace of one's own.
    Namespaces,
}

/// What is judged by other people's eyes.
pub(crate) const RSYNC: Need = Need::Program("rsync", "rsync");
/// Of util-linux, which minimal machines may lack.
pub(crate) const UNSHARE: Need = Need::Program("unshare", "util-linux");

/// What missing means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// The check is skipped.
    Skip,
    /// Missing tools fail; what the kernel forbids is skipped.
    Tools,
    /// Whatever is missing fails.
    Required,
}

/// How often something is done: as the environment says, where it does; `usual` is what the tests of every change take.
pub(crate) fn asked(variable: &str, usual: u64) -> u64 {
    std::env::var(variable)
        .map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number, and not `{text}`")))
}

impl Strictness {
    pub(crate) fn of_the_environment() -> Self {
        match std::env::var("SONAE_SERVICES").as_deref() {
            Ok("required") => Self::Required,
            Ok("tools") => Self::Tools,
            Err(_) | Ok("") => Self::Skip,
            Ok(other) => panic!("SONAE_SERVICES is `required`, `tools` or nothing, and not `{other}`"),
        }
    }

    pub(crate) fn demands(self, need: &Need) -> bool {
        match self {
            Self::Skip => false,
            Self::Tools => !matches!(need, Need::Namespaces | Need::Named(_)),
            Self::Required => !matches!(need, Need::Named(_)),
        }
    }
}

impl Need {
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Program(name, _) | Self::Python(name) => program(name).is_none(),
            Self::Named(variable) => std::env::var_os(variable).is_none(),
            Self::Feature(_, is_built_in) => !is_built_in,
            Self::Namespaces => namespace_flags().is_none(),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(name, package) => write!(out, "{name} (apt-get install {package})"),
            Self::Python(name) => write!(out, "{name} (bash tests/tools.sh {name})"),
            Self::Named(variable) => write!(out, "{variable} in the environment"),
            Self::Feature(name, _) => write!(out, "the feature {name} (cargo test --features {name})"),
            Self::Namespaces => write!(out, "mount namespaces (be root, or allow user namespaces)"),
        }
    }
}

/// Where a program is: in a folder of the path, or of the administrator's, which others' paths may lack, or where `tests/tools.sh` puts
/// what Python's package index brings.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let administrators = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(administrators).chain(python()).map(|folder| folder.join(name)).find(|path| {
        let found = std::fs::metadata(path);
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    })
}

/// The same folder as in `tests/tools.sh`.
fn python() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    Some(folder("SONAE_PYTHON").or_else(|| cache.map(|cache| cache.join("sonae-tests/python")))?.join("bin"))
}

/// Whether this process may do as it likes.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// How `unshare` gives a namespace to mount in, here: root's own, else one of a user's.
fn namespace_flags() -> Option<&'static [&'static str]> {
    static FLAGS: OnceLock<Option<&'static [&'static str]>> = OnceLock::new();
    let ways: [&[&str]; 2] = [&["--mount", "--net"], &["--user", "--map-root-user", "--mount", "--net"]];
    *FLAGS.get_or_init(|| {
        let works = |flags: &&[&str]| {
            let mut probe = Command::new("unshare");
            probe.args(*flags).args(["sh", "-c", "mount -t tmpfs tmpfs /mnt"]);
            let probed = probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
            probed.is_ok_and(|status| status.success())
        };
        ways.into_iter().find(works)
    })
}

/// A shell script that runs with mounts of its own, gone with it, and without a network. Its arguments are `$1`, `$2`, …
pub(crate) fn in_namespace(script: &str, arguments: &[&OsStr]) -> Command {
    let mut command = Command::new("unshare");
    command.args(namespace_flags().unwrap_or_default()).args(["sh", "-euc", script, "sh"]).args(arguments);
    command
}
