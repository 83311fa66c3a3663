//! Where a host is, and how `ssh` is called to reach it.
#![expect(clippy::disallowed_methods, reason = "this is the port on real hosts")]

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

use crate::drivers::blocking::blocking;
use crate::drivers::group::Group;
use crate::ports::{Cause, Fault};

/// How long a connection may take to be made.
const CONNECT_S: u64 = 15;
/// How long a host may say nothing before it is given up, where nothing else is wanted.
const SILENCE: Duration = Duration::from_secs(60);
/// So often it is asked in that time whether it is there: one lost packet is no silence.
const ASKED: u64 = 4;
/// How long it may take to end when it has closed its output.
const LAST_MOMENTS: Duration = Duration::from_secs(2);
/// The name that the one key of an address is known by.
const ALIAS: &str = "sonae-host";

/// A host, and how it is reached (ssh(1)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshAddress {
    /// Its name in DNS or in ssh's configuration, or its IP address.
    pub host: String,
    /// The TCP port; what ssh's configuration says, else 22, where there is none.
    pub port: Option<u16>,
    /// As whom; what ssh's configuration says, else the user that runs, where there is none.
    pub user: Option<String>,
    /// The file of the private key, which is then offered beside those alone that ssh's configuration names for this host; what ssh itself
    /// would offer where there is none.
    pub identity: Option<PathBuf>,
    /// The host's public key, its type and its digits, which is then the only one accepted; those of the known_hosts files where there
    /// is none.
    pub host_key: Option<String>,
    /// How long it may say nothing before it is given up; at least 4 s.
    pub silence: Duration,
}

impl SshAddress {
    /// That of a host of which nothing else is said.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into(), port: None, user: None, identity: None, host_key: None, silence: SILENCE }
    }

    /// The host as messages name it.
    pub(super) fn shown(&self) -> &str {
        &self.host
    }

    /// Calls `ssh` with these words behind the host, or the subsystem of that name.
    ///
    /// # Errors
    /// `Invalid` where the address can be no host's; `NotFound` where there is no `ssh`, or no file of the private key.
    pub(super) async fn call(&self, what: Called<'_>) -> Result<Calling, Fault> {
        self.check_identity().await?;
        let known = self.known_hosts().await?;
        let mut command = Command::new("ssh");
        command.args(self.options()?);
        if let Some(known) = &known {
            command.args(only_known(known.path().as_os_str()));
        }
        match what {
            Called::Shell(words) => command.arg("--").arg(&self.host).arg(words),
            Called::Subsystem(name) => command.arg("-s").arg("--").arg(&self.host).arg(name),
        };
        // What ssh says of errors is read here, and is in English.
        command.env("LC_ALL", "C");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let child = command.spawn().map_err(|error| {
            let fault = Fault::from_io(format!("call ssh for {}", self.shown()), &error);
            let answer = format!("{}; install OpenSSH's client", fault.answer);
            if fault.cause == Cause::NotFound { Fault { answer, ..fault } } else { fault }
        })?;
        Ok(Calling { group: Group::of(&child), child, _known: known })
    }

    fn invalid(&self, answer: impl Into<String>) -> Fault {
        Fault::permanent(Cause::Invalid, format!("reach {:?}", self.host), answer)
    }

    fn options(&self) -> Result<Vec<OsString>, Fault> {
        let plain = |text: &str| {
            !text.is_empty() && !text.starts_with('-') && !text.contains(|c: char| c.is_control() || c == ' ')
        };
        if !plain(&self.host) {
            return Err(self.invalid("this is no host's name or address"));
        }
        let every = (self.silence.as_secs() / ASKED).max(1);
        let mut options: Vec<OsString> = ["-T".into()].into();
        let mut set = |option: String| options.extend(["-o".into(), option.into()]);
        [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "ForwardAgent=no",
            "ForwardX11=no",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "RemoteCommand=none",
            // A connection of its own: one that is shared outlives whoever began it, and is lost for all at once.
            "ControlMaster=no",
            "ControlPath=none",
            // Its default, at which it says why a connection was lost.
            "LogLevel=INFO",
        ]
        .into_iter()
        .for_each(|option| set(option.to_owned()));
        set(format!("ConnectTimeout={CONNECT_S}"));
        set(format!("ServerAliveInterval={every}"));
        set(format!("ServerAliveCountMax={ASKED}"));
        if let Some(port) = self.port {
            options.extend(["-p".into(), port.to_string().into()]);
        }
        if let Some(user) = &self.user {
            if !plain(user) {
                return Err(self.invalid(format!("{user:?} is no user's name")));
            }
            options.extend(["-l".into(), user.into()]);
        }
        if let Some(identity) = &self.identity {
            options.extend(["-o".into(), "IdentitiesOnly=yes".into(), "-i".into(), identity.into()]);
        }
        Ok(options)
    }

    /// For want of it, ssh would offer the keys that it offers by itself.
    async fn check_identity(&self) -> Result<(), Fault> {
        let Some(identity) = self.identity.clone().filter(|path| !path.starts_with("~")) else { return Ok(()) };
        let looked = blocking("look for a private key", move || {
            let action = format!("look for the private key {}", identity.display());
            std::fs::metadata(&identity).map(drop).map_err(|error| Fault::from_io(action, &error))
        });
        looked.await
    }

    /// A file with the one key that is accepted; gone with what is returned.
    async fn known_hosts(&self) -> Result<Option<NamedTempFile>, Fault> {
        let Some(key) = &self.host_key else { return Ok(None) };
        let words: Vec<&str> = key.split_whitespace().collect();
        let [kind, digits, ..] = words[..] else {
            return Err(self.invalid(
                "the host key is not its type and its digits: write it as `ssh-keyscan` prints it, without the host",
            ));
        };
        let is_kind = ["ssh-", "ecdsa-", "sk-"].iter().any(|begin| kind.starts_with(begin));
        let is_digits = digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        if key.contains(['\n', '\r']) || !is_kind || !is_digits {
            return Err(self.invalid(
                "the host key is not its type and its digits: write it as `ssh-keyscan` prints it, without the host",
            ));
        }
        let line = format!("{ALIAS} {kind} {digits}\n");
        let written = blocking("write a host key", move || {
            let write = || {
                let mut file = tempfile::Builder::new().prefix("sonae-known-hosts-").tempfile()?;
                file.write_all(line.as_bytes()).map(|()| file)
            };
            write().map_err(|error| Fault::from_io("write a file for the host key", &error))
        });
        written.await.map(Some)
    }
}

/// Nothing but what this file holds is known.
fn only_known(file: &OsStr) -> Vec<OsString> {
    let mut known: OsString = "UserKnownHostsFile=".into();
    known.push(file);
    let others = [
        format!("HostKeyAlias={ALIAS}"),
        "GlobalKnownHostsFile=/dev/null".to_owned(),
        "CheckHostIP=no".to_owned(),
        "UpdateHostKeys=no".to_owned(),
        "VerifyHostKeyDNS=no".to_owned(),
    ];
    others.into_iter().map(OsString::from).chain([known]).flat_map(|option| ["-o".into(), option]).collect()
}

/// What is called on the host.
pub(super) enum Called<'a> {
    /// This text, handed to the account's shell.
    Shell(&'a str),
    /// A subsystem of the server.
    Subsystem(&'a str),
}

/// `ssh`, which is killed with all that it began when this is dropped.
#[derive(Debug)]
pub(super) struct Calling {
    // Dropped before the child: while that is not yet reaped, the group's number is nobody else's.
    group: Group,
    pub(super) child: Child,
    _known: Option<NamedTempFile>,
}

impl Calling {
    /// The exit status of an `ssh` whose output has ended; none where it does not end all the same, or a signal ended it.
    pub(super) async fn status(mut self) -> Option<i32> {
        let ended = tokio::time::timeout(LAST_MOMENTS, self.child.wait()).await.ok()?.ok()?;
        // Its number may be another's by now.
        self.group.let_be();
        ended.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_could_be_read_as_an_option_or_another_line_is_refused() {
        let refused = async |address: SshAddress| {
            let fault = address.call(Called::Subsystem("sftp")).await.unwrap_err();
            assert_eq!(fault.cause, Cause::Invalid, "{fault}");
            fault.answer
        };
        for host in ["", "-oProxyCommand=x", "a b", "a\nb"] {
            refused(SshAddress::new(host)).await;
        }
        for user in ["", "-x", "a b"] {
            refused(SshAddress { user: Some(user.into()), ..SshAddress::new("a.example") }).await;
        }
        for key in ["", "ssh-ed25519", "a.example ssh-ed25519 AAAA", "ssh-ed25519 AA!A", "ssh-rsa AAAA\n* ssh-rsa BBBB"]
        {
            let answer = refused(SshAddress { host_key: Some(key.into()), ..SshAddress::new("a.example") }).await;
            assert!(answer.contains("ssh-keyscan"), "{answer}");
        }
    }
}
