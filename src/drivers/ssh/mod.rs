//! Other hosts, reached by the system's own `ssh` (ssh(1)): its configuration, agent and known hosts apply where an address says nothing.
//!
//! Unaware of plans. Invariants: nobody is ever asked for a password; a host whose key is not known, or not the one that the address
//! names, is never talked to; nothing of this process's own environment is seen there.

mod address;
mod failed;
mod marks;
mod programs;
mod script;
mod sftp;

pub use address::SshAddress;
pub use programs::SshPrograms;
pub use sftp::SftpTree;
