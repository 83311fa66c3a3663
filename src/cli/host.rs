//! This host, and whose rights this process has.

use super::Failure;
use crate::catalog;
use crate::primitives::Name;

/// The name that recovery points carry: the one given, or this host's own.
pub(super) fn name(given: Option<&str>) -> Result<Name, Failure> {
    match given {
        Some(given) => {
            Name::parse(given).map_err(|bad| Failure::usage(format!("--host: {}; {}", bad.problem, bad.help)))
        }
        None => Ok(catalog::host_name(&machine())),
    }
}

/// Whether this is the superuser, who alone may give files away (chown(2)).
pub(super) fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}

/// This machine's own name, whatever name its points carry.
pub(super) fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Which start of which kernel this is (random(4)); empty where the kernel does not say.
pub(super) fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned()).unwrap_or_default()
}
