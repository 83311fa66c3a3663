//! People and machines: who may say what, which hosts there are, who is told.

use super::{Secret, Waiver};
use crate::primitives::{Name, Span, Spanned};

/// What people may do, by name.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name.
    pub name: Spanned<Name>,
    /// Who has it, in source order.
    pub members: Vec<Member>,
    /// Problems set aside for this role.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

/// A person who has a role.
#[derive(Debug, Clone)]
pub struct Member {
    /// How the person is reached or called.
    pub person: Spanned<String>,
    /// The account of the operating system that proves it.
    pub user: Spanned<String>,
}

/// A machine that runs its own part of the plan, or that a restore reaches.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its name, as its recovery points carry it.
    pub name: Spanned<Name>,
    /// How it is reached; without, it only runs its own part.
    pub ssh: Option<Ssh>,
    /// Problems set aside for this host.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

/// How a host is reached (ssh(1)).
#[derive(Debug, Clone)]
pub struct Ssh {
    /// Its name in DNS, or its IP address.
    pub address: Spanned<String>,
    /// The TCP port; 22 where the plan says nothing.
    pub port: Option<Spanned<u16>>,
    /// As whom; the user that runs where the plan says nothing.
    pub user: Option<Spanned<String>>,
    /// The private key; what ssh itself would take where the plan says nothing.
    pub identity: Option<Spanned<Secret>>,
    /// The host's public key, as a line of known_hosts has it (sshd(8)); the known_hosts files where the plan says nothing.
    pub host_key: Option<Spanned<String>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Who is told of what.
#[derive(Debug, Clone)]
pub struct Notify {
    /// Its name.
    pub name: Spanned<Name>,
    /// How.
    pub channel: Channel,
    /// Of what, in source order.
    pub events: Vec<Spanned<Event>>,
    /// Problems set aside for it.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

/// How somebody is told.
#[derive(Debug, Clone)]
pub enum Channel {
    /// By electronic mail (RFC 5321).
    Email(Email),
    /// By a request to an address that expects one: its absence tells, from outside.
    Ping(Spanned<Secret>),
    /// By a program that is handed the message; never through a shell.
    Command(Vec<Spanned<String>>),
}

/// A mail and the server that takes it.
#[derive(Debug, Clone)]
pub struct Email {
    /// To whom.
    pub to: Spanned<String>,
    /// The server, `smtps://mail.example.org`.
    pub smtp: Spanned<String>,
    /// As whom, where the server asks.
    pub user: Option<Spanned<String>>,
    /// Its password.
    pub password: Option<Spanned<Secret>>,
}

/// What somebody can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A run failed.
    Failure,
    /// What should have run did not.
    Missed,
    /// What had failed or was missed is well again.
    Recovered,
    /// A run succeeded.
    Success,
    /// Deletions are suspended until somebody looks.
    Suspended,
    /// A person is waited for.
    Approval,
}

impl Event {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 6] =
        [Self::Failure, Self::Missed, Self::Recovered, Self::Success, Self::Suspended, Self::Approval];
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Failure => "failure",
            Self::Missed => "missed",
            Self::Recovered => "recovered",
            Self::Success => "success",
            Self::Suspended => "suspended",
            Self::Approval => "approval",
        })
    }
}

/// The notice to those outside.
#[derive(Debug, Clone)]
pub struct Announce {
    /// Its name.
    pub name: Spanned<Name>,
    /// Within how long after the incident.
    pub within: Spanned<crate::primitives::Duration>,
    /// What a person is asked for it, in this order.
    pub asks: Vec<Spanned<String>>,
    /// The program that publishes it, handed the notice; never through a shell.
    pub publish: Spanned<String>,
    /// Problems set aside for it.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}
