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
        None => Ok(catalog::host_name(&rustix::system::uname().nodename().to_string_lossy())),
    }
}

/// Whether this is the superuser, who alone may give files away (chown(2)).
pub(super) fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}
