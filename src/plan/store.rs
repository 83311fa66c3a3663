//! Stores: where backups live and who may do what there.

use std::num::NonZeroU32;

use super::{Secret, Waiver};
use crate::primitives::{Duration, Name, Rate, Span, Spanned};

/// A place for backups.
#[derive(Debug, Clone)]
pub struct Store {
    /// Its name.
    pub name: Spanned<Name>,
    /// What it is.
    pub kind: StoreKind,
    /// How many steps of one run may use it at once, where that is limited.
    pub side_by_side: Option<Spanned<NonZeroU32>>,
    /// How fast it may be written, where that is limited.
    pub upload: Option<Spanned<Rate>>,
    /// The keys of those who can read what lies there; in the clear where the plan names none.
    pub encrypt: Vec<Spanned<String>>,
    /// Who may do what, in the store's own principals.
    pub access: Option<Access>,
    /// Problems set aside for this store.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

impl Store {
    /// How long it takes until what lies there can be read, where it must be retrieved first.
    pub fn retrieval(&self) -> Option<Duration> {
        match &self.kind {
            StoreKind::S3(s3) => s3.retrieval.as_ref().map(|retrieval| retrieval.value),
            StoreKind::Local { .. } | StoreKind::Sftp(_) => None,
        }
    }
}

/// What a store is.
#[derive(Debug, Clone)]
pub enum StoreKind {
    /// A folder of this host.
    Local {
        /// The folder, as written; a relative one is relative to the plan file's folder.
        path: Spanned<String>,
    },
    /// A bucket of Amazon S3, or of something that speaks like it.
    S3(S3),
    /// A folder of another host, by SFTP.
    Sftp(Sftp),
}

impl StoreKind {
    /// The folder, where it is one of this host.
    pub fn local(&self) -> Option<&Spanned<String>> {
        match self {
            Self::Local { path } => Some(path),
            Self::S3(_) | Self::Sftp(_) => None,
        }
    }
}

/// A bucket, or a part of one.
#[derive(Debug, Clone)]
pub struct S3 {
    /// The bucket.
    pub bucket: Spanned<String>,
    /// Its region; the one that the environment names where the plan says nothing.
    pub region: Option<Spanned<String>>,
    /// What every key begins with; nothing where the plan says nothing.
    pub prefix: Option<Spanned<String>>,
    /// The service's address, where it is not Amazon's.
    pub endpoint: Option<Spanned<String>>,
    /// The storage class of what is put; the bucket's default where the plan says nothing.
    pub storage_class: Option<Spanned<String>>,
    /// How long it takes until something can be read that must be retrieved first, as the service says; nothing has to be where the plan says nothing.
    pub retrieval: Option<Spanned<Duration>>,
    /// Where requests name the bucket; in the path where the plan says nothing and names an endpoint, else in the host's name.
    pub addressing: Option<Spanned<Addressing>>,
    /// With whose keys the service encrypts; the bucket's default where the plan says nothing.
    pub encryption: Option<Spanned<ServerEncryption>>,
    /// The key of AWS KMS that the service encrypts with; the bucket's default where the plan says nothing.
    pub kms_key: Option<Spanned<String>>,
    /// Who may take away what is locked; nothing is locked by the plan where it says nothing.
    pub object_lock: Option<Spanned<LockMode>>,
    /// How long what is put there is locked. It stands beside `object_lock` alone.
    pub lock_for: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Who may take away what a lock of S3 holds
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Whoever has a permission of its own.
    Governance,
    /// Nobody, the account's owner neither.
    Compliance,
}

/// With whose keys a service encrypts what it stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEncryption {
    /// S3's own.
    S3,
    /// Those of AWS KMS.
    Kms,
}

/// Where a request names the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// In the path.
    Path,
    /// In the host's name.
    Host,
}

impl std::fmt::Display for ServerEncryption {
    /// As a plan writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::S3 => "sse-s3",
            Self::Kms => "sse-kms",
        })
    }
}

impl std::fmt::Display for LockMode {
    /// As a plan writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Governance => "governance",
            Self::Compliance => "compliance",
        })
    }
}

impl std::fmt::Display for Addressing {
    /// As a plan writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Path => "path",
            Self::Host => "host",
        })
    }
}

/// A folder of another host.
#[derive(Debug, Clone)]
pub struct Sftp {
    /// The host's name in DNS, or its IP address.
    pub host: Spanned<String>,
    /// The TCP port; 22 where the plan says nothing.
    pub port: Option<Spanned<u16>>,
    /// As whom.
    pub user: Spanned<String>,
    /// The folder there, absolute.
    pub path: Spanned<String>,
    /// The private key; what ssh itself would take where the plan says nothing.
    pub identity: Option<Spanned<Secret>>,
    /// The host's public key, as a line of known_hosts has it (sshd(8)); the known_hosts files where the plan says nothing.
    pub host_key: Option<Spanned<String>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// The principals that may write, read and prune. Compared with the real thing by the audit.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who adds backups.
    pub write: Vec<Spanned<String>>,
    /// Who reads them.
    pub read: Vec<Spanned<String>>,
    /// Who deletes them.
    pub prune: Vec<Spanned<String>>,
    /// The node's name.
    pub span: Span,
}
