//! Where a release is, as a step needs it.

use serde::{Deserialize, Serialize};

use crate::primitives::{Digest, HostPath, Key, Name, PathBytes};

/// Where a release is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseSource {
    /// A folder of a Subversion repository.
    Subversion {
        /// Its URL.
        url: String,
    },
    /// An archive in a file of the host that runs.
    File {
        /// The file, absolute.
        path: PathBytes,
        /// What all of its bytes come to.
        sha256: Digest,
        /// How many leading folders of its paths are left out.
        #[serde(default)]
        strip: u32,
    },
    /// An archive in a store.
    Object {
        /// The store.
        store: Name,
        /// Its key.
        key: Key,
        /// What all of its bytes come to.
        sha256: Digest,
        /// How many leading folders of its paths are left out.
        #[serde(default)]
        strip: u32,
    },
}

impl ReleaseSource {
    /// The store that it is in, where it is in one.
    pub fn store(&self) -> Option<&Name> {
        match self {
            Self::Object { store, .. } => Some(store),
            Self::Subversion { .. } | Self::File { .. } => None,
        }
    }
}

impl std::fmt::Display for ReleaseSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Subversion { url } => f.write_str(url),
            Self::File { path, .. } => path.fmt(f),
            Self::Object { store, key, .. } => write!(f, "{key} in {store}"),
        }
    }
}

/// What the folders of a target's releases are called after, in the folder that holds them.
pub fn release_place(into: &HostPath, target: &Name) -> HostPath {
    HostPath { host: into.host.clone(), path: into.path.join(target.as_str().as_bytes()) }
}
