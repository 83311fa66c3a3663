//! Sources: what a target is made of.

use std::num::NonZeroU32;

use super::Secret;
use crate::ports::{DatabaseKind, DatabaseName};
use crate::primitives::{Duration, Name, Period, Span, Spanned};

/// What a target is made of.
#[derive(Debug, Clone)]
pub enum Source {
    /// Folder trees.
    Files(Files),
    /// Folders of logs.
    Logs(Logs),
    /// A database of Amazon RDS.
    Rds(Rds),
    /// A MySQL or MariaDB server of one's own.
    Mysql(Mysql),
    /// An image that machines are launched from.
    MachineImage(MachineImage),
    /// A program's released version.
    Release(Release),
}

impl Source {
    /// The folders that it is, with what is said of them; none of what is no folder.
    pub fn files(&self) -> Option<&Files> {
        match self {
            Self::Files(files) => Some(files),
            Self::Logs(logs) => Some(&logs.files),
            _ => None,
        }
    }

    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Logs(_) => "logs",
            Self::Rds(_) => "rds",
            Self::Mysql(_) => "mysql",
            Self::MachineImage(_) => "machine-image",
            Self::Release(_) => "release",
        }
    }

    /// Whether it is of one host or of several, and not of none (as what a provider runs).
    pub fn is_of_a_host(&self) -> bool {
        matches!(self, Self::Files(_) | Self::Logs(_) | Self::Mysql(_))
    }

    /// The node's name and arguments.
    pub fn span(&self) -> Span {
        match self {
            Self::Files(files) => files.span,
            Self::Logs(logs) => logs.files.span,
            Self::Rds(rds) => rds.span,
            Self::Mysql(mysql) => mysql.span,
            Self::MachineImage(image) => image.span,
            Self::Release(release) => release.span,
        }
    }
}

/// Folder trees of one host.
#[derive(Debug, Clone)]
pub struct Files {
    /// The trees' roots, as written; a relative one is relative to the plan file's folder.
    pub roots: Vec<Spanned<String>>,
    /// Globs of what is left out, matched against the path below its root; `**` crosses folders. A folder that
    /// matches is left out with all below it.
    pub exclude: Vec<Spanned<String>>,
    /// Whether an empty tree is what is meant; else it fails its step.
    pub allow_empty: bool,
    /// Whether other file systems that are mounted below the roots are left out.
    pub one_file_system: bool,
    /// Whether it is fine when a root that was a mount point is none.
    pub allow_unmounted: bool,
    /// The node's name and arguments.
    pub span: Span,
}

/// Folders of logs.
#[derive(Debug, Clone)]
pub struct Logs {
    /// The folders.
    pub files: Files,
    /// Which files are of which day: `access-%Y%m%d.log`, with `%Y`, `%m`, `%d` and `*`. Without it, files are of no day.
    pub pattern: Option<Spanned<String>>,
    /// How long log rotation keeps the file of a day, from the beginning of that day; nobody but this plan deletes files where it says nothing.
    pub rotates: Option<Spanned<Period>>,
}

/// A database of Amazon RDS.
#[derive(Debug, Clone)]
pub struct Rds {
    /// Which.
    pub database: RdsDatabase,
    /// Its region; the one that the environment names where the plan says nothing.
    pub region: Option<Spanned<String>>,
    /// The node's name and arguments.
    pub span: Span,
}

impl Rds {
    /// Which database it is to its provider, which knows no capitals.
    pub fn name(&self) -> DatabaseName {
        self.another(&self.database)
    }

    /// One of the same region.
    pub fn another(&self, database: &RdsDatabase) -> DatabaseName {
        let kind = match database {
            RdsDatabase::Instance(_) => DatabaseKind::Instance,
            RdsDatabase::Cluster(_) => DatabaseKind::Cluster,
        };
        let region = self.region.as_ref().map(|region| region.value.clone());
        DatabaseName { kind, identifier: database.identifier().value.to_ascii_lowercase(), region }
    }
}

/// What RDS calls a database.
#[derive(Debug, Clone)]
pub enum RdsDatabase {
    /// A DB instance, by its identifier.
    Instance(Spanned<String>),
    /// An Aurora cluster, by its identifier.
    Cluster(Spanned<String>),
}

impl RdsDatabase {
    /// Its identifier.
    pub fn identifier(&self) -> &Spanned<String> {
        match self {
            Self::Instance(identifier) | Self::Cluster(identifier) => identifier,
        }
    }
}

impl std::fmt::Display for RdsDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Instance(identifier) => write!(f, "instance {}", identifier.value),
            Self::Cluster(identifier) => write!(f, "cluster {}", identifier.value),
        }
    }
}

/// The TCP port at which MySQL and MariaDB listen where nobody says another.
pub const MYSQL_PORT: u16 = 3306;

/// A MySQL or MariaDB server.
#[derive(Debug, Clone)]
pub struct Mysql {
    /// Where it listens.
    pub address: MysqlAddress,
    /// As whom.
    pub user: Option<Spanned<String>>,
    /// The user's password.
    pub password: Option<Spanned<Secret>>,
    /// Which databases; all where the plan names none.
    pub databases: Vec<Spanned<String>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Where a server listens.
#[derive(Debug, Clone)]
pub enum MysqlAddress {
    /// At a Unix socket of the host.
    Socket(Spanned<String>),
    /// At a TCP port, 3306 where the plan says nothing.
    Tcp {
        /// The server's name in DNS, or its IP address.
        host: Spanned<String>,
        /// The port.
        port: Option<Spanned<u16>>,
    },
}

impl std::fmt::Display for MysqlAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(path) => f.write_str(&path.value),
            Self::Tcp { host, port } => {
                write!(f, "{}:{}", host.value, port.as_ref().map_or(MYSQL_PORT, |port| port.value))
            }
        }
    }
}

/// An image that machines are launched from (an AMI).
#[derive(Debug, Clone)]
pub struct MachineImage {
    /// Which.
    pub image: ImageChoice,
    /// How old it may be.
    pub max_age: Option<Spanned<Duration>>,
    /// Its region; the one that the environment names where the plan says nothing.
    pub region: Option<Spanned<String>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Which image is meant.
#[derive(Debug, Clone)]
pub enum ImageChoice {
    /// This one, by its identifier.
    Id(Spanned<String>),
    /// The newest of one's own that has this tag, `name=value`.
    NewestTagged(Spanned<String>),
}

impl std::fmt::Display for ImageChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => f.write_str(&id.value),
            Self::NewestTagged(tag) => write!(f, "newest with tag {}", tag.value),
        }
    }
}

/// A program's released version.
#[derive(Debug, Clone)]
pub struct Release {
    /// Where it comes from.
    pub from: ReleaseFrom,
    /// The node's name and arguments.
    pub span: Span,
}

/// Where a release comes from.
#[derive(Debug, Clone)]
pub enum ReleaseFrom {
    /// A folder of a Subversion repository, by its URL.
    Svn(Spanned<String>),
    /// An archive.
    Archive {
        /// Where it lies: in a store its key; else a path, where a relative one is relative to the plan file's folder.
        path: Spanned<String>,
        /// The store that it lies in, where it does.
        store: Option<Spanned<Name>>,
        /// Its SHA-256, 64 hexadecimal digits.
        sha256: Spanned<String>,
        /// How many leading folders of its paths are left out; none where the plan says nothing.
        strip: Option<Spanned<NonZeroU32>>,
    },
}

impl std::fmt::Display for ReleaseFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Svn(url) => f.write_str(&url.value),
            Self::Archive { path, store: None, .. } => f.write_str(&path.value),
            Self::Archive { path, store: Some(store), .. } => write!(f, "{} in {}", path.value, store.value),
        }
    }
}
