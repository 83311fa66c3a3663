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

/// The account that proves who asks: that of the login, which neither su(1) nor sudo(8) changes, where the kernel knows it
/// (`/proc/self/loginuid`, proc_pid_loginuid(5)); else, for the superuser, the one that sudo(8) says; else this process's own (getuid(2)).
///
/// # Errors
/// Why it has no name.
pub(super) fn account() -> Result<String, String> {
    let login = std::fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse::<u32>().ok());
    // All ones where nobody logged in.
    let login = login.filter(|uid| *uid != u32::MAX);
    let own = rustix::process::getuid().as_raw();
    let sudo = std::env::var("SUDO_UID").ok().filter(|_| own == 0).and_then(|text| text.parse::<u32>().ok());
    let uid = login.or(sudo).unwrap_or(own);
    match nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)) {
        Ok(Some(user)) => Ok(user.name),
        Ok(None) => Err(format!("user {uid} has no entry in the user database")),
        Err(error) => Err(format!("user {uid}: {}", error.desc())),
    }
}
