//! What `ssh` means when it fails: it says so in words alone, and ends with 255 (ssh(1)).
//!
//! Invariant: what these words do not tell for certain to be for good may be tried again.

use super::SshAddress;
use crate::ports::{Cause, Certainty, Fault};

/// What ssh says (OpenSSH's sshconnect.c, sshconnect2.c, ssh.c, packet.c, readconf.c), what it means, and what to do.
const FOR_GOOD: [(&str, Cause, &str); 10] = [
    (
        "IDENTIFICATION HAS CHANGED",
        Cause::Invalid,
        "the host has another key than the one that is known: somebody may be in between; if the host was made anew, write its new key into \
         `host-key`, or into known_hosts",
    ),
    (
        "Host key verification failed",
        Cause::Invalid,
        "the host's key is not known: ask whoever runs the host for it, and write it into `host-key`, or into known_hosts",
    ),
    (
        "Permission denied (",
        Cause::Denied,
        "the host takes none of the keys that were offered: write the public key into ~/.ssh/authorized_keys of that user there, and say \
         by `identity` which key is offered",
    ),
    (
        "Too many authentication failures",
        Cause::Denied,
        "too many keys were offered: say by `identity` which one is to be",
    ),
    ("Unable to negotiate", Cause::Other, "this ssh and that server have no algorithm in common"),
    ("Bad configuration option", Cause::Invalid, "ssh's configuration is wrong, or this ssh is older than OpenSSH 7.6"),
    ("terminating, ", Cause::Invalid, "ssh's configuration is wrong"),
    (
        "Bad owner or permissions",
        Cause::Invalid,
        "ssh's configuration may be written by others: take that permission away",
    ),
    ("Name or service not known", Cause::NotFound, "there is no host of that name"),
    (
        "subsystem request failed",
        Cause::Invalid,
        "the server has no SFTP: its configuration needs a line `Subsystem sftp …`",
    ),
];

/// The fault of an `ssh` that ended before anything was done there, by what it said.
pub(super) fn before(address: &SshAddress, action: String, said: &str) -> Fault {
    let found = FOR_GOOD.iter().find(|(words, ..)| said.contains(words));
    // The advice that ssh gives for a key that has changed is to accept the new one.
    let fingerprint = said.split_whitespace().find(|word| word.starts_with("SHA256:"));
    let said = fingerprint.map_or_else(|| last_lines(said), |of| format!("it sent {}", of.trim_end_matches('.')));
    match found {
        Some((_, cause, answer)) => Fault::permanent(*cause, action, format!("{answer} (ssh: {said})")),
        None if said.is_empty() => {
            transient(action, format!("ssh did not reach {}, and says nothing", address.shown()))
        }
        None => transient(action, said),
    }
}

fn transient(action: String, answer: String) -> Fault {
    Fault { certainty: Certainty::Transient, ..Fault::permanent(Cause::Other, action, answer) }
}

/// The end of what ssh said, on one line: its last words say most.
pub(super) fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(3);
    lines.get(from..).unwrap_or_default().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_and_what_is_for_good_are_told_apart() {
        let of = |said: &str| before(&SshAddress::new("a.example"), "look".to_owned(), said);
        for said in [
            "ssh: connect to host a.example port 22: Connection refused",
            "ssh: connect to host a.example port 22: Connection timed out",
            "ssh: connect to host a.example port 22: No route to host",
            "ssh: Could not resolve hostname a.example: Temporary failure in name resolution",
            "kex_exchange_identification: Connection closed by remote host",
            "",
        ] {
            assert_eq!(of(said).certainty, Certainty::Transient, "{said}");
        }
        let changed = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.";
        assert!(of(changed).answer.contains("another key"));
        for (said, cause) in [
            (changed, Cause::Invalid),
            ("No ED25519 host key is known for a.example\nHost key verification failed.", Cause::Invalid),
            ("you@a.example: Permission denied (publickey).", Cause::Denied),
            ("ssh: Could not resolve hostname a.example: Name or service not known", Cause::NotFound),
        ] {
            assert_eq!((of(said).certainty, of(said).cause), (Certainty::Permanent, cause), "{said}");
        }
    }
}
