//! Trees of another host, over the SFTP subsystem (draft-ietf-secsh-filexfer-02, with OpenSSH's extensions as its file PROTOCOL has them).
//!
//! The client is our own, as the crates there are (`openssh-sftp-client`, `russh-sftp`) take and give names as text, and names are bytes.
//!
//! Invariants: as the disk's, where SFTP can hold them. The server is told whole paths, so each folder on the way below a destination is
//! looked at before it is named: a link that is there is never passed through, one that the same user puts there between two calls would
//! be. What SFTP does not tell is never made up where it would decide something: a file's number is one of its path, so that two names are
//! never taken for one file.

mod channel;
mod destination;
mod durable;
mod list;
mod read;
mod refusal;
mod remove;
mod session;
mod tree;
mod users;
mod wire;
mod write;

pub use tree::SftpTree;
