//! What a step is: its kind, its effect, what it needs and what it yields.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Argument, DatabaseStep, Driver, LAUNCHED, LaunchStep, ReleaseSource, Slice, Undriven, argument_line};
use crate::plan::{Archive, Files, Guard, Retention};
use crate::ports::{Person, SecretPlace};
use crate::primitives::{Duration, HostPath, JobName, Name, PathBytes, Span, StepId, StepName};

/// What a step does to the world. Ordered by how much it takes to undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Looks, and changes nothing.
    Read,
    /// Adds what was not there; nothing that was there changes.
    Add,
    /// Runs somebody's program, whose effect is its own.
    Execute,
    /// Puts something in the place of what was there, which is kept.
    Replace,
    /// Takes away what was there.
    Delete,
}

/// What a step yields to those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// What the source holds.
    Source,
    /// The archive and contents objects: keys, sizes, digests.
    Packed,
    /// That the archive was read back from the store.
    ReadBack,
    /// That the recovery point exists.
    Committed,
    /// Which files were selected.
    Selected,
    /// What a machine or a database instance is called where it runs.
    Instance,
    /// Under which address a machine or a database is reached.
    Address,
    /// In which folder something was put.
    Path,
}

impl OutputKind {
    /// How a plan names it behind a step, where it can.
    pub fn slot(self) -> Option<&'static str> {
        match self {
            Self::Instance => Some("instance"),
            Self::Address => Some("address"),
            Self::Path => Some("path"),
            _ => None,
        }
    }
}

/// A value that is known only when its step has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Output {
    /// The step that yields it.
    pub step: StepId,
    /// Which of its values.
    pub kind: OutputKind,
}

/// A tie: this step comes after that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependency {
    /// The one that comes before.
    pub on: StepId,
    /// What in the plan says so.
    pub span: Span,
    /// Whether the failure of the one before prevents this one; else only the order matters.
    pub needs_success: bool,
}

/// A step of the graph.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its place in this graph.
    pub id: StepId,
    /// Its stable name.
    pub name: StepName,
    /// What it does.
    pub kind: StepKind,
    /// What it comes after.
    pub after: Vec<Dependency>,
    /// How long the plan expects it to take.
    pub takes: Option<Duration>,
    /// When to give up.
    pub timeout: Duration,
    /// What it needs and this version does not have.
    pub lacks: Option<Driver>,
    /// What in the plan it comes from.
    pub span: Span,
}

/// What is done.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// Looks at the source: is it there, what does it hold.
    Look {
        /// Of which job.
        job: JobName,
        /// The store it will go to.
        store: Name,
        /// The roots, absolute.
        roots: Arc<[PathBytes]>,
        /// What of the target's words matters here.
        files: Arc<Files>,
    },
    /// Packs the source and puts it into the store, one fused step: bytes never pass through the dispatcher.
    Pack {
        /// Of which job.
        job: JobName,
        /// The store.
        store: Name,
        /// The roots, absolute.
        roots: Arc<[PathBytes]>,
        /// What of the target's words matters here.
        files: Arc<Files>,
        /// How it is packed.
        archive: Archive,
        /// That the source was found.
        source: Output,
    },
    /// Reads the archive back from the store.
    ReadBack {
        /// Of which job.
        job: JobName,
        /// The store.
        store: Name,
        /// What to read.
        packed: Output,
    },
    /// Writes the manifest: from here on the recovery point exists.
    Commit {
        /// Of which job.
        job: JobName,
        /// The store.
        store: Name,
        /// The roots, absolute.
        roots: Arc<[PathBytes]>,
        /// When it is too small to let anything be deleted.
        guard: Guard,
        /// What the manifest tells of.
        packed: Output,
        /// That it was read back.
        read_back: Output,
    },
    /// Deletes what retention lets go, and what unfinished runs left.
    Delete {
        /// Of which job.
        job: JobName,
        /// The store.
        store: Name,
        /// The roots, absolute.
        roots: Arc<[PathBytes]>,
        /// What is kept; nothing is let go where there are no rules.
        retention: Option<Arc<Retention>>,
        /// When nothing is let go all the same.
        guard: Guard,
        /// That what replaces it exists.
        given: Output,
    },
    /// Puts a recovery point beside what is there.
    Recover {
        /// Of which restore.
        restore: Name,
        /// Whose point.
        target: Name,
        /// The jobs whose points will do, with their stores.
        jobs: Vec<(JobName, Name)>,
        /// Which host's points; this host's where the plan says nothing.
        from_host: Option<Name>,
        /// The folder that is made, absolute.
        into: HostPath,
    },
    /// Looks whether it is well.
    Probe {
        /// Of which restore.
        restore: Name,
        /// What it shows.
        shows: String,
        /// How.
        how: ProbeCheck,
        /// How long it is tried again until it is well.
        patience: Duration,
    },
    /// Waits for the word of a person.
    Approve {
        /// Of which restore.
        restore: Name,
        /// What is approved, in the plan's words.
        what: String,
        /// The role that a person needs.
        role: Name,
        /// Those who have it.
        people: Vec<Person>,
    },
    /// Runs a program.
    Command {
        /// Of which restore.
        restore: Name,
        /// The program and its arguments; never through a shell.
        argv: Vec<Argument>,
        /// On which other host, as the plan names it or an earlier step yields its address.
        on: Option<Argument>,
        /// Whether it does no harm to run it again where nobody knows whether it was done.
        repeatable: bool,
    },
    /// Renames what was recovered into its place, and what is there out of it.
    Switch {
        /// Of which restore.
        restore: Name,
        /// What was recovered.
        target: Name,
        /// On which other host, as the plan names it.
        on: Option<String>,
        /// From where to where, absolute.
        moves: Vec<(PathBytes, PathBytes)>,
    },
    /// Puts a release on a host, in a folder of its own, and has a link point to it.
    Deploy {
        /// Of which restore.
        restore: Name,
        /// Whose release.
        target: Name,
        /// Where it is.
        from: ReleaseSource,
        /// The folder in which it gets a folder of its own, absolute.
        into: HostPath,
        /// The link that is set to it, absolute.
        link: Option<PathBytes>,
    },
    /// Has a provider launch a machine.
    Launch(Box<LaunchStep>),
    /// Does something with a database that a provider runs.
    Database(Box<DatabaseStep>),
    /// Does what no driver can do yet.
    Undriven(Box<Undriven>),
}

/// How a probe looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeCheck {
    /// Something is at that path, absolute.
    Path(PathBytes),
    /// That program exits with 0; never through a shell.
    Command(Vec<Argument>),
    /// A page answers with a status.
    Http {
        /// Its URL.
        url: String,
        /// The status.
        status: u16,
    },
    /// Something listens at a TCP port.
    Tcp {
        /// The machine.
        host: Argument,
        /// The port.
        port: u16,
    },
    /// A query yields a row.
    Sql(Box<SqlCheck>),
}

/// A query, and where it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SqlCheck {
    /// The query.
    pub query: String,
    /// The server's name in DNS, or its IP address.
    pub host: Argument,
    /// The TCP port.
    pub port: u16,
    /// As whom; the account that runs, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where that user's password is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretPlace>,
    /// The database that names without one belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The file of the certificates of which one must vouch for the server, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBytes>,
}

impl ProbeCheck {
    /// What of it may be known only when earlier steps have run: the program and its arguments, or the machine.
    pub fn words(&self) -> &[Argument] {
        match self {
            Self::Command(argv) => argv,
            Self::Tcp { host, .. } => std::slice::from_ref(host),
            Self::Sql(sql) => std::slice::from_ref(&sql.host),
            Self::Path(_) | Self::Http { .. } => &[],
        }
    }

    fn words_mut(&mut self) -> &mut [Argument] {
        match self {
            Self::Command(argv) => argv,
            Self::Tcp { host, .. } => std::slice::from_mut(host),
            Self::Sql(sql) => std::slice::from_mut(&mut sql.host),
            Self::Path(_) | Self::Http { .. } => &mut [],
        }
    }

    /// What it does to the world.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Path(_) | Self::Http { .. } | Self::Tcp { .. } | Self::Sql(_) => Effect::Read,
            Self::Command(_) => Effect::Execute,
        }
    }
}

impl std::fmt::Display for ProbeCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => write!(f, "something is at {path}"),
            Self::Command(argv) => write!(f, "`{}` exits with 0", argument_line(argv)),
            Self::Http { url, status } => write!(f, "{url} answers {status}"),
            Self::Tcp { host, port } => {
                write!(f, "{} listens at port {port}", argument_line(std::slice::from_ref(host)))
            }
            Self::Sql(sql) => {
                let host = argument_line(std::slice::from_ref(&sql.host));
                write!(f, "{:?} yields a row at {host} port {}", sql.query, sql.port)
            }
        }
    }
}

impl StepKind {
    /// The part of the plan it belongs to.
    pub fn slice(&self) -> Slice {
        match (self, self.job(), self.restore()) {
            (Self::Undriven(undriven), ..) => undriven.slice.clone(),
            (_, Some(job), _) => Slice::Job(job.clone()),
            (_, None, Some(restore)) => Slice::Restore(restore.clone()),
            (_, None, None) => unreachable!("{} belongs to nothing", self.word()),
        }
    }

    /// The job it belongs to, if it is a backup's.
    pub fn job(&self) -> Option<&JobName> {
        match self {
            Self::Look { job, .. }
            | Self::Pack { job, .. }
            | Self::ReadBack { job, .. }
            | Self::Commit { job, .. }
            | Self::Delete { job, .. } => Some(job),
            Self::Database(step) => step.job(),
            Self::Undriven(undriven) => match &undriven.slice {
                Slice::Job(job) => Some(job),
                _ => None,
            },
            _ => None,
        }
    }

    /// The other host that it is done on, if it is.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Recover { into, .. } | Self::Deploy { into, .. } => into.host.as_deref(),
            Self::Command { on, .. } => on.as_ref().and_then(Argument::text),
            Self::Switch { on, .. } => on.as_deref(),
            _ => None,
        }
    }

    /// The restore it belongs to, if it is a restore's.
    pub fn restore(&self) -> Option<&Name> {
        match self {
            Self::Recover { restore, .. }
            | Self::Probe { restore, .. }
            | Self::Approve { restore, .. }
            | Self::Command { restore, .. }
            | Self::Switch { restore, .. }
            | Self::Deploy { restore, .. } => Some(restore),
            Self::Launch(step) => Some(&step.restore),
            Self::Database(step) => step.restore(),
            Self::Undriven(undriven) => match &undriven.slice {
                Slice::Restore(restore) => Some(restore),
                _ => None,
            },
            _ => None,
        }
    }

    /// The store that it reads or writes, if it does. A recovery may read several.
    pub fn store(&self) -> Option<&Name> {
        match self {
            Self::Look { store, .. }
            | Self::Pack { store, .. }
            | Self::ReadBack { store, .. }
            | Self::Commit { store, .. }
            | Self::Delete { store, .. } => Some(store),
            Self::Deploy { from, .. } => from.store(),
            Self::Undriven(undriven) => undriven.store.as_ref(),
            _ => None,
        }
    }

    /// What it does to the world.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Look { .. } | Self::ReadBack { .. } | Self::Approve { .. } => Effect::Read,
            Self::Pack { .. } | Self::Commit { .. } | Self::Recover { .. } | Self::Launch(_) => Effect::Add,
            Self::Delete { .. } => Effect::Delete,
            Self::Probe { how, .. } => how.effect(),
            Self::Command { .. } => Effect::Execute,
            // The link alone takes the place of anything; what it pointed to stays.
            Self::Deploy { link: None, .. } => Effect::Add,
            Self::Switch { .. } | Self::Deploy { link: Some(_), .. } => Effect::Replace,
            Self::Database(step) => step.effect(),
            Self::Undriven(undriven) => undriven.effect,
        }
    }

    /// What it yields.
    pub fn yields(&self) -> &[OutputKind] {
        match self {
            Self::Look { .. } => &[OutputKind::Source],
            Self::Pack { .. } => &[OutputKind::Packed],
            Self::ReadBack { .. } => &[OutputKind::ReadBack],
            Self::Commit { .. } => &[OutputKind::Committed],
            Self::Recover { .. } | Self::Deploy { .. } => &[OutputKind::Path],
            Self::Launch(_) => LAUNCHED,
            Self::Database(step) => step.yields(),
            Self::Undriven(undriven) => &undriven.yields,
            _ => &[],
        }
    }

    /// What it takes in.
    pub fn inputs(&self) -> impl Iterator<Item = Output> + '_ {
        let (own, listed): ([Option<Output>; 2], &[Output]) = match self {
            Self::Pack { source, .. } => ([Some(*source), None], &[]),
            Self::ReadBack { packed, .. } => ([Some(*packed), None], &[]),
            Self::Commit { packed, read_back, .. } => ([Some(*packed), Some(*read_back)], &[]),
            Self::Delete { given, .. } => ([Some(*given), None], &[]),
            Self::Database(step) => ([step.input(), None], &[]),
            Self::Undriven(undriven) => ([None, None], &undriven.inputs),
            Self::Command { on, .. } => ([on.as_ref().and_then(Argument::input), None], &[]),
            _ => ([None, None], &[]),
        };
        let argv: &[Argument] = match self {
            Self::Command { argv, .. } => argv,
            Self::Probe { how, .. } => how.words(),
            _ => &[],
        };
        let words = argv.iter().filter_map(Argument::input);
        own.into_iter().flatten().chain(listed.iter().copied()).chain(words)
    }

    fn for_each_input(&mut self, mut change: impl FnMut(&mut Output)) {
        match self {
            Self::Pack { source: input, .. }
            | Self::ReadBack { packed: input, .. }
            | Self::Delete { given: input, .. } => change(input),
            Self::Commit { packed, read_back, .. } => {
                change(packed);
                change(read_back);
            }
            Self::Database(step) => step.input_mut().into_iter().for_each(change),
            Self::Undriven(undriven) => undriven.inputs.iter_mut().for_each(change),
            Self::Command { argv, on, .. } => {
                argv.iter_mut().chain(on).filter_map(Argument::input_mut).for_each(change);
            }
            Self::Probe { how, .. } => how.words_mut().iter_mut().filter_map(Argument::input_mut).for_each(change),
            _ => {}
        }
    }

    /// The word for it in a step's name.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Look { .. } => "look",
            Self::Pack { .. } => "pack",
            Self::ReadBack { .. } => "read-back",
            Self::Commit { .. } => "commit",
            Self::Delete { .. } => "delete",
            Self::Recover { .. } => "recover",
            Self::Probe { .. } => "probe",
            Self::Approve { .. } => "approve",
            Self::Command { .. } => "command",
            Self::Switch { .. } => "switch",
            Self::Deploy { .. } => "deploy",
            Self::Launch(_) => "launch",
            Self::Database(step) => step.word(),
            Self::Undriven(undriven) => undriven.word,
        }
    }
}

impl Step {
    /// Puts its ties into the order of the steps they lead to.
    pub(super) fn sort_ties(&mut self) {
        self.after.sort_by_key(|tie| tie.on);
    }

    /// The same step under new ids; ties to steps that have none are dropped. An input always keeps its
    /// step: both belong to one job.
    pub(super) fn renumbered(mut self, new_id: &impl Fn(StepId) -> Option<StepId>) -> Self {
        self.id = new_id(self.id).unwrap_or(self.id);
        let kept = |tie: Dependency| new_id(tie.on).map(|on| Dependency { on, ..tie });
        self.after = self.after.into_iter().filter_map(kept).collect();
        self.sort_ties();
        self.kind.for_each_input(|input| input.step = new_id(input.step).unwrap_or(input.step));
        self
    }
}
