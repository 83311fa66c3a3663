//! Restores: how things come back.

use super::{HostInput, Input, OutputName, RdsDatabase, Secret, Waiver};
use crate::primitives::{Duration, Name, Span, Spanned};

/// A way back, step by step.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Its name.
    pub name: Spanned<Name>,
    /// Within how long all of it is done.
    pub rto: Option<Spanned<Duration>>,
    /// How far apart the data may be of what it brings back.
    pub spread: Option<Spanned<Duration>>,
    /// What is done, in the order written.
    pub steps: Vec<RestoreStep>,
    /// Problems set aside for this restore.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

impl Restore {
    /// All its steps, however deep in `parallel`, in source order; of what it includes, that it does.
    pub fn flat(&self) -> Vec<&RestoreStep> {
        let mut found = vec![];
        flat(&self.steps, &mut found);
        found
    }
}

fn flat<'p>(all: &'p [RestoreStep], found: &mut Vec<&'p RestoreStep>) {
    for step in all {
        match step {
            RestoreStep::Parallel(children) => flat(children, found),
            single => found.push(single),
        }
    }
}

/// One line of a restore.
#[derive(Debug, Clone)]
pub enum RestoreStep {
    /// Puts a target's recovery point beside.
    Recover(Recover),
    /// Runs its children side by side.
    Parallel(Vec<RestoreStep>),
    /// Looks whether it is well.
    Probe(Probe),
    /// Waits for a person's word.
    Approve(Approve),
    /// Launches a machine from an image.
    Launch(Launch),
    /// Puts a release on a host.
    Deploy(Deploy),
    /// Runs a program.
    Command(Command),
    /// Puts what was recovered in the place of what is there.
    Switch(Switch),
    /// Tells those outside.
    Announce(Announcing),
    /// Does all that another restore does.
    Restore(Included),
}

impl RestoreStep {
    /// How long it is expected to take, where it says so itself.
    pub fn takes(&self) -> Option<&Spanned<Duration>> {
        match self {
            Self::Recover(recover) => recover.takes.as_ref(),
            Self::Probe(probe) => probe.takes.as_ref(),
            Self::Approve(approve) => approve.takes.as_ref(),
            Self::Launch(launch) => launch.takes.as_ref(),
            Self::Deploy(deploy) => deploy.takes.as_ref(),
            Self::Command(command) => command.takes.as_ref(),
            Self::Switch(switch) => switch.takes.as_ref(),
            Self::Announce(announcing) => announcing.takes.as_ref(),
            Self::Parallel(_) | Self::Restore(_) => None,
        }
    }

    /// The node's name and arguments; of a `parallel`, nothing.
    pub fn span(&self) -> Span {
        match self {
            Self::Recover(recover) => recover.span,
            Self::Probe(probe) => probe.span,
            Self::Approve(approve) => approve.span,
            Self::Launch(launch) => launch.span,
            Self::Deploy(deploy) => deploy.span,
            Self::Command(command) => command.span,
            Self::Switch(switch) => switch.span,
            Self::Announce(announcing) => announcing.span,
            Self::Restore(included) => included.span,
            Self::Parallel(_) => Span::default(),
        }
    }

    /// What other steps call it, where it yields something.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Recover(recover) => Some(recover.target.value.as_str()),
            Self::Launch(launch) => Some(&launch.name.value),
            Self::Deploy(deploy) => Some(deploy.target.value.as_str()),
            _ => None,
        }
    }

    /// The secrets that it names, it or those in it.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Parallel(steps) => steps.iter().flat_map(Self::secrets).collect(),
            Self::Probe(Probe { kind: ProbeKind::Sql { login, .. }, .. }) => {
                login.password.iter().map(|password| &password.value).collect()
            }
            _ => vec![],
        }
    }

    /// The host that it is done on, or that it looks at, where it names one.
    pub fn host(&self) -> Option<&Spanned<Input>> {
        match self {
            Self::Recover(Recover { into: Into::Path { host, .. }, .. }) => host.as_ref(),
            Self::Deploy(deploy) => deploy.host.as_ref(),
            Self::Command(command) => command.host.as_ref(),
            Self::Probe(Probe { kind: ProbeKind::Tcp { host, .. } | ProbeKind::Sql { host, .. }, .. }) => Some(host),
            _ => None,
        }
    }

    /// The words of the program that it runs, where it runs one.
    pub fn argv(&self) -> &[Spanned<Input>] {
        match self {
            Self::Command(Command { argv, .. }) | Self::Probe(Probe { kind: ProbeKind::Command(argv), .. }) => argv,
            _ => &[],
        }
    }

    /// What it takes in of earlier steps.
    pub fn inputs(&self) -> impl Iterator<Item = &OutputName> {
        self.host().into_iter().chain(self.argv()).filter_map(|input| input.value.output())
    }

    /// What people call it: its word and what stands first behind it.
    pub fn title(&self) -> String {
        match self {
            Self::Recover(recover) => format!("recover {}", recover.target.value),
            Self::Probe(probe) => format!("probe \"{}\"", probe.name.value),
            Self::Approve(approve) => format!("approve \"{}\"", approve.name.value),
            Self::Launch(launch) => format!("launch \"{}\"", launch.name.value),
            Self::Deploy(deploy) => format!("deploy {}", deploy.target.value),
            Self::Command(command) => {
                format!("command {}", command.argv.first().map_or_else(String::new, |program| program.value.shown()))
            }
            Self::Switch(switch) => format!("switch {}", switch.target.value),
            Self::Announce(announcing) => format!("announce {}", announcing.announce.value),
            Self::Restore(included) => format!("restore {}", included.restore.value),
            Self::Parallel(_) => "parallel".to_owned(),
        }
    }
}

/// Puts a target's recovery point beside what is there.
#[derive(Debug, Clone)]
pub struct Recover {
    /// Which target.
    pub target: Spanned<Name>,
    /// Whose points: a host's name; the host that restores where the plan says nothing.
    pub from_host: Option<Spanned<String>>,
    /// Where to.
    pub into: Into,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Where a recovery point is put.
#[derive(Debug, Clone)]
pub enum Into {
    /// Into a folder, which is made.
    Path {
        /// The folder, as written; a relative one is relative to the plan file's folder.
        path: Spanned<String>,
        /// On which host; the one that restores where the plan says nothing.
        host: HostInput,
    },
    /// Into a database, which is made.
    Database {
        /// What it is called.
        database: RdsDatabase,
        /// What of it is not as the one that it is made from.
        settings: Box<IntoSettings>,
    },
}

/// What of a new database is not as the one that it is made from.
#[derive(Debug, Clone, Default)]
pub struct IntoSettings {
    /// The class of its instance, or instances.
    pub class: Option<Spanned<String>>,
    /// The DB subnet group.
    pub subnet_group: Option<Spanned<String>>,
    /// The VPC security groups.
    pub security_groups: Vec<Spanned<String>>,
    /// The DB parameter group.
    pub parameter_group: Option<Spanned<String>>,
    /// The option group.
    pub option_group: Option<Spanned<String>>,
}

impl Into {
    /// The folder, where it is one of the host that restores.
    pub fn local(&self) -> Option<&Spanned<String>> {
        match self {
            Self::Path { path, host: None } => Some(path),
            Self::Path { .. } | Self::Database { .. } => None,
        }
    }
}

/// Looks whether what was restored is well.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What it shows, in a person's words.
    pub name: Spanned<String>,
    /// How it looks.
    pub kind: ProbeKind,
    /// How long it is tried again until it is well; as long as it takes, or a minute, where the plan says nothing.
    pub timeout: Option<Spanned<Duration>>,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// How a probe looks.
#[derive(Debug, Clone)]
pub enum ProbeKind {
    /// Something is at that path, as written; a relative one is relative to the plan file's folder.
    Path(Spanned<String>),
    /// That command, never through a shell, exits with 0.
    Command(Vec<Spanned<Input>>),
    /// A page answers with a status (RFC 9110).
    Http {
        /// Its URL.
        url: Spanned<String>,
        /// The status; 200 where the plan says nothing.
        status: Option<Spanned<u16>>,
    },
    /// Something listens at a TCP port.
    Tcp {
        /// The machine.
        host: Spanned<Input>,
        /// The port.
        port: Spanned<u16>,
    },
    /// A query yields at least one row.
    Sql {
        /// The query.
        query: Spanned<String>,
        /// The database server.
        host: Spanned<Input>,
        /// How it is asked there.
        login: Box<SqlLogin>,
    },
}

/// How a database server of MySQL's kind is asked.
#[derive(Debug, Clone, Default)]
pub struct SqlLogin {
    /// The TCP port; 3306 where the plan says nothing.
    pub port: Option<Spanned<u16>>,
    /// As whom; the user that runs where the plan says nothing.
    pub user: Option<Spanned<String>>,
    /// The user's password.
    pub password: Option<Spanned<Secret>>,
    /// The database that names without one belong to.
    pub database: Option<Spanned<String>>,
    /// The file of the certificates of which one must vouch for the server, as written.
    pub ca: Option<Spanned<String>>,
}

/// Waits for the word of a person who has a role.
#[derive(Debug, Clone)]
pub struct Approve {
    /// What is approved, in a person's words.
    pub name: Spanned<String>,
    /// The role.
    pub by: Spanned<Name>,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Launches a machine from an image. Yields `instance` and `address`.
#[derive(Debug, Clone)]
pub struct Launch {
    /// What people call it.
    pub name: Spanned<String>,
    /// The target whose image it is.
    pub image: Spanned<Name>,
    /// What kind of machine.
    pub instance_type: Spanned<String>,
    /// In which network.
    pub subnet: Spanned<String>,
    /// What may reach it; the network's default where the plan names none.
    pub security_groups: Vec<Spanned<String>>,
    /// The file that it is handed when it begins; none where the plan says nothing.
    pub user_data: Option<Spanned<String>>,
    /// Its tags, `name=value`.
    pub tags: Vec<Spanned<String>>,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Puts a release on a host. Yields `path`.
#[derive(Debug, Clone)]
pub struct Deploy {
    /// The target whose release it is.
    pub target: Spanned<Name>,
    /// The folder in which the release gets a folder of its own.
    pub path: Spanned<String>,
    /// On which host; the one that restores where the plan says nothing.
    pub host: HostInput,
    /// The link that is set to it once it is whole.
    pub link: Option<Spanned<String>>,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Runs a program, never through a shell.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<Spanned<Input>>,
    /// On which host; the one that restores where the plan says nothing.
    pub host: HostInput,
    /// When to give up.
    pub timeout: Option<Spanned<Duration>>,
    /// Whether it does no harm to run it again where nobody knows whether it was done.
    pub repeatable: bool,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Puts what was recovered in the place of what is there, which is kept beside.
#[derive(Debug, Clone)]
pub struct Switch {
    /// The target that was recovered.
    pub target: Spanned<Name>,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Tells those outside.
#[derive(Debug, Clone)]
pub struct Announcing {
    /// Which notice.
    pub announce: Spanned<Name>,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Another restore, all of it.
#[derive(Debug, Clone)]
pub struct Included {
    /// Which.
    pub restore: Spanned<Name>,
    /// The node's name and arguments.
    pub span: Span,
}
